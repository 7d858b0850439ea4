"""Reports, photos and cameras: what the shelves hold besides vectors."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from enum import StrEnum
from typing import NamedTuple

from homeward.domain.accounts import utc_offset_min
from homeward.domain.animals import Part, Species
from homeward.domain.boxes import Box
from homeward.domain.contacts import without_contacts
from homeward.domain.ids import (
    AccountId,
    CameraId,
    ContentHash,
    CropId,
    EncounterId,
    PhotoId,
    ReportId,
)
from homeward.domain.places import Point

CONSENT = "3"  # of the words beside the form: what is kept, and who reads it
UNREAD = frozenset({"1", "2"})  # under these an owner read nothing of what a finder wrote
MOST_WORDS = 1000  # of a finder's, for owners


class Shelf(StrEnum):
    """The two shelves."""

    LOST = "lost"
    FOUND = "found"

    @property
    def opposite(self) -> "Shelf":
        """The shelf on which matches are looked for."""
        return Shelf.FOUND if self is Shelf.LOST else Shelf.LOST


class Status(StrEnum):
    """The life of a report. Only open ones are searched; ``hidden`` is an operator's doing, shown to nobody else."""

    OPEN = "open"
    REUNITED = "reunited"
    CLOSED = "closed"
    EXPIRED = "expired"
    HIDDEN = "hidden"


class Held(StrEnum):
    """What became of a found animal."""

    HELD = "held"
    LOOSE = "seen_loose"


class Source(StrEnum):
    """Who told of the animal."""

    PERSON = "person"
    CAMERA = "camera"


@dataclass(frozen=True, slots=True)
class Report:
    """One animal told of by a person, or seen by a camera (a sighting).

    ``place`` is where it was last seen or found; ``home`` is private and never leaves the owner's view.
    ``species_confidence`` is 1.0 where a person named the species. Times are aware, in UTC.
    ``address`` is the place in words. Until ``muted_until`` its account is told of no matches.
    ``secret_mark`` is a mark that the owner keeps back: it proves whose the animal is, and nobody else is shown it.
    Of a ``listed`` one everybody may see photo, name, species, district and day.
    An open one has been since it was created or, where it had ended meanwhile, since ``reopened_at``.
    ``encounter_id`` groups sightings of one animal on one camera; a person's report is its own encounter.
    """

    id: ReportId
    shelf: Shelf
    account_id: AccountId
    species: Species
    species_confidence: float
    happened_at: datetime
    created_at: datetime
    encounter_id: EncounterId
    source: Source = Source.PERSON
    status: Status = Status.OPEN
    place: Point | None = None
    district: str | None = None
    home: Point | None = None
    held: Held | None = None
    name: str | None = None
    description: str | None = None
    contact: str | None = None
    about: ReportId | None = None
    camera_id: CameraId | None = None
    track_id: str | None = None
    clock_corrected: bool = False
    last_seen_at: datetime | None = None
    closed_at: datetime | None = None
    reopened_at: datetime | None = None
    address: str | None = None
    muted_until: datetime | None = None
    listed: bool = False
    secret_mark: str | None = None
    consent_version: str = CONSENT
    token_version: int = 1

    @property
    def words_for_owners(self) -> str | None:
        """What its finder wrote about the animal, as owners whose pet it may be read it: no contact stands in it.

        Nothing of those who had not read, when they wrote it, that owners would.
        """
        if self.description is None or self.consent_version in UNREAD:
            return None
        words = without_contacts(self.description)
        return words if len(words) <= MOST_WORDS else words[:MOST_WORDS] + "…"

    @property
    def begins_encounter(self) -> bool:
        """Whether it is the first sighting of its encounter: the one that counts as an animal."""
        return str(self.id) == str(self.encounter_id)

    def with_status(self, status: Status, now: datetime) -> "Report":
        """The same, ended ``now`` or open again from now on."""
        if status is Status.OPEN:
            return replace(self, status=status, closed_at=None, reopened_at=now)
        return replace(self, status=status, closed_at=now)

    @property
    def day(self) -> date:
        """The day on which it happened by the clocks of its place, as guessed; by UTC where no place is known."""
        offset_min = utc_offset_min(self.place.lon) if self.place else 0
        return self.happened_at.astimezone(timezone(timedelta(minutes=offset_min))).date()


class Standing(NamedTuple):
    """The few facts of a report that tell how likely a pair is before anything else of it is read.

    ``start`` is where it is looked for from: a lost one's home, else its place.
    """

    id: ReportId
    species: Species
    species_confidence: float
    happened_at: datetime
    encounter_id: EncounterId
    source: Source
    start: Point | None
    has_home: bool
    about: ReportId | None


def standing_of(report: Report) -> Standing:
    """The standing of ``report``."""
    return Standing(
        report.id,
        report.species,
        report.species_confidence,
        report.happened_at,
        report.encounter_id,
        report.source,
        report.home or report.place,
        report.home is not None,
        report.about,
    )


def species_agree(one: Standing, other: Standing) -> float:
    """The probability that both are of one kind, of how sure each of the two is."""
    same = one.species_confidence * other.species_confidence
    same += (1 - one.species_confidence) * (1 - other.species_confidence)
    return same if one.species is other.species else 1 - same


@dataclass(frozen=True, slots=True)
class Photo:
    """A picture kept for a report: upright, without EXIF, ``width`` x ``height`` pixels.

    ``people`` are boxes of people seen on it, blurred where others than the sender look. Of several animals
    on it, number ``chosen`` (0 = the largest) is the report's; only its crops are embedded. Until the detector has
    ``looked_at`` it, nobody knows whether people are on it, and only its sender is shown it.
    """

    id: PhotoId
    report_id: ReportId
    content_hash: ContentHash
    width: int
    height: int
    position: int
    created_at: datetime
    people: tuple[Box, ...] = ()
    chosen: int = 0
    looked_at: bool = True


@dataclass(frozen=True, slots=True)
class NewCrop:
    """A crop without an id: animal number ``animal`` (0 = the largest) on ``photo_id``."""

    photo_id: PhotoId
    report_id: ReportId
    animal: int
    part: Part
    box: Box
    species: Species
    confidence: float


@dataclass(frozen=True, slots=True)
class Crop:
    """A crop with its id; the embedding made of it names it."""

    id: CropId
    photo_id: PhotoId
    report_id: ReportId
    animal: int
    part: Part
    box: Box
    species: Species
    confidence: float


@dataclass(frozen=True, slots=True)
class Camera:
    """A camera that sends sightings. ``last_heartbeat_at`` tells whether it lives.

    ``counters`` are its watcher's own. Of a ``paused`` one nothing is taken.
    """

    id: CameraId
    name: str
    place: Point
    district: str | None
    created_at: datetime
    last_heartbeat_at: datetime | None = None
    state: str = "unknown"
    counters: Mapping[str, int] = field(default_factory=dict)
    paused: bool = False
