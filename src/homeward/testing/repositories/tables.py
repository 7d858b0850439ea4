"""What the twins of the repositories keep: dictionaries of frozen values."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from homeward.domain.accounts import Account
from homeward.domain.desk import Block, Complaint, Deed, Judgement, Petition
from homeward.domain.devices import Device
from homeward.domain.embeddings import NewEmbedding
from homeward.domain.handovers import Handover, NewMessage
from homeward.domain.ids import (
    AccountId,
    AlertId,
    CameraId,
    CropId,
    EmbeddingId,
    EncounterId,
    HandoverId,
    JobId,
    KeyId,
    MessageId,
    PhotoId,
    ReportId,
)
from homeward.domain.matches import Match
from homeward.domain.reports import Camera, Crop, Photo, Report
from homeward.ports import Alert, Answer, ApiKey, Job, Update


@dataclass(slots=True)
class Tables:
    """Everything that is stored. Values are frozen, so that a copy of the dictionaries is a copy of all."""

    reports: dict[ReportId, Report] = field(default_factory=dict)
    photos: dict[PhotoId, Photo] = field(default_factory=dict)
    crops: dict[CropId, Crop] = field(default_factory=dict)
    embeddings: dict[EmbeddingId, NewEmbedding] = field(default_factory=dict)
    matches: dict[tuple[ReportId, ReportId], Match] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    jobs_held: dict[JobId, int] = field(default_factory=dict)
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    alerts_due: dict[AlertId, datetime | None] = field(default_factory=dict)
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    devices: list[Device] = field(default_factory=list)
    inbox: dict[tuple[str, int], tuple[Update, datetime]] = field(default_factory=dict)
    handovers: dict[HandoverId, Handover] = field(default_factory=dict)
    messages: dict[MessageId, NewMessage] = field(default_factory=dict)
    cameras: dict[CameraId, Camera] = field(default_factory=dict)
    keys: dict[KeyId, ApiKey] = field(default_factory=dict)
    secrets: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[Answer, datetime]] = field(default_factory=dict)
    looks: list[tuple[PhotoId, str, str, datetime]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
    deeds: list[Deed] = field(default_factory=list)
    complaints: dict[str, Complaint] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    senders: dict[ReportId, tuple[str, datetime]] = field(default_factory=dict)
    opinions: dict[tuple[ReportId, EncounterId, KeyId], Judgement] = field(default_factory=dict)
    petitions: dict[str, Petition] = field(default_factory=dict)
    issued: int = 0

    def __deepcopy__(self, _memo: object) -> "Tables":
        """A copy that shares the frozen values."""
        parts: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name, value in parts.items():
            parts[name] = value if isinstance(value, int) else value.copy()
        return Tables(**parts)

    def next_id(self) -> int:
        """A number that was never given before."""
        self.issued += 1
        return self.issued


@dataclass(frozen=True, slots=True)
class Repository:
    """Rows of one kind among all tables."""

    tables: Tables
