"""Where a payload can be broken: every place that its schema speaks of, with what breaks one keyword there."""

from __future__ import annotations

from base64 import b64encode
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.contract.patterns import matches
from pytest_rekognition.strategies.shapes import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_rekognition.catalog import SchemaSide
    from pytest_rekognition.contract.paths import Steps

    Wire = dict[str, Any]

#: A member that no operation has.
NEW_MEMBER: Final = "UnheardOf"
#: A value that no enumeration has.
UNKNOWN_VALUE: Final = "UNHEARD_OF"
#: Limits beyond are no limits: a double has no whole numbers there.
_LARGEST_LIMIT: Final = 2**53
#: What stands where another type is due.
_MISTYPED: Final[dict[str, Callable[[], Any]]] = {
    "object": lambda: "text",
    "array": dict,
    "string": lambda: 12,
    "number": lambda: "12",
    "integer": lambda: "12",
    "boolean": lambda: "true",
}


class Fault(NamedTuple):
    """One way to break a payload."""

    #: the schema keyword, or the rule, that finds it
    rule: str
    #: the steps to the violation
    steps: Steps
    #: breaks the payload in place
    apply: Callable[[], object]


def schema_faults(side: SchemaSide, schema: Wire, payload: Any) -> Iterator[Fault]:
    """Yield the faults that a schema finds in a payload, each alone."""
    yield from _members(side, schema, payload, ())


def growth(schema: Wire, payload: Any, steps: Steps = ()) -> Iterator[Fault]:
    """Yield what the service may add to a response: unknown members and unknown values of enumerations."""
    schema = resolved(schema)
    for holder, key, member, where in _children(schema, payload, steps):
        value = resolved(member)
        if "enum" in value and may_grow(value, holder[key]):
            yield Fault("enum", where, setter(holder, key, UNKNOWN_VALUE))
        yield from growth(value, holder[key], where)
    if isinstance(payload, dict) and schema.get("additionalProperties") is False:
        yield Fault("additionalProperties", (*steps, NEW_MEMBER), setter(payload, NEW_MEMBER, "new"))


def may_grow(schema: Wire, value: Any) -> bool:
    """Tell whether an unknown value in the place of an enumeration's says only that the service has grown.

    Rules look at a status, and at one reason: another in its place would say more.
    """
    return "SUCCEEDED" not in schema["enum"] and value != "EXCEEDS_MAX_FACES"


def _children(schema: Wire, payload: Any, steps: Steps) -> Iterator[tuple[Any, Any, Wire, Steps]]:
    """Yield each member or item of a payload: what holds it, its key there, its schema, and its steps."""
    if isinstance(payload, dict):
        each = dict.fromkeys(payload, schema["additionalProperties"]) if _is_map(schema) else {}
        for name, member in {**each, **schema.get("properties", {})}.items():
            if name in payload:
                yield payload, name, member, (*steps, name)
    elif isinstance(payload, list):
        for index in range(len(payload)):
            yield payload, index, schema["items"], (*steps, index)


def _is_map(schema: Wire) -> bool:
    return isinstance(schema.get("additionalProperties"), dict)


def _members(side: SchemaSide, schema: Wire, payload: Any, steps: Steps) -> Iterator[Fault]:
    schema = resolved(schema)
    if isinstance(payload, dict):
        for name in schema.get("required", ()):
            if name in payload:
                yield Fault("required", (*steps, name), remover(payload, name))
        if side == "request" and schema.get("additionalProperties") is False:
            yield Fault("additionalProperties", (*steps, NEW_MEMBER), setter(payload, NEW_MEMBER, "new"))
        if payload and _is_map(schema):
            for keyword, name in _texts(*_limits(resolved(schema["propertyNames"]))):
                yield Fault(keyword, steps, setter(payload, name, next(iter(payload.values()))))
    for holder, key, member, where in _children(schema, payload, steps):
        value = resolved(member)
        for keyword, wrong in _wrong(side, value, holder[key]):
            yield Fault(keyword, where, setter(holder, key, wrong))
        yield from _members(side, value, holder[key], where)


def _wrong(side: SchemaSide, schema: Wire, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield values in place of a valid one that break one keyword each."""
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    yield "type", _MISTYPED[kind]()
    if "enum" in schema:
        if side == "request":
            yield "enum", UNKNOWN_VALUE
    elif kind == "string" and "contentEncoding" in schema:
        yield from _images(side, schema["x-maxBytes"])
    elif kind == "string":
        found = dict(_texts(*_limits(schema)))
        if "maxLength" in schema and "maxLength" not in found:
            found.update(_lengthened(schema["pattern"], schema["maxLength"], value))
        yield from found.items()
    elif kind == "object" and value and "maxProperties" in schema:
        names = map(str, range(schema["maxProperties"] + 1))
        yield "maxProperties", dict.fromkeys(names, next(iter(value.values())))
    elif kind in ("number", "integer"):
        yield from _numbers(schema)
    elif kind == "array":
        yield from _lists(schema, value)


def _numbers(schema: Wire) -> Iterator[tuple[str, Any]]:
    for keyword, beyond in (("minimum", -1), ("maximum", 1), ("exclusiveMinimum", 0)):
        if abs(schema.get(keyword, _LARGEST_LIMIT)) < _LARGEST_LIMIT:
            yield keyword, schema[keyword] + beyond


def _lists(schema: Wire, value: list[Any]) -> Iterator[tuple[str, Any]]:
    if schema.get("minItems"):
        yield "minItems", value[: schema["minItems"] - 1]
    if value and "maxItems" in schema:
        yield "maxItems", [value[0]] * (schema["maxItems"] + 1)


@cache
def _images(side: SchemaSide, most: int) -> tuple[tuple[str, Any], ...]:
    """Return an empty image, and one that is too large: base64 grows by three bytes a time."""
    images = b"", bytes(most + 3)
    sent = images if side == "request" else tuple(b64encode(image).decode() for image in images)
    return tuple(zip(("minLength", "maxLength"), sent, strict=True))


def _limits(schema: Wire) -> tuple[str, int, int | None]:
    return schema.get("pattern", ""), schema.get("minLength", 0), schema.get("maxLength")


@cache
def _texts(pattern: str, least: int, most: int | None) -> tuple[tuple[str, str], ...]:
    """Return a text for each keyword that one can break without the others."""
    found: dict[str, str] = {}
    longer = [] if most is None else ["a" * (most + 1), "1" * (most + 1)]
    for text in ("", "a", "1", "§", "\n", "§" * 40, "§" * 20, "§" * least, *longer):
        broken = [
            keyword
            for keyword, wrong in (
                ("minLength", len(text) < least),
                ("maxLength", most is not None and len(text) > most),
                ("pattern", bool(pattern) and not matches(pattern, text)),
            )
            if wrong
        ]
        if len(broken) == 1:
            found.setdefault(broken[0], text)
    return tuple(found.items())


@lru_cache(maxsize=256)
def _lengthened(pattern: str, most: int, text: str) -> tuple[tuple[str, str], ...]:
    """Return a text that is too long for no other reason: of a right one, one character many times."""
    longer = (text[:place] + text[place] * (most + 1) + text[place:] for place in range(len(text)))
    return tuple(("maxLength", found) for found in longer if matches(pattern, found))[:1]


def setter(holder: Any, key: Any, value: Any) -> Callable[[], object]:
    """Return what gives a member or an item another value."""
    return lambda: holder.__setitem__(key, value)


def remover(holder: Any, key: Any) -> Callable[[], object]:
    """Return what takes a member or an item away."""
    return lambda: holder.pop(key)
