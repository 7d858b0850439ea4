"""Notify: due alerts out of the outbox, to whoever delivers them, at least once each; their keys make it once.

What waits for a cool-down, for the end of a night, or for a muted report is put off here; several alerts about one lost
pet, or one find, that come due together become one piece of news.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from homeward.domain.accounts import CERTAIN, EMAIL, Account, quiet_until
from homeward.domain.devices import PUSH
from homeward.domain.ids import AccountId, AlertId, ReportId
from homeward.domain.matches import Verdict
from homeward.domain.reports import Report, Status
from homeward.engine.wiring import Ports, Rules
from homeward.ports import Alert, AlertKind, Messenger, NewAlert, News, UnitOfWork
from homeward.telemetry import step

LEASE_S = 120.0
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 3600.0
ABSENT = timedelta(minutes=5)  # whoever comes back to a chat gets within so long what waited
BETTER = 0.1  # an alert this much likelier than the last one does not wait
FOUND_BY_US = {AlertKind.MATCH, AlertKind.OWNER_NEAR}


@dataclass(frozen=True, slots=True)
class Notify:
    """Hands alerts out, and hears what became of them."""

    ports: Ports
    rules: Rules

    def __call__(self, limit: int) -> int:
        """Deliver up to ``limit`` due alerts through each of our own messengers; how many pieces of news they made."""
        return sum(self._deliver(name, messenger, limit) for name, messenger in self.ports.messengers.items())

    def claim(self, messenger: str | None, limit: int) -> list[News]:
        """Up to ``limit`` due alerts of accounts on ``messenger``, as news; they are the caller's for two minutes."""
        now = self.ports.clock.now()
        with self.ports.database.write() as work:
            taken = work.outbox.claim(now, LEASE_S, limit, messenger)
            groups = [self._news(work, group, now) for group in _together(taken)]
        return [news for news in groups if news is not None]

    def delivered(self, ids: Sequence[AlertId]) -> None:
        """They have arrived."""
        with self.ports.database.write() as work:
            work.outbox.done(ids, self.ports.clock.now())

    def failed(self, ids: Sequence[AlertId], error: str, wait_s: float) -> None:
        """They have not; they are tried again after ``wait_s`` seconds."""
        at = self.ports.clock.now() + timedelta(seconds=min(LAST_RETRY_S, wait_s))
        with self.ports.database.write() as work:
            work.outbox.retry(ids, at, error)

    def told(self, account_id: AccountId, lost_id: ReportId, found_ids: Sequence[ReportId]) -> None:
        """The account has seen these matches in an answer; nothing more is to be said of them."""
        with self.ports.database.write() as work:
            work.outbox.told(account_id, lost_id, found_ids)

    def _deliver(self, name: str | None, messenger: Messenger, limit: int) -> int:
        taken = self.claim(name, limit)
        for news in taken:
            try:
                with step("notify", lost_id=news.lost.id, found_id=news.found.id):
                    messenger.send(news)
            except Exception as error:  # noqa: BLE001 - whatever a messenger raises, the alert is tried again
                self.failed([alert.id for alert in news.alerts], type(error).__name__, _pause_s(news.alerts))
            else:
                self.delivered([alert.id for alert in news.alerts])
        return len(taken)

    def _news(self, work: UnitOfWork, group: Sequence[Alert], now: datetime) -> News | None:
        account = work.accounts.get(group[0].account_id)
        if account is not None and not account.reachable:
            _put_off(work, group, account, now)
            return None
        still = [alert for alert in group if _is_wanted(work, alert)]
        work.outbox.done([alert.id for alert in group if alert not in still], None)
        best = max(still, key=lambda alert: alert.degree, default=None)
        if best is None:
            return None
        until = self._until(work, best, account, now)
        if until is not None and until > now:
            work.outbox.retry([alert.id for alert in still], until, "waits")
            return None
        lost, found = _report(work, best.lost_id), _report(work, best.found_id)
        assert lost is not None
        assert found is not None
        ordered = sorted(still, key=lambda alert: -alert.degree)
        return News(tuple(ordered), account, lost, found, work.matches.get(lost.id, found.id))

    def _until(self, work: UnitOfWork, best: Alert, account: Account | None, now: datetime) -> datetime | None:
        """When news with ``best`` may go out; None for now."""
        if best.kind not in FOUND_BY_US:
            return None
        told = _report(work, best.lost_id if best.kind is AlertKind.MATCH else best.found_id)
        if told is not None and told.muted_until is not None and told.muted_until > now:
            return told.muted_until
        night = quiet_until(account, now) if account and best.degree < CERTAIN else None
        return night or self._cooled_at(work, best)

    def _cooled_at(self, work: UnitOfWork, alert: Alert) -> datetime | None:
        """When the cool-down of the report that this is told about ends for an alert of this degree."""
        is_owners = alert.kind is AlertKind.MATCH
        earlier = work.outbox.of_lost(alert.lost_id) if is_owners else work.outbox.of_found(alert.found_id)
        delivered = [a for a in earlier if a.delivered_at is not None]
        if not delivered or alert.degree > max(a.degree for a in delivered) + BETTER:
            return None
        last = max(a.delivered_at for a in delivered if a.delivered_at)
        return last + timedelta(minutes=self.rules.alert_cooldown_min)


def _report(work: UnitOfWork, report_id: ReportId) -> Report | None:
    """To be read only: reports are not locked, so that those who tell of the same ones need not wait for each other."""
    return next(iter(work.reports.get_many([report_id])), None)


def _put_off(work: UnitOfWork, group: Sequence[Alert], account: Account, now: datetime) -> None:
    """Nobody is there. In a chat, what people say to each other waits for them, and the writer is told; no other news.

    Whoever wants no letters reads conversations on the page.
    """
    is_chat = account.messenger not in {EMAIL, PUSH}
    waits = [alert for alert in group if alert.handover_id is not None and is_chat]
    work.outbox.done([alert.id for alert in group if alert not in waits], None)
    work.outbox.retry([alert.id for alert in waits], now + ABSENT, "unreachable")
    for alert in waits:
        if alert.kind is AlertKind.MESSAGE:
            work.outbox.add(_unreached(work, alert, now))


def _unreached(work: UnitOfWork, message: Alert, now: datetime) -> NewAlert:
    """For the writer of ``message``, once for all that they wrote in a conversation on a day."""
    lost, found = _report(work, message.lost_id), _report(work, message.found_id)
    assert lost is not None
    assert found is not None
    writer = found if message.account_id == lost.account_id else lost
    key = f"{AlertKind.UNREACHED}:{message.handover_id}:{writer.shelf}:{message.created_at:%Y-%m-%d}"
    return NewAlert(
        key,
        AlertKind.UNREACHED,
        writer.account_id,
        lost.id,
        found.id,
        message.encounter_id,
        1.0,
        now,
        now,
        handover_id=message.handover_id,
    )


def _together(alerts: Sequence[Alert]) -> list[list[Alert]]:
    """Alerts that make one piece of news: all matches of one lost pet, all owners of one find; others by themselves."""
    groups: dict[tuple[str, ...], list[Alert]] = defaultdict(list)
    for alert in alerts:
        if alert.kind is AlertKind.MATCH:
            groups[alert.kind, alert.account_id, alert.lost_id].append(alert)
        elif alert.kind is AlertKind.OWNER_NEAR:
            groups[alert.kind, alert.account_id, alert.found_id].append(alert)
        else:
            groups[alert.kind, alert.key].append(alert)
    return list(groups.values())


def _is_wanted(work: UnitOfWork, alert: Alert) -> bool:
    """Not where the match went, was judged, or one of the two is not looked for any more."""
    if alert.kind not in FOUND_BY_US:
        return True
    match = work.matches.get(alert.lost_id, alert.found_id)
    pair = work.reports.get_many([alert.lost_id, alert.found_id])
    if match is None or any(report.status is not Status.OPEN for report in pair):
        return False
    return match.verdict is None if alert.kind is AlertKind.MATCH else match.verdict is not Verdict.DIFFERENT


def _pause_s(alerts: Sequence[Alert]) -> float:
    return FIRST_RETRY_S * 2.0 ** min(alerts[0].attempts, 10)
