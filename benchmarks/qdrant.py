"""Qdrant Edge filled with the same rows, asked with the same filter."""

from pathlib import Path
from typing import Any

import qdrant_edge as q

from benchmarks.filled import DIMENSION, START
from homeward.domain.places import Point

BATCH = 1000


class Shard:
    """All rows in one shard, its payload indexed, optimised."""

    def __init__(self, folder: Path, rows: Any) -> None:
        folder.mkdir()
        config = q.EdgeConfig(vectors={"": q.EdgeVectorParams(size=DIMENSION, distance=q.Distance.Euclid)})
        self._shard = q.EdgeShard.create(str(folder), config)
        schema = q.PayloadSchemaType
        kinds = (("place", schema.Geo), ("at", schema.Float), ("species", schema.Keyword), ("part", schema.Keyword))
        for field, kind in kinds:
            self._shard.update(q.UpdateOperation.create_field_index(field, kind))
        for start in range(0, len(rows.ids), BATCH):
            points = [_point(rows, i) for i in range(start, min(start + BATCH, len(rows.ids)))]
            self._shard.update(q.UpdateOperation.upsert_points(points))
        self._shard.optimize()

    def nearest(self, vector: Any, k: int, centre: Point, radius_m: float, since: float, until: float) -> Any:
        """The k nearest that pass."""
        circle = q.GeoRadius(q.GeoPoint(centre.lon, centre.lat), radius_m)
        must = [
            q.FieldCondition("species", match=q.MatchValue("cat")),
            q.FieldCondition("part", match=q.MatchValue("body")),
            q.FieldCondition("at", range=q.RangeFloat(gte=since, lte=until)),
            q.FieldCondition("place", geo_radius=circle),
        ]
        return self._shard.search(q.SearchRequest(q.Query.Nearest(vector.tolist()), k, filter=q.Filter(must=must)))


def _point(rows: Any, i: int) -> Any:
    payload = {
        "species": "cat" if rows.is_cat[i] else "dog",
        "part": "body" if rows.is_body[i] else "face",
        "at": START.timestamp() + float(rows.day[i]) * 86_400,
        "place": {"lon": float(rows.lon[i]), "lat": float(rows.lat[i])},
    }
    return q.Point(int(rows.ids[i]), rows.vectors[i].tolist(), payload)
