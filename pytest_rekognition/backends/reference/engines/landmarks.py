"""The 30 landmarks of the service, on MediaPipe's face mesh."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from pytest_rekognition.geometry import FACE_TEMPLATE, Point

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.engines.base import Floats

#: the outer corners of the eyes, whose line is the mesh's upright
EYE_LINE: Final = (33, 263)


class _Place(NamedTuple):
    """A point of the mesh, moved along and across the eyes' line by shares of that line's length in space."""

    point: int
    along: float = 0.0
    across: float = 0.0


#: Where each landmark is: mean error against the service .079 of the distance between the eyes, with the points
#: alone .087. "Left" is the image's left.
_PLACES: Final[Mapping[str, _Place]] = MappingProxyType(
    {
        "eyeLeft": _Place(468, 0.016, -0.013),
        "eyeRight": _Place(473, -0.008, -0.012),
        "mouthLeft": _Place(191, -0.011, 0.027),
        "mouthRight": _Place(325, 0.002, -0.021),
        "nose": _Place(4, -0.010, -0.001),
        "leftEyeBrowLeft": _Place(70, 0.027, -0.011),
        "leftEyeBrowRight": _Place(107, -0.043, -0.017),
        "leftEyeBrowUp": _Place(105, 0.063, -0.019),
        "rightEyeBrowLeft": _Place(336, 0.026, -0.010),
        "rightEyeBrowRight": _Place(276, -0.009, -0.032),
        "rightEyeBrowUp": _Place(296, 0.059, -0.018),
        "leftEyeLeft": _Place(246, 0.011, -0.010),
        "leftEyeRight": _Place(173, 0.007, -0.008),
        "leftEyeUp": _Place(470, 0.017, 0.005),
        "leftEyeDown": _Place(145, 0.007, -0.018),
        "rightEyeLeft": _Place(398, -0.015, -0.009),
        "rightEyeRight": _Place(388, 0.003, 0.002),
        "rightEyeUp": _Place(475, -0.011, 0.004),
        "rightEyeDown": _Place(374, -0.019, -0.019),
        "noseLeft": _Place(75, 0.014, 0.002),
        "noseRight": _Place(290, -0.001, -0.008),
        "mouthUp": _Place(0, -0.010, -0.003),
        "mouthDown": _Place(15, -0.006, 0.007),
        "leftPupil": _Place(468, 0.016, -0.013),
        "rightPupil": _Place(473, -0.008, -0.012),
        "upperJawlineLeft": _Place(127, 0.017, -0.007),
        "midJawlineLeft": _Place(138, 0.019, 0.022),
        "chinBottom": _Place(152, -0.006, 0.008),
        "midJawlineRight": _Place(397, -0.028, -0.054),
        "upperJawlineRight": _Place(356, -0.035),
    }
)
#: With closed eyes the iris' upper edge lies under the lid; the lid's middle takes its place.
_CLOSED: Final = MappingProxyType({"leftEyeUp": _Place(159), "rightEyeUp": _Place(386)})


def place_landmarks(mesh: Floats, *, eyes_open: bool) -> dict[str, Point]:
    """Return the 30 landmarks of a mesh, in its own unit, in the service's order."""
    places = _PLACES if eyes_open else {**_PLACES, **_CLOSED}
    start, end = mesh[EYE_LINE[0]], mesh[EYE_LINE[1]]
    unit = float(np.linalg.norm(end - start))
    along = (end - start)[:2] / max(float(np.linalg.norm((end - start)[:2])), 1e-6)
    across = np.array([-along[1], along[0]])
    found = {}
    for name in FACE_TEMPLATE:
        place = places[name]
        x, y = mesh[place.point, :2] + unit * (place.along * along + place.across * across)
        found[name] = Point(float(x), float(y))
    return found
