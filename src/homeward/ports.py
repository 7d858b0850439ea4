"""Ports: what the engine needs of the world, as Protocols. Real and in-memory ones pass the same tests."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from homeward.domain.accounts import Account
from homeward.domain.animals import Detection, Picture, Species
from homeward.domain.boxes import Box
from homeward.domain.breeds import BreedHead
from homeward.domain.calibration import Calibration
from homeward.domain.embeddings import Embedding, Filter, Neighbour, NewEmbedding, Vector, Vectors
from homeward.domain.handovers import Handover, Message, NewMessage
from homeward.domain.ids import (
    AccountId,
    AlertId,
    CameraId,
    ContentHash,
    CropId,
    EmbeddingId,
    EncounterId,
    HandoverId,
    JobId,
    KeyId,
    MessageId,
    ModelName,
    PhotoId,
    ReportId,
)
from homeward.domain.matches import Match, MatchPage, MatchQuery, Verdict
from homeward.domain.places import Point
from homeward.domain.reports import Camera, Crop, Encounter, NewCrop, Photo, Report, Shelf, Status

# --- time -----------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


# --- pictures -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SafePhoto:
    """An upload made harmless: upright pixels, re-encoded JPEG bytes without EXIF, its SHA-256."""

    picture: Picture
    jpeg: bytes
    content_hash: ContentHash


class ImageReader(Protocol):
    """Untrusted bytes in, a safe picture out."""

    def read(self, data: bytes) -> SafePhoto:
        """Check, decode, turn upright, shrink, re-encode.

        Raises:
            PhotoTooLarge: too many bytes or pixels (told before decoding).
            PhotoKindUnsupported: not one of the allowed kinds.
            PhotoUnreadable: broken.
        """
        ...


@dataclass(frozen=True, slots=True)
class View:
    """A part of a kept JPEG: ``crop`` of it (else the whole), with the ``blurred`` boxes made unrecognisable."""

    jpeg: bytes
    crop: Box | None = None
    blurred: tuple[Box, ...] = ()


class ImageRenderer(Protocol):
    """A kept JPEG in, the pixels or a smaller JPEG out."""

    def pixels(self, jpeg: bytes) -> Picture:
        """Decode a JPEG that a reader made."""
        ...

    def render(self, jpeg: bytes, *, max_side_px: int, crop: Box | None = None, blurred: Sequence[Box] = ()) -> bytes:
        """A JPEG of ``crop`` (else the whole) with the ``blurred`` boxes made unrecognisable, then shrunk."""
        ...

    def beside(self, left: View, right: View, *, height_px: int) -> bytes:
        """A JPEG of two views side by side, both ``height_px`` high and at most as wide."""
        ...


class PhotoStorage(Protocol):
    """Picture files by content hash."""

    def put(self, content_hash: ContentHash, jpeg: bytes) -> None:
        """Write and sync; when it returns, the file outlives a power cut. Twice is harmless.

        Raises:
            StorageFull: the disk took no more; nothing is left behind.
        """
        ...

    def get(self, content_hash: ContentHash) -> bytes:
        """The bytes.

        Raises:
            NotFound: no such file.
        """
        ...

    def remove(self, content_hash: ContentHash) -> None:
        """Delete; absent is fine."""
        ...

    def hashes(self) -> Iterator[tuple[ContentHash, datetime]]:
        """All files and when each was last written, in no order."""
        ...


# --- models ---------------------------------------------------------------------------------------------


class Detector(Protocol):
    """Finds animals, their heads, and people."""

    @property
    def name(self) -> ModelName:
        """The card's name."""
        ...

    def detect(self, pictures: Sequence[Picture]) -> list[tuple[Detection, ...]]:
        """Boxes per picture, most certain first, above the card's thresholds, overlaps removed.

        Raises:
            ModelUnavailable: it cannot be asked now.
        """
        ...


class Embedder(Protocol):
    """Turns crops into unit vectors."""

    @property
    def name(self) -> ModelName:
        """The card's name."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def embed(self, crops: Sequence[Picture]) -> Vectors:
        """Unit vectors (n, dimension) for ``n`` crops.

        Raises:
            ModelUnavailable: it cannot be asked now.
        """
        ...


@dataclass(frozen=True, slots=True)
class Space:
    """One model's vectors: who makes them, what their distances mean, and which breed a dog's look like."""

    embedder: Embedder
    calibration: Calibration
    breeds: BreedHead | None = None


class Spaces(Protocol):
    """The models at hand; one of them makes the vectors that are searched."""

    def current(self) -> Space:
        """The one in use."""
        ...

    def open(self, name: ModelName) -> Space:
        """Another one, or the one in use.

        Raises:
            NotFound, ModelInvalid: it is not there, or is not what its card says.
        """
        ...

    def use(self, space: Space) -> None:
        """From now on this one is current."""
        ...


# --- storage: vectors -----------------------------------------------------------------------------------


class EmbeddingIndex(Protocol):
    """Nearest neighbours, derived from the rows: follows every committed change by itself."""

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest that pass ``where``, nearest first, by true L2; every committed row counts."""
        ...

    def count(self, where: Filter) -> int:
        """How many embeddings pass ``where``."""
        ...

    def load(self, model: ModelName) -> None:
        """Read the vectors of ``model``, so that its first search need not."""
        ...


class EmbeddingStorage(Protocol):
    """The vectors of one shelf. Issues its own ids."""

    def add(self, work: "UnitOfWork", embeddings: Sequence[NewEmbedding]) -> list[EmbeddingId]:
        """Store within ``work``; searchable once it commits. A crop and model pair is stored once."""
        ...

    def get(self, work: "UnitOfWork", ids: Sequence[EmbeddingId]) -> list[Embedding]:
        """Those that exist, in the order asked for."""
        ...

    def remove(self, work: "UnitOfWork", ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        ...

    def nearest(self, vector: Vector, k: int, where: Filter) -> list[Neighbour]:
        """The ``k`` nearest committed embeddings that pass ``where``, nearest first."""
        ...

    def load(self, model: ModelName) -> None:
        """Read the vectors of ``model``, so that its first search need not."""
        ...


@dataclass(frozen=True, slots=True)
class EmbeddingMetadata:
    """What an embedding is of."""

    embedding_id: EmbeddingId
    crop: Crop
    photo: Photo
    report: Report


class MetadataStorage(Protocol):
    """Embedding id -> crop, photo, report of one shelf."""

    def get(self, work: "UnitOfWork", ids: Sequence[EmbeddingId]) -> list[EmbeddingMetadata]:
        """Those that exist, in the order asked for."""
        ...


@dataclass(frozen=True, slots=True)
class Storage:
    """One shelf: its vectors and what they are of."""

    shelf: Shelf
    embeddings: EmbeddingStorage
    metadata: MetadataStorage


# --- storage: rows --------------------------------------------------------------------------------------


Before = tuple[datetime, ReportId]


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """Which reports to list, newest first. ``before`` is the created_at of the last one seen."""

    shelf: Shelf | None = None
    status: Status | None = None
    account_id: AccountId | None = None
    camera_id: CameraId | None = None
    encounter_id: EncounterId | None = None
    species: Species | None = None
    district: str | None = None
    listed: bool | None = None
    before: Before | None = None
    limit: int = 100


class Reports(Protocol):
    """Rows of reports."""

    def add(self, report: Report) -> None:
        """Insert."""
        ...

    def get(self, report_id: ReportId) -> Report | None:
        """The report, or None."""
        ...

    def get_many(self, ids: Sequence[ReportId]) -> list[Report]:
        """Those that exist, in no order."""
        ...

    def update(self, report: Report) -> None:
        """Write all fields of an existing one; the index follows."""
        ...

    def remove(self, report_id: ReportId) -> None:
        """Delete with photos, crops, embeddings, matches, jobs and alerts."""
        ...

    def find(self, query: ReportQuery) -> list[Report]:
        """Newest first."""
        ...

    def count_around(
        self,
        shelf: Shelf,
        species: Species,
        centre: Point | None,
        radius_km: float,
        since: datetime,
        until: datetime,
    ) -> int:
        """How many encounters of ``species`` lie within the circle and the time; of any place without ``centre``."""
        ...


class Expiry(Protocol):
    """What has grown old."""

    def sightings_older_than(self, when: datetime, limit: int) -> list[ReportId]:
        """Sightings last seen before ``when`` without a ``same`` verdict."""
        ...

    def ended_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports closed, reunited or expired before ``when``."""
        ...

    def open_persons_reports_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Open reports of people created before ``when``."""
        ...


class Photos(Protocol):
    """Rows of photos and crops."""

    def add(self, photo: Photo, crops: Sequence[NewCrop]) -> list[CropId]:
        """Insert a photo with its crops; the ids of the crops in the same order."""
        ...

    def get(self, photo_id: PhotoId) -> Photo | None:
        """The photo, or None."""
        ...

    def of_report(self, report_id: ReportId) -> list[tuple[Photo, tuple[Crop, ...]]]:
        """Photos in their order, each with its crops."""
        ...

    def add_crops(self, crops: Sequence[NewCrop]) -> list[CropId]:
        """Insert crops of photos that are there already (a model was down at intake)."""
        ...

    def update(self, photo: Photo) -> None:
        """Write all fields of an existing one."""
        ...

    def with_hash(self, content_hash: ContentHash) -> list[Photo]:
        """All photos of these very bytes, on both shelves."""
        ...


class Embeddings(Protocol):
    """Rows of vectors, and the sequence of their changes."""

    def add(self, embeddings: Sequence[NewEmbedding]) -> list[EmbeddingId]:
        """Insert; a (crop, model) that is there keeps its id."""
        ...

    def get(self, ids: Sequence[EmbeddingId]) -> list[Embedding]:
        """Those that exist, in the order asked for."""
        ...

    def remove(self, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        ...

    def of_report(self, report_id: ReportId, model: ModelName) -> list[Embedding]:
        """All vectors of a report made by ``model``."""
        ...

    def missing(self, report_id: ReportId, model: ModelName) -> list[Crop]:
        """Crops of the chosen animals of a report that ``model`` has not embedded yet."""
        ...

    def unmade(self, model: ModelName, after: CropId, limit: int) -> list[Crop]:
        """Such crops of all reports that no job waits for, with ids above ``after``, in their order."""
        ...

    def progress(self, model: ModelName) -> tuple[int, int]:
        """How many crops of chosen animals ``model`` has embedded, and how many there are."""
        ...

    def keep_only(self, models: Sequence[ModelName], limit: int) -> int:
        """Delete up to ``limit`` vectors of other models; how many went."""
        ...


class Matches(Protocol):
    """Rows of matches: (lost, found) is unique."""

    def save(self, matches: Sequence[Match]) -> list[Match]:
        """Insert, or update all but the verdict; those that were not there before are returned."""
        ...

    def get(self, lost_id: ReportId, found_id: ReportId) -> Match | None:
        """The match, or None."""
        ...

    def page(self, lost_id: ReportId, query: MatchQuery) -> MatchPage:
        """One page for the owner."""
        ...

    def of_found(self, found_id: ReportId, limit: int) -> list[Match]:
        """Matches of a found report, best first."""
        ...

    def judged(self, lost_ids: Sequence[ReportId]) -> list[Match]:
        """All matches of these lost reports that have a verdict."""
        ...

    def judge(self, lost_id: ReportId, encounter_id: EncounterId, verdict: Verdict, when: datetime) -> list[ReportId]:
        """Write the verdict on every match of the encounter; the found reports concerned."""
        ...

    def keep_only(self, lost_id: ReportId, model: ModelName, calibration: str) -> None:
        """Delete unjudged ones that another model or calibration made."""
        ...

    def prune(self, lost_id: ReportId, keep: int) -> None:
        """Delete all but the best ``keep``; judged ones stay."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a commit left behind. ``due_at`` is when the lease ends; who asks again changes it."""

    id: JobId
    report_id: ReportId
    attempts: int
    due_at: datetime


class Jobs(Protocol):
    """The queue of reports to embed and match."""

    def add(self, report_id: ReportId, due_at: datetime) -> Job:
        """Queue; a report that waits already keeps its job, with a new due time."""
        ...

    def add_open_lost(self, due_at: datetime) -> None:
        """Queue every open lost report that does not wait already."""
        ...

    def claim(self, now: datetime, lease_s: float) -> Job | None:
        """Take the oldest due job for ``lease_s`` seconds."""
        ...

    def done(self, job: Job) -> None:
        """Delete, unless it was queued or claimed anew meanwhile."""
        ...

    def retry(self, job: Job, at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``, unless it was queued or claimed anew meanwhile."""
        ...

    def release(self, now: datetime) -> None:
        """Make all due now: those who held a lease are gone, since this process is the only one."""
        ...

    def pending(self, report_id: ReportId) -> bool:
        """Whether the report still waits."""
        ...

    def count(self) -> int:
        """How many wait."""
        ...


class AlertKind(StrEnum):
    """What an alert is about. The first two are found by the engine, the others are what people did."""

    MATCH = "match"
    OWNER_NEAR = "owner_near"
    ASKED = "asked"
    CONNECTED = "connected"
    DECLINED = "declined"
    MESSAGE = "message"
    ENDED = "ended"
    REUNITED = "reunited"


@dataclass(frozen=True, slots=True)
class NewAlert:
    """Something that ``account_id`` is to be told, once for each ``key``.

    ``handover_id`` and ``message_id`` are set where it is about what two people do through us.
    """

    key: str
    kind: AlertKind
    account_id: AccountId
    lost_id: ReportId
    found_id: ReportId
    encounter_id: EncounterId
    degree: float
    created_at: datetime
    due_at: datetime
    handover_id: HandoverId | None = None
    message_id: MessageId | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A queued `NewAlert`. ``delivered_at`` stays None for one that became needless."""

    id: AlertId
    key: str
    kind: AlertKind
    account_id: AccountId
    lost_id: ReportId
    found_id: ReportId
    encounter_id: EncounterId
    degree: float
    created_at: datetime
    attempts: int
    delivered_at: datetime | None = None
    handover_id: HandoverId | None = None
    message_id: MessageId | None = None


class Outbox(Protocol):
    """Alerts to be delivered. A row outlives its delivery, so that its key is never used again."""

    def add(self, alert: NewAlert) -> bool:
        """Queue; False where its key was queued before."""
        ...

    def claim(self, now: datetime, lease_s: float, limit: int, messenger: str | None) -> list[Alert]:
        """Take due alerts of accounts on ``messenger`` (None: on none) for ``lease_s`` seconds.

        Oldest first; of one moment, the most certain first.
        """
        ...

    def done(self, ids: Sequence[AlertId], delivered_at: datetime | None) -> None:
        """They were delivered, or (None) became needless."""
        ...

    def retry(self, ids: Sequence[AlertId], at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``."""
        ...

    def told(self, account_id: AccountId, lost_id: ReportId, found_ids: Sequence[ReportId]) -> None:
        """The account has seen these matches by itself: their waiting alerts became needless."""
        ...

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """What waits for one account goes to another, which is the same person."""
        ...

    def of_lost(self, lost_id: ReportId) -> list[Alert]:
        """All alerts about matches of a lost report to its owner, oldest first."""
        ...


class Accounts(Protocol):
    """Rows of accounts."""

    def save(self, account: Account) -> None:
        """Insert or update."""
        ...

    def get(self, account_id: AccountId) -> Account | None:
        """The account, or None."""
        ...

    def at(self, messenger: str, address: str) -> Account | None:
        """Who is there on the messenger, or None."""
        ...

    def remove(self, account_id: AccountId) -> None:
        """Delete."""
        ...

    def steps(self, messenger: str) -> dict[str, int]:
        """How many accounts stand at which step of their dialog."""
        ...


@dataclass(frozen=True, slots=True)
class Update:
    """Something that came in from a messenger under its own ``number``; ``seq`` is ours."""

    seq: int
    number: int
    address: str
    body: str


class Inbox(Protocol):
    """What came in from messengers, kept until it is worked on; each number once."""

    def add(self, messenger: str, number: int, address: str, body: str, when: datetime) -> bool:
        """Keep; False where this number came in before."""
        ...

    def after(self, messenger: str, seq: int, limit: int) -> list[Update]:
        """Those not worked on yet with a ``seq`` above, in their order."""
        ...

    def done(self, messenger: str, numbers: Sequence[int]) -> None:
        """Worked on: what was said is emptied, the number stays."""
        ...

    def forget(self, messenger: str, address: str) -> None:
        """Empty all that came from an address, and the address."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old numbers."""
        ...


class Handovers(Protocol):
    """Rows of handovers and the messages in them."""

    def save(self, handover: Handover) -> None:
        """Insert or update."""
        ...

    def get(self, handover_id: HandoverId) -> Handover | None:
        """The handover, or None."""
        ...

    def of_report(self, report_id: ReportId) -> list[Handover]:
        """Those that a report takes part in, oldest first."""
        ...

    def add_message(self, message: NewMessage) -> MessageId:
        """Keep a message."""
        ...

    def messages(self, handover_id: HandoverId) -> list[Message]:
        """Oldest first."""
        ...

    def picture(self, message_id: MessageId) -> bytes | None:
        """The picture of a message."""
        ...


class Cameras(Protocol):
    """Rows of cameras and encounters."""

    def save(self, camera: Camera) -> None:
        """Insert or update."""
        ...

    def get(self, camera_id: CameraId) -> Camera | None:
        """The camera, or None."""
        ...

    def all(self) -> list[Camera]:
        """All, by name."""
        ...

    def save_encounter(self, encounter: Encounter) -> None:
        """Insert or update."""
        ...

    def encounters_since(self, camera_id: CameraId, species: Species, since: datetime) -> list[Encounter]:
        """Those whose last sighting is not before ``since``, latest first."""
        ...


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A hashed key. ``scope`` is sightings, bot or admin; a camera's key names its camera."""

    id: KeyId
    name: str
    scope: str
    secret_sha256: str
    camera_id: CameraId | None
    created_at: datetime
    revoked_at: datetime | None = None


class Keys(Protocol):
    """Rows of API keys and signing secrets."""

    def add(self, key: ApiKey) -> None:
        """Insert."""
        ...

    def get(self, key_id: KeyId) -> ApiKey | None:
        """The key, or None."""
        ...

    def all(self) -> list[ApiKey]:
        """All, newest first."""
        ...

    def revoke(self, key_id: KeyId, when: datetime) -> None:
        """From now on it opens nothing."""
        ...

    def secrets(self, purpose: str) -> list[str]:
        """Signing secrets of ``purpose``, newest first."""
        ...

    def add_secret(self, purpose: str, value: str, when: datetime) -> None:
        """Add a newer one."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request with an idempotency key."""

    body_sha256: str
    status: int
    body: str


class Answers(Protocol):
    """Answers by caller and idempotency key."""

    def get(self, caller: str, key: str) -> Answer | None:
        """The answer given before, or None."""
        ...

    def add(self, caller: str, key: str, answer: Answer, when: datetime) -> bool:
        """Store; False where the key is taken."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old ones."""
        ...


class Audit(Protocol):
    """Who looked at which photo."""

    def add(self, photo_id: PhotoId, viewer: str, size: str, when: datetime) -> None:
        """Note a look."""
        ...

    def of_report(self, report_id: ReportId) -> list[tuple[PhotoId, str, str, datetime]]:
        """Looks at a report's photos, oldest first."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old notes."""
        ...


class Figures(Protocol):
    """How much of everything there is, for operators."""

    def all(self, now: datetime) -> dict[str, int]:
        """Counts by name; names end in their unit where it is not a number of things (``outbox_oldest_s``)."""
        ...


class Facts(Protocol):
    """What is true of the whole data folder: a name and a text."""

    def get(self, name: str) -> str | None:
        """The text, or None."""
        ...

    def set(self, name: str, value: str | None) -> None:
        """Write; None deletes."""
        ...


class UnitOfWork(Protocol):
    """One transaction: all repositories, committed together or not at all."""

    @property
    def reports(self) -> Reports:
        """See `Reports`."""
        ...

    @property
    def expiry(self) -> Expiry:
        """See `Expiry`."""
        ...

    @property
    def photos(self) -> Photos:
        """See `Photos`."""
        ...

    @property
    def embeddings(self) -> Embeddings:
        """See `Embeddings`."""
        ...

    @property
    def matches(self) -> Matches:
        """See `Matches`."""
        ...

    @property
    def jobs(self) -> Jobs:
        """See `Jobs`."""
        ...

    @property
    def outbox(self) -> Outbox:
        """See `Outbox`."""
        ...

    @property
    def accounts(self) -> Accounts:
        """See `Accounts`."""
        ...

    @property
    def inbox(self) -> Inbox:
        """See `Inbox`."""
        ...

    @property
    def handovers(self) -> Handovers:
        """See `Handovers`."""
        ...

    @property
    def cameras(self) -> Cameras:
        """See `Cameras`."""
        ...

    @property
    def keys(self) -> Keys:
        """See `Keys`."""
        ...

    @property
    def answers(self) -> Answers:
        """See `Answers`."""
        ...

    @property
    def facts(self) -> Facts:
        """See `Facts`."""
        ...

    @property
    def figures(self) -> Figures:
        """See `Figures`."""
        ...

    @property
    def audit(self) -> Audit:
        """See `Audit`."""
        ...


class Database(Protocol):
    """Opens transactions. Leaving the block commits; an exception rolls back."""

    def write(self) -> AbstractContextManager[UnitOfWork]:
        """A transaction that may change rows; writers wait for each other.

        Raises:
            StorageBusy: the lock did not come in time.
            StorageFull: the disk is full; nothing was changed.
        """
        ...

    def read(self) -> AbstractContextManager[UnitOfWork]:
        """A consistent view that never waits for writers."""
        ...


# --- outside --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class News:
    """What a messenger delivers: one alert, or several about one lost report at once, the best first.

    ``lost``, ``found`` and ``match`` are those of the best; ``account`` is None for people without a messenger.
    """

    alerts: tuple[Alert, ...]
    account: Account | None
    lost: Report
    found: Report
    match: Match | None


class Messenger(Protocol):
    """Takes news to an owner."""

    def send(self, news: News) -> None:
        """Deliver; any exception means that it is tried again later."""
        ...


class Districts(Protocol):
    """Names the district of a point."""

    def district(self, place: Point) -> str | None:
        """The name, or None outside all of them."""
        ...

    def outlines(self) -> Mapping[str, object]:
        """All of them as a GeoJSON FeatureCollection of polygons, each with a `name`."""
        ...
