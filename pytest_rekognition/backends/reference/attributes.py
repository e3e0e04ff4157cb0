"""Which members of `FaceDetail` a request's `Attributes` ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS
from pytest_rekognition.backends.reference.conventions import UNMEASURED
from pytest_rekognition.backends.reference.refusals import invalid_parameters

if TYPE_CHECKING:
    from collections.abc import Iterable

_KNOWN: Final = frozenset({"ALL", "DEFAULT", *ATTRIBUTE_MEMBERS})


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
    members = {ATTRIBUTE_MEMBERS[attribute] for attribute in chosen if attribute != "DEFAULT"}
    return tuple(member for member in UNMEASURED if member in members)
