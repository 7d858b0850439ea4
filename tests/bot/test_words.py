"""Texts, places and dates as people write and read them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from homeward.bot.dates import moment_in
from homeward.bot.places import point_in
from homeward.bot.service import alarms
from homeward.bot.words import Words
from homeward.domain.accounts import utc_offset_min
from homeward.domain.places import Point

NOW = datetime(2026, 11, 24, 15, 30, tzinfo=timezone(timedelta(hours=3)))


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
    moment = moment_in(text, NOW, language)

    assert (moment.month, moment.day, moment.hour) == expected
    assert moment.tzinfo == NOW.tzinfo


@pytest.mark.parametrize("text", ["no idea", "не помню", "кот", "01.01.1200"])
def test_what_is_no_date_is_none(text):
    assert moment_in(text, NOW, "ru") is None


def test_times_and_distances_are_said_as_people_say_them():
    now = NOW.astimezone(UTC)
    english, russian = Words("en", 180, now), Words("ru", 180, now)

    assert english.when(now - timedelta(hours=3)) == "3 hours ago (24 Nov, 12:30)"
    assert russian.when(now - timedelta(days=2)) == "2 дня назад (22 нояб., 15:30)"
    assert Words("ru", None, now).when(now - timedelta(hours=5)) == "5 часов назад"
    assert english.ago(now) == "just now"
    assert [english.distance(km) for km in (0.01, 0.62, 1.24, 14.4)] == ["50 m", "600 m", "1.2 km", "14 km"]
    assert russian.distance(1.24) == "1,2 км"
    assert [english.percent(degree) for degree in (0.999, 0.5, 0.001)] == ["> 99 %", "50 %", "< 1 %"]


@pytest.mark.parametrize(
    ("n", "word"), [(1, "похожее животное"), (2, "похожих животных"), (5, "похожих животных"), (21, "похожее животное")]
)
def test_russian_counts_as_russians_do(n, word):
    assert f"{n} {word}" in Words("ru", None, NOW).count("many", n)


def test_the_sun_gives_a_first_guess_of_the_time_zone():
    assert [utc_offset_min(lon) for lon in (37.6, -74.0, 0.0)] == [180, -300, 0]


def test_operators_are_alarmed_of_what_stands_still_and_of_nothing_else():
    well = {"figures": {"outbox_oldest_s": 5, "jobs_waiting": 1}, "ready": {"database": True}}
    ill = {"figures": {"outbox_oldest_s": 1200, "jobs_waiting": 500}, "ready": {"database": True, "models": False}}

    assert alarms(well) == {}
    assert alarms(ill) == {"outbox": "20", "jobs": "500", "ready": "models"}
