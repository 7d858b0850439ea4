"""A place that answers no question: of a report that is open, or the beginning of a new one."""

from collections.abc import Sequence

from homeward.bot import filing
from homeward.bot.talk import Button, Spot, Tap
from homeward.bot.turn import Turn
from homeward.client import Json
from homeward.domain.places import Point

MOST_SHOWN = 3


async def on_spot(turn: Turn, said: Spot) -> None:
    """With a report open it is asked what the place is of; without one it begins one."""
    reports = [report for report in await turn.person.reports() if report["status"] == "open"]
    try:
        point = Point(round(said.lat, 5), round(said.lon, 5))
    except ValueError:
        turn.say("no_such_place")
        return
    if not reports:
        await filing.begin_with(turn, said)
        return
    where = f"{point.lat}:{point.lon}"
    mine = (_of(turn, report, where) for report in reports[:MOST_SHOWN])
    new = (turn.button("lost", f"l:lost:{where}"),), (turn.button("found", f"l:found:{where}"),)
    turn.say("whose_place", (*mine, *new))


def _of(turn: Turn, report: Json, where: str) -> tuple[Button, ...]:
    name = report["name"] or turn.words(f"animal.{report['species']}")
    return (Button(turn.words("b.place_of", name=name), f"l:{report['shelf']}:{where}:{report['id']}"),)


async def on_tap(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:  # noqa: ARG001 - one shape for all
    """The place is of the report ``rest`` ends with; of a new one where it names none."""
    try:
        point = Point(float(rest[0]), float(rest[1]))
    except ValueError:
        turn.say("no_such_place")
        return
    if len(rest) > 2:
        await turn.person.change(rest[2], lat=point.lat, lon=point.lon, address=None)
        turn.say("fixed")
    elif turn.begun.get("photos"):  # what is begun makes way for no old button
        turn.say("tap_old")
        turn.repeat()
    else:
        turn.drop()
        await filing.begin_with(turn, Spot(point.lat, point.lon), action)
