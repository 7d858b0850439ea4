"""Deeds, complaints, blocks, senders, opinions and petitions on dictionaries."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from homeward.domain.desk import ENOUGH, MOST_ASKED, Block, Complaint, Deed, Judgement, Opinion, Petition
from homeward.domain.ids import AccountId, KeyId, ReportId
from homeward.domain.matches import Match
from homeward.domain.reports import Status
from homeward.ports import Behind
from homeward.testing.repositories.tables import Repository


class MemoryDeeds(Repository):
    """`homeward.ports.Deeds`."""

    def add(self, deed: Deed) -> None:
        """Note."""
        self.tables.deeds.append(replace(deed, id=self.tables.next_id()))

    def page(self, before: int | None, who: str | None, limit: int) -> list[Deed]:
        """Newest first."""
        newest = [deed for deed in reversed(self.tables.deeds) if before is None or deed.id < before]
        return [deed for deed in newest if who in {None, deed.who}][:limit]

    def of_subject(self, subject: str) -> list[Deed]:
        """What was done to one thing, newest first."""
        return [deed for deed in reversed(self.tables.deeds) if deed.subject == subject]

    def forget_before(self, when: datetime) -> None:
        """Delete old ones."""
        self.tables.deeds = [deed for deed in self.tables.deeds if deed.at >= when]


class MemoryComplaints(Repository):
    """`homeward.ports.Complaints`."""

    def add(self, complaint: Complaint) -> None:
        """Keep."""
        self.tables.complaints[complaint.id] = complaint

    def of_reports(self, report_ids: Sequence[ReportId]) -> list[Complaint]:
        """Undecided ones about these reports, oldest first."""
        found = [c for c in self._undecided() if c.report_id in report_ids]
        return sorted(found, key=lambda complaint: (complaint.created_at, complaint.id))

    def flagged(self, limit: int, status: Status | None = None, behind: Behind | None = None) -> list[ReportId]:
        """Reports with undecided complaints, those with the most first."""
        counted = Counter(complaint.report_id for complaint in self._undecided())
        first: dict[ReportId, datetime] = {}
        for complaint in self._undecided():
            first[complaint.report_id] = min(complaint.created_at, first.get(complaint.report_id, complaint.created_at))
        found = sorted((-n, first[report], report) for report, n in counted.items() if self._stands(report, status))
        after = None if behind is None else (-behind[0], *behind[1:])
        return [place[-1] for place in found if after is None or place > after][:limit]

    def decide(self, report_id: ReportId, when: datetime) -> int:
        """All about a report are decided."""
        mine = [complaint for complaint in self._undecided() if complaint.report_id == report_id]
        for complaint in mine:
            self.tables.complaints[complaint.id] = replace(complaint, decided_at=when)
        return len(mine)

    def forget_before(self, when: datetime) -> None:
        """Delete those decided before ``when``."""
        kept = {k: c for k, c in self.tables.complaints.items() if c.decided_at is None or c.decided_at >= when}
        self.tables.complaints = kept

    def _stands(self, report_id: ReportId, status: Status | None) -> bool:
        return status in {None, self.tables.reports[report_id].status}

    def _undecided(self) -> list[Complaint]:
        return [complaint for complaint in self.tables.complaints.values() if complaint.decided_at is None]


class MemoryBlocks(Repository):
    """`homeward.ports.Blocks`."""

    def add(self, block: Block) -> None:
        """Keep."""
        self.tables.blocks[block.id] = block

    def all(self, limit: int) -> list[Block]:
        """Newest first."""
        by_id = sorted(self.tables.blocks.values(), key=lambda block: block.id)
        return sorted(by_id, key=lambda block: block.created_at, reverse=True)[:limit]

    def lift(self, block_id: str, when: datetime) -> bool:
        """It counts no longer."""
        block = self.tables.blocks.get(block_id)
        if block is None or block.lifted_at is not None:
            return False
        self.tables.blocks[block_id] = replace(block, lifted_at=when)
        return True

    def against(self, account_ids: Sequence[AccountId], callers: Sequence[str], now: datetime) -> list[Block]:
        """Those that hold at ``now`` against any of them."""
        holding = [block for block in self.all(len(self.tables.blocks)) if block.holds(now)]
        return [block for block in holding if block.account_id in account_ids or block.caller in callers]


class MemorySenders(Repository):
    """`homeward.ports.Senders`."""

    def note(self, report_id: ReportId, caller: str, when: datetime) -> None:
        """Keep the mark of a new report."""
        self.tables.senders[report_id] = (caller, when)

    def of_reports(self, report_ids: Sequence[ReportId]) -> dict[ReportId, str]:
        """The marks that are still known."""
        return {report_id: known[0] for report_id, known in self.tables.senders.items() if report_id in report_ids}

    def forget_before(self, when: datetime) -> None:
        """Delete old marks."""
        self.tables.senders = {key: known for key, known in self.tables.senders.items() if known[1] >= when}


class MemoryOpinions(Repository):
    """`homeward.ports.Opinions`."""

    def save(self, judgement: Judgement) -> None:
        """Keep."""
        self.tables.opinions[judgement.lost_id, judgement.encounter_id, judgement.judge] = judgement

    def of_lost(self, lost_id: ReportId) -> list[Judgement]:
        """All about a lost pet."""
        return [judgement for judgement in self.tables.opinions.values() if judgement.lost_id == lost_id]

    def waiting(self, judge: KeyId, low: float, high: float, limit: int) -> list[Match]:
        """Uncertain pairs that this volunteer has not seen, those first that tell the most."""
        uncertain = [m for m in self.tables.matches.values() if m.verdict is None and low <= m.degree <= high]
        ranked = [(self._rank(m), m) for m in uncertain if self._is_open(m) and self._is_to_be_asked(m, judge)]
        return [match for _, match in sorted(ranked, key=lambda pair: (pair[0], pair[1].lost_id, pair[1].found_id))][
            :limit
        ]

    def count_by(self, judge: KeyId) -> int:
        """How many pairs a volunteer has judged."""
        return sum(judgement.judge == judge for judgement in self.tables.opinions.values())

    def _said(self, match: Match) -> list[Judgement]:
        return [j for j in self.of_lost(match.lost_id) if j.encounter_id == match.encounter_id]

    def _rank(self, match: Match) -> float:
        return abs(match.degree - 0.5) - (0.25 if len(self._said(match)) == 1 else 0.0)

    def _is_open(self, match: Match) -> bool:
        return all(self.tables.reports[side].status is Status.OPEN for side in (match.lost_id, match.found_id))

    def _is_to_be_asked(self, match: Match, judge: KeyId) -> bool:
        said = self._said(match)
        counted = Counter(judgement.opinion for judgement in said)
        is_settled = counted[Opinion.SAME] >= ENOUGH or counted[Opinion.DIFFERENT] >= ENOUGH or len(said) >= MOST_ASKED
        return not is_settled and all(judgement.judge != judge for judgement in said)


class MemoryPetitions(Repository):
    """`homeward.ports.Petitions`."""

    def save(self, petition: Petition) -> None:
        """Insert or update."""
        self.tables.petitions[petition.id] = petition

    def get(self, petition_id: str) -> Petition | None:
        """The petition, or None."""
        return self.tables.petitions.get(petition_id)

    def all(self, limit: int) -> list[Petition]:
        """Those without an answer first."""
        by_id = sorted(self.tables.petitions.values(), key=lambda petition: petition.id)
        waiting = sorted((p for p in by_id if p.answered_at is None), key=lambda petition: petition.due_at)
        answered = [(p.answered_at, p) for p in by_id if p.answered_at is not None]
        return [*waiting, *(p for _, p in sorted(answered, key=lambda pair: pair[0], reverse=True))][:limit]

    def forget_before(self, when: datetime) -> None:
        """Delete those answered before ``when``."""
        kept = {k: p for k, p in self.tables.petitions.items() if p.answered_at is None or p.answered_at >= when}
        self.tables.petitions = kept
