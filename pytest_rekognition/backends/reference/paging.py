"""Pages and their opaque tokens."""

from __future__ import annotations

import base64
import hashlib
import json
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from pytest_rekognition.backends.reference.refusals import invalid_token

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")

_DIGEST: Final = 12


def page(
    items: Iterable[T], place: Callable[[T], int], *, scope: Sequence[object], token: str | None, limit: int
) -> tuple[list[T], dict[str, str]]:
    """Return a page of items and the response's `NextToken`, as a dict that is empty after the last page.

    `place` is an item's number in an order in which `items` come, which other items' going or coming does not
    change. `scope` is everything that a token is good for (the operation, the collection, the filters); another
    one's token, or one made up, raises `InvalidPaginationTokenException`.
    """
    last = -1 if token is None else _read(token, scope)
    found = list(islice((item for item in items if place(item) > last), limit + 1))
    if len(found) <= limit:
        return found, {}
    shown = found[:limit]
    return shown, {"NextToken": _write(place(shown[-1]) if shown else last, scope)}


def limited(request: Mapping[str, object], member: str, most: int) -> int:
    """Return how many results a page has: as many as asked for, no more than `most`, which is also the default."""
    asked = request.get(member)
    return most if not isinstance(asked, int) or asked < 1 else min(asked, most)


def _write(last: int, scope: Sequence[object]) -> str:
    return base64.urlsafe_b64encode(f"{last}:{_seal(last, scope)}".encode()).decode()


def _read(token: str, scope: Sequence[object]) -> int:
    try:
        last = int(base64.urlsafe_b64decode(token.encode()).decode().partition(":")[0])
    except ValueError:
        raise invalid_token() from None
    if token != _write(last, scope):  # letter by letter: decoding passes foreign ones over
        raise invalid_token()
    return last


def _seal(last: int, scope: Sequence[object]) -> str:
    text = json.dumps([last, *scope], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGEST]
