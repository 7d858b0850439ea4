"""Places on the ground: points, distances, bands for people who may not know the exact one."""

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Degrees: TypeAlias = npt.NDArray[np.float64]

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
KM_PER_DEGREE = EARTH_RADIUS_KM * math.pi / 180
CELL_DEGREES = 0.02
ACROSS_CELL = 9  # points each way; nearer than a quarter of a kilometre
LON_CELLS = round(360 / CELL_DEGREES)
BANDS_KM = (2.0, 5.0, 10.0, 25.0, 50.0, 100.0)  # none narrower than a cell of the map


@dataclass(frozen=True, slots=True)
class Point:
    """A place in degrees, WGS 84.

    Raises:
        ValueError: latitude outside -90..90, longitude outside -180..180, or not finite.
    """

    lat: float
    lon: float

    def __post_init__(self) -> None:
        """Refuse what is nowhere on earth."""
        if not (math.isfinite(self.lat) and -90.0 <= self.lat <= 90.0):
            raise ValueError("lat must be between -90 and 90")
        if not (math.isfinite(self.lon) and -180.0 <= self.lon <= 180.0):
            raise ValueError("lon must be between -180 and 180")


def distance_km(one: Point, other: Point) -> float:
    """Great-circle distance by the haversine formula; off by at most 0.5 % from the ellipsoid."""
    lat1, lat2 = math.radians(one.lat), math.radians(other.lat)
    half_lat = (lat2 - lat1) / 2
    half_lon = math.radians(other.lon - one.lon) / 2
    chord = math.sin(half_lat) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(half_lon) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


def distances_km(centre: Point, lat: Degrees, lon: Degrees) -> Degrees:
    """`distance_km` from ``centre`` to each of (n,) points in degrees; NaN where one is NaN."""
    return distances_between_km(np.float64(centre.lat), np.float64(centre.lon), lat, lon)


def distances_between_km(
    lat: Degrees | np.float64, lon: Degrees | np.float64, other_lat: Degrees, other_lon: Degrees
) -> Degrees:
    """`distance_km` between (n,) points and (n,) others in degrees; NaN where one is NaN."""
    lat1, lat2 = np.radians(lat), np.radians(other_lat)
    half_lat, half_lon = (lat2 - lat1) / 2, np.radians(other_lon - lon) / 2
    chord = np.sin(half_lat) ** 2 + np.cos(lat1) * np.cos(lat2) * np.sin(half_lon) ** 2
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(np.minimum(1.0, chord))), np.float64)


def distance_band_km(km: float) -> tuple[float, float | None]:
    """The band (from, to) in km that ``km`` falls into; ``to`` is None beyond the last."""
    lower = 0.0
    for upper in BANDS_KM:
        if km < upper:
            return lower, upper
        lower = upper
    return lower, None


def cell_of(point: Point) -> tuple[int, int]:
    """The cell of the map that ``point`` lies in: its numbers north and east, in steps of 0.02 degrees from 0 on."""
    return int((point.lat + 90) / CELL_DEGREES), int((point.lon + 180) / CELL_DEGREES) % LON_CELLS


def middle_of_cell(point: Point) -> Point:
    """The middle of the cell that ``point`` lies in: all that strangers may learn of a home.

    A band that is measured from a home betrays it to whoever asks from place after place where the band changes.
    """
    lat, lon = cell_of(point)
    return Point(min(90.0, (lat + 0.5) * CELL_DEGREES - 90), (lon + 0.5) * CELL_DEGREES - 180)


def kms_from_afar(home: Point, place: Point) -> Degrees:
    """To ``place`` from points spread evenly over the cell that ``home`` lies in: any of them may be the home."""
    lat, lon = cell_of(home)
    steps = (np.arange(ACROSS_CELL) + 0.5) / ACROSS_CELL
    north, east = np.meshgrid((lat + steps) * CELL_DEGREES - 90, (lon + steps) * CELL_DEGREES - 180)
    return distances_km(place, north.ravel(), east.ravel())


def km_from_afar(home: Point | None, place: Point | None) -> float | None:
    """From the middle of the cell that ``home`` lies in to ``place``; None where one is unknown."""
    return distance_km(middle_of_cell(home), place) if home and place else None


@dataclass(frozen=True, slots=True)
class CellRun:
    """Cells ``first_lon`` to ``last_lon`` (inclusive, the first not above the last) of the row ``lat``."""

    lat: int
    first_lon: int
    last_lon: int


def cells_within(centre: Point, radius_km: float) -> list[CellRun]:
    """The cells whose middles lie within the circle, row by row; a row over the date line is two runs."""
    reach = radius_km / KM_PER_DEGREE / CELL_DEGREES
    middle = (centre.lat + 90) / CELL_DEGREES - 0.5
    lat_rows = range(
        max(0, math.ceil(middle - reach)), min(round(180 / CELL_DEGREES) - 1, math.floor(middle + reach)) + 1
    )
    return [run for lat in lat_rows for run in _runs(centre, radius_km, lat)]


def _runs(centre: Point, radius_km: float, lat_cell: int) -> list[CellRun]:
    """What the circle covers of one row: the half-width solves the spherical law of cosines for the longitude."""
    lat1, lat2 = math.radians(centre.lat), math.radians((lat_cell + 0.5) * CELL_DEGREES - 90)
    across = math.cos(lat1) * math.cos(lat2)
    cosine = (math.cos(radius_km / EARTH_RADIUS_KM) - math.sin(lat1) * math.sin(lat2)) / across if across > 0 else -1.0
    if cosine <= -1.0:
        return [CellRun(lat_cell, 0, LON_CELLS - 1)]
    half = math.degrees(math.acos(min(1.0, cosine))) / CELL_DEGREES
    middle = (centre.lon + 180) / CELL_DEGREES - 0.5
    first, last = math.ceil(middle - half), math.floor(middle + half)
    if first > last:
        return []
    if last - first >= LON_CELLS - 1:
        return [CellRun(lat_cell, 0, LON_CELLS - 1)]
    first, last = first % LON_CELLS, last % LON_CELLS
    if first <= last:
        return [CellRun(lat_cell, first, last)]
    return [CellRun(lat_cell, 0, last), CellRun(lat_cell, first, LON_CELLS - 1)]
