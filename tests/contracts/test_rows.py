"""Queues, cameras, keys, answers: the same on SQLite and in memory. Reports and matches: tests/engine runs on both."""

from datetime import UTC, datetime, timedelta

import pytest

from homeward.domain.animals import Species
from homeward.domain.ids import AccountId, CameraId, EncounterId, KeyId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Encounter, Report, Shelf
from homeward.ports import Answer, ApiKey, ReportQuery
from homeward.storage.sql import SqlDatabase
from homeward.testing import InMemoryDatabase

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture(params=["sql", "memory"])
def database(request, tmp_path):
    if request.param == "memory":
        yield InMemoryDatabase()
        return
    made = SqlDatabase.open(tmp_path / "x.sqlite")
    yield made
    made.close()


def add(work, name, shelf=Shelf.FOUND, minutes=0, **fields):
    when = NOW + timedelta(minutes=minutes)
    report = Report(ReportId(name), shelf, AccountId("a"), Species.CAT, 1.0, when, when, EncounterId(name), **fields)
    work.reports.add(report)
    return report


def test_a_claimed_job_is_not_given_twice_and_comes_back_after_its_lease(database):
    with database.write() as work:
        add(work, "r")
        work.jobs.add(ReportId("r"), NOW)
        job = work.jobs.claim(NOW, 60)
        assert job.report_id == "r"
        assert work.jobs.claim(NOW, 60) is None
        assert work.jobs.claim(NOW + timedelta(seconds=61), 60).attempts == 2


def test_a_job_asked_for_anew_while_it_ran_stays(database):
    with database.write() as work:
        add(work, "r")
        work.jobs.add(ReportId("r"), NOW)
        job = work.jobs.claim(NOW, 60)
        work.jobs.add(ReportId("r"), NOW)

        work.jobs.done(job)

        assert work.jobs.pending(ReportId("r"))


def test_one_alert_for_each_lost_report_and_encounter(database):
    with database.write() as work:
        for name in ("lost", "one", "two"):
            add(work, name)
        assert work.outbox.add(ReportId("lost"), ReportId("one"), EncounterId("e"), 0.9, NOW)
        assert not work.outbox.add(ReportId("lost"), ReportId("two"), EncounterId("e"), 0.95, NOW)

        (alert,) = work.outbox.claim(NOW, 60, 10)
        work.outbox.done(alert.id, NOW)

        assert work.outbox.claim(NOW + timedelta(days=1), 60, 10) == []
        assert not work.outbox.add(ReportId("lost"), ReportId("one"), EncounterId("e"), 0.9, NOW)


def test_reports_come_newest_first_page_by_page(database):
    with database.write() as work:
        for minute in range(5):
            add(work, f"r{minute}", minutes=minute)
    with database.read() as work:
        first = work.reports.find(ReportQuery(limit=2))
        rest = work.reports.find(ReportQuery(before=(first[-1].created_at, first[-1].id)))

    assert [r.id for r in [*first, *rest]] == ["r4", "r3", "r2", "r1", "r0"]


def test_animals_around_are_counted_within_circle_and_time(database):
    with database.write() as work:
        add(work, "near", place=Point(57.01, 39.0))
        add(work, "far", place=Point(57.2, 39.0))
        add(work, "late", place=Point(57.01, 39.0), minutes=60 * 24 * 40)
        add(work, "nowhere")
    day = timedelta(days=1)
    with database.read() as work:
        assert work.reports.count_around(Shelf.FOUND, Species.CAT, Point(57, 39), 5, NOW - day, NOW + day) == 1
        assert work.reports.count_around(Shelf.FOUND, Species.DOG, Point(57, 39), 5, NOW - day, NOW + day) == 0


def test_a_count_over_the_date_line_is_right(database):
    with database.write() as work:
        add(work, "east", place=Point(0, 179.99))
    day = timedelta(days=1)
    with database.read() as work:
        assert work.reports.count_around(Shelf.FOUND, Species.CAT, Point(0, -179.99), 5, NOW - day, NOW + day) == 1


def test_cameras_and_encounters_are_kept(database):
    camera = Camera(CameraId("c"), "Yard", Point(57, 39), "North", NOW)
    with database.write() as work:
        work.cameras.save(camera)
        for name, minutes in (("old", 0), ("new", 30)):
            last = NOW + timedelta(minutes=minutes)
            work.cameras.save_encounter(Encounter(EncounterId(name), camera.id, Species.CAT, NOW, last))
        found = work.cameras.encounters_since(camera.id, Species.CAT, NOW + timedelta(minutes=10))

    assert [encounter.id for encounter in found] == ["new"]
    with database.read() as work:
        assert work.cameras.get(camera.id) == camera
        assert work.cameras.all() == [camera]


def test_keys_secrets_and_answers_are_kept(database):
    key = ApiKey(KeyId("k"), "bot", "bot", "0" * 64, None, NOW)
    with database.write() as work:
        work.keys.add(key)
        work.keys.add_secret("links", "old", NOW)
        work.keys.add_secret("links", "new", NOW)
        work.keys.revoke(key.id, NOW)
        assert work.answers.add("me", "1", Answer("a", 201, "{}"), NOW)
        assert not work.answers.add("me", "1", Answer("b", 201, "{}"), NOW)
    with database.write() as work:
        assert work.keys.get(key.id).revoked_at == NOW
        assert work.keys.secrets("links") == ["new", "old"]
        assert work.answers.get("me", "1").body_sha256 == "a"
        work.answers.forget_before(NOW + timedelta(seconds=1))
        assert work.answers.get("me", "1") is None


def test_what_a_dead_process_had_claimed_is_due_when_the_next_one_starts(database):
    with database.write() as work:
        add(work, "r")
        work.jobs.add(ReportId("r"), NOW)
        work.jobs.claim(NOW, 600)

        work.jobs.release(NOW)

        assert work.jobs.claim(NOW, 600).report_id == "r"
