"""Whether a PostgreSQL server can be used: its version, and pgvector's. What can be made is made here."""

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from homeward.errors import DatabaseUnfit
from homeward.storage.sql.postgres.address import FIELD, Address
from homeward.storage.sql.postgres.troubles import NO_RIGHT, sqlstate
from homeward.storage.sql.tables import metadata

LEAST_SERVER = 16
ONLY_HERE = ("points", "uploads")  # tables that a file does without
LEAST_VECTOR = (0, 8)
DOCS = "docs/how-to/postgresql.md"
MAY_CREATE = text("""
SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) OR
  has_database_privilege(current_database(), 'CREATE') AND bool_or(NOT v.superuser OR v.trusted)
FROM pg_available_extensions e
JOIN pg_available_extension_versions v ON (v.name, v.version) = (e.name, e.default_version)
WHERE e.name = 'vector'
""")


def check_server(connection: Connection, address: Address) -> str:
    """The server's version.

    Raises:
        DatabaseUnfit: it is too old.
    """
    shown = str(connection.execute(text("SHOW server_version")).scalar_one())
    number = int(connection.execute(text("SHOW server_version_num")).scalar_one())
    if number < LEAST_SERVER * 10_000:
        message = f"PostgreSQL {shown} at {address} is too old; Homeward needs {LEAST_SERVER} or newer."
        raise DatabaseUnfit(message, field=FIELD, hint=f"Upgrade the server; see {DOCS}.")
    return shown


def check_vector(connection: Connection, address: Address, *, make: bool) -> str | None:
    """The version of pgvector in this database; ``make`` puts it in. None: it could be put in, and was not.

    Raises:
        DatabaseUnfit: the server does not have it, it is too old, or the user may not put it in.
    """
    version = _version(connection, "SELECT extversion FROM pg_extension WHERE extname = 'vector'")
    if version is None:
        offered = _version(connection, "SELECT default_version FROM pg_available_extensions WHERE name = 'vector'")
        if offered is None:
            message = f"PostgreSQL at {address} does not have the extension pgvector."
            raise DatabaseUnfit(message, field=FIELD, hint=f"Install it on the server (postgresql-16-pgvector); {DOCS}")
        _check_version(offered, address)
        if make:
            _create(connection, address)
        return offered if make else None
    _check_version(version, address)
    return version


def check_tables(connection: Connection, address: Address) -> None:
    """Of a database whose revision is the latest: whether all of its tables are there.

    Raises:
        DatabaseUnfit: some are missing, as after a restore that was broken off.
    """
    wanted = [*metadata.tables, *ONLY_HERE]
    found = connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"))
    missing = sorted(set(wanted) - set(found.scalars()))
    if missing:
        message = f"{address} was restored by half: {', '.join(missing)} missing."
        raise DatabaseUnfit(message, field=FIELD, hint=f"Restore it anew into an empty database; see {DOCS}.")


def may_create_vector(connection: Connection) -> bool:
    """Whether PostgreSQL's own rules let this user put pgvector in; managed services may let more in."""
    return bool(connection.execute(MAY_CREATE).scalar_one())


def how_to_create(address: Address) -> str:
    """What an administrator types."""
    return f'As an administrator: psql -d {address.url.database} -c "CREATE EXTENSION vector"'


def _create(connection: Connection, address: Address) -> None:
    try:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError as error:
        if sqlstate(error) != NO_RIGHT:
            raise
        message = f"The user may not put pgvector into {address}."
        raise DatabaseUnfit(message, field=FIELD, hint=how_to_create(address)) from None


def _check_version(version: str, address: Address) -> None:
    if tuple(int(part) for part in version.split(".")[:2]) < LEAST_VECTOR:
        least = ".".join(map(str, LEAST_VECTOR))
        message = f"pgvector {version} at {address} is too old; Homeward needs {least} or newer."
        raise DatabaseUnfit(message, field=FIELD, hint="Install the newer one, then: ALTER EXTENSION vector UPDATE")


def _version(connection: Connection, statement: str) -> str | None:
    found = connection.execute(text(statement)).scalar_one_or_none()
    return None if found is None else str(found)
