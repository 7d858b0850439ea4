"""Arrival: when packets came, by the clocks of the camera, of this machine and of the wall; what is late or dark."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from homeward.watcher.capture import BACK_S

JUMP_S = 5.0  # a camera's clock that leaps so far on, or back by BACK_S, was set, and says nothing of lateness
DOUBTED_S = 10.0  # whoever is late for so long has a clock that goes wrong: a queue is skipped sooner
HOLE_S = 1.0  # what is longer between two packets is the network's
DRIFT = 1e-3  # seconds a second; cameras' clocks are ten times better


@dataclass(frozen=True, slots=True)
class Arrived:
    """When it would have come in time, and when the camera's own clock says that it was sent."""

    packet: Any
    time_s: float
    sent_s: float | None

    def after_s(self, other: "Arrived") -> float:
        """How long after another one: a hiccup of the network is not the camera's, and a clock that leaps no gap."""
        came = self.time_s - other.time_s
        sent = came if self.sent_s is None or other.sent_s is None else self.sent_s - other.sent_s
        return min(came, sent) if sent > 0 else came


@dataclass(frozen=True, slots=True)
class Start:
    """When the connection was made, by the clock that never goes back."""

    began: float

    def passed_s(self) -> float:
        """Since then."""
        return time.monotonic() - self.began

    def at(self, time_s: float) -> datetime:
        """When that was by the wall's clock as it is now: it may be set while a camera is watched."""
        return datetime.now(UTC) - timedelta(seconds=self.passed_s() - time_s)


@dataclass(slots=True)
class Darkness:
    """For how long packets come of which no picture is made."""

    lasts_s: float = 0.0
    _before_s: float = 0.0

    def goes_on(self, came_s: float) -> float:
        """Another packet came."""
        self.lasts_s, self._before_s = self.lasts_s + min(HOLE_S, came_s - self._before_s), came_s
        return self.lasts_s

    def ends(self) -> None:
        """There is a picture, or none was wanted."""
        self.lasts_s = 0.0


@dataclass(slots=True)
class Lateness:
    """How much longer a packet was under way than the quickest one; that is forgotten faster than any clock drifts.

    A clock that says for `DOUBTED_S` that all is later than ``limit_s`` goes wrong itself, and is asked no more.
    """

    limit_s: float
    is_doubted: bool = False
    _quickest_s: float | None = None
    _sent_s: float = 0.0
    _arrived_s: float = 0.0
    _late_since_s: float | None = None

    def after(self, sent_s: float | None, arrived_s: float) -> float:
        """Of a packet that the camera's clock says was ``sent_s`` and that came ``arrived_s``."""
        if sent_s is None or self.is_doubted:
            return 0.0
        under_way_s = arrived_s - sent_s
        if self._quickest_s is None or not -BACK_S <= sent_s - self._sent_s <= JUMP_S:
            self._quickest_s = under_way_s
        drifted_s = self._quickest_s + DRIFT * max(0.0, arrived_s - self._arrived_s)
        self._quickest_s = min(drifted_s, under_way_s)
        self._sent_s, self._arrived_s = sent_s, arrived_s
        late_s = under_way_s - self._quickest_s
        if late_s <= self.limit_s:
            self._late_since_s = None
        elif self._late_since_s is None:
            self._late_since_s = arrived_s
        self.is_doubted = self._late_since_s is not None and arrived_s - self._late_since_s > DOUBTED_S
        return 0.0 if self.is_doubted else late_s
