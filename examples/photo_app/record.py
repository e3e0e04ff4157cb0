"""Record the cassettes of this example anew, without an AWS account: `python record.py`.

A loopback server answers with the reference backend, and says so in a header: the cassettes name `reference` as
their source. Recording from the real service needs no such server: see docs/cassettes.md.
"""

import json
import os
import subprocess
import sys
import threading
from base64 import b64decode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pytest_rekognition import Call, ServiceError
from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.wire import REFERENCE_HEADER

BACKEND = ReferenceBackend(engine="haar")


def answer(operation, request):
    """Return the status and the document of an answer."""
    if "Bytes" in request.get("Image", {}):
        request["Image"]["Bytes"] = b64decode(request["Image"]["Bytes"])
    try:
        return 200, BACKEND.reply(Call(operation, request)).response
    except ServiceError as error:
        return error.status, {"__type": error.code, "Message": error.message}


class Endpoint(BaseHTTPRequestHandler):
    """Answers one operation after the other."""

    def do_POST(self):
        """Answer a call as the service would."""
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, document = answer(self.headers["X-Amz-Target"].partition(".")[2], request)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.send_header(REFERENCE_HEADER, "1")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Say nothing."""


def main():
    """Serve, and run the tests against it in mode rerecord."""
    with ThreadingHTTPServer(("127.0.0.1", 8700), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        environment = {
            **os.environ,
            "AWS_ENDPOINT_URL_REKOGNITION": "http://127.0.0.1:8700/",
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        command = [sys.executable, "-m", "pytest", "-q", "test_recorded.py", "--rekognition-mode=rerecord"]
        done = subprocess.run(command, env=environment, check=False)
        server.shutdown()
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
