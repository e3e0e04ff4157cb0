from datetime import UTC, datetime
from itertools import pairwise
from unittest.mock import ANY

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.builders import build, build_response, face_detail
from pytest_rekognition.contract import Contract
from pytest_rekognition.errors import ContractError, UnknownOperationError, UsageError
from pytest_rekognition.geometry import Box

IMAGE = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}}
DEFAULT = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"}
FACE = "12345678-1234-4234-8234-123456789abc"

percents = st.integers(50, 100) | st.floats(50, 100)
degrees = st.integers(-180, 180)
ratios = st.floats(0.01, 0.5)
booleans = st.booleans() | st.fixed_dictionaries({"Value": st.booleans(), "Confidence": percents})
overrides = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["smile", "EyesOpen", "mouth_open", "beard", "Mustache"], booleans),
        **dict.fromkeys(["sunglasses", "eyeglasses", "face_occluded"], booleans),
        "gender": st.sampled_from(["Male", "Female"]),
        "emotions": st.sampled_from(["HAPPY", "sad"])
        | st.dictionaries(st.sampled_from(["HAPPY", "FEAR", "UNKNOWN"]), percents, min_size=1),
        "age_range": st.tuples(st.integers(0, 40), st.integers(40, 100))
        | st.fixed_dictionaries({"Low": st.integers(0, 90)}),
        "pose": st.fixed_dictionaries({}, optional={"Yaw": degrees, "pitch": degrees, "Roll": degrees}),
        "quality": st.fixed_dictionaries({}, optional=dict.fromkeys(["Sharpness", "brightness"], percents)),
        "bounding_box": st.builds(Box, ratios, ratios, ratios, ratios),
        "confidence": percents,
        "eye_direction": st.fixed_dictionaries({"Yaw": degrees}),
        "landmarks": st.dictionaries(st.sampled_from(["nose", "chinBottom"]), st.tuples(ratios, ratios)),
    },
)  # fmt: skip


def breaches(violations):
    return [violation for violation in violations if violation.severity != "note"]


@pytest.mark.parametrize("operation", catalog.operations())
def test_every_operation_is_built(operation):
    """Every operation's response is valid, with nothing to note, and the same every time."""
    response = build(operation)
    assert Contract(operation).check_response(response) == []
    assert build(catalog.operation(operation).method) == response


@given(st.sampled_from([("DEFAULT",), ("ALL",), ("SMILE", "FACE_OCCLUDED"), ()]), overrides)
def test_every_face_passes(attributes, given_):
    """A face passes the contract whatever a test sets in it, and holds what was set."""
    face = face_detail(attributes=attributes, **given_)
    assert breaches(Contract("DetectFaces").check_response({"FaceDetails": [face]})) == []
    assert face.keys() >= DEFAULT
    assert face_detail(attributes=attributes, **given_) == face


@given(
    st.sampled_from(["DetectFaces", "IndexFaces"]),
    st.integers(0, 100),
    overrides,
    st.sampled_from([None, [], ["ALL"], ["BEARD"]]),
)
def test_every_list_of_faces_passes(operation, faces, given_, attributes):
    """Any number of faces passes, whatever is set in them and asked for."""
    request = {"Attributes": attributes, "DetectionAttributes": attributes}
    response = build(operation, faces=faces, request=request, **given_)
    assert breaches(Contract(operation).check_response(response)) == []


LISTS = {
    "CompareFaces": ("faces", "FaceMatches", {"SourceImage": IMAGE["Image"], "TargetImage": IMAGE["Image"]}),
    "DetectFaces": ("faces", "FaceDetails", IMAGE),
    "GetCelebrityRecognition": ("faces", "Celebrities", {"JobId": "job"}),
    "GetFaceDetection": ("faces", "Faces", {"JobId": "job"}),
    "GetFaceSearch": ("faces", "Persons", {"JobId": "job"}),
    "GetPersonTracking": ("faces", "Persons", {"JobId": "job"}),
    "IndexFaces": ("faces", "FaceRecords", {**IMAGE, "CollectionId": "staff", "ExternalImageId": "anna"}),
    "ListCollections": ("collections", "CollectionIds", {}),
    "ListFaces": ("faces", "Faces", {"CollectionId": "staff"}),
    "ListUsers": ("users", "Users", {"CollectionId": "staff"}),
    "RecognizeCelebrities": ("faces", "CelebrityFaces", IMAGE),
    "SearchFaces": ("faces", "FaceMatches", {"CollectionId": "staff", "FaceId": FACE}),
    "SearchFacesByImage": ("faces", "FaceMatches", {**IMAGE, "CollectionId": "staff"}),
    "SearchUsers": ("users", "UserMatches", {"CollectionId": "staff", "UserId": "anna"}),
    "SearchUsersByImage": ("users", "UserMatches", {**IMAGE, "CollectionId": "staff"}),
}


@pytest.mark.parametrize("operation", LISTS)
@pytest.mark.parametrize("count", [0, 1, 2, 7, 64])
def test_every_list_has_as_many_items_as_asked(operation, count):
    """`faces=`, `users=` or `collections=` says how many items a response lists; it answers its request."""
    noun, member, request = LISTS[operation]
    contract = Contract(operation)
    response = build(operation, request=request, **{noun: count})
    assert len(response[member]) == count
    assert contract.check_request(request) == []
    assert contract.check_response(response, request) == []


THRESHOLDS = [
    ("CompareFaces", "SimilarityThreshold", "FaceMatches"),
    ("SearchFaces", "FaceMatchThreshold", "FaceMatches"),
    ("SearchFacesByImage", "FaceMatchThreshold", "FaceMatches"),
    ("SearchUsers", "UserMatchThreshold", "UserMatches"),
    ("SearchUsersByImage", "UserMatchThreshold", "UserMatches"),
]


@pytest.mark.parametrize(("operation", "option", "member"), THRESHOLDS)
@given(threshold=st.integers(0, 100) | st.floats(0, 100), count=st.integers(0, 20))
def test_matches_reach_the_threshold_asked_for(operation, option, member, threshold, count):
    """Matches are sorted and above the request's threshold, whatever it is."""
    noun, _, request = LISTS[operation]
    request = {**request, option: threshold}
    response = build(operation, request=request, **{noun: count})
    assert len(response[member]) == count
    assert Contract(operation).check_response(response, request) == []


def test_a_match_below_the_threshold_is_left_out():
    """As with the service, a face that is too unlike is no match; CompareFaces lists it as unmatched."""
    request = {**LISTS["CompareFaces"][2], "SimilarityThreshold": 90}
    response = build(
        "CompareFaces", request=request, faces=[{"similarity": 85, "smile": True}, {"similarity": 95}]
    )
    assert [match["Similarity"] for match in response["FaceMatches"]] == [95]
    assert [face["Smile"]["Value"] for face in response["UnmatchedFaces"]] == [True]
    searched = build("SearchFacesByImage", request={"FaceMatchThreshold": 90}, similarity=85)
    assert searched["FaceMatches"] == []


def test_the_request_decides_on_the_attributes():
    """A face has the attributes that the request asks for, and those that the test sets."""
    assert build("DetectFaces")["FaceDetails"][0].keys() == DEFAULT
    everything = build("DetectFaces", request={"Attributes": ["ALL"]})["FaceDetails"][0]
    assert len(everything) == 17
    assert len(everything["Landmarks"]) == 30
    (face,) = build("DetectFaces", request={"Attributes": ["BEARD"]}, smile=True)["FaceDetails"]
    assert face.keys() == DEFAULT | {"Beard", "Smile"}
    assert face["Smile"]["Value"] is True
    assert len(face["Landmarks"]) == 5


def test_faces_beyond_the_limit_are_not_indexed():
    """IndexFaces lists what `MaxFaces` leaves over as unindexed, with the reason."""
    request = {**LISTS["IndexFaces"][2], "MaxFaces": 2}
    response = build("IndexFaces", request=request, faces=3)
    assert [record["Face"]["ExternalImageId"] for record in response["FaceRecords"]] == ["anna", "anna"]
    assert [face["Reasons"] for face in response["UnindexedFaces"]] == [["EXCEEDS_MAX_FACES"]]
    assert Contract("IndexFaces").check_response(response, request) == []


def test_pages_follow_each_other():
    """`MaxResults` cuts the results into pages, which their tokens join to the whole."""
    request, seen = {"JobId": "job", "MaxResults": 2}, []
    for size in (2, 2, 1):
        response = build("GetFaceDetection", request=request, faces=5)
        assert Contract("GetFaceDetection").check_response(response, request) == []
        assert len(response["Faces"]) == size
        seen += response["Faces"]
        request = {**request, "NextToken": response.get("NextToken")}
    assert request["NextToken"] is None
    assert seen == build("GetFaceDetection", faces=5)["Faces"]


def test_ids_are_the_requests():
    """What a request names comes back: jobs, sessions, collections, faces, users."""
    assert build("GetFaceDetection", request={"JobId": "job-7"})["JobId"] == "job-7"
    assert build("GetFaceLivenessSessionResults", request={"SessionId": FACE})["SessionId"] == FACE
    assert build("SearchFaces", request={"FaceId": FACE})["SearchedFaceId"] == FACE
    assert build("SearchUsers", request={"UserId": "anna"})["SearchedUser"] == {"UserId": "anna"}
    assert build("DeleteFaces", request={"FaceIds": [FACE]})["DeletedFaces"] == [FACE]
    assert build("AssociateFaces", request={"FaceIds": [FACE, FACE]})["AssociatedFaces"] == [{"FaceId": FACE}]
    assert [face["FaceId"] for face in build("ListFaces", request={"FaceIds": [FACE]}, faces=3)["Faces"]] == [FACE]
    assert build("CreateCollection", request={"CollectionId": "staff"})["CollectionArn"].endswith(
        ":collection/staff"
    )


def test_a_request_may_hold_matchers():
    """An incomplete request, or one with matchers in place of values, is followed as far as it goes."""
    anything = object()
    request = dict.fromkeys(
        ["CollectionId", "MaxFaces", "FaceMatchThreshold", "FaceId", "FaceIds", "JobId", "Attributes"], anything
    )
    for operation in catalog.operations():
        assert build(operation, request=request) == build(operation, request={})


def test_each_item_has_its_own():
    """A list in place of a number sets each face apart; faces are sorted as the service sorts them."""
    small, large = Box(0.1, 0.1, 0.1, 0.1), Box(0.5, 0.5, 0.4, 0.4)
    response = build(
        "DetectFaces", faces=[{"bounding_box": small}, {"bounding_box": large, "gender": "Male"}], smile=True
    )
    assert [face["BoundingBox"]["Width"] for face in response["FaceDetails"]] == [0.4, 0.1]
    assert [face.get("Gender", {}).get("Value") for face in response["FaceDetails"]] == ["Male", None]
    assert all(face["Smile"]["Value"] for face in response["FaceDetails"])


def test_the_responses_own_members_are_set():
    """A response's own members are set by either name, from botocore's types too; None leaves one out."""
    when = datetime(2024, 1, 1, tzinfo=UTC)
    response = build("DescribeCollection", face_count=7, CreationTimestamp=when, UserCount=None)
    assert (7, when.timestamp()) == (response["FaceCount"], response["CreationTimestamp"])
    assert "UserCount" not in response
    assert build("ListFaces", Faces=[])["Faces"] == []
    assert build("ListFaces", face_model_version="6.0")["FaceModelVersion"] == "6.0"


@given(st.integers(1, 100))
def test_faces_lie_apart(count):
    """Several faces do not overlap, lie in the image, and hold their landmarks."""
    boxes = []
    for face in build("DetectFaces", faces=count, request={"Attributes": ["ALL"]})["FaceDetails"]:
        side = face["BoundingBox"]
        box = Box(side["Left"], side["Top"], side["Width"], side["Height"])
        assert box.left >= 0 <= box.top
        assert box.right <= 1 >= box.bottom
        assert all(box.left <= mark["X"] <= box.right for mark in face["Landmarks"])
        assert all(box.top <= mark["Y"] <= box.bottom for mark in face["Landmarks"])
        assert all(box.overlap(other) == 0 for other in boxes)
        boxes.append(box)
    assert all(larger.area >= smaller.area for larger, smaller in pairwise(boxes))


def test_what_a_test_sets_is_there():
    """Values, partial structures and whole ones end up in the face."""
    face = face_detail(
        attributes=("DEFAULT",), eyes_open=False, emotions={"happy": 60, "SURPRISED": 70}, pose={"yaw": 10},
        AgeRange={"Low": 20, "High": 30}, smile={"Value": True, "Confidence": 60}, quality={"Sharpness": 5},
        landmarks={"nose": (0.5, 0.25), "chinBottom": (0.5, 0.5)},
    )  # fmt: skip
    assert face["EyesOpen"]["Value"] is False
    assert [emotion["Type"] for emotion in face["Emotions"]][:2] == ["SURPRISED", "HAPPY"]
    assert face["Pose"]["Yaw"] == 10
    assert face["AgeRange"] == {"Low": 20, "High": 30}
    assert face["Smile"] == {"Value": True, "Confidence": 60}
    assert face["Quality"]["Sharpness"] == 5
    assert {"Type": "nose", "X": 0.5, "Y": 0.25} in face["Landmarks"]
    assert face["Landmarks"][-1] == {"Type": "chinBottom", "X": 0.5, "Y": 0.5}
    assert face_detail(age_range={"High": 5})["AgeRange"] == {"Low": 0, "High": 5}
    assert face_detail(age_range={"Low": 70})["AgeRange"] == {"Low": 70, "High": 78}
    assert "Smile" not in face_detail(smile=None)


def test_a_turned_head_turns_its_landmarks():
    """With a roll to the image's right, the right eye lies lower."""
    eyes = {mark["Type"]: mark["Y"] for mark in face_detail(pose={"Roll": 20})["Landmarks"]}
    assert eyes["eyeRight"] > eyes["eyeLeft"]


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: face_detail(smil=True), "takes no 'smil', did you mean 'Smile'"),
        (lambda: build("DetectFaces", faces=2, smil=True), "did you mean 'Smile'? It takes FaceDetails"),
        (lambda: build("DetectFaces", similarity=90), "takes no 'similarity'."),
        (lambda: build("CreateUser", faces=1), "takes no 'faces'"),
        (lambda: build("DetectFaces", smile=True, Smile=False), "given Smile twice"),
        (lambda: build("DetectFaces", faces=[{"smil": 1}]), "an item of faces takes no 'smil'"),
        (lambda: build("DetectFaces", faces=-1), "not -1"),
        (lambda: build("DetectFaces", faces=True), "not true"),
        (lambda: build("DetectFaces", faces="two"), "not 'two'"),
        (lambda: face_detail(pose={"Jaw": 1}), "Pose takes no 'Jaw', did you mean 'Yaw'"),
        (lambda: face_detail(emotions="HAPY"), "did you mean 'HAPPY'"),
        (lambda: face_detail(landmarks={"nose": 0.5}), "nose as (x, y)"),
        (lambda: build("DetectFaces", confidence={1, 2}), "JSON cannot carry"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_arguments_is_named(call, text):
    """Unknown names and numbers that mean nothing are usage errors, with the nearest name."""
    with pytest.raises(UsageError) as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize(
    ("call", "path"),
    [
        (lambda: face_detail(confidence=250), "$.FaceDetails[0].Confidence"),
        (lambda: face_detail(gender="male"), "$.FaceDetails[0].Gender.Value"),
        (lambda: face_detail(age_range=(30, 20)), "$.FaceDetails[0].AgeRange.Low"),
        (lambda: face_detail(age_range={"Low": "old"}), "$.FaceDetails[0].AgeRange.Low"),
        (lambda: face_detail(pose={"Roll": "left"}), "$.FaceDetails[0].Pose.Roll"),
        (lambda: face_detail(bounding_box={"Left": "left"}), "$.FaceDetails[0].BoundingBox.Left"),
        (lambda: face_detail(bounding_box=5), "$.FaceDetails[0].BoundingBox"),
        (lambda: face_detail(bounding_box={"Width": 320}), "$.FaceDetails[0].BoundingBox.Width"),
        (lambda: face_detail(emotions={"HAPPY": "very"}), "$.FaceDetails[0].Emotions[7].Confidence"),
        (lambda: face_detail(emotions=5), "$.FaceDetails[0].Emotions"),
        (lambda: face_detail(landmarks=5), "$.FaceDetails[0].Landmarks"),
        (lambda: face_detail(smile=5), "$.FaceDetails[0].Smile"),
        (lambda: face_detail(pose=None), "$.FaceDetails[0].Pose"),
        (lambda: build("DetectFaces", faces=101), "$.FaceDetails"),
        (lambda: build("ListFaces", Faces=[{"FaceId": "1"}]), "$.Faces[0].FaceId"),
        (lambda: build("CompareFaces", similarity=101), "$.FaceMatches[0].Similarity"),
        (lambda: build("DetectFaces", FaceDetails=[{}]), "$.FaceDetails[0].BoundingBox"),
    ],
)  # fmt: skip
def test_what_breaks_the_contract_is_refused(call, path):
    """A value that the contract does not allow raises, and the member is named."""
    with pytest.raises(ContractError) as caught:
        call()
    assert f"{path}: " in str(caught.value)
    assert path in [violation.path for violation in caught.value.violations]


def test_an_unknown_operation_is_refused():
    """A name that is no operation raises."""
    with pytest.raises(UnknownOperationError, match="DetectFaces"):
        build("DetectFacez")


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: build("DetectFaces", operation="x"), "takes no 'operation'"),
        (lambda: build_response("DetectFaces", None, {"request": 1}), "takes no 'request'"),
        (lambda: build("DetectFaces", request=5), "takes request as the call's members, not 5"),
        (lambda: build("DetectFaces", request={"Attributes": "ALL"}), "request['Attributes'] as a list: ['ALL']"),
        (lambda: build("IndexFaces", request={"DetectionAttributes": 5}), "as a list of names"),
        (lambda: face_detail(attributes="ALL"), "attributes as a list: ['ALL'], not 'ALL'"),
        (lambda: face_detail(attributes=5), "attributes as a list of names"),
    ],
)  # fmt: skip
def test_a_request_that_is_none_is_named(call, text):
    """A request or attributes of the wrong kind, and names that Python would bind, are usage errors."""
    with pytest.raises(UsageError) as caught:
        call()
    assert text in str(caught.value)


@pytest.mark.parametrize("operation", catalog.operations())
def test_matchers_may_stand_anywhere_in_a_request(operation):
    """A request that holds `ANY` in place of any value, or of a list's items, still gets a valid response."""
    members = catalog.schema(operation, "request").get("properties", {})
    for request in (dict.fromkeys(members, ANY), {member: [ANY] for member in members}):
        assert Contract(operation).check_response(build(operation, request=request)) == []


def test_usage_errors_never_print_images():
    """Image bytes in the wrong place are told by their size."""
    image = b"secret" * 100
    for call in (
        lambda: build("DetectFaces", faces=image),
        lambda: build("DetectFaces", request=image),
        lambda: face_detail(landmarks={"nose": image}),
        lambda: face_detail(attributes=image),
    ):
        with pytest.raises(UsageError, match="600 bytes") as caught:
            call()
        assert "secretsecret" not in str(caught.value)


@pytest.mark.parametrize("operation", [name for name, (_, _, request) in LISTS.items() if "JobId" in request])
@pytest.mark.parametrize("status", ["IN_PROGRESS", "FAILED"])
def test_a_job_that_has_not_succeeded_has_no_results(operation, status):
    """Of a job only the status, its id, and if it failed the reason are told; the list is empty."""
    request = LISTS[operation][2]
    response = build(operation, request=request, job_status=status)
    assert [] == Contract(operation).check_response(response, request)
    assert [] == response[LISTS[operation][1]]
    assert ("job", status) == (response["JobId"], response["JobStatus"])
    assert "VideoMetadata" not in response
    assert ("StatusMessage" in response) == (status == "FAILED")


@pytest.mark.parametrize("status", ["CREATED", "IN_PROGRESS", "FAILED", "EXPIRED"])
def test_a_session_that_has_not_succeeded_has_no_results(status):
    """Of a liveness session only its id and its status are told."""
    response = build("GetFaceLivenessSessionResults", request={"SessionId": FACE}, Status=status)
    assert {"SessionId": FACE, "Status": status} == response
    assert [] == Contract("GetFaceLivenessSessionResults").check_response(response)


def test_a_status_that_is_no_jobs_changes_nothing():
    """A stream processor's Status, and a job's that is SUCCEEDED or left out, leave the response whole."""
    assert build("DescribeStreamProcessor").keys() == build("DescribeStreamProcessor", Status="STOPPED").keys()
    assert build("GetFaceDetection") == build("GetFaceDetection", JobStatus="SUCCEEDED")


def test_results_of_an_unfinished_job_are_refused():
    """Faces that a test asks for of a job that is not done break the contract, as they always did."""
    with pytest.raises(ContractError, match="JobStatus is IN_PROGRESS, not SUCCEEDED"):
        build("GetFaceDetection", JobStatus="IN_PROGRESS", faces=2)


@pytest.mark.usefixtures("no_aws")
def test_a_stub_of_a_job_goes_from_one_status_to_the_next():
    """A poller meets a job that is not done, then its results."""
    import boto3

    from pytest_rekognition import Rekognition

    client = boto3.client("rekognition", region_name="us-east-1")
    with Rekognition() as rekognition:
        stub = rekognition.on("GetFaceDetection")
        stub.returns(JobStatus="IN_PROGRESS", times=1).returns(faces=2)
        answers = [client.get_face_detection(JobId="job") for _ in range(2)]
    assert [("IN_PROGRESS", 0), ("SUCCEEDED", 2)] == [(each["JobStatus"], len(each["Faces"])) for each in answers]
