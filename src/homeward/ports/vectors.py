"""One shelf, as ports: its vectors, their nearest neighbours, and what they are of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from homeward.domain.embeddings import Embedding, Filter, Neighbour, NewEmbedding, Search, Vector
from homeward.domain.ids import EmbeddingId, ModelName
from homeward.domain.reports import Crop, Photo, Report, Shelf
from homeward.ports.work import UnitOfWork


class EmbeddingIndex(Protocol):
    """Nearest neighbours, derived from the rows: follows every committed change by itself."""

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, nearest first, by true L2; every committed row counts."""
        ...

    def nearest_of_each(self, searches: Sequence[Search]) -> list[list[Neighbour]]:
        """What `nearest` finds for each of ``searches``; those of one vector follow each other, and share work."""
        ...

    def count(self, where: Filter) -> int:
        """How many embeddings pass ``where``."""
        ...

    def load(self, model: ModelName) -> None:
        """Read the vectors of ``model``, so that its first search need not."""
        ...


class EmbeddingStorage(Protocol):
    """The vectors of one shelf. Issues its own ids."""

    def add(self, work: UnitOfWork, embeddings: Sequence[NewEmbedding]) -> list[EmbeddingId]:
        """Store within ``work``; searchable once it commits. A crop and model pair is stored once."""
        ...

    def get(self, work: UnitOfWork, ids: Sequence[EmbeddingId]) -> list[Embedding]:
        """Those that exist, in the order asked for."""
        ...

    def remove(self, work: UnitOfWork, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        ...

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest committed embeddings that pass ``where``, nearest first."""
        ...

    def nearest_of_each(self, searches: Sequence[Search]) -> list[list[Neighbour]]:
        """What `nearest` finds for each of ``searches``."""
        ...

    def load(self, model: ModelName) -> None:
        """Read the vectors of ``model``, so that its first search need not."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddingMetadata:
    """What an embedding is of."""

    embedding_id: EmbeddingId
    crop: Crop
    photo: Photo
    report: Report


class MetadataStorage(Protocol):
    """Embedding id -> crop, photo, report of one shelf."""

    def get(self, work: UnitOfWork, ids: Sequence[EmbeddingId]) -> list[EmbeddingMetadata]:
        """Those that exist, in the order asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Storage:
    """One shelf: its vectors and what they are of."""

    shelf: Shelf
    embeddings: EmbeddingStorage
    metadata: MetadataStorage
