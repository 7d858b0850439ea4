"""Models: what is there, add, remove, measure."""

import hashlib
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from homeward.cli.common import AsJson, Data, note, settings, show_json, table, tell, words
from homeward.cli.model_service import export, serve
from homeward.errors import Conflict, InvalidInput

MOST_BENCH_S = 3600.0

MAX_CARD_BYTES, MAX_MODEL_BYTES = 200_000, 2_000_000_000


def register(app: App) -> None:
    """Add the commands."""
    models = App(name="models", help="Detectors and embedders.")
    for name, command in COMMANDS.items():
        models.command(command, name=name)
    app.command(models)


def list_models(*, known: bool = False, data: Data = None, json: AsJson = False) -> None:
    """Show all models and which are in use.

    Parameters
    ----------
    known
        Show the public models that `homeward models pull NAME` fetches instead.
    """
    from homeward.app import embedder_in_use

    if known:
        _list_known(as_json=json)
        return
    chosen = settings(data)
    registry = _registry(data)
    cards = registry.cards()
    for name, error in registry.broken().items():
        note(f"{name} cannot be used: {error.message} homeward models remove {name} takes it away.")
    used = {chosen.detector, embedder_in_use(chosen)}
    items = [
        {"name": c.name, "kind": c.kind, "licence": c.licence, "in_use": c.name in used, "about": c.about}
        for c in cards
    ]
    if json:
        show_json({"items": items, "next": None})
        return
    rows = [
        [str(i["name"]), words(str(i["kind"])), str(i["licence"]), words("in use") if i["in_use"] else ""]
        for i in items
    ]
    table(["Name", "Kind", "Licence", ""], rows)


def _list_known(*, as_json: bool) -> None:
    from homeward.models.cards import read_card
    from homeward.models.known import known_card, known_names

    cards = [read_card(known_card(name)) for name in known_names()]
    if as_json:
        items = [{"name": c.name, "kind": c.kind, "licence": c.licence, "about": c.about} for c in cards]
        show_json({"items": items, "next": None})
        return
    table(
        ["Name", "Kind", "Licence", "About"], [[c.name, words(c.kind), words(c.licence), words(c.about)] for c in cards]
    )


def show(name: str, *, data: Data = None, json: AsJson = False) -> None:
    """Show a model's card: where it comes from, its licence, its figures.

    Parameters
    ----------
    name
        One of those that `homeward models list` shows.
    """
    import yaml

    raw = dict(_registry(data).card(name).raw)
    if json:
        show_json(raw)
        return
    raw.pop("golden", None)
    print(yaml.safe_dump(_told_of(raw), sort_keys=False, allow_unicode=True, width=110).rstrip())


def _told_of(value: Any) -> Any:
    """What a card says in sentences, in the person's language; names and numbers as they are."""
    match value:
        case dict():
            return {key: _told_of(of) for key, of in value.items()}
        case list():
            return [_told_of(of) for of in value]
        case str() if " " in value:
            return words(value)
    return value


def add(onnx: Path, *, card: Path, data: Data = None, json: AsJson = False) -> None:
    """Take in an ONNX model with its card, after checking both.

    Parameters
    ----------
    onnx
        The network.
    card
        Its card; docs/how-to/add-a-model.md says what stands in it.
    """
    _told(_kept(data).add(onnx, card), as_json=json)


def _told(added: Any, *, as_json: bool) -> None:
    if as_json:
        show_json({"name": added.name, "kind": added.kind, "golden": added.golden is not None})
        return
    tell(f"{added.name} ({added.kind}) was added; use it with HOMEWARD_{added.kind.upper()}={added.name}")
    if added.golden is None:
        tell("Its card has no golden numbers, so wrongly loaded weights would go unseen.")


def pull(
    model: str, *, card: str | None = None, accept_licence: bool = False, data: Data = None, json: AsJson = False
) -> None:
    """Download an ONNX model and take it in with its card, after checking both.

    Broken off, it goes on where it was when the command is given again. A model that was pulled once must be the same
    file the next time.

    Parameters
    ----------
    model
        Name of a known public model, see `homeward models list --known`, or the https address of a network.
    card
        For an address: address or path of its card. A card without a sha256 gets the one of the file that came.
    accept_licence
        Say yes to a licence that forbids commercial use.
    """
    from homeward.models.cards import read_card
    from homeward.models.known import known_card

    registry = _kept(data)
    folder = registry.downloads()
    with ExitStack() as fetched:
        if card is not None and "://" in card:
            described = fetched.enter_context(_fetched(card, folder, ".yaml", MAX_CARD_BYTES))
        elif "://" in model and card is None:
            raise InvalidInput("A model from an address needs its card.", field="card", hint="Add --card.")
        else:
            described = Path(card) if card is not None else known_card(model)
        _show_licence(described, accepted=accept_licence)
        url = model if "://" in model else read_card(described).raw.get("url")
        if not url:
            hint = f"Give the network's https address in place of {model}, or write it into the card as url."
            raise InvalidInput(f"{described.name} does not say where the network is.", field="model", hint=hint)
        network = fetched.enter_context(_fetched(str(url), folder, ".onnx", MAX_MODEL_BYTES))
        _told(registry.add(network, described, pin=True), as_json=json)


@contextmanager
def _fetched(url: str, folder: Path, suffix: str, max_bytes: int) -> Iterator[Path]:
    """What ``url`` gives, until the block ends; named by the address, so that pulls at one time keep apart."""
    from homeward.cli.download import download

    target = folder / f"{hashlib.sha256(url.encode()).hexdigest()[:16]}{suffix}"
    download(url, target, max_bytes)
    try:
        yield target
    finally:
        target.unlink(missing_ok=True)


def remove(name: str, *, data: Data = None) -> None:
    """Delete an added model.

    Parameters
    ----------
    name
        One of those that `homeward models list` shows.
    """
    from homeward.app import what_model_is_for

    use = what_model_is_for(settings(data), name)
    if use is not None:
        hint = "homeward reindex --model NAME takes another one; the one before the former may go."
        raise Conflict(f"{name} is needed: {use}.", field="name", hint=hint)
    _kept(data).remove(name)


def bench(
    names: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    *,
    seconds: float = 2.0,
    data: Data = None,
    json: AsJson = False,
) -> None:
    """Measure how many pictures a second models take here, one thread and all; the models take turns.

    Parameters
    ----------
    names
        Which models; default: all.
    seconds
        How long each is measured.
    """
    registry = _registry(data)
    cards = [registry.card(name) for name in names] or registry.cards()
    kinds = [(card, threads) for threads in (1, 0) for card in cards]
    if not 0 < seconds <= MOST_BENCH_S:
        raise InvalidInput(f"It cannot run for {seconds:g} seconds.", field="seconds", hint=f"0.1 to {MOST_BENCH_S:g}")
    rates = _rates([_runner(registry, card, threads) for card, threads in kinds], seconds)
    items = [
        {"name": card.name, "kind": card.kind, "threads": threads, "per_second": rate}
        for (card, threads), rate in zip(kinds, rates, strict=True)
    ]
    if json:
        show_json({"items": items, "next": None})
        return
    rows = [
        [str(i["name"]), words(str(i["kind"])), "1" if i["threads"] else words("all"), f"{i['per_second']:.1f}"]
        for i in items
    ]
    table(["Name", "Kind", "Threads", "Pictures a second"], rows)


def _show_licence(card: Path, *, accepted: bool) -> None:
    """Whoever pulls a model should know its terms before it is there.

    Raises:
        InvalidInput: it forbids commercial use, and nobody said yes to that.
    """
    from homeward.models.cards import read_card

    if not card.is_file():
        raise InvalidInput(f"{card} is not there.", field="card")
    known = read_card(card)
    print(f"{known.name}: {words(known.licence)}. {words(known.about)}", file=sys.stderr)
    if not known.raw.get("commercial", True) and not accepted:
        hint = "If your use is not commercial, add --accept-licence."
        raise InvalidInput(f"The licence of {known.name} forbids commercial use.", field="accept_licence", hint=hint)


def _registry(data: Path | None) -> Any:
    from homeward.app import registry

    return registry(settings(data))


def _kept(data: Path | None) -> Any:
    """The registry, to be changed."""
    from homeward.app import check_user

    check_user(settings(data))
    return _registry(data)


def _runner(registry: Any, card: Any, threads: int) -> Callable[[], object]:
    import numpy as np

    picture = np.random.default_rng(0).integers(0, 256, (480, 640, 3), dtype=np.uint8)
    if card.kind == "detector":
        run = registry.detector(card.name, threads).detect
    else:
        run = registry.embedder(card.name, threads).embed
    return lambda: run([picture])


def _rates(runners: list[Callable[[], object]], seconds: float) -> list[float]:
    """Runs a second of each; in turns, so that a machine that grows busier or hotter hits all alike."""
    spent, counts = [0.0] * len(runners), [0] * len(runners)
    for run in runners:
        run()
    while min(spent) < seconds:
        for number, run in enumerate(runners):
            start = time.perf_counter()
            run()
            spent[number] += time.perf_counter() - start
            counts[number] += 1
    return [count / second for count, second in zip(counts, spent, strict=True)]


COMMANDS: dict[str, Callable[..., None]] = {
    "list": list_models,
    "show": show,
    "pull": pull,
    "add": add,
    "remove": remove,
    "bench": bench,
    "serve": serve,
    "export": export,
}
