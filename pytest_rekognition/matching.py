"""Whether a call is the one that a stub waits for, and if not, why not.

Matching is partial: members that are not named do not matter. Lists match in any order. Images are compared by
their bytes, and told by their digest. `unittest.mock.ANY`, or any object with an `__eq__` of its own, works at
every depth.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_MISSING = object()


class Mismatch(NamedTuple):
    """One member in which a call differs from what was expected."""

    #: the JSON path of the member
    path: str
    #: what was expected there; `MISSING` where nothing was
    expected: Any
    #: what the call has there; `MISSING` where it has nothing
    actual: Any

    @property
    def missing(self) -> bool:
        """Whether the call lacks the member altogether."""
        return self.actual is _MISSING

    @property
    def unexpected(self) -> bool:
        """Whether nothing was expected there at all."""
        return self.expected is _MISSING


def mismatches(expected: Any, actual: Any, path: str = "$") -> Iterator[Mismatch]:
    """Yield every member in which the actual value differs from the expected one; nothing where it matches."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name, value in expected.items():
            yield from mismatches(value, actual.get(name, _MISSING), f"{path}.{name}")
    elif isinstance(expected, list | tuple) and isinstance(actual, list | tuple):
        if not _same_items(list(expected), list(actual)):
            yield Mismatch(path, expected, actual)
    elif actual is _MISSING or plain_image(expected) != actual:
        yield Mismatch(path, expected, actual)


def differences(expected: Any, actual: Any, path: str = "$") -> Iterator[Mismatch]:
    """Yield every member in which two structures differ; unlike in `mismatches`, nothing may be left out."""
    if isinstance(expected, Mapping) and isinstance(actual, Mapping):
        for name in [*expected, *(name for name in actual if name not in expected)]:
            yield from differences(expected.get(name, _MISSING), actual.get(name, _MISSING), f"{path}.{name}")
    elif expected != actual:
        yield Mismatch(path, expected, actual)


def plain_image(value: Any) -> Any:
    """Return the bytes of what stands for an image (a drawn one, a bytearray); other values as they are."""
    if isinstance(value, bytearray | memoryview):
        return bytes(value)
    if hasattr(value, "__bytes__") and not isinstance(value, bytes | type):
        return bytes(value)
    return value


def _same_items(expected: list[Any], actual: list[Any]) -> bool:
    """Tell whether every expected item can have an actual item of its own (Kuhn's augmenting paths)."""
    if len(expected) != len(actual):
        return False
    fits = [[not any(mismatches(item, other)) for other in actual] for item in expected]
    taken: dict[int, int] = {}

    def place(item: int, seen: set[int]) -> bool:
        for other, fitting in enumerate(fits[item]):
            if fitting and other not in seen:
                seen.add(other)
                if other not in taken or place(taken[other], seen):
                    taken[other] = item
                    return True
        return False

    return all(place(item, set()) for item in range(len(expected)))
