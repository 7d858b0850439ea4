"""How the house is doing (operators): models with their curves, queues, disk, cameras' spools."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from homeward.api import schemas
from homeward.api.auth import CurrentCaller
from homeward.api.context import ApiContext, context_of
from homeward.api.desk_views import card_view, disk_view, queue_view
from homeward.api.views import when

router = APIRouter(prefix="/api/v1/desk", tags=["desk"])
Context = Annotated[ApiContext, Depends(context_of)]


@router.get("/models", summary="Models, thresholds and curves (operators)", responses=schemas.PROBLEMS)
def list_models(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """What stands on the cards; ``curves`` are log likelihood ratios over L2 distance. And the way to another model."""
    caller.needs("admin")
    status = context.engine.reindex_status()
    items = [card_view(raw, {status.model, context.engine.detector_name}) for raw in context.cards()]
    reindex = {**asdict(status), "waiting": context.engine.pending_jobs()}
    return {"items": items, "next": None, "reindex": reindex}


@router.get("/health", summary="What waits, what fails, how full the disk is (operators)", responses=schemas.PROBLEMS)
def health(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Queues by kind of alert, ``jobs`` among them; ``spool`` is what a camera's box says that it still holds."""
    caller.needs("admin")
    spools = [
        {"id": each.id, "name": each.name, "waiting": each.counters.get("waiting"),
         "last_heartbeat_at": when(each.last_heartbeat_at)}
        for each in context.engine.cameras.all()
    ]  # fmt: skip
    return {
        "ready": context.engine.is_ready(),
        "figures": context.engine.figures(),
        "queues": [queue_view(queue) for queue in context.engine.queues()],
        "disk": disk_view(context.disk()),
        "spools": spools,
        "sends_letters": context.post is not None,
        "version": context.config.version,
    }
