"""The last step of every builder: what breaks the contract is refused, the members named."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_rekognition.contract import Contract
from pytest_rekognition.errors import ContractError

if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_NAMED = 5


def refuse_breaches(operation: str, response: Mapping[str, Any], builder: str) -> None:
    """Raise `ContractError` where a response breaks the contract on its own, whatever the request."""
    violations = Contract(operation).check_response(response)
    breaches = [violation for violation in violations if violation.severity != "note"]
    if breaches:
        named = "; ".join(str(violation) for violation in breaches[:_MOST_NAMED])
        more = f"; and {len(breaches) - _MOST_NAMED} more" if len(breaches) > _MOST_NAMED else ""
        raise ContractError(f"{builder} was asked for what breaks the contract: {named}{more}", breaches)
