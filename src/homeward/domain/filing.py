"""What callers hand to the Engine, and what they get back."""

from dataclasses import dataclass
from datetime import datetime

from homeward.domain.animals import Animal, Species
from homeward.domain.boxes import Box
from homeward.domain.breeds import BreedGuess
from homeward.domain.ids import AccountId, CameraId, ReportId
from homeward.domain.matches import FinderMatch, MatchPage
from homeward.domain.places import Point
from homeward.domain.reports import Held, Photo, Report, Shelf, Status


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A caller's key for a request, committed with what the request made; ``body_sha256`` tells it apart."""

    caller: str
    key: str
    body_sha256: str


@dataclass(frozen=True, slots=True)
class NewReport:
    """A person's report as it comes in. ``photos`` are untrusted file contents, one to ten.

    ``species`` None lets the detector decide. ``happened_at`` None means now. ``animals`` chooses one of
    several animals on each of the first photos (0 = the largest). ``keep_without_animal`` keeps a photo on which no
    animal is seen, with the whole picture as its body crop; it needs ``species``.
    """

    shelf: Shelf
    account_id: AccountId
    photos: tuple[bytes, ...]
    species: Species | None = None
    place: Point | None = None
    home: Point | None = None
    happened_at: datetime | None = None
    held: Held | None = None
    name: str | None = None
    description: str | None = None
    contact: str | None = None
    address: str | None = None
    listed: bool = False
    secret_mark: str | None = None
    about: ReportId | None = None
    animals: tuple[int, ...] = ()
    keep_without_animal: bool = False
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class NewSighting:
    """A camera's crop of a whole animal with margin. ``box`` is the animal on ``photo``, if known.

    ``seen_at`` is read from the camera's clock, which shows ``sent_at`` while it sends, if it says so.
    """

    camera_id: CameraId
    photo: bytes
    seen_at: datetime
    species: Species | None = None
    confidence: float | None = None
    box: Box | None = None
    track_id: str | None = None
    sent_at: datetime | None = None
    idempotency: Idempotency | None = None


@dataclass(frozen=True, slots=True)
class ReportChange:
    """Fields to change; None leaves a field alone. ``clear`` names fields to empty."""

    status: Status | None = None
    species: Species | None = None
    place: Point | None = None
    home: Point | None = None
    happened_at: datetime | None = None
    held: Held | None = None
    name: str | None = None
    description: str | None = None
    contact: str | None = None
    address: str | None = None
    muted_until: datetime | None = None
    listed: bool | None = None
    secret_mark: str | None = None
    clear: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """A kept photo with all animals on it, largest first; ``animals`` is empty while the models are down.

    ``board_may_show`` is None until the detector has looked at it.
    """

    photo: Photo
    animals: tuple[Animal, ...]
    board_may_show: bool | None


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A photo that was looked at and not kept: its size in pixels, the animals on it, largest first."""

    width: int
    height: int
    animals: tuple[Animal, ...]


@dataclass(frozen=True, slots=True)
class Filed:
    """A committed report. ``pending`` is True while embedding and matching wait for the models.

    A lost report carries ``matches``, a found one ``finder_matches``.
    """

    report: Report
    photos: tuple[SeenPhoto, ...]
    pending: bool
    matches: MatchPage | None = None
    finder_matches: tuple[FinderMatch, ...] = ()
    breed: BreedGuess | None = None
    hidden_because: str | None = None


@dataclass(frozen=True, slots=True)
class Sighted:
    """A camera's sighting: stored as a new report, or a repeat of ``report`` (whose last-seen time moved)."""

    report: Report
    is_repeat: bool
    pending: bool
