"""`EmbeddingIndex` on Qdrant: what is not in it yet is added exactly; where it cannot be asked, memory stands in."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter

from homeward.domain.embeddings import Embedding, Filter, Neighbour, Search, Vector, l2_distance, passes
from homeward.domain.ids import EmbeddingId, ModelName
from homeward.domain.reports import Shelf
from homeward.errors import IndexUnavailable
from homeward.storage.index.changes import ChangesForgotten, ChangeSource, EmbeddingColumns
from homeward.storage.index.exact import ExactIndex
from homeward.storage.index.qdrant.points import Points

STAND_IN_ROWS = 100_000
MOST_UNSEEN = 5_000  # changes that a search adds by itself; a collection that lags farther behind is not asked
STOOD_IN = Counter("homeward_index_stood_in_total", "Searches that went without the index.", ["shelf"])
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Unseen:
    """What changed since the collection's mark: rows of the model as they are now, and the ids not to believe."""

    rows: tuple[Embedding, ...]
    ids: tuple[EmbeddingId, ...]


@dataclass(slots=True)
class QdrantIndex:
    """`homeward.ports.EmbeddingIndex` over one shelf; ``points`` gives the shelf's part of a model's collection."""

    shelf: Shelf
    source: ChangeSource
    points: Callable[[ModelName], Points]
    stand_in_rows: int = STAND_IN_ROWS
    models: set[ModelName] = field(default_factory=set)
    _stand_in: ExactIndex | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, nearest first, by true L2; every committed row counts.

        Raises:
            IndexUnavailable: Qdrant cannot be asked, and there are too many rows to look at here.
        """
        if k <= 0:
            return []
        self.load(where.model)
        try:
            found = self._nearest(vector, k, where)
        except IndexUnavailable as error:
            return self._instead(error).nearest(vector, k, where)
        self._stand_in = None
        return found

    def nearest_of_each(self, searches: Sequence[Search]) -> list[list[Neighbour]]:
        """What `nearest` finds for each of ``searches``."""
        return [self.nearest(search.vector, search.k, search.where) for search in searches]

    def count(self, where: Filter) -> int:
        """How many embeddings pass ``where``."""
        self.load(where.model)
        try:
            points, unseen = self._asked(where.model)
            return points.count(where, unseen.ids) + sum(passes(row, where) for row in unseen.rows)
        except IndexUnavailable as error:
            return self._instead(error).count(where)

    def load(self, model: ModelName) -> None:
        """From now on its keeper takes care of ``model``."""
        self.models.add(model)

    def _nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        points, unseen = self._asked(where.model)
        found = points.nearest(vector, k, where, unseen.ids)
        for row in unseen.rows:
            if passes(row, where):
                found.append(Neighbour(row.id, row.report_id, row.crop_id, l2_distance(row.vector, vector)))
        return sorted(found, key=lambda neighbour: (neighbour.l2_distance, neighbour.embedding_id))[:k]

    def _asked(self, model: ModelName) -> tuple[Points, _Unseen]:
        """The collection, and what it does not know yet.

        Raises:
            IndexUnavailable: it does not answer, is being filled, or lags too far behind.
        """
        points = self.points(model)
        mark = points.mark()
        if mark is None or mark.filling is not None:
            raise IndexUnavailable("The index is being filled.", hint="Search is back as soon as it is.")
        latest = self.source.last_change()
        if latest < mark.seq:
            raise IndexUnavailable("The index is of another database.", hint="It is compared with the rows first.")
        if latest == mark.seq:
            return points, _Unseen((), ())
        try:
            _, changed, gone = self.source.changes_after(mark.seq, self.shelf)
        except ChangesForgotten:
            raise IndexUnavailable("The index lags behind.", hint="It is compared with the rows first.") from None
        if len(changed) + len(gone) > MOST_UNSEEN:
            raise IndexUnavailable("The index lags behind.", hint="Search is back once it has caught up.")
        rows = tuple(row for row in changed if row.model == model)
        return points, _Unseen(rows, (*(row.id for row in rows), *gone))

    def _instead(self, error: IndexUnavailable) -> ExactIndex:
        """The rows in memory, where they are few enough."""
        STOOD_IN.labels(self.shelf.value).inc()
        with self._lock:
            if self._stand_in is None:
                log.warning("memory stands in for the index", shelf=self.shelf.value, problem=error.message)
                self._stand_in = ExactIndex(self.shelf, _Few(self.source, self.stand_in_rows, error))
            return self._stand_in


@dataclass(slots=True)
class _Few:
    """A source of changes that refuses to hand over more rows than fit."""

    source: ChangeSource
    most: int
    error: IndexUnavailable

    def commits(self) -> int | None:
        """See `ChangeSource`."""
        return self.source.commits()

    def last_change(self) -> int:
        """See `ChangeSource`."""
        return self.source.last_change()

    def changes_after(self, seq: int, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
        """See `ChangeSource`."""
        return self.source.changes_after(seq, shelf)

    def some_embeddings(
        self, shelf: Shelf, model: ModelName, after: EmbeddingId, limit: int
    ) -> tuple[int, Sequence[Embedding]]:
        """See `ChangeSource`."""
        return self.source.some_embeddings(shelf, model, after, limit)

    def all_embeddings(self, shelf: Shelf, model: ModelName, take: Callable[[EmbeddingColumns], None]) -> int:
        """See `ChangeSource`.

        Raises:
            IndexUnavailable: they are too many.
        """
        taken = 0

        def counted(columns: EmbeddingColumns) -> None:
            nonlocal taken
            taken += len(columns.ids)
            if taken > self.most:
                raise self.error
            take(columns)

        return self.source.all_embeddings(shelf, model, counted)
