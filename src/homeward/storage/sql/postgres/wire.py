"""The wire between processes on one database: short texts of one reach all others; and a sign that this one lives.

It loses what is said while the server is away. It never tells a process what that process itself said.
"""

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import psycopg
import structlog

from homeward.storage.sql.dialect import ALIVE
from homeward.storage.sql.postgres.address import CONNECT, Address

CHANNEL = "homeward_events"
WAIT_S, FIRST_RETRY_S, LAST_RETRY_S = 0.5, 0.2, 5.0
AT_ONCE = 50
WAITING = 10_000
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Wire:
    """Says and hears, each on a thread and a connection of its own; ``owner`` is the number of this process."""

    address: Address
    owner: int
    _said: "queue.Queue[str]" = field(default_factory=lambda: queue.Queue(WAITING))
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)
    listening: threading.Event = field(default_factory=threading.Event)

    def start(self, hear: Callable[[str], None]) -> None:
        """Connect, and go on connecting whenever the connection was lost."""
        for name, work in (("hears", lambda line: self._hear(line, hear)), ("says", self._say)):
            thread = threading.Thread(target=self._keep, args=(work,), name=f"wire {name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def send(self, text: str) -> None:
        """To all others, soon; the oldest are dropped where too many wait."""
        while True:
            try:
                self._said.put_nowait(text)
            except queue.Full:
                self._said.get_nowait()
            else:
                return

    def close(self) -> None:
        """Hang up."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)

    def _keep(self, work: "Callable[[psycopg.Connection], None]") -> None:
        wait_s = FIRST_RETRY_S
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                with psycopg.connect(self.address.dsn, autocommit=True, **CONNECT) as line:
                    work(line)
            except psycopg.Error as error:
                wait_s = FIRST_RETRY_S if time.monotonic() - began > LAST_RETRY_S else min(LAST_RETRY_S, wait_s * 2)
                log.warning("the wire to other processes is cut", problem=type(error).__name__, again_in_s=wait_s)
                self._stop.wait(wait_s)

    def _hear(self, line: psycopg.Connection, hear: Callable[[str], None]) -> None:
        line.execute("SELECT pg_advisory_lock(%s, %s)", (ALIVE, self.owner))
        line.execute(f"LISTEN {CHANNEL}")
        self.listening.set()
        try:
            while not self._stop.is_set():
                for told in line.notifies(timeout=WAIT_S):
                    speaker, _, text = told.payload.partition(" ")
                    if speaker != str(self.owner):
                        _hear_one(text, hear)
        finally:
            self.listening.clear()

    def _say(self, line: psycopg.Connection) -> None:
        while not self._stop.is_set():
            try:
                some = [self._said.get(timeout=WAIT_S)]
            except queue.Empty:
                continue
            while len(some) < AT_ONCE and not self._said.empty():
                some.append(self._said.get_nowait())
            line.execute(
                "SELECT pg_notify(%s, told) FROM unnest(%s::text[]) AS told",
                (CHANNEL, [f"{self.owner} {text}" for text in some]),
            )


def _hear_one(text: str, hear: Callable[[str], None]) -> None:
    """What cannot be understood is passed over, say that of a newer version: this thread is also the sign of life."""
    try:
        hear(text)
    except Exception as error:  # noqa: BLE001 - whatever it was, the next is heard
        log.warning("what another process told was not understood", problem=type(error).__name__)
