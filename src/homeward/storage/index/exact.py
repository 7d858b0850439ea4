"""Exact nearest neighbours in RAM: built from the rows, brought up to date before each search."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Embedding, Filter, Neighbour, Search, Vector, Vectors
from homeward.domain.ids import EmbeddingId, ModelName, ReportId
from homeward.domain.places import distances_km
from homeward.domain.reports import Shelf
from homeward.storage.index.cells import Cells
from homeward.storage.index.changes import ChangesForgotten, ChangeSource, EmbeddingColumns
from homeward.storage.index.coarse import Coarse

BLOCK = 8192  # rows; growing by blocks never needs a second copy of the vectors
ROUNDING = 5e-6  # of a float32 dot product of unit vectors
COARSE_FROM = 2048  # rows; fewer are gathered sooner than all bytes are read
SPECIES = {species: code for code, species in enumerate(Species)}
FREE = 255
Rows = npt.NDArray[np.intp]


def _kind(species: Species, *, is_open: bool) -> int:
    """Species and openness in one byte, so that one comparison filters both."""
    return SPECIES[species] * 2 + int(is_open)


CLOSED: dict[str, int] = {species.value: _kind(species, is_open=False) for species in Species}


def _kinds(where: Filter) -> list[int]:
    return [
        _kind(species, is_open=is_open)
        for species in ([where.species] if where.species else Species)
        for is_open in ([True] if where.only_open else [True, False])
    ]


@dataclass(slots=True)
class _Space:
    """The embeddings of one model and part: vectors in blocks, everything else in columns that double."""

    dimension: int
    blocks: list[npt.NDArray[np.float32]] = field(default_factory=list)
    kind: npt.NDArray[np.uint8] = field(default_factory=lambda: np.full(0, FREE, np.uint8))
    happened_at_s: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    lat: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    lon: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    ids: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    crop_ids: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    report_ids: list[ReportId] = field(default_factory=list)
    row_of: dict[int, int] = field(default_factory=dict)
    free: list[int] = field(default_factory=list)
    cells: Cells = field(default_factory=Cells)
    used: int = 0
    coarse: Coarse = field(init=False)

    def __post_init__(self) -> None:
        """The coarse likeness grows with the blocks."""
        self.coarse = Coarse(self.dimension, BLOCK)

    def put(self, embedding: Embedding) -> None:
        """Insert or overwrite."""
        row = self.row_of.get(embedding.id)
        if row is None:
            row = self._new_row()
            self.row_of[embedding.id] = row
        place = embedding.place
        self.kind[row] = _kind(embedding.species, is_open=embedding.is_open)
        self.happened_at_s[row] = embedding.happened_at.timestamp()
        self.cells.remove(row, float(self.lat[row]), float(self.lon[row]))
        self.lat[row], self.lon[row] = (place.lat, place.lon) if place else (np.nan, np.nan)
        self.cells.add(row, float(self.lat[row]), float(self.lon[row]))
        self.ids[row], self.crop_ids[row] = embedding.id, embedding.crop_id
        self.report_ids[row] = embedding.report_id
        self._write(row, embedding.vector[None])

    def remove(self, embedding_id: EmbeddingId) -> None:
        """Wipe and free the row; absent is fine."""
        row = self.row_of.pop(embedding_id, None)
        if row is not None:
            self.kind[row] = FREE
            self.cells.remove(row, float(self.lat[row]), float(self.lon[row]))
            self.lat[row] = self.lon[row] = np.nan
            self.report_ids[row] = ReportId("")
            self._write(row, np.zeros((1, self.dimension), np.float32))
            self.free.append(row)

    def fill(self, columns: EmbeddingColumns) -> None:
        """Append many at once."""
        first, end = self.used, self.used + len(columns.ids)
        self.reserve(end)
        self.used = end
        part = slice(first, end)
        codes = [CLOSED[kind] for kind in columns.species]
        self.kind[part] = np.array(codes, np.uint8) + columns.is_open.astype(np.uint8)
        self.happened_at_s[part] = columns.happened_at_s
        self.lat[part], self.lon[part] = columns.lat, columns.lon
        self.ids[part], self.crop_ids[part] = columns.ids, columns.crop_ids
        self.report_ids[part] = columns.report_ids
        self.row_of.update(zip(columns.ids, range(first, end), strict=True))
        self.cells.fill(first, columns.lat, columns.lon)
        self._write(first, columns.vectors)

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` in all."""
        while len(self.blocks) * BLOCK < rows:
            self.blocks.append(np.zeros((BLOCK, self.dimension), np.float32))
            self.coarse.grow()
        size = len(self.blocks) * BLOCK
        grow = size - len(self.kind)
        if grow:
            self.kind = np.concatenate([self.kind, np.full(grow, FREE, np.uint8)])
            self.happened_at_s = np.concatenate([self.happened_at_s, np.zeros(grow)])
            self.lat = np.concatenate([self.lat, np.full(grow, np.nan)])
            self.lon = np.concatenate([self.lon, np.full(grow, np.nan)])
            self.ids = np.concatenate([self.ids, np.zeros(grow, np.int64)])
            self.crop_ids = np.concatenate([self.crop_ids, np.zeros(grow, np.int64)])
            self.report_ids += [ReportId("")] * grow

    def matching(self, where: Filter) -> Rows:
        """Rows that pass, in rising order; near a place only the cells around it are looked at."""
        allowed = np.zeros(256, np.bool_)
        allowed[_kinds(where)] = True
        near = self.cells.around(where.centre, where.radius_km)
        rows = np.flatnonzero(allowed[self.kind[: self.used]]) if near is None else near[allowed[self.kind[near]]]
        if where.since is not None:
            rows = rows[self.happened_at_s[rows] >= where.since.timestamp()]
        if where.until is not None:
            rows = rows[self.happened_at_s[rows] <= where.until.timestamp()]
        if where.centre is not None and where.radius_km is not None:
            rows = rows[distances_km(where.centre, self.lat[rows], self.lon[rows]) <= where.radius_km]
        return rows

    def nearest(self, search: Search, looked: "_Looked | None") -> "tuple[list[Neighbour], _Looked | None]":
        """By bytes, float32 and float64, each keeping all that may still be nearest; and the look by bytes, if any.

        ``looked`` is the one of the search before here, which serves all searches of its vector.
        """
        vector, k, rows = search.vector, search.k, self.matching(search.where)
        if looked is not None and looked.vector is not vector:
            looked = None
        if looked is None and len(rows) >= COARSE_FROM:
            looked = _Looked(vector, *self.coarse.dots(vector, self.used))
        if looked is not None:
            dots = looked.dots if len(rows) == self.used else looked.dots[rows]
            rows = _may_be_nearest(dots, k, looked.error, rows)
        rows = _may_be_nearest(self._gathered(rows) @ vector, k, ROUNDING, rows)
        distances = np.linalg.norm(self._gathered(rows) - vector.astype(np.float64), axis=1)
        order = np.lexsort((self.ids[rows], distances))[:k]
        return self._neighbours(rows[order], distances[order]), looked

    def _gathered(self, rows: Rows) -> npt.NDArray[np.float32]:
        """The vectors of ``rows``, which rise."""
        found = np.empty((len(rows), self.dimension), np.float32)
        edges = np.searchsorted(rows, np.arange(len(self.blocks) + 1) * BLOCK)
        for number, block in enumerate(self.blocks):
            if edges[number] < edges[number + 1]:
                part = slice(edges[number], edges[number + 1])
                found[part] = block[rows[part] - number * BLOCK]
        return found

    def _write(self, first: int, vectors: Vectors) -> None:
        """Into ``first`` and the rows after it, block by block."""
        row, end = first, first + len(vectors)
        while row < end:
            number, stop = row // BLOCK, min(end, (row // BLOCK + 1) * BLOCK)
            part, some = slice(row - number * BLOCK, stop - number * BLOCK), vectors[row - first : stop - first]
            self.blocks[number][part] = some
            self.coarse.put(number, part, some)
            row = stop

    def _neighbours(self, rows: Rows, l2_distances: npt.NDArray[np.float64]) -> list[Neighbour]:
        report_ids = [self.report_ids[row] for row in rows.tolist()]
        columns = self.ids[rows].tolist(), report_ids, self.crop_ids[rows].tolist(), l2_distances.tolist()
        return list(map(Neighbour, *columns))

    def _new_row(self) -> int:
        if self.free:
            return self.free.pop()
        self.reserve(self.used + 1)
        self.used += 1
        return self.used - 1


@dataclass(frozen=True, slots=True)
class _Looked:
    """Dot products of all rows with ``vector`` by bytes, each wrong by ``error`` at most."""

    vector: Vector
    dots: npt.NDArray[np.float32]
    error: float


def _may_be_nearest(dots: npt.NDArray[np.float32], k: int, error: float, rows: Rows) -> Rows:
    """Those of ``rows`` whose dot product, wrong by ``error`` at most, may be among the ``k`` largest."""
    return rows if len(rows) <= k else rows[dots >= _kth_largest(dots, k) - 2 * error]


def _kth_largest(values: npt.NDArray[np.float32], k: int) -> float:
    """The ``k``-th largest; most values are dismissed by one comparison, which is faster than a whole partition."""
    best, least = values[:0], -np.inf
    for start in range(0, len(values), BLOCK):
        part = values[start : start + BLOCK]
        best = np.concatenate([best, part[part >= least]])
        if len(best) > k:
            best = np.partition(best, len(best) - k)[-k:]
            least = float(best.min())
    return float(best.min())


class ExactIndex:
    """`homeward.ports.EmbeddingIndex` over one shelf; the vectors of a model are read when it is first asked for."""

    def __init__(self, shelf: Shelf, source: ChangeSource) -> None:
        """Nothing is read before `load` or the first search."""
        self._shelf = shelf
        self._source = source
        self._lock = threading.Lock()
        self._spaces: dict[ModelName, dict[Part, _Space]] = {}
        self._seq: int | None = None
        self._commits: int | None = None

    def load(self, model: ModelName) -> None:
        """Read a model's vectors, so that the first search need not."""
        with self._lock:
            self._follow()
            self._within(Filter(model))

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, nearest first, by true L2; every committed row counts."""
        return self.nearest_of_each([Search(vector, k, where)])[0]

    def nearest_of_each(self, searches: Sequence[Search]) -> list[list[Neighbour]]:
        """What `nearest` finds for each of ``searches``; those of one vector follow each other, and share work."""
        looked: dict[int, _Looked | None] = {}
        with self._lock:
            self._follow()
            return [self._nearest(search, looked) for search in searches]

    def count(self, where: Filter) -> int:
        """How many embeddings pass ``where``."""
        with self._lock:
            self._follow()
            return sum(len(space.matching(where)) for space in self._within(where))

    def _nearest(self, search: Search, looked: "dict[int, _Looked | None]") -> list[Neighbour]:
        if search.k <= 0:
            return []
        found: list[Neighbour] = []
        spaces = self._within(search.where)
        for space in spaces:
            neighbours, looked[id(space)] = space.nearest(search, looked.get(id(space)))
            found += neighbours
        if len(spaces) > 1:
            found.sort(key=lambda neighbour: (neighbour.l2_distance, neighbour.embedding_id))
        return found[: search.k]

    def _within(self, where: Filter) -> list[_Space]:
        """The vectors of a model and a part, or all parts, as of the last change followed."""
        if where.model not in self._spaces:
            self._build(where.model)
        return [space for part, space in self._spaces[where.model].items() if where.part in {None, part}]

    def _follow(self) -> None:
        commits = self._source.commits()
        if self._seq is None or (commits is not None and commits == self._commits):
            return
        try:
            seq, changed, gone = self._source.changes_after(self._seq, self._shelf)
        except ChangesForgotten:
            self._spaces.clear()
            self._seq = None
            return
        for embedding_id in gone:
            for parts in self._spaces.values():
                for space in parts.values():
                    space.remove(embedding_id)
        for embedding in changed:
            if embedding.model in self._spaces:
                self._part(embedding.model, embedding.part, len(embedding.vector)).put(embedding)
        self._seq, self._commits = seq, commits

    def _part(self, model: ModelName, part: Part, dimension: int) -> _Space:
        parts = self._spaces[model]
        if part not in parts:
            parts[part] = _Space(dimension)
        return parts[part]

    def _build(self, model: ModelName) -> None:
        """Changes between the number known and the one of this reading are followed again, which does no harm."""
        self._spaces[model] = {}

        def take(columns: EmbeddingColumns) -> None:
            for part in Part:
                rows = [row for row, kind in enumerate(columns.parts) if kind == part.value]
                if rows:
                    self._part(model, part, columns.vectors.shape[1]).fill(columns.only(rows))

        try:
            seq = self._source.all_embeddings(self._shelf, model, take)
        except BaseException:
            del self._spaces[model]  # half of it
            raise
        self._seq = seq if self._seq is None else self._seq
