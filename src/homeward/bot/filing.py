"""Telling of a lost or a found animal, in as few questions as will do: photo, where, when, about it."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from homeward.bot import dates, photos, results
from homeward.bot.places import point_in
from homeward.bot.talk import Button, Edited, FileGone, Note, Pictures, Said, Spot, Words
from homeward.bot.turn import State, Turn
from homeward.domain.accounts import utc_offset_min
from homeward.domain.places import Point
from homeward.errors import InvalidInput, NoAnimalFound

QUESTIONS = ("shelf", "kind", "which", "where", "when", "about")
SHELVES = {"lost", "found"}
LONGEST_NAME, LONGEST_ADDRESS = 40, 300
TOLD = ("name", "description", "lat", "lon", "address", "happened_at", "held", "answered")  # of a draft, beside photos


def begin(turn: Turn, shelf: str, about: str | None = None) -> None:
    """A new draft, with what was told before its first photo; a photo is wanted."""
    begun = turn.begun
    told = {} if begun.get("photos") else {name: begun[name] for name in TOLD if name in begun}
    turn.drop()
    turn.state["draft"] = {"shelf": shelf, "about": about, "photos": [], **told}
    _ask_photo(turn)


async def begin_with(turn: Turn, said: Words | Spot) -> None:
    """What is told before anything was asked begins a report, whose shelf is asked for later."""
    turn.state |= {"step": "photo", "draft": {"shelf": None, "about": None, "photos": []}}
    if isinstance(said, Words):
        await on_answer(turn, said)
    elif not await _note_place(turn, said):
        turn.forget()
        return
    _ask_photo(turn)


def ask_again(turn: Turn) -> None:
    """The open question in the language that is spoken now."""
    ASK.get(turn.step, _ask_photo)(turn)


async def on_pictures(turn: Turn, said: Pictures) -> None:
    """Photos at any moment: they belong to the draft, or begin one."""
    was_asking = turn.step
    turn.draft.pop("last", None)
    if not await photos.take(turn, said):
        if turn.step:
            turn.repeat()
        elif not turn.draft.get("photos"):
            turn.forget()
        return
    if was_asking in QUESTIONS[3:]:
        turn.tell(turn.words.count("more_photos", len(turn.draft["photos"])))
        turn.repeat()
        return
    await go_on(turn)


async def go_on(turn: Turn) -> None:
    """Ask the first question that is still open; without one, file."""
    for name in QUESTIONS:
        if name not in turn.draft.get("answered", []) and _is_asked(name, turn.draft):
            ASK[name](turn)
            return
    await file(turn)


def _is_asked(name: str, draft: State) -> bool:
    if name == "shelf":
        return draft.get("shelf") not in SHELVES
    if name == "kind":
        return not draft.get("seen") and not draft.get("species")
    if name == "which":
        return len(draft["photos"]) == 1 and len(draft.get("animals", [])) > 1 and "species" not in draft
    return True


def _answered(turn: Turn, name: str) -> None:
    turn.draft["answered"] = [*turn.draft.get("answered", []), name]


# --- the questions ----------------------------------------------------------------------------------------


def _ask_photo(turn: Turn) -> None:
    key = "answering" if turn.draft.get("about") else f"send_{turn.draft.get('shelf') or 'any'}"
    turn.ask("photo", turn.words(key), ((turn.button("cancel", "cancel"),),))


def _ask_shelf(turn: Turn) -> None:
    rows = ((turn.button("it_is_lost", "lost"), turn.button("it_is_found", "found")), _correct(turn))
    turn.ask("shelf", f"{_saw(turn)}{turn.words('ask_shelf')}", rows)


def _ask_kind(turn: Turn) -> None:
    rows = ((turn.button("is_cat", "cat"), turn.button("is_dog", "dog")), (turn.button("cancel", "cancel"),))
    turn.ask("kind", turn.words("recognition_down" if turn.draft.get("unseen") else "ask_kind"), rows)


def _ask_which(turn: Turn) -> None:
    animals = turn.draft["animals"]
    order = sorted(range(len(animals)), key=lambda number: animals[number][1])
    signs = {"cat": "🐈", "dog": "🐕"}
    row = [Button(f"{place}. {signs[animals[n][0]]}", f"n{n}") for place, n in enumerate(order[:8], start=1)]
    turn.ask("which", turn.words("ask_which", n=len(animals)), (tuple(row), _ways(turn)))


def _ask_where(turn: Turn) -> None:
    text = f"{_saw(turn)}{turn.words('ask_where_' + turn.draft['shelf'])}"
    turn.ask("where", text, (_correct(turn), _ways(turn)), place=True)


def _ask_when(turn: Turn) -> None:
    days = tuple(turn.button(name, name) for name in ("now", "today", "yesterday"))
    saw, correct = ("", ()) if turn.step == "where" else (_saw(turn), _correct(turn))
    turn.ask("when", f"{saw}{turn.words('ask_when_' + turn.draft['shelf'])}", (days, correct, _ways(turn)))


def _ask_about(turn: Turn) -> None:
    held = (turn.button("held", "held"), turn.button("loose", "loose")) if turn.draft["shelf"] == "found" else ()
    said_before = "description" in turn.draft and bool(held)
    text = turn.words("ask_held" if said_before else f"ask_about_{turn.draft['shelf']}")
    turn.ask("about", text, (held, _ways(turn)))


ASK: dict[str, Callable[[Turn], None]] = {
    "shelf": _ask_shelf,
    "kind": _ask_kind,
    "which": _ask_which,
    "where": _ask_where,
    "when": _ask_when,
    "about": _ask_about,
}


def _ways(turn: Turn) -> tuple[Button, ...]:
    return turn.button("skip", "skip"), turn.button("back", "back"), turn.button("cancel", "cancel")


def _saw(turn: Turn) -> str:
    if turn.draft.get("species"):
        return turn.words(f"is.{turn.draft['species']}") + "\n\n"
    return turn.words(f"saw.{turn.draft['seen']}") + "\n\n" if turn.draft.get("seen") else ""


def _correct(turn: Turn) -> tuple[Button, ...]:
    """One tap to correct the species."""
    now = turn.draft.get("species") or turn.draft.get("seen")
    other = {"cat": "dog", "dog": "cat"}.get(now or "")
    return (turn.button(f"is_{other}", other),) if other else ()


# --- the answers ------------------------------------------------------------------------------------------


async def on_tap(turn: Turn, action: str) -> None:
    """A button of the open question."""
    step = turn.step
    turn.draft.pop("last", None)
    if action == "cancel":
        turn.forget()
        turn.settle("cancelled")
    elif action == "back":
        await _back(turn)
    elif action in {"cat", "dog"}:
        turn.draft["species"] = action
        if step == "kind":
            turn.draft["keep"] = True
        ASK[step](turn) if step in {"shelf", "where", "when"} else await go_on(turn)
    elif action in SHELVES:
        turn.draft["shelf"] = action
        await go_on(turn)
    else:
        _take(turn, step, action)
        await go_on(turn)


def _take(turn: Turn, step: str, action: str) -> None:
    local_now = turn.words.local(turn.words.now)
    moments = {"now": lambda: local_now, "today": lambda: dates.earlier_today(local_now)}
    moments["yesterday"] = lambda: dates.yesterday(local_now)
    if step == "where":
        turn.settle("place_noted" if action != "skip" else "skipped")
    elif step == "when" and action in moments:
        turn.draft["happened_at"] = moments[action]().isoformat()
    elif step == "about" and action in {"held", "loose"}:
        turn.draft["held"] = {"held": "held", "loose": "seen_loose"}[action]
    elif step == "which" and action.startswith("n"):
        turn.draft["animal"] = int(action[1:])
    _answered(turn, step)


async def _back(turn: Turn) -> None:
    answered = turn.draft.get("answered", [])
    turn.draft["answered"] = answered[:-1]
    if turn.step == "where":
        turn.settle("place_noted")
    if not answered:
        _ask_photo(turn)
        turn.draft["photos"] = []
        for name in ("seen", "confidence", "animals", "species", "keep"):
            turn.draft.pop(name, None)
        return
    ASK[answered[-1]](turn)


async def on_answer(turn: Turn, said: Said) -> None:
    """An answer to the open question; how things stood before the last one is known, should its message be changed."""
    step, before = turn.step, {name: turn.draft[name] for name in TOLD if name in turn.draft}
    await ANSWERS[step](turn, said)
    if isinstance(said, Words) and said.message and turn.step in ANSWERS:
        turn.draft["last"] = {"message": said.message, "step": step, "before": before}


async def on_edited(turn: Turn, said: Edited) -> bool:
    """The last answer, in other words; False where that message was none, or something else was said since."""
    last = turn.draft.get("last")
    if last is None or last["message"] != said.message:
        return False
    for name in TOLD:
        turn.draft.pop(name, None)
    turn.draft.update(last["before"])
    ask_anew = ASK.get(last["step"], _ask_photo)
    ask_anew(turn)
    turn.out.pop()
    await on_answer(turn, Words(said.text, said.message))
    return True


async def on_where(turn: Turn, said: Said) -> None:
    """A place, a map link, or an address."""
    if not await _note_place(turn, said):
        turn.repeat()
        return
    await go_on(turn)


async def on_place(turn: Turn, said: Said) -> None:
    """A place at another question: where it was, told sooner, or corrected."""
    turn.draft.pop("last", None)
    await _note_place(turn, said)
    turn.repeat()


def point_of(said: Said) -> Point | None:
    """The point that is meant; None for a place in words.

    Raises:
        ValueError: it is nowhere on earth.
    """
    return Point(said.lat, said.lon) if isinstance(said, Spot) else point_in(_text(said))


async def _note_place(turn: Turn, said: Said) -> bool:
    try:
        point = point_of(said)
    except ValueError:
        turn.say("no_such_place")
        return False
    if point is not None:
        turn.draft.update(lat=point.lat, lon=point.lon)
        is_warned = turn.step == "where" or turn.draft.get("shelf") == "lost"  # the question for it says so
        turn.settle("place_noted" if is_warned else "place_noted_seen")
        await know_time_zone(turn, point)
    else:
        turn.draft["address"] = _text(said)[:LONGEST_ADDRESS]
        turn.settle("address_noted", address=turn.draft["address"])
    if "where" not in turn.draft.get("answered", []):
        _answered(turn, "where")
    return True


async def on_when(turn: Turn, said: Said) -> None:
    """A date in words."""
    moment = await moment_of(turn, said)
    if moment is None:
        turn.repeat()
        return
    turn.draft["happened_at"] = moment.isoformat()
    _answered(turn, "when")
    await go_on(turn)


async def moment_of(turn: Turn, said: Said) -> datetime | None:
    """The moment that is meant; what is none, or has not come yet, is told."""
    words = turn.words
    local_now = words.local(words.now)
    moment = await asyncio.to_thread(dates.moment_in, _text(said), local_now, words.language, words.clock_doubt)
    if moment is None or moment > local_now:
        turn.say("when_hint" if moment is None else "when_ahead")
        return None
    return moment


async def on_about(turn: Turn, said: Said) -> None:
    """Name and marks."""
    text = _text(said)
    if turn.draft["shelf"] == "found":
        turn.draft["description"] = photos.joined(turn.draft.get("description"), text)
        _ask_about(turn)
        return
    name, marks = _name_and_marks(text)
    turn.draft.update(name=name, description=photos.joined(turn.draft.get("description"), marks))
    _answered(turn, "about")
    await go_on(turn)


async def on_words(turn: Turn, said: Said) -> None:
    """Words where a photo or a button was wanted describe the animal."""
    _note_words(turn, said)
    turn.repeat()


def _note_words(turn: Turn, said: Said) -> None:
    photos.describe(turn.draft, _text(said))
    turn.say("words_noted")


def _text(said: Said) -> str:
    return said.text.strip() if isinstance(said, Words) else ""


def _name_and_marks(text: str) -> tuple[str | None, str | None]:
    """Barsik, white paw -> the first word group is the name, if it is short."""
    line, _, rest = text.partition("\n")
    first, _, others = line.partition(",")
    name = " ".join(first.split())
    marks = "\n".join(part.strip() for part in (others, rest) if part.strip())
    return (name, marks or None) if 0 < len(name) <= LONGEST_NAME else (None, text)


# --- the end ----------------------------------------------------------------------------------------------


async def file(turn: Turn) -> None:
    """File the draft and show what looks alike; where it is refused, say why, and keep the draft."""
    draft = turn.draft
    try:
        report = await turn.person.file(_fields(draft), await photos.contents(turn))
    except FileGone:
        draft["photos"] = []
        begin(turn, draft["shelf"], draft.get("about"))
        turn.out[:-1] = []
        turn.out.insert(0, _note_gone(turn))
        return
    except NoAnimalFound:
        draft.pop("seen", None)
        _ask_kind(turn)
        return
    except InvalidInput as error:
        if error.field == "about" and draft.pop("about", None):  # compared with all others all the same
            turn.say("about_gone")
            await file(turn)
            return
        draft["answered"] = []
        turn.refuse(error)
        _ask_where(turn)
        return
    turn.forget()
    await results.show_filed(turn, report)


def _note_gone(turn: Turn) -> Note:
    return Note(turn.words("photo_unreadable"))


def _fields(draft: State) -> dict[str, object]:
    names = ("shelf", "lat", "lon", "address", "happened_at", "held", "name", "description", "about")
    fields: dict[str, object] = {name: draft.get(name) for name in names}
    fields["animal"] = draft.get("animal")
    fields["species"] = draft.get("species") or (draft.get("seen") if draft.get("keep") else None)
    fields["keep_without_animal"] = True if draft.get("keep") else None
    return fields


async def know_time_zone(turn: Turn, point: Point) -> None:
    """A first guess of the person's time, until it is known."""
    if turn.words.utc_offset_min is None:
        guess = utc_offset_min(point.lon)
        await turn.person.change_account(utc_offset_min=guess)
        turn.words = type(turn.words)(turn.words.language, guess, turn.words.now)


Answer = Callable[[Turn, Said], Awaitable[None]]
ANSWERS: dict[str, Answer] = {
    "photo": on_words,
    "shelf": on_words,
    "kind": on_words,
    "which": on_words,
    "where": on_where,
    "when": on_when,
    "about": on_about,
}
