"""Where an index learns what is stored: everything once, then the changes in the order of commits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from homeward.domain.embeddings import Embedding, Vectors
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.reports import Shelf


@dataclass(frozen=True, slots=True)
class EmbeddingColumns:
    """Embeddings column by column, all of length n. Places are NaN where there is none.

    ``happened_at_s`` is in seconds since 1970; ``vectors`` is (n, dimension).
    """

    ids: Sequence[EmbeddingId]
    report_ids: Sequence[ReportId]
    crop_ids: Sequence[CropId]
    species: Sequence[str]
    parts: Sequence[str]
    happened_at_s: npt.NDArray[np.float64]
    lat: npt.NDArray[np.float64]
    lon: npt.NDArray[np.float64]
    is_open: npt.NDArray[np.bool_]
    vectors: Vectors

    def only(self, rows: Sequence[int]) -> "EmbeddingColumns":
        """Those of ``rows``, which rise."""
        if len(rows) == len(self.ids):
            return self
        return EmbeddingColumns(
            ids=[self.ids[row] for row in rows],
            report_ids=[self.report_ids[row] for row in rows],
            crop_ids=[self.crop_ids[row] for row in rows],
            species=[self.species[row] for row in rows],
            parts=[self.parts[row] for row in rows],
            happened_at_s=self.happened_at_s[rows],
            lat=self.lat[rows],
            lon=self.lon[rows],
            is_open=self.is_open[rows],
            vectors=self.vectors[rows],
        )


class ChangesForgotten(Exception):
    """The source does not know any more what changed since then: read everything anew."""


class ChangeSource(Protocol):
    """What an index reads. Numbers of changes only rise."""

    def commits(self) -> int | None:
        """Another number than before whenever something may have been committed; None where only a question tells."""
        ...

    def last_change(self) -> int:
        """The number of the latest committed change."""
        ...

    def changes_after(self, seq: int, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
        """The latest number, what changed since ``seq`` as it is now, and the ids that are gone.

        Where several write at once, some changes are told again the next time.

        Raises:
            ChangesForgotten: ``seq`` is too long ago.
        """
        ...

    def some_embeddings(
        self, shelf: Shelf, model: ModelName, after: EmbeddingId, limit: int
    ) -> tuple[int, Sequence[Embedding]]:
        """Vectors of ``model`` with ids above ``after``, in their order, and as of which change they are."""
        ...

    def all_embeddings(self, shelf: Shelf, model: ModelName, take: Callable[[EmbeddingColumns], None]) -> int:
        """Hand over all vectors of ``model`` in batches, and say the number of the change as of which they are."""
        ...
