"""Pages and their opaque tokens, and listings that are paged in the order of a key."""

from __future__ import annotations

import base64
import hashlib
import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from pytest_rekognition.backends.reference.refusals import invalid_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")
#: what a listing is sorted by
K = TypeVar("K", str, int)

_DIGEST: Final = 12


class SortedKeys(Generic[K]):
    """Different keys in ascending order. What is added is sorted in once somebody looks."""

    def __init__(self) -> None:
        self._keys: list[K] = []
        self._added: list[K] = []

    def add(self, keys: Iterable[K]) -> None:
        """Add keys that are not there yet."""
        self._added += keys

    def remove(self, key: K) -> None:
        """Take a key away that is there."""
        keys = self.in_order()
        del keys[bisect_left(keys, key)]

    def in_order(self) -> list[K]:
        """Return the keys, to be read only; it takes constant time where nothing was added since the last time."""
        if self._added:
            self._keys += self._added
            self._keys.sort()
            self._added.clear()
        return self._keys


def page(
    items: Iterable[T], place: Callable[[T], K], *, scope: Sequence[object], token: str | None, limit: int
) -> tuple[list[T], dict[str, str]]:
    """Return a page of items and the response's `NextToken`, as a dict that is empty after the last page.

    `items` come in the ascending order of their `place`, which other items' going or coming does not change; a
    sequence is not walked through. `limit` is at least 1. `scope` is everything that a token is good for (the
    operation, the collection, the filters); another one's token, or one made up, raises
    `InvalidPaginationTokenException`. An empty token asks for the first page, as in the documentation's examples.
    """
    known = items if isinstance(items, Sequence) else tuple(items)
    start = bisect_right(known, _read(token, scope), key=place) if token else 0
    shown = list(known[start : start + limit])
    if start + limit >= len(known):
        return shown, {}
    return shown, {"NextToken": _write(place(shown[-1]), scope)}


def limited(request: Mapping[str, object], member: str, most: int) -> int:
    """Return how many results a page has: as many as asked for, no more than `most`, which is also the default."""
    asked = request.get(member)
    return most if not isinstance(asked, int) or asked < 1 else min(asked, most)


def _write(last: str | int, scope: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps([last, _seal(last, scope)]).encode()).decode()


def _read(token: str, scope: Sequence[object]) -> Any:
    """Return the place of the last item that was shown."""
    try:
        last, _ = json.loads(base64.urlsafe_b64decode(token.encode()))
    except (ValueError, TypeError):  # TypeError: a document that is no list
        raise invalid_token() from None
    if token != _write(last, scope):  # letter by letter: decoding passes foreign ones over
        raise invalid_token()
    return last


def _seal(last: str | int, scope: Sequence[object]) -> str:
    text = json.dumps([last, *scope], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
