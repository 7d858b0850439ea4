"""Recorder: the stretches of a stream that led to sightings, kept as files for tuning. Nothing is encoded anew."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

MOST_BYTES = 64_000_000
AFTER_S = 3.0  # a track's last crop is sent so long after the end of its window, at most
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Recorder:
    """Packets of one camera, from the key frame before something moved until it is quiet again."""

    folder: Path
    camera: str
    window_s: float = 3.0
    _packets: list[Any] = field(default_factory=list)
    _bytes: int = 0
    _quiet_from_s: float | None = None
    _is_wanted: bool = False

    def packet(self, packet: Any, kept: Callable[[], list[Any]], *, is_busy: bool, time_s: float) -> None:
        """One packet of the stream; ``kept`` gives those since the last key frame but one, this one with them."""
        if not self._packets and not is_busy:
            return
        fresh = [packet] if self._packets else kept()
        if self._bytes < MOST_BYTES:
            self._packets += fresh
            self._bytes += sum(each.size for each in fresh)
        if is_busy:
            self._quiet_from_s = None
        elif self._quiet_from_s is None:
            self._quiet_from_s = time_s
        elif time_s - self._quiet_from_s > self.window_s + AFTER_S:
            self.close()

    def sighted(self) -> None:
        """Something was sent: this stretch is kept."""
        self._is_wanted = bool(self._packets)

    def close(self) -> None:
        """The stretch is over."""
        packets, wanted = self._packets, self._is_wanted
        self._packets, self._bytes, self._is_wanted, self._quiet_from_s = [], 0, False, None
        if not wanted or not packets:
            return
        path = self.folder / f"{self.camera}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.mkv"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(path, packets)
        except (OSError, ValueError) as error:  # FFmpeg's errors are both
            with suppress(OSError):
                path.unlink()
            problem, hint = type(error).__name__, "Name a folder that can be written to; is its disk full?"
            log.warning("clip not kept", camera=self.camera, folder=str(self.folder), problem=problem, hint=hint)


def _write(path: Path, packets: list[Any]) -> None:
    import av

    with av.open(str(path), "w", format="matroska") as file:
        stream = file.add_stream_from_template(packets[0].stream)
        for packet in packets:
            if packet.dts is not None:
                packet.stream = stream
                file.mux(packet)
