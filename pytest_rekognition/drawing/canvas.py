"""Pixels to draw on: shapes and strokes with soft edges, light, blur, noise, and the file formats.

The one module of this package that needs OpenCV and numpy; it is imported when something is drawn.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from pytest_rekognition.drawing.face import Colour
    from pytest_rekognition.geometry import Point

#: OpenCV's fixed-point coordinates: this many bits after the point
_SHIFT: Final = 4
#: a Gaussian is nothing beyond this many standard deviations
_REACH: Final = 3.0


class Canvas:
    """An image that is being drawn, width x height pixels."""

    def __init__(self, width: int, height: int, above: Colour, below: Colour) -> None:
        top, bottom = (np.array(colour[::-1], np.float32) for colour in (above, below))
        share = np.linspace(0, 1, height, dtype=np.float32)[:, None, None]
        self._size = (width, height)
        self._pixels = np.repeat(top + (bottom - top) * share, width, axis=1)

    def fill(self, outline: Sequence[Point], colour: Colour, *, opacity: float = 1.0, soft: float = 0.0) -> None:
        """Fill a polygon, given in ratios of the image; `soft` blurs its edge by that many pixels (sigma)."""
        corners, points = self._patch(outline, margin=_REACH * soft)
        if points is not None:
            mask = np.zeros((corners[3] - corners[1], corners[2] - corners[0]), np.uint8)
            cv2.fillPoly(mask, [points], 255, cv2.LINE_AA, _SHIFT)
            if soft > 0:
                mask = np.asarray(cv2.GaussianBlur(mask, (0, 0), soft), np.uint8)
            self._blend(corners, mask, colour, opacity)

    def stroke(self, line: Sequence[Point], colour: Colour, thickness: float, *, opacity: float = 1.0) -> None:
        """Draw a line of so many pixels' thickness; one thinner than a pixel is drawn fainter instead."""
        whole = max(1, round(thickness))
        corners, points = self._patch(line, margin=whole)
        if points is not None:
            mask = np.zeros((corners[3] - corners[1], corners[2] - corners[0]), np.uint8)
            cv2.polylines(mask, [points], False, 255, whole, cv2.LINE_AA, _SHIFT)  # noqa: FBT003 - isClosed
            self._blend(corners, mask, colour, opacity * min(1.0, thickness))

    def blur(self, sigma: float) -> None:
        """Blur everything; sigma in pixels."""
        if sigma > 0:
            self._pixels = np.asarray(cv2.GaussianBlur(self._pixels, (0, 0), sigma), np.float32)

    def shade(self, brightness: float) -> None:
        """Multiply all light by a factor."""
        self._pixels *= np.float32(brightness)

    def grain(self, amplitude: float, seed: int) -> None:
        """Add grey noise, evenly spread in -amplitude..amplitude levels, the same for the same seed."""
        width, height = self._size
        words = np.random.PCG64(seed).random_raw(math.ceil(height * width / 8))
        noise = words.astype("<u8").view(np.uint8)[: height * width].reshape(height, width, 1)
        self._pixels += (noise.astype(np.float32) / 127.5 - 1) * np.float32(amplitude)

    def encode(self, suffix: str, quality: int) -> bytes:
        """Return the image as a file's bytes; suffix is `.jpg` or `.png`, quality (1..100) is for JPEG."""
        options = [cv2.IMWRITE_JPEG_QUALITY, quality] if suffix == ".jpg" else []
        return cv2.imencode(suffix, self.levels(), options)[1].tobytes()

    def levels(self) -> NDArray[np.uint8]:
        """Return the image's pixels, height x width x 3: blue, green, red, 0..255."""
        return np.asarray(np.clip(np.rint(self._pixels), 0, 255), np.uint8)

    def _patch(
        self, outline: Sequence[Point], *, margin: float
    ) -> tuple[tuple[int, int, int, int], NDArray[np.int32] | None]:
        """Return the part of the image that a shape touches, and the shape in that part's fixed-point pixels."""
        width, height = self._size
        points = np.array(outline, np.float64) * (width, height) - 0.5
        low, high = points.min(axis=0) - margin - 2, points.max(axis=0) + margin + 3
        left, top = max(0, math.floor(low[0])), max(0, math.floor(low[1]))
        right, bottom = min(width, math.ceil(high[0])), min(height, math.ceil(high[1]))
        corners = (left, top, right, bottom)
        if right <= left or bottom <= top:
            return corners, None
        return corners, np.rint((points - (left, top)) * (1 << _SHIFT)).astype(np.int32)

    def _blend(
        self, corners: tuple[int, int, int, int], mask: NDArray[np.uint8], colour: Colour, opacity: float
    ) -> None:
        left, top, right, bottom = corners
        part = self._pixels[top:bottom, left:right]
        share = mask[:, :, None].astype(np.float32) * np.float32(opacity / 255)
        part += (np.array(colour[::-1], np.float32) - part) * share
