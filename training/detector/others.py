"""Last lesson: other four-legged animals, for pictures without colour.

At night, grey and flat, a network that saw COCO is sure of an animal long before it is sure of which one, and takes a
dog for a sheep or a horse. The finished file gets one more column in its table: how much each anchor looks like one of
those. Three small convolutions on what the first network's classes are read from learn, by least squares, what the
teacher says of them. The card names the column (``grey_animals``), and pictures with colour never look at it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper

from training.detector.data import Pictures
from training.detector.export import SAY_OF_SECOND
from training.detector.network import HIDDEN, STRIDES
from training.detector.teacher import COCO_OTHERS, Teacher
from training.detector.views import view

COCO_CLASSES = 80
VIEWS = 400
POSITIONS = 200  # of a view's map
DAMPING = 1e-6

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Level:
    """One stride: the map that the first network's classes are read from, and the teacher's class logits."""

    reads: str
    taught: str


def add(file: Path, teacher: Teacher, pictures: Pictures, seed: int) -> float:
    """Write the column into ``file``; the mean share of the teacher's variance that is left."""
    model = onnx.load(str(file))
    levels = _levels(model, teacher)
    weights, left = _fitted(model, levels, teacher, pictures, seed)
    _write(model, levels, weights)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(file))
    return left


def _levels(model: onnx.ModelProto, teacher: Teacher) -> list[Level]:
    produced = {node.output[0]: node for node in model.graph.node}
    taught = [joint.gives for joint in teacher.joints if _channels(teacher, joint.gives) == COCO_CLASSES]
    return [
        Level(produced[f"b_/head{stride}/classes/Conv_output_0"].input[0], name)
        for stride, name in zip(STRIDES, taught, strict=True)
    ]


def _channels(teacher: Teacher, name: str) -> int | None:
    """Of a map; None where the file does not say."""
    return next(output.shape[1] for output in teacher.session.get_outputs() if output.name == name)


def _fitted(
    model: onnx.ModelProto, levels: list[Level], teacher: Teacher, pictures: Pictures, seed: int
) -> tuple[list[Floats], float]:
    """For each level weights (channels and one, classes); and what is left of the variance."""
    session = _showing(model, [level.reads for level in levels])
    rng = np.random.default_rng(seed)
    seen: list[list[Floats]] = [[] for _ in levels]
    given: list[list[Floats]] = [[] for _ in levels]
    for _ in range(VIEWS):
        picture = view(pictures, rng).picture
        maps = teacher.inner(picture)
        feed = {"images": picture.transpose(2, 0, 1)[None].astype(np.float32)}
        answers = session.run([level.reads for level in levels], feed)
        for number, (level, answer) in enumerate(zip(levels, answers, strict=True)):
            mine, theirs = _flat(answer), _flat(maps[level.taught])[:, COCO_OTHERS]
            places = rng.choice(len(mine), min(POSITIONS, len(mine)), replace=False)
            seen[number].append(mine[places])
            given[number].append(theirs[places])
    fitted = [_least_squares(np.concatenate(x), np.concatenate(y)) for x, y in zip(seen, given, strict=True)]
    return [weights for weights, _ in fitted], float(np.mean([left for _, left in fitted]))


def _showing(model: onnx.ModelProto, names: list[str]) -> ort.InferenceSession:
    copied = onnx.ModelProto()
    copied.CopyFrom(model)
    copied.graph.output.extend(helper.make_empty_tensor_value_info(name) for name in names)
    return ort.InferenceSession(copied.SerializeToString(), providers=["CPUExecutionProvider"])


def _flat(answer: npt.NDArray[np.float32]) -> Floats:
    """(1, channels, height, width) as (places, channels)."""
    return answer[0].reshape(answer.shape[1], -1).T.astype(np.float64)


def _least_squares(seen: Floats, given: Floats) -> tuple[Floats, float]:
    with_one = np.concatenate([seen, np.ones((len(seen), 1))], 1)
    moments = with_one.T @ with_one
    damped = moments + DAMPING * np.diag(moments).mean() * np.eye(len(moments))
    weights = np.linalg.solve(damped, with_one.T @ given)
    return weights, float(np.mean((with_one @ weights - given) ** 2) / given.var())


def _write(model: onnx.ModelProto, levels: list[Level], weights: list[Floats]) -> None:
    """The convolutions behind the first network, their sum as the table's last column, and into what may be an animal.

    Where both networks answer, an animal's score is the first one's less the second one's say, and objectness is 1.
    """
    graph = model.graph
    count = len(COCO_OTHERS)
    learned, flat = [], []
    for level, weight, stride in zip(levels, weights, STRIDES, strict=True):
        name = f"others{stride}"
        kernel = weight[:-1].T.reshape(count, HIDDEN, 1, 1).astype(np.float32)
        graph.initializer.append(numpy_helper.from_array(kernel, f"{name}_weight"))
        graph.initializer.append(numpy_helper.from_array(weight[-1].astype(np.float32), f"{name}_bias"))
        learned += [
            helper.make_node("Conv", [level.reads, f"{name}_weight", f"{name}_bias"], [f"{name}_map"]),
            helper.make_node("Reshape", [f"{name}_map", "others_shape"], [f"{name}_flat"]),
        ]
        flat.append(f"{name}_flat")
    learned += [
        helper.make_node("Concat", flat, ["others_logits"], axis=2),
        helper.make_node("Sigmoid", ["others_logits"], ["others_apart"]),
        helper.make_node("ReduceSum", ["others_apart", "others_axis"], ["others_row"], keepdims=1),
        helper.make_node("Transpose", ["others_row"], ["others"], perm=[0, 2, 1]),
        helper.make_node("Concat", ["animals", "others"], ["animals_of_all_kinds"], axis=2),
    ]
    last = [
        helper.make_node("Mul", ["objectness", "others"], ["others_scores"]),
        helper.make_node("Mul", ["others_scores", "say_of_first"], ["others_joined"]),
        helper.make_node("Where", ["on_picture", "others_joined", "others"], ["others_said"]),
        helper.make_node("Sub", ["others_said", "others_said"], ["others_none"]),
        helper.make_node("Concat", ["others_said", "others_none"], ["others_column"], axis=1),
        helper.make_node("Concat", ["five_classes", "others_column"], ["output"], axis=2),
    ]
    graph.initializer.append(numpy_helper.from_array(np.array([0, count, -1], np.int64), "others_shape"))
    graph.initializer.append(numpy_helper.from_array(np.array([1], np.int64), "others_axis"))
    graph.initializer.append(numpy_helper.from_array(np.float32(1 - SAY_OF_SECOND), "say_of_first"))
    nodes = list(graph.node)
    for node in nodes:
        node.output[:] = ["five_classes" if name == "output" else name for name in node.output]
    place = next(number for number, node in enumerate(nodes) if list(node.output) == ["scores"])
    nodes[place].input[:] = ["animals_of_all_kinds" if name == "animals" else name for name in nodes[place].input]
    del graph.node[:]
    graph.node.extend([*nodes[:place], *learned, *nodes[place:], *last])
    graph.output[0].type.tensor_type.shape.dim[2].dim_value += 1
