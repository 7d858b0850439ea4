"""What becomes of conversations when owners say what a match is, and when a case is closed."""

from dataclasses import replace

import pytest

from homeward.domain.desk import Actor, Decision
from homeward.domain.filing import ReportChange
from homeward.domain.ids import EncounterId, ReportId
from homeward.domain.matches import Verdict
from homeward.domain.reports import Shelf, Status
from homeward.engine.events import MatchJudged, ReportChanged, TalkMoved, of_text
from homeward.errors import Conflict
from homeward.ports import AlertKind
from tests.conftest import photo
from tests.world import HOME

NOTICE_BYTES = 8000  # PostgreSQL's


@pytest.fixture
def pair(world):
    found = world.file("found", photo(1, noise=1), place=HOME)
    lost = world.file("lost", photo(1), place=HOME, name="Rex")
    return lost.report.id, found.report.id


def ask(world, pair):
    world.engine.verdict(*pair, Verdict.SAME)
    return world.engine.talks.propose(*pair, Shelf.LOST)


def told(world):
    """What the finder has been told, in its order."""
    world.engine.deliver_due_alerts()
    return [news.alerts[0].kind for news in world.messenger.sent if news.alerts[0].handover_id]


def test_an_owner_who_says_no_after_all_takes_the_request_back_and_the_finder_is_told(world, pair):
    talk = ask(world, pair)
    news = []
    with world.engine.events.subscribe(pair[1], news.append):
        world.engine.verdict(*pair, Verdict.DIFFERENT)
    assert news == [TalkMoved(*pair), MatchJudged(*pair)]

    assert told(world) == [AlertKind.ASKED, AlertKind.DECLINED]
    with pytest.raises(Conflict):
        world.engine.talks.answer(talk.id, Shelf.FOUND, agrees=True)


def test_a_finder_who_asks_about_another_animal_is_told_no(world, pair):
    talk = world.engine.talks.propose(*pair, Shelf.FOUND)
    world.engine.verdict(*pair, Verdict.DIFFERENT)

    assert world.engine.talks.get(talk.id).is_over
    assert told(world)[-1] is AlertKind.DECLINED


def test_a_slip_of_the_finger_is_mended_and_the_finder_is_asked_once_more_a_day(world, pair):
    talk = ask(world, pair)
    for _ in range(3):
        world.engine.verdict(*pair, Verdict.DIFFERENT)
        assert ask(world, pair).id == talk.id

    assert told(world) == [AlertKind.ASKED, AlertKind.DECLINED, AlertKind.ASKED]
    assert world.engine.talks.answer(talk.id, Shelf.FOUND, agrees=True).is_open


def test_a_finders_no_stays_and_what_both_agreed_to_goes_on_whatever_is_judged(world, pair):
    talk = ask(world, pair)
    world.engine.talks.answer(talk.id, Shelf.FOUND, agrees=False)
    world.engine.verdict(*pair, Verdict.DIFFERENT)
    with pytest.raises(Conflict):
        ask(world, pair)

    other = world.file("found", photo(1, noise=2), place=HOME).report.id
    open_talk = ask(world, (pair[0], other))
    world.engine.talks.answer(open_talk.id, Shelf.FOUND, agrees=True)
    world.engine.verdict(pair[0], other, Verdict.DIFFERENT)
    assert world.engine.talks.get(open_talk.id).is_open


def close(world, lost, found):
    world.engine.verdict(lost, found, Verdict.SAME, close=True)


def change(world, lost, _, status=Status.REUNITED):
    world.engine.change(lost, ReportChange(status=status))


@pytest.mark.parametrize("end", [close, change])
def test_whoever_talks_about_a_pet_learns_at_once_that_its_case_is_closed_and_opened(world, pair, end):
    ask(world, pair)
    news = []
    with world.engine.events.subscribe(pair[1], lambda event: isinstance(event, TalkMoved) and news.append(event)):
        end(world, *pair)
        assert news == [TalkMoved(*pair)]
        change(world, *pair, Status.OPEN)
        assert news == 2 * [TalkMoved(*pair)]
        change(world, *pair, Status.OPEN)
    assert len(news) == 2


def expire(world, _):
    world.clock.forward(days=366)
    world.engine.forget_due()


def erase(world, lost):
    world.engine.erase(lost)


def hide(world, lost):
    world.engine.desk.moderation.decide(Actor("anna", "Anna"), lost, Decision.HIDE, "A stolen picture")


def close_with_another(world, lost):
    other = world.file("found", photo(1, noise=3), place=HOME).report.id
    world.engine.verdict(lost, other, Verdict.SAME, close=True)


@pytest.mark.parametrize(
    "end", [lambda world, lost: change(world, lost, None), close_with_another, expire, erase, hide]
)
def test_finders_whose_find_may_be_a_pet_learn_at_once_that_its_case_has_ended(world, pair, end):
    news = []
    with world.engine.events.subscribe(pair[1], news.append):
        end(world, pair[0])

    assert pair[0] in [event.report_id for event in news if isinstance(event, ReportChanged)]
    assert world.engine.finder_matches(pair[1], 10) == ()


def test_finders_learn_it_however_many_finds_are_likelier(world, pair):
    lost, found = pair
    with world.database.write() as work:
        (pattern,) = work.matches.of_found(found, 1)
        for n in range(250):
            kept = replace(work.reports.get(found), id=ReportId(f"{n:022}"), encounter_id=EncounterId(f"{n:022}"))
            work.reports.add(kept)
            work.matches.save([replace(pattern, found_id=kept.id, encounter_id=kept.encounter_id, degree=0.9999)])
        work.matches.save([replace(pattern, degree=0.001)])
    news, relayed = [], []
    world.engine.events.relay = relayed.append
    with world.engine.events.subscribe(found, news.append):
        change(world, lost, None)

    assert lost in [event.report_id for event in news if isinstance(event, ReportChanged)]
    told = [of_text(text) for text in relayed]
    assert found in [find for event in told if isinstance(event, ReportChanged) for find in event.finds]
    assert max(len(text.encode()) for text in relayed) < NOTICE_BYTES


@pytest.mark.parametrize("end", [expire, erase])
def test_that_a_report_ran_out_or_was_erased_is_told_to_its_own_pages_and_to_those_it_talks_with(world, pair, end):
    ask(world, pair)
    own, other = [], []
    with world.engine.events.subscribe(pair[0], own.append), world.engine.events.subscribe(pair[1], other.append):
        end(world, pair[0])

    assert ReportChanged(pair[0], (pair[1],)) in own
    assert TalkMoved(*pair) in other
