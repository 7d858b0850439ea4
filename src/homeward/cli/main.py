"""All commands in one place, and the way their failures are told: exit code 0, 1 (failure), 2 (wrong use)."""

import os
import sys
from contextlib import suppress
from io import TextIOWrapper
from pathlib import Path
from typing import Self

from cyclopts import App, CycloptsError

from homeward import __version__
from homeward.cli.common import complain, words
from homeward.cli.help import Help
from homeward.errors import BadSettings, HomewardError

app = App(
    name="homeward",
    help="Brings lost cats and dogs home: photos and cameras in, ranked matches out.\n\nStart with: homeward demo",
    version=__version__,
    help_flags=("--help", "-h"),
    help_formatter=Help(),
)


def _register() -> None:
    """Each family adds its commands."""
    from homeward.cli import bot, cameras, data, evaluate, index, migrate, models, reindex, reports, serve, watch

    for family in (serve, bot, reports, watch, data, cameras, models, migrate, index, reindex, evaluate):
        family.register(app)


_register()


def main() -> None:
    """The entry point. What it writes is the user's alone: homes, contacts, keys.

    A search multiplies on one thread: on several, each spins for milliseconds after every search, on cores that the
    models need (docs/why/speed.md).
    """
    os.umask(0o077)
    _open_what_is_closed()
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if isinstance(sys.stdout, TextIOWrapper) and not sys.stdout.encoding.lower().startswith("utf"):
        sys.stdout.reconfigure(errors="replace")  # better a sign less than no answer
    if isinstance(sys.stderr, TextIOWrapper):
        sys.stderr = Unfailing.instead_of(sys.stderr)
    try:
        result = app(exit_on_error=False, print_error=False)
    except CycloptsError as error:
        sys.exit(_misused(error))
    except UnicodeEncodeError:
        complain("what was typed is no text in UTF-8.")
        sys.exit(2)
    except HomewardError as error:
        sys.exit(_told(error))
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except OSError as error:
        sys.exit(_refused(error))
    sys.exit(result if isinstance(result, int) else 0)


class Unfailing(TextIOWrapper):
    """Loses what cannot be written: the full disk of a log, or its reader who is gone, ends no work."""

    @classmethod
    def instead_of(cls, plain: TextIOWrapper) -> Self:
        """The same, which ``plain`` no longer is."""
        encoding, errors = plain.encoding, plain.errors
        return cls(plain.detach(), encoding=encoding, errors=errors, line_buffering=True)

    def write(self, text: str) -> int:
        """All of it, or not."""
        with suppress(OSError):
            super().write(text)
        return len(text)

    def flush(self) -> None:
        """What can be."""
        with suppress(OSError):
            super().flush()


def _open_what_is_closed() -> None:
    """Nothing comes from and goes to a stdin, stdout or stderr that is closed, and no file of ours takes its number."""
    while (last := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(last)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8", closefd=False))


def _misused(error: CycloptsError) -> int:
    """What the parser refuses."""
    from homeward.cli.wrong_use import in_words

    return _told(in_words(error))


def _refused(error: OSError) -> int:
    """What the machine refuses, with what to do where that is known."""
    from homeward.storage.refused import refused

    found = refused(error, Path(error.filename)) if error.filename else None
    if found is not None:
        return _told(found)
    complain(f"{words(error.strerror or str(error))}{f': {error.filename}' if error.filename else ''}")
    return 1


def _told(error: HomewardError) -> int:
    """Say it in plain words; what the caller can mend is wrong use."""
    field = f" ({error.field})" if error.field else ""
    print(f"homeward: {words(error.message)}{field}", file=sys.stderr)
    if error.hint:
        print(f"  {words(error.hint)}", file=sys.stderr)
    return 2 if error.status < 500 or isinstance(error, BadSettings) else 1
