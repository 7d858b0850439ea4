"""Combing: pictures woven of two half ones of different moments, as analogue cameras send them, mended where it shows.

Recorders seldom say so, so that the pixels are asked: what moves sticks out line by line, as nothing else does.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Picture
from homeward.domain.boxes import Box
from homeward.domain.crops import cut

LINES = 4  # that a region must have, at least
LEAST_STEP = 8  # grey levels
COMBED = 0.01  # share of a region's pixels; on 1,700 natural and noisy ones it was 0.001 at most


def mended(picture: Picture, regions: Sequence[Box]) -> Picture:
    """The picture, of whose ``regions`` those that are woven show one moment; it is left as it is where none is."""
    woven = [box for box in regions if _is_woven(cut(picture, box))]
    if not woven:
        return picture
    made = picture.copy()
    for box in woven:
        x0, y0, x1, y1 = (max(0, round(side)) for side in (box.x0, box.y0, box.x1, box.y1))
        made[y0:y1, x0:x1] = _of_one_moment(made[y0:y1, x0:x1])
    return made


def _is_woven(region: Picture) -> bool:
    """Whether lines stick out from their neighbours more often than from the lines beyond, as in no natural picture."""
    grey = _grey(region)
    if grey.shape[0] <= LINES:
        return False
    near = _sticking_out(grey[:-2], grey[1:-1], grey[2:]).mean()
    return bool(near - _sticking_out(grey[:-4], grey[2:-2], grey[4:]).mean() > COMBED)


def _grey(pixels: Picture) -> npt.NDArray[np.int16]:
    red, green, blue = (pixels[..., channel].astype(np.int16) for channel in range(3))
    return np.asarray((red + 2 * green + blue) >> 2)


def _sticking_out(
    above: npt.NDArray[np.int16], line: npt.NDArray[np.int16], below: npt.NDArray[np.int16]
) -> npt.NDArray[np.bool_]:
    """Where a line is plainly brighter, or plainly darker, than both others."""
    up, down = line - above, line - below
    return np.asarray((np.minimum(np.abs(up), np.abs(down)) > LEAST_STEP) & ((up > 0) == (down > 0)))


def _of_one_moment(region: Picture) -> Picture:
    """Every second line becomes the mean of its neighbours where it sticks out; what stands still stays sharp."""
    above, line, below = region[:-2:2], region[1:-1:2], region[2::2]
    mean = ((above.astype(np.uint16) + below) // 2).astype(np.uint8)
    made = region.copy()
    made[1:-1:2] = np.where(_sticking_out(_grey(above), _grey(line), _grey(below))[..., None], mean, line)
    return made
