"""Trim: a detector's input without the grey that only fills it up, and its rows put back where they belong.

A wide picture fills half of a square canvas; the network need not look at the rest.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from homeward.domain.animals import Picture
from homeward.models.cards import Card, DetectorCard
from homeward.models.yolox import anchor_rows

Floats = npt.NDArray[np.float32]
Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Trim:
    """How much of a canvas may be left off: beyond a picture at its top left, in the network's largest stride's steps.

    All on bytes, before they become numbers of the network: a quarter of the memory is looked at and moved about.
    """

    card: DetectorCard

    @classmethod
    def of(cls, card: Card) -> "Trim | None":
        """None where the picture lies elsewhere, or where the rows stand for nothing on the picture."""
        if not isinstance(card, DetectorCard) or card.input.fit != "pad-top-left":
            return None
        return cls(card)

    def groups(self, canvases: Sequence[Picture]) -> dict[Size, list[int]]:
        """Numbers of the canvases by the height and width that is used of them."""
        found: dict[Size, list[int]] = defaultdict(list)
        for number, canvas in enumerate(canvases):
            found[self._used(canvas), self._used(canvas.transpose(1, 0, 2))].append(number)
        return found

    def put_back(self, rows: Floats, size: Size) -> Floats:
        """Rows (n, anchors of ``size``, k) among those of the whole input; the others are 0, which is no box."""
        where, count = anchor_rows(self.card, *size)
        heads = rows.shape[1] // len(where)
        whole = np.zeros((len(rows), heads * count, rows.shape[2]), np.float32)
        whole[:, np.concatenate([where + head * count for head in range(heads)])] = rows
        return whole

    def _used(self, canvas: Picture) -> int:
        """Of the first axis."""
        side, step = len(canvas), max(self.card.strides)
        while side > step and (canvas[side - step : side] == self.card.input.fill).all():
            side -= step
        return side
