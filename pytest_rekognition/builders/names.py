"""The names that users give: an API member (`EyesOpen`), or its snake case (`eyes_open`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_rekognition.contract.wording import shorten
from pytest_rekognition.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def by_member(given: Mapping[str, Any], members: Iterable[str], what: str) -> dict[str, Any]:
    """Return what was given by its API names; raises `UsageError` for a name that is none of `members`."""
    known = {_folded(member): member for member in members}
    named: dict[str, Any] = {}
    for name, value in given.items():
        member = known.get(_folded(name))
        if member is None:
            raise UsageError(
                f"{what} takes no {shorten(name)}{did_you_mean(name, known.values())} "
                f"It takes {', '.join(known.values()) or 'nothing'}."
            )
        if member in named:
            raise UsageError(f"{what} was given {member} twice, the second time as {shorten(name)}")
        named[member] = value
    return named


def _folded(name: object) -> str:
    return str(name).replace("_", "").lower()
