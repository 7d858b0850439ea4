"""Loop: one camera for ever. Connects, looks, hands on what is to be sent, and connects again after growing waits."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from homeward.errors import HomewardError
from homeward.telemetry import place_of
from homeward.watcher.camera import CameraWatch, Sight
from homeward.watcher.capture import CameraUnreadable, is_live, recorded
from homeward.watcher.config import CameraConfig
from homeward.watcher.frames import Frame
from homeward.watcher.hardware import probed
from homeward.watcher.recorder import Recorder
from homeward.watcher.status import State, Status
from homeward.watcher.stream import Stream

FIRST_WAIT_S, LONGEST_WAIT_S, HOPELESS_WAIT_S = 0.25, 1.5, 30.0
TRIES = 3
ASLEEP_S = 1.0


@dataclass(slots=True)
class CameraLoop:
    """Reads ``config``'s source, through ``watching``; ``keep`` gets what is to be sent."""

    config: CameraConfig
    watching: CameraWatch
    keep: Callable[[CameraConfig, Sight], None]
    stop: threading.Event
    recorder: Recorder | None = None
    is_paused: bool = False
    realtime: bool = False
    status: Status = field(init=False)
    _stream: Stream | None = None
    _failures: int = 0
    _first_s: float | None = None
    _uses_substream: bool = False

    def __post_init__(self) -> None:
        """Nothing was seen yet."""
        self.status = Status(self.config.id, touched_s=time.monotonic())

    def run(self) -> None:
        """Until told to stop, or until a recording ends."""
        while not self.stop.is_set():
            self.status.touched_s = time.monotonic()
            if self._is_off():
                self.status.state = State.PAUSED
                self.stop.wait(ASLEEP_S)
                continue
            if not is_live(self.config.source):
                self._once()
                return
            self._connected()
        self._sent(self.watching.finish())

    def noted(self) -> Status:
        """The status with the counters of this moment."""
        counts, stream = self.watching.counts, self._stream
        for name in ("frames", "detector_runs", "tracks", "sent", "repeats", "dropped_for_people"):
            setattr(self.status, name, getattr(counts, name))
        if stream is not None:
            self.status.touched_s = max(self.status.touched_s, stream.touched_s)
            self.status.late_by_s = stream.late_by_s
            self.status.is_busy = stream.is_busy
        return self.status

    def _is_off(self) -> bool:
        schedule = self.config.schedule if self._is_stream() else None  # a recording was made when it was made
        return self.is_paused or (schedule is not None and not schedule.holds(datetime.now(UTC)))

    def _once(self) -> None:
        """A clip or a folder, to its end."""
        try:
            for frame in recorded(
                self.config.source, per_second=self.config.fps, realtime=self.realtime, shape=self.config.shape
            ):
                if self.stop.is_set():
                    break
                self._looked_at(frame, is_alone=False)
            self._sent(self.watching.finish())
            self.status.state = State.ENDED
        except HomewardError as error:
            self._failed(error, hopeless=True)
            self._sent(self.watching.finish())
        except Exception as error:  # noqa: BLE001 - one camera's trouble ends no other
            self._failed(_unexpected(error), hopeless=True)

    def _connected(self) -> None:
        """One connection, from its opening to its break."""
        if self.status.state is not State.FAILED:
            self.status.state = State.CONNECTING
        self.status.connections += 1
        source = self.config.substream if self._uses_substream and self.config.substream else self.config.source
        stream = self._stream = Stream(
            source=source,
            per_second=self.config.fps,
            timeout_s=self.config.timeout_s,
            late_s=self.config.window_s,
            hardware=probed(self.config.hardware) if self._failures < TRIES else None,
            recorder=self.recorder,
            shape=self.config.shape,
        )
        before = (self.status.packets, self.status.decoded, self.status.broken, self.status.skipped)
        try:
            with closing(stream.frames()) as frames:
                for frame in self._while_wanted(frames, stream):
                    if frame is None:
                        self._sent(self.watching.due(time.monotonic() - (self._first_s or 0.0)))
                        continue
                    self._failures = 0
                    seen = self.watching.counts.frames
                    self._looked_at(frame, is_alone=stream.is_alone)
                    stream.is_taken = self.watching.counts.frames > seen
                    stream.is_busy = self.watching.is_busy(frame.time_s)
                    self._counted(stream, before)
        except HomewardError as error:
            self._failed(error, hopeless=isinstance(error, CameraUnreadable) and error.is_hopeless)
        except Exception as error:  # noqa: BLE001 - a camera is watched on, whatever it was
            self._failed(_unexpected(error), hopeless=False)
        else:
            self.status.state = State.STALLED
        self._counted(stream, before)
        stream.is_busy = False
        self._sent(self.watching.due(time.monotonic() - (self._first_s or 0.0)))
        if not self.stop.is_set() and not self._is_off():
            self.stop.wait(self._wait_s())

    def _while_wanted(self, frames: Iterator[Frame | None], stream: Stream) -> Iterator[Frame | None]:
        for frame in frames:
            yield None if frame is None else self._since_first(frame)
            far_apart = stream.key_gap_s is not None and stream.key_gap_s > self.config.window_s
            if far_apart and self.config.substream and not self._uses_substream:
                self._uses_substream = True
                return
            if self.stop.is_set() or self._is_off():
                return

    def _since_first(self, frame: Frame) -> Frame:
        """Its time counts from the first frame, over all connections, not from when the machine was started."""
        if self._first_s is None:
            self._first_s = frame.time_s
        return replace(frame, time_s=frame.time_s - self._first_s)

    def _looked_at(self, frame: Frame, *, is_alone: bool) -> None:
        self.status.state, self.status.problem, self.status.hint = State.LIVE, "", ""
        self.status.is_hopeless = False
        self.status.seen_s = self.status.touched_s = time.monotonic()
        self._sent(self.watching.look(frame, is_alone=is_alone))

    def _sent(self, sights: list[Sight]) -> None:
        for sight in sights:
            self.keep(self.config, sight)
            if self.recorder is not None:
                self.recorder.sighted()

    def _failed(self, error: HomewardError, *, hopeless: bool) -> None:
        self._failures += 1
        was_live = self.status.seen_s is not None
        self.status.problem, self.status.hint = error.message, error.hint or ""
        self.status.is_hopeless = hopeless and not was_live and (self._failures >= TRIES or not self._is_stream())
        self.status.state = State.FAILED if self._failures >= TRIES or not self._is_stream() else State.STALLED

    def _is_stream(self) -> bool:
        return is_live(self.config.source)

    def _wait_s(self) -> float:
        """Growing, and never the same twice, so that a hundred cameras behind one switch do not all come at once."""
        if self.status.is_hopeless:
            return HOPELESS_WAIT_S * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        longest = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(self._failures, 10))
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - no secret

    def _counted(self, stream: Stream, before: tuple[int, int, int, int]) -> None:
        now = (stream.packets, stream.decoded, stream.broken, stream.skipped)
        for name, old, new in zip(("packets", "decoded", "broken", "skipped"), before, now, strict=True):
            setattr(self.status, name, old + new)


def _unexpected(error: Exception) -> HomewardError:
    return HomewardError(
        f"The watcher met an error of its own ({place_of(error)}).", hint="Please report it; it goes on meanwhile."
    )
