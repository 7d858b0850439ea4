"""The exact index where it searches by bytes first: the same answers as float64 over everything."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Embedding, Filter, Search, unit
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.reports import Shelf
from homeward.storage.index.changes import EmbeddingColumns
from homeward.storage.index.exact import BLOCK, COARSE_FROM, ExactIndex

COUNT, DIMENSION = BLOCK + 1500, 48
MODEL = ModelName("m")
ANY = Filter(MODEL, only_open=False)
CATS = Filter(MODEL, species=Species.CAT, only_open=False)


@dataclass
class Rows:
    """A source of changes that holds everything in one array."""

    vectors: np.ndarray
    changed: list = field(default_factory=list)

    def commits(self):
        return len(self.changed)

    def last_change(self):
        return len(self.changed)

    def changes_after(self, seq, _shelf):
        present = [self.embedding(i) for i in self.changed[seq:] if not np.isnan(self.vectors[i, 0])]
        gone = [EmbeddingId(i) for i in self.changed[seq:] if np.isnan(self.vectors[i, 0])]
        return len(self.changed), present, gone

    def all_embeddings(self, _shelf, _model, take):
        count = len(self.vectors)
        take(
            EmbeddingColumns(
                ids=range(count), report_ids=[str(i) for i in range(count)], crop_ids=range(count),
                species=[self.species(i).value for i in range(count)], parts=[self.part(i).value for i in range(count)],
                happened_at_s=np.zeros(count), lat=np.full(count, np.nan), lon=np.full(count, np.nan),
                is_open=np.ones(count, np.bool_), vectors=self.vectors,
            )
        )  # fmt: skip
        return 0

    def part(self, _i):
        return Part.BODY

    def species(self, i):
        return Species.CAT if i % 2 else Species.DOG

    def embedding(self, i):
        when = datetime(2026, 6, 1, tzinfo=UTC)
        return Embedding(EmbeddingId(i), CropId(i), ReportId(str(i)), MODEL, self.species(i), self.part(i), when, None,
                         is_open=True, vector=self.vectors[i])  # fmt: skip

    def nearest(self, vector, k, every=1):
        distances = np.linalg.norm(self.vectors.astype(np.float64) - vector.astype(np.float64), axis=1)
        ids = np.flatnonzero(~np.isnan(distances))
        ids = ids[ids % 2 == 1] if every == 2 else ids
        order = ids[np.lexsort((ids, distances[ids]))][:k]
        return order.tolist(), distances[order]


def crowd(seed):
    """Some vectors far from all others, most of them in a few tight crowds, some of them equal."""
    chance = np.random.default_rng(seed)
    middles = unit(chance.normal(size=(5, DIMENSION)))
    spread = chance.choice([0.0, 1e-4, 1e-2, 0.3], size=(COUNT, 1))
    return unit(middles[chance.integers(5, size=COUNT)] + spread * chance.normal(size=(COUNT, DIMENSION)))


def same(index, rows, vector, k, where):
    ids, distances = rows.nearest(vector, k, 2 if where is CATS else 1)
    found = index.nearest(vector, k, where)
    assert [n.embedding_id for n in found] == ids
    np.testing.assert_allclose([n.l2_distance for n in found], distances, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_bytes_first_finds_what_float64_finds(seed):
    assert COUNT / 2 > COARSE_FROM
    rows = Rows(crowd(seed))
    index = ExactIndex(Shelf.FOUND, rows)
    asked = [*rows.vectors[:8], *unit(np.random.default_rng(seed + 100).normal(size=(8, DIMENSION)))]
    for vector in asked:
        same(index, rows, vector, 10, ANY)
        same(index, rows, vector, 3, CATS)


def test_searches_of_one_vector_share_the_look_by_bytes():
    rows = Rows(crowd(5))
    index = ExactIndex(Shelf.FOUND, rows)
    nowhere = Filter(MODEL, species=Species.CAT, part=Part.FACE, only_open=False)
    asked = [
        Search(vector, k, where) for vector in rows.vectors[:4] for k, where in ((10, ANY), (4, CATS), (3, nowhere))
    ]

    assert index.nearest_of_each(asked) == [index.nearest(one.vector, one.k, one.where) for one in asked]


def test_a_reading_that_breaks_off_leaves_no_half_of_an_index():
    class BreaksOff(Rows):
        def all_embeddings(self, shelf, model, take):
            seq = super().all_embeddings(shelf, model, take)
            if not self.changed:
                raise ConnectionError
            return seq

    rows = BreaksOff(crowd(6))
    index = ExactIndex(Shelf.FOUND, rows)
    with pytest.raises(ConnectionError):
        index.load(MODEL)

    rows.changed.append(0)
    same(index, rows, rows.vectors[3], 10, ANY)
    assert index.count(ANY) == COUNT


def test_parts_are_searched_apart_and_together():
    class Parts(Rows):
        def part(self, i):
            return Part.FACE if i % 3 == 0 else Part.BODY

    rows = Parts(crowd(7))
    index = ExactIndex(Shelf.FOUND, rows)
    for vector in rows.vectors[:5]:
        same(index, rows, vector, 10, ANY)
        ids, _ = rows.nearest(vector, COUNT)
        for part in Part:
            found = index.nearest(vector, 7, replace(ANY, part=part))
            assert [n.embedding_id for n in found] == [i for i in ids if rows.part(i) is part][:7]


class OfTwoModels(Rows):
    """Another model's vectors lie in the other order."""

    def all_embeddings(self, shelf, model, take):
        vectors = self.vectors if model == MODEL else self.vectors[::-1]
        return Rows.all_embeddings(Rows(vectors), shelf, model, take)


def test_a_look_by_bytes_serves_no_search_of_its_vector_by_another_model():
    rows = OfTwoModels(crowd(5))
    index = ExactIndex(Shelf.FOUND, rows)
    vector = rows.vectors[7]
    asked = [Search(vector, 10, where) for where in (ANY, replace(ANY, model=ModelName("other")))]

    assert index.nearest_of_each(asked) == [index.nearest(one.vector, one.k, one.where) for one in asked]


def test_what_changed_and_what_is_gone_is_seen_by_bytes_too():
    rows = Rows(crowd(9))
    index = ExactIndex(Shelf.FOUND, rows)
    index.load(MODEL)
    chance = np.random.default_rng(1)
    for turn in range(30):
        row = int(chance.integers(COUNT))
        rows.vectors[row] = np.nan if turn % 3 == 0 else unit(chance.normal(size=DIMENSION))
        rows.changed.append(row)
        near = rows.vectors[row] if turn % 3 else rows.vectors[(row + 1) % COUNT]
        if not np.isnan(near[0]):
            same(index, rows, near, 10, ANY)


def test_nothing_of_what_is_gone_stays_in_memory():
    rows = Rows(crowd(8))
    index = ExactIndex(Shelf.FOUND, rows)
    index.load(MODEL)
    (space,) = index._spaces[MODEL].values()
    before = space.blocks[0][7].copy(), space.coarse.blocks[0][7].copy()
    assert np.array_equal(before[0], rows.vectors[7].astype(np.float32))
    assert before[1].any()

    rows.vectors[7] = np.nan
    rows.changed.append(7)
    same(index, rows, rows.vectors[3], 10, ANY)

    assert not space.blocks[0][7].any()
    assert not space.coarse.blocks[0][7].any()
    assert "7" not in space.report_ids
