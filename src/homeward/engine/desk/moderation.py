"""Moderation: complaints about notices in, an operator's decisions on reports out. Never decides by itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from homeward.domain.desk import Actor, Complaint, ComplaintKind, Decision, Deed
from homeward.domain.ids import ReportId, new_token
from homeward.domain.reports import Photo, Report, Source, Status
from homeward.engine.board import Board
from homeward.engine.changed import change_of
from homeward.engine.desk.log import Log, checked
from homeward.engine.events import EventBroker
from homeward.engine.forget import Forget
from homeward.engine.wiring import Ports
from homeward.errors import Conflict, NotFound, TooManyRequests
from homeward.ports import Before, Behind, ReportQuery, UnitOfWork

MOST_COMPLAINTS = 50
"""Undecided ones about one notice; more tell an operator nothing new."""
FLAGGED = 200
AFTER = {Decision.HIDE: Status.HIDDEN, Decision.SHOW: Status.OPEN, Decision.CLOSE: Status.CLOSED}


@dataclass(frozen=True, slots=True)
class Moderated:
    """A report as an operator sees it: photos, undecided complaints, decisions so far, whether its sender is known."""

    report: Report
    photos: tuple[Photo, ...]
    complaints: tuple[Complaint, ...]
    deeds: tuple[Deed, ...]
    caller: str | None
    is_blocked: bool


@dataclass(frozen=True, slots=True)
class Moderation:
    """Reports of people, complaints about them, and what is decided."""

    ports: Ports
    log: Log
    forget: Forget
    events: EventBroker

    def complain(self, report_id: ReportId, kind: ComplaintKind, text: str, caller: str | None) -> Complaint:
        """Keep what somebody says against a notice of the board.

        Raises:
            NotFound: there is no such notice.
            InvalidInput: the words are too long.
            TooManyRequests: an operator has enough to read about it already.
        """
        notice = Board(self.ports).notice(report_id)
        words = checked(text, "text")
        complaint = Complaint(new_token(), notice.report.id, kind, words, self.ports.clock.now(), caller)
        with self.ports.database.write() as work:
            if len(work.complaints.of_reports([report_id])) >= MOST_COMPLAINTS:
                hint = "Those who run this server will look at it."
                raise TooManyRequests("Many have told us of this already.", hint=hint, retry_after_s=3600)
            work.complaints.add(complaint)
        return complaint

    def page(self, status: Status | None, before: Before | None, limit: int) -> list[Moderated]:
        """Reports of people, newest first."""
        query = ReportQuery(status=status, source=Source.PERSON, before=before, limit=limit)
        with self.ports.database.read() as work:
            return self._moderated(work, work.reports.find(query))

    def flagged(self, status: Status | None, behind: Behind | None, limit: int) -> list[Moderated]:
        """Those that people complained about, the most first; with ``status`` only what stands so."""
        with self.ports.database.read() as work:
            ids = work.complaints.flagged(limit, status, behind)
            known = {each.id: each for each in work.reports.get_many(ids)}
            return self._moderated(work, [known[each] for each in ids])

    def flagged_ids(self) -> list[ReportId]:
        """Which those are."""
        with self.ports.database.read() as work:
            return work.complaints.flagged(FLAGGED)

    def one(self, report_id: ReportId) -> Moderated:
        """A report with all that was decided about it.

        Raises:
            NotFound: there is none.
        """
        with self.ports.database.read() as work:
            return self._moderated(work, [_report(work, report_id)])[0]

    def decide(self, actor: Actor, report_id: ReportId, decision: Decision, why: str) -> None:
        """Do it, note it, and take the complaints about the report as decided.

        Raises:
            NotFound: there is no such report.
            InvalidInput: a reason is missing, or is too long.
            Conflict: it is so already.
        """
        words = checked(why, "why", least=0 if decision in {Decision.KEEP, Decision.SHOW} else 3)
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            report = _report(work, report_id)
            if decision in AFTER:
                after = AFTER[decision]
                _check(report, decision)
                work.reports.update(report.with_status(after, now))
                work.jobs.add([report_id], now)
            work.complaints.decide(report_id, now)
            self.log.add(work, actor, f"report.{decision.value}", f"report:{report_id}", words)
            changed = change_of(work, report)
        if decision in AFTER:
            self.events.publish(changed)
        if decision is Decision.ERASE:
            self.forget.erase(report_id)

    def _moderated(self, work: UnitOfWork, reports: Sequence[Report]) -> list[Moderated]:
        ids = [report.id for report in reports]
        complaints = work.complaints.of_reports(ids)
        marks = work.senders.of_reports(ids)
        now = self.ports.clock.now()
        blocks = work.blocks.against([report.account_id for report in reports], list(marks.values()), now)
        accounts, callers = {block.account_id for block in blocks}, {block.caller for block in blocks} - {None}
        return [
            Moderated(
                report,
                tuple(photo for photo, _ in work.photos.of_report(report.id)),
                tuple(complaint for complaint in complaints if complaint.report_id == report.id),
                tuple(work.deeds.of_subject(f"report:{report.id}")),
                marks.get(report.id),
                report.account_id in accounts or marks.get(report.id) in callers,
            )
            for report in reports
        ]


def why_hidden(work: UnitOfWork, report: Report) -> str | None:
    """What the operator said who hid a report; None for one that is not hidden."""
    if report.status is not Status.HIDDEN:
        return None
    deeds = work.deeds.of_subject(f"report:{report.id}")
    return next((deed.why for deed in deeds if deed.act == f"report.{Decision.HIDE.value}"), "")


def _check(report: Report, decision: Decision) -> None:
    if report.status is AFTER[decision]:
        raise Conflict("It is so already.", field="decision", hint="Load the list again.")
    if decision is Decision.HIDE and report.status is not Status.OPEN:
        raise Conflict("Only an open report can be hidden.", field="decision", hint="It is shown to nobody as it is.")


def _report(work: UnitOfWork, report_id: ReportId) -> Report:
    report = work.reports.get(report_id)
    if report is None:
        raise NotFound("There is no such report.", hint="It may have been erased meanwhile.")
    return report
