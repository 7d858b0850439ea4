"""The public board: what everybody may see, and what nobody may."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from homeward.cli.demo.city import DISTRICTS
from homeward.districts import GeoJsonDistricts
from tests.conftest import GREY, photo
from tests.doors.conftest import Door, own

PLACE = {"lat": "57.612345", "lon": "39.854321"}
STATION, PINE_GATE = {"lat": "57.6281", "lon": "39.8012"}, {"lat": "57.5640", "lon": "39.9190"}
SECRET = {"contact": "8 800 555", "description": "scar under the left ear", "address": "Mill street 7"}


@pytest.fixture
def lost(door):
    home = {"home_lat": "57.612346", "home_lon": "39.854322"}
    return door.report("lost", photo(1), name="Barsik <b>", listed="true", **PLACE, **home, **SECRET)


@pytest.mark.parametrize("path", ["/board?utm_source=telegram&species=dog", "/now?fbclid=1", "/now?species=hamster"])
def test_what_networks_add_to_a_shared_link_does_no_harm(door, path):
    page = door.http.get(path, headers={"Accept": "text/html"})

    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert door.http.get("/api/v1/board?utm_source=telegram").status_code == 422


def test_the_other_language_shows_the_same(door):
    page = door.http.get("/board?species=dog&shelf=lost", headers={"Accept": "text/html"}).text

    assert "href='?species=dog&amp;shelf=lost&amp;lang=ru'" in page


def test_only_those_who_said_so_are_listed(door, lost):
    door.report("lost", photo(2), name="Private")
    door.world.clock.forward(seconds=1)
    found = door.report("found", photo(3), listed="true", **PLACE)

    items = door.http.get("/api/v1/board").json()["items"]

    assert [item["id"] for item in items] == [found.json()["id"], lost.json()["id"]]
    assert items[1].keys() == {"id", "shelf", "species", "name", "district", "day", "photo"}
    assert door.http.get(items[1]["photo"]).content[:2] == b"\xff\xd8"


@pytest.mark.parametrize("path", ["/board", "/pet/{id}", "/api/v1/board"])
def test_neither_place_nor_contact_nor_marks_are_shown(door, lost, path):
    answer = door.http.get(path.format(id=lost.json()["id"]), headers={"Accept": "text/html"})

    assert answer.status_code == 200
    for secret in ("57.61", "39.85", "8 800", "scar", "Mill street", "token"):
        assert secret not in answer.text


def test_the_page_to_share_has_a_preview_and_leads_a_finder_to_a_report(door, lost):
    page = door.http.get(f"/pet/{lost.json()['id']}", headers={"Accept-Language": "ru"}).text

    assert '<meta property="og:title" content="Пропала кошка: Barsik &lt;b&gt;">' in page
    assert f'content="http://127.0.0.1:8000/api/v1/board/{lost.json()["id"]}/photo"' in page
    assert f"href='/found/new?about={lost.json()['id']}'" in page
    assert "<script" not in page
    assert "Barsik <b>" not in page


def test_a_photo_is_on_the_board_once_it_was_looked_at_for_people(door):
    door.world.detector.is_down, door.world.detector.people = True, True
    lost = door.report("lost", photo(1), name="Barsik", listed="true", species="cat", **PLACE)
    address = f"/api/v1/board/{lost.json()['id']}/photo"

    (item,) = door.http.get("/api/v1/board").json()["items"]
    page = door.http.get(f"/pet/{lost.json()['id']}").text
    assert item["photo"] is None
    assert lost.json()["photos"][0]["board_may_show"] is None
    assert (door.http.get(address).status_code, "max-age" in str(door.http.get(address).headers)) == (404, False)
    assert address not in door.http.get("/board").text + page
    assert "Barsik" in page

    door.world.detector.is_down = False
    door.world.clock.forward(minutes=10)
    door.world.engine.run_due_jobs()

    assert door.http.get("/api/v1/board").json()["items"][0]["photo"] == address
    assert address in door.http.get(f"/pet/{lost.json()['id']}").text
    assert door.http.get(address).content[:2] == b"\xff\xd8"


def test_the_board_shows_the_first_photo_that_is_cut_to_the_animal_and_never_a_whole_one(door):
    yard = door.report("lost", GREY, photo(1), listed="true", species="cat").json()
    kept_whole = door.report("lost", GREY, listed="true", species="cat", keep_without_animal="true").json()
    address = "/api/v1/board/{id}/photo"

    shown = {item["id"]: item["photo"] for item in door.http.get("/api/v1/board").json()["items"]}

    assert shown == {yard["id"]: address.format(**yard), kept_whole["id"]: None}
    assert [[each["board_may_show"] for each in report["photos"]] for report in (yard, kept_whole)] == [
        [False, True],
        [False],
    ]
    cut = door.world.engine.photo(yard["photos"][1]["id"], "crop", viewer=None, is_owner=False)
    assert door.http.get(address.format(**yard)).content == cut
    assert door.http.get(address.format(**kept_whole)).status_code == 404


def test_others_are_told_that_a_photo_is_not_ready(door):
    door.world.detector.is_down = True
    lost = door.report("lost", photo(1), species="cat", **PLACE)
    own_address = lost.json()["photos"][0]["full"]

    others = door.http.get(own_address.split("&sig")[0], headers=door.key("admin"))

    assert door.http.get(own_address).status_code == 200
    assert (others.status_code, others.json()["code"]) == (409, "photo_not_ready")


@pytest.mark.parametrize(
    ("place", "moment", "day", "said"),
    [
        ({"lat": "43.12", "lon": "131.89"}, "2026-06-01T08:00:00+10:00", "2026-06-01", "1 June"),
        ({"lat": "55.75", "lon": "37.62"}, "2026-06-01T01:30:00+03:00", "2026-06-01", "1 June"),
        ({"lat": "40.71", "lon": "-74.01"}, "2026-06-01T22:00:00-04:00", "2026-06-01", "1 June"),
        ({}, "2026-06-01T23:30:00Z", "2026-06-01", "1 June"),
    ],
    ids=["Vladivostok", "Moscow", "New York", "nowhere"],
)
def test_the_day_is_that_of_the_place(door, place, moment, day, said):
    door.world.clock.moment = datetime(2026, 7, 1, tzinfo=UTC)

    lost = door.report("lost", photo(1), listed="true", happened_at=moment, **place)

    assert [item["day"] for item in door.http.get("/api/v1/board").json()["items"]] == [day]
    assert f">{said}<" in door.http.get(f"/pet/{lost.json()['id']}").text


def test_a_notice_goes_when_it_is_taken_back_closed_or_erased(door, lost):
    address = f"/api/v1/reports/{lost.json()['id']}"
    seen = lambda: door.http.get(f"/pet/{lost.json()['id']}").status_code  # noqa: E731

    assert seen() == 200
    door.http.patch(address, json={"listed": False}, headers=own(lost))
    assert seen() == 404
    door.http.patch(address, json={"listed": True}, headers=own(lost))
    assert seen() == 200
    door.http.patch(address, json={"status": "reunited"}, headers=own(lost))
    assert (seen(), door.http.get(f"/api/v1/board/{lost.json()['id']}/photo").status_code) == (404, 404)
    assert door.http.get("/api/v1/board").json()["items"] == []


def test_the_board_is_filtered_and_leafed_through(door):
    every = []
    for n, shelf in enumerate(["lost", "found"] * 3):
        every.append(door.report(shelf, photo(n), listed="true").json()["id"])
        door.world.clock.forward(seconds=1)

    first = door.http.get("/api/v1/board", params={"limit": 4}).json()
    rest = door.http.get("/api/v1/board", params={"limit": 4, "cursor": first["next"]}).json()
    lost = door.http.get("/api/v1/board", params={"shelf": "lost"}).json()

    assert [item["id"] for item in first["items"] + rest["items"]] == every[::-1]
    assert rest["next"] is None
    assert [item["id"] for item in lost["items"]] == every[::2][::-1]
    assert door.http.get("/board", params={"species": "dog"}).text.count("<li>") == 0


@pytest.mark.parametrize("query", ["shelf=nowhere", "limit=1000", "cursor=x", "near=me"])
def test_a_wrong_filter_is_named(door, query):
    answer = door.http.get(f"/api/v1/board?{query}")

    assert (answer.status_code, answer.json()["field"]) == (422, query.split("=")[0])


def test_search_engines_may_come_to_the_board_only(door, lost):
    assert door.http.get("/board").headers["x-robots-tag"] == "all"
    assert door.http.get(f"/lost/{lost.json()['id']}").headers["x-robots-tag"] == "noindex"


def test_the_report_of_a_camera_is_never_on_the_board(door):
    door.world.camera()
    door.http.post(
        "/api/v1/sightings", headers=door.key("sightings", "yard"),
        files=[("photo", ("a.jpg", photo(1))), ("seen_at", (None, "2026-11-20T10:00:00Z"))],
    )  # fmt: skip

    assert door.http.get("/api/v1/board").json()["items"] == []


def test_the_board_is_filtered_by_district_without_javascript(door, lost):
    with door.world.database.write() as work:
        report = work.reports.get(lost.json()["id"])
        work.reports.update(replace(report, district="Mill & <Dock>"))
    door.report("found", photo(3), listed="true", **PLACE)

    page = door.http.get("/board?shelf=lost").text
    assert "<option value='Mill &amp; &lt;Dock&gt;'>Mill &amp; &lt;Dock&gt; (1)</option>" in page
    assert "<input type='hidden' name='shelf' value='lost'>" in page

    there = door.http.get("/board", params={"district": "Mill & <Dock>"}).text
    assert "<option value='Mill &amp; &lt;Dock&gt;' selected>" in there
    assert (there.count("class='card'"), door.http.get("/board").text.count("class='card'")) == (1, 2)
    elsewhere = door.http.get("/board", params={"district": "Hill"}).text
    assert "<option value='Hill' selected>Hill (0)</option>" in elsewhere
    assert "class='card'" not in elsewhere


def test_near_a_place_whole_districts_are_shown_and_nothing_finer(tmp_path):
    door = Door(tmp_path, parts={"districts": GeoJsonDistricts(DISTRICTS)})
    for place, name in ((STATION, "Barsik"), (PINE_GATE, "Murka")):
        door.report("lost", photo(1), listed="true", name=name, **place)

    items = door.http.get("/api/v1/board", params=STATION).json()["items"]
    page = door.http.get("/board", params={**STATION, "shelf": "lost"}).text
    far = door.http.get("/board", params={"lat": "10", "lon": "10"}).text

    assert [item["name"] for item in items] == ["Barsik"]
    assert "Near you: Station, " in page
    assert "href='/board?shelf=lost'>Show all" in page
    assert "lat" not in page.partition("<form")[2].partition("</form>")[0]
    assert (far.count("class='card'"), "We know of no district near you." in far) == (0, True)
    everywhere_near = [door.http.get("/api/v1/board", params={"lat": f"57.62{n}", "lon": "39.80"}) for n in range(10)]
    assert len({answer.text for answer in everywhere_near}) == 1
    assert door.http.get("/board", params={"lat": "57"}).status_code == 422
    door.world.database.close()


@pytest.mark.parametrize("path", ["/pet/{id}", "/pet/nobody0000000000000", "/board?species=horse"])
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_person_whose_link_leads_nowhere_any_more_is_shown_the_way_on(door, lost, path, language):
    door.http.patch(f"/api/v1/reports/{lost.json()['id']}", json={"status": "reunited"}, headers=own(lost))

    browser = {"Accept": "text/html,*/*;q=0.8", "Accept-Language": language}
    page = door.http.get(path.format(id=lost.json()["id"]), headers=browser)

    assert page.status_code in {404, 422}
    assert page.headers["content-type"].startswith("text/html")
    assert "href='/board'" in page.text
    assert "href='/found/new'" in page.text
    assert "urn:homeward" not in page.text
    assert ("больше нет" in page.text or "Неверный адрес" in page.text) is (language == "ru")
    assert door.http.get(path.format(id=lost.json()["id"])).json()["code"] in {"not_found", "invalid_input"}
