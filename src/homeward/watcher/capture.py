"""Capture: a clip or a folder of pictures in, frames with their times out; `stream` does the same for live cameras."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import structlog
from PIL import Image, ImageOps

from homeward.domain.addresses import without_secrets
from homeward.domain.animals import Picture
from homeward.errors import HomewardError, InvalidInput
from homeward.images.shape import AS_SENT, Shape
from homeward.watcher.frames import Frame

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
log = structlog.get_logger(__name__)
BACK_S = 1.0  # a clock that goes back so far was set, or begins anew
BROKEN_IN_A_ROW = 100  # packets that cannot be decoded; after so many nothing better will come
LONGEST_GAP_S = 5.0  # nobody wants to wait longer for a recording that was cut, or whose clock was set


class CameraUnreadable(HomewardError):
    """The source cannot be opened, breaks off, or is no video; ``is_hopeless`` where trying again will hardly help."""

    code = "camera_unreadable"
    status = 422

    def __init__(self, message: str, *, field: str, hint: str | None = None, is_hopeless: bool = False) -> None:
        """``message`` names no password."""
        super().__init__(message, field=field, hint=hint)
        self.is_hopeless = is_hopeless


def is_live(source: str) -> bool:
    """Whether it is a stream or a device, not something that lies on a disk."""
    return "://" in source or source.startswith("/dev/")


def recorded(source: str, *, per_second: float, realtime: bool = False, shape: Shape = AS_SENT) -> Iterator[Frame]:
    """At most ``per_second`` frames a second of a clip, or the pictures of a folder, a second apart.

    They come as fast as they can be read, unless ``realtime``. ``shape`` is what is said of the camera.

    Raises:
        CameraUnreadable: it cannot be opened, breaks off, or is no video.
        InvalidInput: there is no such file.
    """
    if Path(source).is_dir():
        yield from _of_folder(Path(source), shape)
        return
    if not Path(source).exists():
        raise InvalidInput(
            f"{source} is not there.", field="source", hint="Name a file, a folder or an rtsp:// address."
        )
    yield from _of_clip(source, per_second, shape, realtime=realtime)


def _of_folder(folder: Path, shape: Shape) -> Iterator[Frame]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not paths:
        raise CameraUnreadable(
            f"{folder} holds no pictures.", field="source", hint="It wants .jpg, .png or .webp files."
        )
    start, bad = datetime.now(UTC), 0
    for number, path in enumerate(paths):
        pixels = picture_in(path, shape)
        if pixels is None:
            log.warning("no picture, passed over", file=path.name)
            bad += 1
            continue
        yield Frame(number, float(number), start + timedelta(seconds=number), pixels)
    if bad == len(paths):
        raise CameraUnreadable(f"None of the files in {folder} is a picture.", field="source", hint="Look at them.")


def picture_in(file: Path | BytesIO, shape: Shape) -> Picture | None:
    """Upright, RGB; None where it is none that can be decoded."""
    try:
        with Image.open(file) as picture:
            return shape.upright(np.asarray(ImageOps.exif_transpose(picture).convert("RGB")))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return None


def _of_clip(source: str, per_second: float, shape: Shape, *, realtime: bool) -> Iterator[Frame]:
    import av

    try:
        opened: Any = av.open(source)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise unreadable(source, error) from error
    with opened:
        if not opened.streams.video:
            raise CameraUnreadable(f"{source} holds no video.", field="source", hint="Is it the right file?")
        start, due_s = datetime.now(UTC), time.monotonic()
        video = max(opened.streams.video, key=lambda each: each.width * each.height)  # the others are thumbnails
        shape = shape.of(video.sample_aspect_ratio)
        last_s = -1.0
        try:
            for number, (time_s, frame) in enumerate(_timed(opened, video, per_second)):
                if time_s - last_s < 1 / per_second - 1e-3 and last_s >= 0:
                    continue
                due_s += min(LONGEST_GAP_S, time_s - max(0.0, last_s))
                last_s = time_s
                if realtime:
                    time.sleep(max(0.0, due_s - time.monotonic()))
                yield Frame(number, time_s, start + timedelta(seconds=time_s), frame, shape)
        except (av.FFmpegError, OSError, ValueError) as error:
            raise unreadable(source, error) from error
        if last_s < 0:
            raise CameraUnreadable(f"{source} holds no frame.", field="source", hint="Is it the right file?")


def _timed(opened: Any, video: Any, per_second: float) -> Iterator[tuple[float, Any]]:
    """Frames with their times since the first; the clock of a recorder may have begun long before.

    Where it goes back, as in files that were joined, it goes on from where it was. A recording without a clock has the
    rate that its pictures tell, or ``per_second``.
    """
    step_s = 1 / float(video.guessed_rate or per_second)
    added_s, last_s = 0.0, 0.0
    for number, frame in enumerate(_decoded(opened, video)):
        own_s = number * step_s if frame.time is None else float(frame.time)
        if number == 0:
            added_s = -own_s
        time_s = added_s + own_s
        if time_s < last_s - BACK_S:
            leap_s = last_s + step_s - time_s
            added_s, time_s = added_s + leap_s, time_s + leap_s
        last_s = time_s
        yield time_s, frame


def _decoded(opened: Any, video: Any) -> Iterator[Any]:
    """Frames; what cannot be decoded is passed over, as players do."""
    import av

    broken = in_a_row = 0
    for packet in opened.demux(video):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            broken, in_a_row = broken + 1, in_a_row + 1
            if in_a_row == BROKEN_IN_A_ROW:
                raise
            continue
        in_a_row = 0
        yield from frames
    if broken:
        log.warning("part of a recording cannot be decoded, passed over", packets=broken)


def unreadable(source: str, error: Exception) -> CameraUnreadable:
    """FFmpeg's words may carry the address with its password: only their kind is told, and what to do about it."""
    kind, shown = type(error).__name__.removesuffix("Error"), without_secrets(source)
    is_file = not is_live(source) or source.startswith("file:")
    if kind == "Exit" or (kind == "InvalidData" and not is_file and not source.startswith("http")):
        # over RTSP FFmpeg finds data invalid too where it waited in vain for an answer
        message = f"{shown} does not answer in time, or not as a camera."
        return CameraUnreadable(message, field="source", hint=NO_ANSWER)
    what = getattr(error, "strerror", None) or kind  # FFmpeg's own words, without the address
    hint = NO_VIDEO if is_file and kind != "Permission" else HINTS.get(kind, NO_ANSWER)
    message = f"{shown} cannot be read ({what})."
    return CameraUnreadable(message, field="source", hint=hint, is_hopeless=kind in HINTS)


NO_ANSWER = "Check the address; is the camera on?"
NO_VIDEO = "It is no video, or was not copied to its end."
HINTS = {
    "HTTPUnauthorized": "User or password are wrong.",
    "HTTPForbidden": "User or password are wrong, or the user may not see the stream.",
    "HTTPNotFound": "The camera has no stream of that name.",
    "InvalidData": "That is no video; is it the address of a web page?",
    "ProtocolNotFound": "The address must begin with rtsp://, http:// or https://.",
    "Permission": "This user may not read it.",
}
