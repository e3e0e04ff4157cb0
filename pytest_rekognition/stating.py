"""What a test states about an image: from a short form to whole faces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_rekognition.backends.reference.given import KNOWN_IMAGE, given_image
from pytest_rekognition.builders.checking import refuse_breaches
from pytest_rekognition.builders.faces import DETAIL_MEMBERS, detail
from pytest_rekognition.builders.layout import grid
from pytest_rekognition.builders.names import by_member
from pytest_rekognition.errors import UsageError
from pytest_rekognition.images import aspect_of
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_rekognition.geometry import Box
    from pytest_rekognition.options import Options

    Faces = int | Sequence[Mapping[str, Any]]
    #: a complete `FaceDetail`, and who it is
    Stated = tuple[dict[str, Any], str | None]


def refuse_unasked(settings: Options) -> None:
    """Raise `UsageError` where no call is answered by the reference, so that what it is told is of no use."""
    if not settings.uses_reference:
        raise UsageError(
            f"know tells the reference backend, which answers no call in mode {settings.mode.value!r}: set"
            ' mode="reference", or unrecorded="reference" beside mode="replay". (Over HTTP it answers in any mode:'
            " have rekognition_endpoint before know.)"
        )


def statement(image: Any, faces: Faces) -> tuple[bytes, list[Stated]]:
    """Return an image's bytes, and its faces as `stated_faces`; raises as that does, and as `given_image`."""
    data = given_image(image, KNOWN_IMAGE)
    return data, stated_faces(faces, aspect_of(data))


def stated_faces(faces: Faces, aspect: float = 1.0) -> list[Stated]:
    """Return complete `FaceDetail` members, and who it is, of faces in short form.

    `faces` is their number, or a mapping each: `person`, a name or None, and overrides of `face_detail`. Those
    that do not say where they are lie side by side. `aspect` is the image's width over its height. Raises
    `UsageError`, or `ContractError` as `face_detail`.
    """
    listed = _listed(faces)
    boxes = grid(len(listed))
    return [
        _stated(face, f"faces[{number}]", box, aspect)
        for number, (face, box) in enumerate(zip(listed, boxes, strict=True))
    ]


def _listed(faces: Any) -> list[Mapping[str, Any]]:
    if isinstance(faces, int) and not isinstance(faces, bool) and faces >= 0:
        return [{}] * faces
    if isinstance(faces, list | tuple) and all(isinstance(face, Mapping) for face in faces):
        return list(faces)
    raise UsageError(
        f'faces is their number, or a list such as [{{"person": "anna", "smile": True}}], not {show(faces)}'
    )


def _stated(face: Mapping[str, Any], name: str, box: Box, aspect: float) -> Stated:
    named = by_member(face, ("person", *DETAIL_MEMBERS), name)
    person = named.pop("person", None)
    if not (person is None or (isinstance(person, str) and person)):
        raise UsageError(f"{name}: person is a name, not {show(person)}")
    whole = detail(named, attributes=("ALL",), box=box, aspect=aspect)
    refuse_breaches("DetectFaces", {"FaceDetails": [whole]}, "know", item=("$.FaceDetails[0]", name))
    return whole, person
