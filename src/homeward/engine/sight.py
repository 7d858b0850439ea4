"""Sight: a camera's crop in; a new sighting in its encounter, compared, or a repeat of an earlier one, out."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from homeward.domain.animals import Animal, CropBox, Part, Picture, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import cut
from homeward.domain.embeddings import Embedding, NewEmbedding
from homeward.domain.filing import NewSighting
from homeward.domain.ids import AccountId, CameraId, CropId, EmbeddingId, EncounterId, ModelName, ReportId, new_token
from homeward.domain.repeats import Look, Seen, encounter_of, repeat_of
from homeward.domain.reports import Camera, Report, Shelf, Source
from homeward.engine.intake import EARLIEST
from homeward.engine.recognise import Recognise, Recognised
from homeward.engine.remember import CREATED, REPEATED, Prepared, Remember, Showing
from homeward.engine.seen import RECENT, LatestSeen
from homeward.engine.show import get_report
from homeward.engine.together import Together
from homeward.engine.wiring import Ports, Rules
from homeward.errors import CameraPaused, InvalidInput, NotFound
from homeward.ports import Job, Space, UnitOfWork

CLOCK_TOLERANCE = timedelta(seconds=60)
CAMERA_SURE = 0.85  # below the 0.9 at which species exclude each other
TOGETHER = 32  # sightings in one transaction
SAME_BOX = 0.2  # overlap (IoU) from which on the camera and the detector here mean one animal
SAME_LLR = 3.0  # vectors this likely of one animal share an encounter: twenty to one


@dataclass(frozen=True, slots=True)
class Outcome:
    """The sighting; for a new one also its job and its vectors of the space, None for a repeat.

    ``is_matched`` tells whether the job is done.
    """

    report: Report
    job: Job | None = None
    vectors: tuple[Embedding, ...] = ()
    space: Space | None = None
    is_matched: bool = False


@dataclass(frozen=True, slots=True)
class _Made:
    """A sighting that is ready to be stored: its report, its picture, its vectors and the space that they lie in."""

    new: NewSighting
    report: Report
    photo: Prepared
    space: Space
    vectors: list[Embedding]

    @property
    def camera_id(self) -> CameraId:
        """The camera that sent it."""
        return self.new.camera_id


@dataclass(frozen=True, slots=True)
class _Told:
    """A sighting that is new, within its encounter, or repeats the one of ``old_id``."""

    made: _Made
    old_id: ReportId | None = None

    @property
    def report_id(self) -> ReportId:
        """The report that stands for it."""
        return self.old_id or self.made.report.id


class Sight:
    """Stores what cameras send, unless it is the same again; what comes at once is committed and matched together."""

    def __init__(
        self,
        ports: Ports,
        rules: Rules,
        remember: Remember,
        match: Callable[[Sequence[Outcome]], Sequence[bool]],
        latest: LatestSeen,
    ) -> None:
        """``match`` runs the jobs of new sightings and says of each whether it is done."""
        self.ports, self.rules, self.remember, self._match, self._latest = ports, rules, remember, match, latest
        self._known = Together(self._cameras, most=TOGETHER)
        self._keep = Together(self._store_and_match, most=TOGETHER)

    def __call__(self, new: NewSighting) -> Outcome:
        """Store a sighting and match it, or move the last-seen time of the one that it repeats.

        Raises:
            NotFound: there is no such camera.
            NoAnimalFound: no animal is seen and no species was given.
        """
        new, is_corrected = self._on_our_clock(new)
        camera = self._camera(new)
        safe = self.ports.reader.read(new.photo)
        seen = self._recognised(new, safe.picture)
        animal = seen.animals[seen.chosen]
        report = self._report(new, camera, animal, is_corrected=is_corrected)
        space = self.ports.spaces.current()
        vectors = self._vectors(report, animal, safe.picture, space)
        prepared = Prepared(safe, seen)
        with self.remember.kept([prepared]):
            return self._keep(_Made(new, report, prepared, space, vectors))

    def _on_our_clock(self, new: NewSighting) -> tuple[NewSighting, bool]:
        """With the time by our clock, and whether the camera's was another; what it saw is never still to come."""
        now = self.ports.clock.now()
        off = now - new.sent_at if new.sent_at else timedelta(0)
        seen_at = new.seen_at
        if abs(off) > CLOCK_TOLERANCE:
            with suppress(OverflowError):
                seen_at = min(seen_at + off, now)
        if seen_at > now + CLOCK_TOLERANCE:
            seen_at = now
        return replace(new, seen_at=seen_at), seen_at != new.seen_at

    def _camera(self, new: NewSighting) -> Camera:
        if new.seen_at < EARLIEST:
            raise InvalidInput("That is too long ago.", field="seen_at", hint="Check the camera's clock.")
        camera = self._known(new.camera_id)
        if camera is None:
            raise NotFound("There is no such camera.", field="camera")
        if camera.paused:
            raise CameraPaused("The camera is paused.", field="camera", hint="Its owner can let it go on.")
        return camera

    def _cameras(self, ids: Sequence[CameraId]) -> list[Camera | None]:
        with self.ports.database.read() as work:
            found = work.cameras.get_many(set(ids))
        return [found.get(camera_id) for camera_id in ids]

    def _recognised(self, new: NewSighting, picture: Picture) -> Recognised:
        keep = new.species is not None
        seen = Recognise(self.ports.detector)([picture], species=new.species, keep=keep)[0]
        if new.box is None:
            return seen
        return _at(seen, new.box.clipped(picture.shape[1], picture.shape[0]), new.species)

    def _report(self, new: NewSighting, camera: Camera, animal: Animal, *, is_corrected: bool) -> Report:
        report_id = ReportId(new_token())
        species = new.species or animal.species
        return Report(
            id=report_id,
            shelf=Shelf.FOUND,
            account_id=AccountId(f"camera-{camera.id}"),
            species=species,
            species_confidence=_species_confidence(species, animal, new),
            happened_at=new.seen_at,
            created_at=self.ports.clock.now(),
            encounter_id=EncounterId(report_id),
            source=Source.CAMERA,
            place=camera.place,
            district=camera.district,
            camera_id=camera.id,
            track_id=new.track_id,
            clock_corrected=is_corrected,
            last_seen_at=new.seen_at,
        )

    def _vectors(self, report: Report, animal: Animal, picture: Picture, space: Space) -> list[Embedding]:
        made = space.embedder.embed([cut(picture, crop.box) for crop in animal.crops])
        return [
            Embedding(
                id=EmbeddingId(0),
                crop_id=CropId(number),
                report_id=report.id,
                model=space.embedder.name,
                species=report.species,
                part=crop.part,
                happened_at=report.happened_at,
                place=report.place,
                is_open=True,
                vector=vector,
            )
            for number, (crop, vector) in enumerate(zip(animal.crops, made, strict=True))
        ]

    def _store_and_match(self, made: Sequence[_Made]) -> list[Outcome]:
        """In one go, so that they share what both read and write; what is stored stays so whatever becomes of it."""
        erasures = self._latest.erasures
        outcomes = self._store_all(made)
        for outcome in outcomes:
            if outcome.space is not None:
                looks = {outcome.report.id: _looks(outcome.vectors)}
                self._latest.learn(outcome.space.embedder.name, looks, erasures)
        done = iter(self._match([outcome for outcome in outcomes if outcome.job is not None]))
        return [replace(one, is_matched=next(done)) if one.job is not None else one for one in outcomes]

    def _store_all(self, made: Sequence[_Made]) -> list[Outcome]:
        """Of one camera one at a time: of two pictures of an animal in the same instant one is new, one its repeat."""
        of_space: dict[ModelName, list[int]] = defaultdict(list)
        for number, one in enumerate(made):
            of_space[one.space.embedder.name].append(number)
        outcomes: dict[int, Outcome] = {}
        with self.ports.database.write() as work:
            work.alone(*{f"camera:{one.camera_id}" for one in made})
            for model, numbers in of_space.items():
                outcomes |= zip(numbers, self._store(work, model, [made[n] for n in numbers]), strict=True)
        return [outcomes[number] for number in range(len(made))]

    def _store(self, work: UnitOfWork, model: ModelName, made: Sequence[_Made]) -> list[Outcome]:
        """Sightings whose vectors are of one ``model``."""
        earlier = self._latest(work, {one.camera_id for one in made}, model)
        told = [self._told_apart(one, earlier[one.camera_id]) for one in made]
        new = {one.report_id for one in told if one.old_id is None}
        repeated = sorted({one.report_id for one in told} - new)
        if len(work.reports.get_many(repeated)) < len(repeated):  # erased since the cameras' latest were read
            return self._store(work, model, made)
        outcomes = self._add(work, told)
        outcomes |= {old_id: Outcome(_seen_again(work, old_id, told)) for old_id in repeated}
        for one in told:
            status = CREATED if one.old_id is None else REPEATED
            self.remember.note_answer(work, one.report_id, one.made.new.idempotency, status)
        return [outcomes[one.report_id] if one.old_id is None else Outcome(outcomes[one.old_id].report) for one in told]

    def _told_apart(self, made: _Made, earlier: list[Seen]) -> _Told:
        """Whether it repeats one of the camera's ``earlier`` sightings, to which it is added, or begins anew."""
        seen = _seen(made.report, made.vectors)
        old = repeat_of(seen, earlier, window_s=self.rules.window_s, duplicate_l2=self.rules.duplicate_l2)
        if old is not None:
            moved = replace(old, last_at=max(old.last_at, seen.happened_at))
            earlier[:] = [moved if one is old else one for one in earlier]
            return _Told(made, old.id)
        # the distance at which one animal is so much likelier than two
        same_l2 = made.space.calibration.distance_at(made.report.species, SAME_LLR)
        met = encounter_of(seen, earlier, gap_min=self.rules.encounter_gap_min, same_l2=same_l2)
        if met is not None:
            seen = replace(seen, encounter_id=met.encounter_id)
            made = replace(made, report=replace(made.report, encounter_id=met.encounter_id))
        earlier[:] = [seen, *earlier[: RECENT - 1]]
        return _Told(made)

    def _add(self, work: UnitOfWork, told: Sequence[_Told]) -> dict[ReportId, Outcome]:
        """The new ones with their pictures, vectors and jobs; each was last seen when the last of its repeats was."""
        new = [one.made for one in told if one.old_id is None]
        if not new:
            return {}
        reports = [replace(one.report, last_seen_at=_last_at(one.report, told)) for one in new]
        work.reports.add(*reports)
        shown = [Showing(report, one.photo, 0) for report, one in zip(reports, new, strict=True)]
        vectors = [
            tuple(replace(vector, crop_id=crop) for crop, vector in zip(crops, one.vectors, strict=True))
            for crops, one in zip(self.remember.add_shown(work, shown), new, strict=True)
        ]
        issued = [NewEmbedding(vector.crop_id, vector.model, vector.vector) for some in vectors for vector in some]
        self.ports.shelves[Shelf.FOUND].embeddings.add(work, issued)
        jobs = self.remember.queue(work, reports)
        made = zip(reports, jobs, vectors, new, strict=True)
        return {report.id: Outcome(report, job, some, one.space) for report, job, some, one in made}


def _last_at(report: Report, told: Sequence[_Told]) -> datetime:
    """Of the report's own moment and those of the ones that repeat it, the last."""
    again = [one.made.report.happened_at for one in told if one.old_id == report.id]
    return max([report.last_seen_at or report.happened_at, *again])


def _seen_again(work: UnitOfWork, old_id: ReportId, told: Sequence[_Told]) -> Report:
    old = get_report(work, old_id)
    moved = replace(old, last_seen_at=_last_at(old, told))
    work.reports.update(moved)
    return moved


def _seen(report: Report, vectors: Sequence[Embedding]) -> Seen:
    moment, looks = report.happened_at, _looks(vectors)
    return Seen(report.id, report.encounter_id, moment, moment, report.track_id, looks)


def _looks(vectors: Sequence[Embedding]) -> tuple[Look, ...]:
    return tuple((vector.part, vector.vector) for vector in vectors)


def _species_confidence(species: Species, animal: Animal, new: NewSighting) -> float:
    """The server's look where it saw an animal; else the camera's word, which is never quite sure."""
    if animal.species_confidence == 1.0:  # the whole picture: nothing was seen here
        return min(CAMERA_SURE, new.confidence or CAMERA_SURE)
    return animal.species_confidence if animal.species is species else 1 - animal.species_confidence


def _at(seen: Recognised, box: Box, species: Species | None) -> Recognised:
    """The animal where the camera says that it is; its box is the body where nothing was seen there.

    Where the camera does not say of which ``species`` it is, it is the animal that lies nearest to the box.
    """
    if box.area == 0:
        raise InvalidInput("The box lies outside the photo.", field="box", hint="left,top,right,bottom in its pixels")
    best = max(range(len(seen.animals)), key=lambda number: seen.animals[number].box.iou(box))
    is_there = not seen.is_whole and seen.animals[best].box.iou(box) >= SAME_BOX
    if is_there or species is None:
        return replace(seen, chosen=best)
    animal = Animal(box, species, 1.0, (CropBox(Part.BODY, box),))
    others = () if seen.is_whole else seen.animals
    return replace(seen, animals=(animal, *others), chosen=0)
