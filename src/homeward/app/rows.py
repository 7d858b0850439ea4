"""The database of the settings: settings in, open rows out; where they lie and who may hold them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import TYPE_CHECKING

from homeward.errors import BadSettings

if TYPE_CHECKING:
    from homeward.settings import Settings
    from homeward.storage.lock import DataFolderLock
    from homeward.storage.sql import SqlDatabase
    from homeward.storage.sql.postgres import PostgresDatabase


DATABASE_FILE = "homeward.sqlite"


def database_url(settings: Settings) -> str | None:
    """The address of the PostgreSQL database in use; None where rows are in a file.

    Raises:
        BadSettings: its driver is not installed.
    """
    if settings.database_url is None or not settings.database_url.get_secret_value():
        return None
    if find_spec("psycopg") is None:
        message = "HOMEWARD_DATABASE_URL is set, but psycopg is missing."
        raise BadSettings(message, field="database_url", hint="pip install 'homeward[postgres]'")
    return settings.database_url.get_secret_value()


def folder_lock(settings: Settings) -> DataFolderLock:
    """The lock of the data folder: one process holds it, or all that keep their rows in a PostgreSQL database."""
    from homeward.storage.lock import DataFolderLock

    return DataFolderLock(settings.data, shared=database_url(settings) is not None)


def check_user(settings: Settings) -> None:
    """Keep root from writing into folders of another user; see `homeward.storage.owner`.

    Raises:
        Forbidden: one of them is.
    """
    from homeward.storage.owner import check_user as check

    check(settings.data)
    check(settings.models_folder)


def check_several(settings: Settings) -> None:
    """Refuse to be one of several processes where there can be only one.

    Raises:
        BadSettings: rows are in a file.
    """
    if database_url(settings) is None:
        hint = "homeward serve does the work by itself; for several processes set HOMEWARD_DATABASE_URL."
        raise BadSettings("The rows are in a file, which one process holds.", field="database_url", hint=hint)


def has_data(settings: Settings) -> bool:
    """Whether anything was kept yet; where the rows are in PostgreSQL, whether the folder beside them is there."""
    kept = settings.data / DATABASE_FILE if database_url(settings) is None else settings.data
    return kept.exists()


def open_database(settings: Settings) -> SqlDatabase | PostgresDatabase:
    """The rows: a file in the data folder, or a database on a PostgreSQL server.

    Raises:
        HomewardError: it cannot be used.
    """
    from homeward.storage.sql.closed import check_open

    database = _opened(settings)
    try:
        with database.read() as work:
            check_open(work)
    except BaseException:
        database.close()
        raise
    return database


def _opened(settings: Settings) -> SqlDatabase | PostgresDatabase:
    url = database_url(settings)
    if url is None:
        from homeward.storage.sql import SqlDatabase

        return SqlDatabase.open(settings.data / DATABASE_FILE)
    from homeward.storage.sql.postgres import PostgresDatabase

    return PostgresDatabase.open(url)
