"""Background work: due jobs, alerts and forgetting, a thread each. Never decides what is due."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

FAILURES = Counter("homeward_worker_failures_total", "Ticks of a background worker that failed.", ["worker"])
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """Calls ``tick`` again and again; at once while it did something, else every ``pause_s`` seconds."""

    name: str
    tick: Callable[[], int]
    pause_s: float

    def run(self, stop: threading.Event) -> None:
        """Until ``stop`` is set. A failed tick is logged, counted and tried again after the pause."""
        while not stop.is_set():
            if self._ticked() == 0:
                stop.wait(self.pause_s)

    def _ticked(self) -> int:
        try:
            return self.tick()
        except Exception:
            FAILURES.labels(self.name).inc()
            log.exception("worker failed", worker=self.name)
            return 0


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
