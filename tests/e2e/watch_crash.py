"""Kill -9 of a watcher and its server in turn: what lay in the spool must be on the server, once."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

from homeward.client import Client
from homeward.watcher.spool import Spool
from homeward.watcher.uplink import Uplink
from tests.e2e.crash import START, Server

CONFIG = """
server = "{url}"
[[camera]]
id = "yard"
source = "{clip}"
key = "{key}"
window_s = 0.5
repeat_after_min = 0
"""
LEDGER = """
CREATE TABLE ledger (key TEXT NOT NULL);
CREATE TRIGGER noted AFTER INSERT ON sightings BEGIN INSERT INTO ledger VALUES (NEW.key); END;
"""
SPOOL_BYTES = 500_000_000
LAST_S = 60


def run(folder: Path, clip: Path, *, kills: int, seed: int) -> int:
    """How many sightings there were. Raises AssertionError on any loss or double."""
    rng, server = random.Random(seed), Server(folder / "server")
    server.start()
    key = _camera(server)
    box = folder / "box"
    Spool(box / "spool.sqlite", SPOOL_BYTES).close()
    _noted(box / "spool.sqlite")
    (folder / "cameras.toml").write_text(CONFIG.format(url=server.url, clip=clip, key=key))
    watcher = _watcher(folder)
    for _ in range(kills):
        threading.Event().wait(rng.uniform(0.2, 4.0))
        if rng.random() < 0.5:
            server.kill()
            server.start()
        else:
            _kill(watcher)
        if watcher.poll() is not None:
            watcher = _watcher(folder)
    _kill(watcher)
    _send_the_rest(box / "spool.sqlite", server, key)
    server.stop()
    return _compared(box / "spool.sqlite", folder / "server" / "homeward.sqlite")


def _camera(server: Server) -> str:
    with Client(server.url, (server.folder / "operator.key").read_text().strip()) as admin:
        admin.post("/cameras", {"name": "Yard", "lat": 57.6, "lon": 39.85, "id": "yard"})
        made = admin.post("/keys", {"name": "yard", "scope": "sightings", "camera_id": "yard"})
    return str(made["secret"])


def _noted(spool: Path) -> None:
    """Whatever is put into the spool is noted in the same transaction."""
    rows = sqlite3.connect(spool)
    rows.executescript(LEDGER)
    rows.close()


def _watcher(folder: Path) -> "subprocess.Popen[bytes]":
    """With all its own processes in one group, so that a kill takes them all."""
    command = [sys.executable, "-c", START, "watch", str(folder / "cameras.toml"), "--data", str(folder / "box")]
    with (folder / "watcher.log").open("ab") as log:
        return subprocess.Popen([*command, "--realtime"], stdout=log, stderr=log, start_new_session=True)


def _kill(watcher: "subprocess.Popen[bytes]") -> None:
    os.killpg(watcher.pid, signal.SIGKILL)
    watcher.wait()


def _send_the_rest(path: Path, server: Server, key: str) -> None:
    spool = Spool(path, SPOOL_BYTES)
    with Client(server.url, key) as client:
        uplink = Uplink(spool, {"yard": client})
        deadline = time.monotonic() + LAST_S
        while spool.counts()["waiting"] and time.monotonic() < deadline:
            if uplink.step() == "idle":
                threading.Event().wait(0.05)  # the server may still be at what a dead watcher sent
    counts = spool.counts()
    spool.close()
    assert counts["waiting"] == counts["refused"] == counts["dropped"] == 0, counts


def _compared(spool: Path, server: Path) -> int:
    noted = [row[0] for row in sqlite3.connect(spool).execute("SELECT key FROM ledger")]
    rows = sqlite3.connect(server)
    stored = rows.execute("SELECT count(*) FROM reports WHERE camera_id = 'yard'").fetchone()[0]
    answered = [row[0] for row in rows.execute("SELECT key FROM answers")]
    assert len(noted) == len(set(noted))
    assert not set(noted) - set(answered), "lost"
    assert stored == len(noted), f"{stored} on the server, {len(noted)} were spooled"
    return len(noted)
