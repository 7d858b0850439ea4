"""Export: a trained network in, an ONNX file with half-precision weights out; also runs such a file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime
import torch
from onnx import TensorProto, helper, numpy_helper

from training.embedder.network import Embedder
from training.embedder.pictures import Pixels

MEAN = STD = 0.5
OPSET = 17
BATCH = 16


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
    model = _with_half_weights(onnx.load(str(file)))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, str(file))


def _with_half_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large weights as float16, cast back in the graph: all arithmetic stays float32."""
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or int(np.prod(weight.dims)) < 256:
            continue
        name = weight.name
        half = numpy_helper.from_array(numpy_helper.to_array(weight).astype(np.float16), f"{name}.half")
        weight.CopyFrom(half)
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def run_onnx(file: Path, squares: Pixels) -> npt.NDArray[np.float32]:
    """Vectors of uint8 [n, 224, 224, 3] squares, as ONNX Runtime gives them on one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    found = []
    for start in range(0, len(squares), BATCH):
        scaled = (squares[start : start + BATCH].astype(np.float32) / 255 - MEAN) / STD
        found.append(session.run(None, {"images": np.ascontiguousarray(scaled.transpose(0, 3, 1, 2))})[0])
    return np.concatenate(found)
