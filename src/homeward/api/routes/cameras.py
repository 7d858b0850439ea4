"""Cameras and their sightings."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from homeward.api import forms, schemas
from homeward.api.auth import Caller, CurrentCaller
from homeward.api.context import ApiContext, context_of
from homeward.api.idempotency import REPLAYED, InFlight, earlier_answer, key_of, once
from homeward.api.routes.reports import count_upload
from homeward.api.views import camera_view, picture_urls, report_view
from homeward.domain.filing import NewSighting, Sighted
from homeward.domain.ids import CameraId, ReportId, new_token
from homeward.domain.places import Point
from homeward.domain.reports import Camera
from homeward.errors import Forbidden, InvalidInput

router = APIRouter(prefix="/api/v1", tags=["cameras"])
Context = Annotated[ApiContext, Depends(context_of)]
CAMERA_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@router.post(
    "/sightings",
    status_code=201,
    summary="A camera saw an animal",
    responses={**schemas.PROBLEMS, 200: {"description": "A repeat of an earlier sighting; nothing new is stored"}},
    openapi_extra=schemas.multipart(schemas.SIGHTING_FIELDS, required=("photo", "seen_at")),
)
async def sight(request: Request, context: Context, caller: CurrentCaller) -> Response:
    """Takes the whole animal with a margin. The key says which camera."""
    key = caller.needs("sightings")
    count_upload(request, context, caller)
    form = await forms.read_form(request, frozenset(schemas.SIGHTING_FIELDS), context.config.max_upload_bytes)
    idempotency = key_of(request, caller, form.sha256)
    if len(form.photos) != 1:
        raise InvalidInput("A sighting has one photo.", field="photo")
    seen_at = forms.moment(form.fields, "seen_at")
    if seen_at is None:
        raise InvalidInput("Say when it was seen.", field="seen_at", hint="2026-11-20T15:30:00Z")
    new = NewSighting(
        camera_id=CameraId(key.camera_id or ""),
        photo=form.photos[0],
        seen_at=seen_at,
        species=forms.species(form.fields),
        confidence=forms.number(form.fields, "confidence", least=0, most=1),
        box=forms.box(form.fields, "box"),
        track_id=form.fields.get("track_id", "")[:100] or None,
        idempotency=idempotency,
    )
    return await run_in_threadpool(_sight, request, context, new)


@router.get("/cameras", summary="All cameras", responses=schemas.PROBLEMS)
def list_cameras(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """For operators and bots."""
    caller.needs("admin", "bot")
    return {"items": [camera_view(camera) for camera in context.engine.cameras()], "next": None}


@router.post("/cameras", status_code=201, summary="Register a camera", responses=schemas.PROBLEMS)
def add_camera(request: Request, body: schemas.NewCamera, context: Context, caller: CurrentCaller) -> Response:
    """For operators. A key of scope ``sightings`` lets it send."""
    caller.needs("admin")
    camera_id = body.id or new_token(12)
    if not CAMERA_ID.fullmatch(camera_id):
        raise InvalidInput("Small letters, digits and dashes, at most 40.", field="id")
    place = forms.point({"lat": str(body.lat), "lon": str(body.lon)})
    assert isinstance(place, Point)
    camera = Camera(CameraId(camera_id), body.name, place, body.district, context.clock.now())
    key = key_of(request, caller, body.model_dump_json())
    return once(context, key, 201, lambda: camera_view(context.engine.add_camera(camera)))


@router.post("/cameras/{camera_id}/heartbeat", summary="A camera lives", responses=schemas.PROBLEMS)
def heartbeat(camera_id: str, body: schemas.Heartbeat, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """With its own key."""
    _check_own(caller, camera_id)
    return camera_view(context.engine.heartbeat(CameraId(camera_id), body.state, body.counters))


@router.patch("/cameras/{camera_id}", summary="Pause a camera, or let it go on", responses=schemas.PROBLEMS)
def change_camera(
    camera_id: str, body: schemas.CameraChange, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """With its own key, or an operator's. While it is paused its sightings are refused with ``camera_paused``."""
    _check_own(caller, camera_id)
    return camera_view(context.engine.pause_camera(CameraId(camera_id), paused=body.paused))


@router.get("/cameras/{camera_id}/sightings", summary="What a camera sent", responses=schemas.PROBLEMS)
def list_sightings(
    camera_id: str, context: Context, caller: CurrentCaller, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> dict[str, Any]:
    """Newest first, with signed addresses of the pictures; with its own key, or an operator's."""
    _check_own(caller, camera_id)
    found = context.engine.sightings(CameraId(camera_id), limit)
    items = [
        report_view(report)
        | {"photo": picture_urls(context, photo_id, is_owner=False) if photo_id is not None else None}
        for report, photo_id in found
    ]
    return {"items": items, "next": None}


@router.delete(
    "/cameras/{camera_id}/sightings/{report_id}",
    status_code=204,
    summary="Erase what a camera sent",
    responses=schemas.PROBLEMS,
)
def erase_sighting(camera_id: str, report_id: str, context: Context, caller: CurrentCaller) -> None:
    """For good: row, vectors and photo; with its own key, or an operator's."""
    _check_own(caller, camera_id)
    context.engine.erase_sighting(CameraId(camera_id), ReportId(report_id))


def _check_own(caller: Caller, camera_id: str) -> None:
    key = caller.needs("sightings", "admin")
    if key.scope == "sightings" and key.camera_id != camera_id:
        raise Forbidden("This key belongs to another camera.")


def _sight(request: Request, context: ApiContext, new: NewSighting) -> Response:
    in_flight: InFlight = request.app.state.in_flight
    with in_flight.hold(new.idempotency):
        earlier = earlier_answer(context, new.idempotency)
        if earlier is not None:
            report = context.engine.report(ReportId(earlier.body))
            return _answer(Sighted(report.report, is_repeat=False, pending=report.pending), 200, REPLAYED)
        sighted = context.engine.add_sighting(new)
        return _answer(sighted, 200 if sighted.is_repeat else 201, {})


def _answer(sighted: Sighted, status: int, headers: dict[str, str]) -> Response:
    body = {**report_view(sighted.report), "is_repeat": sighted.is_repeat, "pending": sighted.pending}
    return JSONResponse(body, status, headers=headers)
