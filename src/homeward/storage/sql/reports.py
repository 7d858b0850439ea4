"""Rows of reports, and what has grown old. Changes of what the search filters on are noted for the index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    TextClause,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    true,
    type_coerce,
    union_all,
    update,
)

from homeward.domain.animals import Species
from homeward.domain.ids import CameraId, ReportId
from homeward.domain.matches import Verdict
from homeward.domain.repeats import Seen
from homeward.domain.reports import Report, Source, Standing, Status
from homeward.ports import Around, ReportQuery
from homeward.storage.sql import rows, tallies
from homeward.storage.sql.dialect import changing, staying
from homeward.storage.sql.embeddings import note_changes
from homeward.storage.sql.standings import StandingsView
from homeward.storage.sql.tables import ASKED, ENDED, SIGHTED, TOLD, matches, reports

CHUNK = 5000  # SQLite binds at most 32,766 values


@dataclass(frozen=True, slots=True)
class SqlReports:
    """`homeward.ports.Reports` on one connection; what it changes or removes is told in ``changed``."""

    connection: Connection
    known: StandingsView | None
    changed: set[ReportId]

    def add(self, *new: Report) -> None:
        """Insert."""
        if new:
            self.connection.execute(insert(reports), [rows.report_values(report) for report in new])
            tallies.note(self.connection, new, 1)

    def get(self, report_id: ReportId) -> Report | None:
        """The report, or None."""
        statement = changing(self.connection, select(reports).where(reports.c.id == report_id))
        row = self.connection.execute(statement).mappings().first()
        return rows.report(row) if row else None

    def get_many(self, ids: Sequence[ReportId]) -> list[Report]:
        """Those that exist, in no order."""
        found: list[Report] = []
        for start in range(0, len(ids), CHUNK):
            statement = select(reports).where(reports.c.id.in_(ids[start : start + CHUNK])).order_by(reports.c.id)
            wanted = staying(self.connection, statement)
            found += [rows.report(row) for row in self.connection.execute(wanted).mappings()]
        return found

    def update(self, report: Report) -> None:
        """Write all fields of an existing one; the index and the tallies follow."""
        self.changed.add(report.id)
        before = self.get(report.id)
        if before is not None and _counted_as(before) != _counted_as(report):
            tallies.note(self.connection, [before], -1)
            tallies.note(self.connection, [report], 1)
        self.connection.execute(
            update(reports).where(reports.c.id == report.id).values(rows.changed(rows.report_values(report)))
        )
        note_changes(self.connection, reports.c.id == report.id, removed=False)

    def remove(self, report_id: ReportId) -> None:
        """Delete with everything that hangs on it."""
        self.changed.add(report_id)
        note_changes(self.connection, reports.c.id == report_id, removed=True)
        before = self.get(report_id)
        if before is not None:
            tallies.note(self.connection, [before], -1)
        self.connection.execute(delete(reports).where(reports.c.id == report_id))

    def find(self, query: ReportQuery) -> list[Report]:
        """Newest first."""
        wanted = {
            "shelf": query.shelf,
            "status": query.status,
            "account_id": query.account_id,
            "camera_id": query.camera_id,
            "encounter_id": query.encounter_id,
            "species": query.species,
            "listed": query.listed,
        }
        conditions = [reports.c[name] == value for name, value in wanted.items() if value is not None]
        of_source = {Source.PERSON: [TOLD], Source.CAMERA: [SIGHTED], None: []}[query.source]
        if query.districts:
            conditions.append(reports.c.district.in_(query.districts))
        if query.since is not None:
            conditions.append(reports.c.created_at >= query.since)
        if query.before is not None:
            moment, last = query.before
            same = and_(reports.c.created_at == moment, reports.c.id < last)
            conditions.append(or_(reports.c.created_at < moment, same))
        statement = (
            select(reports)
            .where(true(), *of_source, *conditions)
            .order_by(reports.c.created_at.desc(), reports.c.id.desc())
            .limit(query.limit)
        )
        return [rows.report(row) for row in self.connection.execute(statement).mappings()]

    def animals_by_day(self, asked: Sequence[Around]) -> list[dict[Species, dict[int, int]]]:
        """How many animals were found or seen, by kind and day, for each of ``asked``."""
        return tallies.by_day(self.connection, asked)

    def listed_districts(self) -> dict[str, int]:
        """How many open reports each district has on the board."""
        listed = (
            select(reports.c.district, func.count())
            .where(reports.c.listed.is_(True), reports.c.status == Status.OPEN.value, reports.c.district.is_not(None))
            .group_by(reports.c.district)
        )
        return {str(district): int(count) for district, count in self.connection.execute(listed)}

    def standings(self, ids: Sequence[ReportId]) -> list[Standing]:
        """What weighs for or against a pair, of those that exist, in no order."""
        known = [standing for standing in self.known.get(ids) if standing.id not in self.changed] if self.known else []
        there = {standing.id for standing in known}
        missing = [report_id for report_id in ids if report_id not in there]
        read = [
            rows.standing(row)
            for start in range(0, len(missing), CHUNK)
            for row in self.connection.execute(
                staying(self.connection, STANDING), {"ids": missing[start : start + CHUNK]}
            ).all()
        ]
        if self.known and read:
            self.known.learn(read)
        return known + read

    def latest_of_cameras(self, camera_ids: Sequence[CameraId], limit: int) -> dict[CameraId, list[Seen]]:
        """Each camera's latest sightings, newest first, without their looks."""
        found: dict[CameraId, list[Seen]] = {camera_id: [] for camera_id in camera_ids}
        if found:
            asked = {f"camera{n}": camera_id for n, camera_id in enumerate(found)} | {"most": limit}
            for camera_id, *columns in self.connection.execute(_latest(len(found)), asked):
                found[CameraId(camera_id)].append(rows.seen(columns))
        return found


def _counted_as(report: Report) -> tuple[object, ...]:
    return report.species, report.place, report.happened_at.toordinal()


STANDING = (
    select(
        reports.c.id,
        reports.c.species,
        reports.c.species_confidence,
        type_coerce(reports.c.happened_at, BigInteger),
        reports.c.encounter_id,
        reports.c.source,
        func.coalesce(reports.c.home_lat, reports.c.lat),
        func.coalesce(reports.c.home_lon, reports.c.lon),
        reports.c.home_lat.is_not(None),
        reports.c.about,
    )
    .where(reports.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(reports.c.id)
)


@lru_cache(maxsize=64)
def _latest(cameras: int) -> Select[*tuple[Any, ...]]:
    """Some cameras' latest sightings, in the columns of `rows.seen` behind the camera. Built once for each number.

    A question for each camera, in one statement: so each reads no more than its end of the index.
    """
    latest = union_all(*(select(_latest_of(f"camera{n}")) for n in range(cameras))).subquery()
    columns = (latest.c[name] for name in ("camera_id", "id", "encounter_id", "happened_us", "last_us", "track_id"))
    return select(*columns).order_by(latest.c.created_at.desc(), latest.c.id.desc())


def _latest_of(camera: str) -> Subquery:
    last_at = func.coalesce(reports.c.last_seen_at, reports.c.happened_at)
    return (
        select(
            reports.c.camera_id,
            reports.c.id,
            reports.c.encounter_id,
            type_coerce(reports.c.happened_at, BigInteger).label("happened_us"),
            type_coerce(last_at, BigInteger).label("last_us"),
            reports.c.track_id,
            reports.c.created_at,
        )
        .where(reports.c.camera_id == bindparam(camera))
        .order_by(reports.c.created_at.desc(), reports.c.id.desc())
        .limit(bindparam("most"))
        .subquery()
    )


@dataclass(frozen=True, slots=True)
class SqlExpiry:
    """`homeward.ports.Expiry` on one connection."""

    connection: Connection

    def sightings_older_than(self, when: datetime, limit: int) -> list[ReportId]:
        """Sightings last seen before ``when`` without a ``same`` verdict."""
        confirmed = exists().where(matches.c.found_id == reports.c.id, matches.c.verdict == Verdict.SAME.value)
        no_more = or_(reports.c.last_seen_at.is_(None), reports.c.last_seen_at < when)
        return self._ids(limit, reports.c.happened_at, when, SIGHTED, no_more, ~confirmed)

    def ended_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports closed, reunited or expired before ``when``."""
        return self._ids(limit, reports.c.closed_at, when, ENDED)

    def open_persons_reports_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports of people that are open since before ``when``: created then, and not opened again after it."""
        not_again = or_(reports.c.reopened_at.is_(None), reports.c.reopened_at < when)
        return self._ids(limit, reports.c.created_at, when, ASKED, not_again)

    def _ids(
        self, limit: int, aged: ColumnElement[Any], when: datetime, *conditions: ColumnElement[bool] | TextClause
    ) -> list[ReportId]:
        """Oldest first."""
        old = select(reports.c.id).where(*conditions, aged < when).order_by(aged, reports.c.created_at).limit(limit)
        return [ReportId(found) for found in self.connection.execute(old).scalars()]
