"""Drawn scenes: a yard, an animal in it (a checkered square), lamps, rain, a clock; and who finds the animal."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from homeward.domain.animals import Detection, Label
from homeward.domain.boxes import Box
from homeward.watcher.frames import Frame

SIZE = (360, 640)
START = datetime(2026, 6, 1, tzinfo=UTC)
ANIMAL = np.kron(np.indices((6, 6)).sum(0) % 2, np.ones((10, 10)))[..., None] * np.array([255, 0, 255])


def yard(seed=0, noise=3.0, brighter=0.0):
    """Walls and a lawn under noise."""
    chance = np.random.default_rng(seed)
    picture = np.full((*SIZE, 3), 90.0)
    picture[:150] = 130
    picture[60:140, 400:520] = 60
    return np.clip(picture + brighter + chance.normal(0, noise, picture.shape), 0, 255).astype(np.uint8)


def with_animal(picture, x, y=200):
    """The animal with its left top corner there."""
    drawn = picture.copy()
    drawn[y : y + 60, x : x + 60] = ANIMAL
    return drawn


def frame(number, picture, per_second=5.0):
    time_s = number / per_second
    return Frame(number, time_s, START + timedelta(seconds=time_s), picture)


@dataclass
class Finder:
    """`homeward.ports.Detector` that knows the magenta squares, and people as pure green."""

    name: str = "finder"
    confidence: float = 0.8
    runs: list = field(default_factory=list)

    def detect(self, pictures):
        self.runs += [picture.shape[:2] for picture in pictures]
        return [self._on(picture) for picture in pictures]

    def _on(self, picture):
        red, green, blue = (picture[..., channel].astype(int) for channel in range(3))
        found = []
        magenta = (red > 200) & (green < 60) & (blue > 200)
        columns = np.flatnonzero(magenta.any(0))
        for part in np.split(columns, np.flatnonzero(np.diff(columns) > 20) + 1):
            alone = np.zeros_like(magenta)
            alone[:, part] = magenta[:, part]
            if (box := _around(alone)) is not None:
                found.append(Detection(box, Label.CAT, self.confidence))
        if (box := _around((red < 60) & (green > 200) & (blue < 60))) is not None:
            found.append(Detection(box, Label.PERSON, 0.7))
        return tuple(found)


def _around(mask):
    rows, columns = np.nonzero(mask)
    if len(rows) < 20:
        return None
    return Box(float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1))
