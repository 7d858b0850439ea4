"""Server: the model service. Networks in, the Open Inference Protocol v2 over REST out, with batches and a limit."""

import hmac
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from homeward import __version__
from homeward.errors import Forbidden, HomewardError, InvalidInput, NotFound, PayloadTooLarge
from homeward.models.batching import Batcher
from homeward.models.cards import DetectorCard, EmbedderCard
from homeward.models.onnx import Floats, OnnxNetwork
from homeward.models.protocol import DATATYPE, read, written

MAX_BYTES = 64_000_000
MAX_ROWS = 32
MOST_WAITING = 64
WAIT_S = 1
ModelCard = DetectorCard | EmbedderCard


@dataclass(slots=True)
class Served:
    """A network, the calls that wait for it, and what joins them."""

    card: ModelCard
    network: OnnxNetwork
    waiting: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _batcher: Batcher[Floats, Floats] = field(init=False)

    def __post_init__(self) -> None:
        """Start the thread that runs batches."""
        self._batcher = Batcher(lambda rows: list(self.network.infer(np.stack(rows))), self.card.name)

    def infer(self, tensor: Floats) -> Floats:
        """Rows of output."""
        with self._counted():
            return np.stack(self._batcher(list(tensor)))

    def close(self) -> None:
        """Stop the thread."""
        self._batcher.close()

    @contextmanager
    def _counted(self) -> Iterator[None]:
        with self._lock:
            self.waiting += 1
        try:
            yield
        finally:
            with self._lock:
                self.waiting -= 1


@dataclass(frozen=True, slots=True)
class ModelService:
    """All networks that are served; with ``key`` only who holds it may ask."""

    served: Mapping[str, Served]
    key: str | None

    def model(self, request: Request, name: str) -> Served:
        """The network of that name.

        Raises:
            Forbidden: the caller has not the key.
            NotFound: there is no such network.
        """
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.key is not None and not hmac.compare_digest(given.encode(), self.key.encode()):
            raise Forbidden("The key is wrong.")
        if name not in self.served:
            raise NotFound(f"There is no model {name[:80]}.", field="model")
        return self.served[name]

    def metadata(self, request: Request, name: str) -> dict[str, Any]:
        """What a network eats and gives."""
        card = self.model(request, name).card
        return {
            "name": card.name,
            "versions": [str(card.version)],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": card.input.name, "datatype": DATATYPE, "shape": [-1, *_shape(card)[1:]]}],
            "outputs": [{"name": card.output, "datatype": DATATYPE, "shape": [-1, -1]}],
        }

    async def infer(self, request: Request, name: str) -> Response:
        """One request: refused with a time while too many wait."""
        asked = self.model(request, name)
        if asked.waiting >= MOST_WAITING:
            return JSONResponse({"error": "busy"}, 429, headers={"Retry-After": str(WAIT_S)})
        tensor, head = read("inputs", asked.card.input.name, await _body(request), request.headers)
        if tensor.shape[1:] != _shape(asked.card)[1:] or not 1 <= len(tensor) <= MAX_ROWS:
            wanted = f"[1 to {MAX_ROWS}, {', '.join(map(str, _shape(asked.card)[1:]))}]"
            raise InvalidInput(f"The tensor must be {wanted}.", field="inputs.shape")
        rows = await run_in_threadpool(asked.infer, tensor)
        more = {"id": head["id"]} if isinstance(head.get("id"), str) else {}
        body, headers = written("outputs", asked.card.output, rows, model_name=name, **more)
        return Response(body, headers=headers)


def create_service(models: Sequence[tuple[ModelCard, OnnxNetwork]], key: str | None) -> FastAPI:
    """The application. Networks are warm when this returns."""
    served = {str(card.name): Served(card, network) for card, network in models}
    for each in served.values():
        each.infer(np.zeros(_shape(each.card), np.float32))
    service = ModelService(served, key)
    app = FastAPI(title="Homeward models", version=__version__, docs_url=None, redoc_url=None, openapi_url=None)

    def told(_: Request, error: Exception) -> Response:
        assert isinstance(error, HomewardError)
        return JSONResponse({"error": error.message}, error.status)

    app.add_exception_handler(HomewardError, told)
    app.add_api_route("/v2", lambda: {"name": "homeward", "version": __version__, "extensions": ["binary_tensor_data"]})
    for path in ("/v2/health/live", "/v2/health/ready"):
        app.add_api_route(path, lambda: {"ready": True})
    for path in ("/v2/models/{name}", "/v2/models/{name}/ready"):
        app.add_api_route(path, service.metadata)
    app.add_api_route("/v2/models/{name}/infer", service.infer, methods=["POST"], response_model=None)
    return app


def _shape(card: ModelCard) -> tuple[int, ...]:
    sides = (card.input.height, card.input.width)
    return (1, 3, *sides) if card.input.layout == "NCHW" else (1, *sides, 3)


async def _body(request: Request) -> bytes:
    """What was sent, up to a limit."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise PayloadTooLarge(f"More than {MAX_BYTES // 1_000_000} MB.", field="body")
        parts.append(part)
    return b"".join(parts)
