"""A reader who has set letters twice as large, on a phone: nothing is cut and nothing scrolls sideways."""

import pytest
from playwright.sync_api import expect

from homeward.api.auth import new_key
from tests.browser import CHROMIUM
from tests.conftest import photo
from tests.web.conftest import FLAGS, path_of
from tests.web.test_owner import TOO_WIDE

PLACE = {"lat": "57.6", "lon": "39.85"}

LINES = "each => { const text = new Range(); text.selectNodeContents(each); return text.getClientRects().length; }"


@pytest.fixture(scope="module")
def chromium(chromium):
    browser = chromium.browser_type.launch(
        executable_path=CHROMIUM, args=[*FLAGS, "--blink-settings=defaultFontSize=32"]
    )
    yield browser
    browser.close()


@pytest.fixture
def lost(door):
    door.report("found", photo(1, noise=2), held="held", **PLACE)
    return door.report("lost", photo(1), name="Barsik", listed="true", **PLACE)


def sticking_out(page):
    wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return page.evaluate(TOO_WIDE) + [f"the page, by {wider} px"] * (wider > 0)


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
def test_an_owner_reads_list_map_and_photos(visit, lost, language):
    page = visit(path_of(lost), language=language)
    expect(page.locator("li.card")).to_have_count(1)
    page.locator(".more summary").click()
    page.locator(".filter-line > button").click()
    assert sticking_out(page) == []
    page.locator(".views button").last.click()
    expect(page.locator(".map[data-ready]")).to_be_visible()
    assert sticking_out(page) == []
    page.locator(".views button").first.click()
    page.locator(".pair").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    assert sticking_out(page) == []


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
def test_everything_on_the_map_can_be_tapped_and_no_word_is_broken(visit, door, lost, language):
    door.report("found", photo(1, noise=3), lat="57.61", lon="39.86", happened_at="2026-01-02T03:04:00Z")
    page = visit(path_of(lost), language=language, viewport={"width": 360, "height": 640})
    expect(page.locator("li.card")).to_have_count(2)
    page.locator(".to-map").first.click()
    expect(page.locator(".map[data-ready]")).to_be_visible()
    expect(page.locator(".map-card .degree")).to_be_in_viewport(ratio=1)
    for over in (".map-card", ".time-bar", ".legend"):
        assert page.locator(over).bounding_box()["y"] >= bottom_of(page, ".maplibregl-ctrl-zoom-out"), over
    page.locator(".time-bar .round").click()
    for each in (".maplibregl-ctrl-zoom-in", ".maplibregl-ctrl-zoom-out", ".legend summary", ".map-card-close"):
        page.locator(each).click()
    assert sticking_out(page) == []
    for each in page.locator(".views button").all():
        assert each.evaluate(LINES) == 1


def bottom_of(page, selector):
    box = page.locator(selector).bounding_box()
    return box["y"] + box["height"]


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
def test_every_other_page_keeps_to_the_screen(visit, lost, language):
    page = visit(path_of(lost), language=language)
    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()
    pet = lost.json()["id"]
    paths = ("/", "/lost/new", "/found/new", "/board", "/now", "/privacy", "/desk")
    for path in (*paths, f"/pet/{pet}", f"/lost/{pet}/poster"):
        visit(path, page=page)
        expect(page.locator("h1").first).to_be_visible()
        assert sticking_out(page) == [], path
        name, other = (page.locator(f".top > {each}").bounding_box() for each in (".brand", ".plain"))
        assert name["x"] + name["width"] <= other["x"] or name["y"] + name["height"] <= other["y"], path


def test_no_camera_lies_under_the_buttons_of_the_map(visit, door):
    for lat, lon in ((57.56, 39.80), (57.66, 39.95)):
        camera = {"name": "yard", "district": "", "lat": lat, "lon": lon}
        assert door.http.post("/api/v1/cameras", json=camera, headers=door.key("admin")).status_code == 201
    _, secret = new_key(door.context, "Anna", "admin", None)
    page = visit(f"/desk#token={secret}")
    page.locator(".desk-tabs [href='#cameras']").click()
    expect(page.locator(".camera-map[data-ready]")).to_be_visible()
    buttons = page.locator(".camera-map .maplibregl-ctrl-group").bounding_box()

    for mark in page.locator(".camera-mark").all():
        box = mark.bounding_box()
        assert box["x"] + box["width"] <= buttons["x"] or box["y"] >= buttons["y"] + buttons["height"]


# of each select the longest choice, chosen: wider than the select, yet in no more lines than beside enough room
CUT = """[...document.querySelectorAll("select")].filter((each) => each.checkVisibility()).flatMap((each) => {
  const texts = [...each.options].map((option) => option.text);
  each.selectedIndex = texts.reduce((best, text, n) => (text.length > texts[best].length ? n : best), 0);
  const whole = each.cloneNode(true);
  whole.selectedIndex = each.selectedIndex;
  Object.assign(whole.style, {position: "absolute", width: "max-content", maxWidth: "none"});
  each.after(whole);
  const isCut = whole.offsetWidth > each.offsetWidth + 1 && whole.offsetHeight >= each.offsetHeight;
  whole.remove();
  return isCut ? [texts[each.selectedIndex]] : [];
})"""


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
@pytest.mark.parametrize("width", [320, 390])
def test_a_choice_is_read_to_its_end(visit, lost, language, width):
    page = visit(path_of(lost), language=language, viewport={"width": width, "height": 640})
    page.locator(".filter-line > button").click()
    expect(page.locator(".choice-grid select")).to_have_count(4)

    assert page.evaluate(CUT) == []
    assert sticking_out(page) == []
