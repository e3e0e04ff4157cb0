"""What makes a drawn response answer its request: small changes in a table by operation, so that rules hold."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition import catalog
from pytest_rekognition.geometry import single
from pytest_rekognition.strategies.scalars import distinct, identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    #: Changes a response in place; an unknown request is an empty one.
    Fit = Callable[[dict[str, Any], Mapping[str, Any]], None]

#: 'If you specify a value greater than 1000, a maximum of 1000 results is returned.'
LARGEST_PAGE: Final = 1000
_THRESHOLD: Final = 80.0
_ARN: Final = "rekognition:us-east-1:123456789012:collection/"
#: What a finished job's answer describes, where nothing was drawn.
_VIDEO: Final = {
    "Codec": "h264",
    "DurationMillis": 2000,
    "Format": "QuickTime / MOV",
    "FrameRate": 25.0,
    "FrameHeight": 240,
    "FrameWidth": 320,
}


def fit(operation: str, response: dict[str, Any], request: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the response, changed in place to answer the request."""
    for change in _fits(operation):
        change(response, request or {})
    return response


@cache
def _fits(operation: str) -> tuple[Fit, ...]:
    """Return an operation's changes: its own, then those that all jobs and all paged lists have."""
    shared: list[Fit] = []
    pagination = catalog.operation(operation).pagination
    if pagination:
        if "JobStatus" in catalog.schema(operation, "response")["properties"]:
            shared.append(_job(pagination.result_keys[0], *_GROUPED.get(operation, ((), ""))))
        else:
            shared.append(_page(*pagination.result_keys))
    return (*_FITS.get(operation, ()), *shared)


# --- places --------------------------------------------------------------------------------------------------


def places(payload: Any, *path: str) -> Iterator[tuple[Any, Any]]:
    """Yield what holds the members that a path names (`*`: every item), and their key in it."""
    step, rest = path[0], path[1:]
    keys = range(len(payload)) if step == "*" else [step] * (step in payload)
    for key in keys:
        if rest:
            yield from places(payload[key], *rest)
        else:
            yield payload, key


def _once(make: Callable[[int], str], *paths: tuple[str, ...]) -> Fit:
    """Make the ids at some paths appear once."""

    def change(response: dict[str, Any], _: Mapping[str, Any]) -> None:
        found = [place for path in paths for place in places(response, *path)]
        for (holder, key), ident in zip(found, distinct((h[k] for h, k in found), make), strict=True):
            holder[key] = ident

    return change


def _user_name(number: int) -> str:
    return f"user-{number}"


def same(*path: str, option: str | None = None) -> Fit:
    """Make members equal the request's option, or without one the first of them."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        found = list(places(response, *path))
        for holder, key in found:
            holder[key] = request.get(option, holder[key]) if option else found[0][0][found[0][1]]

    return change


# --- lists ---------------------------------------------------------------------------------------------------


def _by_area(member: str, *box: str) -> Fit:
    def change(response: dict[str, Any], _: Mapping[str, Any]) -> None:
        response.get(member, []).sort(key=lambda item: _area(item, box), reverse=True)

    return change


def _area(item: Any, box: tuple[str, ...]) -> float:
    for step in box:
        item = item[step]
    return float(item["Width"] * item["Height"])


def _above(member: str, key: str, option: str, default: float) -> Fit:
    """Lift a percentage over the request's threshold, and sort by it."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        least = request.get(option, default)
        items = response.get(member, [])
        for item in items:
            if key in item:
                item[key] = max(least, min(100.0, single(least + (100.0 - least) * item[key] / 100)))
        items.sort(key=lambda item: -item.get(key, 0.0))

    return change


def _at_most(member: str, option: str) -> Fit:
    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        if request.get(option):
            del response.get(member, [])[request[option] :]

    return change


def _matches(member: str, threshold: str, limit: str) -> tuple[Fit, ...]:
    return _above(member, "Similarity", threshold, _THRESHOLD), _at_most(member, limit)


def _asked_ids(done: tuple[str, ...], undone: str) -> tuple[Fit, ...]:
    """Give each of the request's faces to at most one of two lists."""
    paths = (done, (undone, "*", "FaceId"))

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        if "FaceIds" not in request:
            return
        asked = list(dict.fromkeys(request["FaceIds"]))
        left = len(asked)
        for member in (done[0], undone):
            del response.get(member, [])[left:]
            left -= len(response.get(member, ()))
        found = [place for path in paths for place in places(response, *path)]
        for (holder, key), ident in zip(found, asked, strict=False):
            holder[key] = ident

    return _once(identifier, *paths), change


# --- pages and jobs ------------------------------------------------------------------------------------------


def _page(*members: str) -> Fit:
    """Cut a page to the request's limit; where nothing is listed, nothing is left."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        limit = request.get("MaxResults") or LARGEST_PAGE
        for member in members:
            del response.get(member, [])[limit:]
        if not response.get(members[0]):
            response.pop("NextToken", None)

    return change


def _job(member: str, index: tuple[str, ...], by_index: str) -> Fit:
    """Make a job's answer agree with its status, and its results with the video's time and the request's order."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        if "JobId" in response:
            response["JobId"] = request.get("JobId", response["JobId"])
        if response.get("JobStatus", "SUCCEEDED") == "SUCCEEDED":
            _succeeded(response, member, min(request.get("MaxResults", LARGEST_PAGE), LARGEST_PAGE))
        else:
            _unfinished(response, member)
        times = sorted(item.get("Timestamp", 0) for item in response.get(member, ()))
        for item, time in zip(response.get(member, ()), times, strict=True):
            if "Timestamp" in item:
                item["Timestamp"] = time
        if index and request.get("SortBy") == by_index:
            response.get(member, []).sort(key=lambda item: _index(item, index))

    return change


def _succeeded(response: dict[str, Any], member: str, limit: int) -> None:
    items = response.get(member, [])
    del items[limit:]
    response.pop("StatusMessage", None)
    if len(items) < limit:
        response.pop("NextToken", None)
    # GetSegmentDetection alone describes the video as a list, of one
    video = response.setdefault("VideoMetadata", [dict(_VIDEO)] if member == "Segments" else dict(_VIDEO))
    if isinstance(video, dict):
        last = max((item.get("Timestamp", 0) for item in items), default=0)
        video["DurationMillis"] = max(video["DurationMillis"], last)


def _unfinished(response: dict[str, Any], member: str) -> None:
    if member in response:
        response[member] = []
    response.pop("NextToken", None)
    if response["JobStatus"] == "FAILED":
        response["StatusMessage"] = response.get("StatusMessage") or "The video could not be read."
    else:
        response.pop("StatusMessage", None)


def _index(item: Any, path: tuple[str, ...]) -> tuple[bool, Any]:
    for step in path:
        if step not in item:
            return True, 0
        item = item[step]
    return False, item


#: What `SortBy` may group a job's results by, and its word for it.
_GROUPED: Final = {
    "GetCelebrityRecognition": (("Celebrity", "Id"), "ID"),
    "GetFaceSearch": (("Person", "Index"), "INDEX"),
    "GetPersonTracking": (("Person", "Index"), "INDEX"),
}


# --- single operations ---------------------------------------------------------------------------------------


def _arn(member: str, prefix: str) -> Fit:
    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        if member in response:
            response[member] = prefix + _ARN + request.get("CollectionId", "collection-1")

    return change


def _records(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Make each record's two halves one face, and all faces of one image and one external id."""
    for record in response["FaceRecords"]:
        face, detail = record["Face"], record["FaceDetail"]
        face.update(BoundingBox=dict(detail["BoundingBox"]), Confidence=detail["Confidence"])
        for name in ("ExternalImageId", "IndexFacesModelVersion", "UserId"):  # the last two are told later
            face.pop(name, None)
        if "ExternalImageId" in request:
            face["ExternalImageId"] = request["ExternalImageId"]


def _unindexed(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Give every face that was left out reasons that the request gave."""
    quality = request.get("QualityFilter") != "NONE"
    for face in response.get("UnindexedFaces", ()):
        kept = [reason for reason in face["Reasons"] if quality and reason != "EXCEEDS_MAX_FACES"]
        beyond = "EXCEEDS_MAX_FACES" in face["Reasons"] or not quality
        face["Reasons"] = (
            ["EXCEEDS_MAX_FACES"] if beyond and "MaxFaces" in request else kept or ["SMALL_BOUNDING_BOX"]
        )
    if not quality and "MaxFaces" not in request and "UnindexedFaces" in response:
        response["UnindexedFaces"] = []


def _versions(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    response["FaceModelVersions"] = ["7.0" for _ in response["CollectionIds"]]


def _liveness(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    if response["Status"] == "SUCCEEDED":
        response.setdefault("Confidence", 99.5)
    else:
        response.pop("Feedback", None)
    if response["Status"] in ("CREATED", "IN_PROGRESS"):
        for name in ("Confidence", "ReferenceImage", "AuditImages"):
            response.pop(name, None)


def _not_itself(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Name the face searched for, which is no match of itself."""
    searched = request.get("FaceId", response["SearchedFaceId"])
    response["SearchedFaceId"] = searched
    taken = [searched, *(holder[key] for holder, key in places(response, *_MATCHED))]
    for (holder, key), ident in zip(places(response, *_MATCHED), distinct(taken, identifier)[1:], strict=True):
        holder[key] = ident


_MATCHED: Final = ("FaceMatches", "*", "Face", "FaceId")


def _searched(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Name what was searched for: a face or a user."""
    for asked, name in (("FaceId", "SearchedFace"), ("UserId", "SearchedUser")):
        if request and asked not in request:
            response.pop(name, None)
        elif asked in request:
            response[name] = {asked: request[asked]}


def _searched_face(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    if "SearchedFace" not in response:
        response["UserMatches"] = []


def _persons(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    for number, (holder, key) in enumerate(places(response, "Persons", "*", "Id")):
        holder[key] = number


_USERS: Final = _once(_user_name, ("UserMatches", "*", "User", "UserId"))
_FITS: Final[dict[str, tuple[Fit, ...]]] = {
    "AssociateFaces": _asked_ids(("AssociatedFaces", "*", "FaceId"), "UnsuccessfulFaceAssociations"),
    "CompareFaces": (_above("FaceMatches", "Similarity", "SimilarityThreshold", _THRESHOLD),),
    "CreateCollection": (_arn("CollectionArn", "aws:"),),
    "DeleteFaces": _asked_ids(("DeletedFaces", "*"), "UnsuccessfulFaceDeletions"),
    "DescribeCollection": (_arn("CollectionARN", "arn:aws:"),),
    "DetectFaces": (_by_area("FaceDetails", "BoundingBox"),),
    "DetectLabels": (_above("Labels", "Confidence", "MinConfidence", 55.0), _at_most("Labels", "MaxLabels")),
    "DetectProtectiveEquipment": (_persons,),
    "DisassociateFaces": _asked_ids(("DisassociatedFaces", "*", "FaceId"), "UnsuccessfulFaceDisassociations"),
    "GetFaceLivenessSessionResults": (same("SessionId", option="SessionId"), _liveness),
    "IndexFaces": (
        _by_area("FaceRecords", "FaceDetail", "BoundingBox"),
        _at_most("FaceRecords", "MaxFaces"),
        _records,
        _once(identifier, ("FaceRecords", "*", "Face", "FaceId")),
        same("FaceRecords", "*", "Face", "ImageId"),
        _unindexed,
    ),
    "ListCollections": (_versions,),
    "ListFaces": (
        _once(identifier, ("Faces", "*", "FaceId")),
        same("Faces", "*", "UserId", option="UserId"),
        _asked_ids(("Faces", "*", "FaceId"), "")[1],
    ),
    "ListUsers": (_once(_user_name, ("Users", "*", "UserId")),),
    "SearchFaces": (*_matches("FaceMatches", "FaceMatchThreshold", "MaxFaces"), _not_itself),
    "SearchFacesByImage": (
        *_matches("FaceMatches", "FaceMatchThreshold", "MaxFaces"),
        _once(identifier, _MATCHED),
    ),
    "SearchUsers": (*_matches("UserMatches", "UserMatchThreshold", "MaxUsers"), _USERS, _searched),
    "SearchUsersByImage": (*_matches("UserMatches", "UserMatchThreshold", "MaxUsers"), _USERS, _searched_face),
}
