"""A photo that is in a report by mistake is taken off it in the chat."""

import pytest

from tests.bot.conftest import words
from tests.bot.test_stories import files_lost, lost_query
from tests.bot.test_told_early import the_report
from tests.conftest import photo


def files(person, shelf, *photos):
    person.writes(f"/{shelf}")
    person.sees(words(person, f"send_{shelf}"))
    person.sends_photos(*photos)
    person.sees(words(person, f"ask_where_{shelf}"))
    person.sends_place(57.6, 39.85)
    for question in (f"ask_when_{shelf}", f"ask_about_{shelf}"):
        person.sees(words(person, question))
        person.taps(words(person, "b.skip"))
    person.sees(words(person, f"filed_{shelf}"))


def asks_for_photos(person):
    person.writes({"en": "edit", "ru": "исправить"}[person.language])
    person.sees(words(person, "ask_fix"))
    person.taps(words(person, "b.wrong_photo"))


def is_shown(person, key, n, of):
    return person.sees(words(person, key, n=n, of=of))


def takes_off(person, n, of):
    person.taps(words(person, "b.take_off"))
    is_shown(person, "ask_take_off", n, of)
    person.taps(words(person, "b.take_off_yes"))
    person.sees(words(person, "photo_off"))


def photos_of(door):
    report = the_report(door)
    return [seen.photo.id for seen in door.world.engine.report(report.id).photos]


def as_kept(door, photo_id):
    return door.world.engine.photo(photo_id, "full", viewer=None, is_owner=True)


@pytest.mark.parametrize("shelf", ["lost", "found"])
def test_the_photo_that_is_shown_is_asked_about_once_and_goes(door, somebody, shelf):
    files(somebody, shelf, photo(1, noise=1), photo(2), photo(1, noise=2))
    first, second, third = photos_of(door)
    asks_for_photos(somebody)
    is_shown(somebody, "which_photo", 1, 3)
    somebody.taps("▶")
    is_shown(somebody, "which_photo", 2, 3)
    somebody.taps(words(somebody, "b.take_off"))
    is_shown(somebody, "ask_take_off", 2, 3)
    assert photos_of(door) == [first, second, third]
    somebody.taps(words(somebody, "b.take_off_yes"))
    somebody.sees(words(somebody, "photo_off"))

    assert photos_of(door) == [first, third]


def test_the_question_shows_the_photo_that_it_is_about_in_the_place_of_the_one_before(telegram, bot, door):
    owner = telegram.person(7, "ru")
    files(owner, "lost", photo(1), photo(2), photo(3))
    kept = [as_kept(door, each) for each in photos_of(door)]
    asks_for_photos(owner)
    card = is_shown(owner, "which_photo", 1, 3)
    assert card.pictures == [kept[0]]
    for n in (2, 3):
        owner.taps("▶")
        shown = is_shown(owner, "which_photo", n, 3)
        assert (shown.number, shown.pictures) == (card.number, [kept[n - 1]])
    assert "▶" not in dict(shown.buttons)
    owner.taps(words(owner, "b.take_off"))
    asked = is_shown(owner, "ask_take_off", 3, 3)

    assert (asked.number, asked.pictures) == (card.number, [kept[2]])


def test_matches_that_came_of_the_photo_alone_go_with_it_and_the_others_stay(telegram, bot, door):
    of_mine = door.report("found", photo(1), lat="57.605", lon="39.852").json()["id"]
    of_the_wrong_one = door.report("found", photo(2), lat="57.605", lon="39.852").json()["id"]
    owner = telegram.person(7)
    files(owner, "lost", photo(1, noise=1), photo(2, noise=1))
    assert degree_of(door, of_the_wrong_one) > 0.5
    asks_for_photos(owner)
    is_shown(owner, "which_photo", 1, 2)
    owner.taps("▶")
    is_shown(owner, "which_photo", 2, 2)
    takes_off(owner, 2, 2)

    assert degree_of(door, of_mine) > 0.5
    assert degree_of(door, of_the_wrong_one) < 0.05
    owner.taps(words(owner, "b.matches"))
    owner.sees(words(owner, "card.mine"))


def degree_of(door, found_id):
    from homeward.domain.matches import MatchQuery

    (lost,) = door.world.engine.reports(lost_query())
    page = door.world.engine.current_top_matches(lost.id, MatchQuery(limit=10))
    return next((view.match.degree for view in page.items if view.match.found_id == found_id), 0.0)


def test_the_only_photo_stays_until_the_right_one_is_there(door, somebody):
    files_lost(somebody)
    (wrong,) = photos_of(door)
    asks_for_photos(somebody)
    somebody.sees(words(somebody, "only_photo"))
    assert photos_of(door) == [wrong]
    somebody.sends_photos(photo(3))
    somebody.sees(words(somebody, "photos_added"))
    asks_for_photos(somebody)
    is_shown(somebody, "which_photo", 1, 2)
    takes_off(somebody, 1, 2)

    (right,) = photos_of(door)
    assert right != wrong


def test_a_photo_that_became_the_only_one_meanwhile_stays_with_the_reason(telegram, bot, door):
    owner = telegram.person(7)
    files(owner, "lost", photo(1), photo(2))
    first, second = photos_of(door)
    asks_for_photos(owner)
    is_shown(owner, "which_photo", 1, 2)
    owner.taps(words(owner, "b.take_off"))
    is_shown(owner, "ask_take_off", 1, 2)
    door.world.engine.remove_photo(the_report(door).id, second)
    owner.taps(words(owner, "b.take_off_yes"))

    owner.sees(words(owner, "only_photo"))
    assert photos_of(door) == [first]


def test_a_tap_too_many_takes_no_other_photo_off(telegram, bot, door):
    finder = telegram.person(7, "ru")
    files(finder, "found", photo(1), photo(2), photo(3))
    asks_for_photos(finder)
    is_shown(finder, "which_photo", 1, 3)
    finder.taps(words(finder, "b.take_off"))
    asked = is_shown(finder, "ask_take_off", 1, 3)
    yes = dict(asked.buttons)[words(finder, "b.take_off_yes")]
    finder.taps_data(yes, asked.number)
    finder.sees(words(finder, "photo_off"))
    finder.taps_data(yes, asked.number)
    finder.sees(words(finder, "photo_gone"))

    assert len(photos_of(door)) == 2


@pytest.mark.parametrize("way", ["button", "word", "command"])
def test_who_thinks_better_of_it_keeps_the_photo_and_goes_on_with_the_report_that_was_begun(telegram, bot, door, way):
    owner = telegram.person(7, "ru")
    files(owner, "lost", photo(1), photo(2))
    owner.writes("/found")
    owner.sends_photos(photo(5))
    owner.sees(words(owner, "ask_where_found"))
    owner.writes("/my")
    owner.sees(words(owner, "status.open"))
    owner.taps(words(owner, "b.fix"))
    owner.sees(words(owner, "ask_fix"))
    owner.taps(words(owner, "b.wrong_photo"))
    is_shown(owner, "which_photo", 1, 2)
    owner.taps(words(owner, "b.take_off"))
    is_shown(owner, "ask_take_off", 1, 2)
    if way == "button":
        owner.taps(words(owner, "b.erase_no"))
    else:
        owner.writes({"word": "нет", "command": "/cancel"}[way])
    owner.sees(words(owner, "kept"))
    owner.sees(words(owner, "ask_where_found"))

    assert len(door.world.engine.report(door.world.engine.reports(lost_query())[0].id).photos) == 2


def test_words_take_nothing_off_and_the_question_is_asked_in_the_other_language_too(telegram, bot, door):
    owner = telegram.person(7, "en")
    files(owner, "lost", photo(1), photo(2))
    asks_for_photos(owner)
    is_shown(owner, "which_photo", 1, 2)
    owner.writes("the second")
    owner.sees(words(owner, "tap_one"))
    owner.writes("/lang")
    owner.language = "ru"
    is_shown(owner, "which_photo", 1, 2)

    assert len(photos_of(door)) == 2


def test_the_right_photo_may_come_at_once(telegram, bot, door):
    owner = telegram.person(7)
    files(owner, "lost", photo(1), photo(2))
    asks_for_photos(owner)
    is_shown(owner, "which_photo", 1, 2)
    owner.sends_photos(photo(1, noise=3))
    added = owner.sees(words(owner, "photos_added"))
    owner.taps_data(dict(added.buttons)[words(owner, "b.wrong_photo")], added.number)
    shown = is_shown(owner, "which_photo", 1, 3)

    assert len(photos_of(door)) == 3
    assert shown.number != added.number


@pytest.mark.parametrize(("language", "text"), [("en", "I sent the wrong photo"), ("ru", "удалите это фото")])
def test_who_says_so_in_words_is_shown_the_photos(telegram, bot, language, text):
    owner = telegram.person(7, language)
    files(owner, "lost", photo(1), photo(2))
    owner.writes(text)
    is_shown(owner, "which_photo", 1, 2)


def test_of_several_reports_the_one_is_chosen_first(telegram, bot, door):
    person = telegram.person(7)
    files(person, "lost", photo(1), photo(2))
    files(person, "found", photo(3), photo(4), photo(5))
    person.writes("wrong photo")
    shown = person.sees("🐾")
    person.taps_data(dict(shown.buttons)[words(person, "b.wrong_photo")], shown.number)

    is_shown(person, "which_photo", 1, 3)


def test_nobody_takes_a_photo_off_the_report_of_somebody_else(telegram, bot, door):
    owner, thief = telegram.person(7), telegram.person(8)
    files(owner, "lost", photo(1), photo(2))
    report, first = the_report(door).id, photos_of(door)[0]
    for data in (f"p:show:{report}", f"p:go:{report}:1", f"p:ask:{report}:{first}", f"p:yes:{report}:{first}"):
        thief.taps_data(data)
        thief.sees(words(thief, "not_yours"))

    assert [sent for sent in thief.all() if sent.pictures] == []
    assert len(photos_of(door)) == 2
