"""Known departures from the schemas that recorded responses show: they are notes, no breaches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_rekognition.contract.paths import Steps

#: How many emotions a face came with until mid 2019; since then it is seven or eight.
_EARLY_EMOTIONS = 3


class Quirk(NamedTuple):
    """A schema's keyword that one member of old responses breaks."""

    keyword: str
    member: str
    #: tells from the structure that the member belongs to whether it is such an old one
    applies: Callable[[Any], bool]
    #: what was measured
    source: str


def _early_face(face: Any) -> bool:
    emotions = face.get("Emotions")
    return isinstance(emotions, list) and len(emotions) == _EARLY_EMOTIONS


_QUIRKS = (
    Quirk(
        "required",
        "Landmarks",
        _early_face,
        "measured: a face with the three emotions of 2018 to mid 2019 was published without landmarks",
    ),
)


def quirk(keyword: str, steps: Steps, payload: Any) -> Quirk | None:
    """Return the known quirk behind a schema's complaint about the member at `steps`, or None."""
    if not steps:
        return None
    *above, member = steps
    for known in _QUIRKS:
        if (known.keyword, known.member) == (keyword, member) and known.applies(_at(payload, above)):
            return known
    return None


def _at(payload: Any, steps: Any) -> Any:
    for step in steps:
        payload = payload[step]
    return payload
