"""Standings of reports, read once by the only process that changes them: a sighting is weighed against hundreds."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from homeward.domain.ids import ReportId
from homeward.domain.reports import Standing

MOST = 200_000  # about 100 MB


@dataclass(slots=True)
class KnownStandings:
    """What was read of committed reports and has not changed since. Thread-safe."""

    _known: dict[ReportId, Standing] = field(default_factory=dict)
    _changes: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def view(self, *, learns: bool = True) -> "StandingsView":
        """For a transaction, to be asked for before it begins; one that writes may be undone, and tells nothing."""
        return StandingsView(self, self._changes if learns else -1)

    def get(self, ids: Iterable[ReportId]) -> list[Standing]:
        """Those of ``ids`` that are known."""
        known = self._known
        return [standing for report_id in ids if (standing := known.get(report_id)) is not None]

    def learn(self, standings: Iterable[Standing], as_of: int) -> None:
        """Keep what a reading found; not where something changed since its beginning ``as_of``: it may be old."""
        with self._lock:
            if as_of == self._changes:
                if len(self._known) > MOST:
                    self._known = {}
                self._known.update((standing.id, standing) for standing in standings)

    def forget(self, ids: Iterable[ReportId]) -> None:
        """What a transaction has changed, once it is committed."""
        with self._lock:
            self._changes += 1
            for report_id in ids:
                self._known.pop(report_id, None)


@dataclass(frozen=True, slots=True)
class StandingsView:
    """What is known, as one transaction may use it."""

    known: KnownStandings
    as_of: int

    def get(self, ids: Sequence[ReportId]) -> list[Standing]:
        """Those of ``ids`` that are known."""
        return self.known.get(ids)

    def learn(self, standings: Iterable[Standing]) -> None:
        """Keep what was read beside them."""
        self.known.learn(standings, self.as_of)
