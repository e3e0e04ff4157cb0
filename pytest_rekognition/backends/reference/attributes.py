"""Which members of `FaceDetail` a request's `Attributes` ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS
from pytest_rekognition.backends.reference.conventions import UNMEASURED

if TYPE_CHECKING:
    from collections.abc import Sequence


def wants_all(attributes: Sequence[str]) -> bool:
    """Tell whether everything is asked for: `["ALL", "DEFAULT"]` means all (DetectFaces, Attributes)."""
    return "ALL" in attributes


def wanted_members(attributes: Sequence[str]) -> tuple[str, ...]:
    """Return the members beyond the DEFAULT ones, in the service's order; the attributes are documented ones."""
    if wants_all(attributes):
        return tuple(UNMEASURED)
    members = {ATTRIBUTE_MEMBERS[attribute] for attribute in attributes if attribute != "DEFAULT"}
    return tuple(member for member in UNMEASURED if member in members)
