"""A GPU in the place of the processor: none is at hand where the tests run, so what it would be asked."""

import numpy as np
import onnxruntime as ort
import pytest

from homeward.errors import ModelInvalid
from homeward.models import sessions
from homeward.models.onnx import OnnxNetwork
from homeward.models.registry import Registry


def test_a_device_that_is_not_there_is_told():
    with pytest.raises(ModelInvalid, match="CUDA") as refused:
        Registry([]).network("homeward-embedder-3", device="cuda")
    assert "onnxruntime-gpu" in refused.value.hint
    assert isinstance(Registry([]).network("homeward-detector-1", 1)[1], OnnxNetwork)


@pytest.mark.parametrize(("name", "side"), [("homeward-embedder-3", 224), ("homeward-detector-1", 416)])
def test_on_a_gpu_a_session_meets_one_shape_and_that_at_the_start(monkeypatch, name, side):
    # the processor runs what a GPU would be asked
    met, run = [], ort.InferenceSession.run
    monkeypatch.setattr(sessions, "_providers", lambda device: ["CPUExecutionProvider"])
    monkeypatch.setattr(
        ort.InferenceSession,
        "run",
        lambda self, names, fed: met.append((self, fed["images"].shape)) or run(self, names, fed),
    )
    _, network = Registry([]).network(name, 1, "cuda")
    at_the_start = dict(met)
    assert list(at_the_start.values()) == [(count, 3, side, side) for count in (1, 8, 32)]
    met.clear()

    pictures = list(np.random.default_rng(1).integers(0, 256, (5, side, side, 3), np.uint8))
    pictures[3][side // 2 :] = 114  # filling, which a processor would leave out
    answers = network.run(pictures)
    network.run(pictures[:1])
    network.run(pictures * 5)
    assert [shape[0] for _, shape in met] == [8, 1, 32]
    assert all(at_the_start[session] == shape for session, shape in met)  # another shape costs a session seconds
    alone = Registry([]).network(name, 1)[1].run(pictures)
    np.testing.assert_allclose(answers[[0, 1, 2, 4]], alone[[0, 1, 2, 4]], atol=2e-3)
    assert len(answers) == 5


def test_a_gpu_meets_the_second_network_too_which_looks_where_the_first_sees_something(monkeypatch):
    answers, run = [], ort.InferenceSession.run
    monkeypatch.setattr(sessions, "_providers", lambda device: ["CPUExecutionProvider"])
    monkeypatch.setattr(
        ort.InferenceSession, "run", lambda self, names, fed: answers.append(run(self, names, fed)) or answers[-1]
    )
    card, network = Registry([]).network("homeward-detector-1", 1, "cuda")
    at_the_start = [rows for (rows,) in answers]
    nothing = network.run([np.zeros((card.input.height, card.input.width, 3), np.uint8)])

    heads = slice(8, 10)  # of cats and of dogs: the second network alone knows them
    assert not nothing[..., heads].any()
    assert all(rows[..., heads].any() for rows in at_the_start)


def test_a_gpu_whose_libraries_are_missing_is_told(monkeypatch):
    # ONNX Runtime for CUDA names it among what it has, and quietly takes the processor where a library is missing
    opened = ort.InferenceSession
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: both)
    monkeypatch.setattr(ort, "InferenceSession", lambda file, options, providers: opened(file, options, providers[-1:]))
    with pytest.raises(ModelInvalid, match="CUDA cannot be used") as refused:
        Registry([]).network("homeward-embedder-3", device="cuda")
    assert "onnxruntime-gpu" in refused.value.hint
