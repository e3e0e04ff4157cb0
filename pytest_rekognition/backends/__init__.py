"""Who answers a call: the backend protocol. Each backend is a module or package of its own here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pytest_rekognition.exchange import Call, Reply


class Backend(Protocol):
    """Answers calls in the service's place."""

    def reply(self, call: Call) -> Reply:
        """Answer a call, or raise `ServiceError` for a failure that the service models."""
        ...
