"""The public board near the reader."""

import pytest
from playwright.sync_api import expect

from homeward.cli.demo.city import DISTRICTS
from homeward.districts import GeoJsonDistricts
from tests.conftest import GREY, photo
from tests.doors.conftest import Door
from tests.web.conftest import SMALL, just_now, path_of, violations

STATION, PINE_GATE = {"lat": "57.6281", "lon": "39.8012"}, {"lat": "57.5640", "lon": "39.9190"}
HERE = {"latitude": 57.62811, "longitude": 39.80119}


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path / "house", parts={"districts": GeoJsonDistricts(DISTRICTS)}, uploads_per_minute=0)
    made.report("lost", photo(1), listed="true", name="Barsik", **STATION)
    made.report("lost", photo(2), listed="true", name="Murka", **PINE_GATE)
    yield made
    made.http.close()
    made.world.database.close()


def test_a_reader_sees_what_is_near_and_the_address_tells_a_kilometre_only(visit):
    page = visit("/board?shelf=lost", permissions=["geolocation"], geolocation=HERE, viewport=SMALL)
    expect(page.locator(".notices a")).to_have_count(2)

    page.get_by_role("button", name="Near me").click()

    expect(page.get_by_text("Near you: Station")).to_be_visible()
    expect(page.locator(".notices a")).to_have_count(1)
    assert page.url.partition("?")[2] == "shelf=lost&lat=57.63&lon=39.80"
    assert page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
    assert violations(page) == []
    page.get_by_role("link", name="Show all").click()
    expect(page.locator(".notices a")).to_have_count(2)


def test_who_does_not_say_where_is_told_to_choose_a_district(visit):
    page = visit("/board", language="ru-RU")

    page.get_by_role("button", name="Рядом со мной").click()

    expect(page.get_by_text("Устройство не сообщает, где вы. Выберите район.")).to_be_visible()


def test_without_a_script_there_is_no_button_that_does_nothing(visit):
    page = visit("/board", java_script_enabled=False)

    expect(page.get_by_role("button", name="Show")).to_be_visible()
    expect(page.get_by_role("button", name="Near me")).to_be_hidden()


@pytest.mark.parametrize("shelf", ["lost", "found"])
def test_whose_notice_has_no_picture_reads_why_and_adds_one_that_shows_the_animal(visit, door, shelf):
    filed = door.report(shelf, GREY, listed="true", species="cat", keep_without_animal="true")
    page = visit(path_of(filed))
    notice = page.get_by_role("status").filter(has_text="on the public board without a picture")
    expect(notice).to_contain_text("no animal can be made out")
    assert violations(page) == []
    notice.get_by_label("Add photos").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(1)})

    expect(notice).to_have_count(0)
    assert door.http.get(f"/api/v1/board/{filed.json()['id']}/photo").status_code == 200


def test_who_files_a_photo_without_an_animal_for_the_board_reads_at_once_that_it_is_not_shown(visit):
    page = visit("/found/new", language="ru-RU")
    page.get_by_label("Выбрать или снять").set_input_files({"name": "a.jpg", "mimeType": "image/jpeg", "buffer": GREY})
    page.get_by_role("button", name="кошка", exact=True).click()
    page.get_by_label("Показать на общей доске").check()
    just_now(page)
    page.get_by_role("button", name="Отправить", exact=True).click()

    expect(page.get_by_role("heading", name="Спасибо.")).to_be_visible()
    expect(page.get_by_text("на общей доске стоит без снимка")).to_be_visible()
