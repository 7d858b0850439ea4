"""Kept JPEGs: pixels for the models, smaller and blurred copies for people. Never reads untrusted bytes."""

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageFilter

from homeward.domain.animals import Picture
from homeward.domain.boxes import Box

QUALITY = 85
MOSAIC = 6  # blocks across a face: too few to know anybody by
BLUR_SHARE = 0.08


class PillowRenderer:
    """`homeward.ports.ImageRenderer` with Pillow."""

    def pixels(self, jpeg: bytes) -> Picture:
        """Decode a JPEG that a reader made."""
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
            return np.asarray(picture.convert("RGB"))

    def render(self, jpeg: bytes, *, max_side_px: int, crop: Box | None = None, blurred: Sequence[Box] = ()) -> bytes:
        """A JPEG of ``crop`` with the ``blurred`` boxes unrecognisable, then shrunk."""
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as opened:
            picture = opened.convert("RGB")
        for box in blurred:
            _hide(picture, box)
        if crop is not None:
            picture = picture.crop(_whole(crop, picture))
        picture.thumbnail((max_side_px, max_side_px), Image.Resampling.BILINEAR, reducing_gap=2.0)
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=QUALITY)
        return file.getvalue()


def _hide(picture: Image.Image, box: Box) -> None:
    area = _whole(box, picture)
    part = picture.crop(area)
    blocks = part.resize((MOSAIC, MOSAIC), Image.Resampling.BOX).resize(part.size, Image.Resampling.NEAREST)
    picture.paste(blocks.filter(ImageFilter.GaussianBlur(max(part.size) * BLUR_SHARE)), area[:2])


def _whole(box: Box, picture: Image.Image) -> tuple[int, int, int, int]:
    x0, y0, x1, y1 = box.clipped(picture.width, picture.height).rounded()
    x0, y0 = min(x0, picture.width - 1), min(y0, picture.height - 1)
    return x0, y0, max(x1, x0 + 1), max(y1, y0 + 1)
