"""The bot at work: what came in to the dialog, one chat after its own order; what is to be told to the messenger.

Nothing is kept here: updates, dialogs and alerts lie behind the API, so that a killed bot goes on where it was. An
update counts as worked on once its answers are sent; killed in between, it is worked on again, and only its answers are
doubled.
"""

import asyncio
import itertools
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog
from prometheus_client import Counter, Histogram

from homeward.bot import dialog, news
from homeward.bot.backend import Backend
from homeward.bot.talk import Incoming, Messenger, Note, Pictures, Unreachable
from homeward.bot.turn import House, Turn
from homeward.bot.words import Words
from homeward.client import Json
from homeward.errors import Conflict, HomewardError, NotFound

ALBUM_WAIT_S = 0.8  # the photos of an album come as messages of their own, shortly after each other
AT_ONCE = 32
NEWS_AHEAD = 96  # claimed before their turn: claiming costs the same for few as for many
QUEUE, BURST, REFILL_PER_S = 40, 20, 1.0
FIRST_WAIT_S, LONGEST_WAIT_S, TOLD_AFTER = 0.5, 30.0, 3
IDLE_S = 0.5
ABSENT_S = 5.0  # then the server, which knows by then that nobody is there, keeps it or lets it go
log = structlog.get_logger(__name__)
TURNS = Counter("homeward_bot_turns_total", "Turns of dialogs by outcome.", ["outcome"])
TURN_SECONDS = Histogram("homeward_bot_turn_seconds", "From taking a message up to its answer sent, in seconds.")
NEWS = Counter("homeward_bot_news_total", "News by outcome.", ["kind", "outcome"])

Read = Callable[[Json], Incoming | None]


@dataclass(slots=True)
class _Chat:
    """What waits of one chat, and its share of attention."""

    waiting: deque[tuple[float, Incoming]] = field(default_factory=deque)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    task: "asyncio.Task[None] | None" = None
    tokens: float = BURST
    seen_at: float = 0.0
    answered_at: float = 0.0
    is_told: bool = False


class Runner:
    """Works for one messenger. ``read`` makes what was said of an update's JSON, None where it is nothing to answer."""

    def __init__(
        self, backend: Backend, messenger: Messenger, read: Read, now: Callable[[], datetime], house: House
    ) -> None:
        """Join them."""
        self._backend, self._messenger, self._read, self._now, self._house = backend, messenger, read, now, house
        self._chats: dict[str, _Chat] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_once, self._news_at_once = asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE)
        self._seq = 0
        self._came = asyncio.Event()

    def wake(self) -> None:
        """Something came in."""
        self._came.set()

    async def answer(self) -> None:
        """Take up what came in, for ever."""
        while True:
            try:
                found = await self._take_up()
            except HomewardError as error:
                log.warning("inbox", error=error.code)
                await asyncio.sleep(FIRST_WAIT_S)
                continue
            if not found:
                self._came.clear()
                await _event(self._came, IDLE_S)

    async def work_off(self) -> None:
        """Answer all that is there now."""
        while await self._take_up():
            await asyncio.gather(*(chat.task for chat in list(self._chats.values()) if chat.task is not None))

    async def close(self) -> None:
        """Let go in the middle of whatever is going on: it is taken up again at the next start."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _spawn(self, work: Coroutine[None, None, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _take_up(self) -> int:
        found = await self._backend.waiting(self._seq)
        for update in found:
            self._seq = max(self._seq, update["seq"])
            await self._queue(update)
        return len(found)

    async def tell(self) -> None:
        """Deliver news, for ever."""
        running: set[asyncio.Task[None]] = set()
        while True:
            free = NEWS_AHEAD - len(running)
            claimed: list[Json] = []
            try:
                claimed = await self._backend.claim(free) if free >= NEWS_AHEAD // 2 else []
            except HomewardError as error:
                log.warning("outbox", error=error.code)
            running |= {self._spawn(self._deliver(each)) for each in claimed}
            if not running:
                await asyncio.sleep(IDLE_S)
                continue
            done, running = await asyncio.wait(running, timeout=IDLE_S, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()

    # --- what came in -------------------------------------------------------------------------------------

    async def _queue(self, update: Json) -> None:
        came = self._understood(update)
        if came is None:
            await self._again(lambda: self._backend.drop([update["number"]]))
            return
        chat = self._chats.setdefault(came.address, _Chat())
        if len(chat.waiting) >= QUEUE:
            await self._flooded(chat, came)
            return
        chat.waiting.append((time.monotonic(), came))
        if chat.task is None or chat.task.done():
            chat.task = self._spawn(self._work(came.address, chat))

    def _understood(self, update: Json) -> Incoming | None:
        """None too where nobody thought of such an update: it would come back for ever, and before all others."""
        try:
            return self._read(update)
        except (KeyError, TypeError, ValueError, AttributeError):
            log.exception("update not understood", number=update["number"])
            return None

    async def _flooded(self, chat: _Chat, came: Incoming) -> None:
        """One person's flood is not answered for ever."""
        await self._again(lambda: self._backend.drop(came.numbers))
        TURNS.labels("dropped").inc()
        if not chat.is_told:
            chat.is_told = True
            await self._try_to_say(came, "slow_down")

    async def _work(self, address: str, chat: _Chat) -> None:
        while chat.waiting:
            together = await self._together(chat)
            await self._share(chat)
            async with chat.lock, self._at_once:
                await self._turn(together)
            await self._pass_over_doubles(chat, together)
        chat.is_told = False
        self._leave(address, chat)

    async def _pass_over_doubles(self, chat: _Chat, answered: Incoming) -> None:
        """Taps that came again before the first was answered."""
        while chat.waiting and dialog.is_double(chat.waiting[0][1].said, answered.said):
            came_at, came = chat.waiting[0]
            if came_at > chat.answered_at:
                return
            chat.waiting.popleft()
            await self._messenger.taken(came)
            await self._again(partial(self._backend.drop, came.numbers))
            TURNS.labels("double").inc()

    def _leave(self, address: str, chat: _Chat) -> None:
        """Nobody needs to remember a chat in which nothing happens; its share comes back within seconds."""
        is_working = chat.task is not None and not chat.task.done() and chat.task is not asyncio.current_task()
        if not chat.waiting and not chat.lock.locked() and not is_working and chat.tokens > BURST / 2:
            self._chats.pop(address, None)

    async def _together(self, chat: _Chat) -> Incoming:
        """The next thing said; an album as one, once all of its photos are there."""
        while True:
            group = chat.waiting[0][1].group
            if group is None:
                return chat.waiting.popleft()[1]
            album = [entry for entry in chat.waiting if entry[1].group == group]
            rest_s = album[-1][0] + ALBUM_WAIT_S - time.monotonic()
            if rest_s <= 0:
                chat.waiting = deque(entry for entry in chat.waiting if entry not in album)
                return _joined([came for _, came in album])
            await asyncio.sleep(rest_s)

    async def _share(self, chat: _Chat) -> None:
        """One person gets a burst of attention, then a turn a second."""
        now = time.monotonic()
        if chat.seen_at:
            chat.tokens = min(BURST, chat.tokens + (now - chat.seen_at) * REFILL_PER_S)
        chat.seen_at = now
        chat.tokens -= 1
        if chat.tokens < 0:
            await asyncio.sleep(-chat.tokens / REFILL_PER_S)

    async def _turn(self, came: Incoming) -> None:
        start, outcome = time.perf_counter(), "ok"
        try:
            await self._again(lambda: self._one_turn(came), came)
        except Unreachable:
            outcome = "unreachable"
            await self._again(lambda: self._lost(came))
        except Exception as error:
            outcome = getattr(error, "code", type(error).__name__)
            log.exception("turn failed", numbers=came.numbers)
            await self._try_to_say(came, "wrong")
            await self._again(lambda: self._backend.drop(came.numbers))
        finally:
            TURNS.labels(outcome).inc()
            TURN_SECONDS.observe(time.perf_counter() - start)

    async def _one_turn(self, came: Incoming) -> None:
        try:
            account = await self._backend.arrive(came.address, came.language, came.numbers)
        except Conflict:
            return
        await self._messenger.taken(came)
        turn = self._new_turn(account, came.numbers)
        await dialog.answer(turn, came.said)
        for out in turn.out:
            await self._messenger.send(came.address, out, urgent=True)
        self._chats.setdefault(came.address, _Chat()).answered_at = time.monotonic()
        if turn.state.get("erased"):
            await self._backend.drop(came.numbers)
            return
        with suppress(NotFound):  # erased by somebody else in the middle of it
            await turn.person.save(turn.state, _step(turn), came.numbers)

    async def _again(self, what: Callable[[], Awaitable[object]], came: Incoming | None = None) -> None:
        """Tried until it works while server or messenger are down: nothing is lost. What is refused is raised."""
        for attempt in itertools.count():
            try:
                await what()
            except HomewardError as error:
                if error.status < 500:
                    raise
                log.warning("tried again", error=error.code)
                if attempt == TOLD_AFTER and came is not None:
                    await self._try_to_say(came, "busy")
                await asyncio.sleep(min(LONGEST_WAIT_S, FIRST_WAIT_S * 2**attempt))
            else:
                return

    async def _lost(self, came: Incoming) -> None:
        """The person is gone: no news go there any more."""
        account = await self._backend.arrive(came.address, came.language)
        await self._backend.unreachable(account["id"])
        await self._backend.drop(came.numbers)

    async def _try_to_say(self, came: Incoming, key: str) -> None:
        language = came.language
        try:
            language = (await self._backend.arrive(came.address, language))["language"]
        except HomewardError as error:
            log.warning("language not known", error=error.code)
        text = Words(language, None, self._now())(key)
        try:
            await self._messenger.send(came.address, Note(text), urgent=True)
        except HomewardError as error:
            log.warning("not said", key=key, error=error.code)

    # --- news ---------------------------------------------------------------------------------------------

    async def _deliver(self, alert: Json) -> None:
        account, outcome = alert["account"], "ok"
        chat = self._chats.setdefault(account["address"], _Chat())
        try:
            async with self._news_at_once:
                async with chat.lock:
                    await self._put(alert, account)
                await self._backend.told(alert["ids"])
        except Unreachable:
            outcome = "unreachable"
            await self._quietly(self._backend.unreachable(account["id"]))
            await self._quietly(self._backend.not_told(alert["ids"], outcome, ABSENT_S))
        except Exception as error:
            outcome = getattr(error, "code", type(error).__name__)
            if not isinstance(error, HomewardError):
                log.exception("news failed", kind=alert["kind"])
            wait_s = FIRST_WAIT_S * 10 * 2 ** min(alert["attempts"], 8)
            await self._quietly(self._backend.not_told(alert["ids"], outcome, wait_s))
        finally:
            NEWS.labels(alert["kind"], outcome).inc()
            self._leave(account["address"], chat)

    async def _put(self, alert: Json, claimed: Json) -> None:
        account = await self._backend.account(claimed["id"]) if alert["kind"] in news.ASK_THE_DIALOG else claimed
        turn = self._new_turn(account, ())
        before = dict(turn.state)
        await news.put(turn, alert)
        for out in turn.out:
            await self._messenger.send(account["address"], out, urgent=False)
        if turn.state != before:
            await turn.person.save(turn.state, _step(turn), ())

    async def _quietly(self, what: Awaitable[None]) -> None:
        """What fails here is made good when the lease of the alert ends."""
        try:
            await what
        except HomewardError as error:
            log.warning("alert", error=error.code)

    def _new_turn(self, account: Json, numbers: Sequence[int]) -> Turn:
        person = self._backend.of(account, numbers)
        return Turn(person, self._words(account), dict(account["dialog"]), self._messenger.fetch, self._house)

    def _words(self, account: Json) -> Words:
        return Words(account["language"], account["utc_offset_min"], self._now())


def _step(turn: Turn) -> str:
    return turn.step if "draft" not in turn.state else f"{turn.draft.get('shelf') or 'new'}.{turn.step}"


def _joined(came: Sequence[Incoming]) -> Incoming:
    """The messages of an album as one."""
    pictures = [each.said for each in came if isinstance(each.said, Pictures)]
    files = tuple(file for each in pictures for file in each.files)
    caption = "\n".join(dict.fromkeys(each.caption for each in pictures if each.caption))
    numbers = tuple(number for each in came for number in each.numbers)
    return Incoming(numbers, came[0].address, came[0].language, Pictures(files, caption))


async def _event(event: asyncio.Event, timeout_s: float) -> None:
    try:
        await asyncio.wait_for(event.wait(), timeout_s)
    except TimeoutError:
        return
