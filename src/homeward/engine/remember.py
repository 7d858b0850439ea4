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
            return self.add_photos(work, report, photos, already=0)

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

    def add_photos(self, work: UnitOfWork, report: Report, photos: Sequence[Prepared], already: int) -> Job:
        """Rows of photos and crops, and the job; within `kept`."""
        for position, photo in enumerate(photos, start=already):
            self.add_photo(work, report, photo, position)
        return self.queue(work, report)

    def queue(self, work: UnitOfWork, report: Report) -> Job:
        """The job to embed and match ``report``; it is the caller's until its lease ends."""
        return work.jobs.add(report.id, self.clock.now() + timedelta(seconds=LEASE_S))

    def note_answer(
        self, work: UnitOfWork, report_id: ReportId, key: Idempotency | None, status: int = CREATED
    ) -> None:
        """Bind the idempotency key to the report."""
        if key is None:
            return
        answer = Answer(key.body_sha256, status, report_id)
        if not work.answers.add(key.caller, key.key, answer, self.clock.now()):
            raise Conflict("This idempotency key is in use.", field="Idempotency-Key", hint="Ask again in a moment.")

    def add_photo(self, work: UnitOfWork, report: Report, photo: Prepared, position: int) -> list[CropId]:
        """Rows of a photo and its crops; the ids of those of the animal that is meant."""
        height, width = photo.safe.picture.shape[:2]
        seen = photo.recognised or Recognised((), ())
        row = Photo(
            id=PhotoId(new_token()),
            report_id=report.id,
            content_hash=photo.safe.content_hash,
            width=width,
            height=height,
            position=position,
            created_at=self.clock.now(),
            people=seen.people,
            chosen=seen.chosen,
            looked_at=photo.recognised is not None,
        )
        crops = crops_of(row, seen)
        ids = work.photos.add(row, crops)
        return [crop_id for crop_id, crop in zip(ids, crops, strict=True) if crop.animal == row.chosen]


def crops_of(photo: Photo, seen: Recognised) -> list[NewCrop]:
    """Rows for all crops of all animals on a photo."""
    return [
        NewCrop(photo.id, photo.report_id, number, crop.part, crop.box, animal.species, animal.confidence)
        for number, animal in enumerate(seen.animals)
        for crop in animal.crops
    ]
