"""Turned squares of an image: what a network looks at, and the way back.

Places are continuous: a pixel's middle lies half a pixel from its edge, and the image's right edge at its width.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cv2
import numpy as np

from pytest_rekognition.backends.reference.engines import pixels as px

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.engines.base import Floats, Pixels

#: a crop is taken up to so many times as fine, and then averaged: single pixels of a large face would be noise
_FINEST: Final = 2


class Region(NamedTuple):
    """A turned square, by its middle in pixels of the image; it may reach beyond the image."""

    x: float
    y: float
    side: float
    #: radians, clockwise: how far the square's upper edge is turned
    angle: float

    def crop(self, pixels: Pixels, size: int) -> Pixels:
        """Return the square's content, upright, at so many pixels a side; black outside of the image."""
        times = min(_FINEST, max(1, int(self.side / size)))
        fine = size * times
        linear = self._linear(fine)
        middle = np.array([self.x, self.y]) - 0.5 - linear @ np.full(2, (fine - 1) / 2)
        matrix = np.hstack([linear, middle[:, np.newaxis]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        taken = np.asarray(cv2.warpAffine(pixels, matrix, (fine, fine), flags=flags), np.uint8)
        return taken if times == 1 else px.resize(taken, (size, size))

    def out(self, points: Floats, size: int) -> Floats:
        """Return where points of a crop lie in the image: rows of x, y and perhaps z, all in one unit."""
        flat = (points[:, :2] - size / 2) @ self._linear(size).T + np.array([self.x, self.y])
        return np.hstack([flat, points[:, 2:] * (self.side / size)]).astype(np.float32)

    def _linear(self, size: int) -> Any:
        """Return the turning and scaling from the crop's pixels to the image's."""
        cos, sin = math.cos(self.angle), math.sin(self.angle)
        return np.array([[cos, -sin], [sin, cos]]) * (self.side / size)


def around(points: Floats, line: tuple[int, int], margin: float) -> Region:
    """Return the square about points, upright where the line from one of them to another is level.

    Its side is `margin` times the longer side of the points' bounds in that frame.
    """
    start, end = points[line[0], :2], points[line[1], :2]
    angle = math.atan2(end[1] - start[1], end[0] - start[0])
    cos, sin = math.cos(angle), math.sin(angle)
    frame = np.array([[cos, sin], [-sin, cos]])
    turned = points[:, :2] @ frame.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    x, y = frame.T @ ((low + high) / 2)
    return Region(float(x), float(y), float((high - low).max()) * margin, angle)
