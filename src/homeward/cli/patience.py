"""Patience: whoever does not say within a while what it wants, or takes very long words for it, is hung up on.

Uvicorn waits for ever for the end of a request's head, and keeps all of it: a few hundred idle connections, or one with
an endless header, would take a small machine from everybody else. Bodies have limits of their own (`api/limits.py`).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol

HEAD_S = 30.0
MOST_HEAD_BYTES = 65_536


class Impatience(asyncio.Protocol):
    """One connection, with either of uvicorn's parsers beneath."""

    loop: asyncio.AbstractEventLoop
    transport: asyncio.Transport
    cycle: Any
    _timer: asyncio.TimerHandle | None = None
    _came = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody called."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Perhaps the rest of a head; of what has one, body and answer are not our business."""
        super().data_received(data)
        if self.cycle is not None and (self.cycle.more_body or not self.cycle.response_complete):
            self._wait_no_more()
            return
        self._came += len(data)
        if self._came > MOST_HEAD_BYTES:
            self.transport.close()
        elif self._timer is None:
            self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nobody is there."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(HEAD_S, self.transport.close)

    def _wait_no_more(self) -> None:
        self._came = 0
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class Impatient(Impatience, AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """With the one that is installed."""
