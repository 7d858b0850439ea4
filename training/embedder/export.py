"""Export: a trained network in, an ONNX file with weights of one byte out; also runs such a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from training.embedder.network import Embedder
from training.embedder.pictures import Pixels
from training.embedder.projection import Projection

MEAN = STD = 0.5
OPSET = 17
BATCH = 16
FEATURES = "/features/Concat_output_0"  # what the projection reads


def write_onnx(network: Embedder, file: Path) -> None:
    """Write ``network``: ``images`` float32 [N, 3, 224, 224] to ``embedding`` float32 [N, 256]."""
    network.eval()
    example = torch.zeros(2, 3, 224, 224)
    torch.onnx.export(
        network,
        (example,),
        str(file),
        input_names=["images"],
        output_names=["embedding"],
        dynamic_axes={"images": {0: "N"}, "embedding": {0: "N"}},
        opset_version=OPSET,
        dynamo=False,
    )
    model = _with_small_weights(with_borders_in_convolutions(onnx.load(str(file))))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(file))


def with_borders_in_convolutions(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same network without nodes that only pad: each convolution adds its border itself, which is twice as fast.

    ONNX Runtime keeps maps in blocks of channels between convolutions, and would undo that for each such node.
    """
    pads = {node.output[0]: node for node in model.graph.node if node.op_type == "Pad"}
    borders = _values(model, [node.input[1] for node in pads.values()])
    for node in model.graph.node:
        if node.op_type == "Conv" and node.input[0] in pads:
            pad = pads[node.input[0]]
            top, left, bottom, right = (int(borders[pad.input[1]][place]) for place in (2, 3, 6, 7))
            kept = [attribute for attribute in node.attribute if attribute.name != "pads"]
            del node.attribute[:]
            node.attribute.extend([*kept, helper.make_attribute("pads", [top, left, bottom, right])])
            node.input[0] = pad.input[0]
    _drop_unused(model)
    return model


def _values(model: onnx.ModelProto, names: Sequence[str]) -> dict[str, npt.NDArray[np.int64]]:
    """What tensors hold that do not depend on the pictures."""
    asked = onnx.ModelProto()
    asked.CopyFrom(model)
    asked.graph.output.extend(helper.make_tensor_value_info(name, TensorProto.INT64, None) for name in names)
    session = onnxruntime.InferenceSession(asked.SerializeToString(), providers=["CPUExecutionProvider"])
    return dict(zip(names, session.run(names, {"images": np.zeros((1, 3, 224, 224), np.float32)}), strict=True))


def _drop_unused(model: onnx.ModelProto) -> None:
    """Nodes whose answers nobody reads."""
    read = {output.name for output in model.graph.output}
    kept = []
    for node in reversed(model.graph.node):
        if read & set(node.output):
            kept.append(node)
            read |= set(node.input)
    del model.graph.node[:]
    model.graph.node.extend(reversed(kept))


def _with_small_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large weights as bytes with a scale for each output: the graph makes float32 of them when it is loaded."""
    made, scales = [], []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or len(weight.dims) < 2 or int(np.prod(weight.dims)) < 256:
            continue
        name, values = weight.name, numpy_helper.to_array(weight)
        steps, scale = _bytes(values)
        weight.CopyFrom(numpy_helper.from_array(steps, f"{name}.bytes"))
        scales.append(numpy_helper.from_array(scale, f"{name}.scale"))
        made.append(helper.make_node("Cast", [f"{name}.bytes"], [f"{name}.steps"], to=TensorProto.FLOAT))
        made.append(helper.make_node("Mul", [f"{name}.steps", f"{name}.scale"], [name]))
    nodes = [*made, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.initializer.extend(scales)
    return model


def run_onnx(file: Path, squares: Pixels) -> npt.NDArray[np.float32]:
    """Vectors of uint8 [n, 224, 224, 3] squares, as ONNX Runtime gives them on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    starts = range(0, len(squares), BATCH)
    return np.concatenate([session.run(None, {"images": scaled(squares[at : at + BATCH])})[0] for at in starts])


def scaled(squares: Pixels) -> npt.NDArray[np.float32]:
    """What the network reads: uint8 [n, h, w, 3] as float32 [n, 3, h, w]."""
    values = (squares.astype(np.float32) / 255 - MEAN) / STD
    return np.ascontiguousarray(values.transpose(0, 3, 1, 2))


def write_projection(projection: Projection, file: Path) -> None:
    """Put another projection into a finished file."""
    model = onnx.load(str(file))
    steps, scale = _bytes(projection.matrix)
    new = {"project.weight.bytes": steps, "project.weight.scale": scale, "project.bias": projection.offset}
    for weight in model.graph.initializer:
        if weight.name in new:
            weight.CopyFrom(numpy_helper.from_array(new.pop(weight.name), weight.name))
    assert not new
    onnx.save(model, str(file))


def projection_in(file: Path) -> Projection:
    """The projection of a finished file: features in, unit vectors out."""
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in onnx.load(str(file)).graph.initializer}
    steps = known["project.weight.bytes"].astype(np.float32)
    return Projection(steps * known["project.weight.scale"], known["project.bias"])


def _bytes(values: npt.NDArray[np.float32]) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """A byte for each weight, and a scale for each output."""
    scale = np.maximum(np.abs(values).max(axis=tuple(range(1, values.ndim)), keepdims=True), 1e-12) / 127
    return np.rint(values / scale).astype(np.int8), scale.astype(np.float32)
