"""Jobs, alerts and updates on dictionaries."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import datetime, timedelta

from homeward.domain.ids import AccountId, AlertId, JobId, ReportId
from homeward.domain.reports import Shelf, Status
from homeward.ports import Alert, AlertKind, Job, NewAlert, Update
from homeward.testing.repositories.tables import Repository

NEW_ALERT = [part.name for part in fields(NewAlert)]


@dataclass(frozen=True, slots=True)
class MemoryJobs(Repository):
    """`homeward.ports.Jobs`, for the process with the number ``owner``."""

    owner: int

    def add(self, report_ids: Sequence[ReportId], due_at: datetime) -> list[Job]:
        """Queue; a report that waits already keeps its job, with a new due time."""
        return [self._add(report_id, due_at) for report_id in report_ids]

    def _add(self, report_id: ReportId, due_at: datetime) -> Job:
        old = next((job for job in self.tables.jobs.values() if job.report_id == report_id), None)
        job = replace(old, due_at=due_at) if old else Job(JobId(self.tables.next_id()), report_id, 0, due_at)
        self.tables.jobs[job.id] = job
        self.tables.jobs_held[job.id] = self.owner
        return job

    def add_open_lost(self, due_at: datetime) -> None:
        """Queue every open lost report that does not wait already."""
        for report in self.tables.reports.values():
            if report.shelf is Shelf.LOST and report.status is Status.OPEN and not self.pending(report.id):
                self._add(report.id, due_at)

    def claim(self, now: datetime, lease_s: float) -> Job | None:
        """Take the oldest due job."""
        due = [job for job in self.tables.jobs.values() if job.due_at <= now]
        if not due:
            return None
        first = min(due, key=lambda job: (job.due_at, job.id))
        taken = replace(first, due_at=now + timedelta(seconds=lease_s), attempts=first.attempts + 1)
        self.tables.jobs[taken.id] = taken
        self.tables.jobs_held[taken.id] = self.owner
        return taken

    def done(self, *ended: Job) -> None:
        """Delete each, unless it was queued or claimed anew meanwhile."""
        for job in ended:
            if self._is_mine(job):
                del self.tables.jobs[job.id]

    def retry(self, job: Job, at: datetime, error: str) -> None:  # noqa: ARG002 - errors are for operators' eyes
        """Give back."""
        if self._is_mine(job):
            self.tables.jobs[job.id] = replace(self.tables.jobs[job.id], due_at=at)
            self.tables.jobs_held.pop(job.id, None)

    def release(self, now: datetime) -> int:
        """Make due now what other processes hold: the one here is the only one."""
        mine = self.owner
        others = [job for key, job in self.tables.jobs.items() if self.tables.jobs_held.get(key, mine) != mine]
        for job in others:
            self.tables.jobs[job.id] = replace(job, due_at=min(job.due_at, now))
            del self.tables.jobs_held[job.id]
        return len(others)

    def pending(self, report_id: ReportId) -> bool:
        """Whether the report still waits."""
        return any(job.report_id == report_id for job in self.tables.jobs.values())

    def count(self) -> int:
        """How many wait."""
        return len(self.tables.jobs)

    def _is_mine(self, job: Job) -> bool:
        known = self.tables.jobs.get(job.id)
        return known is not None and known.due_at == job.due_at


class MemoryOutbox(Repository):
    """`homeward.ports.Outbox`."""

    def add(self, alert: NewAlert) -> bool:
        """Queue; False where its key was queued before."""
        if any(known.key == alert.key for known in self.tables.alerts.values()):
            return False
        given = {name: getattr(alert, name) for name in NEW_ALERT if name != "due_at"}
        queued = Alert(id=AlertId(self.tables.next_id()), attempts=0, **given)
        self.tables.alerts[queued.id] = queued
        self.tables.alerts_due[queued.id] = alert.due_at
        return True

    def claim(self, now: datetime, lease_s: float, limit: int, messenger: str | None) -> list[Alert]:
        """Take due alerts, oldest first; of one moment, the most certain first."""
        due = [a for a in self.tables.alerts.values() if self._is_due(a, now) and self._messenger(a) == messenger]
        taken = sorted(due, key=lambda alert: (alert.created_at, -alert.degree, alert.id))[:limit]
        for alert in taken:
            self.tables.alerts[alert.id] = replace(alert, attempts=alert.attempts + 1)
            self.tables.alerts_due[alert.id] = now + timedelta(seconds=lease_s)
        return [self.tables.alerts[alert.id] for alert in taken]

    def done(self, ids: Sequence[AlertId], delivered_at: datetime | None) -> None:
        """They were delivered, or (None) became needless."""
        for alert_id in ids:
            self.tables.alerts[alert_id] = replace(self.tables.alerts[alert_id], delivered_at=delivered_at)
            self.tables.alerts_due[alert_id] = None

    def retry(self, ids: Sequence[AlertId], at: datetime, error: str) -> None:  # noqa: ARG002 - for operators
        """Give back."""
        self.tables.alerts_due |= dict.fromkeys(ids, at)

    def told(self, account_id: AccountId, lost_id: ReportId, found_ids: Sequence[ReportId]) -> None:
        """The account has seen these matches by itself."""
        for alert in self.tables.alerts.values():
            about = alert.kind in {AlertKind.MATCH, AlertKind.OWNER_NEAR} and alert.found_id in found_ids
            if about and (alert.account_id, alert.lost_id) == (account_id, lost_id):
                self.tables.alerts_due[alert.id] = None

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """What waits for one account goes to another."""
        for alert in list(self.tables.alerts.values()):
            if alert.account_id == former and self.tables.alerts_due[alert.id] is not None:
                self.tables.alerts[alert.id] = replace(alert, account_id=account_id)

    def of_lost(self, lost_id: ReportId) -> list[Alert]:
        """All alerts about matches of a lost report to its owner, oldest first."""
        return self._all(lambda alert: alert.kind is AlertKind.MATCH and alert.lost_id == lost_id)

    def of_found(self, found_id: ReportId) -> list[Alert]:
        """All alerts about owners of a found animal to its finder, oldest first."""
        return self._all(lambda alert: alert.kind is AlertKind.OWNER_NEAR and alert.found_id == found_id)

    def to(self, account_id: AccountId, report_id: ReportId) -> list[Alert]:
        """All alerts to an account, of every kind, in which a report is the lost or the found one; oldest first."""
        return self._all(lambda alert: alert.account_id == account_id and report_id in {alert.lost_id, alert.found_id})

    def _all(self, is_mine: Callable[[Alert], bool]) -> list[Alert]:
        mine = [alert for alert in self.tables.alerts.values() if is_mine(alert)]
        return sorted(mine, key=lambda alert: (alert.created_at, alert.id))

    def _messenger(self, alert: Alert) -> str | None:
        account = self.tables.accounts.get(alert.account_id)
        return account.messenger if account else None

    def _is_due(self, alert: Alert, now: datetime) -> bool:
        due_at = self.tables.alerts_due.get(alert.id)
        return due_at is not None and due_at <= now


class MemoryInbox(Repository):
    """`homeward.ports.Inbox`."""

    def add(self, messenger: str, number: int, address: str, body: str, when: datetime) -> bool:
        """Keep; False where this number came in before."""
        if (messenger, number) in self.tables.inbox:
            return False
        self.tables.inbox[messenger, number] = (Update(self.tables.next_id(), number, address, body), when)
        return True

    def after(self, messenger: str, seq: int, limit: int) -> list[Update]:
        """Those not worked on yet with a ``seq`` above, in their order."""
        mine = [update for (of, _), (update, _) in self.tables.inbox.items() if of == messenger]
        waiting = [update for update in mine if update.seq > seq and update.body]
        return sorted(waiting, key=lambda update: update.seq)[:limit]

    def waits(self, messenger: str, numbers: Sequence[int]) -> bool:
        """Whether one of them is not worked on yet, and not forgotten."""
        known = [self.tables.inbox.get((messenger, number)) for number in numbers]
        return any(kept[0].body for kept in known if kept)

    def done(self, messenger: str, numbers: Sequence[int]) -> None:
        """Worked on."""
        for number in numbers:
            if (messenger, number) in self.tables.inbox:
                update, when = self.tables.inbox[messenger, number]
                self.tables.inbox[messenger, number] = (replace(update, body=""), when)

    def forget(self, messenger: str, address: str) -> None:
        """Empty all that came from an address, and the address."""
        for key, (update, when) in list(self.tables.inbox.items()):
            if key[0] == messenger and update.address == address:
                self.tables.inbox[key] = (replace(update, body="", address=""), when)

    def forget_before(self, when: datetime) -> None:
        """Delete old numbers."""
        self.tables.inbox = {key: kept for key, kept in self.tables.inbox.items() if kept[1] >= when}
