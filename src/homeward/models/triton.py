"""Triton: a model in, a folder of a Triton model repository out, whose network takes RGB pictures as bytes.

The network gets its preparation (colours, scale, mean, layout) as a first part, so that whoever asks sends the same
bytes as to Homeward's own service. Source: the protocol buffer ``inference.ModelConfig`` and the layout of a model
repository, as the Triton project describes them.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from homeward.domain.animals import Picture
from homeward.errors import BadSettings, Conflict, ModelUnavailable
from homeward.models.cards import Card, Input
from homeward.models.golden import check_golden
from homeward.models.limits import Batching
from homeward.models.onnx import Floats
from homeward.models.protocol import PICTURES

CONFIG, NETWORK = "config.pbtxt", "model.onnx"
Device = Literal["gpu", "cpu"]


@dataclass(frozen=True, slots=True)
class PreparingNetwork:
    """`homeward.models.onnx.Runs` over a file that prepares pictures itself. ``batch`` None: any number of them."""

    session: Any
    output: str
    batch: int | None

    def run(self, canvases: list[Picture]) -> Floats:
        """Rows of output."""
        size = self.batch or len(canvases)
        parts = [canvases[start : start + size] for start in range(0, len(canvases), size)]
        filled = [part + part[-1:] * (size - len(part)) for part in parts]
        try:
            rows = [self.session.run([self.output], {PICTURES: np.stack(part)})[0] for part in filled]
        except Exception as error:
            raise ModelUnavailable("The network with its preparation does not run.", hint=str(error)[:200]) from error
        return np.asarray(np.concatenate(rows)[: len(canvases)], np.float32)


def export(card: Card, network: Path, repository: Path, how: Batching, device: Device) -> Path:
    """Write ``repository/NAME`` and try what was written; a folder of that name is replaced. Returns it.

    Raises:
        BadSettings: the package onnx is missing.
        ModelInvalid: with its preparation the network is not what the card describes.
        Conflict: the folder cannot be written.
    """
    folder, part = repository / card.name, repository / f".{card.name}.part"
    file = part / str(card.version) / NETWORK
    try:
        shutil.rmtree(part, ignore_errors=True)
        file.parent.mkdir(parents=True)
        write_preparing(network, card.input, file)
        written = opened(card, file)
        check_golden(card, written)
        row = written.run([np.zeros((card.input.height, card.input.width, 3), np.uint8)])[0]
        (part / CONFIG).write_text(config(card, row.shape, written.batch, how, device), encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    except OSError as error:
        raise Conflict(f"{repository} cannot be written.", field="triton", hint=error.strerror) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def opened(card: Card, file: Path) -> PreparingNetwork:
    """A file of `write_preparing` in this process."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    first = session.get_inputs()[0].shape[0]
    return PreparingNetwork(session, card.output, first if isinstance(first, int) else None)


def write_preparing(network: Path, how: Input, target: Path) -> None:
    """The same network behind a first part that makes its input of RGB pictures (n, height, width, 3) in bytes."""
    try:
        import onnx
    except ImportError as error:
        raise BadSettings("The package onnx is missing.", hint="pip install 'homeward[models]'") from error

    model = onnx.load(str(network))
    graph = model.graph
    given = next(each for each in graph.input if each.name == how.name)
    first = given.type.tensor_type.shape.dim[0]
    batch = first.dim_value if first.HasField("dim_value") and first.dim_value > 0 else "pictures_n"
    pictures = onnx.helper.make_tensor_value_info(PICTURES, onnx.TensorProto.UINT8, [batch, how.height, how.width, 3])
    nodes, constants = _preparation(onnx, how)
    constant = {each.name for each in graph.initializer}  # what a caller may override here is fixed there
    others = [each for each in graph.input if each.name not in {how.name, *constant}]
    earlier = list(graph.node)
    del graph.input[:], graph.node[:]
    graph.input.extend([pictures, *others])
    graph.node.extend([*nodes, *earlier])
    graph.initializer.extend(constants)
    onnx.checker.check_model(model)
    onnx.save(model, str(target))


def _preparation(onnx: Any, how: Input) -> tuple[list[Any], list[Any]]:
    """The nodes from pictures to the network's own input, and their constants."""
    steps: list[tuple[str, list[Any], dict[str, Any]]] = []
    if how.colour == "BGR":
        steps.append(("Gather", [np.array([2, 1, 0], np.int64)], {"axis": 3}))
    steps.append(("Cast", [], {"to": onnx.TensorProto.FLOAT}))
    for kind, numbers, nothing in (("Mul", [how.scale], 1.0), ("Sub", how.mean, 0.0), ("Div", how.std, 1.0)):
        if any(number != nothing for number in numbers):
            steps.append((kind, [np.array(numbers, np.float32)], {}))
    if how.layout == "NCHW":
        steps.append(("Transpose", [], {"perm": [0, 3, 1, 2]}))
    nodes, constants, last = [], [], PICTURES
    for number, (kind, arrays, more) in enumerate(steps):
        names = [f"homeward_constant_{number}" for _ in arrays]
        constants += [onnx.numpy_helper.from_array(array, name) for array, name in zip(arrays, names, strict=True)]
        following = how.name if number == len(steps) - 1 else f"homeward_prepared_{number}"
        nodes.append(onnx.helper.make_node(kind, [last, *names], [following], **more))
        last = following
    return nodes, constants


def config(card: Card, row: tuple[int, ...], batch: int | None, how: Batching, device: Device) -> str:
    """The model's ``config.pbtxt``; a network of a fixed ``batch`` is not joined with others."""
    sides = f"{card.input.height}, {card.input.width}, 3"
    rows = ", ".join(str(side) for side in row)
    lead = f"{batch}, " if batch else ""
    lines = [
        f"name: {_quoted(card.name)}",
        'backend: "onnxruntime"',
        f"max_batch_size: {0 if batch else how.max_batch}",
        f"input [ {{ name: {_quoted(PICTURES)} data_type: TYPE_UINT8 dims: [ {lead}{sides} ] }} ]",
        f"output [ {{ name: {_quoted(card.output)} data_type: TYPE_FP32 dims: [ {lead}{rows} ] }} ]",
        f"instance_group [ {{ count: {how.instances} kind: KIND_{device.upper()} }} ]",
    ]
    if not batch:
        lines += [
            "dynamic_batching {",
            f"  max_queue_delay_microseconds: {round(how.max_delay_ms * 1000)}",
            f"  default_queue_policy {{ max_queue_size: {how.most_waiting} }}",
            "}",
        ]
    warm = f"key: {_quoted(PICTURES)} value {{ data_type: TYPE_UINT8 dims: [ {lead}{sides} ] zero_data: true }}"
    lines += [f'model_warmup [ {{ name: "first" batch_size: {0 if batch else 1} inputs {{ {warm} }} }} ]']
    return "\n".join([*lines, ""])


def _quoted(text: str) -> str:
    return json.dumps(text)
