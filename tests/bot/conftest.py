import asyncio
import io
import json
import threading
import time
from datetime import UTC, datetime

import pytest

from homeward.api.auth import new_key
from homeward.bot.backend import Backend
from homeward.bot.console import ADDRESS, Console, reader
from homeward.bot.pace import Pace
from homeward.bot.runner import Runner
from homeward.bot.service import TelegramBot
from homeward.bot.telegram import Telegram
from homeward.bot.turn import House
from homeward.client import AsyncClient
from homeward.locales import text
from homeward.workers import LoopThread
from tests.doors.conftest import Door
from tests.fakes.telegram import TOKEN, FakeTelegram
from tests.running import served

DEADLINE_S = 30.0


class Bot:
    """The real bot in a thread, between a fake Telegram and a real server; it can be stopped and started again."""

    def __init__(self, url, secret, telegram, *, pace=None, house=None, webhook=None, look_s=60.0):
        self.url, self.secret, self.telegram = url, secret, telegram
        self.pace, self.house, self.webhook = pace, house or House(), webhook
        self.look_s, self.thread = look_s, None

    def start(self):
        self.thread = LoopThread("bot", self._work)
        self.thread.start()

    def stop(self):
        self.thread.stop()

    async def _work(self):
        pace = self.pace or Pace(1000.0, 1000.0, 10)
        async with AsyncClient(self.url, self.secret) as client:
            telegram = Telegram.open(TOKEN, self.telegram.url, pace)
            backend = Backend(client, "telegram")
            now = lambda: datetime.now(UTC)  # noqa: E731
            await TelegramBot(telegram, backend, self.house, now, self.webhook, self.look_s).run()


class ConsoleTalker:
    """One person in a terminal, with the same verbs as a person on Telegram."""

    def __init__(self, url, secret, language, folder):
        self.language, self.folder, self.screen = language, folder, io.StringIO()
        self.console = Console(folder, self.screen)
        self.seen, self.numbers = 0, iter(range(1, 10_000))
        self.ready, self.loop = threading.Event(), None
        self.thread = LoopThread("console", lambda: self._work(url, secret))
        self.thread.start()
        assert self.ready.wait(DEADLINE_S)

    async def _work(self, url, secret):
        async with AsyncClient(url, secret) as client:
            self.backend = Backend(client, "console")
            now = lambda: datetime.now(UTC)  # noqa: E731
            self.runner = Runner(self.backend, self.console, reader(self.language), now, House())
            self.loop = asyncio.get_running_loop()
            self.ready.set()
            await self.runner.tell()

    async def _act(self, body):
        await self.backend.take_in([{"number": next(self.numbers), "address": ADDRESS, "body": json.dumps(body)}])
        await self.runner.work_off()

    def act(self, body):
        self.seen = len(self.screen.getvalue())
        asyncio.run_coroutine_threadsafe(self._act(body), self.loop).result(DEADLINE_S)

    def writes(self, words):
        self.act(self.console.body_of(words))

    def sends_photos(self, *photos, caption=None):
        paths = []
        for data in photos:
            paths.append(self.folder / f"own-{next(self.numbers)}.jpg")
            paths[-1].write_bytes(data)
        self.act({"files": [str(path) for path in paths]})

    def sends_place(self, lat, lon):
        self.writes(f"{lat}, {lon}")

    def taps(self, label):
        labels = [button.label for button in self.console.buttons]
        number = next(n for n, shown in enumerate(labels, start=1) if label in shown)
        self.writes(str(number))

    def sees(self, words):
        deadline = time.monotonic() + DEADLINE_S
        while words not in self.screen.getvalue()[self.seen :]:
            assert time.monotonic() < deadline, (words, self.screen.getvalue()[self.seen :])
            threading.Event().wait(0.02)
        return self.screen.getvalue()[self.seen :]


@pytest.fixture
def door(tmp_path):
    made = Door(tmp_path / "house", uploads_per_minute=0)
    yield made
    made.http.close()
    made.world.database.close()


@pytest.fixture
def server(door):
    with served(door.api) as url:
        yield url


@pytest.fixture
def secret(door):
    return new_key(door.context, "bot", "bot", None)[1]


@pytest.fixture
def telegram():
    with FakeTelegram() as made:
        yield made


@pytest.fixture
def bot(server, secret, telegram):
    made = Bot(server, secret, telegram)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def console(server, secret, tmp_path):
    made = []

    def begin(language):
        folder = tmp_path / f"console-{len(made)}"
        folder.mkdir()
        made.append(ConsoleTalker(server, secret, language, folder))
        return made[-1]

    yield begin
    for talker in made:
        talker.thread.stop()


@pytest.fixture(params=["telegram-en", "telegram-ru", "console-en", "console-ru"])
def somebody(request):
    """A person on either messenger, in either language."""
    kind, language = request.param.split("-")
    if kind == "console":
        return request.getfixturevalue("console")(language)
    request.getfixturevalue("bot")
    return request.getfixturevalue("telegram").person(7, language)


def words(person, key, **values):
    """A text as the person reads it, up to the first value."""
    return text(person.language, f"bot.{key}", **values)
