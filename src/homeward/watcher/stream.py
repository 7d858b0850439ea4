"""Stream: a live camera in, frames out. Key frames only while nothing moves; once it does, all from its start."""

import errno
import socket
import time
from collections import deque
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from homeward.domain.addresses import without_secrets
from homeward.images.shape import AS_SENT, Shape
from homeward.watcher.arrival import Arrived, Darkness, Lateness, Start
from homeward.watcher.capture import BROKEN_IN_A_ROW, HINTS, CameraUnreadable, unreadable
from homeward.watcher.frames import Frame
from homeward.watcher.recorder import Recorder
from homeward.watcher.stills import NoPicture, Stills, is_picture

MOST_KEPT_BYTES = 24_000_000
PIECES_S = 10.0  # segments over HTTP come so long after their first picture, at most
CLIPS = {"mp4", "matroska", "avi"}  # containers whose length is known from the start, where they are no live stream
WITHOUT_CLOCK = {"mpjpeg"}  # for these FFmpeg makes up 25 pictures a second, whatever comes
EMPTY_IN_A_ROW = 2  # key frames that alone give no picture: then the camera refreshes its pictures bit by bit
KEYLESS_S = 60.0  # longer than any camera's key frames are apart; a new connection often begins with one
DARK_S = 5.0  # beyond the window; packets without a picture for so long are of another codec than those before
BROKEN_STILLS = 10  # of a camera that sends one at a time; after so many in a row nothing better will come
SLICE_S = 0.2


@dataclass(slots=True)
class Stream:
    """One connection to a camera. Its reader says through ``is_busy`` whether something moves, or animals are about.

    An address that gives one picture for each call is asked again and again.
    ``timeout_s`` bounds the opening and every wait for data; ``late_s`` is how far behind the camera a frame may be.
    ``shape`` is what is said of the camera's picture.
    ``is_alone`` says of the last frame that those before it were not decoded, and will be if something moves on it and
    the reader does not say that it ``is_taken`` as it is.
    ``touched_s`` is when FFmpeg last gave anything, on the clock that never goes back.
    """

    source: str
    per_second: float = 5.0
    timeout_s: float = 2.5
    late_s: float = 3.0
    hardware: str | None = None
    recorder: Recorder | None = None
    shape: Shape = AS_SENT
    is_busy: bool = False
    is_alone: bool = False
    is_taken: bool = False
    touched_s: float = 0.0
    packets: int = 0
    decoded: int = 0
    broken: int = 0
    skipped: int = 0
    key_gap_s: float | None = None
    late_by_s: float = 0.0
    _kept: "deque[Arrived]" = field(default_factory=deque)
    _kept_bytes: int = 0
    _number: int = 0
    _last_s: float = float("-inf")
    _decodes_all: bool = False
    _empty: int = 0

    def frames(self) -> Generator[Frame | None]:
        """Frames until the stream ends or breaks; None every moment while a camera of single pictures has no new one.

        Times are those of arrival, less what a packet was late, on the clock that never goes back.

        Raises:
            CameraUnreadable: it cannot be opened, sends nothing for ``timeout_s``, or is no video.
        """
        import av

        try:
            with self._opened() as container:
                if not self._is_one_picture(container):
                    self._check(container)
                    yield from self._read(container)
                    return
        except (av.FFmpegError, OSError, ValueError) as error:
            kind = self._content_type() if _may_be_no_stream(error) and self.packets == 0 else ""
            if not is_picture(kind):
                raise self._explained(error, kind) from error
        yield from self._stills()

    def _is_one_picture(self, container: Any) -> bool:
        name = str(container.format.name)
        return self.source.startswith("http") and (name == "image2" or name.endswith("_pipe"))

    def _check(self, container: Any) -> None:
        """Refuse what holds no video, or has an end."""
        if not container.streams.video:
            message = f"{without_secrets(self.source)} sends no video."
            raise CameraUnreadable(message, field="source", hint="Is it the right address?")
        has_end = CLIPS & set(container.format.name.split(",")) and container.duration
        if has_end and self.source.startswith("http"):
            message = f"{without_secrets(self.source)} is a clip, not a camera: it has an end."
            hint = "Download it, and name the file."
            raise CameraUnreadable(message, field="source", hint=hint, is_hopeless=True)

    def _explained(self, error: Exception, content_type: str) -> CameraUnreadable:
        host = urlsplit(self.source).hostname if "://" in self.source else None
        if host is not None and self.packets == 0:
            try:
                socket.getaddrinfo(host, None)
            except (OSError, UnicodeError):
                message = f"The host of {without_secrets(self.source)} is not known."
                return CameraUnreadable(message, field="source", hint="Check the address.", is_hopeless=True)
            if isinstance(error, OSError) and error.errno == errno.EIO and content_type.startswith("text/html"):
                message = f"{without_secrets(self.source)} is a web page."
                return CameraUnreadable(message, field="source", hint=HINTS["InvalidData"], is_hopeless=True)
        return unreadable(self.source, error)

    def _content_type(self) -> str:
        """What it says itself that it is; FFmpeg only says that it broke off, as a camera does that goes down."""
        if not self.source.startswith("http"):
            return ""
        try:
            with Stills(self.source, self.timeout_s, self.shape) as camera:
                return camera.content_type()
        except CameraUnreadable:
            return ""

    def _opened(self) -> Any:
        import av
        from av.codec.hwaccel import HWAccel

        hwaccel = HWAccel(self.hardware, allow_software_fallback=True) if self.hardware else None
        limits = (self.timeout_s, self.timeout_s)
        options = {"fpsprobesize": "0"}  # nobody asks for the rate, and FFmpeg waits for twenty frames to guess it
        if self.source.startswith("rtsp"):
            options["rtsp_flags"] = "prefer_tcp"  # over UDP only where a camera has nothing else
        file_format = "v4l2" if self.source.startswith("/dev/") else None
        return av.open(self.source, format=file_format, options=options, timeout=limits, hwaccel=hwaccel)

    def _read(self, container: Any) -> Iterator[Frame]:
        from av.stream import Discard

        video, *others = container.streams.video
        for other in others:
            other.discard = Discard.all  # of a playlist with several sizes FFmpeg would fetch all
        decoder = video.codec_context
        decoder.thread_type, decoder.thread_count = "SLICE", 1
        start, broken_before = Start(time.monotonic()), self.broken
        limit_s = self.late_s + (PIECES_S if self.source.startswith("http") else 0.0)
        lateness, dark = Lateness(limit_s, is_doubted=container.format.name in WITHOUT_CLOCK), Darkness()
        for packet in self._demuxed(container, video):
            self.packets += 1
            self.touched_s = time.monotonic()
            sent_s = float(packet.pts * video.time_base) if packet.pts is not None and video.time_base else None
            came_s = start.passed_s()
            self._check_pictures(dark.goes_on(came_s))
            self.late_by_s = lateness.after(sent_s, came_s)
            arrived = Arrived(packet, came_s - self.late_by_s, sent_s)
            needed_all, decoded = self._needs_all(), self.decoded
            self._keep(arrived)
            is_known_now = not needed_all and self._needs_all() and self._kept[0].packet.is_keyframe
            if self.recorder is not None:
                self.recorder.packet(packet, self._packets_kept, is_busy=self.is_busy, time_s=arrived.time_s)
            try:
                if self.late_by_s > limit_s:
                    self.skipped += 1
                    self._rest(decoder)
                    dark.ends()
                    continue
                yield from self._looked_at(arrived, decoder, start, is_known_now=is_known_now)
                if self.decoded > decoded:
                    broken_before = self.broken
                    dark.ends()
            except _undecodable() as error:
                self.broken += 1
                self._rest(decoder)
                if self.broken - broken_before > BROKEN_IN_A_ROW:
                    message = f"{without_secrets(self.source)} sends nothing that can be decoded."
                    raise CameraUnreadable(message, field="source", hint="Set the camera to H.264.") from error

    def _check_pictures(self, dark_s: float) -> None:
        if self.decoded == 0 and dark_s > KEYLESS_S:
            message = f"{without_secrets(self.source)} sends no key frame."
            raise CameraUnreadable(message, field="source", hint="Set the camera to one every second or two.")
        if self.decoded and dark_s > DARK_S + self.late_s + 2 / self.per_second:
            message = f"{without_secrets(self.source)} sends nothing that can be decoded."
            raise CameraUnreadable(message, field="source", hint="Set the camera to H.264.")

    def _stills(self) -> Iterator[Frame | None]:
        """The camera's new pictures, one after the other."""
        start, broken = Start(time.monotonic()), 0
        with Stills(self.source, self.timeout_s, self.shape) as camera:
            while True:
                asked_s = self.touched_s = time.monotonic()
                try:
                    picture = camera.next()
                except NoPicture as error:
                    self.broken, broken = self.broken + 1, broken + 1
                    if broken == BROKEN_STILLS:
                        message = f"{without_secrets(self.source)} sends nothing that can be decoded."
                        raise CameraUnreadable(message, field="source", hint="Set the camera to JPEG.") from error
                else:
                    self.packets += 1
                    if picture is not None:
                        self.decoded, self._number, broken = self.decoded + 1, self._number + 1, 0
                        at_s = start.passed_s()
                        yield Frame(self._number, start.began + at_s, start.at(at_s), picture)
                due_s = asked_s + max(1 / self.per_second, camera.pause_s)
                while (left_s := due_s - time.monotonic()) > 0:
                    time.sleep(min(SLICE_S, left_s))
                    self.touched_s = time.monotonic()
                    yield None

    def _packets_kept(self) -> list[Any]:
        return [each.packet for each in self._kept]

    def _demuxed(self, container: Any, video: Any) -> Iterator[Any]:
        """Packets of the picture; what else comes is read too, since nobody would notice among sound that it ended."""
        seen_s = time.monotonic()
        try:
            for packet in container.demux():
                if packet.stream.index != video.index:
                    self._check_wait(time.monotonic() - seen_s)
                    continue
                if packet.size:
                    yield packet
                seen_s = time.monotonic()
        finally:
            if self.recorder is not None:
                self.recorder.close()

    def _check_wait(self, waited_s: float) -> None:
        if waited_s > self.timeout_s:
            message = f"{without_secrets(self.source)} sends sound or data, but no picture any more."
            raise CameraUnreadable(message, field="source", hint="Restart the camera.")

    def _looked_at(self, packet: Arrived, decoder: Any, start: Start, *, is_known_now: bool) -> Iterator[Frame]:
        """The frames that a packet gives, as far as somebody wants to see them.

        Where it ``is_known_now`` that key frames are far apart, all since the last one are made up for.
        """
        is_key = packet.packet.is_keyframe
        if self._decodes_all and is_key and not (self.is_busy or self._needs_all()):
            self._rest(decoder)
        if self._decodes_all:
            if self._is_due(packet) or not decoder.codec.intra_only:  # whole pictures need none of those between
                yield from self._shown(decoder.decode(packet.packet), packet, start)
        elif self._needs_all() and (is_key or is_known_now):
            yield from self._again(decoder, start, [packet] if is_key else list(self._kept))
        elif is_key and self._is_due(packet):
            yield from self._alone(packet, decoder, start)
            if self.is_busy or self._needs_all():
                is_enough = self.is_taken and not self._needs_all()
                yield from self._again(decoder, start, [packet] if is_enough else list(self._kept))

    def _rest(self, decoder: Any) -> None:
        """From now on key frames only."""
        if self._decodes_all:
            decoder.flush_buffers()
        self._decodes_all = False

    def _needs_all(self) -> bool:
        """Where an animal could pass between two key frames, or they are no whole pictures, every frame is decoded."""
        is_far_apart = self.key_gap_s is not None and self.key_gap_s > self.late_s
        return is_far_apart or self._empty >= EMPTY_IN_A_ROW

    def _is_due(self, packet: Arrived) -> bool:
        return packet.time_s - self._last_s >= 1 / self.per_second - 1e-3

    def _alone(self, packet: Arrived, decoder: Any, start: Start) -> Iterator[Frame]:
        """A key frame: the decoder is emptied after it, so that it comes out at once."""
        found = [*decoder.decode(packet.packet), *decoder.decode(None)]
        decoder.flush_buffers()
        self._empty = 0 if found else self._empty + 1
        self.is_alone = True
        yield from self._shown(found[-1:], packet, start)
        self.is_alone = False

    def _again(self, decoder: Any, start: Start, packets: "list[Arrived]") -> Iterator[Frame]:
        """All frames from now on, and before them those of ``packets``: what a key frame shows moved before it."""
        self._decodes_all = True
        if packets[0].time_s < self._last_s:
            self._last_s = packets[0].time_s - 1.0
        for packet in packets:
            yield from self._shown(decoder.decode(packet.packet), packet, start)

    def _shown(self, frames: list[Any], packet: Arrived, start: Start) -> Iterator[Frame]:
        for frame in frames:
            self.decoded += 1
            if not self._is_due(packet):
                continue
            self._last_s = packet.time_s
            self._number += 1
            video = packet.packet.stream
            shape = self.shape.of(video.codec_context.sample_aspect_ratio or video.sample_aspect_ratio)
            yield Frame(self._number, start.began + packet.time_s, start.at(packet.time_s), frame, shape)

    def _keep(self, packet: Arrived) -> None:
        """The last whole group of pictures and the present one."""
        if packet.packet.is_keyframe:
            keys = [n for n, kept in enumerate(self._kept) if kept.packet.is_keyframe]
            if keys:
                self.key_gap_s = packet.after_s(self._kept[keys[-1]])
            self._forget(keys[-1] if keys else len(self._kept))
        elif self._kept and not self._needs_all():
            key = max((n for n, kept in enumerate(self._kept) if kept.packet.is_keyframe), default=0)
            if packet.after_s(self._kept[key]) > self.late_s:
                self.key_gap_s = packet.after_s(self._kept[key])
                self._forget(key)
        if self._kept_bytes + packet.packet.size > MOST_KEPT_BYTES:
            self._kept.clear()
            self._kept_bytes = 0
        self._kept.append(packet)
        self._kept_bytes += packet.packet.size

    def _forget(self, count: int) -> None:
        """The oldest ones."""
        for _ in range(count):
            self._kept_bytes -= self._kept.popleft().packet.size


def _may_be_no_stream(error: Exception) -> bool:
    """FFmpeg takes web pages and pictures of unknown length for broken off, or for data that is invalid."""
    import av

    broke_off = isinstance(error, OSError) and error.errno == errno.EIO
    return broke_off or isinstance(error, av.InvalidDataError)


def _undecodable() -> tuple[type[Exception], ...]:
    import av

    return av.FFmpegError, ValueError
