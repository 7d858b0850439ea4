"""The model service with 16 clients: against PyTriton, against no batching, against the models in this process.

Rates of one run, in turns, so that a machine that grows busier hits all alike; clients are counted in.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from benchmarks.fixed_model import card
from homeward.models.batching import Batcher
from homeward.models.registry import Registry
from homeward.models.remote.network import RemoteNetwork
from homeward.models.remote.service import Service
from homeward.models.service.app import DEFAULT
from homeward.models.triton import export
from tests.models.real_triton import is_there, triton
from tests.models.serving import free_port, wait_for

CLIENTS = 16
EMBEDDER = "homeward-embedder-1"
TIMEOUT_S = 60.0
Ask = Callable[[list[Any]], object]


def measure(*, short: bool) -> dict[str, Any]:
    """Requests a second and their ratios."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        return {**_fixed(stack, Path(folder), short=short), **_embedder(stack, Path(folder), short=short)}


def _fixed(stack: ExitStack, folder: Path, *, short: bool) -> dict[str, Any]:
    ours, alone = stack.enter_context(_own(folder, 16)), stack.enter_context(_own(folder, 1))
    asks = {"ours_rest": _far(ours["rest"]), "ours_grpc": _far(ours["grpc"]), "unbatched": _far(alone["rest"])}
    if is_there():
        doors = stack.enter_context(triton(folder, folder))
        asks |= {"pytriton_rest": _far(doors.rest), "pytriton_grpc": _far(doors.grpc)}
        asks["pytriton_own_client"] = _tritons(doors.grpc.removeprefix("grpc://"))
    picture = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    rates = _rates(asks, picture, seconds=0.5 if short else 3.0, rounds=1 if short else 7)
    peers = [rates[name] for name in rates if name.startswith("pytriton")]
    best = np.max(peers, axis=0) if peers else None
    return {
        **{f"fixed_10_ms_{name}_per_s": float(np.median(rate)) for name, rate in rates.items()},
        "fixed_times_unbatched": float(np.median(rates["ours_rest"] / rates["unbatched"])),
        "fixed_times_best_of_pytriton": float(np.median(rates["ours_rest"] / best)) if peers else "no PyTriton here",
        "fixed_grpc_times_best_of_pytriton": float(np.median(rates["ours_grpc"] / best))
        if peers
        else "no PyTriton here",
    }


def _embedder(stack: ExitStack, folder: Path, *, short: bool) -> dict[str, Any]:
    registry = Registry([])
    model_card, network = registry.network(EMBEDDER)
    batcher: Batcher[Any, Any] = Batcher(lambda pictures: list(network.run(list(pictures))), EMBEDDER)
    stack.callback(batcher.close)
    ports = [str(free_port()), str(free_port())]
    url = stack.enter_context(
        _process(
            folder, ["-c", "from homeward.cli import main; main()", "models", "serve", EMBEDDER,
                     "--port", ports[0], "--grpc-port", ports[1]], ports,
        )
    )  # fmt: skip
    asks: dict[str, Ask] = {
        "in_process": batcher,
        "served": RemoteNetwork(model_card, _service(url["rest"]), _never).run,
    }
    if is_there():
        export(model_card, registry.file(EMBEDDER), folder / "repository", DEFAULT, "cpu")
        doors = stack.enter_context(triton(folder, folder / "repository", EMBEDDER))
        asks["pytriton"] = RemoteNetwork(model_card, _service(doors.rest), _never).run
    picture = np.random.default_rng(0).integers(0, 256, (224, 224, 3), np.uint8)
    rates = _rates(asks, picture, seconds=1.0 if short else 8.0, rounds=1 if short else 5)
    figures: dict[str, Any] = {f"embedder_{name}_per_s": float(np.median(rate)) for name, rate in rates.items()}
    for peer in rates.keys() - {"served"}:
        figures[f"embedder_served_times_{peer}"] = float(np.median(rates["served"] / rates[peer]))
    return figures


def _rates(asks: Mapping[str, Ask], picture: Any, *, seconds: float, rounds: int) -> dict[str, Any]:
    """Answers a second of each way to ask, for each round."""
    for ask in asks.values():
        _rate(ask, picture, 0.3)
    found: dict[str, list[float]] = {name: [] for name in asks}
    for number in range(rounds):
        for name in sorted(asks, key=lambda name: (hash((name, number)), name)):
            found[name].append(_rate(asks[name], picture, seconds))
    return {name: np.array(rates) for name, rates in found.items()}


def _rate(ask: Ask, picture: Any, seconds: float) -> float:
    counts, start = [0] * CLIENTS, time.perf_counter()

    def client(number: int) -> None:
        while time.perf_counter() - start < seconds:
            ask([picture])
            counts[number] += 1

    threads = [threading.Thread(target=client, args=(number,)) for number in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - start)


def _service(url: str) -> Service:
    return Service(url, timeout_s=TIMEOUT_S)


def _far(url: str) -> Ask:
    return RemoteNetwork(card(), _service(url), _never).run


def _never() -> Any:
    raise AssertionError("the service failed; nothing is measured")


def _tritons(address: str) -> Ask:
    import tritonclient.grpc as tritonclient

    client = tritonclient.InferenceServerClient(address)

    def ask(pictures: list[Any]) -> object:
        tensor = np.stack(pictures)
        given = tritonclient.InferInput("pictures", list(tensor.shape), "UINT8")
        given.set_data_from_numpy(tensor)
        return client.infer("fixed", [given]).as_numpy("embedding")

    return ask


def _own(folder: Path, max_batch: int) -> Any:
    ports = [str(free_port()), str(free_port())]
    return _process(folder, ["-m", "benchmarks.fixed_model", *ports, str(max_batch)], ports)


@contextmanager
def _process(folder: Path, arguments: list[str], ports: list[str]) -> Iterator[dict[str, str]]:
    urls = {"rest": f"http://127.0.0.1:{ports[0]}", "grpc": f"grpc://127.0.0.1:{ports[1]}"}
    env = {name: value for name, value in os.environ.items() if not name.startswith("HOMEWARD_")}
    with (folder / f"{ports[0]}.log").open("w") as log:
        server = subprocess.Popen([sys.executable, *arguments], stdout=log, stderr=log, env=env)
        try:
            wait_for(lambda: _is_ready(urls["rest"]), 120)
            yield urls
        finally:
            server.terminate()
            server.wait(30)


def _is_ready(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/v2/health/ready", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False
