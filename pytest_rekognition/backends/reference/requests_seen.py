"""Requests that were answered before: with a ClientRequestToken, what was asked for twice is done once."""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_rekognition.backends.reference.region import Region

#: seconds that a token is remembered. Not documented: eight hours are this project's own choice.
KEPT: Final = 8 * 3600
#: tokens of a region that are remembered, the latest ones: some 40 MB
MOST: Final = 100_000


class _Seen(NamedTuple):
    #: tells the request from others
    digest: bytes
    #: the collection that it names, or None
    collection: str | None
    #: what was answered, as JSON: it is small, and nobody can change it
    response: str
    #: seconds since the epoch
    at: float


class RequestsSeen:
    """The requests of one region that came with a token, and what was answered."""

    #: seconds that a token is remembered
    kept: float = KEPT

    def __init__(self) -> None:
        # by operation and token, the latest last
        self._seen: OrderedDict[tuple[str, str], _Seen] = OrderedDict()

    def __len__(self) -> int:
        return len(self._seen)

    def find(self, operation: str, request: Mapping[str, Any], now: float) -> dict[str, Any] | None:
        """Return what was answered to the same request with the same token, or None.

        Raises `IdempotentParameterMismatchException` where the token came with another request of the operation.
        """
        seen = self._seen.get((operation, request["ClientRequestToken"]))
        if seen is None or self._is_over(seen, now):
            return None
        if seen.digest != _digest(request):
            raise ServiceError(
                "IdempotentParameterMismatchException",
                "A ClientRequestToken input parameter was reused with an operation, but at least one of the other"
                " input parameters is different from the previous call to the operation.",
            )
        response: dict[str, Any] = json.loads(seen.response)
        return response

    def keep(self, operation: str, request: Mapping[str, Any], response: Mapping[str, Any], now: float) -> None:
        """Remember what a request with a token was answered."""
        key = operation, request["ClientRequestToken"]
        self._seen[key] = _Seen(_digest(request), request.get("CollectionId"), json.dumps(response), now)
        self._seen.move_to_end(key)
        while len(self._seen) > MOST or self._is_over(next(iter(self._seen.values())), now):
            self._seen.popitem(last=False)

    def forget(self, collection: str) -> None:
        """Forget the requests that named a collection which is no more."""
        for key in [key for key, seen in self._seen.items() if seen.collection == collection]:
            del self._seen[key]

    def _is_over(self, seen: _Seen, now: float) -> bool:
        return now - seen.at >= self.kept


def _digest(request: Mapping[str, Any]) -> bytes:
    """Return what equal requests have in common: their members in whatever order, 80 as 80.0."""
    text = json.dumps(json.loads(json.dumps(dict(request)), parse_int=float), sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def answered_once(
    operation: str, request: Mapping[str, Any], region: Region, act: Callable[[], dict[str, Any]]
) -> dict[str, Any]:
    """Return what `act` answers; for a token seen before, what was answered then, and nothing is done again.

    "If you use the same token with multiple … requests, the same response is returned." A refusal has changed
    nothing, so it is not remembered: the request may be tried again. `act` runs with `region.lock` held.
    """
    with region.lock:
        if not request.get("ClientRequestToken"):
            return act()
        seen, now = region.part(RequestsSeen), region.clock.now()
        found = seen.find(operation, request, now)
        if found is None:
            found = act()
            seen.keep(operation, request, found, now)
        return found
