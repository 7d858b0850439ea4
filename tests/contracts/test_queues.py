"""Queues, accounts, handovers, cameras, keys and kept answers: the same on SQLite and in memory."""

from dataclasses import replace
from datetime import timedelta

from homeward.domain.accounts import Account
from homeward.domain.handovers import Handover, NewMessage
from homeward.domain.ids import AccountId, CameraId, HandoverId, KeyId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Shelf
from homeward.ports import AlertKind, Answer, ApiKey

from .rows import NOW, add, new_alert

PERSON = Account(AccountId("person"), "telegram", "77", "ru", NOW)


def test_a_claimed_job_is_not_given_twice_and_comes_back_after_its_lease(database):
    with database.write() as work:
        add(work, "r")
        work.jobs.add([ReportId("r")], NOW)
        job = work.jobs.claim(NOW, 60)
        assert job.report_id == "r"
        assert work.jobs.claim(NOW, 60) is None
        assert work.jobs.claim(NOW + timedelta(seconds=61), 60).attempts == 2


def test_jobs_of_many_come_in_their_order_and_those_that_are_not_queued_anew_end_together(database):
    names = [ReportId(name) for name in ("c", "a", "b")]
    with database.write() as work:
        for name in names:
            add(work, name)
        (waits,) = work.jobs.add([ReportId("a")], NOW)
        queued = work.jobs.add(names, NOW + timedelta(minutes=1))
        assert work.jobs.add([], NOW) == []
    assert [job.report_id for job in queued] == names
    assert queued[1] == replace(waits, due_at=NOW + timedelta(minutes=1))

    with database.write() as work:
        work.jobs.add([ReportId("c")], NOW)
        work.jobs.done(*queued)
        work.jobs.done()
        assert [work.jobs.pending(name) for name in names] == [True, False, False]


def test_a_job_asked_for_anew_while_it_ran_stays(database):
    with database.write() as work:
        add(work, "r")
        work.jobs.add([ReportId("r")], NOW)
        job = work.jobs.claim(NOW, 60)
        work.jobs.add([ReportId("r")], NOW)

        work.jobs.done(job)

        assert work.jobs.pending(ReportId("r"))


def test_one_alert_for_each_lost_report_and_encounter(database):
    with database.write() as work:
        for name in ("lost", "one", "two"):
            add(work, name)
        assert work.outbox.add(new_alert("match:lost:e"))
        assert not work.outbox.add(new_alert("match:lost:e", found="two", degree=0.95))

        (alert,) = work.outbox.claim(NOW, 60, 10, None)
        work.outbox.done([alert.id], NOW)

        assert work.outbox.claim(NOW + timedelta(days=1), 60, 10, None) == []
        assert not work.outbox.add(new_alert("match:lost:e"))


def test_alerts_come_oldest_first_and_of_one_moment_the_most_certain_first(database):
    with database.write() as work:
        for name in ("lost", "one"):
            add(work, name)
        later = NOW + timedelta(minutes=1)
        for key, degree, when in (("late", 0.99, later), ("unsure", 0.6, NOW), ("sure", 0.9, NOW)):
            assert work.outbox.add(new_alert(key, degree=degree, created_at=when))

        assert [alert.key for alert in work.outbox.claim(later, 60, 10, None)] == ["sure", "unsure", "late"]


def test_alerts_go_to_the_messenger_of_their_account_and_back_after_a_failure(database):
    with database.write() as work:
        for name in ("lost", "one"):
            add(work, name)
        work.accounts.save(PERSON)
        work.outbox.add(new_alert("k", account=PERSON.id))

        assert work.outbox.claim(NOW, 60, 10, None) == []
        assert work.outbox.claim(NOW, 60, 10, "console") == []
        (alert,) = work.outbox.claim(NOW, 60, 10, "telegram")
        work.outbox.retry([alert.id], NOW + timedelta(minutes=5), "TimeoutError")

        assert work.outbox.claim(NOW + timedelta(minutes=4), 60, 10, "telegram") == []
        assert work.outbox.claim(NOW + timedelta(minutes=5), 60, 10, "telegram")[0].attempts == 2


def test_what_somebody_has_seen_by_itself_is_not_told_again(database):
    with database.write() as work:
        for name in ("lost", "one", "two"):
            add(work, name)
        for key, found, kind in (("a", "one", "match"), ("b", "two", "match"), ("c", "one", "message")):
            work.outbox.add(new_alert(key, found=found, kind=AlertKind(kind)))

        work.outbox.told(AccountId("me"), ReportId("lost"), [ReportId("one")])

        assert [alert.key for alert in work.outbox.claim(NOW, 60, 10, None)] == ["b", "c"]
        assert all(alert.delivered_at is None for alert in work.outbox.of_lost(ReportId("lost")))


def test_what_finders_are_told_is_listed_by_the_find_and_what_owners_are_by_the_pet(database):
    with database.write() as work:
        for name in ("lost", "one", "two"):
            add(work, name)
        for key, found, kind in (("a", "one", "owner_near"), ("b", "two", "owner_near"), ("c", "one", "match")):
            work.outbox.add(new_alert(key, found=found, kind=AlertKind(kind)))

        assert [alert.key for alert in work.outbox.of_found(ReportId("one"))] == ["a"]
        assert [alert.key for alert in work.outbox.of_lost(ReportId("lost"))] == ["c"]


def test_the_alerts_about_a_report_to_one_account_are_of_every_kind_and_nobody_elses(database):
    with database.write() as work:
        for name in ("lost", "one", "two"):
            add(work, name)
        for key, found, kind, account in (
            ("a", "one", "asked", "me"),
            ("b", "one", "message", "you"),
            ("c", "two", "match", "me"),
        ):
            work.outbox.add(new_alert(key, found=found, kind=AlertKind(kind), account=AccountId(account)))

        assert [alert.key for alert in work.outbox.to(AccountId("me"), ReportId("lost"))] == ["a", "c"]
        assert [alert.key for alert in work.outbox.to(AccountId("me"), ReportId("one"))] == ["a"]
        assert [alert.key for alert in work.outbox.to(AccountId("you"), ReportId("one"))] == ["b"]


def test_accounts_are_found_by_where_they_are(database):
    with database.write() as work:
        work.accounts.save(PERSON)
        moved = replace(PERSON, language="en", utc_offset_min=180, dialog={"step": "where", "n": [1, 2]}, step="where")
        work.accounts.save(moved)
        assert work.accounts.at("telegram", "77") == moved
        assert work.accounts.get(PERSON.id) == moved
        assert work.accounts.at("console", "77") is None
        assert work.accounts.steps("telegram") == {"where": 1}
        work.accounts.remove(PERSON.id)
        assert work.accounts.get(PERSON.id) is None


def test_what_came_in_is_kept_once_until_it_is_worked_on(database):
    with database.write() as work:
        assert work.inbox.add("telegram", 5, "77", "five", NOW)
        assert work.inbox.add("telegram", 4, "88", "four", NOW)
        assert not work.inbox.add("telegram", 5, "77", "again", NOW)
        first, second = work.inbox.after("telegram", 0, 10)
        assert [first.number, first.body, second.number] == [5, "five", 4]
        assert [update.number for update in work.inbox.after("telegram", first.seq, 10)] == [4]
        assert work.inbox.after("console", 0, 10) == []

        assert work.inbox.waits("telegram", [4, 5])
        work.inbox.done("telegram", [5])
        assert not work.inbox.waits("telegram", [5, 6])
        assert [update.number for update in work.inbox.after("telegram", 0, 10)] == [4]
        assert not work.inbox.add("telegram", 5, "77", "again", NOW)
        work.inbox.forget("telegram", "88")
        assert not work.inbox.waits("telegram", [4])
        assert work.inbox.after("telegram", 0, 10) == []
        work.inbox.forget_before(NOW + timedelta(seconds=1))
        assert work.inbox.add("telegram", 5, "77", "new", NOW)


def test_handovers_keep_their_messages_and_go_with_a_report(database):
    with database.write() as work:
        for name in ("lost", "one"):
            add(work, name)
        talk = Handover(HandoverId("h"), ReportId("lost"), ReportId("one"), NOW, owner_agrees=True)
        work.handovers.save(talk)
        talk = replace(talk, finder_agrees=True)
        work.handovers.save(talk)
        words = NewMessage(talk.id, Shelf.LOST, NOW, "Where?")
        work.handovers.add_message(words)
        number = work.handovers.add_message(NewMessage(talk.id, Shelf.FOUND, NOW, None, Point(57, 39), b"jpeg"))

        assert work.handovers.of_report(ReportId("one")) == [talk]
        said, sent = work.handovers.messages(talk.id)
        assert (said.text, said.author, said.has_picture) == ("Where?", Shelf.LOST, False)
        assert (sent.place, sent.has_picture, work.handovers.picture(number)) == (Point(57, 39), True, b"jpeg")
        assert work.handovers.picture(said.id) is None
        work.reports.remove(ReportId("one"))
        assert work.handovers.get(talk.id) is None
        assert work.handovers.messages(talk.id) == []


def test_figures_count_the_queues(database):
    with database.write() as work:
        for name in ("lost", "one"):
            add(work, name)
        work.outbox.add(new_alert("k"))
        work.inbox.add("telegram", 5, "77", "five", NOW)
        work.accounts.save(PERSON)
        figures = work.figures.all(NOW + timedelta(seconds=90))

    assert {name: figures[name] for name in ("outbox_waiting", "outbox_oldest_s", "inbox_waiting", "accounts")} == {
        "outbox_waiting": 1,
        "outbox_oldest_s": 90,
        "inbox_waiting": 1,
        "accounts": 1,
    }


def test_cameras_are_kept(database):
    camera = Camera(CameraId("c"), "Yard", Point(57, 39), "North", NOW)
    with database.write() as work:
        work.cameras.save(camera)
    with database.read() as work:
        assert work.cameras.get(camera.id) == camera
        assert work.cameras.get_many([camera.id, CameraId("none")]) == {camera.id: camera}
        assert work.cameras.get_many([]) == {}
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


def test_what_a_dead_process_had_claimed_is_due_when_the_next_one_starts(handles):
    database, again = handles
    with database.write() as work:
        add(work, "r")
        work.jobs.add([ReportId("r")], NOW)
        work.jobs.claim(NOW, 600)
        work.jobs.release(NOW)
        assert work.jobs.claim(NOW, 600) is None

    with again().write() as work:
        work.jobs.release(NOW)

        assert work.jobs.claim(NOW, 600).report_id == "r"


def test_a_job_that_waits_for_its_next_try_goes_on_waiting_when_another_process_starts(handles):
    database, again = handles
    with database.write() as work:
        add(work, "r")
        work.jobs.add([ReportId("r")], NOW)
        work.jobs.retry(work.jobs.claim(NOW, 60), NOW + timedelta(minutes=5), "ModelUnavailable")

    with again().write() as work:
        work.jobs.release(NOW)

        assert work.jobs.claim(NOW, 60) is None


def test_a_name_is_held_by_one_at_a_time(database):
    with database.hold("a") as first, database.hold("a") as second, database.hold("b") as other:
        assert (first, second, other) == (True, False, True)
    with database.hold("a") as again:
        assert again


def test_what_waits_for_one_account_goes_to_another(database):
    mail = Account(AccountId("mail"), "email", "a@example.org", "en", NOW)
    with database.write() as work:
        for name in ("lost", "one", "two"):
            add(work, name)
        work.accounts.save(mail)
        work.outbox.add(new_alert("match:lost:done"))
        (done,) = work.outbox.claim(NOW, 60, 10, None)
        work.outbox.done([done.id], NOW)
        work.outbox.add(new_alert("match:lost:waits", found="two"))

        work.outbox.move(done.account_id, mail.id)

        assert [alert.key for alert in work.outbox.claim(NOW, 60, 10, "email")] == ["match:lost:waits"]
        assert work.outbox.claim(NOW, 60, 10, None) == []
