"""Kill -9 of the model service while reports come in: none is lost or refused, and the service is used again."""

import os
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import psutil

from tests.e2e import crash
from tests.ports import free_port

NAMES = ("homeward-detector-1", "homeward-embedder-3")
WITHIN_S = 200


class ModelServer:
    """`homeward models serve` as a process of its own, on one port."""

    def __init__(self, folder: Path, *more: str) -> None:
        self.port, self.grpc_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "models.log"
        self.more = more
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it is ready."""
        self.launch()
        try:
            self.until(self.is_ready)
        except AssertionError:  # nothing is left behind that would start itself anew
            self.stop()
            raise

    def launch(self) -> None:
        """Start it; it is not ready yet."""
        ports = ["--port", str(self.port), "--grpc-port", str(self.grpc_port)]
        command = [sys.executable, "-c", crash.START, "models", "serve", *ports, *self.more]
        env = {name: value for name, value in os.environ.items() if name != "HOMEWARD_MODEL_SERVICE"}
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log)

    def until(self, condition) -> None:
        """Wait for it."""
        deadline = time.monotonic() + WITHIN_S
        while not condition():
            assert time.monotonic() < deadline, f"it did not happen:\n{self.log.read_text()[-3000:]}"
            threading.Event().wait(0.02)

    def is_ready(self) -> bool:
        """Whether its models are warm."""
        return crash.says_yes(f"{self.url}/v2/health/ready")

    def workers(self) -> list[psutil.Process]:
        """Its processes below the first one, but for the one that Python keeps for itself."""
        assert self.process is not None
        children = psutil.Process(self.process.pid).children()
        return [child for child in children if is_alive(child) and "resource_tracker" not in " ".join(child.cmdline())]

    def kill(self) -> None:
        """With kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As a service manager does."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(60)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs; one that was killed and not yet buried does not."""
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def calls(url: str, where: str) -> float:
    """How many runs of networks the server has made at the service, or itself."""
    text = httpx2.get(f"{url}/metrics", timeout=30).text
    lines = [line for line in text.splitlines() if line.startswith("homeward_model_calls_total{")]
    return sum(float(line.split()[-1]) for line in lines if f'where="{where}"' in line)


def run(folder: Path, *, kills: int, clients: int, seed: int) -> tuple[crash.Ledger, list[float]]:
    """Load all the time; the service is killed ``kills`` times. The ledger, and seconds from each start until it is used."""
    rng, ledger = random.Random(seed), crash.Ledger()
    models, server = ModelServer(folder), crash.Server(folder / "data")
    os.environ["HOMEWARD_MODEL_SERVICE"] = models.url
    models.start()
    server.start()
    done, back_s = threading.Event(), []
    threads = [
        threading.Thread(target=crash.client, args=(server.url, ledger, done, rng.random())) for _ in range(clients)
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(kills):
            before = calls(server.url, "service")
            models.until(lambda before=before: calls(server.url, "service") > before + 2)
            threading.Event().wait(rng.uniform(0, 0.3))
            models.kill()
            before = calls(server.url, "local")
            models.until(lambda before=before: calls(server.url, "local") > before + 2)
            start_s, before = time.monotonic(), calls(server.url, "service")
            models.start()
            models.until(lambda before=before: calls(server.url, "service") > before)
            back_s.append(time.monotonic() - start_s)
        assert all(thread.is_alive() for thread in threads), "a report was refused"
    finally:
        done.set()
        for thread in threads:
            thread.join()
        models.stop()
    try:
        crash.finish(server.url, ledger)
        crash.check(server.url, ledger)
    finally:
        server.stop()
    crash.check_rows(folder / "data", ledger)
    return ledger, back_s
