"""Numbers as the service sends them: 32-bit floats in a range, which shrink to a usual value.

Each is made from one whole number, so that it is drawn fast, shrinks at once, and needs no filter.
"""

from __future__ import annotations

from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument

from pytest_rekognition.geometry import single

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from hypothesis.strategies import SearchStrategy

#: How many values lie on either side of the usual one. Hypothesis draws small whole numbers about evenly, and of
#: large ranges mostly the small ones: much larger, and nearly every face would be the usual one.
STEPS: Final = 1000
#: A 32-bit float's least step below 1, for ranges that leave out their end.
_TINY: Final = 2.0**-20


def between(step: int, low: float, high: float, usual: float, power: int = 1) -> float:
    """Return a 32-bit float in low..high: `usual` for 0 steps, an end for `STEPS` steps either way.

    A higher power keeps the numbers nearer to the usual one.
    """
    end = high if step > 0 else low
    value = usual + (end - usual) * (abs(step) / STEPS) ** power
    return single(min(max(low, high), max(min(low, high), value)))


@cache
def singles(low: float, high: float, usual: float) -> SearchStrategy[float]:
    """Return 32-bit floats in low..high that shrink to `usual`."""
    steps = st.integers(-STEPS if low < usual else 0, STEPS if high > usual else 0)
    return steps.map(lambda step: between(step, low, high, usual))


def number(schema: dict[str, Any]) -> SearchStrategy[float]:
    """Return the numbers of a schema: without limits a ratio of an image, a timestamp in epoch milliseconds."""
    if "x-timestamp" in schema:
        return _TIMESTAMPS
    low = schema["exclusiveMinimum"] + _TINY if "exclusiveMinimum" in schema else schema.get("minimum", 0.0)
    high = schema.get("maximum", max(1.0, low))
    return singles(low, high, 99.5 if high == 100 else (low + high) / 2)  # noqa: PLR2004  a percentage


def whole_number(schema: dict[str, Any]) -> SearchStrategy[int]:
    """Return the whole numbers of a schema; most are small, as counts and milliseconds are."""
    low, high = max(schema.get("minimum", 0), 0), min(schema.get("maximum", _LARGE), _LARGE)
    return st.integers(low, high)


def limit(schema: dict[str, Any]) -> SearchStrategy[int]:
    """Return how many results a request asks for: one time in two so few that they may fill it."""
    least = max(schema.get("minimum", 1), 1)
    return st.one_of(st.integers(least, least + _FEW), whole_number(schema))


def _seconds(milliseconds: int) -> float:
    return milliseconds / 1000


#: How many more than the least are few.
_FEW: Final = 3
#: Whole numbers grow no larger: a signed 32-bit number's end.
_LARGE: Final = 2**31 - 1
#: From the service's first year on, to the millisecond.
_TIMESTAMPS: Final = st.integers(0, 10**12 // 2).map(lambda millis: _seconds(1_480_000_000_000 + millis))


def identifiers(version: int = 4) -> SearchStrategy[str]:
    """Return UUIDs as text, of the version that the service gives (4 to faces, 3 to images)."""
    return st.integers(0, 2**64 - 1).map(lambda value: identifier(value, version))


def identifier(value: int, version: int = 4) -> str:
    """Return the UUID that a number stands for."""
    return str(UUID(int=value, version=version))


def distinct(taken: Iterable[str], make: Callable[[int], str]) -> list[str]:
    """Return texts in their order, each repeated one replaced by the first that `make` gives and none has."""
    taken = list(taken)
    seen: set[str] = set()
    spare = (text for text in map(make, count(1)) if text not in taken)
    kept = []
    for text in taken:
        kept.append(next(spare) if text in seen else text)
        seen.add(text)
    return kept


def invalid(message: str) -> InvalidArgument:
    """Return Hypothesis' own error for an argument that means nothing."""
    return InvalidArgument(message)
