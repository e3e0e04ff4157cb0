"""Stream processors of the reference, through a real client."""

import pytest

from pytest_rekognition import Rekognition
from pytest_rekognition.backends.reference.streams import MOST
from pytest_rekognition.contract import Contract
from pytest_rekognition.errors import ServiceError, UsageError
from pytest_rekognition.exchange import Call

START = 1_700_000_000
VIDEO = {"KinesisVideoStream": {"Arn": "arn:aws:kinesisvideo:us-east-1:123456789012:stream/door/1"}}
DATA = {"KinesisDataStream": {"Arn": "arn:aws:kinesis:us-east-1:123456789012:stream/faces"}}
FACES = {
    "Name": "door",
    "Input": VIDEO,
    "Output": DATA,
    "RoleArn": "arn:aws:iam::123456789012:role/door",
    "Settings": {"FaceSearch": {"CollectionId": "staff"}},
}
LABELS = FACES | {
    "Name": "porch",
    "Output": {"S3Destination": {"Bucket": "porch"}},
    "Settings": {"ConnectedHome": {"Labels": ["PERSON"], "MinConfidence": 60.0}},
}
SELECTORS = {
    "StartSelector": {"KVSStreamStartSelector": {"ProducerTimestamp": 1}},
    "StopSelector": {"MaxDurationInSeconds": 30},
}


@pytest.fixture
def harness():
    with Rekognition(mode="reference") as rekognition:
        rekognition.clock.stop(START)
        yield rekognition


@pytest.fixture
def client(harness):
    return harness.client(region_name="us-east-1")


@pytest.fixture
def times(harness):
    return harness.reference.streams


def status(client, name="door"):
    return client.describe_stream_processor(Name=name)["Status"]


def test_a_processor_is_described_as_it_was_created(client):
    """A new processor is STOPPED; its settings are repeated, the threshold at its default."""
    arn = client.create_stream_processor(**FACES)["StreamProcessorArn"]
    answer = client.describe_stream_processor(Name="door")
    assert "arn:aws:rekognition:us-east-1:123456789012:streamprocessor/door" == arn == answer["StreamProcessorArn"]
    assert {"CollectionId": "staff", "FaceMatchThreshold": 80.0} == answer["Settings"]["FaceSearch"]
    assert (VIDEO, DATA, FACES["RoleArn"]) == (answer["Input"], answer["Output"], answer["RoleArn"])
    assert ("STOPPED", START) == (answer["Status"], answer["CreationTimestamp"].timestamp())
    assert "StatusMessage" not in answer


@pytest.mark.parametrize(("asked", "kept"), [(0, 80.0), (79.5, 80.0), (85, 85.0), (100, 100.0)])
def test_low_thresholds_are_raised_to_80(client, asked, kept):
    """'values lower than 80 are set to 80'."""
    settings = {"FaceSearch": {"CollectionId": "staff", "FaceMatchThreshold": asked}}
    client.create_stream_processor(**FACES | {"Settings": settings})
    described = client.describe_stream_processor(Name="door")["Settings"]["FaceSearch"]
    assert kept == described["FaceMatchThreshold"]


def test_starting_and_stopping_are_settled_at_once(client):
    """Unless a test says otherwise, nothing has to be waited for."""
    client.create_stream_processor(**FACES)
    assert client.start_stream_processor(Name="door")["SessionId"]
    assert "RUNNING" == status(client)
    client.stop_stream_processor(Name="door")
    assert "STOPPED" == status(client)


def test_starting_and_stopping_take_their_time(client, harness, times):
    """With `takes`, the statuses on the way are seen, and each change's time."""
    times.takes = 5
    client.create_stream_processor(**FACES)
    client.start_stream_processor(Name="door")
    assert "STARTING" == status(client)
    harness.clock.advance(5)
    assert "RUNNING" == status(client)
    harness.clock.advance(60)
    described = client.describe_stream_processor(Name="door")
    assert START + 5 == described["LastUpdateTimestamp"].timestamp()
    client.stop_stream_processor(Name="door")
    assert "STOPPING" == status(client)
    harness.clock.advance(5)
    assert "STOPPED" == status(client)


@pytest.mark.parametrize("seconds", [-1, "5", True, None, float("nan"), float("inf"), -float("inf")])
def test_a_time_that_makes_no_sense_is_refused(times, seconds):
    """`takes` is a number of seconds, 0 or more."""
    with pytest.raises(UsageError, match="a number of seconds is needed, 0 or more"):
        times.takes = seconds


@pytest.mark.parametrize("said", [("a", 5), ("a", None), ("a", ""), (5, "broken"), ("", "broken")])
def test_a_failure_needs_a_name_and_a_message(times, said):
    """What is no text is refused where it is said, and not sent as a StatusMessage."""
    with pytest.raises(UsageError, match="a text is needed"):
        times.fail(*said)


def test_a_start_fails_where_the_test_says_so(client, times):
    """A processor that fails has a StatusMessage, may be started again, and may be deleted."""
    times.fail("door", "Access denied to Role")
    client.create_stream_processor(**FACES)
    client.start_stream_processor(Name="door")
    described = client.describe_stream_processor(Name="door")
    assert ("FAILED", "Access denied to Role") == (described["Status"], described["StatusMessage"])
    client.start_stream_processor(Name="door")
    client.delete_stream_processor(Name="door")
    assert [] == client.list_stream_processors()["StreamProcessors"]


def test_what_is_in_use_is_refused(client):
    """A running processor is not started, changed or deleted, and a stopped one is not stopped."""
    client.create_stream_processor(**FACES)
    refused = client.exceptions.ResourceInUseException
    with pytest.raises(refused, match="Stream Processor not available for stopping"):
        client.stop_stream_processor(Name="door")
    with pytest.raises(refused):
        client.create_stream_processor(**FACES | {"RoleArn": "arn:aws:iam::123456789012:role/another"})
    client.start_stream_processor(Name="door")
    for method in (client.start_stream_processor, client.delete_stream_processor, client.update_stream_processor):
        with pytest.raises(refused):
            method(Name="door")
    assert "RUNNING" == status(client)


def test_a_creation_is_idempotent(client):
    """The same request again has the same ARN and changes nothing; another one of the name is refused."""
    asked = FACES | {"Tags": {"door": "front"}}
    arn = client.create_stream_processor(**asked)["StreamProcessorArn"]
    client.tag_resource(ResourceArn=arn, Tags={"floor": "first"})
    client.update_stream_processor(Name="door", DataSharingPreferenceForUpdate={"OptIn": True})
    client.start_stream_processor(Name="door")

    assert arn == client.create_stream_processor(**asked)["StreamProcessorArn"]
    assert "RUNNING" == status(client)
    assert {"door": "front", "floor": "first"} == client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert 1 == len(client.list_stream_processors()["StreamProcessors"])
    with pytest.raises(client.exceptions.ResourceInUseException):
        client.create_stream_processor(**FACES)


def test_a_name_that_was_given_up_is_free(client):
    """After a processor was deleted, the same request creates a new one."""
    client.create_stream_processor(**FACES)
    client.start_stream_processor(Name="door")
    client.stop_stream_processor(Name="door")
    client.delete_stream_processor(Name="door")
    client.create_stream_processor(**FACES)
    assert "STOPPED" == status(client)


BOX = {"BoundingBox": {"Width": 0.5, "Height": 0.5, "Left": 0.0, "Top": 0.0}}
POLYGON = {"Polygon": [{"X": 0.25, "Y": 0.25}, {"X": 0.75, "Y": 0.25}, {"X": 0.5, "Y": 0.75}]}


@pytest.mark.parametrize("region", [{}, BOX | POLYGON])
def test_a_region_of_interest_is_a_box_or_a_polygon(harness, client, region):
    """A region that has neither a polygon nor a bounding box, or both, is refused, and breaks the contract."""
    client.create_stream_processor(**LABELS, RegionsOfInterest=[BOX, POLYGON])
    for operation, request in (
        ("CreateStreamProcessor", LABELS | {"Name": "gate", "RegionsOfInterest": [BOX, region]}),
        ("UpdateStreamProcessor", {"Name": "porch", "RegionsOfInterestForUpdate": [region]}),
    ):
        with pytest.raises(ServiceError) as refused:
            harness.reference.reply(Call(operation, request, "us-east-1"))
        assert "InvalidParameterException" == refused.value.code
        assert ["box-or-polygon"] == [found.rule for found in Contract(operation).check_request(request)]
    assert [BOX, POLYGON] == client.describe_stream_processor(Name="porch")["RegionsOfInterest"]
    assert 1 == len(client.list_stream_processors()["StreamProcessors"])


def test_what_is_not_there_is_not_found(client):
    """Every operation on a name that is not there is a ResourceNotFoundException."""
    for verb in ("start", "stop", "delete", "describe", "update"):
        with pytest.raises(client.exceptions.ResourceNotFoundException):
            getattr(client, f"{verb}_stream_processor")(Name="door")


def test_a_region_has_ten(client, harness):
    """The eleventh processor of a region is refused, and another region has its own."""
    for number in range(MOST):
        client.create_stream_processor(**FACES | {"Name": f"door-{number}"})
    with pytest.raises(client.exceptions.LimitExceededException, match="limit - 10"):
        client.create_stream_processor(**FACES)
    assert [] == harness.client(region_name="eu-west-1").list_stream_processors()["StreamProcessors"]


def test_processors_are_listed_in_pages(client):
    """A real paginator finds each processor once, and a made-up token nothing."""
    names = [f"door-{number}" for number in range(5)]
    for name in names:
        client.create_stream_processor(**FACES | {"Name": name})
    pages = list(client.get_paginator("list_stream_processors").paginate(PaginationConfig={"PageSize": 2}))
    assert [2, 2, 1] == [len(page["StreamProcessors"]) for page in pages]
    assert names == [item["Name"] for page in pages for item in page["StreamProcessors"]]
    with pytest.raises(client.exceptions.InvalidPaginationTokenException):
        client.list_stream_processors(NextToken="made-up")


def test_a_processor_has_tags_as_long_as_it_is_there(client):
    """Tags come with the creation, and go with the processor."""
    arn = client.create_stream_processor(**FACES, Tags={"door": "front"})["StreamProcessorArn"]
    assert {"door": "front"} == client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    client.delete_stream_processor(Name="door")
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.list_tags_for_resource(ResourceArn=arn)


def test_too_many_tags_leave_no_processor(client):
    """A processor whose tags are refused is not created."""
    with pytest.raises(client.exceptions.ServiceQuotaExceededException):
        client.create_stream_processor(**FACES, Tags={str(number): "" for number in range(51)})
    assert [] == client.list_stream_processors()["StreamProcessors"]


@pytest.mark.parametrize(
    "members",
    [
        {"Settings": {}},
        {"Settings": FACES["Settings"] | LABELS["Settings"]},
        {"Settings": {"FaceSearch": {}}},
        {"Input": {}},
        {"Output": {}},
        {"Output": LABELS["Output"]},
        {"Output": FACES["Output"] | LABELS["Output"]},
        {"KmsKeyId": "alias/key"},
        {"RegionsOfInterest": [{"BoundingBox": {"Width": 0.5, "Height": 0.5, "Left": 0.0, "Top": 0.0}}]},
        {"Settings": {"ConnectedHome": {"Labels": ["CAT"]}}, "Output": LABELS["Output"]},
        {"Settings": LABELS["Settings"]},
    ],
)
def test_parts_that_do_not_belong_together_are_refused(client, members):
    """Exactly one kind of settings, with the output and the options of that kind."""
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.create_stream_processor(**FACES | members)


def test_label_detection_ends_by_itself(client, harness):
    """A processor that detects labels runs for the time asked for."""
    client.create_stream_processor(**LABELS)
    client.start_stream_processor(Name="porch", **SELECTORS)
    harness.clock.advance(29)
    assert "RUNNING" == status(client, "porch")
    harness.clock.advance(1)
    assert "STOPPED" == status(client, "porch")


@pytest.mark.parametrize(
    ("created", "selectors"),
    [
        (FACES, SELECTORS),
        (LABELS, {}),
        (LABELS, {"StopSelector": {}}),
        (LABELS, {"StartSelector": {"KVSStreamStartSelector": {}}, "StopSelector": {}}),
        (
            LABELS,
            {
                "StartSelector": {"KVSStreamStartSelector": {"ProducerTimestamp": 1, "FragmentNumber": "1"}},
                "StopSelector": {},
            },
        ),
    ],
)
def test_selectors_belong_to_label_detection(client, created, selectors):
    """Selectors are required for labels, and refused for faces."""
    client.create_stream_processor(**created)
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.start_stream_processor(Name=created["Name"], **selectors)


def test_label_settings_are_updated(client, harness, times):
    """Labels, regions and data sharing change; parameters are deleted; a face search keeps its settings."""
    times.takes = 2
    regions = [{"BoundingBox": {"Width": 0.5, "Height": 0.5, "Left": 0.0, "Top": 0.0}}]
    client.create_stream_processor(**LABELS)
    client.update_stream_processor(
        Name="porch",
        SettingsForUpdate={"ConnectedHomeForUpdate": {"Labels": ["PET"]}},
        RegionsOfInterestForUpdate=regions,
        DataSharingPreferenceForUpdate={"OptIn": False},
    )
    assert "UPDATING" == status(client, "porch")
    harness.clock.advance(2)
    answer = client.describe_stream_processor(Name="porch")
    assert {"Labels": ["PET"], "MinConfidence": 60.0} == answer["Settings"]["ConnectedHome"]
    assert ("STOPPED", regions, {"OptIn": False}) == (
        answer["Status"],
        answer["RegionsOfInterest"],
        answer["DataSharingPreference"],
    )
    client.update_stream_processor(
        Name="porch", ParametersToDelete=["ConnectedHomeMinConfidence", "RegionsOfInterest"]
    )
    answer = client.describe_stream_processor(Name="porch")
    assert ({"Labels": ["PET"]}, False) == (answer["Settings"]["ConnectedHome"], "RegionsOfInterest" in answer)


def test_a_face_search_has_no_label_settings(client):
    """What belongs to labels is refused for a processor that searches faces, and data sharing is not."""
    client.create_stream_processor(**FACES)
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.update_stream_processor(Name="door", ParametersToDelete=["RegionsOfInterest"])
    client.update_stream_processor(Name="door", DataSharingPreferenceForUpdate={"OptIn": True})
    assert {"OptIn": True} == client.describe_stream_processor(Name="door")["DataSharingPreference"]


def test_a_clock_that_is_stopped_long_ago_changes_nothing(client, harness):
    """A processor keeps its first status where the clock is before its creation."""
    client.create_stream_processor(**FACES)
    harness.clock.stop(START - 1000)
    assert "STOPPED" == status(client)
