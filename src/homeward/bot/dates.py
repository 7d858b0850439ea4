"""Moments in what people write: yesterday evening, 17:14, 9 pm, on Saturday, 21.11, 21 ноября 18:30, 3 days ago."""

import re
from datetime import date, datetime, time, timedelta

EARLIEST_YEAR = 1990
CLOCK = re.compile(
    r"\d{1,2}:\d{2}|час|hour|\bhrs?\b|мин|minute|\bmins?\b|секунд|second|\bnow\b|сейчас|только что|just now",
    re.IGNORECASE,
)
JUST_NOW = re.compile(
    r"(?:(?:вот|прямо?|только|буквально|right|only|just)\s+)*(?:щас|ща|сейчас|только что|сию минуту|now|a moment ago)"
    r"(?:\s+вот)?[\s.!]*",
    re.IGNORECASE,
)
VAGUE = re.compile(
    r"\b(?:не ?давно|давно|давненько|на днях|несколько|когда-то|как-то|раньше"
    r"|recently|lately|long ago|earlier|a while|some time|the other day|a few|several)\b",
    re.IGNORECASE,
)
SPOKEN = (  # what people say, and how the parser knows it
    (re.compile(r"\bпол\s+часа", re.IGNORECASE), "полчаса"),
    (re.compile(r"\b(минут|часа|часов|дня|дней)\s+(\w+)\s+(?=назад|тому)", re.IGNORECASE), r"\2 \1 "),
    (re.compile(r"\bhalf an hour\b", re.IGNORECASE), "30 minutes"),
    (re.compile(r"\b(?:a )?couple of\b", re.IGNORECASE), "2"),
)
DAY_MONTH = re.compile(r"\s*(\d{1,2})[./](\d{1,2})(?![./:\d])")
BARE_CLOCK = re.compile(r"\s*(?:(?:в|at)\s+)?([01]?\d|2[0-3]):([0-5]\d)\s*", re.IGNORECASE)
NOON = time(12)
NIGHT = time(2)
PARTS = (  # of a day, and the hour that stands for each
    (re.compile(r"\b(?:с\s+)?утр(?:ом|а)\b|\b(?:this |in the )?morning\b", re.IGNORECASE), time(8)),
    (re.compile(r"\bдн[её]м\b|\b(?:in the )?afternoon\b", re.IGNORECASE), time(14)),
    (re.compile(r"\bвеч[еи]р[оа]м\b|\b(?:this |in the )?evening\b|\btonight\b", re.IGNORECASE), time(20)),
    (re.compile(r"\bночью\b|\b(?:at |in the )?night\b", re.IGNORECASE), NIGHT),
)
LATE = time(23)  # the night of a day that is over
OF_YESTERDAY = re.compile(r"(?<!поза)вчера|yesterday|\blast\b", re.IGNORECASE)
HOUR = re.compile(
    r"(?:\b(?:в|около|at|around|about)\s+)?\b(\d{1,2})(?:[:.](\d{2}))?\s*"
    r"(?:час(?:а|ов)?\s+)?(утра|дня(?!\s+(?:назад|тому))|вечера|ночи|[ap]\.?m\b\.?)",
    re.IGNORECASE,
)
AFTER_NOON = re.compile(r"дня|вечера|p", re.IGNORECASE)
FIRST_OF_NIGHT = 9  # "11 ночи" is 23:00, "2 ночи" is 2:00
EXACT = re.compile(
    r"(?:\b(?:в|около|at|around|about)\s+)(\d{1,2})(?:[:.](\d{2}))?\b|\b(\d{1,2}):(\d{2})\b", re.IGNORECASE
)
FILLER = re.compile(r"\b(?:примерно|где-то|около|в районе|around|about|at)\b|[,.]+(?=\s|$)", re.IGNORECASE)
GUESSED = re.compile(
    r"\b(?:недавно|recently|где-?то|примерно|вроде|кажется|наверное?|maybe|probably|i think)\b", re.IGNORECASE
)
WEEKDAY = re.compile(
    r"\s*(?:в[о]?\s+|on\s+)?(прошл\w+\s+|last\s+)?(?:(понедельник|monday)|(вторник|tuesday)|(сред[уа]|wednesday)"
    r"|(четверг|thursday)|(пятниц[уа]|friday)|(суббот[уа]|saturday)|(воскресенье|sunday))\s*",
    re.IGNORECASE,
)
SOON = timedelta(hours=4)  # so far ahead a part of the day has begun already
BARE_DOUBT = timedelta(hours=2)  # with more, last night's 22:30 told at noon would be counted for today's


def moment_in(text: str, local_now: datetime, language: str, doubt: timedelta) -> datetime | None:
    """The moment that a text means on the clock of ``local_now``; None where it means none.

    A day without a time is its noon, or half of today that has passed; a time without a day the last such moment. The
    person's own clock may be ahead by ``doubt``: what may have been by then is now. What lies beyond is in the future.
    """
    text = GUESSED.sub(" ", text).strip(" ,")
    if JUST_NOW.fullmatch(text):
        return local_now
    for said, known in SPOKEN:
        text = said.sub(known, text)
    bare = BARE_CLOCK.fullmatch(text)
    if bare is not None:
        return _last(time(int(bare.group(1)), int(bare.group(2))), local_now, min(doubt, BARE_DOUBT))
    text, clock = _without_clock(text[:100])
    if clock is not None or WEEKDAY.fullmatch(text):
        return _at(_day(text, local_now, language, doubt), clock, local_now)
    found = _parsed(text, local_now, language, doubt)
    if found is None or found.year < EARLIEST_YEAR:
        return None
    if CLOCK.search(text):
        return local_now if local_now < found <= local_now + doubt else found
    return _of_day(found, local_now, doubt)


def is_vague(text: str) -> bool:
    """Whether somebody tells of a time that no date stands for: recently, the other day."""
    return VAGUE.search(text) is not None


def _without_clock(text: str) -> tuple[str, time | None]:
    """The rest, and the time that a part of the day or an hour with one means."""
    hour = HOUR.search(text)
    if hour is not None and int(hour.group(1)) <= 12 and int(hour.group(2) or 0) < 60:
        number, word = int(hour.group(1)) % 12, hour.group(3)
        is_late = word.casefold() == "ночи" and number >= FIRST_OF_NIGHT
        return _without(hour, text), time(
            number + (12 if is_late or AFTER_NOON.match(word) else 0), _minute(hour.group(2))
        )
    part = next(((found, clock) for part, clock in PARTS if (found := part.search(text)) is not None), None)
    rest = _without(part[0], text) if part else text
    exact = EXACT.search(rest)
    if exact is not None and (part or WEEKDAY.fullmatch(_without(exact, rest))):
        hours = int(exact.group(1) or exact.group(3))
        hours += 12 if part and hours < 12 <= part[1].hour else 0
        return (
            (_without(exact, rest), time(hours, _minute(exact.group(2) or exact.group(4))))
            if hours < 24
            else (text, None)
        )
    if part is None:
        return text, None
    is_late = part[1] == NIGHT and OF_YESTERDAY.search(text) is not None
    return rest, LATE if is_late else part[1]


def _minute(text: str | None) -> int:
    return min(int(text or 0), 59)


def _without(found: re.Match[str], text: str) -> str:
    return FILLER.sub(" ", text[: found.start()] + " " + text[found.end() :]).strip()


def _day(text: str, local_now: datetime, language: str, doubt: timedelta) -> date | None:
    """The day that ``text`` names; today where it names none."""
    weekday = WEEKDAY.fullmatch(text)
    if weekday is not None:
        number = next(n for n, name in enumerate(weekday.groups()[1:]) if name)
        days = (local_now.weekday() - number) % 7 or (7 if weekday.group(1) else 0)
        return local_now.date() - timedelta(days=days)
    if not text:
        return local_now.date()
    if text.casefold() == "last":
        return local_now.date() - timedelta(days=1)
    found = _parsed(text, local_now, language, doubt)
    return found.date() if found is not None and found.year >= EARLIEST_YEAR else None


def _at(day: date | None, clock: time | None, local_now: datetime) -> datetime | None:
    """Today's that has not come yet was yesterday's, or has just begun."""
    if day is None:
        return None
    if clock is None and day == local_now.date():
        return earlier_today(local_now)
    found = datetime.combine(day, clock or NOON, tzinfo=local_now.tzinfo)
    if found > local_now and day == local_now.date():
        return local_now if found - local_now <= SOON else found - timedelta(days=1)
    return found


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
