"""Looking at a PostgreSQL database without changing anything: for commands that only look."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from homeward.storage.sql.postgres.address import Address
from homeward.storage.sql.postgres.troubles import told_at_start


@contextmanager
def connected(url: str) -> Iterator[tuple[Connection, Address]]:
    """A connection that only reads.

    Raises:
        BadSettings, StorageBusy, DatabaseUnfit: it cannot be looked at.
    """
    address = Address.parse(url)
    arguments = {"connect_timeout": 5, "options": "-c default_transaction_read_only=on", "application_name": "homeward"}
    engine = create_engine(address.url, poolclass=NullPool, connect_args=arguments, hide_parameters=True)
    with told_at_start(address), engine.connect() as connection:
        yield connection, address


def fact(url: str, name: str) -> str | None:
    """A fact; None where there are no tables yet, or no such fact."""
    with connected(url) as (connection, _):
        if not has_table(connection, "facts"):
            return None
        found = connection.execute(text("SELECT value FROM facts WHERE name = :name"), {"name": name})
        return found.scalar_one_or_none()


def has_table(connection: Connection, name: str) -> bool:
    """Whether there is such a table."""
    return connection.execute(text("SELECT to_regclass(:name)"), {"name": name}).scalar_one() is not None
