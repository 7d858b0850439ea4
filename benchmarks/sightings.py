"""Sightings that one process accepts and matches with many open lost pets; their vectors are drawn.

Two tiny networks read the vectors back from the pictures (`benchmarks.drawn`). Everything else is real: JPEG in, photo
and rows synced to the disk, search, degree, matches, alerts. The rate is given beside what the same disk and processor
do in a bare loop of synced one-row commits, since a rate alone says little.
"""

import os
import sqlite3
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawn import DETECTOR, EMBEDDER, add_models, picture_of
from benchmarks.town import Sighting, Town, now
from homeward.app import SystemClock
from homeward.districts import NoDistricts
from homeward.domain.boxes import Box
from homeward.domain.filing import NewReport, NewSighting
from homeward.domain.ids import AccountId, CameraId
from homeward.domain.matches import MatchQuery
from homeward.domain.reports import Camera, Shelf
from homeward.engine.engine import Engine, Ports, Rules
from homeward.images.reader import PillowReader
from homeward.images.renderer import PillowRenderer
from homeward.models.registry import Registry
from homeward.ports import ReportQuery, Space
from homeward.storage.index.exact import ExactIndex
from homeward.storage.photos.folder import FolderPhotoStorage
from homeward.storage.shelves import open_shelf
from homeward.storage.sql import SqlDatabase
from homeward.testing import FakeSpaces, RecordingMessenger

CLIENTS = 8
WHOLE = Box(0, 0, 128, 128)
Figures = dict[str, Any]


def measure(*, short: bool) -> Figures:
    """Eight cameras' clients at once."""
    lost, count, cameras = (50, 40, 20) if short else (10_000, 4_000, 1_000)
    town = Town(lost=lost, strays=lost, cameras=cameras)
    with tempfile.TemporaryDirectory() as folder:
        return _measured(Path(folder), town, count) | {"bare_synced_commits_per_second": _commits(Path(folder))}


@dataclass(frozen=True, slots=True)
class Played:
    """A town on an engine, and what its cameras are about to see."""

    town: Town
    engine: Engine
    database: SqlDatabase
    seen: list[Sighting]


def play(folder: Path, town: Town, count: int) -> Played:
    """An engine with the town's cameras and its lost pets, filed a day before the first of ``count`` sightings."""
    since = now()
    seen = town.sightings(count, since + timedelta(days=1), since + timedelta(days=7))
    database = SqlDatabase.open(folder / "x.sqlite")
    engine = _engine(folder, database)
    for number, xy in enumerate(town.cameras):
        engine.cameras.add(Camera(CameraId(f"c{number}"), f"c{number}", town.place(xy), None, since))
    for animal, vector in enumerate(town.vectors(range(town.lost))):
        place, species = town.place(town.homes[animal]), town.species(animal)
        new = NewReport(Shelf.LOST, AccountId(f"a{animal}"), (picture_of(vector),), species, place, home=place)
        engine.add_lost(replace(new, happened_at=since, keep_without_animal=True))
    return Played(town, engine, database, seen)


def _engine(folder: Path, database: SqlDatabase) -> Engine:
    add_models(folder / "models")
    models = Registry([folder / "models"])
    space = Space(models.embedder(EMBEDDER, 1), models.calibration(EMBEDDER))
    ports = Ports(
        database=database,
        shelves={shelf: open_shelf(shelf, ExactIndex(shelf, database)) for shelf in Shelf},
        photos=FolderPhotoStorage(folder / "photos"),
        reader=PillowReader(20_000_000, 50_000_000),
        renderer=PillowRenderer(),
        detector=models.detector(DETECTOR, 1),
        spaces=FakeSpaces([space]),
        messengers={None: RecordingMessenger()},
        clock=SystemClock(),
        districts=NoDistricts(),
    )
    return Engine(ports, Rules())


def _measured(folder: Path, town: Town, count: int) -> Figures:
    played = play(folder, town, count)

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
        "database_bytes_per_sighting": (_size(folder) - before) / count,
    }
    played.database.close()
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
    """Of the database, its log included."""
    return sum(path.stat().st_size for path in folder.glob("x.sqlite*"))


def _commits(folder: Path) -> float:
    connection = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (x)")
    start, count = time.perf_counter(), 300
    for number in range(count):
        connection.execute("INSERT INTO t VALUES (?)", (os.urandom(500) + bytes([number % 256]),))
    connection.close()
    return count / (time.perf_counter() - start)
