"""What people tell before they are asked, or once more, counts; nothing of it is lost without a word."""

from datetime import timedelta

import pytest

from homeward.bot.story import (
    held_in,
    is_dead,
    is_dead_alone,
    is_home_again,
    is_news_alone,
    is_recognised,
    is_unknown,
    is_with_owner,
    is_yes_or_no,
    kind_in,
    shelf_in,
)
from homeward.domain.reports import Status
from homeward.locales import plural
from homeward.ports import ReportQuery
from tests.bot.conftest import words
from tests.bot.test_stories import files_found, files_lost
from tests.conftest import GREY, photo

STORY = {
    "en": "Lost my cat, ginger, Yaroslavl, Svobody street 5, last night",
    "ru": "Пропала кошка, рыжая, Ярославль, ул. Свободы 5, вчера вечером",
}


def the_report(door):
    (report,) = door.world.engine.reports(ReportQuery())
    return report


def says_lost_and_skips_the_rest(person):
    person.taps(words(person, "b.it_is_lost"))
    skips_the_rest(person)


def skips_the_rest(person):
    for key in ("ask_where_lost", "ask_when_lost", "ask_about_lost"):
        person.sees(words(person, key))
        person.taps(words(person, "b.skip"))
    person.sees(words(person, "filed_lost"))


def test_a_story_told_at_once_begins_a_report_and_stands_in_it(door, somebody):
    somebody.writes(STORY[somebody.language])
    somebody.sees(words(somebody, "words_noted"))
    somebody.sees(words(somebody, "send_lost"))
    somebody.sends_photos(photo(1))
    skips_the_rest(somebody)

    assert the_report(door).description == STORY[somebody.language]


@pytest.mark.parametrize(
    ("language", "caption"),
    [("en", "Found a dog, I have it on a string"), ("ru", "Здравствуйте! Нашла собаку, держу её")],
)
def test_who_says_under_the_photo_that_they_found_it_is_not_asked_whose_it_is(telegram, bot, door, language, caption):
    finder = telegram.person(7, language)
    finder.sends_photos(photo(1), caption=caption)
    for key in ("ask_where_found", "ask_when_found", "ask_held"):
        finder.sees(words(finder, key))
        finder.taps(words(finder, "b.held" if key == "ask_held" else "b.skip"))
    finder.sees(words(finder, "held_care"))

    assert (the_report(door).shelf, the_report(door).description) == ("found", caption)


@pytest.mark.parametrize("caption", ["Пропал кот", "нашли бы его скорее, пропал кот", "Не мой кот сел на забор"])
def test_a_caption_that_may_be_anybodys_is_asked_about(telegram, bot, caption):
    person = telegram.person(7, "ru")
    person.sends_photos(photo(1), caption=caption)

    person.sees(words(person, "ask_shelf"))


@pytest.mark.parametrize(
    ("language", "text"),
    [("ru", "я не могу её взять домой!!! что делать"), ("ru", "А как это работает?"), ("en", "Is it free?")],
)
def test_a_question_is_no_place(telegram, bot, door, language, text):
    finder = telegram.person(7, language)
    finder.writes("/found")
    finder.sends_photos(photo(1))
    finder.sees(words(finder, "ask_where_found"))
    finder.writes(text)
    finder.sees(words(finder, "asked_what"))
    finder.sees(words(finder, "ask_where_found"))
    finder.writes("Кажется, у школы 5?")

    finder.sees(words(finder, "address_noted", address="Кажется, у школы 5?"))


def test_a_wrong_photo_of_a_report_that_is_begun_is_sent_anew_and_no_answer_is_asked_twice(telegram, bot, door):
    owner = telegram.person(7, "ru")
    owner.writes("/lost")
    owner.sends_photos(photo(2))
    owner.sees(words(owner, "ask_where_lost"))
    owner.writes("Свободы, 5")
    owner.sees(words(owner, "ask_when_lost"))
    owner.writes("ой, не то фото")
    owner.sees(words(owner, "send_other"))
    owner.sends_photos(photo(1))
    for key in ("ask_when_lost", "ask_about_lost"):
        owner.sees(words(owner, key))
        owner.taps(words(owner, "b.skip"))
    owner.sees(words(owner, "filed_lost"))

    report = the_report(door)
    assert (report.address, len(door.world.engine.report(report.id).photos)) == ("Свободы, 5", 1)


@pytest.mark.parametrize(("language", "text"), [("ru", "удалить объявление"), ("en", "cancel")])
def test_who_wants_no_report_any_more_says_so_at_any_question(telegram, bot, language, text):
    owner = telegram.person(7, language)
    owner.writes("/lost")
    owner.sends_photos(photo(2))
    owner.sees(words(owner, "ask_where_lost"))
    owner.writes(text)

    owner.sees(words(owner, "cancelled"))


def test_the_word_of_a_button_counts_without_its_signs(telegram, bot):
    owner = telegram.person(7, "ru")
    owner.writes("пропал мой питомец")
    owner.sees(words(owner, "send_lost"))
    owner.sends_photos(photo(2))
    owner.sees(words(owner, "ask_where_lost"))
    owner.writes("Свободы, 5")
    owner.sees(words(owner, "ask_when_lost"))
    owner.writes("назад")

    owner.sees(words(owner, "ask_where_lost"))


@pytest.mark.parametrize(
    ("text", "is_it"),
    [("ЭТО ОН!!!!", True), ("кажется, это она", True), ("мой котик", True), ("Узнала его!", True), ("That's my cat!", True),
     ("It's him", True), ("Нет, это не он", False), ("не мой", False), ("not her", False),
     ("он рыжий", None), ("мой телефон 123", None), ("это он вчера приходил к магазину", None), ("She is shy", None)],
)  # fmt: skip
def test_that_one_recognises_an_animal_is_understood(text, is_it):
    assert is_recognised(text) is is_it


def test_who_asks_while_a_report_is_open_is_shown_the_way_to_the_answers(telegram, bot):
    owner = telegram.person(7, "ru")
    files_lost(owner)
    owner.writes("как вы работаете?")
    owner.sees(words(owner, "watching"))
    owner.taps(words(owner, "b.help"))

    owner.sees(words(owner, "help"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_place_out_of_the_blue_may_be_that_of_an_open_report(telegram, bot, door, language):
    finder = telegram.person(7, language)
    finder.sends_photos(photo(1))
    finder.sees(words(finder, "ask_shelf"))
    finder.taps(words(finder, "b.it_is_found"))
    for key in ("ask_where_found", "ask_when_found", "ask_about_found"):
        finder.sees(words(finder, key))
        finder.taps(words(finder, "b.skip"))
    finder.sees(words(finder, "filed_found"))
    finder.sends_place(57.61234567, 39.87)
    finder.sees(words(finder, "whose_place"))
    finder.taps(words(finder, "b.place_of", name=words(finder, "animal.cat")))
    finder.sees(words(finder, "fixed"))

    assert (the_report(door).place.lat, the_report(door).place.lon) == (57.61235, 39.87)


def test_a_place_out_of_the_blue_may_begin_a_second_report_and_moves_nobody_elses(telegram, bot, door):
    person, other = telegram.person(7), telegram.person(8)
    files_lost(person)
    report = the_report(door)
    other.taps_data(f"l:lost:57.0:39.0:{report.id}")
    other.sees(words(other, "not_yours"))
    person.sends_place(57.0, 39.0)
    person.sees(words(person, "whose_place"))
    person.taps(words(person, "b.found"))
    person.sees(words(person, "send_found"))
    person.sends_photos(photo(2))
    person.sees(words(person, "ask_when_found"))

    assert the_report(door).place.lat == 57.6


def test_whose_reports_are_all_closed_is_told_so_and_not_that_there_are_none(telegram, bot):
    owner = telegram.person(7)
    files_lost(owner)
    owner.writes("/my")
    owner.sees(words(owner, "status.open"))
    owner.taps(words(owner, "b.close"))
    owner.sees(words(owner, "closed"))
    owner.writes("/matches")

    owner.sees(words(owner, "none_open"))


@pytest.mark.parametrize(("text", "key"), [("Это он!!!", "is_it_mine"), ("это не он", "is_it_not")])
def test_an_owner_who_says_so_in_words_is_shown_the_button_for_it(telegram, bot, text, key):
    owner = telegram.person(7, "ru")
    files_lost(owner)
    owner.writes(text)
    shown = owner.sees(words(owner, key))

    assert [name for name, _ in shown.buttons] == [words(owner, "b.matches")]


@pytest.mark.parametrize(
    "text", ["Hello there, good evening", "Have you found my dog?", "lost cat", "Скажите мне, который час"]
)
def test_a_greeting_or_a_question_begins_nothing(telegram, bot, text):
    person = telegram.person(7)
    person.writes(text)

    person.sees(words(person, "photo_first"))


def test_thanks_of_somebody_who_has_a_report_begin_no_other(telegram, bot):
    person = telegram.person(7)
    files_lost(person)
    person.writes("Thank you, a cat was seen by the shop")

    person.sees(words(person, "watching"))


def test_words_about_a_filed_animal_go_into_its_report_at_a_tap(door, somebody):
    files_lost(somebody)
    somebody.writes("a bell on the collar")
    somebody.sees(words(somebody, "watching_add"))
    assert the_report(door).description == "white paw"
    somebody.taps(words(somebody, "b.add_words", name="Barsik"))
    somebody.sees(words(somebody, "words_noted"))
    assert the_report(door).description == "white paw\na bell on the collar"


@pytest.mark.parametrize("language", ["en", "ru"])
def test_whoever_says_that_the_pet_is_dead_reads_no_good_news(telegram, bot, door, language):
    person = telegram.person(7, language)
    files_lost(person)
    person.writes({"en": "She was found dead", "ru": "Нашли её, погибла"}[language])
    person.sees(words(person, "sorry"))
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.close"))
    person.sees(words(person, "closed"))

    assert the_report(door).status is Status.CLOSED
    assert words(person, "home_again") not in [sent.text for sent in person.all()]


def test_a_finder_whose_find_is_with_its_owner_may_close_it_at_once(door, somebody):
    files_found(somebody)
    somebody.writes({"en": "The owner took him", "ru": "Хозяин нашёлся, забрал"}[somebody.language])
    somebody.sees(words(somebody, "given_back"))
    somebody.sees(words(somebody, "status.open"))
    assert the_report(door).status is Status.OPEN
    somebody.taps(words(somebody, "b.is_given"))
    somebody.sees(words(somebody, "closed"))
    assert the_report(door).status is Status.CLOSED


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_finder_whose_find_ran_off_may_say_so(telegram, bot, door, language):
    person = telegram.person(7, language)
    files_found(person)
    person.writes({"en": "He ran away", "ru": "он сбежал ночью"}[language])
    person.sees(words(person, "ask_held_later"))
    person.taps(words(person, "b.loose"))
    person.sees(words(person, "held_noted"))

    assert the_report(door).held == "seen_loose"


def test_whoever_says_that_the_pet_is_home_may_end_the_search_at_once(door, somebody):
    files_lost(somebody)
    somebody.writes({"en": "She is home! Thank you all", "ru": "Нашлась! Спасибо всем"}[somebody.language])

    somebody.sees(words(somebody, "home_again"))
    somebody.sees(words(somebody, "status.open"))
    assert the_report(door).status is Status.OPEN
    somebody.taps(words(somebody, "b.is_home"))
    somebody.sees(words(somebody, "welcome_home"))
    assert the_report(door).status is Status.CLOSED
    somebody.writes({"en": "She is home!", "ru": "Нашлась!"}[somebody.language])
    somebody.sees(words(somebody, "photo_first"))


NEWS = {"en": "Found her! Thank you all", "ru": "Ура, нашлась! Спасибо всем"}


@pytest.mark.parametrize("language", ["en", "ru"])
def test_news_that_the_pet_is_home_answer_no_question_about_its_report(telegram, bot, door, language):
    person = telegram.person(7, language)
    files_lost(person)
    person.writes("/my")
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.fix"))
    person.sees(words(person, "ask_fix"))
    person.taps(words(person, "b.fix_where"))
    person.sees(words(person, "ask_fix_where"))
    person.writes(NEWS[person.language])
    person.sees(words(person, "home_again"))
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.is_home"))
    person.sees(words(person, "welcome_home"))

    assert (the_report(door).status, the_report(door).place.lat) == (Status.CLOSED, 57.6)


def test_news_that_the_pet_is_home_while_it_is_being_told_of_may_end_that(door, somebody):
    somebody.writes("/lost")
    somebody.sends_photos(photo(1))
    somebody.sees(words(somebody, "ask_where_lost"))
    somebody.writes(NEWS[somebody.language])
    somebody.sees(words(somebody, "home_again_draft"))
    somebody.writes({"en": "Svobody street 5", "ru": "Свободы 5"}[somebody.language])
    somebody.sees(words(somebody, "ask_when_lost"))
    somebody.writes(NEWS[somebody.language])
    somebody.sees(words(somebody, "home_again_draft"))
    somebody.taps(words(somebody, "b.is_home"))
    somebody.sees(words(somebody, "cancelled"))

    assert door.world.engine.reports(ReportQuery()) == []


DO_NOT_KNOW = {"en": "I do not know", "ru": "не знаю"}
SAD_NEWS = {"en": "She was hit by a car", "ru": "её сбила машина"}


def test_news_that_the_pet_is_dead_while_it_is_being_told_of_describe_nothing(door, somebody):
    somebody.writes("/lost")
    somebody.sends_photos(photo(1))
    somebody.sees(words(somebody, "ask_where_lost"))
    somebody.writes(SAD_NEWS[somebody.language])
    somebody.sees(words(somebody, "sorry_draft"))
    for question in ("ask_when_lost", "ask_about_lost"):
        somebody.writes(DO_NOT_KNOW[somebody.language])
        somebody.sees(words(somebody, question))
        somebody.writes({"en": "he died", "ru": "умерла"}[somebody.language])
        somebody.sees(words(somebody, "sorry_draft"))
    somebody.writes(DO_NOT_KNOW[somebody.language])
    somebody.sees(words(somebody, "filed_lost"))
    report = the_report(door)
    assert (report.name, report.description, report.address) == (None, None, None)


def test_a_report_that_is_begun_is_dropped_with_the_news_that_the_pet_is_dead(door, somebody):
    somebody.writes("/lost")
    somebody.sees(words(somebody, "send_lost"))
    somebody.writes(SAD_NEWS[somebody.language])
    somebody.sees(words(somebody, "sorry_draft"))
    somebody.taps(words(somebody, "b.drop_begun"))
    somebody.sees(words(somebody, "cancelled"))

    assert door.world.engine.reports(ReportQuery()) == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_news_that_a_pet_is_dead_while_another_is_told_of_may_end_its_search(telegram, bot, door, language):
    person = telegram.person(7, language)
    files_lost(person)
    person.writes("/found")
    person.sends_photos(photo(2))
    person.sees(words(person, "ask_where_found"))
    person.writes({"en": "He died", "ru": "Он умер"}[language])
    person.sees(words(person, "sorry_draft"))
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.close"))
    person.sees(words(person, "closed"))

    assert the_report(door).status is Status.CLOSED


@pytest.mark.parametrize("language", ["en", "ru"])
def test_news_that_the_pet_is_dead_answer_no_question_about_its_report(telegram, bot, door, language):
    person = telegram.person(7, language)
    files_lost(person)
    person.writes({"en": "edit", "ru": "исправить"}[language])
    person.sees(words(person, "ask_fix"))
    person.taps(words(person, "b.fix_about"))
    person.sees(words(person, "ask_fix_about"))
    person.writes(SAD_NEWS[language])
    person.sees(words(person, "sorry"))
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.close"))
    person.sees(words(person, "closed"))

    assert (the_report(door).status, the_report(door).description) == (Status.CLOSED, "white paw")


@pytest.mark.parametrize(
    ("text", "is_alone"),
    [
        ("её сбила машина", True),
        ("Увы, умерла. Спасибо всем, кто искал", True),
        ("кот попал под машину", True),
        ("Мурки не стало", True),
        ("He died this morning", True),
        ("Unfortunately she was run over", True),
        ("Её сбила машина в детстве, хромает", False),
        ("рыжий, хвост короткий: сбила машина", False),
        ("was hit by a car once, limps", False),
        ("не умерла", False),
        ("Боюсь, что её сбила машина", False),
        ("Её сбила машина?", False),
        ("хозяйка умерла, кот убежал", False),
    ],
)
def test_only_short_news_of_a_death_are_no_answer(text, is_alone):
    assert is_dead_alone(text, is_mine=True) == is_alone


def test_a_finder_who_says_that_the_animal_was_run_over_describes_it():
    assert not is_dead_alone("её сбила машина", is_mine=False)
    assert is_dead_alone("она умерла", is_mine=False)


def test_a_death_that_is_denied_is_no_news_and_what_else_is_said_does_not_deny_it():
    assert not is_dead("She is not dead")
    assert is_dead("Она умерла, больше не ищем")
    assert is_dead("She died. If you can, take the report down")


@pytest.mark.parametrize("text", ["нашла её у магазина", "found it at the shop"])
def test_a_finders_words_of_where_they_found_it_are_no_news(telegram, bot, text):
    person = telegram.person(7)
    files_lost(person)
    person.writes("/found")
    person.sends_photos(photo(2))
    person.sees(words(person, "ask_where_found"))
    person.writes(text)
    person.sees(words(person, "ask_when_found"))


@pytest.mark.parametrize(
    ("text", "is_news"),
    [
        ("нашлась!", True),
        ("Ура!!! Нашлась, спасибо огромное всем, кто помогал", True),
        ("слава богу мурка дома", True),
        ("We have found our cat", True),
        ("Барсик, нашли его щенком", False),
        ("Рыжая, белая грудка, нашли её котёнком у подъезда", False),
        ("Её нашли котёнком на улице Свободы, хромает", False),
        ("Нашлась бы скорее", False),
    ],
)
def test_only_short_news_are_no_answer(text, is_news):
    assert is_news_alone(text, ["Мурка"]) == is_news


@pytest.mark.parametrize(
    "text",
    [
        "Нашёлся!",
        "Мурка вернулась сама, спасибо",
        "мы его нашли",
        "Нашли её в подвале",
        "кот пришёл домой",
        "found him!",
        "Thank you, we have found our cat",
        "he’s back",
        "Rex came home this morning",
        "The dog was found",
        "Мурка дома!",
        "Кошка пришла!!!",
        "сама пришла ночью",
        "Нашлась! Ещё раз всем спасибо",
        "поймали её в подъезде",
        "We caught him in the yard",
    ],
)
def test_the_news_that_an_animal_is_home_is_understood(text):
    assert is_home_again(text, ["Мурка"])


@pytest.mark.parametrize(
    "text",
    [
        "Ещё не нашлась",
        "Нашла кошку у подъезда",
        "Вы её нашли?",
        "Когда он вернётся домой, напишу",
        "I found a dog near the school",
        "He is not back yet",
        "I hope she comes home",
        "Found cat, grey",
        "Вернулась с работы, окно открыто",
        "Я вернулся домой, дверь открыта",
        "иду домой, утром снова искать",
        "Нашли её ошейник во дворе",
        "Нашлись свидетели",
        "Пришла запись с камеры, нашлась запись",
        "какая-то женщина забрала её в машину",
        "Хоть бы она вернулась",
        "Нашли её мёртвой",
        "нашлась, но умерла",
        "кот погиб, его нашли у дороги",
        "She was found dead",
        "I came home from work and the door was open",
        "We found her collar",
        "I thought she was back",
        "хозяин нашёлся",
    ],
)
def test_other_news_ends_no_search(text):
    assert not is_home_again(text)


@pytest.mark.parametrize(
    "text",
    [
        "хозяин нашёлся",
        "Нашлась хозяйка",
        "хозяева её забрали",
        "отдал собаку хозяину",
        "Вернули кота владельцу",
        "пёс уже у хозяев",
        "его забрали",
        "the owner took him",
        "The owner has picked her up",
        "I gave the dog back to its owner",
        "He is back with his family",
    ],
)
def test_a_finder_is_understood_to_say_that_the_owner_has_the_animal(text):
    assert is_with_owner(text)


@pytest.mark.parametrize(
    "text",
    [
        "хозяин не нашёлся",
        "Хозяин нашёлся?",
        "если хозяин найдётся, отдам",
        "ищу хозяина",
        "Looking for the owner",
        "No owner has come",
        "Отдал бы хозяину",
        "собака умерла, хозяин забрал",
    ],
)
def test_other_words_of_an_owner_close_no_find(text):
    assert not is_with_owner(text)


def asked_when(telegram, language):
    """Somebody who lost a pet, has sent its photo, does not know where, and is asked when."""
    person = telegram.person(7, language)
    person.writes("/lost")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_lost"))
    person.writes(DO_NOT_KNOW[language])
    person.sees(words(person, "ask_when_lost"))
    return person


@pytest.mark.parametrize("language", ["en", "ru"])
def test_who_lost_it_recently_is_asked_once_for_about_when(telegram, bot, language):
    person = asked_when(telegram, language)
    person.writes({"en": "recently", "ru": "недавно"}[language])
    person.sees(words(person, "when_vague"))
    person.sees(words(person, "ask_when_lost"))
    person.writes({"en": "Not long ago", "ru": "совсем недавно"}[language])
    person.sees(words(person, "when_left"))
    person.sees(words(person, "ask_about_lost"))

    assert words(person, "when_vague") not in [sent.text for sent in person.new()]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_who_says_about_when_after_all_is_understood(telegram, bot, door, language):
    person = asked_when(telegram, language)
    person.writes({"en": "lately", "ru": "на днях"}[language])
    person.sees(words(person, "when_vague"))
    person.writes({"en": "3 days ago", "ru": "3 дня назад"}[language])
    person.sees(words(person, "ask_about_lost"))
    person.taps(words(person, "b.skip"))
    person.sees(words(person, "filed_lost"))

    assert the_report(door).created_at - the_report(door).happened_at > timedelta(days=2)


def test_words_and_a_place_sent_before_the_photo_stay_through_the_menu(telegram, bot, door):
    person = telegram.person(7)
    person.sends_place(57.6, 39.85)
    person.sees(words(person, "place_noted_any"))
    person.writes("/found")
    person.sees(words(person, "send_found"))
    person.writes("A dog on a string")
    person.sees(words(person, "words_noted"))
    person.sees(words(person, "send_found"))
    person.sends_photos(photo(1))
    asked = person.sees(words(person, "ask_when_found"))
    assert words(person, "saw.cat") in asked.text
    person.taps(words(person, "b.is_dog"))
    person.sees(words(person, "is.dog"))
    person.taps(words(person, "b.skip"))
    person.sees(words(person, "ask_held"))
    person.taps(words(person, "b.held"))
    person.sees(words(person, "filed_found"))

    report = the_report(door)
    assert (report.place.lat, report.description, report.species) == (57.6, "A dog on a string", "dog")


def test_words_written_after_an_album_are_kept(telegram, bot, door):
    person = telegram.person(7, "ru")
    person.sends_photos(photo(1), photo(1, noise=1))
    person.sees(words(person, "ask_shelf"))
    person.writes("Мурка пропала, помогите")
    person.sees(words(person, "words_noted"))
    person.sees(words(person, "ask_shelf"))
    says_lost_and_skips_the_rest(person)

    assert the_report(door).description == "Мурка пропала, помогите"


@pytest.mark.parametrize("at", ["when", "about"])
def test_a_place_at_a_later_question_corrects_the_place_and_answers_nothing_else(telegram, bot, door, at):
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_lost"))
    person.sends_place(50.0, 30.0)
    person.sees(words(person, "ask_when_lost"))
    if at == "about":
        person.taps(words(person, "b.now"))
        person.sees(words(person, "ask_about_lost"))
    person.sends_place(57.6, 39.85)
    person.sees(words(person, "place_noted"))
    person.sees(words(person, f"ask_{at}_lost"))
    if at == "when":
        person.taps(words(person, "b.now"))
        person.sees(words(person, "ask_about_lost"))
    person.writes("Barsik, white paw")
    person.sees(words(person, "filed_lost"))

    report = the_report(door)
    assert (report.place.lat, report.name, report.description) == (57.6, "Barsik", "white paw")


def test_what_was_told_without_a_photo_waits_while_something_else_is_asked(telegram, bot):
    person = telegram.person(7)
    person.writes(STORY["en"])
    person.sees(words(person, "send_lost"))
    person.writes("/delete")
    person.sees(words(person, "ask_erase_all"))
    person.taps(words(person, "b.erase_no"))

    person.sees(words(person, "back_to_draft"))
    person.sees(words(person, "send_lost"))


def test_the_question_for_a_photo_can_be_cancelled_with_a_word(telegram, bot):
    person = telegram.person(7, "ru")
    person.writes("/lost")
    person.sees(words(person, "send_lost"))
    person.writes("отмена")

    person.sees(words(person, "cancelled"))


def test_what_is_written_under_added_photos_stands_in_the_report(telegram, bot, door):
    person = telegram.person(7, "ru")
    files_lost(person)
    person.writes("/my")
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.add_photos"))
    person.sees(words(person, "send_more"))
    person.sends_photos(photo(1, noise=2), caption="хромает на левую лапу")
    person.sees(words(person, "photos_added"))
    person.sees(words(person, "words_noted"))

    assert the_report(door).description == "white paw\nхромает на левую лапу"


def test_photos_out_of_the_blue_may_be_more_of_an_animal_whose_report_is_open(door, somebody):
    files_lost(somebody)
    somebody.sends_photos(photo(1, noise=2))
    somebody.sees(words(somebody, "ask_shelf"))
    somebody.sends_photos(photo(1, noise=3))
    somebody.sees(plural(somebody.language, "bot.more_photos", 2))
    somebody.sees(words(somebody, "ask_shelf"))
    somebody.taps(words(somebody, "b.more_of", name="Barsik"))
    somebody.sees(words(somebody, "photos_added"))

    assert len(door.world.engine.report(the_report(door).id).photos) == 3


@pytest.mark.parametrize(
    ("text", "held"),
    [
        ("да", "held"),
        ("Она у меня, привязал к забору", "held"),
        ("да, у нас дома", "held"),
        ("Yes", "held"),
        ("It's with me", "held"),
        ("I have him.", "held"),
        ("да на веревке держу", "held"),
        ("держу ее на поводке", "held"),
        ("поймал, сидит в подъезде", "held"),
        ("забрала к себе", "held"),
        ("I’m holding him", "held"),
        ("отпустил", "loose"),
        ("ушла, не догнал", "loose"),
        ("она на веревке сидит у магазина", None),
        ("не могу ее держать", None),
        ("не поймал", None),
        ("нет", "loose"),
        ("Не у меня", "loose"),
        ("убежала", "loose"),
        ("no, only saw it", "loose"),
        ("у меня во дворе бегает", None),
        ("Рыжий, нет ошейника", None),
        ("No collar", None),
    ],
)
def test_whether_a_find_is_held_is_understood_in_words(text, held):
    assert held_in(text) == held


@pytest.mark.parametrize("text", ["не знаю", "Не помню точно.", "I don't know", "not sure"])
def test_who_does_not_know_is_understood(text):
    assert is_unknown(text)
    assert not is_unknown(f"{text} 21.11")


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_finder_answers_in_words_and_their_questions_describe_no_animal(telegram, bot, door, language):
    person = telegram.person(7, language)
    person.writes("/found")
    person.sees(words(person, "send_found"))
    person.writes({"en": "what should I do with it?", "ru": "что мне с ним делать?"}[language])
    person.sees(words(person, "asked_what"))
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_found"))
    person.taps(words(person, "b.skip"))
    person.sees(words(person, "ask_when_found"))
    person.writes({"en": "I don’t know", "ru": "не помню"}[language])
    person.sees(words(person, "ask_about_found"))
    person.writes({"en": "It is with me, tied to the fence", "ru": "она у меня, привязал к забору"}[language])
    person.sees(words(person, "filed_found"))

    report = the_report(door)
    assert report.held == "held"
    assert (
        report.description
        == {"en": "It is with me, tied to the fence", "ru": "она у меня, привязал к забору"}[language]
    )


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_plain_no_erases_nothing_and_other_words_are_asked_for_a_button(telegram, bot, door, language):
    person = telegram.person(7, language)
    files_lost(person)
    person.writes("/delete")
    person.sees(words(person, "ask_erase_all"))
    person.writes({"en": "yes", "ru": "да"}[language])
    person.sees(words(person, "tap_one"))
    person.sees(words(person, "ask_erase_all"))
    person.writes({"en": "No!", "ru": "Нет"}[language])
    person.sees(words(person, "kept"))

    assert the_report(door).status is Status.OPEN


@pytest.mark.parametrize("text", ["да", "Да!", "нет", "ок", "yes", "No.", "OK"])
def test_a_bare_yes_or_no_is_understood_as_no_more(text):
    assert is_yes_or_no(text)
    assert not is_yes_or_no(f"{text} Свободы 5")


def test_a_yes_is_no_address_and_who_does_not_know_the_place_skips_it(door, somebody):
    somebody.writes("/lost")
    somebody.sends_photos(photo(1))
    somebody.sees(words(somebody, "ask_where_lost"))
    somebody.writes({"en": "Yes", "ru": "да"}[somebody.language])
    somebody.sees(words(somebody, "rough_place"))
    somebody.sees(words(somebody, "ask_where_lost"))
    somebody.writes({"en": "I don't know", "ru": "не знаю"}[somebody.language])
    somebody.sees(words(somebody, "ask_when_lost"))
    somebody.taps(words(somebody, "b.skip"))
    somebody.sees(words(somebody, "ask_about_lost"))
    somebody.taps(words(somebody, "b.skip"))
    somebody.sees(words(somebody, "filed_lost"))

    assert the_report(door).address is None


@pytest.mark.parametrize(
    ("text", "shelf"),
    [
        ("мой", "lost"),
        ("Это моя кошка!", "lost"),
        ("моя, пропала час назад", "lost"),
        ("да, моя", "lost"),
        ("пропал", "lost"),
        ("я потеряла", "lost"),
        ("It's mine", "lost"),
        ("my own", "lost"),
        ("lost", "lost"),
        ("не моя", "found"),
        ("чужая", "found"),
        ("Нет, чужой кот", "found"),
        ("я нашел ее", "found"),
        ("нашла", "found"),
        ("Видел", "found"),
        ("not mine", "found"),
        ("I found it", "found"),
        ("saw a dog", "found"),
        ("мой сосед нашёл", None),
        ("не нашла", None),
        ("нашлась", None),
        ("потерялась, похоже", "lost"),
        ("my neighbour found it", None),
    ],
)
def test_whose_the_animal_is_is_understood_in_words(text, shelf):
    assert shelf_in(text) == shelf


@pytest.mark.parametrize(
    ("text", "kind"),
    [("кот", "cat"), ("это кошка", "cat"), ("Собака!", "dog"), ("it is a dog", "dog"), ("кот и собака", None)],
)
def test_the_kind_is_understood_in_words(text, kind):
    assert kind_in(text) == kind


@pytest.mark.parametrize("language", ["en", "ru"])
def test_whose_and_what_it_is_may_be_answered_in_words(telegram, bot, door, language):
    person = telegram.person(7, language)
    person.sends_photos(GREY)
    person.sees(words(person, "ask_shelf"))
    person.writes({"en": "yes", "ru": "да"}[language])
    person.sees(words(person, "tap_one"))
    person.writes({"en": "mine, she is shy with strangers", "ru": "моя, боится чужих"}[language])
    person.sees(words(person, "ask_kind"))
    person.writes({"en": "a dog", "ru": "собака"}[language])
    for key in ("ask_where_lost", "ask_when_lost", "ask_about_lost"):
        person.sees(words(person, key))
        person.taps(words(person, "b.skip"))
    person.sees(words(person, "filed_lost"))

    report = the_report(door)
    assert (report.shelf, report.species) == ("lost", "dog")
    assert report.description == {"en": "mine, she is shy with strangers", "ru": "моя, боится чужих"}[language]


def test_a_photo_out_of_the_blue_can_be_called_off_with_a_word(telegram, bot):
    person = telegram.person(7, "ru")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_shelf"))
    person.writes("отмена")

    person.sees(words(person, "cancelled"))


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_no_or_a_shrug_at_the_last_question_becomes_no_name(telegram, bot, door, language):
    for text in ({"en": "No", "ru": "нет"}[language], {"en": "I don't know", "ru": "не знаю"}[language]):
        person = telegram.person(len(text), language)
        files_lost(person, about=text)

    assert [(report.name, report.description) for report in door.world.engine.reports(ReportQuery())] == [
        (None, None)
    ] * 2


@pytest.mark.parametrize(
    ("text", "name", "description"),
    [
        ("Барсик рыжий с белой лапой пугливый", None, "Барсик рыжий с белой лапой пугливый"),
        ("её зовут Муся, боится людей", "Муся", "боится людей"),
        ("Her name is Lady Grey", "Lady Grey", None),
    ],
)
def test_a_name_is_short_and_what_introduces_it_is_no_part_of_it(telegram, bot, door, text, name, description):
    files_lost(telegram.person(7, "ru"), about=text)

    assert (the_report(door).name, the_report(door).description) == (name, description)
