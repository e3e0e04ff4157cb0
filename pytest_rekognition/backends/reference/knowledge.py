"""What a test states about images: their faces, whole, known by the image's content."""

from __future__ import annotations

import hashlib
import math
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.engines.base import MeasuredFace, Pose, Quality
from pytest_rekognition.backends.reference.java import as_float
from pytest_rekognition.errors import UsageError
from pytest_rekognition.geometry import FACE_TEMPLATE, Box, FaceFrame, Point, completed
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Sequence

#: members of a `FaceDetail` that a `MeasuredFace` has fields for
_FIELDS: Final = frozenset({"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"})
#: those of them that are numbers together, by their names
_PARTS: Final = {
    "BoundingBox": ("Left", "Top", "Width", "Height"),
    "Pose": ("Roll", "Yaw", "Pitch"),
    "Quality": ("Brightness", "Sharpness"),
}
#: its only member with whole numbers
_AGES: Final = "AgeRange"
#: what a backend takes, told to whoever means the harness
_FORM: Final = (
    "a ReferenceBackend is told of faces as pairs, a complete FaceDetail and a person's name or None:"
    ' [(face_detail(smile=True), "anna")] (Rekognition.know takes their number and short forms, too)'
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFace(MeasuredFace):
    """A face that a test has stated."""

    #: who it is: faces of one person are alike, those of two are not; None lets the pixels tell
    person: str | None = None


def known_face(detail: Mapping[str, Any], person: str | None = None, aspect: float = 1.0) -> KnownFace:
    """Return the face that a complete `FaceDetail` describes, in an image of this width over height.

    Landmarks that it lacks are placed by the others, or by its box and roll; see `geometry.completed`.
    """
    detail = {name: value if name == _AGES else _fractions(value) for name, value in detail.items()}
    box = detail["BoundingBox"]
    place = Box(box["Left"], box["Top"], box["Width"], box["Height"])
    pose, quality = detail["Pose"], detail["Quality"]
    stated = {mark["Type"]: Point(mark["X"], mark["Y"]) for mark in detail["Landmarks"]}
    return KnownFace(
        box=place,
        confidence=detail["Confidence"],
        landmarks=completed(stated, FaceFrame.inside(place, pose["Roll"], aspect)),
        pose=Pose(pose["Roll"], pose["Yaw"], pose["Pitch"]),
        quality=Quality(quality["Brightness"], quality["Sharpness"]),
        attributes={name: value for name, value in detail.items() if name not in _FIELDS},
        measured=frozenset(),
        person=person,
    )


def known_faces(faces: Any, aspect: float) -> list[KnownFace]:
    """Return the faces that pairs describe, a complete `FaceDetail` and who it is; else raises `UsageError`."""
    if not isinstance(faces, Iterable):
        raise UsageError(f"{_FORM}, not {show(faces)}")
    return [known_face(*_checked_pair(pair), aspect) for pair in faces]


def _checked_pair(pair: Any) -> tuple[Mapping[str, Any], str | None]:
    if not isinstance(pair, tuple) or len(pair) != 2 or not isinstance(pair[0], Mapping):  # noqa: PLR2004  a pair
        raise UsageError(f"{_FORM}, not {show(pair)}")
    detail, person = pair
    missing = sorted(_FIELDS - detail.keys())
    if missing:
        raise UsageError(f"{_FORM}; here one lacks {', '.join(missing)}")
    wrong = ", ".join(_unlike_a_face(detail))
    if wrong:
        raise UsageError(f"{_FORM}; here one has no {wrong} as DetectFaces answers it")
    if not (person is None or (isinstance(person, str) and person)):
        raise UsageError(f"{_FORM}; here the person is {show(person)}")
    return detail, person


def _unlike_a_face(detail: Mapping[str, Any]) -> Iterator[str]:
    """Yield the path of each member that a face's place is taken from, and that is not of its form."""
    if not _is_number(detail["Confidence"]):
        yield "Confidence"
    for name, parts in _PARTS.items():
        yield from (f"{name}.{part}" for part in _not_numbers(detail[name], parts))
    marks = detail["Landmarks"]
    if not isinstance(marks, list | tuple):
        yield "Landmarks"
        return
    for number, mark in enumerate(marks):
        yield from (f"Landmarks[{number}].{part}" for part in _not_numbers(mark, ("X", "Y")))
        if not (isinstance(mark, Mapping) and mark.get("Type") in tuple(FACE_TEMPLATE)):
            yield f"Landmarks[{number}].Type"


def _not_numbers(value: Any, parts: tuple[str, ...]) -> list[str]:
    held = value if isinstance(value, Mapping) else {}
    return [part for part in parts if not _is_number(held.get(part))]


def _is_number(value: Any) -> bool:
    """Return whether a value is a number that the wire can carry: finite, in 32 bits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(as_float(value))


def _fractions(value: Any) -> Any:
    """Return a member's value, copied, with whole numbers as the fractions that the wire has there: 99 is 99.0."""
    if isinstance(value, Mapping):
        return {name: _fractions(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_fractions(member) for member in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not _is_number(value):
        raise UsageError(f"{_FORM}; here a number is {show(value)}, which the wire cannot carry")
    return float(value)


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
