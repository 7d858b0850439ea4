"""Changed: a report in, the event of its change out, for its own pages and the finds that show it. Tells nobody."""

from homeward.domain.matches import MatchQuery
from homeward.domain.reports import Report, Shelf, Source
from homeward.engine.events import ReportChanged
from homeward.ports import UnitOfWork

MOST_FINDS = 200  # PostgreSQL carries 8,000 bytes in one notice


def change_of(work: UnitOfWork, report: Report) -> ReportChanged:
    """What is to be published once ``report`` was changed, or before it is erased, as its matches go with it."""
    if report.shelf is not Shelf.LOST:
        return ReportChanged(report.id)
    finds = work.matches.page(report.id, MatchQuery(source=Source.PERSON, limit=MOST_FINDS)).items
    return ReportChanged(report.id, tuple(view.match.found_id for view in finds))
