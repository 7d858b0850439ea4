"""Shape: frames and pictures as they are sent in, upright ones with square pixels out."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from homeward.domain.animals import Picture

RIGHT_ANGLE = 90
ODDEST = 3.0  # a pixel so many times as wide as high, or as high as wide; beyond that a stream says nonsense
NEARLY_SQUARE = 0.02
BT_709, UNSAID, HD_LINES = 1, 2, 720  # as ITU-T H.273 numbers matrices


@dataclass(frozen=True, slots=True)
class Shape:
    """How what is sent becomes an upright picture with square pixels; frames are those of PyAV.

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

    def size(self, frame: Any) -> tuple[int, int]:
        """Width and height of the upright picture that a frame shows."""
        width, height = self._square(frame.width, frame.height), frame.height
        return (height, width) if self._lies(frame) else (width, height)

    def picture(self, frame: Any) -> Picture:
        """What a frame shows, RGB."""
        width, height = self._square(frame.width, frame.height), frame.height
        pixels = frame.to_ndarray(format="rgb24", width=width, height=height, src_colorspace=_colours(frame))
        return _turned(pixels, self._left_turn(frame))

    def grey(self, frame: Any, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
        """Its luma in a ``size`` of width and height; no colour is touched."""
        width, height = size[::-1] if self._lies(frame) else size
        # one thread: cameras share the cores, and waiting for helpers costs more than the work
        small = frame.reformat(width=width, height=height, format="gray", interpolation="AREA", threads=1)
        return _turned(small.to_ndarray(), self._left_turn(frame))

    def upright(self, pixels: Picture) -> Picture:
        """A picture that comes as it is."""
        height, width = pixels.shape[:2]
        if (wide := self._square(width, height)) != width:
            pixels = np.asarray(Image.fromarray(pixels).resize((wide, height), Image.Resampling.BILINEAR))
        return _turned(pixels, -self.turn)

    def _square(self, width: int, height: int) -> int:
        """How wide a picture of so many pixels is with square ones; its height stays."""
        stretched = self.aspect * height / width if self.aspect else self.pixel
        return width if abs(stretched - 1) <= NEARLY_SQUARE else max(1, round(width * stretched))

    def _left_turn(self, frame: Any) -> int:
        """Degrees; what a recording says of itself (a phone's does), and what is said of the camera."""
        return int(frame.rotation) - self.turn

    def _lies(self, frame: Any) -> bool:
        return self._left_turn(frame) % (2 * RIGHT_ANGLE) != 0


AS_SENT = Shape()


def _colours(frame: Any) -> int:
    """The matrix of its colours; many cameras do not say it, and then it goes by the size, as in every player."""
    is_unsaid = frame.colorspace == UNSAID
    return BT_709 if is_unsaid and frame.height >= HD_LINES else int(frame.colorspace)


def _turned(pixels: npt.NDArray[np.uint8], left: int) -> npt.NDArray[np.uint8]:
    turns = round(left / RIGHT_ANGLE) % 4
    return np.ascontiguousarray(np.rot90(pixels, turns)) if turns else pixels
