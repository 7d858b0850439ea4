"""RAM for 100,000 x 256 over an empty index, each in a process of its own."""

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.filled import filled

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from homeward.domain.embeddings import Filter, unit
from homeward.domain.reports import Shelf
from homeward.storage.index.exact import ExactIndex
from homeward.storage.sql import SqlDatabase
database = SqlDatabase.open(Path(sys.argv[1]))
index = ExactIndex(Shelf.FOUND, database)
index.load("bench")
index.nearest(unit(np.ones(256)), 10, Filter("bench"))
status = dict(line.split(":", 1) for line in open("/proc/self/status"))
print(int(status["VmRSS"].split()[0]), int(status["VmHWM"].split()[0]))
"""


def measure(*, short: bool) -> dict[str, Any]:
    """Megabytes over the empty one, at rest and at the peak of loading."""
    count = 2000 if short else 100_000
    with tempfile.TemporaryDirectory() as folder:
        filled(Path(folder) / "full.sqlite", count)
        empty, full = (_rss(Path(folder) / name) for name in ("empty.sqlite", "full.sqlite"))
    return {
        "rows": float(count),
        "at_rest_mb": (full[0] - empty[0]) / 1000,
        "at_the_peak_of_loading_mb": (full[1] - empty[1]) / 1000,
    }


def _rss(database: Path) -> tuple[int, int]:
    answer = subprocess.run([sys.executable, "-c", SCRIPT, str(database)], capture_output=True, text=True, check=True)
    now, peak = answer.stdout.split()
    return int(now), int(peak)
