"""Changed: a report in, the event of its change out, for its own pages and the finds that show it. Tells nobody."""

from collections.abc import Iterator

from homeward.domain.ids import ReportId
from homeward.domain.matches import MatchQuery
from homeward.domain.reports import Report, Shelf, Source
from homeward.engine.events import ReportChanged
from homeward.ports import UnitOfWork

AT_ONCE = 5000


def change_of(work: UnitOfWork, report: Report) -> ReportChanged:
    """What is to be published once ``report`` was changed, or before it is erased, as its matches go with it."""
    if report.shelf is not Shelf.LOST:
        return ReportChanged(report.id)
    return ReportChanged(report.id, tuple(_finds(work, report.id)))


def _finds(work: UnitOfWork, lost_id: ReportId) -> Iterator[ReportId]:
    """However unlikely they are: to its finder the lost one may be the likeliest of all."""
    start: int | None = 0
    while start is not None:
        page = work.matches.page(lost_id, MatchQuery(source=Source.PERSON, limit=AT_ONCE, offset=start))
        yield from (view.match.found_id for view in page.items)
        start = page.next_offset
