"""A Qdrant server or cluster: collections made as we need them, and one shelf's points in them. Decides nothing."""

import re
import uuid
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from homeward.domain.embeddings import Embedding, Filter, Neighbour, Vector
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.reports import Shelf
from homeward.errors import BadSettings, IndexUnavailable
from homeward.storage.index.qdrant.points import (
    NOWHERE,
    Mark,
    Stored,
    microseconds,
    payload,
    region,
    regions,
    stored,
)

TIMEOUT_S = 5
MOST_REPLICAS = 3
LEAST_VERSION = (1, 16)  # the first that overwrites under a condition
MARKS = uuid.UUID("b1c7a3f0-5f39-4f0e-9c56-7d0f4f2c8a11")
REFUSED = {401, 403}
MISSING = 404
Key: TypeAlias = int | str
HINT = "See docs/how-to/qdrant.md."
INDEXES: dict[str, Any] = {
    "shelf": models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True),
    "species": models.PayloadSchemaType.KEYWORD,
    "part": models.PayloadSchemaType.KEYWORD,
    "open": models.PayloadSchemaType.INTEGER,
    "at": models.PayloadSchemaType.INTEGER,
    "place": models.PayloadSchemaType.GEO,
    "version": models.PayloadSchemaType.INTEGER,
}
BYTES = models.ScalarQuantization(
    scalar=models.ScalarQuantizationConfig(type=models.ScalarType.INT8, quantile=0.99, always_ram=True)
)
RESCORED = models.QuantizationSearchParams(rescore=True, oversampling=2.0)
STRONG = models.WriteOrdering.STRONG
MAJORITY = models.ReadConsistencyType.MAJORITY


class Server:
    """Qdrant behind a client; ``is_local`` for the client's own mode, which knows neither shards nor parameters.

    ``history`` is of the database that the collections follow, and part of their names: two databases on one server,
    or one that was restored from a backup, never take each other's points for their own.
    """

    def __init__(self, client: QdrantClient, history: str, *, is_local: bool = False) -> None:
        """Nothing is asked before the first use; see `check`."""
        self.client = client
        self.history = history
        self.is_local = is_local
        self.made: set[str] = set()
        self.keys: dict[str, set[Key]] = {}
        self._known_peers: int | None = 0 if is_local else None

    @classmethod
    def open(cls, url: str, history: str, key: str | None = None, timeout_s: int = TIMEOUT_S) -> "Server":
        """By its address."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a key over http: within a closed network
            client = QdrantClient(url=url, api_key=key, timeout=timeout_s, check_compatibility=False)
        return cls(client, history)

    def name(self, model: ModelName) -> str:
        """Of a model's collection."""
        return f"homeward-{self.history}-" + re.sub(r"[^A-Za-z0-9._@-]", "_", model)

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()

    def points(self, shelf: Shelf, model: ModelName) -> "ServerPoints":
        """One shelf's part of a model's collection."""
        return ServerPoints(self, shelf, model)

    def check(self, model: ModelName, dimension: int) -> None:
        """Whether it answers, takes the key, is new enough, and its collection of ``model`` is one of ours.

        Raises:
            BadSettings: what is wrong with it.
            IndexUnavailable: it does not answer.
        """
        try:
            with told():
                version = self.client.info().version
                found = self._described(model)
        except IndexUnavailable as error:
            status = getattr(error.__cause__, "status_code", None)
            if status in REFUSED:
                raise BadSettings("Qdrant refuses our key.", field="index_key", hint=HINT) from None
            raise
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) < LEAST_VERSION:
            raise BadSettings(f"Qdrant {version} is too old.", field="index_url", hint="Install 1.16 or newer.")
        if found is not None and (found.size, found.distance) != (dimension, models.Distance.EUCLID):
            raise BadSettings(
                f"Qdrant's collection {self.name(model)} is of {found.size} numbers and distance "
                f"{found.distance.value}, not of {dimension} and Euclid.",
                field="index_url",
                hint="Delete the collection if nothing else uses it; it is filled anew from the rows.",
            )

    def is_there(self, name: str) -> bool:
        """Whether there is such a collection."""
        return bool(self.client.collection_exists(name))

    def make(self, name: str, dimension: int) -> None:
        """The collection with its indexes, where it is not there yet; majority writes where there are replicas."""
        if name in self.made:
            return
        if not self.is_there(name):
            peers = self._peers()
            replicas = min(MOST_REPLICAS, max(1, peers))
            self.client.create_collection(
                name,
                vectors_config=models.VectorParams(size=dimension, distance=models.Distance.EUCLID, on_disk=True),
                quantization_config=BYTES,
                sharding_method=models.ShardingMethod.CUSTOM if peers else None,
                replication_factor=replicas,
                write_consistency_factor=replicas // 2 + 1,
            )
        if not self.is_local:
            for field_name, kind in INDEXES.items():
                self.client.create_payload_index(name, field_name, kind, wait=True)
        self.made.add(name)

    def shard_keys(self, name: str, *, least: int = 0) -> set[Key]:
        """Regions that have shards; empty where there are none at all.

        Another process may have made some since they were listed: who knows of ``least`` sees to it that all are known.
        """
        if not self._peers():
            return set()
        if len(self.keys.get(name, ())) < max(1, least):
            self.keys[name] = {found.key for found in self.client.list_shard_keys(name).shard_keys or ()}
        return self.keys[name]

    def is_sharded(self) -> bool:
        """Whether it is a cluster."""
        return self._peers() > 0

    def add_shard_key(self, name: str, key: str) -> None:
        """Make shards for a region, unless another process did so a moment ago."""
        try:
            self.client.create_shard_key(name, key)
        except UnexpectedResponse:
            self.keys.pop(name, None)
            if key not in self.shard_keys(name):
                raise
        self.shard_keys(name).add(key)

    def _peers(self) -> int:
        """How many machines the cluster has; 0 where it is none."""
        if self._known_peers is None:
            status = self.client.cluster_status()
            self._known_peers = len(status.peers) if isinstance(status, models.ClusterStatusOneOf1) else 0
        return self._known_peers

    def _described(self, model: ModelName) -> models.VectorParams | None:
        name = self.name(model)
        if not self.is_there(name):
            return None
        found = self.client.get_collection(name).config.params.vectors
        named = models.VectorParams(size=1, distance=models.Distance.DOT)  # none of ours
        return found if isinstance(found, models.VectorParams) else named


@dataclass(slots=True)
class ServerPoints:
    """`homeward.storage.index.qdrant.points.Points` on a server."""

    server: Server
    shelf: Shelf
    model: ModelName
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """The collection is the model's."""
        self.name = self.server.name(self.model)

    def mark(self) -> Mark | None:
        """How far it follows; None where there is no collection, or no mark in it."""
        with told():
            try:
                found = self.server.client.retrieve(self.name, [self._mark_id()], consistency=MAJORITY)
            except (UnexpectedResponse, ValueError) as error:
                if getattr(error, "status_code", MISSING) != MISSING:
                    raise
                self.server.made.discard(self.name)
                self.server.keys.pop(self.name, None)
                return None
            fields = (found[0].payload or {}) if found else {}
            self.server.shard_keys(self.name, least=int(fields.get("regions", 0)))
        if not isinstance(fields.get("seq"), int):
            return None
        filling = fields.get("filling")
        return Mark(fields["seq"], None if filling is None else EmbeddingId(int(filling)))

    def set_mark(self, mark: Mark) -> None:
        """Write how far it follows."""
        with told():
            size = self.server.client.get_collection(self.name).config.params.vectors.size  # type: ignore[union-attr]
            self._make_region(NOWHERE)
            regions = len(self.server.shard_keys(self.name))
            fields = {"seq": mark.seq, "filling": mark.filling, "regions": regions}
            point = models.PointStruct(id=self._mark_id(), vector=[0.0] * size, payload=fields)
            self._upsert([point], NOWHERE, None)

    def put(self, rows: Sequence[Embedding], version: int, *, whatever: bool = False) -> None:
        """Insert or overwrite what is not newer than ``version``."""
        if not rows:
            return
        older = models.FieldCondition(key="version", range=models.Range(lte=version))
        with told():
            self.server.make(self.name, len(rows[0].vector))
            by_region: dict[str, list[models.PointStruct]] = {}
            for row in rows:
                key = region(row.place) if self.server.is_sharded() else NOWHERE
                point = models.PointStruct(
                    id=row.id, vector=row.vector.tolist(), payload=payload(row, self.shelf, version)
                )
                by_region.setdefault(key, []).append(point)
            for key, points in by_region.items():
                self._upsert(points, key, None if whatever else models.Filter(must=[older]))
                self._leave_others(points, key)

    def drop(self, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        if not ids:
            return
        with told():
            if self.server.is_there(self.name):
                self.server.keys.pop(self.name, None)  # what is erased is erased in every region
                keys = list(self.server.shard_keys(self.name)) or None
                self.server.client.delete(self.name, list(ids), wait=True, ordering=STRONG, shard_key_selector=keys)

    def nearest(self, vector: Vector, k: int, where: Filter, without: Sequence[EmbeddingId]) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, less ``without``, by the float32 of their vectors."""
        how = models.SearchParams(hnsw_ef=max(256, k + k // 4), quantization=RESCORED)
        with told():
            found = self.server.client.query_points(
                self.name,
                query=vector.tolist(),
                limit=k,
                query_filter=conditions(self.shelf, where, without),
                search_params=None if self.server.is_local else how,
                with_payload=["report", "crop"],
                shard_key_selector=self._touched(where),
                consistency=MAJORITY,
            )
        return [_neighbour(point) for point in found.points if isinstance(point.id, int)]

    def count(self, where: Filter, without: Sequence[EmbeddingId]) -> int:
        """How many pass ``where``, less ``without``."""
        with told():
            passing = conditions(self.shelf, where, without)
            keys = self._touched(where)
            return int(
                self.server.client.count(self.name, count_filter=passing, exact=True, shard_key_selector=keys).count
            )

    def page(self, after: EmbeddingId, limit: int) -> list[Stored]:
        """Points with ids above ``after``, in their order."""
        ours = models.Filter(must=[_is("shelf", self.shelf.value)])
        with told():
            if not self.server.is_there(self.name):
                return []
            found, _ = self.server.client.scroll(
                self.name, scroll_filter=ours, limit=limit, offset=after + 1, with_vectors=True, consistency=MAJORITY
            )
        return [
            stored(point.id, self.model, point.payload or {}, point.vector)
            for point in found
            if isinstance(point.id, int)
        ]

    def _mark_id(self) -> str:
        return str(uuid.uuid5(MARKS, self.shelf.value))

    def _make_region(self, key: str) -> None:
        if self.server.is_sharded() and key not in self.server.shard_keys(self.name):
            self.server.add_shard_key(self.name, key)

    def _upsert(self, points: list[models.PointStruct], key: str, condition: models.Filter | None) -> None:
        self._make_region(key)
        self.server.client.upsert(
            self.name,
            points,
            wait=True,
            ordering=STRONG,
            shard_key_selector=key if self.server.is_sharded() else None,
            update_filter=condition,
        )

    def _leave_others(self, points: list[models.PointStruct], key: str) -> None:
        """A point that moved from one region to another is in both, unless it is taken out of the first."""
        others = list(self.server.shard_keys(self.name) - {key})
        if others:
            ids = [point.id for point in points]
            self.server.client.delete(self.name, ids, wait=True, ordering=STRONG, shard_key_selector=others)

    def _touched(self, where: Filter) -> list[Key] | None:
        """Regions to ask; None: all. Regions without shards are not asked, and places are looked for only."""
        wanted = regions(where)
        known = self.server.shard_keys(self.name)
        if wanted is None or not known:
            return None
        return [key for key in wanted if key in known] or [NOWHERE]


def conditions(shelf: Shelf, where: Filter, without: Sequence[EmbeddingId]) -> models.Filter:
    """A filter in Qdrant's words."""
    must: list[models.Condition] = [_is("shelf", shelf.value)]
    if where.part is not None:
        must.append(_is("part", where.part.value))
    if where.species is not None:
        must.append(_is("species", where.species.value))
    if where.only_open:
        must.append(_is("open", 1))
    if where.since is not None or where.until is not None:
        since = None if where.since is None else microseconds(where.since)
        until = None if where.until is None else microseconds(where.until)
        must.append(models.FieldCondition(key="at", range=models.Range(gte=since, lte=until)))
    if where.centre is not None and where.radius_km is not None:
        centre = models.GeoPoint(lat=where.centre.lat, lon=where.centre.lon)
        circle = models.GeoRadius(center=centre, radius=where.radius_km * 1000)
        must.append(models.FieldCondition(key="place", geo_radius=circle))
    unwanted: list[models.Condition] = [models.HasIdCondition(has_id=list(without))] if without else []
    return models.Filter(must=must, must_not=unwanted or None)


@contextmanager
def told() -> Iterator[None]:
    """The client's troubles in our words; its texts may hold what was sent, so they are not repeated."""
    try:
        yield
    except (ApiException, QdrantException, ValueError) as error:
        raise IndexUnavailable("The index does not answer.", hint="Send it again in a moment.") from error


def _is(name: str, value: str | int) -> models.FieldCondition:
    return models.FieldCondition(key=name, match=models.MatchValue(value=value))


def _neighbour(point: models.ScoredPoint) -> Neighbour:
    fields = point.payload or {}
    report, crop = fields.get("report"), fields.get("crop")
    if not isinstance(report, str) or not isinstance(crop, int):
        raise IndexUnavailable("The index holds a point that is none of ours.", hint="It is mended by the next check.")
    return Neighbour(EmbeddingId(int(point.id)), ReportId(report), CropId(crop), float(point.score))
