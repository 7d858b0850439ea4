"""A town drawn by chance: homes, cameras with hot spots, animals with vectors of their own, days with their rhythm.

Nothing here is measured; it is what the questions about sightings and the load generator are played with.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from homeward.domain.animals import Species
from homeward.domain.embeddings import Vectors, unit
from homeward.domain.places import Point

CENTRE = Point(57.6, 39.85)
DIMENSION = 256
SIDE_KM = 30.0
KM_PER_DEGREE = 111.2
TRAITS = 100  # numbers in which animals differ
COMMON, SAME = 5.0, 1.0  # weights of what all animals share, and of what changes between photos of one


@dataclass(frozen=True, slots=True)
class Sighting:
    """An animal before a camera."""

    animal: int
    camera: int
    at: datetime


class Town:
    """``lost`` pets and ``strays`` strangers in a square of 30 km; ``cameras`` see them come by."""

    def __init__(self, *, lost: int, strays: int, cameras: int, seed: int = 0) -> None:
        """Drawn once; the same seed gives the same city."""
        self.rng = np.random.default_rng(seed)
        self.lost, self.animals = lost, lost + strays
        self.traits = self.rng.normal(size=(self.animals, TRAITS))
        self.directions = np.linalg.qr(self.rng.normal(size=(DIMENSION, TRAITS + 1)))[0].T
        self.homes = self.rng.uniform(-SIDE_KM / 2, SIDE_KM / 2, (self.animals, 2))
        self.cameras = self.rng.uniform(-SIDE_KM / 2, SIDE_KM / 2, (cameras, 2))
        self.busy = self.rng.pareto(1.2, cameras) + 0.2
        self.is_cat = self.rng.random(self.animals) < 0.5

    def place(self, xy_km: Any) -> Point:
        """A point of the map."""
        lat = CENTRE.lat + float(xy_km[1]) / KM_PER_DEGREE
        return Point(lat, CENTRE.lon + float(xy_km[0]) / (KM_PER_DEGREE * math.cos(math.radians(CENTRE.lat))))

    def species(self, animal: int) -> Species:
        """Cat or dog."""
        return Species.CAT if self.is_cat[animal] else Species.DOG

    def vectors(self, animals: Sequence[int]) -> Vectors:
        """One look at each, mixed with light and pose: strangers lie 1.3 apart, looks at one animal 0.95."""
        traits = self.traits[list(animals)] + SAME * self.rng.normal(size=(len(animals), TRAITS))
        shared = np.full((len(animals), 1), COMMON)
        return unit(np.asarray(np.hstack([shared, traits]) @ self.directions, np.float32))

    def sightings(self, count: int, since: datetime, until: datetime) -> list[Sighting]:
        """``count`` of them in order of time: near their homes, before busy cameras, most at dusk and dawn."""
        near = np.array([self._near(int(animal)) for animal in self.rng.integers(0, self.animals, count)])
        moments = sorted(since + (until - since) * part for part in self._parts_of_days(count))
        return [Sighting(int(animal), int(camera), at) for (animal, camera), at in zip(near, moments, strict=True)]

    def _near(self, animal: int) -> tuple[int, int]:
        """The animal, and a camera near its home; busy ones first."""
        km = np.linalg.norm(self.cameras - self.homes[animal], axis=1)
        weight = self.busy / (0.3 + km) ** 2.5
        return animal, int(np.searchsorted(np.cumsum(weight), self.rng.random() * weight.sum()))

    def _parts_of_days(self, count: int) -> Any:
        """Shares of the whole time, with two humps each day."""
        drawn = self.rng.random(4 * count)
        hour = (drawn * 24 * 7) % 24
        rhythm = 0.3 + np.exp(-(((hour - 5) / 2) ** 2)) + np.exp(-(((hour - 21) / 2.5) ** 2))
        return drawn[self.rng.random(4 * count) * 2.3 < rhythm][:count] if count > 50 else drawn[:count]


def now() -> datetime:
    """The moment at which a city begins to be watched."""
    return datetime.now(UTC) - timedelta(days=7)
