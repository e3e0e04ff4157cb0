"""The reference backend as an HTTP endpoint: for the calls of any SDK, in any process.

    with Endpoint(ReferenceApp(ReferenceBackend())) as endpoint:
        subprocess.run(["./app"], env={**os.environ, **endpoint.environ})

`ReferenceApp` is a WSGI application that speaks the service's protocol, JSON 1.1; `Endpoint` serves it. Signatures
are not checked: of a request's, only the region is read.
"""

from pytest_rekognition.serve.app import ACCESS, MAX_BODY, ReferenceApp
from pytest_rekognition.serve.endpoint import Endpoint

__all__ = ["ACCESS", "MAX_BODY", "Endpoint", "ReferenceApp"]
