"""Requests, responses, errors and exchanges of every operation."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.attributes import OPTIONAL_MEMBERS
from pytest_rekognition.contract import Contract
from pytest_rekognition.contract.rules.attributes import RECENT_MEMBERS
from pytest_rekognition.errors import UnknownOperationError
from pytest_rekognition.exchange import ErrorReply, Exchange
from pytest_rekognition.sentences import sentences
from pytest_rekognition.strategies.faces import ERAS, TODAY, faces, members
from pytest_rekognition.strategies.fits import depends, fit
from pytest_rekognition.strategies.scalars import invalid
from pytest_rekognition.strategies.shapes import Compiler, resolved

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_rekognition.strategies.faces import Era

    Wire = dict[str, Any]

#: The request's member that asks for attributes, where the response's faces follow it.
ATTRIBUTE_OPTIONS: Final = {"DetectFaces": "Attributes", "IndexFaces": "DetectionAttributes"}


@st.composite
def requests(draw: DrawFn, operation: str) -> Wire:
    """Return requests of an operation, as a client's method takes them: images are `bytes`."""
    return draw(plain_requests(api_name(operation)))


@st.composite
def responses(draw: DrawFn, operation: str, request: Mapping[str, Any] | None = None) -> Wire:
    """Return responses of an operation, as wire JSON; with a request, those that answer it.

    They have the attributes that it asks for, at most as many items as it allows, nothing below its threshold, its
    ids, and a token only where more may follow. `InvalidArgument` for a request that breaks the contract.
    """
    name = api_name(operation)
    return draw(plain_responses(name, checked_request(name, request), eras=ERAS))


@st.composite
def errors(draw: DrawFn, operation: str) -> Exchange:
    """Return exchanges answered by an error: one that the operation documents, or one that any may answer.

    The sentence is one that the service says with that code, or the code itself where none is known; the status is
    one that it comes with.
    """
    name = api_name(operation)
    code = draw(_error_codes(name))
    shape = catalog.error(code)
    status = draw(st.sampled_from(shape.statuses)) if shape else 400
    request = draw(plain_requests(name))
    error = ErrorReply(code, draw(st.sampled_from(sentences(code, name, request))))
    return Exchange(operation=name, request=request, status=status, error=error, source="generated")


@st.composite
def exchanges(draw: DrawFn, operation: str) -> Exchange:
    """Return exchanges of an operation: a request with a response to it, or one time in five an error."""
    name = api_name(operation)
    if draw(st.integers(0, 4)) == 4:  # noqa: PLR2004  one in five
        return draw(errors(name))
    request = draw(plain_requests(name))
    response = draw(plain_responses(name, request, eras=ERAS))
    return Exchange(operation=name, request=request, response=response, source="generated")


# --- what the near misses and pages are made from ------------------------------------------------------------


def api_name(operation: str) -> str:
    """Return an operation's API name; `InvalidArgument` for what is none."""
    try:
        return catalog.operation(operation).name
    except UnknownOperationError as error:
        raise invalid(str(error)) from None


def checked_request(operation: str, request: Any) -> Mapping[str, Any] | None:
    """Return a request that a caller gave, checked."""
    if request is None:
        return None
    violations = Contract(operation).check_request(request)
    if not isinstance(request, Mapping) or violations:
        raise invalid(f"request breaks the contract of {operation}: {'; '.join(map(str, violations[:3]))}")
    return request


@cache
def plain_requests(operation: str) -> SearchStrategy[Wire]:
    """Return requests of an operation, by its API name."""
    return _rooted(operation, catalog.schema(operation, "request"))


def _rooted(operation: str, schema: Wire) -> SearchStrategy[Wire]:
    """Return the requests of an operation's schema, or of a part of it."""
    drawn = Compiler("request", {}).root(operation, schema)
    return drawn.map(_one_key) if operation == "SearchUsers" else drawn


def _one_key(request: Wire) -> Wire:
    """Return a search for users by a face or by a user, one of the two."""
    if "FaceId" in request:
        return {name: value for name, value in request.items() if name != "UserId"}
    return {"UserId": "user-1"} | request


def plain_responses(
    operation: str,
    request: Mapping[str, Any] | None,
    *,
    eras: tuple[Era, ...] = (TODAY,),
    least: int | None = None,
    done: bool = False,
) -> SearchStrategy[Wire]:
    """Return responses of an operation, by its API name, that answer a request.

    All of one response is of one era. With `least` full ones: every member, and so many items or more in the lists
    that they are about. With `done` a job's has succeeded.
    """
    if request is None:
        return _options(operation).flatmap(
            lambda options: plain_responses(operation, options, eras=eras, least=least, done=done)
        )
    option = ATTRIBUTE_OPTIONS.get(operation)
    asked = tuple(sorted(set(request.get(option) or ()))) if option else None
    drawn = st.one_of([_compiled(operation, asked, era, least) for era in eras])
    if done and "JobStatus" in catalog.schema(operation, "response").get("properties", ()):
        drawn = drawn.map(lambda response: response | {"JobStatus": "SUCCEEDED"})
    return drawn.map(lambda response: fit(operation, response, request))


#: What faces may have been asked for, where the request is unknown.
_ASKED: Final = st.sampled_from([(), ("ALL",), ("SMILE", "EMOTIONS")])


@cache
def _options(operation: str) -> SearchStrategy[Wire]:
    """Return what a request that is unknown may have asked for: its members without images, where they matter."""
    if not depends(operation):
        return st.builds(dict)
    schema, images = catalog.schema(operation, "request"), catalog.operation(operation).request_blobs
    members = {name: member for name, member in schema["properties"].items() if (name, "Bytes") not in images}
    drawn = _rooted(operation, schema | {"properties": members})
    option = ATTRIBUTE_OPTIONS.get(operation)
    return drawn if option is None else st.builds(lambda asked, names: asked | {option: names}, drawn, _ASKED)


@lru_cache(maxsize=256)
def _compiled(
    operation: str, attributes: tuple[str, ...] | None, era: Era, least: int | None
) -> SearchStrategy[Wire]:
    found = {"FaceDetail": faces(attributes, eras=(era,)) if attributes is not None else other_faces(operation)}
    schema = catalog.schema(operation, "response")
    full = None if least is None else dict.fromkeys(_lists(schema), least)
    return Compiler("response", found, oriented=era.oriented).root(operation, schema, full=full)


def _lists(schema: Wire) -> list[str]:
    """Return a response's members that list structures or ids."""
    members = schema.get("properties", {})
    return [name for name in members if _listed(resolved(members[name]))]


def _listed(schema: Wire) -> bool:
    return schema.get("type") == "array" and "enum" not in resolved(schema["items"])


def other_faces(operation: str) -> SearchStrategy[Wire]:
    """Return the faces of operations that take no attributes; GetFaceDetection has those of its job."""
    if operation != "GetFaceDetection":
        return members(frozenset())
    return st.one_of(members(frozenset()), members(OPTIONAL_MEMBERS - RECENT_MEMBERS, count=30))


@cache
def _error_codes(operation: str) -> SearchStrategy[str]:
    """Return the codes of an operation's own errors, one time in two of those that any operation may answer."""
    own = catalog.operation(operation).errors
    common = [code for code in catalog.errors() if code not in own and catalog.documents_error(operation, code)]
    return st.one_of([st.sampled_from(codes) for codes in (own, common) if codes])
