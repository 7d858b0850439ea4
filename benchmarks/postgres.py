"""A real PostgreSQL with pgvector: near by, an owner's page, anywhere by graph and by looking at every row."""

import time
from collections.abc import Callable
from contextlib import closing
from typing import Any

import numpy as np
import psycopg

from benchmarks.filled import CENTRE, COLUMNS, DIMENSION, MODEL, START
from benchmarks.million import MATCHES, NEAR, add_matches, p99, page
from homeward.domain.animals import Part
from homeward.domain.embeddings import Filter, Neighbour, unit
from homeward.domain.reports import Shelf
from homeward.storage.index.pgvector import PgVectorIndex
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.storage.sql.types import vector_text
from tests.fakes.postgres import QUICK, running

LARGEST = 1_000_000
MEMORY = "maintenance_work_mem=2GB"  # holds a graph of the largest
MOST = 2000  # asked for at once: where fewer rows pass, no graph is walked
LOOKS = 10  # of one animal
SPREAD = 0.9  # how far the looks of one animal lie about it, as a share of a vector's length
ANYWHERE = Filter(MODEL, Part.BODY)
Figures = dict[str, Any]
Search = Callable[[Any], list[Neighbour]]


def measure(*, short: bool) -> Figures:
    """For each size milliseconds and recall; both ways to search run in turn, on the same rows."""
    figures: Figures = {}
    for count in (2_000,) if short else (10_000, 100_000, LARGEST):
        with running(settings=(*QUICK, MEMORY)) as server:
            server.ask("CREATE DATABASE bench")
            with closing(PostgresDatabase.open(server.url("bench"))) as database:
                found = _measured(database, server.url("bench"), count)
        figures |= {f"{count:,} found: {name}": value for name, value in found.items()}
    return figures


def _measured(database: PostgresDatabase, url: str, count: int) -> Figures:
    vectors = _fill(url, count)
    add_matches(database, min(count, MATCHES))
    walking, looking = PgVectorIndex(Shelf.FOUND, database, few=MOST), PgVectorIndex(Shelf.FOUND, database, few=10**9)
    rng = np.random.default_rng(1)
    asked = [_look(rng, vectors[row]) for row in rng.integers(0, count, 60)]
    figures: Figures = {
        "near by, 5 km, 30 days, one species p50 ms": _p50(lambda vector: looking.nearest(vector, 10, NEAR), asked),
        "near by, 5 km, 30 days, one species p99 ms": p99(lambda vector: looking.nearest(vector, 10, NEAR), asked),
        "owner's page p99 ms": p99(lambda _: page(database), asked),
    }
    start = time.perf_counter()
    walking.load(MODEL)
    figures["graph made s"] = time.perf_counter() - start
    for k in (10, 200, MOST):
        some = asked if k < MOST and count < LARGEST else asked[:20]
        by_graph, by_row = _p50(_search(walking, k), some), _p50(_search(looking, k), some)
        figures[f"{k:,} anywhere: every row p50 ms"] = by_row
        figures[f"{k:,} anywhere: graph, times as fast"] = by_row / by_graph
        figures[f"{k:,} anywhere: recall of the graph"] = _recall(_search(walking, k), _search(looking, k), some)
    return figures


def _search(index: PgVectorIndex, k: int) -> Search:
    return lambda vector: index.nearest(vector, k, ANYWHERE)


def _look(rng: Any, of: Any) -> Any:
    return unit(of + SPREAD * unit(rng.normal(size=DIMENSION)))


def _fill(url: str, count: int) -> Any:
    """Found cats' and dogs' bodies around the centre, over a year, ten looks of each; by COPY."""
    rng = np.random.default_rng(0)
    animals = unit(rng.normal(size=(count // LOOKS + 1, DIMENSION)))
    noise = unit(rng.normal(size=(count, DIMENSION)))
    vectors = unit(animals[np.arange(count) // LOOKS] + SPREAD * noise)
    lat, lon = CENTRE.lat + rng.uniform(-0.23, 0.23, count), CENTRE.lon + rng.uniform(-0.42, 0.42, count)
    day, start_us = rng.uniform(0, 365, count), int(START.timestamp() * 1e6)
    with psycopg.connect(url) as connection:
        _copy(connection, f"reports ({COLUMNS})", (
            (f"r{i}", "found", "a", ("cat", "dog")[i % 2], 1.0, start_us + int(day[i] * 86_400e6), start_us, f"r{i}",
             "person", "open", lat[i], lon[i], False, "1", 1) for i in range(count)))  # fmt: skip
        _copy(connection, "photos (id, report_id, content_hash, width, height, position, created_at, people, chosen)",
              ((f"p{i}", f"r{i}", "0" * 64, 9, 9, 0, 0, "[]", 0) for i in range(count)))  # fmt: skip
        _copy(connection, "crops (id, photo_id, report_id, animal, part, box, species, confidence)",
              ((i + 1, f"p{i}", f"r{i}", 0, "body", "[0,0,9,9]", "cat", 0.9) for i in range(count)))  # fmt: skip
        _copy(connection, "embeddings (id, crop_id, model, vector)",
              ((i + 1, i + 1, MODEL, vector_text(vectors[i].tobytes())) for i in range(count)))  # fmt: skip
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return vectors


def _copy(connection: Any, where: str, rows: Any) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {where} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _p50(search: Search, asked: Any) -> float:
    search(asked[0])
    times = []
    for vector in asked:
        start = time.perf_counter()
        search(vector)
        times.append(time.perf_counter() - start)
    return float(np.percentile(times, 50)) * 1000


def _recall(search: Search, true: Search, asked: Any) -> float:
    hits = total = 0
    for vector in asked:
        ids = {found.embedding_id for found in true(vector)}
        hits += len(ids & {found.embedding_id for found in search(vector)})
        total += len(ids)
    return hits / total
