"""Which members of `FaceDetail` a request's `Attributes` ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.conventions import UNMEASURED
from pytest_rekognition.backends.reference.images import invalid_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

#: the values of `Attributes` and the member that each adds to the DEFAULT ones
MEMBERS: Final = {
    "AGE_RANGE": "AgeRange",
    "BEARD": "Beard",
    "EMOTIONS": "Emotions",
    "EYE_DIRECTION": "EyeDirection",
    "EYEGLASSES": "Eyeglasses",
    "EYES_OPEN": "EyesOpen",
    "FACE_OCCLUDED": "FaceOccluded",
    "GENDER": "Gender",
    "MOUTH_OPEN": "MouthOpen",
    "MUSTACHE": "Mustache",
    "SMILE": "Smile",
    "SUNGLASSES": "Sunglasses",
}
_KNOWN: Final = frozenset({"ALL", "DEFAULT", *MEMBERS})


def wants_all(attributes: Iterable[str]) -> bool:
    """Tell whether everything is asked for: `["ALL", "DEFAULT"]` means all (DetectFaces, Attributes)."""
    return "ALL" in attributes


def wanted_members(attributes: Iterable[str]) -> tuple[str, ...]:
    """Return the members beyond the DEFAULT ones, in the service's order; an unknown value is a `ServiceError`."""
    chosen = list(attributes)
    if not all(isinstance(attribute, str) and attribute in _KNOWN for attribute in chosen):
        raise invalid_parameters()
    if wants_all(chosen):
        return tuple(UNMEASURED)
    members = {MEMBERS[attribute] for attribute in chosen if attribute != "DEFAULT"}
    return tuple(member for member in UNMEASURED if member in members)
