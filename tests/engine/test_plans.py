"""What happens all day in a city reads no table from its beginning to its end, however many rows it has."""

import re
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, event

from homeward.domain.filing import NewSighting, ReportChange
from homeward.domain.matches import Verdict
from homeward.domain.reports import Shelf, Source, Status
from homeward.ports import ReportQuery
from tests.conftest import photo
from tests.world import HOME, on_disk

GROWS = "reports|photos|crops|embeddings|matches|outbox|changes|answers|audit|inbox|messages|keys"


@contextmanager
def plans():
    """Every statement meanwhile, with how SQLite goes about it."""
    found = {}

    def noted(_connection, cursor, statement, parameters, _context, many):
        if statement.split(None, 1)[0] in {"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}:
            asked = cursor.connection.cursor()
            asked.execute(
                f"EXPLAIN QUERY PLAN {statement}",
                parameters[0] if many and isinstance(parameters[0], tuple) else parameters,
            )
            found[statement] = [row[3] for row in asked.fetchall()]
            asked.close()

    event.listen(Engine, "before_cursor_execute", noted)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", noted)


def whole_tables(plan):
    """Steps that read all of a table that grows; SQLite makes a table anew of a join that it materializes."""
    scans = [step for step in plan if re.match(rf"SCAN ({GROWS})\b(?!.*USING)", step)]
    return scans + [step for step in plan if step.startswith("MATERIALIZE (join") or "AUTOMATIC" in step]


@pytest.fixture
def world(tmp_path):
    made = on_disk(tmp_path)
    yield made
    made.database.close()


def test_a_day_of_a_city_reads_no_whole_table(world):
    world.camera()

    def sighting(seed, noise):
        return world.engine.add_sighting(NewSighting("yard", photo(seed, noise=noise), world.clock.now(), track_id="7"))

    with plans() as found:
        lost = world.file("lost", photo(1), place=HOME, home=HOME)
        sighting(1, 3)
        sighting(1, 3)  # a repeat
        answer = world.file("found", photo(1, noise=5), place=HOME)
        world.engine.cameras.heartbeat("yard", "live", {})
        world.clock.forward(hours=2)
        world.engine.deliver_due_alerts()
        world.engine.current_top_matches(lost.report.id)
        world.engine.verdict(lost.report.id, answer.report.id, Verdict.SAME)
        world.engine.change(lost.report.id, ReportChange(status=Status.REUNITED))
        world.engine.reports(ReportQuery(shelf=Shelf.LOST, status=Status.OPEN))
        world.engine.reports(ReportQuery(source=Source.PERSON))
        world.engine.queues()
        world.engine.run_due_jobs()
        world.engine.sweep()
        world.engine.erase(answer.report.id)
        world.clock.forward(hours=24 * 400)
        world.engine.forget_due()

    assert len(found) > 60
    slow = {statement: plan for statement, plan in found.items() if whole_tables(plan)}
    assert not slow, "\n\n".join(f"{statement}\n  " + "\n  ".join(plan) for statement, plan in slow.items())
