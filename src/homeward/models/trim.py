"""Trim: a detector's input without the grey that only fills it up, and its rows put back where they belong.

A wide picture fills half of a square canvas; the network need not look at the rest.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from homeward.models.cards import Card, DetectorCard
from homeward.models.prepare import tensor
from homeward.models.yolox import anchor_rows

Floats = npt.NDArray[np.float32]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Trim:
    """How much of a network's input may be left off: beyond a picture at its top left, in its largest stride's steps.

    ``fill`` is the filling's value in each channel, ``axes`` are height and width of one input.
    """

    card: DetectorCard
    fill: Floats
    axes: Size

    @classmethod
    def of(cls, card: Card) -> "Trim | None":
        """None where the picture lies elsewhere, or where the rows stand for nothing on the picture."""
        if not isinstance(card, DetectorCard) or card.input.fit != "pad-top-left":
            return None
        grey = tensor([np.full((1, 1, 3), card.input.fill, np.uint8)], card.input)
        return cls(card, grey[0], (1, 2) if card.input.layout == "NCHW" else (0, 1))

    def groups(self, prepared: Floats) -> dict[Size, list[int]]:
        """Numbers of the inputs by the height and width that is used of them."""
        found: dict[Size, list[int]] = defaultdict(list)
        for number, one in enumerate(prepared):
            found[self._used(one, 0), self._used(one, 1)].append(number)
        return found

    def cut(self, prepared: Floats, size: Size) -> Floats:
        """Inputs without what lies beyond ``size``."""
        height, width = size
        kept = prepared[:, :, :height, :width] if self.axes == (1, 2) else prepared[:, :height, :width]
        return np.ascontiguousarray(kept)

    def put_back(self, rows: Floats, size: Size) -> Floats:
        """Rows (n, anchors of ``size``, k) among those of the whole input; the others are 0, which is no box."""
        where, count = anchor_rows(self.card, *size)
        heads = rows.shape[1] // len(where)
        whole = np.zeros((len(rows), heads * count, rows.shape[2]), np.float32)
        whole[:, np.concatenate([where + head * count for head in range(heads)])] = rows
        return whole

    def _used(self, one: Floats, which: int) -> int:
        axis, step = self.axes[which], max(self.card.strides)
        side: int = one.shape[axis]
        while side > step and (np.take(one, range(side - step, side), axis) == self.fill).all():
            side -= step
        return side
