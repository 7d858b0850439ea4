"""The public board, as JSON and as pages that need no JavaScript, with previews for where links are shared."""

from html import escape
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import HTMLResponse

from homeward.api import forms, paths, queries, schemas
from homeward.api.context import ApiContext, context_of
from homeward.api.languages import keep_language, reader_language
from homeward.api.pictures import picture
from homeward.api.routes.pages import MAY_BE_FOUND, content_policy, document
from homeward.api.routes.reports import before
from homeward.api.views import notice_view, photo_path
from homeward.domain.animals import Species
from homeward.domain.ids import ReportId
from homeward.domain.reports import Shelf
from homeward.engine.board import Notice
from homeward.locales import text

router = APIRouter(tags=["board"])
Context = Annotated[ApiContext, Depends(context_of)]
NEAR_SCRIPT = "<script src='/near.js' defer></script>"


@router.get(
    "/api/v1/board",
    summary="What everybody may see",
    responses=schemas.PROBLEMS,
    openapi_extra=queries.described(queries.BOARD),
)
def board(request: Request, context: Context) -> dict[str, Any]:
    """Photo, name, species, district and day, newest first; never a place."""
    forms.known_only(request, queries.BOARD)
    notices, cursor = _page(request, context, _where_asked(request, context))
    return {"items": [notice_view(notice) for notice in notices], "next": cursor}


@router.get("/api/v1/board/{report_id}/photo", summary="Its photo", responses=schemas.PICTURE_ANSWERS)
def photo(request: Request, report_id: paths.Report, context: Context) -> Response:
    """The animal alone, as JPEG; people are unrecognisable."""
    photo_id = context.engine.board.photo_of(ReportId(report_id))
    jpeg = context.engine.photo(photo_id, "crop", viewer=None, is_owner=False)
    return picture(request, jpeg, kept_by="public", **MAY_BE_FOUND)


@router.get("/board", include_in_schema=False)
def board_page(request: Request, context: Context) -> HTMLResponse:
    """The newest, with links to the others. What networks add to a link that is shared does no harm."""
    language = reader_language(request)
    asked = _where_asked(request, context)
    notices, cursor = _page(request, context, asked)
    say, places = Words(language), context.engine.board.districts()
    shown = "".join(f"<li>{_card(notice, say)}</li>" for notice in notices)
    listed = f"<ol class='notices'>{shown}</ol>" if notices else f"<p>{say('board.empty')}</p>"
    kept = queries.BOARD.keys() - {"cursor", "lang"}
    given = {name: value for name, value in request.query_params.items() if name in kept}
    older = escape(urlencode({**given, "cursor": cursor or ""}))
    more = f"<p><a class='button' href='/board?{older}'>{say('board.more')}</a></p>" if cursor else ""
    privacy = f"<p class='foot'><a href='/privacy'>{say('privacy.link')}</a></p>"
    chosen = f"{_filters(given, say)}{_districts(given, places, say)}{_around(given, asked, say)}"
    body = f"<h1>{say('board.title')}</h1>{chosen}{listed}{more}{privacy}"
    return html_page(request, context, say.plain("board.title"), body, NEAR_SCRIPT if places else "")


@router.get("/pet/{report_id}", include_in_schema=False)
def notice_page(request: Request, report_id: paths.Report, context: Context) -> HTMLResponse:
    """One animal, to share; with what messengers and social networks show of a link."""
    notice = context.engine.board.notice(ReportId(report_id))
    language = reader_language(request)
    say, url = Words(language), context.config.public_url
    title = _title(notice, say)
    picture = {"image": f"{url}{source}"} if (source := photo_path(notice)) else {}
    told = {
        "type": "article", "title": title, "description": _where(notice, say), **picture,
        "url": f"{url}/pet/{notice.report.id}", "site_name": "Homeward",
    }  # fmt: skip
    head = "".join(f'<meta property="og:{name}" content="{escape(value, quote=True)}">' for name, value in told.items())
    if notice.report.shelf is Shelf.LOST:
        action, label = f"/found/new?about={notice.report.id}", say("board.seen")
    else:
        action, label = "/lost/new", say("board.mine")
    body = (
        f"<article class='notice-page'><h1>{escape(title)}</h1>{_picture(notice, title)}"
        f"<p class='lead'>{escape(_where(notice, say))}</p>"
        f"<p class='actions'><a class='button main' href='{action}'>{label}</a>"
        f"<a class='button' href='/board'>{say('board.title')}</a></p>"
        f"<p class='soft'>{say('board.beware')}</p>"
        f"<p class='foot'><a href='/pet/{notice.report.id}/complaint'>{say('complaint.link')}</a>"
        f" <a href='/privacy'>{say('privacy.link')}</a></p></article>"
    )
    return html_page(request, context, title, body, head)


class Words:
    """Texts of a language, safe in HTML; ``plain`` ones are not."""

    def __init__(self, language: str) -> None:
        """One of ours."""
        self.language = language

    def __call__(self, key: str, **values: str) -> str:
        """The text, escaped."""
        return escape(self.plain(key, **values))

    def plain(self, key: str, **values: str) -> str:
        """The text; the key itself where there is none."""
        return text(self.language, key, **values) or key

    def day(self, notice: Notice) -> str:
        """The day on which it was lost or found."""
        from babel.dates import format_date

        return str(format_date(notice.report.day, "d MMMM", locale=self.language))


def _where_asked(request: Request, context: ApiContext) -> tuple[str, ...] | None:
    """The districts that are asked for: the one that is named, or those around a place; None for all."""
    query = dict(request.query_params)
    if query.get("district"):
        return (query["district"],)
    place = forms.point(query)
    return context.engine.board.districts_near(place) if place else None


def _page(request: Request, context: ApiContext, districts: tuple[str, ...] | None) -> tuple[list[Notice], str | None]:
    if districts == ():
        return [], None
    query = dict(request.query_params)
    limit = forms.limit(query, queries.BOARD)
    shelf, species = forms.choice(query, "shelf", Shelf), forms.choice(query, "species", Species)
    found = context.engine.board.page(shelf, species, districts or (), before(query.get("cursor")), limit + 1)
    last = found[limit - 1].report if len(found) > limit else None
    return found[:limit], f"{last.created_at.isoformat()}~{last.id}" if last else None


def _filters(given: dict[str, str], say: Words) -> str:
    """Links that choose; the chosen one is marked."""
    links = []
    for name, values in (("shelf", ("", "lost", "found")), ("species", ("", "cat", "dog"))):
        for value in values:
            query = urlencode({key: each for key, each in {**given, name: value}.items() if each})
            current = " aria-current='true'" if given.get(name, "") == value else ""
            label = say(f"board.{name}.{value or 'all'}")
            links.append(f"<a class='chip button' href='/board?{escape(query)}'{current}>{label}</a>")
    return f"<nav class='actions' aria-label='{say('board.filter')}'>{''.join(links)}</nav>"


def _districts(given: dict[str, str], places: dict[str, int], say: Words) -> str:
    """A list to choose from; the button is there since it works without JavaScript."""
    chosen = given.get("district", "")
    if not places and not chosen:
        return ""
    names = sorted({*places, *([chosen] if chosen else [])}, key=str.casefold)
    options = [f"<option value=''>{say('board.district.all')}</option>"]
    for name in names:
        mark = " selected" if name == chosen else ""
        options.append(f"<option value='{escape(name)}'{mark}>{escape(name)} ({places.get(name, 0)})</option>")
    kept = "".join(
        f"<input type='hidden' name='{escape(key)}' value='{escape(value)}'>"
        for key, value in given.items()
        if key not in {"district", "lat", "lon"}
    )
    return (
        f"<form class='actions' action='/board'>{kept}<label>{say('board.district')} "
        f"<select name='district'>{''.join(options)}</select></label>"
        f"<button class='button'>{say('board.show')}</button>"
        f"<button type='button' class='button' id='near' hidden>{say('board.near')}</button>"
        f"<span id='near-refused' role='status' hidden>{say('board.near.refused')}</span></form>"
    )


def _around(given: dict[str, str], districts: tuple[str, ...] | None, say: Words) -> str:
    """Which districts are shown for the place where the reader is, and the way back to all."""
    if districts is None or given.get("district"):
        return ""
    names = ", ".join(districts)
    told = say("board.near.are", districts=names) if districts else say("board.near.none")
    kept = urlencode({key: value for key, value in given.items() if key not in {"lat", "lon"}})
    return f"<p class='actions'>{told} <a class='button plain' href='/board?{escape(kept)}'>{say('board.all')}</a></p>"


def _card(notice: Notice, say: Words) -> str:
    title = _title(notice, say)
    return (
        f"<a class='card' href='/pet/{notice.report.id}'>{_picture(notice, title)}"
        f"<span class='card-text'><b>{escape(title)}</b><span>{escape(_where(notice, say))}</span></span></a>"
    )


def _picture(notice: Notice, title: str) -> str:
    source, alt = photo_path(notice), escape(title, quote=True)
    if source is None:
        return ""
    return f"<img src='{source}' alt='{alt}' loading='lazy' width='320' height='320'>"


def _title(notice: Notice, say: Words) -> str:
    report = notice.report
    kind = say.plain(f"board.{report.shelf.value}.{report.species.value}")
    return f"{kind}: {report.name}" if report.name and report.shelf is Shelf.LOST else kind


def _where(notice: Notice, say: Words) -> str:
    return ", ".join(part for part in (notice.report.district, say.day(notice)) if part)


def html_page(request: Request, context: ApiContext, title: str, body: str, head: str = "") -> HTMLResponse:
    """A page made here, which may be found by search machines."""
    headers = {"Content-Security-Policy": content_policy(context.config), **MAY_BE_FOUND}
    answer = HTMLResponse(document(request, body, title=title, head=head), headers=headers)
    keep_language(request, answer)
    return answer
