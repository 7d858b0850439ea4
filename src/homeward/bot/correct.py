"""Correcting a filed report: where it was, when, and what is said of the animal."""

from collections.abc import Callable

from homeward.bot import filing, photos
from homeward.bot.talk import Rows, Said, Spot, Words
from homeward.bot.turn import Turn


def _cancel(turn: Turn) -> Rows:
    return ((turn.button("cancel", "cancel"),),)


def _ask_what(turn: Turn) -> None:
    parts = tuple(turn.button(f"fix_{part}", part) for part in ("where", "when", "about"))
    turn.ask("fix", turn.words("ask_fix"), (parts, *_cancel(turn)))


QUESTIONS: dict[str, Callable[[Turn], None]] = {
    "fix": _ask_what,
    "fix_where": lambda turn: turn.ask("fix_where", turn.words("ask_fix_where"), _cancel(turn), place=True),
    "fix_when": lambda turn: turn.ask("fix_when", turn.words("ask_fix_when"), _cancel(turn)),
    "fix_about": lambda turn: turn.ask("fix_about", turn.words("ask_fix_about"), _cancel(turn)),
}


async def on_part(turn: Turn, action: str) -> None:
    """What is to be corrected; or nothing after all."""
    question = QUESTIONS.get(f"fix_{action}")
    if question is None:
        turn.forget()
        turn.settle("cancelled")
    else:
        question(turn)


async def on_correction(turn: Turn, said: Said) -> None:
    """Takes the place of what the report said before; compared anew where that matters."""
    fields = await _fields(turn, said) if isinstance(said, Words | Spot) else None
    if fields is None:
        turn.repeat()
        return
    about = turn.state["about"]
    turn.forget()
    await turn.person.change(about, **fields)
    turn.settle("fixed")


async def _fields(turn: Turn, said: Words | Spot) -> dict[str, object] | None:
    if isinstance(said, Spot) or turn.step == "fix_where":
        return _place(turn, said)
    if turn.step == "fix_when":
        moment = await filing.moment_of(turn, said)
        return {"happened_at": moment.isoformat()} if moment else None
    return {"description": said.text.strip()[: photos.LONGEST_TEXT]}


def _place(turn: Turn, said: Words | Spot) -> dict[str, object] | None:
    """A point drops the words that stood for the former place, and words its point."""
    try:
        point = filing.point_of(said)
    except ValueError:
        turn.say("no_such_place")
        return None
    if point is not None:
        return {"lat": point.lat, "lon": point.lon, "address": None}
    address = said.text.strip()[: filing.LONGEST_ADDRESS] if isinstance(said, Words) else None
    return {"lat": None, "lon": None, "address": address}
