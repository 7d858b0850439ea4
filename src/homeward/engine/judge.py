"""Judge: what an owner says of a match, stored with what it ends. Ends no find over its finder's head."""

from dataclasses import dataclass
from datetime import datetime

from homeward.domain.handovers import Handover
from homeward.domain.ids import ReportId
from homeward.domain.matches import Match, Verdict
from homeward.domain.reports import Report, Shelf, Status
from homeward.engine.change import check_not_hidden
from homeward.engine.changed import change_of
from homeward.engine.events import ReportChanged
from homeward.engine.handover import finder_agrees, take_back, tell_home
from homeward.engine.remember import Remember
from homeward.engine.show import get_report
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, InvalidInput, NotFound
from homeward.ports import Job, UnitOfWork


@dataclass(frozen=True, slots=True)
class Judge:
    """Keeps verdicts, and ends cases that are solved."""

    ports: Ports
    remember: Remember

    def __call__(
        self, lost_id: ReportId, found_id: ReportId, verdict: Verdict, *, close: bool
    ) -> tuple[tuple[ReportId, ...], Job, list[Handover], ReportChanged | None]:
        """The finds that the verdict counts for, the job that compares anew, the talks and the case that it ends.

        Raises:
            InvalidInput: ``close`` without ``same``.
            NotFound: there is no such match.
            Forbidden: it would end a report that is hidden.
            Conflict: it would end one that is not open.
        """
        if close and verdict is not Verdict.SAME:
            raise InvalidInput("Only a case that is solved can be closed so.", field="close", hint="verdict: same")
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            lost = get_report(work, lost_id, Shelf.LOST)
            match = work.matches.get(lost_id, found_id)
            if match is None:
                raise NotFound("There is no such match.", field="found_id")
            if close and not _is_done(lost, match):
                _end(work, lost, get_report(work, found_id), now)
            judged = work.matches.judge(lost_id, match.encounter_id, verdict, now)
            over = take_back(work, lost_id, judged, now) if verdict is Verdict.DIFFERENT else []
            (job,) = self.remember.queue(work, [lost])
            return tuple(judged), job, over, change_of(work, lost) if close else None


def _is_done(lost: Report, match: Match) -> bool:
    """The same was said before, and its answer was lost."""
    return lost.status is Status.REUNITED and match.verdict is Verdict.SAME


def _end(work: UnitOfWork, lost: Report, found: Report, now: datetime) -> None:
    """The lost report ends; the find does too where its finder had a say, else they are asked to close it."""
    check_not_hidden(lost.status)
    if lost.status is not Status.OPEN:
        raise Conflict("This case is closed already.", field="close", hint="Open it again first.")
    work.reports.update(lost.with_status(Status.REUNITED, now))
    if found.camera_id is not None or found.status is Status.HIDDEN:
        return
    has_agreed, is_open = finder_agrees(work, lost, found), found.status is Status.OPEN
    if has_agreed and is_open:
        work.reports.update(found.with_status(Status.REUNITED, now))
    if has_agreed or is_open:
        tell_home(work, lost, found, now)
