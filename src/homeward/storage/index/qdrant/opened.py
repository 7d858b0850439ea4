"""Qdrant for one database: a server in, the found shelf's index and its keeper out; the lost one stays in memory."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import structlog

from homeward.domain.ids import ModelName, new_token
from homeward.domain.reports import Shelf
from homeward.errors import IndexUnavailable
from homeward.ports import Database
from homeward.storage.index.changes import ChangeSource
from homeward.storage.index.qdrant.care import Care
from homeward.storage.index.qdrant.index import QdrantIndex
from homeward.storage.index.qdrant.server import Server

HISTORY = "index_history"
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """What a process works with."""

    database: Database
    server: Server
    indexes: dict[Shelf, QdrantIndex]
    care: Care

    def tick(self) -> int:
        """Take care; of several processes one does it at a time."""
        with self.database.hold("index") as is_mine:
            return self.care.tick() if is_mine else 0

    def check(self, model: ModelName, dimension: int) -> None:
        """Once at the start; a server that is down comes back by itself.

        Raises:
            BadSettings: it cannot be used as it is.
        """
        try:
            self.server.check(model, dimension)
        except IndexUnavailable:
            log.warning("index does not answer; memory stands in for it where the rows are few")


def open_index(database: Database, source: ChangeSource, server: Callable[[str], Server]) -> Opened:
    """A collection for each model, fed from ``source``; ``server`` gets the database's history, part of their names."""
    opened = server(history_of(database))
    indexes = {Shelf.FOUND: QdrantIndex(Shelf.FOUND, source, partial(opened.points, Shelf.FOUND))}
    return Opened(database, opened, indexes, Care(indexes, source))


def history_of(database: Database) -> str:
    """A word of the database's own. A restored backup gets a new one, since its numbers of changes begin anew."""
    with database.write() as work:
        known = work.facts.get(HISTORY)
        if known is None:
            known = new_token()[:8]
            work.facts.set(HISTORY, known)
    return known
