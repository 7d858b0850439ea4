"""Transactions on SQLite: one writer, readers that never wait, nothing acknowledged before it is on disk."""

import errno
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool

from homeward.domain.embeddings import Embedding
from homeward.domain.ids import EmbeddingId, ModelName
from homeward.domain.reports import Shelf
from homeward.errors import DatabaseUnfit, StorageBusy, StorageFull
from homeward.storage.held import Held
from homeward.storage.index.changes import EmbeddingColumns
from homeward.storage.sql import feed
from homeward.storage.sql.schema import migrate
from homeward.storage.sql.standings import KnownStandings
from homeward.storage.sql.work import SqlUnitOfWork

WRITE_WAIT_S = 20.0
WRITE_WAIT_MS, SCRUB_WAIT_MS = int(WRITE_WAIT_S * 1000), 100
READERS = 16
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",  # who erases a contact wants it gone from the file too
    f"busy_timeout={WRITE_WAIT_MS}",
)


class SqlDatabase:
    """`homeward.ports.Database` on one SQLite file, and the source of changes for the index."""

    def __init__(self, path: Path) -> None:
        """Use `open`, which migrates first."""
        self.path = path
        self._writer = _engine(path, "BEGIN IMMEDIATE", size=1)
        self._reader = _engine(path, "BEGIN", size=READERS, read_only=True)
        self._turn = threading.Lock()
        self._commits = 0
        self._owner = secrets.randbits(31)
        self._held = Held()
        self._standings = KnownStandings()

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or make the file and bring its schema up to date.

        Raises:
            StorageTooNew: a newer version of Homeward wrote it.
            StorageFull: the disk took no more, and the schema wants to grow.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        database = cls(path)
        try:
            with _told(), database._writer.begin() as connection:
                migrate(connection)
            with suppress(StorageFull), _told(), database._writer.begin() as connection:
                feed.forget_changes(connection)
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Let go of the file."""
        self._writer.dispose()
        self._reader.dispose()

    @contextmanager
    def write(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that may change rows; writers wait for each other."""
        if not self._turn.acquire(timeout=WRITE_WAIT_S):
            raise StorageBusy("The database is busy.", hint="Send the request again in a moment.")
        try:
            with _told(), self._writer.begin() as connection:
                work = SqlUnitOfWork(connection, self._owner, self._standings.view(learns=False))
                yield work
            if work.changed:
                self._standings.forget(work.changed)
        finally:
            self._commits += 1
            self._turn.release()

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A consistent view that never waits for writers."""
        standings = self._standings.view()
        with _told(), self._reader.begin() as connection:
            yield SqlUnitOfWork(connection, self._owner, standings)

    def hold(self, name: str) -> AbstractContextManager[bool]:
        """See `homeward.ports.Database`; one process holds the file, so that its memory knows all names."""
        return self._held.hold(name)

    def scrub(self) -> None:
        """Empty the log of writes, which holds what was deleted; while somebody reads it is left for the next time."""
        with self._turn, suppress(sqlite3.Error), closing(self._writer.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={SCRUB_WAIT_MS}")
            try:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            finally:
                cursor.execute(f"PRAGMA busy_timeout={WRITE_WAIT_MS}")

    def now(self) -> None:
        """See `homeward.ports.Database`; a file has no clock."""

    def commits(self) -> int:
        """How often this, the only, process has written or tried to."""
        return self._commits

    def last_change(self) -> int:
        """See `homeward.storage.index.changes.ChangeSource`."""
        with _told(), self._reader.begin() as connection:
            return feed.last_change(connection)

    def changes_after(self, seq: int, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
        """See `homeward.storage.index.changes.ChangeSource`."""
        with _told(), self._reader.begin() as connection:
            return feed.changes_after(connection, seq, shelf)

    def some_embeddings(
        self, shelf: Shelf, model: ModelName, after: EmbeddingId, limit: int
    ) -> tuple[int, list[Embedding]]:
        """See `homeward.storage.index.changes.ChangeSource`."""
        with _told(), self._reader.begin() as connection:
            return feed.last_change(connection), feed.some_embeddings(connection, shelf, model, after, limit)

    def all_embeddings(self, shelf: Shelf, model: ModelName, take: Callable[[EmbeddingColumns], None]) -> int:
        """See `homeward.storage.index.changes.ChangeSource`."""
        with _told(), self._reader.begin() as connection:
            return feed.all_embeddings(connection, shelf, model, take)


def _engine(path: Path, begin: str, *, size: int, read_only: bool = False) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=WRITE_WAIT_S,
        hide_parameters=True,  # what people wrote does not get into logs
    )
    pragmas = (*PRAGMAS, "query_only=ON") if read_only else PRAGMAS
    event.listen(engine, "connect", _prepare(pragmas))
    # pysqlite begins transactions too late and in the wrong mode; the driver is told to leave them to us
    event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _prepare(pragmas: tuple[str, ...]) -> Callable[[Any, Any], None]:
    def prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")

    return prepare


@contextmanager
def _told() -> Iterator[None]:
    """SQLite's troubles in our words."""
    try:
        yield
    except DBAPIError as error:
        told = _translated(error.orig)
        if told is None:
            raise
        raise told from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            raise _full() from error
        raise


def _translated(error: BaseException | None) -> StorageFull | StorageBusy | DatabaseUnfit | None:
    name = getattr(error, "sqlite_errorname", "")
    if name.startswith(("SQLITE_NOTADB", "SQLITE_CORRUPT")):
        return DatabaseUnfit("The database file is damaged.", hint="homeward doctor; then restore the latest backup.")
    if name in {"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC"}:
        return _full()
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return StorageBusy("The database is busy.", hint="Send the request again in a moment.")
    return None


def _full() -> StorageFull:
    return StorageFull("The disk is full; nothing was kept.", hint="Free some space, then send it again.")
