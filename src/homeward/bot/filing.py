"""Telling of a lost or a found animal, in as few questions as will do: photo, where, when, about it."""

from collections.abc import Awaitable, Callable

from homeward.bot import dates, pets, photos, questions, results
from homeward.bot.answers import mark_answered, moment_of, name_and_marks, note_place, note_words, text_of
from homeward.bot.story import goes_on, held_in, is_unknown, is_yes_or_no, kind_in, shelf_in
from homeward.bot.talk import Edited, FileGone, Note, Pictures, Said, Spot, Words
from homeward.bot.turn import State, Turn
from homeward.errors import InvalidInput, NoAnimalFound

QUESTIONS = ("shelf", "kind", "both", "which", "where", "when", "about")
SHELVES = {"lost", "found"}
MOST_OFFERED = 3
LONGEST_HELD = 3  # words; more of them tell more than whether the animal is held
TOLD = ("name", "description", "lat", "lon", "address", "happened_at", "held", "answered", "next")  # beside photos


def begin(turn: Turn, shelf: str, about: str | None = None) -> None:
    """A new draft, with what was told before its first photo; a photo is wanted."""
    begun = turn.begun
    told = {} if begun.get("photos") else {name: begun[name] for name in TOLD if name in begun}
    turn.drop()
    turn.state["draft"] = {"shelf": shelf, "about": about, "photos": [], **told}
    questions.ask_photo(turn)


async def begin_with(turn: Turn, said: Words | Spot, shelf: str | None = None) -> None:
    """What is told before anything was asked begins a report; its shelf, where nothing tells it, is asked for later."""
    shelf = shelf_in(said.text) if isinstance(said, Words) else shelf
    turn.state |= {"step": "photo", "draft": {"shelf": shelf, "about": None, "photos": []}}
    if isinstance(said, Words):
        await on_answer(turn, said)
    elif not await note_place(turn, said):
        turn.forget()
        return
    questions.ask_photo(turn)


def ask_again(turn: Turn) -> None:
    """The open question in the language that is spoken now."""
    questions.ASK.get(turn.step, questions.ask_photo)(turn)


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
    _look_for_company(turn)
    if was_asking in QUESTIONS:
        turn.tell(turn.words.count("more_photos", len(turn.draft["photos"])))
    elif not was_asking:
        turn.draft["mine"] = await _open_reports(turn)
        if not turn.draft["mine"] and shelf_in(said.caption) == "found":  # a lost one may be another person's notice
            turn.draft["shelf"] = "found"
    if was_asking in QUESTIONS[4:] and not _is_asked("both", turn.draft):
        turn.repeat()
        return
    await go_on(turn)


async def _open_reports(turn: Turn) -> list[tuple[str, str]]:
    """What photos out of the blue may belong to: id and name."""
    reports = [report for report in await turn.person.reports() if report["status"] == "open"]
    return [(each["id"], each["name"] or turn.words(f"animal.{each['species']}")) for each in reports[:MOST_OFFERED]]


def _look_for_company(turn: Turn) -> None:
    """Several animals on the photos of one report: those of two reports are told apart, of others it is said once."""
    if "next" in turn.draft:
        pets.split(turn.draft)
    kind = pets.kind_meant(turn.draft)
    if kind is not None:
        turn.draft["seen"] = kind
    if pets.has_company(turn.draft) and not turn.draft.get("is_warned"):
        turn.draft["is_warned"] = True
        turn.say("several_on_photo")


async def go_on(turn: Turn) -> None:
    """Ask the first question that is still open; without one, file."""
    for name in QUESTIONS:
        if name not in turn.draft.get("answered", []) and _is_asked(name, turn.draft):
            questions.ASK[name](turn)
            return
    await file(turn)


def _is_asked(name: str, draft: State) -> bool:
    if name == "shelf":
        return draft.get("shelf") not in SHELVES
    if name == "kind":
        return not draft.get("seen") and not draft.get("species")
    if name == "both":
        return "species" not in draft and pets.is_mixed(draft)
    if name == "which":
        return len(draft["photos"]) == 1 and len(draft.get("animals", [])) > 1 and "species" not in draft
    return True


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
        questions.ASK[step](turn) if step in {"shelf", "where", "when"} else await go_on(turn)
    elif action in SHELVES:
        turn.draft["shelf"] = action
        await go_on(turn)
    elif action == "two":
        pets.split(turn.draft)
        turn.say(f"first.{turn.draft['species']}")
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
    mark_answered(turn, step)


async def _back(turn: Turn) -> None:
    answered = turn.draft.get("answered", [])
    turn.draft["answered"] = answered[:-1]
    if turn.step == "where":
        turn.settle("back_a_step")
    if not answered:
        _ask_for_other_photos(turn)
        return
    questions.ASK[answered[-1]](turn)


def on_wish(turn: Turn, wish: str | None) -> bool:
    """What is wanted of the report that is begun: other photos, or no report; False for other wishes, and for none."""
    if wish == "wrong_photo" and turn.draft.get("photos"):
        if turn.step == "where":
            turn.settle("skipped")
        _ask_for_other_photos(turn)
    elif wish in {"erase", "close"}:
        turn.forget()
        turn.settle("cancelled")
    else:
        return False
    return True


def _ask_for_other_photos(turn: Turn) -> None:
    """Those that were sent are dropped, and what was seen on them."""
    turn.draft["photos"] = []
    for name in ("seen", "confidence", "animals", "species", "keep", "next", "is_warned"):
        turn.draft.pop(name, None)
    questions.ask_other_photos(turn)


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
    ask_anew = questions.ASK.get(last["step"], questions.ask_photo)
    ask_anew(turn)
    turn.out.pop()
    await on_answer(turn, Words(said.text, said.message))
    return True


async def on_where(turn: Turn, said: Said) -> None:
    """A place, a map link, or an address; who does not know it need not look for the button that says so."""
    if is_unknown(text_of(said)):
        await on_tap(turn, "skip")
        return
    if not await note_place(turn, said):
        turn.repeat()
        return
    await go_on(turn)


async def on_place(turn: Turn, said: Said) -> None:
    """A place at another question: where it was, told sooner, or corrected."""
    turn.draft.pop("last", None)
    await note_place(turn, said)
    turn.repeat()


async def on_when(turn: Turn, said: Said) -> None:
    """A date in words; who does not know it, or twice only that it was recently, need not look for the button."""
    if is_unknown(text_of(said)):
        await on_tap(turn, "skip")
        return
    moment = await moment_of(turn, said)
    if moment is None and dates.is_vague(text_of(said)) and turn.draft.pop("is_vague", False):
        turn.out.pop()  # it was asked for once
        turn.say("when_left")
        await on_tap(turn, "skip")
        return
    if moment is None:
        turn.draft["is_vague"] = dates.is_vague(text_of(said))
        turn.repeat()
        return
    turn.draft["happened_at"] = moment.isoformat()
    mark_answered(turn, "when")
    await go_on(turn)


async def on_about(turn: Turn, said: Said) -> None:
    """Name and marks, where more is said than yes or no; of a find, whether it is with the finder, and its marks."""
    text = text_of(said)
    if turn.draft["shelf"] == "found":
        held = held_in(text)
        if held is None or len(text.split()) > LONGEST_HELD:
            turn.draft["description"] = photos.joined(turn.draft.get("description"), text)
        if held is None:
            questions.ask_about(turn)
        else:
            await on_tap(turn, held)
        return
    if is_unknown(text) or is_yes_or_no(text):
        await on_tap(turn, "skip")
        return
    name, marks = name_and_marks(text)
    turn.draft.update(name=name, description=photos.joined(turn.draft.get("description"), marks))
    mark_answered(turn, "about")
    await go_on(turn)


async def on_shelf(turn: Turn, said: Said) -> None:
    """Whose it is, in words; other words describe it."""
    await _on_choice(turn, said, shelf_in(text_of(said)))


async def on_kind(turn: Turn, said: Said) -> None:
    """What it is, in words; other words describe it."""
    await _on_choice(turn, said, kind_in(text_of(said)))


async def _on_choice(turn: Turn, said: Said, chosen: str | None) -> None:
    """What was ``chosen`` in words counts as its button; when more was said, that is kept too."""
    if chosen is None:
        await on_words(turn, said)
        return
    if goes_on(text_of(said)):
        note_words(turn, said)
    await on_tap(turn, chosen)


async def on_words(turn: Turn, said: Said) -> None:
    """Words where a photo or a button was wanted describe the animal; a question, a yes or a no does not."""
    if text_of(said).endswith("?"):
        turn.say("asked_what")
    elif is_yes_or_no(text_of(said)):
        turn.say("photo_wanted" if turn.step == "photo" else "tap_one")
    else:
        note_words(turn, said)
    turn.repeat()


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
        questions.ask_kind(turn)
        return
    except InvalidInput as error:
        if error.field == "about" and draft.pop("about", None):  # compared with all others all the same
            turn.say("about_gone")
            await file(turn)
            return
        draft["answered"] = []
        turn.refuse(error)
        questions.ask_where(turn)
        return
    after = pets.following(draft)
    turn.forget()
    await results.show_filed(turn, report)
    if after is not None:
        turn.state["draft"] = after
        turn.say(f"then.{after['species']}")
        await go_on(turn)


def _note_gone(turn: Turn) -> Note:
    return Note(turn.words("photo_unreadable"))


def _fields(draft: State) -> dict[str, object]:
    names = ("shelf", "lat", "lon", "address", "happened_at", "held", "name", "description", "about")
    fields: dict[str, object] = {name: draft.get(name) for name in names}
    fields["animal"] = draft.get("animal")
    is_told = draft.get("keep") or pets.kind_meant(draft)
    fields["species"] = draft.get("species") or (draft.get("seen") if is_told else None)
    fields["keep_without_animal"] = True if draft.get("keep") else None
    return fields


Answer = Callable[[Turn, Said], Awaitable[None]]
ANSWERS: dict[str, Answer] = {
    "photo": on_words,
    "shelf": on_shelf,
    "kind": on_kind,
    "both": on_words,
    "which": on_words,
    "where": on_where,
    "when": on_when,
    "about": on_about,
}
