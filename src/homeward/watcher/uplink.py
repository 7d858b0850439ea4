"""Uplink: from the spool to the API, one after the other. A dead or slow server loses nothing and doubles nothing."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from homeward.client import ApiError, Client
from homeward.errors import Forbidden, HomewardError, Unauthorized
from homeward.watcher.spool import Spool

PAUSE_S = 0.5
BUSY = {409, 429}
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 60.0
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Uplink:
    """Sends what waits in ``spool`` through ``client`` until told to stop."""

    spool: Spool
    client: Client

    def run(self, stop: threading.Event, wait: Callable[[float], object] | None = None) -> None:
        """Send until ``stop`` is set; ``wait`` is how to let time pass."""
        wait = wait or stop.wait
        failures = 0
        while not stop.is_set():
            outcome = self.step()
            if outcome == "failed":
                failures += 1
                longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(failures, 10))
                wait(longest * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
            else:
                failures = 0
                if outcome == "idle":
                    wait(PAUSE_S)

    def step(self) -> str:
        """One sighting: sent, refused (it never will be taken), failed (later) or idle."""
        waiting = self.spool.first()
        if waiting is None:
            return "idle"
        fields = dict(waiting.fields)
        seen_at = fields.pop("seen_at")
        try:
            self.client.sighting(waiting.jpeg, seen_at, idempotency_key=waiting.key, **fields)
        except (Unauthorized, Forbidden) as error:
            log.warning("the server refuses the camera's key", problem=error.message)
            return "failed"
        except HomewardError as error:
            if error.status >= 500 or error.status in BUSY or isinstance(error, ApiError):
                log.warning("not sent, tried again", problem=error.message)
                return "failed"
            log.warning("the server refuses a sighting", problem=error.message, field=error.field)
            self.spool.done(waiting, "refused")
            return "refused"
        self.spool.done(waiting, "sent")
        return "sent"
