"""Queues, cameras, keys and kept answers: the same on SQLite and in memory."""

from datetime import timedelta

from homeward.domain.animals import Species
from homeward.domain.ids import CameraId, EncounterId, KeyId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Encounter
from homeward.ports import Answer, ApiKey

from .rows import NOW, add


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
