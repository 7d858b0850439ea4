"""Cameras and their sightings."""

import re
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from homeward.api import bodies, forms, paths, queries, schemas
from homeward.api.auth import Caller, CurrentCaller, new_key
from homeward.api.context import ApiContext, context_of
from homeward.api.idempotency import REPLAYED, InFlight, earlier_answer, key_of, once, once_shown
from homeward.api.routes.reports import after, before, count_upload
from homeward.api.senders import noted
from homeward.api.views import camera_view, key_view, picture_urls, report_view
from homeward.domain.filing import NewSighting, Sighted
from homeward.domain.ids import CameraId, ReportId, new_token
from homeward.domain.places import Point
from homeward.domain.reports import Camera
from homeward.engine.remember import CREATED, REPEATED
from homeward.errors import Forbidden, InvalidInput, NotFound
from homeward.ports import ApiKey

router = APIRouter(prefix="/api/v1", tags=["cameras"])
Context = Annotated[ApiContext, Depends(context_of)]
ERASED_AT_ONCE = 200
CAMERA_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")


@router.post(
    "/sightings",
    status_code=201,
    summary="A camera saw an animal",
    responses={**schemas.PROBLEMS, 200: {"description": "A repeat of an earlier sighting; nothing new is stored"}},
    openapi_extra=schemas.multipart(schemas.SIGHTING_FIELDS, required=("photo", "seen_at"), most_photos=1),
)
async def sight(request: Request, context: Context, caller: CurrentCaller) -> Response:
    """Takes the whole animal with a margin. The key says which camera.

    A camera whose clock may be wrong sends what it shows as the header `Date`: times are moved by how far that is off.
    """
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
        sent_at=_sent_at(request),
        idempotency=idempotency,
    )
    return await run_in_threadpool(_sight, request, context, new)


def _sent_at(request: Request) -> datetime | None:
    """The header `Date` (RFC 9110, 6.6.1); what is none says nothing."""
    with suppress(ValueError, OverflowError):
        sent_at = parsedate_to_datetime(request.headers.get("date", ""))
        return sent_at if sent_at.tzinfo else None
    return None


@router.get("/cameras", summary="All cameras", responses=schemas.PROBLEMS)
def list_cameras(context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """For operators and bots."""
    caller.needs("admin", "bot")
    seen = context.engine.cameras.last_sightings()
    return {
        "items": [camera_view(camera, seen.get(camera.id)) for camera in context.engine.cameras.all()],
        "next": None,
    }


@router.post("/cameras", status_code=201, summary="Register a camera", responses=schemas.PROBLEMS)
def add_camera(request: Request, body: bodies.NewCamera, context: Context, caller: CurrentCaller) -> Response:
    """For operators. A key of scope ``sightings`` lets it send."""
    caller.needs("admin")
    camera_id = body.id or new_token(12)
    if not CAMERA_ID.fullmatch(camera_id):
        raise InvalidInput("Small letters, digits and dashes, at most 40.", field="id", hint="For example yard-2.")
    place = forms.point({"lat": str(body.lat), "lon": str(body.lon)})
    assert isinstance(place, Point)
    camera = Camera(CameraId(camera_id), body.name, place, body.district, context.clock.now())
    key = key_of(request, caller, body.model_dump_json())

    def make() -> dict[str, Any]:
        added = context.engine.cameras.add(camera)
        noted(context, caller, "camera.add", f"camera:{added.id}", added.name)
        return camera_view(added)

    return once(context, key, 201, make)


@router.post("/cameras/{camera_id}/heartbeat", summary="A camera lives", responses=schemas.PROBLEMS)
def heartbeat(
    camera_id: paths.Camera, body: bodies.Heartbeat, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """With its own key."""
    _check_own(caller, camera_id)
    return camera_view(context.engine.cameras.heartbeat(CameraId(camera_id), body.state, body.counters))


@router.patch("/cameras/{camera_id}", summary="Change a camera, pause it, let it go on", responses=schemas.PROBLEMS)
def change_camera(
    camera_id: paths.Camera, body: bodies.CameraChange, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """``paused`` with its own key too, all else by operators. A paused one's sightings get ``camera_paused``."""
    _check_own(caller, camera_id)
    given = body.model_dump(exclude_none=True)
    if not given:
        raise InvalidInput("Say what to change.", field="body", hint="paused, name, lat and lon, district")
    if given.keys() - {"paused"}:
        caller.needs("admin")
    camera, known = None, CameraId(camera_id)
    if given.keys() - {"paused"}:
        place = forms.point({name: str(given[name]) for name in ("lat", "lon") if name in given})
        camera = context.engine.cameras.change(known, name=body.name, place=place, district=body.district)
        noted(context, caller, "camera.change", f"camera:{camera_id}", ", ".join(sorted(given.keys() - {"paused"})))
    if body.paused is not None:
        camera = context.engine.cameras.pause(known, paused=body.paused)
        noted(context, caller, "camera.pause" if body.paused else "camera.resume", f"camera:{camera_id}")
    assert camera is not None
    return camera_view(camera, context.engine.cameras.last_sightings().get(camera.id))


@router.post(
    "/cameras/{camera_id}/key",
    status_code=201,
    summary="A new key for a camera",
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.idempotent(
        "with the same key nothing is made or revoked, and the answer is 409 `shown_once`"
    ),
)
def renew_key(request: Request, camera_id: paths.Camera, context: Context, caller: CurrentCaller) -> Response:
    """For operators: its former keys open nothing any more. The secret is shown this once."""
    caller.needs("admin")
    camera = _known(context, CameraId(camera_id))

    def make() -> dict[str, Any]:
        key, secret = _with_new_key(context, camera)
        noted(context, caller, "camera.key", f"camera:{camera.id}")
        return {**key_view(key), "secret": secret}

    hint = "If that answer was lost, ask with a new Idempotency-Key: the key that was made is revoked then."
    return once_shown(context, key_of(request, caller, ""), make, hint)


@router.get(
    "/cameras/{camera_id}/sightings",
    summary="What a camera sent",
    responses=schemas.PROBLEMS,
    openapi_extra=queries.described(queries.SIGHTINGS),
)
def list_sightings(
    request: Request, camera_id: paths.Camera, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """Newest first, with signed addresses of the pictures; with its own key, or an operator's."""
    _check_own(caller, camera_id)
    forms.known_only(request, queries.SIGHTINGS)
    wanted = dict(request.query_params)
    limit = forms.limit(wanted, queries.SIGHTINGS)
    camera = _known(context, CameraId(camera_id))
    found = context.engine.cameras.sightings(
        camera.id, limit + 1, since=forms.moment(wanted, "since"), before=before(wanted.get("cursor"))
    )
    items = [
        report_view(report)
        | {"photo": picture_urls(context, photo_id, is_owner=False) if photo_id is not None else None}
        for report, photo_id in found[:limit]
    ]
    return {"items": items, "next": after([report for report, _ in found], limit)}


@router.delete(
    "/cameras/{camera_id}/sightings/{report_id}",
    status_code=204,
    summary="Erase what a camera sent",
    responses=schemas.PROBLEMS,
)
def erase_sighting(camera_id: paths.Camera, report_id: paths.Sighting, context: Context, caller: CurrentCaller) -> None:
    """For good: row, vectors and photo; with its own key, or an operator's."""
    _check_own(caller, camera_id)
    context.engine.cameras.erase_sighting(CameraId(camera_id), ReportId(report_id))
    noted(context, caller, "sighting.erase", f"camera:{camera_id}", report_id)


@router.delete("/cameras/{camera_id}/sightings", summary="Erase all that a camera sent", responses=schemas.PROBLEMS)
def erase_sightings(camera_id: paths.Camera, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """The newest 200 a call, for good; ``left`` says whether there is more."""
    _check_own(caller, camera_id)
    count = context.engine.cameras.erase_sightings(CameraId(camera_id), ERASED_AT_ONCE)
    noted(context, caller, "sighting.erase_all", f"camera:{camera_id}", str(count))
    return {"erased": count, "left": bool(context.engine.cameras.sightings(CameraId(camera_id), 1))}


def _check_own(caller: Caller, camera_id: str) -> None:
    key = caller.needs("sightings", "admin")
    if key.scope == "sightings" and key.camera_id != camera_id:
        raise Forbidden("This key belongs to another camera.")


def _known(context: ApiContext, camera_id: CameraId) -> Camera:
    camera = next((each for each in context.engine.cameras.all() if each.id == camera_id), None)
    if camera is None:
        raise NotFound("There is no such camera.", field="camera")
    return camera


def _with_new_key(context: ApiContext, camera: Camera) -> tuple[ApiKey, str]:
    """Its only one."""
    key, secret = new_key(context, camera.name, "sightings", camera.id)
    with context.database.write() as work:
        for old in work.keys.all():
            if old.camera_id == camera.id and old.id != key.id and old.revoked_at is None:
                work.keys.revoke(old.id, context.clock.now())
    return key, secret


def _sight(request: Request, context: ApiContext, new: NewSighting) -> Response:
    in_flight: InFlight = request.app.state.in_flight
    with in_flight.hold(new.idempotency):
        earlier = earlier_answer(context, new.idempotency)
        if earlier is not None:
            report = context.engine.report(ReportId(earlier.body))
            return _answer(
                Sighted(report.report, is_repeat=earlier.status == REPEATED, pending=report.pending), REPLAYED
            )
        return _answer(context.engine.add_sighting(new), {})


def _answer(sighted: Sighted, headers: dict[str, str]) -> Response:
    status = REPEATED if sighted.is_repeat else CREATED
    body = {**report_view(sighted.report), "is_repeat": sighted.is_repeat, "pending": sighted.pending}
    return JSONResponse(body, status, headers=headers)
