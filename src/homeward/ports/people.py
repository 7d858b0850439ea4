"""Rows of people and cameras, as ports: accounts, handovers, keys, and what was done."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from homeward.domain.accounts import Account
from homeward.domain.devices import Device
from homeward.domain.handovers import Handover, Message, NewMessage
from homeward.domain.ids import AccountId, CameraId, HandoverId, KeyId, MessageId, PhotoId, ReportId
from homeward.domain.reports import Camera


class Accounts(Protocol):
    """Rows of accounts."""

    def save(self, account: Account) -> None:
        """Insert or update."""
        ...

    def get(self, account_id: AccountId) -> Account | None:
        """The account, or None."""
        ...

    def at(self, messenger: str, address: str) -> Account | None:
        """Who is there on the messenger, or None."""
        ...

    def remove(self, account_id: AccountId) -> None:
        """Delete."""
        ...

    def steps(self, messenger: str) -> dict[str, int]:
        """How many accounts stand at which step of their dialog."""
        ...


class Devices(Protocol):
    """Rows of browsers that take news by web push."""

    def save(self, device: Device) -> None:
        """Insert, or put anew; as the newest of its account."""
        ...

    def of_account(self, account_id: AccountId) -> list[Device]:
        """Oldest first."""
        ...

    def remove(self, account_id: AccountId, endpoint: str) -> None:
        """Delete one."""
        ...

    def forget(self, account_id: AccountId) -> None:
        """Delete all of an account."""
        ...

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """Those of one account become another's, which is the same person."""
        ...


class Handovers(Protocol):
    """Rows of handovers and the messages in them."""

    def save(self, handover: Handover) -> None:
        """Insert or update."""
        ...

    def get(self, handover_id: HandoverId) -> Handover | None:
        """The handover, or None."""
        ...

    def of_report(self, report_id: ReportId) -> list[Handover]:
        """Those that a report takes part in, oldest first."""
        ...

    def add_message(self, message: NewMessage) -> MessageId:
        """Keep a message."""
        ...

    def messages(self, handover_id: HandoverId) -> list[Message]:
        """Oldest first."""
        ...

    def picture(self, message_id: MessageId) -> bytes | None:
        """The picture of a message."""
        ...


class Cameras(Protocol):
    """Rows of cameras."""

    def save(self, camera: Camera) -> None:
        """Insert or update."""
        ...

    def get(self, camera_id: CameraId) -> Camera | None:
        """The camera, or None."""
        ...

    def get_many(self, ids: Collection[CameraId]) -> dict[CameraId, Camera]:
        """Those that exist."""
        ...

    def all(self) -> list[Camera]:
        """All, by name."""
        ...

    def last_sightings(self) -> dict[CameraId, datetime]:
        """When each camera last saw an animal; those that never did are left out."""
        ...


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A hashed key. ``scope`` is sightings, bot or admin; a camera's key names its camera."""

    id: KeyId
    name: str
    scope: str
    secret_sha256: str
    camera_id: CameraId | None
    created_at: datetime
    revoked_at: datetime | None = None


class Keys(Protocol):
    """Rows of API keys and signing secrets."""

    def add(self, key: ApiKey) -> None:
        """Insert."""
        ...

    def get(self, key_id: KeyId) -> ApiKey | None:
        """The key, or None."""
        ...

    def all(self) -> list[ApiKey]:
        """All, newest first."""
        ...

    def revoke(self, key_id: KeyId, when: datetime) -> None:
        """From now on it opens nothing."""
        ...

    def secrets(self, purpose: str) -> list[str]:
        """Signing secrets of ``purpose``, newest first."""
        ...

    def add_secret(self, purpose: str, value: str, when: datetime) -> None:
        """Add a newer one."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to a request with an idempotency key."""

    body_sha256: str
    status: int
    body: str


class Answers(Protocol):
    """Answers by caller and idempotency key."""

    def get(self, caller: str, key: str) -> Answer | None:
        """The answer given before, or None."""
        ...

    def add(self, caller: str, key: str, answer: Answer, when: datetime) -> bool:
        """Store; False where the key is taken."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old ones."""
        ...


class Audit(Protocol):
    """Who looked at which photo."""

    def add(self, photo_id: PhotoId, viewer: str, size: str, when: datetime) -> None:
        """Note a look."""
        ...

    def of_report(self, report_id: ReportId) -> list[tuple[PhotoId, str, str, datetime]]:
        """Looks at a report's photos, oldest first."""
        ...

    def forget_before(self, when: datetime) -> None:
        """Delete old notes."""
        ...


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in one queue: how many, since when, how many failed at least once, and the last error's name."""

    name: str
    waiting: int
    failing: int
    oldest_at: datetime | None
    error: str | None


class Figures(Protocol):
    """How much of everything there is, for operators."""

    def queues(self) -> list[Queue]:
        """Reports to be matched (``jobs``), and alerts by kind; empty queues are left out."""
        ...

    def all(self, now: datetime) -> dict[str, int]:
        """Counts by name; names end in their unit where it is not a number of things (``outbox_oldest_s``)."""
        ...


class Facts(Protocol):
    """What is true of the whole data folder: a name and a text."""

    def get(self, name: str) -> str | None:
        """The text, or None."""
        ...

    def keep(self, name: str) -> str | None:
        """The text, or None; nobody changes it before this transaction ends."""
        ...

    def set(self, name: str, value: str | None) -> None:
        """Write; None deletes."""
        ...
