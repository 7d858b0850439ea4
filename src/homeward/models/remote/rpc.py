"""Rpc: a model service over gRPC on one kept channel; a slow answer is raced by a second call."""

import queue
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult

import grpc
import numpy as np

from homeward.models.oip import messages, path
from homeward.models.onnx import Floats
from homeward.models.protocol import described as in_words
from homeward.models.protocol import raw
from homeward.models.remote.link import (
    MAX_ANSWER_BYTES,
    Asked,
    Broken,
    Busy,
    Described,
    TooSlow,
    Wrong,
    checked,
    described,
)

PUSHBACK = "grpc-retry-pushback-ms"
OPTIONS = [
    ("grpc.max_receive_message_length", MAX_ANSWER_BYTES),
    ("grpc.max_reconnect_backoff_ms", 1000),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.enable_retries", 0),  # tries are counted by who calls
]
Call = Callable[..., Any]


@dataclass(slots=True)
class RpcLink:
    """`Link` to a grpc or grpcs address."""

    url: SplitResult
    key: str | None
    _channel: Any = field(init=False)
    _infer: Call = field(init=False)
    _describe: Call = field(init=False)

    def __post_init__(self) -> None:
        """Nobody is connected to yet."""
        target = self.url.netloc.rpartition("@")[2]
        if self.url.scheme == "grpcs":
            self._channel = grpc.secure_channel(target, grpc.ssl_channel_credentials(), OPTIONS)
        else:
            self._channel = grpc.insecure_channel(target, OPTIONS)
        self._infer, self._describe = self._call("ModelInfer"), self._call("ModelMetadata")

    def describe(self, model: str, deadline_s: float) -> Described:
        """What the model eats and gives."""
        answer, _ = self._exchange(self._describe, messages()["ModelMetadataRequest"](name=model), deadline_s, None)
        tensors = {
            kind: [{"name": each.name, "datatype": each.datatype, "shape": list(each.shape)} for each in given]
            for kind, given in (("inputs", answer.inputs), ("outputs", answer.outputs))
        }
        return described(tensors)

    def infer(self, asked: Asked, deadline_s: float, hedge_after_s: float | None) -> tuple[Floats, bool]:
        """Rows of output, and whether it took a second call."""
        known = messages()
        request = known["ModelInferRequest"](
            model_name=asked.model,
            inputs=[known["InferTensor"](**in_words(asked.input, asked.tensor))],
            outputs=[known["InferRequestedOutput"](name=asked.output)],
            raw_input_contents=[raw(asked.tensor)],
        )
        answer, was_hedged = self._exchange(self._infer, request, deadline_s, hedge_after_s)
        return checked(_rows(answer, asked.output), asked), was_hedged

    def close(self) -> None:
        """Let go of the channel."""
        self._channel.close()

    def _call(self, name: str) -> Call:
        known = messages()
        call: Call = self._channel.unary_unary(
            path(name),
            request_serializer=known[f"{name}Request"].SerializeToString,
            response_deserializer=known[f"{name}Response"].FromString,
        )
        return call

    def _exchange(self, call: Call, request: Any, deadline_s: float, hedge_after_s: float | None) -> tuple[Any, bool]:
        """The first answer of one call or, where that lets wait, of two; the slower one is cancelled."""
        metadata = [("authorization", f"Bearer {self.key}")] if self.key else []
        if hedge_after_s is None:
            try:
                return call(request, timeout=max(0.001, deadline_s - time.monotonic()), metadata=metadata), False
            except grpc.RpcError as error:
                raise _refusal(error) from error
        done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        racing = [self._begun(call, request, deadline_s, metadata, done)]
        try:
            first = done.get(timeout=hedge_after_s)
        except queue.Empty:
            racing.append(self._begun(call, request, deadline_s, metadata, done))
            first = done.get()
            if first.exception() is not None:
                first = done.get()
        try:
            return first.result(), len(racing) > 1
        except grpc.RpcError as error:
            raise _refusal(error) from error
        finally:
            for each in racing:
                each.cancel()

    @staticmethod
    def _begun(call: Any, request: Any, deadline_s: float, metadata: Any, done: "queue.SimpleQueue[Any]") -> Any:
        future = call.future(request, timeout=max(0.001, deadline_s - time.monotonic()), metadata=metadata)
        future.add_done_callback(done.put)
        return future


def _rows(answer: Any, output: str) -> Floats:
    """The output of that name.

    Raises:
        Wrong: it is not there, or not of its shape.
    """
    for place, tensor in enumerate(answer.outputs):
        if tensor.name != output:
            continue
        try:
            if answer.raw_output_contents:
                flat = np.frombuffer(answer.raw_output_contents[place], "<f4")
            else:
                flat = np.array(tensor.contents.fp32_contents, np.float32)
            if tensor.datatype == "FP32":
                return flat.reshape(tuple(tensor.shape))
        except (ValueError, IndexError) as error:
            raise Wrong("The service's answer has not the size of its shape.") from error
    raise Wrong(f"The service's answer has no tensor {output}.")


def _refusal(error: grpc.RpcError) -> Busy | Broken | TooSlow | Wrong:
    """A status as one of the kinds of refusal."""
    code: grpc.StatusCode = error.code()
    said = f"The service answers {code.name}."
    after_s = _pushback_s(error)
    if after_s is not None or code is grpc.StatusCode.RESOURCE_EXHAUSTED:
        return Busy(said, after_s)
    if code is grpc.StatusCode.UNAVAILABLE:
        return Broken("The service cannot be reached, or is not ready.")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return TooSlow("The service did not answer in time.")
    if code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
        return Wrong(said, hint="Set HOMEWARD_MODEL_SERVICE_KEY on both sides.")
    if code is grpc.StatusCode.NOT_FOUND:
        hint = "Add the model there: homeward models add, or homeward models export --triton."
        return Wrong(said, hint=hint)
    return Wrong(said, hint="Its log says why.")


def _pushback_s(error: Any) -> float | None:
    try:
        return next(float(value) / 1000 for key, value in error.trailing_metadata() or () if key == PUSHBACK)
    except (StopIteration, ValueError):
        return None
