"""Protocol: tensors in and out of the messages of the Open Inference Protocol v2, REST with binary tensors. Pure.

A message is a JSON head, whose length a header names, and the raw tensors behind it. Source: the KServe and Triton
projects' description of the protocol and of its binary tensor extension.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from homeward.errors import InvalidInput

LENGTH_HEADER = "Inference-Header-Content-Length"
DATATYPES: Mapping[str, np.dtype[Any]] = {"UINT8": np.dtype("u1"), "FP32": np.dtype("<f4")}
PICTURES = "pictures"  # the one input of a served model: RGB bytes (n, height, width, 3)
MAX_AXES = 8
MAX_TEXT_BYTES = 4_000_000  # a picture of 416 x 416 as JSON numbers takes half of that
Tensor = npt.NDArray[np.uint8] | npt.NDArray[np.float32]
Unread = (ValueError, KeyError, TypeError, AttributeError, StopIteration, RecursionError, OverflowError)


def described(name: str, tensor: Tensor) -> dict[str, Any]:
    """Name, shape and datatype of a tensor."""
    datatype = "UINT8" if tensor.dtype == np.uint8 else "FP32"
    return {"name": name, "shape": list(tensor.shape), "datatype": datatype}


def raw(tensor: Tensor) -> bytes:
    """The tensor's numbers, row by row, little-endian."""
    return np.ascontiguousarray(tensor, DATATYPES["UINT8" if tensor.dtype == np.uint8 else "FP32"]).tobytes()


def written(kind: str, name: str, tensor: Tensor, **more: Any) -> tuple[bytes, dict[str, str]]:
    """A message with one tensor among its ``kind`` (inputs or outputs), and the headers that go with it."""
    numbers = raw(tensor)
    head = {kind: [{**described(name, tensor), "parameters": {"binary_data_size": len(numbers)}}], **more}
    text = json.dumps(head, separators=(",", ":")).encode()
    return text + numbers, {LENGTH_HEADER: str(len(text)), "Content-Type": "application/octet-stream"}


def written_as_text(kind: str, name: str, tensor: Tensor, **more: Any) -> tuple[bytes, dict[str, str]]:
    """The same with the numbers as JSON, for who did not ask for raw ones."""
    head = {kind: [{**described(name, tensor), "data": tensor.ravel().tolist()}], **more}
    return json.dumps(head, separators=(",", ":")).encode(), {"Content-Type": "application/json"}


def read(kind: str, name: str, body: bytes, headers: Mapping[str, str]) -> tuple[Tensor, dict[str, Any]]:
    """The tensor ``name`` among a message's ``kind``, and the whole head. The tensor may be a view of ``body``.

    Raises:
        InvalidInput: it is no such message, or the tensor is neither UINT8 nor FP32.
    """
    try:
        length = int(headers.get(LENGTH_HEADER, len(body)))
        if not 0 <= length <= min(len(body), MAX_TEXT_BYTES):
            raise InvalidInput(f"The JSON part must be at most {MAX_TEXT_BYTES} bytes.", field=LENGTH_HEADER)
        head = json.loads(body[:length])
        found = next(each for each in head[kind] if each["name"] == name)
        shape = tuple(int(side) for side in found["shape"])
        datatype = DATATYPES.get(found["datatype"])
    except Unread as error:
        raise InvalidInput(f"The message has no tensor {name}.", field=kind) from error
    if datatype is None or len(shape) > MAX_AXES or any(side < 0 for side in shape):
        raise InvalidInput(f"The tensor {name} must be UINT8 or FP32.", field=f"{kind}.datatype")
    try:
        if "data" in found:
            return np.asarray(found["data"], datatype).reshape(shape), head
        start = length + _bytes_before(head[kind], found)
        return np.frombuffer(body, datatype, math.prod(shape), start).reshape(shape), head
    except Unread as error:
        raise InvalidInput(f"The tensor {name} has not the size of its shape.", field=f"{kind}.shape") from error


def _bytes_before(tensors: list[Any], wanted: Any) -> int:
    """Where the raw numbers of a tensor begin, behind the JSON part."""
    before = tensors[: tensors.index(wanted)]
    return sum(int(each.get("parameters", {}).get("binary_data_size", 0)) for each in before)
