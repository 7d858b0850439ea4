"""Buttons and questions that outlived what they were about say so, and hold nobody."""

import pytest

from homeward.locales import text
from tests.bot.conftest import words
from tests.bot.test_handover import agree, both  # noqa: F401 - a fixture
from tests.bot.test_stories import files_lost, lost_query
from tests.conftest import photo


def shown_a_find(person, door):
    """An owner with a card of a find: the card, and the ids of both reports."""
    found_id = door.report("found", photo(1), lat="57.605", lon="39.852", held="held").json()["id"]
    files_lost(person)
    card = person.sees(words(person, "card.mine"))
    (lost,) = door.world.engine.reports(lost_query())
    return card, lost.id, found_id


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_find_that_was_erased_is_said_to_be_gone(telegram, bot, door, language):
    owner = telegram.person(7, language)
    card, _, found_id = shown_a_find(owner, door)
    owner.taps(words(owner, "b.same"))
    connect = owner.sees(text(language, "bot.is_mine_person"))
    door.world.engine.erase(found_id)

    for shown, label in ((card, "b.same"), (card, "b.unsure"), (card, "b.where"), (connect, "b.connect")):
        owner.taps_data(dict(shown.buttons)[words(owner, label)], shown.number)
        owner.sees(words(owner, "find_gone"))


def test_who_changed_their_mind_about_a_find_is_told_why_nobody_was_asked(telegram, bot, door):
    owner = telegram.person(7, "ru")
    card, _, _ = shown_a_find(owner, door)
    owner.taps(words(owner, "b.same"))
    connect = owner.sees(words(owner, "is_mine_person"))
    owner.taps_data(dict(card.buttons)[words(owner, "b.different")], card.number)
    owner.sees(words(owner, "noted_different"))
    owner.taps_data(dict(card.buttons)[words(owner, "b.where")], card.number)
    assert owner.sees_place() == (57.605, 39.852)
    owner.taps_data(dict(connect.buttons)[words(owner, "b.connect")], connect.number)
    owner.sees(words(owner, "judge_first"))
    owner.taps_data(dict(card.buttons)[words(owner, "b.same")], card.number)
    owner.sees(words(owner, "is_mine_person"))
    owner.taps(words(owner, "b.connect"))

    owner.sees(words(owner, "asked_them"))


def test_the_question_for_a_mark_does_not_outlive_its_report(telegram, bot, door):
    owner = telegram.person(7)
    _, lost_id, _ = shown_a_find(owner, door)
    owner.taps(words(owner, "b.secret"))
    owner.sees(words(owner, "ask_secret")[:30])
    door.world.engine.erase(lost_id)
    owner.writes("a scar")
    owner.sees(words(owner, "not_yours"))
    owner.writes("hello")

    owner.sees(words(owner, "photo_first"))


@pytest.mark.parametrize("action", ["home", "secret", "erase"])
def test_of_a_report_that_is_gone_nothing_is_asked(telegram, bot, door, action):
    owner = telegram.person(7)
    _, lost_id, _ = shown_a_find(owner, door)
    door.world.engine.erase(lost_id)
    owner.taps_data(f"r:{action}:{lost_id}")
    owner.sees(words(owner, "not_yours"))
    owner.writes("hello")

    owner.sees(words(owner, "photo_first"))


def test_what_cannot_be_passed_on_in_a_conversation_is_said_so(telegram, both):  # noqa: F811
    finder, owner = both
    agree(finder, owner)
    finder.sends_other(contact={"phone_number": "1", "first_name": "A"})

    finder.sees(words(finder, "unknown.talk"))
