"""The operator's desk: what its people decide, judge and answer, as values; and when two volunteers agree."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from homeward.domain.ids import AccountId, EncounterId, KeyId, ReportId

UNCERTAIN = (0.1, 0.9)
"""Degrees between which another pair of eyes tells something."""
ENOUGH = 2
"""So many volunteers of one mind are a hint."""
MOST_ASKED = 4
"""A pair on which so many do not agree is left alone."""


class Decision(StrEnum):
    """What an operator does with a report. All but ``erase`` can be taken back."""

    KEEP = "keep"
    HIDE = "hide"
    SHOW = "show"
    CLOSE = "close"
    ERASE = "erase"


class ComplaintKind(StrEnum):
    """What is wrong with a notice, in the words of whoever complains."""

    SCAM = "scam"
    NO_ANIMAL = "no_animal"
    PRIVATE = "private"
    CRUEL = "cruel"
    OTHER = "other"


class Opinion(StrEnum):
    """What a volunteer says of a pair."""

    SAME = "same"
    DIFFERENT = "different"
    UNSURE = "unsure"
    NOT_COMPARABLE = "not_comparable"


class PetitionKind(StrEnum):
    """What a person without an account asks of those who run the server."""

    ERASURE = "erasure"
    APPEAL = "appeal"
    QUESTION = "question"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who sits at the desk: the key, and the name that it was made for."""

    key_id: KeyId
    name: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One act at the desk: who did what to what (``kind:id``), and why. ``id`` 0 until it is kept."""

    id: int
    at: datetime
    key_id: KeyId
    who: str
    act: str
    subject: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Complaint:
    """What somebody says against a notice. ``caller`` marks where it came from, not readably."""

    id: str
    report_id: ReportId
    kind: ComplaintKind
    text: str
    created_at: datetime
    caller: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """From an account, from a network (a mark, not an address), or from both nothing is taken ``until`` then."""

    id: str
    account_id: AccountId | None
    caller: str | None
    why: str
    by: str
    created_at: datetime
    until: datetime | None = None
    lifted_at: datetime | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it counts at ``now``."""
        return self.lifted_at is None and (self.until is None or self.until > now)


@dataclass(frozen=True, slots=True)
class Judgement:
    """One volunteer's opinion of a lost pet and an encounter; ``found_id`` is the report that was looked at."""

    lost_id: ReportId
    found_id: ReportId
    encounter_id: EncounterId
    judge: KeyId
    opinion: Opinion
    at: datetime


@dataclass(frozen=True, slots=True)
class Petition:
    """A person's request to the operators, to be answered by ``due_at``. Its ``id`` is all that opens the answer."""

    id: str
    kind: PetitionKind
    text: str
    contact: str
    about: str
    language: str
    created_at: datetime
    due_at: datetime
    answer: str | None = None
    answered_at: datetime | None = None


def agreed(opinions: Iterable[Opinion]) -> Opinion | None:
    """Same or different, where two are of one mind and fewer of the other; else None."""
    counted = list(opinions)
    same, different = counted.count(Opinion.SAME), counted.count(Opinion.DIFFERENT)
    if same >= ENOUGH and same > different:
        return Opinion.SAME
    return Opinion.DIFFERENT if different >= ENOUGH and different > same else None
