import json
import os
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture(autouse=True)
def no_weights_of_the_user(monkeypatch, tmp_path):
    """Have engine `auto` mean the same everywhere: what a developer has installed is out of sight."""
    monkeypatch.delenv("PYTEST_REKOGNITION_MODELS", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no cache"))


@pytest.fixture
def shared():
    """Return the folder of recorded responses and documentation pages that a maintainer may have."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("PYTEST_REKOGNITION_SHARED", beside))
    if not folder.is_dir():
        pytest.skip("the maintainers' folder of recorded responses is not here")
    return folder


@pytest.fixture
def pytester(pytester, monkeypatch):
    """Run inner suites in the order in which they are written, also where pytest-randomly is installed."""
    monkeypatch.setenv("PYTEST_ADDOPTS", "-p no:randomly")
    return pytester


@pytest.fixture
def run(pytester):
    """Run a test module, written as text, in a process of its own."""

    def run(source, *args, ini="", files=None):
        pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        for name, text in (files or {}).items():
            pytester.makepyfile(**{name: text})
        pytester.makepyfile(test_suite=source)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *args)

    return run


@pytest.fixture
def no_aws(monkeypatch, tmp_path):
    """Take away every trace of AWS configuration."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


class Service(BaseHTTPRequestHandler):
    """Answers each request with the next of the server's answers, the last one for ever."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.signatures.append(self.headers.get("Authorization"))
        status, body = self.server.answers.pop(0) if len(self.server.answers) > 1 else self.server.answers[0]
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def service():
    """Return a function that starts a loopback service with these answers, and gives the server and its client."""
    import boto3

    @contextmanager
    def start(*answers):
        with HTTPServer(("127.0.0.1", 0), Service) as server:
            server.answers, server.signatures = list(answers), []
            threading.Thread(target=server.serve_forever, daemon=True).start()
            server.client = boto3.client(
                "rekognition",
                region_name="us-east-1",
                aws_access_key_id="real",
                aws_secret_access_key="real",
                endpoint_url=f"http://127.0.0.1:{server.server_port}",
            )
            yield server
            server.shutdown()

    return start


class EndpointHandler(BaseHTTPRequestHandler):
    """Answers by the function of its server, and remembers what was asked."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        with self.server.lock:
            self.server.calls.append((operation, request))
            number = len(self.server.calls)
        status, answer = self.server.answer(operation, request, number)
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", f"0f5c6a7e-0000-4000-8000-{number:012x}")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


class Endpoint(ThreadingHTTPServer):
    """A real HTTP server in the service's place; `answer(operation, request, number)` gives status and body."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), EndpointHandler)
        self.lock = threading.Lock()
        self.calls = []
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, operation, request, number):
        """Answer with as many faces as the call's number says, so that no two answers are alike."""
        from pytest_rekognition import build

        faces = {"faces": number % 7} if operation == "DetectFaces" else {}
        return 200, build(operation, request=request, **faces)

    def client(self, **options):
        """Return a boto3 client of this server."""
        import boto3

        keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x" * 40}
        return boto3.client(
            "rekognition", endpoint_url=self.url, **({"region_name": "eu-west-1"} | keys | options)
        )


@pytest.fixture
def endpoint():
    """Return a loopback endpoint that answers every operation."""
    with Endpoint() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
