"""Where a payload can be broken: every place that its schema speaks of, with what breaks one keyword there."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition.contract.patterns import matches
from pytest_rekognition.strategies.shapes import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_rekognition.catalog import SchemaSide
    from pytest_rekognition.contract.paths import Steps

    Wire = dict[str, Any]

#: A member that no operation has.
UNKNOWN_MEMBER: Final = "UnheardOf"
#: A value that no enumeration has.
UNKNOWN_VALUE: Final = "UNHEARD_OF"
#: Longer texts and lists are not made.
_LONGEST_TEXT: Final = 2100
_LONGEST_LIST: Final = 100
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
        if "enum" in value and not _MEANINGFUL & set(value["enum"]):
            yield Fault("enum", where, _setter(holder, key, UNKNOWN_VALUE))
        yield from growth(value, holder[key], where)
    if isinstance(payload, dict) and schema.get("additionalProperties") is False:
        yield Fault("additionalProperties", (*steps, UNKNOWN_MEMBER), _setter(payload, UNKNOWN_MEMBER, "new"))


#: Values that rules look at: an unknown one in their place would say more than that the service has grown.
_MEANINGFUL: Final = frozenset({"SUCCEEDED", "EXCEEDS_MAX_FACES"})


def _children(schema: Wire, payload: Any, steps: Steps) -> Iterator[tuple[Any, Any, Wire, Steps]]:
    """Yield each member or item of a payload: what holds it, its key there, its schema, and its steps."""
    if isinstance(payload, dict):
        for name, member in schema.get("properties", {}).items():
            if name in payload:
                yield payload, name, member, (*steps, name)
    elif isinstance(payload, list):
        for index in range(len(payload)):
            yield payload, index, schema["items"], (*steps, index)


def _members(side: SchemaSide, schema: Wire, payload: Any, steps: Steps) -> Iterator[Fault]:
    schema = resolved(schema)
    if isinstance(payload, dict):
        for name in schema.get("required", ()):
            if name in payload:
                yield Fault("required", (*steps, name), _remover(payload, name))
        if side == "request" and schema.get("additionalProperties") is False:
            yield Fault("additionalProperties", (*steps, UNKNOWN_MEMBER), _setter(payload, UNKNOWN_MEMBER, "new"))
    for holder, key, member, where in _children(schema, payload, steps):
        value = resolved(member)
        for keyword, wrong in _wrong(side, value, holder[key]):
            yield Fault(keyword, where, _setter(holder, key, wrong))
        yield from _members(side, value, holder[key], where)


def _wrong(side: SchemaSide, schema: Wire, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield values in place of a valid one that break one keyword each."""
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    yield "type", _MISTYPED[kind]()
    if "enum" in schema:
        if side == "request":
            yield "enum", UNKNOWN_VALUE
    elif kind == "string" and "contentEncoding" not in schema:
        yield from _texts(schema.get("pattern", ""), schema.get("minLength", 0), schema.get("maxLength"))
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
    if value and schema.get("maxItems", _LONGEST_LIST + 1) <= _LONGEST_LIST:
        yield "maxItems", [value[0]] * (schema["maxItems"] + 1)


@cache
def _texts(pattern: str, least: int, most: int | None) -> tuple[tuple[str, str], ...]:
    """Return a text for each keyword that one can break without the others."""
    found: dict[str, str] = {}
    longer = [] if most is None or most > _LONGEST_TEXT else ["a" * (most + 1), "1" * (most + 1)]
    for text in ("", "a", "1", "§", "\n", "§" * 40, "§" * 20, *longer):
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


def _setter(holder: Any, key: Any, value: Any) -> Callable[[], object]:
    return lambda: holder.__setitem__(key, value)


def _remover(holder: Any, key: Any) -> Callable[[], object]:
    return lambda: holder.pop(key)
