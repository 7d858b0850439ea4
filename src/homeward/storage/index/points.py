"""A filter in, the conditions on rows of `points` out. Pure."""

import math
from dataclasses import dataclass
from typing import Any

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Filter
from homeward.domain.ids import ModelName
from homeward.domain.places import EARTH_RADIUS_KM, Point
from homeward.domain.reports import Shelf
from homeward.storage.sql.types import to_us

SIDE_DEGREES = 0.01  # of a cell, as in the migration that made the column
COLUMNS = 36_000
MOST_CELLS = 5_000  # a circle over more is not worth naming them
KM_PER_DEGREE = 111.0  # of latitude; a little less than the true 111.2, so that the box is never too small
# the same great circle as `homeward.domain.places.distance_km`
CIRCLE = f"""2 * {EARTH_RADIUS_KM} * asin(sqrt(least(1, sin(radians(lat - :lat) / 2) ^ 2
  + cos(radians(:lat)) * cos(radians(lat)) * sin(radians(lon - :lon) / 2) ^ 2))) <= :radius_km"""


@dataclass(frozen=True, slots=True)
class Condition:
    """SQL for a WHERE, with its values. ``rough`` may let a few more pass, and is answered by an index alone."""

    rough: str
    exact: str
    values: dict[str, Any]


def space_of(shelf: Shelf, part: Part, model: ModelName) -> str:
    """The name of the vectors that are compared with each other."""
    return f"{shelf.value}/{part.value}/{model}"


def condition(where: Filter) -> Condition:
    """All of ``where`` but what `space_of` says."""
    parts = ["is_open = ANY(:open)", "species = ANY(:species)"]
    species = [where.species] if where.species else list(Species)
    values: dict[str, Any] = {
        "open": [True] if where.only_open else [True, False],
        "species": [one.value for one in species],
    }
    for name, moment, sign in (("since", where.since, ">="), ("until", where.until, "<=")):
        if moment is not None:
            parts.append(f"happened_at {sign} :{name}")
            values[name] = to_us(moment)
    if where.centre is None or where.radius_km is None:
        return Condition(" AND ".join(parts), " AND ".join(parts), values)
    near, places = _around(where.centre, where.radius_km)
    parts.append(near)
    values |= places | {"lat": where.centre.lat, "lon": where.centre.lon, "radius_km": where.radius_km}
    return Condition(" AND ".join(parts), " AND ".join([*parts, CIRCLE]), values)


def _around(centre: Point, radius_km: float) -> tuple[str, dict[str, Any]]:
    """A condition that the whole circle fulfils, and little else."""
    reach = radius_km / KM_PER_DEGREE
    south, north = centre.lat - reach, centre.lat + reach
    farthest = max(abs(south), abs(north))
    reach_lon = reach / math.cos(math.radians(farthest)) if farthest < 89 else 360.0
    west, east = centre.lon - reach_lon, centre.lon + reach_lon
    if farthest >= 89 or west < -180 or east > 180:  # over a pole, or over the date line
        return "lat BETWEEN :south AND :north", {"south": south, "north": north}
    rows, columns = range(_row(south), _row(north) + 1), range(_column(west), _column(east) + 1)
    if len(rows) * len(columns) > MOST_CELLS:
        box = {"south": south, "north": north, "west": west, "east": east}
        return "lat BETWEEN :south AND :north AND lon BETWEEN :west AND :east", box
    return "cell = ANY(:cells)", {"cells": [row * COLUMNS + column for row in rows for column in columns]}


def _row(lat: float) -> int:
    return math.floor((lat + 90) / SIDE_DEGREES)


def _column(lon: float) -> int:
    return math.floor((lon + 180) / SIDE_DEGREES)
