"""Faces as the wire carries them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.conventions import LEAST_FACE_CONFIDENCE, UNMEASURED
from pytest_rekognition.backends.reference.knowledge import KnownFace
from pytest_rekognition.geometry import MAIN_LANDMARKS, single

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_rekognition.backends.reference.engines.base import MeasuredFace

#: "DetectFaces detects the 100 largest faces in the image"; the other operations on images say the same
MAX_FACES: Final = 100


def face_detail(face: MeasuredFace, members: Sequence[str] = (), *, complete: bool = False) -> dict[str, Any]:
    """Return a face's `FaceDetail` with the DEFAULT members and `members`; 5 landmarks, or 30 where complete.

    Only ALL brings 30: the landmarks are of the DEFAULT subset that "will always be returned", and every recorded
    answer that is not to ALL has 5.
    """
    detail = {
        "BoundingBox": face.box.as_wire(),
        **{member: face.attributes.get(member, UNMEASURED[member]) for member in members},
        "Landmarks": [
            {"Type": name, "X": face.landmarks[name].x, "Y": face.landmarks[name].y}
            for name in (tuple(face.landmarks) if complete else MAIN_LANDMARKS)
        ],
        "Pose": {"Roll": face.pose.roll, "Yaw": face.pose.yaw, "Pitch": face.pose.pitch},
        "Quality": {"Brightness": face.quality.brightness, "Sharpness": face.quality.sharpness},
        "Confidence": _confidence(face),
    }
    single_detail: dict[str, Any] = as_single(detail)
    return single_detail


def _confidence(face: MeasuredFace) -> float:
    """Return a face's confidence: as stated by a test; of an engine's, never less than the service ever sent."""
    return face.confidence if isinstance(face, KnownFace) else max(LEAST_FACE_CONFIDENCE, face.confidence)


def as_single(value: Any) -> Any:
    """Return wire JSON, copied, with every fraction as the service sends it: a 32-bit float."""
    if isinstance(value, float):
        return single(value)
    if isinstance(value, dict):
        return {name: as_single(member) for name, member in value.items()}
    if isinstance(value, list):
        return [as_single(member) for member in value]
    return value
