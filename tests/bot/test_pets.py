"""A report is about one animal: whoever sends photos of two files two, and nothing of either is lost."""

import pytest

from homeward.domain.animals import Detection, Label, Species
from homeward.domain.boxes import Box
from homeward.locales import plural
from homeward.ports import ReportQuery
from homeward.testing import FakeDetector
from tests.bot.conftest import words
from tests.conftest import photo

CAT, DOG = 3, 4  # seeds of pictures: more green than red, more red than green


class CatsAndDogs(FakeDetector):
    __slots__ = ()

    def _on(self, picture):
        height, width = picture.shape[:2]
        label = Label.CAT if picture[:, :, 1].mean() > picture[:, :, 0].mean() else Label.DOG
        return (Detection(Box(width * 0.05, height * 0.3, width * 0.4, height * 0.7), label, 0.95),)


@pytest.fixture
def sees_both(door):
    door.world.engine._ports.detector.__class__ = CatsAndDogs


def skips(person, *keys):
    for key in keys:
        person.sees(words(person, key))
        person.taps(words(person, "b.skip"))


def filed(door):
    reports = [door.world.engine.report(report.id) for report in door.world.engine.reports(ReportQuery())]
    return {shown.report.species: shown for shown in reports}


@pytest.mark.usefixtures("sees_both")
def test_two_pets_in_one_album_become_two_reports_one_after_the_other(door, somebody):
    somebody.writes("/lost")
    somebody.sends_photos(photo(CAT), photo(DOG), photo(CAT, noise=1), caption="They ran off together")
    somebody.sees(words(somebody, "ask_both"))
    somebody.taps(words(somebody, "b.two_pets"))
    somebody.sees(words(somebody, "first.cat"))
    somebody.sees(words(somebody, "ask_where_lost"))
    somebody.sends_place(57.6, 39.85)
    somebody.sees(words(somebody, "ask_when_lost"))
    somebody.taps(words(somebody, "b.yesterday"))
    somebody.sees(words(somebody, "ask_about_lost"))
    somebody.writes("Murka, white paw")
    somebody.sees(words(somebody, "filed_lost"))
    somebody.sees(words(somebody, "then.dog"))
    somebody.sees(words(somebody, "ask_about_lost"))
    somebody.writes("Rex, red collar")
    somebody.sees(words(somebody, "filed_lost"))

    reports = filed(door)
    cat, dog = reports[Species.CAT], reports[Species.DOG]
    assert (cat.report.name, len(cat.photos)) == ("Murka", 2)
    assert (dog.report.name, len(dog.photos)) == ("Rex", 1)
    assert (dog.report.place, dog.report.happened_at) == (cat.report.place, cat.report.happened_at)
    if hasattr(somebody, "telegram"):  # the console sends no captions
        assert dog.report.description == "They ran off together\nred collar"


@pytest.mark.usefixtures("sees_both")
def test_one_animal_that_is_taken_for_two_kinds_stays_one_report(telegram, bot, door):
    person = telegram.person(7, "ru")
    person.writes("/found")
    person.sends_photos(photo(CAT), photo(DOG))
    person.sees(words(person, "ask_both"))
    person.taps(words(person, "b.one_cat"))
    skips(person, "ask_where_found", "ask_when_found", "ask_about_found")
    person.sees(words(person, "filed_found"))

    (report,) = filed(door).values()
    assert (report.report.species, len(report.photos)) == (Species.CAT, 2)


@pytest.mark.usefixtures("sees_both")
def test_a_second_pet_that_is_sent_later_is_noticed_too(telegram, bot, door):
    person = telegram.person(7, "ru")
    person.writes("/lost")
    person.sends_photos(photo(DOG))
    person.sees(words(person, "ask_where_lost"))
    person.sends_photos(photo(CAT))
    person.sees(words(person, "ask_both"))
    person.taps(words(person, "b.two_pets"))
    person.sees(words(person, "first.dog"))
    person.sees(words(person, "ask_where_lost"))
    person.sends_photos(photo(CAT, noise=1))
    person.sees(plural("ru", "bot.more_photos", 1))
    skips(person, "ask_where_lost", "ask_when_lost", "ask_about_lost")
    person.sees(words(person, "then.cat"))
    skips(person, "ask_about_lost")
    person.sees(words(person, "filed_lost"))

    assert {kind: len(shown.photos) for kind, shown in filed(door).items()} == {Species.DOG: 1, Species.CAT: 2}


class WithACat(CatsAndDogs):
    """On every picture a smaller cat sits beside what else is seen."""

    __slots__ = ()

    def _on(self, picture):
        height, width = picture.shape[:2]
        right = Box(width * 0.6, height * 0.35, width * 0.85, height * 0.65)
        return *super()._on(picture), Detection(right, Label.CAT, 0.9)


def test_the_one_that_is_on_every_photo_is_meant(telegram, bot, door):
    door.world.engine._ports.detector.__class__ = WithACat
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_photos(photo(DOG), photo(CAT))
    asked = person.sees(words(person, "ask_where_lost"))
    assert words(person, "saw.cat") in asked.text
    assert person.sees(words(person, "several_on_photo"))
    skips(person, "ask_where_lost", "ask_when_lost", "ask_about_lost")
    person.sees(words(person, "filed_lost"))

    (report,) = filed(door).values()
    assert report.report.species is Species.CAT
