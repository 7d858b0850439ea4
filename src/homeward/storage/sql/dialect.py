"""Where SQLite and PostgreSQL differ for the repositories: upserts, and who may go on while others write.

SQLite has one writer, which is alone by itself. On PostgreSQL many write at once: what is read in order to be changed
is locked until the transaction ends, and what no row stands for is locked by name.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, Table, and_, column, func, select, table, text
from sqlalchemy.dialects import postgresql, sqlite

WRITES = "homeward_writes"
ALIVE = 1_212_501_068  # first half of the advisory locks that living processes hold; the second is their number
POSTGRES = "postgresql"
S = TypeVar("S", bound=Select[Any])
ALONE = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(CAST(:names AS text[])) WITH ORDINALITY"
    " AS wanted (name, place) ORDER BY place"
)


def is_postgres(connection: Connection) -> bool:
    """Whether it leads to PostgreSQL."""
    return connection.dialect.name == POSTGRES


def insert(connection: Connection, table: Table) -> sqlite.Insert:
    """An INSERT that knows ON CONFLICT. Both dialects spell it alike, so one type stands for both."""
    if is_postgres(connection):
        return cast("sqlite.Insert", postgresql.insert(table))
    return sqlite.insert(table)


def both(table: Table, build: Callable[[sqlite.Insert], Any]) -> Callable[[Connection], Any]:
    """An INSERT built once for each dialect: building takes longer than many a statement runs."""
    made = {"sqlite": build(sqlite.insert(table)), POSTGRES: build(cast("sqlite.Insert", postgresql.insert(table)))}
    return lambda connection: made[connection.dialect.name]


def changing(connection: Connection, statement: S) -> S:
    """Rows read by ``statement`` within a writing transaction stay as they are until it ends."""
    return statement.with_for_update(key_share=True) if _may_lock(connection) else statement


def staying(connection: Connection, statement: S) -> S:
    """Rows read by ``statement`` within a writing transaction are not deleted before it ends."""
    return statement.with_for_update(read=True, key_share=True) if _may_lock(connection) else statement


def alone(connection: Connection, *names: str) -> None:
    """Nobody else gets past this with one of the ``names`` before the transaction ends.

    They are taken in one order: two that want the same ones do not wait for each other in a ring.
    """
    if names and is_postgres(connection):
        connection.execute(ALONE, {"names": sorted(names)})


def together(connection: Connection, name: str) -> None:
    """Many get past this with the same ``name`` at once, but none while somebody is `alone` with it."""
    if is_postgres(connection):
        connection.execute(select(func.pg_advisory_xact_lock_shared(func.hashtextextended(name, 0))))


def is_gone(connection: Connection, owner: ColumnElement[Any], me: int) -> ColumnElement[bool]:
    """Whether the process of the number ``owner`` is gone. A file has one process; a server knows who is connected."""
    if not is_postgres(connection):
        return owner != me
    locks = table("pg_locks", *map(column, ("locktype", "classid", "objid", "objsubid")))
    alive = select(locks.c.objid.cast(BigInteger)).where(
        locks.c.locktype == "advisory", locks.c.classid.cast(BigInteger) == ALIVE, locks.c.objsubid == 2
    )
    return and_(owner != me, owner.not_in(alive))


def _may_lock(connection: Connection) -> bool:
    return is_postgres(connection) and bool(connection.get_execution_options().get(WRITES))
