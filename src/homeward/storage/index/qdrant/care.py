"""The keeper of the collections: changes in, points out; compares both with the rows, mends, and says what it did."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog
from prometheus_client import Counter, Gauge

from homeward.domain.embeddings import Embedding
from homeward.domain.ids import EmbeddingId, ModelName
from homeward.domain.reports import Shelf
from homeward.storage.index.changes import ChangesForgotten, ChangeSource
from homeward.storage.index.qdrant.index import QdrantIndex
from homeward.storage.index.qdrant.points import Mark, Points, same

PAGE = 500
START = EmbeddingId(0)
PAUSE_S = 6 * 3600.0  # between two comparisons of all rows
UNMARKED = 200  # changes of others than ours, for which the mark is not written anew
SHOWN = 10  # ids in a log line
MENDED = Counter("homeward_index_mended_total", "Points that were not what the rows say.", ["shelf", "kind"])
BEHIND = Gauge("homeward_index_behind", "Changes that the index had not seen when it was last fed.", ["shelf"])
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What a comparison looked at and mended: points that were missing, wrong, or of no row."""

    rows: int = 0
    missing: int = 0
    wrong: int = 0
    extra: int = 0
    done: bool = False

    def __add__(self, other: "Found") -> "Found":
        """Both together."""
        sums = (self.rows + other.rows, self.missing + other.missing, self.wrong + other.wrong)
        return Found(*sums, self.extra + other.extra, done=other.done)


@dataclass(slots=True)
class _Check:
    """A comparison under way."""

    after: EmbeddingId = START
    found: Found = field(default_factory=Found)


@dataclass(slots=True)
class Care:
    """Keeps both shelves' indexes. One thread calls `tick`; others may ask for `check` and read `state`."""

    indexes: Mapping[Shelf, QdrantIndex]
    source: ChangeSource
    now_s: Callable[[], float] = time.monotonic
    _checks: dict[tuple[Shelf, ModelName], _Check] = field(default_factory=dict)
    _last: dict[tuple[Shelf, ModelName], Found] = field(default_factory=dict)
    _next_s: dict[tuple[Shelf, ModelName], float] = field(default_factory=dict)

    def tick(self) -> int:
        """Feed what changed, then compare one page of what is due; how much was done."""
        return sum(self._kept(shelf, model) for shelf in self.indexes for model in self._models())

    def ask(self) -> None:
        """Compare everything from the beginning, now."""
        self._next_s.clear()
        self._checks.clear()
        self._last.clear()

    def state(self) -> list[dict[str, object]]:
        """How far each collection is, and what the last comparison mended; None while one is asked for."""
        return [self._state(shelf, model) for shelf in self.indexes for model in self._models()]

    def _models(self) -> list[ModelName]:
        return sorted(set().union(*(index.models for index in self.indexes.values())))

    def _kept(self, shelf: Shelf, model: ModelName) -> int:
        points = self.indexes[shelf].points(model)
        mark = points.mark()
        if mark is None:
            return self._begin(shelf, model, points)
        if mark.filling is not None:
            return self._fill(shelf, model, points, mark)
        fed = self._feed(shelf, model, points, mark)
        return fed or self._compare(shelf, model, points)

    def _begin(self, shelf: Shelf, model: ModelName, points: Points) -> int:
        """An empty or unknown collection is filled from the first row on; while there are no rows there is nothing."""
        seq, rows = self.source.some_embeddings(shelf, model, START, 1)
        if not rows:
            return 0
        points.put(rows, seq)
        points.set_mark(Mark(seq, START))
        log.info("index filling", shelf=shelf.value, model=model)
        return 1

    def _fill(self, shelf: Shelf, model: ModelName, points: Points, mark: Mark) -> int:
        assert mark.filling is not None
        after, found = self._page(shelf, model, points, mark.filling, None)
        points.set_mark(Mark(mark.seq, after))
        if after is None:
            log.info("index filled", shelf=shelf.value, model=model)
            self._next_s[(shelf, model)] = self.now_s() + PAUSE_S
        return 1 + found.rows

    def _feed(self, shelf: Shelf, model: ModelName, points: Points, mark: Mark) -> int:
        """Apply what changed since the mark, and move the mark."""
        if self.source.last_change() == mark.seq:
            return 0
        try:
            seq, changed, gone = self._changes(mark, shelf)
        except ChangesForgotten:
            log.warning("index lags too far behind; all rows are compared", shelf=shelf.value, model=model)
            seq, _ = self.source.some_embeddings(shelf, model, START, 1)
            points.set_mark(Mark(seq, START))
            return 1
        BEHIND.labels(shelf.value).set(len(changed) + len(gone))
        learned = self._learn(changed)
        ours = [row for row in changed if row.model == model]
        for start in range(0, len(ours), PAGE):
            points.put(ours[start : start + PAGE], seq)
        points.drop(gone)
        if ours or gone or seq - mark.seq > UNMARKED:
            points.set_mark(replace(mark, seq=seq))
        return len(ours) + len(gone) + learned

    def _learn(self, changed: Sequence[Embedding]) -> int:
        """A model on its way gets a collection as its vectors are made; how many are new."""
        new = {row.model for row in changed} - set(self._models())
        for model in new:
            for index in self.indexes.values():
                index.load(model)
        return len(new)

    def _compare(self, shelf: Shelf, model: ModelName, points: Points) -> int:
        """One page of the comparison that is due."""
        key = (shelf, model)
        if self.now_s() < self._next_s.get(key, 0.0):
            return 0
        check = self._checks.setdefault(key, _Check())
        mark = points.mark()
        after, found = self._page(shelf, model, points, check.after, self._unseen(mark, shelf))
        if self._checks.get(key) is not check:
            return 1  # somebody asked for another one meanwhile
        check.found += found
        if after is not None:
            check.after = after
            return 1
        del self._checks[key]
        self._last[key] = replace(check.found, done=True)
        self._next_s[key] = self.now_s() + PAUSE_S
        log.info("index compared", shelf=shelf.value, model=model, **_counts(check.found))
        return 1

    def _unseen(self, mark: Mark | None, shelf: Shelf) -> Sequence[EmbeddingId]:
        """What changed just now is no lie of the index."""
        if mark is None:
            return ()
        try:
            _, changed, gone = self._changes(mark, shelf)
        except ChangesForgotten:
            return ()
        return (*(row.id for row in changed), *gone)

    def _changes(self, mark: Mark, shelf: Shelf) -> tuple[int, list[Embedding], list[EmbeddingId]]:
        """Since the mark; one from the future belongs to rows that a backup has replaced."""
        if self.source.last_change() < mark.seq:
            raise ChangesForgotten
        return self.source.changes_after(mark.seq, shelf)

    def _page(
        self, shelf: Shelf, model: ModelName, points: Points, after: EmbeddingId, unseen: Sequence[EmbeddingId] | None
    ) -> tuple[EmbeddingId | None, Found]:
        """Compare and mend the next ids; the last one of them, or None where there are no more.

        What is ``unseen`` is no lie, and neither is what is missing while the collection is filled (None).

        Points are read before rows: what has no row by then never gets one again, since ids are never given twice.
        """
        there = points.page(after, PAGE)
        seq, rows = self.source.some_embeddings(shelf, model, after, PAGE)
        ends = [some[-1].id for some in (there, rows) if len(some) == PAGE]
        end = min(ends) if ends else None
        known = {point.id: point.embedding for point in there if end is None or point.id <= end}
        wanted = {row.id: row for row in rows if end is None or row.id <= end}
        missing = [row for row in wanted.values() if row.id not in known]
        wrong = [row for row in wanted.values() if row.id in known and not same(known[row.id], row)]
        extra = [point_id for point_id in known if point_id not in wanted]
        points.put([*missing, *wrong], seq, whatever=True)
        points.drop(extra)
        fresh = set(unseen or ())
        told = {
            "missing": [row.id for row in missing if unseen is not None and row.id not in fresh],
            "wrong": [row.id for row in wrong if row.id not in fresh],
            "extra": [point_id for point_id in extra if point_id not in fresh],
        }
        self._tell(shelf, model, told)
        missed, erred, strange = (len(ids) for ids in told.values())
        return end, Found(len(wanted), missed, erred, strange)

    def _tell(self, shelf: Shelf, model: ModelName, told: Mapping[str, Sequence[EmbeddingId]]) -> None:
        for kind, ids in told.items():
            if ids:
                MENDED.labels(shelf.value, kind).inc(len(ids))
                some = list(ids[:SHOWN])
                log.warning("index mended", shelf=shelf.value, model=model, kind=kind, points=len(ids), some=some)

    def _state(self, shelf: Shelf, model: ModelName) -> dict[str, object]:
        mark = self.indexes[shelf].points(model).mark()
        last = self._last.get((shelf, model))
        return {
            "shelf": shelf.value,
            "model": model,
            "follows": None if mark is None else mark.seq,
            "latest": self.source.last_change(),
            "filling": mark is not None and mark.filling is not None,
            "compared": None if last is None else _counts(last),
        }


def _counts(found: Found) -> dict[str, int]:
    return {"rows": found.rows, "missing": found.missing, "wrong": found.wrong, "extra": found.extra}
