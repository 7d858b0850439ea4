import http.server
import itertools
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from structlog.testing import capture_logs

from homeward.client import Client
from homeward.domain.animals import Animal, Species
from homeward.domain.boxes import Box
from homeward.ports import ReportQuery
from homeward.watcher.camera import Sight
from homeward.watcher.clocks import Clocks
from homeward.watcher.crops import crop_of
from homeward.watcher.spool import Spool
from homeward.watcher.uplink import Uplink
from tests.conftest import GREY, photo, picture
from tests.doors.conftest import door, server  # noqa: F401 - fixtures

from .scenes import START
from .streams import served


class Listening(Client):
    """Remembers what the server answered."""

    def sighting(self, *args, **fields):
        self.answers = [*getattr(self, "answers", []), super().sighting(*args, **fields)]
        return self.answers[-1]


FIELDS = {"seen_at": "2026-06-01T12:00:00+00:00", "species": "cat", "confidence": "0.9", "track_id": "yard-1"}


@pytest.fixture
def spool(tmp_path):
    made = Spool(tmp_path / "box" / "spool.sqlite", 1_000_000)
    yield made
    made.close()


def sightings(door):  # noqa: F811
    return door.world.engine.reports(ReportQuery())


def key(door):  # noqa: F811
    door.world.camera()
    return door.key("sightings", "yard")["Authorization"].removeprefix("Bearer ")


def test_what_was_seen_reaches_the_server_once(door, server, spool):  # noqa: F811
    spool.put("yard", FIELDS, photo(1), 0.9)
    with Client(server, key(door)) as client:
        uplink = Uplink(spool, {"yard": client})
        assert [uplink.step(), uplink.step()] == ["sent", "idle"]

    (report,) = sightings(door)
    assert (report.camera_id, report.track_id) == ("yard", "yard-1")
    assert spool.counts() == {"waiting": 0, "sent": 1, "refused": 0, "dropped": 0}


def test_a_disk_that_takes_no_note_of_what_was_sent_makes_no_double(door, server, spool):  # noqa: F811
    spool.put("yard", FIELDS, photo(1), 0.9)
    now = itertools.count(step=1000.0)
    with Client(server, key(door)) as client:
        uplink = Uplink(spool, {"yard": client}, now=lambda: next(now))
        spool._rows.execute("PRAGMA query_only = ON")
        assert uplink.step() == "failed"
        spool._rows.execute("PRAGMA query_only = OFF")
        assert uplink.step() == "sent"

    assert len(sightings(door)) == 1


def test_an_answer_that_got_lost_makes_no_double(door, server, spool):  # noqa: F811
    spool.put("yard", FIELDS, photo(1), 0.9)
    spool.put("yard", FIELDS | {"track_id": "yard-2"}, photo(2), 0.9)
    with Listening(server, key(door)) as client:
        waiting = spool.first()
        fields = {name: value for name, value in waiting.fields.items() if name != "seen_at"}
        client.sighting(waiting.jpeg, waiting.fields["seen_at"], idempotency_key=waiting.key, **fields)  # then it died
        uplink = Uplink(spool, {"yard": client})
        assert [uplink.step(), uplink.step()] == ["sent", "sent"]

    lost, again, other = client.answers
    assert again == lost  # replayed: a second one would be told to be a repeat
    assert other["id"] != lost["id"]
    assert len(sightings(door)) == 2


@pytest.mark.parametrize(("boot", "set_s"), [("this", 1_780_000_000), ("this", 0.5), ("another", 1_780_000_000)])
def test_what_was_seen_before_the_box_knew_the_time_is_told_with_the_right_one(spool, monkeypatch, boot, set_s):
    woke = datetime(1970, 1, 1, 0, 5, tzinfo=UTC)
    sight = Sight(1, crop_of(np.asarray(picture(1)), Animal(Box(10, 10, 60, 60), Species.CAT, 0.9, ()), ()), 3.0, woke)
    now = [Clocks("this", 0.0)]
    monkeypatch.setattr(Clocks, "now", lambda: now[0])
    spool.put_sight("yard", sight)
    now[0] = Clocks(boot, set_s)
    told = []

    class Hearing:
        def sighting(self, _jpeg, seen_at, *, sent_at, **fields):
            told.append((datetime.fromisoformat(seen_at), datetime.now(UTC) - sent_at, fields))

    assert Uplink(spool, {"yard": Hearing()}).step() == "sent"
    ((seen_at, behind, fields),) = told
    is_set = boot == "this" and set_s > 1
    assert seen_at == woke, "what is sent again is the same, or the server takes it for something else"
    assert abs(behind - timedelta(seconds=set_s if is_set else 0)) < timedelta(seconds=60)
    assert "clocks" not in fields


def test_a_machine_knows_its_clocks_or_says_that_it_does_not(monkeypatch, tmp_path):
    known = Clocks.now()
    assert known is None or Clocks.read(str(known)).shown(START, Clocks.now()) == START

    monkeypatch.setattr("homeward.watcher.clocks.BOOT", tmp_path / "nowhere")
    assert Clocks.now() is None


def test_a_dead_server_loses_nothing_and_a_refused_one_does_not_block(door, server, spool, monkeypatch):  # noqa: F811
    monkeypatch.setattr("homeward.client.FIRST_WAIT_S", 0.001)
    spool.put("yard", FIELDS, GREY, 0.9)
    spool.put("yard", FIELDS | {"species": "unicorn"}, photo(3), 0.9)
    with Client("http://127.0.0.1:9", "no") as nobody:
        assert Uplink(spool, {"yard": nobody}).step() == "failed"
    with Client(server, "wrong_key") as stranger:
        assert Uplink(spool, {"yard": stranger}).step() == "failed"
    assert spool.counts()["waiting"] == 2

    with Client(server, key(door)) as client:
        uplink = Uplink(spool, {"yard": client})
        assert [uplink.step(), uplink.step()] == ["sent", "refused"]
    assert spool.counts() == {"waiting": 0, "sent": 1, "refused": 1, "dropped": 0}


class Hotel(http.server.BaseHTTPRequestHandler):
    """A wireless network that answers everything with its log-in page."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>Room number?</html>")

    def log_message(self, *_):
        pass


def test_a_log_in_page_in_between_is_no_server_that_took_it(spool):
    spool.put("yard", FIELDS, photo(1), 0.9)
    with served(Hotel) as port, Client(f"http://127.0.0.1:{port}", "key") as client:
        assert Uplink(spool, {"yard": client}).step() == "failed"

    assert spool.counts()["waiting"] == 1


def test_a_failing_server_is_asked_ever_more_rarely(spool, monkeypatch):
    monkeypatch.setattr("homeward.client.FIRST_WAIT_S", 0.001)
    spool.put("yard", FIELDS, photo(1), 0.9)
    clock, asked = [0.0], []
    with Client("http://127.0.0.1:9", "no") as nobody:
        uplink = Uplink(spool, {"yard": nobody}, now=lambda: clock[0])
        while len(asked) < 10:
            if uplink.step() == "failed":
                asked.append(clock[0])
            clock[0] += 0.1

    waits = [later - earlier for earlier, later in itertools.pairwise(asked)]
    assert waits[7] > 10 * waits[0]
    assert max(waits) <= 60.2


def test_a_camera_with_a_wrong_key_holds_up_no_other(door, server, spool):  # noqa: F811
    spool.put("gate", FIELDS, photo(4), 0.9)
    spool.put("yard", FIELDS, photo(5), 0.9)
    with Client(server, key(door)) as client, Client(server, "wrong_key") as stranger:
        uplink = Uplink(spool, {"gate": stranger, "yard": client})
        assert [uplink.step(), uplink.step()] == ["failed", "sent"]

    assert spool.counts() == {"waiting": 1, "sent": 1, "refused": 0, "dropped": 0}
    assert (spool.waiting("gate"), spool.waiting("yard")) == (1, 0)


def test_what_waited_while_its_camera_was_paused_is_not_taken(door, server, spool):  # noqa: F811
    spool.put("yard", FIELDS, photo(6), 0.9)
    with Client(server, key(door)) as client:
        client.patch("/cameras/yard", {"paused": True})
        assert Uplink(spool, {"yard": client}).step() == "refused"

    assert sightings(door) == []


def test_a_pause_is_told_once_each_time_with_what_ends_it(door, server, spool):  # noqa: F811
    outcomes = []
    with Client(server, key(door)) as client, capture_logs() as logged:
        uplink = Uplink(spool, {"yard": client})
        for number, paused in enumerate((True, True, False, True)):
            client.patch("/cameras/yard", {"paused": paused})
            spool.put("yard", FIELDS | {"track_id": f"yard-{number}"}, photo(number), 0.9)
            outcomes.append(uplink.step())

    assert outcomes == ["refused", "refused", "sent", "refused"]
    assert [line["to_go_on"] for line in logged if "to_go_on" in line] == ["homeward cameras resume yard"] * 2


def test_a_process_that_died_leaves_its_sightings_to_the_next(tmp_path):
    first = Spool(tmp_path / "s.sqlite", 1_000_000)
    first.put("yard", FIELDS, b"jpeg", 0.5)
    kept = first.first()
    first.close()

    second = Spool(tmp_path / "s.sqlite", 1_000_000)
    assert second.first() == kept
    second.close()


def test_a_full_spool_drops_the_least_certain_and_counts(tmp_path):
    spool = Spool(tmp_path / "s.sqlite", 250)
    for certainty in (0.9, 0.3, 0.7):
        spool.put("yard", {**FIELDS, "confidence": str(certainty)}, b"x" * 100, certainty)

    assert spool.counts() == {"waiting": 2, "sent": 0, "refused": 0, "dropped": 1}
    left = []
    while waiting := spool.first():
        left.append(waiting.fields["confidence"])
        spool.done(waiting, "sent")
    assert left == ["0.9", "0.7"]
    spool.close()
