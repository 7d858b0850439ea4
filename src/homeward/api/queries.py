"""The query parameters that lists take, each with its shape and its meaning; it never reads a request.

What `forms.known_only` lets through and what OpenAPI describes are one table.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from homeward.domain.animals import Species
from homeward.domain.matches import Sort, Verdict
from homeward.domain.reports import Shelf, Source, Status

Query = Mapping[str, dict[str, Any]]
"""By name: its JSON schema, with a description."""


def described(query: Query) -> dict[str, Any]:
    """Of a route, for OpenAPI."""
    return {"parameters": [_parameter(name, dict(schema)) for name, schema in query.items()]}


def _parameter(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    meaning = schema.pop("description")
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": meaning}


def _text(meaning: str) -> dict[str, Any]:
    return {"type": "string", "description": meaning}


def _moment(meaning: str) -> dict[str, Any]:
    return {"type": "string", "format": "date-time", "description": meaning}


def _number(least: float, most: float, meaning: str) -> dict[str, Any]:
    return {"type": "number", "minimum": least, "maximum": most, "description": meaning}


def _one_of(words: type[StrEnum], meaning: str) -> dict[str, Any]:
    return {"type": "string", "enum": [word.value for word in words], "description": meaning}


def _any_of(meaning: str) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "string"}, "description": f"{meaning}; may be repeated"}


def _limit(most: int, default: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default, "description": "how many at most"}


CURSOR = _text("what `next` said")
BOARD: Query = {
    "shelf": _one_of(Shelf, "only lost or only found ones"),
    "species": _one_of(Species, "only these animals"),
    "district": _text("only this district"),
    "lat": _number(-90, 90, "latitude of a place, degrees: only the districts around it, where no district is named"),
    "lon": _number(-180, 180, "its longitude, degrees; lat and lon come together"),
    "limit": _limit(100, 24),
    "cursor": CURSOR,
    "lang": _text("of the page `/board`, whose addresses are taken here too; changes nothing"),
}
REPORTS: Query = {
    "shelf": _one_of(Shelf, "only lost or only found ones"),
    "status": _one_of(Status, "only those that stand so"),
    "limit": _limit(200, 50),
    "cursor": CURSOR,
}
DESK_REPORTS: Query = {
    "status": _one_of(Status, "only those that stand so"),
    "flagged": {
        "type": "boolean",
        "default": False,
        "description": "true: only those with complaints, the most first",
    },
    "limit": _limit(100, 20),
    "cursor": CURSOR,
}
SIGHTINGS: Query = {
    "since": _moment("seen at this moment or later, ISO 8601 with an offset"),
    "limit": _limit(500, 100),
    "cursor": CURSOR,
}
FINDER_MATCHES: Query = {"limit": _limit(200, 50)}
MATCHES: Query = {
    "sort": {
        **_one_of(Sort, "the order: likeliest, most alike, nearest or newest first, or districts by name"),
        "default": "degree",
    },
    "district": _any_of("only these districts"),
    "max_km": _number(0, 20_100, "at most so far from home, else from where it was lost"),
    "since": _moment("seen at this moment or later, ISO 8601 with an offset"),
    "until": _moment("seen at this moment or earlier, ISO 8601 with an offset"),
    "min_degree": _number(0, 1, "at least this degree"),
    "source": _one_of(Source, "only what people or only what cameras tell"),
    "species": _one_of(Species, "only these animals"),
    "verdict": {
        "type": "string",
        "enum": [*(word.value for word in Verdict), "none"],
        "description": "only those that the owner called so; none: not judged yet",
    },
    "found_id": _any_of("only these, however far down the list"),
    "limit": _limit(200, 50),
    "cursor": CURSOR,
}
