"""The model service with 16 clients: against PyTriton, against no batching, against the models in this process.

Rates and processor time of one run, in turns, so that a machine that grows busier hits all alike; clients are counted
in. Processor time tells who could do more where other work keeps the cores from all of them.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import numpy as np
import psutil

from benchmarks.fixed_model import card
from homeward.models.batching import Batcher
from homeward.models.registry import Registry
from homeward.models.remote.network import RemoteNetwork
from homeward.models.remote.service import Service
from homeward.models.service.app import DEFAULT
from homeward.models.triton import export
from tests.models.real_triton import is_there, triton
from tests.models.serving import Doors, wait_for
from tests.ports import free_port

CLIENTS = 16
EMBEDDER = "homeward-embedder-3"
TIMEOUT_S = 60.0
HOMEWARD = ["-c", "from homeward.cli import main; main()"]
Entered = TypeVar("Entered")


@dataclass(frozen=True)
class Way:
    """A way to ask, and the processes that work for it besides this one."""

    ask: Callable[[list[Any]], object]
    processes: tuple[psutil.Process, ...] = ()

    def processor_s(self) -> float:
        """Processor time so far, this process included."""
        times = [psutil.Process().cpu_times(), *(each.cpu_times() for each in self.processes)]
        return float(sum(each.user + each.system for each in times))


def measure(*, short: bool) -> dict[str, Any]:
    """Requests a second, processor milliseconds a request, and the ratios of both."""
    with tempfile.TemporaryDirectory() as folder:
        with ExitStack() as stack:
            fixed = _fixed(stack, Path(folder), short=short)
        with ExitStack() as stack:
            return {**fixed, **_embedder(stack, Path(folder), short=short)}


def _fixed(stack: ExitStack, folder: Path, *, short: bool) -> dict[str, Any]:
    ours, our_processes = started(stack, _own(folder, 16))
    alone, alone_processes = started(stack, _own(folder, 1))
    ways = {
        "rest": Way(_far(ours.rest), our_processes),
        "grpc": Way(_far(ours.grpc), our_processes),
        "unbatched": Way(_far(alone.rest), alone_processes),
    }
    if is_there():
        doors, processes = started(stack, triton(folder, folder))
        several, more = started(stack, triton(folder, folder, instances=DEFAULT.instances))
        ways["pytriton_several_instances"] = Way(_far(several.grpc), more)
        ways["pytriton_rest"] = Way(_far(doors.rest), processes)
        ways["pytriton_grpc"] = Way(_far(doors.grpc), processes)
        ways["pytriton_own_client"] = Way(_tritons(doors.grpc.removeprefix("grpc://")), processes)
    return figures_of("fixed", ways, "rest", seconds=0.5 if short else 3.0, rounds=1 if short else 7)


def _embedder(stack: ExitStack, folder: Path, *, short: bool) -> dict[str, Any]:
    registry = Registry([])
    model_card, network = registry.network(EMBEDDER)
    batcher: Batcher[Any, Any] = Batcher(lambda pictures: list(network.run(list(pictures))), EMBEDDER)
    stack.callback(batcher.close)
    ports = [str(free_port()), str(free_port())]
    serve = [*HOMEWARD, "models", "serve", EMBEDDER, "--port", ports[0], "--grpc-port", ports[1]]
    ours, processes = started(stack, process(folder, serve, ports))
    ways = {
        "in_process": Way(batcher),
        "served": Way(RemoteNetwork(model_card, service(ours.rest), never).run, processes),
    }
    if is_there():
        export(model_card, registry.file(EMBEDDER), folder / "repository", DEFAULT, "cpu")
        doors, processes = started(stack, triton(folder, folder / "repository", EMBEDDER))
        ways["pytriton"] = Way(RemoteNetwork(model_card, service(doors.rest), never).run, processes)
    return figures_of("embedder", ways, "served", seconds=1.0 if short else 6.0, rounds=1 if short else 5)


def figures_of(
    model: str, ways: Mapping[str, Way], ours: str, *, seconds: float, rounds: int, clients: int = CLIENTS
) -> dict[str, Any]:
    """Medians over rounds: rates, processor time, and how many times as fast as each other way ours is."""
    picture = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    for way in ways.values():
        _round(way, picture, 0.3, clients)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    order = list(ways)
    for number in range(rounds):
        for name in order if number % 2 == 0 else reversed(order):
            found[name].append(_round(ways[name], picture, seconds, clients))
    rates = {name: np.array(rounds)[:, 0] for name, rounds in found.items()}
    costs = {name: np.array(rounds)[:, 1] for name, rounds in found.items()}
    return {
        **{f"{model}_{name}_per_s": float(np.median(rate)) for name, rate in rates.items()},
        **{f"{model}_{name}_processor_ms": float(np.median(cost)) for name, cost in costs.items()},
        **{f"{model}_{ours}_rate_over_{name}": _ratio(rates[ours] / rates[name]) for name in ways if name != ours},
        **{f"{model}_{name}_processor_over_{ours}": _ratio(costs[name] / costs[ours]) for name in ways if name != ours},
    }


def _ratio(of_rounds: Any) -> str:
    low, middle, high = np.percentile(of_rounds, [0, 50, 100])
    return f"{middle:.2f} ({low:.2f} to {high:.2f})"


def _round(way: Way, picture: Any, seconds: float, clients: int) -> tuple[float, float]:
    """Answers a second, and processor milliseconds for each."""
    counts, before, start = [0] * clients, way.processor_s(), time.perf_counter()

    def client(number: int) -> None:
        while time.perf_counter() - start < seconds:
            way.ask([picture])
            counts[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers = sum(counts)
    return answers / (time.perf_counter() - start), 1000 * (way.processor_s() - before) / answers


def started(stack: ExitStack, server: AbstractContextManager[Entered]) -> tuple[Entered, tuple[psutil.Process, ...]]:
    """What a server gives, and its processes."""
    before = set(psutil.Process().children(recursive=True))
    entered = stack.enter_context(server)
    return entered, tuple(set(psutil.Process().children(recursive=True)) - before)


def service(url: str) -> Service:
    """Asked with patience."""
    return Service(url, timeout_s=TIMEOUT_S)


def _far(url: str) -> Callable[[list[Any]], object]:
    return RemoteNetwork(card(), service(url), never).run


def never() -> Any:
    """Instead of the local network."""
    raise AssertionError("the service failed; nothing is measured")


def _tritons(address: str) -> Callable[[list[Any]], object]:
    import tritonclient.grpc as tritonclient

    client = tritonclient.InferenceServerClient(address)

    def ask(pictures: list[Any]) -> object:
        tensor = np.stack(pictures)
        given = tritonclient.InferInput("pictures", list(tensor.shape), "UINT8")
        given.set_data_from_numpy(tensor)
        return client.infer("fixed", [given]).as_numpy("embedding")

    return ask


def _own(folder: Path, max_batch: int) -> AbstractContextManager[Doors]:
    ports = [str(free_port()), str(free_port())]
    return process(folder, ["-m", "benchmarks.fixed_model", *ports, str(max_batch)], ports)


@contextmanager
def process(
    folder: Path, arguments: list[str], ports: list[str], settings: Mapping[str, str] | None = None
) -> Iterator[Doors]:
    """A service of its own, with these settings and no others; ready."""
    doors = Doors(f"http://127.0.0.1:{ports[0]}", f"grpc://127.0.0.1:{ports[1]}")
    env = {name: value for name, value in os.environ.items() if not name.startswith("HOMEWARD_")} | dict(settings or {})
    with (folder / f"{ports[0]}.log").open("w") as log:
        server = subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log, env=env)
        try:
            wait_for(lambda: _is_ready(doors.rest), 120)
            yield doors
        finally:
            server.terminate()
            server.wait(30)


def _is_ready(url: str) -> bool:
    with suppress(httpx2.HTTPError):
        return httpx2.get(f"{url}/v2/health/ready", timeout=5).status_code == 200
    return False
