"""Board: what everybody may see of the reports whose senders said so. Photo, name, species, district, day; no place."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeward.domain.animals import Species
from homeward.domain.ids import PhotoId, ReportId
from homeward.domain.places import Point
from homeward.domain.reports import Report, Shelf, Source, Status
from homeward.engine.alone import is_alone
from homeward.engine.wiring import Ports
from homeward.errors import NotFound
from homeward.ports import Before, ReportQuery, UnitOfWork

AROUND_KM = 3.0  # a cat's wanderings, a dog's first day


@dataclass(frozen=True, slots=True)
class Notice:
    """A listed report and the photo that stands for it: the first on which the animal is seen; None without one."""

    report: Report
    photo_id: PhotoId | None


@dataclass(frozen=True, slots=True)
class Board:
    """Open reports of people, where they are listed."""

    ports: Ports

    def page(
        self,
        shelf: Shelf | None,
        species: Species | None,
        districts: Sequence[str],
        before: Before | None,
        limit: int,
    ) -> list[Notice]:
        """Up to ``limit`` notices, newest first; of any of ``districts``, or with none of them of all."""
        query = ReportQuery(
            shelf=shelf,
            species=species,
            districts=tuple(districts),
            status=Status.OPEN,
            listed=True,
            before=before,
            limit=limit,
        )
        with self.ports.database.read() as work:
            notices = [_notice(work, report) for report in work.reports.find(query)]
        return [notice for notice in notices if notice is not None]

    def districts(self) -> dict[str, int]:
        """Where there are notices, and how many."""
        with self.ports.database.read() as work:
            return work.reports.listed_districts()

    def districts_near(self, place: Point) -> tuple[str, ...]:
        """Names of the districts around a place, nearest first. Whole ones: nobody can feel for a home with them."""
        return self.ports.districts.near(place, AROUND_KM)

    def photo_of(self, report_id: ReportId) -> PhotoId:
        """The photo that stands for one of them.

        Raises:
            NotFound: there is no such notice, or on none of its photos an animal was seen, or was looked for yet.
        """
        photo_id = self.notice(report_id).photo_id
        if photo_id is None:
            raise NotFound("No photo of this notice can be shown to everybody.")
        return photo_id

    def notice(self, report_id: ReportId) -> Notice:
        """One of them.

        Raises:
            NotFound: there is none, or it is not for everybody.
        """
        with self.ports.database.read() as work:
            report = work.reports.get(report_id)
            notice = _notice(work, report) if report is not None else None
        if notice is None or not notice.report.listed or notice.report.status is not Status.OPEN:
            raise NotFound("There is no such notice.", hint="The animal may be home again.")
        return notice


def _notice(work: UnitOfWork, report: Report) -> Notice | None:
    photos = work.photos.of_report(report.id)
    if not photos or report.source is not Source.PERSON:
        return None
    return Notice(report, next((photo.id for photo, crops in photos if is_alone(report, photo, crops)), None))
