"""Notify: due alerts out of the outbox, to the messenger, at least once each; the outbox makes it once per pair."""

from dataclasses import dataclass
from datetime import timedelta

from homeward.engine.wiring import Ports, Rules
from homeward.ports import Alert, News, UnitOfWork
from homeward.telemetry import step

LEASE_S = 60.0
FIRST_RETRY_S, LAST_RETRY_S = 5.0, 3600.0
BETTER = 0.1  # an alert this much likelier than the last one does not wait


@dataclass(frozen=True, slots=True)
class Notify:
    """Delivers alerts."""

    ports: Ports
    rules: Rules

    def __call__(self, limit: int) -> int:
        """Deliver up to ``limit`` due alerts; how many were taken."""
        with self.ports.database.write() as work:
            taken = work.outbox.claim(self.ports.clock.now(), LEASE_S, limit)
        for alert in taken:
            self._deliver(alert)
        return len(taken)

    def _deliver(self, alert: Alert) -> None:
        now = self.ports.clock.now()
        with self.ports.database.read() as work:
            news, wait = self._news(work, alert), self._wait(work, alert)
        if wait > timedelta(0):
            with self.ports.database.write() as work:
                work.outbox.retry(alert.id, now + wait, "cool-down")
            return
        try:
            with step("notify", lost_id=alert.lost_id, found_id=alert.found_id):
                if news is not None:
                    self.ports.messenger.send(news)
        except Exception as error:  # noqa: BLE001 - whatever a messenger raises, the alert is tried again
            wait = timedelta(seconds=min(LAST_RETRY_S, FIRST_RETRY_S * 2 ** min(alert.attempts, 10)))
            with self.ports.database.write() as work:
                work.outbox.retry(alert.id, now + wait, type(error).__name__)
            return
        with self.ports.database.write() as work:
            work.outbox.done(alert.id, now)

    def _news(self, work: UnitOfWork, alert: Alert) -> News | None:
        """None where the match went, or was judged, meanwhile."""
        lost, found = work.reports.get(alert.lost_id), work.reports.get(alert.found_id)
        match = work.matches.get(alert.lost_id, alert.found_id)
        if lost is None or found is None or match is None or match.verdict is not None:
            return None
        return News(alert, lost, found, match)

    def _wait(self, work: UnitOfWork, alert: Alert) -> timedelta:
        """How long the cool-down of this lost report lasts for an alert of this degree."""
        delivered = [a for a in work.outbox.of_lost(alert.lost_id) if a.delivered_at is not None]
        if not delivered or alert.degree > max(a.degree for a in delivered) + BETTER:
            return timedelta(0)
        last = max(a.delivered_at for a in delivered if a.delivered_at)
        return last + timedelta(minutes=self.rules.alert_cooldown_min) - self.ports.clock.now()
