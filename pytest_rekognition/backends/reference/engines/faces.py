"""From what the networks of an engine saw to a measured face."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from pytest_rekognition.backends.reference.engines import pixels as px
from pytest_rekognition.backends.reference.engines.base import MeasuredFace, Pose
from pytest_rekognition.backends.reference.engines.expressions import EXPRESSIONS, is_yes
from pytest_rekognition.backends.reference.engines.headpose import pose_of
from pytest_rekognition.backends.reference.engines.landmarks import place_landmarks
from pytest_rekognition.geometry import FACE_TEMPLATE, Box, Point

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.engines.base import Floats, Pixels
    from pytest_rekognition.backends.reference.engines.expressions import Expression

#: what is measured of every face
ALWAYS: Final = frozenset({"BoundingBox", "Quality"})
#: what is measured of a face with a mesh
BY_MESH: Final = ALWAYS | {"Landmarks", "Pose"} | EXPRESSIONS
#: Decimals of ratios. Another processor's networks may move an edge by .0002 pixels and a mesh's point by .24.
_DECIMALS: Final = 6


def middle(a: Point, b: Point) -> Point:
    """Return the point halfway."""
    return Point((a.x + b.x) / 2, (a.y + b.y) / 2)


_TEMPLATE_MOUTH: Final = middle(FACE_TEMPLATE["mouthLeft"], FACE_TEMPLATE["mouthRight"])


class Edges(NamedTuple):
    """A box in pixels of the image."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def about(cls, points: Floats) -> Edges:
        """Return the bounds of points."""
        left, top = points[:, :2].min(axis=0)
        right, bottom = points[:, :2].max(axis=0)
        return cls(float(left), float(top), float(right), float(bottom))

    def mean(self, other: Edges) -> Edges:
        """Return the box halfway to another."""
        return Edges(*((a + b) / 2 for a, b in zip(self, other, strict=True)))

    def moved(self, left: float, top: float, right: float, bottom: float) -> Edges:
        """Return the box with its edges moved to the right and down by shares of its width and height."""
        width, height = self.right - self.left, self.bottom - self.top
        return Edges(
            self.left + left * width,
            self.top + top * height,
            self.right + right * width,
            self.bottom + bottom * height,
        )

    def box(self) -> Box:
        """Return the box by its corner and its size, still in pixels."""
        return Box(self.left, self.top, self.right - self.left, self.bottom - self.top)

    def share(self, pixels: Pixels) -> Box:
        """Return the part of the box that lies in the image, in ratios of it."""
        height, width = pixels.shape[:2]
        left, top, across, down = self.box()
        inside = Box(left / width, top / height, across / width, down / height).clipped()
        return Box(*(round(edge, _DECIMALS) for edge in inside))


def with_mesh(
    pixels: Pixels, edges: Edges, confidence: float, mesh: Floats, expression: Expression
) -> MeasuredFace:
    """Return a face with its mesh, in pixels; `confidence` is a chance, 0..1."""
    height, width = pixels.shape[:2]
    box = edges.share(pixels)
    landmarks = place_landmarks(mesh, eyes_open=is_yes(expression.eyes_open))
    return MeasuredFace(
        box=box,
        confidence=_percent(confidence),
        landmarks={name: _share(point, width, height) for name, point in landmarks.items()},
        pose=pose_of(mesh),
        quality=px.quality(px.crop(pixels, box)),
        attributes=expression.attributes(),
        measured=BY_MESH,
        mesh=tuple(map(Point._make, np.round(mesh[:, :2] / np.array((width, height)), _DECIMALS).tolist())),
    )


def with_points(
    pixels: Pixels, edges: Edges, confidence: float, points: Mapping[str, Point], mouth: Point
) -> MeasuredFace:
    """Return a face of which only the eyes, some other landmarks and the mouth's middle were seen, in pixels.

    Such faces are mostly profiles, in which the eyes' line says little: the roll is that of the line from the eyes
    down to the mouth, and the other landmarks are those of the template, brought onto what was seen.
    """
    height, width = pixels.shape[:2]
    box = edges.share(pixels)
    seen = {**points, "leftPupil": points["eyeLeft"], "rightPupil": points["eyeRight"]}
    landmarks = _onto(points, mouth) | seen
    return MeasuredFace(
        box=box,
        confidence=_percent(confidence),
        landmarks={name: _share(point, width, height) for name, point in landmarks.items()},
        pose=Pose(roll=_upright_roll(points, mouth)),
        quality=px.quality(px.crop(pixels, box)),
        measured=ALWAYS | {"Pose.Roll"} | {f"Landmarks.{name}" for name in seen},
    )


def largest_first(faces: list[MeasuredFace]) -> list[MeasuredFace]:
    """Return the faces that lie in the image, in the service's order."""
    inside = [face for face in faces if min(face.box.width, face.box.height) > 0]
    return sorted(inside, key=lambda face: (-face.box.area, face.box))


def agreed(score: float, presence: float) -> float:
    """Return the chance of a face that two networks see with these chances, each by itself."""
    return 1 - (1 - score) * (1 - presence)


def _onto(points: Mapping[str, Point], mouth: Point) -> dict[str, Point]:
    """Return the template's landmarks under the affine map that brings these nearest to where they were seen."""
    template = [*(FACE_TEMPLATE[name] for name in points), _TEMPLATE_MOUTH]
    start = np.array([(*point, 1.0) for point in template])
    matrix, *_ = np.linalg.lstsq(start, np.array([*points.values(), mouth]), rcond=None)
    placed = np.array([(*point, 1.0) for point in FACE_TEMPLATE.values()]) @ matrix
    return {name: Point(float(x), float(y)) for name, (x, y) in zip(FACE_TEMPLATE, placed, strict=True)}


def _upright_roll(points: Mapping[str, Point], mouth: Point) -> float:
    """Return degrees, clockwise, from the line between the middles of the eyes and of the mouth."""
    eyes = middle(points["eyeLeft"], points["eyeRight"])
    return round(math.degrees(math.atan2(eyes.x - mouth.x, mouth.y - eyes.y)), 3)


def _share(point: Point, width: int, height: int) -> Point:
    return Point(round(point.x / width, _DECIMALS), round(point.y / height, _DECIMALS))


def _percent(chance: float) -> float:
    return round(100 * min(1.0, max(0.0, chance)), 3)
