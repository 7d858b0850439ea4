"""Frames: what a camera sends in, upright pictures with square pixels out; made only when somebody asks for them."""

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from homeward.domain.animals import Picture

GREY_WIDTH, CELL = 320, 8
RIGHT_ANGLE = 90
ODDEST = 3.0  # a pixel so many times as wide as high, or as high as wide; beyond that a stream says nonsense
NEARLY_SQUARE = 0.02
COMBED = (
    8  # grey levels by which a line differs from both its neighbours, both ways alike, where it is of another moment
)
GREEN = 1
Grey = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Shape:
    """How what is sent becomes an upright picture with square pixels.

    ``turn`` is clockwise, in degrees, a multiple of 90. ``aspect`` is the width by the height of what is sent, as it is
    meant to be seen; where it is None, ``pixel`` holds, the width by the height of one pixel.
    """

    turn: int = 0
    aspect: float | None = None
    pixel: float = 1.0

    def of(self, ratio: Fraction | None) -> "Shape":
        """With pixels of a stream that says ``ratio`` of them; None and nonsense count as square."""
        pixel = float(ratio) if ratio and 1 / ODDEST <= ratio <= ODDEST else 1.0
        return Shape(self.turn, self.aspect, pixel)

    def width(self, width: int, height: int) -> int:
        """How wide a picture of so many pixels is with square ones; its height stays."""
        stretched = self.aspect * height / width if self.aspect else self.pixel
        return width if abs(stretched - 1) <= NEARLY_SQUARE else max(1, round(width * stretched))

    def upright(self, pixels: Picture) -> Picture:
        """A picture that nobody else made upright."""
        height, width = pixels.shape[:2]
        if (wide := self.width(width, height)) != width:
            pixels = np.asarray(Image.fromarray(pixels).resize((wide, height), Image.Resampling.BILINEAR))
        return _turned(pixels, -self.turn)


AS_SENT = Shape()


@dataclass(frozen=True)
class Frame:
    """One picture, ``time_s`` seconds after the first, taken ``at``; its pixels are made when they are asked for.

    ``source`` is an upright RGB picture, or a frame of PyAV that ``shape`` makes upright.
    """

    number: int
    time_s: float
    at: datetime
    source: Any
    shape: Shape = AS_SENT

    @cached_property
    def picture(self) -> Picture:
        """Upright, RGB."""
        if isinstance(self.source, np.ndarray):
            return self.source
        width, height = self._sent
        pixels = self.source.to_ndarray(format="rgb24", width=width, height=height)
        return _turned(pixels, self._left_turn)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        if isinstance(self.source, np.ndarray):
            return self.source.shape[1], self.source.shape[0]
        width, height = self._sent
        return (height, width) if self._lies else (width, height)

    @cached_property
    def grey(self) -> Grey:
        """Its luma, `GREY_WIDTH` wide, the height a whole multiple of `CELL`; of a video no colour is touched."""
        width, height = grey_size(*self.size)
        if isinstance(self.source, np.ndarray):
            small = Image.fromarray(self.source).resize((width, height), Image.Resampling.BOX, reducing_gap=1.0)
            return np.asarray(small.convert("L"))
        size = (height, width) if self._lies else (width, height)
        # one thread: cameras share the cores, and waiting for helpers costs more than the work
        small = self.source.reformat(width=size[0], height=size[1], format="gray", interpolation="AREA", threads=1)
        return _turned(small.to_ndarray(), self._left_turn)

    @property
    def _sent(self) -> tuple[int, int]:
        """Width and height as sent, with square pixels."""
        width, height = self.source.width, self.source.height
        return self.shape.width(width, height), height

    @property
    def _left_turn(self) -> int:
        """Degrees; what a recording says of itself (a phone's does), and what is said of the camera."""
        return int(self.source.rotation) - self.shape.turn

    @property
    def _lies(self) -> bool:
        return self._left_turn % (2 * RIGHT_ANGLE) != 0


def grey_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a picture's luma for the motion gate."""
    return GREY_WIDTH, max(CELL, round(height * GREY_WIDTH / width) // CELL * CELL)


def _turned(pixels: npt.NDArray[np.uint8], left: int) -> npt.NDArray[np.uint8]:
    turns = round(left / RIGHT_ANGLE) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels
