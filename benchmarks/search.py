"""k nearest of 100,000 x 256 on one core: the exact index, Qdrant Edge, sqlite-vec, numpy; and freshness."""

import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.filled import CENTRE, MODEL, START, filled, passing
from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Filter, unit
from homeward.domain.reports import Shelf
from homeward.storage.index.exact import ExactIndex
from homeward.storage.sql import SqlDatabase

K = 10
RADIUS_KM, DAYS = 5.0, 30
Figures = dict[str, Any]


def measure(*, short: bool) -> Figures:
    """Ratios: above 1 the peer is slower."""
    count, queries = (2000, 5) if short else (100_000, 200)
    with tempfile.TemporaryDirectory() as folder:
        rows = filled(Path(folder) / "x.sqlite", count)
        asked = unit(np.random.default_rng(1).normal(size=(queries, rows.vectors.shape[1])))
        return _measured(Path(folder), rows, asked)


def _measured(folder: Path, rows: Any, asked: Any) -> Figures:
    start = time.perf_counter()
    database = SqlDatabase.open(folder / "x.sqlite")
    index = ExactIndex(Shelf.FOUND, database)
    index.load(MODEL)
    loaded_s = time.perf_counter() - start
    where = Filter(
        MODEL, part=Part.BODY, species=Species.CAT, centre=CENTRE, radius_km=RADIUS_KM,
        since=START, until=START + timedelta(days=DAYS),
    )  # fmt: skip
    plain = Filter(MODEL)
    filtered = _times(lambda q: index.nearest(q, K, where), asked)
    whole = _times(lambda q: index.nearest(q, K, plain), asked[:50])
    numpy_times = _times(lambda q: _numpy(rows.vectors, q), asked[:50])
    figures: Figures = {
        "rows": float(len(rows.vectors)),
        "load_100k_from_sqlite_s": loaded_s * 100_000 / len(rows.vectors),
        "filtered_p50_ms": _ms(filtered, 50),
        "filtered_p99_ms": _ms(filtered, 99),
        "filtered_rows_that_pass": float(index.count(where)),
        "unfiltered_p50_ms": _ms(whole, 50),
        "numpy_product_and_partition_over_homeward": _ms(numpy_times, 50) / _ms(whole, 50),
        "recall_filtered": _recall(index, rows, asked, where),
        "freshness_insert_to_found_ms": _freshness(database, index),
    }
    figures |= _qdrant(folder, rows, asked, filtered)
    figures |= _sqlite_vec(rows, asked, whole)
    database.close()
    return figures


def _times(ask: Callable[[Any], object], asked: Any) -> list[float]:
    ask(asked[0])
    times = []
    for query in asked:
        start = time.perf_counter()
        ask(query)
        times.append(time.perf_counter() - start)
    return times


def _ms(times: list[float], percentile: int) -> float:
    return float(np.percentile(times, percentile)) * 1000


def _numpy(vectors: Any, query: Any) -> Any:
    dots = vectors @ query
    best = np.argpartition(dots, -K)[-K:]
    return best[np.argsort(-dots[best])]


def _recall(index: ExactIndex, rows: Any, asked: Any, where: Filter) -> float:
    near = passing(rows, RADIUS_KM, DAYS)
    hits = total = 0
    for query in asked[:50]:
        true = {int(rows.ids[near[i]]) for i in _numpy(rows.vectors[near], query)} if len(near) > K else set()
        hits += len(true & {n.embedding_id for n in index.nearest(query, K, where)})
        total += len(true)
    return hits / total if total else 1.0


def _freshness(database: SqlDatabase, index: ExactIndex) -> float:
    """From the commit of one embedding to a search that finds it, median of 20."""
    from benchmarks.filled import add_one

    times, where = [], Filter(MODEL, species=Species.CAT, until=START + timedelta(days=DAYS))
    for number in range(20):
        vector = unit(np.random.default_rng(1000 + number).normal(size=256))
        name = add_one(database, f"fresh-{number}", vector)
        start = time.perf_counter()
        found = index.nearest(vector, 1, where)
        times.append(time.perf_counter() - start)
        assert found[0].report_id == name
    return float(np.median(times)) * 1000


def _qdrant(folder: Path, rows: Any, asked: Any, ours: list[float]) -> Figures:
    """Qdrant Edge with the same rows and the same filter."""
    try:
        from benchmarks.qdrant import Shard
    except ImportError as error:
        return {"qdrant_edge": f"not run: {error}"}
    shard = Shard(folder / "qdrant", rows)
    since, until = START.timestamp(), (START + timedelta(days=DAYS)).timestamp()
    times = _times(lambda q: shard.nearest(q, K, CENTRE, RADIUS_KM * 1000, since, until), asked)
    p50, p99 = _ms(times, 50), _ms(times, 99)
    return {
        "qdrant_edge_filtered_p99_ms": p99,
        "qdrant_edge_p50_over_homeward": p50 / _ms(ours, 50),
        "qdrant_edge_p99_over_homeward": p99 / _ms(ours, 99),
    }


def _sqlite_vec(rows: Any, asked: Any, ours: list[float]) -> Figures:
    """sqlite-vec, in apsw's SQLite: many a Python's own cannot load extensions."""
    try:
        import apsw
        import sqlite_vec
    except ImportError as error:
        return {"sqlite_vec": f"not run: {error}"}
    connection = apsw.Connection(":memory:")
    connection.enable_load_extension(True)  # noqa: FBT003 - apsw takes it by position
    connection.load_extension(sqlite_vec.loadable_path())
    connection.execute("CREATE VIRTUAL TABLE v USING vec0(e float[256])")
    connection.execute("BEGIN")
    for number, vector in enumerate(rows.vectors):
        connection.execute("INSERT INTO v(rowid, e) VALUES (?, ?)", (number, vector.tobytes()))
    connection.execute("COMMIT")
    ask = "SELECT rowid FROM v WHERE e MATCH ? AND k = 10"
    times = _times(lambda q: connection.execute(ask, (q.tobytes(),)).fetchall(), asked[:20])
    connection.close()
    return {"sqlite_vec_p50_ms": _ms(times, 50), "sqlite_vec_over_homeward": _ms(times, 50) / _ms(ours, 50)}
