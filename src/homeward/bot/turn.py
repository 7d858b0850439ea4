"""One turn of a conversation: who speaks, where the dialog stands, and what is answered. Sends nothing itself."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from homeward.bot.backend import Person
from homeward.bot.talk import Album, Button, Card, File, Note, Out, Rows, Venue
from homeward.bot.words import Words
from homeward.errors import HomewardError
from homeward.locales import refusal

QUESTION = "q"
AROUND = re.compile(r"^\W+|\W+$")
BEGUN = ("step", "draft")  # of the state of a report that is begun
State = dict[str, Any]


@dataclass(frozen=True, slots=True)
class House:
    """What a dialog knows of where it runs: the addresses of its operators."""

    admins: frozenset[str] = frozenset()


@dataclass(slots=True)
class Turn:
    """``state`` is what is kept of the dialog; ``out`` what is answered, in its order."""

    person: Person
    words: Words
    state: State
    fetch: Callable[[File], Awaitable[bytes]]
    house: House = field(default_factory=House)
    out: list[Out] = field(default_factory=list)

    @property
    def step(self) -> str:
        """The question that is open; empty where none is."""
        return str(self.state.get("step", ""))

    @property
    def draft(self) -> State:
        """The report that is being told of."""
        draft: State = self.state.setdefault("draft", {})
        return draft

    def say(self, key: str, buttons: Rows = (), **values: str | float) -> None:
        """Answer with a text of the catalogue."""
        self.out.append(Note(self.words(key, **values), buttons))

    def tell(self, text: str, buttons: Rows = ()) -> None:
        """Answer with a ready text."""
        self.out.append(Note(text, buttons))

    def show(self, out: Card | Album | Venue) -> None:
        """Answer with something other than a text."""
        self.out.append(out)

    def ask(self, step: str, text: str, rows: Rows = (), *, place: bool = False) -> None:
        """Open a question; taps on the buttons of earlier questions no longer count."""
        turn = int(self.state.get("turn", 0)) + 1
        self.state |= {"step": step, "turn": turn}
        asked = tuple(tuple(replace(button, data=self.data(button.data)) for button in row) for row in rows if row)
        self.state["asked"] = _kept(text, asked, place=place)
        self.repeat()

    def data(self, answer: str) -> str:
        """What a button carries that answers the open question, and no later one."""
        return f"{QUESTION}:{self.state['turn']}:{answer}"

    def repeat(self) -> None:
        """The open question once more."""
        asked = self.state.get("asked")
        if asked is None:
            return
        rows = tuple(tuple(Button(label, data) for label, data in row) for row in asked["rows"])
        place_label = self.words("b.here") if asked["place"] else ""
        self.out.append(Note(asked["text"], rows, "place" if asked["place"] else None, place_label))

    def meant(self, text: str) -> str | None:
        """The data of the open question's button that is labelled so: some messengers send labels, not taps."""
        rows, said = (self.state.get("asked") or {}).get("rows", []), bare(text)
        return next((data for row in rows for label, data in row if said and bare(label) == said), None)

    def refuse(self, error: HomewardError) -> None:
        """Say why something was not taken: in English what the server says, else what the catalogue says of it."""
        language = self.words.language
        known = refusal(language, error.code, error.field) if language != "en" else None
        self.say("refused_input", reason=known or f"{error.message} {error.hint or ''}".strip())

    def settle(self, key: str, **values: str | float) -> None:
        """A short answer that takes the place button away."""
        self.out.append(Note(self.words(key, **values), keyboard="gone"))

    def forget(self) -> None:
        """What is open is dropped; the count of questions goes on, so that old buttons stay old."""
        self._keep(self.state.get("aside"))

    def drop(self) -> None:
        """The same, and what was set aside too."""
        self._keep(None)

    def set_aside(self) -> None:
        """What is open makes way; a report that was told something waits until what comes now is over."""
        is_told = any(self.state.get("draft", {}).get(name) for name in ("photos", "description", "answered"))
        self._keep({name: self.state[name] for name in BEGUN} if is_told and self.step else self.state.get("aside"))

    def pick_up(self) -> bool:
        """Go on with what was set aside, where nothing else is open; whether there was something."""
        aside = None if self.step else self.state.pop("aside", None)
        self.state |= aside or {}
        return aside is not None

    @property
    def begun(self) -> State:
        """The report that is begun, now or set aside; empty where none is."""
        state = self.state if "draft" in self.state else self.state.get("aside", {})
        begun: State = state.get("draft", {})
        return begun

    def _keep(self, aside: State | None) -> None:
        self.state = {"turn": self.state.get("turn", 0), **({"aside": aside} if aside else {})}

    def button(self, key: str, data: str) -> Button:
        """A button with a label of the catalogue."""
        return Button(self.words(f"b.{key}"), data)


def bare(label: str) -> str:
    """A label as people write it: without signs around it, in small letters."""
    return AROUND.sub("", label).casefold()


def _kept(text: str, rows: Rows, *, place: bool) -> Mapping[str, Any]:
    return {"text": text, "rows": [[[b.label, b.data] for b in row] for row in rows], "place": place}
