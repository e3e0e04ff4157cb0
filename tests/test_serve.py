"""The endpoint: real clients over HTTP, the protocol's edges, and how it ends."""

import asyncio
import http.client
import io
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from networks import tiny_network
from typer.testing import CliRunner

from pytest_rekognition import DrawnFace, Rekognition, UsageError, draw, draw_video, wire
from pytest_rekognition.backends.reference import Detector, ReferenceBackend
from pytest_rekognition.checking import check_exchange
from pytest_rekognition.cli import app as cli
from pytest_rekognition.errors import ContractError
from pytest_rekognition.exchange import Call, Reply
from pytest_rekognition.serve import MAX_BODY, Endpoint, ReferenceApp
from pytest_rekognition.surroundings import Surroundings

pytestmark = pytest.mark.usefixtures("no_aws")

PICTURE = draw(2).bytes
IMAGE = {"Bytes": PICTURE}
TARGET = {"X-Amz-Target": "RekognitionService.DetectFaces"}
SIGNED = "AWS4-HMAC-SHA256 Credential=AKIAX/20261121/eu-west-2/rekognition/aws4_request, Signature=0"


@pytest.fixture(scope="module")
def endpoint():
    """Serve the reference backend."""
    with Endpoint(ReferenceApp(ReferenceBackend("haar"))) as endpoint:
        yield endpoint


def faces(client, data=PICTURE):
    return len(client.detect_faces(Image={"Bytes": data})["FaceDetails"])


def post(endpoint, body=b"{}", headers=None, method="POST", path="/"):
    """Send a request of any form; return the status, the headers and the document."""
    connection = http.client.HTTPConnection(*address(endpoint), timeout=20)
    try:
        connection.request(method, path, body, TARGET if headers is None else headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, json.loads(answer.read())
    finally:
        connection.close()


def address(endpoint):
    return address_of(endpoint.url)


def address_of(url):
    host, _, port = url.removeprefix("http://").rpartition(":")
    return host, int(port)


def raw(body=b"{}", length=None):
    """Return the text of a request."""
    head = f"POST / HTTP/1.1\r\nHost: x\r\nX-Amz-Target: {TARGET['X-Amz-Target']}\r\n"
    return f"{head}Content-Length: {len(body) if length is None else length}\r\n\r\n".encode() + body


@contextmanager
def answering(answer, **options):
    """Serve a function in the backend's place."""
    with Endpoint(ReferenceApp(ReferenceBackend("haar"), answer=answer), **options) as endpoint:
        yield endpoint


# --- clients -------------------------------------------------------------------------------------------------


def test_a_boto3_client_is_answered_over_http(endpoint):
    """The answer has the service's headers, and one that says whose it is."""
    answer = endpoint.client().detect_faces(Image=IMAGE, Attributes=["ALL"])

    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert 2 == len(answer["FaceDetails"])
    assert 30 == len(answer["FaceDetails"][0]["Landmarks"])
    assert ("application/x-amz-json-1.1", "1") == (headers["content-type"], headers[wire.REFERENCE_HEADER.lower()])
    assert answer["ResponseMetadata"]["RequestId"]


def test_an_aiobotocore_client_is_answered_over_http(endpoint):
    """Asynchronous clients call the endpoint at once, each answer its own."""
    from aiobotocore.session import get_session

    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "eu-west-1"}

    async def detect():
        async with get_session().create_client("rekognition", endpoint_url=endpoint.url, **keys) as client:
            pictures = [draw(count).bytes for count in (0, 1, 3)]
            answers = [client.detect_faces(Image={"Bytes": picture}) for picture in pictures]
            return [len(answer["FaceDetails"]) for answer in await asyncio.gather(*answers)]

    assert [0, 1, 3] == asyncio.run(detect())


def test_a_failure_is_the_services_own(endpoint):
    """A modelled error arrives as its class, with status and wording as recorded, and is not repeated."""
    client = endpoint.client()

    with pytest.raises(client.exceptions.InvalidImageFormatException) as raised:
        client.detect_faces(Image={"Bytes": b"no image"})

    assert "Request has invalid image format" == raised.value.response["Error"]["Message"]
    assert 400 == raised.value.response["ResponseMetadata"]["HTTPStatusCode"]
    assert 0 == raised.value.response["ResponseMetadata"]["RetryAttempts"]


def test_another_process_calls_the_endpoint(endpoint):
    """`environ` is all that a process needs, whatever else its environment says."""
    code = (
        "import boto3, sys; image = {'Bytes': sys.stdin.buffer.read()};"
        "print(len(boto3.client('rekognition').detect_faces(Image=image)['FaceDetails']))"
    )
    environ = {**os.environ, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true", **endpoint.environ}

    done = subprocess.run(
        [sys.executable, "-c", code], input=PICTURE, env=environ, capture_output=True, check=True
    )

    assert b"2" == done.stdout.strip()


def test_the_region_of_a_call_is_the_signatures():
    """A call belongs to the region that it was signed for; one without a signature to none."""
    regions = []

    def answer(call):
        regions.append(call.call.region)
        return wire.WireReply(200, b'{"FaceDetails": []}')

    with answering(answer) as endpoint:
        faces(endpoint.client(region_name="ap-south-1"))
        post(endpoint, headers={**TARGET, "Authorization": SIGNED})
        post(endpoint)

    assert ["ap-south-1", "eu-west-2", None] == regions


@pytest.mark.parametrize("region", ["x y", "a" * 300, "EU", "", "../up", "\xe9"])
def test_a_region_that_is_none_is_refused(region):
    """What no region can be called makes no state of its own, and is an error of the client's."""
    backend = ReferenceBackend("haar")
    with Endpoint(ReferenceApp(backend)) as endpoint:
        status, _, document = post(
            endpoint, headers={**TARGET, "Authorization": SIGNED.replace("eu-west-2", region)}
        )

    assert (400, "InvalidSignatureException") == (status, document["__type"])
    assert "valid region" in document["Message"]
    assert {} == backend._regions


def test_a_harness_tells_the_backend_the_clients_region():
    """In process too a call has the region of its client, synchronous or not."""
    from aiobotocore.session import get_session

    async def detect():
        async with get_session().create_client("rekognition", region_name="eu-north-1") as client:
            await client.detect_faces(Image=IMAGE)

    regions = []
    with Rekognition(mode="reference", engine="haar") as rekognition:
        rekognition.alter = lambda call, answer: regions.append(call.call.region) or answer(call)
        faces(rekognition.client(region_name="ap-south-1"))
        asyncio.run(detect())
        faces(rekognition.client())

    assert ["ap-south-1", "eu-north-1", "us-east-1"] == regions


# --- the protocol's edges ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_", "status", "code"),
    [
        ({"headers": {}}, 404, "UnknownOperationException"),
        ({"headers": {"X-Amz-Target": "RekognitionService.Nonsense"}}, 404, "UnknownOperationException"),
        ({"headers": {"X-Amz-Target": "RekognitionService.detect_faces"}}, 404, "UnknownOperationException"),
        ({"headers": {"X-Amz-Target": "DynamoDB_20120810.ListTables"}}, 404, "UnknownOperationException"),
        ({"method": "GET", "body": None}, 404, "UnknownOperationException"),
        ({"body": b"{"}, 400, "SerializationException"),
        ({"body": b"\xff"}, 400, "SerializationException"),
        ({"body": b"[1]"}, 400, "SerializationException"),
        ({"body": b"[" * 100_000}, 400, "SerializationException"),
        ({"body": b'{"Image": {"Bytes": "a"}}'}, 400, "SerializationException"),
        ({"body": b""}, 400, "ValidationException"),
        ({"body": b'{"Image": 1}'}, 400, "SerializationException"),
        ({"headers": {"X-Amz-Target": "RekognitionService.DetectLabels"}}, 501, "NotImplementedException"),
    ],
)
def test_what_is_no_call_is_told_as_the_service_would(endpoint, request_, status, code):
    """A request that is not to be understood, or that nobody answers, is an error in the service's form."""
    answered, headers, document = post(endpoint, **request_)

    assert (status, code) == (answered, document["__type"])
    assert document["Message"]
    assert "application/x-amz-json-1.1" == headers["Content-Type"]


def test_the_largest_legal_image_passes_and_one_byte_more_is_too_large(endpoint):
    """An image of 5 MB is looked at; a larger one is the service's error, not one of the transport."""
    client = endpoint.client()
    largest = PICTURE + bytes(5_242_880 - len(PICTURE))

    with pytest.raises(ClientError, match=r"ValidationException.*less than or equal to 5242880"):
        faces(client, largest + b"\0")
    with suppress(client.exceptions.InvalidImageFormatException):
        faces(client, largest)


def test_two_images_of_the_largest_size_fit_into_a_request():
    """CompareFaces takes two images of 5 MB."""
    assert 2 * len(b64encode(bytes(5_242_880))) + 10_000 < MAX_BODY


def test_a_body_that_is_too_long_is_refused(endpoint):
    """More than the limit has status 413 and an error that a client reads; much more has the connection closed."""
    status, _, document = post(endpoint, b" " * (MAX_BODY + 1))
    assert (413, "RequestEntityTooLargeException") == (status, document["__type"])
    assert "16,777,217 bytes" in document["Message"]

    for length in (MAX_BODY + 48 * 1024 * 1024 + 1, 10**12):
        with socket.create_connection(address(endpoint), timeout=10) as connection:
            connection.sendall(raw(length=length))
            assert connection.recv(100).startswith(b"HTTP/1.1 413 ")


def test_the_limit_is_the_apps():
    """`max_body` is counted in bytes, and met exactly."""
    app = ReferenceApp(ReferenceBackend("haar"), max_body=100)
    with Endpoint(app) as endpoint:
        assert [400, 413] == [post(endpoint, b" " * size)[0] for size in (100, 101)]


def test_a_chunked_request_is_understood(endpoint):
    """A body without a length, in chunks, as some SDKs send it, is a call like any other."""
    body = json.dumps({"Image": {"Bytes": b64encode(PICTURE).decode()}}).encode()

    status, _, document = post(endpoint, iter([body[:1000], body[1000:]]))

    assert (200, 2) == (status, len(document["FaceDetails"]))


@given(st.binary(max_size=200))
def test_no_body_at_all_breaks_the_endpoint(endpoint, body):
    """Whatever is sent, the answer is an error of the client's, in the service's form."""
    status, _, document = post(endpoint, body)

    assert 400 == status
    assert {"__type", "Message"} <= document.keys()


def test_health_tells_who_answers(endpoint):
    """`GET /health` names the engine and the operations."""
    status, _, document = post(endpoint, None, {}, "GET", "/health")

    assert (200, "ok", "haar") == (status, document["status"], document["engine"])
    assert "DetectFaces" in document["operations"]


@pytest.mark.parametrize(("path", "status"), [("/health", b"200 OK"), ("/", b"404 Not Found")])
def test_a_head_has_no_body(endpoint, path, status):
    """HEAD is answered with the status and the headers that GET is answered with, and nothing after them."""
    heads = {}
    for method in ("GET", "HEAD"):
        with socket.create_connection(address(endpoint), timeout=20) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
            head, _, body = b"".join(iter(lambda one=connection: one.recv(65_536), b"")).partition(b"\r\n\r\n")
        heads[method] = [line for line in head.split(b"\r\n") if not line.startswith((b"Date", b"X-Amzn-Req"))]

    assert b"HTTP/1.1 " + status == heads["HEAD"][0]
    assert heads["GET"] == heads["HEAD"]
    assert b"" == body


ONCE = Config(retries={"total_max_attempts": 1})


class Broken(ReferenceBackend):
    """Answers what the contract forbids."""

    def reply(self, _):
        """Break the contract."""
        return Reply({"FaceDetails": [{"Confidence": 250.0}]})


def test_an_answer_that_breaks_the_contract_is_not_served(caplog):
    """A mistake of the backend is an InternalServerError that says what is wrong, and is logged."""
    with Endpoint(ReferenceApp(Broken("haar"))) as endpoint:
        client = endpoint.client(config=ONCE)
        with pytest.raises(client.exceptions.InternalServerError, match=r"FaceDetails\[0\]\.Confidence"):
            faces(client)

    assert [logging.ERROR] == [record.levelno for record in caplog.records]


class FailingEmbedder:
    """Breaks down at every face."""

    name, size = "failing", 4

    def embed(self, *_):
        """Break down."""
        raise ZeroDivisionError("no such face")

    def similarity(self, cosine):
        """Return a percentage."""
        return cosine * 100


@contextmanager
def failing_endpoint(*, in_test):
    with Rekognition(mode="reference", embedder=FailingEmbedder(), engine="haar") as harness:
        app = ReferenceApp(harness.reference, answer=harness.answer_http if in_test else None)
        with Endpoint(app) as endpoint:
            yield endpoint
        told = harness.problems()
        harness._problems.clear()
    assert int(in_test) == len(told)


@pytest.mark.parametrize("in_test", [True, False])
def test_a_reference_that_breaks_down_is_told_as_such(in_test, caplog):
    """In a test and elsewhere it is an InternalServerError that names who raised and where, and no stub."""
    with failing_endpoint(in_test=in_test) as endpoint:
        client = endpoint.client(config=ONCE)
        with pytest.raises(client.exceptions.InternalServerError) as raised:
            client.compare_faces(SourceImage=IMAGE, TargetImage=IMAGE)

    told = raised.value.response["Error"]["Message"]
    assert "reference backend failed to answer CompareFaces: ZeroDivisionError: no such face, raised at" in told
    assert "test_serve.py" in told
    assert ["ReferenceFailedError"] == [record.exc_info[0].__name__ for record in caplog.records]


# --- many, slow, and the end ---------------------------------------------------------------------------------


def test_eight_clients_at_once_have_two_hundred_answers_each(endpoint):
    """1,600 calls of 8 threads, each its own client: every answer is the right one, and none was repeated."""
    pictures = [draw(count).bytes for count in range(4)]

    def detect(number):
        client = endpoint.client(config=Config(retries={"total_max_attempts": 1}))
        return [faces(client, pictures[(number + turn) % 4]) for turn in range(200)]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(detect, range(8)))

    assert [[(number + turn) % 4 for turn in range(200)] for number in range(8)] == found


def test_slow_clients_keep_nobody_waiting():
    """Requests that trickle in take up no thread: with a single one, other clients are answered meanwhile."""
    app = ReferenceApp(ReferenceBackend("haar"))
    body = json.dumps({"Image": {"Bytes": b64encode(PICTURE).decode()}}).encode()
    with Endpoint(app, threads=1) as endpoint:
        slow = [socket.create_connection(address(endpoint), timeout=20) for _ in range(20)]
        for connection in slow:
            connection.sendall(raw(body)[:-1])

        assert 2 == faces(endpoint.client())
        for connection in slow:
            connection.sendall(body[-1:])
        assert [b"HTTP/1.1 200 OK"] * 20 == [connection.recv(15) for connection in slow]
        for connection in slow:
            connection.close()


def test_a_client_that_goes_away_does_no_harm():
    """Connections that are cut in a request, or before the answer, leave the endpoint as it was."""
    with Endpoint(ReferenceApp(ReferenceBackend("haar")), threads=2) as endpoint:
        for text in (b"POST / HT", raw(length=100), raw()):
            for _ in range(10):
                with socket.create_connection(address(endpoint)) as connection:
                    connection.sendall(text)

        assert 2 == faces(endpoint.client())


@contextmanager
def held():
    """Serve an answer that waits until it is let go; give the app, what tells that it waits, and what lets go."""
    waiting, free = threading.Event(), threading.Event()

    def answer(_):
        waiting.set()
        free.wait(20)
        return wire.WireReply(200, b'{"FaceDetails": []}')

    app = ReferenceApp(ReferenceBackend("haar"), answer=answer)
    try:
        yield app, waiting, free
    finally:
        free.set()


def test_stopping_finishes_the_requests_in_flight():
    """Once it stops, an endpoint takes no new connection, and answers what it is at before it returns."""
    with held() as (app, waiting, free), ThreadPoolExecutor(2) as pool:
        endpoint = Endpoint(app)
        serving = pool.submit(endpoint.serve)
        call = pool.submit(post, endpoint)
        assert waiting.wait(20)

        endpoint.stop()
        refused = wait_for(lambda: is_refused(endpoint))
        running = not serving.done()
        free.set()

        assert 200 == call.result(20)[0]
        serving.result(20)
        assert refused
        assert running


def test_stopping_does_not_wait_for_ever():
    """A request that does not end within the grace is given up; again to stop is harmless."""
    with held() as (app, waiting, _), ThreadPoolExecutor(2) as pool:
        endpoint = Endpoint(app, grace=0.2)
        serving = pool.submit(endpoint.serve)
        call = pool.submit(post, endpoint)
        assert waiting.wait(20)

        endpoint.stop()
        with pytest.raises((http.client.HTTPException, OSError)):
            call.result(20)
        serving.result(20)
        endpoint.stop()


def test_a_client_that_has_gone_is_not_waited_for():
    """Once it stops, an endpoint has no patience with requests whose answer nobody will read."""
    with held() as (app, waiting, _), ThreadPoolExecutor(1) as pool:
        endpoint = Endpoint(app)
        serving = pool.submit(endpoint.serve)
        with socket.create_connection(address(endpoint)) as connection:
            connection.sendall(raw())
            assert waiting.wait(20)

        endpoint.stop()
        serving.result(20)  # the grace is longer


def test_half_a_header_holds_nobody_up():
    """A client that has sent part of a header is not waited for; one that has sent it all is."""
    with ThreadPoolExecutor(1) as pool, Endpoint(ReferenceApp(ReferenceBackend("haar"))) as first:
        for text, rest, told in ((raw()[:40], b"", b""), (raw()[:-1], raw()[-1:], b"HTTP/1.1 400")):
            endpoint = Endpoint(ReferenceApp(ReferenceBackend("haar")), grace=600)
            serving = pool.submit(endpoint.serve)
            with socket.create_connection(address(endpoint), timeout=20) as connection:
                connection.sendall(text)
                assert wait_for(lambda one=endpoint: has_read(one))
                endpoint.stop()
                assert wait_for(lambda one=endpoint: is_refused(one))
                connection.sendall(rest)
                assert told == connection.recv(12)
            serving.result(20)
        assert 400 == post(first)[0]


def has_read(endpoint):
    return any(channel.request is not None for channel in list(endpoint._server.active_channels.values()))


def test_an_endpoint_serves_once():
    """One that serves, or has ended, is not entered again, and says so; to close it again is harmless."""
    with Endpoint(ReferenceApp(ReferenceBackend("haar"))) as endpoint:
        with pytest.raises(UsageError, match="serves already, or has ended"):
            endpoint.serve()
        assert 400 == post(endpoint)[0]
    endpoint.close()
    with pytest.raises(UsageError, match="make another one"), endpoint:
        pass


def test_an_endpoint_that_never_serves_can_be_given_up():
    """Closed without having served, it leaves neither port nor threads, and stays closed."""
    threads = threading.active_count()
    endpoint = Endpoint(ReferenceApp(ReferenceBackend("haar")))
    assert not is_refused(endpoint)
    endpoint.close()

    assert is_refused(endpoint)
    assert wait_for(lambda: threads >= threading.active_count())
    with pytest.raises(UsageError, match="has ended"):
        endpoint.serve()


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"port": 70_000}, "port is 70000"),
        ({"port": -1}, "from 1 to 65535"),
        ({"port": "8700"}, "port is '8700'"),
        ({"threads": 0}, "threads is 0"),
        ({"threads": 2.5}, "threads is 2.5"),
        ({"threads": True}, "threads is True"),
    ],
)
def test_numbers_that_mean_nothing_are_refused(numbers, told):
    """A port that is none and no thread at all are usage errors."""
    with pytest.raises(UsageError, match=told):
        Endpoint(ReferenceApp(ReferenceBackend("haar")), **numbers)


def is_refused(endpoint):
    try:
        socket.create_connection(address(endpoint)).close()
    except (ConnectionRefusedError, ConnectionResetError):  # reset: it was queued when the listener closed
        return True
    return False


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not (met := condition()) and time.monotonic() < end:
        time.sleep(0.01)
    return met


def test_an_endpoint_leaves_nothing_behind():
    """Endpoints that have ended leave neither threads nor open files."""
    for _ in range(3):
        with Endpoint(ReferenceApp(ReferenceBackend("haar"))) as endpoint:
            post(endpoint)
    threads, files = threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(10):
        with Endpoint(ReferenceApp(ReferenceBackend("haar"))) as endpoint:
            post(endpoint)

    assert wait_for(lambda: threads >= threading.active_count())
    assert files >= len(list(Path("/proc/self/fd").iterdir()))


def test_a_port_that_is_taken_is_told():
    """What cannot be listened on is a UsageError with the port and the host."""
    with Endpoint(ReferenceApp(ReferenceBackend("haar"))) as endpoint:
        host, port = address(endpoint)
        with pytest.raises(UsageError, match=f"cannot listen on port {port} of 127.0.0.1"):
            Endpoint(ReferenceApp(ReferenceBackend("haar")), host=host, port=port)
    with pytest.raises(UsageError, match=r"cannot listen on port 0 of nowhere\.invalid"):
        Endpoint(ReferenceApp(ReferenceBackend("haar")), host="nowhere.invalid")


@pytest.mark.parametrize(("host", "shown"), [("0.0.0.0", "127.0.0.1"), ("localhost", None)])  # noqa: S104  is the point
def test_an_endpoint_tells_an_address_to_connect_to(host, shown):
    """Of an endpoint that listens everywhere, the address is this machine's."""
    with Endpoint(ReferenceApp(ReferenceBackend("haar")), host=host) as endpoint:
        assert shown in {None, address(endpoint)[0]}
        assert 400 == post(endpoint)[0]


# --- videos --------------------------------------------------------------------------------------------------

VIDEO = {"S3Object": {"Bucket": "videos", "Name": "long.mp4"}}


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """Return a folder of S3 objects with a video of half a minute."""
    root = tmp_path_factory.mktemp("s3")
    (root / "videos").mkdir()
    (root / "videos" / "long.mp4").write_bytes(draw_video(1, fps=2, duration=30_000).bytes)
    return root


@pytest.fixture
def slow(monkeypatch):
    """Have each frame take a while; give what tells that one is being looked at."""
    looking = threading.Event()

    def look(*_):
        looking.set()
        time.sleep(0.3)
        return []

    monkeypatch.setattr(Detector, "look", look)
    return looking


def test_a_job_that_its_start_waits_for_holds_up_no_end(videos, slow):
    """An endpoint that ends breaks off the analyses of videos, and the starts that wait for them are answered."""
    backend = ReferenceBackend("haar", neighbours=Surroundings(s3_root=videos))
    with ThreadPoolExecutor(5) as pool:
        with Endpoint(ReferenceApp(backend), threads=2) as endpoint:
            client = endpoint.client(config=Config(retries={"total_max_attempts": 1}))
            starts = [pool.submit(client.start_face_detection, Video=VIDEO) for _ in range(5)]
            assert slow.wait(20)
            assert wait_for(lambda: len(endpoint._server.active_channels) == 5)
        jobs = [start.result(20)["JobId"] for start in starts]

    assert ["IN_PROGRESS"] * 5 == [
        backend.reply(Call("GetFaceDetection", {"JobId": job}, "us-east-1")).response["JobStatus"] for job in jobs
    ]


def test_an_endpoint_that_ends_leaves_its_backends_other_jobs_alone(videos):
    """A job whose time has not come, of whoever started it, is finished then, though an endpoint has ended."""
    backend = ReferenceBackend("haar", neighbours=Surroundings(s3_root=videos))
    backend.clock.stop()
    backend.jobs.takes = 60
    jobs = [backend.reply(Call("StartFaceDetection", {"Video": VIDEO}, "us-east-1")).response["JobId"]]
    with Endpoint(ReferenceApp(backend)) as endpoint:
        jobs.append(endpoint.client(region_name="us-east-1").start_face_detection(Video=VIDEO)["JobId"])
    backend.clock.advance(60)

    assert ["SUCCEEDED"] * 2 == [
        backend.reply(Call("GetFaceDetection", {"JobId": job}, "us-east-1")).response["JobStatus"] for job in jobs
    ]


def test_an_abandoned_start_does_not_hold_up_the_end_of_a_test(run, videos):
    """Where a client gives up on a start whose job runs in it, the test ends at the video's next frame."""
    result = run(
        f"""
        import time

        import pytest
        from botocore.config import Config
        from botocore.exceptions import ReadTimeoutError
        from pytest_rekognition.backends.reference.detector import Detector

        FRAMES = []

        @pytest.mark.rekognition(mode="reference", engine="haar", s3_root={str(videos)!r})
        def test_impatient(rekognition_endpoint, monkeypatch):
            monkeypatch.setattr(Detector, "look", lambda *_: FRAMES.append(1) or time.sleep(0.3) or [])
            config = Config(read_timeout=1, retries={{"total_max_attempts": 2}})
            with pytest.raises(ReadTimeoutError):
                rekognition_endpoint.client(config=config).start_face_detection(Video={VIDEO!r})

        def test_next():
            assert 0 < len(FRAMES) < 60
        """
    )
    result.assert_outcomes(passed=2)


# --- in a test -----------------------------------------------------------------------------------------------


@pytest.mark.rekognition(mode="reference", engine="haar")
def test_the_endpoint_of_a_test_shares_its_state(rekognition, rekognition_endpoint):
    """What a test states and stubs counts over HTTP too, and its calls are in the account, once each."""
    client = rekognition_endpoint.client()
    rekognition.know(PICTURE, 5)
    assert 5 == faces(client)
    rekognition.on("DetectFaces").returns(faces=1, times=1)
    assert 1 == faces(client)

    assert ["reference", "stub"] == rekognition.sources()
    assert [] == [found for call in rekognition.calls() for found in check_exchange(call)]


def test_the_endpoint_answers_in_every_mode(rekognition, rekognition_endpoint):
    """Where the test's own calls are replayed, the endpoint still answers from the reference."""
    assert rekognition.offline
    assert 2 == faces(rekognition_endpoint.client())
    assert 2 == len(rekognition.calls()[0].response["FaceDetails"])


def test_a_call_over_http_is_held_against_the_contract(rekognition, rekognition_endpoint):
    """A stub that was asked for a broken answer is refused over HTTP as it is in process, and not asked again."""
    rekognition.on("DetectFaces").answers(lambda _: {"FaceDetails": [{"Confidence": 250.0}]})
    with pytest.raises(ClientError, match=r"(?s)NotImplementedException.*Confidence") as raised:
        faces(rekognition_endpoint.client())

    assert (501, 0) == outcome(raised.value)
    assert 1 == len(rekognition.calls())
    with pytest.raises(AssertionError, match="Confidence"):
        rekognition.verify()
    rekognition._problems.clear()


def outcome(error):
    metadata = error.response["ResponseMetadata"]
    return metadata["HTTPStatusCode"], metadata["RetryAttempts"]


@pytest.mark.parametrize("is_stubbed", [True, False])
def test_a_request_that_breaks_the_contract_is_refused_as_by_the_service(
    rekognition, rekognition_endpoint, is_stubbed
):
    """Over HTTP the application sees the service's ValidationException, once; the test fails all the same."""
    if is_stubbed:
        rekognition.on("ListFaces").returns()
    client = rekognition_endpoint.client()
    with pytest.raises(ClientError, match=r"ValidationException.*collectionId") as raised:
        client.list_faces(CollectionId="no such name")

    assert (400, 0) == outcome(raised.value)
    with pytest.raises(AssertionError, match="CollectionId"):
        rekognition.verify()
    rekognition._problems.clear()


def test_a_stubs_function_that_raises_is_told_as_such(rekognition, rekognition_endpoint, caplog):
    """Whose mistake it is reaches the client, which asks once; the log has where it was made."""
    rekognition.on("DetectFaces").answers(lambda _: 1 / 0)
    with pytest.raises(ClientError, match="the function that answers DetectFaces raised ZeroDivision") as raised:
        faces(rekognition_endpoint.client())

    assert (501, 0) == outcome(raised.value)
    assert [ZeroDivisionError] == [record.exc_info[0] for record in caplog.records]
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        rekognition.verify()
    rekognition._problems.clear()


class Enough(BaseException):
    """What is no `Exception`, as the finder's end of an endless loop, or pytest's own."""


@pytest.mark.parametrize("error", [Enough("too many calls"), KeyboardInterrupt("stop"), SystemExit(3)])
def test_no_exception_leaves_a_client_waiting(caplog, error):
    """Whatever answering raises is answered with what no SDK repeats, and logged; the endpoint goes on."""

    def answer(_):
        raise error

    with answering(answer, threads=1) as endpoint:
        for _ in range(2):
            with pytest.raises(ClientError, match=f"{type(error).__name__}: {error}") as raised:
                faces(endpoint.client())

    assert (501, 0) == outcome(raised.value)
    assert [type(error)] * 2 == [record.exc_info[0] for record in caplog.records]


def test_stopping_meets_a_server_that_is_ending(monkeypatch):
    """What wakes a server up is not closed under the hands of who stops it, however late that comes."""
    endpoint = Endpoint(ReferenceApp(ReferenceBackend("haar")), threads=1)
    wake = endpoint._server.pull_trigger
    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(endpoint.serve)
        assert wait_for(lambda: endpoint._has_begun)

        def wake_late():
            with suppress(TimeoutError):
                serving.result(2)  # by itself the loop turns once a second, and sees that it is to stop
            wake()

        monkeypatch.setattr(endpoint._server, "pull_trigger", wake_late)
        endpoint.stop()
        serving.result(20)
        endpoint.stop()


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_an_interruption_of_the_main_thread_ends_the_server(error):
    """Where another WSGI server runs the application in the main thread, Ctrl+C is the server's."""

    def answer(_):
        raise error

    app = ReferenceApp(ReferenceBackend("haar"), answer=answer)
    environ = {"REQUEST_METHOD": "POST", "PATH_INFO": "/", "wsgi.input": io.BytesIO()}
    with pytest.raises(error):
        app({**environ, "HTTP_X_AMZ_TARGET": TARGET["X-Amz-Target"]}, lambda *_: None)


def test_the_fixture_serves_other_processes(run):
    """In a whole suite another process is answered by the test's stub, and a stub never used fails the test."""
    result = run(
        """
        import os, subprocess, sys

        CODE = '''
        import boto3
        print(len(boto3.client("rekognition").detect_faces(Image={"Bytes": b"x"})["FaceDetails"]))
        '''.replace("        ", "")

        def ask(endpoint):
            environ = {**os.environ, **endpoint.environ}
            return subprocess.run([sys.executable, "-c", CODE], env=environ, capture_output=True, text=True)

        def test_stubbed(rekognition, rekognition_endpoint):
            rekognition.on("DetectFaces").returns(faces=4)
            assert ask(rekognition_endpoint).stdout.strip() == "4"

        def test_unused(rekognition, rekognition_endpoint):
            rekognition.on("ListFaces").returns()
        """
    )
    result.assert_outcomes(passed=2, errors=1)


# --- stating what an image shows -----------------------------------------------------------------------------


def test_what_a_test_states_is_what_the_reference_sees(tmp_path):
    """Faces of a number, of overrides and with boxes of their own, for images of each kind."""
    drawn, path = draw(1), tmp_path / "group.png"
    path.write_bytes(draw(3, format="png").bytes)
    box = {"Left": 0.1, "Top": 0.1, "Width": 0.5, "Height": 0.5}
    with Rekognition(mode="reference", engine="haar") as rekognition:
        client = rekognition.client()
        rekognition.know(drawn, 3)
        rekognition.know(path, [{"smile": True, "person": "anna"}, {"bounding_box": box, "smile": False}])
        rekognition.know(str(path), [{"smile": True, "person": "anna"}, {"bounding_box": box, "smile": False}])
        rekognition.know(PICTURE, [])

        assert [3, 0] == [faces(client, drawn.bytes), faces(client)]
        found = client.detect_faces(Image={"Bytes": path.read_bytes()}, Attributes=["ALL"])["FaceDetails"]

    assert [False, True] == [face["Smile"]["Value"] for face in found]
    assert pytest.approx(box) == found[0]["BoundingBox"]


def test_faces_that_say_nothing_lie_side_by_side():
    """No two of many faces overlap, and each is inside the image."""
    with Rekognition(mode="reference", engine="haar") as rekognition:
        rekognition.know(PICTURE, 12)
        details = rekognition.client().detect_faces(Image=IMAGE)["FaceDetails"]

    boxes = [detail["BoundingBox"] for detail in details]
    assert 12 == len(boxes)
    assert all(
        one["Left"] + one["Width"] <= other["Left"] or one["Top"] + one["Height"] <= other["Top"]
        for number, other in enumerate(sorted(boxes, key=lambda box: (box["Top"] // 0.25, box["Left"])))
        for one in sorted(boxes, key=lambda box: (box["Top"] // 0.25, box["Left"]))[:number]
    )


@pytest.mark.parametrize(
    ("image", "stated", "error", "text"),
    [
        (PICTURE, -1, UsageError, "faces is their number, or a list"),
        (PICTURE, True, UsageError, "faces is their number, or a list"),
        (PICTURE, ["anna"], UsageError, "faces is their number, or a list"),
        (PICTURE, [{"person": 7}], UsageError, "person is a name"),
        (PICTURE, [{"persn": "anna"}], UsageError, "persn"),
        (PICTURE, [{"quality": None}], ContractError, "Quality: is missing"),
        (PICTURE, [{"confidence": 250.0}], ContractError, "250"),
        (17, 1, UsageError, "the path of a file, or a drawn image"),
    ],
)
def test_what_cannot_be_stated_is_refused(image, stated, error, text):
    """A mistake in what a test states is told where it is made."""
    with Rekognition(mode="reference", engine="haar") as rekognition, pytest.raises(error, match=text):
        rekognition.know(image, stated)


def test_time_is_the_tests():
    """The clock of the reference can be held and moved on."""
    with Rekognition(mode="reference", engine="haar") as rekognition:
        rekognition.clock.stop(at=1_000.0)
        rekognition.clock.advance(60)

        assert 1_060.0 == rekognition.reference.clock.now()


def test_what_a_test_says_is_said_to_the_backend_that_answers():
    """Jobs, celebrities and liveness of the harness are those of its backend, and the same ones each time."""
    with Rekognition(mode="reference", engine="haar") as rekognition:
        parts = [rekognition.jobs, rekognition.celebrities, rekognition.liveness]
        again = [rekognition.reference.jobs, rekognition.reference.celebrities, rekognition.reference.liveness]
        rekognition.liveness.outcome(status="FAILED")
        client = rekognition.client()
        session = client.create_face_liveness_session()["SessionId"]
        result = client.get_face_liveness_session_results(SessionId=session)

    assert all(one is other for one, other in zip(parts, again, strict=True))
    assert "FAILED" == result["Status"]


# --- the command ---------------------------------------------------------------------------------------------


@contextmanager
def command(*args, **environ):
    """Run `pytest-rekognition serve`; give the process and its address."""
    program = [sys.executable, "-m", "pytest_rekognition", "serve", "--port=0", "--engine=haar", *args]
    process = subprocess.Popen(
        program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, **environ}
    )
    try:
        url = re.search(r"http://[\d.:]+", process.stdout.readline())[0]
        assert f"export AWS_ENDPOINT_URL_REKOGNITION={url}\n" == process.stdout.readline()
        yield process, url
    finally:
        process.kill()
        process.communicate()


def client_of(url, **options):
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    return boto3.client("rekognition", endpoint_url=url, **keys, **options)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_serves_until_a_signal(number):
    """`serve` prints where it is, answers, prints a line for each request with -v, and ends with status 0."""
    with command("-v") as (process, url):
        assert 2 == faces(client_of(url))
        process.send_signal(number)
        _, err = process.communicate(timeout=20)

    assert 0 == process.returncode
    assert re.fullmatch(r"[\d-]+ [\d:,]+ INFO us-east-1 DetectFaces 200, [\d.]+ ms\n", err)


def test_the_log_has_a_line_a_record():
    """Where standard error is a file, a long sentence is not broken into lines."""
    with command() as (process, url):
        with pytest.raises(ClientError, match="NotImplementedException"):
            client_of(url).detect_labels(Image=IMAGE)
        process.terminate()
        _, err = process.communicate(timeout=20)

    assert 1 == len(err.splitlines())
    assert "WARNING DetectLabels: there is no reference for DetectLabels" in err
    assert "it is no operation on faces" in err


def test_the_command_takes_a_network_for_its_embedder(tmp_path):
    """--embedder may be an ONNX file: what it tells alike has a Similarity."""
    (tmp_path / "net.onnx").write_bytes(tiny_network())
    with command(f"--embedder={tmp_path / 'net.onnx'}") as (_, url):
        found = client_of(url).compare_faces(SourceImage=IMAGE, TargetImage=IMAGE)

    assert 2 == len(found["FaceMatches"])


def test_the_command_is_quiet_otherwise():
    """Without -v nothing is printed for a request that was answered."""
    with command() as (process, url):
        faces(client_of(url))
        process.terminate()
        _, err = process.communicate(timeout=20)

    assert "" == err


def test_the_command_reads_a_folder_in_s3s_place(tmp_path):
    """--s3-root is read in S3's place; without it, AWS itself is out of reach and the answer says what to do."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "group.jpg").write_bytes(PICTURE)
    image = {"S3Object": {"Bucket": "photos", "Name": "group.jpg"}}

    with command(f"--s3-root={tmp_path}") as (_, url):
        assert 2 == len(client_of(url).detect_faces(Image=image)["FaceDetails"])
    with command() as (_, url), pytest.raises(ClientError, match=r"NotImplementedException.*AWS_ENDPOINT_URL_S3"):
        client_of(url).detect_faces(Image=image)


def test_the_command_takes_limits():
    """--max-body and --threads are those of the endpoint."""
    with command("--max-body=100", "--threads=1") as (_, url), pytest.raises(ClientError, match="at most 100"):
        faces(client_of(url))


def slow_setup(tmp_path, seconds):
    """Return a setup with which each frame of a video is told on standard output, and takes so many seconds."""
    slow = f"lambda _: print('looking', flush=True) or time.sleep({seconds}) or []"
    return setup_of(tmp_path, f"import time\ndef setup(backend):\n    backend.detector.look = {slow}\n")


def test_the_command_looks_at_videos_in_the_background(videos, tmp_path):
    """A start is answered before its video is looked at, other calls meanwhile, and its job ends by itself."""
    with command(f"--s3-root={videos}", "--threads=1", f"--setup={slow_setup(tmp_path, 0.05)}") as (_, url):
        client = client_of(url, config=Config(retries={"total_max_attempts": 1}))
        job = client.start_face_detection(Video=VIDEO)["JobId"]
        first = client.get_face_detection(JobId=job)
        assert [] == client.list_collections()["CollectionIds"]
        assert wait_for(lambda: client.get_face_detection(JobId=job)["JobStatus"] != "IN_PROGRESS", 60)
        last = client.get_face_detection(JobId=job)

    assert ("IN_PROGRESS", []) == (first["JobStatus"], first["Faces"])
    assert ("SUCCEEDED", 30_000) == (last["JobStatus"], last["VideoMetadata"]["DurationMillis"])


@pytest.mark.parametrize("signals", [1, 2])
def test_signals_end_the_command_while_a_video_is_looked_at(videos, tmp_path, signals):
    """One signal breaks the job off, two end the process with the signal's status; no video is left."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    options = [f"--s3-root={videos}", f"--setup={slow_setup(tmp_path, 3)}"]
    with command(*options, TMPDIR=str(temporary)) as (process, url):
        client_of(url).start_face_detection(Video=VIDEO)
        assert "looking\n" == process.stdout.readline()
        assert list(temporary.iterdir())
        for _ in range(signals):
            process.send_signal(signal.SIGTERM)
            time.sleep(0.2)  # two at once are one
        _, err = process.communicate(timeout=20)

    assert (0 if signals == 1 else 128 + signal.SIGTERM, "") == (process.returncode, err)
    assert [] == list(temporary.iterdir())


def test_a_second_signal_waits_for_no_request():
    """What the first signal lets end, such as a request whose body is to come, the second one gives up."""
    with command() as (process, url), socket.create_connection(address_of(url)) as connection:
        connection.sendall(raw(b" ", length=10))
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)

    assert (128 + signal.SIGINT, "") == (process.returncode, err)


#: Has each picture looked at for ever, in OpenCV, and with a temporary folder.
ENDLESS = """
import tempfile

import cv2
import numpy


def setup(backend):
    def look(_):
        with tempfile.TemporaryDirectory():
            print("looking", flush=True)
            while True:
                cv2.GaussianBlur(picture, (31, 31), 0)

    picture = numpy.zeros((500, 500), numpy.uint8)
    backend.detector.look = look
"""


@pytest.mark.parametrize(
    ("signals", "status"), [(2, 128 + signal.SIGINT), (1, 0)], ids=["second signal", "client gone"]
)
def test_a_request_in_opencv_that_is_given_up_aborts_nothing(tmp_path, signals, status):
    """The process ends with its own status, and without the request's files, while a thread is in OpenCV."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    body = json.dumps({"Image": {"Bytes": b64encode(PICTURE).decode()}}).encode()
    with command(f"--setup={setup_of(tmp_path, ENDLESS)}", TMPDIR=str(temporary)) as (process, url):
        with socket.create_connection(address_of(url)) as connection:
            connection.sendall(raw(body))
            assert "looking\n" == process.stdout.readline()
            held = len(list(temporary.iterdir()))
            if signals > 1:
                process.send_signal(signal.SIGINT)
                time.sleep(0.3)  # two at once are one
                process.send_signal(signal.SIGINT)
                process.wait(20)
        if signals == 1:
            process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=20)

    assert status == process.returncode
    assert re.fullmatch(r"[\d-]+ [\d:,]+ WARNING 1 thread\(s\) still running\n", err)
    assert (1, []) == (held, list(temporary.iterdir()))


# --- its setup -----------------------------------------------------------------------------------------------


def setup_of(tmp_path, text):
    path = tmp_path / "stage.py"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "--setup names {path}, which is no file"),
        ("x = 1\n", "{path} has no function setup(backend), which --setup is to call"),
        ("setup = 1\n", "{path} has no function setup(backend), which --setup is to call"),
        ("x = 1\nx +\n", "{path}:2: SyntaxError: invalid syntax (stage.py, line 2)"),
        ("import nowhere_at_all\n", "{path}:1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def setup():\n    pass\n", "{path}: TypeError: setup() takes 0 positional arguments but 1 was given"),
        ("def setup(backend):\n    one(backend)\n\ndef one(_):\n    1 / 0\n", "{path}:5: ZeroDivisionError: "),
        (
            "def setup(backend):\n    backend.jobs.takes = -1\n",
            "{path}:2: takes is -1: a number of seconds is needed, 0 or more",
        ),
        ("def setup(backend):\n    backend.celebrities.add(5, 'a.jpg')\n", "{path}:2: "),
        ("async def setup(backend):\n    pass\n", "{path}: setup is an async function, which nobody would await"),
        ("def setup(backend):\n    yield\n", "{path}: setup has a yield, so that calling it does nothing"),
    ],
)
def test_a_setup_that_fails_names_its_line(tmp_path, text, told, monkeypatch):
    """A file that is not there, has no function, or raises ends the command, and tells the user's own line."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    path = tmp_path / "stage.py" if text is None else setup_of(tmp_path, text)
    done = CliRunner().invoke(cli, ["serve", "--port=0", "--engine=haar", f"--setup={path}"])

    assert 2 == done.exit_code
    assert done.stderr.startswith("error: " + told.format(path=path))
    assert 1 == len(done.stderr.splitlines())


def test_a_setup_imports_its_neighbours(tmp_path):
    """As of a program, the file's folder is where its imports are looked for first, those in its function too."""
    (tmp_path / "people_here.py").write_text("NAME = 'Anna Example'\n", "utf-8")
    (tmp_path / "seconds_here.py").write_text("TAKES = 5\n", "utf-8")
    text = """
        import people_here

        def setup(backend):
            import seconds_here
            print(people_here.NAME, seconds_here.TAKES, flush=True)
        """
    program = [sys.executable, "-m", "pytest_rekognition", "serve", "--port=0", "--engine=haar", "--setup"]
    path = setup_of(tmp_path, textwrap.dedent(text))
    with subprocess.Popen([*program, path], stdout=subprocess.PIPE, text=True) as process:
        told = process.stdout.readline()
        process.kill()

    assert "Anna Example 5\n" == told


def test_the_setup_of_the_documentation_is_served(tmp_path):
    """The example of docs/serve.md, as printed, lets clients of any process see what the pixels cannot tell."""
    page = (Path(__file__).parents[1] / "docs" / "serve.md").read_text("utf-8")
    (text,) = re.findall(r"```python\n([^`]*def setup\(backend\)[^`]*)```", page)
    (tmp_path / "anna.jpg").write_bytes(draw([DrawnFace(smile=True)]).bytes)
    (tmp_path / "ben.jpg").write_bytes(PICTURE)
    with command(f"--setup={setup_of(tmp_path, text)}") as (_, url):
        client = client_of(url)
        found = client.recognize_celebrities(Image={"Bytes": (tmp_path / "anna.jpg").read_bytes()})
        (ben,) = client.detect_faces(Image=IMAGE, Attributes=["ALL"])["FaceDetails"]
        session = client.create_face_liveness_session()["SessionId"]
        liveness = client.get_face_liveness_session_results(SessionId=session)

    assert ({"Low": 30, "High": 40}, True) == (ben["AgeRange"], ben["Smile"]["Value"])
    assert ["Anna Example"] == [face["Name"] for face in found["CelebrityFaces"]]
    assert ("SUCCEEDED", 97.5) == (liveness["Status"], liveness["Confidence"])


@pytest.mark.parametrize(
    ("args", "text"),
    [
        (["--engine=none"], "'none' is no engine"),
        (["--engine=yunet"], "bring it with: pytest-rekognition models install yunet"),
        (["--embedder=arcface"], "the arcface embedder needs mobilefacenet.onnx"),
        (["--embedder=arcfase"], "did you mean 'arcface'"),
        (["--embedder=nowhere.onnx"], "there is no file nowhere.onnx"),
        ([f"--embedder={__file__}"], "takes an ONNX network"),
        (["--s3-root=/nowhere/at/all"], "is no folder"),
        (["--models=/nowhere/at/all"], "is not there"),
        (["--host=nowhere.invalid"], "cannot listen on port"),
    ],
)
def test_what_the_command_cannot_do_is_one_line(args, text):
    """A mistake ends the command with status 2 and a sentence, not a traceback."""
    done = CliRunner().invoke(cli, ["serve", "--port=0", "--engine=haar", *args])

    assert 2 == done.exit_code
    assert text in done.stderr
    assert 1 == len(done.stderr.splitlines())
