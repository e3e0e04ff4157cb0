"""The reviewed overlay: what only the documentation's prose, or a measurement, says.

`overlay.toml` holds three tables. An `[[entry]]` merge-patches one shape's schema (RFC 7396); `nullable`
lets the whole shape be null, which TOML cannot write. An `[[error]]` gives an error's HTTP statuses, the
usual one first. A `[[pagination]]` completes a paginator. Each quotes its `source`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("overlay.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One patch to one shape."""

    #: the shape of the model
    shape: str
    #: the sentence quoted, and its page; or "measured: …"
    source: str
    #: schema keywords, merged into the shape's schema
    patch: dict[str, Any] = field(default_factory=dict)
    #: null is documented as a value
    nullable: bool = False

    def apply(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Return the patched schema."""
        patched = merged(schema, self.patch)
        return _nullable(patched) if self.nullable else patched


@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """How one error code crosses the wire."""

    code: str
    #: HTTP statuses, the usual one first
    statuses: list[int]
    source: str
    #: any operation may answer it, whether or not its page lists it
    common: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pagination:
    """What the model's paginators leave out about one operation."""

    operation: str
    #: the list that the pages split up
    result_key: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlay:
    """The whole overlay."""

    entries: tuple[Entry, ...] = ()
    errors: tuple[Error, ...] = ()
    paginations: tuple[Pagination, ...] = ()

    @property
    def shapes(self) -> frozenset[str]:
        """The shapes that an entry is about."""
        return frozenset(entry.shape for entry in self.entries)

    def patched(self, shape: str, schema: dict[str, Any]) -> dict[str, Any]:
        """Return a shape's schema with every entry about it applied, in the file's order."""
        for entry in self.entries:
            if entry.shape == shape:
                schema = entry.apply(schema)
        return schema


def load(path: Path = PATH) -> Overlay:
    """Read an overlay; a misspelt key is a TypeError."""
    tables = tomllib.loads(path.read_text(encoding="utf-8"))
    return Overlay(
        entries=tuple(Entry(**row) for row in tables.pop("entry", ())),
        errors=tuple(Error(**row) for row in tables.pop("error", ())),
        paginations=tuple(Pagination(**row) for row in tables.pop("pagination", ())),
        **tables,
    )


def merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    """Return `target` with a JSON merge patch applied."""
    result = dict(target)
    for key, value in patch.items():
        nested = isinstance(value, dict) and isinstance(target.get(key), dict)
        result[key] = merged(target[key], value) if nested else value
    return result


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    widened: dict[str, Any] = {"type": [schema["type"], "null"]}
    if "enum" in schema:
        widened["enum"] = [*schema["enum"], None]
    return schema | widened
