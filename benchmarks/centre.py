"""A city's centre on one machine: a model service, PostgreSQL and several servers, with sightings over HTTP.

The bundled models run on the GPU where ONNX Runtime has one. Wants the pictures of HOMEWARD_SHARED, as `over_http`.
"""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import onnxruntime

from benchmarks import over_http
from benchmarks.models import HOMEWARD, process
from benchmarks.served import Served
from benchmarks.sightings import SYNCED
from homeward.domain.ids import ModelName
from homeward.settings import Settings
from homeward.storage.sql.postgres import PostgresDatabase
from tests.fakes.postgres import running
from tests.ports import free_port

CALLERS = 8  # of each server
EACH = 400  # sightings a server
Figures = dict[str, Any]


def measure(*, short: bool) -> Figures:
    """Sightings a second, and how long one takes, by the number of servers, a core and another for its rows each."""
    lost, each, cameras = (50, 10, 10) if short else (10_000, EACH, 1_000)
    most = 2 if short else max(2, (os.cpu_count() or 1) // 2)
    photos, figures = over_http.photos_of(Path(os.environ.get("HOMEWARD_SHARED", "../shared")) / "data"), {}
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        folder = Path(place)
        postgres = stack.enter_context(running(settings=(*SYNCED, f"max_connections={100 * (most + 1)}")))
        postgres.ask("CREATE DATABASE bench")
        with closing(PostgresDatabase.open(postgres.url("bench"))) as database:
            over_http.fill(database, lost, ModelName(Settings().embedder))
        settings = {
            "HOMEWARD_DATABASE_URL": postgres.url("bench"),
            "HOMEWARD_MODEL_SERVICE": _models(stack, folder),
            "HOMEWARD_MODEL_DEVICE": "cpu",  # of a server without its service
        }
        servers: list[Served] = []
        keys: list[str] = []
        for number in (2**power for power in range(most.bit_length())):
            while len(servers) < number:
                servers.append(stack.enter_context(Served(folder, **settings)))
            keys = keys or over_http.camera_keys(servers[0], folder, cameras)
            send = over_http.sender([server.url for server in servers], keys, photos)
            found = _sent(send, CALLERS * number, each * number)
            figures |= {f"{number} servers: {name}": value for name, value in found.items()}
    return figures


def _models(stack: ExitStack, folder: Path) -> str:
    """The address of a service with both bundled models."""
    has_gpu = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    ports = [str(free_port()), str(free_port())]
    serve = [*HOMEWARD, "models", "serve", Settings().detector, Settings().embedder]
    command = [*serve, "--port", ports[0], "--grpc-port", ports[1]]
    return stack.enter_context(
        process(folder, command, ports, {"HOMEWARD_MODEL_DEVICE": "cuda" if has_gpu else "cpu"})
    ).rest


def _sent(send: Any, callers: int, many: int) -> Figures:
    """How ``many`` go at once and after each other, once a few have warmed up whatever waits."""

    def timed(number: int) -> float:
        start = perf_counter()
        send(number)
        return perf_counter() - start

    with ThreadPoolExecutor(callers) as pool:
        list(pool.map(send, range(4 * callers)))
        start = perf_counter()
        took = list(pool.map(timed, range(many)))
        wall = perf_counter() - start
    p50, p99 = np.percentile(took, [50, 99]) * 1000
    return {"sightings_per_second": many / wall, "p50_ms": float(p50), "p99_ms": float(p99)}
