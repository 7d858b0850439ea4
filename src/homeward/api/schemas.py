"""What the interface gives, and what its forms and addresses take, for its description (OpenAPI)."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

REPORT_FIELDS = {
    "shelf": "lost or found",
    "species": "cat, dog, or auto (default): what the detector sees",
    "lat": "latitude of where it was last seen or found, degrees",
    "lon": "longitude, degrees; lat and lon come together",
    "home_lat": "latitude of the home of a lost pet; private",
    "home_lon": "longitude of the home",
    "happened_at": "when, ISO 8601 with an offset; default now",
    "held": "for a found animal: held or seen_loose",
    "name": "its name, at most 100 characters",
    "description": "marks, collar, character; at most 4,000 characters",
    "address": "the place in words, at most 300 characters",
    "listed": "true shows photo, name, species, district and day to everybody on the board",
    "contact": "how to reach the sender; never shown to strangers",
    "secret_mark": "of a lost pet: a mark that its owner keeps back as a proof; shown to nobody else",
    "about": "id of a lost report that the finder answers",
    "animal": "which animal on the first photo, 0 = the largest; or one for each photo, like 0,2,0",
    "keep_without_animal": "true keeps a photo on which no animal is seen; needs species",
}
PHOTO_FIELDS = {name: REPORT_FIELDS[name] for name in ("animal", "keep_without_animal")}
MESSAGE_FIELDS = {
    "text": "at most 2,000 characters",
    "lat": "latitude of a place to meet, degrees",
    "lon": "longitude, degrees; lat and lon come together",
}
SIGHTING_FIELDS = {
    "seen_at": "when, ISO 8601 with an offset; a clock ahead is corrected, any other by the header `Date`",
    "species": "cat, dog or auto",
    "confidence": "how sure the camera is, 0 to 1",
    "box": "the animal on the photo: left,top,right,bottom in pixels",
    "track_id": "the camera's name for this animal while it sees it",
}
SHAPES: dict[str, dict[str, Any]] = {
    "shelf": {"type": "string", "enum": ["lost", "found"]},
    "species": {"type": "string", "enum": ["auto", "cat", "dog"]},
    "held": {"type": "string", "enum": ["held", "seen_loose"]},
    **{name: {"type": "number"} for name in ("lat", "lon", "home_lat", "home_lon", "confidence")},
    **{name: {"type": "boolean"} for name in ("listed", "keep_without_animal")},
    **{name: {"type": "string", "format": "date-time"} for name in ("happened_at", "seen_at")},
}
"""Of fields of forms, where they are not any text."""


class Problem(BaseModel):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    field: str | None = None
    hint: str | None = None
    request_id: str | None = None


PROBLEM = {"model": Problem, "content": {"application/problem+json": {}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"description": text, **PROBLEM}
    for status, text in {
        400: "Not to be understood",
        401: "No valid link or key",
        403: "Not yours",
        404: "No such thing",
        409: "Not now",
        413: "Too large",
        415: "Not a kind that is taken",
        422: "A field is wrong",
        429: "Too many uploads",
        503: "Busy; try again",
        507: "The disk is full",
    }.items()
}
PICTURE_ANSWER: dict[str, Any] = {"description": "A JPEG", "content": {"image/jpeg": {}}}
PICTURE_ANSWERS: dict[int | str, dict[str, Any]] = {
    **PROBLEMS,
    200: PICTURE_ANSWER,
    304: {"description": "Still that of If-None-Match"},
}
MATCHES_ANSWER: dict[str, Any] = {
    "description": "A page of matches",
    "content": {
        "application/json": {
            "example": {
                "items": [
                    {
                        "found_id": "6gk2v9yt0q4m8r1c5x7z",
                        "degree": 0.93,
                        "degree_word": "very_likely",
                        "l2_distance": 0.61,
                        "reasons": [{"code": "near_home", "value": 1.2, "text": "1.2 km from home"}],
                        "seen_at": "2026-11-20T15:30:00Z",
                        "place": {"lat": 57.61, "lon": 39.86, "name": "Mill bridge", "district": "Riverside"},
                        "distance_km": 1.2,
                        "camera": {"id": "mill-bridge", "name": "Mill bridge"},
                        "source": "camera",
                        "species": "cat",
                        "verdict": None,
                    }
                ],
                "next": None,
                "total": 1,
                "hidden": 0,
            }
        },
        "text/csv": {},
        "application/geo+json": {},
    },
}


class Place(BaseModel):
    """A point with its names; without a point what was said of it in words."""

    lat: float | None
    lon: float | None
    name: str | None = None
    district: str | None = None


class Photo(BaseModel):
    """A photo of one's own report, with signed addresses of it in three sizes."""

    id: str
    width: int
    height: int
    thumb: str
    crop: str
    full: str
    animals: list[dict[str, Any]] = Field(description="largest first")
    board_may_show: bool | None = Field(
        description="false: no animal is made out on it, so that the board, which never shows a whole photo, leaves it "
        "out; null until the detector has looked"
    )


class Report(BaseModel):
    """A report as its owner sees it. A lost one carries the owner's matches, a found one the finder's."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "example": {
                "id": "3fh8w2k9n5d7p1v6b0ta",
                "shelf": "lost",
                "species": "cat",
                "status": "open",
                "pending": False,
                "link": "https://pets.example.org/lost/3fh8w2k9n5d7p1v6b0ta#token=...",
            }
        },
    )

    id: str
    shelf: Literal["lost", "found"]
    species: Literal["cat", "dog"]
    status: Literal["open", "reunited", "closed", "expired", "hidden"]
    hidden_because: str | None = Field(None, description="why an operator hid it")
    pending: bool = Field(description="true while recognition and matching wait for the models")
    place: Place | None = None
    photos: list[Photo]
    matches: list[dict[str, Any]]
    link: str | None = Field(None, description="the key to the report; only in the answer to filing it")
    app: str | None = Field(None, description="its page as a Mini App of Telegram, where the server has one")


def multipart(fields: dict[str, str], *, required: tuple[str, ...], most_photos: int = 10) -> dict[str, Any]:
    """The description of a multipart body."""
    properties: dict[str, Any] = {
        name: {**SHAPES.get(name, {"type": "string"}), "description": text} for name, text in fields.items()
    }
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1, "maxItems": most_photos}
    properties["photo"] = {**files, "description": "JPEG, PNG, WebP, AVIF or HEIC"}
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    body = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return {"requestBody": body, **idempotent()}


def idempotent(again: str = "the same key and body gets the same answer, and makes nothing new") -> dict[str, Any]:
    """The description of the header, and of what is answered where it comes again."""
    key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"}}
    return {"parameters": [{**key, "description": again}]}
