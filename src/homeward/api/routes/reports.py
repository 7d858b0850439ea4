"""Reports: file, read, change, erase, export; more photos; new links."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from homeward.api import bodies, forms, paths, queries, schemas
from homeward.api.auth import Caller, CurrentCaller, link, owned
from homeward.api.context import ApiContext, context_of
from homeward.api.forms import Form
from homeward.api.idempotency import REPLAYED, InFlight, earlier_answer, key_of, once
from homeward.api.limits import UploadLimit, address
from homeward.api.senders import Sender, note_sender, noted, sender_of
from homeward.api.views import filed_view, looked_at_view, report_view
from homeward.domain.filing import Filed, Idempotency, NewReport, ReportChange
from homeward.domain.ids import AccountId, PhotoId, ReportId, new_token
from homeward.domain.reports import Held, Report, Shelf, Status
from homeward.errors import Forbidden, InvalidInput
from homeward.locales import best_language
from homeward.ports import Before, ReportQuery

router = APIRouter(prefix="/api/v1", tags=["reports"])
Context = Annotated[ApiContext, Depends(context_of)]
FIELDS = frozenset(schemas.REPORT_FIELDS)
BETWEEN_PEOPLE = frozenset({"conversations", "told", "devices"})  # of an export; not for operators
SAID = frozenset({"name", "description", "address", "contact", "listed"})
CLEARABLE = frozenset(
    {"home", "place", "held", "name", "description", "contact", "address", "muted_until", "secret_mark"}
)


@router.post(
    "/reports",
    status_code=201,
    summary="Report a lost or a found pet",
    response_model=schemas.Report,
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.multipart(schemas.REPORT_FIELDS, required=("shelf", "photo")),
)
async def file_report(request: Request, context: Context, caller: Sender) -> Response:
    """Anyone may. The answer holds the best matches that are there already, and the link: keep it."""
    count_upload(request, context, caller)
    form = await forms.read_form(request, FIELDS, context.config.max_upload_bytes)
    new = new_report(form, caller)
    key = key_of(request, caller, form.sha256)
    return await run_in_threadpool(_file, request, context, caller, replace(new, idempotency=key))


@router.get(
    "/reports",
    summary="Reports, newest first (operators; bots, of an account)",
    responses=schemas.PROBLEMS,
    openapi_extra=queries.described(queries.REPORTS),
)
def list_reports(request: Request, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """A bot sees those of the account that it acts for."""
    key = caller.needs("admin", "bot")
    if key.scope == "bot" and caller.account_id is None:
        raise InvalidInput("Say whose.", field="Homeward-Account", hint="The id of the account that you act for.")
    forms.known_only(request, queries.REPORTS)
    query = dict(request.query_params)
    limit = forms.limit(query, queries.REPORTS)
    found = context.engine.reports(
        ReportQuery(
            shelf=forms.choice(query, "shelf", Shelf),
            status=forms.choice(query, "status", Status),
            account_id=None if key.scope == "admin" else caller.account_id,
            before=before(query.get("cursor")),
            limit=limit + 1,
        )
    )
    return {"items": [report_view(report) for report in found[:limit]], "next": after(found, limit)}


@router.get(
    "/reports/{report_id}", summary="One's own report", response_model=schemas.Report, responses=schemas.PROBLEMS
)
def read_report(request: Request, report_id: paths.Report, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """With photos and best matches; for a bot also with the link.

    ``board_may_show`` of a photo is false where no animal is made out on it: of a listed report the board then shows
    another of its photos, or none.
    """
    report = owned(context, caller, ReportId(report_id))
    is_bot = caller.key is not None and caller.key.scope == "bot"
    body = filed_view(context, context.engine.report(report.id), _language(request), with_link=is_bot)
    return body | _kept_back(caller, report)


@router.patch(
    "/reports/{report_id}", summary="Change one's report", response_model=schemas.Report, responses=schemas.PROBLEMS
)
def change_report(
    request: Request, report_id: paths.Report, change: bodies.Change, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """What the search depends on is compared anew. A field set to null is emptied."""
    report = owned(context, caller, ReportId(report_id))
    if change.model_fields_set & SAID:
        sender_of(request, caller)
    filed = context.engine.change(report.id, report_change(change))
    noted(context, caller, "report.change", f"report:{report.id}", ", ".join(sorted(change.model_fields_set)))
    return filed_view(context, filed, _language(request), with_link=False) | _kept_back(caller, filed.report)


@router.delete(
    "/reports/{report_id}", status_code=204, summary="Erase one's report for good", responses=schemas.PROBLEMS
)
def erase_report(report_id: paths.Report, context: Context, caller: CurrentCaller) -> None:
    """Rows, vectors, photos: nothing is left."""
    report = owned(context, caller, ReportId(report_id))
    noted(context, caller, "report.erase", f"report:{report.id}")
    context.engine.erase(report.id)


@router.post(
    "/reports/{report_id}/photos",
    status_code=201,
    summary="Add photos",
    response_model=schemas.Report,
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.multipart(schemas.PHOTO_FIELDS, required=("photo",)),
)
async def add_photos(request: Request, report_id: paths.Report, context: Context, caller: Sender) -> Response:
    """Up to ten in all; the best pair of photos decides a match."""
    report = await run_in_threadpool(owned, context, caller, ReportId(report_id))
    count_upload(request, context, caller)
    form = await forms.read_form(request, frozenset(schemas.PHOTO_FIELDS), context.config.max_upload_bytes)
    key = key_of(request, caller, form.sha256)

    def add() -> Filed:
        return context.engine.add_photos(
            report.id,
            form.photos,
            animals=forms.numbers(form.fields, "animal", most=100),
            keep_without_animal=forms.flag(form.fields, "keep_without_animal"),
            idempotency=key,
        )

    return await run_in_threadpool(_once, request, context, key, add)


@router.delete(
    "/reports/{report_id}/photos/{photo_id}",
    summary="Take a photo off",
    response_model=schemas.Report,
    responses=schemas.PROBLEMS,
)
def remove_photo(
    request: Request, report_id: paths.Report, photo_id: paths.Photo, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """One that shows another animal, say. It is erased, and the report compared anew; its only photo stays."""
    report = owned(context, caller, ReportId(report_id))
    filed = context.engine.remove_photo(report.id, PhotoId(photo_id))
    noted(context, caller, "report.change", f"report:{report.id}", "photo")
    return filed_view(context, filed, _language(request), with_link=False) | _kept_back(caller, filed.report)


@router.get("/reports/{report_id}/export", summary="One's own data", responses=schemas.PROBLEMS)
def export_report(report_id: paths.Report, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """What is kept of its sender: photos, who looked at them, conversations, where news goes, and which went.

    Of others only what they wrote to the sender. Operators get neither the secret mark, nor conversations, nor where
    news goes.
    """
    report = owned(context, caller, ReportId(report_id))
    body = context.engine.export(report.id)
    return _for_operators(body) if caller.is_admin else body


@router.get("/reports/{report_id}/link", summary="The link that is in force", responses=schemas.PROBLEMS)
def current_link(report_id: paths.Report, context: Context, caller: CurrentCaller) -> dict[str, str]:
    """For another device of whoever holds it, by the link or its cookie. A key gets none, which nobody would notice."""
    report = owned(context, caller, ReportId(report_id))
    if caller.key is not None:
        raise Forbidden("A key is shown nobody's link.", hint="POST makes a new one, and revokes those before it.")
    return {"link": link(context, report)}


@router.post(
    "/reports/{report_id}/link",
    summary="A new link; older ones are revoked",
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.idempotent("the same key revokes nothing more, and gets the link that is in force"),
)
def renew_link(request: Request, report_id: paths.Report, context: Context, caller: CurrentCaller) -> Response:
    """For a link that has leaked. Sent again with the link that it revoked, it is refused as that link is (401)."""
    report = owned(context, caller, ReportId(report_id))
    return once(
        context,
        key_of(request, caller, ""),
        200,
        lambda: {"id": context.engine.revoke_links(report.id).id},
        lambda renewed: {"link": link(context, context.engine.report(renewed["id"]).report)},
    )


@router.post(
    "/detections",
    summary="What is on photos, nothing of which is kept",
    responses=schemas.PROBLEMS,
    openapi_extra=schemas.multipart({}, required=("photo",)),
)
async def detect(request: Request, context: Context, caller: CurrentCaller) -> Response:
    """The animals on each photo, largest first: for showing them before anything is filed."""
    count_upload(request, context, caller)
    form = await forms.read_form(request, frozenset(), context.config.max_upload_bytes)
    seen = await run_in_threadpool(context.engine.look, form.photos)
    return JSONResponse({"photos": [looked_at_view(photo) for photo in seen]})


def new_report(form: Form, caller: Caller) -> NewReport:
    """The typed report of a form."""
    fields = form.fields
    shelf = forms.choice(fields, "shelf", Shelf)
    if shelf is None:
        raise InvalidInput("Say which shelf: lost or found.", field="shelf", hint="lost or found")
    if not form.photos:
        raise InvalidInput("A report needs at least one photo.", field="photo", hint="Send it as a file named photo.")
    if shelf is Shelf.FOUND and ("home_lat" in fields or "home_lon" in fields):
        raise InvalidInput("Only a lost pet has a home here.", field="home_lat")
    return NewReport(
        shelf=shelf,
        account_id=caller.account_id or AccountId(new_token()),
        photos=form.photos,
        species=forms.species(fields),
        place=forms.point(fields),
        home=forms.point(fields, "home_"),
        happened_at=forms.moment(fields, "happened_at"),
        held=forms.choice(fields, "held", Held),
        name=fields.get("name", "").strip() or None,
        description=fields.get("description"),
        contact=fields.get("contact"),
        address=fields.get("address"),
        listed=forms.flag(fields, "listed"),
        secret_mark=fields.get("secret_mark"),
        about=ReportId(fields["about"]) if "about" in fields else None,
        animals=forms.numbers(fields, "animal", most=100),
        keep_without_animal=forms.flag(fields, "keep_without_animal"),
    )


def report_change(change: bodies.Change) -> ReportChange:
    """The typed change of a JSON body: what is absent stays, what is null goes."""
    given = change.model_dump(exclude_unset=True)
    _check_whole_points(given)
    texts = {name: str(value) for name, value in given.items() if value is not None}
    emptied = frozenset(
        name.removesuffix("_lat").replace("lat", "place") for name, value in given.items()
        if value is None and not name.endswith("lon")
    )  # fmt: skip
    if emptied - CLEARABLE:
        raise InvalidInput("This cannot be empty.", field=min(emptied - CLEARABLE))
    return ReportChange(
        status=forms.choice(texts, "status", Status),
        species=forms.species(texts),
        place=forms.point(texts),
        home=forms.point(texts, "home_"),
        happened_at=forms.moment(texts, "happened_at"),
        held=forms.choice(texts, "held", Held),
        name=texts.get("name"),
        description=texts.get("description"),
        contact=texts.get("contact"),
        address=texts.get("address"),
        muted_until=forms.moment(texts, "muted_until"),
        listed=change.listed,
        secret_mark=texts.get("secret_mark"),
        clear=emptied,
    )


def _check_whole_points(given: Mapping[str, Any]) -> None:
    """Whoever takes away half a point means the whole of it, and must not believe that it is gone."""
    for lat, lon in (("lat", "lon"), ("home_lat", "home_lon")):
        if lon in given and given[lon] is None and given.get(lat, 0) is not None:
            raise InvalidInput("Half a place is none.", field=lon, hint=f"Send {lat} as null too.")


def _kept_back(caller: Caller, report: Report) -> dict[str, Any]:
    """What not even operators are shown."""
    return {} if caller.is_admin else {"secret_mark": report.secret_mark}


def _for_operators(export: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in export.items() if name not in BETWEEN_PEOPLE}
    return {**shown, "report": {name: value for name, value in shown["report"].items() if name != "secret_mark"}}


def count_upload(request: Request, context: ApiContext, caller: Caller) -> None:
    """One upload of this caller: by key and the account that it acts for, else by network address."""
    limit: UploadLimit = request.app.state.uploads
    if caller.is_admin:
        return
    by_key = f"{caller.name} {caller.account_id or ''}"
    limit.check(by_key if caller.key else address(request, context.config.trusted_proxies))


def _file(request: Request, context: ApiContext, caller: Caller, new: NewReport) -> Response:
    add = context.engine.add_lost if new.shelf is Shelf.LOST else context.engine.add_found

    def make() -> Filed:
        filed = add(new)
        note_sender(request, context, caller, filed.report.id)
        return filed

    return _once(request, context, new.idempotency, make)


def _once(request: Request, context: ApiContext, key: Idempotency | None, make: Any) -> Response:
    """The key is committed with the report; an answer given again is built anew, with a fresh link."""
    in_flight: InFlight = request.app.state.in_flight
    with in_flight.hold(key):
        earlier = earlier_answer(context, key)
        filed = context.engine.report(ReportId(earlier.body)) if earlier else make()
        headers = REPLAYED if earlier else {}
        body = filed_view(context, filed, _language(request), with_link=True)
        return JSONResponse(body, 201, headers=headers)


def after(found: Sequence[Report], limit: int) -> str | None:
    """The cursor with which a list goes on of which one more than ``limit`` were looked for."""
    last = found[limit - 1] if len(found) > limit else None
    return f"{last.created_at.isoformat()}~{last.id}" if last else None


def before(cursor: str | None) -> Before | None:
    """Where a list of reports goes on."""
    if cursor is None:
        return None
    moment, _, report_id = cursor.partition("~")
    created_at = forms.moment({"cursor": moment}, "cursor")
    return (created_at, ReportId(report_id)) if created_at else None


def _language(request: Request) -> str:
    return best_language(request.headers.get("accept-language"))
