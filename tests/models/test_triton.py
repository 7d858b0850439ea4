import json
import subprocess
from dataclasses import astuple

import numpy as np
import onnx
import pytest
from google.protobuf import text_format
from skimage import data as samples
from tritonclient.grpc import model_config_pb2

from homeward.cli.model_service import export as export_models
from homeward.domain.animals import Label
from homeward.errors import Conflict, ModelInvalid
from homeward.models.cards import parse_card
from homeward.models.golden import check_golden
from homeward.models.limits import Batching
from homeward.models.onnx import OnnxDetector, OnnxEmbedder
from homeward.models.prepare import tensor
from homeward.models.protocol import PICTURES
from homeward.models.registry import Registry
from homeward.models.remote.network import RemoteNetwork
from homeward.models.remote.service import Service
from homeward.models.triton import export, opened, write_preparing
from tests.models.real_triton import MISSING, PYTHON, is_there, triton
from tests.models.serving import DOORS, Colours, card, serving
from tests.models.test_models import write_network

NAMES = ("homeward-detector-1", "homeward-embedder-3")
HOW = Batching(max_batch=32, max_delay_ms=1.5, instances=3, most_waiting=77)


def config(folder):
    """The model's configuration, read by Triton's own definition of it."""
    return text_format.Parse((folder / "config.pbtxt").read_text(), model_config_pb2.ModelConfig())


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The models that ship, exported by the command."""
    folder = tmp_path_factory.mktemp("triton")
    export_models(triton=folder, data=folder / "data")
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_a_repository_is_what_triton_reads(repository, name):
    found, model_card = config(repository / name), Registry([]).card(name)

    assert (found.name, found.backend, found.max_batch_size) == (name, "onnxruntime", 16)
    (given,), (made,) = found.input, found.output
    side = model_card.input.width
    assert (given.name, given.data_type, list(given.dims)) == (PICTURES, model_config_pb2.TYPE_UINT8, [side, side, 3])
    assert (made.name, made.data_type) == (model_card.output, model_config_pb2.TYPE_FP32)
    assert list(made.dims) in ([256], [7098, 11])
    assert found.instance_group[0].kind == model_config_pb2.ModelInstanceGroup.KIND_GPU
    assert found.dynamic_batching.max_queue_delay_microseconds == 0
    assert found.model_warmup[0].inputs[PICTURES].zero_data
    assert check_golden(model_card, opened(model_card, repository / name / "1" / "model.onnx"))


def test_the_settings_of_a_model_go_into_its_configuration(tmp_path):
    write_network(tmp_path / "net.onnx")
    folder = export(card(version=4), tmp_path / "net.onnx", tmp_path / "repository", HOW, "cpu")
    found = config(folder)

    assert (found.max_batch_size, found.instance_group[0].count) == (32, 3)
    assert found.instance_group[0].kind == model_config_pb2.ModelInstanceGroup.KIND_CPU
    assert found.dynamic_batching.max_queue_delay_microseconds == 1500
    assert found.dynamic_batching.default_queue_policy.max_queue_size == 77
    assert (folder / "4" / "model.onnx").exists()


def test_a_network_of_a_fixed_batch_is_not_joined(tmp_path):
    write_network(tmp_path / "net.onnx", batch=2)
    found = config(export(card(), tmp_path / "net.onnx", tmp_path / "repository", HOW, "cpu"))

    assert found.max_batch_size == 0
    assert list(found.input[0].dims) == [2, 8, 8, 3]
    assert list(found.output[0].dims) == [2, 3]
    assert not found.HasField("dynamic_batching")


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("colour", ["RGB", "BGR"])
@pytest.mark.parametrize(
    ("scale", "mean", "std"), [(1.0, [0.0] * 3, [1.0] * 3), (0.01, [0.1, 0.2, 0.3], [2.0, 3.0, 4.0])]
)
def test_the_preparation_in_the_network_is_the_one_of_the_card(tmp_path, layout, colour, scale, mean, std):
    how = {"name": "images", "width": 8, "height": 8, "layout": layout, "colour": colour, "scale": scale,
           "mean": mean, "std": std, "fit": "stretch", "fill": 0}  # fmt: skip
    model_card = parse_card({**dict(card().raw), "input": how})
    shape = ["n", 3, 8, 8] if layout == "NCHW" else ["n", 8, 8, 3]
    node = onnx.helper.make_node("Identity", ["images"], ["embedding"])
    ends = [onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in ("images", "embedding")]
    graph = onnx.helper.make_graph([node], "same", ends[:1], ends[1:])
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9),
        str(tmp_path / "same.onnx"),
    )
    pictures = list(np.random.default_rng(0).integers(0, 256, (3, 8, 8, 3), np.uint8))

    write_preparing(tmp_path / "same.onnx", model_card.input, tmp_path / "prepared.onnx")
    made = opened(model_card, tmp_path / "prepared.onnx").run(pictures)

    assert np.allclose(made, tensor(pictures, model_card.input), atol=1e-5)


def test_a_network_that_is_not_the_cards_is_not_exported_and_the_last_one_stays(tmp_path):
    write_network(tmp_path / "net.onnx")
    folder = export(card(), tmp_path / "net.onnx", tmp_path / "repository", HOW, "cpu")
    with pytest.raises(ModelInvalid):
        export(card(golden=[1.0, 0.0, 0.0]), tmp_path / "net.onnx", tmp_path / "repository", HOW, "cpu")

    assert [path.name for path in (tmp_path / "repository").iterdir()] == ["tiny"]
    assert config(folder).name == "tiny"
    with pytest.raises(Conflict):
        export(card(), tmp_path / "net.onnx", tmp_path / "net.onnx", HOW, "cpu")


@pytest.fixture(scope="module")
def real_triton(repository, tmp_path_factory):
    if not is_there():
        pytest.skip(MISSING)
    with triton(tmp_path_factory.mktemp("log"), repository, *NAMES) as doors:
        yield doors


@pytest.mark.parametrize("door", DOORS)
def test_real_triton_sees_and_says_what_the_same_networks_do_here(real_triton, repository, door):
    cat, registry = samples.cat(), Registry([])
    for name, kind in zip(NAMES, (OnnxDetector, OnnxEmbedder), strict=True):
        model_card = registry.card(name)
        far = kind(model_card, RemoteNetwork(model_card, Service(real_triton.url(door), timeout_s=60), no_local))
        near = kind(model_card, opened(model_card, repository / name / "1" / "model.onnx"))
        if kind is OnnxEmbedder:
            assert np.allclose(far.embed([cat] * 9), near.embed([cat] * 9), atol=1e-4)
            continue
        (seen,), (boxes,) = far.detect([cat]), near.detect([cat])
        assert Label.CAT in {found.label for found in seen}
        assert [found.label for found in seen] == [found.label for found in boxes]
        assert np.allclose([astuple(found.box) for found in seen], [astuple(found.box) for found in boxes], atol=0.1)


def no_local():
    raise AssertionError("the local network was asked")


@pytest.mark.skipif(not PYTHON.exists(), reason=MISSING)
def test_tritons_own_client_over_http_is_understood_by_our_service():
    """In Triton's environment, where the client has what HTTP needs."""
    script = """
import sys, json, numpy as np, tritonclient.http as triton
client = triton.InferenceServerClient(sys.argv[1])
given = triton.InferInput("pictures", [2, 8, 8, 3], "UINT8")
rows = []
for is_binary in (True, False):
    given.set_data_from_numpy(np.full((2, 8, 8, 3), 7, np.uint8), binary_data=is_binary)
    wanted = [triton.InferRequestedOutput("embedding", binary_data=is_binary)]
    rows.append(client.infer("tiny", [given], outputs=wanted).as_numpy("embedding").tolist())
print(json.dumps([client.is_server_ready(), client.is_model_ready("tiny", "1"), rows]))
"""
    with serving([(card(), Colours())]) as doors:
        command = [PYTHON, "-c", script, doors.rest.removeprefix("http://")]
        said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    assert json.loads(said) == [True, True, [[[7.0] * 3] * 2] * 2]
