"""Rows of the operator's desk, on SQL and on the twin."""

from dataclasses import replace
from datetime import timedelta

import pytest

from homeward.domain.desk import (
    Block,
    Complaint,
    ComplaintKind,
    Deed,
    Judgement,
    Opinion,
    Petition,
    PetitionKind,
)
from homeward.domain.ids import AccountId, CameraId, EncounterId, KeyId, ReportId
from homeward.domain.matches import MatchQuery, Verdict
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Shelf, Source, Status
from homeward.ports import AlertKind, ReportQuery

from .rows import NOW, add, match, new_alert, opened

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ANNA, BORIS, VERA = KeyId("anna"), KeyId("boris"), KeyId("vera")


def deed(who, act, subject, hours=0, why=""):
    return Deed(0, NOW + hours * HOUR, KeyId(who), who, act, subject, why)


def complaint(key, report_id, hours=0, kind=ComplaintKind.SCAM):
    return Complaint(key, ReportId(report_id), kind, "asks for money", NOW + hours * HOUR, "mark")


def opinion(lost, encounter, judge, said, found=None):
    return Judgement(ReportId(lost), ReportId(found or encounter), EncounterId(encounter), judge, said, NOW)


def petition(key, hours=0, **fields):
    made = Petition(key, PetitionKind.ERASURE, "my cat", "a@b.c", "", "ru", NOW, NOW + DAY + hours * HOUR)
    return replace(made, **fields)


def test_deeds_are_listed_newest_first_by_person_and_by_thing(database):
    with database.write() as work:
        work.deeds.add(deed("anna", "report.hide", "report:one", why="spam"))
        work.deeds.add(deed("boris", "block.add", "report:one", 1))
        work.deeds.add(deed("anna", "camera.add", "camera:yard", 2))

    with database.read() as work:
        newest = work.deeds.page(None, None, 2)
        assert [each.act for each in newest] == ["camera.add", "block.add"]
        assert [each.act for each in work.deeds.page(newest[-1].id, None, 2)] == ["report.hide"]
        assert [each.act for each in work.deeds.page(None, "anna", 9)] == ["camera.add", "report.hide"]
        about = work.deeds.of_subject("report:one")
        assert [(each.who, each.why, each.at) for each in about] == [("boris", "", NOW + HOUR), ("anna", "spam", NOW)]
    with database.write() as work:
        work.deeds.forget_before(NOW + HOUR)
        assert [each.who for each in work.deeds.page(None, None, 9)] == ["anna", "boris"]


def test_complaints_wait_until_their_report_is_decided_and_go_with_it(database):
    with database.write() as work:
        for key in ("one", "two", "three"):
            add(work, key)
        work.complaints.add(complaint("a", "one", 1))
        work.complaints.add(complaint("b", "two"))
        work.complaints.add(complaint("c", "two", 2))
        work.complaints.add(complaint("d", "three", 0.5))

    with database.write() as work:
        assert work.complaints.flagged(9) == ["two", "three", "one"]
        assert work.complaints.flagged(1) == ["two"]
        assert work.complaints.flagged(9, behind=(2, NOW, "two")) == ["three", "one"]
        assert work.complaints.flagged(1, behind=(1, NOW + HOUR / 2, "three")) == ["one"]
        assert work.complaints.flagged(9, behind=(1, NOW + HOUR, "nobody")) == ["one"]
        assert work.complaints.flagged(9, behind=(1, NOW + HOUR, "one")) == []
        work.reports.update(replace(work.reports.get(ReportId("three")), status=Status.HIDDEN))
        assert work.complaints.flagged(9, Status.HIDDEN) == ["three"]
        assert work.complaints.flagged(9, Status.OPEN) == ["two", "one"]
        assert work.complaints.of_reports([ReportId("two")]) == [complaint("b", "two"), complaint("c", "two", 2)]
        assert work.complaints.decide(ReportId("two"), NOW + DAY) == 2
        assert work.complaints.decide(ReportId("two"), NOW + DAY) == 0
        work.reports.remove(ReportId("three"))
        assert work.complaints.flagged(9) == ["one"]
        work.complaints.forget_before(NOW + 2 * DAY)
        assert work.complaints.of_reports([ReportId("one")]) == [complaint("a", "one", 1)]


def test_a_block_holds_until_it_ends_or_is_lifted(database):
    forever = Block("x", AccountId("a"), None, "spam", "anna", NOW)
    short = Block("y", None, "mark", "flood", "anna", NOW + HOUR, until=NOW + DAY)
    with database.write() as work:
        work.blocks.add(forever)
        work.blocks.add(short)

    with database.write() as work:
        against = work.blocks.against
        assert work.blocks.all(9) == [short, forever]
        assert work.blocks.all(1) == [short]
        assert against([AccountId("a")], ["mark"], NOW + HOUR) == [short, forever]
        assert against([AccountId("a")], ["mark"], NOW + DAY) == [forever]
        assert against([AccountId("b")], ["other"], NOW) == []
        assert against([], [], NOW) == []
        assert work.blocks.lift("x", NOW + HOUR)
        assert not work.blocks.lift("x", NOW + HOUR)
        assert not work.blocks.lift("nobody", NOW)
        assert against([AccountId("a")], [], NOW + HOUR) == []
        assert work.blocks.all(9)[-1] == replace(forever, lifted_at=NOW + HOUR)


def test_where_a_report_came_from_is_known_for_a_while(database):
    with database.write() as work:
        for key in ("one", "two", "three"):
            add(work, key)
        work.senders.note(ReportId("one"), "mark", NOW)
        work.senders.note(ReportId("two"), "other", NOW + DAY)
        work.senders.note(ReportId("three"), "third", NOW + DAY)

    with database.write() as work:
        ids = [ReportId("one"), ReportId("two"), ReportId("nobody")]
        assert work.senders.of_reports(ids) == {"one": "mark", "two": "other"}
        work.senders.forget_before(NOW + DAY)
        assert work.senders.of_reports(ids) == {"two": "other"}
        work.reports.remove(ReportId("two"))
        assert work.senders.of_reports(ids) == {}


def waiting(work, judge=ANNA, low=0.1, high=0.9):
    return [pair.found_id for pair in work.opinions.waiting(judge, low, high, 99)]


def test_the_pair_that_tells_the_most_is_asked_first(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST)
        for key, degree in (("half", 0.52), ("high", 0.8), ("sure", 0.95), ("low", 0.3), ("never", 0.01)):
            add(work, key)
            match(work, "lost", key, degree)
        assert waiting(work) == ["half", "low", "high"]

        work.opinions.save(opinion("lost", "high", BORIS, Opinion.SAME))

        assert waiting(work) == ["half", "high", "low"]
        assert [pair.found_id for pair in work.opinions.waiting(ANNA, 0.1, 0.9, 1)] == ["half"]


def test_a_pair_is_asked_until_two_agree_four_do_not_or_it_is_settled(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST)
        for key in ("mine", "agreed", "hopeless", "judged", "closed", "open", "torn"):
            add(work, key, status=Status.CLOSED if key == "closed" else Status.OPEN)
            match(work, "lost", key, verdict=Verdict.DIFFERENT if key == "judged" else None)
        work.opinions.save(opinion("lost", "mine", ANNA, Opinion.UNSURE))
        for judge in (BORIS, VERA):
            work.opinions.save(opinion("lost", "agreed", judge, Opinion.DIFFERENT))
        for number in range(4):
            work.opinions.save(opinion("lost", "hopeless", KeyId(f"k{number}"), Opinion.NOT_COMPARABLE))
        work.opinions.save(opinion("lost", "torn", BORIS, Opinion.SAME))
        work.opinions.save(opinion("lost", "torn", VERA, Opinion.DIFFERENT))

        assert waiting(work) == ["open", "torn"]
        assert waiting(work, VERA) == ["mine", "open"]
        assert work.opinions.count_by(VERA) == 2


def test_a_volunteer_has_one_opinion_of_an_encounter(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST)
        add(work, "one")
        work.opinions.save(opinion("lost", "one", ANNA, Opinion.SAME))
        work.opinions.save(opinion("lost", "one", ANNA, Opinion.DIFFERENT))
        assert work.opinions.of_lost(ReportId("lost")) == [opinion("lost", "one", ANNA, Opinion.DIFFERENT)]
        assert work.opinions.of_lost(ReportId("one")) == []
        work.reports.remove(ReportId("one"))
        assert work.opinions.of_lost(ReportId("lost")) == []


def test_petitions_wait_in_the_order_in_which_they_are_due(database):
    with database.write() as work:
        for each in (petition("late", 5), petition("soon"), petition("done", -9), petition("older", -9)):
            work.petitions.save(each)
        answered = petition("done", -9, answer="Erased.", answered_at=NOW + DAY)
        work.petitions.save(answered)
        work.petitions.save(petition("older", -9, answer="No.", answered_at=NOW))

        assert [each.id for each in work.petitions.all(9)] == ["soon", "late", "done", "older"]
        assert [each.id for each in work.petitions.all(1)] == ["soon"]
        assert work.petitions.get("done") == answered
        assert work.petitions.get("nobody") is None
        work.petitions.forget_before(NOW + HOUR)
        assert work.petitions.get("older") is None


def test_a_hidden_find_is_no_match_of_anybodys(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST)
        add(work, "shown")
        add(work, "hidden", status=Status.HIDDEN)
        for key in ("shown", "hidden"):
            match(work, "lost", key)

        page = work.matches.page(ReportId("lost"), MatchQuery())

        assert [view.match.found_id for view in page.items] == ["shown"]
        assert (page.total, page.hidden) == (1, 0)


def test_a_camera_is_known_to_have_seen_something_last(database):
    yard, gate = CameraId("yard"), CameraId("gate")
    with database.write() as work:
        for camera in (yard, gate):
            work.cameras.save(Camera(camera, camera, Point(1, 1), None, NOW))
        add(work, "one", camera_id=yard, source=Source.CAMERA)
        add(work, "two", minutes=9, camera_id=yard, source=Source.CAMERA, last_seen_at=NOW + HOUR)
        add(work, "person")

        assert work.cameras.last_sightings() == {yard: NOW + HOUR}
        assert [each.id for each in work.reports.find(ReportQuery(source=Source.PERSON))] == ["person"]


def test_queues_tell_how_much_waits_and_since_when(database):
    with database.write() as work:
        add(work, "lost", Shelf.LOST)
        add(work, "one")
        assert work.figures.queues() == []
        work.jobs.add([ReportId("lost")], NOW)
        work.outbox.add(new_alert("a"))
        work.outbox.add(new_alert("b", created_at=NOW - HOUR))
        work.outbox.add(new_alert("c", kind=AlertKind.MESSAGE, created_at=NOW - DAY))
        sent = work.outbox.claim(NOW - HOUR, 60, 1, None)
        work.outbox.done([each.id for each in sent], NOW)

        queues = {each.name: (each.waiting, each.oldest_at) for each in work.figures.queues()}

        assert queues == {"jobs": (1, NOW), "match": (2, NOW - HOUR)}


@pytest.mark.parametrize("kind", ["sql", "postgres"])  # the twin keeps no errors
def test_a_failing_queue_names_its_last_error(request, kind):
    with opened(kind, request) as (database, _), database.write() as work:
        add(work, "lost", Shelf.LOST)
        add(work, "one")
        for key in ("a", "b", "c"):
            work.outbox.add(new_alert(key))
        claimed = work.outbox.claim(NOW, 60, 9, None)
        work.outbox.retry([claimed[0].id], NOW, "SMTPServerDisconnected")
        work.outbox.retry([claimed[1].id], NOW, "waits")

        (queue,) = work.figures.queues()

        assert (queue.waiting, queue.failing, queue.error) == (3, 1, "SMTPServerDisconnected")
