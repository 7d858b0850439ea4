"""Uncertain pairs, for volunteers and operators: two animals side by side, and what somebody thinks of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from homeward.api import desk_schemas, paths, schemas
from homeward.api.auth import CurrentCaller
from homeward.api.context import ApiContext, context_of
from homeward.api.desk_views import pair_view
from homeward.domain.ids import ReportId

router = APIRouter(prefix="/api/v1/desk/pairs", tags=["desk"])
Context = Annotated[ApiContext, Depends(context_of)]


@router.get("", summary="Pairs that nobody is sure of (volunteers, operators)", responses=schemas.PROBLEMS)
def list_pairs(
    context: Context,
    caller: CurrentCaller,
    limit: Annotated[int, Query(ge=1, le=50, description="how many at most")] = 10,
) -> dict[str, Any]:
    """Those first whose answer tells the most. The animals alone, their districts and days: nothing else of anybody.

    ``waiting`` counts up to 500; ``judged`` are the caller's own.
    """
    caller.needs("volunteer", "admin")
    pairs, waiting, judged = context.engine.desk.pairs.waiting(caller.actor, limit)
    items = [pair_view(context, pair) for pair in pairs]
    return {"items": items, "next": None, "waiting": waiting, "judged": judged}


@router.put("/{lost_id}/{found_id}", status_code=204, summary="What one thinks of a pair", responses=schemas.PROBLEMS)
def judge(
    lost_id: paths.Lost, found_id: paths.Found, body: desk_schemas.NewOpinion, context: Context, caller: CurrentCaller
) -> None:
    """Two of one mind are a reason that the owner reads, never a verdict; a later opinion replaces one's earlier."""
    caller.needs("volunteer", "admin")
    context.engine.desk.pairs.judge(caller.actor, ReportId(lost_id), ReportId(found_id), body.opinion)
