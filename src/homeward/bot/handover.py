"""An owner and a finder who talk through the bot: asked, agreed, relayed, ended."""

import textwrap
from collections.abc import Sequence

from homeward.bot import photos
from homeward.bot.talk import Pictures, Rows, Said, Spot, Tap, Words
from homeward.bot.turn import Turn
from homeward.domain.places import Point
from homeward.errors import Blocked, Conflict, Forbidden, NotFound

LONGEST_TEXT = 2000


async def on_tap(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:  # noqa: ARG001 - one shape for all
    """A button about a conversation; ``rest`` is its id, or the pair that it shall be about."""
    if action == "ask":
        await _propose(turn, rest[0], rest[1])
    elif action in {"yes", "no"}:
        await _answer(turn, rest[0], agrees=action == "yes")
    elif action == "end":
        await turn.person.end(rest[0])
        turn.forget()
        turn.say("ended_by_you")
    elif action == "s":
        await _show_mark(turn, rest[0])
    elif action in ASKS:
        pause(turn)
        turn.state["talk"] = rest[0]
        await _ask(turn, action, rest[0])
    else:
        enter(turn, rest[0])
        turn.say("talking", end_button(turn, rest[0]))


async def _propose(turn: Turn, lost_id: str, found_id: str) -> None:
    """An owner would talk; of a find that is gone, or not called theirs any more, they are told so."""
    await turn.person.report(lost_id)
    try:
        await turn.person.propose(lost_id, found_id)
    except Blocked:
        raise
    except NotFound:
        turn.say("find_gone")
    except Forbidden:
        if any(match["verdict"] == "same" for match in await turn.person.matches(lost_id, [found_id])):
            raise
        turn.say("judge_first")
    else:
        turn.say("asked_them")


ASKS = {"q": ("question", "ask_question"), "a": ("answer", "ask_answer")}


async def _ask(turn: Turn, action: str, handover_id: str) -> None:
    """A finder may ask for the mark that the owner kept back with one tap."""
    step, key = ASKS[action]
    has_mark = action == "q" and (await turn.person.handover(handover_id))["has_secret_mark"]
    mark = ((turn.button("ask_mark", "mark"),),) if has_mark else ()
    turn.ask(step, turn.words("ask_question_mark" if has_mark else key), (*mark, (turn.button("cancel", "cancel"),)))


async def _show_mark(turn: Turn, handover_id: str) -> None:
    """The owner answers with the mark that they kept back."""
    mark = (await turn.person.handover(handover_id))["secret_mark"]
    if mark is None:
        turn.say("over")
        return
    await turn.person.write(handover_id, text=mark)
    turn.say("answer_sent")


async def _answer(turn: Turn, handover_id: str, *, agrees: bool) -> None:
    try:
        handover = await turn.person.answer(handover_id, agrees=agrees)
    except Conflict:
        if not (await turn.person.handover(handover_id))["is_open"]:
            raise
        turn.say("agreed_before", ways(turn, handover_id))
        return
    if not agrees:
        turn.say("refused")
    elif handover["is_open"]:
        enter(turn, handover_id)
        turn.say("connected", ways(turn, handover_id))
    else:
        turn.say("asked_them")


def enter(turn: Turn, handover_id: str) -> None:
    """From now on what is written goes to the other side."""
    turn.set_aside()
    turn.state |= {"talk": handover_id, "step": "talk"}


def open_in(turn: Turn) -> str | None:
    """The conversation that what is written goes to; None where none is, or while it is paused."""
    return str(turn.state["talk"]) if turn.step == "talk" else None


def pause(turn: Turn) -> None:
    """What is open makes way; of an open conversation the way back is shown."""
    handover_id = open_in(turn)
    turn.set_aside()
    if handover_id is not None:
        turn.say("paused_talk", ways(turn, handover_id))


def ways(turn: Turn, handover_id: str) -> Rows:
    """Into the conversation, now or after a pause; and out of it."""
    return ((turn.button("write", f"h:w:{handover_id}"),), *end_button(turn, handover_id))


def end_button(turn: Turn, handover_id: str) -> Rows:
    """Ends it for both."""
    return ((turn.button("end_talk", f"h:end:{handover_id}"),),)


async def on_question_tap(turn: Turn, action: str) -> None:
    """The question for the mark that was kept back; or nothing after all."""
    if action == "mark":
        await on_question(turn, Words(turn.words("mark_question")))
        return
    turn.forget()
    turn.settle("cancelled")


async def on_question(turn: Turn, said: Said) -> None:
    """The question, or the answer to it."""
    if not isinstance(said, Words):
        turn.repeat()
        return
    handover_id = turn.state["talk"]
    was_answering = turn.step == "answer"
    turn.forget()
    await _write(turn, handover_id, parts_of(said.text))
    turn.say("answer_sent" if was_answering else "question_sent")


async def on_talk(turn: Turn, said: Said) -> bool:
    """Words, photos and places go to the other side; False where it is over, or was erased with the other's data."""
    try:
        await _pass_on(turn, turn.state["talk"], said)
    except Blocked:
        raise
    except (Conflict, Forbidden, NotFound):
        turn.forget()
        turn.say("over")
        return False
    return True


async def _pass_on(turn: Turn, handover_id: str, said: Said) -> None:
    if isinstance(said, Words):
        await _write(turn, handover_id, parts_of(said.text))
    elif isinstance(said, Spot):
        try:
            place = Point(said.lat, said.lon)
        except ValueError:
            turn.say("no_such_place")
            return
        await turn.person.write(handover_id, lat=place.lat, lon=place.lon)
    elif isinstance(said, Pictures):
        await _pass_pictures_on(turn, handover_id, said)


async def _pass_pictures_on(turn: Turn, handover_id: str, said: Pictures) -> None:
    """One after the other, the caption with the first that can be read; which cannot is told."""
    parts, unread = parts_of(said.caption), []
    for number, file in enumerate(said.files, start=1):
        for photo in await photos.as_photos(turn, Pictures((file,))):
            words = {"text": parts[0]} if parts else {}
            try:
                await turn.person.write(handover_id, photo=photo, **words)
            except photos.UNREADABLE:
                unread.append(number)
            else:
                parts = parts[1:]
    await _write(turn, handover_id, parts)
    photos.say_unread(turn, unread, of=len(said.files))


async def _write(turn: Turn, handover_id: str, parts: Sequence[str]) -> None:
    for part in parts:
        await turn.person.write(handover_id, text=part)


def parts_of(text: str) -> list[str]:
    """``text`` in pieces that fit into a message, broken between words where that can be."""
    return textwrap.wrap(
        text, LONGEST_TEXT, expand_tabs=False, replace_whitespace=False, drop_whitespace=False, break_on_hyphens=False
    )
