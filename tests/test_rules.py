"""Every rule of the contract: one exchange that keeps it, and the same exchange with that rule alone broken."""

import html
import json
import re
from copy import deepcopy

import pytest
from botocore.loaders import Loader

from pytest_rekognition import catalog
from pytest_rekognition.builders import build
from pytest_rekognition.contract import Contract, all_rules

IMAGE = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}}
ALL = {**IMAGE, "Attributes": ["ALL"]}
STAFF = {"CollectionId": "staff"}
FACE = "12345678-1234-4234-8234-123456789abc"
OTHER = "87654321-1234-4234-8234-123456789abc"
JOB = {"JobId": "job-1"}
SESSION = {"SessionId": FACE}
INDEX = {**IMAGE, **STAFF}
COMPARE = {"SourceImage": IMAGE["Image"], "TargetImage": IMAGE["Image"]}


def put(*steps):
    """Make a change: the last step is the value, those before it lead to the member."""
    *path, last, value = steps

    def change(response):
        for step in path:
            response = response[step]
        response[last] = value

    return change


def drop(*path):
    def change(response):
        for step in path[:-1]:
            response = response[step]
        del response[path[-1]]

    return change


def cut(*steps):
    """Make a change: a list is cut to the length that the last step says."""
    *path, length = steps

    def change(response):
        for step in path:
            response = response[step]
        del response[length:]

    return change


def swap(member):
    return lambda response: response[member].reverse()


def repeat(member, times):
    """Make a change: a list becomes so many times its first item."""

    def change(response):
        response[member] = [deepcopy(response[member][0]) for _ in range(times)]

    return change


#: the id of the first face that `build` makes
FIRST_FACE = build("ListFaces")["Faces"][0]["FaceId"]
LANDMARK = ("FaceDetails", 0, "Landmarks", 1)
BOX = ("FaceDetails", 0, "BoundingBox")
USER = {"UserId": "b", "UserStatus": "ACTIVE"}
AGES = {"Low": 1, "High": 2}
DIRECTION = {"Yaw": 1, "Pitch": 1, "Confidence": 90}
S3 = {"Bucket": "photos", "Name": "a.jpg"}
CORNERS = [{"X": 0.1, "Y": 0.1}, {"X": 0.9, "Y": 0.1}, {"X": 0.5, "Y": 0.9}]
REGION = {"BoundingBox": {"Left": 0.1, "Top": 0.1, "Width": 0.5, "Height": 0.5}}
STREAM = {
    "Name": "porch",
    "Input": {},
    "Output": {"S3Destination": {"Bucket": "porch"}},
    "RoleArn": "arn:aws:iam::123456789012:role/porch",
    "Settings": {"ConnectedHome": {"Labels": ["PERSON"]}},
}

#: operation, request, what `build` makes, the change, then what it breaks: the rule, its severity and the path
RESPONSES = [
    ("DetectFaces", ALL, {}, cut("FaceDetails", 0, "Emotions", 6),
     "emotion-count", "note", "$.FaceDetails[0].Emotions"),
    ("DetectFaces", ALL, {}, put("FaceDetails", 0, "Confidence", 0.99),
     "confidence-is-percent", "note", "$.FaceDetails[0].Confidence"),
    ("DetectFaces", ALL, {}, put("FaceDetails", 0, "AgeRange", {"Low": 110, "High": 121}),
     "age-plausible", "note", "$.FaceDetails[0].AgeRange.High"),
    ("DetectLabels", {**IMAGE, "MaxLabels": 1}, {}, repeat("Labels", 2),
     "at-most-max-labels", "breach", "$.Labels"),
    ("DetectLabels", {**IMAGE, "MinConfidence": 80}, {}, put("Labels", 0, "Confidence", 79.5),
     "above-min-confidence", "breach", "$.Labels[0].Confidence"),
    ("IndexFaces", {**INDEX, "MaxFaces": 1}, {"faces": 2}, put("UnindexedFaces", 0, "Reasons", []),
     "unindexed-reasons-given", "note", "$.UnindexedFaces[0].Reasons"),
    ("SearchUsers", {**STAFF, "FaceId": FACE}, {}, put("FaceModelVersion", "seven"),
     "face-model-version", "note", "$.FaceModelVersion"),
    ("DetectFaces", ALL, {}, put("FaceDetails", 0, "AgeRange", {"Low": 40, "High": 30}),
     "age-range-ordered", "breach", "$.FaceDetails[0].AgeRange.Low"),
    ("DetectFaces", IMAGE, {}, put(*LANDMARK, "Type", "eyeLeft"),
     "landmark-types-unique", "breach", "$.FaceDetails[0].Landmarks[1].Type"),
    ("DetectFaces", IMAGE, {}, put(*LANDMARK, "X", 350.0),
     "landmarks-are-ratios", "breach", "$.FaceDetails[0].Landmarks[1].X"),
    ("DetectFaces", ALL, {}, lambda r: r["FaceDetails"][0]["Landmarks"].pop(),
     "landmark-count", "note", "$.FaceDetails[0].Landmarks"),
    ("DetectFaces", ALL, {}, put("FaceDetails", 0, "Emotions", 1, "Type", "CALM"),
     "emotion-types-unique", "breach", "$.FaceDetails[0].Emotions[1].Type"),
    ("DetectFaces", ALL, {}, lambda r: r["FaceDetails"][0]["Emotions"].reverse(),
     "emotions-sorted", "note", "$.FaceDetails[0].Emotions"),
    ("DetectFaces", ALL, {}, put("FaceDetails", 0, "Smile", "Confidence", 49.9),
     "attribute-confidence", "note", "$.FaceDetails[0].Smile.Confidence"),
    ("DetectFaces", IMAGE, {}, put(*BOX, "Left", -0.5),
     "box-in-image", "breach", "$.FaceDetails[0].BoundingBox.Left"),
    ("DetectFaces", IMAGE, {}, put(*BOX, "Top", 0.9),
     "box-near-image", "note", "$.FaceDetails[0].BoundingBox.Top"),
    ("DetectFaces", IMAGE, {"faces": 3}, swap("FaceDetails"),
     "faces-by-area", "breach", "$.FaceDetails[1].BoundingBox"),
    ("DetectFaces", IMAGE, {}, put("OrientationCorrection", "ROTATE_0"),
     "orientation-null", "note", "$.OrientationCorrection"),
    ("DetectFaces", ALL, {}, drop("FaceDetails", 0, "Smile"),
     "attribute-missing", "breach", "$.FaceDetails[0].Smile"),
    ("DetectFaces", {**IMAGE, "Attributes": ["FACE_OCCLUDED"]}, {}, drop("FaceDetails", 0, "FaceOccluded"),
     "attribute-missing", "breach", "$.FaceDetails[0].FaceOccluded"),
    ("DetectFaces", ALL, {}, drop("FaceDetails", 0, "EyeDirection"),
     "recent-attribute-missing", "note", "$.FaceDetails[0].EyeDirection"),
    ("DetectFaces", IMAGE, {}, put("FaceDetails", 0, "AgeRange", {"Low": 20, "High": 30}),
     "attribute-unasked", "breach", "$.FaceDetails[0].AgeRange"),
    ("DetectFaces", {**IMAGE, "Attributes": ["SMILE"]}, {}, put("FaceDetails", 0, "EyeDirection", DIRECTION),
     "attribute-unasked", "breach", "$.FaceDetails[0].EyeDirection"),
    ("CompareFaces", COMPARE, {"faces": 2}, swap("FaceMatches"),
     "sorted-by-similarity", "breach", "$.FaceMatches[1].Similarity"),
    ("CompareFaces", COMPARE, {}, put("FaceMatches", 0, "Similarity", 79.9),
     "above-threshold", "breach", "$.FaceMatches[0].Similarity"),
    ("CompareFaces", {**COMPARE, "SimilarityThreshold": 99}, {}, put("FaceMatches", 0, "Similarity", 98),
     "above-threshold", "breach", "$.FaceMatches[0].Similarity"),
    ("CompareFaces", COMPARE, {"faces": 60},
     lambda r: r.update(UnmatchedFaces=[match["Face"] for match in r["FaceMatches"]]),
     "largest-only", "breach", "$.FaceMatches"),
    ("IndexFaces", {**INDEX, "MaxFaces": 1}, {}, repeat("FaceRecords", 2),
     "at-most-max-faces", "breach", "$.FaceRecords"),
    ("IndexFaces", INDEX, {"faces": 2}, swap("FaceRecords"),
     "faces-by-area", "breach", "$.FaceRecords[1].FaceDetail.BoundingBox"),
    ("IndexFaces", INDEX, {"faces": 2}, put("FaceRecords", 1, "Face", "FaceId", FIRST_FACE),
     "ids-unique", "breach", "$.FaceRecords[1].Face.FaceId"),
    ("IndexFaces", INDEX, {"faces": 2}, put("FaceRecords", 1, "Face", "ImageId", OTHER),
     "one-image-id", "breach", "$.FaceRecords[1].Face.ImageId"),
    ("IndexFaces", INDEX, {}, put("FaceRecords", 0, "Face", "Confidence", 98.5),
     "record-agrees", "breach", "$.FaceRecords[0].Face.Confidence"),
    ("IndexFaces", {**INDEX, "ExternalImageId": "anna"}, {}, drop("FaceRecords", 0, "Face", "ExternalImageId"),
     "external-image-id", "breach", "$.FaceRecords[0].Face.ExternalImageId"),
    ("IndexFaces", INDEX, {}, put("FaceRecords", 0, "Face", "ExternalImageId", "anna"),
     "external-image-id", "breach", "$.FaceRecords[0].Face.ExternalImageId"),
    ("IndexFaces", INDEX, {}, put("FaceRecords", 0, "Face", "UserId", "anna"),
     "stored-later", "note", "$.FaceRecords[0].Face.UserId"),
    ("IndexFaces", {**INDEX, "MaxFaces": 1, "QualityFilter": "NONE"}, {"faces": 2},
     put("UnindexedFaces", 0, "Reasons", ["LOW_SHARPNESS"]),
     "unindexed-reasons", "breach", "$.UnindexedFaces[0].Reasons[0]"),
    ("IndexFaces", {**INDEX, "DetectionAttributes": ["ALL"]}, {}, drop("FaceRecords", 0, "FaceDetail", "Beard"),
     "attribute-missing", "breach", "$.FaceRecords[0].FaceDetail.Beard"),
    ("SearchFaces", {**STAFF, "FaceId": FACE}, {}, put("SearchedFaceId", OTHER),
     "echoes-face-id", "breach", "$.SearchedFaceId"),
    ("SearchFaces", {**STAFF, "FaceId": FACE}, {}, put("FaceMatches", 0, "Face", "FaceId", FACE),
     "searched-face-unmatched", "note", "$.FaceMatches[0].Face.FaceId"),
    ("SearchFacesByImage", {**INDEX, "FaceMatchThreshold": 90}, {}, put("FaceMatches", 0, "Similarity", 85),
     "above-threshold", "breach", "$.FaceMatches[0].Similarity"),
    ("SearchUsers", {**STAFF, "FaceId": FACE}, {}, put("SearchedUser", {"UserId": "anna"}),
     "searched-as-asked", "breach", "$.SearchedUser"),
    ("SearchUsers", {**STAFF, "UserId": "anna"}, {}, drop("SearchedUser"),
     "searched-as-asked", "breach", "$.SearchedUser"),
    ("SearchUsers", {**STAFF, "UserId": "anna"}, {}, put("SearchedUser", "UserId", "bert"),
     "echoes-user-id", "breach", "$.SearchedUser.UserId"),
    ("SearchUsers", {**STAFF, "FaceId": FACE, "MaxUsers": 1}, {},
     lambda r: r["UserMatches"].append({"Similarity": 81, "User": USER}),
     "at-most-max-users", "breach", "$.UserMatches"),
    ("SearchUsersByImage", INDEX, {}, drop("SearchedFace"),
     "no-match-without-face", "breach", "$.SearchedFace"),
    ("SearchUsersByImage", INDEX, {"users": 2}, put("UserMatches", 1, "User", "UserId", "user-1"),
     "ids-unique", "note", "$.UserMatches[1].User.UserId"),
    ("ListFaces", {**STAFF, "FaceIds": [FACE]}, {}, put("Faces", 0, "FaceId", OTHER),
     "among-face-ids", "breach", "$.Faces[0].FaceId"),
    ("ListFaces", {**STAFF, "UserId": "anna"}, {}, put("Faces", 0, "UserId", "bert"),
     "echoes-user-id", "breach", "$.Faces[0].UserId"),
    ("ListUsers", {**STAFF, "MaxResults": 1}, {}, lambda r: r["Users"].append(USER),
     "at-most-max-results", "breach", "$.Users"),
    ("ListUsers", STAFF, {"users": 0}, put("NextToken", "more"),
     "page-not-empty", "note", "$.NextToken"),
    ("ListCollections", {}, {}, put("FaceModelVersions", ["7.0", "7.0"]),
     "versions-match-collections", "breach", "$.FaceModelVersions"),
    ("CreateCollection", STAFF, {}, put("CollectionArn", "aws:rekognition:us-east-1:1:collection/guests"),
     "arn-names-collection", "breach", "$.CollectionArn"),
    ("DeleteFaces", {**STAFF, "FaceIds": [FACE]}, {}, put("DeletedFaces", [OTHER]),
     "among-face-ids", "breach", "$.DeletedFaces[0]"),
    ("DeleteFaces", {**STAFF, "FaceIds": [FACE]}, {}, put("UnsuccessfulFaceDeletions", [{"FaceId": FACE}]),
     "ids-unique", "breach", "$.UnsuccessfulFaceDeletions[0].FaceId"),
    ("AssociateFaces", {**STAFF, "UserId": "a", "FaceIds": [FACE]}, {}, put("AssociatedFaces", 0, "FaceId", OTHER),
     "among-face-ids", "breach", "$.AssociatedFaces[0].FaceId"),
    ("DisassociateFaces", {**STAFF, "UserId": "a", "FaceIds": [FACE]}, {},
     put("UnsuccessfulFaceDisassociations", [{"FaceId": OTHER}]),
     "among-face-ids", "breach", "$.UnsuccessfulFaceDisassociations[0].FaceId"),
    ("DetectProtectiveEquipment", IMAGE, {}, lambda r: r["Persons"].append(deepcopy(r["Persons"][0])),
     "ids-unique", "breach", "$.Persons[1].Id"),
    ("RecognizeCelebrities", IMAGE, {"faces": 40},
     lambda r: r.update(UnrecognizedFaces=[celebrity["Face"] for celebrity in r["CelebrityFaces"]]),
     "largest-only", "breach", "$.CelebrityFaces"),
    ("GetFaceDetection", JOB, {"faces": 2}, swap("Faces"),
     "sorted-by-time", "breach", "$.Faces[1].Timestamp"),
    ("GetPersonTracking", JOB, {"faces": 2}, swap("Persons"),
     "sorted-by-time", "breach", "$.Persons[1].Timestamp"),
    ("GetPersonTracking", {**JOB, "SortBy": "INDEX"}, {"faces": 3}, put("Persons", 2, "Person", "Index", 0),
     "sorted-by-time", "breach", "$.Persons[2].Person.Index"),
    ("GetFaceDetection", JOB, {}, put("Faces", 0, "Face", "EyeDirection", DIRECTION),
     "video-nulls", "breach", "$.Faces[0].Face.EyeDirection"),
    ("GetFaceDetection", JOB, {}, put("JobId", "job-2"),
     "echoes-job-id", "breach", "$.JobId"),
    ("GetFaceDetection", JOB, {}, put("JobStatus", "IN_PROGRESS"),
     "results-when-succeeded", "breach", "$.Faces"),
    ("GetFaceDetection", JOB, {}, put("NextToken", "more"),
     "token-when-more", "breach", "$.NextToken"),
    ("GetFaceDetection", {**JOB, "MaxResults": 1}, {}, lambda r: r["Faces"].append(r["Faces"][0]),
     "at-most-max-results", "breach", "$.Faces"),
    ("GetFaceDetection", JOB, {}, put("Faces", 0, "Timestamp", 600_001),
     "within-video", "note", "$.Faces[0].Timestamp"),
    ("GetFaceDetection", JOB, {"faces": 0}, put("JobStatus", "FAILED"),
     "failure-explained", "breach", "$.StatusMessage"),
    ("GetFaceDetection", JOB, {}, put("StatusMessage", "fine"),
     "only-failure-explained", "note", "$.StatusMessage"),
    ("GetFaceDetection", JOB, {}, drop("VideoMetadata"),
     "video-described", "breach", "$.VideoMetadata"),
    ("GetFaceSearch", JOB, {}, put("Persons", 0, "Person", "Face", "AgeRange", AGES),
     "default-attributes-only", "breach", "$.Persons[0].Person.Face.AgeRange"),
    ("GetCelebrityRecognition", JOB, {}, put("Celebrities", 0, "Celebrity", "Face", "AgeRange", AGES),
     "default-attributes-only", "breach", "$.Celebrities[0].Celebrity.Face.AgeRange"),
    ("GetFaceLivenessSessionResults", SESSION, {}, put("SessionId", OTHER),
     "echoes-session-id", "breach", "$.SessionId"),
    ("GetFaceLivenessSessionResults", SESSION, {"ReferenceImage": None, "AuditImages": None, "Feedback": None},
     put("Status", "IN_PROGRESS"), "liveness-unfinished", "breach", "$.Confidence"),
    ("GetFaceLivenessSessionResults", SESSION, {}, drop("Confidence"),
     "liveness-confidence", "breach", "$.Confidence"),
    ("GetFaceLivenessSessionResults", SESSION, {}, put("Status", "FAILED"),
     "liveness-feedback", "breach", "$.Feedback"),
    ("GetFaceLivenessSessionResults", SESSION, {}, put("ReferenceImage", "S3Object", S3),
     "image-or-bucket", "breach", "$.ReferenceImage.S3Object"),
]  # fmt: skip

#: operation, a request that keeps the rule, one that breaks it, the rule and the path
REQUESTS = [
    ("DetectFaces", IMAGE, {"Image": {"Bytes": b"x", "S3Object": S3}}, "image-source", "$.Image.S3Object"),
    ("DetectFaces", IMAGE, {"Image": {}}, "image-source", "$.Image.Bytes"),
    ("CompareFaces", COMPARE, {**COMPARE, "TargetImage": {}}, "image-source", "$.TargetImage.Bytes"),
    ("DetectFaces", IMAGE, {"Image": {"S3Object": {"Name": "a"}}}, "s3-object-named", "$.Image.S3Object.Bucket"),
    ("DetectFaces", {"Image": {"Bytes": "/9j/"}}, {"Image": {"Bytes": "a photo!"}}, "base64", "$.Image.Bytes"),
    ("DetectFaces", {"Image": {"Bytes": "QQ=="}}, {"Image": {"Bytes": "A==="}}, "base64", "$.Image.Bytes"),
    ("StartFaceDetection", {"Video": {"S3Object": S3}}, {"Video": {}}, "video-source", "$.Video.S3Object"),
    ("SearchUsers", {**STAFF, "FaceId": FACE}, STAFF, "user-search-key", "$.FaceId"),
    ("SearchUsers", {**STAFF, "UserId": "a"}, {**STAFF, "UserId": "a", "FaceId": FACE},
     "user-search-key", "$.UserId"),
    ("CreateStreamProcessor", {**STREAM, "RegionsOfInterest": [REGION]},
     {**STREAM, "RegionsOfInterest": [REGION, {}]}, "box-or-polygon", "$.RegionsOfInterest[1].BoundingBox"),
    ("CreateStreamProcessor", STREAM, {**STREAM, "RegionsOfInterest": [{**REGION, "Polygon": CORNERS}]},
     "box-or-polygon", "$.RegionsOfInterest[0].Polygon"),
    ("UpdateStreamProcessor", {"Name": "porch", "RegionsOfInterestForUpdate": [{"Polygon": CORNERS}]},
     {"Name": "porch", "RegionsOfInterestForUpdate": [{}]},
     "box-or-polygon", "$.RegionsOfInterestForUpdate[0].BoundingBox"),
]  # fmt: skip


def found(violations):
    return [(violation.rule, violation.severity, violation.path) for violation in violations]


@pytest.mark.parametrize("row", RESPONSES, ids=lambda row: f"{row[0]}-{row[4]}")
def test_a_broken_rule_is_reported(row):
    """A response that keeps every rule passes, and a change that breaks one is reported at its path."""
    operation, request, overrides, change, *expected = row
    contract = Contract(operation)
    response = build(operation, request=request, **overrides)
    assert contract.check_request(request) == []
    assert contract.check_response(response, request) == []
    change(response)
    assert tuple(expected) in found(contract.check_response(response, request))


@pytest.mark.parametrize(("operation", "good", "bad", "rule", "path"), REQUESTS)
def test_a_request_that_breaks_a_rule_is_reported(operation, good, bad, rule, path):
    """A request that keeps every rule passes, and one that breaks a rule is reported at its path."""
    contract = Contract(operation)
    assert contract.check_request(good) == []
    assert [(rule, "breach", path)] == found(contract.check_request(bad))


def test_every_rule_is_tested_and_rests_on_something():
    """No rule is without a failing example in this file, and none without the source that it rests on."""
    tested = {row[4] for row in RESPONSES} | {row[3] for row in REQUESTS}
    rules = {rule.name: rule for name in catalog.operations() for rule in all_rules(name)}
    assert set(rules) == tested
    assert all(len(rule.source) > 15 and rule.severity in ("breach", "note") for rule in rules.values())


def plain(text):
    return re.sub(r"[^a-z0-9%]", "", html.unescape(re.sub(r"<[^>]+>", "", text)).lower())


def test_quotations_are_the_documentations():
    """Every sentence that a rule quotes stands in the service model's documentation, word for word."""
    model = Loader().load_service_model("rekognition", "service-2")
    documentation = plain(json.dumps(model, ensure_ascii=False).replace("\\n", " ").replace('\\"', '"'))
    sources = {rule.source for name in catalog.operations() for rule in all_rules(name)}
    quoted = [quote for source in sources for quote in re.findall(r"(?:^|[\s(])'(.+?)'(?=$|[\s,;:.)])", source)]
    assert len(quoted) > 30
    assert [] == [part for quote in quoted for part in quote.split("…") if plain(part) not in documentation]


@pytest.mark.parametrize(
    "row",
    [row for row in RESPONSES if row[4].startswith(("attribute-m", "attribute-u", "above", "echo", "among"))],
)
def test_what_depends_on_the_request_is_silent_without_one(row):
    """Rules on what was asked for say nothing where the request is unknown."""
    operation, request, overrides, change, rule, *_ = row
    response = build(operation, request=request, **overrides)
    change(response)
    assert rule not in [violation.rule for violation in Contract(operation).check_response(response)]


def test_a_request_that_breaks_its_schema_counts_as_unknown():
    """A response is not held against a request that is itself no request."""
    response = build("DetectFaces", request=ALL)
    assert Contract("DetectFaces").check_response(response, {"Attributes": "ALL"}) == []


@pytest.mark.parametrize("image", [{}, {"Image": 5}, {"Unheard": 1}])
def test_a_request_that_lacks_members_is_held_against(image):
    """A request without its image, or with one that is none, still tells which attributes were asked for."""
    response = build("DetectFaces", request={"Attributes": ["DEFAULT"]})
    response["FaceDetails"][0]["AgeRange"] = AGES
    expected = [("attribute-unasked", "breach", "$.FaceDetails[0].AgeRange")]
    assert expected == found(
        Contract("DetectFaces").check_response(response, {**image, "Attributes": ["DEFAULT"]})
    )


def test_nulls_that_the_documentation_allows_are_as_good_as_absent():
    """GetFaceDetection's documented nulls and a null orientation pass."""
    response = build("GetFaceDetection")
    response["Faces"][0]["Face"] |= {"EyeDirection": None, "FaceOccluded": None}
    assert Contract("GetFaceDetection").check_response(response) == []
    assert Contract("DetectFaces").check_response({"FaceDetails": [], "OrientationCorrection": None}) == []


def test_rules_speak_beside_drift():
    """An ordering fault is still reported when another member has only drifted."""
    response = build("DetectFaces", faces=2)
    response["FaceDetails"].reverse()
    response["NewMember"] = 1
    reported = found(Contract("DetectFaces").check_response(response))
    assert [
        ("faces-by-area", "breach", "$.FaceDetails[1].BoundingBox"),
        ("additionalProperties", "drift", "$.NewMember"),
    ] == reported
