"""Sightings over HTTP with the bundled models and 10,000 open lost pets, beside what the models alone do.

Wants the pictures of HOMEWARD_SHARED (default ../shared). Server and models run in turns on the same pictures with as
many callers; senders are counted in. Processor time tells the same where other work keeps the cores busy.
"""

import http.client
import io
import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psutil
from PIL import Image

from benchmarks.filled import DIMENSION, add_lost
from benchmarks.served import Served
from benchmarks.town import Town, now
from homeward.app import DATABASE_FILE
from homeward.client import API, Call, Client
from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import cut
from homeward.domain.embeddings import unit
from homeward.domain.ids import ModelName
from homeward.domain.places import Point
from homeward.engine.recognise import Recognise
from homeward.images.reader import PillowReader
from homeward.models.batching import BatchingDetector, BatchingEmbedder
from homeward.models.registry import Registry
from homeward.ports import Database
from homeward.settings import Settings
from homeward.storage.sql import SqlDatabase

SETS = {"dog": "reid/mpdd_dogs/test", "cat": "reid/gpriamo_cats/test/full"}
SIDE_PX = 320  # the longer side of what a camera sends
CALLERS = 8
ROUNDS = 2
BOUNDARY = "picture"
Figures = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """One to do a sighting, and the processes that work for it besides this one."""

    do: Callable[[int], object]
    processes: tuple[psutil.Process, ...] = ()

    def processor_s(self) -> float:
        """Processor time so far."""
        times = [psutil.Process().cpu_times(), *(each.cpu_times() for each in self.processes)]
        return float(sum(each.user + each.system for each in times))


def measure(*, short: bool) -> Figures:
    """Sightings a second over HTTP and by the models alone, processor milliseconds of each, and their ratios."""
    lost, many, cameras = (50, 24, 10) if short else (10_000, 200, 200)
    photos = photos_of(Path(os.environ.get("HOMEWARD_SHARED", "../shared")) / "data")
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings()
        data = Path(folder) / "data"
        data.mkdir()
        with closing(SqlDatabase.open(data / DATABASE_FILE)) as database:
            fill(database, lost, ModelName(settings.embedder))
        with Served(Path(folder)) as server:
            ways = {
                "over HTTP": Way(
                    sender([server.url], camera_keys(server, Path(folder), cameras), photos),
                    (psutil.Process(server.process.pid),),
                ),
                "models alone": Way(_alone(photos, settings)),
            }
            return _in_turns(ways, many)


def photos_of(data: Path) -> list[tuple[str, bytes]]:
    """Species and photos of dogs and cats, at most `SIDE_PX` wide and high."""
    found = []
    for species, name in SETS.items():
        for file in sorted((data / name).rglob("*.jpg"))[:200]:
            with Image.open(file) as photo:
                photo.thumbnail((SIDE_PX, SIDE_PX))
                photo.convert("RGB").save(kept := io.BytesIO(), "JPEG", quality=90)
                found.append((species, kept.getvalue()))
    return found


def fill(database: Database, lost: int, model: ModelName) -> None:
    """Lost pets that look like nobody, each with a face and a body."""
    town, rng = Town(lost=lost, strays=1, cameras=1), np.random.default_rng(0)
    for animal in range(lost):
        face, body = unit(rng.normal(size=(2, DIMENSION)))
        looks = {Part.FACE: (Box(300, 0, 500, 200), face), Part.BODY: (Box(0, 0, 900, 900), body)}
        home = town.place(town.homes[animal])
        add_lost(database, f"a{animal}", town.species(animal), home, looks, model)


def camera_keys(server: Served, folder: Path, cameras: int) -> list[str]:
    """The keys of so many new cameras all over a town."""
    town = Town(lost=1, strays=1, cameras=cameras)
    secret = (folder / "data" / "operator.key").read_text(encoding="ascii").strip()
    with Client(server.url, secret) as operator:
        return [_camera(operator, f"c{number}", town.place(xy)) for number, xy in enumerate(town.cameras)]


def sender(urls: Sequence[str], keys: Sequence[str], photos: Sequence[tuple[str, bytes]]) -> Callable[[int], object]:
    """Sends the photo of a number, each time from the next camera and later than all before, to the next server."""
    since, numbers, kept = now(), count(), threading.local()

    def connection(url: str) -> http.client.HTTPConnection:
        """The sender's own; a watcher keeps its connection too."""
        own: dict[str, http.client.HTTPConnection] = kept.__dict__
        if url not in own:
            own[url] = http.client.HTTPConnection(urlsplit(url).netloc, timeout=120)
        return own[url]

    def asked(url: str, body: bytes, head: dict[str, str]) -> tuple[int, bytes]:
        """Status and answer; a connection that the server gave up in the meantime is made anew, once."""
        line = connection(url)
        try:
            return _asked(line, body, head)
        except ConnectionError:
            line.close()
            return _asked(line, body, head)

    def send(number: int) -> None:
        sent = next(numbers)
        head = {
            "Authorization": f"Bearer {keys[sent % len(keys)]}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
        }
        species, photo = photos[number % len(photos)]
        fields = {"seen_at": (since + timedelta(minutes=sent)).isoformat(), "species": species, "confidence": "0.9"}
        status, text = asked(urls[sent % len(urls)], _body(fields, photo), head)
        if status not in {200, 201}:
            raise RuntimeError(f"{status}: {text[:300]!r}")

    return send


def _asked(line: http.client.HTTPConnection, body: bytes, head: dict[str, str]) -> tuple[int, bytes]:
    line.request("POST", f"{API}/sightings", body, head)
    answer = line.getresponse()
    return answer.status, answer.read()


def _camera(operator: Client, name: str, place: Point) -> str:
    """A new camera's key."""
    body = {"id": name, "name": name, "lat": place.lat, "lon": place.lon}
    operator.send(Call("POST", f"{API}/cameras", json=body))
    key = {"name": name, "scope": "sightings", "camera_id": name}
    return str(operator.send(Call("POST", f"{API}/keys", json=key)).json()["secret"])


def _body(fields: dict[str, str], photo: bytes) -> bytes:
    parts = [f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in fields.items()]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\n'
    start = "".join([*parts, head, "Content-Type: image/jpeg\r\n\r\n"])
    return start.encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


def _alone(photos: Sequence[tuple[str, bytes]], settings: Settings) -> Callable[[int], object]:
    """Detector and embedder as the server runs them, on the pixels of the photo of a number."""
    registry, reader = Registry([]), PillowReader(20_000_000, 50_000_000)
    pictures = [(Species(species), reader.read(photo).picture) for species, photo in photos]
    recognise = Recognise(BatchingDetector(registry.detector(settings.detector, settings.model_threads)))
    embedder = BatchingEmbedder(registry.embedder(settings.embedder, settings.model_threads))

    def look(number: int) -> None:
        species, picture = pictures[number % len(pictures)]
        seen = recognise([picture], species=species, keep=True)[0]
        embedder.embed([cut(picture, crop.box) for crop in seen.animals[seen.chosen].crops])

    return look


def _in_turns(ways: dict[str, Way], many: int) -> Figures:
    wall, busy = dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
    for turn in range(ROUNDS + 1):
        for name, way in ways.items():
            processor, start = way.processor_s(), time.perf_counter()
            with ThreadPoolExecutor(CALLERS) as pool:
                list(pool.map(way.do, range(turn * many, (turn + 1) * many)))
            if turn:  # the first warms up
                wall[name] += time.perf_counter() - start
                busy[name] += way.processor_s() - processor
    done = ROUNDS * many
    figures: Figures = {f"{name}, a second": done / wall[name] for name in ways}
    figures |= {f"{name}, processor ms": busy[name] / done * 1000 for name in ways}
    http_s, alone_s = (wall[name] for name in ways)
    http_ms, alone_ms = (busy[name] for name in ways)
    return figures | {"HTTP of the models' rate": alone_s / http_s, "of the models' processor time": alone_ms / http_ms}
