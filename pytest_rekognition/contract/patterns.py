"""The documented patterns, read as the service reads them: against the whole text."""

from __future__ import annotations

from functools import cache
from typing import Any

from pytest_rekognition.catalog import python_pattern


def matches(pattern: str, text: str) -> bool:
    """Tell whether a schema's anchored pattern matches the whole text."""
    return _compiled(pattern).search(text) is not None


@cache
def _compiled(pattern: str) -> Any:
    import regex  # noqa: PLC0415  patterns hold \p{…}, which `re` does not read; only few callers pay for it

    return regex.compile(python_pattern(pattern))
