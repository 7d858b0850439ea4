"""Rows that wait, as ports: reports to match, alerts to send, updates of messengers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from homeward.domain.ids import AccountId, AlertId, EncounterId, HandoverId, JobId, MessageId, ReportId


@dataclass(frozen=True, slots=True)
class Job:
    """Work that a commit left behind. ``due_at`` is when the lease ends; who asks again changes it."""

    id: JobId
    report_id: ReportId
    attempts: int
    due_at: datetime


class Jobs(Protocol):
    """The queue of reports to embed and match."""

    def add(self, report_ids: Sequence[ReportId], due_at: datetime) -> list[Job]:
        """Queue different reports; one that waits already keeps its job, with a new due time. In their order."""
        ...

    def add_open_lost(self, due_at: datetime) -> None:
        """Queue every open lost report that does not wait already."""
        ...

    def claim(self, now: datetime, lease_s: float) -> Job | None:
        """Take the oldest due job for ``lease_s`` seconds."""
        ...

    def done(self, *ended: Job) -> None:
        """Delete each, unless it was queued or claimed anew meanwhile."""
        ...

    def retry(self, job: Job, at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``, unless it was queued or claimed anew meanwhile."""
        ...

    def release(self, now: datetime) -> int:
        """Make due now what processes hold that are gone; how many jobs that were."""
        ...

    def pending(self, report_id: ReportId) -> bool:
        """Whether the report still waits."""
        ...

    def count(self) -> int:
        """How many wait."""
        ...


class AlertKind(StrEnum):
    """What an alert is about. The first two are found by the engine, the others are what people did."""

    MATCH = "match"
    OWNER_NEAR = "owner_near"
    ASKED = "asked"
    CONNECTED = "connected"
    DECLINED = "declined"
    MESSAGE = "message"
    UNREACHED = "unreached"
    ENDED = "ended"
    REUNITED = "reunited"


@dataclass(frozen=True, slots=True)
class NewAlert:
    """Something that ``account_id`` is to be told, once for each ``key``.

    ``handover_id`` and ``message_id`` are set where it is about what two people do through us.
    """

    key: str
    kind: AlertKind
    account_id: AccountId
    lost_id: ReportId
    found_id: ReportId
    encounter_id: EncounterId
    degree: float
    created_at: datetime
    due_at: datetime
    handover_id: HandoverId | None = None
    message_id: MessageId | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """A queued `NewAlert`. ``delivered_at`` stays None for one that became needless."""

    id: AlertId
    key: str
    kind: AlertKind
    account_id: AccountId
    lost_id: ReportId
    found_id: ReportId
    encounter_id: EncounterId
    degree: float
    created_at: datetime
    attempts: int
    delivered_at: datetime | None = None
    handover_id: HandoverId | None = None
    message_id: MessageId | None = None


class Outbox(Protocol):
    """Alerts to be delivered. A row outlives its delivery, so that its key is never used again."""

    def add(self, alert: NewAlert) -> bool:
        """Queue; False where its key was queued before."""
        ...

    def claim(self, now: datetime, lease_s: float, limit: int, messenger: str | None) -> list[Alert]:
        """Take due alerts of accounts on ``messenger`` (None: on none) for ``lease_s`` seconds.

        Oldest first; of one moment, the most certain first.
        """
        ...

    def done(self, ids: Sequence[AlertId], delivered_at: datetime | None) -> None:
        """They were delivered, or (None) became needless."""
        ...

    def retry(self, ids: Sequence[AlertId], at: datetime, error: str) -> None:
        """Give back, to be tried again at ``at``."""
        ...

    def told(self, account_id: AccountId, lost_id: ReportId, found_ids: Sequence[ReportId]) -> None:
        """The account has seen these matches by itself: their waiting alerts became needless."""
        ...

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """What waits for one account goes to another, which is the same person."""
        ...

    def of_lost(self, lost_id: ReportId) -> list[Alert]:
        """All alerts about matches of a lost report to its owner, oldest first."""
        ...

    def of_found(self, found_id: ReportId) -> list[Alert]:
        """All alerts about owners of a found animal to its finder, oldest first."""
        ...

    def to(self, account_id: AccountId, report_id: ReportId) -> list[Alert]:
        """All alerts to an account, of every kind, in which a report is the lost or the found one; oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Update:
    """Something that came in from a messenger under its own ``number``; ``seq`` is ours."""

    seq: int
    number: int
    address: str
    body: str


class Inbox(Protocol):
    """What came in from messengers, kept until it is worked on; each number once."""

    def add(self, messenger: str, number: int, address: str, body: str, when: datetime) -> bool:
        """Keep; False where this number came in before."""
        ...

    def after(self, messenger: str, seq: int, limit: int) -> list[Update]:
        """Those not worked on yet with a ``seq`` above, in their order."""
        ...

    def waits(self, messenger: str, numbers: Sequence[int]) -> bool:
        """Whether one of them is not worked on yet, and not forgotten."""
        ...

    def done(self, messenger: str, numbers: Sequence[int]) -> None:
        """Worked on: what was said is emptied, the number stays."""
        ...

    def forget(self, messenger: str, address: str) -> None:
        """Empty all that came from an address, and the address."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old numbers."""
        ...
