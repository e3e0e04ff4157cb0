"""Members by their place: the values at a path of names, replaced without touching what they were found in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


def converted(payload: Any, where: Sequence[str], convert: Callable[[Any], Any]) -> Any:
    """Return the payload with `convert` applied to the values that `where` names (`"*"`: every item)."""
    if not where:
        return convert(payload)
    step, rest = where[0], where[1:]
    if step == "*":
        return _converted_items(payload, rest, convert)
    if not isinstance(payload, Mapping) or step not in payload:
        return payload
    before = payload[step]
    after = converted(before, rest, convert)
    return payload if after is before else {**payload, step: after}


def _converted_items(payload: Any, rest: Sequence[str], convert: Callable[[Any], Any]) -> Any:
    if not isinstance(payload, list | tuple):
        return payload
    items = [converted(item, rest, convert) for item in payload]
    return payload if all(map(_same, items, payload)) else items


def _same(after: object, before: object) -> bool:
    return after is before


def values_at(payload: Any, where: Sequence[str]) -> Iterator[Any]:
    """Yield the values at a path (`"*"`: every item of a list); nothing where it leads nowhere."""
    if not where:
        yield payload
    elif where[0] == "*":
        for item in payload if isinstance(payload, list | tuple) else ():
            yield from values_at(item, where[1:])
    elif isinstance(payload, Mapping) and where[0] in payload:
        yield from values_at(payload[where[0]], where[1:])
