"""What violations say: one sentence, what is wrong and what the contract says. Never an image's bytes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_rekognition.contract.bounds import LARGEST

#: Longer text is described, not printed.
_LONGEST_TEXT = 60
_LONGEST_LIST = 40

_TYPES = {
    "object": "a structure",
    "array": "a list",
    "string": "text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def shorten(value: object) -> str:
    """Return a short description of a value: long text, lists and all bytes only by their size."""
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value):,} bytes>"
    if isinstance(value, str):
        return repr(value) if len(value) <= _LONGEST_TEXT else f"<text of {len(value):,} characters>"
    if isinstance(value, Mapping):
        return f"a structure of {_count(value, 'member')}"
    if isinstance(value, list | tuple):
        return f"a list of {_count(value, 'item')}"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _shown(value)


def _shown(value: object) -> str:
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  a huge int has no repr, and an object's may fail in any way
        text = ""
    return text if 0 < len(text) <= _LONGEST_TEXT else f"a {type(value).__name__}"


def named(names: Any) -> str:
    """Return a list of values as text, cut where it grows long."""
    listed = [str(name) for name in names]
    shown = ", ".join(listed[:_LONGEST_LIST])
    return f"{shown} … ({len(listed)} in all)" if len(listed) > _LONGEST_LIST else shown


def _count(value: Any, noun: str) -> str:
    return f"{len(value)} {noun}{'' if len(value) == 1 else 's'}"


def _type(value: object, expected: Any, _: Mapping[str, Any]) -> str:
    wanted = [expected] if isinstance(expected, str) else expected
    due = " or ".join(_TYPES.get(name, name) for name in wanted)
    if value is None:
        return f"is null where {due} is due; on the wire an absent member is absent, never null"
    if isinstance(value, float) and "number" in wanted:
        return f"is {value}, which JSON has no number for"
    if isinstance(value, bytes | bytearray):
        return f"is {shorten(value)} where {due} is due"
    return f"is {shorten(value)}, {_kind(value)}, where {due} is due"


def _kind(value: object) -> str:
    if isinstance(value, bool):
        return "a truth value"
    kinds = {int: "a number", float: "a number", str: "text", list: "a list", dict: "a structure"}
    return kinds.get(type(value), f"a Python {type(value).__name__}")


def _range(word: str) -> Any:
    def message(value: object, limit: Any, schema: Mapping[str, Any]) -> str:
        low, high = schema.get("minimum"), schema.get("maximum")
        if limit in (LARGEST, -LARGEST):
            return f"is {shorten(value)}, beyond any 64-bit number"
        low, high = (None if low == -LARGEST else low), (None if high == LARGEST else high)
        if low is not None and high is not None:
            return f"is {shorten(value)}, outside the documented {low} to {high}"
        return f"is {shorten(value)}, and the contract says {word} {limit}"

    return message


def _length(word: str, noun: str) -> Any:
    def message(value: Any, limit: Any, _: Mapping[str, Any]) -> str:
        plural = "" if limit == 1 else "s"
        return f"has {len(value):,} {noun}s, and the contract says {word} {limit:,} {noun}{plural}"

    return message


def _pattern(value: object, pattern: Any, _: Mapping[str, Any]) -> str:
    return f"is {shorten(value)}, which the documented pattern {pattern} does not match"


def _enum(value: object, allowed: Any, _: Mapping[str, Any]) -> str:
    return f"is {shorten(value)}, which is none of the documented {named(allowed)}"


def _required(_value: object, _required: Any, _: Mapping[str, Any]) -> str:
    return "is missing, and the contract requires it"


def _additional(value: object, _: Any, schema: Mapping[str, Any]) -> str:
    known = named(sorted(schema.get("properties", ())))
    return f"is no documented member (value: {shorten(value)}); documented here: {known or 'none'}"


_MESSAGES = {
    "type": _type,
    "enum": _enum,
    "pattern": _pattern,
    "required": _required,
    "additionalProperties": _additional,
    "minimum": _range("at least"),
    "maximum": _range("at most"),
    "exclusiveMinimum": _range("more than"),
    "exclusiveMaximum": _range("less than"),
    "minLength": _length("at least", "character"),
    "maxLength": _length("at most", "character"),
    "minItems": _length("at least", "item"),
    "maxItems": _length("at most", "item"),
}


def schema_message(keyword: str, value: object, limit: Any, schema: Mapping[str, Any], otherwise: str) -> str:
    """Return the sentence for one broken schema keyword; `otherwise` serves keywords that have none here."""
    message = _MESSAGES.get(keyword)
    return str(message(value, limit, schema)) if message else otherwise
