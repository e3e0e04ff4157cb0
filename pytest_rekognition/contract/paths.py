"""JSON paths: how a member of a payload is named in a violation."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: The steps from a payload's root to a member: member names and list indices.
Steps = tuple[object, ...]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def json_path(steps: Iterable[object]) -> str:
    """Return the path's text, such as `$.FaceDetails[0].Confidence` or `$["odd name"]`."""
    return "$" + "".join(map(_step, steps))


def sort_key(steps: Iterable[object]) -> tuple[tuple[int, int, str], ...]:
    """Return what sorts paths: by member name, list items by number."""
    return tuple((0, step, "") if isinstance(step, int) else (1, 0, str(step)) for step in steps)


def locate(payload: object, where: Steps) -> Iterator[tuple[Steps, object]]:
    """Yield each part of the payload that `where` names, with its steps; `"*"` stands for every list item.

    Parts that are not there are skipped.
    """
    if not where:
        yield (), payload
        return
    step, *rest = where
    for name, part in _children(payload, step):
        for steps, found in locate(part, tuple(rest)):
            yield (name, *steps), found


def _children(payload: object, step: object) -> Iterable[tuple[object, object]]:
    if step == "*":
        return enumerate(payload) if isinstance(payload, list | tuple) else ()
    if isinstance(payload, dict) and step in payload:
        return ((step, payload[step]),)
    return ()


def _step(step: object) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    name = str(step)
    if _PLAIN_NAME.fullmatch(name):
        return f".{name}"
    return '["' + name.replace("\\", "\\\\").replace('"', '\\"') + '"]'
