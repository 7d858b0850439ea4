"""Qdrant for tests: the client's local mode, Edge, and a server where `HOMEWARD_TEST_QDRANT_URL` names one."""

import os
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from qdrant_client import QdrantClient

from homeward.domain.ids import new_token
from homeward.domain.reports import Shelf
from homeward.storage.index.qdrant.care import Care
from homeward.storage.index.qdrant.index import QdrantIndex
from homeward.storage.index.qdrant.server import Server
from tests.fakes.edge import EdgeServer

URL = os.environ.get("HOMEWARD_TEST_QDRANT_URL")
MOST_TICKS = 200


def settled(care):
    """Until the keeper finds nothing more to do."""
    for _ in range(MOST_TICKS):
        if care.tick() == 0:
            return
    raise AssertionError("the keeper never comes to an end")


@dataclass
class Kept:
    """An index whose keeper works before each search."""

    index: QdrantIndex
    care: Care

    def nearest(self, vector, k, where):
        self.index.load(where.model)
        settled(self.care)
        return self.index.nearest(vector, k, where)

    def nearest_of_each(self, searches):
        return [self.nearest(search.vector, search.k, search.where) for search in searches]

    def load(self, model):
        self.index.load(model)


@contextmanager
def server(kind, folder):
    if kind == "server" and URL is None:
        pytest.skip("HOMEWARD_TEST_QDRANT_URL names no Qdrant server")
    if kind == "edge":
        made = EdgeServer(folder / "edge")
    elif kind == "server":
        made = Server.open(URL, new_token()[:8], timeout_s=30)
    else:
        made = Server(QdrantClient(":memory:"), new_token()[:8], is_local=True)
    try:
        yield made
    finally:
        if kind == "server":
            for found in made.client.get_collections().collections:
                if found.name.startswith(f"homeward-{made.history}-"):
                    made.client.delete_collection(found.name)
        made.close()


@contextmanager
def opened(kind, database, folder):
    """An index of found reports; no memory stands in for it. ``lagging``: its keeper works but once."""
    with server(kind, folder) as made:
        index = QdrantIndex(Shelf.FOUND, database, lambda model: made.points(Shelf.FOUND, model), stand_in_rows=-1)
        care = Care({Shelf.FOUND: index}, database)
        yield Lagging(index, care) if kind == "lagging" else Kept(index, care)


class Lagging(Kept):
    """Fed once, at the first search; afterwards all comes from the rows above its mark."""

    def nearest(self, vector, k, where):
        self.index.load(where.model)
        if self.care.state() and all(item["follows"] is None for item in self.care.state()):
            settled(self.care)
        return self.index.nearest(vector, k, where)
