"""Sightings and jobs that come in the same instant, and so go in one group: as if they had come one by one."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from homeward.domain.filing import Idempotency, NewSighting
from homeward.domain.ids import ModelName
from homeward.domain.reports import Source
from homeward.engine.reindex import IN_USE
from homeward.errors import Conflict, NotFound, StorageBusy
from homeward.ports import Around, ReportQuery, Space
from homeward.testing import FakeEmbedder
from homeward.testing.fakes import CALIBRATION
from tests.conftest import photo
from tests.world import HOME, in_memory, on_disk, on_postgres

OTHER = Space(FakeEmbedder(called="other"), replace(CALIBRATION, name="other@1"))
CAMERAS = ("yard", "gate")
SENT = (  # camera, animal, noise, track, seconds
    ("yard", 1, 0, None, 0),
    ("yard", 1, 0, None, 9),  # the very picture
    ("gate", 1, 1, None, 3),
    ("yard", 2, 0, "t", 1),
    ("yard", 1, 2, None, 20),  # of the first one's encounter
    ("yard", 2, 3, "t", 2),  # the same track
    ("yard", 1, 0, None, 4),  # once more, and earlier
    ("gate", 3, 0, None, 5),
)


@pytest.fixture(params=["disk", "postgres", "memory"])
def world(request, tmp_path):
    parts = {"other_spaces": (OTHER,)}
    if request.param == "memory":
        made = in_memory(**parts)
    elif request.param == "postgres":
        made = on_postgres(request.getfixturevalue("postgres_url"), tmp_path, **parts)
    else:
        made = on_disk(tmp_path, **parts)
    yield made
    if request.param != "memory":
        made.database.close()


def in_one_group(together, *calls):
    """What the calls give, or their errors; each asks ``together`` for something before it serves the first."""
    with ThreadPoolExecutor(len(calls)) as pool:
        with together._turn:
            futures = []
            for call in calls:
                futures.append(pool.submit(call))
                while len(together._waiting) < len(futures):
                    threading.Event().wait(0.001)
        return [future.exception() or future.result() for future in futures]


def new_sightings(world, sent=SENT):
    now = world.clock.now()
    return [
        NewSighting(camera, photo(animal, noise=noise), now - timedelta(seconds=60 - seconds), track_id=track)
        for camera, animal, noise, track, seconds in sent
    ]


def send_together(world, new):
    calls = [lambda one=one: world.engine._sight(one) for one in new]
    return in_one_group(world.engine._sight._keep, *calls)


def watched(world, *, at_once=False):
    """An owner who waits for animal 1, and the cameras; what they send is matched ``at_once``, or by `work_off`."""
    if not at_once:
        world.engine._sight._match = lambda outcomes: [False] * len(outcomes)
    lost = world.file("lost", photo(1), place=HOME)
    for name in CAMERAS:
        world.camera(name)
    return lost.report.id


def said(world, lost_id, outcomes):
    """All that is known after sightings, with numbers in the place of ids."""
    number = {}
    for n, outcome in enumerate(outcomes):
        number.setdefault(outcome.report.id, n)
    with world.database.read() as work:
        reports = {report_id: work.reports.get(report_id) for report_id in number}
        day = world.clock.now().toordinal()
        kind = reports[outcomes[0].report.id].species
        (counted,) = work.reports.animals_by_day([Around(frozenset({kind}), HOME, 5.0, day - 1, day + 1)])
        alerts = sorted(number[alert.found_id] for alert in work.outbox.of_lost(lost_id))
        stored = len(work.reports.find(ReportQuery(source=Source.CAMERA)))
    page = world.engine.current_top_matches(lost_id)
    return {
        "answers": [(number[outcome.report.id], outcome.job is None) for outcome in outcomes],
        "encounters": [number[reports[outcome.report.id].encounter_id] for outcome in outcomes],
        "last seen": {number[report.id]: world.clock.now() - report.last_seen_at for report in reports.values()},
        "animals": sum(counted[kind].values()),
        "stored": stored,
        "alerts": alerts,
        "matches": {number[view.match.found_id]: pytest.approx(view.match.degree, abs=1e-5) for view in page.items},
        "pending": world.engine.pending_jobs(),
    }


def work_off(world, outcomes, *, together):
    new = [outcome for outcome in outcomes if outcome.job is not None]
    run = world.engine._work.run_sightings
    assert all(run(new) if together else [done for one in new for done in run([one])])


def test_sightings_in_one_group_become_what_they_would_one_by_one(world):
    single = in_memory()
    lost_id, alone_id = watched(world), watched(single)

    outcomes = send_together(world, new_sightings(world))
    work_off(world, outcomes, together=True)
    one_by_one = list(map(single.engine._sight, new_sightings(single)))
    work_off(single, one_by_one, together=False)

    found = said(world, lost_id, outcomes)
    assert found == said(single, alone_id, one_by_one)
    assert found["answers"] == [
        (0, False),
        (0, True),
        (2, False),
        (3, False),
        (4, False),
        (3, True),
        (0, True),
        (7, False),
    ]
    assert found["encounters"] == [0, 0, 2, 3, 0, 3, 0, 7]
    assert (found["stored"], found["animals"], found["pending"]) == (5, 4, 0)
    assert sorted(found["matches"]) == [0, 2, 3, 4, 7]
    assert found["alerts"] == [0, 2]  # of each encounter the best


def test_what_is_refused_in_a_group_leaves_nothing_behind_and_the_others_are_kept(world):
    watched(world)
    key = Idempotency("camera", "key", "0" * 64)
    first, *others = new_sightings(world, SENT[:1] + SENT[2:4])
    world.engine._sight(replace(first, photo=photo(9), idempotency=key))

    refused, *kept = send_together(world, [replace(first, idempotency=key), *others])

    assert isinstance(refused, Conflict)
    assert [outcome.job is not None for outcome in kept] == [True, True]
    with world.database.read() as work:
        reports = work.reports.find(ReportQuery(source=Source.CAMERA))
        day = world.clock.now().toordinal()
        kind = reports[0].species
        (animals,) = work.reports.animals_by_day([Around(frozenset({kind}), HOME, 5.0, day - 1, day + 1)])
    assert len(reports) == sum(animals[kind].values()) == 3
    assert {outcome.report.id for outcome in kept} < {report.id for report in reports}


def test_one_that_is_tried_again_with_its_key_while_it_waits_is_stored_once(world):
    watched(world)
    key = Idempotency("camera", "key", "0" * 64)
    new = replace(new_sightings(world)[0], idempotency=key)

    kept, refused = send_together(world, [new, new])

    assert kept.job is not None
    assert isinstance(refused, Conflict)
    with world.database.read() as work:
        assert len(work.reports.find(ReportQuery(source=Source.CAMERA))) == 1


def test_a_job_that_two_have_in_one_group_is_told_of_once(world):
    lost_id = watched(world)
    outcome = world.engine._sight(new_sightings(world)[0])
    world.clock.forward(minutes=1)
    with world.database.write() as work:
        again = work.jobs.claim(world.clock.now(), 60)
    assert again.id == outcome.job.id
    heard, work = [], world.engine._work

    with world.engine.events.subscribe(lost_id, heard.append):
        done = in_one_group(work._matched, lambda: work.run_sightings([outcome]), lambda: work.run(again))

    assert done == [[True], True]
    assert [event.found_id for event in heard] == [outcome.report.id]
    assert world.engine.pending_jobs() == 0
    assert world.engine.current_top_matches(lost_id).total == 1


def test_jobs_of_the_model_that_was_in_use_wait_and_those_of_the_new_one_go_on(world):
    world.engine.take_over()
    lost_id = watched(world)
    former = world.engine._sight(new_sightings(world)[0])
    world.engine.reindex(ModelName("other"))
    while world.engine.reindex_status().model != "other":
        world.engine.run_reindex()
        world.engine.run_due_jobs()
    later = world.engine._sight(new_sightings(world)[2])
    work = world.engine._work

    assert work.run_sightings([former, later]) == [False, True]
    world.clock.forward(minutes=10)
    world.engine.run_due_jobs()
    matches = [view.match for view in world.engine.current_top_matches(lost_id).items]
    assert {match.found_id for match in matches} == {former.report.id, later.report.id}
    assert {match.model for match in matches} == {"other"}


def test_of_one_track_in_one_group_the_second_is_a_repeat_although_the_model_was_switched_in_between(world):
    watched(world)
    one, other = new_sightings(world, SENT[3:4] + SENT[5:6])

    def after_the_switch():
        world.spaces.use(OTHER)
        return world.engine._sight(other)

    first, second = in_one_group(world.engine._sight._keep, lambda: world.engine._sight(one), after_the_switch)

    assert (first.report.id, second.job) == (second.report.id, None)


def add_together(world, new):
    calls = [lambda one=one: world.engine.add_sighting(one) for one in new]
    return in_one_group(world.engine._sight._keep, *calls)


def test_what_cameras_send_at_once_is_stored_and_compared_in_one_group(world):
    lost_id = watched(world, at_once=True)
    work = world.engine._work
    work._step = SeenStep(work._step)

    sighted = add_together(world, new_sightings(world))

    assert [(one.is_repeat, one.pending) for one in sighted] == [(number in {1, 5, 6}, False) for number in range(8)]
    assert work._step.sizes == [5]
    assert world.engine.pending_jobs() == 0
    assert world.engine.current_top_matches(lost_id).total == 5


@pytest.mark.parametrize("error", [ValueError("odd"), StorageBusy("The database is busy.")])
def test_what_cannot_be_compared_now_is_stored_once_and_compared_later(world, error):
    def fail():
        raise error

    lost_id = watched(world, at_once=True)
    work = world.engine._work
    step = work._step
    work._step = lambda _work, _asked: fail()

    with capture_logs() as logged:
        sighted = add_together(world, new_sightings(world, SENT[:1] + SENT[2:4]))

    assert [(one.is_repeat, one.pending) for one in sighted] == [(False, True)] * 3
    said = [line["exc_info"] for line in logged if line["event"].startswith("a sighting was stored but not compared")]
    assert said == ([error] * 3 if isinstance(error, ValueError) else [])
    work._step = step
    world.clock.forward(minutes=1)
    assert world.engine.run_due_jobs() == 3
    assert world.engine.current_top_matches(lost_id).total == 3


def test_a_persons_report_that_fails_to_be_compared_in_an_unforeseen_way_is_answered_for_and_compared_later(world):
    found_id = world.file("found", photo(1), place=HOME).report.id
    work = world.engine._work
    step = work._step
    work._step = lambda _work, _asked: {}["odd"]

    with capture_logs() as logged:
        lost = world.file("lost", photo(1, noise=5), place=HOME)
        more = world.engine.add_photos(lost.report.id, [photo(1, noise=6)])

    assert (lost.pending, more.pending, len(more.photos)) == (True, True, 2)
    failed = [line for line in logged if line["event"].startswith("a report was stored but not compared")]
    assert [line["exc_info"] for line in failed] == [True, True]
    work._step = step
    world.clock.forward(minutes=1)
    world.engine.run_due_jobs()
    assert [view.match.found_id for view in world.engine.current_top_matches(lost.report.id).items] == [found_id]
    assert world.engine.pending_jobs() == 0


def test_where_another_process_uses_a_model_that_is_not_here_sightings_are_stored_once_and_wait(world):
    watched(world, at_once=True)
    with world.database.write() as work:
        work.facts.set(IN_USE, "elsewhere")
    new = new_sightings(world, SENT[:1] + SENT[2:4])

    with capture_logs() as logged:
        sighted = add_together(
            world, [replace(one, idempotency=Idempotency("c", str(n), "b")) for n, one in enumerate(new)]
        )

    assert [(one.is_repeat, one.pending) for one in sighted] == [(False, True)] * 3
    said = [line["exc_info"] for line in logged if line["event"].startswith("a sighting was stored but not compared")]
    assert [type(error) for error in said] == [NotFound] * 3
    assert world.engine.pending_jobs() == 3


def test_the_log_names_every_report_of_a_group_that_is_matched(world):
    watched(world)
    sightings = send_together(world, [new_sightings(world)[0], new_sightings(world)[2]])

    with capture_logs() as logged:
        work_off(world, sightings, together=True)

    ids = [line["report_ids"] for line in logged if line["event"] == "match"]
    assert ids == [[outcome.report.id for outcome in sightings]]


class SeenStep:
    """Searches, notes how many were asked about, and then does something before anything is stored."""

    def __init__(self, step, act=lambda: None):
        self.step, self.act, self.sizes = step, act, []

    def __call__(self, work, asked):
        found = self.step(work, asked)
        self.sizes.append(len(asked))
        act, self.act = self.act, lambda: None
        act()
        return found


def test_peoples_reports_in_one_group_are_weighed_one_after_the_other_and_sightings_together(world):
    watched(world)
    sightings = send_together(world, [new_sightings(world)[0], new_sightings(world)[2]])
    work = world.engine._work
    work._step = SeenStep(work._step)

    calls = [lambda one=one: work.run_sightings([one]) for one in sightings]
    calls += [lambda: world.file("lost", photo(1, noise=5)), lambda: world.file("lost", photo(1, noise=6))]
    *done, third, fourth = in_one_group(work._matched, *calls)

    assert done == [[True], [True]]
    assert work._step.sizes == [2, 1, 1]
    assert third.matches.total == fourth.matches.total == 2


@pytest.mark.parametrize("which", ["lost", "first sighting"])
def test_what_is_erased_between_search_and_storing_leaves_the_others_their_matches(world, which):
    lost_id = watched(world)
    other_id = world.file("lost", photo(1, noise=5), place=HOME).report.id
    first, second = send_together(world, [new_sightings(world)[0], new_sightings(world)[2]])
    gone = lost_id if which == "lost" else first.report.id
    work = world.engine._work
    work._step = SeenStep(work._step, lambda: world.engine.erase(gone))

    assert work.run_sightings([first, second]) == [True, True]
    found = {view.match.found_id for view in world.engine.current_top_matches(other_id).items}
    assert found == {first.report.id, second.report.id} - {gone}
    assert world.engine.pending_jobs() == 0
