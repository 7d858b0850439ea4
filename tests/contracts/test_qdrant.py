"""Qdrant as a derived index: fed, compared, mended, and never believed further than its mark."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from prometheus_client import REGISTRY
from qdrant_client import QdrantClient, models

from homeward.cli.elsewhere_checks import FileRows, examine_index, followed
from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.embeddings import Embedding, Filter, NewEmbedding, unit
from homeward.domain.ids import ContentHash, CropId, EmbeddingId, ModelName, PhotoId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import NewCrop, Photo, Shelf, Status
from homeward.errors import BadSettings, IndexUnavailable
from homeward.settings import Settings
from homeward.storage.index.qdrant import care as care_module
from homeward.storage.index.qdrant.care import Care
from homeward.storage.index.qdrant.index import QdrantIndex
from homeward.storage.index.qdrant.opened import history_of
from homeward.storage.index.qdrant.points import Mark, moment, regions, same, stored
from homeward.storage.index.qdrant.server import Server
from homeward.storage.sql import SqlDatabase, feed
from tests.contracts.rows import NOW, add
from tests.fakes.qdrant import server, settled
from tests.fakes.store import HANG, Faulty
from tests.world import sqlite

MODEL, OTHER = ModelName("m"), ModelName("n")
ANY = Filter(MODEL, only_open=False)
HERE = Point(57.6, 39.85)
SIZE = 16


@pytest.fixture
def database(tmp_path):
    made = sqlite(tmp_path / "x.sqlite")
    yield made
    made.close()


@pytest.fixture(params=["", "edge", "server"], ids=["local", "edge", "server"])
def qdrant(request, tmp_path):
    with server(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def index(qdrant, database):
    made = QdrantIndex(Shelf.FOUND, database, lambda model: qdrant.points(Shelf.FOUND, model), stand_in_rows=-1)
    made.load(MODEL)
    return made


@pytest.fixture
def care(index, database):
    return Care({Shelf.FOUND: index}, database, now_s=lambda: care_module.PAUSE_S)


@pytest.fixture
def points(qdrant):
    return qdrant.points(Shelf.FOUND, MODEL)


def vectors(count, seed=1):
    return unit(np.random.default_rng(seed).normal(size=(count, SIZE)))


def put(database, count, *, seed=1, model=MODEL, **fields):
    """Found reports with one vector each; the ids of the embeddings."""
    ids = []
    with database.write() as work:
        for number, vector in enumerate(vectors(count, seed)):
            name = f"r{seed}-{number}"
            add(work, name, minutes=number, place=HERE, **fields)
            photo = Photo(PhotoId(f"p-{name}"), ReportId(name), ContentHash("0" * 64), 9, 9, 0, NOW)
            crop = NewCrop(photo.id, photo.report_id, 0, Part.BODY, Box(0, 0, 9, 9), Species.CAT, 0.9)
            work.photos.add(photo)
            ids += work.embeddings.add([NewEmbedding(work.photos.add_crops([crop])[0], model, vector)])
    return ids


def found(index, vector, k=5, where=ANY):
    return [neighbour.embedding_id for neighbour in index.nearest(vector, k, where)]


def mended(kind):
    return REGISTRY.get_sample_value("homeward_index_mended_total", {"shelf": "found", "kind": kind}) or 0.0


def compared(care):
    care.ask()
    settled(care)
    (state,) = care.state()
    return state["compared"]


def test_it_is_filled_page_by_page_and_goes_on_where_it_was_broken_off(database, index, care, points, monkeypatch):
    monkeypatch.setattr(care_module, "PAGE", 10)
    ids = put(database, 35)
    for _ in range(3):
        care.tick()
    assert points.mark().filling == ids[19]

    again = Care({Shelf.FOUND: index}, database)
    settled(again)

    assert points.mark() == Mark(database.last_change())
    assert [point.id for point in points.page(EmbeddingId(0), 100)] == ids
    assert found(index, vectors(35)[7], k=1) == [ids[7]]


def test_while_it_is_being_filled_memory_stands_in_or_a_search_says_so(database, index, qdrant):
    ids = put(database, 5)
    with pytest.raises(IndexUnavailable, match="being filled"):
        index.nearest(vectors(5)[0], 3, ANY)
    few = QdrantIndex(Shelf.FOUND, database, index.points)

    assert found(few, vectors(5)[0], k=1) == [ids[0]]
    assert few.count(ANY) == 5


def test_what_was_committed_a_moment_ago_is_found_before_it_is_fed(database, index, care):
    put(database, 20)
    settled(care)
    late = put(database, 1, seed=2)
    with database.write() as work:
        work.reports.update(replace(work.reports.get(ReportId("r1-3")), status=Status.CLOSED))
        work.reports.remove(ReportId("r1-4"))

    assert found(index, vectors(1, 2)[0], k=1) == late
    assert index.count(Filter(MODEL)) == 19
    assert index.count(ANY) == 20
    settled(care)
    assert index.count(Filter(MODEL)) == 19
    assert index.count(ANY) == 20


def test_a_mark_moves_with_the_changes_and_a_restart_reads_only_what_is_new(database, index, care, points):
    put(database, 3)
    settled(care)
    first = points.mark().seq
    put(database, 2, seed=2)
    assert care.tick() == 2

    assert points.mark().seq == database.last_change() > first
    assert Care({Shelf.FOUND: index}, database, now_s=lambda: -1.0).tick() == 0


def test_an_older_state_never_overwrites_a_newer_one(points, database):
    (old, _) = vectors(2)
    row = Embedding(EmbeddingId(7), CropId(1), ReportId("r"), MODEL, Species.CAT, Part.BODY, NOW, HERE,
                    is_open=True, vector=old)  # fmt: skip
    points.put([row], 10)
    points.put([replace(row, is_open=False)], 11)
    points.put([row], 10)
    points.put([row], 10)

    (point,) = points.page(EmbeddingId(0), 10)
    assert point.embedding.is_open is False


def tamper(qdrant, lie, ids):
    """Behind our back."""
    points, name = qdrant.points(Shelf.FOUND, MODEL), None
    if lie == "deleted":
        points.drop(ids[2:5])
    elif lie == "extra":
        stranger = Embedding(EmbeddingId(900), CropId(1), ReportId("x"), MODEL, Species.CAT, Part.BODY, NOW, HERE,
                             is_open=True, vector=vectors(1, 9)[0])  # fmt: skip
        points.put([stranger], 10**9)
    else:
        (there,) = [p.embedding for p in points.page(EmbeddingId(0), 100) if p.id == ids[2]]
        change = {
            "closed": {"is_open": False},
            "moved": {"place": Point(1, 1)},
            "another vector": {"vector": vectors(1, 9)[0]},
            "another report": {"report_id": ReportId("r1-9")},
            "another time": {"happened_at": datetime(2001, 1, 1, tzinfo=UTC)},
        }[lie]
        points.put([replace(there, **change)], 10**12, whatever=True)
    return name


@pytest.mark.parametrize(
    ("lie", "kind", "count"),
    [("deleted", "missing", 3), ("extra", "extra", 1), ("closed", "wrong", 1), ("moved", "wrong", 1),
     ("another vector", "wrong", 1), ("another report", "wrong", 1), ("another time", "wrong", 1)],
)  # fmt: skip
def test_an_index_that_lies_is_mended_and_it_is_said_and_counted(
    database, index, care, qdrant, lie, kind, count, capsys
):
    ids = put(database, 30)
    settled(care)
    tamper(qdrant, lie, ids)
    before = mended(kind)

    told = compared(care)

    assert told == {"rows": 30, "missing": 0, "wrong": 0, "extra": 0} | {kind: count}
    assert mended(kind) - before == count
    assert "index mended" in capsys.readouterr().out
    assert compared(care) == {"rows": 30, "missing": 0, "wrong": 0, "extra": 0}
    asked = vectors(30)
    assert [found(index, vector, k=1) for vector in asked] == [[each] for each in ids]
    assert index.count(Filter(MODEL, centre=HERE, radius_km=1)) == 30


def test_what_only_lags_is_no_lie(database, index, care):
    put(database, 10)
    settled(care)
    care.ask()
    with database.write() as work:
        work.reports.remove(ReportId("r1-4"))
    settled(care)

    (state,) = care.state()
    assert state["compared"] == {"rows": 9, "missing": 0, "wrong": 0, "extra": 0}


def test_a_collection_that_vanished_is_filled_anew(database, index, care, points, qdrant):
    ids = put(database, 10)
    settled(care)
    if hasattr(qdrant, "client"):
        qdrant.client.delete_collection(points.name)
    else:
        qdrant.shards.pop(MODEL).close()
        qdrant.folder = qdrant.folder / "again"
    with pytest.raises(IndexUnavailable):
        index.nearest(vectors(10)[0], 3, ANY)

    settled(care)

    assert found(index, vectors(10)[4], k=1) == [ids[4]]


def test_where_the_changes_since_its_mark_are_forgotten_all_rows_are_compared(
    database, index, care, points, monkeypatch
):
    put(database, 5)
    settled(care)
    with database.write() as work:
        work.reports.remove(ReportId("r1-0"))
    late = put(database, 3, seed=2)
    monkeypatch.setattr(feed, "KEPT", 0)
    with database.write() as work:
        feed.forget_changes(work.connection)
    with pytest.raises(IndexUnavailable, match="lags"):
        index.nearest(vectors(1)[0], 1, ANY)

    settled(care)

    assert index.count(ANY) == 7
    assert found(index, vectors(3, 2)[0], k=1) == [late[0]]


def test_an_index_from_the_future_of_restored_rows_is_not_believed(database, index, care, points):
    put(database, 5)
    settled(care)
    points.set_mark(Mark(10**6))
    with pytest.raises(IndexUnavailable, match="another database"):
        index.nearest(vectors(1)[0], 1, ANY)

    settled(care)

    assert points.mark() == Mark(database.last_change())


def test_a_model_on_its_way_is_fed_as_its_vectors_are_made(database, index, care, qdrant):
    put(database, 4)
    settled(care)
    put(database, 4, seed=2, model=OTHER)
    settled(care)

    assert qdrant.points(Shelf.FOUND, OTHER).mark() == Mark(database.last_change())
    assert index.count(Filter(OTHER)) == 4
    assert index.count(ANY) == 4


def test_two_databases_on_one_server_keep_apart_and_a_restored_one_begins_anew(tmp_path, database):
    client = QdrantClient(":memory:")
    other = SqlDatabase.open(tmp_path / "y.sqlite")
    mine, theirs = (
        Server(client, history_of(each), is_local=True).points(Shelf.FOUND, MODEL) for each in (database, other)
    )
    row = Embedding(EmbeddingId(7), CropId(1), ReportId("r"), MODEL, Species.CAT, Part.BODY, NOW, None,
                    is_open=True, vector=vectors(1)[0])  # fmt: skip
    mine.put([row], 1)

    assert history_of(database) == history_of(database) != history_of(other)
    assert theirs.page(EmbeddingId(0), 9) == []
    other.close()


@pytest.mark.parametrize("what", [{"size": SIZE + 1}, {"distance": models.Distance.DOT}])
def test_a_collection_of_another_kind_is_refused_at_the_start(what):
    qdrant = Server(QdrantClient(":memory:"), "h", is_local=True)
    qdrant.check(MODEL, SIZE)
    how = {"size": SIZE, "distance": models.Distance.EUCLID} | what
    qdrant.client.create_collection(qdrant.name(MODEL), vectors_config=models.VectorParams(**how))

    with pytest.raises(BadSettings, match="numbers and distance") as told:
        qdrant.check(MODEL, SIZE)

    assert told.value.hint


@pytest.mark.parametrize(("fault", "error"), [(401, BadSettings), (403, BadSettings), (503, IndexUnavailable),
                                              (HANG, IndexUnavailable)])  # fmt: skip
def test_a_server_that_refuses_or_does_not_answer_is_told_apart(fault, error):
    with Faulty("http://127.0.0.1:9") as faulty:
        faulty.always = fault
        qdrant = Server.open(faulty.url, "h", key="a-key-that-nobody-may-see", timeout_s=1)
        with pytest.raises(error) as told:
            qdrant.check(MODEL, SIZE)
        qdrant.close()

    assert "a-key" not in str(told.value) + repr(told.value)


@pytest.mark.parametrize(("fault", "finding"), [(401, "refuses our key"), (503, "does not answer")])
def test_the_doctor_says_what_is_wrong_with_the_server(tmp_path, fault, finding):
    with Faulty("http://127.0.0.1:9") as faulty:
        faulty.always = fault
        chosen = Settings(data=tmp_path, index_url=faulty.url, index_key="k")
        (check,) = examine_index(chosen, FileRows(tmp_path / "homeward.sqlite"))

    assert (check.name, check.state) == ("index", "fail")
    assert finding in check.finding
    assert check.mend


@pytest.mark.parametrize(
    ("mark", "behind", "state", "finding"),
    [(None, 0, "ok", "nothing"), (None, 5, "warn", "nothing"), (Mark(5, EmbeddingId(3)), 0, "warn", "filled"),
     (Mark(5), 0, "ok", "0 changes"), (Mark(5), 4995, "warn", "4995 changes"), (Mark(5), -1, "warn", "backup")],
)  # fmt: skip
def test_the_doctor_says_how_far_the_index_lags(mark, behind, state, finding):
    check = followed("found", mark, behind)

    assert check.state == state
    assert finding in check.finding


def test_the_doctor_counts_the_changes_above_a_mark(tmp_path, database):
    put(database, 4)
    rows = FileRows(tmp_path / "x.sqlite")

    assert (rows.behind(0), rows.behind(3), rows.behind(4), rows.behind(9)) == (4, 1, 0, -5)


def test_a_server_that_stops_never_stops_a_search_or_a_report(database):
    """A real client against a port where nobody is."""
    ids = put(database, 3)
    with Faulty("http://127.0.0.1:9") as faulty:
        faulty.always = 503
        qdrant = Server.open(faulty.url, "h", timeout_s=1)
        index = QdrantIndex(Shelf.FOUND, database, lambda model: qdrant.points(Shelf.FOUND, model))

        assert found(index, vectors(3)[1], k=1) == [ids[1]]
        more = put(database, 1, seed=3)
        assert found(index, vectors(1, 3)[0], k=1) == more
        with pytest.raises(IndexUnavailable):
            QdrantIndex(Shelf.FOUND, database, index.points, stand_in_rows=2).nearest(vectors(1)[0], 1, ANY)
        with pytest.raises(IndexUnavailable):
            Care({Shelf.FOUND: index}, database).tick()
        qdrant.close()


def test_a_point_that_is_none_of_ours_is_told_as_such():
    assert stored(1, MODEL, {"crop": "x"}, [0.0]).embedding is None
    row = Embedding(EmbeddingId(7), CropId(1), ReportId("r"), MODEL, Species.CAT, Part.BODY, NOW, HERE,
                    is_open=True, vector=vectors(1)[0])  # fmt: skip
    assert same(row, row)
    assert not same(None, row)
    assert not same(replace(row, vector=row.vector[:3]), row)
    assert moment(-1) == datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def test_a_circle_asks_the_regions_that_it_touches_and_no_others():
    assert regions(Filter(MODEL)) is None
    assert regions(Filter(MODEL, centre=HERE, radius_km=5)) == ["56,38"]
    assert regions(Filter(MODEL, centre=Point(58.0, 39.0), radius_km=5)) == ["56,38", "58,38"]
    assert regions(Filter(MODEL, centre=Point(89.5, 0), radius_km=100)) is None
    assert regions(Filter(MODEL, centre=Point(0, 179.99), radius_km=100)) is None
