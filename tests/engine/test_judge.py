"""What an owner's word ends: the own case, and a find only where its finder has had a say."""

import pytest

from homeward.domain.filing import NewSighting, ReportChange
from homeward.domain.matches import Verdict
from homeward.domain.places import Point
from homeward.domain.reports import Shelf, Status
from homeward.errors import Conflict
from homeward.ports import AlertKind
from tests.conftest import photo
from tests.world import HOME

NEAR = Point(57.605, 39.852)


@pytest.fixture
def lost(world):
    return world.file("lost", photo(1), place=HOME).report.id


def find(world, **fields):
    return world.file("found", photo(1, noise=1), place=NEAR, **fields).report.id


def close(world, lost, found):
    world.engine.verdict(lost, found, Verdict.SAME, close=True)


def status(world, report_id):
    return world.engine.report(report_id).report.status


def told_home(world):
    """Whose finds news of a pet that is home is about, and how those stand."""
    world.engine.deliver_due_alerts()
    news = [each for each in world.messenger.sent if each.alerts[0].kind is AlertKind.REUNITED]
    return [(each.own.id, each.own.status) for each in news]


def test_a_find_whose_finder_said_nothing_stays_open_and_its_finder_is_told(world, lost):
    found = find(world)

    close(world, lost, found)

    assert (status(world, lost), status(world, found)) == (Status.REUNITED, Status.OPEN)
    assert told_home(world) == [(found, Status.OPEN)]


def test_owner_and_finder_who_talked_are_reunited(world, lost):
    found = find(world)
    world.engine.verdict(lost, found, Verdict.SAME)
    talk = world.engine.talks.propose(lost, found, Shelf.LOST)
    world.engine.talks.answer(talk.id, Shelf.FOUND, agrees=True)

    close(world, lost, found)

    assert (status(world, lost), status(world, found)) == (Status.REUNITED, Status.REUNITED)
    assert told_home(world) == [(found, Status.REUNITED)]


def test_a_find_that_answers_a_poster_ends_with_that_report_alone(world, lost):
    other = world.file("lost", photo(1, noise=2), place=HOME).report.id
    found = find(world, about=lost)

    close(world, other, found)
    assert status(world, found) is Status.OPEN
    close(world, lost, found)
    assert status(world, found) is Status.REUNITED


@pytest.mark.parametrize("end", ["asked alone", "refused", "ended"])
def test_a_talk_that_was_not_agreed_to_or_is_over_ends_no_find(world, lost, end):
    found = find(world)
    world.engine.verdict(lost, found, Verdict.SAME)
    talk = world.engine.talks.propose(lost, found, Shelf.LOST)
    if end != "asked alone":
        world.engine.talks.answer(talk.id, Shelf.FOUND, agrees=end == "ended")
    if end == "ended":
        world.engine.talks.end(talk.id, Shelf.FOUND)

    close(world, lost, found)

    assert status(world, found) is Status.OPEN


def test_one_lost_report_closes_once(world, lost):
    first, second = find(world), find(world)
    close(world, lost, first)

    with pytest.raises(Conflict, match="closed already"):
        close(world, lost, second)

    assert status(world, second) is Status.OPEN
    assert [found for found, _ in told_home(world)] == [first]


def test_what_is_said_again_since_its_answer_was_lost_changes_nothing(world, lost):
    found = find(world)
    close(world, lost, found)
    close(world, lost, found)

    assert (status(world, lost), status(world, found)) == (Status.REUNITED, Status.OPEN)
    assert told_home(world) == [(found, Status.OPEN)]


def test_a_find_that_is_over_stays_as_its_finder_ended_it(world, lost):
    found = find(world)
    world.engine.change(found, ReportChange(status=Status.CLOSED))

    close(world, lost, found)

    assert (status(world, lost), status(world, found)) == (Status.REUNITED, Status.CLOSED)
    assert told_home(world) == []


def test_a_sighting_of_a_camera_stays_as_it_is(world, lost):
    world.camera()
    seen = world.engine.add_sighting(NewSighting("yard", photo(1, noise=1), world.clock.now())).report.id

    close(world, lost, seen)

    assert (status(world, lost), status(world, seen)) == (Status.REUNITED, Status.OPEN)
