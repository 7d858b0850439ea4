"""What the interface takes and gives, for its description (OpenAPI) and for checking JSON bodies."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

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
    "seen_at": "when, ISO 8601 with an offset; a clock ahead is corrected",
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
MATCH_FILTERS = {
    "sort": "degree (default), l2_distance, distance_km, seen_at, district",
    "district": "only these districts; may be repeated",
    "max_km": "at most so far from home, else from where it was lost",
    "since": "seen at this moment or later",
    "until": "seen at this moment or earlier",
    "min_degree": "at least this degree, 0 to 1",
    "source": "person or camera",
    "species": "cat or dog",
    "verdict": "same, different, unsure, or none",
    "found_id": "only these; may be repeated",
    "limit": "1 to 200, default 50",
    "cursor": "what `next` said",
}


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


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")

    @field_validator("*", mode="before")
    @classmethod
    def _whole(cls, value: object) -> object:
        """JSON can name halves of signs, which no database and no answer can hold."""
        if isinstance(value, str) and not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise ValueError("no whole text") from None
        return value


class Change(_Body):
    """What to change; absent stays, null empties."""

    status: Literal["open", "reunited", "closed"] | None = None
    species: Literal["cat", "dog"] | None = None
    lat: float | None = Field(None, description=REPORT_FIELDS["lat"])
    lon: float | None = Field(None, description=REPORT_FIELDS["lon"])
    home_lat: float | None = Field(None, description=REPORT_FIELDS["home_lat"])
    home_lon: float | None = Field(None, description=REPORT_FIELDS["home_lon"])
    happened_at: str | None = Field(None, description="when, ISO 8601 with an offset")
    held: Literal["held", "seen_loose"] | None = Field(None, description=REPORT_FIELDS["held"])
    name: str | None = Field(None, description=REPORT_FIELDS["name"])
    description: str | None = Field(None, description=REPORT_FIELDS["description"])
    contact: str | None = Field(None, description=REPORT_FIELDS["contact"])
    address: str | None = Field(None, description=REPORT_FIELDS["address"])
    listed: bool | None = Field(None, description="whether everybody may see photo, name, species, district and day")
    secret_mark: str | None = Field(None, description="a mark that the owner keeps back; shown to nobody else")
    muted_until: str | None = Field(None, description="no alerts about matches until then; null for at once")


class VerdictBody(_Body):
    """What the owner says; ``close`` ends the case with ``same``."""

    verdict: Literal["same", "different", "unsure"]
    close: bool = Field(default=False, description="with same: the search is over")


class NewCamera(_Body):
    """A camera; its district is looked up where none is given."""

    name: str = Field(min_length=1, max_length=100)
    lat: float
    lon: float
    id: str | None = Field(None, max_length=40, description="made up where none is given")
    district: str | None = Field(None, max_length=100, description="looked up where none is given")


class Heartbeat(_Body):
    """How a camera is."""

    state: str = Field("live", max_length=40)
    counters: dict[Annotated[str, Field(pattern="^[a-z_]{1,40}$")], Annotated[int, Field(ge=0, le=2**53)]] = Field(
        default_factory=dict, max_length=40, description="What the watcher counted since it began."
    )


class CameraChange(_Body):
    """What is changed of a camera: with its own key whether it is paused, all else by operators."""

    paused: bool | None = Field(None, description="True: nothing is taken of it.")
    name: str | None = Field(None, min_length=1, max_length=100)
    lat: float | None = None
    lon: float | None = None
    district: str | None = Field(None, max_length=100, description="Empty: that of the place.")


class NewKey(_Body):
    """A key to make."""

    name: str = Field(min_length=1, max_length=100)
    scope: str = Field(description="sightings, bot, volunteer or admin")
    camera_id: str | None = Field(None, description="for sightings: which camera")


Messenger = Annotated[str, Field(pattern="^[a-z]{1,20}$", description="telegram, console ...")]
Address = Annotated[str, Field(min_length=1, max_length=100)]
Number = Annotated[int, Field(ge=-(2**53), le=2**53)]
Id = Annotated[str, Field(min_length=1, max_length=64)]


class Arrival(_Body):
    """Somebody on a messenger."""

    messenger: Messenger
    address: Address
    language: Literal["en", "ru"] = Field("en", description="of somebody new")
    numbers: list[Number] = Field([], max_length=100, description="of the updates that they came with")


class AccountChange(_Body):
    """What to change; absent stays."""

    language: Literal["en", "ru"] = "en"
    utc_offset_min: Annotated[int, Field(ge=-14 * 60, le=14 * 60)] | None = None
    quiet: bool = True
    reachable: bool = True


class Dialog(_Body):
    """Where a dialog stands, as the bot's own JSON."""

    dialog: dict[str, Any]
    step: str = Field("", pattern="^[a-z_.]{0,40}$", description="its name, for figures")
    worked_on: list[Number] = Field(default_factory=list, max_length=200, description="numbers of updates")


class Update(_Body):
    """Something that came in under a messenger's own number."""

    number: Number
    address: Address
    body: str = Field(min_length=1, max_length=60_000)


class Updates(_Body):
    """What came in."""

    messenger: Messenger
    items: list[Update] = Field(max_length=100)


class Dropped(_Body):
    """What is not worked on."""

    messenger: Messenger
    numbers: list[Number] = Field(max_length=1000)


class Claim(_Body):
    """How much of what is to be told."""

    messenger: Messenger
    limit: int = Field(50, ge=1, le=200)


class Told(_Body):
    """Alerts that arrived."""

    ids: list[Number] = Field(max_length=1000)


class Failed(_Body):
    """Alerts that did not arrive."""

    ids: list[Number] = Field(max_length=1000)
    error: str = Field(max_length=100)
    wait_s: float = Field(ge=0, le=86400)


class Seen(_Body):
    """The other reports of matches that were seen."""

    ids: list[Id] = Field(max_length=200)


EmailAddress = Annotated[str, Field(max_length=200, pattern=r"^[^\s@<>,;:\"()\[\]\\\\]+@[^\s@<>,;:\"()\[\]\\\\]+$")]


class NewAddress(_Body):
    """Where news should go."""

    email: EmailAddress
    language: Literal["en", "ru"] = "en"
    utc_offset_min: Annotated[int, Field(ge=-14 * 60, le=14 * 60)] | None = None


class Launch(_Body):
    """How a Mini App was opened."""

    init_data: str = Field(min_length=1, max_length=8192, description="as Telegram gave it, signed by it")
    report_id: str = Field(min_length=1, max_length=64)


class DeviceKeys(BaseModel):
    """Of a browser's subscription, base64url."""

    p256dh: str = Field(min_length=80, max_length=100)
    auth: str = Field(min_length=20, max_length=30)


class OldDevice(_Body):
    """A browser's subscription by its address."""

    endpoint: str = Field(min_length=10, max_length=1000)


class NewDevice(OldDevice):
    """A browser's subscription."""

    keys: DeviceKeys
    language: Literal["en", "ru"] = "en"
    utc_offset_min: int | None = Field(None, ge=-720, le=840)


class Confirmation(_Body):
    """What stood in a letter."""

    token: str = Field(max_length=1000)


class LostLink(_Body):
    """Whose links."""

    email: EmailAddress


class NewHandover(_Body):
    """Who is to talk."""

    lost_id: Id
    found_id: Id


class Agreement(_Body):
    """Whether the caller wants to talk."""

    agrees: bool


class Reindex(_Body):
    """Which embedder next; or back to the former one."""

    model: str | None = Field(None, max_length=64)
    rollback: bool = False


def multipart(fields: dict[str, str], *, required: tuple[str, ...], most_photos: int = 10) -> dict[str, Any]:
    """The description of a multipart body."""
    properties: dict[str, Any] = {
        name: {**SHAPES.get(name, {"type": "string"}), "description": text} for name, text in fields.items()
    }
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1, "maxItems": most_photos}
    properties["photo"] = {**files, "description": "JPEG, PNG, WebP or HEIC"}
    schema = {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}
    body = {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    return {"requestBody": body, **idempotent()}


def idempotent(again: str = "the same key and body gets the same answer, and makes nothing new") -> dict[str, Any]:
    """The description of the header, and of what is answered where it comes again."""
    key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"}}
    return {"parameters": [{**key, "description": again}]}


def query_parameters(fields: dict[str, str]) -> list[dict[str, Any]]:
    """The description of a query string."""
    return [
        {"name": name, "in": "query", "required": False, "schema": {"type": "string"}, "description": text}
        for name, text in fields.items()
    ]
