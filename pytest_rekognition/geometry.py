"""Boxes, points and angles in Rekognition's convention.

Everything is a ratio of the image's width or height, the origin is the top left corner, and "left" is the
image's left. Boxes and points may lie a little outside 0..1: the service sends such boxes too.
"""

from __future__ import annotations

import math
import struct
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple, Self, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

_Place = TypeVar("_Place")
#: a narrower box is no divisor
_LEAST: Final = 1e-9


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

    def clipped(self) -> Box:
        """Return the part of the box that lies in the image."""
        left, top = max(0.0, self.left), max(0.0, self.top)
        return Box(left, top, min(1.0, self.right) - left, min(1.0, self.bottom) - top)

    def as_wire(self) -> dict[str, float]:
        """Return the `BoundingBox` structure of the wire."""
        return {"Width": self.width, "Height": self.height, "Left": self.left, "Top": self.top}


class FaceFrame(NamedTuple):
    """Where a face's own coordinates lie in an image.

    A face's own coordinates run from (0, 0), the top left corner of its upright box, to (1, 1). The frame is that
    box, turned about its centre.
    """

    #: the box that the face has, or would have, upright
    upright: Box
    #: degrees, positive where the head leans to the image's right (clockwise), as `Pose.Roll` has it
    roll: float
    #: the image's width over its height: ratios are no lengths, and only lengths can be turned
    aspect: float

    @classmethod
    def inside(cls, box: Box, roll: float, aspect: float) -> Self:
        """Return the frame of a turned face that lies in a box: as large as fits, of the box's proportions."""
        bounds = cls(box, roll, aspect).bounds()
        reach = max(1.0, bounds.width / max(box.width, _LEAST), bounds.height / max(box.height, _LEAST))
        width, height = box.width / reach, box.height / reach
        left, top = box.left + (box.width - width) / 2, box.top + (box.height - height) / 2
        return cls(Box(left, top, width, height), roll, aspect)

    def at(self, point: Point) -> Point:
        """Return where a point in the face's own coordinates lies in the image."""
        across = (point.x - 0.5) * self.upright.width * self.aspect
        down = (point.y - 0.5) * self.upright.height
        cos, sin = math.cos(math.radians(self.roll)), math.sin(math.radians(self.roll))
        x = self.upright.left + self.upright.width / 2 + (across * cos - down * sin) / self.aspect
        y = self.upright.top + self.upright.height / 2 + across * sin + down * cos
        return Point(x, y)

    def bounds(self) -> Box:
        """Return the bounding box of the turned face, taken as the ellipse that fills the upright box."""
        a, b = self.upright.width * self.aspect / 2, self.upright.height / 2
        cos, sin = math.cos(math.radians(self.roll)), math.sin(math.radians(self.roll))
        half_width = math.hypot(a * cos, b * sin) / self.aspect
        half_height = math.hypot(a * sin, b * cos)
        x, y = self.upright.left + self.upright.width / 2, self.upright.top + self.upright.height / 2
        return Box(x - half_width, y - half_height, 2 * half_width, 2 * half_height)


#: Where the landmarks of a frontal face lie in its own box, in the order in which the service sends them: the
#: medians over its recorded answers for near-frontal faces, made symmetric. "Left" is the image's left.
FACE_TEMPLATE: Final[Mapping[str, Point]] = MappingProxyType(
    {
        "eyeLeft": Point(0.288, 0.403),
        "eyeRight": Point(0.712, 0.403),
        "mouthLeft": Point(0.322, 0.745),
        "mouthRight": Point(0.678, 0.745),
        "nose": Point(0.5, 0.585),
        "leftEyeBrowLeft": Point(0.130, 0.322),
        "leftEyeBrowRight": Point(0.380, 0.298),
        "leftEyeBrowUp": Point(0.255, 0.286),
        "rightEyeBrowLeft": Point(0.620, 0.298),
        "rightEyeBrowRight": Point(0.870, 0.322),
        "rightEyeBrowUp": Point(0.745, 0.286),
        "leftEyeLeft": Point(0.212, 0.404),
        "leftEyeRight": Point(0.373, 0.409),
        "leftEyeUp": Point(0.288, 0.386),
        "leftEyeDown": Point(0.290, 0.419),
        "rightEyeLeft": Point(0.627, 0.409),
        "rightEyeRight": Point(0.788, 0.404),
        "rightEyeUp": Point(0.712, 0.386),
        "rightEyeDown": Point(0.710, 0.419),
        "noseLeft": Point(0.421, 0.622),
        "noseRight": Point(0.579, 0.622),
        "mouthUp": Point(0.5, 0.706),
        "mouthDown": Point(0.5, 0.805),
        "leftPupil": Point(0.288, 0.403),
        "rightPupil": Point(0.712, 0.403),
        "upperJawlineLeft": Point(0.025, 0.412),
        "midJawlineLeft": Point(0.123, 0.782),
        "chinBottom": Point(0.5, 0.987),
        "midJawlineRight": Point(0.877, 0.782),
        "upperJawlineRight": Point(0.975, 0.412),
    }
)
#: The five landmarks that DEFAULT faces carry, in the service's order: the first five of the thirty.
MAIN_LANDMARKS: Final = tuple(FACE_TEMPLATE)[:5]
#: Each pupil, and the eye that it lies exactly on: in 171 of 171 recorded faces.
PUPILS: Final[Mapping[str, str]] = MappingProxyType({"leftPupil": "eyeLeft", "rightPupil": "eyeRight"})


def with_pupils(landmarks: Mapping[str, _Place]) -> dict[str, _Place]:
    """Return landmarks, and with each eye its pupil, which may also be among them."""
    return {pupil: landmarks[eye] for pupil, eye in PUPILS.items() if eye in landmarks} | dict(landmarks)


def completed(landmarks: Mapping[str, Point], frame: FaceFrame) -> dict[str, Point]:
    """Return all 30 landmarks of a face of which some are known.

    The others are those of the template: brought onto the five main ones where these are known, else in the frame.
    """
    known = with_pupils(landmarks)
    if all(name in known for name in MAIN_LANDMARKS):
        return _fitted(known) | known
    return {name: frame.at(point) for name, point in FACE_TEMPLATE.items()} | known


def _fitted(known: Mapping[str, Point]) -> dict[str, Point]:
    """Return the template under the affine map that brings its main landmarks nearest to known ones.

    The least squares fall apart into one sum each, for the template's main landmarks are symmetric.
    """
    template = [FACE_TEMPLATE[name] for name in MAIN_LANDMARKS]
    start, end = _middle(template), _middle([known[name] for name in MAIN_LANDMARKS])
    across, down = ([point[axis] - start[axis] for point in template] for axis in (0, 1))

    def slope(lengths: list[float], axis: int) -> float:
        places = zip(lengths, (known[name][axis] for name in MAIN_LANDMARKS), strict=True)
        return sum(length * place for length, place in places) / sum(length * length for length in lengths)

    (x_across, y_across), (x_down, y_down) = ((slope(lengths, 0), slope(lengths, 1)) for lengths in (across, down))
    return {
        name: Point(
            end.x + x_across * (point.x - start.x) + x_down * (point.y - start.y),
            end.y + y_across * (point.x - start.x) + y_down * (point.y - start.y),
        )
        for name, point in FACE_TEMPLATE.items()
    }


def _middle(points: list[Point]) -> Point:
    return Point(sum(point.x for point in points) / len(points), sum(point.y for point in points) / len(points))


def single(value: float) -> float:
    """Return a number rounded to a 32-bit float, which is all that the service's numbers carry."""
    rounded: float = struct.unpack("<f", struct.pack("<f", value))[0]
    return rounded


def stored_ratio(value: float) -> float:
    """Return a side of a box as collections keep it: six significant digits (80 of 80 recorded sides), 32 bits."""
    return single(float(f"{value:.6g}"))
