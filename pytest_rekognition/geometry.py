"""Boxes, points and angles in Rekognition's convention.

Everything is a ratio of the image's width or height, the origin is the top left corner, and "left" is the
image's left. Boxes and points may lie a little outside 0..1: the service sends such boxes too.
"""

from __future__ import annotations

from typing import NamedTuple


class Point(NamedTuple):
    """A point, as ratios of the image's width and height."""

    #: ratio of the image's width, 0 at the left edge
    x: float
    #: ratio of the image's height, 0 at the top edge
    y: float


class Box(NamedTuple):
    """A bounding box, as ratios of the image's width and height."""

    #: left edge, a ratio of the image's width
    left: float
    #: top edge, a ratio of the image's height
    top: float
    #: width, a ratio of the image's width, in (0, 1]
    width: float
    #: height, a ratio of the image's height, in (0, 1]
    height: float

    @property
    def right(self) -> float:
        """The right edge, a ratio of the image's width."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The bottom edge, a ratio of the image's height."""
        return self.top + self.height

    @property
    def area(self) -> float:
        """The share of the image that the box covers, in (0, 1]."""
        return self.width * self.height

    def overlap(self, other: Box) -> float:
        """Return the intersection over union (IoU) with another box, in 0..1."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        if width <= 0 or height <= 0:
            return 0.0
        shared = width * height
        return shared / (self.area + other.area - shared)

    def as_wire(self) -> dict[str, float]:
        """Return the `BoundingBox` structure of the wire."""
        return {"Width": self.width, "Height": self.height, "Left": self.left, "Top": self.top}
