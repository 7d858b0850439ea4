"""What looks alike: cards with both photos side by side, and what people say of them."""

import asyncio
from collections.abc import Sequence

from homeward.bot.talk import Album, Button, Card, Rows, Tap, Venue
from homeward.bot.turn import Turn
from homeward.bot.words import moment_of
from homeward.client import Json
from homeward.errors import NotFound

LEAST = 0.05  # below it the word is "very unlikely": shown only when asked for
VERDICTS = {"s": "same", "d": "different", "u": "unsure"}
ALL = "all"


async def show_filed(turn: Turn, report: Json) -> None:
    """A report was filed: what looks alike already."""
    is_lost = report["shelf"] == "lost"
    account = turn.person.account
    parts = (
        turn.words(f"filed_{report['shelf']}"),
        turn.words("filed_night") if account["quiet"] and account["utc_offset_min"] is not None else "",
        turn.words("filed_mark") if is_lost else "",
    )
    rows = ((turn.button("secret", f"r:secret:{report['id']}"),),) if is_lost else ()
    turn.tell("\n\n".join(part for part in parts if part), rows)
    if report["pending"]:
        turn.say("pending")
        return
    if is_lost:
        await show_matches(turn, report["id"])
    else:
        await show_owners(turn, report["id"], held=report["held"] == "held")


async def show_matches(turn: Turn, lost_id: str, *, anyway: bool = False) -> None:
    """Up to ten: many as an album first, then the best as a card with buttons."""
    matches = [match for match in await turn.person.matches(lost_id) if anyway or match["degree"] >= LEAST]
    if not matches:
        turn.say("none_yet", () if anyway else ((turn.button("show_anyway", f"m:{ALL}:{lost_id}"),),))
        return
    paths = [f"/lost/{lost_id}/matches/{match['found_id']}/picture" for match in matches]
    pictures = await asyncio.gather(*(turn.person.picture(path) for path in paths))
    if len(matches) > 1:
        turn.tell(turn.words.count("many", len(matches)))
        numbered = zip(pictures, matches, strict=True)
        turn.show(Album(tuple((jpeg, _caption(turn, n, match)) for n, (jpeg, match) in enumerate(numbered, start=1))))
    turn.show(_match_card(turn, await turn.person.report(lost_id), matches, 0, pictures[0]))
    await turn.person.seen(lost_id, [match["found_id"] for match in matches])


async def show_owners(turn: Turn, found_id: str, *, held: bool = False) -> None:
    """The lost pets that a find may be; who is ``held`` can be looked after meanwhile."""
    owners = [owner for owner in await turn.person.owners(found_id) if owner["degree"] >= LEAST]
    if not owners:
        care = (turn.words("held_care"),) if held else ()
        turn.tell("\n\n".join((turn.words("no_owner_yet"), *care)))
        return
    turn.tell(turn.words.count("owners", len(owners)))
    turn.show(await owner_card(turn, found_id, owners, 0))
    await turn.person.seen(found_id, [owner["lost_id"] for owner in owners])


async def match_card(
    turn: Turn, lost: Json, matches: Sequence[Json], at: int, *, header: str = "", replaces: str | None = None
) -> Card:
    """A match with the owner's own photo beside it; ``lost`` is the owner's report."""
    jpeg = await turn.person.picture(f"/lost/{lost['id']}/matches/{matches[at]['found_id']}/picture")
    return _match_card(turn, lost, matches, at, jpeg, header=header, replaces=replaces)


async def owner_card(
    turn: Turn, found_id: str, owners: Sequence[Json], at: int, *, header: str = "", replaces: str | None = None
) -> Card:
    """A lost pet beside the finder's own photo: a district and a band of distance, nothing nearer."""
    owner = owners[at]
    jpeg = await turn.person.picture(f"/found/{found_id}/matches/{owner['lost_id']}/picture")
    band = owner["distance_band_km"]
    lines = [
        header,
        turn.words("card.owner") if not header else "",
        _rank(turn, at, len(owners)) + _degree(turn, owner),
        f"🐾 {owner['name']}" if owner["name"] else "",
        turn.words("card.lost_in", district=owner["district"]) if owner["district"] else "",
        _band(turn, band) if band else "",
    ]
    rows = (
        (turn.button("write_owner", f"o:ask:{found_id}:{owner['lost_id']}"),),
        steps(f"o:go:{found_id}", at, len(owners)),
    )
    return Card(jpeg, _text(lines), _without_empty(rows), replaces)


async def open_report(turn: Turn, report_id: str) -> Json | None:
    """One's own report, while anything is done about it; of a closed one says so, and offers to open it again."""
    report = await turn.person.report(report_id)
    if report["status"] == "open":
        return report
    turn.say("is_closed", ((turn.button("reopen", f"r:reopen:{report_id}"),),))
    return None


async def on_tap(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:
    """A button under a match."""
    if action == "w":
        await _where(turn, *rest)
    elif await open_report(turn, rest[0]) is None:
        return
    elif action == "home":
        await turn.person.judge(rest[0], rest[1], "same", close=True)
        turn.say("closed_home")
    elif action == ALL:
        await show_matches(turn, rest[0], anyway=True)
    elif action == "go":
        await _go(turn, rest[0], index(rest[1]), tap)
    else:
        await _judge(turn, VERDICTS[action], rest[0], rest[1], tap)


async def on_owner_tap(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:
    """A button under a lost pet that a find may be."""
    if await open_report(turn, rest[0]) is None:
        return
    if action == "ask":
        await turn.person.propose(rest[1], rest[0])
        turn.say("asked_them")
        return
    owners = [owner for owner in await turn.person.owners(rest[0]) if owner["degree"] >= LEAST]
    if not owners:
        turn.say("no_owner_yet")
        return
    at = min(index(rest[1]), len(owners) - 1)
    turn.show(await owner_card(turn, rest[0], owners, at, replaces=tap.message))


async def _go(turn: Turn, lost_id: str, at: int, tap: Tap) -> None:
    matches = await turn.person.matches(lost_id)
    if not matches:
        turn.say("no_more")
        return
    lost = await turn.person.report(lost_id)
    turn.show(await match_card(turn, lost, matches, min(at, len(matches) - 1), replaces=tap.message))


async def _judge(turn: Turn, verdict: str, lost_id: str, found_id: str, tap: Tap) -> None:
    try:
        await turn.person.judge(lost_id, found_id, verdict)
    except NotFound:
        turn.say("find_gone")
        return
    if verdict == "same":
        (match,) = await turn.person.matches(lost_id, [found_id])
        await _is_mine(turn, lost_id, match)
        return
    turn.say(f"noted_{verdict}")
    left = [m for m in await turn.person.matches(lost_id) if m["verdict"] is None and m["degree"] >= LEAST]
    if not left:
        turn.say("no_more")
        return
    every = await turn.person.matches(lost_id)
    at = next(n for n, match in enumerate(every) if match["found_id"] == left[0]["found_id"])
    lost = await turn.person.report(lost_id)
    turn.show(await match_card(turn, lost, every, at, replaces=tap.message))


async def _is_mine(turn: Turn, lost_id: str, match: Json) -> None:
    pair = f"{lost_id}:{match['found_id']}"
    home = turn.button("at_home", f"m:home:{pair}")
    if match["source"] == "camera":
        turn.say("is_mine_camera", ((turn.button("where", f"m:w:{pair}"),), (home,)))
        return
    mark = (await turn.person.report(lost_id))["secret_mark"]
    kept = (turn.words("your_mark", mark=mark),) if mark else ()
    rows = ((turn.button("connect", f"h:ask:{pair}"),), (home,))
    turn.tell("\n\n".join((turn.words("is_mine_person"), *kept)), rows)


async def _where(turn: Turn, lost_id: str, found_id: str) -> None:
    found = (await turn.person.get(f"/lost/{lost_id}/matches", limit=1, found_id=[found_id]))["items"]
    place = found[0]["place"] if found else None
    if not found:
        turn.say("find_gone")
    elif place is None:
        turn.say("where_unknown")
    elif place["lat"] is None:
        turn.say("where_words", address=place["name"])
    else:
        title = place["name"] or place["district"] or turn.words("seen_here")
        turn.show(Venue(place["lat"], place["lon"], title, turn.words.when(moment_of(found[0]["seen_at"]))))


def _match_card(
    turn: Turn,
    lost: Json,
    matches: Sequence[Json],
    at: int,
    jpeg: bytes,
    *,
    header: str = "",
    replaces: str | None = None,
) -> Card:
    match = matches[at]
    lines = [
        header or turn.words("card.mine"),
        _rank(turn, at, len(matches)) + _degree(turn, match),
        _place(turn, match),
        f"🕒 {turn.words.when(moment_of(match['seen_at']))}",
        _source(turn, match),
        _breed(turn, match),
        turn.words("card.l2", value=turn.words.number(match["l2_distance"])),
        turn.words(f"card.verdict.{match['verdict']}") if match["verdict"] else "",
        turn.words("same_picture") if _is_same_picture(match) else "",
    ]
    pair = f"{lost['id']}:{match['found_id']}"
    rows = (
        (turn.button("same", f"m:s:{pair}"), turn.button("different", f"m:d:{pair}")),
        (turn.button("unsure", f"m:u:{pair}"), turn.button("where", f"m:w:{pair}")),
        steps(f"m:go:{lost['id']}", at, len(matches)),
        (Button(turn.words("b.page"), url=lost["link"], app=lost.get("app") or ""),),
    )
    return Card(jpeg, _text(lines), _without_empty(rows), replaces)


def _caption(turn: Turn, number: int, match: Json) -> str:
    return f"{number}. {_degree(turn, match)}"


def _rank(turn: Turn, at: int, n: int) -> str:
    return turn.words("card.rank", rank=at + 1, n=n) + " · " if n > 1 else ""


def _degree(turn: Turn, match: Json) -> str:
    return f"{match['degree_text']}, {turn.words.percent(match['degree'])}"


def _place(turn: Turn, match: Json) -> str:
    place, parts = match["place"] or {}, []
    if place.get("district"):
        parts.append(place["district"])
    elif place.get("name") and match["source"] == "person":
        parts.append(place["name"])
    if match["distance_km"] is not None:
        codes = {reason["code"] for reason in match["reasons"]}
        distance = turn.words.distance(match["distance_km"])
        parts.append(turn.words("from_home" if "near_home" in codes else "card.from_there", distance=distance))
    return f"📍 {', '.join(parts)}" if parts else ""


def _source(turn: Turn, match: Json) -> str:
    if match["camera"]:
        return turn.words("card.camera", name=match["camera"]["name"])
    return turn.words({"held": "card.held", "seen_loose": "card.loose"}.get(match["held"], "card.person"))


def _breed(turn: Turn, match: Json) -> str:
    breed = match["breed"]
    if not breed:
        return ""
    return turn.words("card.breed", name=breed["name"], percent=turn.words.percent(breed["probability"]))


def _band(turn: Turn, band: Sequence[float | None]) -> str:
    low, high = band
    if high is None:
        return turn.words("card.band_far", low=turn.words.number(low or 0))
    return turn.words("card.band", low=turn.words.number(low or 0), high=turn.words.number(high))


def _is_same_picture(match: Json) -> bool:
    return any(reason["code"] == "same_picture" for reason in match["reasons"])


def index(text: str) -> int:
    """The number that a button carries; the first where it carries none."""
    return int(text) if text.isdecimal() and len(text) < 4 else 0


def steps(stem: str, at: int, n: int) -> tuple[Button, ...]:
    """Buttons to the one before and the one after."""
    before = (Button("◀", f"{stem}:{at - 1}"),) if at > 0 else ()
    after = (Button("▶", f"{stem}:{at + 1}"),) if at + 1 < n else ()
    return before + after


def _text(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)


def _without_empty(rows: Rows) -> Rows:
    return tuple(row for row in rows if row)
