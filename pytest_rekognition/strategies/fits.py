"""What makes a drawn response answer its request: small changes in a table by operation, so that rules hold."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition import catalog
from pytest_rekognition.strategies.fitting import (
    THRESHOLD,
    above,
    asked_ids,
    at_most,
    by_area,
    job,
    lift,
    matches,
    once,
    page,
    places,
    refused,
    same,
    user_name,
)
from pytest_rekognition.strategies.scalars import distinct, identifier

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_rekognition.strategies.fitting import Fit

#: 'The service returns no more than 100 detected faces' (IndexFaces).
_MOST_FACES: Final = 100
_ARN: Final = "rekognition:us-east-1:123456789012:collection/"


def fit(operation: str, response: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response, changed in place to answer the request."""
    for change in _fits(operation):
        change(response, request)
    return response


def depends(operation: str) -> bool:
    """Tell whether an operation's responses follow the request."""
    return bool(_fits(operation))


@cache
def _fits(operation: str) -> tuple[Fit, ...]:
    """Return an operation's changes: its own, then those that all jobs and all paged lists have."""
    shared: list[Fit] = []
    pagination = catalog.operation(operation).pagination
    if pagination:
        if "JobStatus" in catalog.schema(operation, "response")["properties"]:
            shared.append(job(pagination.result_keys[0], *_GROUPED.get(operation, ((), ""))))
        else:
            shared.append(page(*pagination.result_keys))
    return (*_FITS.get(operation, ()), *shared)


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
    for record in response.get("FaceRecords", ()):
        face, detail = record["Face"], record["FaceDetail"]
        face.update(BoundingBox=dict(detail["BoundingBox"]), Confidence=detail["Confidence"])
        for name in ("ExternalImageId", "IndexFacesModelVersion", "UserId"):  # the last two are told later
            face.pop(name, None)
        if "ExternalImageId" in request:
            face["ExternalImageId"] = request["ExternalImageId"]


def _unindexed(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Give every face that was left out reasons that the request gave: as many as it asked for, or quality."""
    quality = request.get("QualityFilter") != "NONE"
    full = len(response.get("FaceRecords", ())) >= min(request.get("MaxFaces", math.inf), _MOST_FACES)
    full = full and "MaxFaces" in request
    for face in response.get("UnindexedFaces", ()):
        kept = [reason for reason in face["Reasons"] if quality and reason != _BEYOND]
        beyond = _BEYOND in face["Reasons"] or not quality
        face["Reasons"] = [_BEYOND] if beyond and full else kept or ["SMALL_BOUNDING_BOX"]
    if not (quality or full) and "UnindexedFaces" in response:
        response["UnindexedFaces"] = []


_BEYOND: Final = "EXCEEDS_MAX_FACES"


def _versions(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    response["FaceModelVersions"] = ["7.0" for _ in response["CollectionIds"]]


def _liveness(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    if response["Status"] == "SUCCEEDED":
        response.setdefault("Confidence", 99.5)
    else:
        response.pop("Feedback", None)
    if response["Status"] in ("CREATED", "IN_PROGRESS", "EXPIRED"):
        for name in ("Confidence", "ReferenceImage", "AuditImages"):
            response.pop(name, None)


_MATCHED: Final = ("FaceMatches", "*", "Face", "FaceId")
_MATCHED_USER: Final = ("UserMatches", "*", "User", "UserId")


def _searched_face_id(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    response["SearchedFaceId"] = request["FaceId"]


def _not_itself(option: str, make: Callable[[int], str], *path: str) -> Fit:
    """Make what was searched for no match of itself, and every other match come once."""

    def change(response: dict[str, Any], request: Mapping[str, Any]) -> None:
        searched = [request[option]] if option in request else []
        found = list(places(response, *path))
        taken = [*searched, *(holder[key] for holder, key in found)]
        for (holder, key), ident in zip(found, distinct(taken, make)[len(searched) :], strict=True):
            holder[key] = ident

    return change


def _searched(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Name what was searched for: a face or a user."""
    for asked, name in (("FaceId", "SearchedFace"), ("UserId", "SearchedUser")):
        response.pop(name, None)
        if asked in request:
            response[name] = {asked: request[asked]}


def _of_user(response: dict[str, Any], request: Mapping[str, Any]) -> None:
    """Give the faces that were filtered by a user that user."""
    for face in response.get("Faces", ()) if "UserId" in request else ():
        face["UserId"] = request["UserId"]


def _updating(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    """Tell of no user that has just been made, where faces were given to it."""
    if response.get("AssociatedFaces") and response.get("UserStatus") not in (None, "ACTIVE"):
        response["UserStatus"] = "UPDATING"


def _persons_matches(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    """Sort each person's matches, above the default threshold: the job's own is not told."""
    for holder, key in places(response, "Persons", "*", "FaceMatches"):
        lift(holder[key], "Similarity", THRESHOLD)


def _searched_face(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    if "SearchedFace" not in response:
        response["UserMatches"] = []


def _persons(response: dict[str, Any], _: Mapping[str, Any]) -> None:
    for number, (holder, key) in enumerate(places(response, "Persons", "*", "Id")):
        holder[key] = number


_FITS: Final[dict[str, tuple[Fit, ...]]] = {
    "AssociateFaces": (
        *asked_ids(("AssociatedFaces", "*", "FaceId"), "UnsuccessfulFaceAssociations"),
        refused("UnsuccessfulFaceAssociations"),
        _updating,
    ),
    "CompareFaces": (above("FaceMatches", "Similarity", "SimilarityThreshold", THRESHOLD),),
    "CreateCollection": (_arn("CollectionArn", "aws:"),),
    "DeleteFaces": asked_ids(("DeletedFaces", "*"), "UnsuccessfulFaceDeletions"),
    "DescribeCollection": (_arn("CollectionARN", "arn:aws:"),),
    "DetectFaces": (by_area("FaceDetails", "BoundingBox"),),
    "DetectLabels": (above("Labels", "Confidence", "MinConfidence", 55.0), at_most("Labels", "MaxLabels")),
    "DetectProtectiveEquipment": (_persons,),
    "DisassociateFaces": (
        *asked_ids(("DisassociatedFaces", "*", "FaceId"), "UnsuccessfulFaceDisassociations"),
        refused("UnsuccessfulFaceDisassociations"),
    ),
    "GetFaceLivenessSessionResults": (same("SessionId", option="SessionId"), _liveness),
    "GetFaceSearch": (_persons_matches,),
    "IndexFaces": (
        by_area("FaceRecords", "FaceDetail", "BoundingBox"),
        at_most("FaceRecords", "MaxFaces"),
        _records,
        once(identifier, ("FaceRecords", "*", "Face", "FaceId")),
        same("FaceRecords", "*", "Face", "ImageId"),
        _unindexed,
    ),
    "ListCollections": (_versions,),
    "ListFaces": (
        once(identifier, ("Faces", "*", "FaceId")),
        _of_user,
        asked_ids(("Faces", "*", "FaceId"), "")[1],
    ),
    "ListUsers": (once(user_name, ("Users", "*", "UserId")),),
    "SearchFaces": (
        *matches("FaceMatches", "FaceMatchThreshold", "MaxFaces"),
        _searched_face_id,
        _not_itself("FaceId", identifier, *_MATCHED),
    ),
    "SearchFacesByImage": (
        *matches("FaceMatches", "FaceMatchThreshold", "MaxFaces"),
        once(identifier, _MATCHED),
    ),
    "SearchUsers": (
        *matches("UserMatches", "UserMatchThreshold", "MaxUsers"),
        _not_itself("UserId", user_name, *_MATCHED_USER),
        _searched,
    ),
    "SearchUsersByImage": (
        *matches("UserMatches", "UserMatchThreshold", "MaxUsers"),
        once(user_name, _MATCHED_USER),
        _searched_face,
    ),
}
