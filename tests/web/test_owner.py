"""The owner's page, used in a real browser."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from playwright.sync_api import expect

from homeward.domain.desk import Actor, Decision
from tests.conftest import jpeg, photo, picture
from tests.web.conftest import DESK, PHONE, SMALL, just_now, path_of, violations, wear

HOME = {"lat": "57.6", "lon": "39.85", "home_lat": "57.6", "home_lon": "39.85"}
NEAR, FAR = {"lat": "57.605", "lon": "39.852"}, {"lat": "57.75", "lon": "39.9"}


@pytest.fixture
def lost(door):
    """Barsik is lost, seen once near home and once ten miles away."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    door.report("found", photo(1, noise=2), held="held", happened_at=yesterday.isoformat(), **NEAR)
    door.report("found", photo(1, noise=3), **FAR)
    return door.report("lost", photo(1), name="Barsik", **HOME)


TOO_WIDE = """[...document.querySelectorAll("body *")].filter((e) => e.checkVisibility({contentVisibilityAuto: true})
    && (e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().left < -1))
  .map((e) => e.outerHTML.slice(0, 120))"""


def cards(page):
    return page.locator(".card[id], .matches tbody tr")


def test_a_link_opens_the_page_and_its_secret_leaves_the_address(visit, lost):
    page = visit(path_of(lost))

    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()
    expect(cards(page)).to_have_count(2)
    assert page.url.endswith(f"/lost/{lost.json()['id']}")
    expect(cards(page).first).to_contain_text("The finder has it")
    expect(cards(page).first).to_contain_text("550 m from home")
    page.reload()
    expect(cards(page)).to_have_count(2)


@pytest.mark.parametrize(
    ("language", "told", "compared", "steps"),
    [
        ("en-US", "just now · 550 m from where it was lost", "found · just now", ("Previous", "Next")),
        ("ru-RU", "только что · 550\xa0м от места пропажи", "найдено · только что", ("Предыдущее", "Следующее")),
    ],
)
def test_a_place_without_a_name_is_left_to_the_map(visit, door, language, told, compared, steps):
    door.report("found", photo(1, noise=2), **NEAR)
    lost = door.report("lost", photo(1), lat=HOME["lat"], lon=HOME["lon"])
    page = visit("/", language=language)
    page.clock.set_fixed_time(door.world.clock.moment)  # however slow the page is
    visit(path_of(lost), page=page)

    expect(page.locator(".card-text p").first).to_contain_text(told)
    page.locator(".card .pair").first.click()
    expect(page.locator(".compare figcaption").last).to_have_text(compared)
    buttons = [page.locator(".compare").get_by_role("button", name=step, exact=True) for step in steps]
    for button in buttons:
        expect(button).to_be_visible()
    assert buttons[0].bounding_box()["y"] == buttons[1].bounding_box()["y"]  # in one row with the way out


def test_what_was_written_in_a_hurry_is_put_right(visit, lost, door):
    report = lost.json()["id"]
    happened_at = door.world.engine.report(report).report.happened_at
    page = visit(path_of(lost), language="ru-RU")
    for name, marks in (("Барсик", "Белая лапка"), ("Барсик", "")):
        page.get_by_text("Ещё", exact=True).click()
        page.get_by_role("button", name="Исправить кличку, приметы или время").click()
        expect(page.get_by_label("Кличка")).to_be_focused()
        page.get_by_label("Кличка").fill(name)
        page.get_by_label("Приметы, ошейник").fill(marks)
        page.locator(".home").get_by_role("button", name="Сохранить", exact=True).click()
        expect(page.locator(".home")).to_have_count(0)
        expect(page.get_by_role("heading", name="Барсик")).to_be_visible()
        told = door.world.engine.report(report).report
        assert (told.name, told.description, told.happened_at) == (name, marks or None, happened_at)
        page.get_by_text("Ещё", exact=True).click()
    page.get_by_text("Ещё", exact=True).click()
    page.get_by_role("button", name="Исправить").click()
    page.get_by_label("Когда это было?").fill((datetime.now() - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M"))
    assert violations(page) == []
    page.locator(".home").get_by_role("button", name="Сохранить", exact=True).click()

    expect(page.get_by_text("Пропажа: позавчера")).to_be_visible()


def test_a_wide_screen_has_a_table_and_a_map_a_phone_has_cards(visit, lost):
    wide = visit(path_of(lost), viewport=DESK)
    expect(wide.locator("table.matches tbody tr")).to_have_count(2)
    expect(wide.locator(".map[data-ready]")).to_be_visible()
    why = wide.get_by_role("button", name="Why").first
    why.click()
    expect(why).to_have_attribute("aria-expanded", "true")
    across = wide.locator("td.reasons")
    expect(across).to_contain_text("L2 distance")
    assert across.bounding_box()["width"] > 0.9 * wide.locator("table.matches").bounding_box()["width"]

    phone = visit(path_of(lost), viewport=PHONE)
    expect(phone.locator("li.card")).to_have_count(2)
    expect(phone.locator(".map")).to_have_count(0)


def test_a_filter_says_what_it_hides_stays_in_the_address_and_goes_with_one_tap(visit, lost):
    page = visit(path_of(lost))
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Within").select_option("5")

    expect(cards(page)).to_have_count(1)
    expect(page.get_by_text("Your filter hides 1 match")).to_be_visible()
    expect(page.get_by_text("(Within hides 1)")).to_be_visible()
    assert "max_km=5" in page.url
    page.reload()
    expect(cards(page)).to_have_count(1)
    visit(f"/lost/{lost.json()['id']}?from=letter", page=page)
    expect(cards(page)).to_have_count(1)
    assert page.url.endswith("?max_km=5"), "what is remembered can be shared, and what else stood there is no choice"
    page.get_by_role("button", name="Show all").click()
    expect(cards(page)).to_have_count(2)
    assert "?" not in page.url


def test_the_order_can_be_chosen(visit, lost, door):
    best, other = (match["found_id"] for match in lost.json()["matches"])
    page = visit(path_of(lost), viewport=DESK)
    expect(cards(page).first).to_have_id(f"match-{best}")

    page.get_by_label("Sort by").select_option("time")

    expect(cards(page).first).to_have_id(f"match-{other}")


def test_the_owners_word_is_kept_and_can_be_changed(visit, lost, door):
    page = visit(path_of(lost))
    cards(page).first.get_by_role("button", name="No", exact=True).click()

    expect(page.get_by_text("You said: another animal")).to_be_visible()
    page.reload()
    expect(cards(page).last).to_contain_text("You said: another animal")
    cards(page).last.get_by_role("button", name="Change").click()
    cards(page).last.get_by_role("button", name="Yes, it is").click()
    expect(page.get_by_text("You said: it is")).to_be_visible()


@pytest.mark.parametrize("viewport", [DESK, PHONE])
def test_whoever_answers_without_a_pointer_stays_at_that_match(visit, lost, viewport):
    page = visit(path_of(lost), viewport=viewport)
    answered = page.locator(f"#{cards(page).first.get_attribute('id')}")
    answered.get_by_role("button", name="No", exact=True).focus()
    with page.expect_response("**/matches?*"):  # in which it stands last
        page.keyboard.press("Enter")
    expect(cards(page).first).to_have_class(re.compile("different"))
    expect(answered.get_by_role("button", name="Change")).to_be_focused()

    page.keyboard.press("Enter")
    expect(answered.get_by_role("button", name="Yes, it is")).to_be_focused()


@pytest.mark.parametrize("answer", ["No", "Yes, it is"])
def test_whoever_answers_one_of_many_goes_on_from_there_until_another_order_is_chosen(visit, door, answer):
    for n in range(2, 10):
        door.report("found", photo(1, noise=n), lat=str(57.6 + n / 100), lon="39.852")
    page = visit(path_of(door.report("lost", photo(1), name="Barsik", **HOME)), has_touch=True)
    expect(cards(page)).to_have_count(8)
    page.wait_for_load_state("networkidle")  # all are there
    order = cards(page).evaluate_all("all => all.map(each => each.id)")
    answered = page.locator(f"#{order[2]}")
    button = answered.get_by_role("button", name=answer, exact=True)
    button.scroll_into_view_if_needed()
    top = answered.bounding_box()["y"]
    with page.expect_response("**/matches?*"):
        button.tap()
    expect(answered.locator(".said")).to_be_visible()

    assert cards(page).evaluate_all("all => all.map(each => each.id)") == order
    assert abs(answered.bounding_box()["y"] - top) < 2
    page.get_by_label("Sort by").select_option("time")
    page.get_by_label("Sort by").select_option("degree")
    moved = cards(page).last if answer == "No" else cards(page).first
    expect(moved).to_have_attribute("id", order[2])


def test_a_match_that_its_answer_hides_leaves_the_next_one_in_focus(visit, lost):
    page = visit(path_of(lost))
    page.get_by_role("button", name="Filter").click()
    page.get_by_label("Your answer").select_option("none")
    page.get_by_role("button", name="Done").click()
    cards(page).first.get_by_role("button", name="No", exact=True).focus()
    page.keyboard.press("Enter")

    expect(cards(page)).to_have_count(1)
    expect(cards(page).get_by_role("button", name="Yes, it is")).to_be_focused()


def test_a_case_is_closed_after_one_question_and_opened_again(visit, lost):
    page = visit(path_of(lost))
    page.get_by_role("button", name="Barsik is home").click()
    page.get_by_role("button", name="Yes", exact=True).click()

    expect(page.get_by_text("This case is closed: Barsik is home again.")).to_be_visible()
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_role("button", name="Barsik is home")).to_be_visible()


def test_whoever_stops_from_the_menu_is_led_to_the_question_and_back(visit, lost):
    page = visit(path_of(lost), viewport=SMALL)
    page.get_by_text("More", exact=True).click()
    stop = page.get_by_role("button", name="Stop searching")
    stop.focus()
    page.keyboard.press("Enter")
    question = page.get_by_role("alertdialog")
    expect(question).to_be_in_viewport(ratio=1)
    expect(question).to_be_focused()
    assert violations(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    expect(stop).to_be_focused()

    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".case > .notice")).to_contain_text("Nothing is compared with it any more.")
    expect(page.locator(".case > .notice")).to_be_focused()


@pytest.mark.parametrize(("seed", "promised"), [(1, "1 possible match"), (7, "No match yet")])
def test_a_search_that_has_ended_says_so_alone_and_prints_no_poster(visit, door, seed, promised):
    door.report("found", photo(seed, noise=2), **NEAR)
    lost = door.report("lost", photo(1), name="Barsik", **HOME)
    page = visit(path_of(lost))
    expect(page.get_by_text(promised)).to_be_visible()
    page.get_by_role("button", name="Not sure").click()
    expect(page.get_by_role("button", name="Change")).to_be_visible()
    page.get_by_role("button", name="Barsik is home").click()
    page.get_by_role("button", name="Yes", exact=True).click()

    expect(page.get_by_text("This case is closed: Barsik is home again.")).to_be_visible()
    expect(cards(page)).to_contain_text("You are not sure")
    expect(page.get_by_role("button", name="Change")).to_have_count(0)
    for words in (promised, "Poster to print"):
        expect(page.get_by_text(words)).to_have_count(0)
    visit(f"/lost/{lost.json()['id']}/poster", page=page)
    expect(page.get_by_text("This case is closed: Barsik is home again.")).to_be_visible()
    expect(page.get_by_text("There is nothing left to print.")).to_be_visible()
    expect(page.get_by_role("button", name="Print")).to_have_count(0)
    assert violations(page) == []
    page.get_by_role("link", name="Back").click()
    page.get_by_role("button", name="Search again").click()
    expect(page.get_by_role("button", name="Change")).to_be_visible()


def test_alerts_are_muted_and_unmuted(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.get_by_role("button", name="Mute alerts for a day").click()
    page.get_by_role("button", name=re.compile("Alerts are muted until")).click()

    expect(page.get_by_role("button", name="Mute alerts for a day")).to_be_visible()


def test_a_new_match_appears_by_itself(visit, lost, door):
    page = visit(path_of(lost))
    expect(cards(page)).to_have_count(2)

    door.report("found", photo(1, noise=5), **NEAR)

    expect(cards(page)).to_have_count(3)
    expect(page.get_by_role("button", name="1 new match")).to_be_visible()


def test_yesterday_is_what_the_readers_calendar_calls_so(visit, door):
    evening = datetime.now(timezone(timedelta(hours=3))).replace(hour=23, minute=30) - timedelta(days=2)
    for hours, noise in ((43, 2), (48, 3), (20, 4)):
        when = (evening - timedelta(hours=hours)).isoformat()
        door.report("found", photo(1, noise=noise), address=f"{hours} hours", happened_at=when, **NEAR)
    page = visit("/", language="ru-RU", timezone_id="Europe/Moscow")
    page.clock.set_fixed_time(evening)
    visit(path_of(door.report("lost", photo(1), **HOME)), page=page)

    for hours, said in ((43, "вчера"), (48, "позавчера"), (20, "20 часов назад")):
        expect(page.locator("li.card", has_text=f"{hours} hours").locator("time")).to_have_text(said)


def test_without_matches_the_page_says_what_happens_next(visit, door):
    page = visit(path_of(door.report("lost", photo(9), name="Rex", **HOME)))

    expect(page.get_by_role("heading", name="No match yet")).to_be_visible()
    assert violations(page) == []


def test_two_pets_stay_open_in_one_browser(visit, lost, door):
    other = door.report("lost", photo(5), name="Rex")
    page = visit(path_of(lost))
    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()
    visit(path_of(other), page=page)
    expect(page.get_by_role("heading", name="Rex")).to_be_visible()

    visit(f"/lost/{lost.json()['id']}", page=page)

    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()


def test_both_photos_are_compared_large_and_leafed_through(visit, lost):
    page = visit(path_of(lost))
    page.get_by_role("button", name="Compare up close").first.click()
    large = page.get_by_role("dialog")
    first = large.locator("figure").last.locator("img").get_attribute("src")
    assert violations(page) == []

    large.get_by_role("button", name="Next").click()

    expect(large.locator("figure").last.locator("img")).not_to_have_attribute("src", first)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_back_leads_out_of_the_comparison_forward_into_it_and_no_entry_is_left_of_what_was_closed(visit, lost):
    page = visit("/")
    visit(path_of(lost), page=page)
    expect(cards(page)).to_have_count(2)
    page.wait_for_function("() => !location.hash")
    address, dialog = page.url, page.get_by_role("dialog")
    opener = page.get_by_role("button", name="Compare up close").first
    opener.click()
    expect(dialog).to_be_visible()
    assert page.url == address
    page.go_back()
    expect(dialog).to_have_count(0)
    expect(opener).to_be_focused()
    page.go_forward()
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Next").click()
    second = dialog.locator("figure").last.locator("img").get_attribute("src").split("?")[0]
    page.reload()
    expect(dialog.locator("figure").last.locator("img")).to_have_attribute("src", re.compile(re.escape(second)))
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert page.url == address
    page.go_back()

    expect(page.get_by_role("heading", name="Lost or found a cat or dog?")).to_be_visible()


def test_back_leads_from_the_comparison_to_the_map_and_on_to_the_list_with_what_was_chosen_there(visit, lost):
    page = visit(path_of(lost), language="ru-RU")
    cards(page).first.get_by_role("button", name="На карте").click()
    card = page.get_by_role("region", name="Выбрано на карте")
    card.get_by_role("button", name="Сравнить", exact=True).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".map[data-ready]")).to_be_visible()
    page.get_by_role("button", name="Фильтр").click()
    page.get_by_label("Не дальше").select_option("2")
    expect(page).to_have_url(re.compile(r"/lost/\w+\?max_km=2$"))
    page.go_back()
    expect(cards(page)).to_have_count(1)
    expect(cards(page).first).to_be_visible()
    expect(page.locator(".map")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"/lost/\w+\?max_km=2$"))
    page.go_forward()
    expect(page.locator(".map[data-ready]")).to_be_visible()
    page.get_by_role("button", name="Список", exact=True).dblclick()
    expect(page.locator(".map")).to_have_count(0)

    expect(cards(page)).to_have_count(1)


def test_on_a_wide_screen_back_has_no_map_to_lead_out_of(visit, lost):
    page = visit("/", viewport=DESK)
    visit(path_of(lost), page=page)
    page.get_by_role("button", name="On the map").first.click()
    expect(page.get_by_role("region", name="Chosen on the map")).to_be_visible()
    page.go_back()

    expect(page.get_by_role("heading", name="Lost or found a cat or dog?")).to_be_visible()


def test_a_secret_that_is_not_used_yet_is_in_no_address_that_back_leads_to(visit, lost):
    page = visit("/")
    page.route("**/api/v1/session", lambda route: None)  # no answer as yet
    visit(path_of(lost), page=page)
    expect(cards(page)).to_have_count(2)
    page.get_by_role("button", name="Compare up close").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)

    assert "#" not in page.url


def test_who_says_no_in_the_comparison_goes_on_to_the_next(visit, lost):
    page = visit(path_of(lost))
    page.get_by_role("button", name="Compare up close").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="No", exact=True).click()
    expect(dialog.get_by_text("You said: another animal")).to_be_visible()
    expect(cards(page).first).to_contain_text("You said: another animal")

    dialog.get_by_role("button", name="Next").click()

    expect(dialog.get_by_role("button", name="Yes, it is")).to_be_visible()
    expect(dialog.get_by_role("button", name="Next")).to_be_disabled()


@pytest.mark.parametrize(("language", "says"), [("en-US", "The finder writes:"), ("ru-RU", "Нашедший пишет:")])
def test_what_the_finder_wrote_is_read_on_the_card_and_whole_in_the_comparison(visit, door, language, says):
    lines = [f"{n} <b>рыжий</b> <img src=x onerror=alert(1)>" for n in range(9)]
    door.report("found", photo(1, noise=2), description="\n".join((*lines, "Звоните 8 910 123-45-67")))
    lost = door.report("lost", photo(1))
    page = visit(path_of(lost), language=language)
    told = page.locator(".card .finders-words")
    expect(told).to_contain_text(f"{says} 0 <b>рыжий</b> <img src=x onerror=alert(1)>")
    assert told.locator("img, b").count() == 0
    assert told.bounding_box()["height"] < 120, "more than four lines of it hide the answers"
    page.locator(".card .pair").click()

    whole = page.locator(".compare .finders-words")
    expect(whole).to_contain_text("Звоните •••")
    assert page.evaluate(TOO_WIDE) == []
    assert violations(page) == []
    expect(page.locator(".compare .steps-through")).to_be_in_viewport(ratio=1)  # long words push no button out of sight
    wide = visit(path_of(lost), viewport=DESK, language=language)
    expect(wide.locator(".matches .finders-words")).to_contain_text(says)


def test_every_photo_of_the_found_animal_can_be_swiped_to_and_one_stays_without_a_network(visit, door):
    door.report("found", photo(1, noise=2), photo(1, noise=4), photo(1, noise=6), **NEAR)
    lost = door.report("lost", photo(1), name="Barsik", **HOME)
    page = visit(path_of(lost))
    page.get_by_role("button", name="Compare up close").first.click()
    found = page.get_by_role("dialog").locator("figure").last.locator("img")
    expect(found).to_have_count(3)
    expect(found.last).to_have_attribute("alt", re.compile("photo 3 of 3"))
    found.last.scroll_into_view_if_needed()
    expect(found.last).to_be_in_viewport()

    page.keyboard.press("Escape")
    page.context.set_offline(True)
    page.get_by_role("button", name="Compare up close").first.click()
    expect(found).to_have_count(1)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/lost/abc#token=nonsense", "This link does not work"),
        ("/lost/abc", "This link does not work"),
        ("/nowhere", "There is no such page"),
    ],
)
def test_a_wrong_address_says_what_to_do(visit, path, words):
    page = visit(path)

    expect(page.get_by_role("heading", name=words)).to_be_visible()
    expect(page.get_by_role("link", name="To the front page")).to_be_visible()


def test_a_link_that_is_pasted_opens_the_page_where_no_browser_knows_it(visit, lost):
    page = visit("/", language="ru-RU", viewport=SMALL)
    page.get_by_label("Ваша ссылка").fill("https://example.org/board")
    page.get_by_role("button", name="Открыть мою страницу").click()
    expect(page.get_by_text("Это не ссылка на объявление.")).to_be_visible()
    assert page.evaluate(TOO_WIDE) == []
    assert violations(page) == []

    page.get_by_label("Ваша ссылка").fill(f"Барсик (<{lost.json()['link']}>). - сохранить!")
    page.get_by_role("button", name="Открыть мою страницу").click()

    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()


SHARES = "navigator.share = (what) => { globalThis.shared = what.url; return Promise.resolve(); }"
KEPT = "JSON.stringify([localStorage, sessionStorage, history.state, location.href])"


@pytest.mark.parametrize(
    ("shelf", "language", "show", "warning", "copy", "copied"),
    [
        ("lost", "ru-RU", "Ссылка для другого устройства", "всё удалить", "Скопировать ссылку", "Скопировано"),
        ("found", "en-US", "Link for another device", "erase everything", "Copy the link", "Copied"),
    ],
)
def test_a_page_tells_its_link_again_with_a_warning_and_keeps_it_nowhere(
    visit, door, shelf, language, show, warning, copy, copied
):
    filed = door.report(shelf, photo(1))
    page = visit("/", language=language, viewport=SMALL, permissions=["clipboard-read", "clipboard-write"])
    page.add_init_script(SHARES)
    visit(path_of(filed), page=page)
    page.locator(".more summary").click()
    page.route("**/link", lambda route: route.abort())
    page.get_by_role("button", name=show).click()
    expect(page.locator(".more").get_by_role("alert")).to_be_visible()
    page.unroute("**/link")
    page.get_by_role("button", name=show).click()
    expect(page.get_by_text(warning)).to_be_visible()
    expect(page.get_by_role("region", name=show)).to_be_focused()
    assert page.evaluate(TOO_WIDE) == []
    assert violations(page) == []
    page.get_by_role("button", name=copy).click()
    expect(page.get_by_role("button", name=copied)).to_be_visible()
    page.locator(".case-link button").last.click()
    link = page.locator("output").inner_text()
    assert [page.evaluate("navigator.clipboard.readText()"), page.evaluate("shared")] == [link, link]
    assert link.split("#token=")[1] not in page.evaluate(KEPT)

    other = visit("/" + link.split("/", 3)[3])
    expect(other.locator(".case-head")).to_be_visible()


def test_the_right_link_in_the_tab_of_a_wrong_one_opens_the_page(visit, lost):
    page = visit(path_of(lost)[:-9])
    expect(page.get_by_role("heading", name="This link does not work")).to_be_visible()
    assert "token" not in page.url

    visit(path_of(lost), page=page)

    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()
    assert "token" not in page.url


def test_a_link_whose_first_opening_failed_is_not_lost(visit, lost):
    page = visit("/")
    page.context.route("**/api/v1/**", lambda route: route.abort())
    visit(path_of(lost), page=page)
    expect(page.get_by_role("heading", name="No connection")).to_be_visible()
    page.context.unroute("**/api/v1/**")
    page.reload()

    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()
    assert "token" not in page.url


def test_a_browser_that_keeps_nothing_shows_everything(visit, lost):
    page = visit("/now")
    page.add_init_script(
        "for (const n of ['localStorage', 'sessionStorage']) Object.defineProperty(window, n, {get() { throw new DOMException('no') }})"
    )
    visit("/", page=page)
    expect(page.get_by_role("link", name="I lost my pet")).to_be_visible()
    visit(path_of(lost), page=page)
    expect(cards(page)).to_have_count(2)
    page.locator(".filter-line > button").click()
    page.get_by_label("Within").select_option("2")
    expect(page.get_by_text("Your filter hides 1 match")).to_be_visible()


def test_without_a_network_the_last_data_are_there_with_their_pictures(visit, lost):
    page = visit(path_of(lost))
    expect(cards(page)).to_have_count(2)
    page.evaluate("navigator.serviceWorker.ready")
    page.reload()
    expect(cards(page)).to_have_count(2)
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.reload()

    expect(page.get_by_text("No connection. This is what was known")).to_be_visible()
    expect(cards(page)).to_have_count(2)
    assert page.evaluate("document.querySelector('.pair img').naturalWidth") > 0
    assert violations(page) == []
    page.context.set_offline(False)
    expect(page.get_by_text("No connection.")).to_have_count(0, timeout=20_000)


def test_photos_are_added_and_home_is_moved(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    picture = {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(1, noise=7)}
    page.get_by_label("Add photos").set_input_files(picture)
    page.get_by_role("button", name="Where is home?").click()
    pin = page.locator(".pin-map")
    expect(pin.locator(".map[data-ready]")).to_be_visible()
    pin.scroll_into_view_if_needed()
    box = pin.bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 180, box["y"] + 160, steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Save this place").click()
    expect(pin).to_have_count(0)

    report = door.world.engine.report(lost.json()["id"])
    assert len(report.photos) == 2
    assert (report.report.home.lat, report.report.home.lon) != (57.6, 39.85)
    assert abs(report.report.home.lat - 57.6) < 0.1


def test_a_poster_leads_a_finder_to_a_report_about_this_pet(visit, lost, door):
    page = visit(path_of(lost))
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Poster to print").click()
    expect(page).to_have_title("Poster (Barsik, cat) - Homeward")
    expect(page.get_by_role("heading", name="LOST")).to_be_visible()
    expect(page.get_by_role("heading", name="Barsik, cat")).to_be_visible()
    assert violations(page) == []
    address = page.locator(".poster footer img").get_attribute("alt")
    assert address.endswith(f"/found/new?about={lost.json()['id']}")

    finder = visit("/" + address.split("/", 3)[3])
    finder.get_by_label("Choose or take photos").set_input_files(
        {"name": "a.jpg", "mimeType": "image/jpeg", "buffer": photo(1, noise=8)}
    )
    just_now(finder)
    finder.get_by_role("button", name="Send").click()
    expect(finder.get_by_role("heading", name="Thank you.")).to_be_visible()
    found = [match.found for match in door.world.engine.current_top_matches(lost.json()["id"]).items]
    assert lost.json()["id"] in {each.about for each in found}


def poster_of(visit, lost):
    page = visit(path_of(lost))
    expect(page.get_by_role("heading", name="Barsik")).to_be_visible()
    return visit(f"/lost/{lost.json()['id']}/poster", page=page)


@pytest.mark.parametrize("paper", [("A4", 703, 1031), ("Letter", 725, 965)])
@pytest.mark.parametrize("shape", [(300, 700), (700, 300)])
@pytest.mark.parametrize("description", ["A white paw. " * 25, "A white paw\n" * 333])
def test_a_poster_is_one_page_with_its_code_whatever_is_told_of_the_pet(visit, door, paper, shape, description):
    lost = door.report("lost", jpeg(picture(1).resize(shape)), name="Barsik", description=description, **HOME)
    page = poster_of(visit, lost)
    expect(page.locator(".poster-photo")).to_have_js_property("complete", True)
    name, width, height = paper

    assert len(re.findall(rb"/Type\s*/Page\b", page.pdf(format=name))) == 1
    page.emulate_media(media="print")
    page.set_viewport_size({"width": width, "height": height})
    expect(page.locator(".poster footer")).to_be_in_viewport(ratio=1)


def test_a_poster_shows_no_address(visit, door):
    lost = door.report("lost", photo(1), name="Barsik", address="5 Mill Lane", **HOME)
    page = poster_of(visit, lost)

    expect(page.locator(".poster .lead")).to_have_text(re.compile(r"^since \d+ \w+$"))


def test_a_name_of_a_hundred_letters_stays_on_every_screen(visit, door):
    name = "W" * 100
    lost = door.report("lost", photo(1), name=name, listed="true", **HOME)
    page = visit(path_of(lost), viewport=SMALL)
    expect(page.get_by_role("heading", name=name)).to_be_visible()
    pet = lost.json()["id"]
    for path in (f"/lost/{pet}", f"/lost/{pet}/poster", f"/pet/{pet}", "/board", "/"):
        visit(path, page=page)
        expect(page.get_by_text(name).first).to_be_visible()
        assert page.evaluate(TOO_WIDE) == [], path


def test_on_a_slow_line_the_best_matches_come_before_all_of_them_and_shapes_before_either(visit, lost, door):
    context = visit("/now").context
    page = context.new_page()
    slow = context.new_cdp_session(page)
    slow.send("Network.enable")
    line = {"offline": False, "latency": 400, "downloadThroughput": 40_000, "uploadThroughput": 20_000}
    slow.send("Network.emulateNetworkConditions", line)
    answers = []
    page.on("response", lambda answer: answers.append(answer.url.split("/api/v1/")[-1].split("?")[0]))

    page.goto(path_of(lost), wait_until="commit")

    expect(page.locator(".skeleton, [aria-busy=true]").first).to_be_visible()
    expect(cards(page)).to_have_count(2)
    asked = [answer for answer in answers if answer.startswith(("lost/", "reports/"))]
    assert asked[0] == f"reports/{lost.json()['id']}"
    expect(page.locator(".pair img").first).to_have_js_property("complete", True)
    page.close()


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
@pytest.mark.parametrize(("viewport", "schemes"), [(SMALL, ["dark"]), (PHONE, ["light"]), (DESK, ["light", "dark"])])
def test_everybody_can_use_it(visit, lost, viewport, schemes, language):
    page = visit(path_of(lost), viewport=viewport, language=language)
    expect(cards(page)).to_have_count(2)
    page.locator(".filter-line > button").click()

    assert page.evaluate(TOO_WIDE) == []
    assert page.evaluate("document.documentElement.lang") == language[:2]
    for scheme in schemes:
        wear(page, scheme)
        assert violations(page) == [], scheme


HARD_TO_TAP = """all => all.filter(each => {
  each.scrollIntoView({block: "center"});
  const {left, top, width, height} = each.getBoundingClientRect();
  const hits = ([dx, dy]) => each.contains(document.elementFromPoint(left + width / 2 + dx, top + height / 2 + dy));
  return ![[0, -21], [0, 21], [-21, 0], [21, 0]].every(hits);
}).map(each => each.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
def test_a_thumb_has_44_px_to_hit_on_the_way_from_the_front_page_to_a_match(visit, lost, language):
    page = visit("/", viewport={"width": 360, "height": 740}, language=language)
    assert page.locator(":is(a, button):visible").evaluate_all(HARD_TO_TAP) == []
    visit(path_of(lost), page=page)
    expect(cards(page)).to_have_count(2)
    page.wait_for_load_state("networkidle")
    assert page.locator(":is(a, button, summary):visible").evaluate_all(HARD_TO_TAP) == []
    page.locator(".to-map").first.click()
    expect(page.locator(".map[data-ready]")).to_be_visible()

    assert page.locator(".map-card button").evaluate_all(HARD_TO_TAP) == []
    assert page.locator(".time-bar :is(button, input)").evaluate_all(HARD_TO_TAP) == []
    assert page.get_by_role("slider").evaluate("slider => slider.getBoundingClientRect().height") >= 44


def test_what_is_said_of_a_match_shows_in_other_tabs_and_on_other_devices(visit, door):
    found = door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85", name="Barsik")
    here, there, finder = (visit(path_of(filed)) for filed in (lost, lost, found))
    expect(there.get_by_role("button", name="No", exact=True)).to_be_visible()
    expect(finder.get_by_role("heading", name="Barsik")).to_be_visible()
    here.get_by_role("button", name="No", exact=True).click()

    expect(there.get_by_text("You said: another animal")).to_be_visible()
    expect(finder.get_by_role("heading", name="Barsik")).to_have_count(0)


def test_that_a_case_is_closed_opened_or_hidden_shows_in_other_tabs_and_on_other_devices(visit, lost, door):
    here, there = (visit(path_of(lost)) for _ in range(2))
    there.wait_for_load_state("networkidle")  # it listens, and has asked once more since
    here.get_by_role("button", name="Barsik is home").click()
    here.get_by_role("button", name="Yes", exact=True).click()
    expect(there.get_by_role("button", name="Search again")).to_be_visible()
    there.get_by_role("button", name="Search again").click()

    expect(here.get_by_role("button", name="Barsik is home")).to_be_visible()
    door.world.engine.desk.moderation.decide(
        Actor("anna", "Anna"), lost.json()["id"], Decision.HIDE, "A stolen picture"
    )
    for page in (here, there):
        expect(page.get_by_text("A stolen picture")).to_be_visible()


def test_that_a_search_ran_out_or_was_erased_shows_in_other_tabs_and_on_other_devices(visit, lost, door):
    here, there = (visit(path_of(lost)) for _ in range(2))
    for page in (here, there):
        page.wait_for_load_state("networkidle")  # it listens, and has asked once more since
    door.world.clock.forward(days=366)
    door.world.engine.forget_due()
    for page in (here, there):
        expect(page.get_by_text("has run out of time")).to_be_visible()
    here.on("dialog", lambda dialog: dialog.accept())
    here.get_by_role("button", name="Erase everything").click()

    expect(there.get_by_role("heading", name="This report was erased")).to_be_visible()
    assert there.evaluate("Object.keys(localStorage).filter(key => key.startsWith('homeward.case'))") == []


def test_a_pet_whose_case_has_ended_leaves_a_finders_list_and_comes_back_with_it(visit, door):
    found = door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")
    lost = door.report("lost", photo(1), lat="57.6", lon="39.85", name="Barsik")
    owner, finder = (visit(path_of(filed)) for filed in (lost, found))
    finder.wait_for_load_state("networkidle")  # it listens, and has asked once more since
    expect(finder.get_by_role("heading", name="Barsik")).to_be_visible()
    owner.get_by_role("button", name="Barsik is home").click()
    owner.get_by_role("button", name="Yes", exact=True).click()
    expect(finder.get_by_role("heading", name="No owner yet")).to_be_visible()
    owner.get_by_role("button", name="Search again").click()
    expect(finder.get_by_role("heading", name="Barsik")).to_be_visible()
    door.world.clock.forward(days=366)
    door.world.engine.forget_due()

    expect(finder.get_by_role("heading", name="Barsik")).to_have_count(0)


CLEAR_OF_THE_SWITCH = """each => {
  const [box, over] = [each, document.querySelector(".views")].map((one) => one.getBoundingClientRect());
  return box.bottom <= over.top || box.top >= over.bottom;
}"""


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
def test_a_new_match_is_shown_with_its_answers_clear_of_the_switch_to_the_map(visit, lost, door, language):
    page = visit(path_of(lost), viewport={"width": 360, "height": 740}, language=language)
    page.wait_for_load_state("networkidle")  # it listens
    door.report("found", photo(1, noise=4), held="held", **NEAR)
    page.locator(".news button").click()
    answers = page.locator("li.card.selected .verdict")
    expect(answers).to_be_in_viewport(ratio=1)

    page.wait_for_function(CLEAR_OF_THE_SWITCH, arg=answers.element_handle())


UNDER_THE_SWITCH = """() => {
  const over = document.querySelector(".views"), {left, top, right, bottom} = over.getBoundingClientRect();
  const lies = (box) => box.left < right && box.right > left && box.top < bottom && box.bottom > top;
  return [...document.querySelectorAll(":is(a, button, summary, input, select, canvas)")]
    .filter((each) => !over.contains(each) && each.checkVisibility() && lies(each.getBoundingClientRect()))
    .map((each) => each.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize("language", ["en-US", "ru-RU"])
@pytest.mark.parametrize("viewport", [PHONE, {"width": 360, "height": 640}])
def test_nothing_to_tap_lies_under_the_switch_at_the_top_or_the_end_of_the_page(visit, lost, viewport, language):
    page = visit(path_of(lost), viewport=viewport, language=language)
    for _ in ("list", "map"):
        page.wait_for_load_state("networkidle")
        page.evaluate("scrollTo(0, 0)")
        expect(page.locator(".views.floating")).to_have_count(0)
        assert page.evaluate(UNDER_THE_SWITCH) == []
        page.evaluate("scrollTo(0, document.body.scrollHeight)")
        expect(page.locator(".views")).to_be_in_viewport(ratio=0.9)
        assert page.evaluate(UNDER_THE_SWITCH) == []
        page.locator(".views button").last.click()
        expect(page.locator(".map[data-ready]")).to_be_visible()


@pytest.mark.parametrize("width", [1200, 1280, 1366])
@pytest.mark.parametrize(
    ("language", "yes", "touch"), [("en-US", "Yes, it is", "Put me in touch"), ("ru-RU", "Да, узнаю", "Связать меня")]
)
def test_beside_the_map_no_answer_lies_under_it(visit, lost, width, language, yes, touch):
    page = visit(path_of(lost), viewport={"width": width, "height": 800}, language=language)
    page.get_by_role("button", name=yes).first.click()
    expect(page.get_by_role("button", name=touch)).to_be_visible()
    table, ground = page.locator("table.matches").bounding_box(), page.locator(".results-map").bounding_box()

    assert table["x"] + table["width"] <= ground["x"]
    assert page.evaluate("document.documentElement.scrollWidth") == width
