"""Values as messages show them: images summarised, long texts cut. Image bytes are never printed."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from pytest_rekognition.images import summarise
from pytest_rekognition.matching import plain_image

_PACKAGE = str(Path(__file__).parent)
_LONGEST_VALUE = 80
_LONGEST_STRUCTURE = 400
_DEEPEST = 20


def show(value: Any, depth: int = 0) -> str:
    """Return a value as Python would write it, images summarised and long texts cut."""
    value = plain_image(value)
    if isinstance(value, bytes):
        return summarise(value)
    if depth > _DEEPEST:
        return "…"
    if isinstance(value, Mapping):
        return "{" + _cut(", ".join(f"{name!r}: {show(item, depth + 1)}" for name, item in value.items())) + "}"
    if isinstance(value, list | tuple | AbstractSet):
        return "[" + _cut(", ".join(show(item, depth + 1) for item in value)) + "]"
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}…"


def show_members(members: Mapping[str, Any]) -> str:
    """Return members as keyword arguments."""
    return ", ".join(f"{name}={show(value)}" for name, value in members.items())


def show_path(path: Path) -> str:
    """Return a path as a user of this directory writes it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def show_caller() -> str:
    """Return the first place outside this package on the stack, as `tests/test_app.py:12`."""
    frame = sys._getframe(1)  # noqa: SLF001  the documented way to read the stack cheaply
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return f"{show_path(Path(frame.f_code.co_filename))}:{frame.f_lineno}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_STRUCTURE else f"{text[:_LONGEST_STRUCTURE]}…"


def plural(number: int, word: str, words: str | None = None) -> str:
    """Return `1 breach`, `2 breaches`."""
    return f"{number:,} {word if number == 1 else words or f'{word}s'}"
