"""A YOLOX head's table in, boxes on the picture out (arXiv 2107.08430). Numpy only."""

from functools import cache

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Detection, Label
from homeward.domain.boxes import Box
from homeward.models.cards import DetectorCard
from homeward.models.prepare import Fitted

Floats = npt.NDArray[np.float32]
MOST_BOXES = 100
PETS = {Label.CAT, Label.DOG}


@cache
def _anchors(width: int, height: int, strides: tuple[int, ...]) -> tuple[Floats, Floats]:
    grids, steps = [], []
    for stride in strides:
        y, x = np.mgrid[: height // stride, : width // stride]
        grids.append(np.stack([x, y], -1).reshape(-1, 2))
        steps.append(np.full((len(grids[-1]), 1), stride))
    return np.concatenate(grids).astype(np.float32), np.concatenate(steps).astype(np.float32)


@cache
def _rows_of(whole: tuple[int, int], height: int, width: int, strides: tuple[int, ...]) -> npt.NDArray[np.int64]:
    rows, first = [], 0
    for stride in strides:
        numbers = first + np.arange((whole[0] // stride) * (whole[1] // stride)).reshape(whole[0] // stride, -1)
        rows.append(numbers[: height // stride, : width // stride].ravel())
        first += numbers.size
    return np.concatenate(rows)


def anchor_rows(card: DetectorCard, height: int, width: int) -> tuple[npt.NDArray[np.int64], int]:
    """Rows of a whole input's table that belong to its upper left ``height`` x ``width``; and how many there are."""
    whole = (card.input.height, card.input.width)
    count = sum((whole[0] // stride) * (whole[1] // stride) for stride in card.strides)
    return _rows_of(whole, height, width, card.strides), count


def decode(table: Floats, card: DetectorCard, fitted: Fitted, width: int, height: int) -> tuple[Detection, ...]:
    """Boxes in pixels of the picture (``width`` x ``height``), most certain first.

    ``table`` is (anchors, 5 + classes): centre offsets, log sizes, objectness, class scores (both 0 to 1). Tables of
    several heads on the same anchors may follow one another. On a picture without colour what the card calls
    ``grey_animals`` counts for cat or dog, whichever is likelier: by night a network knows an animal before its kind.
    """
    grid, stride = _anchors(card.input.width, card.input.height, card.strides)
    found: list[Detection] = []
    for label, scores in _scores(table, card, is_grey=not fitted.has_colour).items():
        rows = np.flatnonzero(scores >= card.thresholds[label])
        if not len(rows):
            continue
        anchors = rows % len(grid)
        corners = _corners(table[rows, :4], grid[anchors], stride[anchors])
        for row in _distinct(corners, scores[rows], card.nms_iou):
            box = _on_picture(corners[row], fitted).clipped(width, height)
            found.append(Detection(box, label, float(min(1.0, scores[rows[row]]))))
    return tuple(sorted((d for d in found if d.box.area > 0), key=lambda d: -d.confidence)[:MOST_BOXES])


def _scores(table: Floats, card: DetectorCard, *, is_grey: bool) -> dict[Label, Floats]:
    """Of each label (anchors,); those of all animals together are the likelier pet's where it is grey."""
    found = {label: table[:, 4] * table[:, 5 + index] for index, label in card.classes.items()}
    pets = [label for label in found if label in PETS]
    if is_grey and pets and card.grey_animals:
        apart = np.stack([found[label] for label in pets])
        others = [table[:, 4] * table[:, 5 + index] for index in card.grey_animals]
        together, likelier = apart.sum(0) + np.sum(others, 0), apart.argmax(0)
        found |= {label: np.where(likelier == number, together, 0.0) for number, label in enumerate(pets)}
    return found


def _corners(raw: Floats, grid: Floats, stride: Floats) -> Floats:
    centre = (raw[:, :2] + grid) * stride
    half = np.exp(np.clip(raw[:, 2:], -8, 8)) * stride / 2
    return np.concatenate([centre - half, centre + half], 1)


def _distinct(corners: Floats, scores: Floats, limit: float) -> list[int]:
    """Rows that are left when weaker boxes that overlap a stronger one go."""
    order = np.argsort(-scores)[: 10 * MOST_BOXES]
    area = np.prod(corners[:, 2:] - corners[:, :2], 1)
    kept: list[int] = []
    while len(order):
        best, order = int(order[0]), order[1:]
        kept.append(best)
        low = np.maximum(corners[best, :2], corners[order, :2])
        high = np.minimum(corners[best, 2:], corners[order, 2:])
        shared = np.prod(np.clip(high - low, 0, None), 1)
        order = order[shared / np.maximum(area[best] + area[order] - shared, 1e-6) <= limit]
    return kept


def _on_picture(corners: Floats, fitted: Fitted) -> Box:
    x0, y0, x1, y1 = (float(value) for value in corners)
    return Box(
        (x0 - fitted.left) / fitted.scale_x,
        (y0 - fitted.top) / fitted.scale_y,
        (x1 - fitted.left) / fitted.scale_x,
        (y1 - fitted.top) / fitted.scale_y,
    )
