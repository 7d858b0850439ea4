"""Background work, a thread each: due jobs, alerts, forgetting, the bot. Never decides what is due."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from prometheus_client import Counter

from homeward.errors import HomewardError

FAILURES = Counter("homeward_worker_failures_total", "Ticks of a background worker that failed.", ["worker"])
PASSES = 503  # the status of what others are to blame for, and mend: database, photo store, index, models
FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 5.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Outage:
    """What ``worker`` needs does not answer: said once, waited for ever longer, said when it is over."""

    worker: str
    pause_s: float = 0.0

    def goes_on(self, error: HomewardError) -> None:
        """It failed once more."""
        if not self.pause_s:
            log.warning("worker waits", worker=self.worker, problem=error.code, said=error.message)
        self.pause_s = min(LAST_PAUSE_S, 2 * self.pause_s or FIRST_PAUSE_S)

    def is_over(self) -> None:
        """It works, perhaps again."""
        if self.pause_s:
            log.warning("worker goes on", worker=self.worker)
        self.pause_s = 0.0


@dataclass(frozen=True, slots=True)
class Worker:
    """Calls ``tick`` again and again; at once while it did something, else every ``pause_s`` seconds."""

    name: str
    tick: Callable[[], int]
    pause_s: float

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set. A failed tick is logged, counted and tried again after the pause."""
        outage = Outage(self.name)
        while not stop.is_set():
            if self._ticked(outage) == 0:
                stop.wait(max(self.pause_s, outage.pause_s))

    def _ticked(self, outage: Outage) -> int:
        try:
            done = self.tick()
        except Exception as error:
            FAILURES.labels(self.name).inc()
            if isinstance(error, HomewardError) and error.status == PASSES:
                outage.goes_on(error)
            else:
                log.exception("worker failed", worker=self.name)
            return 0
        outage.is_over()
        return done


@dataclass(slots=True)
class Workers:
    """All workers of one process, started and stopped together."""

    workers: tuple[Worker, ...]
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """One daemon thread for each."""
        for worker in self.workers:
            thread = threading.Thread(target=worker.run, args=(self._stop,), name=worker.name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self, timeout_s: float = 20.0) -> None:
        """Let each finish its tick."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout_s)
        self._threads.clear()


@dataclass(slots=True)
class LoopThread:
    """A coroutine in a thread and an event loop of its own. What it fails with is logged; the process goes on."""

    name: str
    make: Callable[[], Coroutine[Any, Any, None]]
    _begun: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _task: "asyncio.Task[None] | None" = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()
        self._begun.wait()

    def stop(self, timeout_s: float = 10.0) -> None:
        """Cancel it, and wait until it has let go of everything."""
        if self._thread is None:
            return
        if self._loop is not None and self._task is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            asyncio.run(self._work())
        except Exception:
            FAILURES.labels(self.name).inc()
            log.exception("stopped", worker=self.name)

    async def _work(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        self._begun.set()
        with suppress(asyncio.CancelledError):
            await self.make()
