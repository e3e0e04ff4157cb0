"""What a test states about images: their faces, whole, known by the image's content."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.engines.base import MeasuredFace, Pose, Quality
from pytest_rekognition.geometry import FACE_TEMPLATE, Box, FaceFrame, Point

if TYPE_CHECKING:
    from collections.abc import Sequence

#: members of a `FaceDetail` that a `MeasuredFace` has fields for
_FIELDS: Final = frozenset({"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"})
#: its only member with whole numbers
_AGES: Final = "AgeRange"


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFace(MeasuredFace):
    """A face that a test has stated."""

    #: who it is: faces of one person are alike, those of two are not; None lets the pixels tell
    person: str | None = None


def known_face(detail: Mapping[str, Any], person: str | None = None) -> KnownFace:
    """Return the face that a complete `FaceDetail` describes; landmarks that it lacks are placed in its box."""
    detail = {name: value if name == _AGES else _fractions(value) for name, value in detail.items()}
    box = detail["BoundingBox"]
    upright = Box(box["Left"], box["Top"], box["Width"], box["Height"])
    pose, quality = detail["Pose"], detail["Quality"]
    frame = FaceFrame(upright, 0.0, 1.0)
    placed = {name: frame.at(point) for name, point in FACE_TEMPLATE.items()}
    stated = {mark["Type"]: Point(mark["X"], mark["Y"]) for mark in detail["Landmarks"]}
    return KnownFace(
        box=upright,
        confidence=detail["Confidence"],
        landmarks=placed | stated,
        pose=Pose(pose["Roll"], pose["Yaw"], pose["Pitch"]),
        quality=Quality(quality["Brightness"], quality["Sharpness"]),
        attributes={name: value for name, value in detail.items() if name not in _FIELDS},
        measured=frozenset(),
        person=person,
    )


def _fractions(value: Any) -> Any:
    """Return a member's value, copied, with whole numbers as the fractions that the wire has there: 99 is 99.0."""
    if isinstance(value, Mapping):
        return {name: _fractions(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_fractions(member) for member in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


class Knowledge:
    """The faces that a test has stated, by the digest of the image."""

    def __init__(self) -> None:
        self._faces: dict[str, tuple[KnownFace, ...]] = {}
        self._lock = threading.Lock()

    def know(self, data: bytes, faces: Sequence[KnownFace]) -> None:
        """State the faces of an image; stated again, the last word counts."""
        ordered = tuple(sorted(faces, key=lambda face: -face.box.area))
        with self._lock:
            self._faces[hashlib.sha256(data).hexdigest()] = ordered

    def faces(self, digest: str) -> tuple[KnownFace, ...] | None:
        """Return the faces of the image with a SHA-256, the largest first; None where nothing was stated."""
        return self._faces.get(digest)
