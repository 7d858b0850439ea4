"""The trained network as an ONNX file, and the vector by which a wrongly loaded one is noticed."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper

from training.detector.data import CAT_HEAD
from training.detector.network import Bodies, Detector, HeadMaps, Shipped
from training.detector.teacher import SIDE

NAME = "homeward-detector-1"
OPSET = 17
MAY_BE = 0.05  # score of an animal from which on its head is looked for


def write_onnx(bodies: Detector, heads: Detector, folder: Path) -> Path:
    """One file for any number of pictures of any size in steps of the largest stride: bodies' rows, then heads'.

    ``may_be`` is an input with a default (`MAY_BE`): who needs no heads feeds a score that nothing reaches.
    """
    file, shown = folder / f"{NAME}.onnx", torch.zeros(2, 3, SIDE, SIDE)
    parts = [torch.jit.trace(part.eval(), shown) for part in (Bodies(bodies, CAT_HEAD), HeadMaps(heads, CAT_HEAD))]
    made = io.BytesIO()
    torch.onnx.export(
        torch.jit.script(Shipped(*parts)),
        (shown, torch.tensor(MAY_BE)),
        made,
        input_names=["images", "may_be"],
        output_names=["output"],
        dynamic_axes={"images": {0: "n", 2: "height", 3: "width"}, "output": {0: "n", 1: "rows"}},
        opset_version=OPSET,
        dynamo=False,
    )
    model = onnx.load_from_string(made.getvalue())
    _weights_where_used(model.graph)
    model.graph.initializer.append(numpy_helper.from_array(np.float32(MAY_BE), "may_be"))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(file))
    return file


def _weights_where_used(graph: onnx.GraphProto) -> None:
    """Weights of the branch move into it: ONNX Runtime prepares those of a graph itself only."""
    branch = _with_layers(graph)
    assert branch is not None
    wanted = {name for node in branch.node for name in node.input}
    wanted -= {name for node in graph.node for name in node.input}
    moved = [one for one in graph.initializer if one.name in wanted]
    kept = [one for one in graph.initializer if one.name not in wanted]
    branch.initializer.extend(moved)
    del graph.initializer[:]
    graph.initializer.extend(kept)


def _with_layers(graph: onnx.GraphProto) -> onnx.GraphProto | None:
    """The innermost branch or loop with convolutions."""
    inner = (one.g for node in graph.node for one in node.attribute if one.type == onnx.AttributeProto.GRAPH)
    for within in inner:
        if any(node.op_type == "Conv" for node in within.node):
            return within
        if (found := _with_layers(within)) is not None:
            return found
    return None


def golden_picture(width: int, height: int) -> npt.NDArray[np.uint8]:
    """Picture ``pattern-1``: RGB (height, width, 3), made of whole numbers."""
    y, x, c = np.mgrid[:height, :width, :3]
    return ((x * 7 + y * 13 + c * 29 + (x * y) // 64) % 256).astype(np.uint8)


def golden_vector(run: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]) -> list[float]:
    """Mean over all anchors of each output channel; ``run`` takes a BGR picture and gives the table."""
    table = run(np.ascontiguousarray(golden_picture(SIDE, SIDE)[..., ::-1]))
    return [float(f"{value:.5g}") for value in table.mean(0)]
