"""Rows of matches, and the owner's view of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, delete, func, select, true, update

from homeward.domain.ids import CropId, EncounterId, ModelName, ReportId
from homeward.domain.matches import Match, MatchPage, MatchQuery, MatchView, Sort, Verdict
from homeward.domain.reports import Status
from homeward.storage.sql import rows
from homeward.storage.sql.dialect import both
from homeward.storage.sql.tables import cameras, crops, matches, reports

CHUNK = 500  # rows per statement; SQLite binds at most 32,766 values
KEYS = ("lost_id", "found_id")


@dataclass(frozen=True, slots=True)
class SqlMatches:
    """`homeward.ports.Matches` on one connection."""

    connection: Connection

    def save(self, matches: Sequence[Match]) -> list[Match]:
        """Insert, or update all but the verdict; those that were not there before are returned."""
        in_order = sorted(matches, key=lambda match: (match.lost_id, match.found_id))  # so that no two wait in a ring
        return [match for chunk in _chunks(in_order) for match in self._save(chunk)]

    def get(self, lost_id: ReportId, found_id: ReportId) -> Match | None:
        """The match, or None."""
        statement = select(matches).where(matches.c.lost_id == lost_id, matches.c.found_id == found_id)
        row = self.connection.execute(statement).mappings().first()
        return rows.match(row) if row else None

    def page(self, lost_id: ReportId, query: MatchQuery) -> MatchPage:
        """One page for the owner."""
        joined = matches.join(reports, reports.c.id == matches.c.found_id)
        mine = and_(matches.c.lost_id == lost_id, reports.c.status != Status.HIDDEN.value)
        wanted = list(_conditions(query))
        counted = select(func.count(), func.count().filter(true(), *wanted)).select_from(joined).where(mine)
        every, total = self.connection.execute(counted).one()
        statement = (
            select(matches)
            .select_from(joined)
            .where(mine, *wanted)
            .order_by(*_order(query.sort))
            .limit(query.limit)
            .offset(query.offset)
        )
        found = [rows.match(row) for row in self.connection.execute(statement).mappings()]
        end = query.offset + len(found)
        return MatchPage(self._views(found), total, every - total, end if end < total else None)

    def of_found(self, found_id: ReportId, limit: int) -> list[Match]:
        """Matches of a found report, best first."""
        statement = (
            select(matches)
            .where(matches.c.found_id == found_id)
            .order_by(matches.c.degree.desc(), matches.c.l2_distance, matches.c.lost_id)
            .limit(limit)
        )
        return [rows.match(row) for row in self.connection.execute(statement).mappings()]

    def judged(self, lost_ids: Sequence[ReportId]) -> list[Match]:
        """All matches of these lost reports that have a verdict."""
        return [rows.match(row) for row in self.connection.execute(JUDGED, {"lost": lost_ids}).mappings()]

    def judge(self, lost_id: ReportId, encounter_id: EncounterId, verdict: Verdict, when: datetime) -> list[ReportId]:
        """Write the verdict on every match of the encounter; the found reports concerned."""
        statement = (
            update(matches)
            .where(matches.c.lost_id == lost_id, matches.c.encounter_id == encounter_id)
            .values(verdict=verdict.value, verdict_at=when)
            .returning(matches.c.found_id)
        )
        return [ReportId(found) for found in self.connection.execute(statement).scalars()]

    def keep_only(self, lost_id: ReportId, model: ModelName, calibration: str) -> None:
        """Delete unjudged ones that another model or calibration made."""
        other = (matches.c.model != model) | (matches.c.calibration != calibration)
        self.connection.execute(delete(matches).where(matches.c.lost_id == lost_id, matches.c.verdict.is_(None), other))

    def prune(self, lost_id: ReportId, keep: int) -> None:
        """Delete all but the best ``keep``; judged ones stay."""
        best = (
            select(matches.c.found_id)
            .where(matches.c.lost_id == lost_id)
            .order_by(matches.c.degree.desc(), matches.c.l2_distance)
            .limit(keep)
        )
        self.connection.execute(
            delete(matches).where(
                matches.c.lost_id == lost_id, matches.c.verdict.is_(None), matches.c.found_id.not_in(best)
            )
        )

    def lose_crops(self, report_id: ReportId, gone: Sequence[CropId], instead: CropId | None) -> None:
        """Delete those of a report that its crops ``gone`` decided; judged ones show another crop ``instead``."""
        for mine, crop in ((matches.c.lost_id, matches.c.lost_crop_id), (matches.c.found_id, matches.c.found_crop_id)):
            decided = and_(mine == report_id, crop.in_(gone))
            unjudged = matches.c.verdict.is_(None) if instead is not None else true()
            self.connection.execute(delete(matches).where(decided, unjudged))
            if instead is not None:
                self.connection.execute(update(matches).where(decided).values({crop: instead}))

    def _save(self, chunk: Sequence[Match]) -> list[Match]:
        asked = {"lost": list({match.lost_id for match in chunk}), "found": list({match.found_id for match in chunk})}
        known = {(lost, found) for lost, found in self.connection.execute(KNOWN, asked)}
        self.connection.execute(UPSERT(self.connection), [rows.match_values(match) for match in chunk])
        return [match for match in chunk if (match.lost_id, match.found_id) not in known]

    def _views(self, found: Sequence[Match]) -> tuple[MatchView, ...]:
        reported = {row["id"]: rows.report(row) for row in self._in(reports, [match.found_id for match in found])}
        cut = {row["id"]: rows.crop(row) for row in self._in(crops, [match.found_crop_id for match in found])}
        seen_by = {report.camera_id for report in reported.values() if report.camera_id}
        watching = {row["id"]: rows.camera(row) for row in self._in(cameras, list(seen_by))}
        return tuple(
            MatchView(
                match,
                reported[match.found_id],
                cut[match.found_crop_id],
                watching.get(reported[match.found_id].camera_id),
            )
            for match in found
            if match.found_crop_id in cut  # its photo may be taken off while the two are compared
        )

    def _in(self, table: Any, ids: Sequence[Any]) -> Iterator[rows.Row]:
        yield from self.connection.execute(select(table).where(table.c.id.in_(ids))).mappings()


UPSERT = both(
    matches,
    lambda new: new.on_conflict_do_update(
        index_elements=list(KEYS),
        set_={
            column.name: new.excluded[column.name]
            for column in matches.c
            if column.name not in {*KEYS, "verdict", "verdict_at"}
        },
    ),
)
JUDGED = select(matches).where(matches.c.lost_id.in_(bindparam("lost", expanding=True)), matches.c.verdict.is_not(None))
KNOWN = select(matches.c.lost_id, matches.c.found_id).where(
    matches.c.lost_id.in_(bindparam("lost", expanding=True)), matches.c.found_id.in_(bindparam("found", expanding=True))
)


def _chunks(items: Sequence[Match]) -> Iterator[Sequence[Match]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]


def _conditions(query: MatchQuery) -> Iterator[ColumnElement[bool]]:
    equal = ((reports.c.source, query.source), (reports.c.species, query.species), (matches.c.verdict, query.verdict))
    yield from (column == value.value for column, value in equal if value is not None)
    among = ((reports.c.district, query.districts), (matches.c.found_id, query.found_ids))
    yield from (column.in_(values) for column, values in among if values)
    least = ((reports.c.happened_at, query.since), (matches.c.degree, query.min_degree))
    yield from (column >= value for column, value in least if value is not None)
    most = ((reports.c.happened_at, query.until), (matches.c.distance_km, query.max_km))
    yield from (column <= value for column, value in most if value is not None)
    if query.unjudged:
        yield matches.c.verdict.is_(None)


def _order(sort: Sort) -> list[ColumnElement[Any]]:
    best: list[ColumnElement[Any]] = [
        matches.c.degree.desc(),
        matches.c.l2_distance.asc(),
        matches.c.found_id.asc(),
    ]
    first: dict[Sort, ColumnElement[Any]] = {
        Sort.L2_DISTANCE: matches.c.l2_distance.asc(),
        Sort.DISTANCE_KM: matches.c.distance_km.asc().nulls_last(),
        Sort.SEEN_AT: reports.c.happened_at.desc(),
        Sort.DISTRICT: reports.c.district.asc().nulls_last(),
    }
    return [first[sort], *best] if sort in first else best
