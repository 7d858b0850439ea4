"""What a Qdrant cluster is asked for, by the real client over HTTP. The cluster is a stub: it records and nods."""

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Embedding, Filter, unit
from homeward.domain.ids import CropId, EmbeddingId, ModelName, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Shelf
from homeward.errors import BadSettings
from homeward.storage.index.qdrant.points import Mark
from homeward.storage.index.qdrant.server import Server

MODEL = ModelName("m")
DONE = {"operation_id": 1, "status": "completed"}
RAFT = {"term": 1, "commit": 1, "pending_operations": 0, "leader": 1, "role": "Leader", "is_voter": True}
CLUSTER = {"status": "enabled", "peer_id": 1, "peers": {str(n): {"uri": f"http://q{n}"} for n in (1, 2, 3)},
           "raft_info": RAFT, "consensus_thread_status": {"consensus_thread_status": "working", "last_update": "2026-06-01T00:00:00Z"},
           "message_send_failures": {}}  # fmt: skip
COLLECTION = {"status": "green", "optimizer_status": "ok", "segments_count": 1, "payload_schema": {},
              "config": {"params": {"vectors": {"size": 4, "distance": "Euclid"}}, "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000},
                         "optimizer_config": {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0, "flush_interval_sec": 5}}}  # fmt: skip
ROW = Embedding(EmbeddingId(7), CropId(1), ReportId("r"), MODEL, Species.CAT, Part.BODY, datetime(2026, 6, 1, tzinfo=UTC),
                Point(57.6, 39.85), is_open=True, vector=unit(np.ones(4)))  # fmt: skip


class Cluster:
    """Three machines that say yes."""

    def __init__(self, version="1.16.3"):
        self.asked, self.keys, self.there, self.version = [], ["0,0"], False, version
        self.points = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                parts = urlsplit(self.path)
                call = (self.command, parts.path, parse_qs(parts.query), json.loads(body) if body else None)
                outer.asked.append(call)
                told = outer.answer(*call)
                data = json.dumps(told).encode()
                self.send_response(400 if isinstance(told.get("status"), dict) else 200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args):
                pass

            do_GET = do_PUT = do_POST = do  # noqa: N815 - the base class names them

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(self, verb, path, _query, body):
        if path == "/":
            return {"title": "qdrant", "version": self.version}
        end = path.rsplit("/", 1)[-1]
        result = DONE
        if end == "exists":
            result = {"exists": self.there}
        elif end == "cluster":
            result = CLUSTER
        elif end == "shards":
            if verb == "PUT" and body["shard_key"] in self.keys:
                return {"status": {"error": "Shard key already exists"}, "time": 0.0}
            if verb == "PUT":
                self.keys.append(body["shard_key"])
            result = True if verb == "PUT" else {"shard_keys": [{"key": key} for key in self.keys]}
        elif end in {"query", "points"}:
            result = self.of_points(verb, end, body)
        elif verb == "GET" and path.count("/") == 2:
            result = COLLECTION
        elif verb == "PUT" and path.count("/") == 2:
            self.there, result = True, True
        return {"result": result, "status": "ok", "time": 0.0}

    def of_points(self, verb, end, body):
        if end == "query":
            return {"points": []}
        if verb == "PUT":
            self.points |= {point["id"]: point.get("payload") for point in body["points"]}
            return DONE
        return [{"id": each, "payload": self.points[each]} for each in body["ids"] if each in self.points]

    def calls(self, verb, ending):
        return [(query, body) for v, path, query, body in self.asked if v == verb and path.endswith(ending)]


@pytest.fixture
def cluster():
    made = Cluster()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def points(cluster):
    server = Server.open(cluster.url, "h")
    yield server.points(Shelf.FOUND, MODEL)
    server.close()


def test_a_collection_has_copies_majority_writes_regions_and_bytes(cluster, points):
    points.put([ROW], 5)

    ((_, made),) = cluster.calls("PUT", "/collections/homeward-h-m")
    assert (made["sharding_method"], made["replication_factor"], made["write_consistency_factor"]) == ("custom", 3, 2)
    assert made["quantization_config"]["scalar"]["type"] == "int8"
    assert made["vectors"] == made["vectors"] | {"size": 4, "distance": "Euclid", "on_disk": True}
    indexed = {body["field_name"] for _, body in cluster.calls("PUT", "/index")}
    assert indexed == {"shelf", "species", "part", "open", "at", "place", "version"}


def test_writes_go_to_their_region_in_strong_order_and_leave_the_others(cluster, points):
    points.put([ROW], 5)

    assert [body["shard_key"] for _, body in cluster.calls("PUT", "/shards")] == ["56,38"]
    ((query, body),) = cluster.calls("PUT", "/points")
    assert (query["ordering"], query["wait"], body["shard_key"]) == (["strong"], ["true"], "56,38")
    assert body["update_filter"]["must"][0] == {"key": "version", "range": {"lte": 5.0}}
    ((query, gone),) = cluster.calls("POST", "/points/delete")
    assert (query["ordering"], gone["points"], gone["shard_key"]) == (["strong"], [7], ["0,0"])


def test_a_search_asks_the_regions_of_its_circle_for_a_majority_and_measures_anew(cluster, points):
    points.put([ROW], 5)
    near = Filter(MODEL, part=Part.BODY, species=Species.CAT, centre=Point(57.6, 39.85), radius_km=5)
    points.nearest(ROW.vector, 10, near, [EmbeddingId(3)])
    points.nearest(ROW.vector, 500, Filter(MODEL), [])

    (query, body), (_, everywhere) = cluster.calls("POST", "/points/query")
    assert query["consistency"] == ["majority"]
    assert body["shard_key"] == ["56,38"]
    assert body["params"]["quantization"] == {"rescore": True, "oversampling": 2.0}
    keys = [condition["key"] for condition in body["filter"]["must"]]
    assert keys == ["shelf", "part", "species", "open", "place"]
    assert body["filter"]["must_not"] == [{"has_id": [3]}]
    assert "shard_key" not in everywhere
    assert everywhere["params"]["hnsw_ef"] >= 500


def test_a_region_that_another_process_made_is_asked_written_to_and_erased_from(cluster, points):
    other = Server.open(cluster.url, "h")
    theirs = other.points(Shelf.FOUND, MODEL)
    points.set_mark(Mark(1, None))
    assert theirs.mark() == Mark(1, None)
    points.put([ROW], 5)
    points.set_mark(Mark(5, None))
    near = Filter(MODEL, centre=Point(57.6, 39.85), radius_km=5)

    assert theirs.mark() == Mark(5, None)
    theirs.nearest(ROW.vector, 10, near, [])
    ((_, body),) = cluster.calls("POST", "/points/query")
    assert body["shard_key"] == ["56,38"]
    far = replace(ROW, id=EmbeddingId(8), place=Point(10.0, 10.0))
    points.put([far], 6)
    theirs.put([far], 6)  # it does not know that region yet, and Qdrant says that there is one
    theirs.drop([far.id])
    assert set(cluster.calls("POST", "/points/delete")[-1][1]["shard_key"]) == set(cluster.keys)
    other.close()


def test_a_server_too_old_for_conditions_is_refused(cluster):
    cluster.version = "1.15.5"
    server = Server.open(cluster.url, "h")
    with pytest.raises(BadSettings, match="too old"):
        server.check(MODEL, 4)
    server.close()
