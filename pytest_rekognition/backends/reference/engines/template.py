"""Landmarks that no engine saw, placed by where they lie in an average face.

Mean error against the service .149 of the distance between the eyes, in a Haar cascade's box.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_rekognition.geometry import FACE_TEMPLATE, FaceFrame, Point

if TYPE_CHECKING:
    from pytest_rekognition.geometry import Box

#: what an engine that finds both eyes has measured, named as in `Engine.measures`
EYE_MEMBERS: Final = frozenset(
    {"Landmarks.eyeLeft", "Landmarks.eyeRight", "Landmarks.leftPupil", "Landmarks.rightPupil", "Pose.Roll"}
)


class Eyes(NamedTuple):
    """The centres of a face's eyes, in ratios of the image; "left" is the image's left."""

    left: Point
    right: Point


def roll_between(eyes: Eyes, aspect: float) -> float:
    """Return the roll of the line through both eyes in degrees, as `Pose.Roll` has it."""
    return math.degrees(math.atan2(eyes.right.y - eyes.left.y, (eyes.right.x - eyes.left.x) * aspect))


def fit_landmarks(upright: Box, aspect: float, eyes: Eyes | None = None) -> dict[str, Point]:
    """Return the 30 landmarks for a face's box, and where given its eyes, in an image of this width over height.

    Without eyes the template fills the box. With eyes it is turned with them and moved onto their middle.
    """
    if eyes is None:
        return _placed(FaceFrame(upright, 0.0, aspect))
    placed = _placed(FaceFrame(upright, roll_between(eyes, aspect), aspect))
    x = (eyes.left.x + eyes.right.x - placed["eyeLeft"].x - placed["eyeRight"].x) / 2
    y = (eyes.left.y + eyes.right.y - placed["eyeLeft"].y - placed["eyeRight"].y) / 2
    moved = {name: Point(point.x + x, point.y + y) for name, point in placed.items()}
    seen = {"eyeLeft": eyes.left, "leftPupil": eyes.left, "eyeRight": eyes.right, "rightPupil": eyes.right}
    return moved | seen


def _placed(frame: FaceFrame) -> dict[str, Point]:
    return {name: frame.at(point) for name, point in FACE_TEMPLATE.items()}
