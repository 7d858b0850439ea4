"""Embeddings as Qdrant's points: payloads, regions, and what a collection can do. Talks to nobody."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Embedding, Filter, Neighbour, Vector
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Shelf

REGION_DEGREES = 2.0  # a city lies in one region, or in a few
NOWHERE = "nowhere"
MOST_REGIONS = 64  # a circle over more asks all of them
KM_PER_DEGREE = 111.0
SAME_VECTOR = 1e-5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a collection follows the rows: all changes up to ``seq`` are in it.

    While ``filling`` is an id, it is being filled: rows up to this id are in it as of ``seq`` or later.
    """

    seq: int
    filling: EmbeddingId | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """A point as it is; ``embedding`` is None where its payload is not what we write."""

    id: EmbeddingId
    embedding: Embedding | None


class Searched(Protocol):
    """One shelf of one model's collection, as a search needs it. Every call may raise `IndexUnavailable`."""

    def mark(self) -> Mark | None:
        """How far it follows; None where there is no collection, or no mark in it."""
        ...

    def nearest(self, vector: Vector, k: int, where: Filter, without: Sequence[EmbeddingId]) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, less ``without``."""
        ...

    def count(self, where: Filter, without: Sequence[EmbeddingId]) -> int:
        """How many pass ``where``, less ``without``."""
        ...


class Points(Searched, Protocol):
    """One shelf of one model's collection, as its keeper needs it."""

    def set_mark(self, mark: Mark) -> None:
        """Write how far it follows; the collection must be there."""
        ...

    def put(self, rows: Sequence[Embedding], version: int, *, whatever: bool = False) -> None:
        """Insert or overwrite what is not newer than ``version``; ``whatever`` overwrites that too. Twice is harmless.

        Makes the collection where there is none.
        """
        ...

    def drop(self, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        ...

    def page(self, after: EmbeddingId, limit: int) -> list[Stored]:
        """Points with ids above ``after``, in their order."""
        ...


def payload(row: Embedding, shelf: Shelf, version: int) -> dict[str, Any]:
    """What Qdrant filters on, and what it hands back; ``open`` is a number, since Edge matches no booleans."""
    found: dict[str, Any] = {
        "shelf": shelf.value,
        "species": row.species.value,
        "part": row.part.value,
        "open": int(row.is_open),
        "at": microseconds(row.happened_at),
        "report": row.report_id,
        "crop": row.crop_id,
        "version": version,
    }
    if row.place is not None:
        found["place"] = {"lat": row.place.lat, "lon": row.place.lon}
    return found


def stored(point_id: int, model: ModelName, fields: Mapping[str, Any], vector: Any) -> Stored:
    """A point back as what it is of."""
    number = EmbeddingId(point_id)
    try:
        place = fields.get("place")
        made = Embedding(
            id=number,
            crop_id=CropId(int(fields["crop"])),
            report_id=ReportId(str(fields["report"])),
            model=model,
            species=Species(fields["species"]),
            part=Part(fields["part"]),
            happened_at=moment(int(fields["at"])),
            place=Point(float(place["lat"]), float(place["lon"])) if place else None,
            is_open=bool(fields["open"]),
            vector=np.asarray(vector, np.float32),
        )
    except (KeyError, TypeError, ValueError):
        return Stored(number, None)
    return Stored(number, made)


def same(point: Embedding | None, row: Embedding) -> bool:
    """Whether a point says what the row says; vectors may differ by float32's rounding."""
    if point is None or point.vector.shape != row.vector.shape:
        return False
    if not np.allclose(point.vector, row.vector, rtol=0, atol=SAME_VECTOR):
        return False
    return _fields(point) == _fields(row)


def _fields(row: Embedding) -> tuple[object, ...]:
    place = (round(row.place.lat, 9), round(row.place.lon, 9)) if row.place else None
    kind = (row.crop_id, row.report_id, row.species, row.part, row.is_open)
    return (*kind, microseconds(row.happened_at), place)


def microseconds(when: datetime) -> int:
    """Since 1970."""
    gone = when - EPOCH
    return (gone.days * 86_400 + gone.seconds) * 1_000_000 + gone.microseconds


def moment(at: int) -> datetime:
    """Of microseconds since 1970."""
    return datetime.fromtimestamp(at // 1_000_000, UTC).replace(microsecond=at % 1_000_000)


def region(place: Point | None) -> str:
    """The shard key of a place."""
    return NOWHERE if place is None else _name(*_cell(place.lat, place.lon))


def regions(where: Filter) -> list[str] | None:
    """Shard keys that the filter's circle may touch; None: all."""
    if where.centre is None or where.radius_km is None:
        return None
    reach = where.radius_km / KM_PER_DEGREE
    farthest = abs(where.centre.lat) + reach
    if farthest >= 89:
        return None
    reach_lon = reach / math.cos(math.radians(farthest))
    if where.centre.lon - reach_lon < -180 or where.centre.lon + reach_lon >= 180:
        return None
    low = _cell(where.centre.lat - reach, where.centre.lon - reach_lon)
    high = _cell(where.centre.lat + reach, where.centre.lon + reach_lon)
    if (high[0] - low[0] + 1) * (high[1] - low[1] + 1) > MOST_REGIONS:
        return None
    return [_name(y, x) for y in range(low[0], high[0] + 1) for x in range(low[1], high[1] + 1)]


def _cell(lat: float, lon: float) -> tuple[int, int]:
    return math.floor(lat / REGION_DEGREES), math.floor(lon / REGION_DEGREES)


def _name(y: int, x: int) -> str:
    return f"{y * REGION_DEGREES:g},{x * REGION_DEGREES:g}"
