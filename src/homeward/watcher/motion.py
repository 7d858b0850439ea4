"""Motion gate: a small grey picture in, the regions where something moves out. Knows rain, lamps and clocks."""

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from homeward.domain.boxes import Box
from homeward.watcher.frames import CELL, Frame

LEAST_STEP = 14.0  # grey levels of 256
NOISE_TIMES = 4.0
SHARE_OF_CELL, SHARE_STEPPED, SHARE_SOLID = 0.15, 0.05, 0.4
STIRRED_S = 1.0
FLOOD = 0.5  # share of cells that change at once: a lamp or an infra-red filter, not an animal
SETTLE_S = 1.0
LEARN_S, LEARN_MOVING_S = 4.0, 30.0  # how fast the background follows
WHOLE_S, WHOLE_CARRIED_S = 60.0, 0.5  # the whole picture is looked at this often, whatever moves
BUSY_S, BUSY = 60.0, 0.35  # a cell that moves most of the time is a clock, a flag, a screen
PAD = 0.6
JOIN_WASTE = 1.25
MOST_REGIONS, MOST_SHARE = 6, 0.6
LEAST_REGION_PX = 208
LARGE, LEAST_CELLS = 8, 3
SHARE_WATCHED = 0.5
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Island: TypeAlias = list[tuple[int, int]]


@dataclass(slots=True)
class MotionGate:
    """One camera's background. Times are seconds.

    ``stirs`` tells of the last frame whether anything at all moved, be it too small or too short to be told from rain:
    between frames that lie seconds apart an animal can go far.
    """

    stirs: bool = False
    _background: Floats | None = None
    _noise: Floats | None = None
    _busy: Floats | None = None
    _last_s: float = 0.0
    _settled_s: float = 0.0
    _flooded_s: float | None = None
    _looked_s: float = 0.0
    _before: Mask | None = None
    _previous: Floats | None = None
    _stepped_s: npt.NDArray[np.float64] | None = None

    def regions(self, frame: Frame, watched: Mask | None = None) -> list[Box]:
        """Where something moves, in pixels of the picture, padded and joined; the whole picture at the very first.

        ``watched``, of the size of the frame's ``grey``, says where it counts.
        """
        width, height = frame.size
        grey, time_s = frame.grey.astype(np.float32), frame.time_s
        if self._background is None or self._background.shape != grey.shape:
            self._begin(grey, time_s)
            self.stirs = False
            return [Box(0, 0, width, height)]
        moving = self._moving(grey, max(1e-3, time_s - self._last_s), time_s, watched)
        self._last_s = time_s
        if time_s - self._looked_s >= self._pause_s(time_s):
            self._looked_s = time_s
            return [Box(0, 0, width, height)]
        scale = width / grey.shape[1] * CELL
        return joined([_padded(_around(island, scale), width, height) for island in moving], width, height)

    def _stepped(self, grey: Floats, least: Floats) -> Mask:
        """Cells that are not as they were on the frame before, by more than ``least``."""
        assert self._previous is not None
        step = grey - self._previous
        self._previous = grey
        step -= _middle(step)
        return _mean(np.abs(step, out=step) > least) > SHARE_STEPPED

    def _begin(self, grey: Floats, time_s: float) -> None:
        self._background, self._noise = grey.copy(), np.full(grey.shape, 2.0, np.float32)
        self._busy = np.zeros(tuple(side // CELL for side in grey.shape), np.float32)
        self._previous, self._stepped_s = grey, np.full(self._busy.shape, time_s)
        self._last_s, self._settled_s = time_s, time_s + SETTLE_S

    def _pause_s(self, time_s: float) -> float:
        """How long the whole picture need not be looked at: a camera that is carried about is always flooded."""
        carried = self._flooded_s is not None and time_s - self._flooded_s > SETTLE_S
        return WHOLE_CARRIED_S if carried else WHOLE_S

    def _moving(self, grey: Floats, passed_s: float, time_s: float, watched: Mask | None) -> list[Island]:
        assert self._background is not None
        assert self._noise is not None
        assert self._busy is not None
        assert self._stepped_s is not None
        plain = grey - self._background
        change = plain - _middle(plain)  # all of it brighter or darker is weather
        size = np.abs(change)
        least = np.maximum(LEAST_STEP, NOISE_TIMES * self._noise)
        changed = size > least
        share = _mean(changed)
        cells = share > SHARE_OF_CELL
        if cells.any():
            # light adds nearly the same to all of a cell; what moves brings its own pattern or edge along
            cells &= _spread(change) > LEAST_STEP / 2
        if share.mean() > FLOOD or cells.mean() > FLOOD:
            self._flooded_s = time_s if self._flooded_s is None else self._flooded_s
            self._begin(grey, time_s)
            self.stirs = False
            return []
        if time_s > self._settled_s:
            self._flooded_s = None
        # what only looks different, and has not stirred for a while, is a lamp's light or a parked car
        self._stepped_s[self._stepped(grey, least)] = time_s
        cells &= time_s - self._stepped_s < max(STIRRED_S, 1.5 * passed_s)
        rate = _rate(cells, passed_s)
        self._background += rate * plain
        size -= self._noise
        size[changed] = 0.0
        self._noise += rate * size
        before, self._before = self._before, cells
        self._busy += np.float32(1 - np.exp(-passed_s / BUSY_S)) * (cells - self._busy)
        self.stirs = False
        if time_s < self._settled_s:
            return []
        cells = cells & (self._busy < BUSY)
        if watched is not None:
            cells = cells & (_mean(watched) > SHARE_WATCHED)
        islands = [island for island in _islands(cells) if len(island) >= LEAST_CELLS and _is_solid(island, share)]
        self.stirs = bool(islands)
        return _lasting(islands, cells.shape, before)


def _middle(values: Floats) -> np.float32:
    """About the median: that of every fourth row and column."""
    return np.float32(np.median(values[::4, ::4]))


def _summed(values: npt.NDArray[Any], kind: type[np.generic]) -> npt.NDArray[Any]:
    """The sum of each cell."""
    rows, columns = values.shape[0] // CELL, values.shape[1] // CELL
    lines = values.reshape(rows, CELL, -1).sum(1, dtype=kind)
    return np.asarray(lines.reshape(rows, columns, CELL).sum(2))


def _mean(values: Mask) -> Floats:
    """The share of each cell that is true."""
    return _summed(values, np.uint8).astype(np.float32) / np.float32(CELL**2)


def _spread(values: Floats) -> Floats:
    """The standard deviation of each cell."""
    mean, squares = _summed(values, np.float32) / CELL**2, _summed(values * values, np.float32) / CELL**2
    return np.asarray(np.sqrt(np.maximum(squares - mean * mean, 0.0)))


def _rate(moving: Mask, passed_s: float) -> "Floats | np.float32":
    """How far the background follows: slowly where something moves."""
    still = np.float32(1 - np.exp(-passed_s / LEARN_S))
    if not moving.any():
        return still
    cells = np.where(moving, np.float32(1 - np.exp(-passed_s / LEARN_MOVING_S)), still)
    return cells.repeat(CELL, 0).repeat(CELL, 1)


def _is_solid(island: Island, share: Floats) -> bool:
    """Whether some cell of it changed for a good part: an animal fills one, a drop or a twig is a thin line."""
    return any(share[cell] > SHARE_SOLID for cell in island)


def _lasting(islands: list[Island], shape: tuple[int, ...], before: Mask | None) -> list[Island]:
    """Islands that are large, or where something moved a moment ago too: drops and sparks are small and short."""
    near = _widened(before) if before is not None and before.shape == shape else np.zeros(shape, np.bool_)
    return [island for island in islands if len(island) >= LARGE or any(near[cell] for cell in island)]


def _widened(cells: Mask) -> Mask:
    """With all cells that lie within one of them."""
    padded = np.pad(cells, 1)
    rows, columns = cells.shape
    shifted = [padded[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
    return np.asarray(np.any(shifted, axis=0))


def _islands(cells: Mask) -> list[Island]:
    """Cells (row, column) that lie within two of each other, together."""
    left = {(int(row), int(column)) for row, column in zip(*np.nonzero(cells), strict=True)}
    found = []
    while left:
        island: Island = []
        edge = [left.pop()]
        while edge:
            row, column = edge.pop()
            island.append((row, column))
            near = {(row + dy, column + dx) for dy in (-2, -1, 0, 1, 2) for dx in (-2, -1, 0, 1, 2)} & left
            left -= near
            edge += near
        found.append(island)
    return found


def _around(island: Island, scale: float) -> Box:
    rows, columns = zip(*island, strict=True)
    return Box(min(columns) * scale, min(rows) * scale, (max(columns) + 1) * scale, (max(rows) + 1) * scale)


def _padded(box: Box, width: int, height: int) -> Box:
    """Grown, at least as large as the detector sees well, and pushed back into the picture."""
    side_x = max(box.width * (1 + PAD), LEAST_REGION_PX)
    side_y = max(box.height * (1 + PAD), LEAST_REGION_PX)
    x, y = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
    x = min(max(x, side_x / 2), width - side_x / 2)
    y = min(max(y, side_y / 2), height - side_y / 2)
    return Box(x - side_x / 2, y - side_y / 2, x + side_x / 2, y + side_y / 2).clipped(width, height)


def joined(boxes: list[Box], width: int, height: int) -> list[Box]:
    """Boxes that together are hardly larger than alone become one; too many become the whole picture."""
    left, done = list(boxes), []
    while left:
        box = left.pop()
        for other in left:
            both = Box(min(box.x0, other.x0), min(box.y0, other.y0), max(box.x1, other.x1), max(box.y1, other.y1))
            if both.area <= JOIN_WASTE * (box.area + other.area - box.overlap(other).area):
                left.remove(other)
                left.append(both)
                break
        else:
            done.append(box)
    whole = Box(0.0, 0.0, float(width), float(height))
    too_much = len(done) > MOST_REGIONS or sum(box.area for box in done) > MOST_SHARE * whole.area
    return [whole] if too_much else done
