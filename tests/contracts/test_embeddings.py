"""The embedding and metadata storage of a shelf: SQL with the exact index, and the in-memory twin."""

from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.embeddings import Filter, NewEmbedding, Search, unit
from homeward.domain.ids import AccountId, ContentHash, EncounterId, ModelName, PhotoId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import NewCrop, Photo, Report, Shelf, Status
from homeward.storage.index.exact import ExactIndex
from homeward.storage.index.pgvector import PgVectorIndex
from homeward.storage.shelves import open_shelf
from homeward.storage.sql import SqlDatabase
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.testing import InMemoryDatabase, in_memory_shelves
from tests.fakes.qdrant import opened
from tests.world import sqlite

from .rows import opened as opened_database

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MODEL = ModelName("m")
ANY = Filter(MODEL, only_open=False)


@pytest.fixture(
    params=["sql", "memory", "postgres", "qdrant", "qdrant lagging", "qdrant edge", "qdrant postgres", "qdrant server"]
)
def store(request, tmp_path):
    """On Qdrant the keeper has done all there was to do before each search; the lagging one did nothing since the start."""
    kind = request.param
    if not kind.startswith("qdrant"):
        with opened_database(kind, request) as (database, _):
            yield database, shelf_of(database)
        return
    how = kind.removeprefix("qdrant").strip()
    if how == "postgres":
        with opened_database(how, request) as (database, _), opened("", database, tmp_path) as index:
            yield database, open_shelf(Shelf.FOUND, index)
        return
    with closing(sqlite(tmp_path / "x.sqlite")) as database, opened(how, database, tmp_path) as index:
        yield database, open_shelf(Shelf.FOUND, index)


def shelf_of(database):
    """The found shelf of any kind of database; a graph is walked as soon as there is one, and anything to walk."""
    if isinstance(database, InMemoryDatabase):
        return in_memory_shelves(database)[Shelf.FOUND]
    if isinstance(database, PostgresDatabase):
        return open_shelf(Shelf.FOUND, PgVectorIndex(Shelf.FOUND, database, few=1))
    return open_shelf(Shelf.FOUND, ExactIndex(Shelf.FOUND, database))


def report(name, **fields):
    made = Report(ReportId(name), Shelf.FOUND, AccountId("a"), Species.CAT, 1.0, NOW, NOW, EncounterId(name))
    return replace(made, **fields)


def put(store, name, vector, *, part=Part.BODY, model=MODEL, **fields):
    database, storage = store
    with database.write() as work:
        work.reports.add(report(name, **fields))
        photo = Photo(PhotoId(f"p-{name}"), ReportId(name), ContentHash("0" * 64), 9, 9, 0, NOW)
        crop = NewCrop(photo.id, photo.report_id, 0, part, Box(0, 0, 9, 9), Species.CAT, 0.9)
        work.photos.add(photo)
        (crop_id,) = work.photos.add_crops([crop])
        (embedding_id,) = storage.embeddings.add(work, [NewEmbedding(crop_id, model, unit(np.array(vector)))])
    return embedding_id


def names(store, vector, where=ANY, k=10):
    return [n.report_id for n in store[1].embeddings.nearest(unit(np.array(vector)), k, where)]


def test_what_is_committed_is_found_at_once_nearest_first(store):
    put(store, "far", [0.0, 1.0])
    put(store, "near", [1.0, 0.1])

    assert names(store, [1.0, 0.0]) == ["near", "far"]


def test_distances_are_true_l2_and_zero_for_the_same(store):
    put(store, "same", [1.0, 0.0])
    put(store, "opposite", [-1.0, 0.0])

    found = store[1].embeddings.nearest(unit(np.array([1.0, 0.0])), 2, ANY)

    assert [n.l2_distance for n in found] == pytest.approx([0.0, 2.0], abs=1e-6)


def test_many_searches_at_once_find_what_each_finds(store):
    for number, name in enumerate("abcde"):
        put(store, name, [1.0, number / 4], part=Part.FACE if name == "b" else Part.BODY)
    here, there = (unit(np.array(vector)) for vector in ([1.0, 0.0], [0.0, 1.0]))
    asked = [(here, 2, ANY), (here, 2, replace(ANY, part=Part.FACE)), (there, 3, ANY), (here, 9, ANY), (there, 0, ANY)]

    found = store[1].embeddings.nearest_of_each([Search(*one) for one in asked])

    assert found == [store[1].embeddings.nearest(*one) for one in asked]
    assert [[n.report_id for n in some] for some in found] == [["a", "b"], ["b"], ["e", "d", "c"], list("abcde"), []]
    assert store[1].embeddings.nearest_of_each([]) == []


def test_a_transaction_that_fails_leaves_nothing(store):
    with pytest.raises(RuntimeError, match="stop"), store[0].write() as work:
        work.reports.add(report("gone"))
        raise RuntimeError("stop")

    with store[0].read() as work:
        assert work.reports.get(ReportId("gone")) is None


def test_ids_are_never_given_twice(store):
    first = put(store, "a", [1.0, 0.0])
    with store[0].write() as work:
        store[1].embeddings.remove(work, [first])

    assert put(store, "b", [1.0, 0.0]) != first
    assert names(store, [1.0, 0.0]) == ["b"]


def test_the_same_crop_and_model_is_stored_once(store):
    first = put(store, "a", [1.0, 0.0])
    with store[0].write() as work:
        (known,) = work.embeddings.get([first])
        again = store[1].embeddings.add(work, [NewEmbedding(known.crop_id, MODEL, unit(np.array([0.0, 1.0])))])

    assert again == [first]


def test_a_vector_that_is_not_of_length_one_is_refused(store):
    first = put(store, "a", [1.0, 0.0])
    with store[0].write() as work:
        crop_id = work.embeddings.get([first])[0].crop_id
        with pytest.raises(ValueError):
            store[1].embeddings.add(work, [NewEmbedding(crop_id, ModelName("n"), np.array([2.0, 0.0], np.float32))])


@pytest.mark.parametrize(
    "where",
    [
        Filter(ModelName("other")),
        Filter(MODEL, part=Part.FACE),
        Filter(MODEL, species=Species.DOG),
        Filter(MODEL, since=NOW + timedelta(days=1)),
        Filter(MODEL, until=NOW - timedelta(days=1)),
        Filter(MODEL, centre=Point(58, 39), radius_km=10),
    ],
    ids=["model", "part", "species", "since", "until", "radius"],
)
def test_a_filter_keeps_out_what_does_not_fit(store, where):
    put(store, "a", [1.0, 0.0], place=Point(57, 39))

    assert names(store, [1.0, 0.0]) == ["a"]
    assert names(store, [1.0, 0.0], where) == []


def test_without_a_place_no_radius_is_passed(store):
    put(store, "nowhere", [1.0, 0.0])

    assert names(store, [1.0, 0.0], Filter(MODEL, centre=Point(57, 39), radius_km=20_000)) == []


def test_the_index_follows_a_closed_a_moved_and_an_erased_report(store):
    put(store, "a", [1.0, 0.0], place=Point(57, 39))
    near = Filter(MODEL, centre=Point(57, 39), radius_km=1)
    assert names(store, [1.0, 0.0], near) == ["a"]

    with store[0].write() as work:
        work.reports.update(replace(work.reports.get(ReportId("a")), place=Point(58, 39)))
    assert names(store, [1.0, 0.0], near) == []
    with store[0].write() as work:
        work.reports.update(replace(work.reports.get(ReportId("a")), status=Status.CLOSED))
    assert names(store, [1.0, 0.0], Filter(MODEL)) == []
    assert names(store, [1.0, 0.0]) == ["a"]
    with store[0].write() as work:
        work.reports.remove(ReportId("a"))
    assert names(store, [1.0, 0.0]) == []


def test_a_photo_that_is_removed_takes_its_crops_and_vectors_along(store):
    put(store, "a", [1.0, 0.0])
    put(store, "b", [0.0, 1.0])
    assert names(store, [1.0, 0.0]) == ["a", "b"]

    with store[0].write() as work:
        work.photos.remove(PhotoId("p-a"))
        work.photos.remove(PhotoId("nothing"))

    assert names(store, [1.0, 0.0]) == ["b"]
    with store[0].read() as work:
        assert work.photos.get(PhotoId("p-a")) is None
        assert (work.photos.of_report(ReportId("a")), work.embeddings.of_report(ReportId("a"), MODEL)) == ([], [])
        assert work.reports.get(ReportId("a")) is not None


def test_metadata_leads_from_an_embedding_to_its_report(store):
    embedding_id = put(store, "a", [1.0, 0.0])

    with store[0].read() as work:
        (found,) = store[1].metadata.get(work, [embedding_id])

    assert (found.report.id, found.photo.id, found.crop.part) == ("a", "p-a", Part.BODY)


steps = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "put", "close", "remove"]),
        st.integers(0, 11),
        st.integers(0, 7),
        st.sampled_from(list(Part)),
        st.sampled_from(list(Species)),
        st.floats(-0.5, 0.5),
    ),
    max_size=30,
)


@contextmanager
def fresh_store(kind, request):
    """An empty store, many times within one test. ``following``: an index in memory that follows PostgreSQL's changes."""
    if kind == "sql":
        path = request.getfixturevalue("tmp_path_factory").mktemp("x") / "x"
        with closing(SqlDatabase.open(path)) as database:
            yield database, shelf_of(database)
        return
    url = request.getfixturevalue("postgres_url")
    with closing(PostgresDatabase.open(url)) as database:
        following = open_shelf(Shelf.FOUND, ExactIndex(Shelf.FOUND, database))
        yield database, following if kind == "following" else shelf_of(database)
    request.getfixturevalue("postgres_server").empty("tables")


@pytest.mark.parametrize("kind", ["sql", "postgres", "following"])
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=steps, part=st.sampled_from([None, *Part]), radius=st.sampled_from([None, 5.0, 60.0]))
def test_an_index_says_what_looking_at_every_row_says(kind, request, steps, part, radius):
    memory = InMemoryDatabase()
    twin = memory, in_memory_shelves(memory)[Shelf.FOUND]
    where = Filter(MODEL, part=part, centre=Point(57, 39) if radius else None, radius_km=radius)
    there = set()
    with fresh_store(kind, request) as real:
        for what, number, angle, of_part, species, shift in steps:
            name = f"r{number}"
            for store in (real, twin):
                if what == "put" and name not in there:
                    vector = [np.cos(angle), np.sin(angle), 0.1 * number]
                    put(store, name, vector, part=of_part, species=species, place=Point(57 + shift, 39))
                elif what != "put" and name in there:
                    with store[0].write() as work:
                        if what == "remove":
                            work.reports.remove(ReportId(name))
                        else:
                            work.reports.update(replace(work.reports.get(ReportId(name)), status=Status.CLOSED))
            there = there | {name} if what == "put" else there - {name} if what == "remove" else there
            assert names(real, [1.0, 0.2, 0.3], where, k=4) == names(twin, [1.0, 0.2, 0.3], where, k=4)
