"""A lost report among 10,000 to 1,000,000 found ones: its search near by, its search anywhere, and its page."""

import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.filled import CENTRE, MODEL, START, filled, passing
from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Filter, unit
from homeward.domain.ids import AccountId, CropId, EncounterId, ReportId
from homeward.domain.matches import Match, MatchQuery
from homeward.domain.reports import Report, Shelf
from homeward.ports import Database
from homeward.storage.index.exact import ExactIndex
from homeward.storage.sql import SqlDatabase

RADIUS_KM, DAYS, K = 5.0, 30, 10
MATCHES = 1000
LOST = ReportId("mine")
NEAR = Filter(
    MODEL,
    part=Part.BODY,
    species=Species.CAT,
    centre=CENTRE,
    radius_km=RADIUS_KM,
    since=START,
    until=START + timedelta(days=DAYS),
)
Figures = dict[str, Any]


def measure(*, short: bool) -> Figures:
    """For each size p99 in milliseconds; recall of the search near by against a plain loop over all rows."""
    figures: Figures = {}
    for count in (2_000,) if short else (10_000, 100_000, 1_000_000):
        with tempfile.TemporaryDirectory() as folder:
            figures |= {f"{count:,} found: {name}": value for name, value in _measured(Path(folder), count).items()}
    return figures


def _measured(folder: Path, count: int) -> Figures:
    rows = filled(folder / "x.sqlite", count)
    database = SqlDatabase.open(folder / "x.sqlite")
    add_matches(database, min(count, MATCHES))
    index = ExactIndex(Shelf.FOUND, database)
    start = time.perf_counter()
    index.load(MODEL)
    loaded_s = time.perf_counter() - start
    asked = unit(np.random.default_rng(1).normal(size=(100, rows.vectors.shape[1])))
    figures = {
        "load s": loaded_s,
        "near by, 5 km, 30 days, one species p99 ms": p99(lambda vector: index.nearest(vector, K, NEAR), asked),
        "2,000 most alike anywhere p99 ms": p99(lambda vector: index.nearest(vector, 2000, Filter(MODEL)), asked[:30]),
        "owner's page p99 ms": p99(lambda _: page(database), asked),
        "recall near by": _recall(index, rows, asked[:20], NEAR),
    }
    database.close()
    return figures


def page(database: Database) -> object:
    """What an owner sees first."""
    with database.read() as work:
        return work.matches.page(LOST, MatchQuery())


def add_matches(database: Database, count: int) -> None:
    """A lost report with the matches that it may have."""
    when = START + timedelta(days=1)
    with database.write() as work:
        work.reports.add(Report(LOST, Shelf.LOST, AccountId("a"), Species.CAT, 1.0, when, when, EncounterId(LOST)))
        first = Match(
            LOST, ReportId("r0"), EncounterId("r0"), 0.9, 0.5, Part.BODY, CropId(1), CropId(1), 1, 1.0, 1.0, (), MODEL,
            "bench", when,
        )  # fmt: skip
        work.matches.save(
            [
                replace(first, found_id=ReportId(f"r{n}"), encounter_id=EncounterId(f"r{n}"), degree=n / (count + 1),
                        found_crop_id=CropId(n + 1))
                for n in range(count)
            ]
        )  # fmt: skip


def p99(ask: Callable[[Any], object], asked: Any) -> float:
    ask(asked[0])
    times = []
    for vector in asked:
        start = time.perf_counter()
        ask(vector)
        times.append(time.perf_counter() - start)
    return float(np.percentile(times, 99)) * 1000


def _recall(index: ExactIndex, rows: Any, asked: Any, where: Filter) -> float:
    near = passing(rows, RADIUS_KM, DAYS)
    hits = total = 0
    for vector in asked:
        order = np.argsort(np.linalg.norm(rows.vectors[near] - vector, axis=1))[:K]
        true = {int(rows.ids[near[n]]) for n in order}
        hits += len(true & {found.embedding_id for found in index.nearest(vector, K, where)})
        total += len(true)
    return hits / total if total else 1.0
