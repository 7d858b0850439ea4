"""Sightings that one process accepts and matches with many open lost pets; their vectors are drawn.

The vectors are read back from the pictures (`benchmarks.drawn`). Everything else is real: JPEG in, photo
and rows synced to the disk, search, degree, matches, alerts. The rate is given beside what the same disk and processor
do in a bare loop of synced one-row commits, since a rate alone says little.
"""

import os
import sqlite3
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawn import EMBEDDER, DrawnDetector, DrawnEmbedder, picture_of
from benchmarks.filled import add_lost
from benchmarks.town import Sighting, Town, now
from homeward.app import SystemClock
from homeward.app.shelves import shelves_of
from homeward.districts import NoDistricts
from homeward.domain.animals import Part
from homeward.domain.boxes import Box
from homeward.domain.filing import NewSighting
from homeward.domain.ids import AccountId, CameraId, ModelName
from homeward.domain.matches import MatchQuery
from homeward.domain.reports import Camera, Shelf
from homeward.engine.engine import Engine, Ports, Rules
from homeward.images.reader import PillowReader
from homeward.images.renderer import PillowRenderer
from homeward.models.registry import Registry
from homeward.ports import ReportQuery, Space
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.sql import SqlDatabase
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.testing import FakeSpaces, RecordingMessenger
from tests.fakes.postgres import QUICK, running

CLIENTS = 8
SYNCED = tuple(setting for setting in QUICK if not setting.startswith(("fsync", "full_page_writes")))
WHOLE = Box(0, 0, 128, 128)
Figures = dict[str, Any]


def measure(*, short: bool) -> Figures:
    """Eight cameras' clients at once."""
    lost, count, cameras = (50, 40, 20) if short else (10_000, 4_000, 1_000)
    figures: Figures = {}
    for name, opened in {"SQLite": _sqlite, "PostgreSQL": _postgres}.items():
        town = Town(lost=lost, strays=lost, cameras=cameras)
        with tempfile.TemporaryDirectory() as folder, opened(Path(folder)) as database:
            found = _measured(Path(folder), database, town, count)
        figures |= {f"{name}: {key}": value for key, value in found.items()}
    with tempfile.TemporaryDirectory() as folder:
        return figures | {"bare_synced_commits_per_second": _commits(Path(folder))}


@contextmanager
def _sqlite(folder: Path) -> Iterator[SqlDatabase]:
    with closing(SqlDatabase.open(folder / "x.sqlite")) as database:
        yield database


@contextmanager
def _postgres(_folder: Path) -> Iterator[PostgresDatabase]:
    """A real server that syncs what it commits."""
    with running(settings=SYNCED) as server:
        server.ask("CREATE DATABASE bench")
        with closing(PostgresDatabase.open(server.url("bench"))) as database:
            yield database


@dataclass(frozen=True, slots=True)
class Played:
    """A town on an engine, and what its cameras are about to see."""

    town: Town
    engine: Engine
    database: SqlDatabase | PostgresDatabase
    seen: list[Sighting]


def play(folder: Path, database: SqlDatabase | PostgresDatabase, town: Town, count: int) -> Played:
    """An engine with the town's cameras and its lost pets, filed before the first of ``count`` sightings."""
    since = now()
    seen = town.sightings(count, since + timedelta(days=1), since + timedelta(days=7))
    engine = engine_on(folder, database)
    for number, xy in enumerate(town.cameras):
        engine.cameras.add(Camera(CameraId(f"c{number}"), f"c{number}", town.place(xy), None, since))
    for animal, vector in enumerate(town.vectors(range(town.lost))):
        looks = {Part.BODY: (WHOLE, vector)}
        add_lost(
            database, f"a{animal}", town.species(animal), town.place(town.homes[animal]), looks, ModelName(EMBEDDER)
        )
    return Played(town, engine, database, seen)


def engine_on(folder: Path, database: SqlDatabase | PostgresDatabase) -> Engine:
    """With the drawn models, and photos in the folder."""
    space = Space(DrawnEmbedder(), Registry([]).calibration("homeward-embedder-3"))
    ports = Ports(
        database=database,
        shelves=shelves_of(database, None),
        photos=FolderPhotoStorage(folder / "photos"),
        reader=PillowReader(20_000_000, 50_000_000),
        renderer=PillowRenderer(),
        detector=DrawnDetector(),
        spaces=FakeSpaces([space]),
        messengers={None: RecordingMessenger()},
        clock=SystemClock(),
        districts=NoDistricts(),
    )
    return Engine(ports, Rules())


def _measured(folder: Path, database: SqlDatabase | PostgresDatabase, town: Town, count: int) -> Figures:
    played = play(folder, database, town, count)
    pictures = [picture_of(vector) for vector in town.vectors([sighting.animal for sighting in played.seen])]

    def send(sighting: Sighting, photo: bytes) -> float:
        species, camera = town.species(sighting.animal), CameraId(f"c{sighting.camera}")
        start = time.perf_counter()
        played.engine.add_sighting(NewSighting(camera, photo, sighting.at, species, confidence=0.9, box=WHOLE))
        return time.perf_counter() - start

    before = _size(folder)
    processor, start = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        times = list(pool.map(send, played.seen, pictures))
    wall, processor = time.perf_counter() - start, time.process_time() - processor
    figures = {
        "open_lost_pets": float(town.lost),
        "sightings_per_second": count / wall,
        "processor_ms_per_sighting": processor / count * 1000,
        "accepted_and_matched_p50_ms": float(np.percentile(times, 50)) * 1000,
        "accepted_and_matched_p99_ms": float(np.percentile(times, 99)) * 1000,
        "own_owner_told_share": _own_owner_told(played),
    }
    if before:
        figures["database_bytes_per_sighting"] = (_size(folder) - before) / count
    return figures


def _own_owner_told(played: Played) -> float:
    """Of the lost pets that came before a camera, the share whose owner has one of those sightings in the list."""
    with played.database.read() as work:
        lost = work.reports.find(ReportQuery(shelf=Shelf.LOST, limit=played.town.lost))
        ids = {report.account_id: report.id for report in lost}
        before = defaultdict(set)
        for sighting in played.seen:
            before[sighting.animal].add(f"c{sighting.camera}")
        owners = [animal for animal in before if animal < played.town.lost]
        pages = {animal: work.matches.page(ids[AccountId(f"a{animal}")], MatchQuery()).items for animal in owners}
    return float(np.mean([any(item.found.camera_id in before[a] for item in pages[a]) for a in owners]))


def _size(folder: Path) -> int:
    """Of the database in the folder, its log included; 0 where rows lie elsewhere."""
    return sum(path.stat().st_size for path in folder.glob("x.sqlite*"))


def _commits(folder: Path) -> float:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x)")
    start, count = time.perf_counter(), 300
    for number in range(count):
        connection.execute("INSERT INTO t VALUES (?)", (os.urandom(500) + bytes([number % 256]),))
    connection.close()
    return count / (time.perf_counter() - start)
