"""Gate: how often the detector runs in an hour of cameras, against every frame at 5 a second, at equal animals found.

The hour is spliced from the clips of HOMEWARD_SHARED: each one's empty scene under sensor noise, with a lamp that is
switched, rain, and the clip itself once in six minutes.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from homeward.app.models import watch_with
from homeward.domain.animals import Picture, Species
from homeward.models.onnx import OnnxDetector
from homeward.models.registry import Registry
from homeward.watcher.capture import recorded
from homeward.watcher.following import LEAST_SEEN
from homeward.watcher.frames import Frame

PER_SECOND = 5.0
MINUTES = 6
CLIPS = (
    "resqpet_cctv/cam_05.mp4", "resqpet_cctv/cam_06.mp4",
    "kairess_dog/22.mp4", "kairess_dog/23.mp4", "kairess_dog/24.mp4",
    "misc_pet/sanskar_cat.mp4", "misc_pet/sanskar_dog.mp4", "four_cats/video/nobel.mp4", "four_cats/video/doubao.mp4",
    "four_cats/video/lvdou.mp4",
)  # fmt: skip
START = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Passage:
    """One playing of a clip: from when to when, and whether the animal was found by each way."""

    from_s: float
    until_s: float = 0.0
    plainly: int = 0
    by_gate: int = 0


@dataclass
class Seen:
    """All passages of one camera."""

    passages: list[Passage] = field(default_factory=list)
    runs: int = 0
    frames: int = 0


def measure(*, short: bool) -> dict[str, Any]:
    """Runs an hour, as a share of the plain way's, and the share of the plain way's animals that were found too."""
    shared = Path(os.environ.get("HOMEWARD_SHARED", "../shared")) / "data/clips"
    if not shared.is_dir():
        return {"skipped": f"{shared} is not there"}
    detector = Registry([]).detector("homeward-detector-1", 1)
    found = [_camera(shared / clip, detector, 1 if short else MINUTES) for clip in (CLIPS[:1] if short else CLIPS)]
    passages = [p for seen in found for p in seen.passages if p.plainly >= LEAST_SEEN]
    runs, frames = sum(seen.runs for seen in found), sum(seen.frames for seen in found)
    return {
        "camera_minutes": frames / PER_SECOND / 60,
        "detector_runs_share_of_every_frame": runs / frames,
        "passages_found_plainly": float(len(passages)),
        "share_of_them_kept": sum(p.by_gate >= LEAST_SEEN for p in passages) / max(1, len(passages)),
        "found_by_the_gate_alone": float(sum(p.plainly < LEAST_SEEN <= p.by_gate for s in found for p in s.passages)),
    }


def _camera(clip: Path, detector: OnnxDetector, minutes: int) -> Seen:
    seen, watching = Seen(), watch_with(detector)()
    for frame in _hour(clip, minutes, seen):
        seen.frames += 1
        watching.look(frame)
        passage = seen.passages[-1] if seen.passages else None
        if passage is not None and frame.time_s <= passage.until_s:
            plain = detector.detect([frame.picture])[0]
            passage.plainly += any(each.label.value in {kind.value for kind in Species} for each in plain)
            passage.by_gate += bool(watching.view.animals)
    seen.runs = watching.counts.detector_runs
    return seen


def _hour(clip: Path, minutes: int, seen: Seen) -> Iterator[Frame]:
    """Stillness, a lamp, rain, and the clip once."""
    played = [frame.picture for frame in recorded(str(clip), per_second=PER_SECOND)]
    empty = np.median(np.stack(played[:: max(1, len(played) // 25)]), 0)
    chance = np.random.default_rng(0)
    number = 0

    def frame(picture: Picture) -> Frame:
        nonlocal number
        number += 1
        time_s = number / PER_SECOND
        return Frame(number, time_s, START + timedelta(seconds=time_s), picture)

    for minute in range(minutes):
        for second in range(60):
            for _ in range(int(PER_SECOND)):
                yield frame(_weather(empty, minute, second, chance))
        if minute == minutes // 2:
            from_s = (number + 1) / PER_SECOND
            seen.passages.append(Passage(from_s, from_s + len(played) / PER_SECOND + 3.0))
            for picture in played:
                yield frame(picture)


def _weather(empty: np.ndarray, minute: int, second: int, chance: np.random.Generator) -> Picture:
    """The scene under noise: a lamp burns for a third of every second minute, and it rains in every third."""
    lit = 45.0 if minute % 2 and 20 <= second < 40 else 0.0
    picture = empty + lit + chance.normal(0, 3.0, empty.shape)
    if minute % 3 == 2 and second >= 30:
        height, width = empty.shape[:2]
        for x, y in zip(chance.integers(0, width - 1, 80), chance.integers(0, height - 20, 80), strict=True):
            picture[y : y + 16, x : x + 1] = 210
    return np.clip(picture, 0, 255).astype(np.uint8)
