"""Rows of the operator's desk: deeds, complaints, blocks, senders, opinions, petitions."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, Subquery, and_, case, delete, exists, func, insert, or_, select, update

from homeward.domain.desk import (
    ENOUGH,
    MOST_ASKED,
    Block,
    Complaint,
    ComplaintKind,
    Deed,
    Judgement,
    Opinion,
    Petition,
    PetitionKind,
)
from homeward.domain.ids import AccountId, EncounterId, KeyId, ReportId
from homeward.domain.matches import Match
from homeward.domain.reports import Status
from homeward.ports import Behind
from homeward.storage.sql import rows
from homeward.storage.sql.desk_tables import blocks, complaints, deeds, opinions, petitions, senders
from homeward.storage.sql.tables import matches, reports

HALF = 0.5
NEARER = 0.25  # a pair that somebody judged once: one more opinion may make it a hint


@dataclass(frozen=True, slots=True)
class SqlDeeds:
    """`homeward.ports.Deeds` on one connection."""

    connection: Connection

    def add(self, deed: Deed) -> None:
        """Note."""
        values = {name: value for name, value in asdict(deed).items() if name != "id"}
        self.connection.execute(insert(deeds).values(values))

    def page(self, before: int | None, who: str | None, limit: int) -> list[Deed]:
        """Newest first."""
        statement = select(deeds).order_by(deeds.c.id.desc()).limit(limit)
        if before is not None:
            statement = statement.where(deeds.c.id < before)
        if who is not None:
            statement = statement.where(deeds.c.who == who)
        return [_deed(row) for row in self.connection.execute(statement).mappings()]

    def of_subject(self, subject: str) -> list[Deed]:
        """What was done to one thing, newest first."""
        statement = select(deeds).where(deeds.c.subject == subject).order_by(deeds.c.id.desc())
        return [_deed(row) for row in self.connection.execute(statement).mappings()]

    def forget_before(self, when: datetime) -> None:
        """Delete old ones."""
        self.connection.execute(delete(deeds).where(deeds.c.at < when))


@dataclass(frozen=True, slots=True)
class SqlComplaints:
    """`homeward.ports.Complaints` on one connection."""

    connection: Connection

    def add(self, complaint: Complaint) -> None:
        """Keep."""
        self.connection.execute(insert(complaints).values(asdict(complaint) | {"kind": complaint.kind.value}))

    def of_reports(self, report_ids: Sequence[ReportId]) -> list[Complaint]:
        """Undecided ones about these reports, oldest first."""
        statement = (
            select(complaints)
            .where(complaints.c.report_id.in_(report_ids), complaints.c.decided_at.is_(None))
            .order_by(complaints.c.created_at, complaints.c.id)
        )
        return [_complaint(row) for row in self.connection.execute(statement).mappings()]

    def flagged(self, limit: int, status: Status | None = None, behind: Behind | None = None) -> list[ReportId]:
        """Reports with undecided complaints, those with the most first."""
        report_id, waiting, since = complaints.c.report_id, func.count(), func.min(complaints.c.created_at)
        statement = (
            select(report_id)
            .where(complaints.c.decided_at.is_(None))
            .group_by(report_id)
            .order_by(waiting.desc(), since, report_id)
            .limit(limit)
        )
        if status is not None:
            statement = statement.where(report_id.in_(select(reports.c.id).where(reports.c.status == status.value)))
        if behind is not None:
            many, moment, last = behind
            later = or_(since > moment, and_(since == moment, report_id > last))
            statement = statement.having(or_(waiting < many, and_(waiting == many, later)))
        return [ReportId(found) for found in self.connection.execute(statement).scalars()]

    def decide(self, report_id: ReportId, when: datetime) -> int:
        """All about a report are decided; how many those were."""
        waits = (complaints.c.report_id == report_id, complaints.c.decided_at.is_(None))
        return self.connection.execute(update(complaints).where(*waits).values(decided_at=when)).rowcount

    def forget_before(self, when: datetime) -> None:
        """Delete those decided before ``when``."""
        self.connection.execute(delete(complaints).where(complaints.c.decided_at < when))


@dataclass(frozen=True, slots=True)
class SqlBlocks:
    """`homeward.ports.Blocks` on one connection."""

    connection: Connection

    def add(self, block: Block) -> None:
        """Keep."""
        self.connection.execute(insert(blocks).values(asdict(block)))

    def all(self, limit: int) -> list[Block]:
        """Newest first."""
        statement = select(blocks).order_by(blocks.c.created_at.desc(), blocks.c.id).limit(limit)
        return [_block(row) for row in self.connection.execute(statement).mappings()]

    def lift(self, block_id: str, when: datetime) -> bool:
        """It counts no longer."""
        mine = (blocks.c.id == block_id, blocks.c.lifted_at.is_(None))
        return self.connection.execute(update(blocks).where(*mine).values(lifted_at=when)).rowcount > 0

    def against(self, account_ids: Sequence[AccountId], callers: Sequence[str], now: datetime) -> list[Block]:
        """Those that hold at ``now`` against any of them."""
        statement = (
            select(blocks)
            .where(
                blocks.c.lifted_at.is_(None),
                or_(blocks.c.until.is_(None), blocks.c.until > now),
                or_(blocks.c.account_id.in_(account_ids), blocks.c.caller.in_(callers)),
            )
            .order_by(blocks.c.created_at.desc(), blocks.c.id)
        )
        return [_block(row) for row in self.connection.execute(statement).mappings()]


@dataclass(frozen=True, slots=True)
class SqlSenders:
    """`homeward.ports.Senders` on one connection."""

    connection: Connection

    def note(self, report_id: ReportId, caller: str, when: datetime) -> None:
        """Keep the mark of a new report."""
        self.connection.execute(insert(senders).values(report_id=report_id, caller=caller, created_at=when))

    def of_reports(self, report_ids: Sequence[ReportId]) -> dict[ReportId, str]:
        """The marks that are still known."""
        statement = select(senders.c.report_id, senders.c.caller).where(senders.c.report_id.in_(report_ids))
        return {ReportId(report_id): caller for report_id, caller in self.connection.execute(statement)}

    def forget_before(self, when: datetime) -> None:
        """Delete old marks."""
        self.connection.execute(delete(senders).where(senders.c.created_at < when))


@dataclass(frozen=True, slots=True)
class SqlOpinions:
    """`homeward.ports.Opinions` on one connection."""

    connection: Connection

    def save(self, judgement: Judgement) -> None:
        """Keep; a later one of the same volunteer takes the place of the earlier."""
        own = {"lost_id": judgement.lost_id, "encounter_id": judgement.encounter_id, "judge": judgement.judge}
        self.connection.execute(delete(opinions).where(*(opinions.c[name] == value for name, value in own.items())))
        self.connection.execute(insert(opinions).values(asdict(judgement) | {"opinion": judgement.opinion.value}))

    def of_lost(self, lost_id: ReportId) -> list[Judgement]:
        """All about a lost pet."""
        found = self.connection.execute(select(opinions).where(opinions.c.lost_id == lost_id)).mappings()
        return [_judgement(row) for row in found]

    def waiting(self, judge: KeyId, low: float, high: float, limit: int) -> list[Match]:
        """Uncertain pairs that this volunteer has not seen, those first that tell the most."""
        said = _tally()
        asked = func.coalesce(said.c.asked, 0)
        lost, found = reports.alias("lost"), reports.alias("found")
        seen = exists().where(
            opinions.c.lost_id == matches.c.lost_id,
            opinions.c.encounter_id == matches.c.encounter_id,
            opinions.c.judge == judge,
        )
        pair = and_(said.c.lost_id == matches.c.lost_id, said.c.encounter_id == matches.c.encounter_id)
        statement = (
            select(matches)
            .join(lost, lost.c.id == matches.c.lost_id)
            .join(found, found.c.id == matches.c.found_id)
            .join(said, pair, isouter=True)
            .where(
                lost.c.status == Status.OPEN.value,
                found.c.status == Status.OPEN.value,
                matches.c.verdict.is_(None),
                matches.c.degree.between(low, high),
                ~seen,
                asked < MOST_ASKED,
                func.coalesce(said.c.same, 0) < ENOUGH,
                func.coalesce(said.c.different, 0) < ENOUGH,
            )
            .order_by(
                func.abs(matches.c.degree - HALF) - case((asked == 1, NEARER), else_=0.0),
                matches.c.lost_id,
                matches.c.found_id,
            )
            .limit(limit)
        )
        return [rows.match(row) for row in self.connection.execute(statement).mappings()]

    def count_by(self, judge: KeyId) -> int:
        """How many pairs a volunteer has judged."""
        statement = select(func.count()).select_from(opinions).where(opinions.c.judge == judge)
        return self.connection.execute(statement).scalar_one()


@dataclass(frozen=True, slots=True)
class SqlPetitions:
    """`homeward.ports.Petitions` on one connection."""

    connection: Connection

    def save(self, petition: Petition) -> None:
        """Insert or update."""
        values = asdict(petition) | {"kind": petition.kind.value}
        changed = self.connection.execute(update(petitions).where(petitions.c.id == petition.id).values(values))
        if changed.rowcount == 0:
            self.connection.execute(insert(petitions).values(values))

    def get(self, petition_id: str) -> Petition | None:
        """The petition, or None."""
        row = self.connection.execute(select(petitions).where(petitions.c.id == petition_id)).mappings().first()
        return _petition(row) if row else None

    def all(self, limit: int) -> list[Petition]:
        """Those without an answer first."""
        statement = (
            select(petitions)
            .order_by(
                petitions.c.answered_at.is_not(None),
                case((petitions.c.answered_at.is_(None), petitions.c.due_at)),
                petitions.c.answered_at.desc(),
                petitions.c.id,
            )
            .limit(limit)
        )
        return [_petition(row) for row in self.connection.execute(statement).mappings()]

    def forget_before(self, when: datetime) -> None:
        """Delete those answered before ``when``."""
        self.connection.execute(delete(petitions).where(petitions.c.answered_at < when))


def _tally() -> Subquery:
    """How many were asked about each pair, and how many said same or different."""
    said = [
        func.sum(case((opinions.c.opinion == each.value, 1), else_=0)).label(each.value)
        for each in (Opinion.SAME, Opinion.DIFFERENT)
    ]
    pair = (opinions.c.lost_id, opinions.c.encounter_id)
    return select(*pair, func.count().label("asked"), *said).group_by(*pair).subquery("said")


def _deed(row: rows.Row) -> Deed:
    return Deed(**{**row, "key_id": KeyId(row["key_id"])})


def _complaint(row: rows.Row) -> Complaint:
    return Complaint(**{**row, "report_id": ReportId(row["report_id"]), "kind": ComplaintKind(row["kind"])})


def _block(row: rows.Row) -> Block:
    return Block(**{**row, "account_id": AccountId(row["account_id"]) if row["account_id"] else None})


def _judgement(row: rows.Row) -> Judgement:
    return Judgement(
        lost_id=ReportId(row["lost_id"]),
        found_id=ReportId(row["found_id"]),
        encounter_id=EncounterId(row["encounter_id"]),
        judge=KeyId(row["judge"]),
        opinion=Opinion(row["opinion"]),
        at=row["at"],
    )


def _petition(row: rows.Row) -> Petition:
    return Petition(**{**row, "kind": PetitionKind(row["kind"])})
