"""Photographs of faces recognised again, without weights, by their texture. This tells no people apart.

Local binary patterns (Ojala et al., 2002; for faces Ahonen et al., 2006): how each pixel compares with eight about
it, at three radii, counted in a grid of cells. The vector is that of the face plus that of its mirror image, so
that a mirrored copy has the same one.

On variants of four public pictures, other people's faces reach a cosine of .73. A copy
of the same photograph at half the size, as a JPEG of quality 30, at half the brightness or in grey stays above
.84, where the detector finds the face at the same place.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from pytest_rekognition.backends.reference.engines import pixels as px
from pytest_rekognition.backends.reference.engines.aligning import aligned, unit
from pytest_rekognition.backends.reference.engines.curves import Curve

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.engines.base import Floats, MeasuredFace, Pixels

#: pixels a side at which a face is looked at: what a copy of half the size still has
_SIDE: Final = 64
#: pixels; takes away what JPEG adds
_BLUR: Final = 1.0
_RADII: Final = (2, 3, 4)
_NEIGHBOURS: Final = 8
#: a pattern is uniform where its bits change at most so often around
_MOST_CHANGES: Final = 2
#: cells a side
_GRID: Final = 6
#: 80 at a cosine of .79, above that of other people's faces; 99.9 at .93, that of most copies
_SIMILARITY: Final = Curve(steepness=39.4, middle=0.7548)


def _kinds() -> tuple[int, ...]:
    """Return the kind of each pattern: one each for the uniform ones, and one for all others."""
    codes = range(1 << _NEIGHBOURS)
    changes = [(code ^ (code >> 1 | (code & 1) << (_NEIGHBOURS - 1))).bit_count() for code in codes]
    uniform = [code for code in codes if changes[code] <= _MOST_CHANGES]
    return tuple(uniform.index(code) if code in uniform else len(uniform) for code in codes)


#: the kind of each of the 256 patterns
_KINDS: Final = _kinds()


class DescriptorEmbedder:
    """The texture of a face: for the same photograph again, not for the same person."""

    name = "descriptor"
    size = len(_RADII) * _GRID**2 * (max(_KINDS) + 1)

    def embed(self, pixels: Pixels, face: MeasuredFace) -> Floats:
        """Return a face's vector, of length 1."""
        crop = aligned(pixels, face, _SIDE) if face.mesh else px.resize(px.crop(pixels, face.box), (_SIDE, _SIDE))
        grey = np.asarray(cv2.GaussianBlur(px.grey(crop), (0, 0), _BLUR), np.uint8)
        return unit(_texture(grey) + _texture(grey[:, ::-1]))

    def similarity(self, cosine: float) -> float:
        """Return Similarity, 0..100: 80 at a cosine of .79, 99.9 at .93, 100 at 1."""
        return _SIMILARITY.at(cosine)


def _texture(grey: Pixels) -> Floats:
    """Return the roots of the shares of patterns in each cell, so that a scalar product is their likeness."""
    cells = [
        cell
        for radius in _RADII
        for rows in np.array_split(_patterns(grey, radius), _GRID, axis=0)
        for cell in np.array_split(rows, _GRID, axis=1)
    ]
    shares = [np.bincount(cell.ravel(), minlength=max(_KINDS) + 1) / cell.size for cell in cells]
    return unit(np.sqrt(np.concatenate(shares)).astype(np.float32))


def _patterns(grey: Pixels, radius: int) -> Any:
    """Return the kind of each pixel's pattern, for those with a margin of the largest radius."""
    margin, size = max(_RADII), grey.shape[0]
    middle = grey[margin : size - margin, margin : size - margin]
    codes = np.zeros(middle.shape, np.intp)
    for bit in range(_NEIGHBOURS):
        angle = 2 * math.pi * bit / _NEIGHBOURS
        across, down = margin + round(radius * math.cos(angle)), margin + round(radius * math.sin(angle))
        neighbour = grey[down : down + middle.shape[0], across : across + middle.shape[1]]
        codes |= (neighbour >= middle).astype(np.intp) << bit
    return np.array(_KINDS)[codes]
