"""Rules that belong to one operation, or to one family of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_rekognition.contract.rules.base import Finding, rule
from pytest_rekognition.contract.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.contract.rules.base import Request


@rule(
    "orientation-null",
    "note",
    source="'The value of OrientationCorrection is always null'; measured: ROTATE_0 up to May 2020, absent since",
)
def orientation_null(response: Any, _: Request) -> Iterator[Finding]:
    """Hold the orientation to being absent."""
    for name in ("OrientationCorrection", "SourceImageOrientationCorrection", "TargetImageOrientationCorrection"):
        if response.get(name) is not None:
            yield Finding(
                (name,), "is present; the service has left it null, so absent, since 2021", response[name]
            )


# --- IndexFaces ----------------------------------------------------------------------------------------------


@rule("record-agrees", "breach", source="measured: Face and FaceDetail share box and Confidence, 21 of 21")
def record_agrees(record: Any, _: Request) -> Iterator[Finding]:
    """Hold a record's `Face` and `FaceDetail` to one box and Confidence."""
    face, detail = record.get("Face"), record.get("FaceDetail")
    if not face or not detail:
        return
    for name in ("BoundingBox", "Confidence"):
        if name in face and name in detail and _differ(face[name], detail[name]):
            message = f"is {shorten(face[name])}, not the record's FaceDetail.{name}: both describe one face"
            yield Finding(("Face", name), message, face[name])


def _differ(one: Any, other: Any) -> bool:
    """Tell whether two numbers or two boxes differ, whatever else has drifted into the boxes."""
    if isinstance(one, dict):
        return any(one.get(side) != other.get(side) for side in ("Left", "Top", "Width", "Height"))
    return bool(one != other)


@rule(
    "external-image-id",
    "breach",
    source="IndexFaces: 'If you provide the optional ExternalImageId … associates this ID with all faces'",
)
def external_image_id(face: Any, request: Request) -> Iterator[Finding]:
    """Hold every face to the `ExternalImageId` of the request, or to none."""
    if request is None:
        return
    asked, given = request.get("ExternalImageId"), face.get("ExternalImageId")
    if given != asked:
        due = f"the request's is {shorten(asked)}" if asked is not None else "the request had none"
        what = f"is {shorten(given)}" if given is not None else "is missing"
        yield Finding(("ExternalImageId",), f"{what}, but {due}", given)


@rule(
    "one-image-id",
    "breach",
    source="IndexFaces: 'An image ID, ImageId, assigned by the service for the input image'",
)
def one_image_id(response: Any, _: Request) -> Iterator[Finding]:
    """Hold all faces of one image to one `ImageId`."""
    first = None
    for index, record in enumerate(response.get("FaceRecords", ())):
        image_id = record.get("Face", {}).get("ImageId")
        first = first or image_id
        if image_id not in (None, first):
            message = f"is {shorten(image_id)}, but the first face's is {shorten(first)}: both come from one image"
            yield Finding(("FaceRecords", index, "Face", "ImageId"), message, image_id)


@rule(
    "stored-later",
    "note",
    source="measured: IndexFaces' Face has no UserId and no IndexFacesModelVersion, 21 of 21",
)
def stored_later(face: Any, _: Request) -> Iterator[Finding]:
    """Hold back what only ListFaces and the searches tell of a face."""
    for name in ("IndexFacesModelVersion", "UserId"):
        if name in face:
            yield Finding((name,), "is present; the service tells it in ListFaces and searches only", face[name])


@rule(
    "unindexed-reasons",
    "breach",
    source="UnindexedFaces: 'the quality filter identified them as low quality, or the MaxFaces request parameter "
    "filtered them out'; QualityFilter: 'If you specify NONE, no filtering is performed.'",
)
def unindexed_reasons(unindexed: Any, request: Request) -> Iterator[Finding]:
    """Hold the reasons for leaving a face out to those that the request gave."""
    if request is None:
        return
    unfiltered = request.get("QualityFilter") == "NONE"
    for index, reason in enumerate(unindexed.get("Reasons", ())):
        if reason == "EXCEEDS_MAX_FACES" and "MaxFaces" not in request:
            yield Finding(("Reasons", index), "is 'EXCEEDS_MAX_FACES', but the request has no MaxFaces", reason)
        elif reason != "EXCEEDS_MAX_FACES" and unfiltered:
            yield Finding(
                ("Reasons", index), f"is {shorten(reason)}, but QualityFilter NONE filters no face", reason
            )


@rule(
    "unindexed-reasons-given",
    "note",
    source="UnindexedFace, Reasons: 'An array of reasons that specify why a face wasn't indexed.'",
)
def unindexed_reasons_given(unindexed: Any, _: Request) -> Iterator[Finding]:
    """Hold a face that was left out to a reason."""
    reasons = unindexed.get("Reasons")
    if reasons is not None and not reasons:
        yield Finding(("Reasons",), "is empty, though the face was left out for some reason", reasons)


_MODEL_VERSION = re.compile(r"[0-9]+(\.[0-9]+)?")


@rule("face-model-version", "note", source="measured: '3.0', '5.0', '6.0', '7.0'; in SearchUsers '6', '7'")
def face_model_version(response: Any, _: Request) -> Iterator[Finding]:
    """Hold the face model's version to a number."""
    version = response.get("FaceModelVersion")
    if version is not None and not _MODEL_VERSION.fullmatch(version):
        message = f"is {shorten(version)}; the service sends a number such as '7.0'"
        yield Finding(("FaceModelVersion",), message, version)


# --- collections ---------------------------------------------------------------------------------------------


@rule(
    "versions-match-collections",
    "breach",
    source="ListCollections: 'the value of FaceModelVersions[2] is the version number … used by the collection in "
    "CollectionId[2]'",
)
def versions_match_collections(response: Any, _: Request) -> Iterator[Finding]:
    """Hold `FaceModelVersions` to one entry a collection."""
    ids, versions = response.get("CollectionIds"), response.get("FaceModelVersions")
    if ids is not None and (versions is None or len(ids) != len(versions)):
        has = f"has {len(versions)} items" if versions is not None else "is missing"
        message = f"{has}, and CollectionIds has {len(ids)}: there is one version a collection"
        yield Finding(("FaceModelVersions",), message, versions)


@rule("arn-names-collection", "breach", source="measured: CollectionArn ends in collection/ID, 4 of 4")
def arn_names_collection(response: Any, request: Request) -> Iterator[Finding]:
    """Hold a collection's ARN to its id."""
    asked = (request or {}).get("CollectionId")
    for name in ("CollectionArn", "CollectionARN"):
        arn = response.get(name)
        if asked is not None and arn is not None and not arn.endswith(f":collection/{asked}"):
            yield Finding((name,), f"is {shorten(arn)}, which does not end in ':collection/{asked}'", arn)


@rule("page-not-empty", "note", source="'If the response is truncated, Amazon Rekognition returns this token'")
def page_not_empty(response: Any, _: Request) -> Iterator[Finding]:
    """Hold a page with a token to having results."""
    lists = [value for value in response.values() if isinstance(value, list)]
    if "NextToken" in response and not any(lists):
        yield Finding(("NextToken",), "is present, but this page has no result", response["NextToken"])


# --- searches ------------------------------------------------------------------------------------------------


@rule(
    "searched-face-unmatched", "note", source="SearchFaces: 'searches for matching faces'; AWS's printed example"
)
def searched_face_unmatched(response: Any, _: Request) -> Iterator[Finding]:
    """Hold a face to being no match of itself."""
    searched = response.get("SearchedFaceId")
    for index, match in enumerate(response.get("FaceMatches", ())):
        face_id = match.get("Face", {}).get("FaceId")
        if searched is not None and face_id == searched:
            message = "is the face searched for, which the service leaves out of its matches"
            yield Finding(("FaceMatches", index, "Face", "FaceId"), message, face_id)


@rule(
    "user-search-key", "breach", source="SearchUsers: 'The request must be provided with either FaceId or UserId.'"
)
def user_search_key(request: Any, _: Request) -> Iterator[Finding]:
    """Hold a search to a face or a user, one of the two."""
    if "FaceId" in request and "UserId" in request:
        yield Finding(("UserId",), "is present beside FaceId: a search takes one of the two", request["UserId"])
    elif "FaceId" not in request and "UserId" not in request:
        yield Finding(("FaceId",), "is missing, as is UserId: a search takes one of the two")


@rule(
    "searched-as-asked",
    "breach",
    source="SearchUsers: SearchedFace 'Contains the ID of a face that was used to search'; SearchedUser likewise",
)
def searched_as_asked(response: Any, request: Request) -> Iterator[Finding]:
    """Hold the response to naming what was searched for, and only that."""
    for asked, name in (("FaceId", "SearchedFace"), ("UserId", "SearchedUser")):
        if request is None:
            return
        if name in response and asked not in request:
            yield Finding((name,), f"is present, but the request searched by no {asked}", response[name])
        elif asked in request and name not in response:
            yield Finding((name,), f"is missing, though the request searched by {asked}")


@rule(
    "no-match-without-face",
    "breach",
    source="SearchUsersByImage: 'If no valid face is detected in the image, the response will contain an empty "
    "UserMatches list and no SearchedFace object.'",
)
def no_match_without_face(response: Any, _: Request) -> Iterator[Finding]:
    """Hold matches to a searched face."""
    if response.get("UserMatches") and "SearchedFace" not in response:
        yield Finding(("SearchedFace",), "is missing, though UserMatches has matches of it")


# --- liveness ------------------------------------------------------------------------------------------------

_UNFINISHED = frozenset({"CREATED", "IN_PROGRESS"})
_LIVENESS_RESULTS = ("Confidence", "ReferenceImage", "AuditImages")


@rule("liveness-unfinished", "breach", source="GetFaceLivenessSessionResults: 'For a session that has completed'")
def liveness_unfinished(response: Any, _: Request) -> Iterator[Finding]:
    """Hold a session that is not over to no results."""
    status = response.get("Status")
    for name in _LIVENESS_RESULTS:
        if status in _UNFINISHED and response.get(name):
            yield Finding((name,), f"is present, but the session's Status is {status}", response[name])


@rule(
    "liveness-confidence",
    "breach",
    source="GetFaceLivenessSessionResults: 'Returns the corresponding Face Liveness confidence score'",
)
def liveness_confidence(response: Any, _: Request) -> Iterator[Finding]:
    """Hold a session that succeeded to a score."""
    if response.get("Status") == "SUCCEEDED" and "Confidence" not in response:
        yield Finding(("Confidence",), "is missing, though the session's Status is SUCCEEDED")


@rule(
    "liveness-feedback",
    "breach",
    source="Feedback: 'returned only for sessions with a Status of SUCCEEDED'",
)
def liveness_feedback(response: Any, _: Request) -> Iterator[Finding]:
    """Hold feedback to sessions that succeeded."""
    if "Feedback" in response and response.get("Status") != "SUCCEEDED":
        message = f"is present, but the session's Status is {response.get('Status')}"
        yield Finding(("Feedback",), message, response["Feedback"])


@rule(
    "image-or-bucket",
    "breach",
    source="AuditImages: 'If no Amazon S3 bucket is defined, raw bytes are sent instead.'",
)
def image_or_bucket(image: Any, _: Request) -> Iterator[Finding]:
    """Hold a liveness image to bytes or an S3 object, one of the two."""
    if "Bytes" in image and "S3Object" in image:
        yield Finding(
            ("S3Object",), "is present beside Bytes: an image comes as one of the two", image["S3Object"]
        )
