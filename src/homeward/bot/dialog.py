"""The dialog: what somebody says, and where things stand, to answers. Knows no messenger."""

import re
from collections.abc import Awaitable, Callable, Sequence

from homeward.bot import correct, filing, handover, mine, results, spot, unasked, wrong_photo
from homeward.bot.talk import Edited, Pictures, Said, Spot, Tap, Unknown, Words
from homeward.bot.turn import QUESTION, Turn, bare
from homeward.bot.wishes import is_everything_to_go, wish_in
from homeward.errors import Conflict, Forbidden, InvalidInput, NotFound

ABOUT = re.compile(r"about_([0-9a-z]{20})")  # the link on a poster: the id of a report, as new_token() makes them
ASKED_BY = {"question": "q", "answer": "a"}  # a question of a conversation, and the button that asks it
TO_OTHERS = {"talk", *ASKED_BY}  # what is said there is for the other side


async def answer(turn: Turn, said: Said) -> None:
    """Answer into ``turn``.

    Raises:
        HomewardError: the server is down or full; it should be tried again.
    """
    try:
        await _answer(turn, said)
    except Conflict:
        turn.say("over")
    except (Forbidden, NotFound):
        turn.say("not_yours")
    except InvalidInput as error:
        turn.refuse(error)
    if turn.pick_up():
        turn.say("back_to_draft")
        filing.ask_again(turn)


def is_double(said: Said, after: Said) -> bool:
    """Whether a finger was faster than the answer to its first tap; hours are set by many taps."""
    if not isinstance(said, Tap) or not isinstance(after, Tap) or said.data.startswith("s:"):
        return False
    return (said.data, said.message) == (after.data, after.message)


async def _answer(turn: Turn, said: Said) -> None:
    if isinstance(said, Tap):
        await _tap(turn, said)
    elif isinstance(said, Words) and said.text.startswith("/"):
        await _command(turn, said.text)
    elif isinstance(said, Edited):
        await _edited(turn, said)
    elif isinstance(said, Unknown):
        turn.say("unknown.talk" if turn.step == "talk" else f"unknown.{said.kind}")
        turn.repeat()
    else:
        meant = turn.meant(said.text) if isinstance(said, Words) else None
        await (_tap(turn, Tap(meant)) if meant else _said(turn, said))


async def _said(turn: Turn, said: Said) -> None:
    if isinstance(said, Words) and turn.step not in TO_OTHERS and await _is_no_answer(turn, said):
        return
    if turn.step in TAKES:
        await TAKES[turn.step](turn, said)
    elif isinstance(said, Pictures):
        await filing.on_pictures(turn, said)
    elif isinstance(said, Spot) and turn.step in filing.ANSWERS and turn.step != "where":
        await filing.on_place(turn, said)
    elif turn.step in filing.ANSWERS:
        await filing.on_answer(turn, said)
    elif isinstance(said, Words):
        await _menu_label(turn, said)
    elif isinstance(said, Spot):
        await spot.on_spot(turn, said)


async def _is_no_answer(turn: Turn, said: Words) -> bool:
    """Wishes and news are heard at any question; False for all other words."""
    if is_everything_to_go(said.text):
        await _do(turn, "delete")
        return True
    if turn.step in filing.ANSWERS and filing.on_wish(turn, wish_in(said.text)):
        return True
    return bool(turn.step) and await unasked.on_news(turn, said)


async def _edited(turn: Turn, said: Edited) -> None:
    """Counts where it was the last answer; elsewhere the person is told what to do instead."""
    if turn.step in filing.ANSWERS and await filing.on_edited(turn, said):
        return
    turn.say(_of_edited(turn))
    turn.repeat()


def _of_edited(turn: Turn) -> str:
    if turn.step in filing.ANSWERS:
        return "edited.draft" if turn.meant(turn.words("b.back")) else "edited.first"
    return "edited.talk" if turn.step == "talk" else "edited.idle"


async def _talk(turn: Turn, said: Said) -> None:
    """To the other side; where nobody is there any more it is taken as if no conversation were open."""
    if not await handover.on_talk(turn, said):
        await _said(turn, said)


async def _menu_label(turn: Turn, said: Words) -> None:
    """Labels of the menu may come as words."""
    for key, command in MENU.items():
        if bare(said.text) == bare(turn.words(f"b.{key}")):
            await _do(turn, command)
            return
    if not await unasked.on_words(turn, said):
        _menu(turn, "photo_first")


# --- commands ---------------------------------------------------------------------------------------------


async def _command(turn: Turn, text: str) -> None:
    name, _, rest = text[1:].partition(" ")
    command = name.split("@")[0].split("\n")[0].lower()
    if command not in COMMANDS:
        turn.say("no_such_command")
        return
    if any(word.startswith("/") for word in text.split()[1:]):
        turn.say("one_command")
    about = ABOUT.fullmatch(rest.strip())
    if command == "start" and about is not None:
        if turn.step == "talk":
            handover.pause(turn)
        _begin(turn, "found", about.group(1))
        return
    await _do(turn, command)


async def _do(turn: Turn, command: str) -> None:
    """Whatever leads elsewhere pauses an open conversation, and says so."""
    if turn.step == "talk" and command not in KEEP_THE_TALK:
        handover.pause(turn)
    await COMMANDS[command](turn)


async def _start(turn: Turn) -> None:
    turn.say("start")
    if turn.step:
        turn.say("welcome_back")
        turn.repeat()
        return
    _menu(turn, "menu")
    if any(report["status"] == "open" for report in await turn.person.reports()):
        turn.say("still_open", ((turn.button("matches", "c:matches"),),))


async def _lost(turn: Turn) -> None:
    _begin(turn, "lost")


async def _found(turn: Turn) -> None:
    _begin(turn, "found")


def _begin(turn: Turn, shelf: str, about: str = "") -> None:
    """A new report; where that would drop photos of another, they are asked about first."""
    photos = len(turn.begun.get("photos", []))
    if not photos:
        filing.begin(turn, shelf, about or None)
        return
    at = turn.state["turn"]
    rows = ((turn.button("begin_anew", f"n:{shelf}:{at}:{about}"),), (turn.button("go_on", f"n:go_on:{at}:"),))
    turn.tell(turn.words.count("drop_draft", photos), rows)


async def _on_anew(turn: Turn, action: str, rest: Sequence[str], tap: Tap) -> None:  # noqa: ARG001 - one shape for all
    """Whether the report that is begun makes way for a new one; counts only for the question that was open then."""
    if rest[0] != str(turn.state.get("turn")):
        _old(turn)
    elif action == "go_on":
        turn.repeat()
    else:
        filing.begin(turn, action, rest[1] or None)


async def _help(turn: Turn) -> None:
    turn.say("help")


async def _lang(turn: Turn) -> None:
    other = {"en": "ru", "ru": "en"}[turn.words.language]
    await turn.person.change_account(language=other)
    turn.words = type(turn.words)(other, turn.words.utc_offset_min, turn.words.now)
    turn.say("lang")
    await _ask_again(turn)


async def _ask_again(turn: Turn) -> None:
    """The open question in the language that is spoken now; without one, the menu."""
    step = turn.step
    if step in filing.ANSWERS:
        filing.ask_again(turn)
    elif step in mine.QUESTIONS:
        mine.QUESTIONS[step](turn)
    elif step == wrong_photo.STEP:
        await wrong_photo.show_again(turn)
    elif step in ASKED_BY:
        await handover.on_tap(turn, ASKED_BY[step], (turn.state["talk"],), Tap(""))
    elif not step:
        _menu(turn, "menu")


async def _cancel(turn: Turn) -> None:
    step = turn.step
    if step == "talk":
        handover.pause(turn)
        return
    turn.forget()
    turn.settle("cancelled" if step in filing.ANSWERS else mine.kept_at(step) if step else "nothing_to_cancel")


async def _erase_all(turn: Turn) -> None:
    mine.ask_erase_all(turn)


async def _stats(turn: Turn) -> None:
    if turn.person.account["address"] not in turn.house.admins:
        turn.say("stats_admins")
        return
    figures = (await turn.person.get("/stats"))["figures"]
    turn.say("stats", lines="\n".join(f"{name}: {value}" for name, value in sorted(figures.items())))


COMMANDS: dict[str, Callable[[Turn], Awaitable[None]]] = {
    "start": _start,
    "lost": _lost,
    "found": _found,
    "my": mine.show,
    "matches": mine.show_matches,
    "lang": _lang,
    "help": _help,
    "cancel": _cancel,
    "delete": _erase_all,
    "stats": _stats,
}
KEEP_THE_TALK = {"help", "lang", "cancel"}  # the last pauses it by itself
MENU = {"lost": "lost", "found": "found", "my": "my", "help": "help", "language": "lang"}


def _menu(turn: Turn, key: str) -> None:
    lost, found, my, helps, language = (turn.button(name, f"c:{command}") for name, command in MENU.items())
    turn.say(key, ((lost,), (found,), (my, helps), (language,)))


# --- buttons ----------------------------------------------------------------------------------------------


async def _tap(turn: Turn, tap: Tap) -> None:
    family, _, rest = tap.data.partition(":")
    parts = rest.split(":")
    if family == QUESTION:
        await _question_tap(turn, parts)
    elif family == "c" and parts[0] in COMMANDS:
        await _do(turn, parts[0])
    elif tap.data == "s:lang":
        await _lang(turn)
    elif len(parts) in SHAPES.get(family, {}).get(parts[0], ()):
        await TAPS[family](turn, parts[0], parts[1:], tap)
    else:
        _old(turn)


async def _question_tap(turn: Turn, parts: Sequence[str]) -> None:
    """Counts only for the question that is open now."""
    if not turn.step or parts[0] != str(turn.state.get("turn")) or len(parts) != 2:
        _old(turn)
        return
    if turn.step in QUESTION_TAPS:
        await QUESTION_TAPS[turn.step](turn, parts[1])
    else:
        await filing.on_tap(turn, parts[1])


def _old(turn: Turn) -> None:
    if turn.state.get("asked"):
        turn.say("tap_old")
        turn.repeat()
    else:
        turn.say("tap_old_idle")


SHAPES: dict[str, dict[str, tuple[int, ...]]] = {  # how many parts the data of a button may have, by family and action
    "m": {"all": (2,), **dict.fromkeys(("go", "w", "home", "s", "d", "u"), (3,))},
    "o": dict.fromkeys(("ask", "go"), (3,)),
    "h": {"ask": (3,), **dict.fromkeys(("yes", "no", "end", "q", "a", "s", "w"), (2,))},
    "r": dict.fromkeys(
        (
            "m",
            "mute",
            "stop",
            "on",
            "close",
            "home_again",
            "reopen",
            "home",
            "photos",
            "secret",
            "fix",
            "erase",
            "words",
        ),
        (2,),
    ),
    "p": {**dict.fromkeys(("show", "no"), (2,)), **dict.fromkeys(("go", "ask", "yes"), (3,))},
    "l": dict.fromkeys(("lost", "found"), (3, 4)),
    "f": dict.fromkeys(("held", "loose"), (2,)),
    "n": dict.fromkeys(("lost", "found", "go_on"), (3,)),
    "s": dict.fromkeys(("quiet", "time"), (2,)),
}
TAPS: dict[str, Callable[[Turn, str, Sequence[str], Tap], Awaitable[None]]] = {
    "m": results.on_tap,
    "o": results.on_owner_tap,
    "h": handover.on_tap,
    "r": mine.on_tap,
    "p": wrong_photo.on_tap,
    "l": spot.on_tap,
    "f": mine.on_held,
    "n": _on_anew,
    "s": mine.on_setting,
}
TAKES: dict[str, Callable[[Turn, Said], Awaitable[None]]] = {
    "talk": _talk,
    "question": handover.on_question,
    "answer": handover.on_question,
    "home": mine.on_home,
    "more": mine.on_more,
    "secret": mine.on_secret,
    "fix": mine.on_anything,
    wrong_photo.STEP: mine.on_wrong_photo,
    **dict.fromkeys(("fix_name", "fix_where", "fix_when", "fix_about"), correct.on_correction),
    "erase": mine.on_anything,
    "erase_all": mine.on_anything,
}
QUESTION_TAPS: dict[str, Callable[[Turn, str], Awaitable[None]]] = {
    "shelf": mine.on_shelf,
    "home": mine.on_answer,
    "more": mine.on_answer,
    "secret": mine.on_answer,
    **dict.fromkeys(correct.QUESTIONS, correct.on_part),
    "erase": mine.on_answer,
    "erase_all": mine.on_answer,
    "question": handover.on_question_tap,
    "answer": handover.on_question_tap,
}
