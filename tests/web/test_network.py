"""The page on a bad network: what was asked is done later, what cannot be shown is said."""

import pytest
from playwright.sync_api import expect

from homeward.domain.animals import Detection, Label
from homeward.domain.boxes import Box
from homeward.ports import ReportQuery
from homeward.testing import FakeDetector
from tests.conftest import GREY, jpeg, photo, picture
from tests.web.conftest import DESK, just_now, path_of, violations
from tests.web.films import film, shaky
from tests.web.test_trouble import HOME, file


@pytest.fixture
def lost(door):
    door.report("found", photo(1, noise=2), **HOME)
    return door.report("lost", photo(1), name="Barsik", **HOME)


def controlled(page):
    """Wait until the service worker has the page."""
    page.wait_for_function("() => !!navigator.serviceWorker?.controller")


def test_without_a_network_a_case_opens_also_after_pages_that_come_whole_from_the_server(visit, lost):
    page = visit(path_of(lost))
    controlled(page)
    page.reload()
    expect(page.locator("li.card")).to_have_count(1)
    for path in ("/board", "/now", "/privacy"):
        visit(path, page=page)
        expect(page.locator("h1").first).to_be_visible()
    page.context.set_offline(True)

    visit(f"/lost/{lost.json()['id']}", page=page)
    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()
    expect(page.get_by_text("No connection. This is what was known")).to_be_visible()
    visit(f"/lost/{lost.json()['id']}/poster", page=page)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="LOST")).to_be_visible()
    page.context.set_offline(True)
    visit("/board", page=page)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Lost and found near you")).to_be_visible()


def test_without_a_network_the_front_page_shows_the_pictures_of_this_devices_cases(visit, lost):
    page = visit(path_of(lost))
    controlled(page)
    page.reload()
    expect(page.locator("li.card")).to_have_count(1)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    visit("/", page=page)

    picture = page.get_by_role("navigation", name="Opened on this device").locator("img")
    assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") > 0


def test_a_verdict_given_without_a_network_is_sent_once_there_is_one(visit, lost, door):
    page = visit(path_of(lost))
    expect(page.locator("li.card")).to_have_count(1)
    page.context.set_offline(True)
    page.get_by_role("button", name="Not sure").click()
    expect(page.get_by_text("No connection.")).to_be_visible()
    expect(page.get_by_text("Your answer is saved, and will be sent")).to_be_in_viewport(ratio=1)  # where it was given
    page.get_by_role("button", name="Change").click()
    page.get_by_role("button", name="No", exact=True).click()
    page.context.set_offline(False)

    expect(page.get_by_text("You said: another animal")).to_be_visible()
    expect(page.get_by_text("No connection.")).to_have_count(0)


def test_a_part_that_cannot_be_loaded_says_so_and_comes_with_the_next_try(visit, lost):
    page = visit(path_of(lost))
    expect(page.locator("li.card")).to_have_count(1)
    page.context.set_offline(True)
    page.get_by_role("button", name="Map", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("This part of the page will appear once you are back online.")
    page.context.set_offline(False)
    page.get_by_role("alert").get_by_role("button", name="Try again").click()
    page.get_by_role("button", name="Map", exact=True).click()

    expect(page.locator(".map[data-ready]")).to_be_visible()


def test_news_come_again_after_a_server_that_started_anew_answered_with_an_error(visit, lost, door):
    page = visit("/")
    page.route("**/api/v1/events*", lambda route: route.fulfill(status=502, body="starting"))
    page.evaluate("navigator.serviceWorker?.getRegistrations().then(all => all.forEach(each => each.unregister()))")
    visit(path_of(lost), page=page)
    expect(page.locator("li.card")).to_have_count(1)
    with page.expect_request("**/api/v1/events*"):
        pass  # it asks again
    page.unroute("**/api/v1/events*")
    expect(page.locator("li.card")).to_have_count(1)
    door.report("found", photo(1, noise=3), **HOME)

    expect(page.locator("li.card")).to_have_count(2)
    page.get_by_role("button", name="1 new match").click()
    expect(page.locator("li.card.selected")).to_be_in_viewport()


def test_a_finder_whose_link_was_not_heard_tries_again_and_is_in(visit, door):
    door.report("lost", photo(1), name="Rex", **HOME)
    found = door.report("found", photo(1, noise=1), **HOME)
    page = visit("/")
    page.route("**/api/v1/**", lambda route: route.abort())
    visit(path_of(found), page=page)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.unroute("**/api/v1/**")
    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", name="Rex")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Rex")).to_be_visible()


def test_without_a_network_a_finders_page_shows_what_it_last_knew_and_goes_on_once_there_is_one(visit, door):
    door.report("lost", photo(1), name="Rex", **HOME)
    found = door.report("found", photo(1, noise=1), **HOME)
    page = visit(path_of(found))
    controlled(page)
    page.reload()
    expect(page.get_by_role("heading", name="Rex")).to_be_visible()
    page.context.set_offline(True)
    page.reload()
    expect(page.get_by_role("heading", name="Rex")).to_be_visible()
    expect(page.get_by_text("No connection. This is what was known")).to_be_visible()
    door.report("lost", photo(1, noise=3), name="Max", **HOME)
    page.context.set_offline(False)

    expect(page.get_by_role("heading", name="Max")).to_be_visible()
    expect(page.get_by_text("No connection.")).to_have_count(0)


def test_what_is_no_photo_is_named_also_when_it_is_added_later(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Add photos").set_input_files(
        [file(b"%PDF-1.4", "paper.pdf", "application/pdf"), file(photo(1, noise=4))]
    )

    expect(page.get_by_role("alert")).to_contain_text("paper.pdf cannot be read as a photo")
    expect(page.get_by_label("Add photos")).to_be_enabled()
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 2


def test_an_owner_adds_the_moments_of_a_video_later(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    with page.expect_response("**/photos"):
        page.get_by_label("Add photos").set_input_files(file(film(1, shaky), "rex.webm", "video/webm"))

    expect(page.get_by_label("Add photos")).to_be_enabled()
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 3


def test_a_photo_on_which_no_animal_is_seen_is_kept_where_the_owner_says_so(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Add photos").set_input_files([file(GREY)])
    alert = page.get_by_role("alert").filter(has_text="We see no animal in this photo.")
    expect(alert).to_be_in_viewport()
    with page.expect_response("**/photos"):
        alert.get_by_role("button", name="Keep it anyway").click()

    expect(alert).to_have_count(0)
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 2


def test_a_word_without_a_network_is_noted_beside_its_match_and_sent_later(visit, lost, door):
    page = visit(path_of(lost))
    card = page.locator("li.card").first
    expect(card).to_be_visible()
    page.context.set_offline(True)
    card.get_by_role("button", name="No", exact=True).click()
    expect(card.get_by_text("Your answer is saved")).to_be_visible()
    with page.expect_event("requestfailed"):
        page.evaluate("dispatchEvent(new Event('online'))")  # tried again, and in vain
    expect(card.get_by_text("Your answer is saved")).to_be_visible()

    page.context.set_offline(False)

    expect(page.locator("li.card").first.get_by_text("You said: another animal")).to_be_visible()
    expect(page.get_by_text("Your answer is saved")).to_have_count(0)


def test_a_word_changed_without_a_network_stands_there_and_no_earlier_one_comes_after_it(visit, lost, door):
    page = visit(path_of(lost))
    card = page.locator("li.card").first
    card.get_by_role("button", name="Not sure").click()
    expect(card.get_by_text("You are not sure")).to_be_visible()
    page.context.set_offline(True)
    for answer, said in (("Yes, it is", "You said: it is"), ("No", "You said: another animal")):
        card.get_by_role("button", name="Change").click()
        card.get_by_role("button", name=answer, exact=True).click()
        expect(card.get_by_text(said)).to_be_visible()
        expect(card.get_by_text("Your answer is saved")).to_be_visible()
    told = []
    page.on("request", lambda asked: asked.method == "PUT" and told.append(asked.post_data_json["verdict"]))
    page.context.set_offline(False)

    expect(page.get_by_text("Your answer is saved")).to_have_count(0)
    expect(page.get_by_text("You said: another animal")).to_be_visible()
    assert told == ["different"]


def test_a_word_without_a_network_outlives_the_tab(visit, lost, door):
    page = visit(path_of(lost))
    controlled(page)
    page.reload()
    card = page.locator("li.card").first
    expect(card).to_be_visible()
    page.context.set_offline(True)
    card.get_by_role("button", name="No", exact=True).click()
    expect(card.get_by_text("Your answer is saved")).to_be_visible()
    page.reload()
    expect(page.locator("li.card").first.get_by_text("Your answer is saved")).to_be_visible()

    page.context.set_offline(False)

    expect(page.locator("li.card").first.get_by_text("You said: another animal")).to_be_visible()
    page.reload()
    expect(page.locator("li.card").first.get_by_text("You said: another animal")).to_be_visible()
    expect(page.get_by_text("Your answer is saved")).to_have_count(0)


def test_photos_chosen_while_the_network_is_gone_for_a_moment_are_added_once_it_is_back(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.context.set_offline(True)
    page.get_by_label("Add photos").set_input_files(file(photo(1, noise=5)))
    expect(page.get_by_text("The connection broke off.")).to_be_visible()
    page.context.set_offline(False)

    expect(page.get_by_label("Add photos")).to_be_enabled()
    expect(page.get_by_text("The photos were not added")).to_have_count(0)
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 2


@pytest.mark.parametrize(
    ("language", "more", "add", "small"),
    [
        ("en-US", "More", "Add photos", "Added, though very small"),
        ("ru-RU", "Ещё", "Добавить фото", "Добавлено, хотя и очень мелко"),
    ],
)
def test_a_very_small_photo_is_added_with_a_word_until_a_larger_one_is(visit, lost, door, language, more, add, small):
    page = visit(path_of(lost), language=language)
    page.get_by_text(more, exact=True).click()
    page.get_by_label(add).set_input_files(file(jpeg(picture(1, noise=5, size=40))))
    expect(page.get_by_text(small)).to_be_visible()
    with page.expect_response("**/photos"):
        page.get_by_label(add).set_input_files(file(photo(1, noise=6)))

    expect(page.get_by_label(add)).to_be_enabled()
    expect(page.get_by_text(small)).to_have_count(0)
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 3


@pytest.mark.parametrize("is_reached", [False, True])
def test_photos_that_were_not_added_are_there_to_be_sent_again_and_are_added_once(visit, lost, door, is_reached):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.evaluate("navigator.serviceWorker?.getRegistrations().then(all => all.forEach(each => each.unregister()))")
    page.reload()
    page.get_by_text("More", exact=True).click()
    page.route("**/photos", lambda route: (is_reached and route.fetch(), route.abort()))
    page.get_by_label("Add photos").set_input_files(file(photo(1, noise=5)))
    alert = page.get_by_role("alert").filter(has_text="The photos were not added: you were offline.")
    expect(alert).to_be_in_viewport()
    page.unroute("**/photos")
    with page.expect_response("**/photos"):
        alert.get_by_role("button", name="Try again").click()

    expect(alert).to_have_count(0)
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 2


def test_photos_are_added_one_by_one_and_one_without_an_animal_keeps_none_of_the_others_back(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Add photos").set_input_files([file(photo(1, noise=5)), file(GREY), file(photo(1, noise=6))])
    alert = page.get_by_role("alert").filter(has_text="We see no animal in this photo.")
    expect(alert).to_have_count(1)
    expect(alert.locator("img")).to_be_visible()
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 3
    with page.expect_response("**/photos"):
        alert.get_by_role("button", name="Keep it anyway").click()

    expect(alert).to_have_count(0)
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 4


def test_a_photo_that_broke_off_is_asked_for_until_the_server_has_it_and_the_others_follow(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.evaluate("navigator.serviceWorker?.getRegistrations().then(all => all.forEach(each => each.unregister()))")
    page.reload()
    page.get_by_text("More", exact=True).click()
    sent = []

    def hold(route):
        sent.append(route)

    page.route("**/photos", hold)
    with page.expect_request("**/photos"):
        page.get_by_label("Add photos").set_input_files([file(photo(1, noise=5)), file(photo(1, noise=6))])
    expect(page.locator("label", has_text="Adding 1 of 2…")).to_be_visible()
    with page.expect_request("**/photos"):
        sent[0].fetch()
        sent[0].abort()
    expect(page.get_by_text("The connection broke off.")).to_be_visible()
    with page.expect_request("**/photos"):
        sent[1].fulfill(status=409, json={"code": "conflict", "title": "Conflict", "field": "Idempotency-Key"})
    expect(page.locator("label", has_text="Adding 1 of 2…")).to_be_visible()
    with page.expect_request("**/photos"):
        sent[2].continue_()
    expect(page.locator("label", has_text="Adding 2 of 2…")).to_be_visible()
    sent[3].continue_()

    expect(page.get_by_label("Add photos")).to_be_enabled()
    expect(page.get_by_text("The photos were not added")).to_have_count(0)
    assert len(door.world.engine.report(lost.json()["id"]).photos) == 3


def test_what_the_menu_could_not_do_without_a_network_is_said_there_and_not_done_later(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.context.set_offline(True)
    mute = page.get_by_role("button", name="Mute alerts for a day")
    alert = page.get_by_role("alert").filter(has_text="That did not go through: you were offline.")
    mute.click()
    expect(alert).to_be_in_viewport()
    page.get_by_label("A mark that only you know").fill("A scar")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(alert).to_have_count(2)
    page.get_by_role("button", name="Stop searching").click()
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_role("alertdialog").get_by_role("alert")).to_be_in_viewport()
    asked = []
    page.on("request", lambda request: request.method == "PATCH" and asked.append(request.url))
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_have_count(0)
    assert asked == []

    page.get_by_role("alertdialog").get_by_role("button", name="No", exact=True).click()
    mute.click()
    expect(page.get_by_role("button", name="Alerts are muted until")).to_be_visible()
    expect(alert).to_have_count(1)
    assert door.world.engine.report(lost.json()["id"]).report.status == "open"


@pytest.mark.parametrize("path", ["/board", "/desk"])
def test_a_phone_in_a_network_without_the_server_says_no_connection(visit, lost, path):
    page = visit(path_of(lost))
    controlled(page)
    page.reload()
    expect(page.locator("li.card")).to_have_count(1)
    page.add_init_script("Object.defineProperty(navigator, 'onLine', { get: () => true })")
    page.context.set_offline(True)

    visit(path, page=page)

    expect(page.get_by_role("heading", name="No connection")).to_be_visible()


def test_an_owner_erases_everything_after_one_question(visit, lost, door):
    page = visit(path_of(lost))
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.accept()))
    expect(page.locator("li.card")).to_have_count(1)
    page.get_by_text("More", exact=True).click()
    page.context.set_offline(True)
    page.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_text("No connection.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_have_count(0)
    assert door.world.engine.report(lost.json()["id"])  # nothing is erased behind one's back
    page.get_by_role("button", name="Erase everything").click()

    expect(page.get_by_role("heading", name="This report was erased")).to_be_visible()
    assert "for good" in asked[0]
    assert "homeward.case" not in page.evaluate("JSON.stringify(Object.keys(localStorage))")
    page.reload()
    expect(page.get_by_role("heading", name="This report was erased")).to_be_visible()


def pair(_, picture):
    """A dog before a smaller cat, on every picture."""
    height, width = picture.shape[:2]
    dog = Detection(Box(0, 0, 0.55 * width, height), Label.DOG, 0.9)
    return (dog, Detection(Box(0.6 * width, 0.4 * height, width, height), Label.CAT, 0.9))


LARGE = jpeg(picture(1, size=2000), quality=95)


def test_what_is_on_a_photo_is_seen_on_a_small_copy_and_the_whole_one_is_filed(visit, door):
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(file(LARGE))
    expect(page.locator(".photos svg")).to_have_attribute("viewBox", "0 0 1024 1024")
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()

    (report,) = door.world.engine.reports(ReportQuery())
    assert [each.photo.width for each in door.world.engine.report(report.id).photos] == [2000]


def test_which_of_several_animals_is_meant_is_asked_of_the_photo_that_is_filed(visit, door, monkeypatch):
    monkeypatch.setattr(FakeDetector, "_on", pair)
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files(file(LARGE))

    expect(page.locator(".photos svg")).to_have_attribute("viewBox", "0 0 2000 2000")


def test_a_cat_and_a_dog_on_one_photo_are_both_named(visit, monkeypatch):
    monkeypatch.setattr(FakeDetector, "_on", pair)
    page = visit("/found/new")
    page.get_by_label("Choose or take photos").set_input_files(file(photo(1)))

    expect(page.get_by_text("We see a cat and a dog. Tap the one you mean.")).to_be_visible()


def far_off(_, picture):
    """A cat that fills a twentieth of the picture's width."""
    side = picture.shape[1] / 20
    return (Detection(Box(0, 0, side, side), Label.CAT, 0.9),)


def test_an_animal_that_is_small_on_the_small_copy_alone_is_not_called_so(visit, monkeypatch):
    monkeypatch.setattr(FakeDetector, "_on", far_off)
    page = visit("/lost/new")
    page.get_by_label("Choose or take photos").set_input_files([file(LARGE), file(jpeg(picture(2, size=800)))])

    expect(page.locator(".photos li").last).to_contain_text("Very small.")
    expect(page.locator(".photos svg").first).to_have_attribute("viewBox", "0 0 1024 1024")
    expect(page.get_by_text("Very small.")).to_have_count(1)


def test_on_each_photo_an_animal_of_its_own_is_chosen_without_a_pointer_too(visit, door, monkeypatch):
    monkeypatch.setattr(FakeDetector, "_on", pair)
    page = visit("/lost/new", viewport=DESK)
    page.get_by_label("Choose or take photos").set_input_files([file(photo(1)), file(photo(2))])
    expect(page.get_by_role("button", name="cat, number 2")).to_have_count(2)
    page.get_by_role("button", name="cat, number 2").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("rect.chosen").first).to_have_attribute("aria-label", "cat, number 2")
    assert violations(page) == []
    page.get_by_role("button", name="cat", exact=True).click()
    just_now(page)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="We are searching.")).to_be_visible()

    (report,) = door.world.engine.reports(ReportQuery())
    assert [each.photo.chosen for each in door.world.engine.report(report.id).photos] == [1, 1]


def test_a_language_once_chosen_holds_on_every_page_whoever_makes_it(visit, lost):
    page = visit("/board")
    page.get_by_role("link", name="По-русски").click()
    expect(page.locator("html")).to_have_attribute("lang", "ru")
    visit(path_of(lost), page=page)
    expect(page.get_by_text("1 похожее животное")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.get_by_text("1 possible match")).to_be_visible()
    for path in ("/board", "/now", "/privacy"):
        visit(path, page=page)
        expect(page.locator("html")).to_have_attribute("lang", "en")
