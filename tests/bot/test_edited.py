"""Messages that people change after sending: the last answer counts as it reads now, of others they are told."""

import pytest

from tests.bot.conftest import words
from tests.bot.test_handover import agree, both  # noqa: F401 - a fixture
from tests.bot.test_stories import files_lost
from tests.bot.test_told_early import says_lost_and_skips_the_rest, the_report
from tests.conftest import photo


def tells_where(person, address):
    person.writes("/lost")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_lost"))
    sent = person.writes(address)
    person.sees(words(person, "ask_when_lost"))
    return sent


@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_last_answer_counts_as_it_reads_now(telegram, bot, door, language):
    person = telegram.person(7, language)
    sent = tells_where(person, "Svobody 5")
    person.edits(sent, "Svobody 15")
    person.sees(words(person, "address_noted", address="Svobody 15"))
    person.sees(words(person, "ask_when_lost"))
    sent = person.writes("20.11")
    person.sees(words(person, "ask_about_lost"))
    person.edits(sent, "the day of the flood")
    person.sees(words(person, "when_hint"))
    person.edits(sent, "19.11")
    person.sees(words(person, "ask_about_lost"))
    person.writes("Barsik")
    person.sees(words(person, "filed_lost"))

    report = the_report(door)
    assert (report.address, report.happened_at.day) == ("Svobody 15", 19)


def test_a_story_told_at_once_may_be_told_better(telegram, bot, door):
    person = telegram.person(7)
    sent = person.writes("Lost my gingr cat")
    person.sees(words(person, "send_any"))
    person.edits(sent, "Lost my ginger cat")
    person.sees(words(person, "words_noted"))
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_shelf"))
    says_lost_and_skips_the_rest(person)

    assert the_report(door).description == "Lost my ginger cat"


def test_words_under_a_photo_that_change_are_asked_for_in_a_new_message(telegram, bot, door):
    person = telegram.person(7)
    person.sends_photos(photo(1), caption="A gingr cat")
    person.sees(words(person, "ask_shelf"))
    photo_of_it = {"file_id": "x", "file_unique_id": "x", "width": 1, "height": 1}
    changed = {"message_id": 1, "date": 1, "chat": person._chat(), "from": person._self(), "photo": [photo_of_it]}
    person.edits({"message": {**changed, "caption": "A gingr cat"}}, "A ginger cat")

    person.sees(words(person, "edited.first"))
    person.sees(words(person, "ask_shelf"))


def test_of_an_earlier_answer_the_person_is_told_the_way_back(telegram, bot):
    person = telegram.person(7)
    sent = tells_where(person, "Svobody 5")
    person.taps(words(person, "b.now"))
    person.sees(words(person, "ask_about_lost"))
    person.edits(sent, "Svobody 15")

    person.sees(words(person, "edited.draft"))
    person.sees(words(person, "ask_about_lost"))


def test_where_nothing_is_asked_the_way_to_the_reports_is_told(telegram, bot):
    person = telegram.person(7, "ru")
    files_lost(person)
    person.edits(person.writes("спасибо"), "Спасибо!")

    person.sees(words(person, "edited.idle"))


def test_in_a_conversation_the_person_is_told_that_the_other_side_has_the_first_words(telegram, both):  # noqa: F811
    finder, owner = both
    agree(finder, owner)
    sent = owner.writes("At five")
    finder.sees("At five")
    owner.edits(sent, "At six")

    owner.sees(words(owner, "edited.talk"))


def test_a_live_location_moves_without_a_word(telegram, bot):
    person = telegram.person(7)
    person.writes("/found")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_found"))
    live = {"latitude": 57.6, "longitude": 39.85, "live_period": 3600}
    sent = person._message({"location": live})
    person.sees(words(person, "ask_when_found"))
    person.edits(sent, "")
    person.writes("/help")
    person.sees(words(person, "help"))

    assert [each.text for each in person.new()] == [words(person, "help")]
