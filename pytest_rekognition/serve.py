"""The reference backend as an HTTP endpoint: for the calls of any SDK, in any process.

    with Endpoint(ReferenceApp(ReferenceBackend())) as endpoint:
        subprocess.run(["./app"], env={**os.environ, **endpoint.environ})

`ReferenceApp` is a WSGI application that speaks the service's protocol, JSON 1.1; `Endpoint` serves it. Signatures
are not checked: of a request's, only the region is read.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import threading
import time
from contextlib import ExitStack
from http.client import responses as phrases
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from pytest_rekognition import catalog, wire
from pytest_rekognition.answers import REFUSED_IN_STUBS, document_of
from pytest_rekognition.backends.reference import HANDLERS
from pytest_rekognition.clients import create_client
from pytest_rekognition.contract import Contract
from pytest_rekognition.environment import FAKE_CREDENTIALS, PLACEHOLDER_REGION
from pytest_rekognition.errors import (
    ContractError,
    MissingDependencyError,
    PytestRekognitionError,
    ServiceError,
    UnknownOperationError,
    UsageError,
)
from pytest_rekognition.report import messages
from pytest_rekognition.wire import REFERENCE_HEADER, WireReply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mypy_boto3_rekognition.client import RekognitionClient

    from pytest_rekognition.backends.reference import ReferenceBackend
    from pytest_rekognition.wire import WireCall

    Environ = Mapping[str, Any]
    StartResponse = Callable[[str, list[tuple[str, str]]], object]

#: What becomes of each request, at level INFO.
ACCESS = logging.getLogger("pytest_rekognition.access")
_LOG = logging.getLogger("pytest_rekognition.serve")
#: Bytes of a request's body. CompareFaces takes two images of up to 5 MB each, which are 14 MB in base64.
MAX_BODY = 16 * 1024 * 1024
#: Bytes beyond the limit that are read all the same, so that the client gets the refusal, not a lost connection.
_READ_ALL_THE_SAME = 256 * 1024 * 1024
_TARGET = "RekognitionService."
#: Seconds: how long requests in flight have to end once the endpoint stops, and a connection may do nothing.
_GRACE, _IDLE = 30.0, 120
_CONNECTIONS = 1000
_JSON = "application/json"


class _Refused(Exception):  # noqa: N818  no failure of this package: an answer
    """A request that is answered without asking anybody."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.reply = WireReply(status, wire.error_body(code, message))


class _Asked(NamedTuple):
    """What a request is about, as far as its headers tell."""

    operation: str
    region: str | None


class ReferenceApp:
    """A WSGI application that answers as the service does, and `GET /health`.

    Args:
        backend: what answers.
        answer: answers in the backend's place, from a call as the wire carries it.
        max_body: the most bytes of a request's body; one of more is answered with HTTP status 413.

    What the backend answers is held against the contract; a breach, which is a mistake of this package, is logged
    and answered as `InternalServerError`. What the backend cannot answer at all has HTTP status 501, which no SDK
    retries.

    """

    def __init__(
        self,
        backend: ReferenceBackend,
        *,
        answer: Callable[[WireCall], WireReply] | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        self.max_body = max_body
        self._backend = backend
        self._answer = answer or self._judged

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if environ["REQUEST_METHOD"] == "GET" and environ["PATH_INFO"] == "/health":
            body = json.dumps(self._health()).encode()
            start_response("200 OK", [("Content-Type", _JSON), ("Content-Length", str(len(body)))])
            return [body]
        began = time.perf_counter()
        asked = _Asked(
            environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(_TARGET),
            wire.signed_region(environ.get("HTTP_AUTHORIZATION")),
        )
        reply = self._reply(asked, environ)
        passed = (time.perf_counter() - began) * 1000
        ACCESS.info("%s %s %d, %.1f ms", asked.region or "-", asked.operation or "-", reply.status, passed)
        start_response(f"{reply.status} {phrases.get(reply.status, '')}", _headers(reply))
        return [reply.body]

    def _health(self) -> dict[str, Any]:
        return {"status": "ok", "engine": self._backend.detector.engine, "operations": sorted(HANDLERS)}

    def _reply(self, asked: _Asked, environ: Environ) -> WireReply:
        try:
            return self._answer(self._read(asked, environ))
        except _Refused as refused:
            return refused.reply
        except ContractError as error:
            _LOG.error("%s: %s", asked.operation, error)
            return WireReply(500, wire.error_body("InternalServerError", str(error)))
        except PytestRekognitionError as error:
            _LOG.warning("%s: %s", asked.operation, error)
            return WireReply(501, wire.error_body("NotImplementedException", str(error)))
        except Exception as error:  # noqa: BLE001  the client is to have an answer, and the log the rest
            _LOG.exception("%s", asked.operation)
            message = f"the reference backend failed: {type(error).__name__}: {error}"
            return WireReply(500, wire.error_body("InternalServerError", message))

    def _read(self, asked: _Asked, environ: Environ) -> WireCall:
        """Return the call that a request makes, its images decoded."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self.max_body:
            message = f"the request has {length:,} bytes, and at most {self.max_body:,} are taken"
            raise _Refused(413, "RequestEntityTooLargeException", message)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if environ["REQUEST_METHOD"] != "POST" or target != _TARGET + asked.operation or not _is_known(asked):
            raise _Refused(404, "UnknownOperationException", f"{target or 'no X-Amz-Target'} is no operation")
        try:
            call = wire.read_call(asked.operation, environ["wsgi.input"].read(length) or b"{}", asked.region)
            dict(call.call.request)
        except (ValueError, RecursionError) as error:
            raise _Refused(400, "SerializationException", str(error)) from None
        return call

    def _judged(self, call: WireCall) -> WireReply:
        """Return the backend's answer, or raise `ContractError` if it breaks the contract."""
        contract = Contract(call.call.operation)
        try:
            reply = self._backend.reply(call.call)
        except ServiceError as error:
            found = contract.check_error(error.code, error.message, error.status)
            answer = WireReply(error.status, wire.error_body(error.code, error.message), "reference")
        else:
            found = contract.check_response(reply.response, call.wire)
            answer = WireReply(200, document_of(reply), "reference")
        breaches = [violation for violation in found if violation.severity in REFUSED_IN_STUBS]
        if breaches:
            raise ContractError(messages.broken_exchange(call.call.operation, "reference", breaches), breaches)
        return answer


def _is_known(asked: _Asked) -> bool:
    try:
        return catalog.operation(asked.operation).name == asked.operation
    except UnknownOperationError:
        return False


def _headers(reply: WireReply) -> list[tuple[str, str]]:
    return [
        ("Content-Type", wire.CONTENT_TYPE),
        ("Content-Length", str(len(reply.body))),
        ("x-amzn-RequestId", reply.request_id or wire.made_up_request_id()),
        (REFERENCE_HEADER, "1"),
    ]


# --- serving -------------------------------------------------------------------------------------------------


class Endpoint:
    """Serves an application over HTTP, on this machine alone unless another host is named.

    As a context manager it serves from a thread of its own; `serve` serves from the present one, until `stop`. It
    listens from its construction, on any free port where `port` is 0. `threads` requests are answered at once.
    `grace` is how many seconds requests in flight have to end.

    Raises `UsageError` where it cannot listen, `MissingDependencyError` without waitress.
    """

    def __init__(
        self, app: ReferenceApp, *, host: str = "127.0.0.1", port: int = 0, threads: int = 8, grace: float = _GRACE
    ) -> None:
        try:
            from waitress.server import create_server  # noqa: PLC0415  an extra's
        except ImportError as missing:
            raise MissingDependencyError("an endpoint", package="waitress", extra="reference") from missing
        listener = _listener(host, port)
        name, port = listener.getsockname()[:2]
        #: where it is to be reached
        self.url = f"http://{_reachable(name)}:{port}"
        self._map: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._map,
            sockets=[listener],
            threads=threads,
            ident="pytest-rekognition",
            max_request_body_size=app.max_body + _READ_ALL_THE_SAME,
            connection_limit=_CONNECTIONS,
            channel_timeout=_IDLE,
            clear_untrusted_proxy_headers=True,
        )
        self._grace = grace
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._inside = ExitStack()

    def __enter__(self) -> Self:
        self._inside.enter_context(wire.let_through(f"{self.url}/"))
        self._thread = threading.Thread(target=self.serve, name="rekognition-endpoint", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self._thread is not None:
            self._thread.join()
        self._inside.close()

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs in its environment for its SDK to call this endpoint."""
        region = os.environ.get("AWS_DEFAULT_REGION") or PLACEHOLDER_REGION
        return {
            "AWS_ENDPOINT_URL_REKOGNITION": self.url,
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "false",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            **FAKE_CREDENTIALS,
        }

    def client(self, **keywords: Any) -> RekognitionClient:
        """Create a client of this endpoint: boto3's where it is installed, else botocore's."""
        access_key, secret_key, token = FAKE_CREDENTIALS.values()
        ours = {
            "endpoint_url": self.url,
            "region_name": os.environ.get("AWS_DEFAULT_REGION") or PLACEHOLDER_REGION,
            "aws_access_key_id": access_key,
            "aws_secret_access_key": secret_key,
            "aws_session_token": token,
        }
        return create_client({**ours, **keywords})

    def stop(self) -> None:
        """Take no more connections, and have `serve` return once the requests in flight are answered."""
        if not self._stopping:
            self._stopping = True
            self._server.pull_trigger()

    def serve(self) -> None:
        """Answer requests until `stop` is called, from another thread or a signal's handler."""
        while not self._stopping:
            self._turn(1.0)
        self._close_listener()
        deadline = time.monotonic() + self._grace
        self._turn(0.0)  # what has arrived by now is in flight too
        while self._is_busy() and time.monotonic() < deadline:
            self._turn(0.1)
        self._close()

    def _turn(self, timeout: float) -> None:
        from waitress import wasyncore  # noqa: PLC0415  an extra's

        wasyncore.loop(timeout=timeout, map=self._map, use_poll=True, count=1)

    def _is_busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(one.requests or one.request is not None or one.total_outbufs_len for one in channels)

    def _close_listener(self) -> None:
        """Close the listening socket alone: what wakes the loop up is needed to the end."""
        from waitress import wasyncore  # noqa: PLC0415  an extra's

        wasyncore.dispatcher.close(self._server)

    def _close(self) -> None:
        """Close what is left: the connections first, so that no thread wakes up a loop that is gone."""
        for channel in list(self._server.active_channels.values()):
            channel.handle_close()
        self._server.task_dispatcher.shutdown(timeout=1)
        self._server.trigger.close()
        self._map.clear()


def _listener(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, *_, address = found[0]
        return socket.create_server(address[:2], family=family)
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on port {port} of {host}: {error}") from None


def _reachable(name: str) -> str:
    """Return an address to connect to, of one that is listened on."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(name, name)  # noqa: S104  told from, not listened on
    return f"[{name}]" if ":" in name else name
