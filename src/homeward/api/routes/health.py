"""For machines and the curious: is it up, is it ready, how busy, which version, which operations."""

import asyncio
from html import escape
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import HTMLResponse, JSONResponse

from homeward.api import schemas
from homeward.api.auth import caller_of
from homeward.api.context import ApiContext, context_of

router = APIRouter(tags=["health"])
Context = Annotated[ApiContext, Depends(context_of)]
KEPT_TO_OPERATORS: dict[int | str, dict[str, Any]] = {status: schemas.PROBLEMS[status] for status in (401, 403)}
LOOPBACK = {"127.0.0.1", "::1", "testclient"}


@router.get("/livez", summary="The process answers")
async def live() -> dict[str, str]:
    """Depends on nothing, not even on a free thread."""
    return {"status": "ok"}


@router.get(
    "/readyz", summary="Everything that a report needs works", responses={503: {"description": "Something does not"}}
)
async def ready(request: Request) -> Response:
    """503 and the part that does not work, otherwise."""
    engine = context_of(request).engine
    checks = await asyncio.to_thread(engine.is_ready)  # the threads of requests may all wait for the database
    status = 200 if all(checks.values()) else 503
    return JSONResponse({"status": "ok" if status == 200 else "not ready", "checks": checks}, status)


@router.get("/metrics", summary="Counters for Prometheus", responses=KEPT_TO_OPERATORS)
def metrics(request: Request) -> Response:
    """From this machine, or with an operator's key."""
    if request.client is None or request.client.host not in LOOPBACK or "x-forwarded-for" in request.headers:
        caller_of(request).needs("admin")
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


@router.get("/version", summary="Which version runs")
def version(context: Context) -> dict[str, Any]:
    """Of Homeward, and whether it sends letters."""
    return {"name": "homeward", "version": context.config.version, "email": context.post is not None}


@router.get("/api/docs", include_in_schema=False)
def docs(request: Request) -> HTMLResponse:
    """All operations on one page that needs no other site."""
    rows: list[str] = []
    spec: dict[str, Any] = request.app.openapi()
    for path, operations in sorted(spec["paths"].items()):
        for method, operation in operations.items():
            words = escape(f"{operation.get('summary', '')}. {operation.get('description', '')}")
            rows.append(f"<dt><code>{method.upper()} {escape(path)}</code></dt><dd>{words}</dd>")
    body = f"<p><a href='/api/openapi.json'>OpenAPI</a></p><dl>{''.join(rows)}</dl>"
    return HTMLResponse(_page("en", "Homeward: HTTP interface", body))


def _page(language: str, title: str, body: str) -> str:
    return (
        f"<!doctype html><html lang='{language}'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{title}</title><main><h1>{title}</h1>{body}</main></html>"
    )
