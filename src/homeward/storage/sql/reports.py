"""Rows of reports, and what has grown old. Changes of what the search filters on are noted for the index."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, insert, or_, select, true, update

from homeward.domain.animals import Species
from homeward.domain.ids import ReportId
from homeward.domain.matches import Verdict
from homeward.domain.places import Point, distance_km
from homeward.domain.reports import Report, Shelf, Source, Status
from homeward.ports import ReportQuery
from homeward.storage.sql import rows
from homeward.storage.sql.embeddings import note_changes
from homeward.storage.sql.tables import matches, reports

CHUNK = 5000  # SQLite binds at most 32,766 values
KM_PER_DEGREE = 111.0  # of latitude; a little less than the true 111.2, so that the box is never too small


@dataclass(frozen=True, slots=True)
class SqlReports:
    """`homeward.ports.Reports` on one connection."""

    connection: Connection

    def add(self, report: Report) -> None:
        """Insert."""
        self.connection.execute(insert(reports).values(rows.report_values(report)))

    def get(self, report_id: ReportId) -> Report | None:
        """The report, or None."""
        row = self.connection.execute(select(reports).where(reports.c.id == report_id)).mappings().first()
        return rows.report(row) if row else None

    def get_many(self, ids: Sequence[ReportId]) -> list[Report]:
        """Those that exist, in no order."""
        found: list[Report] = []
        for start in range(0, len(ids), CHUNK):
            statement = select(reports).where(reports.c.id.in_(ids[start : start + CHUNK]))
            found += [rows.report(row) for row in self.connection.execute(statement).mappings()]
        return found

    def update(self, report: Report) -> None:
        """Write all fields of an existing one; the index follows."""
        values = rows.report_values(report)
        self.connection.execute(update(reports).where(reports.c.id == report.id).values(values))
        note_changes(self.connection, report.id, removed=False)

    def remove(self, report_id: ReportId) -> None:
        """Delete with everything that hangs on it."""
        note_changes(self.connection, report_id, removed=True)
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
            "district": query.district,
            "listed": query.listed,
        }
        conditions = [reports.c[name] == value for name, value in wanted.items() if value is not None]
        if query.before is not None:
            moment, last = query.before
            same = and_(reports.c.created_at == moment, reports.c.id < last)
            conditions.append(or_(reports.c.created_at < moment, same))
        statement = (
            select(reports)
            .where(true(), *conditions)
            .order_by(reports.c.created_at.desc(), reports.c.id.desc())
            .limit(query.limit)
        )
        return [rows.report(row) for row in self.connection.execute(statement).mappings()]

    def count_around(
        self,
        shelf: Shelf,
        species: Species,
        centre: Point | None,
        radius_km: float,
        since: datetime,
        until: datetime,
    ) -> int:
        """How many encounters of ``species`` lie within the circle and the time; of any place without ``centre``."""
        kind = (
            reports.c.shelf == shelf.value,
            reports.c.species == species.value,
            reports.c.happened_at.between(since, until),
        )
        if centre is None:
            every = select(func.count(reports.c.encounter_id.distinct())).where(*kind)
            return self.connection.execute(every).scalar_one()
        lat_reach = radius_km / KM_PER_DEGREE
        statement = select(reports.c.encounter_id, reports.c.lat, reports.c.lon).where(
            *kind,
            reports.c.lat.between(centre.lat - lat_reach, centre.lat + lat_reach),
            *_lon_box(centre, lat_reach),
        )
        return len(
            {
                encounter
                for encounter, lat, lon in self.connection.execute(statement)
                if distance_km(centre, Point(lat, lon)) <= radius_km
            }
        )


def _lon_box(centre: Point, lat_reach: float) -> list[ColumnElement[bool]]:
    """A condition on the longitude, where it can narrow: not at the poles, not over the date line."""
    widest = math.cos(math.radians(min(89.9, abs(centre.lat) + lat_reach)))
    reach = lat_reach / widest
    if centre.lon - reach < -180 or centre.lon + reach > 180:
        return []
    return [reports.c.lon.between(centre.lon - reach, centre.lon + reach)]


@dataclass(frozen=True, slots=True)
class SqlExpiry:
    """`homeward.ports.Expiry` on one connection."""

    connection: Connection

    def sightings_older_than(self, when: datetime, limit: int) -> list[ReportId]:
        """Sightings last seen before ``when`` without a ``same`` verdict."""
        confirmed = exists().where(matches.c.found_id == reports.c.id, matches.c.verdict == Verdict.SAME.value)
        seen_at = func.coalesce(reports.c.last_seen_at, reports.c.happened_at)
        return self._ids(limit, reports.c.source == Source.CAMERA.value, seen_at < when, ~confirmed)

    def ended_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports closed, reunited or expired before ``when``."""
        return self._ids(limit, reports.c.status != Status.OPEN.value, reports.c.closed_at < when)

    def open_persons_reports_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Open reports of people created before ``when``."""
        return self._ids(
            limit,
            reports.c.status == Status.OPEN.value,
            reports.c.source == Source.PERSON.value,
            reports.c.created_at < when,
        )

    def _ids(self, limit: int, *conditions: ColumnElement[bool]) -> list[ReportId]:
        statement = select(reports.c.id).where(*conditions).order_by(reports.c.created_at).limit(limit)
        return [ReportId(found) for found in self.connection.execute(statement).scalars()]
