"""The database, the index and the photos in memory: the same rules as on disk, proved by the same tests."""

import copy
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from homeward.domain.embeddings import Embedding, Filter, Neighbour, Search, Vector, l2_distances, passes
from homeward.domain.ids import ContentHash, ModelName
from homeward.domain.reports import Shelf
from homeward.errors import NotFound
from homeward.ports import Storage
from homeward.storage.held import Held
from homeward.storage.shelves import open_shelf
from homeward.testing.repositories import InMemoryUnitOfWork, Tables


@dataclass(slots=True)
class InMemoryDatabase:
    """`homeward.ports.Database`: a write works on a copy that takes the original's place when it commits."""

    tables: Tables = field(default_factory=Tables)
    _turn: threading.RLock = field(default_factory=threading.RLock)
    _held: Held = field(default_factory=Held)
    _owner: int = field(default_factory=lambda: secrets.randbits(31))

    @contextmanager
    def write(self) -> Iterator[InMemoryUnitOfWork]:
        """One writer at a time; an exception leaves everything as it was."""
        with self._turn:
            work = InMemoryUnitOfWork(copy.deepcopy(self.tables), self._owner)
            yield work
            self.tables = work.tables

    @contextmanager
    def read(self) -> Iterator[InMemoryUnitOfWork]:
        """The tables as they are now; later commits make new ones."""
        yield InMemoryUnitOfWork(self.tables, self._owner)

    def hold(self, name: str) -> AbstractContextManager[bool]:
        """Hold a name while the block lasts."""
        return self._held.hold(name)

    def scrub(self) -> None:
        """There is no disk."""

    def now(self) -> None:
        """See `homeward.ports.Database`; memory has no clock."""


@dataclass(frozen=True, slots=True)
class InMemoryIndex:
    """`homeward.ports.EmbeddingIndex`: looks at every row every time."""

    shelf: Shelf
    database: InMemoryDatabase

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``."""
        found = [
            Neighbour(e.id, e.report_id, e.crop_id, float(l2_distances(e.vector[None], vector)[0]))
            for e in self._passing(where)
        ]
        return sorted(found, key=lambda n: (n.l2_distance, n.embedding_id))[: max(0, k)]

    def nearest_of_each(self, searches: Sequence[Search]) -> list[list[Neighbour]]:
        """What `nearest` finds for each of ``searches``."""
        return [self.nearest(search.vector, search.k, search.where) for search in searches]

    def count(self, where: Filter) -> int:
        """How many pass ``where``."""
        return len(self._passing(where))

    def load(self, model: ModelName) -> None:
        """There is nothing to read."""

    def _passing(self, where: Filter) -> list[Embedding]:
        with self.database.read() as work:
            return [e for e in work.embeddings.on_shelf(self.shelf) if passes(e, where)]


def in_memory_shelves(database: InMemoryDatabase) -> dict[Shelf, Storage]:
    """Both shelves on one database."""
    return {shelf: open_shelf(shelf, InMemoryIndex(shelf, database)) for shelf in Shelf}


@dataclass(slots=True)
class InMemoryPhotoStorage:
    """`homeward.ports.PhotoStorage` in a dictionary."""

    files: dict[ContentHash, tuple[bytes, datetime]] = field(default_factory=dict)

    def put(self, content_hash: ContentHash, jpeg: bytes) -> None:
        """Keep."""
        _checked(content_hash)
        self.files[content_hash] = (jpeg, datetime.now(UTC))

    def get(self, content_hash: ContentHash) -> bytes:
        """The bytes."""
        if content_hash not in self.files:
            raise NotFound("There is no such picture.")
        return self.files[content_hash][0]

    def remove(self, content_hash: ContentHash) -> None:
        """Delete; absent is fine."""
        self.files.pop(_checked(content_hash), None)

    def has(self, content_hash: ContentHash) -> bool:
        """Whether it is there."""
        return content_hash in self.files

    def link(self, content_hash: ContentHash, valid_s: int) -> str | None:  # noqa: ARG002 - the port
        """None: memory has no address."""
        return None

    def hashes(self) -> Iterator[tuple[ContentHash, datetime]]:
        """All of them."""
        stored: Sequence[tuple[ContentHash, tuple[bytes, datetime]]] = list(self.files.items())
        for content_hash, (_, written_at) in stored:
            yield content_hash, written_at


def _checked(content_hash: ContentHash) -> ContentHash:
    if len(content_hash) != 64 or not set(content_hash) <= set("0123456789abcdef"):
        raise NotFound("There is no such picture.")
    return content_hash
