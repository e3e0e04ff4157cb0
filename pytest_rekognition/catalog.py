"""The contract's documents, read: the one reader of `schemas/`.

Everything is loaded on first use and kept. Returned schemas are shared: treat them as read-only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pytest_rekognition.errors import PytestRekognitionError, UnknownOperationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.resources.abc import Traversable

    Schema = dict[str, Any]

#: Where a member lies: its name, `*` for every item of a list, and so on down.
MemberPath = tuple[str, ...]
#: The two sides that a schema describes.
SchemaSide = Literal["request", "response"]

_PACKAGE = "pytest_rekognition"
_CHECKOUT = Path(__file__).resolve().parents[1] / "schemas"
_SHARED = "../shapes.json"
_LOCAL = "#/$defs/"
_WORD_START = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class MissingSchemasError(PytestRekognitionError, FileNotFoundError):
    """An installation without its schemas."""

    def __init__(self) -> None:
        super().__init__(
            f"{_PACKAGE} has no schemas, neither in the package nor at {_CHECKOUT}: reinstall it, "
            f"or in a checkout run python -m {_PACKAGE}.derivation"
        )


@dataclass(frozen=True, slots=True)
class Pagination:
    """How an operation hands out its results in pages."""

    #: the request's member that takes the token
    input_token: str
    #: the response's member that gives the next one
    output_token: str
    #: the request's member that limits a page
    limit_key: str
    #: the response's lists that the pages split up
    result_keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """What the documentation says of one operation, beside its schemas."""

    #: the API's name, such as `"DetectFaces"`
    name: str
    #: the client's method, such as `"detect_faces"`
    method: str
    #: its first sentence
    description: str
    #: the error codes that its page lists, in the page's order
    errors: tuple[str, ...]
    #: how it hands out pages, or None
    pagination: Pagination | None
    #: the same request may be sent again safely, by the model's word
    idempotent: bool
    #: where images and other bytes lie, such as `("Image", "Bytes")`
    request_blobs: tuple[MemberPath, ...]
    response_blobs: tuple[MemberPath, ...]
    #: where epoch seconds lie, such as `("Datasets", "*", "CreationTimestamp")`
    request_timestamps: tuple[MemberPath, ...]
    #: members that a client fills with a new random value for each call, such as `("ClientRequestToken",)`
    request_tokens: tuple[MemberPath, ...]
    response_timestamps: tuple[MemberPath, ...]

    def without_images(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return a request's members, each image by its name alone: no rule and no builder looks at one."""
        images = {path[0] for path in self.request_blobs}
        return {name: None if name in images else request[name] for name in request}


@dataclass(frozen=True, slots=True)
class ErrorShape:
    """How one error code crosses the wire."""

    code: str
    #: the HTTP statuses that it was documented or seen with, the usual one first
    statuses: tuple[int, ...]
    #: any operation may answer it, whether or not its page lists it
    common: bool

    @property
    def status(self) -> int:
        """The usual HTTP status."""
        return self.statuses[0]


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """The service model that the schemas came from."""

    #: such as `"2016-06-27"`
    api_version: str
    #: the botocore release that shipped it
    botocore_version: str
    #: the digest of the model's canonical JSON, paginators included
    model_sha256: str


def info() -> ModelInfo:
    """Return which model the schemas came from."""
    index = _index()
    return ModelInfo(index["api_version"], index["model"]["botocore"], index["model"]["sha256"])


@cache
def operations() -> tuple[str, ...]:
    """Return the API's names of all operations, sorted."""
    return tuple(_index()["operations"])


def operation(name: str) -> Operation:
    """Return an operation by the API's name or the client's method, else raise UnknownOperationError."""
    return _operation(_api_name(name))


@cache
def _operation(api_name: str) -> Operation:
    document = _document(f"operations/{api_name}.json")
    paths = document["x-paths"]
    return Operation(
        name=api_name,
        method=method_name(api_name),
        description=document.get("description", ""),
        errors=tuple(document["x-errors"]),
        pagination=_pagination(document["x-pagination"]),
        idempotent=document["x-idempotent"],
        request_blobs=_paths(paths["request"]["blobs"]),
        response_blobs=_paths(paths["response"]["blobs"]),
        request_timestamps=_paths(paths["request"]["timestamps"]),
        request_tokens=_paths(paths["request"].get("tokens", [])),
        response_timestamps=_paths(paths["response"]["timestamps"]),
    )


def error(code: str) -> ErrorShape | None:
    """Return what is known of an error code, or None where no page names it."""
    row = _index()["errors"].get(code) if isinstance(code, str) else None
    return ErrorShape(code, tuple(row["statuses"]), row["common"]) if row else None


def errors() -> tuple[str, ...]:
    """Return every known error code, sorted."""
    return tuple(_index()["errors"])


def documents_error(name: str, code: str) -> bool:
    """Tell whether an operation documents an error code, or any operation may answer it."""
    known = error(code)
    return code in operation(name).errors or (known is not None and known.common)


@cache
def schema(name: str, side: SchemaSide) -> Schema:
    """Return one side's schema on its own: the root, and under `$defs` only the shapes that it needs."""
    document = _document(f"operations/{_api_name(name)}.json")
    root = _localised(document["$defs"][side.capitalize()])
    return {
        "$schema": document["$schema"],
        "title": f"{document['title']} {side}",
        **root,
        "$defs": {shape_name: shape(shape_name) for shape_name in sorted(_needed(root))},
    }


def shape(name: str) -> Schema:
    """Return one shared shape, its references as in a bundled schema, else raise KeyError."""
    shared: Schema = _document("shapes.json")["$defs"][name]
    return shared


def shapes() -> tuple[str, ...]:
    """Return the names of all shared shapes, sorted."""
    return tuple(_document("shapes.json")["$defs"])


def python_pattern(pattern: str) -> str:
    r"""Return a schema's pattern for Python's engines, whose `$` also matches before a last line feed.

    The patterns hold `\p{…}`, which the third-party `regex` module reads and `re` does not.
    """
    return rf"{pattern[:-1]}\Z" if pattern.endswith("$") else pattern


def method_name(api_name: str) -> str:
    """Return the client's method of an operation: `"DetectFaces"` becomes `"detect_faces"`."""
    return _WORD_START.sub("_", api_name).lower()


def _api_name(name: str) -> str:
    found = None
    if isinstance(name, str):
        found = name if name in operations() else _by_method().get(name)
    if found is None:
        raise UnknownOperationError(name, operations())
    return found


@cache
def _by_method() -> dict[str, str]:
    return {method_name(name): name for name in operations()}


def _pagination(row: dict[str, Any] | None) -> Pagination | None:
    return Pagination(**{**row, "result_keys": tuple(row["result_keys"])}) if row else None


def _paths(rows: list[list[str]]) -> tuple[MemberPath, ...]:
    return tuple(tuple(row) for row in rows)


def _needed(schema: Schema) -> set[str]:
    """Return the shapes that a schema refers to, directly or through others."""
    needed: set[str] = set()
    waiting = [schema]
    while waiting:
        new = set(_references(waiting.pop())) - needed
        needed |= new
        waiting += [shape(name) for name in new]
    return needed


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(_LOCAL)
        for value in node.values():
            yield from _references(value)


def _localised(node: Any) -> Any:
    """Return an operation's schema with its references to shared shapes made local."""
    if isinstance(node, dict):
        return {key: _localised(value) for key, value in node.items()}
    return node.removeprefix(_SHARED) if isinstance(node, str) else node


def _index() -> dict[str, Any]:
    return _document("index.json")


@cache
def _document(path: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(_folder().joinpath(path).read_text(encoding="utf-8"))
    return document


@cache
def _folder() -> Traversable:
    """Return the wheel's schemas, or the checkout's."""
    from importlib.resources import files  # noqa: PLC0415 - slow to import, and never needed before this

    for folder in (files(_PACKAGE).joinpath("schemas"), _CHECKOUT):
        if folder.is_dir():
            return folder
    raise MissingSchemasError
