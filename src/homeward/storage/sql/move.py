"""All rows of a SQLite file to a PostgreSQL database: in batches that may be cut off anywhere, then compared.

The file is closed to servers while its rows are on their way and after that, so that nothing is written to it that the
database would miss; the database is closed until everything is there. Photos and models stay in the data folder.
"""

import json
import secrets
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Row,
    Select,
    Table,
    Text,
    func,
    literal,
    select,
    text,
    tuple_,
)

from homeward.errors import Conflict, MoveFailed
from homeward.storage.sql.closed import CLOSED
from homeward.storage.sql.damaged import DAMAGE, refuse
from homeward.storage.sql.database import SqlDatabase
from homeward.storage.sql.dialect import insert, is_postgres
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.storage.sql.tables import changes, facts, metadata

OWN_FACTS = (CLOSED, "changes_forgotten")  # they say something of one place, and do not move
DERIVED = {changes.name}  # what an index follows; nobody follows a database that was just made
ROWS, ROWS_WITH_PICTURES = 500, 20
CONTINUE = text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)")
Tell = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """How many rows of each table are in the database now, each compared with that of the file."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """Of all tables."""
        return sum(self.rows.values())


@dataclass(frozen=True, slots=True)
class Move:
    """Moves the rows of ``source``, which nobody else works with; ``tell`` hears table, rows done, and of how many."""

    source: SqlDatabase
    target: PostgresDatabase
    tell: Tell

    def __call__(self) -> Moved:
        """Copy what is not there yet, compare everything, then open the database.

        Raises:
            Conflict: the target holds other rows, another process moves, or a row of the file is damaged.
            MoveFailed: a row came out different; the database stays closed.
        """
        with self.target.hold("homeward.move") as is_mine:
            if not is_mine:
                raise Conflict("Another process moves rows into this database.", field="database_url")
            token = self._token()
            self._check_target(token)
            self._close_source(token)
            self._close_target(token)
            for number, table in enumerate(_tables()):
                self._copy(number, table, token)
            self._continue_numbers()
            moved = Moved({table.name: self._compare(table) for table in _tables()})
            self._open_target()
        return moved

    def _token(self) -> str:
        """That of the move which was begun, else a new one.

        Raises:
            Conflict: the rows are on their way elsewhere, or have gone there.
        """
        with self.source.read() as work:
            known = json.loads(work.facts.get(CLOSED) or "{}")
        if known.get("into", str(self.target.address)) != str(self.target.address):
            hint = "They live there now. To begin anew from this folder: homeward migrate --cancel"
            raise Conflict(f"These rows were moved to {known['into']}.", field="database_url", hint=hint)
        return str(known.get("token") or secrets.token_hex(8))

    def _close_source(self, token: str) -> None:
        """Only once the target is known to be free: a refusal leaves everything as it was."""
        with self.source.write() as work:
            work.facts.set(CLOSED, json.dumps({"token": token, "into": str(self.target.address)}))

    def _check_target(self, token: str) -> None:
        """Before anything is written: a refusal leaves both sides as they were.

        Raises:
            Conflict: the target holds rows, and no move of these has begun there.
        """
        with self.target.read() as work, self.source.read() as here:
            known = work.facts.get(CLOSED)
            filled = [table.name for table in _tables() if _count(work.connection, table)]
            was_moved = known is None and here.facts.get(CLOSED) is not None
        if known is not None and json.loads(known)["token"] == token:
            return
        if filled and was_moved:
            hint = "They live there now: serve from there."
            raise Conflict(f"These rows were moved to {self.target.address} before.", field="database_url", hint=hint)
        if known is not None or filled:
            what = f"rows in {filled[0]}" if filled else "rows of another data folder on their way"
            hint = "Name an empty database in HOMEWARD_DATABASE_URL."
            raise Conflict(f"{self.target.address} is not empty: {what}.", field="database_url", hint=hint)

    def _close_target(self, token: str) -> None:
        with self.target.write() as work:
            if work.facts.get(CLOSED) is None:
                work.facts.set(CLOSED, json.dumps({"token": token, "table": 0, "after": None}))

    def _copy(self, number: int, table: Table, token: str) -> None:
        """From where the last committed batch ended."""
        at, after = self._progress()
        if at > number:
            return
        after = after if at == number else None
        with self.source.read() as rows:
            total = _count(rows.connection, table)
            done = total - _count(rows.connection, table, after)
            while some := self._copy_batch(rows.connection, table, after, {"token": token, "table": number}):
                after = _key(table, some[-1])
                done += len(some)
                self.tell(table.name, done, total)
        with self.target.write() as work:
            work.facts.set(CLOSED, json.dumps({"token": token, "table": number + 1, "after": None}))

    def _copy_batch(
        self, file: Connection, table: Table, after: list[Any] | None, state: dict[str, Any]
    ) -> Sequence[Row[Any]]:
        """The rows that follow on ``after``, and in the same transaction how far the move is.

        Raises:
            Conflict: one of them is damaged.
        """
        batch = _batch(file, table, after)
        try:
            some = file.execute(batch).all()
            if some:
                with self.target.write() as work:
                    work.connection.execute(insert(work.connection, table), [row._asdict() for row in some])
                    work.facts.set(CLOSED, json.dumps({**state, "after": _key(table, some[-1])}))
        except DAMAGE as error:
            refuse(file, self.target, table, batch, error)
        return some

    def _progress(self) -> tuple[int, list[Any] | None]:
        with self.target.read() as work:
            state = json.loads(work.facts.get(CLOSED) or "{}")
        return int(state["table"]), state["after"]

    def _continue_numbers(self) -> None:
        """Numbers that were issued once are not issued again, not even those whose rows are gone."""
        with self.source.read() as rows:
            found = rows.connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
            issued: dict[str, int] = {name: seq for name, seq in found}  # noqa: C416 - rows are no pairs to mypy
        with self.target.write() as work:
            for table in metadata.sorted_tables:
                key = table.autoincrement_column
                if key is None:
                    continue
                highest = work.connection.execute(select(func.max(key))).scalar_one() or 0
                values = {"table": table.name, "column": key.name, "last": max(highest, issued.get(table.name, 0))}
                if values["last"]:
                    work.connection.execute(
                        text("SELECT setval(pg_get_serial_sequence(:table, :column), :last)"), values
                    )

    def _compare(self, table: Table) -> int:
        """Every row on both sides, in the same order; how many there are."""
        count, total = 0, 0
        with self.source.read() as ours, self.target.read() as theirs:
            total = _count(ours.connection, table)
            with (
                closing(_all(ours.connection, table)) as one_side,
                closing(_all(theirs.connection, table)) as other_side,
            ):
                for one, other in zip_longest(one_side, other_side):
                    _check_same(table, one, other)
                    count += 1
                    if count % ROWS == 0 or count == total:
                        self.tell(f"{table.name}, compared", count, total)
        return count

    def _open_target(self) -> None:
        with self.target.write() as work:
            work.facts.set(CLOSED, None)
        with self.target.administer() as connection:
            connection.execute(text("ANALYZE"))


def _tables() -> list[Table]:
    return [table for table in metadata.sorted_tables if table.name not in DERIVED]


def _keys(connection: Connection, table: Table) -> list[ColumnElement[Any]]:
    """The primary key; texts in the order of their bytes, as SQLite has them."""
    columns = list(table.primary_key.columns)
    if not is_postgres(connection):
        return list(columns)
    return [column.collate("C") if isinstance(column.type, Text) else column for column in columns]


def _key(table: Table, row: Row[Any]) -> list[Any]:
    values = row._asdict()
    return [values[column.name] for column in table.primary_key.columns]


def _moving(table: Table) -> list[ColumnElement[bool]]:
    return [facts.c.name.not_in(OWN_FACTS)] if table is facts else []


def _beyond(table: Table, after: Sequence[Any] | None) -> list[ColumnElement[bool]]:
    if after is None:
        return []
    columns = list(table.primary_key.columns)
    values = [literal(value, column.type) for value, column in zip(after, columns, strict=True)]
    return [tuple_(*columns) > tuple_(*values)]


def _batch(connection: Connection, table: Table, after: Sequence[Any] | None) -> Select[Any]:
    has_pictures = any(isinstance(column.type, LargeBinary) for column in table.columns)
    wanted = select(table).where(*_moving(table), *_beyond(table, after))
    return wanted.order_by(*_keys(connection, table)).limit(ROWS_WITH_PICTURES if has_pictures else ROWS)


def _all(connection: Connection, table: Table) -> Generator[Row[Any], None, None]:
    wanted = select(table).where(*_moving(table)).order_by(*_keys(connection, table))
    with connection.execution_options(yield_per=ROWS).execute(wanted) as found:
        yield from found


def _check_same(table: Table, one: Row[Any] | None, other: Row[Any] | None) -> None:
    """None stands for a row that is on the other side only."""
    if one is not None and other is not None and tuple(one) == tuple(other):
        return
    there = one if one is not None else other
    assert there is not None
    raise MoveFailed(f"The row {_key(table, there)} of {table.name} is not the same in the database.")


def _count(connection: Connection, table: Table, after: Sequence[Any] | None = None) -> int:
    wanted = select(func.count()).select_from(table).where(*_moving(table), *_beyond(table, after))
    return int(connection.execute(wanted).scalar_one())
