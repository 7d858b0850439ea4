"""An owner and a finder who come together on the web, each in a browser of their own."""

import pytest
from playwright.sync_api import expect

from homeward.domain.reports import Shelf, Status
from homeward.ports import ReportQuery
from tests.conftest import photo
from tests.web.conftest import DESK, PHONE, SMALL, path_of, violations, wear

KEPT = "Object.keys(localStorage).filter(key => /^homeward.(case|talks)/.test(key)).length"
MEETING = {"latitude": 57.61, "longitude": 39.86}
TALKS = "**/api/v1/handovers?*"


@pytest.fixture
def both(visit, door):
    """An owner at a desk who writes English, a finder on a phone who writes Russian."""
    found = door.report("found", photo(1, noise=1), lat="57.605", lon="39.852", held="held")
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85", name="Rex", contact="8 800 secret")
    owner = visit(path_of(lost), viewport=DESK)
    finder = visit(path_of(found), viewport=PHONE, language="ru-RU", permissions=["geolocation"], geolocation=MEETING)
    return owner, finder


def connect(owner, finder):
    owner.get_by_role("button", name="Yes, it is").click()
    owner.get_by_role("button", name="Put me in touch with the finder").click()
    expect(owner.get_by_text("We have asked the other side.")).to_be_visible()
    expect(finder.get_by_text("Хозяин узнал в найденном вами животном своего питомца.")).to_be_visible(timeout=20_000)


def test_from_a_match_to_a_meeting(both, door):
    owner, finder = both
    connect(owner, finder)
    finder.get_by_label("Сначала спросить").fill("Какого цвета подушечки?")
    finder.get_by_role("button", name="Отправить").click()
    expect(owner.get_by_text("Какого цвета подушечки?")).to_be_visible(timeout=20_000)
    owner.get_by_label("Answer").fill("One is black")
    owner.get_by_role("button", name="Send").click()
    expect(finder.get_by_text("One is black")).to_be_visible(timeout=20_000)
    finder.get_by_role("button", name="Да", exact=True).click()
    expect(owner.get_by_text("You are connected.")).to_be_visible(timeout=20_000)
    expect(owner.get_by_text("Never pay in advance.")).to_be_visible()
    expect(owner.locator(".connect")).to_contain_text("You are in touch with the finder.")

    finder.get_by_role("button", name="Где я").click()
    expect(owner.get_by_role("link", name="Place: 57.61, 39.86")).to_be_visible(timeout=20_000)
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(1, noise=3)}
    finder.get_by_label("Фото", exact=True).set_input_files(picture)
    expect(owner.get_by_alt_text("Photo")).to_be_visible(timeout=20_000)
    owner.get_by_role("button", name="Rex is home").click()
    owner.get_by_role("button", name="Yes", exact=True).click()
    expect(owner.get_by_text("This case is closed:")).to_be_visible()
    expect(finder.get_by_text("Хозяин говорит, что питомец дома.")).to_be_visible(timeout=20_000)
    for gone in (
        finder.get_by_label("Сообщение"),
        finder.get_by_role("button", name="Где я"),
        finder.locator(".talk .file"),
    ):
        expect(gone).to_have_count(0)
    expect(finder.locator(".talk .talk-about")).to_contain_text("Rex")

    (lost,) = [each for each in door.world.engine.reports(ReportQuery()) if each.shelf == "lost"]
    assert lost.status is Status.REUNITED
    assert "secret" not in finder.content()


def ask_for_the_mark(owner, finder):
    """The owner keeps a mark back, and the finder asks for it."""
    owner.get_by_text("More", exact=True).click()
    owner.get_by_label("A mark that only you know").fill("A scar under the left paw")
    owner.get_by_role("button", name="Save", exact=True).click()
    expect(owner.get_by_text("Saved.")).to_be_visible()
    connect(owner, finder)
    finder.get_by_role("button", name="Спросить о тайной примете").click()


def test_the_mark_that_the_owner_keeps_back_is_asked_for_and_answered_in_one_tap(both):
    owner, finder = both
    ask_for_the_mark(owner, finder)
    expect(finder.get_by_text("Какой приметы нет ни на фото, ни в вашем объявлении?")).to_be_visible()
    asked = owner.get_by_text("Which mark is neither on the photos nor in your report?")
    expect(asked).to_be_visible(timeout=20_000)  # each reads it in the own language
    expect(owner.get_by_text("Your secret mark, which only you can see: A scar under the left paw")).to_be_visible()
    assert "scar" not in finder.content()
    owner.get_by_role("button", name="Answer with it").click()

    expect(finder.get_by_text("A scar under the left paw")).to_be_visible(timeout=20_000)


def erase(owner):
    owner.once("dialog", lambda dialog: dialog.accept())
    owner.get_by_text("More", exact=True).click()
    owner.get_by_role("button", name="Erase everything").click()
    expect(owner.get_by_role("heading", name="erased")).to_be_visible()


def test_that_the_other_side_has_erased_everything_is_told_at_once(both):
    owner, finder = both
    connect(owner, finder)
    erase(owner)

    expect(finder.get_by_text("Другая сторона удалила своё объявление.")).to_be_visible(timeout=20_000)


def test_what_is_said_to_somebody_who_has_erased_everything_is_explained(both):
    owner, finder = both
    connect(owner, finder)
    finder.route(TALKS, lambda route: route.abort())  # what it hears of the erasure leads nowhere
    with finder.expect_event("requestfailed"):
        erase(owner)
    finder.unroute(TALKS)

    finder.get_by_label("Сначала спросить").fill("Какого цвета подушечки?")
    finder.get_by_role("button", name="Отправить").click()

    expect(finder.get_by_text("Другая сторона удалила своё объявление.")).to_be_visible(timeout=20_000)


def test_a_finder_closes_the_report_and_opens_it_again(both, door):
    _, finder = both
    finder.once("dialog", lambda dialog: dialog.accept())
    finder.get_by_text("Ещё", exact=True).click()
    finder.get_by_role("button", name="Закрыть объявление").click()
    expect(finder.get_by_text("Это объявление закрыто.")).to_be_visible()
    finder.get_by_role("button", name="Открыть снова").click()
    expect(finder.get_by_text("Это объявление закрыто.")).to_be_hidden()

    (found,) = door.world.engine.reports(ReportQuery(shelf=Shelf.FOUND))
    assert found.status is Status.OPEN


def test_a_finder_may_say_no(both):
    owner, finder = both
    connect(owner, finder)

    finder.get_by_role("button", name="Нет", exact=True).click()

    expect(owner.get_by_text("The finder does not want to talk.")).to_be_visible(timeout=20_000)
    expect(finder.get_by_text("Вы отказались от разговора.")).to_be_visible()


def test_an_owner_who_says_no_after_all_asks_nobody_any_more_and_may_ask_anew(both):
    owner, finder = both
    connect(owner, finder)
    owner.get_by_role("button", name="Change").click()
    owner.get_by_role("button", name="No", exact=True).click()

    expect(finder.get_by_text("Хозяин не хочет разговаривать.")).to_be_visible(timeout=20_000)
    expect(finder.get_by_role("button", name="Да", exact=True)).to_have_count(0)
    finder.reload()
    expect(finder.locator(".talk .talk-about")).to_contain_text("Rex")
    expect(finder.locator(".cards")).to_have_count(0)
    assert finder.locator(".talk .talk-about img").evaluate("img => img.decode().then(() => img.naturalWidth)") > 0
    owner.get_by_role("button", name="Change").click()
    connect(owner, finder)


def test_a_finder_may_write_first_and_either_may_end_it(both):
    owner, finder = both
    finder.get_by_role("button", name="Написать хозяину").click()
    expect(owner.get_by_text("A finder wants to talk to you")).to_be_visible(timeout=20_000)
    owner.get_by_role("region", name="Conversations").get_by_role("button", name="Yes", exact=True).click()
    owner.get_by_label("Message").fill("<b>Hello</b>")
    owner.get_by_role("button", name="Send").click()
    expect(finder.get_by_text("<b>Hello</b>")).to_be_visible(timeout=20_000)
    finder.once("dialog", lambda dialog: dialog.dismiss())
    finder.get_by_role("button", name="Завершить разговор").click()
    expect(finder.get_by_role("button", name="Завершить разговор")).to_be_visible()
    finder.once("dialog", lambda dialog: dialog.accept())
    finder.get_by_role("button", name="Завершить разговор").click()

    expect(owner.get_by_text("This conversation is over.")).to_be_visible(timeout=20_000)


def test_everybody_can_talk(both):
    owner, finder = both
    connect(owner, finder)
    for page, viewport in ((owner, DESK), (finder, SMALL)):
        page.set_viewport_size(viewport)
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
        for scheme in ("light", "dark"):
            wear(page, scheme)
            assert violations(page) == [], scheme


@pytest.mark.parametrize("viewport", [DESK, SMALL])
def test_who_asks_to_talk_reads_on_the_card_what_came_of_it_and_is_led_to_the_conversation(both, viewport):
    owner, _ = both
    owner.set_viewport_size(viewport)
    card = owner.locator(".card[id], .matches tbody tr").first
    card.get_by_role("button", name="Yes, it is").click()
    ask = card.get_by_role("button", name="Put me in touch with the finder")
    owner.context.set_offline(True)
    ask.focus()
    owner.keyboard.press("Enter")
    expect(card.get_by_role("alert")).to_contain_text("That did not go through: you were offline.")
    expect(card.get_by_role("alert")).to_be_in_viewport()
    owner.context.set_offline(False)
    owner.keyboard.press("Enter")
    expect(card.get_by_text("We have asked the finder.")).to_be_in_viewport()
    expect(card.get_by_role("alert")).to_have_count(0)
    expect(card.get_by_role("button", name="To the conversation")).to_be_focused()
    assert violations(owner) == []

    card.get_by_role("button", name="Compare up close").click()
    owner.get_by_role("dialog").get_by_role("button", name="To the conversation").click()
    talk = owner.locator(".talk")
    expect(talk).to_be_focused()
    owner.wait_for_function("() => !history.state?.compared")  # the way back has ended and moved nothing
    expect(talk).to_be_in_viewport()
    expect(talk).to_be_focused()


def test_who_answers_a_poster_finds_its_owner_first_and_may_write_however_unlike_the_photos_are(visit, door):
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85", name="Rex")
    door.report("lost", photo(2), lat="57.6", lon="39.85", name="Murka")
    found = door.report("found", photo(2, noise=1), lat="57.605", lon="39.852", held="held", about=lost.json()["id"])
    finder, owner = visit(path_of(found), language="ru-RU"), visit(path_of(lost), language="ru-RU")
    expect(finder.locator(".finder .card h3")).to_have_text(["Rex", "Murka"])
    finder.get_by_role("button", name="Написать хозяину").first.click()

    expect(finder.get_by_text("Мы спросили хозяина.")).to_be_visible()
    expect(owner.get_by_text("Нашедший хочет поговорить с вами о вашем питомце.")).to_be_visible(timeout=20_000)


def test_what_was_begun_outlives_a_reload_and_a_place_opens_on_a_map(both):
    owner, finder = both
    connect(owner, finder)
    finder.get_by_role("button", name="Да", exact=True).click()
    expect(owner.get_by_text("You are connected.")).to_be_visible(timeout=20_000)
    expect(owner.locator(".talk .talk-about img")).to_be_visible()
    expect(finder.locator(".talk .talk-about")).to_contain_text("Rex")
    owner.get_by_label("Message").fill("I can be at the bridge at")
    owner.reload()
    expect(owner.get_by_label("Message")).to_have_value("I can be at the bridge at")
    owner.get_by_role("button", name="Send").click()
    expect(owner.get_by_label("Message")).to_have_value("")
    owner.reload()
    expect(owner.get_by_label("Message")).to_have_value("")

    finder.get_by_role("button", name="Где я").click()
    place = owner.get_by_role("link", name="Place: 57.61, 39.86")
    expect(place).to_be_visible(timeout=20_000)
    assert place.get_attribute("href").startswith("https://www.openstreetmap.org/?mlat=57.61&mlon=39.86")
    assert "noreferrer" in place.get_attribute("rel")


def test_a_device_that_never_says_where_it_is_keeps_nobody_from_writing(both):
    owner, finder = both
    finder.add_init_script(
        "navigator.geolocation.getCurrentPosition = (_, fail, how) => { window.asked = [fail, how]; }"
    )
    finder.reload()
    connect(owner, finder)
    finder.get_by_role("button", name="Да", exact=True).click()
    finder.get_by_role("button", name="Где я").click()
    finder.get_by_label("Сообщение").fill("Жду у моста")
    finder.get_by_role("button", name="Отправить").click()
    expect(owner.get_by_text("Жду у моста")).to_be_visible(timeout=20_000)

    assert 0 < finder.evaluate("window.asked[1].timeout") <= 30_000
    finder.evaluate("window.asked[0]({})")
    expect(finder.get_by_role("alert")).to_be_visible()
    expect(finder.get_by_role("button", name="Где я")).to_be_enabled()


def test_what_could_not_be_said_or_answered_is_told_beside_the_field_and_the_button(both):
    owner, finder = both
    connect(owner, finder)
    finder.get_by_label("Сначала спросить").fill("Какого цвета подушечки?")
    finder.context.set_offline(True)
    finder.get_by_role("button", name="Отправить").click()
    expect(finder.locator(".composer").get_by_role("alert")).to_contain_text("не было связи")
    expect(finder.get_by_role("alert")).to_have_count(1)
    finder.get_by_role("button", name="Да", exact=True).click()
    expect(finder.locator(".talk > .actions").get_by_role("alert")).to_contain_text("не было связи")
    expect(finder.get_by_role("alert")).to_have_count(2)
    finder.context.set_offline(False)
    finder.get_by_role("button", name="Отправить").click()

    expect(owner.get_by_text("Какого цвета подушечки?")).to_be_visible(timeout=20_000)
    expect(finder.locator(".composer").get_by_role("alert")).to_have_count(0)
    assert violations(finder) == []


def test_what_was_said_and_whose_answer_was_lost_is_said_once(both):
    owner, finder = both
    connect(owner, finder)
    finder.get_by_label("Сначала спросить").fill("Какого цвета подушечки?")
    unheard = lambda route: route.continue_() if route.request.method == "GET" else (route.fetch(), route.abort())  # noqa: E731
    finder.route("**/messages", unheard)
    finder.get_by_role("button", name="Отправить").click()
    expect(finder.locator(".composer").get_by_role("alert")).to_be_visible()
    finder.unroute("**/messages")
    finder.get_by_role("button", name="Отправить").click()
    expect(finder.get_by_label("Сначала спросить")).to_have_value("")

    expect(finder.get_by_text("Какого цвета подушечки?")).to_have_count(1)
    assert finder.locator(".messages li").count() == 1


def left_without_a_network(owner):
    """What the page shows after a reload is what the device remembers."""
    owner.wait_for_function("() => !!navigator.serviceWorker?.controller")
    owner.reload()
    expect(owner.locator(".talk")).to_be_visible()
    owner.wait_for_load_state("networkidle")
    owner.context.set_offline(True)
    owner.reload()


def test_without_a_network_a_conversation_is_there_to_be_read_and_goes_on_with_one(both):
    owner, finder = both
    ask_for_the_mark(owner, finder)
    owner.get_by_role("button", name="Answer with it").click(timeout=20_000)
    finder.get_by_role("button", name="Да", exact=True).click()
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(1, noise=3)}
    finder.get_by_label("Фото", exact=True).set_input_files(picture)
    finder.get_by_label("Сообщение").fill("We meet at the bridge")
    finder.get_by_role("button", name="Отправить").click()
    expect(owner.get_by_text("We meet at the bridge")).to_be_visible(timeout=20_000)
    left_without_a_network(owner)

    expect(owner.get_by_text("This is how it stood")).to_be_visible()
    talk = owner.locator(".talk")
    for said in ("Which mark is neither on the photos", "We meet at the bridge"):
        expect(talk.get_by_text(said)).to_be_visible()
    expect(talk.get_by_text("This is not kept on your device.")).to_have_count(2)  # the mark and the photo
    assert "scar" not in owner.evaluate("JSON.stringify(localStorage)")
    assert talk.locator("button, textarea, input").count() == 0
    expect(owner.locator(".connect")).to_contain_text("You are in touch with the finder.")
    assert violations(owner) == []
    owner.context.set_offline(False)

    owner.get_by_label("Message").fill("I come", timeout=30_000)
    expect(owner.get_by_alt_text("Photo")).to_be_visible()
    expect(talk.get_by_text("A scar under the left paw")).to_be_visible()
    expect(owner.get_by_text("This is how it stood")).to_have_count(0)
    owner.get_by_role("button", name="Send").click()
    expect(finder.get_by_text("I come")).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("is_remembered", [True, False])
def test_without_a_network_nobody_is_asked_who_was_asked_before(visit, door, is_remembered):
    door.report("found", photo(1, noise=1), lat="57.605", lon="39.852", held="held")
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85", name="Рекс")
    owner = visit(path_of(lost), language="ru-RU")
    owner.get_by_role("button", name="Да, узнаю").click()
    owner.get_by_role("button", name="Связать меня с нашедшим").click()
    expect(owner.locator(".connect")).to_contain_text("Мы спросили нашедшего.")
    if not is_remembered:
        owner.add_init_script("Object.keys(localStorage).map(key => /talks/.test(key) && localStorage.removeItem(key))")
    left_without_a_network(owner)

    expect(owner.get_by_text("Вы узнали питомца")).to_be_visible()
    expect(owner.get_by_role("button", name="Связать меня с нашедшим")).to_have_count(0)
    if is_remembered:
        expect(owner.get_by_text("Так было")).to_be_visible()
        expect(owner.locator(".connect")).to_contain_text("Мы спросили нашедшего.")
        expect(owner.locator(".talk .talk-about img")).to_be_visible()


def test_a_finders_device_keeps_a_conversation_but_not_what_may_be_the_owners_proof(visit, door):
    found = door.report("found", photo(1, noise=1), lat="57.605", lon="39.852")
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85", name="Rex", secret_mark="A scar")
    owner, finder = visit(path_of(lost), viewport=DESK), visit(path_of(found), language="ru-RU")
    connect(owner, finder)
    finder.get_by_role("button", name="Спросить о тайной примете").click()
    owner.get_by_label("Answer").fill("It is a SCAR")
    owner.get_by_role("button", name="Send").click()
    expect(finder.get_by_text("It is a SCAR")).to_be_visible(timeout=20_000)
    finder.wait_for_function(f"() => {KEPT} === 2")
    finder.route("**/api/v1/**", lambda route: route.abort())
    finder.reload()

    expect(finder.get_by_text("Какой приметы нет ни на фото")).to_be_visible()
    expect(finder.get_by_text("На устройстве это не хранится.")).to_be_visible()
    expect(finder.get_by_role("button", name="Отправить")).to_have_count(0)
    assert "SCAR" not in finder.evaluate("JSON.stringify(localStorage)")
    finder.unroute("**/api/v1/**")
    expect(finder.get_by_text("It is a SCAR")).to_be_visible(timeout=20_000)


def test_what_was_said_leaves_the_device_with_the_case_and_does_not_come_back(both):
    owner, finder = both
    connect(owner, finder)
    owner.wait_for_function(f"() => {KEPT} === 2")
    held = []
    owner.route("**/messages", lambda route: route.fulfill(json={"items": []}))
    owner.route(TALKS, lambda route: held.append((route, route.fetch())))
    finder.get_by_label("Сначала спросить").fill("Какого цвета подушечки?")
    with owner.expect_request(TALKS):
        finder.get_by_role("button", name="Отправить").click()
    erase(owner)
    assert owner.evaluate(KEPT) == 0

    with owner.expect_response("**/messages"):
        for route, answer in held:
            route.fulfill(response=answer)
    owner.evaluate("() => new Promise(requestAnimationFrame)")
    assert owner.evaluate(KEPT) == 0


def test_what_was_said_leaves_the_device_when_the_link_is_no_longer_good(both, door):
    owner, finder = both
    connect(owner, finder)
    owner.wait_for_function(f"() => {KEPT} === 2")
    (lost,) = [each for each in door.world.engine.reports(ReportQuery()) if each.shelf == "lost"]
    door.world.engine.revoke_links(lost.id)
    owner.reload()

    expect(owner.get_by_role("heading", name="This link does not work")).to_be_visible()
    assert owner.evaluate(KEPT) == 0
