"""What stands in a filed report is corrected in the chat."""

from datetime import timedelta

import pytest

from tests.bot.conftest import words
from tests.bot.test_stories import files_found, files_lost
from tests.bot.test_told_early import the_report


def corrects(person, part):
    person.writes("/my")
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.fix"))
    person.sees(words(person, "ask_fix"))
    person.taps(words(person, f"b.fix_{part}"))
    return person.sees(words(person, f"ask_fix_{part}"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_place_the_day_and_the_description_of_a_filed_report_are_corrected(telegram, bot, door, language):
    somebody = telegram.person(7, language)
    files_lost(somebody)
    corrects(somebody, "where")
    somebody.sends_place(57.7, 39.9)
    somebody.sees(words(somebody, "fixed"))
    corrects(somebody, "when")
    somebody.writes("the day of the flood")
    somebody.sees(words(somebody, "when_hint"))
    somebody.writes({"en": "2 days ago", "ru": "2 дня назад"}[somebody.language])
    somebody.sees(words(somebody, "fixed"))
    corrects(somebody, "about")
    somebody.writes("White left paw, red collar")
    somebody.sees(words(somebody, "fixed"))

    report = the_report(door)
    assert (report.place.lat, report.name, report.description) == (57.7, "Barsik", "White left paw, red collar")
    assert report.created_at - report.happened_at > timedelta(days=1)


@pytest.mark.parametrize(("language", "name"), [("en", "Tom"), ("ru", "Барсик")])
def test_the_name_of_a_filed_report_is_corrected_or_taken_away(telegram, bot, door, language, name):
    owner = telegram.person(7, language)
    files_lost(owner, about="hm")
    corrects(owner, "name")
    owner.writes("He comes when one shakes a box of dry food")
    owner.sees(words(owner, "name_too_long", n=42, most=40))
    owner.sees(words(owner, "ask_fix_name"))
    owner.writes(f" {name}\n")
    owner.sees(words(owner, "fixed"))
    assert (the_report(door).name, the_report(door).description) == (name, None)
    corrects(owner, "name")
    owner.taps(words(owner, "b.no_name"))
    owner.sees(words(owner, "fixed"))

    assert the_report(door).name is None


def test_an_address_takes_the_place_of_a_wrong_point(telegram, bot, door):
    finder = telegram.person(7, "ru")
    files_found(finder)
    corrects(finder, "where")
    finder.writes("99.9, 200.5")
    finder.sees(words(finder, "no_such_place"))
    for text in ("да", "не знаю"):
        finder.writes(text)
        finder.sees(words(finder, "rough_place"))
    finder.writes("Свободы, 15")
    finder.sees(words(finder, "fixed"))

    report = the_report(door)
    assert (report.address, report.place) == ("Свободы, 15", None)


def test_a_correction_is_asked_for_in_the_other_language_and_dropped(telegram, bot, door):
    owner = telegram.person(7, "en")
    files_lost(owner)
    corrects(owner, "about")
    owner.writes("/lang")
    owner.language = "ru"
    owner.sees(words(owner, "ask_fix_about"))
    owner.taps(words(owner, "b.cancel"))
    owner.sees(words(owner, "as_it_was"))

    assert the_report(door).description == "white paw"
