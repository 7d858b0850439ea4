"""Pictures into a network's input, as its card says; and the way back for boxes."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from homeward.domain.animals import Picture
from homeward.models.cards import Input

WHOLE_STEPS = 1.5  # how much larger than wanted the antialiased step begins; Pillow's reducing_gap
Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture on the network's canvas: pixel (x, y) of the picture lies at (x * scale_x + left, ...)."""

    canvas: Picture
    scale_x: float
    scale_y: float
    left: float
    top: float


def fit(picture: Picture, how: Input) -> Fitted:
    """Resize (bilinear, antialiased; large pictures by whole steps first, in half the time) and pad."""
    height, width = picture.shape[:2]
    if how.fit == "stretch":
        scale_x, scale_y = how.width / width, how.height / height
    else:
        scale_x = scale_y = min(how.width / width, how.height / height)
    size = (max(1, round(width * scale_x)), max(1, round(height * scale_y)))
    resized = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR, reducing_gap=WHOLE_STEPS))
    centred = how.fit == "pad-centre"
    left = (how.width - size[0]) // 2 if centred else 0
    top = (how.height - size[1]) // 2 if centred else 0
    canvas = np.full((how.height, how.width, 3), how.fill, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = resized
    return Fitted(canvas, scale_x, scale_y, left, top)


def tensor(canvases: list[Picture], how: Input) -> Floats:
    """Network input (n, 3, height, width) or (n, height, width, 3)."""
    pixels = np.stack(canvases).astype(np.float32)
    if how.colour == "BGR":
        pixels = pixels[..., ::-1]
    if how.scale != 1.0 or how.mean != (0.0, 0.0, 0.0) or how.std != (1.0, 1.0, 1.0):
        pixels = np.asarray((pixels * how.scale - np.array(how.mean)) / np.array(how.std), np.float32)
    if how.layout == "NCHW":
        pixels = pixels.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(pixels, dtype=np.float32)


def golden_picture(width: int, height: int) -> Picture:
    """Picture ``pattern-1``: made of whole numbers, the same on every machine."""
    y, x, c = np.mgrid[:height, :width, :3]
    return np.asarray((x * 7 + y * 13 + c * 29 + (x * y) // 64) % 256, np.uint8)
