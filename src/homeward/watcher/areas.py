"""Areas: the polygons that a camera's owner drew, as masks. Zones are what counts, masks what nobody is to see."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

from homeward.domain.animals import Picture
from homeward.domain.boxes import Box

Polygon = tuple[tuple[float, float], ...]
Mask = npt.NDArray[np.bool_]
HIDDEN = 114  # the grey that detectors know as padding


@dataclass(slots=True)
class Areas:
    """Corners are shares (x, y) of the picture, from the top left. Without zones everything counts."""

    zones: Sequence[Polygon] = ()
    masks: Sequence[Polygon] = ()
    _made: dict[tuple[int, int], Mask] = field(default_factory=dict)
    _hidden: dict[tuple[int, int], Mask] = field(default_factory=dict)

    def watched(self, width: int, height: int) -> Mask | None:
        """Where an animal counts, (height, width); None where that is everywhere."""
        if not self.zones and not self.masks:
            return None
        if (width, height) not in self._made:
            inside = _drawn(self.zones, width, height) if self.zones else np.ones((height, width), np.bool_)
            self._made[width, height] = inside & ~_drawn(self.masks, width, height)
        return self._made[width, height]

    def counts(self, box: Box, width: int, height: int) -> bool:
        """Whether an animal counts: where it stands, at the middle of its lower edge."""
        watched = self.watched(width, height)
        if watched is None:
            return True
        x = min(width - 1, max(0, int((box.x0 + box.x1) / 2)))
        y = min(height - 1, max(0, int(box.y1) - 1))
        return bool(watched[y, x])

    def without_hidden(self, picture: Picture) -> Picture:
        """The picture with its masks painted over."""
        if not self.masks:
            return picture
        height, width = picture.shape[:2]
        if (width, height) not in self._hidden:
            self._hidden[width, height] = _drawn(self.masks, width, height)
        shown = picture.copy()
        shown[self._hidden[width, height]] = HIDDEN
        return shown


def _drawn(polygons: Sequence[Polygon], width: int, height: int) -> Mask:
    canvas = Image.new("1", (width, height))
    draw = ImageDraw.Draw(canvas)
    for polygon in polygons:
        draw.polygon([(x * width, y * height) for x, y in polygon], fill=1)
    return np.asarray(canvas, np.bool_)
