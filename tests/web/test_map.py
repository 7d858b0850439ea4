"""The map of matches, looked at as a person does: by the colours on the screen."""

import io
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from homeward.basemap import checked
from tests.conftest import photo
from tests.doors.conftest import Door
from tests.fakes.city_map import pmtiles, tile
from tests.running import served
from tests.web.conftest import DESK, PHONE, SMALL, path_of, violations

HOME = {"lat": "57.6", "lon": "39.85", "home_lat": "57.6", "home_lon": "39.85"}
RED, ORANGE, ACCENT = (178, 24, 43), (200, 85, 63), (138, 75, 8)


@pytest.fixture
def seen(door):
    """Barsik is lost, seen at two places, twice at the second of them; an hour passes between each."""
    start = datetime.now(UTC) - timedelta(days=1)
    for n, (lat, lon) in enumerate((("57.606", "39.84"), ("57.596", "39.859"), ("57.596", "39.859"))):
        when = (start + timedelta(hours=n)).isoformat()
        door.report("found", photo(1, noise=2 + n), lat=lat, lon=lon, happened_at=when, address=f"place {n}")
    return door.report("lost", photo(1), name="Barsik", happened_at=start.isoformat(), **HOME)


@pytest.fixture
def page(visit, seen):
    opened = visit(path_of(seen))
    opened.get_by_role("button", name="Map", exact=True).click()
    expect(opened.locator(".map[data-ready]")).to_be_visible()
    return opened


def coloured(page, colour):
    """Which pixels of the uncovered map have a colour."""
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB")).astype(int)
    is_it = np.abs(shot - np.array(colour)).sum(axis=2) < 24
    box = page.locator(".map").bounding_box()
    outside = np.ones_like(is_it)
    outside[int(box["y"]) : int(box["y"] + box["height"]), int(box["x"]) : int(box["x"] + box["width"])] = False
    for over in (".legend", ".map-foot", ".views"):
        if page.locator(over).is_visible():
            covered = page.locator(over).bounding_box()
            y, x = int(covered["y"]), int(covered["x"])
            outside[y : y + int(covered["height"]) + 2, x : x + int(covered["width"]) + 2] = True
    return is_it & ~outside


def spots(page, colour, *, least=60):
    """The middles of patches of a colour, largest first."""
    from skimage.measure import label, regionprops

    found = [each for each in regionprops(label(coloured(page, colour))) if each.area >= least]
    return [(each.centroid[1], each.centroid[0]) for each in sorted(found, key=lambda each: -each.area)]


def until(page, seen):
    """Look again at each frame until it is so."""
    for _ in range(600):
        if found := seen():
            return found
        page.evaluate("() => new Promise(requestAnimationFrame)")
    raise AssertionError("it is never seen")


def marks(page, count):
    """The middles of the red marks, once there are so many."""

    def apart():
        found = []
        for spot in spots(page, RED):
            if all(np.hypot(spot[0] - x, spot[1] - y) > 20 for x, y in found):
                found.append(spot)
        return found if len(found) == count else None

    return until(page, apart)


def leftmost(found):
    return min(found)


def test_a_mark_that_is_tapped_shows_its_match_and_is_chosen_in_the_list_too(page):
    page.mouse.click(*leftmost(marks(page, 2)))

    card = page.get_by_role("region", name="Chosen on the map")
    expect(card).to_contain_text("place 0")
    expect(page.locator("li.card.selected")).to_contain_text("place 0")
    card.get_by_role("button", name="Compare", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("place 0")


def test_a_thumb_alone_finds_its_way_over_list_map_and_photos(visit, seen):
    page = visit(path_of(seen), language="ru-RU", has_touch=True, is_mobile=True)
    expect(page.locator("li.card")).to_have_count(3)
    page.get_by_role("button", name="Карта", exact=True).tap()
    expect(page.locator(".map[data-ready]")).to_be_visible()

    page.touchscreen.tap(*leftmost(marks(page, 2)))

    card = page.get_by_role("region", name="Выбрано на карте")
    expect(card).to_contain_text("place 0")
    card.get_by_role("button", name="Сравнить", exact=True).tap()
    expect(page.get_by_role("dialog")).to_contain_text("place 0")
    page.get_by_role("dialog").get_by_role("button", name="Закрыть").tap()
    card.get_by_role("button", name="Закрыть").tap()
    expect(card).to_have_count(0)
    page.get_by_role("button", name="Список", exact=True).tap()
    page.get_by_role("button", name="Нет", exact=True).first.tap()
    expect(page.get_by_text("Вы ответили: другое животное")).to_be_visible()


def test_what_is_chosen_in_the_list_is_chosen_on_the_map(visit, seen):
    page = visit(path_of(seen))
    page.locator("li.card", has_text="place 0").get_by_role("button", name="On the map").click()

    expect(page.get_by_role("region", name="Chosen on the map")).to_contain_text("place 0")
    expect(page.locator(".map[data-ready]")).to_be_visible()
    x, y = leftmost(marks(page, 2))
    assert any(np.hypot(x - a, y - b) < 8 for a, b in spots(page, ACCENT)), "there is no ring around it"


def test_two_at_one_place_fan_out(page):
    both = max(marks(page, 2))
    page.mouse.click(*both)
    away = [np.hypot(both[0] - x, both[1] - y) for x, y in marks(page, 4)]
    fanned = [at for at, far in zip(marks(page, 4), away, strict=True) if 20 < far < 80]
    assert len(fanned) == 2
    page.mouse.click(*fanned[0])

    expect(page.get_by_role("region", name="Chosen on the map")).to_contain_text(re.compile("place [12]"))
    card = page.locator(".map-card").bounding_box()
    until(page, lambda: all(abs(y - card["y"]) > 80 and x > 60 for x, y in spots(page, RED)))  # moved clear of the card
    page.mouse.click(card["x"] + 20, card["y"] - 60)
    marks(page, 1)  # the third has moved out of sight


def test_keys_alone_lead_from_match_to_match(page):
    page.mouse.click(*leftmost(marks(page, 2)))
    card = page.get_by_role("region", name="Chosen on the map")
    first = card.inner_text()
    step = card.get_by_role("button", name="Next") if card.get_by_role("button", name="Next").is_enabled() else None
    (step or card.get_by_role("button", name="Previous")).press("Enter")

    expect(card).not_to_have_text(first)


def test_the_filter_holds_for_the_map_and_draws_its_circle(door, seen, page):
    door.report("found", photo(1, noise=9), lat="57.594", lon="39.87", address="far away")
    page.reload()
    page.get_by_role("button", name="Map", exact=True).click()
    until(page, lambda: spots(page, ORANGE))
    before = coloured(page, ACCENT).sum()
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Within").select_option("1")
    page.get_by_role("button", name="Done").click()

    page.locator(".map").scroll_into_view_if_needed()
    marks(page, 2)
    until(page, lambda: not spots(page, ORANGE))
    until(page, lambda: coloured(page, ACCENT).sum() > before + 100)


def test_the_sightings_play_in_their_order(page):
    bar = page.get_by_role("slider", name="Seen until")
    expect(page.locator(".time-says")).to_have_text("3 sightings")
    bar.fill("0")
    expect(page.locator(".time-says")).to_contain_text("· 1 sighting")
    marks(page, 1)
    bar.press("ArrowRight")
    expect(page.locator(".time-says")).to_contain_text("· 2 sightings")
    bar.fill("2")
    expect(page.locator(".time-says")).to_have_text("3 sightings")

    page.get_by_role("button", name="Play in time order").click()
    expect(page.locator(".time-says")).to_contain_text("· 1 sighting")
    expect(page.locator(".time-says")).to_contain_text("· 2 sightings")
    expect(page.locator(".time-says")).to_have_text("3 sightings")
    expect(page.get_by_role("button", name="Play in time order")).to_be_visible()


def test_the_way_leads_through_what_the_owner_confirmed(visit, seen):
    page = visit(path_of(seen), viewport=DESK)
    expect(page.locator(".map[data-ready]")).to_be_visible()
    before = coloured(page, ACCENT).sum()
    for place in ("place 0", "place 1"):
        page.locator("tr", has_text=place).get_by_role("button", name="Yes, it is").click()
    expect(page.get_by_text("You said: it is")).to_have_count(2)

    until(page, lambda: coloured(page, ACCENT).sum() > before + 200)


def test_the_page_says_which_ground_it_has(page):
    expect(page.get_by_text("A plain map: districts, no streets.")).to_be_visible()


def test_without_webgl_the_way_back_is_the_list(visit, seen):
    page = visit("/")
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    visit(path_of(seen), page=page)
    page.get_by_role("button", name="Map", exact=True).click()
    expect(page.get_by_text("This device cannot draw the map.")).to_be_visible()
    page.get_by_role("button", name="Show the list").click()

    expect(page.locator("li.card").first).to_be_visible()


@pytest.mark.parametrize(
    ("viewport", "scheme", "language", "on_the_map", "marks"),
    [
        (SMALL, "dark", "en-US", "On the map", "What the marks mean"),
        (SMALL, "light", "ru-RU", "На карте", "Что значат метки"),
        (PHONE, "light", "en-US", "On the map", "What the marks mean"),
    ],
)
def test_everybody_can_use_the_map(visit, seen, viewport, scheme, language, on_the_map, marks):
    page = visit(path_of(seen), viewport=viewport, scheme=scheme, language=language)
    page.locator("li.card").first.get_by_role("button", name=on_the_map).click()
    expect(page.locator(".map[data-ready]")).to_be_visible()
    page.get_by_text(marks).click()

    assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    assert violations(page) == []


def test_the_streets_come_from_the_citys_own_file_and_nothing_from_elsewhere(chromium, tmp_path):
    road = (221, 212, 199)
    city = tmp_path / "city.pmtiles"
    west, south, east, north = 39.7265625, 57.5157, 40.078125, 57.7042
    square = [(0, 0), (4096, 0), (4096, 4096), (0, 4096)]
    drawn = tile(
        earth=[(3, square, {"kind": "earth"})],
        roads=[(2, [(0, 1900), (4096, 2500)], {"kind": "major_road", "kind_detail": "primary", "name": "Улица"})],
    )
    city.write_bytes(pmtiles({(10, 625, 310): drawn}, west=west, south=south, east=east, north=north))
    door = Door(tmp_path / "house", map_file=checked(city), uploads_per_minute=0)
    door.report("found", photo(1, noise=2), lat="57.606", lon="39.84")
    lost = door.report("lost", photo(1), name="Barsik", **HOME)
    asked = []
    with served(door.api) as url:
        page = chromium.new_page(viewport=DESK)
        page.on("request", lambda request: asked.append((request.url, request.headers.get("range"))))
        page.goto(url + path_of(lost))
        expect(page.locator(".map[data-ready]")).to_be_visible(timeout=30_000)
        expect(page.get_by_text("Streets come from this server.")).to_be_visible()
        expect(page.get_by_role("link", name="© OpenStreetMap contributors")).to_be_visible()
        until(page, lambda: coloured(page, road).sum() > 200)
        page.close()
    assert {address for address, part in asked if part} == {f"{url}/map/city.pmtiles"}
    assert all(address.startswith((url, "blob:", "data:")) for address, _ in asked)


def test_streets_that_cannot_be_had_leave_the_districts(chromium, tmp_path):
    door = Door(tmp_path / "house", map_styles=("http://127.0.0.1:9/style",) * 2, uploads_per_minute=0)
    door.report("found", photo(1, noise=2), lat="57.606", lon="39.84")
    lost = door.report("lost", photo(1), name="Barsik", **HOME)
    with served(door.api) as url:
        page = chromium.new_page(viewport=DESK)
        page.goto(url + path_of(lost))
        expect(page.get_by_text("Streets are not available right now")).to_be_visible(timeout=30_000)
        expect(page.locator(".map[data-ready]")).to_be_visible(timeout=30_000)
        marks(page, 1)
        page.close()
