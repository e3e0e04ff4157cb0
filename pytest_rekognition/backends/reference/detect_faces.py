"""DetectFaces: an image's faces as the wire carries them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.attributes import wanted_members, wants_all
from pytest_rekognition.backends.reference.conventions import LEAST_FACE_CONFIDENCE, UNMEASURED
from pytest_rekognition.backends.reference.images import image_bytes, invalid_parameters
from pytest_rekognition.geometry import MAIN_LANDMARKS, single

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_rekognition.backends.reference.detector import Detector
    from pytest_rekognition.backends.reference.engines.base import MeasuredFace

#: "DetectFaces detects the 100 largest faces in the image"
MAX_FACES: Final = 100


def detect_faces(request: Mapping[str, Any], detector: Detector) -> dict[str, Any]:
    """Return the response to a DetectFaces request: `FaceDetails`, the largest box first."""
    attributes = request.get("Attributes") or ["DEFAULT"]
    image = request.get("Image")
    if not isinstance(image, Mapping) or not isinstance(attributes, (list, tuple)):
        raise invalid_parameters()
    members = wanted_members(attributes)
    faces = detector.faces(image_bytes(image, "DetectFaces"))[:MAX_FACES]
    complete = wants_all(attributes)
    return {"FaceDetails": [face_detail(face, members, complete=complete) for face in faces]}


def face_detail(face: MeasuredFace, members: Sequence[str], *, complete: bool) -> dict[str, Any]:
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
        "Confidence": max(LEAST_FACE_CONFIDENCE, face.confidence),
    }
    single_detail: dict[str, Any] = _as_single(detail)
    return single_detail


def _as_single(value: Any) -> Any:
    """Return wire JSON, copied, with every fraction as the service sends it: a 32-bit float."""
    if isinstance(value, float):
        return single(value)
    if isinstance(value, dict):
        return {name: _as_single(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_as_single(member) for member in value]
    return value
