"""Forget: what is asked to go or has grown old goes: rows first, then files that no row names any more."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

import structlog

from homeward.domain.accounts import EMAIL
from homeward.domain.devices import PUSH
from homeward.domain.handovers import Handover
from homeward.domain.ids import AccountId, ContentHash, ReportId
from homeward.domain.reports import Report, Source, Status
from homeward.engine.changed import change_of
from homeward.engine.events import EventBroker, ReportChanged, SightingsErased, TalkMoved
from homeward.engine.wiring import Ports, Rules
from homeward.errors import NotErased, NotFound, PhotoStoreUnavailable, StorageFull
from homeward.ports import ReportQuery, UnitOfWork
from homeward.telemetry import step

BATCH = 200
AT_ONCE = 25  # erased in one write: others wait for it
YOUNG = timedelta(hours=1)  # a file may be older than its row by this much
ANSWERS_KEPT = timedelta(days=30)  # an import may be taken up again that much later
LOOKS_KEPT = timedelta(days=365)
SENDERS_KEPT = timedelta(days=30)
DEEDS_KEPT = timedelta(days=3 * 365)
NUMBERS_KEPT = timedelta(days=7)  # a messenger repeats an update for a day at most
CLOCKS_APART = timedelta(minutes=1)
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Forget:
    """Erases reports and sweeps up after them; ``events`` tells whoever has them, or a talk with them, open."""

    ports: Ports
    rules: Rules
    events: EventBroker

    def erase(self, report_id: ReportId) -> None:
        """Rows, vectors, photos, matches, alerts: all gone when it returns.

        A photo store that does not answer keeps its files, which nobody can ask for any more, until the next `sweep`.

        Raises:
            NotFound: there is no such report.
            NotErased: the disk has no room even for that.
        """
        with step("erase", report_id=report_id):
            try:
                count = self._erase([report_id])
            except StorageFull as error:
                hint = "Free some space on the server's disk, then erase it again."
                raise NotErased("The disk is full; nothing was erased.", hint=hint) from error
            if not count:
                raise NotFound("There is no such report.")
            self.ports.database.scrub()

    def drop(self, hashes: Sequence[ContentHash]) -> None:
        """The files of photos whose rows are gone, unless others name them; where the store does not answer, later."""
        with suppress(PhotoStoreUnavailable):
            self._drop_unnamed(hashes)
        self.ports.database.scrub()

    def _erase(self, report_ids: Sequence[ReportId]) -> int:
        """In one write; how many there were. A city forgets dozens of sightings a second."""
        hashes: list[ContentHash] = []
        with self.ports.database.write() as work:
            there = [report for report in map(work.reports.get, sorted(report_ids)) if report is not None]
            talks = _talks_of(work, there)
            changes = _changes_of(work, there)
            for report in there:
                hashes += [photo.content_hash for photo, _ in work.photos.of_report(report.id)]
                work.reports.remove(report.id)
                _drop_address(work, report.account_id)
        self._tell(changes, talks)
        sightings = tuple(report.id for report in there if report.source is Source.CAMERA)
        if sightings:
            self.events.publish(SightingsErased(sightings))
        with suppress(PhotoStoreUnavailable):
            self._drop_unnamed(hashes)
        return len(there)

    def due(self) -> int:
        """Expire and erase what is due; how many reports it touched. One process at a time does it."""
        with self.ports.database.hold("forget") as is_mine:
            return self._due() if is_mine and self._is_on_time() else 0

    def _is_on_time(self) -> bool:
        """Whether this machine's clock may tell what is old: a wrong one would make everything old at once."""
        theirs = self.ports.database.now()
        if theirs is None:
            return True
        off = self.ports.clock.now() - theirs
        if abs(off) <= CLOCKS_APART:
            return True
        log.error("nothing is forgotten: this machine's clock is not the database's", off_s=round(off.total_seconds()))
        return False

    def _due(self) -> int:
        count = self._expire()
        old = iter(self._old())
        while some := list(islice(old, AT_ONCE)):
            count += len(some)
            with step("forget", reports=len(some)):
                self._erase(some)
        self.ports.database.scrub()
        return count

    def _old(self) -> list[ReportId]:
        now = self.ports.clock.now()
        with self.ports.database.read() as work:
            return [
                *work.expiry.sightings_older_than(now - timedelta(days=self.rules.sighting_days), BATCH),
                *work.expiry.ended_before(now - timedelta(days=self.rules.closed_days), BATCH),
            ]

    def _expire(self) -> int:
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            old = work.expiry.open_persons_reports_before(now - timedelta(days=self.rules.open_days), BATCH)
            there = filter(None, map(work.reports.get, sorted(old)))
            still_open = [report for report in there if report.status is Status.OPEN]  # others write meanwhile
            for report in still_open:
                work.reports.update(report.with_status(Status.EXPIRED, now))
            work.answers.forget_before(now - ANSWERS_KEPT)
            work.audit.forget_before(now - LOOKS_KEPT)
            work.inbox.forget_before(now - NUMBERS_KEPT)
            self._forget_desk(work, now)
        with self.ports.database.read() as work:  # who writes in a talk locks it first, and then its two reports
            changes, talks = _changes_of(work, still_open), _talks_of(work, still_open)
        self._tell(changes, talks)
        return len(old)

    def _tell(self, changes: Iterable[ReportChanged], talks: Iterable[Handover]) -> None:
        """Committed: whoever has one that ended, a find that shows it, or a conversation with it open learns of it."""
        for change in changes:
            self.events.publish(change)
        for talk in talks:
            self.events.publish(TalkMoved(talk.lost_id, talk.found_id))

    def _forget_desk(self, work: UnitOfWork, now: datetime) -> None:
        work.senders.forget_before(now - SENDERS_KEPT)
        work.deeds.forget_before(now - DEEDS_KEPT)
        closed = now - timedelta(days=self.rules.closed_days)
        work.complaints.forget_before(closed)
        work.petitions.forget_before(closed)

    def sweep(self) -> None:
        """Files without a row: a crash between the two, or an erasure cut short. One process at a time looks."""
        with self.ports.database.hold("sweep") as is_mine:
            before = self.ports.clock.now() - YOUNG
            files = self.ports.photos.hashes() if is_mine and self._is_on_time() else ()
            old = (found for found, written_at in files if written_at < before)
            while some := list(islice(old, BATCH)):
                self._drop_unnamed(some)

    def _drop_unnamed(self, hashes: Sequence[ContentHash]) -> None:
        """Remove what no row names. Whoever names it meanwhile looks for it after its commit, and puts it anew.

        Should that look come before the removal, then the commit is seen here, and the bytes are put back.
        """
        for content_hash in self._unnamed(hashes):
            with suppress(NotFound):
                jpeg = self.ports.photos.get(content_hash)
                self.ports.photos.remove(content_hash)
                if not self._unnamed([content_hash]):
                    self.ports.photos.put(content_hash, jpeg)

    def _unnamed(self, hashes: Sequence[ContentHash]) -> list[ContentHash]:
        with self.ports.database.read() as work:
            return [content_hash for content_hash in hashes if not work.photos.with_hash(content_hash)]


def _changes_of(work: UnitOfWork, ended: Sequence[Report]) -> list[ReportChanged]:
    """Nobody has a sighting open, and a city ends dozens a second."""
    return [change_of(work, report) for report in ended if report.source is Source.PERSON]


def _talks_of(work: UnitOfWork, reports: Sequence[Report]) -> set[Handover]:
    asked = [report.id for report in reports if report.source is Source.PERSON]  # nobody talks with a camera
    return {talk for report_id in asked for talk in work.handovers.of_report(report_id)}


def _drop_address(work: UnitOfWork, account_id: AccountId) -> None:
    """An e-mail address and browsers go with the last report that they were given for."""
    if work.reports.find(ReportQuery(account_id=account_id, limit=1)):
        return
    account = work.accounts.get(account_id)
    work.devices.forget(account_id)
    if account is not None and account.messenger in {EMAIL, PUSH}:
        work.accounts.remove(account_id)
