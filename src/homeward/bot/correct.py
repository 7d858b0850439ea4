"""Correcting a filed report: the name, where it was, when, what is said of the animal, and a photo too many."""

from collections.abc import Callable, Mapping

from homeward.bot import answers, photos, wrong_photo
from homeward.bot.story import is_unknown, is_yes_or_no
from homeward.bot.talk import Rows, Said, Spot, Words
from homeward.bot.turn import Turn

PARTS = (("name", "about"), ("where", "when"))
NAMELESS = "nameless"
PHOTO = "photo"


def _cancel(turn: Turn) -> Rows:
    return ((turn.button("cancel", "cancel"),),)


def _ask_what(turn: Turn) -> None:
    rows = tuple(tuple(turn.button(f"fix_{part}", part) for part in row) for row in PARTS)
    wrong_photo = (turn.button("wrong_photo", PHOTO),)
    turn.ask("fix", turn.words("ask_fix"), (*rows, wrong_photo, *_cancel(turn)))


def _ask_name(turn: Turn) -> None:
    turn.ask("fix_name", turn.words("ask_fix_name"), ((turn.button("no_name", NAMELESS),), *_cancel(turn)))


QUESTIONS: dict[str, Callable[[Turn], None]] = {
    "fix": _ask_what,
    "fix_name": _ask_name,
    "fix_where": lambda turn: turn.ask("fix_where", turn.words("ask_fix_where"), _cancel(turn), place=True),
    "fix_when": lambda turn: turn.ask("fix_when", turn.words("ask_fix_when"), _cancel(turn)),
    "fix_about": lambda turn: turn.ask("fix_about", turn.words("ask_fix_about"), _cancel(turn)),
}


async def on_part(turn: Turn, action: str) -> None:
    """What is to be corrected; or nothing after all."""
    question = QUESTIONS.get(f"fix_{action}")
    if action == NAMELESS:
        await _change(turn, {"name": None})
    elif action == PHOTO:
        await _on_photo(turn)
    elif question is None:
        turn.forget()
        turn.settle("as_it_was")
    else:
        question(turn)


async def _on_photo(turn: Turn) -> None:
    about = turn.state["about"]
    turn.forget()
    await wrong_photo.show(turn, about)


async def on_correction(turn: Turn, said: Said) -> None:
    """Takes the place of what the report said before; compared anew where that matters."""
    fields = await _fields(turn, said) if isinstance(said, Words | Spot) else None
    if fields is None:
        turn.repeat()
        return
    await _change(turn, fields)


async def _change(turn: Turn, fields: Mapping[str, object]) -> None:
    about = turn.state["about"]
    turn.forget()
    await turn.person.change(about, **fields)
    turn.settle("fixed")


async def _fields(turn: Turn, said: Words | Spot) -> dict[str, object] | None:
    if isinstance(said, Spot) or turn.step == "fix_where":
        return _place(turn, said)
    if turn.step == "fix_when":
        moment = await answers.moment_of(turn, said)
        return {"happened_at": moment.isoformat()} if moment else None
    if turn.step == "fix_name":
        return _name(turn, " ".join(said.text.split()))
    return {"description": said.text.strip()[: photos.LONGEST_TEXT]}


def _name(turn: Turn, name: str) -> dict[str, object] | None:
    if len(name) > answers.LONGEST_NAME:
        turn.say("name_too_long", n=len(name), most=answers.LONGEST_NAME)
        return None
    return {"name": name}


def _place(turn: Turn, said: Words | Spot) -> dict[str, object] | None:
    """A point drops the words that stood for the former place, and words its point."""
    try:
        point = answers.point_of(said)
    except ValueError:
        turn.say("no_such_place")
        return None
    if point is not None:
        return {"lat": point.lat, "lon": point.lon, "address": None}
    if isinstance(said, Words) and (is_yes_or_no(said.text) or is_unknown(said.text)):
        turn.say("rough_place")
        return None
    address = said.text.strip()[: answers.LONGEST_ADDRESS] if isinstance(said, Words) else None
    return {"lat": None, "lon": None, "address": address}
