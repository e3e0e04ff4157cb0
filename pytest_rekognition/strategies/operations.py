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
from pytest_rekognition.strategies.faces import ERAS, TODAY, faces, members
from pytest_rekognition.strategies.fits import fit
from pytest_rekognition.strategies.scalars import invalid
from pytest_rekognition.strategies.shapes import Compiler, resolved

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_rekognition.strategies.faces import Era

    Wire = dict[str, Any]

#: The request's member that asks for attributes, where the response's faces follow it.
ATTRIBUTE_OPTIONS: Final = {"DetectFaces": "Attributes", "IndexFaces": "DetectionAttributes"}
#: Sentences that the service was recorded or documented to answer with.
_SENTENCES: Final = (
    "Request has invalid parameters",
    "Request has invalid image format",
    "There are no faces in the image. Should be at least 1.",
    "Provisioned Rate exceeded.",
    "Unable to get object metadata from S3. Check object key, region and/or access permissions.",
)


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
    """Return exchanges whose answer is an error that the operation documents: a code, a sentence, a status."""
    name = api_name(operation)
    code = draw(st.sampled_from(catalog.operation(name).errors or _common_errors()))
    shape = catalog.error(code)
    status = draw(st.sampled_from(shape.statuses)) if shape else 400
    error = ErrorReply(code, draw(st.sampled_from(_SENTENCES)))
    request = draw(plain_requests(name))
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
    drawn = Compiler("request", {}).root(catalog.schema(operation, "request"))
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

    With `least` full ones: every member, and so many items or more in the lists that they are about. With `done`
    a job's has succeeded.
    """
    option = ATTRIBUTE_OPTIONS.get(operation)
    if option is None or request is not None:
        asked = tuple(sorted(set((request or {}).get(option) or ()))) if option else None
        drawn = _compiled(operation, asked, eras, least)
    else:
        drawn = st.one_of([_compiled(operation, asked, eras, least) for asked in _ASKED])
    if done and "JobStatus" in catalog.schema(operation, "response").get("properties", ()):
        drawn = drawn.map(lambda response: response | {"JobStatus": "SUCCEEDED"})
    return drawn.map(lambda response: fit(operation, response, request))


#: What faces may have been asked for, where the request is unknown.
_ASKED: Final = ((), ("ALL",), ("SMILE", "EMOTIONS"))


@lru_cache(maxsize=256)
def _compiled(
    operation: str, attributes: tuple[str, ...] | None, eras: tuple[Era, ...], least: int | None
) -> SearchStrategy[Wire]:
    found = {"FaceDetail": faces(attributes, eras=eras) if attributes is not None else _other_faces(operation)}
    schema = catalog.schema(operation, "response")
    full = None if least is None else dict.fromkeys(_lists(schema), least)
    return Compiler("response", found).root(schema, full=full)


def _lists(schema: Wire) -> list[str]:
    """Return a response's members that list structures or ids."""
    members = schema.get("properties", {})
    return [name for name in members if _listed(resolved(members[name]))]


def _listed(schema: Wire) -> bool:
    return schema.get("type") == "array" and "enum" not in resolved(schema["items"])


def _other_faces(operation: str) -> SearchStrategy[Wire]:
    """Return the faces of operations that take no attributes; GetFaceDetection has those of its job."""
    if operation != "GetFaceDetection":
        return members(frozenset())
    return st.one_of(members(frozenset()), members(OPTIONAL_MEMBERS - RECENT_MEMBERS, count=30))


@cache
def _common_errors() -> tuple[str, ...]:
    """Return the codes that any operation may answer."""
    return tuple(code for code in catalog.errors() if (known := catalog.error(code)) and known.common)
