"""Exact nearest neighbours in RAM: built from the rows, brought up to date before each search."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Embedding, Filter, Neighbour, Vector
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.places import EARTH_RADIUS_KM, Point
from homeward.domain.reports import Shelf
from homeward.storage.index.changes import ChangeSource, EmbeddingColumns

BLOCK = 8192  # rows; growing by blocks never needs a second copy of the vectors
ROUNDING = 1e-5  # of a float32 dot product; candidates this near the k-th are measured again in float64
SPECIES = {species: code for code, species in enumerate(Species)}
PARTS = {part: code for code, part in enumerate(Part)}
FREE = 255
KM_PER_DEGREE = 111.0
Rows = npt.NDArray[np.intp]


def _kind(species: Species, part: Part, *, is_open: bool) -> int:
    """Species, part and openness in one byte, so that one comparison filters all three."""
    return SPECIES[species] * 4 + PARTS[part] * 2 + int(is_open)


def _kinds(where: Filter) -> list[int]:
    return [
        _kind(species, part, is_open=is_open)
        for species in ([where.species] if where.species else Species)
        for part in ([where.part] if where.part else Part)
        for is_open in ([True] if where.only_open else [True, False])
    ]


@dataclass(slots=True)
class _Space:
    """The embeddings of one model: vectors in blocks, everything else in columns that double."""

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
    used: int = 0

    def put(self, embedding: Embedding) -> None:
        """Insert or overwrite."""
        row = self.row_of.get(embedding.id)
        if row is None:
            row = self._new_row()
            self.row_of[embedding.id] = row
        place = embedding.place
        self.kind[row] = _kind(embedding.species, embedding.part, is_open=embedding.is_open)
        self.happened_at_s[row] = embedding.happened_at.timestamp()
        self.lat[row], self.lon[row] = (place.lat, place.lon) if place else (np.nan, np.nan)
        self.ids[row], self.crop_ids[row] = embedding.id, embedding.crop_id
        self.report_ids[row] = embedding.report_id
        self.blocks[row // BLOCK][row % BLOCK] = embedding.vector

    def remove(self, embedding_id: EmbeddingId) -> None:
        """Free the row; absent is fine."""
        row = self.row_of.pop(embedding_id, None)
        if row is not None:
            self.kind[row] = FREE
            self.free.append(row)

    def fill(self, columns: EmbeddingColumns, rows: Sequence[int]) -> None:
        """Insert many at once into an empty space; ``rows`` are positions in ``columns``."""
        self.reserve(len(rows))
        count = self.used = len(rows)
        taken = np.asarray(rows)
        kinds = {
            (species, part): _kind(Species(species), Part(part), is_open=False) for species in Species for part in Part
        }
        codes = [kinds[Species(columns.species[i]), Part(columns.parts[i])] for i in rows]
        self.kind[:count] = np.array(codes, np.uint8) + columns.is_open[taken].astype(np.uint8)
        self.happened_at_s[:count] = columns.happened_at_s[taken]
        self.lat[:count], self.lon[:count] = columns.lat[taken], columns.lon[taken]
        self.ids[:count] = np.array([columns.ids[i] for i in rows])
        self.crop_ids[:count] = np.array([columns.crop_ids[i] for i in rows])
        self.report_ids[:count] = [columns.report_ids[i] for i in rows]
        self.row_of = {int(found): row for row, found in enumerate(self.ids[:count])}
        for row, i in enumerate(rows):
            self.blocks[row // BLOCK][row % BLOCK] = columns.vectors[i]

    def reserve(self, rows: int) -> None:
        """Make room for ``rows`` in all."""
        while len(self.blocks) * BLOCK < rows:
            self.blocks.append(np.zeros((BLOCK, self.dimension), np.float32))
        size = len(self.blocks) * BLOCK
        grow = size - len(self.kind)
        if grow:
            self.kind = np.concatenate([self.kind, np.full(grow, FREE, np.uint8)])
            self.happened_at_s = np.concatenate([self.happened_at_s, np.zeros(grow)])
            self.lat = np.concatenate([self.lat, np.zeros(grow)])
            self.lon = np.concatenate([self.lon, np.zeros(grow)])
            self.ids = np.concatenate([self.ids, np.zeros(grow, np.int64)])
            self.crop_ids = np.concatenate([self.crop_ids, np.zeros(grow, np.int64)])
            self.report_ids += [ReportId("")] * grow

    def matching(self, where: Filter) -> Rows:
        """Rows that pass, cheapest test first."""
        used = slice(0, self.used)
        mask = np.isin(self.kind[used], _kinds(where), kind="table")
        if where.since is not None:
            mask &= self.happened_at_s[used] >= where.since.timestamp()
        if where.until is not None:
            mask &= self.happened_at_s[used] <= where.until.timestamp()
        if where.centre is None or where.radius_km is None:
            return np.flatnonzero(mask)
        reach = where.radius_km / KM_PER_DEGREE
        mask &= np.abs(self.lat[used] - where.centre.lat) <= reach
        rows = np.flatnonzero(mask)
        return rows[self._km(rows, where.centre) <= where.radius_km]

    def nearest(self, vector: Vector, k: int, rows: Rows) -> list[Neighbour]:
        """The ``k`` nearest of ``rows``."""
        dots = self._dots(vector, rows)
        if len(rows) > k:
            least = np.partition(dots, len(dots) - k)[len(dots) - k] - ROUNDING
            near = np.flatnonzero(dots >= least)
            rows = rows[near]
        exact = vector.astype(np.float64)
        distances = np.array([np.linalg.norm(self.blocks[row // BLOCK][row % BLOCK] - exact) for row in rows.tolist()])
        order = np.lexsort((self.ids[rows], distances))[:k]
        return [self._neighbour(int(rows[i]), float(distances[i])) for i in order]

    def _dots(self, vector: Vector, rows: Rows) -> npt.NDArray[np.float32]:
        if len(rows) == self.used:  # nothing filtered: no gathering needed
            parts = [block @ vector for block in self.blocks]
            return np.concatenate(parts)[: self.used] if parts else np.zeros(0, np.float32)
        dots = np.empty(len(rows), np.float32)
        edges = np.searchsorted(rows, np.arange(len(self.blocks) + 1) * BLOCK)
        for number, block in enumerate(self.blocks):
            part = slice(edges[number], edges[number + 1])
            dots[part] = block[rows[part] - number * BLOCK] @ vector
        return dots

    def _km(self, rows: Rows, centre: Point) -> npt.NDArray[np.float64]:
        lat1, lat2 = np.radians(centre.lat), np.radians(self.lat[rows])
        half_lat, half_lon = (lat2 - lat1) / 2, np.radians(self.lon[rows] - centre.lon) / 2
        chord = np.sin(half_lat) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(half_lon) ** 2
        return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord))), np.float64)

    def _neighbour(self, row: int, l2_distance: float) -> Neighbour:
        return Neighbour(
            EmbeddingId(int(self.ids[row])),
            self.report_ids[row],
            CropId(int(self.crop_ids[row])),
            l2_distance,
        )

    def _new_row(self) -> int:
        if self.free:
            return self.free.pop()
        self.reserve(self.used + 1)
        self.used += 1
        return self.used - 1


class ExactIndex:
    """`homeward.ports.EmbeddingIndex` over all embeddings of one shelf."""

    def __init__(self, shelf: Shelf, source: ChangeSource) -> None:
        """Nothing is read before `load` or the first search."""
        self._shelf = shelf
        self._source = source
        self._lock = threading.Lock()
        self._spaces: dict[ModelName, _Space] = {}
        self._seq: int | None = None

    def load(self) -> None:
        """Read everything, so that the first search need not."""
        with self._lock:
            self._follow()

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, nearest first, by true L2; every committed row counts."""
        with self._lock:
            self._follow()
            space = self._spaces.get(where.model)
            if space is None or k <= 0:
                return []
            return space.nearest(vector, k, space.matching(where))

    def count(self, where: Filter) -> int:
        """How many embeddings pass ``where``."""
        with self._lock:
            self._follow()
            space = self._spaces.get(where.model)
            return 0 if space is None else len(space.matching(where))

    def _follow(self) -> None:
        if self._seq is None:
            self._build()
        elif self._source.last_change() > self._seq:
            seq, changed, gone = self._source.changes_after(self._seq, self._shelf)
            for embedding_id in gone:
                for space in self._spaces.values():
                    space.remove(embedding_id)
            for embedding in changed:
                self._space(embedding.model, len(embedding.vector)).put(embedding)
            self._seq = seq

    def _build(self) -> None:
        seq, columns = self._source.all_embeddings(self._shelf)
        by_model: dict[str, list[int]] = {}
        for position, model in enumerate(columns.models):
            by_model.setdefault(model, []).append(position)
        for model, rows in by_model.items():
            self._space(ModelName(model), len(columns.vectors[rows[0]])).fill(columns, rows)
        self._seq = seq

    def _space(self, model: ModelName, dimension: int) -> _Space:
        return self._spaces.setdefault(model, _Space(dimension))
