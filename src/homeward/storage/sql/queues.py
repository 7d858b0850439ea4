"""Rows of work to do: jobs, alerts, what came in. Claiming takes a lease, so that a dead worker's work comes back."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, literal, or_, select, update

from homeward.domain.ids import AccountId, AlertId, EncounterId, HandoverId, JobId, MessageId, ReportId
from homeward.domain.reports import Shelf, Status
from homeward.ports import Alert, AlertKind, Job, NewAlert, Update
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import both, insert, is_gone
from homeward.storage.sql.tables import accounts, inbox, jobs, outbox, reports
from homeward.storage.sql.types import Moment

NEW_ALERT = [field.name for field in fields(NewAlert)]


@dataclass(frozen=True, slots=True)
class SqlJobs:
    """`homeward.ports.Jobs` on one connection, for the process with the number ``owner``."""

    connection: Connection
    owner: int

    def add(self, report_ids: Sequence[ReportId], due_at: datetime) -> list[Job]:
        """Queue different reports; one that waits already keeps its job, with a new due time. In their order."""
        if not report_ids:
            return []
        same = {"created_at": due_at, "due_at": due_at, "attempts": 0, "owner": self.owner}
        queued = self.connection.execute(QUEUE(self.connection), [{"report_id": one, **same} for one in report_ids])
        found = {row["report_id"]: _job(row) for row in queued.mappings()}
        return [found[report_id] for report_id in report_ids]

    def add_open_lost(self, due_at: datetime) -> None:
        """Queue every open lost report that does not wait already."""
        lost = select(reports.c.id, literal(due_at, Moment), literal(due_at, Moment), literal(0)).where(
            reports.c.shelf == Shelf.LOST.value, reports.c.status == Status.OPEN.value
        )
        columns = ["report_id", "created_at", "due_at", "attempts"]
        self.connection.execute(insert(self.connection, jobs).from_select(columns, lost).on_conflict_do_nothing())

    def claim(self, now: datetime, lease_s: float) -> Job | None:
        """Take the oldest due job for ``lease_s`` seconds."""
        due = select(jobs.c.id).where(jobs.c.due_at <= now).order_by(jobs.c.due_at, jobs.c.id).limit(1)
        due = due.with_for_update(skip_locked=True)
        statement = (
            update(jobs)
            .where(jobs.c.id == due.scalar_subquery())
            .values(due_at=now + timedelta(seconds=lease_s), attempts=jobs.c.attempts + 1, owner=self.owner)
            .returning(jobs)
        )
        row = self.connection.execute(statement).mappings().first()
        return _job(row) if row else None

    def done(self, *ended: Job) -> None:
        """Delete each, unless it was queued or claimed anew meanwhile."""
        if ended:
            self.connection.execute(DONE, [{"job": job.id, "due": job.due_at} for job in ended])

    def retry(self, job: Job, at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``, unless it was queued or claimed anew meanwhile."""
        mine = update(jobs).where(jobs.c.id == job.id, jobs.c.due_at == job.due_at)
        self.connection.execute(mine.values(due_at=at, error=error, owner=None))

    def release(self, now: datetime) -> int:
        """Make due now what processes hold that are gone; how many jobs that were."""
        held = (jobs.c.due_at > now, is_gone(self.connection, jobs.c.owner, self.owner))
        return self.connection.execute(update(jobs).where(*held).values(due_at=now, owner=None)).rowcount

    def pending(self, report_id: ReportId) -> bool:
        """Whether the report still waits."""
        return self.connection.execute(select(jobs.c.id).where(jobs.c.report_id == report_id)).first() is not None

    def count(self) -> int:
        """How many wait."""
        return self.connection.execute(select(func.count()).select_from(jobs)).scalar_one()


QUEUE = both(
    jobs,
    lambda new: new.on_conflict_do_update(
        index_elements=["report_id"], set_={"due_at": new.excluded.due_at, "owner": new.excluded.owner}
    ).returning(jobs),
)
DONE = delete(jobs).where(jobs.c.id == bindparam("job"), jobs.c.due_at == bindparam("due"))


ADD = both(outbox, lambda new: new.on_conflict_do_nothing(index_elements=["key"]).returning(outbox.c.id))


@dataclass(frozen=True, slots=True)
class SqlOutbox:
    """`homeward.ports.Outbox` on one connection. ``due_at`` is empty once nothing is to be done."""

    connection: Connection

    def add(self, alert: NewAlert) -> bool:
        """Queue; False where its key was queued before."""
        values = {**{name: getattr(alert, name) for name in NEW_ALERT}, "kind": alert.kind.value, "attempts": 0}
        return self.connection.execute(ADD(self.connection), values).first() is not None

    def claim(self, now: datetime, lease_s: float, limit: int, messenger: str | None) -> list[Alert]:
        """Take due alerts for ``lease_s`` seconds, oldest first; of one moment, the most certain first."""
        account = accounts.c.id == outbox.c.account_id
        due = (
            select(outbox.c.id)
            .join(accounts, account, isouter=True)
            .where(outbox.c.due_at <= now, accounts.c.messenger.is_not_distinct_from(messenger))
            .order_by(outbox.c.created_at, outbox.c.degree.desc(), outbox.c.id)
            .limit(limit)
            .with_for_update(of=outbox, skip_locked=True)
            .cte()
        )
        statement = (
            update(outbox)
            .where(outbox.c.id.in_(select(due.c.id)))
            .values(due_at=now + timedelta(seconds=lease_s), attempts=outbox.c.attempts + 1)
            .returning(outbox)
        )
        taken = [_alert(row) for row in self.connection.execute(statement).mappings()]
        return sorted(taken, key=lambda alert: (alert.created_at, -alert.degree, alert.id))

    def done(self, ids: Sequence[AlertId], delivered_at: datetime | None) -> None:
        """They were delivered, or (None) became needless."""
        self._set(ids, due_at=None, delivered_at=delivered_at, error=None)

    def retry(self, ids: Sequence[AlertId], at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``."""
        self._set(ids, due_at=at, error=error)

    def told(self, account_id: AccountId, lost_id: ReportId, found_ids: Sequence[ReportId]) -> None:
        """The account has seen these matches by itself: their waiting alerts became needless."""
        seen = (
            outbox.c.account_id == account_id,
            outbox.c.lost_id == lost_id,
            outbox.c.found_id.in_(found_ids),
            outbox.c.kind.in_([AlertKind.MATCH.value, AlertKind.OWNER_NEAR.value]),
        )
        self.connection.execute(update(outbox).where(*seen).values(due_at=None))

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """What waits for one account goes to another, which is the same person."""
        waits = (outbox.c.account_id == former, outbox.c.due_at.is_not(None))
        self.connection.execute(update(outbox).where(*waits).values(account_id=account_id))

    def of_lost(self, lost_id: ReportId) -> list[Alert]:
        """All alerts about matches of a lost report to its owner, oldest first."""
        return self._all(outbox.c.kind == AlertKind.MATCH.value, outbox.c.lost_id == lost_id)

    def of_found(self, found_id: ReportId) -> list[Alert]:
        """All alerts about owners of a found animal to its finder, oldest first."""
        return self._all(outbox.c.kind == AlertKind.OWNER_NEAR.value, outbox.c.found_id == found_id)

    def to(self, account_id: AccountId, report_id: ReportId) -> list[Alert]:
        """All alerts to an account, of every kind, in which a report is the lost or the found one; oldest first."""
        is_in = or_(outbox.c.lost_id == report_id, outbox.c.found_id == report_id)
        return self._all(is_in, outbox.c.account_id == account_id)

    def _all(self, *mine: ColumnElement[bool]) -> list[Alert]:
        statement = select(outbox).where(*mine).order_by(outbox.c.created_at, outbox.c.id)
        return [_alert(row) for row in self.connection.execute(statement).mappings()]

    def _set(self, ids: Sequence[AlertId], **values: object) -> None:
        self.connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(**values))


@dataclass(frozen=True, slots=True)
class SqlInbox:
    """`homeward.ports.Inbox` on one connection. ``body`` is empty once worked on."""

    connection: Connection

    def add(self, messenger: str, number: int, address: str, body: str, when: datetime) -> bool:
        """Keep; False where this number came in before."""
        statement = insert(self.connection, inbox).values(
            messenger=messenger, number=number, address=address, body=body, created_at=when
        )
        added = statement.on_conflict_do_nothing(index_elements=["messenger", "number"])
        return self.connection.execute(added.returning(inbox.c.seq)).first() is not None

    def after(self, messenger: str, seq: int, limit: int) -> list[Update]:
        """Those not worked on yet with a ``seq`` above, in their order."""
        statement = (
            select(inbox.c.seq, inbox.c.number, inbox.c.address, inbox.c.body)
            .where(inbox.c.body.is_not(None), inbox.c.messenger == messenger, inbox.c.seq > seq)
            .order_by(inbox.c.seq)
            .limit(limit)
        )
        return [Update(*row) for row in self.connection.execute(statement)]

    def waits(self, messenger: str, numbers: Sequence[int]) -> bool:
        """Whether one of them is not worked on yet, and not forgotten."""
        waiting = (inbox.c.messenger == messenger, inbox.c.number.in_(numbers), inbox.c.body.is_not(None))
        return self.connection.execute(select(inbox.c.seq).where(*waiting).limit(1)).first() is not None

    def done(self, messenger: str, numbers: Sequence[int]) -> None:
        """Worked on: what was said is emptied, the number stays."""
        mine = (inbox.c.messenger == messenger, inbox.c.number.in_(numbers))
        self.connection.execute(update(inbox).where(*mine).values(body=None))

    def forget(self, messenger: str, address: str) -> None:
        """Empty all that came from an address."""
        mine = (inbox.c.messenger == messenger, inbox.c.address == address)
        self.connection.execute(update(inbox).where(*mine).values(body=None, address=""))

    def forget_before(self, when: datetime) -> None:
        """Delete old numbers."""
        self.connection.execute(delete(inbox).where(inbox.c.created_at < when))


def _job(row: rows.Row) -> Job:
    return Job(JobId(row["id"]), ReportId(row["report_id"]), row["attempts"], row["due_at"])


def _alert(row: rows.Row) -> Alert:
    return Alert(
        id=AlertId(row["id"]),
        key=row["key"],
        kind=AlertKind(row["kind"]),
        account_id=AccountId(row["account_id"]),
        lost_id=ReportId(row["lost_id"]),
        found_id=ReportId(row["found_id"]),
        encounter_id=EncounterId(row["encounter_id"]),
        degree=row["degree"],
        created_at=row["created_at"],
        attempts=row["attempts"],
        delivered_at=row["delivered_at"],
        handover_id=HandoverId(row["handover_id"]) if row["handover_id"] else None,
        message_id=MessageId(row["message_id"]) if row["message_id"] else None,
    )
