"""The model in use, and the way to another one (operators)."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from homeward.api import bodies, schemas
from homeward.api.auth import CurrentCaller
from homeward.api.context import ApiContext, context_of
from homeward.api.idempotency import key_of, once
from homeward.api.senders import noted
from homeward.domain.ids import ModelName
from homeward.errors import InvalidInput

router = APIRouter(prefix="/api/v1", tags=["models"])
Context = Annotated[ApiContext, Depends(context_of)]


@router.get("/reindex", summary="Which model is in use, and how far the next one is", responses=schemas.PROBLEMS)
def show(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """``embedded`` of ``total`` crops; ``waiting`` reports are still to be matched."""
    caller.needs("admin")
    return _status(context)


@router.post(
    "/reindex",
    status_code=202,
    summary="Begin to embed all with another model",
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.idempotent("the same key and body begins nothing more, and gets how it stood at first"),
)
def begin(request: Request, body: bodies.Reindex, context: Context, caller: CurrentCaller) -> Response:
    """Searches go on with the model in use until all is done; then it is switched and everything is matched anew."""
    caller.needs("admin")
    if (body.model is None) != body.rollback:
        raise InvalidInput("Name a model, or ask for rollback.", field="model", hint="One of the two, not both.")

    def make() -> dict[str, Any]:
        if body.model is None:
            context.engine.rollback_model()
        else:
            context.engine.reindex(ModelName(body.model))
        noted(context, caller, "model.reindex", f"model:{body.model or 'former'}")
        return _status(context)

    return once(context, key_of(request, caller, body.model_dump_json()), 202, make)


@router.delete("/reindex", status_code=204, summary="Stay with the model in use", responses=schemas.PROBLEMS)
def cancel(context: Context, caller: CurrentCaller) -> None:
    """What was made with the other one is deleted."""
    caller.needs("admin")
    context.engine.cancel_reindex()
    noted(context, caller, "model.cancel", "model:next")


def _status(context: ApiContext) -> dict[str, Any]:
    return {**asdict(context.engine.reindex_status()), "waiting": context.engine.pending_jobs()}
