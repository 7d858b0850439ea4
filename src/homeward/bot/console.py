"""The bot in a terminal: the same dialogs without any messenger. Pictures are written into a folder."""

import asyncio
import json
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from homeward.bot.backend import Backend
from homeward.bot.runner import Runner
from homeward.bot.talk import (
    Album,
    Button,
    Card,
    File,
    FileGone,
    Incoming,
    Note,
    Out,
    Pictures,
    Rows,
    Spot,
    Tap,
    Unknown,
    Venue,
    Words,
)
from homeward.client import Json

NAME, ADDRESS = "console", "me"
NEWS_S = 0.5
VIDEOS = {".mp4", ".mov", ".avi", ".mkv", ".webm"}


@dataclass(slots=True)
class Console:
    """`homeward.bot.talk.Messenger`: prints, and numbers the buttons."""

    folder: Path
    out: TextIO = sys.stdout
    buttons: list[Button] = field(default_factory=list)
    _pictures: Iterator[int] = field(default_factory=lambda: iter(range(1, 1_000_000)))

    @property
    def name(self) -> str:
        """In accounts."""
        return NAME

    async def send(self, address: str, out: Out, *, urgent: bool) -> None:  # noqa: ARG002 - one reader, no hurry
        """Print."""
        if isinstance(out, Note):
            self._print(out.text)
            self._offer(out.buttons)
        elif isinstance(out, Card):
            self._print(f"[{self._keep(out.picture)}]\n{out.text}")
            self._offer(out.buttons)
        elif isinstance(out, Album):
            for jpeg, caption in out.pictures:
                self._print(f"[{self._keep(jpeg)}] {caption}")
        elif isinstance(out, Venue):
            self._print(f"{out.title}: {out.lat:.5f}, {out.lon:.5f}\n{out.text}".strip())

    async def taken(self, came: Incoming) -> None:
        """The answer is there at once."""

    async def fetch(self, file: File) -> bytes:
        """Read from the disk."""
        try:
            return await asyncio.to_thread(Path(file.id).read_bytes)
        except OSError:
            raise FileGone("The file cannot be read.") from None

    def body_of(self, line: str) -> Json:
        """What a line means: a number taps a button, names of files send them, anything else is words."""
        if line.isdecimal() and 1 <= int(line) <= len(self.buttons):
            return {"tap": self.buttons[int(line) - 1].data}
        files = _files(line)
        if files:
            return {"files": [str(path) for path in files]}
        return {"words": line}

    def _offer(self, rows: Rows) -> None:
        if rows:
            every = [button for row in rows for button in row]
            self.buttons = [button for button in every if not button.url]
            numbered = enumerate(self.buttons, start=1)
            self._print("   ".join(f"{n}) {button.label}" for n, button in numbered))
            for page in every:
                if page.url:
                    self._print(f"{page.label}: {page.url}")

    def _print(self, words: str) -> None:
        print(words, file=self.out, flush=True)

    def _keep(self, jpeg: bytes) -> Path:
        path = self.folder / f"{next(self._pictures):04d}.jpg"
        path.write_bytes(jpeg)
        return path


async def converse(runner: Runner, backend: Backend, console: Console, lines: Callable[[], str | None]) -> None:
    """Read lines until there are none; print answers, and news in between."""
    news = asyncio.create_task(runner.tell())
    try:
        number = time.time_ns() // 1000
        body: Json = {"words": "/start"}
        while True:
            number += 1
            await backend.take_in([{"number": number, "address": ADDRESS, "body": json.dumps(body)}])
            await runner.work_off()
            line = await asyncio.to_thread(lines)
            while line is not None and not line.strip():
                line = await asyncio.to_thread(lines)
            if line is None:
                await asyncio.sleep(NEWS_S)
                return
            body = console.body_of(line.strip())
    finally:
        news.cancel()
        await runner.close()


def reader(language: str) -> Callable[[Json], Incoming]:
    """What was said in an update of the inbox."""

    def read(update: Json) -> Incoming:
        body = json.loads(update["body"])
        return Incoming((update["number"],), update["address"], language, _said(body))

    return read


def _said(body: Json) -> Words | Pictures | Spot | Tap | Unknown:
    if "tap" in body:
        return Tap(body["tap"])
    if "files" in body:
        return Pictures(tuple(_file(Path(name)) for name in body["files"]))
    return Words(body["words"])


def _file(path: Path) -> File:
    return File(str(path), "video" if path.suffix.lower() in VIDEOS else "photo", path.stat().st_size)


def _files(line: str) -> list[Path]:
    """All words of a line, if all of them name files."""
    try:
        paths = [Path(word).expanduser() for word in shlex.split(line)]
    except ValueError:
        return []
    return paths if paths and all(path.is_file() for path in paths) else []
