"""Holds the schemas against AWS's printed pages, where a folder with their text lies beside the checkout."""

from __future__ import annotations

import ast
import os
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from pytest_rekognition import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

SHARED = Path(os.environ.get("PYTEST_REKOGNITION_SHARED", Path(__file__).resolve().parents[2] / "shared"))
PAGES = SHARED / "documented-shapes"
needs_pages = pytest.mark.skipif(not PAGES.is_dir(), reason="the documentation's text is not part of the project")

#: Members of the SDK's own calls, which never cross the wire.
SDK_ONLY = frozenset({"PaginationConfig", "WaiterConfig"})

#: What the pages print and the schemas do not have: (operation, side, path, what) to the reason. Nothing so far:
#: AWS has added operations, members and values since these pages were printed, and has dropped none.
GONE: dict[tuple[str, str, str, str], str] = {}

_CALL = re.compile(
    r"(?:client\.(?P<method>[a-z_]+)|(?P<paginator>paginator\.paginate)|(?P<waiter>waiter\.wait))\("
)
_SYNTAX = re.compile(r"Request Syntax[\s-]*(?:response(?:_iterator)? = )?(?=client\.|paginator\.|waiter\.)")
_RESPONSE = re.compile(r"(?:^|Response Syntax[\s-]*)(?=\{)", re.MULTILINE)
_ALIAS = re.compile(r"Rekognition\.Client\.([a-z_]+)\(\)")
_ERROR = re.compile(r"Client\.exceptions\.([A-Za-z0-9]+?)(?=[^A-Za-z0-9]|$)")
#: how a page prints a value of a type, by its syntax tree
_STRING, _INTEGER, _NUMBER, _BOOLEAN, _BLOB, _TIME = "string", "integer", "number", "boolean", "blob", "timestamp"


class Printed(NamedTuple):
    """One leaf of a printed syntax."""

    #: such as `FaceDetails.*.Landmarks.*.Type`
    path: str
    kind: str
    #: the enum's values, or none
    values: tuple[str, ...] = ()


class Syntax(NamedTuple):
    """One operation's request and response, as a page prints them."""

    #: the API's name
    operation: str
    #: `client`, `paginator` or `waiter`
    caller: str
    request: tuple[Printed, ...]
    #: None where the call has no response of its own
    response: tuple[Printed, ...] | None


def syntaxes(text: str) -> Iterator[Syntax]:
    """Yield every request syntax of a page, with the response syntax that follows it."""
    starts = [match.end() for match in _SYNTAX.finditer(text)]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        call = _CALL.match(text, start)
        source = balanced(text, start)
        tree = ast.parse(source, mode="eval").body
        caller = next(name for name in ("paginator", "waiter", "client") if call[name if name != "client" else 0])
        yield Syntax(
            operation=catalog.operation(call["method"] or _ALIAS.findall(text, 0, start)[-1]).name,
            caller=caller,
            request=tuple(leaf for item in tree.keywords for leaf in leaves(item.value, (item.arg,))),
            response=None if caller == "waiter" else printed_response(text[start + len(source) : end]),
        )


def printed_response(text: str) -> tuple[Printed, ...]:
    """Return the leaves of the first response syntax in a text."""
    start = _RESPONSE.search(text).end()
    return tuple(leaves(ast.parse(balanced(text, start), mode="eval").body, ()))


def balanced(text: str, start: int) -> str:
    """Return the text from `start` to the bracket that closes the first one opened."""
    depth = 0
    for token in re.compile(r"'[^'\n]*'|[\[({]|[\])}]").finditer(text, start):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(token[0], 0)
        if depth == 0 and token[0] in "])}":
            return text[start : token.end()]
    raise AssertionError(f"no end to the syntax that starts with {text[start : start + 60]!r}")


def leaves(node: ast.expr, path: tuple[str, ...]) -> Iterator[Printed]:
    """Yield the leaves below a node of a printed syntax."""
    match node:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                step = "*" if key.value == "string" else key.value
                yield from leaves(value, (*path, step))
        case ast.List(elts=items):
            for item in items:
                yield from leaves(item, (*path, "*"))
        case _:
            yield Printed(".".join(path), *kind(node))


def kind(node: ast.expr) -> tuple[str, tuple[str, ...]]:
    """Return the type, and the enum's values, that a printed value stands for."""
    match node:
        case ast.BinOp(op=ast.BitOr()):
            values = tuple(alternatives(node))
            return (_BOOLEAN, ()) if values == (True, False) else (_STRING, values)
        case ast.Constant(value=bytes()):
            return _BLOB, ()
        case ast.Constant(value=str(text)):
            return _STRING, () if text == "string" else (text,)
        case ast.Constant(value=int()):
            return _INTEGER, ()
        case ast.Constant(value=value) if value is ...:
            return _NUMBER, ()
        case ast.Call(func=ast.Name(id="datetime")):
            return _TIME, ()
    raise AssertionError(f"what type does {ast.unparse(node)} stand for?")


def alternatives(node: ast.expr) -> Iterator[object]:
    """Yield the constants of `'A'|'B'|'C'`."""
    if isinstance(node, ast.BinOp):
        yield from alternatives(node.left)
        node = node.right
    yield node.value


def missing(operation: str, side: str, printed: Printed) -> Iterator[str]:
    """Yield what a printed leaf has that the schema has not: its path, its type, or a value."""
    schema = catalog.schema(operation, side)
    definitions, node = schema["$defs"], schema
    for step in printed.path.split("."):
        inner = node.get("items") or node.get("additionalProperties") if step == "*" else None
        node = inner or node.get("properties", {}).get(step)
        if node is None:
            yield step
            return
        node = node | definitions[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
    if schema_kind(node) != printed.kind:
        yield f"type {printed.kind}"
    yield from (value for value in printed.values if value not in node.get("enum", ()))


def schema_kind(node: dict[str, object]) -> str:
    """Return the printed type that a schema stands for."""
    if "x-timestamp" in node:
        return _TIME
    if node.get("contentEncoding") == "base64":
        return _BLOB
    return node["type"][0] if isinstance(node["type"], list) else node["type"]


def all_missing(printed: Syntax) -> Iterator[tuple[str, str, str, str]]:
    """Yield every leaf, type and value of a syntax that the schemas lack."""
    for side in ("request", "response"):
        for leaf in getattr(printed, side) or ():
            if leaf.path.split(".")[0] not in SDK_ONLY:
                for what in missing(printed.operation, side, leaf):
                    yield printed.operation, side, leaf.path, what


def page(name: str) -> tuple[Syntax, ...]:
    return tuple(syntaxes((PAGES / name).read_text(encoding="utf-8")))


FACE_PAGES = {
    "detect_faces.txt": "DetectFaces",
    "get_face_detection.txt": "GetFaceDetection",
    "index_faces.txt": "IndexFaces",
    "start_face_detection.txt": "StartFaceDetection",
}
#: The text of the other page ends at the heading of its errors.
LISTING_ERRORS = [row for row in FACE_PAGES.items() if row[0] != "get_face_detection.txt"]


@needs_pages
def test_client_page_is_parsed_whole():
    """Every syntax of the client's page is read: 48 operations, five paginators and two waiters."""
    parsed = page("client.txt")
    text = (PAGES / "client.txt").read_text(encoding="utf-8")
    expected = {"client": 48, "paginator": 5, "waiter": 2}
    assert expected == Counter(syntax.caller for syntax in parsed)
    printed = [leaf for syntax in parsed for leaf in (*syntax.request, *(syntax.response or ()))]
    leaves_and_values = (939, 587)
    assert leaves_and_values == (len(printed), sum(len(leaf.values) for leaf in printed))
    assert set(re.findall(r"client\.([a-z_]+)\(", text)) - {"get_paginator", "get_waiter"} == {
        catalog.operation(syntax.operation).method for syntax in parsed
    }


@needs_pages
@pytest.mark.parametrize("name", ["client.txt", *FACE_PAGES])
def test_printed_members_are_in_the_schemas(name):
    """Every member, type and enum value that a page prints is in the schemas, or listed as gone."""
    lacking = {row for syntax in page(name) for row in all_missing(syntax)}
    assert set() == lacking - GONE.keys()


@needs_pages
def test_listed_exceptions_are_needed():
    """A row of the exceptions that no page needs any more is removed."""
    lacking = {row for name in ("client.txt", *FACE_PAGES) for syntax in page(name) for row in all_missing(syntax)}
    assert set() == GONE.keys() - lacking


@needs_pages
@pytest.mark.parametrize(("name", "operation"), FACE_PAGES.items())
def test_face_pages_are_parsed(name, operation):
    """Each face page holds one syntax, of its operation, with both sides."""
    (syntax,) = page(name)
    assert operation == syntax.operation
    assert syntax.request
    assert syntax.response


@needs_pages
@pytest.mark.parametrize(("name", "operation"), LISTING_ERRORS)
def test_printed_errors_are_documented(name, operation):
    """Every error that a face page lists is documented for its operation."""
    printed = set(_ERROR.findall((PAGES / name).read_text(encoding="utf-8")))
    assert printed
    assert set() == printed - set(catalog.operation(operation).errors)


@needs_pages
def test_printed_paginators_paginate():
    """Every operation for which the client's page prints a paginator has one here."""
    printed = {syntax.operation for syntax in page("client.txt") if syntax.caller == "paginator"}
    assert set() == {name for name in printed if catalog.operation(name).pagination is None}


SAMPLE = """
Request Syntax
response = client.detect_faces(
    Image={'Bytes': b'bytes', 'Url': 'string'},
    Attributes=['DEFAULT'|'EVERYTHING',]
)
Response Syntax
{'FaceDetails': [{'Confidence': ..., 'AgeRange': {'Low': 123, 'High': 'string'}, 'Smile': {'Value': True|False}},]}
"""


def test_what_a_page_prints_and_the_schemas_lack_is_found():
    """An invented member, enum value and type are each reported where they are printed."""
    (syntax,) = syntaxes(SAMPLE)
    expected = [
        ("DetectFaces", "request", "Image.Url", "Url"),
        ("DetectFaces", "request", "Attributes.*", "EVERYTHING"),
        ("DetectFaces", "response", "FaceDetails.*.AgeRange.High", "type string"),
    ]
    assert expected == list(all_missing(syntax))
