"""The operator's desk in a real browser: keys, thumbs, both languages, light and dark."""

import re

import pytest
from playwright.sync_api import expect

from homeward.api.auth import new_key
from tests.conftest import photo
from tests.doors.test_desk import set_degree
from tests.web.conftest import DESK, PHONE, SMALL, come_closer, just_now, violations
from tests.web.test_owner import TOO_WIDE

PLACE = {"lat": "57.6", "lon": "39.85"}
ROOMS = ["pairs", "reports", "petitions", "cameras", "models", "health", "people", "log"]
NASTY = "<img src=x onerror=window.broken=1>"


@pytest.fixture
def links(door):
    """Links that sign in, by name."""

    def link(name, scope="admin"):
        _, secret = new_key(door.context, name, scope, None)
        return f"/desk#token={secret}"

    return link


@pytest.fixture
def pairs(door):
    """Two pairs that nobody is sure of; the lost one has two photos."""
    lost = door.report("lost", photo(1), photo(1, noise=9), name="Barsik", listed="true", contact="8 800", **PLACE)
    for noise in (3, 4):
        door.report("found", photo(1, noise=noise), **PLACE)
    set_degree(door, 0.5)
    return lost.json()["id"]


def room(page, name):
    page.locator(f".desk-tabs [href='#{name}']").click()
    expect(page.locator(f".desk-tabs [href='#{name}'][aria-current]")).to_be_visible()
    expect(page.locator(".desk-room [aria-busy]")).to_have_count(0)


def test_a_link_signs_in_leaves_the_address_and_signing_out_ends_it(visit, links):
    page = visit(links("Anna"))
    expect(page.get_by_text("Anna operator")).to_be_visible()
    assert "token" not in page.url
    assert page.evaluate("document.cookie") == ""
    assert "hw_" not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    page.reload()
    expect(page.get_by_text("Anna operator")).to_be_visible()

    page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("heading", name="The desk of this server")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_wrong_key_is_told_and_a_right_one_typed_in_opens(visit, links):
    page = visit("/desk")
    page.get_by_label("Key").fill("hw_nobody_nothing")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("does not open the desk")

    page.get_by_label("Key").fill(links("Anna").split("token=")[1])
    page.get_by_role("button", name="Sign in").click()

    expect(page.get_by_text("Anna operator")).to_be_visible()


def test_a_link_opens_where_the_desk_stands_open_already(visit, links):
    page = visit("/desk")
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()

    visit(links("Vera", "volunteer"), page=page)

    expect(page.get_by_text("Vera volunteer")).to_be_visible()


def test_a_volunteer_judges_by_keys_and_sees_nothing_else(visit, links, pairs, door):
    page = visit(links("Vera", "volunteer"), viewport=DESK)
    expect(page.get_by_text("2 pairs wait · you have judged 0")).to_be_visible()
    expect(page.locator(".desk-tabs")).to_have_count(0)
    expect(page.locator("body")).not_to_contain_text("Barsik")
    first = page.locator(".pair-stage figure").last.locator("img").get_attribute("src")
    page.keyboard.press("1")
    expect(page.get_by_text("1 pair waits · you have judged 1")).to_be_visible()
    expect(page.locator(".pair-stage figure").last.locator("img")).not_to_have_attribute("src", first)
    page.keyboard.press("4")

    expect(page.get_by_role("heading", name="Nothing to compare")).to_be_visible()
    with door.world.database.read() as work:
        assert sorted(each.opinion.value for each in work.opinions.of_lost(pairs)) == ["not_comparable", "same"]


def test_keys_do_nothing_while_the_focus_is_elsewhere(visit, links, pairs):
    page = visit(links("Anna"), viewport=DESK)
    room(page, "pairs")
    page.get_by_role("button", name="Sign out").focus()

    page.keyboard.press("1")

    expect(page.get_by_text("2 pairs wait · you have judged 0")).to_be_visible()


def test_on_a_slow_line_a_pair_is_judged_once_and_none_is_skipped(visit, links, pairs, door):
    page = visit(links("Vera", "volunteer"), viewport=DESK)
    expect(page.get_by_text("2 pairs wait · you have judged 0")).to_be_visible()
    held = []

    def hold(route):
        held.append(route)

    page.route("**/api/v1/desk/pairs/*/*", hold)

    for key in "1234":
        page.keyboard.press(key)

    expect(page.get_by_role("button", name="Same")).to_be_disabled()
    (only,) = held
    only.continue_()
    expect(page.get_by_text("1 pair waits · you have judged 1")).to_be_visible()
    with door.world.database.read() as work:
        assert [each.opinion.value for each in work.opinions.of_lost(pairs)] == ["same"]


def test_a_key_that_is_held_and_a_key_of_the_browser_judge_nothing(visit, links, pairs):
    page = visit(links("Vera", "volunteer"), viewport=DESK)
    expect(page.get_by_text("2 pairs wait · you have judged 0")).to_be_visible()
    sent = []
    page.on("request", lambda asked: asked.method == "PUT" and sent.append(asked.post_data_json["opinion"]))
    for keys in ("Control+2", "Alt+3"):
        page.keyboard.press(keys)
    page.keyboard.down("1")
    expect(page.get_by_text("1 pair waits · you have judged 1")).to_be_visible()
    page.keyboard.down("1")
    page.keyboard.up("1")
    page.keyboard.press("4")

    expect(page.get_by_role("heading", name="Nothing to compare")).to_be_visible()
    assert sent == ["same", "not_comparable"]


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
@pytest.mark.parametrize(("width", "height"), [(320, 568), (568, 320)])
def test_on_a_low_screen_the_words_cover_no_animal(visit, links, pairs, door, width, height, language):
    door.report("found", photo(1, noise=5), photo(1, noise=6), **PLACE)
    set_degree(door, 0.5)

    def in_a_district(route):
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace('"district":null', '"district":"North Orchards"'))

    page = visit("/", viewport={"width": width, "height": height}, language=language, has_touch=True, is_mobile=True)
    page.route("**/api/v1/desk/pairs?*", in_a_district)
    visit(links("Vera", "volunteer"), page=page)
    expect(page.locator(".pair-stage")).to_contain_text("North Orchards")
    expect(page.locator(".pair-stage img").first).to_be_visible()
    stage, words = (page.locator(each).bounding_box() for each in (".pair-stage", ".opinions"))

    assert 0 <= stage["y"] < stage["y"] + stage["height"] <= words["y"]
    assert words["y"] + words["height"] <= height


def test_on_a_phone_both_photos_and_all_words_are_in_sight_and_photos_are_leafed_through(visit, links, pairs):
    page = visit(links("Vera", "volunteer"), viewport=PHONE, has_touch=True, is_mobile=True)
    expect(page.locator(".pair-stage img").first).to_be_visible()
    for part in (".pair-stage figure >> nth=0", ".pair-stage figure >> nth=1", ".opinions"):
        expect(page.locator(part)).to_be_in_viewport(ratio=0.99)
    lost = page.locator(".pair-stage figure").first
    expect(lost).to_contain_text("1/2")
    lost.get_by_role("button", name="Next").tap()
    expect(lost).to_contain_text("2/2")
    page.get_by_role("button", name="Can’t tell").tap()
    expect(page.get_by_text("you have judged 1")).to_be_visible()
    page.get_by_role("button", name="Back to the last one").tap()
    page.get_by_role("button", name="Different").tap()
    page.get_by_role("button", name="Different").tap()
    expect(page.get_by_role("heading", name="Nothing to compare")).to_be_visible()


def test_a_complaint_from_the_board_is_decided_with_a_reason(visit, links, pairs, door):
    anybody = visit(f"/pet/{pairs}")
    anybody.get_by_role("link", name="Something is wrong with this notice").click()
    anybody.get_by_label("In your own words, if you like").fill(NASTY)
    anybody.get_by_role("button", name="Send").click()  # nobody complains by one empty tap
    expect(anybody.get_by_role("heading", name="Thank you")).to_have_count(0)
    anybody.get_by_label("a fraud").check()
    anybody.get_by_role("button", name="Send").click()
    expect(anybody.get_by_role("heading", name="Thank you")).to_be_visible()

    page = visit(links("Anna"))
    expect(page.get_by_text(NASTY)).to_be_visible()
    page.get_by_role("button", name="Hide").click()
    page.get_by_label("Why").fill("It asks for money.")
    page.get_by_role("button", name="Hide").click()

    expect(page.get_by_text("No complaints. Good.")).to_be_visible()
    assert door.world.engine.report(pairs).report.status == "hidden"
    assert page.evaluate("window.broken") is None
    room(page, "log")
    expect(page.locator(".log li").first).to_contain_text("Anna hid a report")
    expect(page.locator(".log li").first).to_contain_text("It asks for money.")


def test_an_owner_reads_why_a_report_was_hidden(visit, door, links):
    from homeward.domain.desk import Actor, Decision
    from tests.web.conftest import path_of

    lost = door.report("lost", photo(1), name="Barsik", **PLACE)
    actor = Actor("key", "Anna")
    door.world.engine.desk.moderation.decide(actor, lost.json()["id"], Decision.HIDE, f"No pet {NASTY}")

    page = visit(path_of(lost))

    expect(page.get_by_text(f"Their reason: No pet {NASTY}")).to_be_visible()
    page.get_by_role("link", name="Object").click()
    expect(page.get_by_role("heading", name="Ask the people who run this server")).to_be_visible()


def send(finder, seed):
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(seed)}
    finder.locator("input[type=file]").set_input_files(picture)
    just_now(finder)
    finder.get_by_role("button", name="Отправить").click()


def test_a_sender_is_blocked_told_so_and_unblocked(visit, links):
    finder = visit("/found/new", language="ru-RU")
    send(finder, 7)
    expect(finder.get_by_role("heading", name="Спасибо")).to_be_visible()
    page = visit(links("Anna"))
    room(page, "reports")
    page.get_by_role("button", name="Block the sender").click()
    page.get_by_label("Why").fill("Sells puppies.")
    page.get_by_label("For how long").select_option("7")
    page.locator(".decision").get_by_role("button", name="Block the sender").click()
    expect(page.get_by_text("sender blocked")).to_be_visible()

    finder.get_by_role("button", name="Сообщить о другом животном").click()
    send(finder, 8)
    expect(finder.get_by_role("alert")).to_contain_text("Если это ошибка, напишите нам")

    page.get_by_role("button", name="Blocked senders").click()
    page.get_by_role("button", name="Lift").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Lift").click()
    expect(page.get_by_role("button", name="Lift")).to_have_count(0)
    finder.get_by_role("button", name="Отправить").click()
    expect(finder.get_by_role("heading", name="Спасибо")).to_be_visible()


def test_a_request_is_answered_and_read_by_whoever_asked(visit, links, pairs):
    person = visit("/privacy", language="ru-RU")
    person.get_by_label("О чём речь?").fill("Сотрите фото с моим окном.")
    person.get_by_label("Адрес страницы").fill(f"http://127.0.0.1/pet/{pairs}")
    person.get_by_role("button", name="Отправить").click()
    expect(person.get_by_text("Мы его получили. Ответ будет не позднее")).to_be_visible()

    page = visit(links("Anna"))
    room(page, "petitions")
    expect(page.get_by_text("due in 10 days")).to_be_visible()
    page.get_by_role("link", name="Open this report").click()
    expect(page.get_by_role("heading", name="Lost cat: Barsik")).to_be_visible()
    page.locator(".desk-tabs [href='#reports']").click()
    expect(page.get_by_role("button", name="Newest")).to_be_visible()
    room(page, "petitions")
    page.get_by_label("Your answer").fill("Стёрто.")
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_text("Nobody is waiting for an answer.")).to_be_visible()

    person.reload()
    expect(person.get_by_text("Стёрто.")).to_be_visible()


def test_a_camera_is_added_by_pin_and_its_key_is_shown_once(visit, links, door):
    page = visit(links("Anna"), viewport=DESK, reduced_motion="reduce")
    room(page, "cameras")
    expect(page.get_by_role("heading", name="No camera yet")).to_be_visible()
    page.get_by_role("button", name="Add a camera").click()
    page.get_by_label("Name of the place").fill("Mill bridge")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Move the map")
    pin = page.locator(".pin-map")
    expect(pin.locator(".map[data-ready]")).to_be_visible()
    pin.scroll_into_view_if_needed()
    come_closer(page)
    box = pin.bounding_box()
    page.mouse.move(box["x"] + 150, box["y"] + 150)
    page.mouse.down()
    page.mouse.move(box["x"] + 190, box["y"] + 180, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Save").click()

    secret = page.locator(".secret code.link").inner_text()
    expect(page.get_by_role("heading", name="Mill bridge")).to_be_visible()
    expect(page.locator(".camera-map[data-ready]")).to_be_visible()
    (camera,) = door.world.engine.cameras.all()
    answer = door.http.post(
        f"/api/v1/cameras/{camera.id}/heartbeat", json={}, headers={"Authorization": f"Bearer {secret}"}
    )
    assert answer.status_code == 200
    page.reload()
    room(page, "cameras")
    expect(page.get_by_text("live")).to_be_visible()
    expect(page.locator("body")).not_to_contain_text(secret)
    page.get_by_role("button", name="Pause").click()
    expect(page.get_by_text("paused")).to_be_visible()
    page.locator(".camera-mark").click()
    expect(page.locator(".desk-row.selected")).to_contain_text("Mill bridge")


def test_two_maps_on_one_screen_have_a_name_each(visit, links, door):
    door.world.camera()
    page = visit(links("Anna"))
    room(page, "cameras")
    page.get_by_role("button", name="Add a camera").click()

    expect(page.get_by_role("region", name="Map of the cameras")).to_have_count(1)
    expect(page.get_by_role("region", name="Choose on the map")).to_have_count(1)
    expect(page.get_by_role("region")).to_have_count(2)


def test_what_a_camera_sent_is_seen_and_erased(visit, links, door):
    camera = door.key("sightings", door.world.camera().id)
    now = door.world.clock.now().isoformat()
    for number in range(3):
        door.http.post("/api/v1/sightings", data={"seen_at": now}, files={"photo": photo(number)}, headers=camera)
    page = visit(links("Anna"))
    room(page, "cameras")
    page.get_by_role("button", name="What it sent").click()
    expect(page.locator(".thumbs li")).to_have_count(3)
    page.locator(".thumbs li").first.get_by_role("button").click()
    expect(page.locator(".thumbs li")).to_have_count(2)
    page.get_by_role("button", name="Erase all of it").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Erase all of it").click()

    expect(page.get_by_text("Nothing that it sent is still kept.")).to_be_visible()
    assert door.is_empty()


def test_a_volunteer_is_added_with_a_link_that_works_and_revoked(visit, links):
    page = visit(links("Anna"))
    room(page, "people")
    page.get_by_label("Name").fill("Vera")
    page.get_by_role("button", name="Add somebody").click()
    link = page.locator(".secret code").inner_text()
    vera = visit(link)
    expect(vera.get_by_text("Vera volunteer")).to_be_visible()

    row = page.locator(".desk-row").filter(has_text="Vera")
    row.get_by_role("button", name="Revoke").click()
    page.get_by_role("alertdialog").get_by_role("button", name="Revoke").click()
    expect(row).to_have_count(0)

    vera.reload()
    expect(vera.get_by_role("button", name="Sign in")).to_be_visible()


def test_models_show_their_curves_whatever_stands_on_their_cards(visit, links, door):
    from homeward.models.registry import Registry

    cards = [card.raw for card in Registry([door.folder / "models"]).cards()]
    odd = {"name": "odd", "kind": "embedder", "licence": NASTY, "figures": {"a": "b", "c": {"d": 1}}, "about": ""}
    object.__setattr__(door.context, "cards", lambda: [*cards, odd])
    page = visit(links("Anna"), viewport=DESK)
    room(page, "models")

    curves = [curve for card in cards for curve in card.get("calibration", ())]
    expect(page.locator(".curve svg")).to_have_count(len(curves))
    expect(page.locator(".curve").first).to_contain_text(re.compile(r"one of 100.*50% at \d"))
    expect(page.get_by_text("Nobody has measured what its distances mean.")).to_be_visible()


def test_health_tells_of_queues_and_disk(visit, links, pairs):
    page = visit(links("Anna"), viewport=DESK)
    room(page, "health")

    expect(page.get_by_text("Everything works.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("matches for owners"))).to_be_visible()


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
@pytest.mark.parametrize("viewport", [{"width": 320, "height": 568}, SMALL, PHONE])
def test_on_a_phone_an_operator_sees_all_rooms_and_both_animals(visit, links, pairs, viewport, language):
    page = visit(links("Anna"), viewport=viewport, language=language, has_touch=True, is_mobile=True)
    room(page, "pairs")
    expect(page.locator(".pair-stage img").first).to_be_visible()
    page.wait_for_function(ALL_IS_IN_SIGHT, arg=viewport["width"])  # once: what still moves is measured again


@pytest.mark.parametrize(
    ("viewport", "scheme", "language"),
    [(SMALL, "dark", "ru-RU"), (PHONE, "light", "en-US"), (DESK, "light", "ru-RU"), (DESK, "dark", "en-US")],
)
def test_everybody_can_use_every_room(visit, links, pairs, door, viewport, scheme, language):
    door.world.camera()
    door.http.post(f"/api/v1/board/{pairs}/complaints", json={"kind": "private", "text": "x" * 200})
    door.http.post("/api/v1/petitions", json={"text": "y" * 200, "contact": "z" * 100, "about": f"/pet/{pairs}"})
    page = visit(links("A" * 60), viewport=viewport, scheme=scheme, language=language)
    for name in ROOMS:
        room(page, name)
        if name == "cameras":
            expect(page.locator(".camera-map[data-ready]")).to_be_visible()
        assert page.evaluate(TOO_WIDE_OUTSIDE_OF_STRIPS) == [], name
        assert violations(page) == [], name
    for path in (f"/pet/{pairs}/complaint", "/privacy"):
        visit(path, page=page)
        assert page.evaluate(TOO_WIDE) == [], path
        assert violations(page) == [], path


# what scrolls sideways by design may hold more than the screen does
ALL_IS_IN_SIGHT = """width => {
    const boxes = (which) => [...document.querySelectorAll(which)].map((each) => each.getBoundingClientRect());
    const animals = boxes(".pair-stage figure > :first-child");
    const wide = [...boxes(".desk-tabs a"), ...boxes(".pair-stage figure")];
    return [...document.querySelectorAll(".pair-stage img")].every((each) => each.naturalWidth)
        && animals.length === 2 && wide.length > 2
        && wide.every((box) => box.left >= 0 && box.width > 0 && box.right <= width)
        && animals.every((box) => box.height > 90 && box.bottom <= boxes(".opinions")[0].top);
}"""
TOO_WIDE_OUTSIDE_OF_STRIPS = """[...document.querySelectorAll("body *")]
  .filter((e) => e.checkVisibility({contentVisibilityAuto: true}) && !e.closest(".swipe, .strip, .camera-map")
    && e.getBoundingClientRect().right > innerWidth + 1)
  .map((e) => e.outerHTML.slice(0, 120))"""
