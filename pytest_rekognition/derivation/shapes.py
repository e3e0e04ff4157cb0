"""One shape of the model as one JSON Schema.

Scalars that say no more than their type are written in place; every other shape is referred to by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_rekognition.derivation.patterns import anchored, ecma
from pytest_rekognition.derivation.prose import first_sentence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Schema = dict[str, Any]
    Shape = Mapping[str, Any]

#: the model's integers are Java's
_INT = (-(2**31), 2**31 - 1)
_LONG = (-(2**63), 2**63 - 1)
#: limits that every value keeps
_IDLE = frozenset({("minItems", 0), ("minLength", 0), ("minProperties", 0)})
_SCALARS = frozenset({"string", "boolean", "float", "double", "integer", "long", "timestamp"})


def schema_of(shape: Shape, refer: Callable[[str], Schema]) -> Schema:
    """Return a shape's schema; `refer` gives the schema that stands for a member's shape."""
    return _BUILDERS[shape["type"]](shape, refer)


def is_plain(shape: Shape) -> bool:
    """Tell whether a shape says nothing beyond its scalar type."""
    return shape["type"] in _SCALARS and not shape.keys() & {"enum", "min", "max", "pattern"}


def _structure(shape: Shape, refer: Callable[[str], Schema]) -> Schema:
    schema: Schema = {"type": "object"}
    if shape["members"]:
        schema["properties"] = {name: _member(member, refer) for name, member in shape["members"].items()}
    if shape.get("required"):
        schema["required"] = list(shape["required"])
    return {**schema, "additionalProperties": False}


def _member(member: Shape, refer: Callable[[str], Schema]) -> Schema:
    schema = refer(member["shape"])
    if member.get("jsonvalue"):
        schema |= {"contentMediaType": "application/json"}
    return schema | describe(member)


def describe(documented: Shape) -> Schema:
    """Return the `description` keyword of a documented part of the model, or nothing."""
    sentence = first_sentence(documented.get("documentation", ""))
    return {"description": sentence} if sentence else {}


def _list(shape: Shape, refer: Callable[[str], Schema]) -> Schema:
    return {
        "type": "array",
        "items": refer(shape["member"]["shape"]),
        **_limits(shape, "minItems", "maxItems"),
    }


def _map(shape: Shape, refer: Callable[[str], Schema]) -> Schema:
    return {
        "type": "object",
        "propertyNames": refer(shape["key"]["shape"]),
        "additionalProperties": refer(shape["value"]["shape"]),
        **_limits(shape, "minProperties", "maxProperties"),
    }


def _string(shape: Shape, _: Callable[[str], Schema]) -> Schema:
    schema: Schema = {"type": "string", **_limits(shape, "minLength", "maxLength")}
    if "enum" in shape:
        schema["enum"] = list(shape["enum"])
    if "pattern" in shape:
        schema |= _pattern(shape["pattern"])
    return schema


def _pattern(java: str) -> Schema:
    """Build a pattern that every engine reads alike; where that changes it, the model's own is an annotation."""
    pattern = ecma(java)
    return {"pattern": pattern} if pattern == anchored(java) else {"pattern": pattern, "x-pattern": java}


def _blob(shape: Shape, _: Callable[[str], Schema]) -> Schema:
    """Build a blob, which is base64 text: its limits in characters, and (as annotations) in bytes."""
    in_text = {key: base64_length(shape[key]) for key in ("min", "max") if key in shape}
    return {
        "type": "string",
        "contentEncoding": "base64",
        **_limits(in_text, "minLength", "maxLength"),
        **_limits(shape, "x-minBytes", "x-maxBytes"),
    }


def base64_length(size: int) -> int:
    """Return the length of the padded base64 text of so many bytes."""
    return (size + 2) // 3 * 4


def _integer(shape: Shape, _: Callable[[str], Schema]) -> Schema:
    low, high = _LONG if shape["type"] == "long" else _INT
    return {"type": "integer", "minimum": shape.get("min", low), "maximum": shape.get("max", high)}


def _number(shape: Shape, _: Callable[[str], Schema]) -> Schema:
    return {"type": "number", **_limits(shape, "minimum", "maximum")}


def _boolean(_: Shape, __: Callable[[str], Schema]) -> Schema:
    return {"type": "boolean"}


def _timestamp(_: Shape, __: Callable[[str], Schema]) -> Schema:
    return {"type": "number", "x-timestamp": "epoch-seconds"}


def _limits(shape: Shape, low: str, high: str) -> Schema:
    named = {"min": low, "max": high}
    limits = {keyword: shape[key] for key, keyword in named.items() if key in shape}
    return {keyword: limit for keyword, limit in limits.items() if (keyword, limit) not in _IDLE}


_BUILDERS: Mapping[str, Callable[[Shape, Callable[[str], Schema]], Schema]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "blob": _blob,
    "integer": _integer,
    "long": _integer,
    "float": _number,
    "double": _number,
    "boolean": _boolean,
    "timestamp": _timestamp,
}
