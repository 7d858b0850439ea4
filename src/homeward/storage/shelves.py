"""The two halves of a shelf on SQL: vectors that are searched, and what they are of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from homeward.domain.embeddings import Embedding, Filter, Neighbour, NewEmbedding, Search, Vector
from homeward.domain.ids import CropId, EmbeddingId, ModelName
from homeward.domain.reports import Shelf
from homeward.ports import EmbeddingIndex, EmbeddingMetadata, Storage, UnitOfWork

LENGTH_TOLERANCE = 1e-3


@dataclass(frozen=True, slots=True)
class IndexedEmbeddingStorage:
    """`homeward.ports.EmbeddingStorage`: rows within the caller's transaction, searched through an index."""

    shelf: Shelf
    index: EmbeddingIndex

    def add(self, work: UnitOfWork, embeddings: Sequence[NewEmbedding]) -> list[EmbeddingId]:
        """Store; searchable once ``work`` commits.

        Raises:
            ValueError: a vector is not of length 1.
        """
        for embedding in embeddings:
            if abs(float(np.linalg.norm(embedding.vector)) - 1.0) > LENGTH_TOLERANCE:
                raise ValueError("an embedding must be a unit vector")
        return work.embeddings.add(embeddings)

    def get(self, work: UnitOfWork, ids: Sequence[EmbeddingId]) -> list[Embedding]:
        """Those that exist, in the order asked for."""
        return work.embeddings.get(ids)

    def remove(self, work: UnitOfWork, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        work.embeddings.remove(ids)

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest committed embeddings that pass ``where``."""
        return self.index.nearest(vector, k, where)

    def nearest_of_each(self, searches: Sequence[Search]) -> list[list[Neighbour]]:
        """What `nearest` finds for each of ``searches``."""
        return self.index.nearest_of_each(searches)

    def load(self, model: ModelName) -> None:
        """Read the vectors of ``model``, so that its first search need not."""
        self.index.load(model)


@dataclass(frozen=True, slots=True)
class WorkMetadataStorage:
    """`homeward.ports.MetadataStorage`: embedding id -> crop, photo, report."""

    shelf: Shelf

    def get(self, work: UnitOfWork, ids: Sequence[EmbeddingId]) -> list[EmbeddingMetadata]:
        """Those that exist, in the order asked for."""
        found = [self._one(work, embedding) for embedding in work.embeddings.get(ids)]
        return [metadata for metadata in found if metadata is not None]

    def _one(self, work: UnitOfWork, embedding: Embedding) -> EmbeddingMetadata | None:
        report = work.reports.get(embedding.report_id)
        if report is None or report.shelf is not self.shelf:
            return None
        for photo, crops in work.photos.of_report(report.id):
            for crop in crops:
                if crop.id == CropId(embedding.crop_id):
                    return EmbeddingMetadata(embedding.id, crop, photo, report)
        return None


def open_shelf(shelf: Shelf, index: EmbeddingIndex) -> Storage:
    """One shelf on an index that follows the database."""
    return Storage(shelf, IndexedEmbeddingStorage(shelf, index), WorkMetadataStorage(shelf))
