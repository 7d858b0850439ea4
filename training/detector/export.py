"""The trained network as an ONNX file, and the vector by which a wrongly loaded one is noticed."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import compose, helper, numpy_helper

from training.detector.data import CAT_HEAD, CLASSES, PERSON
from training.detector.network import Bodies, Detector, Heads
from training.detector.teacher import SIDE

NAME = "homeward-detector-1"
OPSET = 17
MAY_BE = 0.05  # score of an animal from which on its head is looked for


def write_onnx(bodies: Detector, heads: Detector, folder: Path) -> Path:
    """One file for any number of pictures of any size in steps of the largest stride: bodies' rows, then heads'.

    The heads' network runs only where some picture of the batch may show an animal (`MAY_BE`): most pictures of a
    street show none, and need half the time.
    """
    file = folder / f"{NAME}.onnx"
    first, second = (_exported(part) for part in (Bodies(bodies, CAT_HEAD), Heads(heads, CAT_HEAD)))
    first, second = (compose.add_prefix(part, name) for part, name in ((first, "b_"), (second, "h_")))
    found, other = "b_output", "h_output"
    inside = second.graph
    for node in inside.node:
        node.input[:] = ["b_images" if name == "h_images" else name for name in node.input]
    run = helper.make_graph(inside.node, "run", [], [_table_of(other)], initializer=inside.initializer)
    zeros = [helper.make_node("Sub", [found, found], ["none"])]
    skip = helper.make_graph(zeros, "skip", [], [_table_of("none")])
    condition = [
        helper.make_node("Slice", [found, "from_objectness", "to_objectness", "last_axis"], ["objectness"]),
        helper.make_node("Slice", [found, "from_animals", "to_animals", "last_axis"], ["animals"]),
        helper.make_node("Mul", ["objectness", "animals"], ["scores"]),
        helper.make_node("ReduceMax", ["scores"], ["best"], axes=[1, 2], keepdims=1),
        helper.make_node("Greater", ["best", "may_be"], ["on_picture"]),
        helper.make_node("ReduceMax", ["best"], ["best_of_all"], keepdims=0),
        helper.make_node("Greater", ["best_of_all", "may_be"], ["on_any"]),
        helper.make_node("If", ["on_any"], ["all_heads"], then_branch=run, else_branch=skip),
        # a picture's answer must not depend on those beside it
        helper.make_node("Cast", ["on_picture"], ["kept"], to=onnx.TensorProto.FLOAT),
        helper.make_node("Mul", ["all_heads", "kept"], ["heads"]),
        helper.make_node("Concat", [found, "heads"], ["output"], axis=1),
    ]
    edges = {"from_objectness": 4, "to_objectness": 5, "from_animals": 5, "to_animals": 5 + PERSON, "last_axis": 2}
    constants = [numpy_helper.from_array(np.array([value], np.int64), name) for name, value in edges.items()]
    constants.append(numpy_helper.from_array(np.float32(MAY_BE), "may_be"))
    first.graph.node.extend(condition)
    first.graph.initializer.extend(constants)
    # an input with a default: who needs no heads feeds a score that nothing reaches
    first.graph.input.append(helper.make_tensor_value_info("may_be", onnx.TensorProto.FLOAT, []))
    del first.graph.output[:]
    first.graph.output.append(_table_of("output"))
    _renamed(first.graph, "b_images", "images")
    onnx.checker.check_model(first, full_check=True)
    onnx.save(first, str(file))
    return file


def _exported(part: Bodies | Heads) -> onnx.ModelProto:
    made = io.BytesIO()
    torch.onnx.export(
        part.eval(),
        (torch.zeros(1, 3, SIDE, SIDE),),
        made,
        input_names=["images"],
        output_names=["output"],
        dynamic_axes={"images": {0: "n", 2: "height", 3: "width"}, "output": {0: "n", 1: "rows"}},
        opset_version=OPSET,
        dynamo=False,
    )
    return onnx.load_from_string(made.getvalue())


def _table_of(name: str) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, ["n", None, 5 + len(CLASSES)])


def _renamed(graph: onnx.GraphProto, old: str, new: str) -> None:
    """An input, wherever it is read, also within branches."""
    graph.input[0].name = new
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]
        for branch in (attribute.g for attribute in node.attribute if attribute.type == onnx.AttributeProto.GRAPH):
            for inner in branch.node:
                inner.input[:] = [new if name == old else name for name in inner.input]


def golden_picture(width: int, height: int) -> npt.NDArray[np.uint8]:
    """Picture ``pattern-1``: RGB (height, width, 3), made of whole numbers."""
    y, x, c = np.mgrid[:height, :width, :3]
    return ((x * 7 + y * 13 + c * 29 + (x * y) // 64) % 256).astype(np.uint8)


def golden_vector(run: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]) -> list[float]:
    """Mean over all anchors of each output channel; ``run`` takes a BGR picture and gives the table."""
    table = run(np.ascontiguousarray(golden_picture(SIDE, SIDE)[..., ::-1]))
    return [float(f"{value:.5g}") for value in table.mean(0)]
