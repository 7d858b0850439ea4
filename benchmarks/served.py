"""A real server in a process of its own, for benchmarks that ask over HTTP."""

import os
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx2

from tests.ports import free_port

START = "from homeward.cli import main; main()"
READY_WITHIN_S = 180


class Served:
    """`homeward serve` on a free port, without a limit on uploads; use as a context manager."""

    def __init__(self, folder: Path, **settings: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.http = httpx2.Client(base_url=self.url, timeout=120)
        command = [sys.executable, "-c", START, "serve", "--data", str(folder / "data"), "--port", str(port)]
        env = {**os.environ, "HOMEWARD_UPLOADS_PER_MINUTE": "0", **settings}
        self._log = (folder / "server.log").open("w+")
        self.process = subprocess.Popen(command, env=env, stdout=self._log, stderr=self._log)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + READY_WITHIN_S
        while not self._ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self._log.seek(0)
                raise RuntimeError(f"the server did not come up:\n{self._log.read()[-3000:]}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.http.close()
        self._log.close()

    def post_report(self, form: dict[str, str], photo: bytes) -> httpx2.Response:
        """The answer to one report with one photo."""
        return self.http.post("/api/v1/reports", data=form, files={"photo": ("photo.jpg", photo, "image/jpeg")})

    def matches(self, lost: dict[str, object], limit: int) -> list[object]:
        """Ids of the found reports that match, best first."""
        own = {"Authorization": f"Bearer {str(lost['link']).split('#token=')[1]}"}
        answer = self.http.get(f"/api/v1/lost/{lost['id']}/matches", params={"limit": limit}, headers=own)
        answer.raise_for_status()
        return [item["found_id"] for item in answer.json()["items"]]

    def _ready(self) -> bool:
        try:
            return self.http.get("/readyz").status_code == 200
        except httpx2.HTTPError:
            return False
