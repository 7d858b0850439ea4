"""Protocol: tensors in and out of the messages of the Open Inference Protocol v2, REST with binary tensors. Pure.

A message is a JSON head, whose length a header names, and the raw tensor behind it. Source: the KServe and Triton
projects' description of the protocol and of its binary tensor extension.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from homeward.errors import InvalidInput

LENGTH_HEADER = "Inference-Header-Content-Length"
DATATYPE = "FP32"
MAX_AXES = 8
Floats = npt.NDArray[np.float32]


def written(kind: str, name: str, tensor: Floats, **more: Any) -> tuple[bytes, dict[str, str]]:
    """A message with one float32 tensor among its ``kind`` (inputs or outputs), and the headers that go with it."""
    raw = np.ascontiguousarray(tensor, "<f4").tobytes()
    described = {"name": name, "shape": list(tensor.shape), "datatype": DATATYPE}
    head = {kind: [{**described, "parameters": {"binary_data_size": len(raw)}}], **more}
    text = json.dumps(head, separators=(",", ":")).encode()
    return text + raw, {LENGTH_HEADER: str(len(text)), "Content-Type": "application/octet-stream"}


def read(kind: str, name: str, body: bytes, headers: Mapping[str, str]) -> tuple[Floats, dict[str, Any]]:
    """The float32 tensor ``name`` among a message's ``kind``, and the whole head. Data as JSON is taken too.

    Raises:
        InvalidInput: it is no such message.
    """
    try:
        length = int(headers.get(LENGTH_HEADER, len(body)))
        head = json.loads(body[:length])
        found = next(each for each in head[kind] if each["name"] == name)
        shape = tuple(int(side) for side in found["shape"])
    except (ValueError, KeyError, TypeError, StopIteration, RecursionError) as error:
        raise InvalidInput(f"The message has no tensor {name}.", field=kind) from error
    if found.get("datatype") != DATATYPE or len(shape) > MAX_AXES or any(side < 0 for side in shape):
        raise InvalidInput(f"The tensor {name} must be {DATATYPE}.", field=f"{kind}.datatype")
    try:
        if "data" in found:
            flat = np.asarray(found["data"], np.float32).reshape(-1)
        else:
            flat = np.frombuffer(body[length:], "<f4")
        return flat.reshape(shape).astype(np.float32), head
    except (ValueError, TypeError) as error:
        raise InvalidInput(f"The tensor {name} has not the size of its shape.", field=f"{kind}.shape") from error
