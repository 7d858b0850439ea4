"""The JSON bodies that the interface takes, checked: what is no field, or no whole text, is refused."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError

from homeward.api.plain import unturned
from homeward.api.schemas import REPORT_FIELDS


class Body(BaseModel):
    """Takes no field that it does not know."""

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
            return unturned(value)
        return value


def _no_flag(value: object) -> object:
    """True would count for 1, which is a place in the Gulf of Guinea."""
    if isinstance(value, bool):
        raise PydanticCustomError("float_type", "true and false are no numbers")
    return value


Degrees = Annotated[float, BeforeValidator(_no_flag)]
Messenger = Annotated[str, Field(pattern="^[a-z]{1,20}$", description="telegram, console ...")]
Address = Annotated[
    str, Field(min_length=1, max_length=100, description="who it is there, as the messenger names them")
]
Number = Annotated[int, Field(ge=-(2**53), le=2**53)]
Id = Annotated[str, Field(min_length=1, max_length=64)]
EmailAddress = Annotated[str, Field(max_length=200, pattern=r"^[^\s@<>,;:\"()\[\]\\\\]+@[^\s@<>,;:\"()\[\]\\\\]+$")]
Language = Annotated[Literal["en", "ru"], Field(description="in which news is written")]
UtcOffset = Annotated[
    Annotated[int, Field(ge=-14 * 60, le=14 * 60)] | None,
    Field(description="minutes that the person's clock is ahead of UTC, so that nights are quiet"),
]


class Change(Body):
    """What to change; absent stays, null empties."""

    status: Literal["open", "reunited", "closed"] | None = Field(None, description="reunited and closed end the search")
    species: Literal["cat", "dog"] | None = Field(None, description="what it is, where the detector was wrong")
    lat: Degrees | None = Field(None, description=REPORT_FIELDS["lat"])
    lon: Degrees | None = Field(None, description=REPORT_FIELDS["lon"])
    home_lat: Degrees | None = Field(None, description=REPORT_FIELDS["home_lat"])
    home_lon: Degrees | None = Field(None, description=REPORT_FIELDS["home_lon"])
    happened_at: str | None = Field(None, description="when, ISO 8601 with an offset")
    held: Literal["held", "seen_loose"] | None = Field(None, description=REPORT_FIELDS["held"])
    name: str | None = Field(None, description=REPORT_FIELDS["name"])
    description: str | None = Field(None, description=REPORT_FIELDS["description"])
    contact: str | None = Field(None, description=REPORT_FIELDS["contact"])
    address: str | None = Field(None, description=REPORT_FIELDS["address"])
    listed: bool | None = Field(None, description="whether everybody may see photo, name, species, district and day")
    secret_mark: str | None = Field(None, description="a mark that the owner keeps back; shown to nobody else")
    muted_until: str | None = Field(None, description="no alerts about matches until then; null for at once")


class VerdictBody(Body):
    """What the owner says; ``close`` ends the case with ``same``."""

    verdict: Literal["same", "different", "unsure"] = Field(
        description="whether the found animal is the lost one; it counts for the whole encounter"
    )
    close: bool = Field(default=False, description="with same: the search is over")


class NewCamera(Body):
    """A camera; its district is looked up where none is given."""

    name: str = Field(min_length=1, max_length=100, description="as people read it")
    lat: Degrees = Field(description="latitude of where it stands, degrees")
    lon: Degrees = Field(description="longitude, degrees")
    id: str | None = Field(None, max_length=40, description="made up where none is given")
    district: str | None = Field(None, max_length=100, description="looked up where none is given")


class Heartbeat(Body):
    """How a camera is."""

    state: str = Field("live", max_length=40, description="connecting, live, stalled, failed, paused or ended")
    counters: dict[Annotated[str, Field(pattern="^[a-z_]{1,40}$")], Annotated[int, Field(ge=0, le=2**53)]] = Field(
        default_factory=dict, max_length=40, description="what the watcher counted since it began"
    )


class CameraChange(Body):
    """What is changed of a camera: with its own key whether it is paused, all else by operators."""

    paused: bool | None = Field(None, description="true: nothing is taken of it")
    name: str | None = Field(None, min_length=1, max_length=100, description="as people read it")
    lat: Degrees | None = Field(None, description="latitude of where it stands, degrees")
    lon: Degrees | None = Field(None, description="longitude, degrees; lat and lon come together")
    district: str | None = Field(None, max_length=100, description="empty: that of the place")


class NewKey(Body):
    """A key to make."""

    name: str = Field(min_length=1, max_length=100, description="who will use it")
    scope: str = Field(description="sightings, bot, volunteer or admin")
    camera_id: str | None = Field(None, description="for sightings: which camera")


class Arrival(Body):
    """Somebody on a messenger."""

    messenger: Messenger
    address: Address
    language: Literal["en", "ru"] = Field("en", description="of somebody new")
    numbers: list[Number] = Field([], max_length=100, description="of the updates that they came with")


class AccountChange(Body):
    """What to change; absent stays."""

    language: Language = "en"
    utc_offset_min: UtcOffset = None
    quiet: bool = Field(default=True, description="whether news waits for the morning")
    reachable: bool = Field(default=True, description="false: the messenger says that nothing arrives there any more")


class Dialog(Body):
    """Where a dialog stands, as the bot's own JSON."""

    dialog: dict[str, Any] = Field(description="what the bot needs to go on; kept as it is")
    step: str = Field("", pattern="^[a-z_.]{0,40}$", description="its name, for figures")
    worked_on: list[Number] = Field(default_factory=list, max_length=200, description="numbers of updates")


class Update(Body):
    """Something that came in under a messenger's own number."""

    number: Number = Field(description="the messenger's own")
    address: Address
    body: str = Field(min_length=1, max_length=60_000, description="as it came")


class Updates(Body):
    """What came in."""

    messenger: Messenger
    items: list[Update] = Field(max_length=100, description="in the order in which they came")


class Dropped(Body):
    """What is not worked on."""

    messenger: Messenger
    numbers: list[Number] = Field(max_length=1000, description="of the updates, the messenger's own")


class Claim(Body):
    """How much of what is to be told."""

    messenger: Messenger
    limit: int = Field(50, ge=1, le=200, description="how many at most")


class Told(Body):
    """Alerts that arrived."""

    ids: list[Number] = Field(max_length=1000, description="as they were claimed")


class Failed(Body):
    """Alerts that did not arrive."""

    ids: list[Number] = Field(max_length=1000, description="as they were claimed")
    error: str = Field(max_length=100, description="what went wrong, in a word, for operators")
    wait_s: float = Field(ge=0, le=86400, description="seconds after which they are tried again")


class Seen(Body):
    """The other reports of matches that were seen."""

    ids: list[Id] = Field(max_length=200, description="the other reports of the matches")


class NewAddress(Body):
    """Where news should go."""

    email: EmailAddress = Field(description="news goes there once the link in a letter was opened")
    language: Language = "en"
    utc_offset_min: UtcOffset = None


class Launch(Body):
    """How a Mini App was opened."""

    init_data: str = Field(min_length=1, max_length=8192, description="as Telegram gave it, signed by it")
    report_id: str = Field(min_length=1, max_length=64, description="which report of the person is to be opened")


class DeviceKeys(BaseModel):
    """Of a browser's subscription, base64url."""

    p256dh: str = Field(min_length=80, max_length=100, description="its public key")
    auth: str = Field(min_length=20, max_length=30, description="the secret that it shares with the server")


class OldDevice(Body):
    """A browser's subscription by its address."""

    endpoint: str = Field(min_length=10, max_length=1000, description="the address at its push service; a secret")


class NewDevice(OldDevice):
    """A browser's subscription."""

    keys: DeviceKeys = Field(description="what news is sealed with, base64url")
    language: Language = "en"
    utc_offset_min: UtcOffset = None


class Confirmation(Body):
    """What stood in a letter."""

    token: str = Field(max_length=1000, description="what stands behind the # of the letter's link")


class LostLink(Body):
    """Whose links."""

    email: EmailAddress = Field(description="where the news of the reports goes")


class NewHandover(Body):
    """Who is to talk."""

    lost_id: Id = Field(description="the lost report")
    found_id: Id = Field(description="the found report; one of the two is the caller's")


class Agreement(Body):
    """Whether the caller wants to talk."""

    agrees: bool = Field(
        description="false declines, and the other side is told; once both agree, end the conversation instead"
    )


class Reindex(Body):
    """Which embedder next; or back to the former one."""

    model: str | None = Field(None, max_length=64, description="the name of an embedder; not with rollback")
    rollback: bool = Field(default=False, description="back to the former one, whose vectors are still there")
