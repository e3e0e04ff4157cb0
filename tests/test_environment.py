"""The environment while calls stay on this machine."""

import http.server
import os
import threading

import boto3
import pytest

from pytest_rekognition import Rekognition, draw

ELSEWHERE = {
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/credentials",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN": "token",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "/nowhere/token",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere/token",
    "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/app",
    "AWS_ROLE_SESSION_NAME": "app",
}

pytestmark = pytest.mark.usefixtures("no_aws")


@pytest.fixture
def metadata(monkeypatch):
    """Serve nothing in the place of the machine's metadata service, and keep what was asked."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_PUT = do_GET  # noqa: N815  the server's name for it

        def log_message(self, *_):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
        monkeypatch.setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", f"http://127.0.0.1:{server.server_port}/")
        yield asked
        server.shutdown()


def test_a_profile_without_keys_asks_nobody_for_some(metadata, monkeypatch, tmp_path):
    """Offline, a client of a profile that has no keys is answered, and the metadata service is left alone."""
    (tmp_path / "config").write_text("[profile none]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    with Rekognition(mode="reference", engine="haar"):
        client = boto3.Session(profile_name="none").client("rekognition")
        found = client.detect_faces(Image={"Bytes": draw(1).bytes})["FaceDetails"]

    assert (1, []) == (len(found), metadata)
    boto3.Session(profile_name="none").get_credentials()
    assert metadata  # the way is open again


def test_credentials_from_elsewhere_are_out_of_sight_offline(monkeypatch):
    """What names an address or a role to have credentials from is taken away, and given back."""
    for name, value in ELSEWHERE.items():
        monkeypatch.setenv(name, value)
    before = dict(os.environ)
    with Rekognition():
        inside = dict(os.environ)
    with Rekognition(mode="live"):
        live = dict(os.environ)

    assert [] == [name for name in ELSEWHERE if name in inside]
    assert "true" == inside["AWS_EC2_METADATA_DISABLED"]
    assert before == live == dict(os.environ)
