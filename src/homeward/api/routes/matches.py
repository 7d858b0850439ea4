"""Matches: the owner's list in three formats, the finder's view, verdicts."""

import csv
import io
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from starlette.responses import JSONResponse

from homeward.api import bodies, forms, paths, queries, schemas
from homeward.api.auth import CurrentCaller, owned
from homeward.api.context import ApiContext, context_of
from homeward.api.pictures import picture
from homeward.api.views import finder_view, match_views, picture_urls
from homeward.domain.animals import Species
from homeward.domain.ids import ReportId
from homeward.domain.matches import MatchQuery, Sort, Verdict
from homeward.domain.reports import Shelf, Source
from homeward.errors import InvalidInput
from homeward.locales import best_language

router = APIRouter(prefix="/api/v1", tags=["matches"])
Context = Annotated[ApiContext, Depends(context_of)]
CSV_COLUMNS = ("found_id", "degree", "l2_distance", "seen_at", "lat", "lon", "place", "district", "distance_km",
               "source", "camera", "species", "held", "encounter", "verdict", "reasons")  # fmt: skip
BOM = "\ufeff"  # Excel reads a CSV as UTF-8 only with it
FORMULA = ("=", "+", "-", "@", "\t", "\r")
MAX_OFFSET = 100_000


@router.get(
    "/lost/{lost_id}/matches",
    operation_id="getCurrentTopMatches",
    summary="The owner's matches",
    responses={**schemas.PROBLEMS, 200: schemas.MATCHES_ANSWER},
    openapi_extra=queries.described(queries.MATCHES),
)
def current_top_matches(request: Request, lost_id: paths.Lost, context: Context, caller: CurrentCaller) -> Response:
    """Best first, or sorted and filtered; as JSON, CSV or GeoJSON by ``Accept``."""
    owned(context, caller, ReportId(lost_id))
    query = match_query(request)
    page = context.engine.current_top_matches(ReportId(lost_id), query)
    language = best_language(request.headers.get("accept-language"))
    items = match_views(context, page.items, language)
    next_cursor = None if page.next_offset is None else str(page.next_offset)
    accept = request.headers.get("accept", "")
    if "text/csv" in accept:
        return Response(BOM + as_csv(items), media_type="text/csv; charset=utf-8", headers=_next(next_cursor))
    if "application/geo+json" in accept:
        body = as_geojson(items)
        return JSONResponse(body, media_type="application/geo+json", headers=_next(next_cursor))
    return JSONResponse({"items": items, "next": next_cursor, "total": page.total, "hidden": page.hidden})


@router.get(
    "/found/{found_id}/matches",
    summary="The finder's matches",
    responses=schemas.PROBLEMS,
    openapi_extra=queries.described(queries.FINDER_MATCHES),
)
def finder_matches(request: Request, found_id: paths.Found, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """Districts and bands of distance only; contacts stay hidden."""
    forms.known_only(request, queries.FINDER_MATCHES)
    owned(context, caller, ReportId(found_id))
    limit = forms.limit(dict(request.query_params), queries.FINDER_MATCHES)
    language = best_language(request.headers.get("accept-language"))
    found = context.engine.finder_matches(ReportId(found_id), limit)
    return {"items": [finder_view(context, match, language) for match in found], "next": None}


@router.get(
    "/lost/{lost_id}/matches/{found_id}/picture",
    summary="Both photos of a match side by side",
    responses=schemas.PICTURE_ANSWERS,
)
def picture_for_owner(
    request: Request, lost_id: paths.Lost, found_id: paths.Found, context: Context, caller: CurrentCaller
) -> Response:
    """The owner's own on the left, as JPEG."""
    owned(context, caller, ReportId(lost_id))
    return picture(request, context.engine.beside(ReportId(lost_id), ReportId(found_id), first=Shelf.LOST))


@router.get(
    "/lost/{lost_id}/matches/{found_id}/photos", summary="All photos of the found animal", responses=schemas.PROBLEMS
)
def found_photos(lost_id: paths.Lost, found_id: paths.Found, context: Context, caller: CurrentCaller) -> dict[str, Any]:
    """The deciding one first, each in three sizes; people on them are blurred."""
    owned(context, caller, ReportId(lost_id))
    photos = context.engine.found_photos(ReportId(lost_id), ReportId(found_id))
    return {"items": [{"id": photo, **picture_urls(context, photo, is_owner=False)} for photo in photos], "next": None}


@router.get(
    "/found/{found_id}/matches/{lost_id}/picture",
    summary="Both photos of a match side by side",
    responses=schemas.PICTURE_ANSWERS,
)
def picture_for_finder(
    request: Request, found_id: paths.Found, lost_id: paths.Lost, context: Context, caller: CurrentCaller
) -> Response:
    """The finder's own on the left, as JPEG."""
    owned(context, caller, ReportId(found_id))
    return picture(request, context.engine.beside(ReportId(lost_id), ReportId(found_id), first=Shelf.FOUND))


@router.put("/lost/{lost_id}/matches/{found_id}/verdict", summary="Same, different, unsure", responses=schemas.PROBLEMS)
def judge(
    lost_id: paths.Lost, found_id: paths.Found, verdict: bodies.VerdictBody, context: Context, caller: CurrentCaller
) -> dict[str, Any]:
    """Counts for all sightings of the encounter; look-alikes of a rejected animal sink.

    ``close`` with ``same`` ends the owner's open report. The find ends too where its finder has agreed to talk with
    this owner, or answers this very report; else it stays open, and its finder is asked to close it.
    """
    owned(context, caller, ReportId(lost_id))
    judged = context.engine.verdict(
        ReportId(lost_id), ReportId(found_id), Verdict(verdict.verdict), close=verdict.close
    )
    return {"verdict": verdict.verdict, "found_ids": list(judged)}


def match_query(request: Request) -> MatchQuery:
    """The typed filters of a request."""
    forms.known_only(request, queries.MATCHES)
    for name in request.query_params:
        if queries.MATCHES[name]["type"] != "array" and len(request.query_params.getlist(name)) > 1:
            raise InvalidInput(f"{name} is given twice.", field=name, hint="Send it once.")
    fields = dict(request.query_params)
    wants_none = fields.get("verdict") == "none"
    return MatchQuery(
        sort=forms.choice(fields, "sort", Sort) or Sort.DEGREE,
        districts=tuple(request.query_params.getlist("district")),
        found_ids=tuple(ReportId(found) for found in request.query_params.getlist("found_id")),
        max_km=forms.number(fields, "max_km", least=0, most=20_100),
        since=forms.moment(fields, "since"),
        until=forms.moment(fields, "until"),
        min_degree=forms.number(fields, "min_degree", least=0, most=1),
        source=forms.choice(fields, "source", Source),
        species=forms.choice(fields, "species", Species),
        verdict=None if wants_none else forms.choice(fields, "verdict", Verdict),
        unjudged=wants_none,
        limit=forms.limit(fields, queries.MATCHES),
        offset=forms.whole(fields, "cursor", least=0, most=MAX_OFFSET) or 0,
    )


def as_csv(items: list[dict[str, Any]]) -> str:
    """One line for each match; what a spreadsheet would run as a formula is quoted."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(CSV_COLUMNS)
    for item in items:
        place, camera = item["place"] or {}, item["camera"] or {}
        flat = {
            **item,
            "lat": place.get("lat"),
            "lon": place.get("lon"),
            "place": place.get("name"),
            "district": place.get("district"),
            "camera": camera.get("name"),
            "reasons": "; ".join(reason["text"] for reason in item["reasons"]),
        }
        writer.writerow([_cell(flat[column]) for column in CSV_COLUMNS])
    return file.getvalue()


def as_geojson(items: list[dict[str, Any]]) -> dict[str, Any]:
    """RFC 7946: longitude first; matches without a place have a null geometry."""
    features = []
    for item in items:
        place = item["place"]
        is_known = place is not None and place["lat"] is not None
        geometry = {"type": "Point", "coordinates": [place["lon"], place["lat"]]} if is_known else None
        rest = {name: value for name, value in item.items() if name != "place"}
        district = place["district"] if place else None
        properties = {**rest, "district": district}
        features.append({"type": "Feature", "id": item["found_id"], "geometry": geometry, "properties": properties})
    return {"type": "FeatureCollection", "features": features}


def _cell(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _next(cursor: str | None) -> dict[str, str]:
    return {"X-Next-Cursor": cursor} if cursor else {}
