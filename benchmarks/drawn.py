"""Models that read drawn vectors back from pictures, so that a server can be asked over HTTP with animals of a `Town`.

A picture is 16 x 16 blocks of grey, one for each number of the vector; the embedder averages the blocks. The detector
never sees anything: whoever sends such a picture says what is on it, as cameras do.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from homeward.domain.animals import Detection, Picture
from homeward.domain.embeddings import Vector, Vectors, unit
from homeward.domain.ids import ModelName
from homeward.models.registry import BUNDLED, Registry

DETECTOR, EMBEDDER = "drawn-detector", "drawn-embedder"
ACROSS, BLOCK_PX = 16, 8
GREY, STEP = 128.0, 420.0  # a number of 0.3, which hardly any passes, is white
CELLS = 16 + 4 + 1  # of a table of strides 8, 16 and 32 on 32 x 32 pixels


def picture_of(vector: Vector) -> bytes:
    """A JPEG that carries a vector of 256 numbers."""
    levels = np.clip(GREY + STEP * vector, 0, 255).astype(np.uint8).reshape(ACROSS, ACROSS)
    file = io.BytesIO()
    Image.fromarray(np.kron(levels, np.ones((BLOCK_PX, BLOCK_PX), np.uint8))).convert("RGB").save(file, "JPEG")
    return file.getvalue()


class DrawnDetector:
    """`homeward.ports.Detector` that never sees anything."""

    name = ModelName(DETECTOR)

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """Nothing."""
        return [() for _ in pictures]


class DrawnEmbedder:
    """`homeward.ports.Embedder` that reads a picture's vector as it was drawn, without a network."""

    name = ModelName(EMBEDDER)
    dimension = ACROSS**2

    def embed(self, crops: Sequence[Picture]) -> Vectors:
        """The mean of each block."""
        blocks = [crop.reshape(ACROSS, BLOCK_PX, ACROSS, BLOCK_PX, 3).mean(axis=(1, 3, 4)) for crop in crops]
        return unit((np.array(blocks, np.float32).reshape(len(crops), -1) - GREY) / STEP)


def add_models(folder: Path) -> dict[str, str]:
    """Put both into the models' ``folder``; the settings that use them."""
    bundled = yaml.safe_load((BUNDLED / "homeward-embedder-3.yaml").read_text(encoding="utf-8"))
    seeing = yaml.safe_load((BUNDLED / "homeward-detector-1.yaml").read_text(encoding="utf-8"))
    side = {"width": 64, "height": 64, "scale": 1 / 255, "mean": [0.5] * 3, "std": [0.5] * 3}
    small = {"width": 32, "height": 32}
    _add(folder, EMBEDDER, bundled, _embedder(), side, {})
    _add(folder, DETECTOR, seeing, _detector(), small, {"classes": {0: "cat", 1: "dog"}, "grey_animals": []})
    return {"HOMEWARD_MODELS": str(folder), "HOMEWARD_DETECTOR": DETECTOR, "HOMEWARD_EMBEDDER": EMBEDDER}


def _add(folder: Path, name: str, like: Any, network: Any, side: dict[str, Any], other: dict[str, Any]) -> None:
    import onnx

    made = {**like, "name": name, "file": f"{name}.onnx", "sha256": None, "golden": None, "about": "Drawn.", **other}
    made["input"] = {**like["input"], **side}
    made = {key: value for key, value in made.items() if key not in {"figures", "trained_on"} and value is not None}
    source = folder / f"{name}.part"
    source.mkdir(parents=True)
    onnx.save(network, str(source / "net.onnx"))
    (source / "card.yaml").write_text(yaml.safe_dump(made), encoding="utf-8")
    Registry([folder]).add(source / "net.onnx", source / "card.yaml")


def _embedder() -> Any:
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("ReduceMean", ["images"], ["grey"], axes=[1], keepdims=1),
        helper.make_node("AveragePool", ["grey"], ["blocks"], kernel_shape=[4, 4], strides=[4, 4]),
        helper.make_node("Flatten", ["blocks"], ["flat"]),
        helper.make_node("LpNormalization", ["flat"], ["embedding"], axis=1, p=2),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 64, 64])
    vectors = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["n", ACROSS**2])
    return _model(helper.make_graph(nodes, "drawn", [images], [vectors]))


def _detector() -> Any:
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Reshape", ["nothing", "one"], ["row"]),
        helper.make_node("Add", ["row", "table"], ["output"]),
    ]
    constants = [
        numpy_helper.from_array(np.zeros((1, CELLS, 7), np.float32), "table"),
        numpy_helper.from_array(np.float32(0), "zero"),
        numpy_helper.from_array(np.array([-1, 1, 1], np.int64), "one"),
    ]
    images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["n", 3, 32, 32])
    table = helper.make_tensor_value_info("output", TensorProto.FLOAT, ["n", CELLS, 7])
    return _model(helper.make_graph(nodes, "blind", [images], [table], constants))


def _model(graph: Any) -> Any:
    from onnx import helper

    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
