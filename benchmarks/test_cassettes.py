"""The cost of replaying and opening a cassette, and its size, beside vcrpy. Compare the ratios."""

import json
import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import pytest
import vcr
from vcr.cassette import Cassette as VcrCassette

from pytest_rekognition import Rekognition, build
from pytest_rekognition.cassettes.cassette import Cassette
from pytest_rekognition.cassettes.settings import CassetteSettings
from pytest_rekognition.exchange import Call

KEYS = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x" * 40}
FACES = (1, 100)


class Handler(BaseHTTPRequestHandler):
    """Answers DetectFaces with the server's response."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(self.server.body)))
        self.send_header("x-amzn-RequestId", "0f5c6a7e-0000-4000-8000-000000000000")
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def endpoint():
    """Return a loopback server, whose `body` is what it answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.body = response_of(1)
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def response_of(faces):
    return json.dumps(build("DetectFaces", request={"Attributes": ["ALL"]}, faces=faces)).encode()


def client_of(endpoint):
    return boto3.client("rekognition", region_name="eu-west-1", endpoint_url=endpoint.url, **KEYS)


def detect(client, image):
    return client.detect_faces(Image={"Bytes": image}, Attributes=["ALL"])


def photos(number, size=50_000):
    chance = random.Random(1)
    return [b"\xff\xd8\xff" + chance.randbytes(size) for _ in range(number)]


@pytest.mark.parametrize("faces", FACES)
def test_replay(benchmark, endpoint, tmp_path, faces):
    """Ours: found by operation, parameters and the image's digest, and held against the contract."""
    benchmark.group = f"one replayed detect_faces, 50 KB photo, {faces} faces"
    endpoint.body = response_of(faces)
    (photo,) = photos(1)
    path = tmp_path / "x.yaml"
    with Rekognition(mode="record", cassette=path):
        detect(client_of(endpoint), photo)
    with Rekognition(cassette=path):
        benchmark(detect, client_of(endpoint), photo)


def detect_stored(client):
    return client.detect_faces(Image={"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}, Attributes=["ALL"])


def test_replay_without_image(benchmark, endpoint, tmp_path):
    """Ours, where the photo lies in S3 and the request is small."""
    benchmark.group = "one replayed detect_faces, photo in S3, 1 face"
    path = tmp_path / "x.yaml"
    with Rekognition(mode="record", cassette=path):
        detect_stored(client_of(endpoint))
    with Rekognition(cassette=path):
        benchmark(detect_stored, client_of(endpoint))


def test_replay_without_image_vcrpy(benchmark, endpoint, tmp_path):
    """vcrpy, likewise, with its default matchers."""
    benchmark.group = "one replayed detect_faces, photo in S3, 1 face"
    path = str(tmp_path / "x.yaml")
    with vcr.use_cassette(path):
        detect_stored(client_of(endpoint))
    with vcr.use_cassette(path, record_mode="none", allow_playback_repeats=True):
        benchmark(detect_stored, client_of(endpoint))


@pytest.mark.parametrize("matched_on", ["default", "body"])
@pytest.mark.parametrize("faces", FACES)
def test_replay_vcrpy(benchmark, endpoint, tmp_path, faces, matched_on):
    """vcrpy: with its default matchers any photo gets the answer; with `body` it is told from another one."""
    benchmark.group = f"one replayed detect_faces, 50 KB photo, {faces} faces"
    endpoint.body = response_of(faces)
    (photo,) = photos(1)
    path = str(tmp_path / "x.yaml")
    matchers = ["method", "scheme", "host", "port", "path", "query"] + (["body"] if matched_on == "body" else [])
    with vcr.use_cassette(path):
        detect(client_of(endpoint), photo)
    with vcr.use_cassette(path, record_mode="none", allow_playback_repeats=True, match_on=matchers):
        benchmark(detect, client_of(endpoint), photo)


def record_many(endpoint, ours, theirs):
    """Record the same thousand calls, by the object's name so that no image weighs on either."""
    client = client_of(endpoint)

    def calls():
        for number in range(1000):
            image = {"S3Object": {"Bucket": "photos", "Name": f"{number}.jpg"}}
            client.detect_faces(Image=image, Attributes=["ALL"])

    with Rekognition(mode="record", cassette=ours):
        calls()
    with vcr.use_cassette(str(theirs), match_on=["raw_body"]):
        calls()


@pytest.fixture(scope="module")
def thousand(tmp_path_factory):
    """Return two cassettes of a thousand interactions, ours and vcrpy's."""
    folder = tmp_path_factory.mktemp("thousand")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.body, server.url = response_of(1), f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        record_many(server, folder / "ours.yaml", folder / "vcrpy.yaml")
        server.shutdown()
    return folder


def test_open_a_thousand(benchmark, thousand):
    """Ours: read, checked, indexed, and the last call found."""
    benchmark.group = "opening a cassette of 1,000 interactions"
    image = {"S3Object": {"Bucket": "photos", "Name": "999.jpg"}}
    last = Call("DetectFaces", {"Image": image, "Attributes": ["ALL"]})

    def find_last():
        settings = CassetteSettings(path=thousand / "ours.yaml", root=thousand)
        assert Cassette(settings).take(last) is not None

    benchmark(find_last)


def test_open_a_thousand_vcrpy(benchmark, thousand):
    """vcrpy: read."""
    benchmark.group = "opening a cassette of 1,000 interactions"
    assert len(VcrCassette.load(path=str(thousand / "vcrpy.yaml"))) == 1000
    benchmark(VcrCassette.load, path=str(thousand / "vcrpy.yaml"))


def test_size_of_ten_photos(benchmark, endpoint, tmp_path):
    """The bytes of a cassette of ten photos of 200 KB, ours and vcrpy's; the time is of no interest."""
    benchmark.group = "size of ten photos of 200 KB"
    images = photos(10, 200_000)
    ours, theirs = tmp_path / "ours.yaml", tmp_path / "vcrpy.yaml"
    client = client_of(endpoint)
    with Rekognition(mode="record", cassette=ours):
        for image in images:
            detect(client, image)
    with vcr.use_cassette(str(theirs), match_on=["raw_body"]):
        for image in images:
            detect(client, image)
    sizes = {"ours": ours.stat().st_size, "vcrpy": theirs.stat().st_size}
    benchmark.extra_info.update(sizes)
    print(f"\nten photos of 200 KB: {sizes}, {sizes['ours'] / sizes['vcrpy']:.1%} of vcrpy's")
    benchmark(ours.read_bytes)
