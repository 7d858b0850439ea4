"""Pace: how long answers of a service take lately, and from when on a second request is worth its cost."""

import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field

KEPT = 128
ENOUGH = 20
LEAST_S = 0.005
SHARE = 0.95
EARNED, MOST_SAVED = 0.05, 3.0  # one request in twenty may be sent twice, a few at once


@dataclass(slots=True)
class Pace:
    """Times by number of pictures. Hedging pays from a purse: a service in trouble is not asked twice as much."""

    _times: defaultdict[int, deque[float]] = field(default_factory=lambda: defaultdict(lambda: deque(maxlen=KEPT)))
    _purse: float = 1.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def took(self, pictures: int, seconds: float, *, was_hedged: bool) -> None:
        """An answer came after that time."""
        with self._lock:
            self._times[pictures].append(seconds)
            self._purse = min(MOST_SAVED, self._purse + EARNED) - (1.0 if was_hedged else 0.0)

    def hedge_after_s(self, pictures: int) -> float | None:
        """The 95th percentile; None while too little is known, or the purse is empty."""
        with self._lock:
            known = sorted(self._times[pictures])
            if len(known) < ENOUGH or self._purse < 1:
                return None
            return max(LEAST_S, known[int(SHARE * len(known))])
