"""Who sits at the desk: signing in and out, and the log of what was done."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from homeward.api import schemas
from homeward.api.auth import DESK_COOKIE, DESK_SESSION_S, CurrentCaller, desk_token, end_desk_sessions
from homeward.api.context import ApiContext, context_of
from homeward.api.desk_views import deed_view, me_view
from homeward.errors import Unauthorized

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])
Context = Annotated[ApiContext, Depends(context_of)]
COOKIE_PATH = "/api/v1"


@router.post("/session", summary="A key for a cookie (operators, volunteers)", responses=schemas.PROBLEMS)
def sign_in(request: Request, context: Context, caller: CurrentCaller, response: Response) -> dict[str, Any]:
    """Send the key once as bearer. The cookie counts with the header ``Homeward-Desk`` alone; half a day or a month."""
    key = caller.needs("admin", "volunteer")
    if "authorization" not in request.headers:
        raise Unauthorized("Send the key as bearer.", hint="Authorization: Bearer hw_...")
    response.set_cookie(
        DESK_COOKIE,
        desk_token(context, key),
        max_age=DESK_SESSION_S[key.scope],
        path=COOKIE_PATH,
        httponly=True,
        samesite="strict",
        secure=context.config.public_url.startswith("https:"),
    )
    context.engine.desk.log.note(caller.actor, "desk.sign_in", f"key:{key.id}")
    return me_view(caller)


@router.delete("/session", status_code=204, summary="Sign out", responses=schemas.PROBLEMS)
def sign_out(request: Request, context: Context, response: Response) -> None:
    """In every browser; a key that somebody else may know is revoked instead."""
    end_desk_sessions(context, request)
    response.delete_cookie(DESK_COOKIE, path=COOKIE_PATH)


@router.get("/me", summary="Who is signed in, and what waits", responses=schemas.PROBLEMS)
def me(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Name and role; how many pairs, reports with complaints and requests wait for this person."""
    body = me_view(caller)
    _, pairs, _ = context.engine.desk.pairs.waiting(caller.actor, 0)
    waiting = {"pairs": pairs}
    if caller.is_admin:
        waiting["reports"] = len(context.engine.desk.moderation.flagged_ids())
        waiting["petitions"] = sum(each.answered_at is None for each in context.engine.desk.petitions.all())
    return {**body, "waiting": waiting}


@router.get("/log", summary="What was done at the desk, and by whom (operators)", responses=schemas.PROBLEMS)
def log(
    context: Context,
    caller: CurrentCaller,
    who: Annotated[str | None, Query(max_length=100, description="only what was done with this key: its id")] = None,
    cursor: Annotated[int | None, Query(ge=1, le=2**53, description="what `next` said")] = None,
    limit: Annotated[int, Query(ge=1, le=200, description="how many at most")] = 50,
) -> dict[str, Any]:
    """Newest first; of one person with ``who``."""
    caller.needs("admin")
    deeds = context.engine.desk.log.page(cursor, who, limit + 1)
    last = deeds[limit - 1].id if len(deeds) > limit else None
    return {"items": [deed_view(deed) for deed in deeds[:limit]], "next": None if last is None else str(last)}
