"""Rows of the operator's desk, as ports: deeds, complaints, blocks, opinions, petitions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from homeward.domain.desk import Block, Complaint, Deed, Judgement, Petition
from homeward.domain.ids import AccountId, KeyId, ReportId
from homeward.domain.matches import Match
from homeward.domain.reports import Status

Behind = tuple[int, datetime, ReportId]
"""A report with undecided complaints: how many, since when, and its id. What is listed goes on behind it."""


class Deeds(Protocol):
    """The log of what was done at the desk."""

    def add(self, deed: Deed) -> None:
        """Note; the id is given here."""
        ...

    def page(self, before: int | None, who: str | None, limit: int) -> list[Deed]:
        """Newest first, with ids below ``before``; of one person where ``who`` is given."""
        ...

    def of_subject(self, subject: str) -> list[Deed]:
        """What was done to one thing, newest first."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old ones."""
        ...


class Complaints(Protocol):
    """What people say against notices."""

    def add(self, complaint: Complaint) -> None:
        """Keep."""
        ...

    def of_reports(self, report_ids: Sequence[ReportId]) -> list[Complaint]:
        """Undecided ones about these reports, oldest first."""
        ...

    def flagged(self, limit: int, status: Status | None = None, behind: Behind | None = None) -> list[ReportId]:
        """Reports with undecided complaints, those with the most first; with ``status`` only what stands so."""
        ...

    def decide(self, report_id: ReportId, when: datetime) -> int:
        """All about a report are decided; how many those were."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete those decided before ``when``."""
        ...


class Blocks(Protocol):
    """Whose sendings are not taken."""

    def add(self, block: Block) -> None:
        """Keep."""
        ...

    def all(self, limit: int) -> list[Block]:
        """Newest first, ended ones among them."""
        ...

    def lift(self, block_id: str, when: datetime) -> bool:
        """It counts no longer; False where there is none that could be lifted."""
        ...

    def against(self, account_ids: Sequence[AccountId], callers: Sequence[str], now: datetime) -> list[Block]:
        """Those that hold at ``now`` against any of them."""
        ...


class Senders(Protocol):
    """From which network a report came, as a mark that tells no address."""

    def note(self, report_id: ReportId, caller: str, when: datetime) -> None:
        """Keep the mark of a new report."""
        ...

    def of_reports(self, report_ids: Sequence[ReportId]) -> dict[ReportId, str]:
        """The marks that are still known."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old marks."""
        ...


class Opinions(Protocol):
    """What volunteers say of uncertain pairs: one opinion of a lost pet and an encounter from each."""

    def save(self, judgement: Judgement) -> None:
        """Keep; a later one of the same volunteer takes the place of the earlier."""
        ...

    def of_lost(self, lost_id: ReportId) -> list[Judgement]:
        """All about a lost pet, in no order."""
        ...

    def waiting(self, judge: KeyId, low: float, high: float, limit: int) -> list[Match]:
        """Unjudged pairs of open reports with degrees from ``low`` to ``high`` that this volunteer has not seen.

        The nearest to one half first; a pair that somebody else judged once counts as a quarter nearer. Left out are
        pairs on which two agree, and those on which four could not.
        """
        ...

    def count_by(self, judge: KeyId) -> int:
        """How many pairs a volunteer has judged."""
        ...


class Petitions(Protocol):
    """What people ask of those who run the server."""

    def save(self, petition: Petition) -> None:
        """Insert or update."""
        ...

    def get(self, petition_id: str) -> Petition | None:
        """The petition, or None."""
        ...

    def all(self, limit: int) -> list[Petition]:
        """Those without an answer first, the most urgent first; then the latest answered."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete those answered before ``when``."""
        ...
