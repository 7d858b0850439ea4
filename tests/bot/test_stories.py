"""What people live through with the bot, on Telegram and in a terminal, in both languages."""

import pytest

from homeward.api.auth import new_key
from homeward.domain.filing import ReportChange
from homeward.domain.reports import Status
from homeward.locales import plural
from homeward.testing import FakeDetector
from tests.bot.conftest import Bot, words
from tests.conftest import GREY, photo
from tests.doors.conftest import Door
from tests.running import served

HERE = (57.605, 39.852)


def files_lost(person, seed=1, noise=1, **how):
    person.writes("/lost")
    person.sees(words(person, "send_lost"))
    person.sends_photos(photo(seed, noise=noise))
    person.sees(words(person, "ask_where_lost"))
    person.sends_place(57.6, 39.85)
    person.sees(words(person, "ask_when_lost"))
    person.taps(words(person, "b.now"))
    person.sees(words(person, "ask_about_lost"))
    person.writes(how.get("about", "Barsik, white paw"))
    person.sees(words(person, "filed_lost"))


def files_found(person, seed=1, noise=0):
    person.sends_photos(photo(seed, noise=noise))
    person.sees(words(person, "ask_shelf"))
    person.taps(words(person, "b.it_is_found"))
    person.sees(words(person, "ask_where_found"))
    person.sends_place(*HERE)
    person.sees(words(person, "ask_when_found"))
    person.taps(words(person, "b.today"))
    person.sees(words(person, "ask_about_found"))
    person.taps(words(person, "b.held"))
    person.sees(words(person, "filed_found"))


def test_an_owner_sees_the_match_at_once(door, somebody):
    door.report("found", photo(1), lat="57.605", lon="39.852", held="held")

    files_lost(somebody)

    card = somebody.sees(words(somebody, "card.mine"))
    shown = card if isinstance(card, str) else card.text
    assert words(somebody, "card.held") in shown
    assert "L2 " in shown
    assert "99 %" in shown or "%" in shown
    (report,) = door.world.engine.reports(lost_query())
    assert (report.name, report.description) == ("Barsik", "white paw")


@pytest.mark.parametrize(("secret_of_app", "path"), [(None, "/lost/{}#token="), (b"signs", "/telegram/lost/{}")])
def test_a_button_opens_the_owners_page_where_the_server_has_a_public_address(tmp_path, telegram, secret_of_app, path):
    door = Door(
        tmp_path, uploads_per_minute=0, public_url="https://pets.example.org", telegram_app_secret=secret_of_app
    )
    with served(door.api) as url:
        bot = Bot(url, new_key(door.context, "bot", "bot", None)[1], telegram)
        bot.start()
        door.report("found", photo(1), lat="57.605", lon="39.852", held="held")
        person = telegram.person(7)
        files_lost(person)
        card = person.sees(words(person, "card.mine"))
        bot.stop()

    (report,) = door.world.engine.reports(lost_query())
    page = dict(card.buttons)[words(person, "b.page")]
    assert page.startswith(f"https://pets.example.org{path.format(report.id)}")
    assert secret_of_app is None or "token" not in page
    door.world.database.close()


def lost_query():
    from homeward.domain.reports import Shelf
    from homeward.ports import ReportQuery

    return ReportQuery(shelf=Shelf.LOST)


def test_a_photo_out_of_the_blue_is_asked_what_it_is_and_the_finder_is_thanked(door, somebody):
    files_found(somebody)

    somebody.sees(words(somebody, "no_owner_yet"))


def test_who_files_reads_which_alerts_wait_for_the_morning_as_long_as_nights_are_quiet(door, somebody):
    files_lost(somebody)
    somebody.sees(words(somebody, "filed_night"))
    somebody.writes("/my")
    somebody.sees(words(somebody, "quiet_on"))
    somebody.taps(words(somebody, "b.quiet_off"))
    somebody.sees(words(somebody, "quiet_off"))
    files_found(somebody, seed=2)
    filed = somebody.sees(words(somebody, "filed_found"))

    assert words(somebody, "filed_night") not in (filed if isinstance(filed, str) else filed.text)


def test_every_question_can_be_skipped_and_gone_back_from(door, somebody):
    somebody.writes("/found")
    somebody.sends_photos(photo(1), photo(1, noise=1), photo(1, noise=2))
    somebody.sees(words(somebody, "ask_where_found"))
    somebody.taps(words(somebody, "b.skip"))
    somebody.sees(words(somebody, "ask_when_found"))
    somebody.taps(words(somebody, "b.back"))
    somebody.sees(words(somebody, "ask_where_found"))
    somebody.writes("у школы № 5 / behind school 5")
    somebody.sees(words(somebody, "ask_when_found"))
    somebody.taps(words(somebody, "b.skip"))
    somebody.sees(words(somebody, "ask_about_found"))
    somebody.taps(words(somebody, "b.skip"))

    somebody.sees(words(somebody, "filed_found"))
    from homeward.ports import ReportQuery

    (report,) = door.world.engine.reports(ReportQuery())
    assert report.address == "у школы № 5 / behind school 5"
    assert (report.place, report.held) == (None, None)
    assert len(door.world.engine.report(report.id).photos) == 3


@pytest.mark.parametrize("end", ["home", "erased"])
def test_who_answers_the_poster_of_a_pet_that_is_home_is_heard_all_the_same(door, somebody, end):
    lost = door.report("lost", photo(1)).json()["id"]
    somebody.writes(f"/start about_{lost}")
    somebody.sees(words(somebody, "answering"))
    if end == "home":
        door.world.engine.change(lost, ReportChange(status=Status.REUNITED))
    else:
        door.world.engine.erase(lost)
    somebody.sends_photos(photo(1, noise=1))
    for key in ("ask_where_found", "ask_when_found", "ask_about_found"):
        somebody.sees(words(somebody, key))
        somebody.taps(words(somebody, "b.skip"))

    somebody.sees(words(somebody, "about_gone"))
    somebody.sees(words(somebody, "filed_found"))


def test_the_species_is_shown_and_corrected_with_one_tap(door, somebody):
    somebody.writes("/lost")
    somebody.sends_photos(photo(1))
    somebody.sees(words(somebody, "saw.cat"))
    somebody.taps(words(somebody, "b.is_dog"))
    somebody.sees(words(somebody, "is.dog"))
    for _ in range(3):
        somebody.taps(words(somebody, "b.skip"))
        seen = words(somebody, "ask_when_lost"), words(somebody, "ask_about_lost"), words(somebody, "filed_lost")
        somebody.sees(seen[_])

    (report,) = door.world.engine.reports(lost_query())
    assert report.species == "dog"


def test_a_photo_without_an_animal_is_taken_once_the_person_says_what_it_is(door, somebody):
    somebody.writes("/found")
    somebody.sends_photos(GREY)
    somebody.sees(words(somebody, "ask_kind"))
    somebody.taps(words(somebody, "b.is_dog"))
    somebody.sees(words(somebody, "ask_where_found"))
    for key in ("ask_when_found", "ask_about_found", "filed_found"):
        somebody.taps(words(somebody, "b.skip"))
        somebody.sees(words(somebody, key))


def test_a_map_link_and_a_date_in_words_are_understood(door, somebody):
    somebody.writes("/lost")
    somebody.sends_photos(photo(1))
    somebody.sees(words(somebody, "ask_where_lost"))
    somebody.writes("https://yandex.ru/maps/?ll=39.85%2C57.6&z=15")
    somebody.sees(words(somebody, "ask_when_lost"))
    somebody.writes("in the year of the flood")
    somebody.sees(words(somebody, "when_hint"))
    somebody.writes({"en": "3 days ago", "ru": "3 дня назад"}[somebody.language])
    somebody.sees(words(somebody, "ask_about_lost"))
    somebody.taps(words(somebody, "b.skip"))
    somebody.sees(words(somebody, "filed_lost"))

    (report,) = door.world.engine.reports(lost_query())
    assert (report.place.lat, report.place.lon) == (57.6, 39.85)
    assert 2.4 < (report.created_at - report.happened_at).total_seconds() / 86400 < 3.6


def test_many_matches_are_an_album_and_a_card_to_leaf_through(door, somebody):
    for noise in (2, 3, 4):
        door.report("found", photo(1, noise=noise), lat="57.605", lon="39.852")

    files_lost(somebody)

    somebody.sees(plural(somebody.language, "bot.many", 3))
    somebody.sees(words(somebody, "card.rank", rank=1, n=3))
    somebody.taps("▶")
    somebody.sees(words(somebody, "card.rank", rank=2, n=3))
    somebody.taps(words(somebody, "b.where"))
    somebody.sees(words(somebody, "seen_here"))
    somebody.taps(words(somebody, "b.different"))
    somebody.sees(words(somebody, "noted_different"))
    somebody.sees(words(somebody, "no_more"))  # all three are one animal: the others sink with it


def test_the_owner_is_told_of_a_later_find_exactly_once(door, somebody):
    files_lost(somebody)
    somebody.sees(words(somebody, "none_yet"))

    door.report("found", photo(1, noise=2), lat="57.605", lon="39.852")

    somebody.sees(plural(somebody.language, "bot.news", 1, name="Barsik"))
    with door.world.database.read() as work:
        (alert,) = work.outbox.of_lost(door.world.engine.reports(lost_query())[0].id)
    assert alert.attempts == 1


def test_everything_of_mine_can_be_erased(door, somebody):
    files_found(somebody)

    somebody.writes("/delete")
    somebody.sees(words(somebody, "ask_erase_all"))
    somebody.taps(words(somebody, "b.erase_yes"))

    somebody.sees(words(somebody, "erased_all"))
    assert door.is_empty()


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
def test_the_open_question_is_asked_anew_in_another_language_and_understood(door, somebody, steps):
    somebody.writes("/found")
    somebody.sees(words(somebody, "send_found"))
    for step in range(steps):
        somebody.sends_photos(photo(1)) if step == 0 else somebody.taps(words(somebody, "b.skip"))
        somebody.sees(words(somebody, ("ask_where_found", "ask_when_found", "ask_about_found")[step]))

    somebody.writes("/lang")
    somebody.language = {"en": "ru", "ru": "en"}[somebody.language]

    somebody.sees(words(somebody, "lang"))
    somebody.sees(words(somebody, ("send_found", "ask_where_found", "ask_when_found", "ask_about_found")[steps]))
    answer, next_key = (("skip", "ask_when_found"), ("yesterday", "ask_about_found"), ("held", "filed_found"))[
        steps - 1
    ]
    if steps:
        somebody.writes(words(somebody, f"b.{answer}"))
        somebody.sees(words(somebody, next_key))


@pytest.mark.parametrize(("button", "question"), [("add_photos", "send_more"), ("erase", "ask_erase")])
def test_a_question_about_a_report_is_asked_anew_in_another_language(telegram, bot, button, question):
    somebody = telegram.person(7)
    files_found(somebody)
    somebody.writes("/my")
    somebody.sees(words(somebody, "status.open"))
    somebody.taps(words(somebody, f"b.{button}"))
    somebody.sees(words(somebody, question))

    somebody.writes("/lang")
    somebody.language = "ru"

    somebody.sees(words(somebody, question))


def test_a_finder_reads_who_will_see_the_place_before_telling_it(door, somebody):
    somebody.writes("/found")
    somebody.sends_photos(photo(1))

    somebody.sees(
        {"en": "Owners whose pet it may be will see the place", "ru": "Это место увидят хозяева"}[somebody.language]
    )


@pytest.mark.parametrize("command", ["/lost", "/start about_0123456789abcdefghjk"])
def test_photos_of_a_report_that_is_begun_are_dropped_only_when_the_person_says_so(door, somebody, command):
    somebody.writes("/found")
    somebody.sends_photos(photo(1), photo(1, noise=1))
    somebody.sees(words(somebody, "ask_where_found"))

    somebody.writes(command)
    asked = plural(somebody.language, "bot.drop_draft", 2)
    somebody.sees(asked)
    somebody.taps(words(somebody, "b.go_on"))
    somebody.sees(words(somebody, "ask_where_found"))

    somebody.writes(command)
    somebody.sees(asked)
    somebody.taps(words(somebody, "b.begin_anew"))
    somebody.sees(words(somebody, "send_lost" if command == "/lost" else "answering"))


@pytest.mark.parametrize(
    ("asks", "question", "ends"),
    [
        ("b.add_photos", "send_more", "b.cancel"),
        ("b.erase", "ask_erase", "b.erase_no"),
        ("/delete", "ask_erase_all", "b.erase_no"),
        ("/delete", "ask_erase_all", "/cancel"),
    ],
)
def test_a_report_that_is_begun_waits_while_something_else_is_asked(telegram, bot, asks, question, ends):
    somebody = telegram.person(7)
    files_found(somebody)
    somebody.writes("/found")
    somebody.sends_photos(photo(2))
    somebody.sees(words(somebody, "ask_where_found"))

    if asks == "/delete":
        somebody.writes(asks)
    else:
        somebody.writes("/my")
        somebody.sees(words(somebody, "status.open"))
        somebody.taps(words(somebody, asks))
    somebody.sees(words(somebody, question))
    if ends == "/cancel":
        somebody.writes(ends)
    else:
        somebody.taps(words(somebody, ends))

    somebody.sees(words(somebody, "back_to_draft"))
    somebody.sees(words(somebody, "ask_where_found"))
    for key in ("ask_when_found", "ask_about_found", "filed_found"):
        somebody.taps(words(somebody, "b.skip"))
        somebody.sees(words(somebody, key))


def test_one_can_stop_anywhere_and_nothing_is_kept(door, somebody):
    somebody.writes("/lost")
    somebody.sends_photos(photo(1))
    somebody.sees(words(somebody, "ask_where_lost"))

    somebody.writes("/cancel")

    somebody.sees(words(somebody, "cancelled"))
    assert door.is_empty()
    somebody.writes("/cancel")
    somebody.sees(words(somebody, "nothing_to_cancel"))


def test_several_animals_on_a_photo_are_told_apart(door, somebody):
    door.world.engine._ports.detector.__class__ = TwoCats
    somebody.writes("/found")
    somebody.sends_photos(photo(1))
    somebody.sees(words(somebody, "ask_which", n=2))
    somebody.taps("2. ")
    somebody.sees(words(somebody, "ask_where_found"))
    for key in ("ask_when_found", "ask_about_found", "filed_found"):
        somebody.taps(words(somebody, "b.skip"))
        somebody.sees(words(somebody, key))

    from homeward.ports import ReportQuery

    (report,) = door.world.engine.reports(ReportQuery())
    assert door.world.engine.report(report.id).photos[0].photo.chosen == 1


class TwoCats(FakeDetector):
    __slots__ = ()

    def _on(self, picture):
        from homeward.domain.animals import Detection, Label
        from homeward.domain.boxes import Box

        height, width = picture.shape[:2]
        left = Box(width * 0.05, height * 0.3, width * 0.4, height * 0.7)
        right = Box(width * 0.6, height * 0.35, width * 0.85, height * 0.65)
        return Detection(left, Label.CAT, 0.95), Detection(right, Label.CAT, 0.9)
