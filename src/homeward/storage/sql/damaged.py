"""Which row of a file the database does not take, and why: its table and key, never what it holds."""

from typing import Any, NoReturn

from sqlalchemy import ColumnElement, Connection, LargeBinary, Select, Table, cast, func, literal_column, select
from sqlalchemy.exc import StatementError

from homeward.errors import Conflict, InvalidInput
from homeward.storage.sql.dialect import insert
from homeward.storage.sql.postgres import PostgresDatabase

DAMAGE = (StatementError, InvalidInput, ValueError, TypeError, OverflowError)
"""What reading or writing such a row raises."""
REFUSED = {
    "22003": "a number is out of range",
    "23502": "a value is missing",
    "23503": "the row that it belongs to is not there",
    "23505": "there is another row like it",
    "23514": "a value is none of those allowed",
}
HINT = "Mend or delete it in the file (sqlite3), then give the same command again; or go on with the file: --cancel"


class _Damaged(ValueError):
    """Says what is wrong in words of ours."""


def refuse(file: Connection, target: PostgresDatabase, table: Table, batch: Select[Any], error: Exception) -> NoReturn:
    """Name the first row of ``batch``, which failed with ``error``, that fails by itself; the target keeps none.

    Raises:
        Conflict: it is this row.
        Exception: ``error`` itself, where each row by itself can be moved.
    """
    numbers = file.execute(batch.with_only_columns(_number(), maintain_column_froms=True)).scalars().all()
    with target.write() as work:
        for number in numbers:
            try:
                _try(file, work.connection, table, number)
            except DAMAGE as found:
                message = f"The row {_key(file, table, number)} of {table.name} cannot be moved: {_why(found)}."
                raise Conflict(message, field="data", hint=HINT) from None
        raise error


def _try(file: Connection, target: Connection, table: Table, number: int) -> None:
    for column in table.columns:
        try:
            file.execute(select(column).where(_is(number))).one()
        except DAMAGE as error:
            raise _Damaged(f"{column.name} {_unread(error)}") from None
    row = file.execute(select(table).where(_is(number))).one()._asdict()
    zeros = [name for name, value in row.items() if isinstance(value, str) and "\0" in value]
    if zeros:
        raise _Damaged(f"{zeros[0]} holds a zero sign")
    with target.begin_nested():
        target.execute(insert(target, table), [row])


def _unread(error: Exception) -> str:
    is_text = isinstance(error, StatementError)  # the driver itself stumbles over nothing else
    return "is no text in UTF-8" if is_text else "is not of its kind"


def _why(error: Exception) -> str:
    if isinstance(error, _Damaged):
        return str(error)
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    if state is None:
        return "a value is not of its kind"
    return REFUSED.get(state, f"PostgreSQL refuses a value (SQLSTATE {state})")


def _key(file: Connection, table: Table, number: int) -> str:
    """Readable whatever is in it."""
    keys = [func.hex(cast(column, LargeBinary)) for column in table.primary_key.columns]
    found = file.execute(select(*keys).where(_is(number))).one()
    shown = ", ".join(bytes.fromhex(key).decode(errors="replace") for key in found)
    return "".join(sign if sign.isprintable() else "?" for sign in shown)


def _number() -> ColumnElement[int]:
    """By which SQLite knows a row, whatever has become of its key."""
    return literal_column("rowid")


def _is(number: int) -> ColumnElement[bool]:
    return _number() == number
