"""A real model service for tests: both doors, in a thread of this process."""

import socket
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import httpx2
import numpy as np
import uvicorn

from homeward.models.cards import parse_card
from homeward.models.limits import Batching
from homeward.models.service.app import Grpc, create_service
from tests.ports import free_port

WITHIN_S = 30
DOORS = ("rest", "grpc")


@dataclass(frozen=True)
class Doors:
    """Where the service listens."""

    rest: str
    grpc: str

    def url(self, door: str) -> str:
        return self.rest if door == "rest" else self.grpc


@contextmanager
def serving(models: Sequence, key=None, batching: Mapping[str, Batching] | None = None, *, is_ready=True) -> Iterator:
    """The service, ready; stopped in the end."""
    port = free_port()
    app = create_service(models, key, batching, Grpc(f"127.0.0.1:{port}"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="on"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        doors = Doors(f"http://127.0.0.1:{listener.getsockname()[1]}", f"grpc://127.0.0.1:{port}")
        try:
            wait_for(lambda: status(doors.rest) in ({200} if is_ready else {200, 503}))
            yield doors
        finally:
            server.should_exit = True
            thread.join()


def status(rest: str) -> int:
    try:
        return httpx2.get(f"{rest}/v2/health/ready", timeout=5).status_code
    except httpx2.HTTPError:
        return 0


def wait_for(condition, within_s: float = WITHIN_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        threading.Event().wait(0.01)


def card(name="tiny", golden=None, **changed):
    """A card whose network answers with the mean of each colour."""
    given = {
        "name": name,
        "kind": "embedder",
        "version": 1,
        "file": "tiny.onnx",
        "licence": "Apache-2.0",
        "about": "A test.",
        "input": {
            "name": "images", "width": 8, "height": 8, "layout": "NCHW", "colour": "RGB", "scale": 1.0,
            "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "fit": "stretch", "fill": 0,
        },
        "output": {"name": "embedding", "dimension": 3, "normalised": False},
    }  # fmt: skip
    if golden is not None:
        given["golden"] = {"picture": "pattern-1", "vector": golden}
    return parse_card({**given, **changed})


class Colours:
    """A network without a file: the mean of each colour times ``sign``. Remembers the sizes of its batches."""

    def __init__(self, sign: float = 1.0) -> None:
        self.sign = sign
        self.batches: list[int] = []

    def run(self, canvases):
        self.batches.append(len(canvases))
        return np.stack([self.sign * canvas.mean((0, 1), dtype=np.float32) for canvas in canvases])


class Gated(Colours):
    """The same; waits before every run until it is let."""

    def __init__(self, *, is_open: bool = True) -> None:
        super().__init__()
        self.entered = threading.Semaphore(0)
        self.gate = threading.Event()
        if is_open:
            self.gate.set()

    def run(self, canvases):
        self.entered.release()
        assert self.gate.wait(WITHIN_S)
        return super().run(canvases)


def plain(value: int, count: int = 1) -> list:
    """Pictures of one grey each."""
    return [np.full((8, 8, 3), value + number, np.uint8) for number in range(count)]
