"""Link: how a model service is asked. What it may answer, and the three ways in which it may not."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from homeward.errors import ModelUnavailable
from homeward.models.onnx import Floats
from homeward.models.protocol import Tensor

MAX_ANSWER_BYTES = 256_000_000


class Busy(ModelUnavailable):
    """The service has no room now; ``after_s`` is the time that it named, or None."""

    def __init__(self, message: str, after_s: float | None) -> None:
        """``message`` says what it answered."""
        super().__init__(message)
        self.after_s = after_s


class Broken(ModelUnavailable):
    """The connection broke before the answer, or the service said that it is not itself; another try may do."""


class TooSlow(ModelUnavailable):
    """No answer within the time."""


class Wrong(ModelUnavailable):
    """An answer that another try would not mend: a refused key, no such model, a tensor that is none."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a model eats: name, datatype and shape of its one input, and the names of its outputs."""

    input: str
    datatype: str
    shape: tuple[int, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: a tensor for a model's input, and the output that is wanted of it."""

    model: str
    input: str
    tensor: Tensor
    output: str


class Link(Protocol):
    """Connections to one service. Safe to use from several threads; every call ends by ``deadline_s`` (monotonic)."""

    def describe(self, model: str, deadline_s: float) -> Described:
        """What the model eats and gives.

        Raises:
            ModelUnavailable: one of the kinds above.
        """
        ...

    def infer(self, asked: Asked, deadline_s: float, hedge_after_s: float | None) -> tuple[Floats, bool]:
        """Rows of output, and whether a second request was sent because the first took longer than ``hedge_after_s``.

        Raises:
            ModelUnavailable: one of the kinds above.
        """
        ...

    def close(self) -> None:
        """Let go of all connections."""
        ...


def described(metadata: dict[str, Any]) -> Described:
    """Metadata in the protocol's words, checked.

    Raises:
        Wrong: it is none, or the model has several inputs.
    """
    try:
        (given,) = metadata["inputs"]
        shape = tuple(int(side) for side in given["shape"])
        outputs = tuple(str(each["name"]) for each in metadata["outputs"])
        return Described(str(given["name"]), str(given["datatype"]), shape, outputs)
    except (KeyError, TypeError, ValueError) as error:
        raise Wrong("The service does not say what the model eats.") from error


def checked(rows: Tensor, asked: Asked) -> Floats:
    """The rows, once they are seen to be numbers, as many as pictures were sent.

    Raises:
        Wrong: they are not.
    """
    if rows.dtype != np.float32 or rows.ndim < 2 or len(rows) != len(asked.tensor):
        raise Wrong(f"The service answered {rows.dtype} {rows.shape} to {len(asked.tensor)} pictures.")
    if not np.isfinite(rows).all():
        raise Wrong("The service answered with what is no number.")
    return np.asarray(rows, np.float32)
