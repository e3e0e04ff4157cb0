"""Faces turned, scaled and moved so that their main landmarks always lie at the same places."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from pytest_rekognition.backends.reference.engines.regions import Region

if TYPE_CHECKING:
    from pytest_rekognition.backends.reference.engines.base import Floats, MeasuredFace, Pixels
    from pytest_rekognition.geometry import Box

#: pixels a side of the square in which the places are given, and which ArcFace's networks take
ALIGNED_SIDE: Final = 112
#: the places of the eyes, the nose and the mouth's corners (insightface, arcface_dst)
_PLACES: Final = {
    "eyeLeft": (38.2946, 51.6963),
    "eyeRight": (73.5318, 51.5014),
    "nose": (56.0252, 71.7366),
    "mouthLeft": (41.5493, 92.3655),
    "mouthRight": (70.7299, 92.2041),
}
#: pixels that the landmarks lie apart, as far as they lie as they should
_LEAST_SPREAD: Final = 1.0


def aligned(pixels: Pixels, face: MeasuredFace, side: int) -> Pixels:
    """Return the square about a face in which its main landmarks lie nearest to their places (least squares).

    Where they lie in one place, or nothing like a face's, as a test may state them, it is the square of its box.
    """
    height, width = pixels.shape[:2]
    seen = np.array([complex(face.landmarks[name].x * width, face.landmarks[name].y * height) for name in _PLACES])
    places = np.array([complex(*place) for place in _PLACES.values()])
    a, b = places - places.mean(), seen - seen.mean()
    likeness = complex(np.vdot(b, a))
    if abs(likeness) < float(np.linalg.norm(a)) * _LEAST_SPREAD:
        return _boxed(face.box, width, height).crop(pixels, side)
    # a number that turns and scales the places; the landmarks' way to them is the fitted one, as in ArcFace's
    # training
    turn = complex(np.vdot(b, b)) / likeness
    centre = seen.mean() + turn * (complex(ALIGNED_SIDE, ALIGNED_SIDE) / 2 - places.mean())
    angle = math.atan2(turn.imag, turn.real)
    return Region(centre.real, centre.imag, abs(turn) * ALIGNED_SIDE, angle).crop(pixels, side)


def _boxed(box: Box, width: int, height: int) -> Region:
    longer = max(box.width * width, box.height * height)
    return Region((box.left + box.width / 2) * width, (box.top + box.height / 2) * height, longer, 0.0)


def unit(vector: Floats) -> Floats:
    """Return a vector at length 1; one of zeros stays."""
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-12), np.float32)
