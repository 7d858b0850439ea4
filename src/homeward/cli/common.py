"""What several commands share: the data folder's client, JSON and tables on stdout, the person's language."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from cyclopts.validators import Number

from homeward import locales
from homeward.errors import BadSettings, InvalidInput
from homeward.locales import LANGUAGES, text
from homeward.locales.phrases import translated

if TYPE_CHECKING:
    from homeward.client import Client
    from homeward.settings import Settings

Data = Annotated[Path | None, Parameter(help="Data folder; default: HOMEWARD_DATA, else ./homeward-data.")]
PORT = Parameter(validator=Number(gte=0, lte=65535))
Port = Annotated[int | None, PORT]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print JSON for programs.")]


def settings(data: Path | None = None, **overrides: Any) -> "Settings":
    """The settings, with what the command line says on top."""
    from homeward import settings as room

    _tell_strange_names()
    return room.load(data=data, **overrides)


@cache
def _tell_strange_names() -> None:
    """Once a command, however often it reads its settings: a mistyped one would count for nothing, and unseen."""
    from homeward.settings import strange_names

    for name, meant in strange_names().items():
        right = f"{meant} is one" if meant else "docs/reference/settings.md has all"
        complain(f"{name} is no setting and counts for nothing; {right}.")


def language() -> str:
    """En or ru, by HOMEWARD_LANG or the locale."""
    wanted = os.environ.get("HOMEWARD_LANG") or os.environ.get("LC_ALL") or os.environ.get("LANG") or ""
    return wanted[:2].lower() if wanted[:2].lower() in LANGUAGES else LANGUAGES[0]


def say(key: str, **values: str | float) -> str:
    """A text in the person's language."""
    return text(language(), f"cli.{key}", **values) or key


def words(english: str) -> str:
    """What the code says in English, in the person's language."""
    return translated(language(), english)


def tell(english: str) -> None:
    """An answer, on stdout."""
    print(words(english))


def note(english: str) -> None:
    """What is no answer and no complaint, on stderr: how far it is, where it serves."""
    print(words(english), file=sys.stderr, flush=True)


@contextmanager
def client(
    data: Path | None, *, working: bool = False, looking: bool = False, is_asked: bool = False
) -> "Iterator[Client]":
    """A client of the data: of the server that works in the folder, else of one within this process.

    One that is only starting is waited for, and so is another command.

    Beside a PostgreSQL database many processes may work, so this one just does, in a folder that is there already.

    ``working`` also runs the work behind it in this process: jobs, alerts, reindexing. ``looking``: the command brings
    photos, so a broken model ends it before they are taken; others open no model. ``is_asked``: the command only asks
    for what is there, so a folder without data is a slip of the pen, and none is made.

    Raises:
        InvalidInput: there is no data to ask for.
    """
    from homeward.app import build, database_url, folder_lock, operator_key
    from homeward.client import Client
    from homeward.telemetry import configure

    chosen = settings(data)
    if is_asked or database_url(chosen) is not None:
        check_data(chosen)
    with folder_lock(chosen).or_server(complain) as url:
        if url is not None:
            with Client(url, operator_key(chosen.data), language=language()) as found:
                yield found
            return
        configure("warning", "console")
        running = build(chosen, late_models=not (working or looking))
        if working:
            running.workers.start()
        try:
            with Client.in_process(running.api, running.operator_key, language=language()) as found:
                yield found
        finally:
            running.close()


def check_data(chosen: "Settings") -> None:
    """Refuse to ask a folder in which nothing was ever kept: a slip of the pen.

    Raises:
        InvalidInput: there is no data to ask for.
    """
    from homeward.app import database_url, has_data

    if not has_data(chosen):
        makers = "homeward serve and homeward report make" if database_url(chosen) is None else "homeward serve makes"
        hint = f"Name the folder with --data or HOMEWARD_DATA; {makers} a new one."
        raise InvalidInput(f"There is no data of Homeward in {chosen.data}.", field="data", hint=hint)


def complain(english: str) -> None:
    """A line to the person that is no answer: on stderr."""
    print(f"homeward: {words(english)}", file=sys.stderr, flush=True)


def key_in(file: Path) -> str:
    """The key that a file holds, and nothing else.

    Raises:
        BadSettings: it cannot be read, or holds no key.
    """
    try:
        key = whole_key(file.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise BadSettings(f"{file} cannot be read.", field="key_file") from error
    if not key:
        raise BadSettings(f"{file} holds no key.", field="key_file", hint="homeward keys create makes one.")
    return key


def whole_key(given: str) -> str:
    """A key without the spaces around it.

    Raises:
        BadSettings: it is none.
    """
    key = given.strip()
    if not (key.isascii() and key.isprintable()):
        hint = "A key is one line of letters a to z, digits and signs; copy it again."
        raise BadSettings("This is no key.", field="key", hint=hint)
    return key


def percent(degree: float) -> str:
    """A degree for people; nothing is ever certain."""
    return locales.percent(language(), degree)


def share(part: float) -> str:
    """A share for people."""
    return locales.share(language(), part)


def show_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2))


def table(columns: list[str], rows: list[list[str]]) -> None:
    """A table on stdout, its cells as they are; plain when nobody watches."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(*map(words, columns), box=None, header_style="bold", pad_edge=False)
    for row in rows:
        shown.add_row(*row)
    width = None if sys.stdout.isatty() else 200
    Console(width=width, highlight=False, markup=False, emoji=False).print(shown)
