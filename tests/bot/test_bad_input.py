"""Whatever people send, the bot answers kindly and says what to do next."""

import io
import json

import pytest
from PIL import Image

from homeward.locales import plural
from tests.bot.conftest import words
from tests.bot.test_stories import files_found, files_lost, lost_query
from tests.conftest import photo

OTHERS = [
    ({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}}, "unknown.voice"),
    (
        {
            "sticker": {
                "file_id": "s",
                "file_unique_id": "s",
                "type": "regular",
                "width": 5,
                "height": 5,
                "is_animated": False,
                "is_video": False,
            }
        },
        "unknown.sticker",
    ),
    ({"contact": {"phone_number": "1", "first_name": "A"}}, "unknown.contact"),
    ({"dice": {"emoji": "🎲", "value": 3}}, "unknown.other"),
    (
        {"document": {"file_id": "d", "file_unique_id": "d", "mime_type": "application/pdf", "file_name": "a.pdf"}},
        "unknown.file",
    ),
]


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize(("body", "key"), OTHERS)
def test_what_is_of_no_use_is_said_so(telegram, bot, body, key, language):
    person = telegram.person(7, language)
    person.sends_other(**body)

    person.sees(words(person, key))


def test_in_the_middle_of_something_the_question_is_asked_again(telegram, bot):
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_lost"))
    person.sends_other(**OTHERS[0][0])

    person.sees(words(person, "unknown.voice"))
    person.sees(words(person, "ask_where_lost"))


def test_a_place_on_the_moon_is_asked_for_again(telegram, bot):
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_lost"))
    person.sends_place(123.0, 500.0)
    person.sees(words(person, "no_such_place"))
    person.writes("99.9, 200.5")

    person.sees(words(person, "no_such_place"))


def test_a_file_that_is_too_large_or_broken_is_said_so(telegram, bot):
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_file(b"x" * 25_000_000, "cat.jpg", "image/jpeg")
    person.sees(words(person, "file_too_large"))
    person.sends_file(b"no picture at all", "cat.jpg", "image/jpeg")
    person.sees(words(person, "photo_unreadable"))
    person.sends_photos(photo(1))

    person.sees(words(person, "ask_where_lost"))


def test_heic_from_an_iphone_is_taken(telegram, bot):
    heif = pytest.importorskip("pillow_heif")
    heif.register_heif_opener()
    file = io.BytesIO()
    with Image.open(io.BytesIO(photo(1))) as picture:
        picture.save(file, "HEIF")
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_file(file.getvalue(), "IMG_1.HEIC", "image/heic")

    person.sees(words(person, "saw.cat"))


def test_the_best_moments_of_a_video_are_taken(telegram, bot, cat_clip, door):
    person = telegram.person(7)
    person.writes("/found")
    person.sends_file(cat_clip.read_bytes(), "cat.mp4", "video/mp4", field="video", duration=3, width=640, height=360)
    person.sees(words(person, "frames"))
    person.sees(words(person, "ask_where_found"))
    for key in ("ask_when_found", "ask_about_found", "filed_found"):
        person.taps(words(person, "b.skip"))
        person.sees(words(person, key))

    from homeward.ports import ReportQuery

    (report,) = door.world.engine.reports(ReportQuery())
    assert 2 <= len(door.world.engine.report(report.id).photos) <= 4


def test_a_forwarded_post_brings_its_text_along(telegram, bot, door):
    person = telegram.person(7)
    person.sends_photos(photo(1), photo(1, noise=1), caption="Found near the bridge, very shy")
    person.sees(words(person, "ask_shelf"))
    person.taps(words(person, "b.it_is_found"))
    for key in ("ask_where_found", "ask_when_found", "ask_held", "filed_found"):
        person.sees(words(person, key))
        if key != "filed_found":
            person.taps(words(person, "b.skip"))

    from homeward.ports import ReportQuery

    (report,) = door.world.engine.reports(ReportQuery())
    assert report.description == "Found near the bridge, very shy"


def test_what_is_written_under_each_photo_is_kept_once(telegram, bot, door):
    person = telegram.person(7)
    person.writes("/found")
    person.sends_photos(photo(1), caption="Lost! call 555")
    person.sees(words(person, "ask_where_found"))
    person.sends_photos(photo(1, noise=1), caption="RED COLLAR")
    person.sees(words(person, "ask_where_found"))
    person.sends_photos(photo(1, noise=2), photo(1, noise=3), caption=["RED COLLAR", "limps"])
    for key in ("ask_where_found", "ask_when_found", "ask_held", "filed_found"):
        person.sees(words(person, key))
        if key != "filed_found":
            person.taps(words(person, "b.skip"))

    from homeward.ports import ReportQuery

    (report,) = door.world.engine.reports(ReportQuery())
    assert report.description == "Lost! call 555\nRED COLLAR\nlimps"


def test_more_than_ten_photos_are_cut_at_ten(telegram, bot):
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_photos(*(photo(1, noise=n) for n in range(12)))

    person.sees(words(person, "too_many_photos"))
    person.sees(words(person, "ask_where_lost"))


def test_words_under_a_photo_that_has_no_room_any_more_are_kept(telegram, bot, door):
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_photos(*(photo(1, noise=n) for n in range(10)))
    person.sees(words(person, "ask_where_lost"))
    person.sends_photos(photo(1, noise=10), caption="limps, red collar")
    person.sees(words(person, "too_many_photos"))
    person.sees(words(person, "words_noted"))
    for key in ("ask_where_lost", "ask_when_lost", "ask_about_lost"):
        person.sees(words(person, key))
        person.taps(words(person, "b.skip"))
    person.sees(words(person, "filed_lost"))
    person.writes("/my")
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.add_photos"))
    person.sees(words(person, "send_more"))
    person.sends_photos(photo(1, noise=11), caption="a bell on the collar")
    person.sees(words(person, "no_room"))
    person.sees(words(person, "words_noted"))

    (report,) = door.world.engine.reports(lost_query())
    assert report.description == "limps, red collar\na bell on the collar"


def test_of_more_photos_than_a_report_has_room_for_the_first_are_taken(telegram, bot, door):
    person = telegram.person(7)
    files_lost(person)
    for sent, key in ((6, "photos_added"), (5, "photos_cut"), (1, "no_room")):
        person.writes("/my")
        person.sees(words(person, "mine.lost", name="Barsik", ago="")[:12])
        person.taps(words(person, "b.add_photos"))
        person.sees(words(person, "send_more"))
        person.sends_photos(*(photo(1, noise=n) for n in range(2, 2 + sent)))
        person.sees(words(person, key, n=3))

    (report,) = door.world.engine.reports(lost_query())
    assert len(door.world.engine.report(report.id).photos) == 10


def test_the_question_for_more_photos_outlives_a_photo_that_cannot_be_taken(telegram, bot, door):
    person = telegram.person(7)
    files_lost(person)
    person.writes("/my")
    person.sees(words(person, "status.open"))
    person.taps(words(person, "b.add_photos"))
    person.sees(words(person, "send_more"))
    person.sends_file(b"no picture at all", "cat.jpg", "image/jpeg")
    person.sees(words(person, "photo_unreadable"))
    person.sends_photos(photo(1, noise=2))

    person.sees(words(person, "photos_added"))


def test_ten_commands_in_one_message_are_taken_one_at_a_time(telegram, bot):
    person = telegram.person(7)
    person.writes("/help /lost /found /my /matches /lang /cancel /delete /start /stats")

    person.sees(words(person, "one_command"))
    person.sees(words(person, "help"))
    person.writes("/dance")
    person.sees(words(person, "no_such_command"))


def test_markup_and_emoji_in_names_are_only_letters(telegram, bot, door):
    door.report("found", photo(1), lat="57.605", lon="39.852")
    owner = telegram.person(7)
    files_lost(owner, about="<b>*Rex*</b> & 🐕‍🦺_[x](http://x)")
    owner.sees(words(owner, "card.mine"))
    owner.writes("/my")

    owner.sees("<b>*Rex*</b> & 🐕‍🦺_[x](http://x)")


def test_a_button_of_an_earlier_question_leads_back_to_the_open_one(telegram, bot):
    person = telegram.person(7)
    person.writes("/lost")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_lost"))
    person.taps(words(person, "b.skip"))
    when = person.sees(words(person, "ask_when_lost"))
    person.taps(words(person, "b.skip"))
    person.sees(words(person, "ask_about_lost"))

    person.taps_data(when.buttons[0][1], when.number)

    person.sees(words(person, "tap_old"))
    person.sees(words(person, "ask_about_lost"))


def test_a_finger_that_taps_twice_is_answered_once(telegram, bot):
    person = telegram.person(7)
    person.writes("/start")
    menu = person.sees(words(person, "menu"))
    taps_twice(person, "c:found", menu.number)
    person.sees(words(person, "send_found"))
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_found"))
    person.taps(words(person, "b.skip"))
    when = person.sees(words(person, "ask_when_found"))
    taps_twice(person, dict(when.buttons)[words(person, "b.today")], when.number)
    person.sees(words(person, "ask_about_found"))
    person.taps(words(person, "b.held"))
    person.sees(words(person, "no_owner_yet"))

    said = [sent.text for sent in person.all()]
    assert [said.count(words(person, key)) for key in ("send_found", "ask_about_found", "tap_old")] == [1, 1, 0]


def taps_twice(person, data, number):
    """The second tap comes before the answer to the first."""
    seen = len(person.telegram.sent)
    person.telegram.fault("sendMessage", 0, late_s=0.7)
    for _ in range(2):
        person.taps_data(data, number)
    person.seen = seen


def test_hours_are_set_by_as_many_taps_as_come(telegram, bot, door):
    person = telegram.person(7)
    files_lost(person)
    person.writes("/my")
    settings = person.sees(words(person, "quiet_on"))
    before = offset_min(door)
    taps_twice(person, "s:time:60", settings.number)
    telegram.wait(lambda: sum(words(person, "quiet_on") in sent.text for sent in person.new()) == 2)

    assert offset_min(door) == before + 2 * 60


def offset_min(door):
    with door.world.database.read() as work:
        return work.accounts.at("telegram", "7").utc_offset_min


def test_a_button_that_is_tapped_again_after_its_answer_is_answered_again(telegram, bot):
    person = telegram.person(7)
    person.writes("/start")
    menu = person.sees(words(person, "menu"))
    for _ in range(2):
        person.taps_data("c:help", menu.number)
        person.sees(words(person, "help"))


def test_an_update_of_a_kind_that_nobody_knows_yet_holds_up_nobody_else(telegram, bot):
    person, other = telegram.person(7), telegram.person(8)
    person.sends_other(poll={"id": "1", "question": "Where is it?", "kind": {"of": "a later version"}})
    person.sees(words(person, "unknown.other"))
    other.writes("/help")

    other.sees(words(other, "help"))


@pytest.mark.parametrize(
    "body",
    [
        {"location": {"latitude": "north"}},
        {"document": {"file_name": "cat.jpg"}},
        {"photo": [{"file_id": "x"}]},
        {"text": "я" * 70_000},
    ],
)
def test_an_update_that_cannot_be_understood_or_kept_holds_up_nobody_else(telegram, bot, body):
    person, other = telegram.person(7), telegram.person(8)
    person.sends_other(**body)
    for somebody in (person, other):
        somebody.writes("/help")
        somebody.sees(words(somebody, "help"))


def test_a_long_answer_to_a_long_message_is_taken(telegram, bot, door):
    person = telegram.person(7, "ru")
    long = {"message_id": 1, "date": 1, "chat": person._chat(), "text": "ж" * 4096}
    person.sends_other(
        text="Пропала кошка, " + "ж" * 4000, reply_to_message=long, quote={"text": "ж" * 1024, "position": 0}
    )

    person.sees(words(person, "send_lost"))


@pytest.mark.parametrize("data", ["q:1:lost", "m:go", "m:s:a:b:c", "zz", "", ":::", "s:time:x", "m:go:" + "9" * 50])
def test_a_button_that_nobody_knows_does_no_harm(telegram, bot, data):
    person = telegram.person(7)
    person.taps_data(data)

    telegram.wait(person.new)
    assert words(person, "wrong") not in [sent.text for sent in person.new()]


@pytest.mark.parametrize("rest", ["about_../../x", "about_", "about_0123456789abcdefghjk0", "hello"])
def test_a_start_link_that_names_no_report_is_an_ordinary_start(telegram, bot, rest):
    person = telegram.person(7)
    person.writes(f"/start {rest}")

    person.sees(words(person, "menu"))
    assert words(person, "answering") not in [sent.text for sent in person.new()]


def test_the_button_to_begin_anew_does_not_outlive_the_question_that_it_was_shown_at(telegram, bot):
    person = telegram.person(7)
    person.writes("/found")
    person.sends_photos(photo(1))
    person.sees(words(person, "ask_where_found"))
    person.writes("/lost")
    asked = person.sees(plural("en", "bot.drop_draft", 1))
    person.taps(words(person, "b.skip"))
    person.sees(words(person, "ask_when_found"))

    person.taps_data(asked.buttons[0][1], asked.number)

    person.sees(words(person, "tap_old"))
    person.sees(words(person, "ask_when_found"))


def test_somebody_elses_button_opens_nothing(telegram, bot, door):
    door.report("found", photo(1), lat="57.605", lon="39.852")
    owner, thief = telegram.person(7), telegram.person(8)
    files_lost(owner)
    card = owner.sees(words(owner, "card.mine"))

    for _, data in [*card.buttons, ("", "r:erase:" + data_id(card)), ("", "m:all:" + data_id(card))]:
        thief.taps_data(data)
        thief.sees("")
        telegram.wait(thief.new)
    thief.writes("/help")
    thief.sees(words(thief, "help"))

    shown = [sent for sent in thief.all() if sent.pictures or sent.place]
    assert shown == []
    assert not door.is_empty()


def data_id(card):
    return card.buttons[0][1].split(":")[2]


@pytest.mark.parametrize("label", ["b.same", "b.different", "b.unsure", "▶"])
def test_a_card_of_a_closed_report_says_that_it_is_closed_and_opens_it_again(telegram, bot, door, label):
    for noise in (2, 3):
        door.report("found", photo(1, noise=noise), lat="57.605", lon="39.852")
    owner = telegram.person(7)
    files_lost(owner)
    card = owner.sees(words(owner, "card.mine"))
    label = words(owner, label) if label.startswith("b.") else label
    owner.writes("/my")
    owner.sees(words(owner, "status.open"))
    owner.taps(words(owner, "b.close"))
    owner.sees(words(owner, "closed"))

    owner.taps_data(dict(card.buttons)[label], card.number)

    owner.sees(words(owner, "is_closed"))
    assert len(owner.new()) == 1
    owner.taps(words(owner, "b.reopen"))
    owner.sees(words(owner, "reopened"))
    owner.taps_data(dict(card.buttons)[label], card.number)
    telegram.wait(owner.new)
    assert words(owner, "is_closed") not in [sent.text for sent in owner.new()]


def test_the_buttons_of_a_closed_find_say_that_it_is_closed(telegram, bot, door):
    door.report("lost", photo(1), lat="57.605", lon="39.852")
    finder = telegram.person(7)
    files_found(finder)
    card = finder.sees(words(finder, "card.owner"))
    finder.writes("/my")
    mine = finder.sees(words(finder, "status.open"))
    finder.taps(words(finder, "b.close"))
    finder.sees(words(finder, "closed"))

    for shown, label in ((card, "b.write_owner"), (mine, "b.matches"), (mine, "b.add_photos"), (mine, "b.mute")):
        finder.taps_data(dict(shown.buttons)[words(finder, label)], shown.number)
        finder.sees(words(finder, "is_closed"))


def test_in_a_group_the_bot_asks_for_a_private_word(telegram, bot):
    telegram.person(-100)
    person = telegram.person(7)
    group = {"id": -100, "type": "group", "title": "Pets"}
    telegram.update({"message": {"message_id": 1, "date": 1, "chat": group, "from": person._self(), "text": "/lost"}})
    telegram.update({"message": {"message_id": 2, "date": 1, "chat": group, "from": person._self(), "text": "hello"}})

    telegram.wait(lambda: telegram.person(-100).all())
    assert [sent.text for sent in telegram.person(-100).all()] == [words(person, "unknown.group")]


def test_brought_into_a_group_the_bot_asks_for_a_private_word_at_once(telegram, bot):
    telegram.person(-100)
    person, me = telegram.person(7, "ru"), {"id": 42, "is_bot": True, "first_name": "Homeward"}
    outside, inside = {"status": "left", "user": me}, {"status": "member", "user": me}
    group = {"id": -100, "type": "group", "title": "Pets"}
    change = {"date": 1, "from": person._self()}
    for chat, was, becomes in ((person._chat(), outside, inside), (group, outside, inside), (group, inside, outside)):
        telegram.update(
            {"my_chat_member": {**change, "chat": chat, "old_chat_member": was, "new_chat_member": becomes}}
        )
    person.writes("/help")
    person.sees(words(person, "help"))

    telegram.wait(lambda: telegram.person(-100).all())
    assert [sent.text for sent in telegram.person(-100).all()] == [words(person, "unknown.group")]
    assert len(person.all()) == 1


def test_what_cannot_be_understood_at_all_is_dropped(telegram, bot):
    person = telegram.person(7)
    telegram.update({"message": {"message_id": 1, "date": 1, "chat": person._chat(), "from": person._self(), "pinned_message": {"message_id": 1, "date": 0, "chat": person._chat()}}})  # fmt: skip
    person.sends_other(message_auto_delete_timer_changed={"message_auto_delete_time": 86_400})
    person.writes("/help")

    person.sees(words(person, "help"))
    assert len(person.all()) == 1


def test_only_operators_see_figures(telegram, server, secret):
    from homeward.bot.turn import House
    from tests.bot.conftest import Bot

    bot = Bot(server, secret, telegram, house=House(admins=frozenset({"7"})))
    bot.start()
    try:
        telegram.person(8).writes("/stats")
        telegram.person(8).sees(words(telegram.person(8), "stats_admins"))
        telegram.person(7).writes("/stats")
        telegram.person(7).sees("outbox_waiting: 0")
    finally:
        bot.stop()


def test_nothing_that_people_say_is_logged(telegram, bot, capfd):
    person = telegram.person(7)
    files_lost(person, about="Unmistakable, secret scar")
    person.writes("/my")
    person.sees("Unmistakable")

    logged = "".join(capfd.readouterr())
    assert "Unmistakable" not in logged
    assert "57.6" not in logged
    assert json.dumps("secret scar")[1:-1] not in logged
