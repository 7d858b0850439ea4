"""PostgreSQL's troubles in our words: what may be tried again, what is full, what is set wrongly. Never a password."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from homeward.errors import BadSettings, DatabaseUnfit, HomewardError, InvalidInput, StorageBusy, StorageFull
from homeward.storage.sql.postgres.address import FIELD, Address

AGAIN = "Send the request again in a moment."
PASSING = ("08", "40", "53", "55P03", "57", "25006", "25P03")
"""SQLSTATEs, or their classes, of what passes: connections, deadlocks, want of memory, waits, shutdowns."""
FULL = "53100"
NO_PASSWORD, NO_DATABASE, NO_RIGHT = ("28000", "28P01"), "3D000", "42501"


@contextmanager
def told() -> Iterator[None]:
    """Within the block, troubles that pass are `StorageBusy`, a full disk is `StorageFull`.

    A value that no row can hold, a text with NUL, is `InvalidInput`: psycopg refuses it before the server hears of it.
    """
    try:
        yield
    except PoolTimeout as error:
        raise StorageBusy("All connections to the database are in use.", hint=AGAIN) from error
    except DBAPIError as error:
        state = sqlstate(error)
        if state == FULL:
            message = "The database's disk is full; nothing was kept."
            raise StorageFull(message, hint="Free some space, then send it again.") from error
        if state is None and isinstance(error, DataError):
            raise InvalidInput("The request holds what no text can hold.", hint="Send plain text.") from error
        if _passes(error):
            raise StorageBusy("The database does not answer just now.", hint=AGAIN) from error
        raise


def _passes(error: DBAPIError) -> bool:
    state = sqlstate(error)
    if state is None:
        return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))
    return error.connection_invalidated or state.startswith(PASSING)


@contextmanager
def told_at_start(address: Address) -> Iterator[None]:
    """Within the block, whatever keeps us from the database is said in one clear line."""
    try:
        yield
    except DBAPIError as error:
        raise _refusal(error, address) from None


def sqlstate(error: DBAPIError) -> str | None:
    """The five signs; None where the server never spoke."""
    return getattr(error.orig, "sqlstate", None)


def _refusal(error: DBAPIError, address: Address) -> HomewardError:
    state, said = sqlstate(error), str(error.orig)
    if wrong := _wrong_setting(state, said, address):
        return wrong
    if state == NO_RIGHT:
        hint = f"Let it make tables there: ALTER DATABASE {address.url.database} OWNER TO its user."
        return DatabaseUnfit(f"The user may not do this at {address}: {_first_line(said)}", field=FIELD, hint=hint)
    if state is None or error.connection_invalidated or state.startswith(("08", "57", "53")):
        hint = "Start PostgreSQL, or correct host and port of HOMEWARD_DATABASE_URL."
        return StorageBusy(f"PostgreSQL does not answer at {address}.", field=FIELD, hint=hint)
    return DatabaseUnfit(f"{address} refuses: {_first_line(said)}", field=FIELD, hint="See the server's log.")


def _wrong_setting(state: str | None, said: str, address: Address) -> BadSettings | None:
    """What is wrong with the address itself; None where nothing is."""
    if state in NO_PASSWORD or "password authentication failed" in said or "no password supplied" in said:
        return BadSettings(f"{address} does not let this user in.", field=FIELD, hint="Check user and password.")
    if state == NO_DATABASE or ("database" in said and "does not exist" in said):
        hint = f"On the server: createdb {address.url.database}"
        return BadSettings(f"There is no database at {address}.", field=FIELD, hint=hint)
    if "role" in said and "does not exist" in said:
        return BadSettings(f"{address} does not know this user.", field=FIELD, hint="On the server: createuser NAME")
    if "does not support SSL" in said:
        hint = "On the server: ssl = on, with a certificate; or take sslmode out of HOMEWARD_DATABASE_URL."
        return BadSettings(f"The server at {address} refuses TLS.", field=FIELD, hint=hint)
    if state is None and "invalid" in said:  # libpq does not know what stands after the question mark
        hint = "See https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-PARAMKEYWORDS"
        return BadSettings(f"HOMEWARD_DATABASE_URL cannot be used: {_first_line(said)}", field=FIELD, hint=hint)
    return None


def _first_line(said: str) -> str:
    return said.strip().split("\n", 1)[0][:200]
