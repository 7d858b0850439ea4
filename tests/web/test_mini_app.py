"""The owner's page as a Mini App, in a real browser that plays Telegram: launch data behind the #, its events."""

import io
import json
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.conftest import photo
from tests.doors.conftest import Door
from tests.doors.test_mini_app import TOKEN, filed_in_the_chat, launch_data
from tests.web.conftest import violations

NIGHT = {
    "bg_color": "#17212b",
    "text_color": "#f5f5f5",
    "button_color": "#5288c1",
    "button_text_color": "#ffffff",
    "secondary_bg_color": "#232e3c",
    "section_bg_color": "#17212b",
    "subtitle_text_color": "#b1c3d5",
}
PROXY = """
window.told = [];
window.TelegramWebviewProxy = { postEvent: (type, data) => window.told.push([type, JSON.parse(data)]) };
"""


@pytest.fixture
def door(tmp_path):
    from homeward.api.telegram import app_secret

    made = Door(tmp_path / "house", uploads_per_minute=0, telegram_app_secret=app_secret(TOKEN))
    yield made
    made.http.close()
    made.world.database.close()


@pytest.fixture
def phone(visit):
    page = visit("/")
    page.add_init_script(PROXY)
    return page


def address(report, init_data, theme=NIGHT):
    shown = f"tgWebAppVersion=8.0&tgWebAppPlatform=android&tgWebAppThemeParams={quote(json.dumps(theme))}"
    return f"/telegram/lost/{report['id']}#tgWebAppData={quote(init_data)}&{shown}"


def told(page, event):
    return [data for kind, data in page.evaluate("window.told") if kind == event]


def last_told(page, event, wanted):
    """Whether the last word about an event is soon the one wanted: it follows what is drawn by a frame."""
    for _ in range(300):
        if told(page, event)[-1:] == [wanted]:
            return True
        page.evaluate("() => new Promise(requestAnimationFrame)")
    return False


def test_the_page_opens_in_telegram_in_its_colours_with_its_back_button(visit, door, phone):
    report = filed_in_the_chat(door, 7)
    door.report("found", photo(7, noise=1))
    visit(address(report, launch_data(TOKEN, 7, door.world.clock.now())), page=phone)
    expect(phone.get_by_role("heading", name="Barsik")).to_be_visible()

    assert "#" not in phone.url
    ground = phone.evaluate("getComputedStyle(document.documentElement).getPropertyValue('--ground')")
    assert ground.strip() == NIGHT["bg_color"]
    assert phone.evaluate("document.documentElement.dataset.scheme") == "dark"
    assert told(phone, "web_app_ready")
    assert violations(phone) == []
    phone.get_by_role("button", name="Compare").first.click()
    expect(phone.get_by_role("dialog")).to_be_visible()
    assert last_told(phone, "web_app_setup_back_button", {"is_visible": True})
    phone.evaluate("window.Telegram.WebView.receiveEvent('back_button_pressed', null)")
    expect(phone.get_by_role("dialog")).to_have_count(0)
    assert last_told(phone, "web_app_setup_back_button", {"is_visible": False})

    phone.get_by_role("button", name="Map", exact=True).click()
    assert last_told(phone, "web_app_setup_back_button", {"is_visible": True})
    phone.evaluate("window.Telegram.WebView.receiveEvent('back_button_pressed', null)")
    expect(phone.locator("li.card")).to_be_visible()
    assert last_told(phone, "web_app_setup_back_button", {"is_visible": False})

    phone.reload()
    expect(phone.get_by_role("heading", name="Barsik")).to_be_visible()
    phone.get_by_text("More", exact=True).click()
    phone.get_by_role("link", name="What to do now").click()
    assert told(phone, "web_app_open_link")[-1]["url"].endswith("/now?species=cat&lang=en")
    phone.get_by_role("link", name="Poster to print").click()
    expect(phone.get_by_role("heading", name="LOST")).to_be_visible()
    assert last_told(phone, "web_app_setup_back_button", {"is_visible": True})


def test_the_map_is_as_dark_as_telegram_whatever_the_device_is(visit, door, phone):
    report = filed_in_the_chat(door, 7)
    door.report("found", photo(7, noise=1), lat="57.606", lon="39.84")
    visit(address(report, launch_data(TOKEN, 7, door.world.clock.now())), page=phone)
    phone.get_by_role("button", name="Map", exact=True).click()
    expect(phone.locator(".map[data-ready]")).to_be_visible()
    assert brightness(phone) < 80

    day = {name: "#ffffff" if "bg" in name else "#000000" for name in NIGHT}
    phone.evaluate("told => window.Telegram.WebView.receiveEvent('theme_changed', told)", {"theme_params": day})

    expect(phone.locator("html")).to_have_attribute("data-scheme", "light")
    expect(phone.locator(".map[data-ready]")).to_be_visible()
    assert brightness(phone) > 180


def brightness(page):
    """Of the map, 0 to 255."""
    shot = Image.open(io.BytesIO(page.locator(".map").screenshot())).convert("L")
    return float(np.asarray(shot).mean())


@pytest.mark.parametrize("wrong", ["signature", "old", "another bot", "somebody else's pet", "used"])
def test_a_launch_that_is_not_right_shows_nothing(visit, door, phone, wrong):
    from datetime import timedelta

    report, now = filed_in_the_chat(door, 7), door.world.clock.now()
    filed_in_the_chat(door, 8)
    data = {
        "signature": launch_data(TOKEN, 7, now)[:-4] + "beef",
        "old": launch_data(TOKEN, 7, now - timedelta(hours=2)),
        "another bot": launch_data("43:another", 7, now),
        "somebody else's pet": launch_data(TOKEN, 8, now),
        "used": launch_data(TOKEN, 7, now),
    }[wrong]
    if wrong == "used":
        visit(address(report, data))
    visit(address(report, data), page=phone)

    expect(phone.get_by_role("heading", name="This link does not work")).to_be_visible()
    assert "Barsik" not in phone.content()
