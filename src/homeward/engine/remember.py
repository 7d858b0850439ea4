"""Remember: photos to their storage first, then report, crops and job in one transaction. Never matches."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

from homeward.domain.filing import Idempotency
from homeward.domain.ids import CropId, PhotoId, ReportId, new_token
from homeward.domain.reports import NewCrop, Photo, Report
from homeward.engine.recognise import Recognised
from homeward.errors import Conflict, PhotoStoreUnavailable
from homeward.ports import Answer, Clock, Database, Job, PhotoStorage, SafePhoto, UnitOfWork
from homeward.telemetry import step

LEASE_S = 15.0
"""The filing call runs the job itself; were it to die, the worker takes the job over after this time."""

CREATED, REPEATED = 201, 200  # how a kept answer says whether something new was made


@dataclass(frozen=True, slots=True)
class Prepared:
    """A safe photo and what was recognised on it; None while the models are down."""

    safe: SafePhoto
    recognised: Recognised | None


@dataclass(frozen=True, slots=True)
class Showing:
    """A report's photo and its place among the report's photos."""

    report: Report
    photo: Prepared
    position: int


@dataclass(frozen=True, slots=True)
class Remember:
    """Commits a report with its photos, its idempotency key, and the job to embed and match it."""

    database: Database
    photos: PhotoStorage
    clock: Clock

    def __call__(self, report: Report, photos: Sequence[Prepared], idempotency: Idempotency | None) -> Job:
        """Store a new report.

        Raises:
            Conflict: the idempotency key was used meanwhile.
            StorageFull, StorageBusy: nothing was stored.
        """
        noted = step("remember", report_id=report.id, shelf=report.shelf.value)
        with noted, self.kept(photos), self.database.write() as work:
            work.reports.add(report)
            self.note_answer(work, report.id, idempotency)
            return self.add_photos(work, report, photos, first=0)

    @contextmanager
    def kept(self, photos: Sequence[Prepared]) -> Iterator[None]:
        """Around the transaction that names the photos: on the disk before it, and still there after it.

        An erasure of another report with the very same picture may have removed it in between; see `Forget`. Neither
        touches files within a transaction, which would make every writer wait for an object store.
        """
        for photo in photos:
            self.photos.put(photo.safe.content_hash, photo.safe.jpeg)
        yield
        with suppress(PhotoStoreUnavailable):  # the report is committed; a store that stopped just now changes nothing
            for photo in photos:
                if not self.photos.has(photo.safe.content_hash):
                    self.photos.put(photo.safe.content_hash, photo.safe.jpeg)

    def add_photos(self, work: UnitOfWork, report: Report, photos: Sequence[Prepared], first: int) -> Job:
        """Rows of photos and crops, from position ``first`` on, and the job; within `kept`."""
        self.add_shown(work, [Showing(report, photo, n) for n, photo in enumerate(photos, start=first)])
        return self.queue(work, [report])[0]

    def queue(self, work: UnitOfWork, reports: Sequence[Report]) -> list[Job]:
        """The jobs to embed and match ``reports``; they are the caller's until their lease ends."""
        return work.jobs.add([report.id for report in reports], self.clock.now() + timedelta(seconds=LEASE_S))

    def note_answer(
        self, work: UnitOfWork, report_id: ReportId, key: Idempotency | None, status: int = CREATED
    ) -> None:
        """Bind the idempotency key to the report."""
        if key is None:
            return
        answer = Answer(key.body_sha256, status, report_id)
        if not work.answers.add(key.caller, key.key, answer, self.clock.now()):
            raise Conflict("This idempotency key is in use.", field="Idempotency-Key", hint="Ask again in a moment.")

    def add_shown(self, work: UnitOfWork, shown: Sequence[Showing]) -> list[list[CropId]]:
        """Rows of photos and their crops; of each photo the ids of the crops of the animal that is meant."""
        photos = [self._photo(one) for one in shown]
        work.photos.add(*photos)
        cut = [
            crops_of(photo, one.photo.recognised) if one.photo.recognised else []
            for photo, one in zip(photos, shown, strict=True)
        ]
        ids = iter(work.photos.add_crops([crop for crops in cut for crop in crops]))
        issued = [[(crop, next(ids)) for crop in crops] for crops in cut]
        return [
            [crop_id for crop, crop_id in crops if crop.animal == photo.chosen]
            for photo, crops in zip(photos, issued, strict=True)
        ]

    def _photo(self, shown: Showing) -> Photo:
        height, width = shown.photo.safe.picture.shape[:2]
        seen = shown.photo.recognised
        return Photo(
            id=PhotoId(new_token()),
            report_id=shown.report.id,
            content_hash=shown.photo.safe.content_hash,
            width=width,
            height=height,
            position=shown.position,
            created_at=self.clock.now(),
            people=seen.people if seen else (),
            chosen=seen.chosen if seen else 0,
            looked_at=seen is not None,
        )


def crops_of(photo: Photo, seen: Recognised) -> list[NewCrop]:
    """Rows for all crops of all animals on a photo."""
    return [
        NewCrop(photo.id, photo.report_id, number, crop.part, crop.box, animal.species, animal.confidence)
        for number, animal in enumerate(seen.animals)
        for crop in animal.crops
    ]
