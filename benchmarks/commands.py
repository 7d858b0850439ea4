"""How long `import homeward` and `homeward --help` take, over an empty Python."""

import subprocess
import sys
import time
from typing import Any

import numpy as np


def measure(*, short: bool) -> dict[str, Any]:
    """Medians in seconds, and what comes on top of an empty Python."""
    times = 2 if short else 15
    empty = _seconds("pass", times)
    imported = _seconds("import homeward", times)
    helped = _seconds("import sys; sys.argv = ['homeward', '--help']; from homeward.cli import main; main()", times)
    return {"python_s": empty, "import_homeward_s": imported - empty, "homeward_help_s": helped}


def _seconds(script: str, times: int) -> float:
    found = []
    for _ in range(times):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", script], check=True, capture_output=True)
        found.append(time.perf_counter() - start)
    return float(np.median(found))
