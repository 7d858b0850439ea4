"""Bot: lost and found pets by chat, on Telegram or in this terminal."""

import asyncio
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from homeward.cli.common import Data, client, key_in, language, say, settings
from homeward.errors import BadSettings

if TYPE_CHECKING:
    from homeward.settings import Settings

Flag = Annotated[bool, Parameter(negative="")]
BOT_KEY = "a bot on this machine"


def register(app: App) -> None:
    """Add the command."""
    app.command(bot)


def bot(
    *,
    console: Flag = False,
    server: str | None = None,
    key_file: Path | None = None,
    data: Data = None,
) -> None:
    """Talk to people: on Telegram with the token of HOMEWARD_TELEGRAM_TOKEN, or with you in this terminal.

    `homeward serve` runs the Telegram bot by itself when a token is set; this command runs it apart from the server, on
    this machine or another one. The bot holds no data: it can be stopped and started at any time.

    Parameters
    ----------
    console
        Talk in this terminal instead of Telegram: type words, a button's number, or the names of photo files.
    server
        Address of a Homeward server on another machine; default: the one that works in the data folder, else none is
        needed and the bot does its work itself.
    key_file
        A file with a key of scope bot for --server (homeward keys create --name bot --scope bot); default:
        HOMEWARD_BOT_KEY.
    """
    from homeward.telemetry import configure

    chosen = settings(data)
    configure("error" if console else chosen.log_level, "console" if console else chosen.log_format)
    if not console:
        _check(chosen)
    with _place(chosen, server, key_file, data) as (url, key, app):
        work = _console(url, key, app) if console else _telegram(chosen, url, key, app)
        asyncio.run(work)


def _check(chosen: "Settings") -> None:
    if find_spec("aiogram") is None:
        raise BadSettings("The Telegram bot needs aiogram.", hint="pip install 'homeward[bot]'")
    if chosen.telegram_token is None:
        hint = "Ask @BotFather for one and set HOMEWARD_TELEGRAM_TOKEN, or try: homeward bot --console"
        raise BadSettings("There is no bot token.", field="telegram_token", hint=hint)


@contextmanager
def _place(
    chosen: "Settings", server: str | None, key_file: Path | None, data: Path | None
) -> Iterator[tuple[str, str, Any]]:
    """Where the API is, a key of scope bot, and the application if it runs in this process."""
    if server is not None:
        key = key_in(key_file) if key_file else None
        key = key or (chosen.bot_key.get_secret_value() if chosen.bot_key else None)
        if key is None:
            hint = "On the server: homeward keys create --name bot --scope bot; then --key-file or HOMEWARD_BOT_KEY."
            raise BadSettings("A bot on another machine needs a key.", field="bot_key", hint=hint)
        yield server, key, None
        return
    with client(data, working=True) as operator:
        made = operator.post("/keys", {"name": BOT_KEY, "scope": "bot"})
        try:
            yield operator.base_url, made["secret"], operator.application
        finally:
            operator.delete(f"/keys/{made['id']}")


async def _telegram(chosen: "Settings", url: str, key: str, app: Any) -> None:
    from homeward.app import telegram_bot

    async with _backend(url, key, app, "telegram") as backend:
        await telegram_bot(chosen, backend).run()


async def _console(url: str, key: str, app: Any) -> None:
    from homeward.app import SystemClock
    from homeward.bot.console import Console, converse, reader
    from homeward.bot.runner import Runner
    from homeward.bot.turn import House

    with tempfile.TemporaryDirectory(prefix="homeward-") as folder:
        async with _backend(url, key, app, "console") as backend:
            console = Console(Path(folder))
            runner = Runner(backend, console, reader(language()), SystemClock().now, House())
            print(say("console"), file=sys.stderr)
            await converse(runner, backend, console, _line)


def _line() -> str | None:
    """The next line; None at the end."""
    if sys.stdin.isatty():
        try:
            return input("> ")
        except EOFError:
            return None
    return sys.stdin.readline() or None


def _backend(url: str, key: str, app: Any, messenger: str) -> Any:
    from contextlib import asynccontextmanager

    import httpx2

    from homeward.bot.backend import Backend
    from homeward.client import AsyncClient

    @asynccontextmanager
    async def opened() -> Any:
        transport = httpx2.ASGITransport(app) if app is not None else None
        async with AsyncClient(url, key, transport=transport) as found:
            yield Backend(found, messenger)

    return opened()
