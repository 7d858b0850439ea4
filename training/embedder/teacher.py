"""Teachers: pictures in, the feature maps of quantised networks out, through OpenVINO. They never learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import openvino as ov

from training.embedder.pictures import Pixels

FOLDER = Path("weights/mobilenet")
FLOOR_FILE = FOLDER / "mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"
# One teacher per trunk of the student, in the order of `network.Features.trunks`.
TEACHER_FILES = (FLOOR_FILE, FOLDER / "mobilenet_v2_1.0_224_quant.tflite")

Maps = list[npt.NDArray[np.float32]]


class Teacher:
    """A tflite network that answers with what each convolution gives after its activation.

    The maps are float32 [n, channels, height, width], first layer first; a classifier behind them is cut off.
    """

    def __init__(self, file: Path, *, threads: int = 1) -> None:
        self._core = ov.Core()
        model = self._core.read_model(str(file))
        outputs = [node.output(0) for node in _activations(model)]
        inner = ov.Model(outputs, model.get_parameters(), "inner")
        inner.reshape([-1, 224, 224, 3])
        self._maps = self._core.compile_model(inner, "CPU", options(threads))

    def maps(self, pixels: Pixels) -> Maps:
        """What each layer gives for uint8 ``pixels`` [n, 224, 224, 3], RGB."""
        answer = self._maps([np.ascontiguousarray(pixels)])
        return [np.asarray(answer[index]) for index in range(len(self._maps.outputs))]


class Floor:
    """The network that a pet embedder must beat, as it is: uint8 [n, 224, 224, 3] to float32 [n, 1024]."""

    def __init__(self, shared: Path, *, threads: int = 1) -> None:
        core = ov.Core()
        model = core.read_model(str(shared / FLOOR_FILE))
        model.reshape([-1, 224, 224, 3])
        self._network = core.compile_model(model, "CPU", options(threads))

    def __call__(self, pixels: Pixels) -> npt.NDArray[np.float32]:
        """Unit vectors of ``pixels``."""
        answer = np.asarray(self._network([np.ascontiguousarray(pixels)])[0])
        vectors = answer.reshape(len(pixels), -1).astype(np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def options(threads: int) -> dict[str, object]:
    """How OpenVINO runs every network here: so many threads, float32 arithmetic."""
    return {"INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": "f32"}


def _activations(model: ov.Model) -> Iterator[ov.Node]:
    """The nodes that round what a convolution gave over a map larger than one pixel, in order."""
    for node in model.get_ordered_ops():
        rounds = node.get_type_name() == "FakeQuantize" and _follows_a_convolution(node)
        if rounds and node.get_output_partial_shape(0)[2].get_length() > 1:
            yield node


def _follows_a_convolution(node: ov.Node) -> bool:
    source = node.input_value(0).get_node()
    if source.get_type_name() == "Clamp":
        source = source.input_value(0).get_node()
    if source.get_type_name() != "Add":
        return False
    return "Convolution" in source.input_value(0).get_node().get_type_name()
