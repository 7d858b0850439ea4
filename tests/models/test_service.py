import socket
import threading
from concurrent.futures import Future
from urllib.parse import urlsplit

import grpc
import httpx2
import numpy as np
import pytest
import tritonclient.grpc as triton
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some
from skimage import data as samples

from homeward.domain.animals import Label
from homeward.errors import InvalidInput, ModelUnavailable
from homeward.models.batching import Batcher
from homeward.models.limits import Batching
from homeward.models.oip import messages, path
from homeward.models.onnx import OnnxNetwork
from homeward.models.protocol import LENGTH_HEADER, PICTURES, read, written
from homeward.models.registry import Registry
from homeward.models.remote.network import RemoteNetwork
from homeward.models.remote.service import Service
from homeward.models.service import rest
from homeward.models.service.room import Full, Room
from tests.models.serving import DOORS, Colours, Doors, Gated, card, plain, serving, status, wait_for

NAMES = ("homeward-detector-1", "homeward-embedder-3")
KEY = "a key"
INFER = "/v2/models/tiny/infer"


@pytest.fixture(scope="module")
def service():
    """The models that ship, behind a key."""
    local = Registry([])
    with serving([local.network(name, 1) for name in NAMES], KEY) as doors:
        yield doors


@pytest.fixture(scope="module")
def tiny():
    """A network that only means colours, open to all."""
    with serving([(card(), Colours())]) as doors:
        yield doors


def no_local():
    raise AssertionError("the local network was asked")


def call(doors: Doors, name: str, request, metadata=()):
    with grpc.insecure_channel(doors.grpc.removeprefix("grpc://")) as channel:
        ask = channel.unary_unary(
            path(name), lambda message: message if isinstance(message, bytes) else message.SerializeToString()
        )
        return messages()[f"{name}Response"].FromString(ask(request, metadata=metadata, timeout=20))


def asked(tensor, **more):
    known = messages()
    tensor_of = known["InferTensor"](name=PICTURES, datatype="UINT8", shape=tensor.shape)
    fields = {"model_name": "tiny", "inputs": [tensor_of], "raw_input_contents": [tensor.tobytes()], **more}
    return known["ModelInferRequest"](**fields)


@pytest.mark.parametrize("door", DOORS)
def test_far_models_see_and_say_what_near_ones_do(service, door):
    near, far = Registry([]), Registry([], Service(service.url(door), KEY, 60))
    cat = samples.cat()

    boxes = [one.detector(NAMES[0], 1).detect([cat, cat[:, ::-1].copy()]) for one in (near, far)]
    embedder = far.embedder(NAMES[1], 1)
    embedder.network.make_local = no_local
    vectors = [near.embedder(NAMES[1], 1).embed([cat] * 9), embedder.embed([cat] * 9)]

    assert boxes[0] == boxes[1]
    assert any(found.label is Label.CAT for found in boxes[1][0])
    assert np.allclose(*vectors, atol=1e-5)


@pytest.mark.parametrize("door", DOORS)
def test_many_ask_at_once_run_together_and_each_gets_its_own(door):
    gated = Gated()
    with serving([(card(), gated)]) as doors:
        network = RemoteNetwork(card(), Service(doors.url(door)), Colours)
        network.run(plain(0))
        gated.gate.clear()
        got, before = {}, len(gated.batches)
        threads = [threading.Thread(target=lambda n=n: got.update({n: network.run(plain(n))})) for n in range(9)]
        for _ in gated.batches:
            assert gated.entered.acquire(timeout=20)
        for thread in threads:
            thread.start()
        assert gated.entered.acquire(timeout=20)
        within = 'homeward_models_requests_within{model="tiny"} 9.0'
        wait_for(lambda: within in httpx2.get(f"{doors.rest}/metrics", timeout=30).text)
        gated.gate.set()
        for thread in threads:
            thread.join()

    assert all(np.allclose(got[n], float(n)) for n in range(9))
    made = gated.batches[before:]
    assert sum(made) == 9
    assert len(made) <= 3  # two runs may have begun with whoever came first


@pytest.mark.parametrize("door", DOORS)
def test_both_doors_lead_to_one_queue_and_tell_a_time_when_it_is_full(door):
    gated = Gated()
    with serving([(card(), gated)], batching={"tiny": Batching(most_waiting=1)}) as doors:
        assert gated.entered.acquire(timeout=20)  # the warm-up
        gated.gate.clear()
        other = threading.Thread(target=post if door == "grpc" else grpc_post, args=(doors, plain(1)))
        other.start()
        assert gated.entered.acquire(timeout=20)
        if door == "rest":
            answer = post(doors, plain(2))
            assert (answer.status_code, int(answer.headers["Retry-After"])) == (429, 1)
        else:
            with pytest.raises(grpc.RpcError) as refused:
                grpc_post(doors, plain(2))
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
            assert int(dict(refused.value.trailing_metadata())["grpc-retry-pushback-ms"]) > 0
        gated.gate.set()
        other.join()


def post(doors: Doors, pictures, **headers):
    body, own = written("inputs", PICTURES, np.stack(pictures))
    return httpx2.post(f"{doors.rest}{INFER}", content=body, headers={**own, **headers}, timeout=20)


def grpc_post(doors: Doors, pictures):
    return call(doors, "ModelInfer", asked(np.stack(pictures)))


def test_room_is_bounded_by_requests_and_by_bytes_and_given_back():
    room = Room(most_requests=2, most_bytes=10)
    with room.stay(4) as more:
        more(6)
        with pytest.raises(Full):
            more(1)
        with pytest.raises(Full), room.stay(1):
            pass
        with room.stay(0), pytest.raises(Full), room.stay(0):
            pass
    assert (room.requests, room.bytes_) == (0, 0)


def test_tritons_own_client_is_understood(tiny):
    with triton.InferenceServerClient(tiny.grpc.removeprefix("grpc://")) as client:
        given = triton.InferInput(PICTURES, [2, 8, 8, 3], "UINT8")
        given.set_data_from_numpy(np.stack(plain(7, 2)))
        answer = client.infer("tiny", [given], outputs=[triton.InferRequestedOutput("embedding")], request_id="42")

        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("tiny", "1")
        assert client.get_server_metadata().extensions == ["binary_tensor_data"]
        assert client.get_model_metadata("tiny").inputs[0].shape == [-1, 8, 8, 3]
        assert answer.get_response().id == "42"
        assert np.allclose(answer.as_numpy("embedding"), [[7] * 3, [8] * 3])


def test_numbers_one_by_one_are_taken_over_grpc_too(tiny):
    known = messages()
    contents = known["InferTensorContents"](uint_contents=[9] * 192)
    given = known["InferTensor"](name=PICTURES, datatype="UINT8", shape=[1, 8, 8, 3], contents=contents)
    answer = call(tiny, "ModelInfer", known["ModelInferRequest"](model_name="tiny", inputs=[given]))

    assert np.allclose(np.frombuffer(answer.raw_output_contents[0], np.float32), 9)


def test_health_and_what_a_model_eats_are_told(service):
    with httpx2.Client(base_url=service.rest) as http:
        own = {"Authorization": f"Bearer {KEY}"}
        assert http.get("/v2/health/live").json() == {"live": True}
        assert http.get("/v2/health/ready").json() == {"ready": True}
        assert http.get("/v2").json()["extensions"] == ["binary_tensor_data"]
        (given,) = http.get(f"/v2/models/{NAMES[0]}/versions/1", headers=own).json()["inputs"]
        assert given == {"name": PICTURES, "datatype": "UINT8", "shape": [-1, 416, 416, 3]}
        assert http.get(f"/v2/models/{NAMES[0]}/ready", headers=own).json() == {"ready": True}
        assert http.get("/v2/models/nobody", headers=own).status_code == 404
        assert http.get(f"/v2/models/{NAMES[0]}/versions/2", headers=own).status_code == 404
        assert http.get("/elsewhere").json() == {"error": "Not Found"}


@pytest.mark.parametrize(("key", "status", "code"), [(None, 401, "UNAUTHENTICATED"), ("x", 403, "PERMISSION_DENIED")])
def test_without_the_key_nothing_opens(service, key, status, code):
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with httpx2.Client(base_url=service.rest, headers=headers) as http:
        for method, where in (("GET", ""), ("GET", "/ready"), ("POST", "/infer")):
            assert http.request(method, f"/v2/models/{NAMES[1]}{where}").status_code == status
        assert http.get("/metrics").status_code == status
    metadata = [("authorization", f"Bearer {key}")] if key else []
    for name in ("ModelInfer", "ModelReady", "ModelMetadata"):
        with pytest.raises(grpc.RpcError) as refused:
            call(service, name, b"", metadata)
        assert refused.value.code().name == code


def test_a_wrong_key_falls_back_and_opens_nothing(service):
    for door in DOORS:
        stranger = RemoteNetwork(Registry([]).card(NAMES[1]), Service(service.url(door), "another"), Wide)
        assert stranger.run([np.zeros((224, 224, 3), np.uint8)]).shape == (1, 256)


class Wide:
    """A local network of the embedder's shape."""

    def run(self, canvases):
        return np.ones((len(canvases), 256), np.float32)


def test_what_is_asked_as_json_is_answered_as_json_unless_raw_numbers_are_wanted(tiny):
    given = {"name": PICTURES, "shape": [1, 8, 8, 3], "datatype": "UINT8", "data": [5] * 192}
    answer = httpx2.post(f"{tiny.rest}{INFER}", json={"id": "42", "inputs": [given]})
    assert answer.json()["outputs"] == [
        {"name": "embedding", "shape": [1, 3], "datatype": "FP32", "data": [5.0, 5.0, 5.0]}
    ]
    assert (answer.json()["id"], answer.json()["model_version"]) == ("42", "1")

    raw = {"inputs": [given], "outputs": [{"name": "embedding", "parameters": {"binary_data": True}}]}
    for body in (raw, {"inputs": [given], "parameters": {"binary_data_output": True}}):
        answer = httpx2.post(f"{tiny.rest}{INFER}", json=body)
        rows, _ = read("outputs", "embedding", answer.content, answer.headers)
        assert np.allclose(rows, 5)


@pytest.mark.parametrize(
    ("tensor", "change"),
    [
        (np.zeros((1, 9, 8, 3), np.uint8), {}),
        (np.zeros((33, 8, 8, 3), np.uint8), {}),
        (np.zeros((0, 8, 8, 3), np.uint8), {}),
        (np.zeros((1, 8, 8, 3), np.float32), {}),
        (np.zeros((1, 8, 8, 3), np.uint8), {LENGTH_HEADER: "7"}),
        (np.zeros((1, 8, 8, 3), np.uint8), {LENGTH_HEADER: "many"}),
        (np.zeros((1, 8, 8, 3), np.uint8), {LENGTH_HEADER: "-5"}),
        (np.zeros((1, 8, 8, 3), np.uint8), {"Content-Encoding": "gzip"}),
    ],
)
def test_what_is_no_fitting_tensor_is_refused_over_http(tiny, tensor, change):
    body, headers = written("inputs", PICTURES, tensor)
    answer = httpx2.post(f"{tiny.rest}{INFER}", content=body, headers=headers | change)

    assert answer.status_code == 422
    assert answer.json()["error"]


@pytest.mark.parametrize(
    "change",
    [
        {"raw_input_contents": [b"1"]},
        {"raw_input_contents": []},
        {"inputs": []},
        {"model_name": "nobody"},
        {"model_version": "7"},
    ],
)
def test_what_is_no_fitting_tensor_is_refused_over_grpc(tiny, change):
    with pytest.raises(grpc.RpcError) as refused:
        call(tiny, "ModelInfer", asked(np.stack(plain(1)), **change))

    assert refused.value.code().name in {"INVALID_ARGUMENT", "NOT_FOUND"}
    assert refused.value.details()


@given(some.binary(max_size=300), some.sampled_from([{}, {LENGTH_HEADER: "20"}]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_noise_is_refused_by_both_doors_and_breaks_neither(tiny, noise, headers):
    assert httpx2.post(f"{tiny.rest}{INFER}", content=noise, headers=headers).status_code in {400, 422}
    with pytest.raises(grpc.RpcError) as refused:
        call(tiny, "ModelInfer", noise)
    assert refused.value.code().name in {"INVALID_ARGUMENT", "NOT_FOUND"}


def talk(doors: Doors, text: bytes) -> bytes:
    """What the service says to bytes; nothing more is sent."""
    where = urlsplit(doors.rest)
    with socket.create_connection((where.hostname, where.port), timeout=20) as line:
        line.sendall(text)
        return line.recv(4096)


def test_a_body_that_is_too_large_is_refused_before_it_is_read(tiny):
    head = f"POST {INFER} HTTP/1.1\r\nHost: x\r\n".encode()
    assert talk(tiny, head + b"Content-Length: 1000000000\r\n\r\n").split()[1] == b"413"

    chunk = b"ffff\r\n" + b"x" * 0xFFFF + b"\r\n"
    assert talk(tiny, head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 2).split()[1] == b"413"
    with pytest.raises(grpc.RpcError) as refused:
        call(tiny, "ModelInfer", b"\x00" * 200_000)
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_who_never_ends_a_body_is_sent_away_and_its_place_given_back(monkeypatch):
    monkeypatch.setattr(rest, "BODY_WITHIN_S", 0.05)
    with serving([(card(), Colours())], batching={"tiny": Batching(most_waiting=1)}) as doors:
        text = f"POST {INFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf".encode()
        assert talk(doors, text).split()[1] == b"422"
        assert post(doors, plain(1)).status_code == 200


def test_a_service_is_live_at_once_and_ready_when_its_models_are_warm():
    cold = Gated(is_open=False)
    with serving([(card(), cold)], is_ready=False) as doors:
        assert httpx2.get(f"{doors.rest}/v2/health/live").status_code == 200
        assert status(doors.rest) == 503
        assert post(doors, plain(1)).status_code == 503
        assert not call(doors, "ServerReady", b"").ready
        with pytest.raises(grpc.RpcError) as refused:
            call(doors, "ModelInfer", asked(np.stack(plain(1))))
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        cold.gate.set()
        wait_for(lambda: status(doors.rest) == 200)
        assert post(doors, plain(1)).status_code == 200


def test_figures_tell_how_long_calls_waited_and_how_they_were_joined(tiny):
    post(tiny, plain(1))
    post(tiny, plain(1), **{LENGTH_HEADER: "7"})
    text = httpx2.get(f"{tiny.rest}/metrics").text

    for line in (
        'homeward_models_queue_seconds_count{model="tiny"}',
        'homeward_models_run_seconds_count{model="tiny"}',
        'homeward_models_batch_pictures_bucket{le="1.0",model="tiny"}',
        'homeward_models_requests_total{model="tiny",outcome="ok",protocol="rest"}',
        'homeward_models_requests_total{model="tiny",outcome="invalid_input",protocol="rest"}',
    ):
        assert line in text


@pytest.mark.parametrize("body", [b"", b"{}", b"[1]", b'{"inputs": [{"name": "x"}]}', b"[" * 100_000, b"\xff" * 50])
def test_noise_is_no_message(body):
    with pytest.raises(InvalidInput):
        read("inputs", PICTURES, body, {})


@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_what_is_written_is_read(kind):
    tensor = np.arange(24, dtype=kind).reshape(2, 3, 4)
    body, headers = written("inputs", PICTURES, tensor)

    found, head = read("inputs", PICTURES, body, headers)
    assert found.dtype == kind
    assert np.array_equal(found, tensor)
    assert head["inputs"][0]["shape"] == [2, 3, 4]


def test_of_several_raw_tensors_the_right_one_is_read():
    first, second = written("outputs", "a", np.ones(3, np.float32)), written("outputs", "b", np.zeros(2, np.uint8))
    length = int(first[1][LENGTH_HEADER])
    heads = [first[0][:length], second[0][: int(second[1][LENGTH_HEADER])]]
    text = heads[0][:-2] + b"," + heads[1].removeprefix(b'{"outputs":[')
    raw = first[0][length:] + second[0][int(second[1][LENGTH_HEADER]) :]

    found, _ = read("outputs", "b", text + raw, {LENGTH_HEADER: str(len(text))})
    assert np.array_equal(found, [0, 0])


def test_where_many_came_lately_the_first_is_kept_for_the_others_and_never_more_than_the_most():
    sizes = []

    def run(items):
        sizes.append(len(items))
        return items

    batcher = Batcher(run, "test", Batching(max_batch=4, max_delay_ms=1000))
    batcher([1] * 4)  # a crowd of four came
    threads = [threading.Thread(target=batcher, args=([n],)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert batcher([1] * 10) == [1] * 10
    assert batcher([]) == []
    batcher.close()

    assert sizes == [4, 4, 4, 4, 2]


def test_several_instances_run_at_once():
    both = threading.Barrier(2, timeout=20)

    def run(items):
        both.wait()
        return items

    batcher = Batcher(run, "test", Batching(max_batch=1, instances=2))
    threads = [threading.Thread(target=batcher, args=([n],)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batcher.close()
    assert both.n_waiting == 0


def test_what_waits_is_shared_among_the_free_instances():
    both, sizes = threading.Barrier(2, timeout=20), []

    def run(items):
        both.wait()
        sizes.append(len(items))
        return items

    batcher = Batcher(run, "test", Batching(instances=2))
    answers = [Future() for _ in range(8)]
    wait_for(lambda: batcher._free == 2, 20)
    with batcher._changed:  # nobody takes any before all are there
        for number, answer in enumerate(answers):
            batcher.submit([number], answer)
    assert [answer.result(20) for answer in answers] == [[number] for number in range(8)]
    batcher.close()

    assert sizes == [4, 4]


def test_what_waits_when_it_is_closed_is_answered_by_all_instances():
    begun, go_on = threading.Semaphore(0), threading.Event()

    def run(items):
        begun.release()
        assert go_on.wait(20)
        return items

    batcher = Batcher(run, "test", Batching(max_batch=4, instances=2))
    asked = [[0], [1], [2, 3, 4, 5, 6], [], [7], *([n] for n in range(8, 20))]
    answers = [Future() for _ in asked]
    for items, answer in zip(asked, answers, strict=True):
        batcher.submit(items, answer)
        if items in ([0], [1]):
            assert begun.acquire(timeout=20)
    closing = threading.Thread(target=batcher.close)
    closing.start()
    wait_for(lambda: batcher._is_closed)
    with pytest.raises(ModelUnavailable):
        batcher.submit([1], Future())
    go_on.set()
    closing.join(20)

    assert [answer.result(0) for answer in answers] == asked
    assert batcher.rows_waiting == 0


def test_without_a_service_networks_run_here():
    assert isinstance(Registry([]).detector(NAMES[0], 1).network, OnnxNetwork)
