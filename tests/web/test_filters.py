"""Every filter and every order of the owner's page, in a real browser, by what a person then sees."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from homeward.cli.demo.city import DISTRICTS
from homeward.districts import GeoJsonDistricts
from homeward.domain.matches import MatchQuery
from homeward.domain.places import Point
from homeward.domain.reports import Shelf
from homeward.ports import ReportQuery
from tests.conftest import photo
from tests.doors.conftest import Door
from tests.web.conftest import DESK, path_of

HOME = {"lat": "57.6007", "lon": "39.8512", "home_lat": "57.6007", "home_lon": "39.8512"}
NOW = datetime.now(UTC)
OLD_TOWN, STATION, NOWHERE = (
    {"lat": "57.6020", "lon": "39.8530"},
    Point(57.6281, 39.8012),
    {"lat": "57.9", "lon": "39.85"},
)


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path / "house", parts={"districts": GeoJsonDistricts(DISTRICTS)}, uploads_per_minute=0)
    yield made
    made.http.close()
    made.world.database.close()


@pytest.fixture
def page(door, visit):
    """Three matches: today in Old Town, two days ago by a camera at the station, four days ago in no district."""
    door.report("found", photo(1, noise=2), address="bakery", happened_at=days_ago(0), **OLD_TOWN)
    door.report("found", photo(1, noise=5), address="far farm", happened_at=days_ago(4), **NOWHERE)
    door.world.camera("kiosk", STATION)
    door.http.post(
        "/api/v1/sightings", headers=door.key("sightings", "kiosk"),
        files=[("photo", ("a.jpg", photo(1, noise=3))), ("seen_at", (None, days_ago(2)))],
    )  # fmt: skip
    lost = door.report("lost", photo(1), name="Barsik", happened_at=days_ago(5), **HOME)
    opened = visit(path_of(lost), viewport=DESK)
    expect(rows(opened)).to_have_count(3)
    return opened


def days_ago(days):
    return (NOW - timedelta(days=days)).isoformat()


def day(days):
    return (NOW - timedelta(days=days)).date().isoformat()


def rows(page):
    return page.locator(".matches tbody tr")


def names(page):
    """Of the matches, from top to bottom."""
    shown = rows(page).all_inner_texts()
    return [next(name for name in ("bakery", "kiosk", "far farm") if name in row) for row in shown]


def test_a_choice_hides_what_it_excludes_and_gives_it_back(page):
    page.get_by_role("button", name="Filter").click()
    for label, value, kept, told in (
        ("Within", "1", {"bakery"}, "max_km=1"),
        ("Within", "10", {"bakery", "kiosk"}, "max_km=10"),
        ("Seen by", "camera", {"kiosk"}, "source=camera"),
        ("Seen by", "person", {"bakery", "far farm"}, "source=person"),
        ("Your answer", "none", {"bakery", "kiosk", "far farm"}, "verdict=none"),
        ("Your answer", "same", set(), "verdict=same"),
    ):
        choice = page.locator("label", has_text=label).locator("select")
        choice.select_option(value)

        expect(rows(page)).to_have_count(len(kept))
        assert set(names(page)) == kept, (label, value)
        assert told in page.url
        if len(kept) < 3:
            expect(page.get_by_text(f"Your filter hides {3 - len(kept)} match")).to_be_visible()
        choice.select_option("")
        expect(rows(page)).to_have_count(3)


def test_days_bound_what_is_shown(page):
    page.get_by_role("button", name="Filter").click()
    for label, days, kept in (
        ("Seen from", 3, {"bakery", "kiosk"}),
        ("Seen from", 1, {"bakery"}),
        ("Seen until", 1, {"kiosk", "far farm"}),
    ):
        chosen = page.locator("label", has_text=label).locator("input")
        chosen.fill(day(days))

        expect(rows(page)).to_have_count(len(kept))
        assert set(names(page)) == kept, (label, days)
        chosen.fill("")
        expect(rows(page)).to_have_count(3)


def test_districts_are_counted_and_several_can_be_chosen(page):
    page.get_by_role("button", name="Filter").click()
    choice = page.get_by_role("group", name="District")
    counted = [told.replace("\n", " ") for told in choice.get_by_role("button").all_inner_texts()]
    assert sorted(counted) == ["Old Town 1", "Station 1", "no district 1"]

    choice.get_by_role("button", name="Station").click()
    expect(rows(page)).to_have_count(1)
    choice.get_by_role("button", name="no district").click()

    expect(rows(page)).to_have_count(2)
    assert set(names(page)) == {"kiosk", "far farm"}
    page.get_by_role("button", name="Remove: District: ").click()
    expect(rows(page)).to_have_count(3)


def test_the_least_degree_bounds_what_is_shown(page, door):
    with door.world.database.read() as work:
        (lost,) = work.reports.find(ReportQuery(shelf=Shelf.LOST))
        degrees = [view.match.degree for view in work.matches.page(lost.id, MatchQuery()).items]
    page.get_by_role("button", name="Filter").click()
    for least in ("0.25", "0.6", "0.9"):
        page.locator("label", has_text="Likelihood at least").locator("select").select_option(least)
        expect(rows(page)).to_have_count(sum(degree >= float(least) for degree in degrees))


def test_each_order_can_be_chosen_by_list_and_by_column(page):
    for order, column, wanted in (
        ("distance", "Away", ["bakery", "kiosk", "far farm"]),
        ("time", "Seen", ["bakery", "kiosk", "far farm"]),
        ("district", "Where", ["bakery", "kiosk", "far farm"]),
    ):
        page.get_by_label("Sort by").select_option(order)

        heading = page.get_by_role("columnheader", name=column)
        expect(heading).to_have_attribute("aria-sort", re.compile("ascending|descending"))
        assert names(page) == wanted
        assert f"sort={order}" in page.url
        page.get_by_role("columnheader", name="How likely").get_by_role("button").click()
        expect(heading).not_to_have_attribute("aria-sort", re.compile(".*"))
        heading.get_by_role("button").click()
        expect(page.get_by_label("Sort by")).to_have_value(order)


def test_a_filter_that_was_shared_is_the_readers_too(page, visit):
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Seen by").select_option("camera")
    page.get_by_label("Sort by").select_option("time")
    shared = page.url

    page.goto("about:blank")
    visit(shared, page=page)

    expect(rows(page)).to_have_count(1)
    expect(page.get_by_label("Sort by")).to_have_value("time")


def test_what_was_chosen_leaves_the_device_with_its_case(page):
    kept = "Object.keys(localStorage).filter(key => /^homeward.(case|filter)/.test(key)).length"
    page.get_by_label("Sort by").select_option("distance")
    page.wait_for_function(f"() => {kept} === 2")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Erase everything").click()

    expect(page.get_by_role("heading", name="This report was erased")).to_be_visible()
    assert page.evaluate(kept) == 0
