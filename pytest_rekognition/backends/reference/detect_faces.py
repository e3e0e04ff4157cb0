"""DetectFaces: an image's faces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.backends.reference.attributes import wanted_members, wants_all
from pytest_rekognition.backends.reference.faces import MAX_FACES, face_detail
from pytest_rekognition.backends.reference.images import image_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.backends.reference.region import Handler, Region


def detect_faces(request: Mapping[str, Any], region: Region) -> dict[str, Any]:
    """Answer DetectFaces: `FaceDetails`, the largest box first."""
    attributes = request.get("Attributes") or ["DEFAULT"]
    members = wanted_members(attributes)
    faces = region.sight.faces(image_of(request["Image"], region))[:MAX_FACES]
    complete = wants_all(attributes)
    return {"FaceDetails": [face_detail(face, members, complete=complete) for face in faces]}


HANDLERS: Final[dict[str, Handler]] = {"DetectFaces": detect_faces}
