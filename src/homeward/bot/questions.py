"""The questions about an animal that is told of, each with its buttons; what is answered is taken elsewhere."""

from collections.abc import Callable

from homeward.bot import pets
from homeward.bot.talk import Button
from homeward.bot.turn import Turn


def ask_photo(turn: Turn) -> None:
    """The first question: what it looks like."""
    key = "answering" if turn.draft.get("about") else f"send_{turn.draft.get('shelf') or 'any'}"
    turn.ask("photo", turn.words(key), ((turn.button("cancel", "cancel"),),))


def ask_other_photos(turn: Turn) -> None:
    """The same, where those that were sent are dropped."""
    turn.ask("photo", turn.words("send_other"), ((turn.button("cancel", "cancel"),),))


def _ask_shelf(turn: Turn) -> None:
    """With reports of one's own open the photos may be more of the same animal."""
    mine = turn.draft.get("mine", ())
    more = tuple((Button(turn.words("b.more_of", name=name), f"more.{report_id}"),) for report_id, name in mine)
    rows = (
        (turn.button("it_is_lost", "lost"), turn.button("it_is_found", "found")),
        *more,
        _correct(turn),
        (turn.button("cancel", "cancel"),),
    )
    turn.ask("shelf", f"{_saw(turn)}{turn.words('ask_shelf')}", rows)


def ask_kind(turn: Turn) -> None:
    """Where recognition saw nothing, or could not look."""
    rows = ((turn.button("is_cat", "cat"), turn.button("is_dog", "dog")), (turn.button("cancel", "cancel"),))
    turn.ask("kind", turn.words("recognition_down" if turn.draft.get("unseen") else "ask_kind"), rows)


def _ask_both(turn: Turn) -> None:
    one = (turn.button("one_cat", "cat"), turn.button("one_dog", "dog"))
    rows = (one, (turn.button("two_pets", "two"),), (turn.button("back", "back"), turn.button("cancel", "cancel")))
    turn.ask("both", turn.words("ask_both"), rows)


def _ask_which(turn: Turn) -> None:
    animals = turn.draft["animals"]
    order = sorted(range(len(animals)), key=lambda number: animals[number][1])
    signs = {"cat": "🐈", "dog": "🐕"}
    row = [Button(f"{place}. {signs[animals[n][0]]}", f"n{n}") for place, n in enumerate(order[:8], start=1)]
    turn.ask("which", turn.words("ask_which", n=len(animals)), (tuple(row), _ways(turn)))


def ask_where(turn: Turn) -> None:
    """The place; what is said of it differs by shelf."""
    text = f"{_saw(turn)}{turn.words('ask_where_' + turn.draft['shelf'])}"
    turn.ask("where", text, (_correct(turn), _ways(turn)), place=True)


def _ask_when(turn: Turn) -> None:
    days = tuple(turn.button(name, name) for name in ("now", "today", "yesterday"))
    saw, correct = ("", ()) if turn.step == "where" else (_saw(turn), _correct(turn))
    turn.ask("when", f"{saw}{turn.words('ask_when_' + turn.draft['shelf'])}", (days, correct, _ways(turn)))


def ask_about(turn: Turn) -> None:
    """Name and marks of a lost pet; of a find, whether it is with the finder."""
    held = (turn.button("held", "held"), turn.button("loose", "loose")) if turn.draft["shelf"] == "found" else ()
    said_before = "description" in turn.draft and bool(held)
    text = turn.words("ask_held" if said_before else f"ask_about_{turn.draft['shelf']}")
    turn.ask("about", text, (held, _ways(turn)))


ASK: dict[str, Callable[[Turn], None]] = {
    "shelf": _ask_shelf,
    "kind": ask_kind,
    "both": _ask_both,
    "which": _ask_which,
    "where": ask_where,
    "when": _ask_when,
    "about": ask_about,
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
    other = pets.OTHER.get(now or "") if "next" not in turn.draft else None
    return (turn.button(f"is_{other}", other),) if other else ()
