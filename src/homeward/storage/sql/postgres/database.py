"""Transactions on PostgreSQL: many writers, many processes; nothing acknowledged before it is on the server's disk."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self

import structlog
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.pool import QueuePool

from homeward.domain.embeddings import Embedding
from homeward.domain.ids import EmbeddingId, ModelName
from homeward.domain.reports import Shelf
from homeward.storage.index.changes import EmbeddingColumns
from homeward.storage.sql.dialect import WRITES, alone
from homeward.storage.sql.postgres import feed
from homeward.storage.sql.postgres.address import CONNECT, Address
from homeward.storage.sql.postgres.fitness import check_server, check_tables, check_vector
from homeward.storage.sql.postgres.silence import Silence
from homeward.storage.sql.postgres.troubles import told, told_at_start
from homeward.storage.sql.postgres.wire import Wire
from homeward.storage.sql.schema import migrate
from homeward.storage.sql.work import SqlUnitOfWork

WAIT_S = 20
CONNECTIONS = 8  # of each of the three kinds: those that write, those that read, those that search or hold a name
SETTINGS = {
    "lock_timeout": f"{WAIT_S}s",
    "idle_in_transaction_session_timeout": "60s",  # who hangs in the middle lets go of what it has locked
    "random_page_cost": "1.1",  # a thousand rows by their keys cost less than reading a table of a million
    "jit": "off",  # compiling takes longer than all but the longest of our statements
    "plan_cache_mode": "force_custom_plan",  # a partial index is used only where the plan knows the values
}

HOLD = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 1))")
OLD_UPLOADS = text("DELETE FROM uploads WHERE at <= extract(epoch FROM clock_timestamp()) - 3600")
NOW = text("SELECT clock_timestamp()")
LET_GO = text("SELECT pg_advisory_unlock(hashtextextended(:name, 1))")

log = structlog.get_logger(__name__)


class PostgresDatabase:
    """`homeward.ports.Database` on a PostgreSQL server, and the source of changes for an index."""

    def __init__(self, address: Address) -> None:
        """Use `open`, which checks and migrates first."""
        self.address = address
        self.owner = secrets.randbits(31)
        self.silence = Silence(address)
        writer, reader, self._searcher = (_engine(address, self.silence) for _ in range(3))
        self._writer = writer.execution_options(**{WRITES: True})
        self._reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self.wire = Wire(address, self.owner)

    @classmethod
    def open(cls, url: str) -> Self:
        """Connect, and bring the schema up to date; of several processes one does it, the others wait for it.

        Raises:
            BadSettings: the address is none, or leads to no database that lets us in.
            DatabaseUnfit: the server or its pgvector is too old, or cannot be used; tables are missing.
            StorageBusy: no server answers there.
            StorageTooNew: a newer version of Homeward made the tables.
        """
        database = cls(Address.parse(url))
        database.silence.start()
        try:
            with told_at_start(database.address), database._writer.begin() as connection:
                check_server(connection, database.address)
                alone(connection, "homeward.migrate")
                connection.execute(text("SET LOCAL lock_timeout = 0"))
                check_vector(connection, database.address, make=True)
                migrate(connection)
                check_tables(connection, database.address)
                if feed.begin_anew_elsewhere(connection):
                    log.warning("these rows come from another cluster, indexes are built anew")
        except BaseException:
            database.close()
            raise
        return database

    def close(self) -> None:
        """Hang up, and let go of all connections."""
        self.wire.close()
        self.silence.close()
        for engine in (self._writer, self._reader, self._searcher):
            engine.dispose()

    @contextmanager
    def write(self) -> Iterator[SqlUnitOfWork]:
        """A transaction that may change rows, beside others; rows that it reads in order to change them are locked."""
        with told(), self._writer.begin() as connection:
            yield SqlUnitOfWork(connection, self.owner)

    @contextmanager
    def read(self) -> Iterator[SqlUnitOfWork]:
        """A consistent view that never waits for writers."""
        with told(), self._reader.begin() as connection:
            yield SqlUnitOfWork(connection, self.owner)

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """Hold ``name`` among all processes while the block lasts; False where somebody else holds it."""
        with self._outside() as connection:
            is_free = connection.execute(HOLD, {"name": name}).scalar()
            try:
                yield bool(is_free)
            finally:
                if is_free:
                    connection.execute(LET_GO, {"name": name})

    def scrub(self) -> None:
        """The server overwrites old rows when it vacuums, and recycles its log: that is its administrator's."""

    def now(self) -> datetime:
        """The time by the server's clock."""
        with self.search() as connection:
            now: datetime = connection.execute(NOW).scalar_one()
        return now

    def prune(self) -> int:
        """Forget what nobody needs any more: long gone changes, callers who sent nothing lately."""
        with self.write() as work:
            feed.forget_changes(work.connection)
            work.connection.execute(OLD_UPLOADS)
        return 0

    def commits(self) -> None:
        """Others write too."""

    def last_change(self) -> int:
        """Rises whenever something may have been committed."""
        with self.search() as connection:
            return feed.last_change(connection)

    def changes_after(self, seq: int, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
        """See `homeward.storage.index.changes.ChangeSource`."""
        with told(), self._reader.begin() as connection:
            return feed.changes_after(connection, seq, shelf)

    def some_embeddings(
        self, shelf: Shelf, model: ModelName, after: EmbeddingId, limit: int
    ) -> tuple[int, list[Embedding]]:
        """See `homeward.storage.index.changes.ChangeSource`."""
        with told(), self._reader.begin() as connection:
            return feed.some_embeddings(connection, shelf, model, after, limit)

    def all_embeddings(self, shelf: Shelf, model: ModelName, take: Callable[[EmbeddingColumns], None]) -> int:
        """See `homeward.storage.index.changes.ChangeSource`."""
        with told(), self._reader.begin() as connection:
            return feed.all_embeddings(connection, shelf, model, take)

    @contextmanager
    def search(self) -> Iterator[Connection]:
        """A connection that sees at each statement what is committed by then."""
        with told(), self._searcher.begin() as connection:
            yield connection

    @contextmanager
    def administer(self) -> Iterator[Connection]:
        """A connection for what takes long and stands outside of transactions."""
        with self._outside() as connection:
            connection.execute(text("SET lock_timeout = 0"))
            try:
                yield connection
            finally:
                connection.execute(text("RESET ALL"))

    @contextmanager
    def _outside(self) -> Iterator[Connection]:
        with told(), self._searcher.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")


def _engine(address: Address, silence: Silence) -> Engine:
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    arguments: dict[str, Any] = {**CONNECT, "options": options}
    engine = create_engine(
        address.url,
        poolclass=QueuePool,
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=WAIT_S,
        pool_pre_ping=True,
        connect_args=arguments,
        hide_parameters=True,  # what people wrote does not get into logs
    )
    silence.watch(engine)
    return engine
