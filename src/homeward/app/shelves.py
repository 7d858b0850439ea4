"""The shelves of the settings: who finds the nearest neighbours of each, and where photos lie."""

from __future__ import annotations

from functools import partial
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from homeward.errors import BadSettings

if TYPE_CHECKING:
    from homeward.ports import EmbeddingIndex
    from homeward.settings import Settings
    from homeward.storage.index.qdrant.opened import Opened as Index
    from homeward.storage.photos.place import Place
    from homeward.storage.sql import SqlDatabase
    from homeward.storage.sql.postgres import PostgresDatabase


PHOTOS_FOLDER = "photos"


def photos_place(settings: Settings) -> Place:
    """Where the settings want the photos."""
    from homeward.storage.photos.place import Place

    key, endpoint = settings.photos_key, settings.photos_endpoint
    return Place(
        settings.data / PHOTOS_FOLDER,
        settings.photos_url,
        str(endpoint) if endpoint else None,
        key.get_secret_value() if key else None,
    )


def index_of(settings: Settings, database: SqlDatabase | PostgresDatabase) -> Index | None:
    """Qdrant, where the settings name one."""
    if settings.index_url is None:
        return None
    if find_spec("qdrant_client") is None:
        raise BadSettings("qdrant-client is missing.", field="index_url", hint="pip install 'homeward[qdrant]'")
    from homeward.storage.index.qdrant.opened import open_index
    from homeward.storage.index.qdrant.server import Server

    url, key = str(settings.index_url).rstrip("/"), settings.index_key
    return open_index(database, database, partial(Server.open, url, key=key.get_secret_value() if key else None))


def shelves_of(database: SqlDatabase | PostgresDatabase, index: Index | None) -> dict[Any, Any]:
    """Both shelves, each with its index."""
    from homeward.domain.reports import Shelf
    from homeward.storage.index.exact import ExactIndex
    from homeward.storage.shelves import open_shelf

    found = index.indexes[Shelf.FOUND] if index else _own_index(database)
    # every sighting asks the lost shelf, which is small: each process has it in memory, whatever holds the rows
    lost = ExactIndex(Shelf.LOST, database)
    return {Shelf.LOST: open_shelf(Shelf.LOST, lost), Shelf.FOUND: open_shelf(Shelf.FOUND, found)}


def _own_index(database: SqlDatabase | PostgresDatabase) -> EmbeddingIndex:
    """What the rows of the found shelf bring along: memory beside a file, pgvector in a server."""
    from homeward.domain.reports import Shelf
    from homeward.storage.index.exact import ExactIndex
    from homeward.storage.sql import SqlDatabase

    if isinstance(database, SqlDatabase):
        return ExactIndex(Shelf.FOUND, database)
    from homeward.storage.index.pgvector import PgVectorIndex

    return PgVectorIndex(Shelf.FOUND, database)
