"""The harness in process: stubs, matching, errors, verdicts."""

import json
import os
import weakref
from contextlib import suppress
from datetime import UTC, datetime
from unittest.mock import ANY

import boto3
import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import (
    ContractError,
    NoReferenceError,
    Rekognition,
    ServiceError,
    UnansweredCallError,
    UnknownOperationError,
    UsageError,
    VerificationError,
    build,
    draw,
)
from pytest_rekognition.errors import ReferenceFailedError

IMAGE = {"Bytes": b"not really an image"}
CLIENT = boto3.client("rekognition", region_name="us-east-1")


@pytest.fixture
def harness():
    """Return an open harness, which nobody verifies at the end."""
    opened = Rekognition()
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def client(harness):
    return harness.client()


def test_a_stub_is_completed_to_what_the_request_asks_for(harness, client):
    """The same stub answers a DEFAULT and an ALL request, each with the members that it asked for."""
    harness.on("DetectFaces").returns(faces=2)

    default = client.detect_faces(Image=IMAGE)["FaceDetails"]
    full = client.detect_faces(Image=IMAGE, Attributes=["ALL"])["FaceDetails"]

    assert [5, 5] == [len(face) for face in default]
    assert all("Smile" in face for face in full)
    assert harness.problems() == []


def test_requests_that_differ_in_images_alone_are_answered_alike(harness, client):
    """A completed response is built once for all images, and anew for other attributes."""
    harness.on("DetectFaces").returns(faces=1)

    answers = [client.detect_faces(Image={"Bytes": data})["FaceDetails"] for data in (b"a", b"b")]
    more = client.detect_faces(Image={"Bytes": b"a"}, Attributes=["SMILE"])["FaceDetails"]

    assert answers[0] == answers[1]
    assert {"Smile"} == more[0].keys() - answers[0][0].keys()


def test_a_whole_response_is_sent_as_it_is(harness, client):
    """A response given whole arrives unchanged."""
    response = build("DetectFaces", faces=1)
    harness.on("detect_faces").returns(response)

    assert response["FaceDetails"] == client.detect_faces(Image=IMAGE)["FaceDetails"]


def test_a_response_that_botocore_parsed_can_be_returned(harness, client):
    """A dict with datetimes and ResponseMetadata, as botocore returned it once, crosses the wire again."""
    created = datetime(2020, 10, 9, 15, 21, 9, 611000, tzinfo=UTC)
    harness.on("DescribeCollection").returns(
        {
            "FaceCount": 1,
            "FaceModelVersion": "6.0",
            "CollectionARN": "arn:aws:rekognition:eu-west-1:123456789012:collection/staff",
            "CreationTimestamp": created,
            "UserCount": 0,
            "ResponseMetadata": {"HTTPStatusCode": 200},
        }
    )

    assert created == client.describe_collection(CollectionId="staff")["CreationTimestamp"]


@pytest.mark.parametrize(
    ("overrides", "path"),
    [
        ({"faces": 1, "confidence": 250}, "$.FaceDetails[0].Confidence"),
        ({"faces": 2, "AgeRange": {"Low": 40, "High": 30}}, "$.FaceDetails[0].AgeRange"),
    ],
)
def test_a_stub_that_breaks_the_contract_is_refused_where_it_is_registered(harness, overrides, path):
    """An answer that AWS could not give never becomes a stub, and the message names the member."""
    with pytest.raises(ContractError) as refusal:
        harness.on("DetectFaces").returns(**overrides)
    assert path in str(refusal.value)


def test_a_broken_whole_response_is_refused(harness):
    """An empty response is refused: a member that always comes is missing."""
    with pytest.raises(ContractError) as refusal:
        harness.on("DetectFaces").returns({})
    assert ["$.FaceDetails"] == [violation.path for violation in refusal.value.violations]
    assert "unchecked=True" in str(refusal.value)
    assert harness.problems() == []


def test_unchecked_sends_a_broken_answer_on_purpose(harness, client):
    """With unchecked=True the application sees exactly the broken response."""
    harness.on("DetectFaces").returns({"FaceDetails": [{"Confidence": 250.0}]}, unchecked=True)

    assert [{"Confidence": 250.0}] == client.detect_faces(Image=IMAGE)["FaceDetails"]
    assert harness.problems() == []


def test_matching_is_partial_and_the_latest_stub_wins(harness, client):
    """A more particular stub registered later takes its calls, the general one the others."""
    harness.on("DetectFaces").returns(faces=1)
    harness.on("DetectFaces", Attributes=["SMILE", "DEFAULT"]).returns(faces=2)
    harness.on("DetectFaces", Image={"Bytes": b"two"}).returns(faces=3)

    assert 1 == len(client.detect_faces(Image=IMAGE)["FaceDetails"])
    assert 2 == len(client.detect_faces(Image=IMAGE, Attributes=["DEFAULT", "SMILE"])["FaceDetails"])
    assert 3 == len(client.detect_faces(Image={"Bytes": b"two"})["FaceDetails"])


def test_any_matches_everything(harness, client):
    """`unittest.mock.ANY` stands for a member that has to be there."""
    harness.on("DetectFaces", Attributes=ANY).returns()

    client.detect_faces(Image=IMAGE, Attributes=["ALL"])
    with pytest.raises(UnansweredCallError, match=r"\$\.Attributes: expected <ANY>, the call does not have it"):
        client.detect_faces(Image=IMAGE)


def test_answers_are_given_one_after_the_other(harness, client):
    """`times` bounds an answer, and the next one in the chain follows."""
    harness.on("DetectFaces").returns(faces=1, times=2).returns(faces=2, times=1).raises(
        "InvalidImageFormatException"
    )

    counts = [len(client.detect_faces(Image=IMAGE)["FaceDetails"]) for _ in range(3)]

    assert [1, 1, 2] == counts
    with pytest.raises(client.exceptions.InvalidImageFormatException, match="Request has invalid image format"):
        client.detect_faces(Image=IMAGE)


def test_a_used_up_stub_gives_way_to_an_earlier_one(harness, client):
    """A stub that has no answer left does not match any more."""
    harness.on("DetectFaces").returns(faces=1)
    harness.on("DetectFaces").returns(faces=2, times=1)

    assert [2, 1] == [len(client.detect_faces(Image=IMAGE)["FaceDetails"]) for _ in range(2)]


def test_a_function_answers_from_the_request(harness, client):
    """The function gets the request, images as bytes, and what it returns is checked."""
    seen = []

    def answer(request):
        seen.append(request["Image"]["Bytes"])
        return build("DetectFaces", faces=len(request.get("Attributes", [])))

    harness.on("DetectFaces").answers(answer)

    assert [] == client.detect_faces(Image=IMAGE)["FaceDetails"]
    assert [b"not really an image"] == seen


def test_a_function_may_raise_a_service_error(harness, client):
    """A `ServiceError` raised by the function reaches the application as the client's own exception."""

    def answer(_):
        raise ServiceError("ResourceNotFoundException", "The collection id: staff does not exist")

    harness.on("SearchFaces").answers(answer)

    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.search_faces(CollectionId="staff", FaceId="11111111-2222-4333-8444-555555555555")


def test_a_computed_answer_that_breaks_the_contract_fails_the_call(harness, client):
    """A function's broken answer raises at the call and is held against the test again at its end."""
    harness.on("DetectFaces").answers(lambda _: {"FaceDetails": [{}]})

    with pytest.raises(ContractError, match=r"\$\.FaceDetails\[0\]\.BoundingBox"):
        client.detect_faces(Image=IMAGE)
    assert 1 == len(harness.problems())


def test_an_undocumented_error_is_refused(harness):
    """DetectFaces cannot say that a collection exists already; the message lists what it can say."""
    with pytest.raises(UsageError, match="InvalidImageFormatException"):
        harness.on("DetectFaces").raises("ResourceAlreadyExistsException")


def test_a_misspelt_error_is_refused_with_a_guess(harness):
    """A typo in an error's code is answered with the nearest documented one."""
    with pytest.raises(UsageError, match="did you mean 'ThrottlingException'"):
        harness.on("DetectFaces").raises("TrottlingException")


def test_a_server_side_error_keeps_its_status(harness, client):
    """An InternalServerError has HTTP status 500 and is retried for real."""
    harness.on("DetectFaces").raises("InternalServerError")

    with pytest.raises(ClientError) as caught:
        client.detect_faces(Image=IMAGE)
    assert 500 == caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert len(harness.calls()) > 1


def test_a_miss_is_no_botocore_error_and_explains_itself(harness, client):
    """A call that nobody answers says what was called, which stubs come near, why they fail, what to do."""
    harness.on("DetectFaces", Attributes=["ALL"]).returns()

    with pytest.raises(UnansweredCallError) as miss:
        client.detect_faces(Image=IMAGE, Attributes=["SMILE"])

    assert not isinstance(miss.value, BotoCoreError)
    text = str(miss.value)
    assert "nobody answers DetectFaces in mode 'replay'" in text
    assert "$.Attributes: expected ['ALL'], the call has ['SMILE']" in text
    assert "test_harness.py:" in text
    assert "--rekognition-mode=reference" in text
    assert "not really an image" not in text


def test_a_swallowed_miss_fails_in_the_end(harness, client):
    """An application that catches everything cannot hide a call that nobody answered."""
    with suppress(Exception):
        client.detect_faces(Image=IMAGE)

    with pytest.raises(VerificationError, match="nobody answers DetectFaces"):
        harness.verify()


def test_an_unused_stub_fails_in_the_end(harness):
    """A stub that was never used is named with its place."""
    harness.on("IndexFaces").returns()

    with pytest.raises(VerificationError, match=r"on\('IndexFaces'\)\.returns\(\) at .*test_harness\.py:\d+"):
        harness.verify()


def test_a_stub_without_an_answer_fails_in_the_end():
    """A bare `on` is a mistake, and said to be one."""
    with pytest.raises(VerificationError, match="was given no answer"), Rekognition() as harness:
        harness.on("IndexFaces")


def test_unused_stubs_can_be_allowed():
    """`allow_unused_stubs` opts out."""
    with Rekognition(allow_unused_stubs=True) as harness:
        harness.on("IndexFaces").returns()


def test_an_exception_inside_the_block_is_not_covered_up():
    """The application's own exception wins over the account of what was left behind."""

    def use():
        with Rekognition() as harness:
            harness.on("IndexFaces").returns()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        use()


def test_a_request_that_breaks_the_contract_is_a_breach(harness, client):
    """Botocore sends unknown enum values without a word; the contract does not accept them."""
    harness.on("DetectFaces").returns()

    with pytest.raises(ContractError, match=r"\$\.Attributes\[0\]"):
        client.detect_faces(Image=IMAGE, Attributes=["SMILES"])


def test_a_bad_request_may_be_answered_by_an_error(harness, client):
    """A stubbed error is the right answer to a bad request, so the request is not held against the test."""
    harness.on("DetectFaces").raises("InvalidParameterException")

    with pytest.raises(client.exceptions.InvalidParameterException):
        client.detect_faces(Image=IMAGE, Attributes=["SMILES"])
    assert harness.problems() == []


def test_an_answer_with_members_that_nobody_asked_for_is_a_breach(harness, client):
    """A stub with Smile cannot answer a request for the default attributes: AWS would not send it."""
    harness.on("DetectFaces").returns(build("DetectFaces", request={"Attributes": ["SMILE"]}, faces=1))

    with pytest.raises(ContractError, match="Smile"):
        client.detect_faces(Image=IMAGE)


def test_drift_of_the_service_is_reported_and_fails_only_under_strict(service):
    """What the real service sends and the contract does not know is kept, and a failure only under strict."""
    response = build("DetectFaces", faces=1)
    response["FaceDetails"][0]["Freckles"] = True

    with service((200, json.dumps(response).encode())) as server:
        with Rekognition(mode="live") as harness:
            server.client.detect_faces(Image=IMAGE)
            assert ["$.FaceDetails[0].Freckles"] == [drift.path for drift in harness.drifts()]
        strict = Rekognition(mode="live", strict=True)
        strict.open()
        server.client.detect_faces(Image=IMAGE)
        strict.close()
    with pytest.raises(VerificationError, match="drift, and strict is on"):
        strict.verify()


@pytest.mark.parametrize(
    ("spoil", "path"),
    [
        (lambda response: response.update(Faces=[]), "$.Faces"),
        (lambda response: response["FaceDetails"][0].update(Smle=True), "$.FaceDetails[0].Smle"),
        (
            lambda response: response["FaceDetails"][0]["Emotions"][0].update(Type="HAPY"),
            "$.FaceDetails[0].Emotions[0].Type",
        ),
    ],
)
def test_a_slip_of_the_pen_in_a_stub_is_no_growth_of_the_service(harness, spoil, path):
    """A member or value that the contract does not know is refused in a stub, where it is drift in the service."""
    response = build("DetectFaces", request={"Attributes": ["ALL"]}, faces=1)
    spoil(response)

    with pytest.raises(ContractError) as refusal:
        harness.on("DetectFaces").returns(response)

    assert [path] == [violation.path for violation in refusal.value.violations]


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b'{"FaceDetails": ['])
def test_an_unreadable_answer_of_the_service_is_a_breach(service, body):
    """A body that is no JSON object is held against the test, whatever botocore makes of it."""
    with service((200, body)) as server:
        harness = Rekognition(mode="live")
        harness.open()
        with suppress(Exception):
            server.client.detect_faces(Image=IMAGE)
        harness.close()
    assert any("the body is no JSON object" in problem for problem in harness.problems())


def test_a_server_failure_is_retried_as_ever(service):
    """An unreadable 500 is botocore's to retry; the harness notes it and stays out of the way."""
    good = json.dumps({"FaceDetails": []}).encode()
    with service((500, b"<html>busy</html>"), (200, good)) as server, Rekognition(mode="live") as harness:
        assert [] == server.client.detect_faces(Image=IMAGE)["FaceDetails"]
        assert [500, 200] == [exchange.status for exchange in harness.calls()]
        assert ["note"] == [finding.severity for finding in harness.findings]


def test_an_assertion_in_a_function_cannot_be_swallowed(harness, client):
    """What the function raises reaches the application, and is held against the test if it swallows it."""

    def answer(request):
        assert request["Attributes"] == ["ALL"]

    harness.on("DetectFaces").answers(answer)
    with suppress(Exception):
        client.detect_faces(Image=IMAGE, Attributes=["SMILE"])

    assert ["the function that answers DetectFaces raised AssertionError"] == [
        problem.partition(":")[0] for problem in harness.problems()
    ]


def test_a_function_may_lose_the_connection(harness, client):
    """Botocore's own errors, raised on purpose, are the application's to handle."""

    def answer(_):
        raise EndpointConnectionError(endpoint_url="https://rekognition.us-east-1.amazonaws.com")

    harness.on("DetectFaces").answers(answer)
    with pytest.raises(EndpointConnectionError):
        client.detect_faces(Image=IMAGE)
    assert harness.problems() == []


def test_a_function_cannot_spoil_the_record(harness, client):
    """What a function or a test does to the members that it was given changes nothing that is judged or kept."""

    def answer(request):
        request["Attributes"].append("SMILE")
        return build("DetectFaces", faces=1)

    harness.on("DetectFaces").answers(answer)
    client.detect_faces(Image=IMAGE, Attributes=["DEFAULT"])
    first = harness.calls()[0]
    assert ["DEFAULT"] == first.request["Attributes"]

    first.response["FaceDetails"].clear()
    client.detect_faces(Image=IMAGE, Attributes=["DEFAULT"])
    assert 1 == len(harness.calls()[1].response["FaceDetails"])


def test_nothing_shows_image_bytes(harness, client):
    """Neither exchanges nor calls print an image."""
    harness.on("DetectFaces").returns(faces=1)
    client.detect_faces(Image={"Bytes": b"secret pixels" * 100})

    assert "secret" not in repr(harness.calls())
    assert "<1,300 bytes, sha256" in repr(harness.calls()[0])


def test_the_environment_is_restored_in_any_order(monkeypatch):
    """Two harnesses closed in the order in which they were opened leave no fake credentials behind."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "mine")
    monkeypatch.setenv("AWS_PROFILE", "missing-profile")
    first, second = Rekognition(), Rekognition()
    first.open()
    second.open()
    assert ("testing", None) == (os.environ["AWS_ACCESS_KEY_ID"], os.environ.get("AWS_PROFILE"))
    assert boto3.Session().client("rekognition").meta.region_name

    first.close()
    second.close()
    second.close()

    assert ("mine", "missing-profile") == (os.environ["AWS_ACCESS_KEY_ID"], os.environ["AWS_PROFILE"])


def test_a_configured_region_is_kept(monkeypatch, tmp_path):
    """The region of the configuration file is the one that clients get."""
    (tmp_path / "config").write_text("[default]\nregion = eu-west-3\n", "utf-8")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    with Rekognition() as harness:
        assert "eu-west-3" == harness.client().meta.region_name
        assert "eu-west-3" == boto3.client("s3").meta.region_name


def test_the_account_has_requests_with_images_as_bytes(harness, client):
    """`calls` gives wire requests, so that a test can look at what was asked."""
    harness.on("DetectFaces").returns()
    client.detect_faces(Image=IMAGE, Attributes=["ALL"])

    (exchange,) = harness.calls("detect_faces")
    assert ("DetectFaces", "stub", 200) == (exchange.operation, exchange.source, exchange.status)
    assert {"Image": IMAGE, "Attributes": ["ALL"]} == exchange.request
    assert json.dumps(exchange.response)
    assert [] == harness.calls("IndexFaces")


def test_the_innermost_harness_has_the_calls():
    """Of two open harnesses the one opened last answers, and the other takes over again."""
    with Rekognition() as outer:
        outer.on("DetectFaces").returns(faces=1)
        client = outer.client()
        with Rekognition() as inner:
            inner.on("DetectFaces").returns(faces=2)
            assert 2 == len(client.detect_faces(Image=IMAGE)["FaceDetails"])
        assert 1 == len(client.detect_faces(Image=IMAGE)["FaceDetails"])


@given(st.integers(0, 5))
def test_each_hypothesis_example_can_have_a_harness_of_its_own(faces):
    """The context manager gives every example a clean account, with no health check in the way."""
    with Rekognition() as harness:
        harness.on("DetectFaces").returns(faces=faces)
        assert faces == len(CLIENT.detect_faces(Image=IMAGE)["FaceDetails"])
        assert 1 == len(harness.calls())


@pytest.mark.parametrize(
    ("use", "error", "match"),
    [
        (lambda h: h.on("DetectFace"), UnknownOperationError, "did you mean 'DetectFaces'"),
        (lambda h: h.on("PutObject"), UnknownOperationError, "'PutObject' is no .* moto mocks them"),
        (lambda h: h.on("DetectFaces", Atributes=[]), UsageError, "did you mean 'Attributes'"),
        (lambda h: h.on("DetectFaces").returns([1]), UsageError, "a response is a mapping"),
        (lambda h: h.on("DetectFaces").returns({"FaceDetails": {1, 2}}), UsageError, "cannot cross the wire"),
        (lambda h: h.on("DetectFaces").returns({}, faces=1), UsageError, "not both"),
        (lambda h: h.on("DetectFaces").returns(times=0), UsageError, "whole number from 1"),
        (lambda h: h.on("DetectFaces").returns(face=2), UsageError, "faces"),
        (lambda h: h.on("DetectFaces").answers({}), UsageError, "takes a function"),
        (lambda h: h.on("DetectFaces", Image=b"x"), UsageError, r'write \{"Bytes": ...\} around it'),
        (lambda h: h.on("DetectFaces", Image={"Bytes": "eA=="}), UsageError, "compared as bytes"),
        (lambda h: h.on("DetectFaces", Image={"S3Objekt": {}}), UsageError, "did you mean 'S3Object'"),
        (lambda h: h.on("DetectFaces", Attributes="ALL"), UsageError, "is a list"),
        (lambda h: h.on("DetectFaces", Attributes=["SMILES"]), UsageError, "did you mean 'SMILE'"),
        (lambda h: h.on("DetectFaces", Attributes=object()), UsageError, "only an object equal to itself"),
        (lambda h: h.open(), UsageError, "open already"),
        (lambda _: ServiceError("ThrottlingException", b"x"), UsageError, "not str, bytes and int"),
        (lambda h: h.client(service_name="s3"), UsageError, "not for 's3'"),
        (lambda h: h.calls("DetectFace"), UnknownOperationError, "did you mean"),
        (lambda _: Rekognition(mod="live"), UsageError, "did you mean 'mode'"),
        (lambda _: Rekognition(mode="refrence"), UsageError, "did you mean 'reference'"),
        (lambda _: Rekognition(mode="record"), UsageError, "needs a cassette"),
        (lambda _: Rekognition(strict="yes"), UsageError, "must be a bool"),
        (lambda _: Rekognition(unrecorded="live"), UsageError, "must be one of fail, reference, not 'live'"),
    ],
)
def test_mistakes_are_answered_with_what_to_do(harness, use, error, match):
    """A misspelt or impossible request of the test itself is a clear error at once."""
    with pytest.raises(error, match=match):
        use(harness)


@pytest.fixture
def reference():
    """Return a client in mode reference, and its harness."""
    opened = Rekognition(mode="reference")
    opened.open()
    yield opened, opened.client()
    opened.close()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"GIF89a", "InvalidImageFormatException"),
        (b"\xff\xd8\xff\xe0 cut short", "InvalidImageFormatException"),
        (b"\x89PNG" + b"0" * 5_242_880, "ValidationException"),
        (b"", "ValidationException"),
    ],
)
def test_a_bad_image_reaches_the_application_as_the_services_error(reference, data, code):
    """The application sees the exception that the service would send, and nothing is held against the test."""
    harness, client = reference

    with pytest.raises(client.exceptions.ClientError) as caught:
        client.detect_faces(Image={"Bytes": data})

    assert code == caught.value.response["Error"]["Code"]
    assert harness.problems() == []


def test_a_bad_request_to_the_reference_is_a_breach(reference):
    """The reference does not make up for a request that the contract does not know."""
    _, client = reference

    with pytest.raises(ContractError, match=r"\$\.Attributes\[0\]"):
        client.detect_faces(Image={"Bytes": draw(1).bytes}, Attributes=["SMILES"])


def test_an_operation_without_a_reference_says_what_to_do(reference):
    """An operation that the reference backend does not have names the ways out."""
    harness, client = reference

    with pytest.raises(
        NoReferenceError, match=r'for DetectLabels: .* rekognition\.on\("DetectLabels"\).*mode="record"'
    ):
        client.detect_labels(Image={"Bytes": draw(1).bytes})
    assert 1 == len(harness.problems())


def test_an_embedder_that_raises_is_no_stub():
    """What a user's embedder raises is the reference's failure, told with its place, and the error's cause."""

    class Failing:
        name, size = "failing", 4

        def embed(self, *_):
            raise RuntimeError("out of memory")

        def similarity(self, cosine):
            return cosine * 100

    image = {"Bytes": draw(1).bytes}
    with Rekognition(mode="reference", embedder=Failing()) as harness:
        with pytest.raises(ReferenceFailedError) as raised:
            CLIENT.compare_faces(SourceImage=image, TargetImage=image)
        (problem,) = harness.problems()
        harness._problems.clear()
    assert problem == str(raised.value)
    assert "failed to answer CompareFaces: RuntimeError: out of memory, raised at " in problem
    assert "test_harness.py:" in problem
    assert "RuntimeError('out of memory')" == repr(raised.value.__cause__)


@pytest.mark.parametrize("knobs", ["", "clock", "celebrities", "liveness"])
def test_a_mistyped_knob_is_an_error(reference, knobs):
    """What a test sets, and nobody reads, is refused: on the harness and on what it tells the reference by."""
    harness, _ = reference
    told = getattr(harness, knobs) if knobs else harness
    with pytest.raises(AttributeError, match="stoped"):
        told.stoped = True


def test_a_harness_can_be_referred_to_weakly(harness):
    """What keeps something beside a harness need not keep the harness itself."""
    assert harness is weakref.ref(harness)()


@pytest.mark.parametrize(("length", "told"), [(300, "x" * 300 + ", raised"), (5000, "x" * 300)])
def test_what_an_embedder_raises_is_told_at_length(length, told):
    """A long message of another's error is told in its own words, to some 400 characters."""
    with pytest.raises(RuntimeError) as raised:
        raise RuntimeError("x" * length)
    text = str(ReferenceFailedError("CompareFaces", raised.value))
    assert f"failed to answer CompareFaces: RuntimeError: {told}" in text
    assert len(text) < 800
