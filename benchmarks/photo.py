"""Photos of 12 megapixels from POST to matches, the share of each step, and a report to its alert under load."""

import io
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from skimage import data as samples

from benchmarks.served import Served

STEPS = ("intake", "recognise", "remember", "embed", "match")
FORM = {"species": "cat", "keep_without_animal": "true", "lat": "57.6", "lon": "39.85"}


def measure(*, short: bool) -> dict[str, Any]:
    """Milliseconds; shares of the whole; seconds from report to alert."""
    count = 2 if short else 30
    with tempfile.TemporaryDirectory() as folder, Served(Path(folder)) as server:
        times = [_post(server, "found", cat(number, (4000, 3000))) for number in range(count)]
        shares = _shares(server)
        unseen = [_post(server, "found", picture(number, (4000, 3000))) for number in range(count)]
        _load(server, clients=2 if short else 8, each=2 if short else 8)
        alerts = _alert_seconds(Path(folder) / "data" / "homeward.sqlite", server)
    return {
        "post_to_matches_p50_ms": float(np.percentile(times, 50)) * 1000,
        "post_to_matches_p95_ms": float(np.percentile(times, 95)) * 1000,
        "post_to_matches_where_nothing_is_seen_p50_ms": float(np.percentile(unseen, 50)) * 1000,
        "post_to_matches_where_nothing_is_seen_p95_ms": float(np.percentile(unseen, 95)) * 1000,
        **{f"share_of_{name}": share for name, share in shares.items()},
        "alerts_under_load": float(len(alerts)),
        "report_to_alert_p95_s": float(np.percentile(alerts, 95)) if alerts else "no alert",
    }


def cat(seed: int, size: tuple[int, int]) -> bytes:
    """A cat's face, each time on another piece of ground."""
    photo = Image.fromarray(samples.chelsea()).resize(size, Image.Resampling.BICUBIC)
    ground = Image.open(io.BytesIO(picture(seed, (size[0] // 8, size[1] // 8))))
    photo.paste(ground, (0, 0))
    file = io.BytesIO()
    photo.save(file, "JPEG", quality=92)
    return file.getvalue()


def picture(seed: int, size: tuple[int, int]) -> bytes:
    """Blocks of colour with some noise, as JPEG; the same seed is the same animal."""
    rng = np.random.default_rng(seed)
    blocks = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8)).resize(size, Image.Resampling.NEAREST)
    file = io.BytesIO()
    blocks.save(file, "JPEG", quality=92)
    return file.getvalue()


def _post(server: Served, shelf: str, photo: bytes) -> float:
    start = time.perf_counter()
    server.post_report({**FORM, "shelf": shelf}, photo).raise_for_status()
    return time.perf_counter() - start


def _shares(server: Served) -> dict[str, float]:
    text = server.http.get("/metrics").text
    sums = {step: _value(text, f'homeward_step_seconds_sum{{step="{step}"}}') for step in STEPS}
    total = sum(sums.values())
    return {step: seconds / total for step, seconds in sums.items()}


def _value(text: str, name: str) -> float:
    return next((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), 0.0)


def _load(server: Served, *, clients: int, each: int) -> None:
    """Pairs of the same animal, lost then found, from several clients at once."""

    def work(client: int) -> None:
        for number in range(each):
            photo = picture(1000 + client * 100 + number, (1200, 900))
            for shelf in ("lost", "found"):
                server.post_report({**FORM, "shelf": shelf}, photo).raise_for_status()

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _alert_seconds(database: Path, server: Served) -> list[float]:
    """From the found report's creation to its alert's in the outbox."""
    assert server.http.get("/readyz").status_code == 200
    ask = "SELECT (o.created_at - max(f.created_at, l.created_at)) / 1e6 FROM outbox o \
JOIN reports f ON f.id = o.found_id JOIN reports l ON l.id = o.lost_id"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as rows:
        return [seconds for (seconds,) in rows.execute(ask)]
