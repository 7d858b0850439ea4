"""Rectangles on a picture, in pixels, as (left, top, right, bottom)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle ``[x0, x1) x [y0, y1)`` in pixels; the origin is the picture's top left corner."""

    x0: float
    y0: float
    x1: float
    y1: float

    @property
    def width(self) -> float:
        """Width in pixels, never negative."""
        return max(0.0, self.x1 - self.x0)

    @property
    def height(self) -> float:
        """Height in pixels, never negative."""
        return max(0.0, self.y1 - self.y0)

    @property
    def area(self) -> float:
        """Area in square pixels."""
        return self.width * self.height

    def overlap(self, other: "Box") -> "Box":
        """The part that both cover; empty (area 0) where they do not meet."""
        x0, y0 = max(self.x0, other.x0), max(self.y0, other.y0)
        return Box(x0, y0, max(x0, min(self.x1, other.x1)), max(y0, min(self.y1, other.y1)))

    def iou(self, other: "Box") -> float:
        """Intersection over union, 0 to 1."""
        shared = self.overlap(other).area
        union = self.area + other.area - shared
        return shared / union if union > 0 else 0.0

    def share_inside(self, other: "Box") -> float:
        """Which share of this box lies inside ``other``, 0 to 1."""
        return self.overlap(other).area / self.area if self.area > 0 else 0.0

    def grown(self, share: float) -> "Box":
        """The box with ``share`` of its size added on every side."""
        dx, dy = self.width * share, self.height * share
        return Box(self.x0 - dx, self.y0 - dy, self.x1 + dx, self.y1 + dy)

    def moved(self, dx: float, dy: float) -> "Box":
        """The box so many pixels further right and down."""
        return Box(self.x0 + dx, self.y0 + dy, self.x1 + dx, self.y1 + dy)

    def clipped(self, width: float, height: float) -> "Box":
        """The part of the box that lies on a picture of ``width`` x ``height`` pixels."""
        return self.overlap(Box(0.0, 0.0, width, height))

    def rounded(self) -> tuple[int, int, int, int]:
        """Whole pixels (x0, y0, x1, y1)."""
        return round(self.x0), round(self.y0), round(self.x1), round(self.y1)
