"""Qdrant Edge as the points of an index: the same keeper and search over Qdrant's own engine, in this process.

Edge has no client interface, no server, no shard keys, no replicas and no write ordering; its optimizer is called by
hand. What it does share with a server: upserts under a condition, filters, scrolling by id, payload indexes, and int8
quantisation with rescoring. Booleans it cannot match (0.9 takes True for the number 1).
"""

import uuid

import qdrant_edge as q

from homeward.domain.embeddings import Neighbour
from homeward.domain.ids import EmbeddingId
from homeward.storage.index.qdrant.points import Mark, microseconds, payload, stored

KINDS = {"shelf": "Keyword", "species": "Keyword", "part": "Keyword", "open": "Integer", "at": "Integer",
         "place": "Geo", "version": "Integer"}  # fmt: skip
MARK = uuid.UUID("00000000-0000-0000-0000-00000000000a")


class EdgeServer:
    """A shard for each model."""

    def __init__(self, folder):
        self.folder, self.shards = folder, {}

    def points(self, shelf, model):
        return EdgePoints(self, shelf, model)

    def close(self):
        for shard in self.shards.values():
            shard.close()
        self.shards.clear()

    def make(self, model, dimension):
        if model not in self.shards:
            path = self.folder / model
            path.mkdir(parents=True)
            bytes_of = q.ScalarQuantizationConfig(type=q.ScalarType.Int8, quantile=0.99, always_ram=True)
            vectors = q.EdgeVectorParams(size=dimension, distance=q.Distance.Euclid)
            shard = q.EdgeShard.create(str(path), q.EdgeConfig(vectors=vectors, quantization_config=bytes_of))
            for name, kind in KINDS.items():
                shard.update(q.UpdateOperation.create_field_index(name, getattr(q.PayloadSchemaType, kind)))
            self.shards[model], self.dimension = shard, dimension


class EdgePoints:
    def __init__(self, server, shelf, model):
        self.server, self.shelf, self.model = server, shelf, model

    @property
    def shard(self):
        return self.server.shards.get(self.model)

    def mark_id(self):
        return str(uuid.uuid5(MARK, self.shelf.value))

    def mark(self):
        found = self.shard.retrieve([self.mark_id()], with_payload=True, with_vector=False) if self.shard else []
        return Mark(found[0].payload["seq"], found[0].payload.get("filling")) if found else None

    def set_mark(self, mark):
        fields = {"seq": mark.seq, "filling": mark.filling}
        self.shard.update(
            q.UpdateOperation.upsert_points([q.Point(self.mark_id(), [0.0] * self.server.dimension, fields)])
        )

    def put(self, rows, version, *, whatever=False):
        if not rows:
            return
        self.server.make(self.model, len(rows[0].vector))
        points = [q.Point(int(row.id), row.vector.tolist(), payload(row, self.shelf, version)) for row in rows]
        older = q.Filter(must=[q.FieldCondition("version", range=q.RangeFloat(lte=version))])
        self.shard.update(q.UpdateOperation.upsert_points(points, None if whatever else older))

    def drop(self, ids):
        if ids and self.shard:
            self.shard.update(q.UpdateOperation.delete_points([int(each) for each in ids]))

    def nearest(self, vector, k, where, without):
        how = q.SearchParams(quantization=q.QuantizationSearchParams(rescore=True, oversampling=2.0))
        request = q.SearchRequest(
            q.Query.Nearest(vector.tolist()), k, filter=self.filter(where, without), params=how, with_payload=True
        )
        return [
            Neighbour(EmbeddingId(found.id), found.payload["report"], found.payload["crop"], found.score)
            for found in self.shard.search(request)
        ]

    def count(self, where, without):
        return self.shard.count(q.CountRequest(filter=self.filter(where, without), exact=True))

    def page(self, after, limit):
        if not self.shard:
            return []
        ours = q.Filter(must=[self.has("shelf", self.shelf.value)])
        request = q.ScrollRequest(offset=int(after) + 1, limit=limit, filter=ours, with_payload=True, with_vector=True)
        found, _ = self.shard.scroll(request)
        return [stored(p.id, self.model, p.payload, p.vector) for p in found if isinstance(p.id, int)]

    def has(self, name, value):
        return q.FieldCondition(name, match=q.MatchValue(value))

    def filter(self, where, without):
        must = [self.has("shelf", self.shelf.value)]
        must += [self.has("part", where.part.value)] if where.part else []
        must += [self.has("species", where.species.value)] if where.species else []
        must += [self.has("open", 1)] if where.only_open else []
        if where.since or where.until:
            since = microseconds(where.since) if where.since else None
            until = microseconds(where.until) if where.until else None
            must.append(q.FieldCondition("at", range=q.RangeFloat(gte=since, lte=until)))
        if where.centre and where.radius_km:
            circle = q.GeoRadius(q.GeoPoint(where.centre.lon, where.centre.lat), where.radius_km * 1000)
            must.append(q.FieldCondition("place", geo_radius=circle))
        unwanted = [q.HasIdCondition({int(each) for each in without})] if without else None
        return q.Filter(must=must, must_not=unwanted)
