"""Show: reports, matches and photos, as each side may see them."""

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from homeward.domain.animals import Animal, CropBox, Part, Species
from homeward.domain.breeds import BreedGuess
from homeward.domain.crops import head_region
from homeward.domain.filing import Filed, SeenPhoto
from homeward.domain.ids import CropId, PhotoId, ReportId
from homeward.domain.matches import FinderMatch, Match, MatchPage, MatchQuery, Verdict
from homeward.domain.matching import with_reason
from homeward.domain.places import distance_band_km, km_from_afar
from homeward.domain.reports import Crop, Photo, Report, Shelf, Status, standing_of
from homeward.engine.afar import FromAfar
from homeward.engine.alone import animal_box, is_alone
from homeward.engine.desk.moderation import why_hidden
from homeward.engine.desk.pairs import agreements
from homeward.engine.wiring import Ports
from homeward.errors import NotFound, PhotoNotReady, StorageBusy, StorageFull
from homeward.ports import UnitOfWork, View
from homeward.telemetry import step

Size = Literal["thumb", "crop", "full"]
SIDES_PX: dict[str, int] = {"thumb": 320, "crop": 640, "full": 2048}
BESIDE_PX = 560


@dataclass(frozen=True, slots=True)
class Show:
    """Reads for people."""

    ports: Ports

    def filed(self, report_id: ReportId) -> Filed:
        """A report with its photos and matches.

        Raises:
            NotFound: there is no such report.
        """
        with self.ports.database.read() as work:
            report = get_report(work, report_id)
            photos = tuple(_seen(report, photo, crops) for photo, crops in work.photos.of_report(report_id))
            pending = work.jobs.pending(report_id)
            more: dict[str, Any] = {"breed": self._breed(work, report), "hidden_because": why_hidden(work, report)}
            if report.shelf is Shelf.LOST:
                page = self._with_more(work, report_id, work.matches.page(report_id, MatchQuery(limit=10)))
                return Filed(report, photos, pending, matches=page, **more)
            return Filed(report, photos, pending, finder_matches=self._finder(work, report, 10), **more)

    def owner_matches(self, lost_id: ReportId, query: MatchQuery) -> MatchPage:
        """The owner's page of matches."""
        with self.ports.database.read() as work:
            get_report(work, lost_id, Shelf.LOST)
            return self._with_more(work, lost_id, work.matches.page(lost_id, query))

    def finder_matches(self, found_id: ReportId, limit: int) -> tuple[FinderMatch, ...]:
        """The finder's view: nothing in it depends on where in its cell of the map a home lies."""
        with self.ports.database.read() as work:
            return self._finder(work, get_report(work, found_id, Shelf.FOUND), limit)

    def photo(self, photo_id: PhotoId, size: Size, *, viewer: str | None, is_owner: bool) -> bytes:
        """A JPEG; people are unrecognisable unless the sender looks. The look is noted: in the log if the disk is full.

        ``viewer`` is None where everybody may look: that is not noted.

        Raises:
            NotFound: there is no such photo.
            PhotoNotReady: the detector has not looked at it, and another than the sender looks.
        """
        with self.ports.database.read() as work:
            photo = work.photos.get(photo_id)
            if photo is None:
                raise NotFound("There is no such photo.")
            if not is_owner:
                _check_ready(photo)
            crops = {p.id: c for p, c in work.photos.of_report(photo.report_id)}[photo_id]
        jpeg = self.ports.renderer.render(
            self.ports.photos.get(photo.content_hash),
            max_side_px=SIDES_PX[size],
            crop=animal_box(photo, crops) if size == "crop" else None,
            blurred=() if is_owner else [head_region(person) for person in photo.people],
        )
        if viewer is not None:
            self._note(photo_id, viewer, size)
        return jpeg

    def link(self, photo_id: PhotoId, size: Size, *, viewer: str, is_owner: bool, valid_s: int) -> str | None:
        """An address of the kept file itself, for whoever may see all of it; None for everybody and everything else.

        The look is noted when the address is given: who passes it on within ``valid_s`` seconds is not seen here.
        """
        with self.ports.database.read() as work:
            photo = work.photos.get(photo_id)
        if photo is None or size != "full":
            return None
        if not is_owner and (photo.people or not photo.looked_at):
            return None
        address = self.ports.photos.link(photo.content_hash, valid_s)
        if address is not None:
            self._note(photo_id, viewer, size)
        return address

    def beside(self, lost_id: ReportId, found_id: ReportId, first: Shelf) -> bytes:
        """The two deciding photos of a match in one JPEG; people on the second one are unrecognisable.

        Raises:
            NotFound: the two are no match.
            PhotoNotReady: the detector has not looked at the second one.
        """
        with self.ports.database.read() as work:
            match = work.matches.get(lost_id, found_id)
            if match is None:
                raise NotFound("There is no such match.", field="found_id")
            sides = {
                Shelf.LOST: _photo_of(work, lost_id, match.lost_crop_id),
                Shelf.FOUND: _photo_of(work, found_id, match.found_crop_id),
            }
        pair = [sides[first], sides[first.opposite]]
        _check_ready(pair[1][0])
        viewed = [
            View(
                self.ports.photos.get(photo.content_hash),
                animal_box(photo, crops),
                () if side is first else tuple(head_region(person) for person in photo.people),
            )
            for side, (photo, crops) in zip((first, first.opposite), pair, strict=True)
        ]
        for photo, _ in pair[1:]:
            self._note(photo.id, f"beside:{first}", "crop")
        return self.ports.renderer.beside(*viewed, height_px=BESIDE_PX)

    def found_photos(self, lost_id: ReportId, found_id: ReportId) -> tuple[PhotoId, ...]:
        """All photos of a match's found animal that others may see, the deciding one first.

        Raises:
            NotFound: the two are no match, or the found report is hidden.
        """
        with self.ports.database.read() as work:
            match, found = work.matches.get(lost_id, found_id), work.reports.get(found_id)
            if match is None or found is None or found.status is Status.HIDDEN:
                raise NotFound("There is no such match.", field="found_id")
            deciding, _ = _photo_of(work, found_id, match.found_crop_id)
            rest = [photo for photo, _ in work.photos.of_report(found_id) if photo.id != deciding.id]
        return tuple(photo.id for photo in (deciding, *rest) if photo.looked_at)

    def _with_more(self, work: UnitOfWork, lost_id: ReportId, page: MatchPage) -> MatchPage:
        """With guesses at breeds, and what volunteers agree on as a reason; the degree does not know of it."""
        hints = agreements(work, lost_id)
        items = []
        for view in page.items:
            hint = hints.get(view.match.encounter_id)
            reasons = view.match.reasons if hint is None else with_reason(view.match, hint)
            match = replace(view.match, reasons=reasons)
            items.append(replace(view, match=match, breed=self._breed(work, view.found)))
        return replace(page, items=tuple(items))

    def _breed(self, work: UnitOfWork, report: Report) -> BreedGuess | None:
        """What a dog seems to be."""
        space = self.ports.spaces.current()
        if space.breeds is None or report.species is not Species.DOG:
            return None
        made = work.embeddings.of_report(report.id, space.embedder.name)
        bodies = [each.vector for each in made if each.part is Part.BODY]
        return space.breeds.guess(np.stack(bodies)) if bodies else None

    def _note(self, photo_id: PhotoId, viewer: str, size: Size) -> None:
        """A full disk must not hide an animal from its owner, so the step's own log entry is then all there is."""
        noted = step("note_look", photo=photo_id, viewer=viewer, size=size)
        with suppress(StorageFull, StorageBusy), noted, self.ports.database.write() as work:
            if work.photos.get(photo_id) is not None:
                work.audit.add(photo_id, viewer, size, self.ports.clock.now())

    def _finder(self, work: UnitOfWork, found: Report, limit: int) -> tuple[FinderMatch, ...]:
        afar, shown = FromAfar(work, self.ports.spaces.current().calibration), []
        for match in work.matches.of_found(found.id, limit):
            lost = work.reports.get(match.lost_id)
            crop = self._crop(work, match)
            if lost is None or lost.status is not Status.OPEN or crop is None or match.verdict is Verdict.DIFFERENT:
                continue
            shown.append(_from_afar(afar, found, lost, match, crop))
        return tuple(sorted(shown, key=lambda one: -one.degree))

    def _crop(self, work: UnitOfWork, match: Match) -> Crop | None:
        for _, crops in work.photos.of_report(match.lost_id):
            for crop in crops:
                if crop.id == match.lost_crop_id:
                    return crop
        return None


def _from_afar(afar: FromAfar, found: Report, lost: Report, match: Match, crop: Crop) -> FinderMatch:
    km = km_from_afar(lost.home or lost.place, found.place)
    is_sure = match.verdict is Verdict.SAME
    degree = match.degree if is_sure else afar.degree(match, standing_of(lost), standing_of(found))
    band = None if km is None else distance_band_km(km)
    return FinderMatch(lost.id, degree, crop, lost.name, lost.species, lost.district, band, match.verdict)


def get_report(work: UnitOfWork, report_id: ReportId, shelf: Shelf | None = None) -> Report:
    """The report.

    Raises:
        NotFound: there is none, or it stands on the other shelf.
    """
    report = work.reports.get(report_id)
    if report is None:
        raise NotFound("There is no such report.", hint="Check the id; closed reports are erased after a while.")
    if shelf is not None and report.shelf is not shelf:
        raise NotFound(f"This is no {shelf} report.", hint=f"It stands on the other shelf: {report.shelf}.")
    return report


def _photo_of(work: UnitOfWork, report_id: ReportId, crop_id: CropId) -> tuple[Photo, tuple[Crop, ...]]:
    """The photo that the crop was cut from; the first one where the crop is gone."""
    photos = work.photos.of_report(report_id)
    if not photos:
        raise NotFound("There is no such photo.")
    return next((known for known in photos if any(crop.id == crop_id for crop in known[1])), photos[0])


def _check_ready(photo: Photo) -> None:
    """Whoever may be on a photo is blurred only once the detector has seen it.

    Raises:
        PhotoNotReady: it has not.
    """
    if not photo.looked_at:
        raise PhotoNotReady("Nobody has looked for people on this photo yet.", hint="Ask again in a while.")


def _seen(report: Report, photo: Photo, crops: tuple[Crop, ...]) -> SeenPhoto:
    may_show = is_alone(report, photo, crops) if photo.looked_at else None
    return SeenPhoto(photo, animals_of(crops), may_show)


def animals_of(crops: tuple[Crop, ...]) -> tuple[Animal, ...]:
    """The animals that a photo's crops were cut from, largest first."""
    numbers = sorted({crop.animal for crop in crops})
    return tuple(_animal([crop for crop in crops if crop.animal == number]) for number in numbers)


def _animal(crops: list[Crop]) -> Animal:
    body = next((crop for crop in crops if crop.part is Part.BODY), crops[0])
    return Animal(body.box, body.species, body.confidence, tuple(CropBox(crop.part, crop.box) for crop in crops))
