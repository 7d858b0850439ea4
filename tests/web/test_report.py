"""Reporting on the web, in a real browser."""

import io
import re
import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from homeward.domain.animals import Detection, Label
from homeward.domain.boxes import Box
from homeward.ports import ReportQuery
from homeward.testing import FakeDetector
from tests.conftest import GREY, jpeg, photo
from tests.conftest import picture as drawn
from tests.web.conftest import HOUSE, PHONE, SMALL, come_closer, just_now, path_of, violations, wear
from tests.web.films import film, shaky

ROUND_THE_CORNER = {"latitude": 57.6051234, "longitude": 39.8522, "accuracy": 10}


def picture(data, name="pet.jpg", kind="image/jpeg"):
    return {"name": name, "mimeType": kind, "buffer": data}


def reports(door):
    return door.world.engine.reports(ReportQuery())


def test_an_owner_reports_with_two_photos_and_keeps_a_link(visit, door):
    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    page = visit("/", permissions=["geolocation"], geolocation=ROUND_THE_CORNER)
    page.get_by_role("link", name="I lost my pet").click()
    page.get_by_label("Choose or take photos").set_input_files([picture(photo(1)), picture(photo(1, noise=1))])
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    expect(page.locator("rect.chosen")).to_have_count(2)
    page.get_by_role("button", name="Where I am now").click()
    page.get_by_label("This is its home").check()
    page.get_by_label("Its name").fill("Barsik")
    page.get_by_label("Markings, collar, character").fill("white paw")
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_focused()
    expect(page.get_by_role("link", name="The full list")).to_have_attribute("href", "/now?species=cat&lang=en")
    link = page.locator("output").inner_text()
    (report,) = [each for each in reports(door) if each.name == "Barsik"]
    assert link.startswith(f"http://127.0.0.1:8000/lost/{report.id}#token=")
    assert (report.description, report.place.lat, report.home) == ("white paw", 57.60512, report.place)
    assert len(door.world.engine.report(report.id).photos) == 2
    assert violations(page) == []
    page.reload()
    expect(page.locator("output")).to_have_text(link)
    visit("/", page=page)
    expect(page.get_by_role("link", name="Barsik Lost")).to_have_attribute("href", f"/lost/{report.id}")
    page.go_back()
    page.get_by_role("link", name="Open my page").click()
    expect(page.get_by_text("1 possible match")).to_be_visible()


@pytest.mark.parametrize(
    ("shelf", "other", "said"),
    [("lost", "found", "1 possible match is there already."), ("found", "lost", "1 owner may be looking for it")],
)
def test_whom_it_may_be_is_told_as_soon_as_the_report_is_filed(visit, door, shelf, other, said):
    door.report(other, photo(1, noise=2), lat="57.605", lon="39.852")
    door.report(other, photo(5), lat="57.605", lon="39.852")  # unlike: neither counted nor told of
    page = visit(f"/{shelf}/new")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.locator("output")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text=said)).to_be_in_viewport()


NEVER_LOCATED = "navigator.geolocation.getCurrentPosition = (_, refused) => { globalThis.refuse = refused; }"


def test_a_device_that_is_still_finding_out_where_it_is_says_so(visit, door):
    page = visit("/found/new")
    page.evaluate(NEVER_LOCATED)
    here = page.get_by_role("button", name="Where I am now")
    here.click()
    expect(page.get_by_text("Finding out where you are…")).to_be_visible()
    expect(here).to_be_disabled()
    page.evaluate("refuse()")

    expect(page.get_by_text("Your device does not share its location.")).to_be_visible()
    expect(page.get_by_text("Finding out where you are…")).to_have_count(0)
    expect(here).to_be_enabled()


def test_where_no_map_can_be_drawn_words_are_asked_for(visit):
    page = visit("/found/new")
    page.add_init_script("HTMLCanvasElement.prototype.getContext = () => null")
    page.reload()
    page.get_by_role("button", name="Choose on the map").click()

    expect(page.get_by_text("This device cannot draw the map. Describe the place in words instead.")).to_be_visible()


def test_a_finder_reports_and_sees_who_may_be_looking(visit, door):
    door.report("lost", photo(1), lat="57.6", lon="39.85", name="Rex")
    page = visit("/found/new", language="ru-RU")
    page.get_by_label("Выбрать или снять").set_input_files(picture(photo(1, noise=1)))
    page.get_by_label("или словами").fill("у школы")
    page.get_by_label("у меня", exact=True).check()
    just_now(page)
    page.get_by_role("button", name="Отправить", exact=True).click()
    page.get_by_role("link", name="Открыть мою страницу").click()

    expect(page.get_by_text("Возможно, его ищет 1 хозяин")).to_be_visible()
    expect(page.get_by_role("heading", name="Rex")).to_be_visible()
    assert violations(page) == []
    found = next(each for each in reports(door) if each.shelf == "found")
    assert (found.address, found.held) == ("у школы", "held")
    visit("/", page=page)
    page.get_by_role("link", name="Ваша находка").click()
    expect(page.get_by_role("heading", name="Rex")).to_be_visible()


@pytest.mark.parametrize(
    ("shelf", "language", "done"), [("lost", "ru-RU", "Мы ищем."), ("found", "en-US", "Thank you.")]
)
def test_whoever_sends_without_a_pointer_is_led_to_the_word_that_it_is_filed_and_on(visit, shelf, language, done):
    page = visit(f"/{shelf}/new", language=language)
    page.locator("input[type=file]").first.set_input_files(picture(photo(1)))
    just_now(page)
    page.locator("button.main").last.press("Enter")
    expect(page.get_by_role("heading", name=done)).to_be_focused()
    page.keyboard.press("Tab")

    expect(page.locator("a.main")).to_be_focused()


def test_whoever_sends_in_vain_without_a_pointer_is_led_to_what_went_wrong_and_on_to_sending_again(visit, door):
    page = visit("/lost/new")
    just_now(page)
    page.locator("button.main").last.press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    page.route("**/api/v1/reports", lambda route: route.abort())
    page.get_by_role("button", name="Send").press("Enter")
    expect(page.get_by_role("alert")).to_be_focused()
    page.unroute("**/api/v1/reports")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Send")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="We are searching.")).to_be_focused()


def test_a_photo_without_an_animal_goes_once_its_kind_is_told(visit, door):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(picture(GREY))
    expect(page.get_by_text("We cannot see a cat or a dog here.")).to_be_visible()
    page.get_by_label("Markings, collar, character").scroll_into_view_if_needed()
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Tell us whether it is a cat or a dog.")
    for each in (page.get_by_role("alert"), page.get_by_role("button", name="dog", exact=True)):
        expect(each).to_be_in_viewport(ratio=1)  # what is missing, and where it is given
    page.get_by_role("button", name="dog", exact=True).click()
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert [each.species for each in reports(door)] == ["dog"]


def by_shape(_, picture):
    """A cat on square pictures, a dog on wide ones."""
    height, width = picture.shape[:2]
    return (Detection(Box(0, 0, width, height), Label.DOG if width > height else Label.CAT, 0.9),)


@pytest.mark.parametrize(
    ("language", "both", "asked", "cat", "too"),
    [
        ("en-US", "We see a cat and a dog. Which one", "whether it is a cat or a dog", "cat", "We also see a dog."),
        ("ru-RU", "Видим и кошку, и собаку. О ком", "кошка это или собака", "кошка", "Видим ещё и собаку."),
    ],
)
def test_a_cat_on_one_photo_and_a_dog_on_another_are_both_told_and_one_is_asked_for(
    visit, door, monkeypatch, language, both, asked, cat, too
):
    monkeypatch.setattr(FakeDetector, "_on", by_shape)
    dog = jpeg(drawn(2).resize((320, 240)), quality=95)
    page = visit("/lost/new", language=language)
    page.locator("input[type=file]").first.set_input_files([picture(dog), picture(photo(1))])
    expect(page.get_by_text(both)).to_be_visible()
    expect(page.locator(".chip[aria-pressed=true]")).to_have_count(0)
    just_now(page)
    page.locator("button.main").last.click()
    expect(page.get_by_role("alert")).to_contain_text(asked)
    assert violations(page) == []

    page.get_by_role("button", name=cat, exact=True).click()
    expect(page.get_by_text(too)).to_be_visible()
    page.locator("button.main").last.click()

    expect(page.locator("h1:focus")).to_be_visible()
    assert [each.species for each in reports(door)] == ["cat"]


@pytest.mark.parametrize(
    ("language", "words"), [("en-US", "Very small. We will take it"), ("ru-RU", "Очень мелко. Подойдёт и такое фото")]
)
def test_a_very_small_photo_is_taken_with_a_word_that_a_larger_one_finds_better(visit, door, language, words):
    page = visit("/found/new", language=language)
    chosen = [picture(photo(1)), picture(jpeg(drawn(1, noise=1, size=40), quality=95))]
    page.locator("input[type=file]").first.set_input_files(chosen)
    expect(page.locator(".photos li").last).to_contain_text(words)
    expect(page.get_by_text(words)).to_have_count(1)
    just_now(page)
    page.locator("button.main").last.click()

    expect(page.locator("h1:focus")).to_be_visible()
    (report,) = reports(door)
    assert len(door.world.engine.report(report.id).photos) == 2


def test_whoever_takes_photos_away_without_a_pointer_goes_on_with_the_next_one(visit, door):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files([picture(photo(each)) for each in (1, 2, 3)])
    removers = page.get_by_role("button", name="Remove this photo")
    expect(removers).to_have_count(3)
    removers.first.focus()
    page.keyboard.press("Enter")
    expect(removers).to_have_count(2)
    expect(removers.first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(removers).to_have_count(1)
    expect(page.get_by_label("Add more")).to_be_focused()


def test_a_place_is_chosen_on_the_map_where_the_device_does_not_tell(visit, door):
    page = visit("/lost/new", reduced_motion="reduce")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()  # nothing moves any more
    page.get_by_role("button", name="Where I am now").click()
    expect(page.get_by_text("Your device does not share its location.")).to_be_visible()
    expect(page.locator(".pin-map .map[data-ready]")).to_be_visible()
    drag(page)
    expect(page.get_by_text("Zoom in first")).to_be_visible()
    come_closer(page)
    drag(page)
    expect(page.get_by_text("Chosen: ")).to_be_visible()
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_text("Chosen: ")).to_have_count(0)
    drag(page)
    expect(page.get_by_text("Chosen: ")).to_be_visible()
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert reports(door)[0].place is not None


def test_the_maps_own_buttons_pass_below_the_one_that_sends(visit):
    page = visit("/lost/new", viewport={"width": 390, "height": 480})
    page.get_by_role("button", name="Choose on the map").click()
    expect(page.locator(".pin-map .map[data-ready]")).to_be_visible()
    on_top = page.evaluate(
        """() => {
          const [own, bar] = [".maplibregl-ctrl-zoom-in", ".send"].map((each) => document.querySelector(each));
          scrollBy(0, own.getBoundingClientRect().top - bar.getBoundingClientRect().top - 4);
          const { left, top, width, height } = own.getBoundingClientRect();
          return bar.contains(document.elementFromPoint(left + width / 2, top + height / 2));
        }"""
    )

    assert on_top


def drag(page):
    """The map from its middle, wherever on the screen that lies by now."""
    page.locator(".pin-map").evaluate("map => map.scrollIntoView({ block: 'center', behavior: 'instant' })")
    box = page.locator(".pin-map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=5)
    page.mouse.up()


def test_an_open_map_goes_where_the_reader_is(visit, door):
    page = visit("/found/new", permissions=["geolocation"], geolocation=ROUND_THE_CORNER)
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    page.get_by_role("button", name="Choose on the map").click()
    expect(page.locator(".pin-map .map[data-ready]")).to_be_visible()
    page.get_by_role("button", name="Where I am now").click()
    expect(page.get_by_text("Chosen: 57.60512")).to_be_visible()
    drag(page)
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    place = reports(door)[0].place
    assert 0 < abs(place.lat - 57.60512) < 0.01
    assert abs(place.lon - 39.85) < 0.02


def test_a_poster_whose_report_is_gone_does_not_stop_a_finder(visit, door):
    page = visit("/found/new?about=nobody0000000000000", language="ru-RU")
    page.get_by_label("Выбрать или снять").set_input_files(picture(photo(1)))
    just_now(page)
    page.get_by_role("button", name="Отправить").click()
    expect(page.get_by_text("Объявления с той листовки больше нет")).to_be_visible()

    page.get_by_role("button", name="Отправить").click()

    expect(page.get_by_role("heading", name="Спасибо.")).to_be_visible()
    assert reports(door)[0].about is None


def sent_unanswered(visit):
    """The page of a report that the server has, whose answer never came."""
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    page.route("**/api/v1/reports", lambda route: (route.fetch(), route.abort()))
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Nothing is lost: try again.")
    page.unroute("**/api/v1/reports")
    return page


def test_what_breaks_off_is_sent_again_and_filed_once(visit, door):
    page = sent_unanswered(visit)
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert len(reports(door)) == 1


def test_whoever_sends_while_a_photo_is_still_made_small_need_not_send_again(visit, door):
    page = visit("/lost/new")
    page.evaluate("""() => {
      const { decode } = HTMLImageElement.prototype;
      HTMLImageElement.prototype.decode = function () {
        return new Promise((done) => (window.goOn = () => done(decode.call(this))));
      };
    }""")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Sending… 0")).to_be_visible()
    page.evaluate("window.goOn()")

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert len(reports(door)) == 1


def test_what_was_sent_unseen_and_then_changed_is_sent_as_it_is_now(visit, door):
    page = sent_unanswered(visit)
    page.get_by_label("Its name").fill("Barsik")
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert {report.name for report in reports(door)} == {None, "Barsik"}


def test_a_report_half_filled_outlives_a_reload_but_for_the_proof_and_is_gone_once_sent(visit, door):
    page = visit("/found/new")
    page.get_by_label("Choose or take photos").set_input_files([picture(photo(1)), picture(photo(1, noise=1))])
    expect(page.locator("rect.chosen")).to_have_count(2)
    page.get_by_label("or in words").fill("by the school")
    page.get_by_label("it is with me").check()
    page.get_by_label("Anything special about it").fill("white paw")
    page.get_by_label("Show it on the public board").check()
    page.reload()
    expect(page.get_by_text("This is what you filled in here earlier.")).to_be_visible()
    expect(page.locator("rect.chosen")).to_have_count(2)
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you. We are looking for the owner.")).to_be_visible()

    (report,) = reports(door)
    assert (report.address, report.held, report.description) == ("by the school", "held", "white paw")
    assert report.listed
    page.get_by_role("button", name="Report another animal").click()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.get_by_text("This is what you filled in here earlier.")).to_have_count(0)
    page.goto("/lost/new")
    page.get_by_label("A mark that only you know").fill("notch")
    page.get_by_label("Its name").fill("Rex")
    page.reload()
    expect(page.get_by_label("Its name")).to_have_value("Rex")
    expect(page.get_by_label("A mark that only you know")).to_have_value("")
    expect(page.get_by_text("enter it again")).to_be_visible()
    page.get_by_label("Its name").fill("Rexy")
    page.reload()
    expect(page.get_by_text("enter it again")).to_be_visible()
    page.get_by_role("button", name="Start over").click()
    expect(page.get_by_label("Its name")).to_have_value("")
    page.reload()
    expect(page.get_by_label("Its name")).to_have_value("")
    page.get_by_label("Its name").fill("Rex")
    page.reload()
    expect(page.get_by_text("This is what you filled in here earlier.")).to_be_visible()
    expect(page.get_by_text("enter it again")).to_have_count(0)
    page.get_by_role("button", name="Start over").click()
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    page.get_by_role("button", name="Remove this photo").click()
    page.reload()
    expect(page.get_by_role("button", name="Send")).to_be_visible()
    expect(page.get_by_role("button", name="Remove this photo")).to_have_count(0)


def test_what_was_tapped_just_before_a_reload_is_so_after_it_where_the_store_of_photos_lags(visit):
    page, again = visit("/lost/new"), "This is what you filled in here earlier."
    remove, dog = (page.get_by_role("button", name=name) for name in ("Remove this photo", "dog"))
    listed = page.get_by_label("Show it on the public board")

    def tap_and_leave(control):
        with page.expect_event("load"):
            control.evaluate("""it => {
              IDBFactory.prototype.open = IDBObjectStore.prototype.put = () => ({});
              it.click();
              location.reload();
            }""")

    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    page.get_by_label("Its name").fill("Rex")
    page.reload()
    expect(remove).to_be_visible()
    tap_and_leave(remove)
    expect(page.get_by_text(again)).to_be_visible()
    expect(remove).to_have_count(0)
    tap_and_leave(listed)
    expect(listed).to_be_checked()
    tap_and_leave(dog)
    expect(dog).to_have_attribute("aria-pressed", "true")
    tap_and_leave(page.get_by_role("button", name="Start over"))
    expect(page.get_by_label("Its name")).to_have_value("")
    expect(page.get_by_text(again)).to_have_count(0)


LEAVES_WITH_THE_PHOTO = """() => {
  const made = URL.createObjectURL;
  URL.createObjectURL = (photo) => {
    window.requestAnimationFrame = window.setTimeout = () => 0; // only what is done at once is done
    queueMicrotask(() => location.reload());
    return made(photo);
  };
}"""
NEVER_MADE_SMALL = "HTMLImageElement.prototype.decode = () => new Promise(() => {})"
KEEPS_NO_PHOTO = "IDBObjectStore.prototype.put = () => { throw new DOMException('', 'QuotaExceededError') }"


def test_a_photo_that_was_added_the_moment_before_a_reload_is_there_after_it(visit):
    page = visit("/lost/new")
    page.evaluate(LEAVES_WITH_THE_PHOTO)
    with page.expect_event("load"):
        page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))

    expect(page.get_by_text("This is what you filled in here earlier.")).to_be_visible()
    expect(page.get_by_role("button", name="Remove this photo")).to_have_count(1)
    expect(page.get_by_text("was not kept")).to_have_count(0)


@pytest.mark.parametrize("hindrance", [NEVER_MADE_SMALL, KEEPS_NO_PHOTO])
def test_photos_that_could_not_be_kept_are_asked_for_again(visit, hindrance):
    page = visit("/lost/new", language="ru-RU")
    page.evaluate(f"() => {{ {hindrance} }}")
    page.get_by_label("Выбрать или снять").set_input_files([picture(photo(1)), picture(photo(2))])
    if hindrance is KEEPS_NO_PHOTO:
        expect(page.locator("rect.chosen")).to_have_count(2)
    page.reload()

    expect(page.get_by_text("Не сохранились 2 фото: выберите их ещё раз.")).to_be_visible()
    assert violations(page) == []


def test_a_browser_whose_store_never_answers_still_shows_the_form(visit, door):
    page = visit("/")
    page.add_init_script("IDBFactory.prototype.open = () => ({})")
    page.goto("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert len(reports(door)) == 1


def test_a_house_without_https_takes_reports_too(visit, server, door):
    page = visit("/", base_url=server.replace("127.0.0.1", HOUSE))
    assert page.evaluate("isSecureContext") is False
    page.get_by_role("link", name="I lost my pet").click()
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    just_now(page)
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert len(reports(door)) == 1


@pytest.mark.parametrize(
    ("name", "size", "words"),
    [
        ("letter.pdf", 11, "letter.pdf cannot be read as a photo."),
        ("huge.heic", 21_000_000, "huge.heic is too large"),
    ],
)
def test_what_is_no_photo_is_refused_by_name(visit, tmp_path, name, size, words):
    (tmp_path / name).write_bytes(bytes(size))
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(tmp_path / name)

    expect(page.get_by_role("alert")).to_contain_text(words)


def test_of_several_photos_the_one_without_an_animal_and_the_one_that_cannot_be_shown_say_so(visit, tmp_path):
    from PIL import Image

    pillow_heif = pytest.importorskip("pillow_heif", reason="wants the extra heic")
    with Image.open(io.BytesIO(photo(1))) as opened:
        pillow_heif.from_pillow(opened.convert("RGB")).save(tmp_path / "a.heic")
    (tmp_path / "b.jpg").write_bytes(GREY)
    page = visit("/lost/new", language="ru-RU")
    page.get_by_label("Выбрать или снять").set_input_files([tmp_path / "a.heic", tmp_path / "b.jpg"])
    heic, grey = (page.locator(".photos li").nth(n) for n in (0, 1))

    expect(heic).to_contain_text("Здесь этот снимок не показать, но он отправится.")
    expect(grey).to_contain_text("Не видим животного на этом фото.")
    assert violations(page) == []


def edges(shown):
    grey = np.asarray(shown.convert("L"), np.float32)
    return float(np.abs(np.diff(grey, axis=1)).mean())


@pytest.mark.parametrize("options", [{}, {"live": "1"}], ids=["whole", "that does not say how long it is"])
def test_of_a_video_its_sharpest_moments_become_photos_on_the_device(visit, door, options):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(
        picture(film(4, shaky, **options), "rex.webm", "video/webm")
    )
    expect(page.locator(".photos li")).to_have_count(4)
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()

    (filed,) = reports(door)
    kept = door.world.engine.report(filed.id).photos
    sharpness = [edges(Image.open(io.BytesIO(door.world.photos.get(each.photo.content_hash)))) for each in kept]
    assert len(sharpness) == 4
    assert min(sharpness) > 2 * edges(shaky(0.0))


def test_a_video_leaves_room_for_the_photos_that_were_chosen_with_it(visit):
    files = [picture(photo(n)) for n in range(1, 8)]
    page = visit("/found/new")
    page.get_by_label("Choose or take photos").set_input_files(
        [picture(film(4, shaky), "rex.webm", "video/webm"), *files, picture(photo(8))]
    )

    expect(page.locator(".photos li")).to_have_count(10)
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_video_that_the_browser_cannot_play_is_said_with_what_to_do(visit):
    page = visit("/found/new", language="ru-RU")
    page.get_by_label("Выбрать или снять").set_input_files(picture(b"no video at all", "кот.mov", "video/quicktime"))

    expect(page.get_by_role("alert")).to_have_text(re.compile("^кот.mov: здесь это видео не открыть. Выберите фото"))
    expect(page.get_by_text("Смотрим…")).to_have_count(0)


def test_a_large_photo_is_made_small_before_it_is_sent(visit, door):
    from PIL import Image

    from tests.conftest import jpeg
    from tests.conftest import picture as drawn

    page = visit("/lost/new")
    large = jpeg(drawn(1).resize((6000, 4500), Image.Resampling.BICUBIC), quality=100, subsampling=0)
    page.get_by_label("Choose or take photos").set_input_files(picture(large))
    expect(page.get_by_text("We see a cat.")).to_be_visible()

    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()

    (filed,) = reports(door)
    (sent,) = door.world.engine.report(filed.id).photos
    assert max(sent.photo.width, sent.photo.height) == 2048


def test_nothing_is_sent_without_a_photo(visit, door):
    page = visit("/found/new")
    page.get_by_label("Anything special about it").focus()
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("alert")).to_contain_text("What you have filled in stays on this device for a day.")
    for each in (page.get_by_role("alert"), page.get_by_text("Choose or take photos")):
        expect(each).to_be_in_viewport(ratio=1)
    assert reports(door) == []


def test_what_was_said_of_other_photos_goes_once_these_are_others(visit, door):
    page = visit("/found/new")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("Add at least one photo")
    page.get_by_label("Choose or take photos").set_input_files([picture(photo(n)) for n in range(11)])
    expect(page.get_by_role("alert")).to_have_count(1)
    expect(page.get_by_role("alert")).to_contain_text("1 were left out")
    expect(page.get_by_role("button", name="Remove this photo")).to_have_count(10)
    page.get_by_role("button", name="Remove this photo").first.click()

    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_finder_erases_the_report(visit, door):
    page = visit(path_of(door.report("found", photo(1))))
    expect(page.get_by_role("heading", name="No owner yet")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Erase this report").click()

    expect(page.get_by_role("heading", name="This report was erased")).to_be_visible()
    assert door.is_empty()


def test_who_erases_a_report_and_goes_back_does_not_read_that_it_is_searched_for(visit, door):
    page = visit("/found/new")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    just_now(page)
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="Open my page").click()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Erase this report").click()
    expect(page.get_by_role("heading", name="This report was erased")).to_be_visible()
    page.go_back()

    expect(page).to_have_url(re.compile("/found/new$"))
    expect(page.get_by_role("heading", name="This report was erased")).to_be_visible()
    expect(page.get_by_text("Keep this link.")).to_have_count(0)


def test_a_notice_is_shared_and_answered_without_javascript_on_the_way(visit, door):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    page.get_by_label("Its name").fill("Barsik")
    page.get_by_label("Show it on the public board").check()
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()

    finder = visit("/board", java_script_enabled=False)
    assert finder.locator("img").last.evaluate("image => image.naturalWidth") > 0
    finder.get_by_role("link", name="Lost cat: Barsik").click()
    expect(finder.get_by_role("heading", name="Lost cat: Barsik")).to_be_visible()
    address = finder.get_by_role("link", name="I have seen it").get_attribute("href")
    helper = visit(address)
    expect(helper.get_by_text("You are answering the owner of a lost pet.")).to_be_visible()
    visit("/board", page=helper)
    assert violations(helper) == []


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
@pytest.mark.parametrize("path", ["/", "/lost/new", "/found/new", "/board"])
def test_everybody_can_report(visit, path, language):
    page = visit(path, language=language)
    for viewport, scheme in ((SMALL, "light"), (PHONE, "dark")):
        page.set_viewport_size(viewport)
        wear(page, scheme)
        expect(page.locator("h1")).to_be_visible()

        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        assert violations(page) == [], (viewport, scheme)


def test_what_was_just_chosen_can_be_read_under_the_finger(visit):
    page = visit("/lost/new")
    page.get_by_role("button", name="dog").click()

    assert page.get_by_role("button", name="dog").get_attribute("aria-pressed") == "true"
    for scheme in ("light", "dark"):
        wear(page, scheme)
        assert violations(page) == [], scheme


DEVICE_TIME = """minutes => {
  const at = new Date(Date.now() - 60_000 * minutes);
  return new Date(at - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}"""


def test_a_device_whose_clock_is_ahead_files_and_a_time_of_its_own_is_refused_with_the_clock_named(visit, door):
    page = visit("/", language="ru-RU")
    page.clock.set_fixed_time(door.world.clock.moment + timedelta(hours=3))
    visit("/found/new", page=page)
    page.get_by_label("Выбрать или снять").set_input_files(picture(photo(1)))
    page.get_by_label("в другое время").check()
    page.get_by_label("День и время").fill(page.evaluate(DEVICE_TIME, 0))
    page.get_by_role("button", name="Отправить", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("часы устройства")
    page.reload()
    page.get_by_role("button", name="Начать заново").click()
    expect(page.get_by_role("button", name="Начать заново")).to_have_count(0)
    page.get_by_label("Выбрать или снять").set_input_files(picture(photo(1)))
    expect(page.locator("rect.chosen")).to_be_visible()
    just_now(page)
    page.reload()
    expect(page.get_by_text("Это вы уже заполнили здесь раньше")).to_be_visible()
    page.get_by_role("button", name="Отправить", exact=True).click()

    expect(page.get_by_role("heading", name="Спасибо.")).to_be_visible()
    assert [each.happened_at for each in reports(door)] == [door.world.clock.moment]


def test_a_form_that_lay_open_for_hours_takes_what_happened_since(visit, door):
    page = visit("/found/new")
    page.clock.install()
    page.reload()
    page.get_by_label("Choose or take photos").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(1)}
    )
    page.get_by_label("another time").check()
    page.clock.fast_forward("03:00:00")
    page.get_by_label("Day and time").fill(page.evaluate(DEVICE_TIME, 10))

    assert page.locator("form.report").evaluate("form => form.checkValidity()")


@pytest.mark.parametrize(
    ("shelf", "language", "asked", "yesterday"),
    [
        ("lost", "en-US", "Tell us when it was last seen", "yesterday"),
        ("found", "ru-RU", "Укажите, когда вы нашли или видели животное", "вчера"),
    ],
)
def test_when_it_was_is_asked_for_and_told_with_one_tap(visit, door, shelf, language, asked, yesterday):
    page = visit("/", language=language, timezone_id="Europe/Moscow")
    page.clock.set_fixed_time(door.world.clock.moment)
    visit(f"/{shelf}/new", page=page)
    page.locator("input[type=file]").first.set_input_files(picture(photo(1)))
    page.locator(".send button").click()
    expect(page.get_by_role("alert")).to_contain_text(asked)
    expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    expect(page.locator(".when")).to_be_in_viewport(ratio=1)
    assert reports(door) == []
    assert violations(page) == []
    page.get_by_label(yesterday).check()
    expect(page.get_by_role("alert")).to_have_count(0)
    page.locator(".send button").click()

    expect(page.locator("output")).to_be_visible()
    day = door.world.clock.moment.astimezone(ZoneInfo("Europe/Moscow")) - timedelta(days=1)
    assert [each.happened_at for each in reports(door)] == [day.replace(hour=12, minute=0, second=0, microsecond=0)]


def test_when_it_was_is_told_without_a_pointer_and_outlives_a_reload_and_the_night(visit, door):
    page = visit("/", timezone_id="UTC")
    noon = door.world.clock.moment.replace(hour=12, minute=0)
    page.clock.set_fixed_time(noon)
    visit("/lost/new", page=page)
    page.get_by_role("group", name="When was it last seen?").get_by_label("just now").focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Tab")
    page.keyboard.type("0940PM")
    expect(page.get_by_label("at about what time")).to_have_value("21:40")
    for scheme in ("light", "dark"):
        wear(page, scheme)
        assert violations(page) == [], scheme
    page.reload()
    expect(page.get_by_label("yesterday")).to_be_checked()
    expect(page.get_by_label("at about what time")).to_have_value("21:40")
    page.clock.set_fixed_time(noon + timedelta(hours=20))
    page.reload()

    expect(page.get_by_label("another time")).to_be_checked()
    day_before = (noon - timedelta(days=1)).strftime("%Y-%m-%d")
    expect(page.get_by_label("Day and time")).to_have_value(f"{day_before}T21:40")


def test_what_was_just_now_is_a_time_of_the_day_for_whoever_goes_on_hours_later(visit, door):
    page = visit("/", timezone_id="UTC")
    noon = door.world.clock.moment.replace(hour=12, minute=0)
    page.clock.set_fixed_time(noon)
    visit("/found/new", page=page)
    just_now(page)
    page.clock.set_fixed_time(noon + timedelta(minutes=20))
    page.reload()
    expect(page.get_by_label("just now")).to_be_checked()
    page.clock.set_fixed_time(noon + timedelta(hours=3))
    page.reload()

    expect(page.get_by_label("today")).to_be_checked()
    expect(page.get_by_label("at about what time")).to_have_value("12:00")


def test_what_is_on_its_way_cannot_be_changed_until_it_is_known_what_came_of_it(visit, door):
    page = visit("/found/new")
    page.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(page.get_by_text("We see a cat.")).to_be_visible()
    about = page.get_by_label("Anything special about it")
    about.fill("white paw")
    page.get_by_label("it is with me").check()
    page.get_by_label("Show it on the public board").check()
    held = []
    page.route("**/api/v1/reports", lambda route: held.append(route))  # noqa: PLW0108 - the driver marks functions
    with page.expect_request("**/api/v1/reports"):
        just_now(page)
        page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Your report is on its way.")).to_be_visible()
    for field in ("textarea", "input[name=listed]", "input[type=file]", ".remove", ".chip >> nth=0"):
        expect(page.locator(field)).to_be_disabled()
    assert page.locator("rect.chosen").evaluate("each => each.closest('[inert]') !== null")
    assert violations(page) == []
    held[0].fulfill(status=500)

    expect(page.get_by_role("alert")).to_contain_text("It was not sent.")
    expect(about).to_be_enabled()
    page.unroute("**/api/v1/reports")
    page.reload()
    expect(about).to_have_value("white paw")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Thank you.")).to_be_visible()
    (report,) = reports(door)
    assert (report.description, report.held, report.listed) == ("white paw", "held", True)


BREAKS_OFF = """() => {
  const send = XMLHttpRequest.prototype.send;
  XMLHttpRequest.prototype.send = function (body) {
    XMLHttpRequest.prototype.send = send;
    window.breakOff = () => this.abort();
    send.call(this, body);
  };
}"""


def test_what_the_server_still_works_on_when_the_connection_breaks_off_is_filed_once(visit, door, monkeypatch):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files([picture(photo(1, noise=n)) for n in range(4)])
    expect(page.locator("rect.chosen")).to_have_count(4)
    looking, may_look = threading.Event(), threading.Event()
    detect = FakeDetector.detect

    def slowly(detector, pictures):
        looking.set()
        assert may_look.wait(60)
        return detect(detector, pictures)

    monkeypatch.setattr(FakeDetector, "detect", slowly)
    page.evaluate(BREAKS_OFF)
    with page.expect_response("**/api/v1/reports") as answer:
        just_now(page)
        page.get_by_role("button", name="Send").click()
        assert looking.wait(30)
        page.evaluate("window.breakOff()")
        expect(page.get_by_text("The connection broke off. We are trying again")).to_be_visible()
    assert answer.value.status == 409
    may_look.set()

    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()
    assert [len(door.world.engine.report(each.id).photos) for each in reports(door)] == [4]


def test_one_tab_at_a_time_goes_on_with_a_draft_and_all_learn_that_it_was_sent(visit, door):
    first = visit("/found/new")
    first.get_by_label("Choose or take photos").set_input_files(picture(photo(1)))
    expect(first.get_by_text("We see a cat.")).to_be_visible()
    about = "Anything special about it"
    first.get_by_label(about).fill("white paw")
    second = visit("/found/new", page=first.context.new_page())
    expect(second.get_by_label(about)).to_have_value("white paw")
    expect(first.get_by_text("You went on with this report in another tab.")).to_be_visible()
    expect(first.get_by_label(about)).to_be_disabled()
    second.get_by_label(about).fill("white paw, red collar")
    first.get_by_role("button", name="Go on here").click()
    expect(first.get_by_label(about)).to_have_value("white paw, red collar")
    expect(second.get_by_label(about)).to_be_disabled()
    just_now(first)
    first.get_by_role("button", name="Send").click()
    expect(first.get_by_role("heading", name="Thank you.")).to_be_visible()

    expect(second.get_by_text("This report was sent from another tab.")).to_be_visible()
    second.reload()
    expect(second.get_by_text("This report was sent from another tab.")).to_be_visible()
    assert violations(second) == []
    second.get_by_role("button", name="Report another animal").click()
    expect(second.get_by_label(about)).to_have_value("")
    expect(second.get_by_label(about)).to_be_enabled()
    first.get_by_role("button", name="Report another animal").click()
    expect(first.get_by_label(about)).to_have_value("")
    assert [each.description for each in reports(door)] == ["white paw, red collar"]
