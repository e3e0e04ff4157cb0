"""A whole exchange held against the contract, and what the service's own answer settles about a request."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.contract import Contract
from pytest_rekognition.exchange import FAILED, ErrorReply, Violation
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_rekognition.cassettes.interaction import Interaction
    from pytest_rekognition.exchange import Exchange, Source

#: Stands in an `Exchange` for a request that nobody wrote down: only the answer is checked. Known by its identity.
UNKNOWN_REQUEST: Mapping[str, Any] = MappingProxyType({})
#: The least HTTP status that is the server's failure.
_SERVER_FAILED = 500
#: What a failure comes to whose body tells nothing.
_NOTHING = ErrorReply("", "")


def check_exchange(exchange: Exchange) -> list[Violation]:
    """Return what is wrong with an exchange: its request, then its answer.

    Images of the request may be bytes or base64 text. An answer that is neither response nor error is one
    violation.
    """
    return _request_violations(exchange) + _answer_violations(exchange)


def check_interaction(interaction: Interaction) -> list[Violation]:
    """Return what is wrong with a recorded exchange; each violation says when it was recorded."""
    exchange = interaction.exchange
    if isinstance(interaction.document, dict):
        found = check_exchange(exchange)
    else:
        body = interaction.body.encode(errors="replace")
        found = [*_request_violations(exchange), unreadable(exchange.operation, exchange.status, body)]
    return [replace(violation, recorded=interaction.recorded.at) for violation in found]


def settled_by_error(operation: str, violations: Sequence[Violation], source: Source) -> list[Violation]:
    """Return what is wrong with a request, less what its answer, an error, has settled.

    A stubbed error is the test's own answer to whatever the request is. An error of the reference backend or the
    service settles what is wrong with an image (its size), which is the users' doing; not a misspelt attribute.
    """
    if source == "stub":
        return []
    images = {".".join(("$", *path)) for path in catalog.operation(operation).request_blobs}
    return [violation for violation in violations if violation.path not in images]


def unreadable(operation: str, status: int, body: bytes | None = None) -> Violation:
    """Return the violation of a body that is no JSON object.

    Where the server failed, which clients retry, it is only a note.
    """
    return Violation(
        operation=operation,
        side="error" if status >= FAILED else "response",
        path="$",
        rule="document",
        severity="note" if status >= _SERVER_FAILED else "breach",
        message="the body is no JSON object" + ("" if body is None else f", but {show(body)}"),
    )


def _request_violations(exchange: Exchange) -> list[Violation]:
    if exchange.request is UNKNOWN_REQUEST:
        return []
    violations = Contract(exchange.operation).check_request(exchange.request)
    if exchange.status >= FAILED:
        return settled_by_error(exchange.operation, violations, exchange.source)
    return violations


def _answer_violations(exchange: Exchange) -> list[Violation]:
    contract = Contract(exchange.operation)
    if exchange.response is not None:
        known = None if exchange.request is UNKNOWN_REQUEST else exchange.request
        return contract.check_response(exchange.response, known)
    if exchange.error is None or (exchange.error == _NOTHING and exchange.status >= _SERVER_FAILED):
        return [unreadable(exchange.operation, exchange.status)]
    return contract.check_error(*exchange.error, exchange.status)
