"""Accounts, handovers, cameras, keys, answers, looks and facts on dictionaries."""

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime

from homeward.domain.accounts import Account
from homeward.domain.devices import Device
from homeward.domain.handovers import Handover, Message, NewMessage
from homeward.domain.ids import AccountId, CameraId, HandoverId, KeyId, MessageId, PhotoId, ReportId
from homeward.domain.reports import Camera
from homeward.ports import AlertKind, Answer, ApiKey, Queue
from homeward.testing.repositories.tables import Repository


class MemoryAccounts(Repository):
    """`homeward.ports.Accounts`."""

    def save(self, account: Account) -> None:
        """Insert or update."""
        self.tables.accounts[account.id] = account

    def get(self, account_id: AccountId) -> Account | None:
        """The account, or None."""
        return self.tables.accounts.get(account_id)

    def at(self, messenger: str, address: str) -> Account | None:
        """Who is there on the messenger, or None."""
        there = (messenger, address)
        return next((a for a in self.tables.accounts.values() if (a.messenger, a.address) == there), None)

    def remove(self, account_id: AccountId) -> None:
        """Delete."""
        self.tables.accounts.pop(account_id, None)

    def steps(self, messenger: str) -> dict[str, int]:
        """How many accounts stand at which step of their dialog."""
        return dict(Counter(a.step for a in self.tables.accounts.values() if a.messenger == messenger))


class MemoryDevices(Repository):
    """`homeward.ports.Devices`."""

    def save(self, device: Device) -> None:
        """Insert, or put anew."""
        self.remove(device.account_id, device.endpoint)
        self.tables.devices.append(device)

    def of_account(self, account_id: AccountId) -> list[Device]:
        """Oldest first."""
        return [device for device in self.tables.devices if device.account_id == account_id]

    def remove(self, account_id: AccountId, endpoint: str) -> None:
        """Delete one."""
        self._keep(lambda device: (device.account_id, device.endpoint) != (account_id, endpoint))

    def forget(self, account_id: AccountId) -> None:
        """Delete all of an account."""
        self._keep(lambda device: device.account_id != account_id)

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """Those of one account become another's."""
        for device in self.of_account(former):
            self.save(replace(device, account_id=account_id))
        self.forget(former)

    def _keep(self, wanted: Callable[[Device], bool]) -> None:
        self.tables.devices[:] = [device for device in self.tables.devices if wanted(device)]


class MemoryHandovers(Repository):
    """`homeward.ports.Handovers`."""

    def save(self, handover: Handover) -> None:
        """Insert or update."""
        self.tables.handovers[handover.id] = handover

    def get(self, handover_id: HandoverId) -> Handover | None:
        """The handover, or None."""
        return self.tables.handovers.get(handover_id)

    def of_report(self, report_id: ReportId) -> list[Handover]:
        """Those that a report takes part in, oldest first."""
        mine = [h for h in self.tables.handovers.values() if report_id in {h.lost_id, h.found_id}]
        return sorted(mine, key=lambda handover: (handover.created_at, handover.id))

    def add_message(self, message: NewMessage) -> MessageId:
        """Keep a message."""
        number = MessageId(self.tables.next_id())
        self.tables.messages[number] = message
        return number

    def messages(self, handover_id: HandoverId) -> list[Message]:
        """Oldest first."""
        mine = [(number, m) for number, m in self.tables.messages.items() if m.handover_id == handover_id]
        return [
            Message(number, m.handover_id, m.author, m.created_at, m.text, m.place, m.picture is not None)
            for number, m in sorted(mine, key=lambda kept: kept[0])
        ]

    def picture(self, message_id: MessageId) -> bytes | None:
        """The picture of a message."""
        kept = self.tables.messages.get(message_id)
        return kept.picture if kept else None


class MemoryFigures(Repository):
    """`homeward.ports.Figures`."""

    def all(self, now: datetime) -> dict[str, int]:
        """Counts by name; of the queues only."""
        due = [self.tables.alerts[key].created_at for key, at in self.tables.alerts_due.items() if at and at <= now]
        return {
            "accounts": len(self.tables.accounts),
            "jobs_waiting": len(self.tables.jobs),
            "inbox_waiting": sum(bool(update.body) for update, _ in self.tables.inbox.values()),
            "outbox_waiting": sum(at is not None for at in self.tables.alerts_due.values()),
            "outbox_oldest_s": round((now - min(due)).total_seconds()) if due else 0,
        }

    def queues(self) -> list[Queue]:
        """Reports to be matched, and alerts by kind; errors are not kept here."""
        waiting = [a for a in self.tables.alerts.values() if self.tables.alerts_due.get(a.id) is not None]
        since: dict[str, list[datetime]] = {"jobs": [job.due_at for job in self.tables.jobs.values()]}
        for kind in AlertKind:
            since[kind.value] = [alert.created_at for alert in waiting if alert.kind is kind]
        return [Queue(name, len(times), 0, min(times), None) for name, times in since.items() if times]


class MemoryCameras(Repository):
    """`homeward.ports.Cameras`."""

    def save(self, camera: Camera) -> None:
        """Insert or update."""
        self.tables.cameras[camera.id] = camera

    def get(self, camera_id: CameraId) -> Camera | None:
        """The camera, or None."""
        return self.tables.cameras.get(camera_id)

    def get_many(self, ids: Collection[CameraId]) -> dict[CameraId, Camera]:
        """Those that exist."""
        return {camera_id: self.tables.cameras[camera_id] for camera_id in ids if camera_id in self.tables.cameras}

    def all(self) -> list[Camera]:
        """All, by name."""
        return sorted(self.tables.cameras.values(), key=lambda camera: (camera.name, camera.id))

    def last_sightings(self) -> dict[CameraId, datetime]:
        """When each camera last saw an animal."""
        latest: dict[CameraId, datetime] = {}
        for report in sorted(self.tables.reports.values(), key=lambda report: (report.created_at, report.id)):
            if report.camera_id is not None:
                latest[report.camera_id] = report.last_seen_at or report.happened_at
        return latest


class MemoryKeys(Repository):
    """`homeward.ports.Keys`."""

    def add(self, key: ApiKey) -> None:
        """Insert."""
        self.tables.keys[key.id] = key

    def get(self, key_id: KeyId) -> ApiKey | None:
        """The key, or None."""
        return self.tables.keys.get(key_id)

    def all(self) -> list[ApiKey]:
        """All, newest first."""
        by_id = sorted(self.tables.keys.values(), key=lambda key: key.id)
        return sorted(by_id, key=lambda key: key.created_at, reverse=True)

    def revoke(self, key_id: KeyId, when: datetime) -> None:
        """From now on it opens nothing."""
        if key_id in self.tables.keys:
            self.tables.keys[key_id] = replace(self.tables.keys[key_id], revoked_at=when)

    def secrets(self, purpose: str) -> list[str]:
        """Signing secrets of ``purpose``, newest first."""
        return [value for known, value in reversed(self.tables.secrets) if known == purpose]

    def add_secret(self, purpose: str, value: str, when: datetime) -> None:  # noqa: ARG002 - order is enough here
        """Add a newer one."""
        self.tables.secrets.append((purpose, value))


class MemoryAnswers(Repository):
    """`homeward.ports.Answers`."""

    def get(self, caller: str, key: str) -> Answer | None:
        """The answer given before, or None."""
        known = self.tables.answers.get((caller, key))
        return known[0] if known else None

    def add(self, caller: str, key: str, answer: Answer, when: datetime) -> bool:
        """Store; False where the key is taken."""
        if (caller, key) in self.tables.answers:
            return False
        self.tables.answers[caller, key] = (answer, when)
        return True

    def forget_before(self, when: datetime) -> None:
        """Delete old ones."""
        self.tables.answers = {k: v for k, v in self.tables.answers.items() if v[1] >= when}


class MemoryAudit(Repository):
    """`homeward.ports.Audit`."""

    def add(self, photo_id: PhotoId, viewer: str, size: str, when: datetime) -> None:
        """Note a look."""
        self.tables.looks.append((photo_id, viewer, size, when))

    def of_report(self, report_id: ReportId) -> list[tuple[PhotoId, str, str, datetime]]:
        """Looks at a report's photos, oldest first."""
        mine = {photo.id for photo in self.tables.photos.values() if photo.report_id == report_id}
        return [look for look in self.tables.looks if look[0] in mine]

    def forget_before(self, when: datetime) -> None:
        """Delete old notes."""
        self.tables.looks = [look for look in self.tables.looks if look[3] >= when]


class MemoryFacts(Repository):
    """`homeward.ports.Facts`."""

    def get(self, name: str) -> str | None:
        """The text, or None."""
        return self.tables.facts.get(name)

    def keep(self, name: str) -> str | None:
        """The text, or None; one writer is alone by itself."""
        return self.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Write; None deletes."""
        if value is None:
            self.tables.facts.pop(name, None)
        else:
            self.tables.facts[name] = value
