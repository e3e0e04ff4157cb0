"""What a schema cannot say, as one table by operation."""

from __future__ import annotations

from typing import Literal

from pytest_rekognition.contract.rules.base import Finding, Row, Rule
from pytest_rekognition.contract.rules.table import request_rows, response_rows

__all__ = ["Finding", "Row", "Rule", "all_rules", "rows"]


def rows(operation: str, side: Literal["request", "response"]) -> tuple[Row, ...]:
    """Return the rules over an operation's request or response, by the parts that they are about."""
    return request_rows(operation) if side == "request" else response_rows(operation)


def all_rules(operation: str) -> tuple[Rule, ...]:
    """Return every rule of an operation (by its API name), those on its request first."""
    both = (*request_rows(operation), *response_rows(operation))
    return tuple(dict.fromkeys(rule for row in both for rule in row.rules))
