"""All repositories on dictionaries; the twin of `homeward.storage.sql`."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any

from homeward.domain.accounts import Account
from homeward.domain.animals import Species
from homeward.domain.embeddings import Embedding, NewEmbedding
from homeward.domain.handovers import Handover, Message, NewMessage
from homeward.domain.ids import (
    AccountId,
    AlertId,
    CameraId,
    ContentHash,
    CropId,
    EmbeddingId,
    EncounterId,
    HandoverId,
    JobId,
    KeyId,
    MessageId,
    ModelName,
    PhotoId,
    ReportId,
)
from homeward.domain.matches import Match, MatchPage, MatchQuery, MatchView, Sort, Verdict
from homeward.domain.places import Point, distance_km
from homeward.domain.reports import Camera, Crop, Encounter, NewCrop, Photo, Report, Shelf, Source, Status
from homeward.ports import Alert, AlertKind, Answer, ApiKey, Job, NewAlert, ReportQuery, Update

NEW_ALERT = [part.name for part in fields(NewAlert)]


@dataclass(slots=True)
class Tables:
    """Everything that is stored. Values are frozen, so that a copy of the dictionaries is a copy of all."""

    reports: dict[ReportId, Report] = field(default_factory=dict)
    photos: dict[PhotoId, Photo] = field(default_factory=dict)
    crops: dict[CropId, Crop] = field(default_factory=dict)
    embeddings: dict[EmbeddingId, NewEmbedding] = field(default_factory=dict)
    matches: dict[tuple[ReportId, ReportId], Match] = field(default_factory=dict)
    jobs: dict[JobId, Job] = field(default_factory=dict)
    alerts: dict[AlertId, Alert] = field(default_factory=dict)
    alerts_due: dict[AlertId, datetime | None] = field(default_factory=dict)
    accounts: dict[AccountId, Account] = field(default_factory=dict)
    inbox: dict[tuple[str, int], tuple[Update, datetime]] = field(default_factory=dict)
    handovers: dict[HandoverId, Handover] = field(default_factory=dict)
    messages: dict[MessageId, NewMessage] = field(default_factory=dict)
    cameras: dict[CameraId, Camera] = field(default_factory=dict)
    encounters: dict[EncounterId, Encounter] = field(default_factory=dict)
    keys: dict[KeyId, ApiKey] = field(default_factory=dict)
    secrets: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[Answer, datetime]] = field(default_factory=dict)
    looks: list[tuple[PhotoId, str, str, datetime]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)
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
class _Repository:
    tables: Tables


class MemoryReports(_Repository):
    """`homeward.ports.Reports`."""

    def add(self, report: Report) -> None:
        """Insert."""
        if report.id in self.tables.reports:
            raise ValueError("this report is there already")
        self.tables.reports[report.id] = report

    def get(self, report_id: ReportId) -> Report | None:
        """The report, or None."""
        return self.tables.reports.get(report_id)

    def get_many(self, ids: Sequence[ReportId]) -> list[Report]:
        """Those that exist."""
        return [self.tables.reports[found] for found in dict.fromkeys(ids) if found in self.tables.reports]

    def update(self, report: Report) -> None:
        """Write all fields of an existing one."""
        if report.id in self.tables.reports:
            self.tables.reports[report.id] = report

    def remove(self, report_id: ReportId) -> None:
        """Delete with everything that hangs on it."""
        t = self.tables
        t.reports.pop(report_id, None)
        gone = {photo.id for photo in t.photos.values() if photo.report_id == report_id}
        t.photos = {key: value for key, value in t.photos.items() if key not in gone}
        t.crops = {key: value for key, value in t.crops.items() if value.report_id != report_id}
        t.embeddings = {key: value for key, value in t.embeddings.items() if value.crop_id in t.crops}
        t.matches = {key: value for key, value in t.matches.items() if report_id not in key}
        t.jobs = {key: value for key, value in t.jobs.items() if value.report_id != report_id}
        t.alerts = {k: v for k, v in t.alerts.items() if report_id not in {v.lost_id, v.found_id}}
        t.alerts_due = {k: v for k, v in t.alerts_due.items() if k in t.alerts}
        t.handovers = {k: v for k, v in t.handovers.items() if report_id not in {v.lost_id, v.found_id}}
        t.messages = {k: v for k, v in t.messages.items() if v.handover_id in t.handovers}
        t.looks = [look for look in t.looks if look[0] not in gone]

    def find(self, query: ReportQuery) -> list[Report]:
        """Newest first."""
        names = ("shelf", "status", "account_id", "camera_id", "encounter_id", "species", "district", "listed")
        wanted = {name: getattr(query, name) for name in names if getattr(query, name) is not None}
        found = [r for r in self.tables.reports.values() if all(getattr(r, n) == v for n, v in wanted.items())]
        ordered = sorted(found, key=lambda report: (report.created_at, report.id), reverse=True)
        if query.before is not None:
            ordered = [report for report in ordered if (report.created_at, report.id) < query.before]
        return ordered[: query.limit]

    def count_around(
        self, shelf: Shelf, species: Species, centre: Point | None, radius_km: float, since: datetime, until: datetime
    ) -> int:
        """How many encounters of ``species`` lie within the circle and the time; of any place without ``centre``."""
        return len(
            {
                r.encounter_id
                for r in self.tables.reports.values()
                if r.shelf is shelf and r.species is species and since <= r.happened_at <= until
                if centre is None or (r.place is not None and distance_km(r.place, centre) <= radius_km)
            }
        )


class MemoryExpiry(_Repository):
    """`homeward.ports.Expiry`."""

    def sightings_older_than(self, when: datetime, limit: int) -> list[ReportId]:
        """Sightings last seen before ``when`` without a ``same`` verdict."""
        confirmed = {m.found_id for m in self.tables.matches.values() if m.verdict is Verdict.SAME}
        return self._ids(
            limit,
            [
                r
                for r in self.tables.reports.values()
                if r.source is Source.CAMERA and (r.last_seen_at or r.happened_at) < when and r.id not in confirmed
            ],
        )

    def ended_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Reports closed, reunited or expired before ``when``."""
        ended = [r for r in self.tables.reports.values() if r.status is not Status.OPEN]
        return self._ids(limit, [r for r in ended if r.closed_at is not None and r.closed_at < when])

    def open_persons_reports_before(self, when: datetime, limit: int) -> list[ReportId]:
        """Open reports of people created before ``when``."""
        people = [r for r in self.tables.reports.values() if r.source is Source.PERSON]
        return self._ids(limit, [r for r in people if r.status is Status.OPEN and r.created_at < when])

    def _ids(self, limit: int, found: list[Report]) -> list[ReportId]:
        return [report.id for report in sorted(found, key=lambda report: report.created_at)[:limit]]


class MemoryPhotos(_Repository):
    """`homeward.ports.Photos`."""

    def add(self, photo: Photo, crops: Sequence[NewCrop]) -> list[CropId]:
        """Insert a photo with its crops."""
        self.tables.photos[photo.id] = photo
        return self.add_crops(crops)

    def get(self, photo_id: PhotoId) -> Photo | None:
        """The photo, or None."""
        return self.tables.photos.get(photo_id)

    def of_report(self, report_id: ReportId) -> list[tuple[Photo, tuple[Crop, ...]]]:
        """Photos in their order, each with its crops."""
        mine = sorted((p for p in self.tables.photos.values() if p.report_id == report_id), key=lambda p: p.position)
        return [(p, tuple(c for c in self.tables.crops.values() if c.photo_id == p.id)) for p in mine]

    def add_crops(self, crops: Sequence[NewCrop]) -> list[CropId]:
        """Insert crops; their ids in the same order."""
        ids = []
        for new in crops:
            crop_id = CropId(self.tables.next_id())
            self.tables.crops[crop_id] = Crop(
                crop_id, new.photo_id, new.report_id, new.animal, new.part, new.box, new.species, new.confidence
            )
            ids.append(crop_id)
        return ids

    def update(self, photo: Photo) -> None:
        """Write all fields of an existing one."""
        if photo.id in self.tables.photos:
            self.tables.photos[photo.id] = photo

    def with_hash(self, content_hash: ContentHash) -> list[Photo]:
        """All photos of these very bytes."""
        return [photo for photo in self.tables.photos.values() if photo.content_hash == content_hash]


class MemoryEmbeddings(_Repository):
    """`homeward.ports.Embeddings`."""

    def add(self, embeddings: Sequence[NewEmbedding]) -> list[EmbeddingId]:
        """Insert; a (crop, model) that is there keeps its id."""
        return [self._add(new) for new in embeddings]

    def get(self, ids: Sequence[EmbeddingId]) -> list[Embedding]:
        """Those that exist, in the order asked for."""
        return [self._full(found) for found in ids if found in self.tables.embeddings]

    def remove(self, ids: Sequence[EmbeddingId]) -> None:
        """Delete; absent is fine."""
        for found in ids:
            self.tables.embeddings.pop(found, None)

    def of_report(self, report_id: ReportId, model: ModelName) -> list[Embedding]:
        """All vectors of a report made by ``model``."""
        every = (self._full(found) for found in sorted(self.tables.embeddings))
        return [e for e in every if e.report_id == report_id and e.model == model]

    def missing(self, report_id: ReportId, model: ModelName) -> list[Crop]:
        """Crops of the chosen animals of a report that ``model`` has not embedded yet."""
        done = {e.crop_id for e in self.tables.embeddings.values() if e.model == model}
        return [
            crop
            for crop in self.tables.crops.values()
            if crop.report_id == report_id
            and crop.id not in done
            and crop.animal == self.tables.photos[crop.photo_id].chosen
        ]

    def unmade(self, model: ModelName, after: CropId, limit: int) -> list[Crop]:
        """Such crops of all reports that no job waits for."""
        waiting = {job.report_id for job in self.tables.jobs.values()}
        found = [crop for report_id in self.tables.reports for crop in self.missing(report_id, model)]
        unmade = (crop for crop in found if crop.id > after and crop.report_id not in waiting)
        return sorted(unmade, key=lambda crop: crop.id)[:limit]

    def progress(self, model: ModelName) -> tuple[int, int]:
        """How many crops of chosen animals ``model`` has embedded, and how many there are."""
        chosen = sum(crop.animal == self.tables.photos[crop.photo_id].chosen for crop in self.tables.crops.values())
        return chosen - sum(len(self.missing(found, model)) for found in self.tables.reports), chosen

    def keep_only(self, models: Sequence[ModelName], limit: int) -> int:
        """Delete up to ``limit`` vectors of other models."""
        others = [found for found, new in self.tables.embeddings.items() if new.model not in models][:limit]
        self.remove(others)
        return len(others)

    def on_shelf(self, shelf: Shelf) -> list[Embedding]:
        """All embeddings of a shelf, for the in-memory index."""
        every = (self._full(found) for found in sorted(self.tables.embeddings))
        return [e for e in every if self.tables.reports[e.report_id].shelf is shelf]

    def _add(self, new: NewEmbedding) -> EmbeddingId:
        for known, there in self.tables.embeddings.items():
            if (there.crop_id, there.model) == (new.crop_id, new.model):
                return known
        issued = EmbeddingId(self.tables.next_id())
        self.tables.embeddings[issued] = new
        return issued

    def _full(self, found: EmbeddingId) -> Embedding:
        new = self.tables.embeddings[found]
        crop = self.tables.crops[new.crop_id]
        report = self.tables.reports[crop.report_id]
        return Embedding(
            id=found,
            crop_id=crop.id,
            report_id=report.id,
            model=new.model,
            species=report.species,
            part=crop.part,
            happened_at=report.happened_at,
            place=report.place,
            is_open=report.status is Status.OPEN,
            vector=new.vector,
        )


class MemoryMatches(_Repository):
    """`homeward.ports.Matches`."""

    def save(self, matches: Sequence[Match]) -> list[Match]:
        """Insert, or update all but the verdict; the new ones."""
        new = []
        for match in matches:
            key = (match.lost_id, match.found_id)
            old = self.tables.matches.get(key)
            if old is None:
                new.append(match)
            else:
                match = replace(match, verdict=old.verdict, verdict_at=old.verdict_at)  # noqa: PLW2901
            self.tables.matches[key] = match
        return new

    def get(self, lost_id: ReportId, found_id: ReportId) -> Match | None:
        """The match, or None."""
        return self.tables.matches.get((lost_id, found_id))

    def page(self, lost_id: ReportId, query: MatchQuery) -> MatchPage:
        """One page for the owner."""
        mine = [match for match in self.tables.matches.values() if match.lost_id == lost_id]
        shown = sorted((m for m in mine if self._passes(m, query)), key=lambda m: self._order(m, query.sort))
        end = query.offset + query.limit
        views = tuple(self._view(match) for match in shown[query.offset : end])
        return MatchPage(views, len(shown), len(mine) - len(shown), end if end < len(shown) else None)

    def of_found(self, found_id: ReportId, limit: int) -> list[Match]:
        """Matches of a found report, best first."""
        mine = [match for match in self.tables.matches.values() if match.found_id == found_id]
        return sorted(mine, key=lambda m: (-m.degree, m.l2_distance, m.lost_id))[:limit]

    def judged(self, lost_ids: Sequence[ReportId]) -> list[Match]:
        """All matches of these lost reports that have a verdict."""
        return [m for m in self.tables.matches.values() if m.lost_id in lost_ids and m.verdict is not None]

    def judge(self, lost_id: ReportId, encounter_id: EncounterId, verdict: Verdict, when: datetime) -> list[ReportId]:
        """Write the verdict on every match of the encounter."""
        keys = [k for k, m in self.tables.matches.items() if k[0] == lost_id and m.encounter_id == encounter_id]
        for key in keys:
            self.tables.matches[key] = replace(self.tables.matches[key], verdict=verdict, verdict_at=when)
        return [found_id for _, found_id in keys]

    def keep_only(self, lost_id: ReportId, model: ModelName, calibration: str) -> None:
        """Delete unjudged ones that another model or calibration made."""
        for key, match in list(self.tables.matches.items()):
            is_other = (match.model, match.calibration) != (model, calibration)
            if match.lost_id == lost_id and match.verdict is None and is_other:
                del self.tables.matches[key]

    def prune(self, lost_id: ReportId, keep: int) -> None:
        """Delete all but the best ``keep``; judged ones stay."""
        mine = [match for match in self.tables.matches.values() if match.lost_id == lost_id]
        for match in sorted(mine, key=lambda m: (-m.degree, m.l2_distance))[keep:]:
            if match.verdict is None:
                del self.tables.matches[match.lost_id, match.found_id]

    def _view(self, match: Match) -> MatchView:
        found = self.tables.reports[match.found_id]
        camera = self.tables.cameras.get(found.camera_id) if found.camera_id else None
        return MatchView(match, found, self.tables.crops[match.found_crop_id], camera)

    def _passes(self, match: Match, query: MatchQuery) -> bool:
        found = self.tables.reports[match.found_id]
        km = match.distance_km
        return (
            (not query.districts or found.district in query.districts)
            and (not query.found_ids or found.id in query.found_ids)
            and (query.max_km is None or (km is not None and km <= query.max_km))
            and (query.since is None or found.happened_at >= query.since)
            and (query.until is None or found.happened_at <= query.until)
            and (query.min_degree is None or match.degree >= query.min_degree)
            and query.source in {None, found.source}
            and query.species in {None, found.species}
            and query.verdict in {None, match.verdict}
            and not (query.unjudged and match.verdict is not None)
        )

    def _order(self, match: Match, sort: Sort) -> tuple[object, ...]:
        best = (-match.degree, match.l2_distance, match.found_id)
        found = self.tables.reports[match.found_id]
        if sort is Sort.L2_DISTANCE:
            return (match.l2_distance, *best)
        if sort is Sort.DISTANCE_KM:
            return (match.distance_km is None, match.distance_km or 0.0, *best)
        if sort is Sort.SEEN_AT:
            return (-found.happened_at.timestamp(), *best)
        if sort is Sort.DISTRICT:
            return (found.district is None, found.district or "", *best)
        return best


class MemoryJobs(_Repository):
    """`homeward.ports.Jobs`."""

    def add(self, report_id: ReportId, due_at: datetime) -> Job:
        """Queue; a report that waits already keeps its job, with a new due time."""
        old = next((job for job in self.tables.jobs.values() if job.report_id == report_id), None)
        job = replace(old, due_at=due_at) if old else Job(JobId(self.tables.next_id()), report_id, 0, due_at)
        self.tables.jobs[job.id] = job
        return job

    def add_open_lost(self, due_at: datetime) -> None:
        """Queue every open lost report that does not wait already."""
        for report in self.tables.reports.values():
            if report.shelf is Shelf.LOST and report.status is Status.OPEN and not self.pending(report.id):
                self.add(report.id, due_at)

    def claim(self, now: datetime, lease_s: float) -> Job | None:
        """Take the oldest due job."""
        due = [job for job in self.tables.jobs.values() if job.due_at <= now]
        if not due:
            return None
        first = min(due, key=lambda job: (job.due_at, job.id))
        taken = replace(first, due_at=now + timedelta(seconds=lease_s), attempts=first.attempts + 1)
        self.tables.jobs[taken.id] = taken
        return taken

    def done(self, job: Job) -> None:
        """Delete, unless it was queued or claimed anew meanwhile."""
        if self._is_mine(job):
            del self.tables.jobs[job.id]

    def retry(self, job: Job, at: datetime, error: str) -> None:  # noqa: ARG002 - errors are for operators' eyes
        """Give back."""
        if self._is_mine(job):
            self.tables.jobs[job.id] = replace(self.tables.jobs[job.id], due_at=at)

    def release(self, now: datetime) -> None:
        """Make all due now."""
        self.tables.jobs = {key: replace(job, due_at=min(job.due_at, now)) for key, job in self.tables.jobs.items()}

    def pending(self, report_id: ReportId) -> bool:
        """Whether the report still waits."""
        return any(job.report_id == report_id for job in self.tables.jobs.values())

    def count(self) -> int:
        """How many wait."""
        return len(self.tables.jobs)

    def _is_mine(self, job: Job) -> bool:
        known = self.tables.jobs.get(job.id)
        return known is not None and known.due_at == job.due_at


class MemoryOutbox(_Repository):
    """`homeward.ports.Outbox`."""

    def add(self, alert: NewAlert) -> bool:
        """Queue; False where its key was queued before."""
        if any(known.key == alert.key for known in self.tables.alerts.values()):
            return False
        given = {name: getattr(alert, name) for name in NEW_ALERT if name != "due_at"}
        queued = Alert(id=AlertId(self.tables.next_id()), attempts=0, **given)
        self.tables.alerts[queued.id] = queued
        self.tables.alerts_due[queued.id] = alert.due_at
        return True

    def claim(self, now: datetime, lease_s: float, limit: int, messenger: str | None) -> list[Alert]:
        """Take due alerts, oldest first; of one moment, the most certain first."""
        due = [a for a in self.tables.alerts.values() if self._is_due(a, now) and self._messenger(a) == messenger]
        taken = sorted(due, key=lambda alert: (alert.created_at, -alert.degree, alert.id))[:limit]
        for alert in taken:
            self.tables.alerts[alert.id] = replace(alert, attempts=alert.attempts + 1)
            self.tables.alerts_due[alert.id] = now + timedelta(seconds=lease_s)
        return [self.tables.alerts[alert.id] for alert in taken]

    def done(self, ids: Sequence[AlertId], delivered_at: datetime | None) -> None:
        """They were delivered, or (None) became needless."""
        for alert_id in ids:
            self.tables.alerts[alert_id] = replace(self.tables.alerts[alert_id], delivered_at=delivered_at)
            self.tables.alerts_due[alert_id] = None

    def retry(self, ids: Sequence[AlertId], at: datetime, error: str) -> None:  # noqa: ARG002 - for operators
        """Give back."""
        self.tables.alerts_due |= dict.fromkeys(ids, at)

    def told(self, account_id: AccountId, lost_id: ReportId, found_ids: Sequence[ReportId]) -> None:
        """The account has seen these matches by itself."""
        for alert in self.tables.alerts.values():
            about = alert.kind in {AlertKind.MATCH, AlertKind.OWNER_NEAR} and alert.found_id in found_ids
            if about and (alert.account_id, alert.lost_id) == (account_id, lost_id):
                self.tables.alerts_due[alert.id] = None

    def move(self, former: AccountId, account_id: AccountId) -> None:
        """What waits for one account goes to another."""
        for alert in list(self.tables.alerts.values()):
            if alert.account_id == former and self.tables.alerts_due[alert.id] is not None:
                self.tables.alerts[alert.id] = replace(alert, account_id=account_id)

    def of_lost(self, lost_id: ReportId) -> list[Alert]:
        """All alerts about matches of a lost report to its owner, oldest first."""
        mine = [a for a in self.tables.alerts.values() if a.lost_id == lost_id and a.kind is AlertKind.MATCH]
        return sorted(mine, key=lambda alert: (alert.created_at, alert.id))

    def _messenger(self, alert: Alert) -> str | None:
        account = self.tables.accounts.get(alert.account_id)
        return account.messenger if account else None

    def _is_due(self, alert: Alert, now: datetime) -> bool:
        due_at = self.tables.alerts_due.get(alert.id)
        return due_at is not None and due_at <= now


class MemoryAccounts(_Repository):
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


class MemoryInbox(_Repository):
    """`homeward.ports.Inbox`."""

    def add(self, messenger: str, number: int, address: str, body: str, when: datetime) -> bool:
        """Keep; False where this number came in before."""
        if (messenger, number) in self.tables.inbox:
            return False
        self.tables.inbox[messenger, number] = (Update(self.tables.next_id(), number, address, body), when)
        return True

    def after(self, messenger: str, seq: int, limit: int) -> list[Update]:
        """Those not worked on yet with a ``seq`` above, in their order."""
        mine = [update for (of, _), (update, _) in self.tables.inbox.items() if of == messenger]
        waiting = [update for update in mine if update.seq > seq and update.body]
        return sorted(waiting, key=lambda update: update.seq)[:limit]

    def done(self, messenger: str, numbers: Sequence[int]) -> None:
        """Worked on."""
        for number in numbers:
            if (messenger, number) in self.tables.inbox:
                update, when = self.tables.inbox[messenger, number]
                self.tables.inbox[messenger, number] = (replace(update, body=""), when)

    def forget(self, messenger: str, address: str) -> None:
        """Empty all that came from an address, and the address."""
        for key, (update, when) in list(self.tables.inbox.items()):
            if key[0] == messenger and update.address == address:
                self.tables.inbox[key] = (replace(update, body="", address=""), when)

    def forget_before(self, when: datetime) -> None:
        """Delete old numbers."""
        self.tables.inbox = {key: kept for key, kept in self.tables.inbox.items() if kept[1] >= when}


class MemoryHandovers(_Repository):
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


class MemoryFigures(_Repository):
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


class MemoryCameras(_Repository):
    """`homeward.ports.Cameras`."""

    def save(self, camera: Camera) -> None:
        """Insert or update."""
        self.tables.cameras[camera.id] = camera

    def get(self, camera_id: CameraId) -> Camera | None:
        """The camera, or None."""
        return self.tables.cameras.get(camera_id)

    def all(self) -> list[Camera]:
        """All, by name."""
        return sorted(self.tables.cameras.values(), key=lambda camera: (camera.name, camera.id))

    def save_encounter(self, encounter: Encounter) -> None:
        """Insert or update."""
        self.tables.encounters[encounter.id] = encounter

    def encounters_since(self, camera_id: CameraId, species: Species, since: datetime) -> list[Encounter]:
        """Those whose last sighting is not before ``since``, latest first."""
        mine = [e for e in self.tables.encounters.values() if e.camera_id == camera_id and e.species is species]
        recent = sorted((e for e in mine if e.last_at >= since), key=lambda e: e.id)
        return sorted(recent, key=lambda e: e.last_at, reverse=True)


class MemoryKeys(_Repository):
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


class MemoryAnswers(_Repository):
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


class MemoryAudit(_Repository):
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


class MemoryFacts(_Repository):
    """`homeward.ports.Facts`."""

    def get(self, name: str) -> str | None:
        """The text, or None."""
        return self.tables.facts.get(name)

    def set(self, name: str, value: str | None) -> None:
        """Write; None deletes."""
        if value is None:
            self.tables.facts.pop(name, None)
        else:
            self.tables.facts[name] = value


@dataclass(frozen=True, slots=True)
class InMemoryUnitOfWork:
    """`homeward.ports.UnitOfWork` on one set of tables."""

    tables: Tables

    @property
    def reports(self) -> MemoryReports:
        """Reports."""
        return MemoryReports(self.tables)

    @property
    def expiry(self) -> MemoryExpiry:
        """What has grown old."""
        return MemoryExpiry(self.tables)

    @property
    def photos(self) -> MemoryPhotos:
        """Photos and crops."""
        return MemoryPhotos(self.tables)

    @property
    def embeddings(self) -> MemoryEmbeddings:
        """Vectors."""
        return MemoryEmbeddings(self.tables)

    @property
    def matches(self) -> MemoryMatches:
        """Matches."""
        return MemoryMatches(self.tables)

    @property
    def jobs(self) -> MemoryJobs:
        """Jobs."""
        return MemoryJobs(self.tables)

    @property
    def outbox(self) -> MemoryOutbox:
        """Alerts."""
        return MemoryOutbox(self.tables)

    @property
    def accounts(self) -> MemoryAccounts:
        """Accounts."""
        return MemoryAccounts(self.tables)

    @property
    def inbox(self) -> MemoryInbox:
        """What came in from messengers."""
        return MemoryInbox(self.tables)

    @property
    def handovers(self) -> MemoryHandovers:
        """Handovers and their messages."""
        return MemoryHandovers(self.tables)

    @property
    def figures(self) -> MemoryFigures:
        """Counts for operators."""
        return MemoryFigures(self.tables)

    @property
    def facts(self) -> MemoryFacts:
        """Facts."""
        return MemoryFacts(self.tables)

    @property
    def cameras(self) -> MemoryCameras:
        """Cameras and encounters."""
        return MemoryCameras(self.tables)

    @property
    def keys(self) -> MemoryKeys:
        """API keys and signing secrets."""
        return MemoryKeys(self.tables)

    @property
    def answers(self) -> MemoryAnswers:
        """Answers by idempotency key."""
        return MemoryAnswers(self.tables)

    @property
    def audit(self) -> MemoryAudit:
        """Looks at photos."""
        return MemoryAudit(self.tables)
