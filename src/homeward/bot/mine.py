"""One's own reports, alerts and nights; erasing."""

from collections.abc import Callable, Sequence
from datetime import timedelta

from homeward.bot import correct, filing, handover, photos, results, wrong_photo
from homeward.bot.places import point_in
from homeward.bot.talk import Button, FileGone, Pictures, Rows, Said, Spot, Tap, Words
from homeward.bot.turn import Turn
from homeward.bot.words import moment_of
from homeward.client import Json
from homeward.domain.places import Point
from homeward.errors import Forbidden, NotFound

MUTED = timedelta(days=1)
LONGEST_SECRET = 300
NO = {"нет", "не надо", "no"}
STATUSES = {"close": ("closed", "closed"), "home_again": ("closed", "welcome_home"), "reopen": ("open", "reopened")}
STOPPED = "9999-12-31T00:00:00Z"


async def show(turn: Turn) -> None:
    """All reports, newest first, each with what can be done."""
    reports = (await turn.person.reports())[:10]
    for report in reports:
        turn.tell(_summary(turn, report), _rows(turn, report))
    if not reports:
        turn.say("no_reports")
    _show_settings(turn)


async def show_matches(turn: Turn) -> None:
    """Of every open lost pet, or the owners of every find."""
    every = await turn.person.reports()
    reports = [report for report in every if report["status"] == "open"][:3]
    if not reports:
        turn.say("none_open" if every else "no_reports")
    for report in reports:
        turn.tell(_summary(turn, report))
        if report["shelf"] == "lost":
            await results.show_matches(turn, report["id"])
        else:
            await results.show_owners(turn, report["id"])


def ask_whether_over(turn: Turn, reports: Sequence[Json], key: str, label: str) -> None:
    """Which search is over. Nothing ends before a button, labelled ``label``, says so; an open question stays."""
    (turn.say if turn.step else turn.settle)(key)
    offer_to_close(turn, reports, label)


def offer_to_close(turn: Turn, reports: Sequence[Json], label: str) -> None:
    """Each with a button, labelled ``label``, that closes it."""
    for report in reports:
        over = turn.button(label, f"r:{'home_again' if label == 'is_home' else 'close'}:{report['id']}")
        turn.tell(_summary(turn, report), ((over, turn.button("matches", f"r:m:{report['id']}")),))


async def on_wish(turn: Turn, wish: str, reports: Sequence[Json]) -> None:
    """What is wanted of the only open report is asked about at once; else each is shown with what can be done."""
    if wish == wrong_photo.STEP:
        await _on_wrong_photo_said(turn, reports)
        return
    if wish in QUESTIONS and len(reports) == 1:
        turn.tell(_summary(turn, reports[0]))
        _begin(turn, wish, reports[0]["id"])
        return
    for report in reports:
        turn.tell(_summary(turn, report), _rows(turn, report))


async def _on_wrong_photo_said(turn: Turn, reports: Sequence[Json]) -> None:
    """Of the only open report its photos are shown at once."""
    if len(reports) == 1:
        await wrong_photo.show(turn, reports[0]["id"])
        return
    for report in reports:
        turn.tell(_summary(turn, report), ((wrong_photo.button(turn, report["id"]),),))


def ask_held(turn: Turn, report: Json) -> None:
    """Whether the finder has the animal."""
    ways = (turn.button("held", f"f:held:{report['id']}"), turn.button("loose", f"f:loose:{report['id']}"))
    turn.say("ask_held_later", (ways,))


async def on_held(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:  # noqa: ARG001 - one shape for all
    """What became of a find."""
    await turn.person.change(rest[0], held="held" if action == "held" else "seen_loose")
    turn.say("held_noted")


async def on_tap(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:  # noqa: ARG001 - one shape for all
    """A button under a report."""
    report_id = rest[0]
    if action in STATUSES:
        status, said = STATUSES[action]
        await turn.person.change(report_id, status=status)
        turn.say(said)
    elif action in QUESTIONS:
        await turn.person.report(report_id)  # of one that is gone nothing is asked
        _begin(turn, action, report_id)
    else:
        report = await results.open_report(turn, report_id)
        if report is not None:
            await _do(turn, action, report)


async def _do(turn: Turn, action: str, report: Json) -> None:
    """What only an open report is good for."""
    if action in MUTES:
        await _mute(turn, action, report["id"])
    elif action == "words":
        await _add_words(turn, report)
    elif action == "photos":
        _begin(turn, "more", report["id"])
    elif report["shelf"] == "lost":
        await results.show_matches(turn, report["id"])
    else:
        await results.show_owners(turn, report["id"])


async def _add_words(turn: Turn, report: Json) -> None:
    """What was said with no question open describes the animal after all."""
    heard = turn.state.pop("heard", None)
    if heard is None:
        turn.say("tap_old_idle")
        return
    await _describe(turn, report, heard)
    turn.say("words_noted")


async def _describe(turn: Turn, report: Json, words: str) -> bool:
    """Add words to the description of a report; whether there was something new."""
    described = {"description": report["description"] or ""}
    is_new = photos.describe(described, words)
    if is_new:
        await turn.person.change(report["id"], **described)
    return is_new


def _begin(turn: Turn, step: str, report_id: str) -> None:
    handover.pause(turn)
    turn.state["about"] = report_id
    QUESTIONS[step](turn)


MUTES = {"mute": "muted", "stop": "stopped", "on": "unmuted"}


async def _mute(turn: Turn, action: str, report_id: str) -> None:
    tomorrow = (turn.words.now + MUTED).isoformat()
    await turn.person.change(report_id, muted_until={"mute": tomorrow, "stop": STOPPED, "on": None}[action])
    turn.say(MUTES[action])


def _cancel(turn: Turn) -> Rows:
    return ((turn.button("cancel", "cancel"),),)


def _sure(turn: Turn) -> Rows:
    return ((turn.button("erase_yes", "yes"), turn.button("erase_no", "no")),)


QUESTIONS: dict[str, Callable[[Turn], None]] = {
    "home": lambda turn: turn.ask("home", turn.words("ask_home"), _cancel(turn), place=True),
    "more": lambda turn: turn.ask("more", turn.words("send_more"), _cancel(turn)),
    "secret": lambda turn: turn.ask("secret", turn.words("ask_secret"), _cancel(turn)),
    **correct.QUESTIONS,
    "erase": lambda turn: turn.ask("erase", turn.words("ask_erase"), _sure(turn)),
    "erase_all": lambda turn: turn.ask("erase_all", turn.words("ask_erase_all"), _sure(turn)),
}


def ask_erase_all(turn: Turn) -> None:
    """Everything?"""
    turn.set_aside()
    QUESTIONS["erase_all"](turn)


def kept_at(step: str) -> str:
    """What is said where a question about one's own is dropped: that nothing has changed."""
    return "kept" if step in {"erase", "erase_all", wrong_photo.STEP} else "as_it_was"


async def on_answer(turn: Turn, action: str) -> None:
    """A button of one of these questions."""
    step, about = turn.step, turn.state.get("about", "")
    turn.forget()
    if action != "yes":
        turn.settle(kept_at(step))
    elif step == "erase":
        await turn.person.erase(about)
        turn.say("erased")
    else:
        await turn.person.erase_all()
        turn.state = {"erased": True}
        turn.say("erased_all")


async def on_home(turn: Turn, said: Said) -> None:
    """A point for the home; words would not do for distances."""
    try:
        point = Point(said.lat, said.lon) if isinstance(said, Spot) else point_in(getattr(said, "text", ""))
    except ValueError:
        point = None
    if point is None:
        turn.say("need_point")
        turn.repeat()
        return
    about = turn.state["about"]
    turn.forget()
    await turn.person.change(about, home_lat=point.lat, home_lon=point.lon)
    turn.settle("home_noted")


async def on_secret(turn: Turn, said: Said) -> None:
    """The mark that the owner keeps back."""
    if not isinstance(said, Words) or not said.text.strip():
        turn.repeat()
        return
    mark = said.text.strip()
    if len(mark) > LONGEST_SECRET:
        turn.say("secret_too_long", n=len(mark), most=LONGEST_SECRET)
        return
    report = await _asked_about(turn)
    await turn.person.change(report["id"], secret_mark=mark)
    turn.forget()
    turn.say("secret_noted")


async def on_anything(turn: Turn, said: Said) -> None:
    """Only a button erases; a plain no keeps everything."""
    if isinstance(said, Words) and turn.step != "fix" and said.text.strip(" .!").casefold() in NO:
        await on_answer(turn, "no")
        return
    turn.say("tap_one")
    turn.repeat()


async def on_wrong_photo(turn: Turn, said: Said) -> None:
    """The right photo may come at once; else as with anything that a button decides."""
    await (on_more if isinstance(said, Pictures) else on_anything)(turn, said)


async def on_more(turn: Turn, said: Said) -> None:
    """More photos of a report, as many as it has room for; the question stays open until some were taken."""
    if not isinstance(said, Pictures):
        turn.say("photo_wanted")
        return
    report = await _asked_about(turn)
    room = photos.MOST - len(report["photos"])
    if not room:
        is_said = await _describe(turn, report, said.caption)
        turn.forget()
        turn.say("no_room")
        if is_said:
            turn.say("words_noted")
        return
    pictures = await photos.readable(turn, said)
    if pictures:
        await _add(turn, report, pictures, room, said.caption)


async def _add(turn: Turn, report: Json, pictures: Sequence[bytes], room: int, caption: str) -> None:
    await turn.person.add_photos(report["id"], pictures[:room])
    is_said = await _describe(turn, report, caption)
    turn.forget()
    turn.say("photos_added", ((wrong_photo.button(turn, report["id"]),),))
    if is_said:
        turn.say("words_noted")
    if len(pictures) > room:
        turn.say("photos_cut", n=room)
    if report["shelf"] == "lost":
        await results.show_matches(turn, report["id"])


async def on_shelf(turn: Turn, action: str) -> None:
    """What photos out of the blue show; they may be more of an animal whose report is open."""
    kind, _, report_id = action.partition(".")
    if kind != "more":
        await filing.on_tap(turn, action)
        return
    report = await turn.person.report(report_id)
    room = photos.MOST - len(report["photos"])
    if not room:
        turn.say("no_room")
        turn.repeat()
        return
    try:
        pictures = await photos.contents(turn)
    except FileGone:
        turn.forget()
        turn.say("photo_unreadable")
        return
    await _add(turn, report, pictures, room, turn.draft.get("description", ""))


async def _asked_about(turn: Turn) -> Json:
    """The report that the question is about.

    Raises:
        Forbidden, NotFound: it was erased meanwhile; the question is dropped.
    """
    try:
        return await turn.person.report(turn.state["about"])
    except (Forbidden, NotFound):
        turn.forget()
        raise


async def on_setting(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:  # noqa: ARG001 - one shape
    """Nights and time."""
    if action == "quiet":
        await turn.person.change_account(quiet=rest[0] == "1")
    else:
        offset = (turn.words.utc_offset_min or 0) + (60 if rest[0] == "60" else -60)
        await turn.person.change_account(utc_offset_min=max(-720, min(840, offset)))
        turn.words = type(turn.words)(turn.words.language, turn.person.account["utc_offset_min"], turn.words.now)
    _show_settings(turn)


def _show_settings(turn: Turn) -> None:
    account = turn.person.account
    quiet = turn.words("quiet_on" if account["quiet"] else "quiet_off")
    change = turn.button("quiet_off", "s:quiet:0") if account["quiet"] else turn.button("quiet_on", "s:quiet:1")
    if account["utc_offset_min"] is None:
        turn.say("settings_no_time", ((change,), (turn.button("language", "s:lang"),)), quiet=quiet)
        return
    hours = (turn.button("earlier", "s:time:-60"), turn.button("later_hour", "s:time:60"))
    time = f"{turn.words.local(turn.words.now):%H:%M}"
    turn.say("settings", ((change,), hours, (turn.button("language", "s:lang"),)), quiet=quiet, time=time)


def _summary(turn: Turn, report: Json) -> str:
    name = report["name"] or turn.words(f"animal.{report['species']}")
    first = turn.words(f"mine.{report['shelf']}", name=name, ago=turn.words.ago(moment_of(report["happened_at"])))
    state = "muted" if _is_muted(turn, report) and report["status"] == "open" else report["status"]
    return f"{first}\n{turn.words(f'status.{state}')}"


def _is_muted(turn: Turn, report: Json) -> bool:
    return report["muted_until"] is not None and moment_of(report["muted_until"]) > turn.words.now


def _rows(turn: Turn, report: Json) -> Rows:
    def does(key: str, action: str) -> Button:
        return turn.button(key, f"r:{action}:{report['id']}")

    if report["status"] != "open":
        return ((does("reopen", "reopen"), does("erase", "erase")),)
    alerts = (does("unmute", "on"),) if _is_muted(turn, report) else (does("mute", "mute"), does("stop", "stop"))
    own = ((does("home", "home"), does("secret", "secret")),) if report["shelf"] == "lost" else ()
    return (
        (does("matches", "m"), does("add_photos", "photos"), does("fix", "fix")),
        alerts,
        *own,
        (does("close", "close"), does("erase", "erase")),
    )
