"""Uplink: from the spool to the API, oldest first. A dead or slow server loses nothing and doubles nothing."""

import random
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog

from homeward.client import ApiError, Client
from homeward.errors import Forbidden, HomewardError, Unauthorized
from homeward.watcher.clocks import Clocks
from homeward.watcher.spool import Spool, Waiting

BUSY = {409, 429}
PAUSED = "camera_paused"
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Rest:
    """A camera whose sightings are not taken at present: how often in a row, and until when it waits."""

    failures: int = 0
    until_s: float = 0.0


@dataclass(slots=True)
class Uplink:
    """Sends what waits in ``spool``, each camera's through its own client: one bad key holds up no other camera."""

    spool: Spool
    clients: Mapping[str, Client]
    now: Callable[[], float] = time.monotonic
    _rests: dict[str, _Rest] = field(default_factory=dict)
    _paused: set[str] = field(default_factory=set)

    def tick(self) -> int:
        """How many were tried: one, or none."""
        return int(self.step() != "idle")

    def step(self) -> str:
        """One sighting: sent, refused (it never will be taken), failed (later) or idle."""
        ready = [name for name in self.clients if self._rests.get(name, _Rest()).until_s <= self.now()]
        waiting = self.spool.first(ready) if ready else None
        if waiting is None:
            return "idle"
        outcome = self._sent(waiting)
        if outcome == "failed":
            self._failed(waiting.camera)
        else:
            try:
                self.spool.done(waiting, outcome)
            except sqlite3.Error as error:  # sent again with the same key, it is taken for the same
                log.warning("not noted as sent, look at the disk", camera=waiting.camera, problem=type(error).__name__)
                return self._failed(waiting.camera)
            self._rests.pop(waiting.camera, None)
        return outcome

    def _failed(self, camera: str) -> str:
        rest = self._rests.setdefault(camera, _Rest())
        rest.failures += 1
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(rest.failures, 10))
        rest.until_s = self.now() + longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        return "failed"

    def _sent(self, waiting: Waiting) -> str:
        fields = dict(waiting.fields)
        seen_at, sent_at = fields.pop("seen_at"), _sent_at(fields.pop("clocks", None))
        client = self.clients[waiting.camera]
        try:
            client.sighting(waiting.jpeg, seen_at, sent_at=sent_at, idempotency_key=waiting.key, **fields)
        except HomewardError as error:
            told = {"camera": waiting.camera, "problem": error.message}
            if error.code == PAUSED:
                self._tell_paused(waiting.camera)
                return "refused"
            if isinstance(error, Unauthorized | Forbidden):
                log.warning("the server refuses the camera's key; make a new one with homeward keys create", **told)
                return "failed"
            if error.status >= 500 or error.status in BUSY or isinstance(error, ApiError):
                log.warning("not sent, tried again", **told)
                return "failed"
            log.warning("the server refuses a sighting", field=error.field, **told)
            return "refused"
        self._paused.discard(waiting.camera)
        return "sent"

    def _tell_paused(self, camera: str) -> None:
        """Once each time that its owner pauses it: a clip may hold hundreds of sightings."""
        if camera not in self._paused:
            again = f"homeward cameras resume {camera}"
            log.warning("paused by its owner, its sightings are thrown away", camera=camera, to_go_on=again)
        self._paused.add(camera)


def _sent_at(clocks: str | None) -> datetime:
    """What the clock that told when it was seen would show now: the server compares that with its own."""
    now = datetime.now(UTC)
    return now if clocks is None else Clocks.read(clocks).shown(now, Clocks.now())
