"""Legal oddities: responses that the service is documented or was seen to send, and that code forgets."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.contract.rules.attributes import RECENT_MEMBERS
from pytest_rekognition.geometry import single
from pytest_rekognition.showing import show, show_members
from pytest_rekognition.strategies import head
from pytest_rekognition.strategies.fits import fit
from pytest_rekognition.strategies.operations import (
    ATTRIBUTE_OPTIONS,
    api_name,
    checked_request,
    plain_requests,
    plain_responses,
)
from pytest_rekognition.strategies.scalars import identifier
from pytest_rekognition.strategies.shapes import resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from hypothesis.strategies import DrawFn

    from pytest_rekognition.catalog import Pagination

    Wire = dict[str, Any]
    #: Tells from an operation and a request whether a full response can be made odd so.
    Applies = Callable[[str, Mapping[str, Any]], bool]
    #: Makes a full response odd in place.
    Change = Callable[[str, Wire, Mapping[str, Any]], object]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Variant:
    """One exchange with a legal oddity."""

    #: the API's name, such as `"DetectFaces"`
    operation: str
    #: what is odd, such as `box-off-image`
    name: str
    #: images as `bytes`
    request: dict[str, Any]
    #: wire JSON; keeps the contract, at times with a note
    response: dict[str, Any]

    def __repr__(self) -> str:
        return f"<Variant {self.name} of {self.operation}({show_members(self.request)}): {show(self.response)}>"

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))  # Hypothesis would print every member, so a hundred faces


@st.composite
def variants(draw: DrawFn, operation: str, request: Mapping[str, Any] | None = None) -> Variant:
    """Return exchanges with one legal oddity each, by name: what `docs/strategies.md` lists.

    With a request the response answers it. Every operation has `absent-optional-members`; the others apply where
    their members lie.
    """
    name = api_name(operation)
    given = checked_request(name, request)
    asked = draw(plain_requests(name)) if given is None else dict(given)
    chosen = draw(st.sampled_from([odd for odd, oddity in ODDITIES.items() if oddity.applies(name, asked)]))
    response = draw(plain_responses(name, asked, least=1, done=True))
    ODDITIES[chosen].change(name, response, asked)
    return Variant(operation=name, name=chosen, request=asked, response=response)


class Oddity(NamedTuple):
    """One way in which a legal response is odd."""

    applies: Applies
    change: Change


# --- where ---------------------------------------------------------------------------------------------------


def _always(_: str, __: Mapping[str, Any]) -> bool:
    return True


def _one_of(operations: Iterable[str]) -> Applies:
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
    return operation in ATTRIBUTE_OPTIONS and request.get("MaxFaces", _HUNDRED) >= _HUNDRED


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
_HUNDRED: Final = 100
_FALSE_POSITIVE: Final = 66.7


def _no_faces(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    response[_LISTS[operation]] = []
    response.pop("NextToken", None)
    if operation == "SearchUsersByImage":
        response.pop("SearchedFace", None)


def _hundred_faces(operation: str, response: Wire, _: Mapping[str, Any]) -> None:
    """Fill an image's list with a hundred faces on a grid, each a little smaller than the one before."""
    first = response[_LISTS[operation]][0]
    response[_LISTS[operation]] = [_smaller(first, number) for number in range(_HUNDRED)]


def _smaller(item: Wire, number: int) -> Wire:
    copy = deepcopy(item)
    detail = copy.get("FaceDetail", copy)
    size = 0.08 - 0.0003 * number
    box = {"Width": size, "Height": size, "Left": number % 10 / 10, "Top": number // 10 / 10}
    box = {side: single(ratio) for side, ratio in box.items()}
    detail["BoundingBox"] = box
    _place(detail, tuple(mark["Type"] for mark in detail["Landmarks"]))
    if "Face" in copy:
        copy["Face"].update(BoundingBox=dict(box), FaceId=identifier(number))
    return copy


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


def _unfinished(operation: str, response: Wire, request: Mapping[str, Any]) -> None:
    """Answer that a job is not done."""
    response["JobStatus"] = "IN_PROGRESS"
    fit(operation, response, request)


# --- faces ---------------------------------------------------------------------------------------------------


def _each_face(response: Any) -> list[Wire]:
    """Return every face with landmarks, wherever it lies."""
    if isinstance(response, list):
        return [face for item in response for face in _each_face(item)]
    if not isinstance(response, dict):
        return []
    return (
        [response]
        if "Landmarks" in response
        else [face for part in response.values() for face in _each_face(part)]
    )


def _box_off_image(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    """Push boxes out of the image, as far as was measured."""
    for face in _each_face(response):
        box = face["BoundingBox"]
        box.update(Left=single(max(-0.0145, -box["Width"] / 2)), Top=single(max(-0.15, -box["Height"] / 2)))
    _agree(response)


def _false_positive(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    """Find faces with a Confidence of 66.7 %, in what is none."""
    for face in _each_face(response):
        face["Confidence"] = single(_FALSE_POSITIVE)
        face["Quality"] = {"Brightness": single(12.99), "Sharpness": single(1.87)}
    _agree(response)


def _agree(response: Wire) -> None:
    """Give a record's stored face what its detail has."""
    for record in response.get("FaceRecords", ()):
        detail = record["FaceDetail"]
        record["Face"].update(BoundingBox=dict(detail["BoundingBox"]), Confidence=detail["Confidence"])


def _equal_emotions(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    for face in _each_face(response):
        for emotion in face.get("Emotions", ()):
            emotion["Confidence"] = 12.5


def _unsorted_emotions(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    """Order emotions as the service did from April 2019 to May 2020: not at all."""
    for face in _each_face(response):
        face.get("Emotions", []).reverse()


def _early_landmarks(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    """Answer with the 25 landmarks of 2018, and with 5 in the older order."""
    for face in _each_face(response):
        count = len(face["Landmarks"])
        _place(face, head.ORDERS[5][1] if count == len(head.ORDERS[5][1]) else head.ORDERS[25][0])


def _upside_down(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    """Turn faces over: eyeLeft lies to the right of eyeRight."""
    for face in _each_face(response):
        face["Pose"] = {"Roll": 165.5, "Yaw": 0.0, "Pitch": 0.0}
        _place(face, tuple(mark["Type"] for mark in face["Landmarks"]))


def _place(face: Wire, names: tuple[str, ...]) -> None:
    face["Landmarks"] = head.landmarks(names, face["BoundingBox"], face["Pose"], head.Look())


def _without_recent(_: str, response: Wire, __: Mapping[str, Any]) -> None:
    """Leave out what ALL brings only since 2023."""
    for face in _each_face(response):
        for name in RECENT_MEMBERS:
            face.pop(name, None)


# --- members -------------------------------------------------------------------------------------------------


def _absent_members(operation: str, response: Wire, request: Mapping[str, Any]) -> None:
    """Leave out every optional member that no rule asks for."""
    schema = catalog.schema(operation, "response")
    kept = {*schema.get("required", ()), *_LISTS.values(), "JobStatus"}
    for name in [name for name in response if name not in kept]:
        del response[name]
    for name in response:
        _strip(schema["properties"][name], response[name])
    fit(operation, response, request)


def _strip(schema: Wire, payload: Any) -> None:
    """Leave out the optional members of every structure; faces keep what was asked for."""
    schema = resolved(schema)
    if isinstance(payload, list):
        for item in payload:
            _strip(schema["items"], item)
    elif isinstance(payload, dict) and schema.get("required") and "Landmarks" not in payload:
        for name in [name for name in payload if name not in schema["required"]]:
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


_MATCHING: Final = ("CompareFaces", "SearchFaces", "SearchFacesByImage", "SearchUsers", "SearchUsersByImage")
_FACED: Final = _one_of(("CompareFaces", "DetectFaces", "GetFaceDetection", "IndexFaces", "RecognizeCelebrities"))
#: By name, the plainest first; the documentation's table has the same rows.
ODDITIES: Final = {
    "absent-optional-members": Oddity(_always, _absent_members),
    "no-faces": Oddity(_one_of(_LISTS), _no_faces),
    "hundred-faces": Oddity(_up_to_hundred, _hundred_faces),
    "box-off-image": Oddity(_FACED, _box_off_image),
    "false-positive": Oddity(_FACED, _false_positive),
    "equal-emotions": Oddity(_asking("ALL", "EMOTIONS"), _equal_emotions),
    "unsorted-emotions": Oddity(_asking("ALL", "EMOTIONS"), _unsorted_emotions),
    "early-landmarks": Oddity(_FACED, _early_landmarks),
    "upside-down": Oddity(_FACED, _upside_down),
    "without-recent-attributes": Oddity(_asking_all_alone, _without_recent),
    "empty-page": Oddity(_paged, _empty_page),
    "more-pages": Oddity(_with_more, _more_pages),
    "unfinished-job": Oddity(_job, _unfinished),
    "rotate-0": Oddity(_oriented, _rotate_0),
    "certain-match": Oddity(_one_of(_MATCHING), _certain),
    "no-urls": Oddity(_one_of(("RecognizeCelebrities",)), _no_urls),
}
