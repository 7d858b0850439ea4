"""Handovers: an owner and a finder agree to talk, and talk through us."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool

from homeward.api import bodies, forms, paths, schemas
from homeward.api.auth import Caller, CurrentCaller, owned
from homeward.api.context import ApiContext, context_of
from homeward.api.idempotency import key_of, once
from homeward.api.routes.reports import count_upload
from homeward.api.senders import Sender
from homeward.api.views import handover_view, message_view
from homeward.domain.handovers import Handover
from homeward.domain.ids import HandoverId, MessageId, ReportId
from homeward.domain.reports import Report, Shelf
from homeward.errors import Forbidden, InvalidInput, NotFound, Unauthorized

router = APIRouter(prefix="/api/v1/handovers", tags=["handovers"])
Context = Annotated[ApiContext, Depends(context_of)]
PICTURE_CACHE = "private, max-age=3600"


@router.post("", status_code=201, summary="Ask the other side to talk", responses=schemas.PROBLEMS)
def propose(request: Request, body: bodies.NewHandover, context: Context, caller: Sender) -> Response:
    """By the owner, once the match was judged the same; by the finder, where it may be. Nobody sees a contact."""
    pair = ReportId(body.lost_id), ReportId(body.found_id)
    side = _side(context, caller, *pair)
    key = key_of(request, caller, body.model_dump_json())
    make = lambda: _view(context, context.engine.talks.propose(*pair, side), side)  # noqa: E731
    return once(context, key, 201, make)


@router.get("", summary="The conversations of a report", responses=schemas.PROBLEMS)
def list_handovers(
    report_id: Annotated[str, Query(description="one's own report")], context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """Oldest first."""
    report = owned(context, caller, ReportId(report_id))
    found = context.engine.talks.of_report(report.id)
    return {"items": [_view(context, handover, report.shelf) for handover in found], "next": None}


@router.get("/{handover_id}", summary="A conversation", responses=schemas.PROBLEMS)
def read_handover(handover_id: paths.Handover, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Who agreed, and whether it is over."""
    return _view(context, *_own(context, caller, handover_id))


@router.put("/{handover_id}/answer", summary="Agree to talk, or not", responses=schemas.PROBLEMS)
def answer(
    handover_id: paths.Handover, body: bodies.Agreement, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """Once both agree, words, pictures and places go both ways."""
    handover, side = _own(context, caller, handover_id)
    return _view(context, context.engine.talks.answer(handover.id, side, agrees=body.agrees), side)


@router.post(
    "/{handover_id}/messages",
    status_code=201,
    summary="Write to the other side",
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.multipart(schemas.MESSAGE_FIELDS, required=(), most_photos=1),
)
async def write(request: Request, handover_id: paths.Handover, context: Context, caller: Sender) -> Response:
    """Words, a place, a photo. Before both agreed only words: a question that only the owner can answer."""
    handover, side = await run_in_threadpool(_own, context, caller, handover_id)
    count_upload(request, context, caller)
    form = await forms.read_form(request, frozenset(schemas.MESSAGE_FIELDS), context.config.max_upload_bytes)
    if len(form.photos) > 1:
        raise InvalidInput("One photo a message.", field="photo", hint="Send the others after it.")
    key = key_of(request, caller, form.sha256)

    def make() -> dict[str, Any]:
        message = context.engine.talks.write(
            handover.id,
            side,
            text=form.fields.get("text"),
            place=forms.point(form.fields),
            photo=form.photos[0] if form.photos else None,
        )
        return message_view(message, side)

    return await run_in_threadpool(once, context, key, 201, make)


@router.get("/{handover_id}/messages", summary="What was written", responses=schemas.PROBLEMS)
def list_messages(handover_id: paths.Handover, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Oldest first."""
    handover, side = _own(context, caller, handover_id)
    messages = context.engine.talks.messages(handover.id)
    return {"items": [message_view(message, side) for message in messages], "next": None}


@router.get(
    "/{handover_id}/messages/{message_id}/photo",
    summary="The picture of a message",
    responses={**schemas.PROBLEMS, 200: schemas.PICTURE_ANSWER},
)
def message_photo(
    handover_id: paths.Handover, message_id: paths.Message, context: Context, caller: CurrentCaller
) -> Response:
    """As JPEG."""
    handover, _ = _own(context, caller, handover_id)
    jpeg = context.engine.talks.picture(handover.id, MessageId(message_id))
    return Response(jpeg, media_type="image/jpeg", headers={"Cache-Control": PICTURE_CACHE})


@router.delete("/{handover_id}", summary="End a conversation", responses=schemas.PROBLEMS)
def end(handover_id: paths.Handover, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """For both sides, for good."""
    handover, side = _own(context, caller, handover_id)
    return _view(context, context.engine.talks.end(handover.id, side), side)


def _view(context: ApiContext, handover: Handover, side: Shelf) -> dict[str, Any]:
    return handover_view(context, handover, side, *context.engine.talks.lost(handover))


def _own(context: ApiContext, caller: Caller, handover_id: str) -> tuple[Handover, Shelf]:
    """The handover and the caller's side in it; what others must not know of is not told apart."""
    try:
        handover = context.engine.talks.get(HandoverId(handover_id))
        return handover, _side(context, caller, handover.lost_id, handover.found_id)
    except NotFound:
        raise Forbidden("This conversation is not yours.", hint="Use the link of your report.") from None


def _side(context: ApiContext, caller: Caller, lost_id: ReportId, found_id: ReportId) -> Shelf:
    if caller.report_id is None and caller.account_id is None:
        raise Unauthorized("Open it with the report's link.", hint="Authorization: Bearer TOKEN of the link.")
    with context.database.read() as work:
        pair = [work.reports.get(lost_id), work.reports.get(found_id)]
    for report, side in zip(pair, (Shelf.LOST, Shelf.FOUND), strict=True):
        if report is not None and report.shelf is side and _is_own(caller, report):
            return side
    raise Forbidden("This conversation is not yours.", hint="Use the link of your report.")


def _is_own(caller: Caller, report: Report) -> bool:
    if caller.key is not None:
        return caller.account_id == report.account_id
    return caller.report_id == report.id
