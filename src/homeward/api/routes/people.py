"""For bots: who is there, where their dialog stands, what came in, and what is to be told. Also figures."""

import hmac
import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.concurrency import run_in_threadpool
from prometheus_client import Counter
from pydantic import TypeAdapter

from homeward.api import bodies, paths, schemas
from homeward.api.auth import CurrentCaller, owned
from homeward.api.context import ApiContext, context_of
from homeward.api.views import account_view, alert_view
from homeward.domain.ids import AccountId, AlertId, ReportId
from homeward.domain.reports import Shelf
from homeward.errors import Forbidden, InvalidInput

router = APIRouter(prefix="/api/v1", tags=["bots"])
Context = Annotated[ApiContext, Depends(context_of)]
NUMBER = TypeAdapter(bodies.Number)
STEPS = Counter("homeward_dialog_steps_total", "Steps of the bots' dialogs that people came to.", ["messenger", "step"])


@router.post("/accounts", summary="Who is there on a messenger (bots)", responses=schemas.PROBLEMS)
def arrive(body: bodies.Arrival, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """The account at this address; a new one for somebody new. Its id goes into the header ``Homeward-Account``.

    409 where the updates ``numbers`` were worked on or erased meanwhile.
    """
    caller.needs("bot")
    return account_view(context.engine.people.arrive(body.messenger, body.address, body.language, body.numbers))


@router.get("/accounts/{account_id}", summary="An account (bots)", responses=schemas.PROBLEMS)
def read_account(account_id: paths.Account, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """With its dialog."""
    caller.needs("bot")
    return account_view(context.engine.people.get(AccountId(account_id)))


@router.patch("/accounts/{account_id}", summary="Language, time zone, quiet nights (bots)", responses=schemas.PROBLEMS)
def change_account(
    account_id: paths.Account, body: bodies.AccountChange, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """``reachable`` false ends news of matches and keeps conversations back; whoever writes again is reachable."""
    caller.needs("bot")
    return account_view(context.engine.people.change(AccountId(account_id), **body.model_dump(exclude_unset=True)))


@router.put("/accounts/{account_id}/dialog", summary="Where a dialog stands (bots)", responses=schemas.PROBLEMS)
def save_dialog(
    account_id: paths.Account, body: bodies.Dialog, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """With the numbers of the updates that led there: both are kept, or neither."""
    caller.needs("bot")
    before = context.engine.people.get(AccountId(account_id))
    after = context.engine.people.save_dialog(before.id, body.dialog, body.step, body.worked_on)
    if after.step != before.step:
        STEPS.labels(after.messenger[:20], after.step or "idle").inc()
    return account_view(after)


@router.delete("/accounts/{account_id}", summary="Erase an account for good (bots)", responses=schemas.PROBLEMS)
def erase_account(account_id: paths.Account, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """All its reports, photos, conversations, and what came in from it."""
    caller.needs("bot")
    if caller.account_id != account_id:
        raise Forbidden("Only for the account itself.", hint="Send its id as Homeward-Account.")
    return {"reports": context.engine.people.leave(AccountId(account_id))}


@router.post("/updates", summary="Keep what came in (bots)", responses=schemas.PROBLEMS)
def take_in(body: bodies.Updates, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Each number once; the answer says how many were new."""
    caller.needs("bot")
    updates = [(item.number, item.address, item.body) for item in body.items]
    return {"new": context.engine.people.take_in(body.messenger, updates)}


@router.post("/telegram", status_code=204, summary="What Telegram sends by itself", responses=schemas.PROBLEMS)
async def telegram_webhook(request: Request, context: Context) -> None:
    """With the secret that it was given; kept before it is told that all is well."""
    secret, sent = context.config.telegram_secret, request.headers.get("x-telegram-bot-api-secret-token", "")
    if secret is None or not hmac.compare_digest(sent.encode(), secret.encode()):
        raise Forbidden("Only Telegram sends here.")
    try:
        body = await request.json()
        number, address = NUMBER.validate_python(body["update_id"]), _chat(body)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InvalidInput("This is no update.", field="body") from None
    await run_in_threadpool(context.engine.people.take_in, "telegram", [(number, address, json.dumps(body))])


@router.get("/updates", summary="What came in and waits (bots)", responses=schemas.PROBLEMS)
def list_updates(
    messenger: Annotated[str, Query(description="telegram, console ...")],
    context: Context,
    caller: CurrentCaller,
    after: Annotated[int, Query(ge=0, le=2**53, description="the last `seq` known")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000, description="how many at most")] = 100,
) -> dict[str, Any]:
    """In the order in which it came; ``after`` is the last ``seq`` known."""
    caller.needs("bot")
    found = context.engine.people.waiting(messenger, after, limit)
    fields = ("seq", "number", "address", "body")
    return {"items": [{name: getattr(each, name) for name in fields} for each in found], "next": None}


@router.post("/updates/done", status_code=204, summary="Drop what came in (bots)", responses=schemas.PROBLEMS)
def drop_updates(body: bodies.Dropped, context: Context, caller: CurrentCaller) -> None:
    """Without working on it: what nobody understands, or one person's flood."""
    caller.needs("bot")
    context.engine.people.drop(body.messenger, body.numbers)


@router.post("/alerts/claim", summary="What is to be told now (bots)", responses=schemas.PROBLEMS)
def claim_alerts(body: bodies.Claim, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Oldest first, several about one pet together; it is the caller's for two minutes."""
    caller.needs("bot")
    news = context.engine.alerts.claim(body.messenger, body.limit)
    return {"items": [alert_view(context, each) for each in news], "next": None}


@router.post("/alerts/done", status_code=204, summary="They were told (bots)", responses=schemas.PROBLEMS)
def alerts_done(body: bodies.Told, context: Context, caller: CurrentCaller) -> None:
    """For good."""
    caller.needs("bot")
    context.engine.alerts.delivered([AlertId(number) for number in body.ids])


@router.post("/alerts/retry", status_code=204, summary="They could not be told (bots)", responses=schemas.PROBLEMS)
def alerts_retry(body: bodies.Failed, context: Context, caller: CurrentCaller) -> None:
    """They come again after ``wait_s`` seconds."""
    caller.needs("bot")
    context.engine.alerts.failed([AlertId(number) for number in body.ids], body.error, body.wait_s)


@router.post(
    "/reports/{report_id}/seen", status_code=204, summary="These matches were seen", responses=schemas.PROBLEMS
)
def seen(report_id: paths.Report, body: bodies.Seen, context: Context, caller: CurrentCaller) -> None:
    """By the report's account, in an answer or on a page: nobody needs to tell it of them any more."""
    report = owned(context, caller, ReportId(report_id))
    others = [ReportId(other) for other in body.ids]
    if report.shelf is Shelf.LOST:
        context.engine.alerts.told(report.account_id, report.id, others)
        return
    for lost_id in others:
        context.engine.alerts.told(report.account_id, lost_id, [report.id])


@router.get("/stats", summary="Figures (operators, bots)", responses=schemas.PROBLEMS)
def stats(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """How much of everything there is, what waits and since when, and what does not work."""
    caller.needs("admin", "bot")
    checks = context.engine.is_ready()
    return {"figures": context.engine.figures(), "ready": checks}


def _chat(body: dict[str, Any]) -> str:
    """Of a tapped button, the person who tapped."""
    query, message = body.get("callback_query"), body.get("message")
    return str((query["from"] if query else (message or {}).get("chat") or {"id": 0})["id"])
