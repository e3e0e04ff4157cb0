"""What a test states about an image: from a short form to whole faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_rekognition.backends.reference.given import given_image
from pytest_rekognition.builders import face_detail
from pytest_rekognition.builders.layout import grid
from pytest_rekognition.errors import UsageError
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Names under which a face says where it is.
_BOX_NAMES = frozenset({"bounding_box", "BoundingBox"})


def image_bytes(image: Any) -> bytes:
    """Return the bytes of an image whose faces are stated; raises `UsageError` as `given_image`."""
    __tracebackhide__ = True
    return given_image(image, "know")


def stated_faces(faces: int | Sequence[Mapping[str, Any]]) -> list[tuple[dict[str, Any], str | None]]:
    """Return complete `FaceDetail` members, and who it is, of faces in short form.

    `faces` is their number, or a mapping each: `person`, a name or None, and overrides of `face_detail`. Those
    that do not say where they are lie side by side. Raises `UsageError`, or `ContractError` as `face_detail`.
    """
    __tracebackhide__ = True
    listed = _listed(faces)
    return [_stated(face, box.as_wire()) for face, box in zip(listed, grid(len(listed)), strict=True)]


def _listed(faces: Any) -> list[Mapping[str, Any]]:
    __tracebackhide__ = True
    if isinstance(faces, int) and not isinstance(faces, bool) and faces >= 0:
        return [{}] * faces
    if isinstance(faces, list | tuple) and all(isinstance(face, Mapping) for face in faces):
        return list(faces)
    raise UsageError(
        f'faces is their number, or a list such as [{{"person": "anna", "smile": True}}], not {show(faces)}'
    )


def _stated(face: Mapping[str, Any], box: Mapping[str, float]) -> tuple[dict[str, Any], str | None]:
    __tracebackhide__ = True
    overrides = dict(face)
    person = overrides.pop("person", None)
    if not (person is None or (isinstance(person, str) and person)):
        raise UsageError(f"person is a name, not {show(person)}")
    if _BOX_NAMES.isdisjoint(overrides):
        overrides["bounding_box"] = box
    return face_detail(**overrides), person
