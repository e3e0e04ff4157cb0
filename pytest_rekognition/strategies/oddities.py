"""Legal oddities, by name: what the service is documented or was seen to answer, and code forgets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pytest_rekognition import catalog
from pytest_rekognition.strategies import odd_faces
from pytest_rekognition.strategies.fits import fit
from pytest_rekognition.strategies.operations import ATTRIBUTE_OPTIONS
from pytest_rekognition.strategies.shapes import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pytest_rekognition.catalog import Pagination

    Wire = dict[str, Any]
    #: Tells from an operation and a request whether a full response can be made odd so.
    Applies = Callable[[str, Mapping[str, Any]], bool]
    #: Makes a full response odd in place.
    Change = Callable[[str, Wire, Mapping[str, Any]], object]


class Oddity(NamedTuple):
    """One way in which a legal response is odd."""

    applies: Applies
    change: Change


# --- where ---------------------------------------------------------------------------------------------------


def _always(_: str, __: Mapping[str, Any]) -> bool:
    return True


def _one_of(*operations: str) -> Applies:
    def applies(operation: str, _: Mapping[str, Any]) -> bool:
        return operation in operations

    return applies


def _asking(*attributes: str) -> Applies:
    """Tell requests that ask for one of these attributes."""

    def applies(operation: str, request: Mapping[str, Any]) -> bool:
        asked = request.get(ATTRIBUTE_OPTIONS.get(operation, ""), ())
        return any(name in asked for name in attributes)

    return applies


def _asking_all_alone(operation: str, request: Mapping[str, Any]) -> bool:
    named = _asking("EYE_DIRECTION", "FACE_OCCLUDED")
    return _asking("ALL")(operation, request) and not named(operation, request)


def _up_to_hundred(operation: str, request: Mapping[str, Any]) -> bool:
    return operation in ATTRIBUTE_OPTIONS and request.get("MaxFaces", odd_faces.HUNDRED) >= odd_faces.HUNDRED


def _paged(operation: str, _: Mapping[str, Any]) -> bool:
    return catalog.operation(operation).pagination is not None and not _job(operation, _)


def _with_more(operation: str, request: Mapping[str, Any]) -> bool:
    """Tell requests that a page of one result fills."""
    return _paged(operation, request) or (_job(operation, request) and request.get("MaxResults") == 1)


def _job(operation: str, _: Mapping[str, Any]) -> bool:
    return catalog.operation(operation).pagination is not None and "JobStatus" in _members(operation)


def _oriented(operation: str, _: Mapping[str, Any]) -> bool:
    return any("Orientation" in name for name in _members(operation))


def _members(operation: str) -> Iterable[str]:
    """Return the names of a response's members."""
    return catalog.schema(operation, "response").get("properties", ())  # type: ignore[no-any-return]


# --- lists ---------------------------------------------------------------------------------------------------

#: The list of faces, matches or people that an operation answers with.
_LISTS: Final = {
    "CompareFaces": "FaceMatches",
    "DetectFaces": "FaceDetails",
    "GetCelebrityRecognition": "Celebrities",
    "GetFaceDetection": "Faces",
    "GetFaceSearch": "Persons",
    "GetPersonTracking": "Persons",
    "IndexFaces": "FaceRecords",
    "ListFaces": "Faces",
    "ListUsers": "Users",
    "RecognizeCelebrities": "CelebrityFaces",
    "SearchFaces": "FaceMatches",
    "SearchFacesByImage": "FaceMatches",
    "SearchUsers": "UserMatches",
    "SearchUsersByImage": "UserMatches",
}


def _no_faces(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    response[_LISTS[operation]] = []
    response.pop("NextToken", None)
    if operation == "SearchUsersByImage":
        response.pop("SearchedFace", None)


def _hundred_faces(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    """Fill an image's list with a hundred faces on a grid, each a little smaller than the one before."""
    first = response[_LISTS[operation]][0]
    response[_LISTS[operation]] = [odd_faces.smaller(first, number) for number in range(odd_faces.HUNDRED)]


def _empty_page(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    """Give a token with no results: a page may be empty before the last one."""
    pagination = _pagination(operation)
    for member in pagination.result_keys:
        response[member] = []
    response[pagination.output_token] = "more"


def _more_pages(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    """Have more results than this page."""
    response[_pagination(operation).output_token] = "more"


def _pagination(operation: str) -> Pagination:
    pagination = catalog.operation(operation).pagination
    assert pagination is not None  # noqa: S101  only asked of operations with pages
    return pagination


# --- jobs and sessions ---------------------------------------------------------------------------------------


def _job_is(status: str) -> Change:
    """Answer that a job is not done, or that it came to nothing: without results."""

    def change(operation: str, response: Wire, request: Mapping[str, Any]) -> None:
        response["JobStatus"] = status
        fit(operation, response, request)

    return change


def _session_is(status: str) -> Change:
    """Answer that a liveness check is not over, or that it came to nothing: without results."""

    def change(_: str, response: Wire, __: Mapping[str, Any]) -> None:
        session = response["SessionId"]
        response.clear()
        response.update(SessionId=session, Status=status)

    return change


# --- faces ---------------------------------------------------------------------------------------------------


def _of_faces(change: Callable[[Wire], object]) -> Change:
    """Return a change of a response that looks at nothing but the response."""

    def changed(_: str, response: Wire, __: Mapping[str, Any]) -> None:
        change(response)

    return changed


# --- members -------------------------------------------------------------------------------------------------

#: Optional all the same always there: a video's results are 'sorted by the time'.
_KEPT: Final = frozenset({"JobStatus", "Timestamp"})
#: Lists that may be empty where their operation found something: of UnindexedFaces it was measured, and of
#: AuditImages a session asks for none unless it says how many.
_EMPTIED: Final = ("UnindexedFaces", "AuditImages")


def _absent_members(operation: str, response: Wire, request: Mapping[str, Any]) -> None:
    """Leave out every optional member that no rule asks for; the lists of results stay."""
    schema = catalog.schema(operation, "response")
    kept = {*schema.get("required", ()), *_KEPT}
    for name in [name for name in response if name not in kept]:
        if not isinstance(response[name], list):
            del response[name]
    response.update({name: [] for name in _EMPTIED if name in response})
    for name in response:
        _strip(schema["properties"][name], response[name])
    fit(operation, response, request)


def _strip(schema: Wire, payload: Any) -> None:
    """Leave out the optional members of every structure; faces keep what was asked for."""
    schema = resolved(schema)
    if isinstance(payload, list):
        for item in payload:
            _strip(schema["items"], item)
    elif isinstance(payload, dict) and "properties" in schema and "Landmarks" not in payload:
        kept = {*schema.get("required", ()), *_KEPT}
        for name in [name for name in payload if name not in kept]:
            del payload[name]
        for name in payload:
            _strip(schema["properties"][name], payload[name])


def _rotate_0(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    """Answer with the orientation that came until 2020."""
    names = [name for name in _members(operation) if "Orientation" in name]
    response.update(dict.fromkeys(names, "ROTATE_0"))


def _certain(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    """Be exactly 100 percent sure of every match."""
    for member in ("FaceMatches", "UserMatches"):
        for match in response.get(member, ()):
            match["Similarity"] = 100.0


def _no_urls(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    for celebrity in response["CelebrityFaces"]:
        celebrity["Urls"] = []


#: Operations whose faces have landmarks; some of them answer with boxes alone as well.
_FACED: Final = (
    "CompareFaces",
    "DetectFaces",
    "GetCelebrityRecognition",
    "GetFaceDetection",
    "GetFaceSearch",
    "GetPersonTracking",
    "IndexFaces",
    "RecognizeCelebrities",
    "SearchUsersByImage",
)
_STORED: Final = ("ListFaces", "SearchFaces", "SearchFacesByImage")
_LIVENESS: Final = "GetFaceLivenessSessionResults"
_MATCHING: Final = _one_of(
    "CompareFaces", "SearchFaces", "SearchFacesByImage", "SearchUsers", "SearchUsersByImage"
)
_LANDMARKED: Final = _one_of(*_FACED)
_CONFIDENT: Final = _one_of(*_FACED, *_STORED)
_BOXED: Final = _one_of(*_FACED, *_STORED, _LIVENESS)
_EMOTIONAL: Final = _asking("ALL", "EMOTIONS")
_SESSION: Final = _one_of(_LIVENESS)
#: By name, the plainest first; the documentation's table has the same rows.
ODDITIES: Final = {
    "absent-optional-members": Oddity(_always, _absent_members),
    "no-faces": Oddity(_one_of(*_LISTS), _no_faces),
    "hundred-faces": Oddity(_up_to_hundred, _hundred_faces),
    "box-off-image": Oddity(_BOXED, _of_faces(odd_faces.begin_off_image)),
    "box-beyond-image": Oddity(_BOXED, _of_faces(odd_faces.end_off_image)),
    "false-positive": Oddity(_CONFIDENT, _of_faces(odd_faces.false_positive)),
    "equal-emotions": Oddity(_EMOTIONAL, _of_faces(odd_faces.equal_emotions)),
    "unsorted-emotions": Oddity(_EMOTIONAL, _of_faces(odd_faces.unsorted_emotions)),
    "early-landmarks": Oddity(_LANDMARKED, _of_faces(odd_faces.early_landmarks)),
    "upside-down": Oddity(_LANDMARKED, _of_faces(odd_faces.upside_down)),
    "without-recent-attributes": Oddity(_asking_all_alone, _of_faces(odd_faces.without_recent)),
    "empty-page": Oddity(_paged, _empty_page),
    "more-pages": Oddity(_with_more, _more_pages),
    "unfinished-job": Oddity(_job, _job_is("IN_PROGRESS")),
    "failed-job": Oddity(_job, _job_is("FAILED")),
    "unfinished-session": Oddity(_SESSION, _session_is("IN_PROGRESS")),
    "expired-session": Oddity(_SESSION, _session_is("EXPIRED")),
    "failed-session": Oddity(_SESSION, _session_is("FAILED")),
    "rotate-0": Oddity(_oriented, _rotate_0),
    "certain-match": Oddity(_MATCHING, _certain),
    "no-urls": Oddity(_one_of("RecognizeCelebrities"), _no_urls),
}
