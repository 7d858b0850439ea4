"""The FastAPI application, put together."""

from functools import cache

from fastapi import FastAPI
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute

from homeward.api import problems
from homeward.api.context import ApiConfig, ApiContext
from homeward.api.idempotency import InFlight
from homeward.api.limits import HOUR_S, Gate, Headed, MemoryWindow, Narrowed, UploadLimit
from homeward.api.routes import (
    access,
    board,
    cameras,
    desk,
    health,
    index,
    letters,
    matches,
    models,
    now,
    pages,
    people,
    push,
    reports,
    talks,
    telegram,
    voices,
)
from homeward.api.streams import Streams

VOICES_PER_MINUTE = 5  # complaints and requests of one caller
LETTERS_PER_HOUR = 5  # that anybody asks for, to one address; also where uploads have no limit: others own the mailbox
ABOUT = "Reports of lost and found cats and dogs in, ranked matches out. Errors are problems (RFC 9457)."


def create_api(context: ApiContext | None, config: ApiConfig | None = None) -> FastAPI:
    """The application; without a context it can only describe itself."""
    known = context.config if context else config or ApiConfig()
    app = FastAPI(
        title="Homeward",
        version=known.version,
        description=ABOUT,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        default_response_class=JSONResponse,
        routes=_rooms(),
    )
    app.state.context = context
    app.state.in_flight = InFlight()
    window = context.window if context and context.window else MemoryWindow()
    app.state.uploads = UploadLimit(known.uploads_per_minute, window)
    app.state.voices = UploadLimit(VOICES_PER_MINUTE if known.uploads_per_minute else 0, window)
    app.state.streams = Streams()
    app.state.letters = UploadLimit(LETTERS_PER_HOUR, window, HOUR_S)
    problems.install(app)
    pages.install(app)
    app.add_middleware(Narrowed)
    app.add_middleware(Headed)
    app.add_middleware(Gate, max_upload_bytes=known.max_upload_bytes)
    return app


@cache
def _rooms() -> list[BaseRoute]:
    """Made once in a process, for all its applications: it takes 0.15 s, and nothing of theirs is in it."""
    stem = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, default_response_class=JSONResponse)
    told = (talks, letters, push, telegram, now)
    for room in (reports, matches, cameras, people, *told, board, models, index, access, health):
        stem.include_router(room.router)
    for router in (*desk.ROUTERS, voices.router):
        stem.include_router(router)
    return stem.routes


def create_health_api(context: ApiContext) -> FastAPI:
    """Only what machines ask of a process that serves nobody: is it up, is it ready, how busy."""
    app = FastAPI(title="Homeward", version=context.config.version, openapi_url=None, docs_url=None, redoc_url=None)
    app.state.context = context
    problems.install(app)
    app.include_router(health.router)
    app.add_middleware(Headed)
    app.add_middleware(Gate, max_upload_bytes=0)
    return app
