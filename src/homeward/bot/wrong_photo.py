"""A photo that is in one's own report by mistake: found among its photos, asked about once, and gone for good."""

from collections.abc import Sequence

from homeward.bot import handover, results
from homeward.bot.talk import Button, Card, Rows, Tap
from homeward.bot.turn import Turn
from homeward.client import Json
from homeward.errors import Conflict, NotFound

STEP = "wrong_photo"


async def show(turn: Turn, report_id: str) -> None:
    """The first photo of a report, with ways to the others; of the only one is said why it has to stay."""
    report = await _report(turn, report_id)
    if report is not None:
        turn.show(await _card(turn, report, 0))


async def show_again(turn: Turn) -> None:
    """The open question in the language that is spoken now."""
    await show(turn, turn.state["about"])


def button(turn: Turn, report_id: str) -> Button:
    """Leads here."""
    return turn.button("wrong_photo", f"p:show:{report_id}")


async def on_tap(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:
    """A button under a photo of a report, which always means that photo."""
    report_id = rest[0]
    if action == "no":
        _close(turn)
        turn.settle("kept")
    elif action == "show":
        await show(turn, report_id)
    elif action == "yes":
        await _take_off(turn, report_id, rest[1])
    else:
        report = await _report(turn, report_id)
        if report is not None:
            await _step(turn, report, action, rest[1], tap)


async def _step(turn: Turn, report: Json, action: str, which: str, tap: Tap) -> None:
    """From photo to photo, or from one to the question about it."""
    photos = [photo["id"] for photo in report["photos"]]
    if action == "go":
        at = min(results.index(which), len(photos) - 1)
        turn.show(await _card(turn, report, at, replaces=tap.message))
    elif which not in photos:
        turn.say("photo_gone")
    else:
        turn.show(await _question(turn, report, photos.index(which), replaces=tap.message))


async def _report(turn: Turn, report_id: str) -> Json | None:
    """With photos to choose from, and the question opened; None, and said why, where there is nothing to take off."""
    report = await results.open_report(turn, report_id)
    if report is None:
        return None
    if len(report["photos"]) < 2:
        _keep_the_only(turn, report_id)
        return None
    if turn.step != STEP or turn.state["about"] != report_id:
        handover.pause(turn)
        turn.state |= {"step": STEP, "about": report_id, "turn": int(turn.state.get("turn", 0)) + 1}
    return report


def _keep_the_only(turn: Turn, report_id: str) -> None:
    """The right one can be sent at once."""
    _close(turn)
    handover.pause(turn)
    turn.state["about"] = report_id
    turn.ask("more", turn.words("only_photo"), ((turn.button("cancel", "cancel"),),))


def _close(turn: Turn) -> None:
    if turn.step == STEP:
        turn.forget()


async def _take_off(turn: Turn, report_id: str, photo_id: str) -> None:
    if await results.open_report(turn, report_id) is None:
        return
    try:
        left = (await turn.person.remove_photo(report_id, photo_id))["photos"]
    except Conflict:
        _keep_the_only(turn, report_id)
        return
    except NotFound:
        _close(turn)
        turn.say("photo_gone")
        return
    _close(turn)
    another = (turn.button("another_photo", f"p:show:{report_id}"),) if len(left) > 1 else ()
    rows = ((turn.button("matches", f"r:m:{report_id}"),), another)
    turn.say("photo_off", tuple(row for row in rows if row))


async def _card(turn: Turn, report: Json, at: int, *, replaces: str | None = None) -> Card:
    photos = report["photos"]
    rows: Rows = (
        (turn.button("take_off", f"p:ask:{report['id']}:{photos[at]['id']}"),),
        results.steps(f"p:go:{report['id']}", at, len(photos)),
        (turn.button("cancel", f"p:no:{report['id']}"),),
    )
    return Card(await _picture(turn, report, at), turn.words("which_photo", n=at + 1, of=len(photos)), rows, replaces)


async def _question(turn: Turn, report: Json, at: int, *, replaces: str | None) -> Card:
    yes = turn.button("take_off_yes", f"p:yes:{report['id']}:{report['photos'][at]['id']}")
    rows: Rows = ((yes, turn.button("erase_no", f"p:no:{report['id']}")),)
    text = turn.words("ask_take_off", n=at + 1, of=len(report["photos"]))
    return Card(await _picture(turn, report, at), text, rows, replaces)


async def _picture(turn: Turn, report: Json, at: int) -> bytes:
    return await turn.person.picture(report["photos"][at]["full"])
