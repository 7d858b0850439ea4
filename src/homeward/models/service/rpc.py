"""Rpc: the service over gRPC. The key is asked for, and room is made, before a message is parsed."""

import math
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import numpy as np

from homeward.errors import (
    Forbidden,
    HomewardError,
    InvalidInput,
    ModelUnavailable,
    NotFound,
    TooManyRequests,
    Unauthorized,
)
from homeward.models.oip import SERVICE, messages
from homeward.models.protocol import DATATYPES, MAX_AXES, PICTURES, Tensor, raw
from homeward.models.service.metrics import REQUESTS
from homeward.models.service.models import ModelService
from homeward.models.service.room import Full
from homeward.models.service.served import Served

PUSHBACK = "grpc-retry-pushback-ms"  # gRPC's own word for "not before", see its retry design (gRFC A6)
MOST_CALLS = 256
STATUS: dict[type[HomewardError], grpc.StatusCode] = {
    Unauthorized: grpc.StatusCode.UNAUTHENTICATED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    NotFound: grpc.StatusCode.NOT_FOUND,
    InvalidInput: grpc.StatusCode.INVALID_ARGUMENT,
    TooManyRequests: grpc.StatusCode.RESOURCE_EXHAUSTED,
    ModelUnavailable: grpc.StatusCode.UNAVAILABLE,
}
Call = Callable[[bytes, Any], Awaitable[bytes]]


class Rpc:
    """The protocol's calls over a `ModelService`."""

    def __init__(self, service: ModelService) -> None:
        """For these models."""
        self._service = service
        self._known = messages()

    def server(self, *, is_shared: bool) -> grpc.aio.Server:
        """A server without an address; with ``is_shared`` several processes may listen on one port."""
        most = max(served.most_bytes for served in self._service.served.values())
        options = [("grpc.max_receive_message_length", most), ("grpc.so_reuseport", int(is_shared))]
        server = grpc.aio.server(options=options, maximum_concurrent_rpcs=MOST_CALLS)
        calls: dict[str, Call] = {
            "ServerLive": self._live,
            "ServerReady": self._ready,
            "ServerMetadata": self._about,
            "ModelReady": self._guarded("ModelReadyRequest", self._model_ready),
            "ModelMetadata": self._guarded("ModelMetadataRequest", self._metadata),
            "ModelInfer": _told(self._infer),
        }
        handlers: dict[str, Any] = {name: grpc.unary_unary_rpc_method_handler(call) for name, call in calls.items()}
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        return server

    async def _live(self, _: bytes, __: Any) -> bytes:
        return self._made("ServerLiveResponse", live=True)

    async def _ready(self, _: bytes, __: Any) -> bytes:
        return self._made("ServerReadyResponse", ready=self._service.is_ready)

    async def _about(self, _: bytes, __: Any) -> bytes:
        return self._made("ServerMetadataResponse", **self._service.metadata())

    def _guarded(self, kind: str, call: Callable[[Served], bytes]) -> Call:
        async def work(request: bytes, context: Any) -> bytes:
            self._service.admit(_authorization(context))
            asked = self._parsed(kind, request)
            return call(self._service.model(asked.name, asked.version))

        return _told(work)

    def _model_ready(self, served: Served) -> bytes:
        return self._made("ModelReadyResponse", ready=served.is_ready)

    def _metadata(self, served: Served) -> bytes:
        return self._made("ModelMetadataResponse", **served.metadata())

    async def _infer(self, request: bytes, context: Any) -> bytes:
        self._service.admit(_authorization(context))
        asked = self._parsed("ModelInferRequest", request)
        served = self._service.model(asked.model_name, asked.model_version)
        outcome = "cut off"
        try:
            with served.room.stay(len(request)):
                rows = await served.infer(served.fitting(_tensor(asked)))
            outcome = "ok"
        except Full:
            outcome = TooManyRequests.code
            raise served.busy() from None
        except HomewardError as error:
            outcome = error.code
            raise
        finally:
            REQUESTS.labels(served.card.name, "grpc", outcome).inc()
        output = self._known["InferTensor"](name=served.card.output, datatype="FP32", shape=rows.shape)
        return self._made(
            "ModelInferResponse",
            model_name=served.card.name,
            model_version=str(served.card.version),
            id=asked.id,
            outputs=[output],
            raw_output_contents=[raw(rows)],
        )

    def _parsed(self, kind: str, request: bytes) -> Any:
        from google.protobuf.message import DecodeError

        try:
            return self._known[kind].FromString(request)
        except DecodeError as error:
            raise InvalidInput(f"This is no {kind}.", field="message") from error

    def _made(self, kind: str, **fields: Any) -> bytes:
        return bytes(self._known[kind](**fields).SerializeToString())


def _authorization(context: Any) -> str | None:
    return next((value for key, value in context.invocation_metadata() or () if key == "authorization"), None)


def _tensor(asked: Any) -> Tensor:
    """The tensor of a request, raw or number by number.

    Raises:
        InvalidInput: it is not there, or not of its shape.
    """
    place = next((number for number, tensor in enumerate(asked.inputs) if tensor.name == PICTURES), None)
    if place is None:
        raise InvalidInput(f"The message has no tensor {PICTURES}.", field="inputs")
    given = asked.inputs[place]
    datatype, shape = DATATYPES.get(given.datatype), tuple(given.shape)
    if datatype is None or len(shape) > MAX_AXES or any(side < 0 for side in shape):
        raise InvalidInput(f"The tensor {PICTURES} must be UINT8 or FP32.", field="inputs.datatype")
    try:
        if asked.raw_input_contents:
            return np.frombuffer(asked.raw_input_contents[place], datatype, math.prod(shape)).reshape(shape)
        numbers = given.contents.uint_contents if given.datatype == "UINT8" else given.contents.fp32_contents
        return np.array(numbers, datatype).reshape(shape)
    except (ValueError, OverflowError, IndexError) as error:
        raise InvalidInput(f"The tensor {PICTURES} has not the size of its shape.", field="inputs.shape") from error


def _told(call: Call) -> Call:
    """The call, whose errors become the status that gRPC has for them."""

    async def work(request: bytes, context: Any) -> bytes:
        try:
            return await call(request, context)
        except HomewardError as error:
            status = next((code for kind, code in STATUS.items() if isinstance(error, kind)), grpc.StatusCode.INTERNAL)
            wait_s = error.values.get("retry_after_s")
            trailing = ((PUSHBACK, str(math.ceil(float(wait_s) * 1000))),) if wait_s is not None else ()
            text = " ".join(filter(None, (error.message, error.hint)))
            await context.abort(status, text, trailing_metadata=trailing)
            raise AssertionError from error  # abort has raised

    return work
