"""The last step of every builder: what breaks the contract is refused, the members named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pytest_rekognition.contract import Contract
from pytest_rekognition.contract.wording import shorten
from pytest_rekognition.errors import ContractError, UsageError

_MOST_NAMED = 5


def refuse_no_list(builder: str, member: str, names: object) -> None:
    """Raise `UsageError` where attributes are given as anything but a list of names, such as one name alone."""
    if isinstance(names, str):
        raise UsageError(f"{builder} takes {member} as a list: [{shorten(names)}], not {shorten(names)}")
    if isinstance(names, bool | int | float | bytes | Mapping) or names is None:
        raise UsageError(f'{builder} takes {member} as a list of names, such as ["ALL"], not {shorten(names)}')


def refuse_breaches(
    operation: str, response: Mapping[str, Any], builder: str, *, item: tuple[str, str] | None = None
) -> None:
    """Raise `ContractError` where a response breaks the contract on its own, whatever the request.

    `item` is the path of what was asked for in the response, and what it is called instead.
    """
    violations = Contract(operation).check_response(response)
    breaches = [violation for violation in violations if violation.severity != "note"]
    if item is not None:
        breaches = [replace(breach, path=breach.path.replace(*item, 1)) for breach in breaches]
    if breaches:
        named = "; ".join(str(violation) for violation in breaches[:_MOST_NAMED])
        more = f"; and {len(breaches) - _MOST_NAMED} more" if len(breaches) > _MOST_NAMED else ""
        raise ContractError(f"{builder} was asked for what breaks the contract: {named}{more}", breaches)
