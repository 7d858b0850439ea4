"""The Engine: everything that the product does, joined from its steps. Thread-safe; all calls are synchronous."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from homeward.domain.animals import Species
from homeward.domain.filing import Filed, Idempotency, LookedAt, NewReport, NewSighting, ReportChange, Sighted
from homeward.domain.ids import EncounterId, ModelName, PhotoId, ReportId, new_token
from homeward.domain.matches import FinderMatch, MatchPage, MatchQuery, Verdict
from homeward.domain.places import Point
from homeward.domain.reports import Photo, Report, Shelf, Status
from homeward.engine.board import Board
from homeward.engine.cameras import CameraBook
from homeward.engine.change import Change
from homeward.engine.changed import change_of
from homeward.engine.desk import open_desk
from homeward.engine.devices import Devices
from homeward.engine.events import EventBroker, MatchJudged
from homeward.engine.export import Export
from homeward.engine.forget import Forget
from homeward.engine.handover import Talks
from homeward.engine.intake import Intake
from homeward.engine.judge import Judge
from homeward.engine.letters import Letters
from homeward.engine.notify import Notify
from homeward.engine.people import People
from homeward.engine.readiness import Readiness
from homeward.engine.recognise import Recognise, Recognised
from homeward.engine.reindex import Reindex, ReindexStatus
from homeward.engine.remember import Prepared, Remember
from homeward.engine.seen import LatestSeen
from homeward.engine.show import Show, Size, get_report
from homeward.engine.sight import Sight
from homeward.engine.wiring import Ports, Rules
from homeward.engine.work import Work
from homeward.errors import Conflict, InvalidInput, ModelUnavailable, NotFound
from homeward.ports import Job, Queue, ReportQuery, SafePhoto

__all__ = ["Engine", "Ports", "Rules"]

SEARCHED = ("species", "place", "home", "happened_at", "status")
SURE, UNKNOWN = 1.0, 0.0


class Engine:
    """The facade. ``events`` tells this process what has happened, ``alerts`` hands out what people are to be told.

    ``cameras`` keeps the cameras, ``people`` knows who is there on messengers, ``talks`` lets owners and finders talk,
    ``letters`` knows who is told by e-mail, ``devices`` which browsers are told too, ``board`` what
    everybody may see, ``desk`` what its people do.
    """

    def __init__(self, ports: Ports, rules: Rules) -> None:
        """Join the steps."""
        latest = LatestSeen()
        self.events = EventBroker(forget=latest.forget)
        self._ports = ports
        self._intake = Intake(ports.reader, ports.clock)
        self._remember = Remember(ports.database, ports.photos, ports.clock)
        self._work = Work(ports, rules, self.events)
        self._sight = Sight(ports, rules, self._remember, self._work.run_sightings, latest)
        self._forget = Forget(ports, rules, self.events)
        self.alerts = Notify(ports, rules)
        self.cameras = CameraBook(ports, self._forget.erase)
        self.people = People(ports, self._forget)
        self.board = Board(ports)
        self.letters = Letters(ports)
        self.devices = Devices(ports)
        self.desk = open_desk(ports, rules, self._forget, self.events)
        self.talks = Talks(ports, self.events)
        self._change = Change(ports)
        self._judge = Judge(ports, self._remember)
        self._show = Show(ports)
        self._export = Export(ports.database)
        self._reindex = Reindex(ports)
        self._ready = Readiness(ports)

    # --- filing -------------------------------------------------------------------------------------------

    def add_lost(self, new: NewReport) -> Filed:
        """File a lost pet; the matches that are there already come back at once."""
        return self._file(replace(new, shelf=Shelf.LOST))

    def add_found(self, new: NewReport) -> Filed:
        """File a found animal; owners whose pet it may be are alerted."""
        return self._file(replace(new, shelf=Shelf.FOUND))

    def add_sighting(self, new: NewSighting) -> Sighted:
        """Take a camera's sighting."""
        outcome = self._sight(new)
        is_repeat = outcome.job is None
        return Sighted(outcome.report, is_repeat=is_repeat, pending=not (is_repeat or outcome.is_matched))

    def add_photos(
        self,
        report_id: ReportId,
        photos: Sequence[bytes],
        *,
        animals: tuple[int, ...] = (),
        keep_without_animal: bool = False,
        idempotency: Idempotency | None = None,
    ) -> Filed:
        """More photos of the same animal; the report is compared anew."""
        before = self.report(report_id)
        safes = self._intake.photos(photos, already=len(before.photos))
        species = before.report.species
        prepared = self._prepared(safes, species, animals, keep=keep_without_animal)
        with self._remember.kept(prepared), self._ports.database.write() as work:
            report = get_report(work, report_id)
            self._remember.note_answer(work, report_id, idempotency)
            there = work.photos.of_report(report_id)
            self._intake.check_count(len(prepared), len(there))  # others may have sent some meanwhile
            last = there[-1][0].position if there else -1
            job = self._remember.add_photos(work, report, prepared, first=last + 1)
            changed = change_of(work, report)
        self.events.publish(changed)
        return self._after(job)

    def remove_photo(self, report_id: ReportId, photo_id: PhotoId) -> Filed:
        """Take a photo off a report for good; the report is compared anew without it.

        Raises:
            NotFound: the report has no such photo.
            Conflict: it is the only one.
        """
        with self._ports.database.write() as work:
            report = get_report(work, report_id)
            photos = {photo.id: (photo, crops) for photo, crops in work.photos.of_report(report_id)}
            if photo_id not in photos:
                raise NotFound("This report has no such photo.", field="photo")
            photo, crops = photos.pop(photo_id)
            if not photos:
                hint = "Add the right one first, or erase the whole report."
                raise Conflict("A report keeps at least one photo.", field="photo", hint=hint)
            others = [crop.id for kept, some in photos.values() for crop in some if crop.animal == kept.chosen]
            work.matches.lose_crops(report_id, [crop.id for crop in crops], next(iter(others), None))
            work.photos.remove(photo_id)
            (job,) = self._remember.queue(work, [report])
            changed = change_of(work, report)
        self._forget.drop([photo.content_hash])
        self.events.publish(changed)
        return self._after(job)

    def _file(self, new: NewReport) -> Filed:
        safes = self._intake(new)
        self._check_about(new)
        prepared = self._prepared(safes, new.species, new.animals, keep=new.keep_without_animal)
        report = self._report(new, prepared)
        return self._after(self._remember(report, prepared, new.idempotency))

    def _after(self, job: Job) -> Filed:
        self._work.run(job)
        return self._show.filed(job.report_id)

    def _prepared(
        self, safes: Sequence[SafePhoto], species: Species | None, animals: Sequence[int], *, keep: bool
    ) -> list[Prepared]:
        """Photos with what is seen on them; without it while the models are down."""
        seen: Sequence[Recognised | None]
        try:
            recognise = Recognise(self._ports.detector)
            seen = recognise([s.picture for s in safes], species=species, animals=animals, keep=keep)
        except ModelUnavailable:
            seen = [None] * len(safes)
        return [Prepared(safe, found) for safe, found in zip(safes, seen, strict=True)]

    def _report(self, new: NewReport, photos: Sequence[Prepared]) -> Report:
        now = self._ports.clock.now()
        report_id = ReportId(new_token())
        species, confidence = _species(new, photos)
        return Report(
            id=report_id,
            shelf=new.shelf,
            account_id=new.account_id,
            species=species,
            species_confidence=confidence,
            happened_at=new.happened_at or now,
            created_at=now,
            encounter_id=EncounterId(report_id),
            place=new.place,
            district=self.district(new.place),
            home=new.home if new.shelf is Shelf.LOST else None,
            held=new.held if new.shelf is Shelf.FOUND else None,
            name=new.name,
            description=new.description,
            contact=new.contact,
            address=new.address,
            listed=new.listed,
            secret_mark=new.secret_mark,
            about=new.about if new.shelf is Shelf.FOUND else None,
        )

    def _check_about(self, new: NewReport) -> None:
        if new.about is None:
            return
        with self._ports.database.read() as work:
            lost = work.reports.get(new.about)
        if lost is None or lost.shelf is not Shelf.LOST:
            hint = "Leave it out, or give the id on the poster."
            raise InvalidInput("There is no such lost report.", field="about", hint=hint)
        if lost.status is not Status.OPEN:
            raise InvalidInput("That pet is not looked for any more.", field="about", hint="Leave it out.")

    # --- reading ------------------------------------------------------------------------------------------

    def report(self, report_id: ReportId) -> Filed:
        """A report with its photos and best matches."""
        return self._show.filed(report_id)

    def reports(self, query: ReportQuery) -> list[Report]:
        """Reports, newest first."""
        with self._ports.database.read() as work:
            return work.reports.find(query)

    def current_top_matches(self, lost_id: ReportId, query: MatchQuery | None = None) -> MatchPage:
        """The owner's matches, filtered and sorted."""
        return self._show.owner_matches(lost_id, query or MatchQuery())

    def finder_matches(self, found_id: ReportId, limit: int = 50) -> tuple[FinderMatch, ...]:
        """What a finder may know of the lost pets that it may be."""
        return self._show.finder_matches(found_id, limit)

    def photo(self, photo_id: PhotoId, size: Size, *, viewer: str | None, is_owner: bool) -> bytes:
        """A photo as JPEG."""
        return self._show.photo(photo_id, size, viewer=viewer, is_owner=is_owner)

    def photo_link(self, photo_id: PhotoId, size: Size, *, viewer: str, is_owner: bool, valid_s: int) -> str | None:
        """An address of the kept file itself, where there is one and all of it may be seen."""
        return self._show.link(photo_id, size, viewer=viewer, is_owner=is_owner, valid_s=valid_s)

    def look(self, photos: Sequence[bytes]) -> list[LookedAt]:
        """What is on photos of which nothing is kept: the animals on each, and its size in pixels.

        Raises:
            InvalidInput, PhotoTooLarge, PhotoUnreadable, PhotoKindUnsupported: as when filing.
            ModelUnavailable: the detector cannot be asked.
        """
        pictures = [safe.picture for safe in self._intake.photos(photos)]
        return [
            LookedAt(picture.shape[1], picture.shape[0], seen.animals)
            for picture, seen in zip(pictures, Recognise(self._ports.detector).look(pictures), strict=True)
        ]

    def figures(self) -> dict[str, int]:
        """Counts for operators."""
        with self._ports.database.read() as work:
            return work.figures.all(self._ports.clock.now())

    def beside(self, lost_id: ReportId, found_id: ReportId, *, first: Shelf) -> bytes:
        """The two deciding photos of a match in one picture, the ``first`` one's on the left, as JPEG."""
        return self._show.beside(lost_id, found_id, first)

    def found_photos(self, lost_id: ReportId, found_id: ReportId) -> tuple[PhotoId, ...]:
        """All photos of a match's found animal, the deciding one first."""
        return self._show.found_photos(lost_id, found_id)

    def photo_row(self, photo_id: PhotoId) -> Photo:
        """Which report a photo belongs to, and its size."""
        with self._ports.database.read() as work:
            photo = work.photos.get(photo_id)
        if photo is None:
            raise NotFound("There is no such photo.")
        return photo

    def export(self, report_id: ReportId) -> dict[str, object]:
        """One's own data."""
        return self._export(report_id)

    # --- changing -----------------------------------------------------------------------------------------

    def change(self, report_id: ReportId, change: ReportChange) -> Filed:
        """Change fields; what the search depends on is compared anew."""
        self._change.check(change)
        with self._ports.database.write() as work:
            before = get_report(work, report_id)
            after = self._change(before, change)
            work.reports.update(after)
            again = any(getattr(before, name) != getattr(after, name) for name in SEARCHED)
            job = self._remember.queue(work, [after])[0] if again else None
            changed = change_of(work, after)
        self.events.publish(changed)
        if after.status is not before.status:
            self.talks.moved_with(report_id)
        return self._after(job) if job else self._show.filed(report_id)

    def revoke_links(self, report_id: ReportId) -> Report:
        """From now on older links open nothing."""
        with self._ports.database.write() as work:
            report = get_report(work, report_id)
            newer = replace(report, token_version=report.token_version + 1)
            work.reports.update(newer)
        return newer

    def verdict(
        self, lost_id: ReportId, found_id: ReportId, verdict: Verdict, *, close: bool = False
    ) -> tuple[ReportId, ...]:
        """What the owner says of a match; it counts for the whole encounter. ``close`` ends a ``same`` case."""
        judged, job, over, ended = self._judge(lost_id, found_id, verdict, close=close)
        self.talks.moved(*over)
        self._work.run(job)
        for each in judged:
            self.events.publish(MatchJudged(lost_id, each))
        if ended is not None:
            self.events.publish(ended)
            self.talks.moved_with(lost_id, found_id)
        return judged

    def erase(self, report_id: ReportId) -> None:
        """Everything about a report goes for good."""
        self._forget.erase(report_id)

    # --- places -------------------------------------------------------------------------------------------

    def outlines(self) -> Mapping[str, object]:
        """The districts of the city as GeoJSON."""
        return self._ports.districts.outlines()

    def district(self, place: Point | None) -> str | None:
        """The district of a place."""
        return self._ports.districts.district(place) if place else None

    # --- background ---------------------------------------------------------------------------------------

    def take_over(self) -> None:
        """At the start: go on with what earlier processes left behind."""
        self._work.take_over()
        self._reindex.take_over()

    def adopt_jobs(self) -> int:
        """Make due what processes had begun that are gone; where several work side by side."""
        return self._work.take_over()

    def run_due_jobs(self, limit: int = 100) -> int:
        """Embed and match what waits."""
        return self._work.run_due(limit)

    def deliver_due_alerts(self, limit: int = 100) -> int:
        """Hand alerts to the messengers of this process."""
        return self.alerts(limit)

    def reindex(self, model: ModelName) -> ReindexStatus:
        """Begin to embed everything with another model; it comes into use when all is done. See `run_reindex`."""
        return self._reindex.start(model)

    def rollback_model(self) -> ReindexStatus:
        """Begin to go back to the former model."""
        return self._reindex.rollback()

    def cancel_reindex(self) -> ReindexStatus:
        """Stay with the model in use."""
        return self._reindex.cancel()

    @property
    def detector_name(self) -> ModelName:
        """The detector in use."""
        return self._ports.detector.name

    def reindex_status(self) -> ReindexStatus:
        """Which model is in use, which is on its way, and how far."""
        return self._reindex.status()

    def run_reindex(self) -> int:
        """A batch of the way to another model; 0 where there is none."""
        return self._reindex.step()

    def forget_due(self) -> int:
        """Expire and erase what is due."""
        return self._forget.due()

    def sweep(self) -> int:
        """Remove photo files that no row names; always 0, since there is never more to do at once."""
        self._forget.sweep()
        return 0

    def queues(self) -> list[Queue]:
        """What waits, and what fails."""
        with self._ports.database.read() as work:
            return work.figures.queues()

    def is_ready(self) -> dict[str, bool]:
        """Which parts that a report needs work; answers within three seconds."""
        return self._ready()

    def pending_jobs(self) -> int:
        """How many reports wait to be embedded and matched."""
        with self._ports.database.read() as work:
            return work.jobs.count()


def _species(new: NewReport, photos: Sequence[Prepared]) -> tuple[Species, float]:
    """What the person says counts; else the surest look."""
    if new.species is not None:
        return new.species, SURE
    seen = [p.recognised.animal for p in photos if p.recognised and p.recognised.animal]
    if not seen:
        return Species.CAT, UNKNOWN  # set by the job, once the detector can be asked
    best = max(seen, key=lambda animal: animal.confidence)
    return best.species, best.species_confidence
