"""One head: its landmarks, turned by a pose and put into a box. No Hypothesis here."""

from __future__ import annotations

import math
import random
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.drawing.face import BOX_ASPECT, DrawnFace
from pytest_rekognition.geometry import FACE_TEMPLATE, PUPILS, Box, FaceFrame, Point, single

if TYPE_CHECKING:
    from collections.abc import Mapping

#: How far before the head's axis each landmark lies, in face widths: how much of a box it crosses with the sine of
#: the yaw, over recorded faces. Those not named lie as far as the eyes.
_DEPTHS: Final[Mapping[str, float]] = MappingProxyType(
    {
        "nose": 0.50,
        "noseLeft": 0.45,
        "noseRight": 0.45,
        "mouthUp": 0.45,
        "mouthDown": 0.42,
        "mouthLeft": 0.25,
        "mouthRight": 0.25,
        "leftEyeBrowRight": 0.40,
        "rightEyeBrowLeft": 0.40,
        "chinBottom": 0.27,
        "midJawlineLeft": -0.13,
        "midJawlineRight": -0.13,
        "upperJawlineLeft": -0.20,
        "upperJawlineRight": -0.20,
    }
)
_EYES_DEPTH: Final = 0.28
#: How far single landmarks of a person lie from the template's, in face widths and heights; open eyes stay wider
#: apart than shut ones.
_SPREAD: Final = 0.0039

_MODERN: Final = tuple(FACE_TEMPLATE)
#: The order of the 25 landmarks that faces came with until mid 2019; its first five are the older five.
_EARLY: Final = (
    *("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight", "leftPupil", "rightPupil"),
    *("leftEyeBrowLeft", "leftEyeBrowUp", "leftEyeBrowRight"),
    *("rightEyeBrowLeft", "rightEyeBrowUp", "rightEyeBrowRight"),
    *("leftEyeLeft", "leftEyeRight", "leftEyeUp", "leftEyeDown"),
    *("rightEyeLeft", "rightEyeRight", "rightEyeUp", "rightEyeDown"),
    *("noseLeft", "noseRight", "mouthUp", "mouthDown"),
)
#: The landmarks of a face by their number, in the orders in which they were recorded, today's first.
ORDERS: Final[Mapping[int, tuple[tuple[str, ...], ...]]] = MappingProxyType(
    {30: (_MODERN,), 25: (_EARLY,), 5: (_MODERN[:5], _EARLY[:5])}
)


class Look(NamedTuple):
    """What moves a face's landmarks, beside its pose."""

    eyes_open: bool = True
    mouth_open: bool = False
    smile: bool = False
    #: 0 for the template's own proportions, any other number for one person's
    person: int = 0


def landmarks(
    names: tuple[str, ...], box: Mapping[str, float], pose: Mapping[str, float], look: Look
) -> list[dict[str, Any]]:
    """Return a head's landmarks as the wire has them, in the order of `names`."""
    turned = _turned(look, math.radians(pose["Yaw"]), math.radians(pose["Pitch"]))
    frame = FaceFrame(Box(0.0, 0.0, 1.0, 1.0), pose["Roll"], BOX_ASPECT)
    bounds = frame.bounds()
    across, down = box["Width"] / bounds.width, box["Height"] / bounds.height
    placed = []
    for name in names:
        point = frame.at(turned[name])
        x = single(box["Left"] + (point.x - bounds.left) * across)
        y = single(box["Top"] + (point.y - bounds.top) * down)
        placed.append({"Type": name, "X": x, "Y": y})
    return placed


def _turned(look: Look, yaw: float, pitch: float) -> dict[str, Point]:
    """Return the landmarks in the face's own coordinates, the head turned right by `yaw` and up by `pitch`."""
    sin_yaw, cos_yaw, sin_pitch, cos_pitch = math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch)
    turned = {}
    for name, (x, y) in _own(look).items():
        depth = _DEPTHS.get(name, _EYES_DEPTH)
        right = 0.5 + (x - 0.5) * cos_yaw + depth * sin_yaw
        # a raised head shows its parts in front of the eyes higher, those behind lower
        low = 0.5 + (y - 0.5) * cos_pitch - (depth - _EYES_DEPTH) * BOX_ASPECT * sin_pitch
        turned[name] = Point(right, low)
    return turned


def _own(look: Look) -> Mapping[str, Point]:
    points = _expression(look.eyes_open, look.mouth_open, look.smile)
    if look.person == 0:
        return points
    chance = random.Random(look.person)  # noqa: S311 - the same person looks the same
    own = {
        name: Point(x + chance.uniform(-_SPREAD, _SPREAD), y + chance.uniform(-_SPREAD, _SPREAD))
        for name, (x, y) in points.items()
    }
    return own | {pupil: own[eye] for pupil, eye in PUPILS.items()}


@cache
def _expression(eyes_open: bool, mouth_open: bool, smile: bool) -> Mapping[str, Point]:  # noqa: FBT001 - a cache's key
    return DrawnFace(eyes_open=eyes_open, mouth_open=mouth_open, smile=smile).own_landmarks()
