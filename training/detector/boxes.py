"""Boxes in numpy: anchors' offsets -> corners, overlap, and removal of doubles."""

from functools import cache

import numpy as np
import numpy.typing as npt

from training.detector.network import STRIDES

Floats = npt.NDArray[np.float32]


@cache
def anchors(side: int) -> tuple[Floats, Floats]:
    """Grid positions (n, 2) and strides (n,) in the order of the network's table."""
    grids, steps = [], []
    for stride in STRIDES:
        count = side // stride
        y, x = np.mgrid[:count, :count]
        grids.append(np.stack([x, y], -1).reshape(-1, 2))
        steps.append(np.full(count * count, stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(steps).astype(np.float32)


def decode(raw: Floats, side: int) -> Floats:
    """(n, 4) raw box outputs -> (n, 4) corners in pixels; ``n`` is once or several times the number of anchors."""
    grid, stride = anchors(side)
    times = len(raw) // len(grid)
    grid, stride = np.tile(grid, (times, 1)), np.tile(stride, times)
    centre = (raw[:, :2] + grid) * stride[:, None]
    half = np.exp(np.clip(raw[:, 2:4], -8, 8)) * stride[:, None] / 2
    return np.concatenate([centre - half, centre + half], 1)


def iou(one: Floats, many: Floats) -> Floats:
    """Overlap of one box (4,) with many (n, 4)."""
    low, high = np.maximum(one[:2], many[:, :2]), np.minimum(one[2:], many[:, 2:])
    shared = np.prod(np.clip(high - low, 0, None), 1)
    area = np.prod(one[2:] - one[:2]) + np.prod(many[:, 2:] - many[:, :2], 1) - shared
    return shared / np.maximum(area, 1e-9)


def keep_best(corners: Floats, scores: Floats, least: float, iou: float, classes: list[int]) -> Floats:
    """Rows (class, x0, y0, x1, y1, score), doubles of one class removed, best first."""
    rows = [
        row for column, name in enumerate(classes) for row in _of_class(corners, scores[:, column], least, iou, name)
    ]
    table = np.array(rows, np.float32).reshape(-1, 6)
    return table[np.argsort(-table[:, 5])]


def _of_class(corners: Floats, scores: Floats, least: float, limit: float, name: int) -> list[list[float]]:
    order = [int(i) for i in np.argsort(-scores)[:300] if scores[i] >= least]
    kept: list[list[float]] = []
    while order:
        best = order.pop(0)
        kept.append([name, *corners[best], scores[best]])
        overlaps = iou(corners[best], corners[order]) if order else np.zeros(0)
        order = [i for i, overlap in zip(order, overlaps, strict=True) if overlap < limit]
    return kept
