"""Pictures, cookies, keys, and news as they come."""

import json
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from starlette.responses import RedirectResponse, StreamingResponse

from homeward.api import bodies, paths, schemas
from homeward.api.auth import (
    DESK_SESSION_S,
    CurrentCaller,
    caller_of,
    check_photo,
    cookie_name,
    link_token,
    new_key,
    owned,
)
from homeward.api.context import ApiContext, context_of
from homeward.api.idempotency import key_of, once_shown
from homeward.api.limits import address
from homeward.api.pictures import picture
from homeward.api.senders import noted
from homeward.api.streams import BEAT_S, News, Streams
from homeward.api.views import key_view
from homeward.domain.ids import CameraId, KeyId, PhotoId, ReportId
from homeward.engine.cameras import LONGEST
from homeward.engine.events import Event, MatchFound, MatchJudged, ReportChanged
from homeward.engine.intake import check_text
from homeward.errors import Forbidden, NotFound, Unauthorized

router = APIRouter(prefix="/api/v1", tags=["access"])
Context = Annotated[ApiContext, Depends(context_of)]


@router.get("/photos/{photo_id}", summary="A picture", responses=schemas.PICTURE_ANSWERS)
def photo(
    request: Request,
    photo_id: paths.Photo,
    context: Context,
    size: Annotated[
        Literal["thumb", "crop", "full"], Query(description="thumb, crop (of the animal alone) or full")
    ] = "thumb",
    sig: Annotated[str | None, Query(description="of a signed address, which needs no other key")] = None,
) -> Response:
    """By its signed address, or by its owner. People are unrecognisable for everybody but the sender."""
    row = context.engine.photo_row(PhotoId(photo_id))
    if sig is not None:
        is_owner, viewer = check_photo(context, sig, row.id, size), "link"
    else:
        caller = caller_of(request)
        report = owned(context, caller, row.report_id)
        is_owner, viewer = caller.report_id == report.id, caller.name
    is_browser = "authorization" not in request.headers  # others may be unable to follow to another host
    if context.config.photo_link_s and is_browser:
        valid_s = context.config.photo_link_s
        address = context.engine.photo_link(row.id, size, viewer=viewer, is_owner=is_owner, valid_s=valid_s)
        if address is not None:
            kept = {"Cache-Control": f"private, max-age={valid_s // 2}", "Referrer-Policy": "no-referrer"}
            return RedirectResponse(address, 307, headers=kept)
    jpeg = context.engine.photo(row.id, size, viewer=viewer, is_owner=is_owner)
    return picture(request, jpeg)


@router.post("/session", status_code=204, summary="A link's token for a cookie", responses=schemas.PROBLEMS)
def open_session(context: Context, caller: CurrentCaller, response: Response) -> None:
    """So that pages, pictures and events work in a browser."""
    if caller.report_id is None:
        raise Unauthorized("Only a link's token opens a session.", hint="Authorization: Bearer TOKEN of the link.")
    report = owned(context, caller, caller.report_id)
    response.set_cookie(
        cookie_name(report.id),
        link_token(context, report),
        max_age=context.config.link_days * 86400,
        httponly=True,
        samesite="lax",
        secure=context.config.public_url.startswith("https:"),
    )


@router.delete("/session", status_code=204, summary="Forget the cookie")
def close_session(context: Context, caller: CurrentCaller, response: Response) -> None:
    """In this browser; the link stays valid."""
    if caller.report_id is not None:
        response.delete_cookie(cookie_name(owned(context, caller, caller.report_id).id))


async def listening(request: Request, context: Context, caller: CurrentCaller) -> AsyncIterator[AsyncIterator[str]]:
    """The stream of the caller's report; it counts, and is fed, until the answer has ended.

    Raises:
        Unauthorized: no link and no cookie.
        TooManyRequests: too many listen already.
    """
    if caller.report_id is None:
        raise Unauthorized("Only a report's owner gets its news.", hint="Authorization: Bearer TOKEN of the link.")
    streams: Streams = request.app.state.streams
    where = address(request, context.config.trusted_proxies)
    with streams.listen(context.engine.events, caller.report_id, where) as news:
        yield _told(news, caller.report_id)


@router.get(
    "/events",
    summary="Changes, new matches, verdicts and messages as they come (server-sent events)",
    responses=schemas.PROBLEMS,
)
async def events(stream: Annotated[AsyncIterator[str], Depends(listening)]) -> StreamingResponse:
    """Of the report that the link or cookie opens: ``match``, ``verdict`` and ``talk``, each with both ids.

    ``report`` where it was changed itself: what is told in it, its photos, or whether it is open. The page of a find
    hears it of the lost pets that it may be, too.

    At most 20 at once of one report, and 50 from one address.
    """
    return StreamingResponse(stream, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


@router.get("/keys", summary="All keys (operators)", responses=schemas.PROBLEMS)
def list_keys(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Without their secrets."""
    caller.needs("admin")
    with context.database.read() as work:
        return {"items": [key_view(key) for key in work.keys.all()], "next": None}


@router.post(
    "/keys",
    status_code=201,
    summary="Make a key (operators)",
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.idempotent("with the same key and body nothing is made, and the answer is 409 `shown_once`"),
)
def create_key(request: Request, body: bodies.NewKey, context: Context, caller: CurrentCaller) -> Response:
    """The secret is shown this once. ``link`` opens the desk: for an operator or a volunteer."""
    caller.needs("admin")
    check_text("name", body.name, LONGEST)
    camera_id = CameraId(body.camera_id) if body.camera_id else None

    def make() -> dict[str, Any]:
        key, secret = new_key(context, body.name, body.scope, camera_id)
        noted(context, caller, "key.create", f"key:{key.id}", f"{key.scope}: {key.name}")
        link = f"{context.config.public_url}/desk#token={secret}" if key.scope in DESK_SESSION_S else None
        return {**key_view(key), "secret": secret, "link": link}

    hint = "If that answer was lost, revoke the key (GET /keys names it) and make one with a new Idempotency-Key."
    return once_shown(context, key_of(request, caller, body.model_dump_json()), make, hint)


@router.delete("/keys/{key_id}", status_code=204, summary="Revoke a key (operators)", responses=schemas.PROBLEMS)
def revoke_key(key_id: paths.Key, context: Context, caller: CurrentCaller) -> None:
    """It opens nothing from now on."""
    own = caller.needs("admin")
    if own.id == key_id:
        raise Forbidden("A key cannot revoke itself.", hint="Use another operator's key.")
    with context.database.write() as work:
        if work.keys.get(KeyId(key_id)) is None:
            raise NotFound("There is no such key.", field="key_id")
        work.keys.revoke(KeyId(key_id), context.clock.now())
    noted(context, caller, "key.revoke", f"key:{key_id}")


async def _told(news: News, report_id: ReportId) -> AsyncIterator[str]:
    yield ": listening\n\n"
    async for event in news.events(BEAT_S):
        yield ": still here\n\n" if event is None else _event(event, report_id)


def _event(event: Event, report_id: ReportId) -> str:
    """A degree is for the owner: it depends on where the home lies."""
    if isinstance(event, ReportChanged):
        return f"event: report\ndata: {json.dumps({'report_id': event.report_id})}\n\n"
    pair = {"lost_id": event.lost_id, "found_id": event.found_id}
    if isinstance(event, MatchFound):
        more = {"degree": round(event.degree, 6)} if report_id == event.lost_id else {}
        return f"event: match\ndata: {json.dumps({**pair, **more})}\n\n"
    kind = "verdict" if isinstance(event, MatchJudged) else "talk"
    return f"event: {kind}\ndata: {json.dumps(pair)}\n\n"
