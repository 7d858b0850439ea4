"""Moments in what people write: yesterday, 17:14, 21.11, 21 ноября 18:30, 3 days ago."""

import re
from datetime import datetime, time, timedelta

EARLIEST_YEAR = 1990
CLOCK = re.compile(r"\d{1,2}:\d{2}|час|hour|мин|minute|\bnow\b|сейчас|только что|just now", re.IGNORECASE)
DAY_MONTH = re.compile(r"\s*(\d{1,2})[./](\d{1,2})(?![./:\d])")
BARE_CLOCK = re.compile(r"\s*(?:(?:в|at)\s+)?([01]?\d|2[0-3]):([0-5]\d)\s*", re.IGNORECASE)
NOON = time(12)
BARE_DOUBT = timedelta(hours=2)  # with more, last night's 22:30 told at noon would be counted for today's


def moment_in(text: str, local_now: datetime, language: str, doubt: timedelta) -> datetime | None:
    """The moment that a text means on the clock of ``local_now``; None where it means none.

    A day without a time is its noon, or half of today that has passed; a time without a day the last such moment. The
    person's own clock may be ahead by ``doubt``: what may have been by then is now. What lies beyond is in the future.
    """
    bare = BARE_CLOCK.fullmatch(text)
    if bare is not None:
        return _last(time(int(bare.group(1)), int(bare.group(2))), local_now, min(doubt, BARE_DOUBT))
    found = _parsed(text[:100], local_now, language, doubt)
    if found is None or found.year < EARLIEST_YEAR:
        return None
    if CLOCK.search(text):
        return local_now if local_now < found <= local_now + doubt else found
    return _of_day(found, local_now, doubt)


def _parsed(text: str, local_now: datetime, language: str, doubt: timedelta) -> datetime | None:
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
    dated = _with_year(text, local_now + doubt)
    found: datetime | None = dateparser.parse(dated, languages=languages, settings=settings)
    return found.replace(tzinfo=local_now.tzinfo) if found else None


def _last(clock: time, local_now: datetime, doubt: timedelta) -> datetime:
    today = datetime.combine(local_now.date(), clock, tzinfo=local_now.tzinfo)
    if today > local_now + doubt:
        return today - timedelta(days=1)
    return min(today, local_now)


def _of_day(found: datetime, local_now: datetime, doubt: timedelta) -> datetime:
    if found.date() == local_now.date():
        return earlier_today(local_now)
    if local_now.date() < found.date() <= (local_now + doubt).date():
        return local_now
    return datetime.combine(found.date(), NOON, tzinfo=local_now.tzinfo)


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
