"""Clocks: the wall's beside one that nobody sets; later they say what a wall's clock that was set meanwhile would show.

Small boxes have no clock that runs while they are off: they wake up in 1970, or when they were last alive, and learn
the time once they have a network, often after their first sightings.
"""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Self

BOOT = Path("/proc/sys/kernel/random/boot_id")
SET_S = 5.0  # what was set by less than that is as good as right


@dataclass(frozen=True, slots=True)
class Clocks:
    """``wall_s`` is what the wall's clock showed when this machine was started, the ``boot``-th time."""

    boot: str
    wall_s: float

    @classmethod
    def now(cls) -> Self | None:
        """Both as they are; None where a machine does not tell one start from another."""
        with suppress(OSError, AttributeError):
            boot = BOOT.read_text(encoding="ascii").strip()
            return cls(boot, time.time() - time.clock_gettime(time.CLOCK_BOOTTIME))
        return None

    @classmethod
    def read(cls, text: str) -> Self:
        """What `str` made of it."""
        boot, _, wall_s = text.partition(" ")
        return cls(boot, float(wall_s))

    def __str__(self) -> str:
        """To be kept."""
        return f"{self.boot} {self.wall_s:.3f}"

    def shown(self, moment: datetime, now: Self | None) -> datetime:
        """What the wall's clock, had nobody set it since, would show when it, as it is ``now``, shows ``moment``."""
        if now is None or now.boot != self.boot or abs(now.wall_s - self.wall_s) < SET_S:
            return moment
        return moment - timedelta(seconds=round(now.wall_s - self.wall_s))
