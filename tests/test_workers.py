"""Background workers while the database is away."""

import threading
from contextlib import closing

from structlog.testing import capture_logs

from homeward.storage.sql.postgres import PostgresDatabase
from homeward.workers import Worker
from tests.fakes.postgres import running


class Waits(threading.Event):
    """Notes how long it is asked to wait, and waits for nothing; what ``then`` holds is done at each wait in turn."""

    def __init__(self, then):
        super().__init__()
        self.then, self.asked = iter(then), []

    def wait(self, timeout=None):
        self.asked.append(timeout)
        next(self.then, self.set)()


def nothing():
    pass


def test_an_outage_is_one_line_when_it_begins_and_one_when_it_is_over_with_pauses_that_grow():
    with running() as server, closing(PostgresDatabase.open(server.url())) as database:

        def tick():
            with database.read() as work:
                return work.jobs.count()

        stop = Waits([server.kill, *[nothing] * 5, server.start])
        with capture_logs() as logged:
            Worker("jobs", tick, pause_s=0.1).run(stop)

    told = [(line["event"], line["log_level"], line.get("problem")) for line in logged if line.get("worker") == "jobs"]
    assert told == [("worker waits", "warning", "storage_busy"), ("worker goes on", "warning", None)]
    assert not any("exc_info" in line for line in logged)
    assert stop.asked == [0.1, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 0.1]


def test_an_error_that_nobody_expected_is_logged_each_time_with_where_it_was():
    stop = Waits([nothing])

    with capture_logs() as logged:
        Worker("jobs", lambda: 1 // 0, pause_s=0.1).run(stop)

    assert [(line["event"], line["exc_info"]) for line in logged] == [("worker failed", True)] * 2
    assert stop.asked == [0.1, 0.1]
