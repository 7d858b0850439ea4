"""A model service whose model takes 10 ms for each call, whatever the batch.

`python -m benchmarks.fixed_model PORT GRPC_PORT MAX_BATCH`.
"""

import sys
import time
from functools import partial
from typing import Any

import numpy as np
from starlette.applications import Starlette

from homeward.models.cards import parse_card
from homeward.models.golden import fingerprint
from homeward.models.limits import Batching
from homeward.models.onnx import Floats
from homeward.models.service.app import DEFAULT, Grpc, create_service
from homeward.models.service.run import run

FIXED_S, SIDE, ROW = 0.010, 224, 256


class Fixed:
    """The network: sleeps as a GPU would be waited for."""

    def __init__(self, cost_s: float = FIXED_S) -> None:
        self.cost_s = cost_s

    def run(self, canvases: list[Any]) -> Floats:
        """The first bytes of each picture as floats."""
        time.sleep(self.cost_s)
        return np.stack([canvas.reshape(-1)[:ROW].astype(np.float32) for canvas in canvases])


def card() -> Any:
    """The card of the fixed model."""
    raw = {
        "name": "fixed",
        "kind": "embedder",
        "version": 1,
        "file": "fixed.onnx",
        "licence": "none",
        "about": "For measuring.",
        "input": {
            "name": "images", "width": SIDE, "height": SIDE, "layout": "NCHW", "colour": "RGB", "scale": 1.0,
            "mean": [0.0, 0.0, 0.0], "std": [1.0, 1.0, 1.0], "fit": "stretch", "fill": 0,
        },
        "output": {"name": "embedding", "dimension": ROW, "normalised": False},
    }  # fmt: skip
    golden = fingerprint(parse_card(raw), Fixed(0))
    return parse_card({**raw, "golden": {"picture": "pattern-1", "vector": [float(number) for number in golden]}})


def service(grpc_port: int, max_batch: int) -> Starlette:
    """The application."""
    how = Batching(max_batch=max_batch, max_delay_ms=DEFAULT.max_delay_ms)
    return create_service([(card(), Fixed())], None, {"fixed": how}, Grpc(f"127.0.0.1:{grpc_port}"))


if __name__ == "__main__":
    port, grpc_port, max_batch = map(int, sys.argv[1:])
    run(partial(service, grpc_port, max_batch), "127.0.0.1", port, 1)
