"""Rows of work to do: jobs and alerts. Claiming takes a lease, so that a dead worker's work comes back."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, literal, select, update
from sqlalchemy.dialects.sqlite import insert

from homeward.domain.ids import AlertId, EncounterId, JobId, ReportId
from homeward.domain.reports import Shelf, Status
from homeward.ports import Alert, Job
from homeward.storage.sql import rows
from homeward.storage.sql.tables import jobs, outbox, reports
from homeward.storage.sql.types import Moment


@dataclass(frozen=True, slots=True)
class SqlJobs:
    """`homeward.ports.Jobs` on one connection."""

    connection: Connection

    def add(self, report_id: ReportId, due_at: datetime) -> Job:
        """Queue; a report that waits already keeps its job, with a new due time."""
        statement = insert(jobs).values(report_id=report_id, created_at=due_at, due_at=due_at, attempts=0)
        upsert = statement.on_conflict_do_update(index_elements=["report_id"], set_={"due_at": due_at})
        return _job(self.connection.execute(upsert.returning(jobs)).mappings().one())

    def add_open_lost(self, due_at: datetime) -> None:
        """Queue every open lost report that does not wait already."""
        lost = select(reports.c.id, literal(due_at, Moment), literal(due_at, Moment), literal(0)).where(
            reports.c.shelf == Shelf.LOST.value, reports.c.status == Status.OPEN.value
        )
        columns = ["report_id", "created_at", "due_at", "attempts"]
        self.connection.execute(insert(jobs).from_select(columns, lost).on_conflict_do_nothing())

    def claim(self, now: datetime, lease_s: float) -> Job | None:
        """Take the oldest due job for ``lease_s`` seconds."""
        due = select(jobs.c.id).where(jobs.c.due_at <= now).order_by(jobs.c.due_at, jobs.c.id).limit(1)
        statement = (
            update(jobs)
            .where(jobs.c.id == due.scalar_subquery())
            .values(due_at=now + timedelta(seconds=lease_s), attempts=jobs.c.attempts + 1)
            .returning(jobs)
        )
        row = self.connection.execute(statement).mappings().first()
        return _job(row) if row else None

    def done(self, job: Job) -> None:
        """Delete, unless it was queued or claimed anew meanwhile."""
        self.connection.execute(delete(jobs).where(jobs.c.id == job.id, jobs.c.due_at == job.due_at))

    def retry(self, job: Job, at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``, unless it was queued or claimed anew meanwhile."""
        mine = update(jobs).where(jobs.c.id == job.id, jobs.c.due_at == job.due_at)
        self.connection.execute(mine.values(due_at=at, error=error))

    def release(self, now: datetime) -> None:
        """Make all due now."""
        self.connection.execute(update(jobs).where(jobs.c.due_at > now).values(due_at=now))

    def pending(self, report_id: ReportId) -> bool:
        """Whether the report still waits."""
        return self.connection.execute(select(jobs.c.id).where(jobs.c.report_id == report_id)).first() is not None

    def count(self) -> int:
        """How many wait."""
        return self.connection.execute(select(func.count()).select_from(jobs)).scalar_one()


@dataclass(frozen=True, slots=True)
class SqlOutbox:
    """`homeward.ports.Outbox` on one connection. ``due_at`` is empty once delivered."""

    connection: Connection

    def add(
        self, lost_id: ReportId, found_id: ReportId, encounter_id: EncounterId, degree: float, when: datetime
    ) -> bool:
        """Queue; False where this pair of lost report and encounter was queued before."""
        statement = insert(outbox).values(
            lost_id=lost_id,
            found_id=found_id,
            encounter_id=encounter_id,
            degree=degree,
            created_at=when,
            due_at=when,
            attempts=0,
        )
        added = statement.on_conflict_do_nothing(index_elements=["lost_id", "encounter_id"])
        return self.connection.execute(added.returning(outbox.c.id)).first() is not None

    def claim(self, now: datetime, lease_s: float, limit: int) -> list[Alert]:
        """Take due alerts for ``lease_s`` seconds, oldest first."""
        due = select(outbox.c.id).where(outbox.c.due_at <= now).order_by(outbox.c.created_at).limit(limit)
        statement = (
            update(outbox)
            .where(outbox.c.id.in_(due))
            .values(due_at=now + timedelta(seconds=lease_s), attempts=outbox.c.attempts + 1)
            .returning(outbox)
        )
        taken = [_alert(row) for row in self.connection.execute(statement).mappings()]
        return sorted(taken, key=lambda alert: (alert.created_at, alert.id))

    def done(self, alert_id: AlertId, when: datetime) -> None:
        """Mark as delivered."""
        self._set(alert_id, due_at=None, delivered_at=when, error=None)

    def retry(self, alert_id: AlertId, at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``."""
        self._set(alert_id, due_at=at, error=error)

    def of_lost(self, lost_id: ReportId) -> list[Alert]:
        """All alerts of a lost report, oldest first."""
        statement = select(outbox).where(outbox.c.lost_id == lost_id).order_by(outbox.c.created_at, outbox.c.id)
        return [_alert(row) for row in self.connection.execute(statement).mappings()]

    def _set(self, alert_id: AlertId, **values: object) -> None:
        self.connection.execute(update(outbox).where(outbox.c.id == alert_id).values(**values))


def _job(row: rows.Row) -> Job:
    return Job(JobId(row["id"]), ReportId(row["report_id"]), row["attempts"], row["due_at"])


def _alert(row: rows.Row) -> Alert:
    return Alert(
        id=AlertId(row["id"]),
        lost_id=ReportId(row["lost_id"]),
        found_id=ReportId(row["found_id"]),
        encounter_id=EncounterId(row["encounter_id"]),
        degree=row["degree"],
        created_at=row["created_at"],
        attempts=row["attempts"],
        delivered_at=row["delivered_at"],
    )
