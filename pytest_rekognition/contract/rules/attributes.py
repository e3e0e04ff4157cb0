"""Which members a face comes with, given the `Attributes` of the request."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS, OPTIONAL_MEMBERS
from pytest_rekognition.contract.rules.base import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.contract.rules.base import Check, Request

_SOURCE = (
    "DetectFaces, Attributes: 'A DEFAULT subset of facial attributes … will always be returned. You can request "
    'for specific facial attributes … You can request for all facial attributes by using ["ALL"].\''
)
#: What ALL brings only since 2023, so that older recordings lack it.
RECENT_MEMBERS: frozenset[str] = frozenset({"EyeDirection", "FaceOccluded"})


def asked_members(attributes: Any) -> frozenset[str]:
    """Return the members beyond the default ones that a request's attributes ask for."""
    return _asked(tuple(attributes or ()))


@cache
def _asked(attributes: tuple[str, ...]) -> frozenset[str]:
    if "ALL" in attributes:
        return OPTIONAL_MEMBERS
    return frozenset(ATTRIBUTE_MEMBERS[name] for name in attributes if name in ATTRIBUTE_MEMBERS)


def attribute_rules(member: str) -> tuple[Rule, ...]:
    """Return the rules over one face for an operation whose request names attributes in `member`."""
    recent_source = "measured: EyeDirection and FaceOccluded come with ALL only since 2023"
    return (
        Rule("attribute-missing", "breach", _SOURCE, _missing(member)),
        Rule("recent-attribute-missing", "note", recent_source, _recent(member)),
        Rule("attribute-unasked", "breach", _SOURCE, _unasked(member)),
    )


def _missing(member: str) -> Check:
    def check(face: Any, request: Request) -> Iterator[Finding]:
        """Look for every attribute that was asked for."""
        if request is None:
            return
        attributes = request.get(member) or ()
        lacking = asked_members(attributes) - face.keys()
        for name in sorted(lacking - _may_lack(attributes) if lacking else ()):
            yield Finding((name,), f"is missing, though {member} asks for it ({', '.join(attributes)})")

    return check


def _recent(member: str) -> Check:
    def check(face: Any, request: Request) -> Iterator[Finding]:
        """Look for what ALL brings since 2023."""
        if request is None:
            return
        lacking = RECENT_MEMBERS - face.keys()
        for name in sorted(lacking & _may_lack(request.get(member) or ()) if lacking else ()):
            yield Finding((name,), "is missing: the service sends it for ALL since 2023")

    return check


def _unasked(member: str) -> Check:
    def check(face: Any, request: Request) -> Iterator[Finding]:
        """Look for attributes that nobody asked for."""
        if request is None:
            return
        surplus = (face.keys() & OPTIONAL_MEMBERS) - asked_members(request.get(member))
        for name in sorted(surplus):
            if face[name] is not None:
                yield Finding((name,), f"is present, though {member} does not ask for it", face[name])

    return check


def _may_lack(attributes: Any) -> frozenset[str]:
    """Return the recent members that were asked for by ALL alone, not by name."""
    if "ALL" not in attributes:
        return frozenset()
    return RECENT_MEMBERS - {ATTRIBUTE_MEMBERS.get(name, name) for name in attributes}
