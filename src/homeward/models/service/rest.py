"""Rest: the service over HTTP. Bodies are limited before they are read, and read before they are understood."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Lifespan

from homeward.errors import HomewardError, InvalidInput, ModelUnavailable, PayloadTooLarge, TooManyRequests
from homeward.models.protocol import PICTURES, read, written, written_as_text
from homeward.models.service.metrics import REQUESTS, exposition
from homeward.models.service.models import ModelService
from homeward.models.service.room import Full
from homeward.models.service.served import Served

BODY_WITHIN_S = 30.0
GONE = 499  # nobody reads it; proxies log it so
Endpoint = Callable[[Request], Awaitable[Response]]


class Rest:
    """The protocol's paths over a `ModelService`."""

    def __init__(self, service: ModelService) -> None:
        """For these models."""
        self._service = service

    def app(self, lifespan: Lifespan[Starlette]) -> Starlette:
        """The application."""
        routes = [
            Route("/v2", self._about),
            Route("/v2/health/live", self._live),
            Route("/v2/health/ready", self._ready),
            Route("/metrics", self._metrics),
        ]
        for path in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
            routes += [
                Route(path, self._guarded(self._metadata)),
                Route(path + "/ready", self._guarded(self._model_ready)),
                Route(path + "/infer", self._guarded(self._infer), methods=["POST"]),
            ]
        handlers: Any = {HomewardError: _told, HTTPException: _told_plainly}
        return Starlette(routes=routes, lifespan=lifespan, exception_handlers=handlers)

    def _guarded(self, endpoint: Callable[[Request, Served], Awaitable[Response]]) -> Endpoint:
        async def call(request: Request) -> Response:
            self._service.admit(request.headers.get("authorization"))
            path = request.path_params
            return await endpoint(request, self._service.model(path["name"], path.get("version", "")))

        return call

    async def _about(self, _: Request) -> Response:
        return JSONResponse(self._service.metadata())

    async def _live(self, _: Request) -> Response:
        return JSONResponse({"live": True})

    async def _ready(self, _: Request) -> Response:
        return _readiness(is_ready=self._service.is_ready)

    async def _metrics(self, request: Request) -> Response:
        self._service.admit(request.headers.get("authorization"))
        return Response(exposition(), media_type="text/plain; version=0.0.4")

    async def _metadata(self, _: Request, served: Served) -> Response:
        return JSONResponse(served.metadata())

    async def _model_ready(self, _: Request, served: Served) -> Response:
        return _readiness(is_ready=served.is_ready)

    async def _infer(self, request: Request, served: Served) -> Response:
        outcome = "cut off"
        try:
            answer = await self._inferred(request, served)
            outcome = "ok" if answer.status_code != GONE else outcome
        except HomewardError as error:
            outcome = error.code
            raise
        finally:
            REQUESTS.labels(served.card.name, "rest", outcome).inc()
        return answer

    async def _inferred(self, request: Request, served: Served) -> Response:
        size = _announced(request, served.most_bytes)
        try:
            with served.room.stay(size) as more:
                body = await _body(request, served.most_bytes, size, more)
                tensor, head = read("inputs", PICTURES, body, request.headers)
                rows = await served.infer(served.fitting(tensor))
        except Full:
            raise served.busy() from None
        except ClientDisconnect:
            return Response(status_code=GONE)
        named = {"id": head["id"]} if isinstance(head.get("id"), str) else {}
        write = written if _is_raw(head, served.card.output) else written_as_text
        name, version = served.card.name, str(served.card.version)
        content, headers = write("outputs", served.card.output, rows, model_name=name, model_version=version, **named)
        return Response(content, headers=headers)


def _readiness(*, is_ready: bool) -> Response:
    return JSONResponse({"ready": is_ready}, 200 if is_ready else 503)


def _announced(request: Request, most: int) -> int:
    """The length that the request names; 0 where it names none.

    Raises:
        PayloadTooLarge: it is above the limit; nothing was read.
        InvalidInput: the body is packed.
    """
    if request.headers.get("content-encoding", "identity") != "identity":
        raise InvalidInput("Packed bodies are not taken.", field="Content-Encoding")
    size = int(request.headers.get("content-length", 0))  # the server has checked that it is a number
    if size > most:
        raise _too_large(most)
    return size


async def _body(request: Request, most: int, announced: int, more: Callable[[int], None]) -> bytes:
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_WITHIN_S):
            async for part in request.stream():
                size += len(part)
                if size > most:
                    raise _too_large(most)
                if not announced:
                    more(len(part))
                parts.append(part)
    except TimeoutError:
        raise InvalidInput(f"The body did not come within {BODY_WITHIN_S:.0f} s.", field="body") from None
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _too_large(most: int) -> PayloadTooLarge:
    return PayloadTooLarge(f"More than {most / 1_000_000:.1f} MB.", field="body", hint="Send fewer pictures at once.")


def _is_raw(head: dict[str, Any], output: str) -> bool:
    """Whether the request wants the output as raw numbers.

    Raises:
        InvalidInput: what it says of outputs cannot be understood, or names another output.
    """
    try:
        wanted = bool(head.get("parameters", {}).get("binary_data_output", False))
        for each in head.get("outputs", ()):
            if each["name"] != output:
                raise InvalidInput(f"The only output is {output}.", field="outputs.name")
            wanted = bool(each.get("parameters", {}).get("binary_data", wanted))
    except (AttributeError, KeyError, TypeError) as error:
        raise InvalidInput("The outputs cannot be understood.", field="outputs") from error
    return wanted


async def _told(_: Request, error: Exception) -> Response:
    assert isinstance(error, HomewardError)
    headers = {}
    if isinstance(error, TooManyRequests):
        headers["Retry-After"] = str(math.ceil(float(error.values["retry_after_s"])))
    elif isinstance(error, ModelUnavailable):
        headers["Retry-After"] = "1"
    return JSONResponse({"error": " ".join(filter(None, (error.message, error.hint)))}, error.status, headers=headers)


async def _told_plainly(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code, headers=dict(error.headers or {}))
