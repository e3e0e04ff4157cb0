"""Which rules are broken how, by operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from pytest_rekognition.strategies.spoilers import (
    added,
    arn,
    attributes,
    below,
    beyond_largest,
    boxes,
    faces,
    gone,
    job,
    liveness,
    records,
    repeated,
    replaced,
    session_images,
    surplus,
    too_many,
    unindexed,
    unmatched_face,
    unsorted,
    versions,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.strategies.faults import Fault
    from pytest_rekognition.strategies.spoilers import Case, Spoiler


def _matches(member: str, threshold: str, limit: str, rule: str, *ident: str) -> tuple[Spoiler, ...]:
    return (
        below("above-threshold", member, "Similarity", threshold, 80),
        unsorted("sorted-by-similarity", member, ("Similarity",)),
        too_many(rule, member, limit),
        *([repeated(member, "*", *ident)] if ident else []),
    )


def _asked(done: tuple[str, ...], undone: str) -> tuple[Spoiler, ...]:
    ident = (undone, "*", "FaceId")
    return replaced("among-face-ids", *done), replaced("among-face-ids", *ident), repeated(*done), repeated(*ident)


def _video(member: str, *face: str) -> tuple[Spoiler, ...]:
    where = (member, "*", *face)
    return (
        job(member),
        faces(where),
        boxes(where),
        replaced("echoes-job-id", "JobId", value="another-job"),
        unsorted("sorted-by-time", member, ("Timestamp",), swap="Timestamp"),
        too_many("at-most-max-results", member, "MaxResults"),
    )


def _persons() -> tuple[Spoiler, ...]:
    return (
        *_video("Persons", "Person", "Face"),
        surplus("default-attributes-only", "Smile", "Persons", "*", "Person", "Face"),
        boxes(("Persons", "*", "Person")),
    )


def _listing(member: str, *ident: str) -> tuple[Spoiler, ...]:
    once = (repeated(member, "*", *ident),) if ident else ()
    return too_many("at-most-max-results", member, "MaxResults"), *once


#: By operation; what `schema_faults` finds comes beside.
SPOILERS: Final[dict[str, tuple[Spoiler, ...]]] = {
    "AssociateFaces": _asked(("AssociatedFaces", "*", "FaceId"), "UnsuccessfulFaceAssociations"),
    "CompareFaces": (
        *_matches("FaceMatches", "SimilarityThreshold", "", "")[:2],
        faces(("FaceMatches", "*", "Face")),
        boxes(("FaceMatches", "*", "Face")),
        faces(("UnmatchedFaces", "*")),
        boxes(("UnmatchedFaces", "*")),
        boxes(("SourceImageFace",)),
        beyond_largest("FaceMatches", "UnmatchedFaces", 100),
    ),
    "CreateCollection": (arn("CollectionArn"),),
    "DeleteFaces": _asked(("DeletedFaces", "*"), "UnsuccessfulFaceDeletions"),
    "DescribeCollection": (arn("CollectionARN"),),
    "DetectFaces": (
        faces(("FaceDetails", "*")),
        boxes(("FaceDetails", "*")),
        attributes(("FaceDetails", "*")),
        unsorted("faces-by-area", "FaceDetails", ("BoundingBox",)),
    ),
    "DetectLabels": (
        below("above-min-confidence", "Labels", "Confidence", "MinConfidence", 0),
        too_many("at-most-max-labels", "Labels", "MaxLabels"),
    ),
    "DetectProtectiveEquipment": (repeated("Persons", "*", "Id"), boxes(("Persons", "*"))),
    "DisassociateFaces": _asked(("DisassociatedFaces", "*", "FaceId"), "UnsuccessfulFaceDisassociations"),
    "GetCelebrityRecognition": (
        *_video("Celebrities", "Celebrity", "Face"),
        surplus("default-attributes-only", "Smile", "Celebrities", "*", "Celebrity", "Face"),
        boxes(("Celebrities", "*", "Celebrity")),
    ),
    "GetFaceDetection": (
        *_video("Faces", "Face"),
        surplus("video-nulls", "FaceOccluded", "Faces", "*", "Face"),
    ),
    "GetFaceLivenessSessionResults": (
        liveness,
        replaced("echoes-session-id", "SessionId"),
        boxes(("ReferenceImage",)),
        boxes(("AuditImages", "*")),
        session_images("ReferenceImage"),
        session_images("AuditImages", "*"),
    ),
    "GetFaceSearch": (*_persons(), boxes(("Persons", "*", "FaceMatches", "*", "Face"))),
    "GetPersonTracking": _persons(),
    "IndexFaces": (
        records,
        unindexed,
        faces(("FaceRecords", "*", "FaceDetail")),
        faces(("UnindexedFaces", "*", "FaceDetail")),
        boxes(("UnindexedFaces", "*", "FaceDetail")),
        attributes(("UnindexedFaces", "*", "FaceDetail")),
        attributes(("FaceRecords", "*", "FaceDetail")),
        repeated("FaceRecords", "*", "Face", "FaceId"),
        too_many("at-most-max-faces", "FaceRecords", "MaxFaces"),
        unsorted("faces-by-area", "FaceRecords", ("FaceDetail", "BoundingBox")),
    ),
    "ListCollections": (versions, too_many("at-most-max-results", "CollectionIds", "MaxResults")),
    "ListFaces": (
        *_listing("Faces", "FaceId"),
        boxes(("Faces", "*")),
        replaced("among-face-ids", "Faces", "*", "FaceId", option="FaceIds"),
        replaced("echoes-user-id", "Faces", "*", "UserId", option="UserId", value="another-user"),
    ),
    "ListUsers": _listing("Users"),
    "RecognizeCelebrities": (
        faces(("CelebrityFaces", "*", "Face")),
        boxes(("CelebrityFaces", "*", "Face")),
        faces(("UnrecognizedFaces", "*")),
        boxes(("UnrecognizedFaces", "*")),
        beyond_largest("CelebrityFaces", "UnrecognizedFaces", 64),
    ),
    "SearchFaces": (
        *_matches("FaceMatches", "FaceMatchThreshold", "MaxFaces", "at-most-max-faces", "Face", "FaceId"),
        replaced("echoes-face-id", "SearchedFaceId"),
        boxes(("FaceMatches", "*", "Face")),
    ),
    "SearchFacesByImage": (
        *_matches("FaceMatches", "FaceMatchThreshold", "MaxFaces", "at-most-max-faces", "Face", "FaceId"),
        boxes(("FaceMatches", "*", "Face")),
    ),
    "SearchUsers": (
        *_matches("UserMatches", "UserMatchThreshold", "MaxUsers", "at-most-max-users"),
        gone("searched-as-asked", "SearchedFace", asked="FaceId"),
        gone("searched-as-asked", "SearchedUser", asked="UserId"),
        replaced("echoes-face-id", "SearchedFace", "FaceId"),
        replaced("echoes-user-id", "SearchedUser", "UserId", value="another-user"),
    ),
    "SearchUsersByImage": (
        *_matches("UserMatches", "UserMatchThreshold", "MaxUsers", "at-most-max-users"),
        unmatched_face,
        faces(("SearchedFace", "FaceDetail")),
        added(("SearchedFace", "FaceDetail")),
        boxes(("SearchedFace", "FaceDetail")),
        faces(("UnsearchedFaces", "*", "FaceDetails")),
        added(("UnsearchedFaces", "*", "FaceDetails")),
        boxes(("UnsearchedFaces", "*", "FaceDetails")),
    ),
}


def rule_faults(case: Case) -> Iterator[Fault]:
    """Yield the faults that the rules find in a response, each alone."""
    for spoil in SPOILERS.get(case.operation, ()):
        yield from spoil(case)
