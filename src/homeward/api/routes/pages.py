"""The web page: what `make web` built from web/, served with the headers that keep it to itself."""

import re
from functools import cache
from html import escape
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Depends, FastAPI, Request
from starlette.datastructures import Headers
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from homeward.api.context import ApiConfig, ApiContext, context_of
from homeward.api.languages import keep_language, reader_language
from homeward.errors import NotFound
from homeward.locales import text

STATIC = Path(__file__).parent.parent / "static"
KINDS = {
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
    ".js": "text/javascript",
}
CODINGS = {"br": ".br", "gzip": ".gz"}
CITY = "/map/city.pmtiles"
OTHER = {"ru": "По-русски", "en": "English"}
FOR_EVERYBODY = {"/", "/lost/new", "/found/new"}
PLAIN = {"/board": "board.title", "/now": "now.title", "/privacy": "page.write"}  # what needs no script
MAY_BE_FOUND = {"X-Robots-Tag": "all"}
FOREVER = "public, max-age=31536000, immutable"
router = APIRouter()
Context = Annotated[ApiContext, Depends(context_of)]


class _Assets(StaticFiles):
    """Their names change with their contents; beside each lies what the build made of it for a narrow line."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        accepted = Headers(scope=scope).get("accept-encoding", "")
        coding = next(
            (name for name in CODINGS if name in accepted and self.lookup_path(path + CODINGS[name])[1]), None
        )
        response = await super().get_response(path + CODINGS[coding] if coding else path, scope)
        if coding:
            response.headers["Content-Encoding"] = coding
        response.headers["Cache-Control"], response.headers["Vary"] = FOREVER, "Accept-Encoding"
        return response


def install(app: FastAPI) -> None:
    """Serve the page, where it was built."""
    app.include_router(router)
    if (STATIC / "assets").is_dir():
        app.mount("/assets", _Assets(directory=STATIC / "assets"))
    app.get("/{path:path}", include_in_schema=False)(nowhere)


@router.get("/", include_in_schema=False)
@router.get("/lost/{report_id}", include_in_schema=False)
@router.get("/found/{report_id}", include_in_schema=False)
@router.get("/email", include_in_schema=False)
@router.get("/desk", include_in_schema=False)
@router.get("/lost/{report_id}/poster", include_in_schema=False)
def page(request: Request, context: Context) -> HTMLResponse:
    """The same document for every screen; which one it shows is the browser's business."""
    language = reader_language(request)
    title, needs, stuck = (escape(text(language, f"page.{key}") or "") for key in ("title", "script", "stuck"))
    links = "".join(f"<li><a href='{path}'>{escape(text(language, key) or '')}</a></li>" for path, key in PLAIN.items())
    ways = f"<ul>{links}</ul>"
    body = f"<noscript><h1>{title}</h1><p>{needs}</p>{ways}</noscript>"
    body += f"<div id='stuck' hidden><h1>{title}</h1><p>{stuck}</p>{ways}</div>"
    html = _shell().replace('lang="en"', f'lang="{language}"', 1).replace("<!--body-->", body, 1)
    policy = content_policy(context.config)
    headers = {"Content-Security-Policy": policy, "Cache-Control": "no-cache"}
    if request.url.path in FOR_EVERYBODY:
        headers |= MAY_BE_FOUND
    answer = HTMLResponse(html, headers=headers)
    keep_language(request, answer)
    return answer


@router.get("/api/v1/email/stop", include_in_schema=False)
def stop_page(request: Request, context: Context) -> HTMLResponse:
    """Mail programs show the link that ends the letters; a person who opens it is asked by the page."""
    return page(request, context)


@router.get("/api/v1/map", summary="What a map of the city is drawn on", tags=["map"])
def ground(context: Context, response: Response) -> dict[str, Any]:
    """Addresses of MapLibre styles or of the city's own file, or null; and the districts as GeoJSON."""
    response.headers["Cache-Control"] = "public, max-age=3600"
    light, dark = context.config.map_styles or (None, None)
    file = CITY if context.config.map_file else None
    return {"style": light, "style_dark": dark, "file": file, "districts": context.engine.outlines()}


@router.api_route(CITY, methods=["GET", "HEAD"], include_in_schema=False)
def city(context: Context) -> FileResponse:
    """The streets as PMTiles; a browser asks for the ranges that it looks at."""
    if context.config.map_file is None or not context.config.map_file.is_file():
        raise NotFound("This server has no map of its own.", hint="HOMEWARD_MAP_FILE")
    headers = {"Cache-Control": "public, max-age=86400"}
    return FileResponse(context.config.map_file, media_type="application/vnd.pmtiles", headers=headers)


def nowhere(request: Request, context: Context, path: str) -> HTMLResponse:
    """A screen for people at an address where nothing is; machines get a problem."""
    if path.startswith("api/") or "text/html" not in request.headers.get("accept", ""):
        raise NotFound("There is nothing at this address.", hint="/api/docs lists all addresses.")
    answer = page(request, context)
    answer.status_code = 404
    return answer


@router.get("/icon.svg", include_in_schema=False)
@router.get("/icon-180.png", include_in_schema=False)
@router.get("/icon-192.png", include_in_schema=False)
@router.get("/icon-512.png", include_in_schema=False)
@router.get("/manifest.webmanifest", include_in_schema=False)
@router.get("/sw.js", include_in_schema=False)
@router.get("/near.js", include_in_schema=False)
@router.get("/stuck.js", include_in_schema=False)
def named(request: Request) -> FileResponse:
    """What browsers ask for by an address that stays."""
    path = STATIC / request.url.path[1:]
    if not path.is_file():
        raise NotFound("The web page was not built.", hint="make web")
    return FileResponse(path, media_type=KINDS[path.suffix], headers={"Cache-Control": "no-cache"})


@cache
def content_policy(config: ApiConfig) -> str:
    """Nothing from elsewhere but the map's ground and photos, no script and no style in the document itself."""
    hosts = sorted({f" {urlsplit(style).scheme}://{urlsplit(style).netloc}" for style in config.map_styles or ()})
    ground = "".join(hosts)
    photos = f" {config.photo_origin}" if config.photo_origin else ""
    return "; ".join((
        "default-src 'self'", f"img-src 'self' data: blob:{ground}{photos}", f"connect-src 'self'{ground}{photos}",
        "media-src blob:", "worker-src 'self' blob:", "object-src 'none'", "base-uri 'none'", "form-action 'self'",
        "frame-ancestors 'none'",
    ))  # fmt: skip


def document(request: Request, body: str, *, title: str, head: str) -> str:
    """A whole page made here: the look of the built one, without its script. The other language shows the same."""
    language = reader_language(request)
    other = "en" if language == "ru" else "ru"
    same = escape(urlencode({**request.query_params, "lang": other}))
    styles = "".join(re.findall(r"<link rel=.stylesheet.[^>]*>", _shell()))
    return (
        f"<!doctype html><html lang='{language}'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        "<meta name='color-scheme' content='light dark'><link rel='icon' href='/icon.svg'>"
        f"<title>{escape(title)} · Homeward</title>{styles}{head}</head><body><div id='app'><header class='top'>"
        "<a class='brand' href='/'><img src='/icon.svg' alt='' width='28' height='28'> Homeward</a>"
        f"<a class='button plain' lang='{other}' href='?{same}'>{OTHER[other]}</a></header>"
        f"<main>{body}</main></div></body></html>"
    )


@cache
def _shell() -> str:
    built = STATIC / "index.html"
    if built.is_file():
        return built.read_text(encoding="utf-8")
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Homeward</title><body>'
        "<p>The web page was not built. Run <code>make web</code>, then start again.</p><!--body--></body></html>"
    )
