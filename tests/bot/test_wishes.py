"""What somebody wants done with a filed report may be said in words."""

import pytest

from homeward.bot.wishes import is_everything_to_go, wish_in
from homeward.domain.reports import Status
from homeward.ports import ReportQuery
from tests.bot.conftest import words
from tests.bot.test_stories import files_found, files_lost
from tests.bot.test_told_early import the_report
from tests.conftest import photo


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
        ("удалить все мои объявления", "erase"),
        ("закрыть объявление", "close"),
        ("Отмените поиск", "close"),
        ("исправить мои данные", "fix"),
        ("close the report", "close"),
        ("удалить фото", "wrong_photo"),
        ("Как убрать лишнюю фотографию?", "wrong_photo"),
        ("уберите это фото из объявления, пожалуйста", "wrong_photo"),
        ("Ой, отправила не то фото", "wrong_photo"),
        ("не та фотография", "wrong_photo"),
        ("не то фото отправила", "wrong_photo"),
        ("delete a photo", "wrong_photo"),
        ("Please remove the last picture", "wrong_photo"),
        ("Sorry, I sent the wrong photo", "wrong_photo"),
    ],
)
def test_a_wish_is_understood(text, wish):
    assert wish_in(text) == wish


@pytest.mark.parametrize(
    "text",
    ["удалили зуб слева", "change of coat on the back", "исправно отзывается", "edited ear, white paw", "закрытый ошейник",
     "дома", "на фото не видно хвоста", "то фото старое", "a correct stance"],
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


@pytest.mark.parametrize(
    "text",
    [
        "удалить все мои данные", "Удалите мои данные!", "сотри всё обо мне", "Прошу удалить все мои персональные данные",
        "хочу удалить свой аккаунт", "удали мою учётную запись", "удалите всю информацию обо мне", "забудьте меня, пожалуйста",
        "delete all my data", "Please erase everything about me", "forget me", "I want you to delete my account",
        "How can I remove all of my personal information?", "erase everything of mine",
    ],
)  # fmt: skip
def test_that_all_is_to_be_erased_is_understood(text):
    assert is_everything_to_go(text)


@pytest.mark.parametrize(
    "text",
    [
        "удалить", "удалить объявление", "удали моё объявление", "удалить данные", "исправить мои данные", "забудь",
        "не удаляйте мои данные", "удалите мои данные о кличке", "кот меня забыл", "забудьте меня спросить о чипе",
        "delete", "delete my report", "delete it", "forget it", "change my data", "don't delete my data",
        "She answers to Forget Me Not", "my account",
    ],
)  # fmt: skip
def test_other_words_do_not_ask_for_all_to_be_erased(text):
    assert not is_everything_to_go(text)


ALL_OF_IT = {"en": "Delete all my data", "ru": "Удалить все мои данные"}


def test_who_wants_everything_erased_is_asked_as_by_the_command(door, somebody):
    files_lost(somebody)
    somebody.writes(ALL_OF_IT[somebody.language])
    somebody.sees(words(somebody, "ask_erase_all"))
    assert the_report(door).status is Status.OPEN
    somebody.taps(words(somebody, "b.erase_yes"))
    somebody.sees(words(somebody, "erased_all"))

    assert door.is_empty()


@pytest.mark.parametrize("language", ["en", "ru"])
def test_who_has_no_report_and_wants_everything_erased_is_asked_too(telegram, bot, language):
    person = telegram.person(7, language)
    person.writes(ALL_OF_IT[language])

    person.sees(words(person, "ask_erase_all"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_report_that_is_begun_waits_while_it_is_asked_whether_all_goes(telegram, bot, language):
    person = telegram.person(7, language)
    person.writes("/found")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_found"))
    person.writes(ALL_OF_IT[language])
    person.sees(words(person, "ask_erase_all"))
    person.taps(words(person, "b.erase_no"))
    person.sees(words(person, "back_to_draft"))

    person.sees(words(person, "ask_where_found"))
