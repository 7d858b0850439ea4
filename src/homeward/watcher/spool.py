"""Spool: sightings on the box's own disk until the server has them. Full, it drops the least certain and counts."""

import json
import os
import sqlite3
import threading
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from homeward.errors import BadSettings
from homeward.watcher.camera import Sight
from homeward.watcher.clocks import Clocks

SCHEMA = """
CREATE TABLE IF NOT EXISTS sightings (
  number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, camera TEXT NOT NULL, fields TEXT NOT NULL,
  jpeg BLOB NOT NULL, certainty REAL NOT NULL, bytes INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS counts (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
"""
FIRST = """
SELECT number, key, camera, fields, jpeg FROM sightings
WHERE :cameras IS NULL OR camera IN (SELECT value FROM json_each(:cameras)) ORDER BY number LIMIT 1
"""
BUSY_TIMEOUT_S = 30.0
DROP = "DELETE FROM sightings WHERE number = (SELECT number FROM sightings ORDER BY certainty, number LIMIT 1)"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sighting to be sent; ``key`` makes sure that sending it twice stores it once.

    ``fields`` are what the server is told, and how the box's ``clocks`` were when it was seen.
    """

    number: int
    key: str
    camera: str
    fields: dict[str, str]
    jpeg: bytes


class Spool:
    """One SQLite file; safe for several threads and processes."""

    def __init__(self, path: Path, most_bytes: int) -> None:
        """Open or make the file; what an earlier process left is still to be sent.

        Raises:
            BadSettings: the file is damaged, or the disk is full or cannot be written.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._rows = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None)
        self._most_bytes = most_bytes
        try:
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._rows.execute(f"PRAGMA {pragma}")
            self._rows.executescript(SCHEMA)
        except sqlite3.Error as error:
            self._rows.close()
            hint = f"Free some space, and see that the folder can be written. A damaged {path.name}: put it aside."
            raise BadSettings(f"{path} cannot be used: {error}.", field="data", hint=hint) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._rows.close()

    def put(self, camera: str, fields: Mapping[str, str], jpeg: bytes, certainty: float) -> None:
        """Keep a sighting; it outlives a power cut. May drop less certain ones, or this one."""
        with self._lock, self._rows:
            self._rows.execute("BEGIN IMMEDIATE")
            self._rows.execute(
                "INSERT INTO sightings (key, camera, fields, jpeg, certainty, bytes) VALUES (?, ?, ?, ?, ?, ?)",
                (uuid.uuid4().hex, camera, json.dumps(dict(fields)), jpeg, certainty, len(jpeg)),
            )
            while self._total() > self._most_bytes:
                self._rows.execute(DROP)
                self._count("dropped")

    def put_sight(self, camera: str, sight: Sight) -> None:
        """Keep what a camera's watch found worth sending."""
        crop, scale = sight.crop, sight.crop.shrunk
        box = ",".join(f"{side * scale:.0f}" for side in (crop.box.x0, crop.box.y0, crop.box.x1, crop.box.y1))
        fields = {
            "seen_at": sight.at.isoformat(),
            "species": crop.animal.species.value,
            "confidence": f"{crop.animal.confidence:.3f}",
            "box": box,
            "track_id": f"{camera}-{os.getpid()}-{sight.track}",
        }
        if (clocks := Clocks.now()) is not None:
            fields["clocks"] = str(clocks)
        self.put(camera, fields, crop.jpeg(), crop.animal.confidence)

    def first(self, cameras: Sequence[str] | None = None) -> Waiting | None:
        """The oldest one; of ``cameras`` where they are named."""
        with self._lock, closing(self._rows.cursor()) as rows:
            found = rows.execute(FIRST, {"cameras": json.dumps(list(cameras)) if cameras else None}).fetchone()
        return Waiting(found[0], found[1], found[2], json.loads(found[3]), found[4]) if found else None

    def done(self, waiting: Waiting, outcome: str) -> None:
        """The server has it (``sent``) or will never take it (``refused``)."""
        with self._lock, self._rows:
            self._rows.execute("BEGIN IMMEDIATE")
            self._rows.execute("DELETE FROM sightings WHERE number = ?", (waiting.number,))
            self._count(outcome)

    def counts(self) -> dict[str, int]:
        """waiting, sent, refused and dropped."""
        with self._lock:
            kept = dict(self._rows.execute("SELECT name, value FROM counts").fetchall())
            waiting = self._rows.execute("SELECT count(*) FROM sightings").fetchone()[0]
        return {"waiting": waiting, **{name: kept.get(name, 0) for name in ("sent", "refused", "dropped")}}

    def waiting(self, camera: str) -> int:
        """How many of one camera are still to be sent."""
        with self._lock:
            counted = self._rows.execute("SELECT count(*) FROM sightings WHERE camera = ?", (camera,))
            return int(counted.fetchone()[0])

    def _total(self) -> int:
        return int(self._rows.execute("SELECT coalesce(sum(bytes), 0) FROM sightings").fetchone()[0])

    def _count(self, name: str) -> None:
        self._rows.execute(
            "INSERT INTO counts VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1", (name,)
        )
