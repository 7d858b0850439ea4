"""App: both doors of the model service around one queue, started, warmed and stopped together."""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import structlog
from starlette.applications import Starlette

from homeward.errors import BadSettings
from homeward.models.cards import Card
from homeward.models.limits import Batching
from homeward.models.onnx import Runs
from homeward.models.service.models import ModelService
from homeward.models.service.rest import Rest
from homeward.models.service.served import Served

DEFAULT = Batching()
LAST_WORDS_S = 5.0
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Grpc:
    """Where gRPC listens; ``is_shared`` with other processes of this service."""

    address: str
    is_shared: bool = False


def create_service(
    models: Sequence[tuple[Card, Runs]],
    key: str | None,
    batching: Mapping[str, Batching] | None = None,
    grpc: Grpc | None = None,
) -> Starlette:
    """The application; its life starts gRPC too, and warms the models."""
    how = batching or {}
    served = {str(card.name): Served(card, network, how.get(card.name, DEFAULT)) for card, network in models}
    service = ModelService(served, key)

    @asynccontextmanager
    async def life(_: Starlette) -> AsyncIterator[None]:
        _end_with_parent()
        async with AsyncExitStack() as stack:
            warming = asyncio.create_task(_started(service))
            stack.push_async_callback(service.close)
            stack.push_async_callback(_stopped, warming)
            if grpc is not None:
                await stack.enter_async_context(_listening(service, grpc))
            yield

    return Rest(service).app(life)


def _end_with_parent() -> None:
    """One of several processes stops when the one that started them is gone, killed or not: it would keep the ports."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop = asyncio.get_running_loop()
        loop.add_reader(parent.sentinel, lambda: os.kill(os.getpid(), signal.SIGTERM))


async def _started(service: ModelService) -> None:
    try:
        await service.start()
    except Exception:
        log.exception("the models cannot run; this service will never be ready")


async def _stopped(warming: "asyncio.Task[None]") -> None:
    with suppress(asyncio.CancelledError):
        await warming


@asynccontextmanager
async def _listening(service: ModelService, where: Grpc) -> AsyncIterator[None]:
    from homeward.models.service.rpc import Rpc

    server = Rpc(service).server(is_shared=where.is_shared)
    try:
        server.add_insecure_port(where.address)
    except RuntimeError as error:
        hint = "Another program listens there; choose another --grpc-port."
        raise BadSettings(f"gRPC cannot listen on {where.address}.", field="grpc_port", hint=hint) from error
    await server.start()
    try:
        yield
    finally:
        await server.stop(LAST_WORDS_S)
