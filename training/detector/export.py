"""The trained network as an ONNX file, and the vector by which a wrongly loaded one is noticed."""

import copy
import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import compose, helper, numpy_helper

from training.detector.data import CLASSES, PERSON
from training.detector.network import STRIDES, Bodies, Detector, Joined, Second
from training.detector.teacher import SIDE

NAME = "homeward-detector-1"
OPSET = 17
ANCHORS = sum((SIDE // stride) ** 2 for stride in STRIDES)
SAY_OF_SECOND = 0.3  # in the score of an animal; more of it sees smaller animals, and more false ones in streets
MAY_BE = 0.05  # score of an animal from which on the second network looks


def write_onnx(bodies: Detector, network: Joined, folder: Path) -> Path:
    """One file for any number of pictures of any size in steps of the largest stride: bodies' rows, then heads'.

    The second network runs only where some picture of the batch may show an animal (`MAY_BE`): most pictures of a
    street show none, and need half the time.
    """
    file = folder / f"{NAME}.onnx"
    bodies = copy.deepcopy(bodies)
    bodies.parts["stem"] = bodies.parts["stem"].at_once()
    images, found = torch.zeros(1, 3, SIDE, SIDE), torch.zeros(1, ANCHORS, 5 + len(CLASSES))
    early = torch.zeros(1, 64, SIDE // STRIDES[0], SIDE // STRIDES[0])
    first = compose.add_prefix(_exported(Bodies(bodies), {"images": images}, ["output", "early"]), "b_")
    second = Second(network, SAY_OF_SECOND)
    second = compose.add_prefix(_exported(second, {"early": early, "found": found}, ["output"]), "h_")
    outer = {"h_early": "b_early", "h_found": "b_output"}
    for node in second.graph.node:
        node.input[:] = [outer.get(name, name) for name in node.input]
    run = helper.make_graph(second.graph.node, "run", [], [_table_of("h_output")], initializer=second.graph.initializer)
    alone = [
        helper.make_node("Sub", ["b_output", "b_output"], ["no_heads"]),
        helper.make_node("Concat", ["b_output", "no_heads"], ["alone"], axis=1),
    ]
    skip = helper.make_graph(
        [helper.make_node("Identity", ["alone"], ["as_it_is"])], "skip", [], [_table_of("as_it_is")]
    )
    condition = [
        helper.make_node("Slice", ["b_output", "from_objectness", "to_objectness", "last_axis"], ["objectness"]),
        helper.make_node("Slice", ["b_output", "from_animals", "to_animals", "last_axis"], ["animals"]),
        helper.make_node("Mul", ["objectness", "animals"], ["scores"]),
        helper.make_node("ReduceMax", ["scores"], ["best"], axes=[1, 2], keepdims=1),
        helper.make_node("Greater", ["best", "may_be"], ["on_picture"]),
        helper.make_node("ReduceMax", ["best"], ["best_of_all"], keepdims=0),
        helper.make_node("Greater", ["best_of_all", "may_be"], ["on_any"]),
        helper.make_node("If", ["on_any"], ["both"], then_branch=run, else_branch=skip),
        # a picture's answer must not depend on those beside it
        helper.make_node("Where", ["on_picture", "both", "alone"], ["output"]),
    ]
    edges = {"from_objectness": 4, "to_objectness": 5, "from_animals": 5, "to_animals": 5 + PERSON, "last_axis": 2}
    constants = [numpy_helper.from_array(np.array([value], np.int64), name) for name, value in edges.items()]
    constants.append(numpy_helper.from_array(np.float32(MAY_BE), "may_be"))
    first.graph.node.extend([*alone, *condition])
    first.graph.initializer.extend(constants)
    # an input with a default: who needs no heads feeds a score that nothing reaches
    first.graph.input.append(helper.make_tensor_value_info("may_be", onnx.TensorProto.FLOAT, []))
    del first.graph.output[:]
    first.graph.output.append(_table_of("output"))
    _renamed(first.graph, "b_images", "images")
    onnx.checker.check_model(first, full_check=True)
    onnx.save(first, str(file))
    return file


def _exported(part: Bodies | Second, reads: dict[str, torch.Tensor], gives: list[str]) -> onnx.ModelProto:
    made = io.BytesIO()
    spread = {name: {0: "n", 2: f"height_{name}", 3: f"width_{name}"} for name in ("images", "early")}
    spread |= {"found": {0: "n", 1: "anchors"}, "output": {0: "n", 1: "rows"}}
    torch.onnx.export(
        part.eval(),
        tuple(reads.values()),
        made,
        input_names=list(reads),
        output_names=gives,
        dynamic_axes={name: spread[name] for name in (*reads, *gives)},
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
