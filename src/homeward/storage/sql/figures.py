"""Counts for operators, each one statement."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, func, select

from homeward.domain.matches import Verdict
from homeward.domain.reports import Source
from homeward.ports import AlertKind, Queue
from homeward.storage.sql.tables import (
    SIGHTED,
    TOLD,
    accounts,
    cameras,
    handovers,
    inbox,
    jobs,
    matches,
    outbox,
    reports,
)

DAY = timedelta(days=1)
WAITS = "waits"  # what the engine writes of an alert that is only held back: night, cool-down


@dataclass(frozen=True, slots=True)
class SqlFigures:
    """`homeward.ports.Figures` on one connection."""

    connection: Connection

    def all(self, now: datetime) -> dict[str, int]:
        """Counts by name."""
        return {
            **self._reports(now),
            **{f"verdicts_{verdict}": self._count(matches, matches.c.verdict == verdict.value) for verdict in Verdict},
            "accounts": self._count(accounts),
            "accounts_unreachable": self._count(accounts, ~accounts.c.reachable),
            "handovers_open": self._count(
                handovers, handovers.c.owner_agrees, handovers.c.finder_agrees, handovers.c.ended_at.is_(None)
            ),
            "cameras": self._count(cameras),
            "jobs_waiting": self._count(jobs),
            "inbox_waiting": self._count(inbox, inbox.c.body.is_not(None)),
            "outbox_waiting": self._count(outbox, outbox.c.due_at.is_not(None)),
            "outbox_oldest_s": self._oldest_s(now),
            "delivered_today": self._count(outbox, outbox.c.delivered_at > now - DAY),
        }

    def queues(self) -> list[Queue]:
        """Reports to be matched, and alerts by kind."""
        found = [self._queue("jobs", jobs)]
        found += [
            self._queue(kind.value, outbox, outbox.c.kind == kind.value, outbox.c.due_at.is_not(None))
            for kind in AlertKind
        ]
        return [queue for queue in found if queue.waiting]

    def _queue(self, name: str, table: Table, *conditions: ColumnElement[bool]) -> Queue:
        failing = func.count().filter(table.c.error.is_not(None), table.c.error != WAITS)
        counted = select(func.count(), failing, func.min(table.c.created_at)).select_from(table).where(*conditions)
        waiting, failed, oldest = self.connection.execute(counted).one()
        last = (
            select(table.c.error)
            .where(*conditions, table.c.error.is_not(None), table.c.error != WAITS)
            .order_by(table.c.due_at.desc())
            .limit(1)
        )
        return Queue(name, waiting, failed, oldest, self.connection.execute(last).scalar_one_or_none())

    def _reports(self, now: datetime) -> dict[str, int]:
        today = reports.c.created_at > now - DAY
        each = select(reports.c.shelf, reports.c.status, func.count(), func.count().filter(today)).where(TOLD)
        counts = {
            "sightings": self._count(reports, SIGHTED),
            "sightings_today": self._count(reports, reports.c.source == Source.CAMERA.value, today),
        }
        for shelf, status, count, new in self.connection.execute(each.group_by(reports.c.shelf, reports.c.status)):
            counts[f"{shelf}_{status}"] = count
            counts[f"{shelf}_today"] = counts.get(f"{shelf}_today", 0) + new
        return counts

    def _oldest_s(self, now: datetime) -> int:
        statement = select(func.min(outbox.c.created_at)).where(outbox.c.due_at <= now)
        oldest: datetime | None = self.connection.execute(statement).scalar_one()
        return round((now - oldest).total_seconds()) if oldest else 0

    def _count(self, table: object, *conditions: object) -> int:
        statement = select(func.count()).select_from(table).where(*conditions)  # type: ignore[arg-type]
        return self.connection.execute(statement).scalar_one()
