"""What the service refuses before it looks: members that break their documented constraints.

botocore checks that required members are there, their types and a few minima; lengths, patterns and enumerations
reach the service, which answers a `ValidationException` with one text a member.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

import regex

from pytest_rekognition import catalog
from pytest_rekognition.backends.reference.refusals import invalid_parameters, validation

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LOCAL: Final = "#/$defs/"
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": (list, tuple),
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
#: a keyword, how a value is measured against it, and how its text names it
_LIMITS: Final = (
    ("minLength", len, "have length greater than or equal to"),
    ("maxLength", len, "have length less than or equal to"),
    ("minItems", len, "have length greater than or equal to"),
    ("maxItems", len, "have length less than or equal to"),
    ("minProperties", len, "have length greater than or equal to"),
    ("maxProperties", len, "have length less than or equal to"),
    ("minimum", lambda value: value, "have value greater than or equal to"),
    ("maximum", lambda value: value, "have value less than or equal to"),
)


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Raise the `ServiceError` for a request that breaks the operation's documented constraints.

    That is a `ValidationException` with a text a constraint; for a member of another type, or one that the
    operation does not have, `InvalidParameterException`. Images are not looked at: what is wrong with them has
    errors of its own.
    """
    schema = catalog.schema(operation, "request")
    images = {".".join(path) for path in catalog.operation(operation).request_blobs}
    found = list(_faults(schema, dict(request), "", schema["$defs"], images))
    if found:
        raise validation(found)


def _faults(
    schema: Mapping[str, Any], value: Any, path: str, shapes: Mapping[str, Any], images: set[str]
) -> Iterator[str]:
    schema = _resolved(schema, shapes)
    if path in images:
        if not isinstance(value, bytes | bytearray | memoryview):
            raise invalid_parameters()
        return
    _check_type(schema, value)
    for keyword, measure, words in _LIMITS:
        limit = schema.get(keyword)
        if limit is not None and not _keeps(keyword, measure(value), limit):
            yield _text(value, path, f"{words} {limit}")
    if "enum" in schema and value not in schema["enum"]:
        yield _text(value, path, f"satisfy enum value set: [{', '.join(schema['enum'])}]")
    pattern = schema.get("pattern")
    if pattern is not None and _compiled(pattern).search(value) is None:
        yield _text(value, path, f"satisfy regular expression pattern: {_bare(pattern)}")
    if isinstance(value, list | tuple):
        for number, item in enumerate(value, 1):
            yield from _faults(schema.get("items", {}), item, f"{path}.{number}.member", shapes, images)
    elif isinstance(value, dict):
        yield from _member_faults(schema, value, path, shapes, images)


def _member_faults(
    schema: Mapping[str, Any], value: dict[str, Any], path: str, shapes: Mapping[str, Any], images: set[str]
) -> Iterator[str]:
    members = schema.get("properties")
    for name in schema.get("required", ()):
        if value.get(name) is None:
            yield _text(None, _joined(path, name), "not be null")
    for name, member in value.items():
        if members is None:  # a map
            names, values = schema.get("propertyNames", {}), schema.get("additionalProperties", {})
            yield from _faults(names, name, f"{path}.{name}.key", shapes, images)
            yield from _faults(values, member, f"{path}.{name}.member", shapes, images)
        elif name not in members:
            raise invalid_parameters()
        elif member is not None:
            yield from _faults(members[name], member, _joined(path, name), shapes, images)


def _resolved(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with the shape that it refers to merged in."""
    while "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**shapes[schema["$ref"].removeprefix(_LOCAL)], **rest}
    return schema


def _check_type(schema: Mapping[str, Any], value: Any) -> None:
    expected = _TYPES.get(schema.get("type", ""))
    if expected is None:
        return
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise invalid_parameters()


def _keeps(keyword: str, measured: Any, limit: Any) -> bool:
    return bool(measured >= limit if keyword.startswith("min") else measured <= limit)


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(catalog.python_pattern(pattern))


def _bare(pattern: str) -> str:
    """Return a pattern as the service's model has it, without the anchors that make it match the whole text."""
    return pattern.removeprefix("^(?:").removesuffix(")$")


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _text(value: Any, path: str, words: str) -> str:
    shown = "null" if value is None else f"'{_shown(value)}'"
    return f"Value {shown} at '{_spelt(path)}' failed to satisfy constraint: Member must {words}"


def _spelt(path: str) -> str:
    """Return a path in the service's own spelling: each name begins with a small letter."""
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))


def _shown(value: Any) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)
