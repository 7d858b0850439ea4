"""Sightings that several processes on one PostgreSQL accept and match: what one process more brings.

Each is an engine as in `benchmarks.sightings`, with eight clients; the server of the database has the same cores, and
syncs what it commits. Every number of processes starts from a copy of the same rows, and cameras are dealt to them as
they come, as a load balancer would.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.drawn import picture_of
from benchmarks.sightings import CLIENTS, SYNCED, WHOLE, engine_on, play
from benchmarks.town import Sighting, Town
from homeward.domain.animals import Species
from homeward.domain.filing import NewSighting
from homeward.domain.ids import CameraId
from homeward.storage.sql.postgres import PostgresDatabase
from homeward.telemetry import configure
from tests.fakes.postgres import PostgresServer, running

EACH = 800  # sightings of a process
READY_WITHIN_S = 120
Figures = dict[str, Any]
Seen = Sequence[tuple[Sighting, Species, bytes]]


def measure(*, short: bool) -> Figures:
    """Rates and times by the number of processes: one, two, four and on, as long as each has a core of its own."""
    lost, each, cameras = (50, 20, 20) if short else (10_000, EACH, 1_000)
    numbers = [1, 2] if short else [2**power for power in range((os.cpu_count() or 1).bit_length())]
    town, figures = Town(lost=lost, strays=lost, cameras=cameras), {}
    with tempfile.TemporaryDirectory() as folder, running(settings=SYNCED) as server:
        server.ask("CREATE DATABASE bench")
        with closing(PostgresDatabase.open(server.url("bench"))) as database:
            coming = play(Path(folder), database, town, each * max(numbers)).seen
        pictures = [picture_of(vector) for vector in town.vectors([one.animal for one in coming])]
        kinds = [town.species(one.animal) for one in coming]
        seen = list(zip(coming, kinds, pictures, strict=True))
        for number in numbers:
            found = _together(server, Path(folder), number, seen[: each * number])
            figures |= {f"{number} processes: {name}": value for name, value in found.items()}
    return figures


def _together(server: PostgresServer, folder: Path, number: int, seen: Seen) -> Figures:
    server.ask(f"CREATE DATABASE bench{number} TEMPLATE bench")
    spawned = multiprocessing.get_context("spawn")
    ready, times = spawned.Barrier(number + 1), spawned.Queue()
    where = (server.url(f"bench{number}"), folder)
    workers = [spawned.Process(target=_work, args=(*where, seen[one::number], ready, times)) for one in range(number)]
    for worker in workers:
        worker.start()
    ready.wait(READY_WITHIN_S)
    start = time.perf_counter()
    answers = [times.get() for _ in workers]
    wall = time.perf_counter() - start
    for worker in workers:
        worker.join()
    took, processor = np.concatenate([one for one, _ in answers]), sum(one for _, one in answers)
    return {
        "sightings_per_second": len(seen) / wall,
        "processor_ms_per_sighting": processor / len(seen) * 1000,
        "accepted_and_matched_p50_ms": float(np.percentile(took, 50)) * 1000,
        "accepted_and_matched_p99_ms": float(np.percentile(took, 99)) * 1000,
    }


def _work(url: str, folder: Path, seen: Seen, ready: Any, times: Any) -> None:
    """Everything in ``seen``, once all others are ready too; what each took, and processor time."""
    configure("error", "json")
    with closing(PostgresDatabase.open(url)) as database:
        engine = engine_on(folder, database)

        def send(one: tuple[Sighting, Species, bytes]) -> float:
            sighting, species, photo = one
            new = NewSighting(CameraId(f"c{sighting.camera}"), photo, sighting.at, species, confidence=0.9, box=WHOLE)
            start = time.perf_counter()
            engine.add_sighting(new)
            return time.perf_counter() - start

        ready.wait(READY_WITHIN_S)
        before = time.process_time()
        with ThreadPoolExecutor(CLIENTS) as pool:
            took = list(pool.map(send, seen))
        times.put((np.array(took), time.process_time() - before))
