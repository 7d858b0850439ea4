"""Sight: a camera's crop in; a new sighting in its encounter, or a repeat of an earlier one, out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from homeward.domain.animals import Animal, CropBox, Part, Picture, Species
from homeward.domain.boxes import Box
from homeward.domain.crops import cut
from homeward.domain.embeddings import Embedding, NewEmbedding
from homeward.domain.filing import NewSighting
from homeward.domain.ids import AccountId, CropId, EmbeddingId, EncounterId, ReportId, new_token
from homeward.domain.places import cell_of
from homeward.domain.repeats import Seen, encounter_of, repeat_of
from homeward.domain.reports import Camera, Encounter, Report, Shelf, Source
from homeward.engine.intake import EARLIEST
from homeward.engine.recognise import Recognise, Recognised
from homeward.engine.remember import REPEATED, Prepared, Remember
from homeward.engine.show import get_report
from homeward.engine.together import Together
from homeward.engine.wiring import Ports, Rules
from homeward.errors import CameraPaused, InvalidInput, NotFound
from homeward.ports import Job, Space, UnitOfWork

CLOCK_TOLERANCE = timedelta(seconds=60)
RECENT = 50  # sightings of the camera that a new one is compared with
CAMERA_SURE = 0.85  # below the 0.9 at which species exclude each other
TOGETHER = 32  # sightings in one transaction
SAME_LLR = 3.0  # vectors this likely of one animal share an encounter: twenty to one


@dataclass(frozen=True, slots=True)
class Outcome:
    """The sighting; for a new one also its job and its vectors of the space, None for a repeat."""

    report: Report
    job: Job | None = None
    vectors: tuple[Embedding, ...] = ()
    space: Space | None = None


@dataclass(frozen=True, slots=True)
class _Made:
    """A sighting that is ready to be stored: its report, its picture, its vectors and the space that they lie in."""

    new: NewSighting
    report: Report
    photo: Prepared
    space: Space
    vectors: list[Embedding]


class Sight:
    """Stores what cameras send, unless it is the same again; what comes at once is committed together."""

    def __init__(self, ports: Ports, rules: Rules, remember: Remember) -> None:
        """Nothing is read yet."""
        self.ports, self.rules, self.remember = ports, rules, remember
        self._keep = Together(self._store_all, most=TOGETHER)

    def __call__(self, new: NewSighting) -> Outcome:
        """Store a sighting or move the last-seen time of the one that it repeats.

        Raises:
            NotFound: there is no such camera.
            NoAnimalFound: no animal is seen and no species was given.
        """
        camera = self._camera(new)
        safe = self.ports.reader.read(new.photo)
        seen = self._recognised(new, safe.picture)
        animal = seen.animals[seen.chosen]
        report = self._report(new, camera, animal)
        space = self.ports.spaces.current()
        vectors = self._vectors(report, animal, safe.picture, space)
        prepared = Prepared(safe, seen)
        with self.remember.kept([prepared]):
            return self._keep(_Made(new, report, prepared, space, vectors))

    def _camera(self, new: NewSighting) -> Camera:
        if new.seen_at < EARLIEST:
            raise InvalidInput("That is too long ago.", field="seen_at", hint="Check the camera's clock.")
        with self.ports.database.read() as work:
            camera = work.cameras.get(new.camera_id)
        if camera is None:
            raise NotFound("There is no such camera.", field="camera")
        if camera.paused:
            raise CameraPaused("The camera is paused.", field="camera", hint="Its owner can let it go on.")
        return camera

    def _recognised(self, new: NewSighting, picture: Picture) -> Recognised:
        keep = new.species is not None
        seen = Recognise(self.ports.detector)([picture], species=new.species, keep=keep)[0]
        return seen if new.box is None else _at(seen, new.box.clipped(picture.shape[1], picture.shape[0]))

    def _report(self, new: NewSighting, camera: Camera, animal: Animal) -> Report:
        now = self.ports.clock.now()
        is_ahead = new.seen_at > now + CLOCK_TOLERANCE
        report_id = ReportId(new_token())
        species = new.species or animal.species
        return Report(
            id=report_id,
            shelf=Shelf.FOUND,
            account_id=AccountId(f"camera-{camera.id}"),
            species=species,
            species_confidence=_species_confidence(species, animal, new),
            happened_at=now if is_ahead else new.seen_at,
            created_at=now,
            encounter_id=EncounterId(report_id),
            source=Source.CAMERA,
            place=camera.place,
            district=camera.district,
            camera_id=camera.id,
            track_id=new.track_id,
            clock_corrected=is_ahead,
            last_seen_at=now if is_ahead else new.seen_at,
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

    def _store_all(self, made: Sequence[_Made]) -> list[Outcome]:
        """Of one camera one at a time: of two pictures of an animal in the same instant one is new, one its repeat."""
        with self.ports.database.write() as work:
            for camera_id in sorted({str(one.report.camera_id) for one in made}):
                work.alone(f"camera:{camera_id}")
            # two processes that count up the same cells of the map in one order do not wait for each other in a ring
            order = sorted(range(len(made)), key=lambda number: _counted_as(made[number].report))
            outcomes = {number: self._store(work, made[number]) for number in order}
            return [outcomes[number] for number in range(len(made))]

    def _store(self, work: UnitOfWork, made: _Made) -> Outcome:
        report = made.report
        assert report.camera_id is not None
        earlier = work.reports.latest_of_camera(report.camera_id, made.space.embedder.name, RECENT)
        seen = _seen(report, made.vectors)
        old = repeat_of(seen, earlier, window_s=self.rules.window_s, duplicate_l2=self.rules.duplicate_l2)
        if old is not None:
            return Outcome(self._seen_again(work, old, report, made.new))
        report = self._met(work, made, seen, earlier)
        work.reports.add(report)
        self.remember.note_answer(work, report.id, made.new.idempotency)
        crops = self.remember.add_photo(work, report, made.photo, 0)
        vectors = [replace(v, crop_id=crop, report_id=report.id) for crop, v in zip(crops, made.vectors, strict=True)]
        issued = [NewEmbedding(vector.crop_id, vector.model, vector.vector) for vector in vectors]
        self.ports.shelves[Shelf.FOUND].embeddings.add(work, issued)
        return Outcome(report, self.remember.queue(work, report), tuple(vectors), made.space)

    def _seen_again(self, work: UnitOfWork, seen: Seen, report: Report, new: NewSighting) -> Report:
        old = get_report(work, seen.id)
        moved = replace(old, last_seen_at=max(seen.last_at, report.happened_at))
        work.reports.update(moved)
        self.remember.note_answer(work, old.id, new.idempotency, REPEATED)
        return moved

    def _met(self, work: UnitOfWork, made: _Made, seen: Seen, earlier: Sequence[Seen]) -> Report:
        """The report within its encounter, which is made or lengthened."""
        report = made.report
        # the distance at which one animal is so much likelier than two
        same_l2 = made.space.calibration.distance_at(report.species, SAME_LLR)
        old = encounter_of(seen, earlier, gap_min=self.rules.encounter_gap_min, same_l2=same_l2)
        if old is not None:
            report = replace(report, encounter_id=old.encounter_id)
        assert report.camera_id is not None
        first = min(old.happened_at, report.happened_at) if old else report.happened_at
        last = max(old.last_at, report.happened_at) if old else report.happened_at
        encounter = Encounter(report.encounter_id, report.camera_id, report.species, first, last)
        work.cameras.save_encounter(encounter)
        return report


def _seen(report: Report, vectors: Sequence[Embedding]) -> Seen:
    looks = tuple((vector.part, vector.vector) for vector in vectors)
    return Seen(report.id, report.encounter_id, report.happened_at, report.happened_at, report.track_id, looks)


def _species_confidence(species: Species, animal: Animal, new: NewSighting) -> float:
    """The server's look where it saw an animal; else the camera's word, which is never quite sure."""
    if animal.species_confidence == 1.0:  # the whole picture: nothing was seen here
        return min(CAMERA_SURE, new.confidence or CAMERA_SURE)
    return animal.species_confidence if animal.species is species else 1 - animal.species_confidence


def _at(seen: Recognised, box: Box) -> Recognised:
    """The animal where the camera says that it is; its box is the body where nothing was seen here."""
    if box.area == 0:
        raise InvalidInput("The box lies outside the photo.", field="box", hint="left,top,right,bottom in its pixels")
    if seen.is_whole:
        animal = replace(seen.animals[0], box=box, crops=(CropBox(Part.BODY, box),))
        return replace(seen, animals=(animal,))
    best = max(range(len(seen.animals)), key=lambda number: seen.animals[number].box.iou(box))
    return replace(seen, chosen=best)


def _counted_as(report: Report) -> tuple[str, tuple[int, int], int]:
    """Kind, cell of the map and day, as sightings are tallied."""
    cell = cell_of(report.place) if report.place else (-1, -1)
    return report.species.value, cell, report.happened_at.toordinal()
