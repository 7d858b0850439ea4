"""Alerts on a device: the button, the subscription that reaches the server, and the news that the service worker shows.

Chromium reaches no push service in tests, so `subscribe` answers with a browser of the tests' own push service; what
comes in is handed to the real service worker by the browser's developer protocol.
"""

import json

import pytest
from playwright.sync_api import expect

from tests.browser import WITH_WINDOWS
from tests.conftest import photo
from tests.doors.conftest import Door
from tests.doors.test_push import with_push
from tests.fakes.push import PushService
from tests.web.conftest import browsing, path_of, violations

pytestmark = pytest.mark.skipif(
    WITH_WINDOWS is None, reason="there is no chromium with windows, which shows notifications"
)

SUBSCRIBED = """subscription => {
    let made = null;
    const fresh = options => ({
        ...subscription, options, toJSON: () => subscription, unsubscribe: async () => { made = null; return true; },
    });
    PushManager.prototype.getSubscription = async () => made;
    PushManager.prototype.subscribe = async options => (made = fresh(options));
}"""


# the notification, once it is there; null after two seconds' frames without one
SHOWN = """async () => {
    const worker = await navigator.serviceWorker.ready;
    for (let frame = 0; frame < 120; frame += 1) {
        const [shown] = await worker.getNotifications();
        if (shown) return [shown.title, shown.tag, shown.data];
        await new Promise(requestAnimationFrame);
    }
    return null;
}"""


@pytest.fixture(scope="module")
def chromium():
    with browsing(WITH_WINDOWS) as browser:
        yield browser


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


def with_browser(page, browser):
    page.add_init_script(f"({SUBSCRIBED})({json.dumps(browser.subscription)})")


def test_on_an_iphone_the_way_over_the_home_screen_is_told(visit, door):
    lost = door.report("lost", photo(1), name="Barsik")
    iphone = (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile Safari/604.1"
    )
    page = visit("/", user_agent=iphone)
    page.add_init_script("delete window.PushManager")

    visit(path_of(lost), page=page)
    page.get_by_text("More", exact=True).click()

    expect(page.get_by_text("To get alerts on an iPhone: copy your link")).to_be_visible()
    expect(page.get_by_role("button", name="Alert me on this device")).to_have_count(0)


def test_an_owner_is_alerted_on_the_device_and_ends_it_again(visit, door, service):
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85", name="Barsik")
    page = visit(path_of(lost), permissions=["notifications"])
    browser = service.browser()
    with_browser(page, browser)
    page.evaluate("() => navigator.serviceWorker.ready.then(() => true)")  # else the reload may come before it works
    page.reload()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Alert me on this device").click()
    expect(page.get_by_role("button", name="Stop alerts on this device")).to_be_visible()
    assert violations(page) == []
    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    door.world.engine.deliver_due_alerts()
    (words,) = browser.read()

    protocol = page.context.new_cdp_session(page)
    registrations = []
    protocol.on("ServiceWorker.workerRegistrationUpdated", lambda told: registrations.extend(told["registrations"]))
    protocol.send("ServiceWorker.enable")
    page.wait_for_function("() => navigator.serviceWorker.controller !== null")
    (registration,) = {each["registrationId"] for each in registrations}
    origin = page.evaluate("location.origin")
    pushed = {"origin": origin, "registrationId": registration, "data": json.dumps(words)}
    shown = None
    while shown is None:  # a worker that is just being stopped loses it; the test's own time limit ends it
        protocol.send("ServiceWorker.deliverPushMessage", pushed)
        shown = page.evaluate(SHOWN)
    assert shown == ["1 animal that may be Barsik", f"match-{lost.json()['id']}", f"/lost/{lost.json()['id']}"]

    page.get_by_role("button", name="Stop alerts on this device").click()
    expect(page.get_by_role("button", name="Alert me on this device")).to_be_visible()
    with door.world.database.read() as work:
        assert work.connection.exec_driver_sql("SELECT count(*) FROM devices").scalar() == 0


def test_where_alerts_are_forbidden_the_page_says_so(visit, door):
    lost = door.report("lost", photo(1), name="Barsik")
    page = visit(path_of(lost), language="ru-RU")
    page.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' })")
    page.reload()
    page.get_by_text("Ещё", exact=True).click()

    expect(page.get_by_text("Уведомления для этой страницы запрещены")).to_be_visible()


@pytest.mark.parametrize(("language", "title"), [("en", "What to do now"), ("ru", "Что делать сейчас")])
def test_what_to_do_now_is_said_with_its_sources_and_without_javascript(visit, language, title):
    page = visit(f"/now?species=cat&lang={language}", java_script_enabled=False)

    expect(page.get_by_role("heading", level=1)).to_have_text(title)
    expect(page.get_by_role("link", name="10.3390/ani8010005")).to_be_visible()
    assert page.locator("#dog").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_to_do_now_can_be_used_by_everybody(visit):
    page = visit("/now")

    assert violations(page) == []
    assert page.locator("#dog").count() == 1
