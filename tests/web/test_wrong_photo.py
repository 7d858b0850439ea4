"""A photo that was added by mistake leaves a report from its page, and the device that showed it."""

import pytest
from playwright.sync_api import expect

from homeward.api.auth import _Hourly
from homeward.api.pictures import picture
from homeward.api.routes import access
from tests.conftest import photo
from tests.web.conftest import SMALL, path_of, violations
from tests.web.test_owner import HARD_TO_TAP, TOO_WIDE

HERE = {"lat": "57.6", "lon": "39.85"}
KEPT = """async () => JSON.stringify([
  Object.values(localStorage),
  (await (await caches.open("pictures-1")).keys()).map(each => each.url),
])"""

GONE = f"""async wrong => {{
  const kept = {KEPT};
  for (let frames = 0; frames < 300 && (await kept()).includes(wrong); frames++) await new Promise(requestAnimationFrame);
  return kept();
}}"""


@pytest.fixture
def lost(door):
    """Barsik is lost; one of the three photos shows another animal, which was found."""
    door.report("found", photo(2, noise=1), **HERE)
    return door.report("lost", photo(1), photo(2), photo(1, noise=4), name="Barsik", **HERE)


def ids(filed):
    return [each["id"] for each in filed.json()["photos"]]


def left(door, filed):
    return [each.photo.id for each in door.world.engine.report(filed.json()["id"]).photos]


def opened(visit, filed, **how):
    page = visit(path_of(filed), **how)
    page.get_by_text("More", exact=True).click()
    page.get_by_text("Remove a wrong photo").click()
    return page


def answer(page, word):
    page.get_by_role("alertdialog").get_by_role("button", name=word, exact=True).click()


@pytest.mark.parametrize(
    ("language", "more", "wrong", "remove", "said", "done"),
    [
        ("en-US", "More", "Remove a wrong photo", "Remove photo 2", "compared anew without it", "The photo is erased."),
        ("ru-RU", "Ещё", "Убрать лишнее фото", "Убрать фото 2", "пройдёт заново без него", "Фото удалено."),
    ],
)
def test_without_a_pointer_a_wrong_photo_goes_after_one_question(
    visit, lost, door, language, more, wrong, remove, said, done
):
    page = visit(path_of(lost), viewport=SMALL, language=language)
    expect(page.locator("li.card")).to_have_count(1)
    page.get_by_text(more, exact=True).click()
    page.get_by_text(wrong).focus()
    page.keyboard.press("Enter")
    asker = page.get_by_role("button", name=remove)
    expect(asker).to_be_visible()
    assert violations(page) == []
    assert page.evaluate(TOO_WIDE) == []
    assert page.locator(".own-photos :is(button, summary)").evaluate_all(HARD_TO_TAP) == []
    asker.focus()
    page.keyboard.press("Enter")
    question = page.get_by_role("alertdialog")
    expect(question).to_be_focused()
    expect(question).to_contain_text(said)
    assert violations(page) == []
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(question).to_have_count(0)
    expect(asker).to_be_focused()
    assert left(door, lost) == ids(lost)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    expect(page.get_by_text(done)).to_be_focused()
    expect(page.locator(".own-photos li")).to_have_count(2)
    assert violations(page) == []
    assert left(door, lost) == [ids(lost)[0], ids(lost)[2]]


def test_what_matched_a_wrong_photo_alone_is_likely_no_more(visit, lost):
    page = opened(visit, lost)
    expect(page.get_by_text("1 possible match")).to_be_visible()
    page.get_by_role("button", name="Remove photo 2").click()
    answer(page, "Yes")

    expect(page.get_by_text("1 possible match")).to_have_count(0)


@pytest.mark.parametrize("shelf", ["lost", "found"])
def test_the_last_photo_stays(visit, door, shelf):
    filed = door.report(shelf, photo(1), photo(2), **HERE)
    page = opened(visit, filed)
    page.get_by_role("button", name="Remove photo 1").click()
    answer(page, "Yes")

    expect(page.get_by_text("The photo is erased.")).to_be_focused()
    expect(page.get_by_text("Remove a wrong photo")).to_have_count(0)
    assert left(door, filed) == ids(filed)[1:]


@pytest.mark.parametrize("shelf", ["lost", "found"])
def test_nothing_of_a_wrong_photo_is_left_on_the_device(visit, door, shelf):
    filed = door.report(shelf, photo(1), photo(2), **HERE)
    page = visit(path_of(filed))
    page.wait_for_function("() => !!navigator.serviceWorker?.controller")
    page.reload()
    page.get_by_text("More", exact=True).click()
    page.get_by_text("Remove a wrong photo").click()
    page.wait_for_load_state("networkidle")
    wrong, right = ids(filed)
    kept = page.evaluate(KEPT)
    assert f"/{wrong}?size=thumb" in kept
    assert f"/{right}?size=thumb" in kept
    page.get_by_role("button", name="Remove photo 1").click()
    answer(page, "Yes")
    expect(page.get_by_text("The photo is erased.")).to_be_visible()

    kept = page.evaluate(GONE, wrong)
    assert wrong not in kept
    assert f"/{right}?size=thumb" in kept


def held(page):
    """Once the page has shown its pictures through what keeps them."""
    page.wait_for_function("() => !!navigator.serviceWorker?.controller")
    page.reload()
    expect(page.locator(".pair img").last).to_have_js_property("complete", True)
    page.wait_for_load_state("networkidle")
    return page.evaluate(KEPT)


def test_a_photo_that_a_finder_takes_off_leaves_the_device_of_the_owner_who_was_shown_it(visit, door):
    found = door.report("found", photo(1, noise=1), photo(1, noise=7), **HERE)
    lost = door.report("lost", photo(1), **HERE)
    (shown,) = [match["photo"]["id"] for match in lost.json()["matches"]]
    page = visit(path_of(lost))
    assert f'/{shown}?size=crop"' in held(page)
    door.world.engine.remove_photo(found.json()["id"], shown)
    page.reload()
    expect(page.locator(".pair img").last).to_have_js_property("complete", True)

    kept = page.evaluate(GONE, shown)
    assert shown not in kept
    assert f'/{ids(lost)[0]}?size=crop"' in kept


def test_pictures_that_were_shown_an_hour_ago_are_asked_about_and_not_sent_again(visit, door, monkeypatch):
    door.report("found", photo(1, noise=1), **HERE)
    page = visit(path_of(door.report("lost", photo(1), **HERE)))
    assert held(page).count('?size=crop"') == 2
    answers, now = [], _Hourly.get_timestamp

    def told(*asked, **about):
        answers.append(picture(*asked, **about))
        return answers[-1]

    monkeypatch.setattr(access, "picture", told)
    monkeypatch.setattr(_Hourly, "get_timestamp", lambda signer: now(signer) + 3600)
    page.reload()
    pictures = page.locator("img[src*=photos]")
    expect(pictures).not_to_have_count(0)
    for each in pictures.all():
        expect(each).to_have_js_property("complete", True)
        assert each.evaluate("image => image.naturalWidth") > 0

    assert {answer.status_code for answer in answers} == {304}


@pytest.mark.parametrize("shelf", ["lost", "found"])
def test_without_a_network_a_wrong_photo_stays_and_the_question_says_so(visit, door, shelf):
    filed = door.report(shelf, photo(1), photo(2), **HERE)
    page = opened(visit, filed)
    page.get_by_role("button", name="Remove photo 2").click()
    page.context.set_offline(True)
    answer(page, "Yes")
    question = page.get_by_role("alertdialog")
    expect(question.get_by_text("That did not go through: you were offline.")).to_be_in_viewport()
    page.context.set_offline(False)
    assert left(door, filed) == ids(filed)
    answer(page, "Yes")

    expect(page.get_by_text("The photo is erased.")).to_be_visible()
    assert left(door, filed) == ids(filed)[:1]


def test_two_taps_send_once_and_what_is_on_its_way_cannot_be_called_back(visit, lost, door):
    page = opened(visit, lost)
    sent = []
    page.route(
        "**/photos/*", lambda route: sent.append(route) if route.request.method == "DELETE" else route.continue_()
    )
    page.get_by_role("button", name="Remove photo 2").click()
    question = page.get_by_role("alertdialog")
    question.get_by_role("button", name="Yes", exact=True).dblclick()
    expect(question.get_by_role("button", name="No", exact=True)).to_be_disabled()
    assert len(sent) == 1
    sent[0].continue_()

    expect(page.get_by_text("The photo is erased.")).to_be_visible()
    assert len(sent) == 1


def test_a_photo_that_went_while_its_answer_was_lost_is_off_at_the_next_try(visit, lost, door):
    page = opened(visit, lost)
    page.evaluate("navigator.serviceWorker?.getRegistrations().then(all => all.forEach(each => each.unregister()))")
    page.route("**/reports/*/photos/*", lambda route: (route.fetch(), route.abort()))
    page.get_by_role("button", name="Remove photo 2").click()
    answer(page, "Yes")
    expect(page.get_by_role("alertdialog").get_by_role("alert")).to_be_visible()
    page.unroute("**/reports/*/photos/*")
    answer(page, "Yes")

    expect(page.get_by_text("The photo is erased.")).to_be_visible()
    expect(page.locator(".own-photos li")).to_have_count(2)


@pytest.mark.parametrize("shelf", ["lost", "found"])
def test_the_photo_that_another_device_left_as_the_only_one_says_why_it_stays(visit, door, shelf):
    filed = door.report(shelf, photo(1), photo(2), **HERE)
    page = opened(visit, filed, language="en-US")
    page.get_by_role("button", name="Remove photo 2").click()
    door.world.engine.remove_photo(filed.json()["id"], ids(filed)[0])
    answer(page, "Yes")

    expect(page.get_by_role("alertdialog").get_by_text("this is the only one left")).to_be_visible()
    answer(page, "No")
    expect(page.get_by_text("Remove a wrong photo")).to_have_count(0)
    assert left(door, filed) == ids(filed)[1:]
