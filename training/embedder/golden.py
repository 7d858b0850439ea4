"""Golden: the fixed picture by which a wrongly loaded network is found out. Pure."""

from __future__ import annotations

import numpy as np

from training.embedder.pictures import Pixels


def pattern_1(width: int, height: int) -> Pixels:
    """uint8 [height, width, 3] with ``(7 x + 13 y + 29 c + x y // 64) mod 256``."""
    y, x, channel = np.ogrid[:height, :width, :3]
    return ((x * 7 + y * 13 + channel * 29 + (x * y) // 64) % 256).astype(np.uint8)
