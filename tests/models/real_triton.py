"""Real Triton as the wheel of PyTriton carries it, in an environment of its own that `make test` makes."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.models.serving import Doors, wait_for
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-triton" / "bin" / "python"
MISSING = "wants PyTriton: `make .stamps/triton`, on Linux with Debian's or Ubuntu's /usr/bin/python3"


def is_there() -> bool:
    """Whether Triton can be started."""
    return PYTHON.exists() and subprocess.run([PYTHON, "-c", "import pytriton"], check=False).returncode == 0


@contextmanager
def triton(folder: Path, repository: Path, *names: str, instances: int = 1) -> Iterator[Doors]:
    """Triton with the models of a repository (without names: with the one of a fixed cost), ready."""
    doors = Doors(f"http://127.0.0.1:{free_port()}", f"grpc://127.0.0.1:{free_port()}")
    ports = [url.rpartition(":")[2] for url in (doors.rest, doors.grpc)]
    script = Path(__file__).with_name("pytriton_server.py")
    with (folder / "triton.log").open("w") as log:
        command = [PYTHON, script, *ports, str(instances), repository, *names]
        server = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"})
        try:
            wait_for(
                lambda: server.poll() is not None or all(_is_ready(doors, name) for name in names or ["fixed"]), 200
            )
            assert server.poll() is None, (folder / "triton.log").read_text()[-3000:]
            yield doors
        finally:
            server.terminate()
            server.wait(60)


def _is_ready(doors: Doors, name: str) -> bool:
    try:
        return httpx2.get(f"{doors.rest}/v2/models/{name}/ready", timeout=5).status_code == 200
    except httpx2.HTTPError:
        return False
