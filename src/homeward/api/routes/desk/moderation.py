"""Moderation (operators): reports and complaints, decisions with their reasons, blocks, people's requests."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from homeward.api import desk_schemas, forms, paths, queries, schemas
from homeward.api.auth import Caller, CurrentCaller
from homeward.api.context import ApiContext, context_of
from homeward.api.desk_views import block_view, moderated_view, petition_view
from homeward.api.idempotency import key_of, once
from homeward.api.routes.reports import after, before
from homeward.domain.desk import Petition
from homeward.domain.ids import ReportId
from homeward.domain.reports import Status
from homeward.engine.desk.moderation import MOST_COMPLAINTS, Moderated
from homeward.errors import HomewardError
from homeward.locales import text
from homeward.ports import Behind

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])
Context = Annotated[ApiContext, Depends(context_of)]
MAILBOX = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,255}\.[^\s@<>,;]{2,}")


@router.get(
    "/reports",
    summary="Reports to look through (operators)",
    responses=schemas.PROBLEMS,
    openapi_extra=queries.described(queries.DESK_REPORTS),
)
def list_reports(request: Request, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Newest first, of people only; those with complaints by how many there are."""
    caller.needs("admin")
    forms.known_only(request, queries.DESK_REPORTS)
    query = dict(request.query_params)
    status = forms.choice(query, "status", Status)
    limit, moderation = forms.limit(query, queries.DESK_REPORTS), context.engine.desk.moderation
    if forms.flag(query, "flagged"):
        found = moderation.flagged(status, _behind(query.get("cursor")), limit + 1)
        cursor = _complained(found[limit - 1]) if len(found) > limit else None
    else:
        found = moderation.page(status, before(query.get("cursor")), limit + 1)
        cursor = after([each.report for each in found], limit)
    return {"items": [moderated_view(context, each) for each in found[:limit]], "next": cursor}


@router.get("/reports/{report_id}", summary="One report (operators)", responses=schemas.PROBLEMS)
def read_report(report_id: paths.Report, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """With its complaints, and what was decided about it."""
    caller.needs("admin")
    return moderated_view(context, context.engine.desk.moderation.one(ReportId(report_id)))


@router.post("/reports/{report_id}/decision", summary="Decide on a report (operators)", responses=schemas.PROBLEMS)
def decide(
    request: Request, report_id: paths.Report, body: desk_schemas.Decided, context: Context, caller: CurrentCaller
) -> Response:
    """Keep, hide, show, close or erase; all complaints about it are decided with it. Noted with name and reason."""
    caller.needs("admin")

    def make() -> dict[str, Any]:
        context.engine.desk.moderation.decide(caller.actor, ReportId(report_id), body.decision, body.why)
        return {"id": report_id, "decision": body.decision.value}

    return _once(request, context, caller, body.model_dump_json(), 200, make)


@router.get("/blocks", summary="Who is blocked (operators)", responses=schemas.PROBLEMS)
def list_blocks(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Newest first, ended ones among them."""
    caller.needs("admin")
    now = context.clock.now()
    blocks = context.engine.desk.blocks.all()
    return {"items": [block_view(block, holds=block.holds(now)) for block in blocks], "next": None}


@router.post("/blocks", status_code=201, summary="Block whoever sent a report (operators)", responses=schemas.PROBLEMS)
def block(request: Request, body: desk_schemas.NewBlock, context: Context, caller: CurrentCaller) -> Response:
    """Account, and the network it came from while that is known (30 days). They still read and erase what is theirs."""
    caller.needs("admin")

    def make() -> dict[str, Any]:
        made = context.engine.desk.blocks.block(caller.actor, ReportId(body.report_id), body.days, body.why)
        return block_view(made, holds=True)

    return _once(request, context, caller, body.model_dump_json(), 201, make)


@router.delete("/blocks/{block_id}", status_code=204, summary="Lift a block (operators)", responses=schemas.PROBLEMS)
def unblock(block_id: paths.Block, context: Context, caller: CurrentCaller) -> None:
    """From now on everything is taken again."""
    caller.needs("admin")
    context.engine.desk.blocks.lift(caller.actor, block_id)


@router.get("/petitions", summary="What people ask for (operators)", responses=schemas.PROBLEMS)
def list_petitions(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Erasure, appeals, questions: the most urgent first, then those answered."""
    caller.needs("admin")
    return {"items": [petition_view(each) for each in context.engine.desk.petitions.all()], "next": None}


@router.post("/petitions/{petition_id}/answer", summary="Answer a request (operators)", responses=schemas.PROBLEMS)
def answer(
    request: Request,
    petition_id: paths.Petition,
    body: desk_schemas.PetitionAnswer,
    context: Context,
    caller: CurrentCaller,
) -> Response:
    """Whoever holds its link reads it there; ``sent`` says whether a letter went out as well."""
    caller.needs("admin")

    def make() -> dict[str, Any]:
        answered = context.engine.desk.petitions.answer(caller.actor, petition_id, body.answer)
        return {**petition_view(answered), "sent": _posted(context, answered)}

    return _once(request, context, caller, body.model_dump_json(), 200, make)


def _complained(last: Moderated) -> str:
    """The cursor behind a report with complaints: how many, and since when."""
    return f"{len(last.complaints)}~{last.complaints[0].created_at.isoformat()}~{last.report.id}"


def _behind(cursor: str | None) -> Behind | None:
    """What `_complained` made."""
    if cursor is None:
        return None
    many, _, rest = cursor.partition("~")
    waiting, place = forms.whole({"cursor": many}, "cursor", least=0, most=MOST_COMPLAINTS), before(rest)
    assert waiting is not None
    assert place is not None
    return waiting, *place


def _posted(context: ApiContext, petition: Petition) -> bool:
    """Whether a letter with the answer went out; the answer stands on its page in any case."""
    if context.post is None or petition.answer is None or not MAILBOX.fullmatch(petition.contact):
        return False
    subject = text(petition.language, "mail.petition") or ""
    try:
        context.post.write(petition.contact, subject, petition.answer)
    except HomewardError:
        return False
    return True


def _once(request: Request, context: ApiContext, caller: Caller, body: str, status: int, make: Any) -> Response:
    return once(context, key_of(request, caller, body), status, make)
