"""The table: which rules hold for which part of which operation's request and response."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_rekognition import catalog
from pytest_rekognition.contract.rules import faces, images, single
from pytest_rekognition.contract.rules.attributes import attribute_rules
from pytest_rekognition.contract.rules.base import Row, whole
from pytest_rekognition.contract.rules.lists import (
    among,
    at_most,
    by_area,
    confident_enough,
    descending,
    echoes,
    sorted_by_time,
    threshold,
    together_at_most,
    unique,
)
from pytest_rekognition.contract.rules.video import LARGEST_PAGE, status_rules

if TYPE_CHECKING:
    from pytest_rekognition.contract.paths import Steps
    from pytest_rekognition.contract.rules.base import Rule

_SIMILAR = "'ordered by similarity score with the highest similarity first'"
_DEFAULTS = {
    "FaceMatchThreshold": "FaceMatchThreshold: 'The default value is 80%.'",
    "UserMatchThreshold": "UserMatchThreshold: 'Default value of 80.'",
}
_MAX_RESULTS = "MaxResults: 'Maximum number of … to return.'"
_ONE_ID = "FaceId: 'Unique identifier that Amazon Rekognition assigns to the face.'"
_ONE_USER = "UserId: 'A provided ID for the UserID. Unique within the collection.'"
_JOB = "JobId: 'Job identifier for the … operation for which you want to obtain results.'"
_IN_TIME = "'By default, the … array is sorted by the time'"
_PAGE = "'If you specify a value greater than 1000, a maximum of 1000 results is returned.'"


def _faces(*where: object) -> Row:
    return Row(where, faces.FACE_RULES)


def _boxes(*where: object) -> Row:
    return Row(where, faces.BOX_RULES)


def _default_faces(*where: object) -> Row:
    return Row(where, (*faces.FACE_RULES, faces.default_attributes_only))


def _matches(member: str, option: str, largest: str, once: Rule) -> Row:
    """Make the rules over matches: sorted, above the threshold, no more than asked for, each once."""
    return whole(
        descending(member, "Similarity", source=_SIMILAR),
        threshold(member, option, 80, source=_DEFAULTS[option]),
        at_most(member, largest, source=f"{largest}: 'Maximum number of … to return.'"),
        once,
    )


def _face_matches() -> Row:
    once = unique(("FaceMatches", "*", "Face", "FaceId"), source=_ONE_ID)
    return _matches("FaceMatches", "FaceMatchThreshold", "MaxFaces", once)


def _user_matches() -> Row:
    once = unique(("UserMatches", "*", "User", "UserId"), severity="note", source=_ONE_USER)
    return _matches("UserMatches", "UserMatchThreshold", "MaxUsers", once)


def _job(member: str, index: Steps = (), by_index: str = "INDEX") -> Row:
    """Make the rules over a page of a video's results."""
    return whole(
        *status_rules(member),
        echoes(("JobId",), "JobId", source=_JOB),
        at_most(member, "MaxResults", ceiling=LARGEST_PAGE, source=_PAGE),
        sorted_by_time(member, index=index, by_index=by_index, source=_IN_TIME),
    )


def _some_of(done: Steps, undone: Steps, documented: str) -> Row:
    """Make the rules over the two lists of ids that a request on faces is answered with."""
    return whole(
        among(done, "FaceIds", source=documented),
        among(undone, "FaceIds", source=documented),
        unique(done, undone, source=_ONE_ID),
    )


_RESPONSES: dict[str, tuple[Row, ...]] = {
    "AssociateFaces": (
        _some_of(
            ("AssociatedFaces", "*", "FaceId"),
            ("UnsuccessfulFaceAssociations", "*", "FaceId"),
            "'Each FaceId that are present in the FaceIds list is associated with the provided UserID.'",
        ),
    ),
    "CompareFaces": (
        whole(
            descending(
                "FaceMatches",
                "Similarity",
                source="'an array of face matches ordered by similarity score in descending order'",
            ),
            threshold(
                "FaceMatches",
                "SimilarityThreshold",
                80,
                source="'By default, only faces with a similarity score of greater than or equal to 80%'",
            ),
            together_at_most(
                ("FaceMatches", "UnmatchedFaces"),
                100,
                source="'with each of the 100 largest faces detected in the target input image.'",
            ),
            single.orientation_null,
        ),
        _boxes("SourceImageFace"),
        _faces("FaceMatches", "*", "Face"),
        _faces("UnmatchedFaces", "*"),
    ),
    "CreateCollection": (whole(single.arn_names_collection),),
    "DeleteFaces": (
        _some_of(
            ("DeletedFaces", "*"),
            ("UnsuccessfulFaceDeletions", "*", "FaceId"),
            "DeleteFaces: 'You specify a collection ID and an array of face IDs to remove from the collection.'",
        ),
    ),
    "DescribeCollection": (whole(single.arn_names_collection),),
    "DetectFaces": (
        whole(
            by_area(
                "FaceDetails", ("BoundingBox",), source="measured: box area descending, 16 of 16 multi-face lists"
            ),
            single.orientation_null,
        ),
        Row(("FaceDetails", "*"), (*faces.FACE_RULES, *attribute_rules("Attributes"))),
    ),
    "DetectLabels": (
        whole(
            at_most(
                "Labels",
                "MaxLabels",
                source="'The service returns the specified number of highest confidence labels.'",
            ),
            confident_enough(
                "Labels",
                "MinConfidence",
                source="'doesn't return any labels with confidence lower than this specified value.'",
            ),
        ),
    ),
    "DetectProtectiveEquipment": (
        whole(
            together_at_most(
                ("Persons",), 15, source="'detects PPE worn by up to 15 persons detected in an image'"
            ),
            unique(("Persons", "*", "Id"), source="Id: 'The identifier is only unique for a single call'"),
        ),
        _boxes("Persons", "*"),
    ),
    "DisassociateFaces": (
        _some_of(
            ("DisassociatedFaces", "*", "FaceId"),
            ("UnsuccessfulFaceDisassociations", "*", "FaceId"),
            "'Removes the association between a Face supplied in an array of FaceIds and the User.'",
        ),
    ),
    "GetCelebrityRecognition": (
        _job("Celebrities", ("Celebrity", "Id"), by_index="ID"),
        _default_faces("Celebrities", "*", "Celebrity", "Face"),
        _boxes("Celebrities", "*", "Celebrity"),
    ),
    "GetFaceDetection": (
        _job("Faces"),
        Row(("Faces", "*", "Face"), (*faces.FACE_RULES, faces.video_nulls)),
    ),
    "GetFaceLivenessSessionResults": (
        whole(
            echoes(
                ("SessionId",), "SessionId", source="SessionId: 'The sessionId for which this request was called.'"
            ),
            single.liveness_unfinished,
            single.liveness_confidence,
            single.liveness_feedback,
        ),
        Row(("ReferenceImage",), (single.image_or_bucket, *faces.BOX_RULES)),
        Row(("ReferenceImage", "Bytes"), (images.base64_text,)),
        Row(("AuditImages", "*", "Bytes"), (images.base64_text,)),
        Row(("AuditImages", "*"), (single.image_or_bucket, *faces.BOX_RULES)),
    ),
    "GetFaceSearch": (
        _job("Persons", ("Person", "Index")),
        _default_faces("Persons", "*", "Person", "Face"),
        _boxes("Persons", "*", "Person"),
        _boxes("Persons", "*", "FaceMatches", "*", "Face"),
    ),
    "GetPersonTracking": (
        _job("Persons", ("Person", "Index")),
        _default_faces("Persons", "*", "Person", "Face"),
        _boxes("Persons", "*", "Person"),
    ),
    "IndexFaces": (
        whole(
            by_area(
                "FaceRecords",
                ("FaceDetail", "BoundingBox"),
                source="'sorted by the largest face bounding box size to the smallest size, in descending order'",
            ),
            at_most(
                "FaceRecords",
                "MaxFaces",
                ceiling=100,
                source="'IndexFaces returns no more than 100 detected faces in an image'",
            ),
            unique(("FaceRecords", "*", "Face", "FaceId"), source=_ONE_ID),
            single.one_image_id,
            single.orientation_null,
        ),
        Row(("FaceRecords", "*"), (single.record_agrees,)),
        Row(("FaceRecords", "*", "Face"), (*faces.BOX_RULES, single.external_image_id, single.stored_later)),
        Row(("FaceRecords", "*", "FaceDetail"), (*faces.FACE_RULES, *attribute_rules("DetectionAttributes"))),
        Row(("UnindexedFaces", "*"), (single.unindexed_reasons, single.unindexed_reasons_given)),
        Row(("UnindexedFaces", "*", "FaceDetail"), (*faces.FACE_RULES, *attribute_rules("DetectionAttributes"))),
    ),
    "ListCollections": (
        whole(
            single.versions_match_collections,
            at_most("CollectionIds", "MaxResults", source=_MAX_RESULTS),
            single.page_not_empty,
        ),
    ),
    "ListFaces": (
        whole(
            at_most("Faces", "MaxResults", source=_MAX_RESULTS),
            among(
                ("Faces", "*", "FaceId"),
                "FaceIds",
                source="FaceIds: 'An array of face IDs to filter results with'",
            ),
            echoes(("Faces", "*", "UserId"), "UserId", source="UserId: 'user IDs to filter results with'"),
            unique(("Faces", "*", "FaceId"), source=_ONE_ID),
            single.page_not_empty,
        ),
        _boxes("Faces", "*"),
    ),
    "ListUsers": (
        whole(
            at_most("Users", "MaxResults", source=_MAX_RESULTS),
            unique(("Users", "*", "UserId"), severity="note", source=_ONE_USER),
            single.page_not_empty,
        ),
    ),
    "RecognizeCelebrities": (
        whole(
            together_at_most(
                ("CelebrityFaces", "UnrecognizedFaces"),
                64,
                source="'RecognizeCelebrities returns the 64 largest faces in the image.'",
            ),
            single.orientation_null,
        ),
        _faces("CelebrityFaces", "*", "Face"),
        _faces("UnrecognizedFaces", "*"),
    ),
    "SearchFaces": (
        _face_matches(),
        whole(
            echoes(
                ("SearchedFaceId",),
                "FaceId",
                source="SearchedFaceId: 'ID of the face that was searched for matches'",
            ),
            single.searched_face_unmatched,
        ),
        _boxes("FaceMatches", "*", "Face"),
    ),
    "SearchFacesByImage": (_face_matches(), _boxes("FaceMatches", "*", "Face")),
    "SearchUsers": (
        _user_matches(),
        whole(
            single.searched_as_asked,
            echoes(
                ("SearchedFace", "FaceId"),
                "FaceId",
                source="SearchedFace: 'the ID of a face that was used to search'",
            ),
            echoes(
                ("SearchedUser", "UserId"), "UserId", source="SearchedUser: 'the UserID that was used to search'"
            ),
        ),
    ),
    "SearchUsersByImage": (
        _user_matches(),
        whole(single.no_match_without_face),
        _faces("SearchedFace", "FaceDetail"),
        _faces("UnsearchedFaces", "*", "FaceDetails"),
    ),
}

_IMAGE = tuple(
    row
    for member in ("Image", "SourceImage", "TargetImage")
    for row in (
        Row((member,), (images.image_source,)),
        Row((member, "Bytes"), (images.base64_text,)),
        Row((member, "S3Object"), (images.s3_object_named,)),
    )
)
_VIDEO = (Row(("Video",), (images.video_source,)), Row(("Video", "S3Object"), (images.s3_object_named,)))
_IMAGE_OPERATIONS = (
    "CompareFaces",
    "DetectCustomLabels",
    "DetectFaces",
    "DetectLabels",
    "DetectModerationLabels",
    "DetectProtectiveEquipment",
    "DetectText",
    "IndexFaces",
    "RecognizeCelebrities",
    "SearchFacesByImage",
    "SearchUsersByImage",
)
_VIDEO_OPERATIONS = (
    "StartCelebrityRecognition",
    "StartContentModeration",
    "StartFaceDetection",
    "StartFaceSearch",
    "StartLabelDetection",
    "StartPersonTracking",
    "StartSegmentDetection",
    "StartTextDetection",
)
_REQUESTS: dict[str, tuple[Row, ...]] = {
    **dict.fromkeys(_IMAGE_OPERATIONS, _IMAGE),
    **dict.fromkeys(_VIDEO_OPERATIONS, _VIDEO),
    "CreateStreamProcessor": (Row(("RegionsOfInterest", "*"), (images.box_or_polygon,)),),
    "SearchUsers": (whole(single.user_search_key),),
    "UpdateStreamProcessor": (Row(("RegionsOfInterestForUpdate", "*"), (images.box_or_polygon,)),),
}


def request_rows(operation: str) -> tuple[Row, ...]:
    """Return the rules over an operation's request."""
    return _REQUESTS.get(operation, ())


def response_rows(operation: str) -> tuple[Row, ...]:
    """Return the rules over an operation's response."""
    rows = _RESPONSES.get(operation, ())
    versioned = "FaceModelVersion" in catalog.schema(operation, "response").get("properties", ())
    return (*rows, whole(single.face_model_version)) if versioned else rows
