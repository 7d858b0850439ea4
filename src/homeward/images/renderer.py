"""Kept JPEGs: pixels for the models, smaller and blurred copies for people. Never reads untrusted bytes."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from PIL import Image, ImageFilter, ImageOps

from homeward.domain.animals import Picture
from homeward.domain.boxes import Box
from homeward.errors import PhotoUnreadable
from homeward.ports import View

QUALITY = 85
MOSAIC = 6  # blocks across a face: too few to know anybody by
BLUR_SHARE = 0.08
GAP_PX, BARS = 12, (250, 250, 250)


class PillowRenderer:
    """`homeward.ports.ImageRenderer` with Pillow."""

    def pixels(self, jpeg: bytes) -> Picture:
        """Decode a JPEG that a reader made.

        Raises:
            PhotoUnreadable: it was damaged since.
        """
        with _opened(jpeg) as picture:
            return np.asarray(picture.convert("RGB"))

    def render(self, jpeg: bytes, *, max_side_px: int, crop: Box | None = None, blurred: Sequence[Box] = ()) -> bytes:
        """A JPEG of ``crop`` with the ``blurred`` boxes unrecognisable, then shrunk.

        Raises:
            PhotoUnreadable: it was damaged since it was kept.
        """
        with _opened(jpeg) as opened:
            picture = opened.convert("RGB")
        for box in blurred:
            _hide(picture, box)
        if crop is not None:
            picture = picture.crop(_whole(crop, picture))
        picture.thumbnail((max_side_px, max_side_px), Image.Resampling.BILINEAR, reducing_gap=2.0)
        return _jpeg(picture)

    def beside(self, left: View, right: View, *, height_px: int) -> bytes:
        """A JPEG of two views side by side.

        Raises:
            PhotoUnreadable: one was damaged since it was kept.
        """
        one, other = _fitted(left, height_px), _fitted(right, height_px)
        both = Image.new("RGB", (one.width + GAP_PX + other.width, height_px), BARS)
        both.paste(one, (0, 0))
        both.paste(other, (one.width + GAP_PX, 0))
        return _jpeg(both)


@contextmanager
def _opened(jpeg: bytes) -> Iterator[Image.Image]:
    """A kept picture, to be decoded within the block."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
            yield opened
    except (OSError, SyntaxError, ValueError) as error:
        raise PhotoUnreadable("The kept picture is damaged.", field="photo", hint="Send it again.") from error


def _jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def _fitted(view: View, height_px: int) -> Image.Image:
    """The view, ``height_px`` high; one that would be wider than high is shown whole between bars."""
    with _opened(view.jpeg) as opened:
        full = opened.size
        shown = view.crop or Box(0, 0, *full)
        least = max(1, round(max(shown.x1 - shown.x0, shown.y1 - shown.y0) / (2 * height_px)))
        opened.draft("RGB", (full[0] // least, full[1] // least))  # decodes at a half, a quarter: much less work
        picture = opened.convert("RGB")
    scale = picture.width / full[0], picture.height / full[1]
    for box in view.blurred:
        _hide(picture, _scaled(box, scale))
    cut = picture.crop(_whole(_scaled(shown, scale), picture))
    fitted = ImageOps.contain(cut, (height_px, height_px), Image.Resampling.BILINEAR)
    return ImageOps.pad(fitted, (fitted.width, height_px), color=BARS)


def _scaled(box: Box, scale: tuple[float, float]) -> Box:
    return Box(box.x0 * scale[0], box.y0 * scale[1], box.x1 * scale[0], box.y1 * scale[1])


def _hide(picture: Image.Image, box: Box) -> None:
    area = _whole(box, picture)
    part = picture.crop(area)
    blocks = part.resize((MOSAIC, MOSAIC), Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
    picture.paste(blocks.filter(ImageFilter.GaussianBlur(max(part.size) * BLUR_SHARE)), area[:2])


def _whole(box: Box, picture: Image.Image) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box.clipped(picture.width, picture.height).rounded()
    x0, y0 = min(x0, picture.width - 1), min(y0, picture.height - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)
