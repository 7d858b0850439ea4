"""Silence: a server that takes what it is sent and never answers. Who waits for it is let go of, with an error.

TCP notices a machine that is gone. Of one that hangs, or whose PostgreSQL is stopped, the kernel goes on
acknowledging: a statement would wait for ever. A slow statement is no silence, as newcomers are let in meanwhile.
"""

import os
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
import structlog
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event

from homeward.storage.sql.postgres.address import CONNECT, Address

LOOK_S = 5.0
SILENT_S = 15  # in which nobody new is let in; a server that is merely busy does that in less
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Silence:
    """Looks, on a thread of its own, for connections that wait for an answer; only then it asks to be let in itself.

    It holds a second handle of each socket, so that it can never hang up on another one that came by the same number.
    """

    address: Address
    _open: dict[psycopg.Connection, socket.socket] = field(default_factory=dict)
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def watch(self, engine: Engine) -> None:
        """The connections of ``engine``, from the next one that it opens."""
        event.listen(engine, "connect", self._opened)
        event.listen(engine, "close", self._closed)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._look, name="silence of the database", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)

    def _opened(self, connection: psycopg.Connection, _record: object) -> None:
        with self._turn:
            self._open[connection] = socket.socket(fileno=os.dup(connection.fileno()))

    def _closed(self, connection: psycopg.Connection, _record: object) -> None:
        with self._turn:
            if own := self._open.pop(connection, None):  # none where it was cut before it could be watched
                own.close()

    def _look(self) -> None:
        before: set[psycopg.Connection] = set()
        while not self._stop.wait(LOOK_S):
            waiting = self._waiting()
            if waiting & before and self._is_silent():
                self._let_go()
            before = waiting

    def _waiting(self) -> set[psycopg.Connection]:
        """For an answer to what they have sent."""
        with self._turn:
            return {one for one in self._open if one.info.transaction_status is TransactionStatus.ACTIVE}

    def _is_silent(self) -> bool:
        """Whatever it says, and be it that it is full, it is not; nor where it refuses: then TCP cuts who waits."""
        try:
            psycopg.connect(self.address.dsn, **{**CONNECT, "connect_timeout": SILENT_S}).close()
        except psycopg.errors.ConnectionTimeout:
            return True
        except psycopg.Error:
            return False
        return False

    def _let_go(self) -> None:
        """Of all who still wait: they read that the connection is cut."""
        waiting = self._waiting()
        log.warning("the database is silent, who waits for it is let go of", waiting=len(waiting))
        with self._turn:
            for one in waiting & self._open.keys():
                with suppress(OSError):
                    self._open[one].shutdown(socket.SHUT_RDWR)
