"""Frames: what a camera sends in, upright pictures out; made only when somebody asks for them."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from homeward.domain.animals import Picture
from homeward.images.shape import AS_SENT, Shape

GREY_WIDTH, MOST_GREY_WIDTH, CELL = 320, 640, 8
GREY_PX = 4  # of the picture to one pixel of its luma, up to 2560: an animal of 64 fills cells of a large one too
Grey = npt.NDArray[np.uint8]


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
        return self.source if isinstance(self.source, np.ndarray) else self.shape.picture(self.source)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the picture in pixels."""
        if isinstance(self.source, np.ndarray):
            return self.source.shape[1], self.source.shape[0]
        return self.shape.size(self.source)

    @cached_property
    def grey(self) -> Grey:
        """Its luma, small, both sides whole multiples of `CELL`; of a video no colour is touched."""
        size = grey_size(*self.size)
        if not isinstance(self.source, np.ndarray):
            return self.shape.grey(self.source, size)
        small = Image.fromarray(self.source).resize(size, Image.Resampling.BOX, reducing_gap=1.0)
        return np.asarray(small.convert("L"))


def grey_size(width: int, height: int) -> tuple[int, int]:
    """Width and height of a picture's luma for the motion gate: wider where the picture is so."""
    wide = min(MOST_GREY_WIDTH, max(GREY_WIDTH, width // GREY_PX // CELL * CELL))
    return wide, max(CELL, round(height * wide / width) // CELL * CELL)
