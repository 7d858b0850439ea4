"""Breaker: whether a service may be asked now. After a failure it rests, ever longer; then one caller tries it."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto

REST_S, LONGEST_REST_S = 1.0, 30.0


class Gate(Enum):
    """Closed circuit: ask. Half open: you alone try it. Open: do not."""

    CLOSED = auto()
    HALF_OPEN = auto()
    OPEN = auto()


@dataclass(slots=True)
class Breaker:
    """Begins half open: a service is tried before it is trusted."""

    now: Callable[[], float] = time.monotonic
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _is_closed: bool = False
    _is_tried: bool = False
    _failures: int = 0
    _rests_until_s: float = float("-inf")

    def gate(self) -> Gate:
        """What the caller may do. Who is told HALF_OPEN must report `succeeded` or `failed`."""
        with self._lock:
            if self.now() < self._rests_until_s:
                return Gate.OPEN
            if self._is_closed:
                return Gate.CLOSED
            if self._is_tried:
                return Gate.OPEN
            self._is_tried = True
            return Gate.HALF_OPEN

    def succeeded(self) -> None:
        """It may be trusted."""
        with self._lock:
            self._is_closed, self._is_tried, self._failures = True, False, 0

    def failed(self) -> float:
        """It rests for that many seconds, and must be tried before it is trusted again."""
        with self._lock:
            rest_s = min(LONGEST_REST_S, REST_S * 2.0 ** min(self._failures, 10))
            self._failures += 1
            self._is_closed = self._is_tried = False
            self._rests_until_s = self.now() + rest_s
            return rest_s

    def rest(self, seconds: float) -> None:
        """It asked for a pause; it is trusted as before."""
        with self._lock:
            self._rests_until_s = max(self._rests_until_s, self.now() + seconds)
