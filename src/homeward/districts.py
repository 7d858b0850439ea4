"""The district of a point, from a GeoJSON file of polygons with a `name`."""

import json
from collections.abc import Iterable
from pathlib import Path

import shapely
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from homeward.domain.places import Point, distance_km
from homeward.errors import BadSettings

HINT = "HOMEWARD_DISTRICTS wants a GeoJSON FeatureCollection of polygons, each with a `name` property."


class NoDistricts:
    """`homeward.ports.Districts` where none are known."""

    def district(self, place: Point) -> str | None:  # noqa: ARG002 - the port's signature
        """None."""
        return None

    def near(self, place: Point, within_km: float) -> tuple[str, ...]:  # noqa: ARG002 - the port's signature
        """None."""
        return ()

    def outlines(self) -> dict[str, object]:
        """An empty collection."""
        return {"type": "FeatureCollection", "features": []}


class GeoJsonDistricts:
    """`homeward.ports.Districts` from a file."""

    def __init__(self, path: Path) -> None:
        """Read all polygons.

        Raises:
            BadSettings: the file cannot be used; the message says why.
        """
        try:
            features = json.loads(path.read_text(encoding="utf-8"))["features"]
            self._names = [str(feature["properties"]["name"]) for feature in features]
            self._shapes = [shape(feature["geometry"]) for feature in features]
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, ShapelyError) as error:
            why = _why(error)
            raise BadSettings(f"{path} cannot be read as districts: {why}.", field="districts", hint=HINT) from error
        if not all(polygon.geom_type in {"Polygon", "MultiPolygon"} for polygon in self._shapes):
            raise BadSettings(f"{path} holds shapes that are no polygons.", field="districts", hint=HINT)
        self._tree = shapely.STRtree(self._shapes)

    @property
    def names(self) -> tuple[str, ...]:
        """Of all, as in the file."""
        return tuple(self._names)

    def district(self, place: Point) -> str | None:
        """The name; the first in the file where several overlap."""
        inside = self._tree.query(shapely.Point(place.lon, place.lat), predicate="intersects")
        return self._names[int(inside.min())] if len(inside) else None

    def near(self, place: Point, within_km: float) -> tuple[str, ...]:
        """Names of those that begin within ``within_km`` of the point, nearest first."""
        here = shapely.Point(place.lon, place.lat)
        edges = [(shapely.get_point(shapely.shortest_line(here, each), 1), name) for each, name in self._pairs()]
        far = [(distance_km(place, Point(edge.y, edge.x)), name) for edge, name in edges]
        return tuple(dict.fromkeys(name for km, name in sorted(far) if km <= within_km))

    def outlines(self) -> dict[str, object]:
        """The polygons as GeoJSON, with nothing of the file but their names."""
        features = [
            {"type": "Feature", "properties": {"name": name}, "geometry": mapping(polygon)}
            for polygon, name in self._pairs()
        ]
        return {"type": "FeatureCollection", "features": features}

    def _pairs(self) -> Iterable[tuple[BaseGeometry, str]]:
        return zip(self._shapes, self._names, strict=True)


def _why(error: Exception) -> str:
    match error:
        case OSError(strerror=str(said)):
            return said
        case UnicodeDecodeError():
            return "it is no text in UTF-8"
        case json.JSONDecodeError(lineno=line, colno=column):
            return f"no JSON in line {line}, column {column}"
        case KeyError(args=[str(key)]):
            return f"{key} is missing"
    return "it is no GeoJSON"
