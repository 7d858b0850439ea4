"""Texts, places and dates as people write and read them."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest

from homeward.bot.dates import is_vague, moment_in
from homeward.bot.places import point_in
from homeward.bot.service import alarms
from homeward.bot.words import Words
from homeward.domain.accounts import utc_offset_min
from homeward.domain.places import Point

NOW = datetime(2026, 11, 24, 15, 30, tzinfo=timezone(timedelta(hours=3)))
DOUBT = timedelta(hours=2)
SPACE = "\N{NO-BREAK SPACE}"
CITIES = [  # where people live, and the sun: longitude in degrees
    ("Europe/London", -0.1),
    ("Europe/Dublin", -6.3),
    ("Europe/Lisbon", -9.1),
    ("Europe/Madrid", -3.7),
    ("Europe/Paris", 2.4),
    ("Europe/Brussels", 4.4),
    ("Europe/Amsterdam", 4.9),
    ("Europe/Berlin", 13.4),
    ("Europe/Rome", 12.5),
    ("Europe/Vienna", 16.4),
    ("Europe/Warsaw", 21.0),
    ("Europe/Stockholm", 18.1),
    ("Europe/Budapest", 19.0),
    ("Europe/Athens", 23.7),
    ("Europe/Bucharest", 26.1),
    ("Europe/Kyiv", 30.5),
    ("Europe/Helsinki", 24.9),
    ("Europe/Istanbul", 29.0),
    ("Europe/Minsk", 27.6),
    ("Europe/Kaliningrad", 20.5),
    ("Europe/Moscow", 30.3),  # St Petersburg
    ("Europe/Moscow", 37.6),
    ("Europe/Moscow", 49.1),  # Kazan
    ("Europe/Samara", 50.1),
    ("Asia/Yekaterinburg", 60.6),
    ("Asia/Omsk", 73.4),
    ("Asia/Novosibirsk", 82.9),
    ("Asia/Krasnoyarsk", 92.9),
    ("Asia/Irkutsk", 104.3),
    ("Asia/Vladivostok", 131.9),
]


@pytest.mark.parametrize(
    "text",
    [
        "55.75, 37.61",
        "55,75 37,61",
        "https://maps.google.com/?q=55.75,37.61",
        "look: https://www.google.com/maps/@55.75,37.61,15z",
        "https://www.google.com/maps/place/X/@55.75,37.61,17z/data=!3m1",
        "https://yandex.ru/maps/213/moscow/?ll=37.61%2C55.75&z=12",
        "https://yandex.com/maps/?pt=37.61,55.75",
        "https://2gis.ru/moscow/geo/4504222397630173/37.61,55.75",
        "https://www.openstreetmap.org/#map=17/55.75/37.61",
        "https://www.openstreetmap.org/?mlat=55.75&mlon=37.61",
        "https://maps.apple.com/?ll=55.75,37.61",
        "geo:55.75,37.61",
    ],
)
def test_a_point_is_found_in_what_people_send(text):
    assert point_in(text) == Point(55.75, 37.61)


@pytest.mark.parametrize("text", ["Lenina 5", "ул. Ленина, 5", "https://maps.app.goo.gl/abc", "5", "10 12", ""])
def test_words_are_no_point(text):
    assert point_in(text) is None


def test_a_point_that_is_nowhere_is_refused():
    with pytest.raises(ValueError, match="lat"):
        point_in("99.5, 10.0")


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("yesterday", "en", (11, 23, 12)),
        ("вчера в 18:30", "ru", (11, 23, 18)),
        ("21.11", "ru", (11, 21, 12)),
        ("21.11", "en", (11, 21, 12)),
        ("21.11 18:30", "ru", (11, 21, 18)),
        ("25.12", "ru", (12, 25, 12)),
        ("21.11.2026 8:15", "en", (11, 21, 8)),
        ("21 ноября", "ru", (11, 21, 12)),
        ("Nov 21", "en", (11, 21, 12)),
        ("2 hours ago", "en", (11, 24, 13)),
        ("3 дня назад", "ru", (11, 21, 12)),
        ("сегодня", "ru", (11, 24, 7)),
    ],
)
def test_a_date_is_found_in_words_on_the_persons_own_clock(text, language, expected):
    moment = moment_in(text, NOW, language, DOUBT)

    assert (moment.month, moment.day, moment.hour) == expected
    assert moment.tzinfo == NOW.tzinfo


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("вчера вечером", "23 20:00"),
        ("сегодня утром", "24 08:00"),
        ("утром", "24 08:00"),
        ("сегодня вечером", "23 20:00"),  # it has not come yet: said after midnight it is the one before
        ("сегодня ночью", "24 02:00"),
        ("вчера ночью", "23 23:00"),
        ("22 ноября вечером", "22 20:00"),
        ("22.11 вечером", "22 20:00"),
        ("вчера около 9 вечера", "23 21:00"),
        ("вчера вечером в 21:30", "23 21:30"),
        ("вчера вечером, где-то в 8", "23 20:00"),
        ("вчера вечиром", "23 20:00"),
        ("кажется вчера утром гдето", "23 08:00"),
        ("вроде вчера", "23 12:00"),
        ("в 2 часа ночи", "24 02:00"),
        ("11 ночи", "23 23:00"),
        ("в субботу", "21 12:00"),
        ("в субботу в 18:30", "21 18:30"),
        ("в прошлый вторник", "17 12:00"),
        ("во вторник", "24 07:45"),
        ("3 дня назад", "21 12:00"),
        ("yesterday evening", "23 20:00"),
        ("last night", "23 23:00"),
        ("this morning", "24 08:00"),
        ("yesterday at 9 pm", "23 21:00"),
        ("around 1 p.m.", "24 13:00"),
        ("on Saturday evening", "21 20:00"),
        ("last Friday", "20 12:00"),
    ],
)
def test_a_part_of_the_day_an_hour_and_a_weekday_are_understood(text, expected):
    assert f"{moment_in(text, NOW, 'ru', DOUBT):%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("text", "language", "minutes"),
    [
        ("щас", "ru", 0),
        ("вот прям щас!", "ru", 0),
        ("только что", "ru", 0),
        ("right now", "en", 0),
        ("пол часа назад", "ru", 30),
        ("минут 20 назад", "ru", 20),
        ("где-то минут двадцать назад", "ru", 20),
        ("часа два назад", "ru", 120),
        ("20 min ago", "en", 20),
        ("2 hrs ago", "en", 120),
        ("half an hour ago", "en", 30),
        ("a couple of hours ago", "en", 120),
        ("only just now", "en", 0),
        ("a moment ago", "en", 0),
        ("сию минуту", "ru", 0),
        ("60 секунд назад", "ru", 1),
    ],
)
def test_how_long_ago_is_understood_as_people_say_it(text, language, minutes):
    assert moment_in(text, NOW, language, DOUBT) == NOW - timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["совсем недавно", "не так давно", "на днях", "Recently", "a few days ago", "the other day"]
)
def test_a_vague_time_is_known_for_one(text):
    assert is_vague(text)
    assert moment_in(text, NOW, "ru", DOUBT) is None


def test_a_date_beside_a_vague_word_is_found():
    assert moment_in("недавно, вчера", NOW, "ru", DOUBT) == moment_in("вчера", NOW, "ru", DOUBT)
    assert moment_in("recently, this morning", NOW, "en", DOUBT) == moment_in("this morning", NOW, "en", DOUBT)


@pytest.mark.parametrize("text", ["no idea", "не помню", "кот", "01.01.1200", "недавно", "recently"])
def test_what_is_no_date_is_none(text):
    assert moment_in(text, NOW, "ru", DOUBT) is None


@pytest.mark.parametrize(
    ("text", "doubt_h", "expected"),
    [
        ("15:14", 2, "24 15:14"),
        ("в 9:05", 2, "24 09:05"),
        ("at 23:50", 2, "23 23:50"),
        ("17:14", 2, "24 15:30"),  # on the person's own clock it may have been
        ("22:30", 14, "23 22:30"),
    ],
)
def test_a_time_without_a_day_is_the_last_such_moment(text, doubt_h, expected):
    moment = moment_in(text, NOW, "ru", timedelta(hours=doubt_h))

    assert f"{moment:%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("text", "utc", "real_offset_h", "offset_min"),
    [
        ("сегодня в 17:14", "2026-11-24T14:39", 3, 120),  # St Petersburg by the sun
        ("сегодня в 16:30", "2026-11-24T14:31", 3, None),
        ("сегодня в 20:30", "2026-11-24T10:40", 10, None),  # Vladivostok
        ("25.11", "2026-11-24T22:20", 3, 60),  # after midnight there, not by the guess
        ("25.11.2026", "2026-11-24T14:31", 10, None),
        ("25.11 0:10", "2026-11-24T14:31", 10, None),
    ],
)
def test_what_is_past_on_the_persons_own_clock_is_never_the_future(text, utc, real_offset_h, offset_min):
    now = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    clock = Words("ru", offset_min, now)

    moment = moment_in(text, clock.local(now), "ru", clock.clock_doubt)

    assert now - timedelta(hours=real_offset_h) <= moment <= now


def test_a_day_that_has_come_nowhere_is_in_the_future():
    assert moment_in("26.11.2026", NOW, "ru", timedelta(hours=14)) > NOW
    assert moment_in("сегодня в 18:00", NOW, "ru", DOUBT) > NOW


def test_who_speaks_russian_is_taken_to_keep_the_time_of_moscow_until_a_place_is_known():
    now = NOW.astimezone(UTC)

    assert Words("ru", None, now).local(now).utcoffset() == timedelta(hours=3)
    assert Words("en", None, now).local(now).utcoffset() == timedelta(0)


def test_times_and_distances_are_said_as_people_say_them():
    now = NOW.astimezone(UTC)
    english, russian = Words("en", 180, now), Words("ru", 180, now)

    assert english.when(now - timedelta(hours=3)) == "3 hours ago (24 Nov, 12:30)"
    assert russian.when(now - timedelta(days=2)) == "2 дня назад (22 нояб., 15:30)"
    assert Words("ru", None, now).when(now - timedelta(hours=5)) == "5 часов назад"
    assert english.ago(now) == "just now"
    distances = [english.distance(km).split(SPACE) for km in (0.01, 0.62, 1.24, 14.4)]
    assert distances == [["50", "m"], ["600", "m"], ["1.2", "km"], ["14", "km"]]
    assert russian.distance(1.24) == f"1,2{SPACE}км"
    assert [english.percent(degree) for degree in (0.999, 0.5, 0.001)] == [f">{SPACE}99%", "50%", f"<{SPACE}1%"]
    assert russian.percent(0.5) == f"50{SPACE}%"


@pytest.mark.parametrize(
    ("n", "word"), [(1, "похожее животное"), (2, "похожих животных"), (5, "похожих животных"), (21, "похожее животное")]
)
def test_russian_counts_as_russians_do(n, word):
    assert f"{n} {word}" in Words("ru", None, NOW).count("many", n)


@pytest.mark.parametrize(("month", "least"), [(1, 16), (7, 23)])
def test_an_hour_more_than_the_suns_is_the_better_guess_of_a_clock(month, least):
    clocks = [datetime(2026, month, 15, tzinfo=ZoneInfo(name)).utcoffset() for name, _ in CITIES]
    guesses = [timedelta(minutes=utc_offset_min(lon)) for _, lon in CITIES]

    right, suns = (
        sum(clock == guess - less for clock, guess in zip(clocks, guesses, strict=True))
        for less in (timedelta(0), timedelta(hours=1))
    )
    assert right >= max(least, suns)
    assert all(clock <= guess + DOUBT for clock, guess in zip(clocks, guesses, strict=True))


def test_operators_are_alarmed_of_what_stands_still_and_of_nothing_else():
    well = {"figures": {"outbox_oldest_s": 5, "jobs_waiting": 1}, "ready": {"database": True}}
    ill = {"figures": {"outbox_oldest_s": 1200, "jobs_waiting": 500}, "ready": {"database": True, "models": False}}

    assert alarms(well) == {}
    assert alarms(ill) == {"outbox": "20", "jobs": "500", "ready": "models"}
