"""What somebody wants done with a filed report may be said in words."""

import pytest

from homeward.bot.wishes import wish_in
from homeward.domain.reports import Status
from homeward.ports import ReportQuery
from tests.bot.conftest import words
from tests.bot.test_stories import files_found, files_lost
from tests.bot.test_told_early import the_report


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("исправить", "fix"),
        ("Исправьте, пожалуйста", "fix"),
        ("хочу изменить описание", "fix"),
        ("Как отредактировать объявление?", "fix"),
        ("поменять дату в объявлении", "fix"),
        ("edit", "fix"),
        ("I want to change the name", "fix"),
        ("How can I edit my report?", "fix"),
        ("удалить объявление", "erase"),
        ("удали", "erase"),
        ("Удалите моё объявление пожалуйста!", "erase"),
        ("как удалить это объявление", "erase"),
        ("delete my report", "erase"),
        ("please remove it", "erase"),
        ("закрыть объявление", "close"),
        ("Отмените поиск", "close"),
        ("close the report", "close"),
    ],
)
def test_a_wish_is_understood(text, wish):
    assert wish_in(text) == wish


@pytest.mark.parametrize(
    "text",
    ["удалили зуб слева", "change of coat on the back", "исправно отзывается", "edited ear, white paw", "закрытый ошейник",
     "удалить фото", "дома", "a correct stance"],
)  # fmt: skip
def test_what_describes_an_animal_is_no_wish(text):
    assert wish_in(text) is None


def test_who_wants_to_correct_the_report_is_asked_what(door, somebody):
    files_lost(somebody)
    somebody.writes({"en": "edit", "ru": "исправить"}[somebody.language])
    somebody.sees(words(somebody, "ask_fix"))
    somebody.taps(words(somebody, "b.fix_about"))
    somebody.sees(words(somebody, "ask_fix_about"))
    somebody.writes("red collar")
    somebody.sees(words(somebody, "fixed"))

    assert the_report(door).description == "red collar"


def test_who_wants_the_report_erased_is_asked_once_more(door, somebody):
    files_lost(somebody)
    somebody.writes({"en": "delete my report", "ru": "удалить объявление"}[somebody.language])
    somebody.sees(words(somebody, "ask_erase"))
    assert the_report(door).status is Status.OPEN
    somebody.taps(words(somebody, "b.erase_yes"))
    somebody.sees(words(somebody, "erased"))

    assert door.world.engine.reports(ReportQuery()) == []


@pytest.mark.parametrize(("language", "text"), [("en", "Delete it"), ("ru", "удали"), ("ru", "закрыть")])
def test_of_several_reports_each_is_shown_with_what_can_be_done(telegram, bot, door, language, text):
    person = telegram.person(7, language)
    files_lost(person)
    files_found(person)
    person.writes(text)
    for _ in range(2):
        shown = person.sees(words(person, "status.open"))
        assert {words(person, f"b.{key}") for key in ("fix", "close", "erase")} <= {name for name, _ in shown.buttons}

    assert len(door.world.engine.reports(ReportQuery())) == 2
