"""What the service refuses before it looks: members that break their documented constraints.

botocore checks that required members are there, their types and a few minima; lengths, patterns and enumerations
reach the service, which answers a `ValidationException` with one text a member.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import regex

from pytest_rekognition import catalog
from pytest_rekognition.backends.reference.java import as_float, printed, unreadable
from pytest_rekognition.backends.reference.refusals import invalid_parameters, validation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_LOCAL: Final = "#/$defs/"
_TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "object": dict,
    "array": (list, tuple),
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
}
#: a keyword, how a value is measured against it, and how its text names it; in the order in which AWS lists them
_LIMITS: Final = (
    ("maxLength", len, "Member must have length less than or equal to"),
    ("minLength", len, "Member must have length greater than or equal to"),
    ("maxItems", len, "Member must have length less than or equal to"),
    ("minItems", len, "Member must have length greater than or equal to"),
    ("maxProperties", len, "Member must have length less than or equal to"),
    ("minProperties", len, "Member must have length greater than or equal to"),
    ("maximum", lambda value: value, "Member must have value less than or equal to"),
    ("minimum", lambda value: value, "Member must have value greater than or equal to"),
)
#: Types whose values have a place of their own where a list or a map holds them.
_COMPOUND: Final = frozenset({"object", "array"})


def check_request(operation: str, request: Mapping[str, Any]) -> None:
    """Raise the `ServiceError` for a request that breaks the operation's documented constraints.

    That is a `ValidationException` with a text a constraint; a `SerializationException` for a member of another
    type; `InvalidParameterException` for one that the operation does not have. Of images the length alone counts:
    what else is wrong has errors of its own.
    """
    schema = catalog.schema(operation, "request")
    images = {".".join(path) for path in catalog.operation(operation).request_blobs}
    found = list(_faults(schema, dict(request), "", schema["$defs"], images))
    if found:
        raise validation(found)


def present_members(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request without the members that are null: JSON 1.1 takes them for absent.

    What a map or a list holds stays as it is: there a null stands for nothing, and is refused.
    """
    schema = catalog.schema(operation, "request")
    members: dict[str, Any] = _present(schema, request, schema["$defs"])
    return members


def _present(schema: Mapping[str, Any], value: Any, shapes: Mapping[str, Any]) -> Any:
    schema = _resolved(schema, shapes)
    if "items" in schema and isinstance(value, list | tuple):
        return [_present(schema["items"], item, shapes) for item in value]
    if "properties" in schema and isinstance(value, Mapping):
        members = schema["properties"]
        return {
            name: _present(members.get(name, {}), member, shapes)
            for name, member in value.items()
            if member is not None
        }
    return value  # also what is of another type than its shape, however deep it is: `check_request` refuses it


def _faults(
    schema: Mapping[str, Any], value: Any, path: str, shapes: Mapping[str, Any], images: set[str]
) -> Iterator[str]:
    schema = _resolved(schema, shapes)
    if path in images:
        yield from _blob_faults(schema, value, path)
        return
    value = _read(schema, value)
    for words, kept in _verdicts(schema, value):
        if not kept:
            yield _text(value, path, words)
    if isinstance(value, list | tuple):
        held = _Held(value, path, "Member must satisfy constraint")
        yield from _held_faults(schema.get("items", {}), enumerate(value, 1), held, shapes, images)
    elif isinstance(value, dict):
        yield from _member_faults(schema, value, path, shapes, images)


def _blob_faults(schema: Mapping[str, Any], value: Any, path: str) -> Iterator[str]:
    """Yield the texts for an image of too few or too many bytes, printed as users of the service quote it."""
    if not isinstance(value, bytes | bytearray | memoryview):
        raise unreadable(value, schema)
    size = len(value)
    limits = {"maxLength": schema.get("x-maxBytes"), "minLength": schema.get("x-minBytes")}
    for words, kept in _verdicts(limits, value):
        if not kept:
            yield _text(f"java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]", path, words)


def _member_faults(
    schema: Mapping[str, Any], value: dict[str, Any], path: str, shapes: Mapping[str, Any], images: set[str]
) -> Iterator[str]:
    members = schema.get("properties")
    for name in schema.get("required", ()):
        if value.get(name) is None:
            yield _text(None, _joined(path, name), "Member must not be null")
    if members is None:  # a map
        keys, values = schema.get("propertyNames", {}), schema.get("additionalProperties", {})
        held = _Held(value, path, "Map keys must satisfy constraint")
        yield from _held_faults(keys, ((name, name) for name in value), held, shapes, images)
        held = held._replace(lead="Map value must satisfy constraint")
        yield from _held_faults(values, value.items(), held, shapes, images)
        return
    for name, member in value.items():
        if name not in members:
            raise invalid_parameters()
        if member is not None:
            yield from _faults(members[name], member, _joined(path, name), shapes, images)


class _Held(NamedTuple):
    """A list or a map, for the texts on what it holds."""

    value: Any
    path: str
    lead: str


def _held_faults(
    schema: Mapping[str, Any],
    items: Iterable[tuple[object, Any]],
    held: _Held,
    shapes: Mapping[str, Any],
    images: set[str],
) -> Iterator[str]:
    """Yield the texts for what a list or a map holds: of structures one each, of single values one for all.

    That one lists every constraint of the values' shape, kept or broken. So other AWS services answer (seen of
    Lambda, ACM, ECR, EventBridge and DynamoDB); of this one no such answer is known.
    """
    schema = _resolved(schema, shapes)
    if schema.get("type") in _COMPOUND:
        for name, item in items:
            yield from _faults(schema, item, f"{held.path}.{name}.member", shapes, images)
        return
    broken: list[str] = []
    for _, item in items:
        verdicts = list(_verdicts(schema, _read(schema, item)))
        if not all(kept for _, kept in verdicts):
            broken = [words for words, _ in verdicts]
    if broken:
        yield _text(held.value, held.path, f"{held.lead}: [{', '.join(broken)}]")


def _verdicts(schema: Mapping[str, Any], value: Any) -> Iterator[tuple[str, bool]]:
    """Yield what a shape asks of a value itself, each constraint in the service's words, and whether it holds."""
    for keyword, measure, words in _LIMITS:
        limit = schema.get(keyword)
        if limit is not None:
            yield f"{words} {limit}", _keeps(keyword, measure(value), limit)
    if "enum" in schema:
        yield f"Member must satisfy enum value set: [{', '.join(schema['enum'])}]", value in schema["enum"]
    pattern = schema.get("pattern")
    if pattern is not None:
        kept = _compiled(pattern).search(value) is not None
        yield f"Member must satisfy regular expression pattern: {_original(schema)}", kept


def _resolved(schema: Mapping[str, Any], shapes: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a schema with the shape that it refers to merged in."""
    while "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**shapes[schema["$ref"].removeprefix(_LOCAL)], **rest}
    return schema


def _read(schema: Mapping[str, Any], value: Any) -> Any:
    """Return a value as the shape's type holds it; raises the `ServiceError` for one of another type."""
    expected: Any = _TYPES[schema["type"]]
    if not isinstance(value, expected) or (isinstance(value, bool) and expected is not bool):
        raise unreadable(value, schema)
    return as_float(value) if schema["type"] == "number" else value


def _keeps(keyword: str, measured: Any, limit: Any) -> bool:
    # a NaN is above every number, as Java compares: it breaks a maximum alone
    return bool(not measured < limit if keyword.startswith("min") else measured <= limit)


@cache
def _compiled(pattern: str) -> regex.Pattern[str]:
    return regex.compile(catalog.python_pattern(pattern))


def _original(schema: Mapping[str, Any]) -> str:
    """Return a pattern as the service's model has it, which is not how every engine reads it alike."""
    original: str = schema.get("x-pattern") or schema["pattern"].removeprefix("^(?:").removesuffix(")$")
    return original


def _joined(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _text(value: Any, path: str, words: str) -> str:
    shown = "null" if value is None else f"'{printed(value)}'"
    return f"Value {shown} at '{_spelt(path)}' failed to satisfy constraint: {words}"


def _spelt(path: str) -> str:
    """Return a path in the service's own spelling: each name begins with a small letter."""
    return ".".join(part[:1].lower() + part[1:] for part in path.split("."))
