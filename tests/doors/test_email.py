"""News by e-mail, through a real SMTP server."""

import threading
from dataclasses import replace
from datetime import timedelta

import httpx2
import pytest

from homeward.api.auth import link
from homeward.api.factory import create_api
from homeward.api.routes.letters import stop_address
from homeward.domain.accounts import EMAIL
from homeward.messengers.email import EmailMessenger, Smtp
from tests.conftest import photo
from tests.doors.conftest import Door, own
from tests.fakes.mail import Mailboxes, words
from tests.fakes.mail import link as link_in
from tests.running import served

OWNER = "owner@example.org"
HOME = {"lat": "57.6", "lon": "39.85"}
NEAR = {"lat": "57.605", "lon": "39.852"}


@pytest.fixture
def mail():
    with Mailboxes() as made:
        yield made


@pytest.fixture
def door(tmp_path, mail):
    made = with_letters(Door(tmp_path, uploads_per_minute=0, public_url="http://pets.example.org"), mail.url)
    yield made
    made.http.close()
    made.world.database.close()


def with_letters(door, url):
    """As `homeward.app` joins them."""
    from starlette.testclient import TestClient

    engine = door.world.engine
    letters = EmailMessenger(
        Smtp(url),
        "Homeward <pets@example.org>",
        lambda report: link(door.context, report),
        lambda account: stop_address(door.context, account.id),
        lambda lost, found, first: engine.beside(lost, found, first=first),
        lambda account: engine.letters.stop(account.id),
    )
    engine.alerts.ports.messengers[EMAIL] = letters
    door.context = replace(door.context, post=letters)
    door.api = create_api(door.context)
    door.http = TestClient(door.api, raise_server_exceptions=False)
    return door


def ask(door, report, email=OWNER, **more):
    return door.http.post(
        f"/api/v1/reports/{report.json()['id']}/email", json={"email": email, **more}, headers=own(report)
    )


def confirm(door, letter):
    token = link_in(letter, "/email").split("#token=")[1]
    return door.http.post("/api/v1/email/confirm", json={"token": token})


def told_by_letter(door, mail, report, email=OWNER, **more):
    before = len(mail.to(email))
    assert ask(door, report, email, **more).status_code == 202
    assert confirm(door, mail.wait(email, before + 1)).status_code == 200


def test_an_owner_confirms_an_address_and_is_told_of_a_later_find(door, mail):
    report = door.report("lost", photo(1), name="Barsik", **HOME)
    told_by_letter(door, mail, report, language="ru")

    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()

    letter = mail.wait(OWNER, 2)
    assert letter["Subject"] == "Barsik: 1 похожее животное"
    assert link_in(letter, "/lost/").startswith(f"/lost/{report.json()['id']}#token=")
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    (picture,) = letter.iter_attachments()
    assert picture.get_content()[:2] == b"\xff\xd8"
    door.world.engine.deliver_due_alerts()
    assert len(mail.to(OWNER)) == 2


def test_nothing_goes_to_an_address_that_was_not_confirmed(door, mail):
    report = door.report("lost", photo(1), **HOME)
    ask(door, report)

    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()

    assert [letter["Subject"] for letter in mail.letters] == ["Confirm this address for news of your cat"]


def test_a_finder_is_told_of_a_later_owner_and_of_a_message(door, mail):
    found = door.report("found", photo(1), **NEAR)
    told_by_letter(door, mail, found, "finder@example.org")
    lost = door.report("lost", photo(1, noise=2), name="Rex", home_lat="57.6", home_lon="39.85", **HOME)
    door.world.engine.deliver_due_alerts()
    letter = mail.wait("finder@example.org", 2)
    assert letter["Subject"] == "Somebody may be looking for the animal that you reported"
    assert link_in(letter, "/found/")
    assert "57.6" not in letter.as_string()

    pair = lost.json()["id"], found.json()["id"]
    door.http.put(f"/api/v1/lost/{pair[0]}/matches/{pair[1]}/verdict", json={"verdict": "same"}, headers=own(lost))
    body = {"lost_id": pair[0], "found_id": pair[1]}
    assert door.http.post("/api/v1/handovers", json=body, headers=own(lost)).status_code == 201
    door.world.engine.deliver_due_alerts()

    assert mail.wait("finder@example.org", 3)["Subject"] == "An owner says that the animal you found is theirs"


def test_a_finder_reads_that_an_owner_says_so_and_decides(door, mail):
    found = door.report("found", photo(1), **NEAR)
    told_by_letter(door, mail, found, "finder@example.org")
    lost = door.report("lost", photo(1, noise=2), name="Buy at evil.example", **HOME)
    path = f"/api/v1/lost/{lost.json()['id']}/matches/{found.json()['id']}/verdict"
    assert door.http.put(path, json={"verdict": "same", "close": True}, headers=own(lost)).status_code == 200
    door.world.engine.deliver_due_alerts()

    letter = mail.wait("finder@example.org", 2)
    assert letter["Subject"] == "An owner says that the animal you found is theirs, and is home again"
    assert "please close your report" in words(letter)
    assert "evil" not in letter.as_string()


def test_a_lost_link_is_sent_however_the_address_is_spelled(door, mail):
    told_by_letter(door, mail, door.report("lost", photo(1), **HOME), "Owner@Example.org")

    for n, spelled in enumerate(("owner@example.org", "OWNER@example.org", "Owner@Example.org"), start=2):
        assert door.http.post("/api/v1/email/links", json={"email": spelled}).status_code == 202
        assert len(mail.letters) == n


def test_a_stranger_reads_no_words_of_whoever_named_the_address(door, mail):
    report = door.report("lost", photo(1), name="Your parcel waits: https://evil.example", **HOME)
    ask(door, report, "stranger@example.org")

    assert "evil" not in mail.wait("stranger@example.org").as_string()


def test_one_tap_ends_the_letters(door, mail):
    report = door.report("lost", photo(1), **HOME)
    told_by_letter(door, mail, report)
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()
    stop = mail.wait(OWNER, 2)["List-Unsubscribe"].strip("<>").removeprefix("http://pets.example.org")

    assert door.http.post(stop, data={"List-Unsubscribe": "One-Click"}).status_code == 204
    door.world.clock.moment += timedelta(hours=5)
    door.report("found", photo(1, noise=3), **NEAR)
    door.world.engine.deliver_due_alerts()

    assert len(mail.to(OWNER)) == 2


def test_a_lost_link_comes_back_and_strangers_learn_nothing(door, mail):
    reports = [door.report("lost", photo(n), name=f"Pet {n}", **HOME) for n in (1, 2)]
    for report in reports:
        told_by_letter(door, mail, report)

    own = {"Authorization": f"Bearer {reports[1].json()['link'].split('#token=')[1]}"}
    ended = door.http.patch(f"/api/v1/reports/{reports[1].json()['id']}", json={"status": "closed"}, headers=own)
    assert ended.status_code == 200, ended.text

    mine = door.http.post("/api/v1/email/links", json={"email": OWNER})
    nobody = door.http.post("/api/v1/email/links", json={"email": "nobody@example.org"})

    assert (mine.status_code, nobody.status_code) == (202, 202)
    letter = mail.wait(OWNER, 3)
    assert all(f"/lost/{report.json()['id']}#token=" in words(letter) for report in reports)
    assert (words(letter).count("Closed."), words(letter).index("Pet 1") < words(letter).index("Pet 2")) == (1, True)
    assert mail.to("nobody@example.org") == []


def test_a_mailbox_that_is_not_there_ends_the_letters(door, mail):
    report = door.report("lost", photo(1), **HOME)
    told_by_letter(door, mail, report)
    mail.unknown.add(OWNER)
    door.report("found", photo(1, noise=2), **NEAR)

    door.world.engine.deliver_due_alerts()

    with door.world.database.read() as work:
        assert not work.accounts.at(EMAIL, OWNER).reachable


def test_a_dead_mail_server_loses_no_alert(door, mail):
    report = door.report("lost", photo(1), **HOME)
    told_by_letter(door, mail, report)
    letters = door.world.engine.alerts.ports.messengers[EMAIL]
    door.world.engine.alerts.ports.messengers[EMAIL] = replace(letters, smtp=Smtp("smtp://127.0.0.1:1"))
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()
    assert len(mail.to(OWNER)) == 1

    door.world.engine.alerts.ports.messengers[EMAIL] = letters
    door.world.clock.moment += timedelta(minutes=5)
    door.world.engine.deliver_due_alerts()

    assert "1 animal" in mail.wait(OWNER, 2)["Subject"]


def test_a_letter_that_cannot_go_out_is_said(door):
    report = door.report("lost", photo(1), **HOME)
    broken = replace(door.context.post, smtp=Smtp("smtp://127.0.0.1:1"))
    door.api.state.context = replace(door.context, post=broken)

    answer = ask(door, report)

    assert (answer.status_code, answer.json()["code"]) == (503, "mail_failed")


def test_a_server_without_mail_says_so(tmp_path):
    door = Door(tmp_path)
    answer = ask(door, door.report("lost", photo(1)))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert door.http.get("/version").json()["email"] is False
    door.world.database.close()


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b@c", "a@b.c\r\nBcc: x@y.z", "a b@c.d", "<a@b.c>", f"{'a' * 200}@b.c"]
)
def test_what_is_no_address_is_refused(door, mail, email):
    answer = ask(door, door.report("lost", photo(1)), email)

    assert (answer.status_code, answer.json()["field"]) == (422, "email")
    assert mail.letters == []


@pytest.mark.parametrize("token", ["", "nonsense", "WyJhIl0.x.y"])
def test_a_forged_confirmation_is_refused(door, token):
    assert door.http.post("/api/v1/email/confirm", json={"token": token}).status_code == 401
    assert door.http.post("/api/v1/email/stop", params={"sig": token}).status_code == 401


def test_a_mail_server_that_is_down_betrays_no_address(door, mail, capsys):
    told_by_letter(door, mail, door.report("lost", photo(1), **HOME))
    broken = replace(door.context.post, smtp=Smtp("smtp://127.0.0.1:1"))
    door.api.state.context = replace(door.context, post=broken)
    capsys.readouterr()

    answers = [door.http.post("/api/v1/email/links", json={"email": who}) for who in (OWNER, "nobody@example.org")]

    assert [answer.status_code for answer in answers] == [202, 202]
    logged = capsys.readouterr().out
    assert ("mail_failed" in logged, OWNER in logged) == (True, False)


def test_the_answer_does_not_wait_for_the_mail_server(door, mail):
    told_by_letter(door, mail, door.report("lost", photo(1), **HOME))
    is_answered, wrote = threading.Event(), []

    class SlowPost:
        def write(self, address, subject, body):
            assert is_answered.wait(30)
            wrote.append(address)

    door.api.state.context = replace(door.context, post=SlowPost())
    with served(door.api) as url:
        answer = httpx2.post(f"{url}/api/v1/email/links", json={"email": OWNER}, timeout=20)
        is_answered.set()

    assert (answer.status_code, wrote) == (202, [OWNER])


def test_nobody_floods_a_mailbox(door, mail):
    reports = [door.report("lost", photo(n), **HOME) for n in (1, 2)]
    told_by_letter(door, mail, reports[0])
    asked = [ask(door, report, spelled).status_code for report in reports for spelled in (OWNER, OWNER.upper())]

    refused = ask(door, reports[1])
    links = [door.http.post("/api/v1/email/links", json={"email": OWNER}).status_code for _ in range(3)]

    assert (asked, refused.status_code, links) == ([202] * 4, 429, [202] * 3)
    assert 3500 < int(refused.headers["Retry-After"]) <= 3600
    assert len(mail.letters) == 5


def test_one_report_asks_for_few_letters(door, mail):
    report = door.report("lost", photo(1), **HOME)

    codes = [ask(door, report, f"{n}@example.org").status_code for n in range(6)]

    assert codes == [202] * 5 + [429]
    assert len(mail.letters) == 5


def test_the_count_of_letters_keeps_no_address(door, mail):
    names = []
    limit = door.api.state.letters
    counted = lambda name, *_: names.append(name) or 0.0  # noqa: E731
    door.api.state.letters = replace(limit, window=type("Window", (), {"hit": staticmethod(counted)})())

    ask(door, door.report("lost", photo(1), **HOME))

    assert len(names) == 2
    assert not any("owner" in name or "@" in name for name in names)


def stop_letters(door, letter):
    stop = letter["List-Unsubscribe"].strip("<>").removeprefix("http://pets.example.org")
    assert door.http.post(stop).status_code == 204


def told_of_a_find(door, mail, count):
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()
    return mail.wait(OWNER, count)


def test_a_revoked_link_confirms_no_address(door, mail):
    report = door.report("lost", photo(1), **HOME)
    ask(door, report, "thief@example.org")
    revoked = door.http.post(f"/api/v1/reports/{report.json()['id']}/link", headers=own(report))
    assert revoked.status_code == 200

    answer = confirm(door, mail.wait("thief@example.org"))

    assert (answer.status_code, answer.json()["code"]) == (401, "token_expired")
    with door.world.database.read() as work:
        assert work.accounts.at(EMAIL, "thief@example.org") is None


def test_a_link_alone_does_not_move_the_letters_to_another_address(door, mail):
    report = door.report("lost", photo(1), **HOME)
    ask(door, report, "thief@example.org")
    told_by_letter(door, mail, report)

    again = ask(door, report, "thief@example.org")
    late = confirm(door, mail.wait("thief@example.org"))

    assert [(each.status_code, each.json()["code"]) for each in (again, late)] == [(409, "other_address")] * 2
    assert "with the link at the bottom of any of those e-mails" in again.json()["title"]
    told_of_a_find(door, mail, 2)
    assert len(mail.to("thief@example.org")) == 1


def test_whoever_ended_the_letters_gives_a_new_address(door, mail):
    report = door.report("lost", photo(1), **HOME)
    told_by_letter(door, mail, report)
    stop_letters(door, told_of_a_find(door, mail, 2))

    told_by_letter(door, mail, report, "new@example.org")

    with door.world.database.read() as work:
        assert work.accounts.at(EMAIL, OWNER) is None
        assert work.accounts.at(EMAIL, "new@example.org").reachable


def test_a_link_gives_an_address_for_its_own_report_alone(door, mail):
    account = {**door.key("bot"), "Homeward-Account": "one person"}
    reports = [door.report("lost", photo(n), headers=account, name=f"Pet {n}", **HOME) for n in (1, 2)]

    told_by_letter(door, mail, reports[0], "thief@example.org")
    door.http.post("/api/v1/email/links", json={"email": "thief@example.org"})

    links = words(mail.wait("thief@example.org", 2))
    assert ("Pet 1" in links, "Pet 2" in links) == (True, False)


def test_an_address_goes_with_its_last_report(door, mail):
    reports = [door.report("lost", photo(n), **HOME) for n in (1, 2)]
    for report in reports:
        told_by_letter(door, mail, report)

    for report, is_left in zip(reports, (True, False), strict=True):
        door.http.delete(f"/api/v1/reports/{report.json()['id']}", headers=own(report))
        with door.world.database.read() as work:
            assert (work.accounts.at(EMAIL, OWNER) is not None) is is_left
