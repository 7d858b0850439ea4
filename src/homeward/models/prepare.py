"""Pictures into a network's input, as its card says; and the way back for boxes."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from homeward.domain.animals import Picture
from homeward.models.cards import Input

WHOLE_STEPS = 1.5  # how much larger than wanted the antialiased step begins; Pillow's reducing_gap
COARSE_STEPS = 1.0  # for a detector: means of whole pixels nearly all the way; boxes as sure, half a millisecond less
GREY_SPREAD = 4  # between the channels of most pixels: JPEG and infra-red light tint grey a little
SAMPLED = 4  # every so many rows and columns tell whether a picture has colour
Floats = npt.NDArray[np.float32]
Shorts = npt.NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A picture on the network's canvas: pixel (x, y) of the picture lies at (x * scale_x + left, ...)."""

    canvas: Picture
    scale_x: float
    scale_y: float
    left: float
    top: float
    has_colour: bool


def fit(picture: Picture, how: Input, side: int | None = None, *, steps: float = WHOLE_STEPS) -> Fitted:
    """Resize (bilinear, antialiased; large pictures by whole steps first, in half the time), smooth and pad.

    With ``side`` no side of the picture is longer than that on the canvas; a stretched one fills it always.
    """
    height, width = picture.shape[:2]
    if how.fit == "stretch":
        scale_x, scale_y = how.width / width, how.height / height
    else:
        most = math.inf if side is None else side / max(width, height)
        scale_x = scale_y = min(how.width / width, how.height / height, most)
    size = (max(1, round(width * scale_x)), max(1, round(height * scale_y)))
    resized = np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BILINEAR, reducing_gap=steps))
    is_coloured = has_colour(resized)
    resized = resized if is_coloured else smoothed(resized, how.grey_blur_px)
    centred = how.fit == "pad-centre"
    left = (how.width - size[0]) // 2 if centred else 0
    top = (how.height - size[1]) // 2 if centred else 0
    canvas = np.full((how.height, how.width, 3), how.fill, np.uint8)
    canvas[top : top + size[1], left : left + size[0]] = resized
    return Fitted(canvas, scale_x, scale_y, left, top, is_coloured)


def smoothed(picture: Picture, blur_px: float) -> Picture:
    """Blurred, where it has no colour: what cameras sharpen and what is noise hides animals at night from a network.

    Each pixel becomes a mean with its neighbours that spreads it by ``blur_px`` (0.2 to 0.8, in steps): in a third of
    the time that a Gaussian filter takes, and closer to one than Pillow's, which is made for large radii.
    """
    if not blur_px:
        return picture
    times = round(2 / blur_px**2) - 2
    height, width, step = picture.shape
    edged = np.pad(picture, ((1, 1), (1, 1), (0, 0)), "edge").astype(np.uint16).reshape(height + 2, -1)
    rows = _weighed(edged[:-2], edged[1:-1], edged[2:], times)
    mixed = _weighed(rows[:, : -2 * step], rows[:, step:-step], rows[:, 2 * step :], times)
    return mixed.astype(np.uint8).reshape(height, width, step)


def has_colour(picture: Picture) -> bool:
    """Whether most of its pixels have; infra-red light and old film tint all of them a little."""
    channels = picture[::SAMPLED, ::SAMPLED].transpose(2, 0, 1).copy()  # numpy is quick along the first axis
    return bool(np.median(channels.max(0) - channels.min(0)) > GREY_SPREAD)


def _weighed(before: Shorts, at: Shorts, after: Shorts, times: int) -> Shorts:
    """The mean of three neighbours, of which the middle one weighs ``times`` as much as each of the others."""
    mixed = before + after
    for _ in range(times):
        mixed += at
    mixed += (times + 2) // 2
    mixed //= times + 2
    return mixed


def tensor(canvases: list[Picture], how: Input) -> Floats:
    """Network input (n, 3, height, width) or (n, height, width, 3)."""
    is_planes = how.layout == "NCHW"
    height, width, channels = canvases[0].shape
    sides = (channels, height, width) if is_planes else (height, width, channels)
    mean, std = (np.array(values, np.float32).reshape((3, 1, 1) if is_planes else 3) for values in (how.mean, how.std))
    gain, shift = np.float32(how.scale) / std, mean / std
    made = np.empty((len(canvases), *sides), np.float32)
    for number, canvas in enumerate(canvases):
        row = made[number]
        ordered = canvas[..., ::-1] if how.colour == "BGR" else canvas
        # bytes are moved about in a quarter of the time
        row[...] = np.ascontiguousarray(ordered.transpose(2, 0, 1) if is_planes else ordered)
        if (gain != 1).any():
            row *= gain
        if shift.any():
            row -= shift
    return made


def golden_picture(width: int, height: int) -> Picture:
    """Picture ``pattern-1``: made of whole numbers, the same on every machine."""
    y, x, c = np.mgrid[:height, :width, :3]
    return np.asarray((x * 7 + y * 13 + c * 29 + (x * y) // 64) % 256, np.uint8)
