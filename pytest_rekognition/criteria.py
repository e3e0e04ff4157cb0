"""Whether a stub waits for something that a request can be; a criterion that never matches is a mistake."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_rekognition import catalog
from pytest_rekognition.errors import UsageError, did_you_mean
from pytest_rekognition.matching import plain_image
from pytest_rekognition.showing import show

_PLAIN = (str, bytes, int, float, Mapping, list, tuple, type(None))


def check_criteria(operation: str, members: Mapping[str, Any]) -> None:
    """Raise `UsageError` for a criterion that no request of the operation can match.

    Names are held against the request's schema at every depth, and kinds and enum values with them; objects with
    an `__eq__` of their own (`unittest.mock.ANY`) decide for themselves.
    """
    schema = catalog.schema(operation, "request")
    _check(schema, schema, members, f"a request of {operation}")


def _check(root: Mapping[str, Any], schema: Mapping[str, Any], expected: Any, where: str) -> None:
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    if not isinstance(expected, _PLAIN):
        if "__eq__" not in {name for cls in type(expected).__mro__[:-1] for name in vars(cls)}:
            raise UsageError(f"{where} is never {show(expected)}: only an object equal to itself would match")
        return
    kind = schema.get("type")
    if kind == "object" and "properties" in schema:
        _check_members(root, schema, expected, where)
    elif kind == "array":
        if not isinstance(expected, list | tuple):
            raise UsageError(f"{where} is a list, not {show(expected)}")
        for item in expected:
            _check(root, schema["items"], plain_image(item), f"an item of {where}")
    elif kind == "string":
        _check_text(schema, expected, where)


def _check_members(root: Mapping[str, Any], schema: Mapping[str, Any], expected: Any, where: str) -> None:
    known = schema["properties"]
    if not isinstance(expected, Mapping):
        hint = ', write {"Bytes": ...} around it' if isinstance(expected, bytes) and "Bytes" in known else ""
        raise UsageError(f"{where} has the members {', '.join(known)}; it is not {show(expected)}{hint}")
    for name, value in expected.items():
        if name not in known:
            raise UsageError(f"{where} has no member {name!r}{did_you_mean(name, known)}")
        _check(root, known[name], plain_image(value), f"{name} of {where}")


def _check_text(schema: Mapping[str, Any], expected: Any, where: str) -> None:
    if schema.get("contentEncoding") == "base64":
        if not isinstance(expected, bytes):
            raise UsageError(f"{where} is compared as bytes, not as {type(expected).__name__}")
    elif not isinstance(expected, str):
        raise UsageError(f"{where} is a text, not {show(expected)}")
    elif "enum" in schema and expected not in schema["enum"]:
        raise UsageError(f"{where} is never {expected!r}{did_you_mean(expected, schema['enum'])}")
