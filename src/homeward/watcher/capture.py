"""Capture: a camera's address, a clip or a folder of pictures in, frames with their times out."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import numpy as np
from PIL import Image, UnidentifiedImageError

from homeward.domain.animals import Picture
from homeward.errors import HomewardError, InvalidInput

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
OPEN_TIMEOUT_S, READ_TIMEOUT_S = 10.0, 10.0
TIMES_AGO = timedelta(days=3650)


class CameraUnreadable(HomewardError):
    """The source cannot be opened, or is no video."""

    code = "camera_unreadable"
    status = 422


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture (upright RGB), ``time_s`` seconds after the first, taken ``at``."""

    number: int
    time_s: float
    at: datetime
    picture: Picture


def without_secrets(source: str) -> str:
    """The address without user and password, for people and logs."""
    if "://" not in source:
        return source
    parts = urlsplit(source)
    host = parts.hostname or ""
    return urlunsplit((parts.scheme, f"{host}:{parts.port}" if parts.port else host, parts.path, "", ""))


def frames(source: str, *, per_second: float, realtime: bool = False) -> Iterator[Frame]:
    """At most ``per_second`` frames a second of ``source``: an address (rtsp, http), a clip, or a folder of pictures.

    A clip and a folder come as fast as they can be read, unless ``realtime``; pictures of a folder are a second apart.

    Raises:
        CameraUnreadable: it cannot be opened, breaks off, or is no video.
        InvalidInput: there is no such file.
    """
    if "://" not in source and Path(source).is_dir():
        yield from _of_folder(Path(source))
        return
    if "://" not in source and not Path(source).exists():
        raise InvalidInput(
            f"{source} is not there.", field="source", hint="Name a file, a folder or an rtsp:// address."
        )
    yield from _of_video(source, per_second, realtime=realtime)


def _of_folder(folder: Path) -> Iterator[Frame]:
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES)
    if not paths:
        raise CameraUnreadable(
            f"{folder} holds no pictures.", field="source", hint="It wants .jpg, .png or .webp files."
        )
    start = datetime.now(UTC)
    for number, path in enumerate(paths):
        try:
            with Image.open(path) as picture:
                pixels = np.asarray(picture.convert("RGB"))
        except (UnidentifiedImageError, OSError) as error:
            raise CameraUnreadable(f"{path.name} is no picture.", field="source", hint="Take it away.") from error
        yield Frame(number, float(number), start + timedelta(seconds=number), pixels)


def _of_video(source: str, per_second: float, *, realtime: bool) -> Iterator[Frame]:
    import av

    named, is_live = without_secrets(source), "://" in source
    options = {"rtsp_transport": "tcp"} if source.startswith("rtsp") else {}
    try:
        opened: Any = av.open(source, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
    except (av.FFmpegError, OSError, ValueError) as error:
        raise _unreadable(named, error) from error
    with opened:
        if not opened.streams.video:
            raise CameraUnreadable(f"{named} holds no video.", field="source", hint="Is it the right file or address?")
        start, began = datetime.now(UTC), time.monotonic()
        last_s = -1.0
        try:
            for number, frame in enumerate(opened.decode(video=0)):
                time_s = time.monotonic() - began if is_live or frame.time is None else float(frame.time)
                if time_s - last_s < 1 / per_second - 1e-3 and last_s >= 0:
                    continue
                last_s = time_s
                if realtime and not is_live:
                    time.sleep(max(0.0, time_s - (time.monotonic() - began)))
                yield Frame(number, time_s, start + timedelta(seconds=time_s), frame.to_ndarray(format="rgb24"))
        except (av.FFmpegError, OSError, ValueError) as error:
            raise _unreadable(named, error) from error
        if last_s < 0:
            raise CameraUnreadable(f"{named} holds no frame.", field="source", hint="Is it the right file or address?")


def _unreadable(named: str, error: Exception) -> CameraUnreadable:
    """FFmpeg's words may carry the address with its password: only their kind is told."""
    kind = type(error).__name__.removesuffix("Error")
    hint = "Check address, user and password; is the camera on?" if "://" in named else "Is it a video?"
    return CameraUnreadable(f"{named} cannot be read ({kind}).", field="source", hint=hint)
