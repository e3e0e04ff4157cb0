"""The least and the most that any number on the wire can be: those of a signed 64-bit integer."""

from __future__ import annotations

from typing import Any, Final

#: No documented number comes near. It is an integer because jsonschema-rs compares with a float limit ten times
#: more slowly (7.1 ms against 0.9 ms for 100 faces).
LARGEST: Final = 2**63 - 1


def bounded(schema: Any) -> Any:
    """Return a schema in which every number without limits of its own has these."""
    if isinstance(schema, list):
        return [bounded(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    copied = {name: bounded(value) for name, value in schema.items()}
    kinds = schema.get("type")
    if kinds in ("number", "integer") or (isinstance(kinds, list) and {"number", "integer"} & set(kinds)):
        copied.setdefault("minimum", -LARGEST)
        copied.setdefault("maximum", LARGEST)
    return copied
