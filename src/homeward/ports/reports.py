"""Rows of reports, as ports: what was told of, its photos, vectors and matches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from homeward.domain.animals import Part, Species
from homeward.domain.embeddings import Embedding, NewEmbedding, Vector
from homeward.domain.ids import (
    AccountId,
    CameraId,
    ContentHash,
    CropId,
    EmbeddingId,
    EncounterId,
    ModelName,
    PhotoId,
    ReportId,
)
from homeward.domain.looks import Shown
from homeward.domain.matches import Match, MatchPage, MatchQuery, Verdict
from homeward.domain.places import Point
from homeward.domain.repeats import Seen
from homeward.domain.reports import Crop, NewCrop, Photo, Report, Shelf, Source, Standing, Status

Before = tuple[datetime, ReportId]


@dataclass(frozen=True, slots=True)
class ReportQuery:
    """Which reports to list, newest first: created ``since`` then, ``before`` the last one seen, in ``districts``."""

    shelf: Shelf | None = None
    status: Status | None = None
    account_id: AccountId | None = None
    camera_id: CameraId | None = None
    encounter_id: EncounterId | None = None
    species: Species | None = None
    districts: tuple[str, ...] = ()
    listed: bool | None = None
    source: Source | None = None
    since: datetime | None = None
    before: Before | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class Around:
    """Animals of ``species`` within a circle, of any place without ``centre``, on days that include the last.

    Days are `datetime.toordinal` of UTC.
    """

    species: frozenset[Species]
    centre: Point | None
    radius_km: float
    first_day: int
    last_day: int


class Reports(Protocol):
    """Rows of reports."""

    def add(self, *new: Report) -> None:
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

    def animals_by_day(self, asked: Sequence[Around]) -> list[dict[Species, dict[int, int]]]:
        """How many animals were found or seen, by kind and day, for each of ``asked``.

        Counted by cells of the map (`domain.places.cells_within`) and whole days. Sightings of one encounter are one
        animal.
        """
        ...

    def listed_districts(self) -> dict[str, int]:
        """How many open reports each district has on the board."""
        ...

    def standings(self, ids: Sequence[ReportId]) -> list[Standing]:
        """What weighs for or against a pair, of those that exist, in no order."""
        ...

    def latest_of_cameras(self, camera_ids: Sequence[CameraId], limit: int) -> dict[CameraId, list[Seen]]:
        """Each camera's ``limit`` latest sightings, newest first, without their looks."""
        ...


class Expiry(Protocol):
    """What has grown old, the oldest first; asked of a table of a hundred million rows every few minutes."""

    def sightings_older_than(self, when: datetime, limit: int) -> list[ReportId]:
        """Sightings last seen before ``when`` without a ``same`` verdict."""
        ...

    def ended_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports closed, reunited or expired before ``when``."""
        ...

    def open_persons_reports_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports of people that are open since before ``when``: created then, and not opened again after it."""
        ...


class Photos(Protocol):
    """Rows of photos and crops."""

    def add(self, *new: Photo) -> None:
        """Insert, as yet without crops."""
        ...

    def get(self, photo_id: PhotoId) -> Photo | None:
        """The photo, or None."""
        ...

    def of_report(self, report_id: ReportId) -> list[tuple[Photo, tuple[Crop, ...]]]:
        """Photos in their order, each with its crops."""
        ...

    def add_crops(self, crops: Sequence[NewCrop]) -> list[CropId]:
        """Insert crops of photos that are there; their ids in the same order."""
        ...

    def update(self, photo: Photo) -> None:
        """Write all fields of an existing one."""
        ...

    def with_hash(self, content_hash: ContentHash) -> list[Photo]:
        """All photos of these very bytes, on both shelves."""
        ...

    def remove(self, photo_id: PhotoId) -> None:
        """Delete with its crops and their vectors; absent is fine."""
        ...


class Crops(Protocol):
    """Rows of crops, of many reports at once."""

    def shown(self, report_ids: Sequence[ReportId]) -> dict[CropId, Shown]:
        """What all crops of these reports show."""
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

    def looks(
        self, report_ids: Sequence[ReportId], model: ModelName
    ) -> dict[ReportId, list[tuple[Part, Vector | None]]]:
        """Of each of these reports the crops of chosen animals, with their vectors of ``model`` if there are any."""
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

    def lengths(self, model: ModelName) -> set[int]:
        """How many numbers the oldest and the newest vector of ``model`` have; empty where there is none."""
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
        """One page for the owner, without found reports that an operator hid."""
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

    def lose_crops(self, report_id: ReportId, gone: Sequence[CropId], instead: CropId | None) -> None:
        """Delete those of a report that one of its crops ``gone`` decided; judged ones show another crop ``instead``.

        Where there is no other crop they go too.
        """
        ...
