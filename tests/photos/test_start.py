"""A whole Homeward whose photos and index are elsewhere, put together as `homeward serve` does it."""

import json

import pytest
from starlette.testclient import TestClient

from homeward.app import build
from homeward.cli.index import _row
from homeward.errors import BadSettings
from homeward.settings import Settings
from tests.conftest import photo
from tests.fakes.store import KEY, PASS, Faulty, s3_server


@pytest.fixture(scope="module")
def s3():
    with s3_server() as url:
        yield url


@pytest.fixture
def elsewhere(tmp_path, s3):
    """Settings for a store that works and a Qdrant that does not answer; the two servers in front."""
    with Faulty(s3) as store, Faulty("http://127.0.0.1:9") as qdrant:
        qdrant.always = 503
        yield (
            store,
            qdrant,
            {
                "data": tmp_path / "data",
                "photos_url": "s3://photos/start",
                "photos_endpoint": store.url,
                "photos_key": KEY,
                "photos_link_s": 60,
                "index_url": qdrant.url,
                "model_threads": 1,
            },
        )


def test_a_server_starts_and_takes_reports_while_its_index_is_down(elsewhere):
    store, _, how = elsewhere
    running = build(Settings(**how))
    try:
        with TestClient(running.api, headers={"Authorization": f"Bearer {running.operator_key}"}) as http:
            form = {"species": "cat", "keep_without_animal": "true"}
            for shelf, noise in (("found", 1), ("lost", 0)):
                files = {"photo": ("a.jpg", photo(1, noise=noise))}
                answer = http.post("/api/v1/reports", data={"shelf": shelf, **form}, files=files)
                assert answer.status_code == 201, answer.text
            assert len(answer.json()["matches"]) == 1
            assert http.get("/readyz").json()["checks"] == {"database": True, "photos": True, "models": True}
            assert http.get("/api/v1/index").json()["code"] == "index_unavailable"
            assert store.url in http.get("/").headers["content-security-policy"]
            store.always = 503
            assert http.get("/readyz").json()["checks"]["photos"] is False
            assert http.get(f"/api/v1/lost/{answer.json()['id']}/matches").status_code == 200
    finally:
        store.always = PASS
        running.close()


@pytest.mark.parametrize(
    ("change", "field"),
    [({"photos_url": "s3://no-such-bucket"}, "photos_url"), ({"photos_key": "nothing"}, "photos_key")],
)
def test_a_wrong_setting_ends_the_start_with_a_line_that_says_so(elsewhere, change, field):
    with pytest.raises(BadSettings) as told:
        build(Settings(**(elsewhere[2] | change)))

    assert told.value.field == field
    assert told.value.hint


def test_a_qdrant_that_refuses_the_key_ends_the_start(elsewhere):
    elsewhere[1].always = 401

    with pytest.raises(BadSettings) as told:
        build(Settings(**elsewhere[2]))

    assert told.value.field == "index_key"


def test_operators_see_how_far_the_index_is():
    item = {"shelf": "found", "model": "m", "follows": 3, "latest": 5, "filling": False,
            "compared": {"rows": 9, "missing": 1, "wrong": 0, "extra": 0}}  # fmt: skip

    assert _row(item) == ["found", "m", "3 of 5 changes", "9 rows, 1 missing, 0 wrong, 0 extra"]
    assert _row(json.loads(json.dumps(item | {"filling": True, "compared": None})))[2:] == ["being filled", "not yet"]
