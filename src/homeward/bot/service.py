"""The bot on Telegram, put together: updates in, answers and news out, alarms to its operators."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from homeward.bot.backend import Backend
from homeward.bot.runner import Runner
from homeward.bot.talk import Note
from homeward.bot.telegram import Telegram
from homeward.bot.turn import House
from homeward.bot.updates import read
from homeward.bot.words import Words
from homeward.client import Json
from homeward.errors import BadSettings, HomewardError, InvalidInput, PayloadTooLarge

LOOK_S = 60.0
OUTBOX_LATE_S, JOBS_MANY = 600, 100
WAIT_S = 2.0
NEVER_TAKEN = {InvalidInput.code, PayloadTooLarge.code}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class TelegramBot:
    """Works until it is cancelled. ``webhook``: where Telegram sends updates, with which secret; None asks for them."""

    telegram: Telegram
    backend: Backend
    house: House
    now: Callable[[], datetime]
    webhook: tuple[str, str] | None = None
    look_s: float = LOOK_S

    async def run(self) -> None:
        """All of it at once.

        Raises:
            BadSettings: Telegram does not know the token.
        """
        runner = Runner(self.backend, self.telegram, read, self.now, self.house)
        try:
            await self.telegram.prepare(self.webhook)
            async with asyncio.TaskGroup() as together:
                if self.webhook is None:
                    together.create_task(self._ever(lambda: self._poll(runner)))
                for work in (runner.answer, runner.tell, self._look_after):
                    together.create_task(self._ever(work))
        except* HomewardError as failed:
            raise failed.exceptions[0] from None
        finally:
            await runner.close()
            await self.telegram.close()

    async def _poll(self, runner: Runner) -> None:
        """What Telegram gives is kept behind the API before Telegram may forget it."""
        offset = 0
        while True:
            try:
                found = await self.telegram.updates(offset)
                if found:
                    await self._take_in(found)
            except BadSettings:
                raise
            except HomewardError as error:
                log.warning("updates", error=error.code)
                await asyncio.sleep(WAIT_S)
                continue
            if found:
                offset = found[-1]["number"] + 1
                runner.wake()

    async def _take_in(self, found: Sequence[Json]) -> None:
        """One that the server will never take goes, so that it holds up no other."""
        try:
            await self.backend.take_in(found)
        except HomewardError as error:
            if error.code not in NEVER_TAKEN:
                raise
            if len(found) == 1:
                log.warning("update not kept", number=found[0]["number"], error=error.code)
                return
            for update in found:
                await self._take_in([update])

    async def _ever(self, work: Callable[[], Awaitable[None]]) -> None:
        """What nobody expected ends neither the bot nor the rest of what it does."""
        while True:
            try:
                await work()
            except HomewardError:
                raise
            except Exception:
                log.exception("the bot goes on")
                await asyncio.sleep(WAIT_S)

    async def _look_after(self) -> None:
        """Tell operators when something stands still, and when that is over."""
        known: dict[str, str] = {}
        while True:
            await asyncio.sleep(self.look_s)
            try:
                now = alarms(await self.backend.stats())
            except HomewardError as error:
                log.warning("stats", error=error.code)
                continue
            for name in now.keys() - known.keys():
                await self._alarm("alarm", name, now[name])
            for name in known.keys() - now.keys():
                await self._alarm("alarm_over", name, known[name])
            known = {name: str(value) for name, value in now.items()}

    async def _alarm(self, key: str, name: str, value: str) -> None:
        for admin in self.house.admins:
            try:
                account = await self.backend.arrive(admin, "en")
                words = Words(account["language"], account["utc_offset_min"], self.now())
                what = words(f"alarm.{name}", value=value)
                await self.telegram.send(admin, Note(words(key, what=what)), urgent=True)
            except HomewardError as error:
                log.warning("alarm", error=error.code)


def alarms(stats: Json) -> dict[str, str]:
    """What an operator should look at, each with its figure."""
    figures, found = stats["figures"], {}
    if figures["outbox_oldest_s"] > OUTBOX_LATE_S:
        found["outbox"] = str(round(figures["outbox_oldest_s"] / 60))
    if figures["jobs_waiting"] > JOBS_MANY:
        found["jobs"] = str(figures["jobs_waiting"])
    broken = [name for name, works in stats["ready"].items() if not works]
    if broken:
        found["ready"] = ", ".join(broken)
    return found
