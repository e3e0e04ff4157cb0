"""Record the cassettes of this example anew, without an AWS account: `python record.py`.

An endpoint on this machine answers with the reference backend, and says so in a header: the cassettes name
`reference` as their source. Recording from the real service needs no such endpoint: see docs/cassettes.md.
"""

import os
import subprocess
import sys

from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.serve import Endpoint, ReferenceApp

#: The port is part of the recorded address, and stays the same for that.
PORT = 8700


def main():
    """Serve, and run the tests against the endpoint in mode rerecord."""
    app = ReferenceApp(ReferenceBackend(engine="haar"))
    with Endpoint(app, port=PORT) as endpoint:
        command = [sys.executable, "-m", "pytest", "-q", "test_recorded.py", "--rekognition-mode=rerecord"]
        done = subprocess.run(command, env={**os.environ, **endpoint.environ}, check=False)
    raise SystemExit(done.returncode)


if __name__ == "__main__":
    main()
