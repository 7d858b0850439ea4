"""Rows by place: a grid of cells in degrees, so that a search near a point looks at a few of them only."""

import math
from array import array
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from homeward.domain.places import Point

SIDE_DEGREES = 0.05  # about 5.5 km of latitude
MOST_CELLS = 2_000  # a circle over more cells than this is not worth the grid
KM_PER_DEGREE = 111.0  # of latitude; a little less than the true 111.2, so that the box is never too small
Cell = tuple[int, int]


def _cell(lat: float, lon: float) -> Cell:
    return math.floor(lat / SIDE_DEGREES), math.floor(lon / SIDE_DEGREES)


@dataclass(slots=True)
class Cells:
    """Which rows lie in which cell; rows without a place (NaN) lie in none."""

    rows: dict[Cell, "array[int]"] = field(default_factory=lambda: defaultdict(lambda: array("q")))

    def add(self, row: int, lat: float, lon: float) -> None:
        """Put a row into its cell."""
        if not math.isnan(lat):
            self.rows[_cell(lat, lon)].append(row)

    def remove(self, row: int, lat: float, lon: float) -> None:
        """Take a row out of the cell of its old place."""
        if not math.isnan(lat):
            self.rows[_cell(lat, lon)].remove(row)

    def fill(self, first: int, lat: npt.NDArray[np.float64], lon: npt.NDArray[np.float64]) -> None:
        """Put rows ``first``, ``first`` + 1 ... in, many at once."""
        placed = np.flatnonzero(~np.isnan(lat))
        if not len(placed):
            return
        keys = np.floor(np.stack([lat[placed], lon[placed]]) / SIDE_DEGREES).astype(np.int64)
        order = np.lexsort(keys)
        keys, placed = keys[:, order], placed[order] + first
        edges = [0, *(np.flatnonzero(np.any(np.diff(keys, axis=1), axis=0)) + 1), len(placed)]
        for start, end in pairwise(edges):
            cell = (int(keys[0, start]), int(keys[1, start]))
            self.rows[cell].frombytes(placed[start:end].astype(np.int64).tobytes())

    def around(self, centre: Point | None, radius_km: float | None) -> npt.NDArray[np.intp] | None:
        """Rows in all cells that the circle may touch, rising; None where the grid cannot narrow."""
        if centre is None or radius_km is None:
            return None
        cells = _touched(centre, radius_km / KM_PER_DEGREE)
        if cells is None:
            return None
        parts = [np.frombuffer(self.rows[cell], np.int64) for cell in cells if self.rows.get(cell)]
        return np.sort(np.concatenate(parts)) if parts else np.zeros(0, np.intp)


def _touched(centre: Point, reach: float) -> Iterator[Cell] | None:
    """Cells of the box around a circle; None over a pole, over the date line, or where they are too many."""
    farthest = abs(centre.lat) + reach
    if farthest >= 89.0:
        return None
    reach_lon = reach / math.cos(math.radians(farthest))
    if centre.lon - reach_lon < -180 or centre.lon + reach_lon > 180:
        return None
    low = _cell(centre.lat - reach, centre.lon - reach_lon)
    high = _cell(centre.lat + reach, centre.lon + reach_lon)
    if (high[0] - low[0] + 1) * (high[1] - low[1] + 1) > MOST_CELLS:
        return None
    return ((y, x) for y in range(low[0], high[0] + 1) for x in range(low[1], high[1] + 1))
