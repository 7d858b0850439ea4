import socket
import threading
import time

import httpx2
import numpy as np
import pytest
import uvicorn
from skimage import data as samples

from homeward.domain.animals import Label
from homeward.errors import InvalidInput
from homeward.models.onnx import OnnxNetwork
from homeward.models.protocol import LENGTH_HEADER, read, written
from homeward.models.registry import Registry
from homeward.models.remote import REST_S, RemoteNetwork, Service
from homeward.models.server import create_service

NAMES = ("homeward-detector-1", "homeward-embedder-1")
KEY = "a key"


@pytest.fixture(scope="module")
def service():
    """The models that ship, behind a key, on a real server."""
    local = Registry([])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        app = create_service([local.network(name, 1) for name in NAMES], KEY)
        server = uvicorn.Server(uvicorn.Config(app, log_level="error"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield Service(f"http://127.0.0.1:{listener.getsockname()[1]}", KEY)
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def http(service):
    with service.client() as client:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                client.get("/v2/health/ready")
                break
            except httpx2.ConnectError:
                continue
        yield client


def no_local():
    raise AssertionError("the local network was asked")


def test_far_models_see_and_say_what_near_ones_do(service, http):
    near, far = Registry([]), Registry([], service)
    cat = samples.cat()

    boxes = [one.detector(NAMES[0], 1).detect([cat, cat[:, ::-1].copy()]) for one in (near, far)]
    vectors = [one.embedder(NAMES[1], 1).embed([cat] * 9) for one in (near, far)]

    assert boxes[0] == boxes[1]
    assert any(found.label is Label.CAT for found in boxes[1][0])
    assert np.allclose(*vectors, atol=1e-5)


def test_many_ask_at_once_and_each_gets_its_own(service, http):
    card = Registry([]).card(NAMES[1])
    network = RemoteNetwork(card, service, no_local)
    chance = np.random.default_rng(0)
    pictures = [chance.integers(0, 256, (224, 224, 3), np.uint8) for _ in range(6)]
    alone = [network.run([picture])[0] for picture in pictures]
    got = {}
    threads = [threading.Thread(target=lambda n=n: got.update({n: network.run([pictures[n]])[0]})) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert all(np.allclose(got[n], alone[n], atol=1e-5) for n in range(6))


def test_while_the_service_is_gone_the_local_network_works_and_it_is_asked_again_later(service, http):
    card, opened = Registry([]).network(NAMES[1], 1)
    asked, clock = [], [0.0]

    class Local:
        def run(self, canvases):
            asked.append(len(canvases))
            return opened.run(canvases)

    picture = [np.zeros((224, 224, 3), np.uint8)]
    network = RemoteNetwork(card, Service("http://127.0.0.1:9", KEY, timeout_s=1.0), Local, now=lambda: clock[0])
    first, second = network.run(picture), network.run(picture)
    assert np.allclose(first, second)
    assert asked == [1, 1]

    with service.client() as back:
        network._client = back
        network.run(picture)
        assert asked == [1, 1, 1]
        clock[0] = REST_S + 0.1
        assert np.allclose(network.run(picture), first, atol=1e-5)
        assert asked == [1, 1, 1]


def test_a_wrong_key_falls_back_too_and_opens_nothing(service, http):
    card, opened = Registry([]).network(NAMES[1], 1)
    stranger = RemoteNetwork(card, Service(service.url, "another"), lambda: opened)

    assert stranger.run([np.zeros((224, 224, 3), np.uint8)]).shape == (1, 256)
    for method, path in (("GET", ""), ("POST", "/infer")):
        answer = http.request(method, f"/v2/models/{NAMES[1]}{path}", headers={"Authorization": "Bearer another"})
        assert answer.status_code == 403


def test_health_and_what_a_model_eats_are_told(http):
    assert http.get("/v2/health/live").json() == {"ready": True}
    assert http.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    (given,) = http.get(f"/v2/models/{NAMES[0]}").json()["inputs"]
    assert given == {"name": "images", "datatype": "FP32", "shape": [-1, 3, 416, 416]}
    assert http.get("/v2/models/nobody").status_code == 404


def test_a_tensor_as_json_is_taken_as_the_protocol_says(http):
    zeros = np.zeros((1, 3, 224, 224), np.float32)
    body = {
        "id": "42",
        "inputs": [{"name": "images", "shape": list(zeros.shape), "datatype": "FP32", "data": zeros.ravel().tolist()}],
    }
    answer = http.post(f"/v2/models/{NAMES[1]}/infer", json=body)
    rows, head = read("outputs", "embedding", answer.content, answer.headers)

    assert rows.shape == (1, 256)
    assert head["id"] == "42"


@pytest.mark.parametrize(
    ("tensor", "change"),
    [
        (np.zeros((1, 3, 8, 8), np.float32), {}),
        (np.zeros((33, 3, 224, 224), np.float32), {}),
        (np.zeros((0, 3, 224, 224), np.float32), {}),
        (np.zeros((1, 3, 224, 224), np.float32), {LENGTH_HEADER: "7"}),
        (np.zeros((1, 3, 224, 224), np.float32), {LENGTH_HEADER: "many"}),
    ],
)
def test_what_is_no_fitting_tensor_is_refused(http, tensor, change):
    body, headers = written("inputs", "images", tensor)

    assert http.post(f"/v2/models/{NAMES[1]}/infer", content=body, headers=headers | change).status_code == 422


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"inputs": [{"name": "x"}]}', b"[" * 100_000, b"\xff" * 50])
def test_noise_is_no_message(body):
    with pytest.raises(InvalidInput):
        read("inputs", "images", body, {})


def test_what_is_written_is_read():
    tensor = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    body, headers = written("inputs", "images", tensor)

    found, head = read("inputs", "images", body, headers)
    assert np.array_equal(found, tensor)
    assert head["inputs"][0]["shape"] == [2, 3, 4]


def test_too_many_who_wait_are_sent_away_with_a_time():
    from fastapi.testclient import TestClient

    card, network = Registry([]).network(NAMES[1], 1)
    app = create_service([(card, network)], None)
    with TestClient(app) as client:
        served = next(route.endpoint.__self__ for route in app.routes if "infer" in getattr(route, "path", ""))
        served.served[NAMES[1]].waiting = 1000
        answer = client.post(f"/v2/models/{NAMES[1]}/infer", content=b"{}")

    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0


def test_without_a_service_networks_run_here():
    assert isinstance(Registry([]).detector(NAMES[0], 1).network, OnnxNetwork)


def test_the_doctor_says_what_is_wrong_with_the_service(service, http, tmp_path):
    from homeward.cli.checks import examine
    from homeward.settings import load

    def told(url, key):
        chosen = load(data=tmp_path, model_service=url, model_service_key=key)
        return [(check.state, check.mend) for check in examine(chosen) if check.name.startswith("model service")]

    assert told(service.url, KEY) == [("ok", ""), ("ok", "")]
    assert told(service.url, "another")[0] == ("warn", "Set HOMEWARD_MODEL_SERVICE_KEY on both sides.")
    assert told("http://127.0.0.1:9", KEY)[0] == ("warn", "Start homeward models serve on it.")
