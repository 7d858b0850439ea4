"""Streams: who listens to a report's news, how many may at once, and how all end when the server does."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress

from homeward.domain.ids import ReportId
from homeward.engine.events import Event, EventBroker
from homeward.errors import TooManyRequests

BEAT_S = 15.0
WAITING = 1000  # events that a listener may lag behind before the oldest are dropped
MOST_OF_REPORT = 20
MOST_OF_ADDRESS = 50
FULL_S = 30.0  # when to try again where too many listen


class News:
    """The events of a report for one listener, in the loop that made it; it holds no thread."""

    def __init__(self) -> None:
        """Nothing happened yet."""
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[Event | None] = asyncio.Queue(WAITING)

    def tell(self, event: Event | None) -> None:
        """From any thread; None is the end."""
        with suppress(RuntimeError):  # the loop was closed meanwhile: nobody listens
            self._loop.call_soon_threadsafe(self._put, event)

    async def events(self, beat_s: float) -> AsyncIterator[Event | None]:
        """Each as it comes, until the end; None after ``beat_s`` seconds without any."""
        while True:
            try:
                async with asyncio.timeout(beat_s):
                    event = await self._waiting.get()
            except TimeoutError:
                yield None
                continue
            if event is None:
                return
            yield event

    def _put(self, event: Event | None) -> None:
        if self._waiting.full():
            self._waiting.get_nowait()
        self._waiting.put_nowait(event)


class Streams:
    """All listeners of this process. Used in the loop alone, but for `stop`."""

    def __init__(self) -> None:
        """Nobody listens yet."""
        self._open: Counter[str] = Counter()
        self._listening: set[News] = set()
        self._is_over = False

    @contextmanager
    def listen(self, events: EventBroker, report_id: ReportId, address: str) -> Iterator[News]:
        """Listen to a report while the block lasts.

        Raises:
            TooManyRequests: too many do already, to this report or from this address.
        """
        news = News()
        with (
            self._counted(f"report {report_id}", MOST_OF_REPORT),
            self._counted(f"address {address}", MOST_OF_ADDRESS),
            events.subscribe(report_id, news.tell),
        ):
            self._listening.add(news)
            if self._is_over:
                news.tell(None)
            try:
                yield news
            finally:
                self._listening.discard(news)

    def stop(self) -> None:
        """All end, and who comes later ends at once. From any thread, or a signal's handler."""
        self._is_over = True
        for news in tuple(self._listening):
            news.tell(None)

    @contextmanager
    def _counted(self, name: str, most: int) -> Iterator[None]:
        if self._open[name] >= most:
            raise TooManyRequests(
                f"At most {most} listen at once.", hint="Close other tabs of this page.", retry_after_s=FULL_S
            )
        self._open[name] += 1
        try:
            yield
        finally:
            self._open[name] -= 1
            self._open += Counter()  # without those that are at zero
