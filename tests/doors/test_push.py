"""News by web push, through a real push service over HTTPS whose browsers decrypt them."""

import shutil
import ssl
import time
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from homeward.api.factory import create_api
from homeward.domain.devices import PUSH, is_carried
from homeward.messengers.push import PushMessenger
from homeward.messengers.sealed import Vapid, new_secret
from homeward.settings import Settings
from tests.conftest import photo
from tests.doors.conftest import Door, own
from tests.fakes.push import PushService, claims

HOME = {"lat": "57.6", "lon": "39.85"}
NEAR = {"lat": "57.605", "lon": "39.852"}
SUBJECT = "https://pets.example.org"


@pytest.fixture
def service(tmp_path):
    with PushService(tmp_path) as made:
        yield made


@pytest.fixture
def door(tmp_path, service):
    made = with_push(Door(tmp_path / "house", uploads_per_minute=0), service)
    yield made
    made.http.close()
    made.world.database.close()


def with_push(door, service):
    """As `homeward.app` joins them."""
    engine = door.world.engine
    push = PushMessenger(
        vapid=lambda: Vapid.of(engine.devices.secret(new_secret), SUBJECT),
        services=(service.host,),
        devices=engine.devices.of,
        gone=engine.devices.gone,
        trust=service.trust,
    )
    engine.alerts.ports.messengers[PUSH] = push
    door.context = replace(door.context, push=push)
    door.api = create_api(door.context)
    door.http = TestClient(door.api, raise_server_exceptions=False)
    return door


def subscribe(door, report, browser, **more):
    return door.http.put(
        f"/api/v1/reports/{report.json()['id']}/push", json={**browser.subscription, **more}, headers=own(report)
    )


def test_an_owner_is_told_in_the_browser_and_nobody_on_the_way_can_read_it(door, service):
    lost = door.report("lost", photo(1), **HOME, name="Barsik", contact="8 800 secret", secret_mark="a scar")
    phone, laptop = service.browser(), service.browser()
    key = door.http.get("/api/v1/push").json()["key"]
    assert subscribe(door, lost, phone, language="ru").status_code == 204
    assert subscribe(door, lost, laptop).status_code == 204

    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()

    (russian,), (english,) = phone.read(), laptop.read()
    assert russian["title"] == "Barsik: 1 похожее животное"
    assert english == {
        "title": "1 animal that may be Barsik",
        "tag": f"match-{lost.json()['id']}",
        "path": f"/lost/{lost.json()['id']}",
        "language": "en",
    }
    assert b"Barsik" not in phone.raw[0]
    said = claims(phone.headers[0]["authorization"], key)
    assert (said["aud"], said["sub"]) == (f"https://{service.host}", SUBJECT)
    assert 0 < said["exp"] - time.time() < 86400
    assert phone.headers[0]["ttl"] == "86400"
    assert len(phone.headers[0]["topic"]) == 32
    assert door.world.engine.deliver_due_alerts() == 0


def test_a_finder_is_told_that_an_owner_asks(door, service):
    found = door.report("found", photo(1, noise=2), **NEAR, held="held")
    browser = service.browser()
    subscribe(door, found, browser)
    lost = door.report("lost", photo(1), **HOME, name="Barsik")
    pair = {"lost_id": lost.json()["id"], "found_id": found.json()["id"]}
    door.http.put(
        f"/api/v1/lost/{pair['lost_id']}/matches/{pair['found_id']}/verdict",
        json={"verdict": "same"},
        headers=own(lost),
    )
    assert door.http.post("/api/v1/handovers", json=pair, headers=own(lost)).status_code == 201
    door.world.engine.deliver_due_alerts()

    titles = [words["title"] for words in browser.read()]
    assert "An owner says that the animal you found is theirs" in titles
    assert not any("Barsik" in title for title in titles)


def test_a_finder_is_asked_to_close_what_an_owner_says_is_home(door, service):
    found = door.report("found", photo(1, noise=2), **NEAR)
    browser = service.browser()
    subscribe(door, found, browser)
    lost = door.report("lost", photo(1), **HOME, name="Barsik")
    path = f"/api/v1/lost/{lost.json()['id']}/matches/{found.json()['id']}/verdict"
    door.http.put(path, json={"verdict": "same", "close": True}, headers=own(lost))
    door.world.engine.deliver_due_alerts()

    (said,) = [words for words in browser.read() if "body" in words]
    assert said["title"] == "An owner says that the animal you found is theirs, and is home again"
    assert "please close your report" in said["body"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_forgotten_quietly(door, service, status):
    lost = door.report("lost", photo(1), **HOME)
    browser = service.browser()
    subscribe(door, lost, browser)
    browser.status = status
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()

    with door.world.database.read() as work:
        (account,) = [work.accounts.at(PUSH, each.account_id) for each in work.outbox.of_lost(lost.json()["id"])]
        assert work.devices.of_account(account.id) == []
    assert not account.reachable
    browser.status = 201
    subscribe(door, lost, browser)
    door.world.clock.forward(hours=1)
    door.report("found", photo(1, noise=3), **NEAR)
    door.world.engine.deliver_due_alerts()
    assert len(browser.read()) == 1


def test_what_a_service_does_not_take_now_is_tried_again(door, service):
    lost = door.report("lost", photo(1), **HOME)
    browser = service.browser()
    subscribe(door, lost, browser)
    browser.status = 503
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()
    assert browser.read() == []

    browser.status = 201
    door.world.clock.forward(minutes=5)
    door.world.engine.deliver_due_alerts()
    assert len(browser.read()) == 1


def test_one_browser_that_took_it_is_enough(door, service):
    lost = door.report("lost", photo(1), **HOME)
    well, ill = service.browser(), service.browser()
    subscribe(door, lost, well)
    subscribe(door, lost, ill)
    ill.status = 500
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()
    door.world.clock.forward(minutes=5)
    door.world.engine.deliver_due_alerts()

    assert len(well.read()) == 1


def test_who_stops_is_told_no_more_and_what_is_erased_takes_the_browsers_along(door, service):
    lost = door.report("lost", photo(1), **HOME)
    browser = service.browser()
    subscribe(door, lost, browser)
    path = f"/api/v1/reports/{lost.json()['id']}/push/stop"
    assert door.http.post(path, json={"endpoint": browser.endpoint}, headers=own(lost)).status_code == 204
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()
    assert browser.read() == []

    subscribe(door, lost, browser)
    door.http.delete(f"/api/v1/reports/{lost.json()['id']}", headers=own(lost))
    with door.world.database.read() as work:
        assert work.connection.exec_driver_sql("SELECT count(*) FROM devices").scalar() == 0
        assert work.connection.exec_driver_sql("SELECT count(*) FROM accounts").scalar() == 0


def test_nobody_subscribes_to_anothers_report(door, service):
    lost, other = door.report("lost", photo(1)), door.report("lost", photo(2))
    path = f"/api/v1/reports/{lost.json()['id']}/push"

    assert door.http.put(path, json=service.browser().subscription).status_code == 401
    assert door.http.put(path, json=service.browser().subscription, headers=own(other)).status_code == 403


BAD = [
    ("http://{host}/push/1", "endpoint"),
    ("https://127.0.0.1:{port}/push/1", "endpoint"),
    ("https://{host}.evil.example/push/1", "endpoint"),
    ("https://{host}@169.254.169.254/latest", "endpoint"),
    ("https://user@{host}/push/1", "endpoint"),
    ("https://localhost/push/1", "endpoint"),
    ("file:///etc/passwd", "endpoint"),
    ("https://[::1]:x/", "endpoint"),
]


@pytest.mark.parametrize(("address", "field"), BAD)
def test_no_address_but_a_push_services_is_ever_asked(door, service, address, field):
    lost = door.report("lost", photo(1))
    browser = service.browser()
    browser.endpoint = address.format(host=service.host, port=service.host.split(":")[1])
    refused = subscribe(door, lost, browser)

    assert (refused.status_code, refused.json()["field"]) == (422, field)


def test_keys_that_are_none_are_refused(door, service):
    lost, browser = door.report("lost", photo(1)), service.browser()
    good = browser.subscription["keys"]
    for keys in ({**good, "p256dh": "A" * 87}, {**good, "auth": "!" * 22}, {**good, "auth": "AAAA" * 6}):
        path = f"/api/v1/reports/{lost.json()['id']}/push"
        answer = door.http.put(path, json={"endpoint": browser.endpoint, "keys": keys}, headers=own(lost))
        assert answer.status_code == 422, keys


def test_a_service_that_sends_us_elsewhere_is_not_followed(door, service):
    lost = door.report("lost", photo(1), **HOME)
    browser, inner = service.browser(), service.browser()
    subscribe(door, lost, browser)
    browser.status, browser.redirects_to = 307, inner.endpoint
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()

    assert inner.raw == []


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(door, service):
    push = door.world.engine.alerts.ports.messengers[PUSH]
    door.world.engine.alerts.ports.messengers[PUSH] = replace(push, trust=ssl.create_default_context())
    lost, browser = door.report("lost", photo(1), **HOME), service.browser()
    subscribe(door, lost, browser)
    door.report("found", photo(1, noise=2), **NEAR)
    door.world.engine.deliver_due_alerts()

    assert browser.raw == []


def test_the_servers_key_is_part_of_a_backup(door, tmp_path):
    from homeward.storage.backup import backup, restore
    from homeward.storage.photos.place import Place
    from homeward.storage.sql import SqlDatabase

    key = door.http.get("/api/v1/push").json()["key"]
    backup(door.folder, tmp_path / "all.tar", Place(door.folder / "photos"))
    restore(tmp_path / "all.tar", tmp_path / "other", Place(tmp_path / "other" / "photos"))
    shutil.rmtree(door.folder / "photos", ignore_errors=True)
    other = SqlDatabase.open(tmp_path / "other" / "homeward.sqlite")
    with other.read() as work:
        (secret,) = work.keys.secrets(PUSH)
    other.close()

    assert Vapid.of(secret, SUBJECT).public == key


def test_the_services_of_the_common_browsers_are_known():
    services = Settings().push_services
    for endpoint in (
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
    ):
        assert is_carried(endpoint, services)
    assert not is_carried("https://push.services.mozilla.com.evil.example/", services)
    assert not is_carried("https://evilpush.services.mozilla.com/", services)


def test_news_by_letter_come_to_the_browser_too_and_who_stops_the_letters_keeps_the_browser(tmp_path, service):
    from homeward.domain.accounts import EMAIL
    from homeward.messengers.push import AndPush
    from tests.doors.test_email import OWNER, told_by_letter, with_letters
    from tests.fakes.mail import Mailboxes

    with Mailboxes() as mail:
        door = with_letters(Door(tmp_path / "house", uploads_per_minute=0), mail.url)
        letters = door.world.engine.alerts.ports.messengers[EMAIL]
        with_push(door, service)
        messengers = door.world.engine.alerts.ports.messengers
        messengers[EMAIL] = AndPush(letters, messengers[PUSH])
        lost, browser = door.report("lost", photo(1), **HOME, name="Barsik"), service.browser()
        subscribe(door, lost, browser)
        told_by_letter(door, mail, lost)
        door.report("found", photo(1, noise=2), **NEAR)
        door.world.engine.deliver_due_alerts()
        mail.wait(OWNER, 2)
        assert len(browser.read()) == 1

        with door.world.database.read() as work:
            account = work.accounts.at(EMAIL, OWNER)
        door.world.engine.letters.stop(account.id)
        door.world.clock.forward(hours=1)
        door.report("found", photo(1, noise=3), **NEAR)
        door.world.engine.deliver_due_alerts()
        assert len(browser.read()) == 2
        with door.world.database.read() as work:
            assert work.accounts.at(EMAIL, OWNER) is None
        door.http.close()
        door.world.database.close()
