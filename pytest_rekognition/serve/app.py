"""A WSGI application that speaks the service's protocol, JSON 1.1."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from http.client import responses as phrases
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rekognition import catalog, wire
from pytest_rekognition.answers import REFUSED_IN_STUBS, document_of
from pytest_rekognition.backends.reference import HANDLERS
from pytest_rekognition.backends.reference.validation import check_request
from pytest_rekognition.contract import Contract
from pytest_rekognition.errors import (
    ContractError,
    PytestRekognitionError,
    ReferenceFailedError,
    ServiceError,
    UnknownOperationError,
)
from pytest_rekognition.exchange import CONTENT_TYPE, TARGET_PREFIX
from pytest_rekognition.report import messages
from pytest_rekognition.showing import show
from pytest_rekognition.wire import REFERENCE_HEADER, WireReply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from collections.abc import Set as AbstractSet

    from pytest_rekognition.backends.reference import ReferenceBackend
    from pytest_rekognition.wire import WireCall

    Environ = Mapping[str, Any]
    StartResponse = Callable[[str, list[tuple[str, str]]], object]

#: What becomes of each request, at level INFO.
ACCESS = logging.getLogger("pytest_rekognition.access")
_LOG = logging.getLogger("pytest_rekognition.serve")
#: Bytes of a request's body. CompareFaces takes two images of up to 5 MB each, which are 14 MB in base64.
MAX_BODY = 16 * 1024 * 1024
#: What a region's name looks like. Each region has a state of its own, so nothing else may make one.
_REGION = re.compile(r"[a-z0-9-]{1,63}")
_JSON = "application/json"
#: The methods that change nothing.
_READING = ("GET", "HEAD")


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

    What the backend answers is held against the contract. A breach is a mistake of this package; it and a backend
    that breaks down are logged and answered as `InternalServerError`. What cannot be answered has a status that no
    SDK repeats, 501: an operation without a reference, and whatever else `answer` raises. Where it raises because
    the request breaks the contract, the answer is the service's own refusal.

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

    def break_off(self, threads: AbstractSet[int]) -> None:
        """Have requests in these threads wait for no analysis of a video: it ends at its next frame, unfinished.

        Any other job is the backend's, which may well go on, and is left alone.
        """
        self._backend.jobs.break_off(threads)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request; one of method HEAD with what it would be answered with, but for the body."""
        answer = self._respond(environ, start_response)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else answer

    def _respond(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        if environ["REQUEST_METHOD"] in _READING and environ["PATH_INFO"] == "/health":
            body = json.dumps(self._health()).encode()
            start_response("200 OK", [("Content-Type", _JSON), ("Content-Length", str(len(body)))])
            return [body]
        began = time.perf_counter()
        asked = _Asked(
            environ.get("HTTP_X_AMZ_TARGET", "").removeprefix(TARGET_PREFIX),
            wire.signed_region(environ.get("HTTP_AUTHORIZATION"), environ.get("HTTP_X_AMZ_REGION_SET")),
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
            call = self._read(asked, environ)
        except _Refused as refused:
            return refused.reply
        try:
            return self._answer(call)
        except ContractError as error:
            return _refusal(call) or _unanswered(asked, str(error))
        except ReferenceFailedError as error:
            _LOG.exception("%s", asked.operation)
            return _failure(str(error))
        except PytestRekognitionError as error:
            return _unanswered(asked, str(error))
        except BaseException as error:
            in_main = threading.current_thread() is threading.main_thread()
            if in_main and isinstance(error, KeyboardInterrupt | SystemExit):
                raise  # whoever serves in the main thread is to end; elsewhere it would end nothing
            message = f"{type(error).__name__}: {error}"
            if isinstance(error, Exception):
                message = messages.failing_function(asked.operation, error)
            return _unanswered(asked, message, error)

    def _read(self, asked: _Asked, environ: Environ) -> WireCall:
        """Return the call that a request makes, its images decoded."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > self.max_body:
            message = f"the request has {length:,} bytes, and at most {self.max_body:,} are taken"
            raise _Refused(413, "RequestEntityTooLargeException", message)
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if (
            environ["REQUEST_METHOD"] != "POST"
            or target != TARGET_PREFIX + asked.operation
            or not _is_known(asked)
        ):
            raise _Refused(404, "UnknownOperationException", f"{target or 'no X-Amz-Target'} is no operation")
        if asked.region is not None and not _REGION.fullmatch(asked.region):
            message = f"Credential should be scoped to a valid region, not {show(asked.region)}"
            raise _Refused(400, "InvalidSignatureException", message)
        try:
            call = wire.read_call(asked.operation, environ["wsgi.input"].read(length) or b"{}", asked.region)
            dict(call.call.request)
        except (ValueError, RecursionError) as error:
            raise _Refused(400, "SerializationException", str(error)) from None
        return call

    def _judged(self, call: WireCall) -> WireReply:
        """Return the backend's answer; one that breaks the contract, or none, is this package's failure."""
        operation = call.call.operation
        contract = Contract(operation)
        try:
            reply = self._backend.reply(call.call)
        except ServiceError as error:
            found = contract.check_error(error.code, error.message, error.status)
            answer = _answer_of(error)
        else:
            found = contract.check_response(reply.response, call.wire)
            answer = WireReply(200, document_of(reply), "reference")
        breaches = [violation for violation in found if violation.severity in REFUSED_IN_STUBS]
        if breaches:
            text = messages.broken_exchange(operation, "reference", breaches)
            _LOG.error("%s: %s", operation, text)
            return _failure(text)
        return answer


def _refusal(call: WireCall) -> WireReply | None:
    """Return how the service refuses a request that breaks its documented constraints, or None if it does not."""
    try:
        check_request(call.call.operation, call.call.request)
    except ServiceError as error:
        return _answer_of(error)
    return None


def _answer_of(error: ServiceError) -> WireReply:
    return WireReply(error.status, wire.error_body(error.code, error.message), "reference")


def _failure(message: str) -> WireReply:
    return WireReply(500, wire.error_body("InternalServerError", message))


def _unanswered(asked: _Asked, message: str, error: BaseException | None = None) -> WireReply:
    """Answer what no SDK repeats; an error that nobody expected is logged with its traceback."""
    _LOG.log(logging.ERROR if error else logging.WARNING, "%s: %s", asked.operation, message, exc_info=error)
    return WireReply(501, wire.error_body("NotImplementedException", message))


def _is_known(asked: _Asked) -> bool:
    try:
        return catalog.operation(asked.operation).name == asked.operation
    except UnknownOperationError:
        return False


def _headers(reply: WireReply) -> list[tuple[str, str]]:
    return [
        ("Content-Type", CONTENT_TYPE),
        ("Content-Length", str(len(reply.body))),
        ("x-amzn-RequestId", reply.request_id or wire.made_up_request_id()),
        (REFERENCE_HEADER, "1"),
    ]
