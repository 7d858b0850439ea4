"""Web push: which browsers are told of a report's news."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from homeward.api import bodies, paths, schemas
from homeward.api.auth import CurrentCaller, owned
from homeward.api.context import ApiContext, Push, context_of
from homeward.api.routes.reports import count_upload
from homeward.domain.ids import ReportId
from homeward.errors import Conflict

router = APIRouter(prefix="/api/v1", tags=["web push"])
Context = Annotated[ApiContext, Depends(context_of)]


@router.get("/push", summary="What browsers subscribe with", responses=schemas.PROBLEMS)
def push_key(context: Context) -> dict[str, str]:
    """The server's public key (VAPID), base64url."""
    return {"key": _push(context).key()}


@router.put("/reports/{report_id}/push", status_code=204, summary="Tell this browser", responses=schemas.PROBLEMS)
def subscribe(
    request: Request, report_id: paths.Report, body: bodies.NewDevice, context: Context, caller: CurrentCaller
) -> None:
    """Of news of the report: what `PushManager.subscribe` answered. Sent again it changes nothing."""
    report = owned(context, caller, ReportId(report_id))
    count_upload(request, context, caller)
    _push(context).check(body.endpoint, body.keys.p256dh, body.keys.auth)
    context.engine.devices.add(
        report.id,
        endpoint=body.endpoint,
        p256dh=body.keys.p256dh,
        auth=body.keys.auth,
        language=body.language,
        utc_offset_min=body.utc_offset_min,
    )


@router.post(
    "/reports/{report_id}/push/stop", status_code=204, summary="Tell this browser no more", responses=schemas.PROBLEMS
)
def unsubscribe(report_id: paths.Report, body: bodies.OldDevice, context: Context, caller: CurrentCaller) -> None:
    """The address stands in the body, since it is a secret of the browser."""
    context.engine.devices.remove(owned(context, caller, ReportId(report_id)).id, body.endpoint)


def _push(context: ApiContext) -> Push:
    if context.push is None:
        raise Conflict("This server pushes no news.", hint="Ask for letters, or come back to your page.")
    return context.push
