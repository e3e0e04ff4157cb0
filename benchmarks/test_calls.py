"""The cost of one mocked call, beside the peers', in one run. Compare the ratios, not the microseconds."""

import json

import boto3
import pytest
from botocore import UNSIGNED
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.stub import Stubber

from pytest_rekognition import Rekognition, build

IMAGE = {"Bytes": b"x" * 50_000}
CLIENT = {"region_name": "us-east-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
FACES = (1, 100)


class Raw:
    """The body of a bare hook's response, as botocore's own stub of it would be."""

    def __init__(self, body):
        self.body = body

    def stream(self, **_):
        yield self.body


def response_of(faces):
    return build("DetectFaces", request={"Attributes": ["ALL"]}, faces=faces)


def detect(client):
    return client.detect_faces(Image=IMAGE, Attributes=["ALL"])


@pytest.mark.parametrize("faces", FACES)
def test_bare_hook(benchmark, faces):
    """The least that answering takes: a before-send hook that returns the bytes, and checks nothing."""
    benchmark.group = f"one detect_faces, {faces} faces"
    body = json.dumps(response_of(faces)).encode()
    client = boto3.client("rekognition", **CLIENT)
    headers = {"Content-Type": "application/x-amz-json-1.1", "Content-Length": str(len(body))}
    client.meta.events.register(
        "before-send.rekognition", lambda request, **_: AWSResponse(request.url, 200, headers, Raw(body))
    )
    benchmark(detect, client)


@pytest.mark.parametrize("faces", FACES)
def test_bare_hook_unsigned(benchmark, faces):
    """The same without the signature, which our offline calls do without too."""
    benchmark.group = f"one detect_faces, {faces} faces"
    body = json.dumps(response_of(faces)).encode()
    client = boto3.client("rekognition", **CLIENT, config=Config(signature_version=UNSIGNED))
    headers = {"Content-Type": "application/x-amz-json-1.1", "Content-Length": str(len(body))}
    client.meta.events.register(
        "before-send.rekognition", lambda request, **_: AWSResponse(request.url, 200, headers, Raw(body))
    )
    benchmark(detect, client)


@pytest.mark.parametrize("faces", FACES)
def test_pytest_rekognition(benchmark, faces):
    """Our stub, every exchange checked."""
    benchmark.group = f"one detect_faces, {faces} faces"
    with Rekognition() as rekognition:
        rekognition.on("DetectFaces").returns(response_of(faces))
        benchmark(detect, boto3.client("rekognition", **CLIENT))


@pytest.mark.parametrize("faces", FACES)
def test_pytest_rekognition_new_request_each_time(benchmark, faces):
    """Our stub, with a request that differs each time, so that no verdict can be used again."""
    benchmark.group = f"one detect_faces, {faces} faces"
    images = iter(range(10**9))
    with Rekognition() as rekognition:
        rekognition.on("DetectFaces").returns(response_of(faces))
        client = boto3.client("rekognition", **CLIENT)
        benchmark(lambda: client.detect_faces(Image={"Bytes": b"%50000d" % next(images)}, Attributes=["ALL"]))


@pytest.mark.parametrize("faces", FACES)
def test_botocore_stubber(benchmark, faces):
    """The Stubber of botocore, which gives one answer for each registration and checks types alone."""
    benchmark.group = f"one detect_faces, {faces} faces"
    client = boto3.client("rekognition", **CLIENT)
    stubber = Stubber(client)
    stubber.activate()
    response = response_of(faces)

    def stub_and_detect():
        stubber.add_response("detect_faces", response)
        detect(client)

    benchmark(stub_and_detect)


@pytest.mark.parametrize("faces", FACES)
def test_vcrpy_replay(benchmark, faces, tmp_path):
    """vcrpy, replaying a recorded response at the HTTP layer."""
    import vcr

    benchmark.group = f"one detect_faces, {faces} faces"
    body = json.dumps(response_of(faces))
    cassette = tmp_path / "cassette.yaml"
    request = {"method": "POST", "uri": "https://rekognition.us-east-1.amazonaws.com/", "body": "", "headers": {}}
    response = {
        "status": {"code": 200, "message": "OK"},
        "headers": {"Content-Type": ["application/x-amz-json-1.1"]},
        "body": {"string": body},
    }
    document = {"version": 1, "interactions": [{"request": request, "response": response}]}
    cassette.write_text(json.dumps(document), "utf-8")
    with vcr.use_cassette(str(cassette), record_mode="none", allow_playback_repeats=True):
        benchmark(detect, boto3.client("rekognition", **CLIENT))


def test_moto_compare_faces(benchmark):
    """The canned compare_faces of moto (it has no detect_faces)."""
    from moto import mock_aws

    benchmark.group = "moto's only face comparison"
    with mock_aws():
        client = boto3.client("rekognition", **CLIENT)
        benchmark(lambda: client.compare_faces(SourceImage=IMAGE, TargetImage=IMAGE))


def test_pytest_rekognition_compare_faces(benchmark):
    """Our stub for the same operation."""
    benchmark.group = "moto's only face comparison"
    with Rekognition() as rekognition:
        rekognition.on("CompareFaces").returns(faces=1)
        client = boto3.client("rekognition", **CLIENT)
        benchmark(lambda: client.compare_faces(SourceImage=IMAGE, TargetImage=IMAGE))
