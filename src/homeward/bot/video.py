"""Sharp moments of a short video, for those who sent one instead of a photo."""

import io
from collections.abc import Iterator

import numpy as np
from PIL import Image

from homeward.images.shape import AS_SENT

LONGEST_S = 60.0
STEP_S = 0.5  # looked at this often
SMALL_PX = 320
MOST_PIXELS = 25_000_000
QUALITY = 90


def sharpest_moments(data: bytes, count: int) -> list[float]:
    """Up to ``count`` moments in seconds, one from each part of the video, the sharpest there; empty if unreadable."""
    looked = [(at_s, _sharpness(picture)) for at_s, picture in _frames(data)]
    parts = np.array_split(np.arange(len(looked)), min(count, len(looked))) if looked else []
    return [max((looked[i] for i in part), key=lambda seen: seen[1])[0] for part in parts]


def frame_at(data: bytes, at_s: float) -> bytes | None:
    """The picture at a moment, as JPEG."""
    for seen_s, picture in _frames(data):
        if seen_s >= at_s:
            file = io.BytesIO()
            picture.save(file, "JPEG", quality=QUALITY)
            return file.getvalue()
    return None


def _frames(data: bytes) -> Iterator[tuple[float, Image.Image]]:
    import av

    last_s = -STEP_S
    try:
        with av.open(io.BytesIO(data), mode="r") as video:
            size = video.streams.video[0].codec_context
            if size.width * size.height > MOST_PIXELS:
                return
            shape = AS_SENT.of(video.streams.video[0].sample_aspect_ratio)
            for frame in video.decode(video=0):
                at_s = float(frame.time or 0.0)
                if at_s > LONGEST_S:
                    return
                if at_s >= last_s + STEP_S:
                    last_s = at_s
                    yield at_s, Image.fromarray(shape.picture(frame))
    except (av.FFmpegError, IndexError, ValueError):
        return


def _sharpness(picture: Image.Image) -> float:
    """How much neighbouring points differ: the variance of the Laplacian of a small grey copy."""
    grey = picture.convert("L")
    grey.thumbnail((SMALL_PX, SMALL_PX))
    points = np.asarray(grey, np.float32)
    inner = points[1:-1, 1:-1]
    around = points[:-2, 1:-1] + points[2:, 1:-1] + points[1:-1, :-2] + points[1:-1, 2:]
    return float((around - 4 * inner).var())
