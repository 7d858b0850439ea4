"""What a GPU does with the bundled models, beside the processor of the same machine; needs onnxruntime-gpu and CUDA.

Rates in this process by pictures in a run, then through `homeward models serve`, clients counted in.
"""

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from benchmarks.models import EMBEDDER, HOMEWARD, Way, figures_of, never, process, service, started
from homeward.models.cards import Card
from homeward.models.onnx import OnnxNetwork
from homeward.models.registry import Registry
from homeward.models.remote.network import RemoteNetwork
from tests.ports import free_port

DETECTOR = "homeward-detector-1"
DEVICES = ("cpu", "cuda")
RUNS = (1, 8, 32)
CLIENTS = (16, 64)


def measure(*, short: bool) -> dict[str, Any]:
    """Pictures a second; how far the GPU's answers lie from the processor's."""
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        return {"not run": "the installed ONNX Runtime knows no CUDA"}
    found: dict[str, Any] = {}
    for name in (DETECTOR, EMBEDDER):
        networks = {device: Registry([]).network(name, device=device) for device in DEVICES}
        for device, (card, network) in networks.items():
            found |= {f"{name}_{device}_{many}_at_once_per_s": _rate(card, network, many, short) for many in RUNS}
        found[f"{name}_furthest_apart"] = _apart(*networks["cpu"], networks["cuda"][1])
    for clients in CLIENTS:
        found |= _served(clients, short=short)
    return found


def _pictures(card: Card, many: int) -> list[Any]:
    shape = (many, card.input.height, card.input.width, 3)
    return list(np.random.default_rng(many).integers(0, 256, shape, np.uint8))


def _rate(card: Card, network: OnnxNetwork, many: int, short: bool) -> float:
    pictures, seconds = _pictures(card, many), 0.3 if short else 2.0
    for _ in range(5):
        network.run(pictures)
    start, runs = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        network.run(pictures)
        runs += 1
    return runs * many / (time.perf_counter() - start)


def _apart(card: Card, one: OnnxNetwork, other: OnnxNetwork) -> float:
    pictures = _pictures(card, 8)
    return float(np.abs(one.run(pictures) - other.run(pictures)).max())


def _served(clients: int, *, short: bool) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        card = Registry([]).card(EMBEDDER)
        ways = {}
        for device in DEVICES:
            ports = [str(free_port()), str(free_port())]
            serve = [*HOMEWARD, "models", "serve", EMBEDDER, "--port", ports[0], "--grpc-port", ports[1]]
            settings = {"HOMEWARD_MODEL_DEVICE": device}
            doors, processes = started(stack, process(Path(folder), serve, ports, settings))
            for way, url in (("rest", doors.rest), ("grpc", doors.grpc)):
                ways[f"{device}_{way}"] = Way(RemoteNetwork(card, service(url), never).run, processes)
        name, seconds = f"{clients}_clients", 1.0 if short else 3.0
        return figures_of(name, ways, "cuda_rest", seconds=seconds, rounds=1 if short else 3, clients=clients)
