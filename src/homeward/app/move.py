"""Rows from the data folder's file to the PostgreSQL database of the settings."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

from homeward.app.models import embedder_in_use
from homeward.app.rows import DATABASE_FILE, database_url
from homeward.errors import BadSettings

if TYPE_CHECKING:
    from homeward.settings import Settings
    from homeward.storage.sql.move import Moved


def move_rows(settings: Settings, tell: Callable[[str, int, int], None]) -> Moved:
    """All rows of the data folder's file to the PostgreSQL database, whose graphs are made then.

    Raises:
        HomewardError: they cannot be moved; nothing of the file is lost.
    """
    from homeward.domain.ids import ModelName
    from homeward.domain.reports import Shelf
    from homeward.storage.index.pgvector import PgVectorIndex
    from homeward.storage.sql import SqlDatabase
    from homeward.storage.sql.move import Move
    from homeward.storage.sql.postgres import PostgresDatabase

    url = database_url(settings)
    if url is None:
        hint = "HOMEWARD_DATABASE_URL=postgresql://user:password@host:5432/name"
        raise BadSettings("Name the database that the rows go to.", field="database_url", hint=hint)
    path = settings.data / DATABASE_FILE
    with closing(PostgresDatabase.open(url)) as target, closing(SqlDatabase.open(path)) as file:
        moved = Move(file, target, tell)()
        for shelf in Shelf:
            PgVectorIndex(shelf, target).load(ModelName(embedder_in_use(settings)))
    return moved
