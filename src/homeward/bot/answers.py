"""What an answer to the bot means, and noting it in the report that is begun. Asks no question, and files nothing."""

import asyncio
import re
from datetime import datetime

from homeward.bot import dates, photos
from homeward.bot.places import point_in
from homeward.bot.story import is_question, is_yes_or_no
from homeward.bot.talk import Said, Spot, Words
from homeward.bot.turn import Turn
from homeward.domain.accounts import utc_offset_min
from homeward.domain.places import Point

LONGEST_NAME, LONGEST_ADDRESS = 40, 300
MOST_NAMES = 3  # words
CALLED = re.compile(
    r"^\s*(?:(?:его|е[её]|кота|кошку|собаку|пса|his|her|its|is)\s+)*(?:зовут|кличка|имя|name is|called)[\s:—-]+",
    re.IGNORECASE,
)


def text_of(said: Said) -> str:
    """What was written; nothing of photos and places."""
    return said.text.strip() if isinstance(said, Words) else ""


def mark_answered(turn: Turn, name: str) -> None:
    """The question ``name`` is not asked any more."""
    turn.draft["answered"] = [*turn.draft.get("answered", []), name]


def point_of(said: Said) -> Point | None:
    """The point that is meant; None for a place in words.

    Raises:
        ValueError: it is nowhere on earth.
    """
    return Point(said.lat, said.lon) if isinstance(said, Spot) else point_in(text_of(said))


async def note_place(turn: Turn, said: Said) -> bool:
    """Where it was, into the draft; False, and said so, where no place is meant."""
    try:
        point = point_of(said)
    except ValueError:
        turn.say("no_such_place")
        return False
    if point is None and (is_yes_or_no(text_of(said)) or is_question(text_of(said))):
        turn.say("rough_place" if is_yes_or_no(text_of(said)) else "asked_what")
        return False
    if point is not None:
        turn.draft.update(lat=point.lat, lon=point.lon)
        turn.settle(_noted(turn))
        await _know_time_zone(turn, point)
    else:
        turn.draft["address"] = text_of(said)[:LONGEST_ADDRESS]
        turn.settle("address_noted", address=turn.draft["address"])
    if "where" not in turn.draft.get("answered", []):
        mark_answered(turn, "where")
    return True


def _noted(turn: Turn) -> str:
    """Who finds an animal is told who sees where, unless the question for the place said so."""
    shelf = turn.draft.get("shelf")
    if turn.step == "where" or shelf == "lost":
        return "place_noted"
    return "place_noted_seen" if shelf == "found" else "place_noted_any"


async def _know_time_zone(turn: Turn, point: Point) -> None:
    """A first guess of the person's time, until it is known."""
    if turn.words.utc_offset_min is None:
        guess = utc_offset_min(point.lon)
        await turn.person.change_account(utc_offset_min=guess)
        turn.words = type(turn.words)(turn.words.language, guess, turn.words.now)


async def moment_of(turn: Turn, said: Said) -> datetime | None:
    """The moment that is meant; what is none, or has not come yet, is told."""
    words = turn.words
    local_now = words.local(words.now)
    moment = await asyncio.to_thread(dates.moment_in, text_of(said), local_now, words.language, words.clock_doubt)
    if moment is None or moment > local_now:
        hint = "when_vague" if dates.is_vague(text_of(said)) else "when_hint"
        turn.say(hint if moment is None else "when_ahead")
        return None
    return moment


def note_words(turn: Turn, said: Said) -> None:
    """What describes the animal, into the draft."""
    photos.describe(turn.draft, text_of(said))
    turn.say("words_noted")


def name_and_marks(text: str) -> tuple[str | None, str | None]:
    """Barsik, white paw -> the first word group is the name, if it is short; more words of one group describe."""
    line, _, rest = CALLED.sub("", text).partition("\n")
    first, _, others = line.partition(",")
    name = " ".join(first.split())
    marks = "\n".join(part.strip() for part in (others, rest) if part.strip())
    is_name = 0 < len(name) <= LONGEST_NAME and len(name.split()) <= MOST_NAMES
    return (name, marks or None) if is_name else (None, text)
