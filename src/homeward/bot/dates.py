"""Moments in what people write: yesterday, 21.11, 21 ноября 18:30, 3 days ago."""

import re
from datetime import datetime, time, timedelta

EARLIEST_YEAR = 1990
CLOCK = re.compile(r"\d{1,2}:\d{2}|час|hour|мин|minute|\bnow\b|сейчас|только что|just now", re.IGNORECASE)
DAY_MONTH = re.compile(r"\s*(\d{1,2})[./](\d{1,2})(?![./:\d])")
NOON = time(12)


def moment_in(text: str, local_now: datetime, language: str) -> datetime | None:
    """The moment that a text means on the clock of ``local_now``; None where it means none.

    A day without a time is its noon, or half of today that has passed. May lie in the future.
    """
    import dateparser

    languages = ["ru", "en"] if language == "ru" else ["en", "ru"]
    settings = {
        "RELATIVE_BASE": local_now.replace(tzinfo=None),
        "PREFER_DATES_FROM": "past",
        "DATE_ORDER": "DMY",
        "PREFER_DAY_OF_MONTH": "first",
        "REQUIRE_PARTS": ["day"],
        "RETURN_AS_TIMEZONE_AWARE": False,
    }
    found: datetime | None = dateparser.parse(_with_year(text[:100], local_now), languages=languages, settings=settings)
    if found is None or found.year < EARLIEST_YEAR:
        return None
    if not CLOCK.search(text):
        found = datetime.combine(found.date(), NOON)
        if found.date() == local_now.date():
            return earlier_today(local_now)
    return found.replace(tzinfo=local_now.tzinfo)


def _with_year(text: str, local_now: datetime) -> str:
    """21.11 is a day to people and a time of day to the parser; it is the last such day."""
    day = DAY_MONTH.match(text)
    if day is None:
        return text
    number, month = int(day.group(1)), int(day.group(2))
    is_ahead = (month, number) > (local_now.month, local_now.day)
    return f"{number}.{month}.{local_now.year - is_ahead}{text[day.end() :]}"


def earlier_today(local_now: datetime) -> datetime:
    """Halfway between midnight and now."""
    midnight = datetime.combine(local_now.date(), time(0), tzinfo=local_now.tzinfo)
    return midnight + (local_now - midnight) / 2


def yesterday(local_now: datetime) -> datetime:
    """Its noon."""
    return datetime.combine(local_now.date() - timedelta(days=1), NOON, tzinfo=local_now.tzinfo)
