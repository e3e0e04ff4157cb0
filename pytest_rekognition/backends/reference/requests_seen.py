"""Requests that were answered before: with a ClientRequestToken, what was asked for twice is done once."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_rekognition.backends.reference.region import Region

#: seconds that a token is remembered. Not documented: eight hours are this project's own choice.
KEPT: Final = 8 * 3600


class _Seen(NamedTuple):
    request: dict[str, Any]
    response: dict[str, Any]
    #: seconds since the epoch
    at: float


class RequestsSeen:
    """The requests of one region that came with a token, and what was answered."""

    #: seconds that a token is remembered
    kept: float = KEPT

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], _Seen] = {}

    def find(self, operation: str, request: Mapping[str, Any], now: float) -> dict[str, Any] | None:
        """Return what was answered to the same request with the same token, or None.

        Raises `IdempotentParameterMismatchException` where the token came with another request of the operation.
        """
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen.at < self.kept}
        seen = self._seen.get((operation, request["ClientRequestToken"]))
        if seen is None:
            return None
        if seen.request != request:
            raise ServiceError(
                "IdempotentParameterMismatchException",
                "A ClientRequestToken input parameter was reused with an operation, but at least one of the other"
                " input parameters is different from the previous call to the operation.",
            )
        return deepcopy(seen.response)

    def keep(self, operation: str, request: Mapping[str, Any], response: Mapping[str, Any], now: float) -> None:
        """Remember what a request with a token was answered."""
        key = operation, request["ClientRequestToken"]
        self._seen[key] = _Seen(deepcopy(dict(request)), deepcopy(dict(response)), now)

    def forget(self, member: str, value: object) -> None:
        """Forget the requests that named something which is no more, such as a collection."""
        self._seen = {key: seen for key, seen in self._seen.items() if seen.request.get(member) != value}


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
