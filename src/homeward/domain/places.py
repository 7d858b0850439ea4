"""Places on the ground: points, distances, bands for people who may not know the exact one."""

import math
from dataclasses import dataclass

EARTH_RADIUS_KM = 6371.0088  # mean radius, IUGG
BANDS_KM = (0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0)


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


def distance_band_km(km: float) -> tuple[float, float | None]:
    """The band (from, to) in km that ``km`` falls into; ``to`` is None beyond the last.

    A finder sees only this: exact distances from three places would betray a home.
    """
    lower = 0.0
    for upper in BANDS_KM:
        if km < upper:
            return lower, upper
        lower = upper
    return lower, None
