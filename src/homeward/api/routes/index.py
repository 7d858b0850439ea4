"""The index of nearest neighbours, where it stands elsewhere (operators)."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from homeward.api import schemas
from homeward.api.auth import CurrentCaller
from homeward.api.context import ApiContext, context_of

router = APIRouter(prefix="/api/v1", tags=["index"])
Context = Annotated[ApiContext, Depends(context_of)]


@router.get("/index", summary="How far the index is, and what its last comparison mended", responses=schemas.PROBLEMS)
def show(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """One item for each shelf and model; none where this server needs no index elsewhere."""
    caller.needs("admin")
    return _state(context)


@router.post("/index/check", status_code=202, summary="Compare the index with the rows now", responses=schemas.PROBLEMS)
def check(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """In the background; ``compared`` is null until it is done. What is missing, wrong or of no row is mended."""
    caller.needs("admin")
    if context.index is not None:
        context.index.ask()
    return _state(context)


def _state(context: ApiContext) -> dict[str, Any]:
    return {"items": context.index.state() if context.index else [], "next": None}
