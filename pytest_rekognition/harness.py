"""The harness: what a test holds in its hands. It answers calls, judges every exchange and keeps the account."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

from pytest_rekognition import catalog, seam, wire
from pytest_rekognition.answers import Answers, document_of
from pytest_rekognition.backends.reference.engines import engine_entry
from pytest_rekognition.backends.stubs import Stub, StubBackend
from pytest_rekognition.contract import Contract
from pytest_rekognition.errors import (
    ContractError,
    PytestRekognitionError,
    ServiceError,
    UnansweredCallError,
    UsageError,
    VerificationError,
    did_you_mean,
)
from pytest_rekognition.exchange import Call, ErrorReply, Exchange, Reply
from pytest_rekognition.matching import plain_image
from pytest_rekognition.options import Options, options
from pytest_rekognition.report import messages

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from mypy_boto3_rekognition.client import RekognitionClient

    from pytest_rekognition.backends import Backend
    from pytest_rekognition.exchange import Source, Violation
    from pytest_rekognition.wire import WireCall, WireReply

#: What stands in for credentials while the network is out of reach; the values that moto uses too.
_FAKE_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
}
_REGION = "AWS_DEFAULT_REGION"
_OK = 200
_PACKAGE = str(Path(__file__).parent)


class Rekognition:
    """Answers an application's Rekognition calls and holds every exchange against the contract.

    In pytest the `rekognition` fixture is one. Elsewhere (unittest, notebooks, one Hypothesis example) use it as
    a context manager: `with Rekognition(mode="reference") as rekognition:`. The keywords are those of
    `pytest_rekognition.options.Options`; an unknown one raises `UsageError`.

    While it is open it has every Rekognition call of the process, whichever client makes it and whichever thread;
    of several, the one opened last. Leaving the `with` block calls `verify`.
    """

    def __init__(self, **keywords: Any) -> None:
        self.options: Options = options(keywords)
        engine_entry(self.options.engine)  # an unknown name is refused here, not at the first image
        #: every exchange so far, in the order in which the answers came
        self.exchanges: list[Exchange] = []
        #: every violation so far that is no breach
        self.findings: list[Violation] = []
        self._problems: list[str] = []
        self._stubs = StubBackend()
        self._reference: Backend | None = None
        self._lock = threading.Lock()
        self._environment: dict[str, str | None] = {}
        self._judged: dict[int, tuple[object, Mapping[str, Any]]] = {}

    # --- opening and closing -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        self.close()
        if error is None:
            self.verify()

    def open(self) -> None:
        """Take the process's Rekognition calls; offline, put fake credentials into the environment."""
        if self.offline:
            self._fake_environment()
        seam.install()
        wire.open_tap(self)

    def close(self) -> None:
        """Give the calls and the environment back."""
        wire.close_tap(self)
        for name, value in self._environment.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        self._environment.clear()

    def verify(self) -> None:
        """Fail for what was left behind.

        Raises `VerificationError` for calls that nobody answered and breaches (also where the code under test
        swallowed the exception), for stubs never used, and under `strict` for drift.
        """
        __tracebackhide__ = True
        problems = self.problems()
        if problems:
            raise VerificationError(messages.left_behind(problems))

    def problems(self) -> list[str]:
        """Return what `verify` fails for, one text each."""
        problems = list(self._problems)
        if not self.options.allow_unused_stubs:
            problems += [messages.unused_stub(stub, step) for stub, step in self._stubs.unused()]
        drifts = [finding for finding in self.findings if finding.severity == "drift"]
        if self.options.strict and drifts:
            problems.append(f"drift, and strict is on:\n{messages.table(drifts)}")
        return problems

    @property
    def offline(self) -> bool:
        """Whether no call may reach the network."""
        return self.options.mode.offline

    def _fake_environment(self) -> None:
        fakes = {_REGION: os.environ.get(_REGION) or wire.PLACEHOLDER_REGION, **_FAKE_ENVIRONMENT}
        for name, value in fakes.items():
            self._environment[name] = os.environ.get(name)
            os.environ[name] = value

    # --- what tests say ------------------------------------------------------------------------------------

    def on(self, operation: str, /, **members: Any) -> Answers:
        """Start a stub for the calls of an operation whose request has these members.

        Matching is partial and in any order; `unittest.mock.ANY` fits everything, images are compared by their
        bytes. Of several stubs that match a call, the one registered last answers. Raises `UnknownOperationError`,
        or `UsageError` for a member that the operation's request does not have.
        """
        __tracebackhide__ = True
        name = catalog.operation(operation).name
        known = catalog.schema(name, "request")["properties"]
        for member in members:
            if member not in known:
                guess = did_you_mean(member, known)
                raise UsageError(f"a request of {name} has no member {member!r}{guess}")
        stub = Stub(name, {key: plain_image(value) for key, value in members.items()}, _caller())
        self._stubs.stubs.append(stub)
        return Answers(stub)

    def calls(self, operation: str | None = None) -> list[Exchange]:
        """Return the exchanges so far, of one operation or of all, in the order in which the answers came.

        Attempts that botocore repeated count one by one.
        """
        if operation is None:
            return list(self.exchanges)
        name = catalog.operation(operation).name
        return [exchange for exchange in self.exchanges if exchange.operation == name]

    def client(self, **keywords: Any) -> RekognitionClient:
        """Create a client: boto3's where it is installed, else botocore's. Any other client serves as well."""
        if keywords.get("service_name", "rekognition") != "rekognition":
            raise UsageError(
                f"rekognition.client() creates clients for rekognition, not for {keywords['service_name']!r}."
                " Create other services' clients with boto3, and mock them with moto, for example."
            )
        keywords.pop("service_name", None)
        if importlib.util.find_spec("boto3") is not None:
            import boto3  # noqa: PLC0415  optional

            return boto3.client("rekognition", **keywords)
        from botocore.session import get_session  # noqa: PLC0415  not at plugin load

        return cast("RekognitionClient", get_session().create_client("rekognition", **keywords))

    # --- the tap -------------------------------------------------------------------------------------------

    def answer(self, call: WireCall) -> WireReply | None:
        """Answer a call from the stubs or the reference backend; None lets it go to the real service."""
        step = self._stubs.take(call.call)
        if step is not None:
            return self._serve(step.serve, call, "stub", unchecked=step.unchecked)
        if self.options.uses_reference:
            return self._serve(self._reference_backend().reply, call, "reference")
        if not self.offline:
            return None
        nearest = self._stubs.nearest(call.call)
        stubbed = [stub.operation for stub in self._stubs.stubs]
        text = messages.unanswered(call.call, self.options.mode.value, nearest, stubbed)
        raise self._blame(UnansweredCallError(text))

    def observe(self, call: WireCall, reply: WireReply) -> None:
        """Judge an exchange and keep it; raises `ContractError` for a breach, which `verify` repeats."""
        exchange = _exchange(call.call, reply)
        with self._lock:
            self.exchanges.append(exchange)
        if not reply.unchecked:
            self._judge(call, exchange)

    def _serve(
        self, serve: Callable[[Call], Reply], call: WireCall, source: Source, *, unchecked: bool = False
    ) -> WireReply:
        try:
            reply = serve(call.call)
        except ServiceError as error:
            body = wire.error_body(error.code, error.message)
            return wire.WireReply(error.status, body, source, unchecked)
        except PytestRekognitionError as error:
            raise self._blame(error) from None
        return wire.WireReply(_OK, document_of(reply), source, unchecked, reply.response)

    def _judge(self, call: WireCall, exchange: Exchange) -> None:
        """Check an exchange and keep what is wrong; raises for a breach."""
        violations = self._violations(call, exchange)
        breaches = [violation for violation in violations if violation.severity == "breach"]
        with self._lock:
            self.findings += [violation for violation in violations if violation.severity != "breach"]
        if breaches:
            text = messages.broken_exchange(exchange.operation, exchange.source, breaches)
            raise self._blame(ContractError(text, breaches))

    def _violations(self, call: WireCall, exchange: Exchange) -> list[Violation]:
        contract = Contract(exchange.operation)
        if exchange.error is None:
            answered = self._response_violations(contract, call, exchange.response)
        else:
            answered = contract.check_error(*exchange.error, exchange.status)
        return _request_violations(contract, call, exchange) + answered

    def _response_violations(self, contract: Contract, call: WireCall, response: object) -> list[Violation]:
        """Check a response; the very same one was judged already if its request differs in images alone."""
        asked = _without_images(call)
        judged = self._judged.get(id(response))
        if judged is not None and judged[0] is response and judged[1] == asked:
            return []
        violations = contract.check_response(response, call.wire)
        if not violations:
            with self._lock:
                self._judged[id(response)] = (response, asked)
        return violations

    def _blame(self, error: PytestRekognitionError) -> PytestRekognitionError:
        """Keep an error for `verify`, in case the code under test swallows it."""
        swallowable = isinstance(error, UnansweredCallError) and self.options.allow_unanswered_calls
        if not swallowable:
            with self._lock:
                self._problems.append(str(error))
        return error

    def _reference_backend(self) -> Backend:
        with self._lock:
            if self._reference is None:
                self._reference = _load_reference(self.options.engine)
            return self._reference


def _exchange(call: Call, reply: WireReply) -> Exchange:
    if reply.status >= 300:  # noqa: PLR2004  what botocore takes for a failure
        error = _read_error(reply.body)
        return Exchange(
            operation=call.operation, request=call.request, status=reply.status, error=error, source=reply.source
        )
    response = reply.response if reply.response is not None else json.loads(reply.body)
    return Exchange(
        operation=call.operation,
        request=call.request,
        response=response,
        status=reply.status,
        source=reply.source,
    )


def _read_error(body: bytes) -> ErrorReply:
    try:
        document = json.loads(body)
    except ValueError:
        return ErrorReply("", body[:200].decode(errors="replace"))
    code = str(document.get("__type") or document.get("Code") or "").rpartition("#")[2]
    return ErrorReply(code, str(document.get("Message") or document.get("message") or ""))


def _request_violations(contract: Contract, call: WireCall, exchange: Exchange) -> list[Violation]:
    """Return what is wrong with a request, less what its answer, an error, has settled.

    A stubbed error is the test's own answer to whatever the request is. An error of the reference backend or the
    service settles what is wrong with an image (its size), which is the users' doing; not a misspelt attribute.
    """
    if exchange.error is not None and exchange.source == "stub":
        return []
    violations = contract.check_request(call.wire)
    if exchange.error is None:
        return violations
    images = {".".join(("$", *path)) for path in catalog.operation(exchange.operation).request_blobs}
    return [violation for violation in violations if violation.path not in images]


def _without_images(call: WireCall) -> Mapping[str, Any]:
    """Return the request's members, each image by its name alone: no rule looks at one."""
    members: Mapping[str, Any] = call.wire
    for head, *_ in catalog.operation(call.call.operation).request_blobs:
        if head in members:
            members = {**members, head: None}
    return members


def _load_reference(engine: str) -> Backend:
    from pytest_rekognition.backends.reference import ReferenceBackend  # noqa: PLC0415  optional and heavy

    return ReferenceBackend(engine=engine)


def _caller() -> str:
    """Return the first place outside this package on the stack, as `tests/test_app.py:12`."""
    frame = sys._getframe(1)  # noqa: SLF001  the documented way to read the stack cheaply
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    path = Path(frame.f_code.co_filename)
    here = Path.cwd()
    shown = path.relative_to(here) if path.is_relative_to(here) else path
    return f"{shown}:{frame.f_lineno}"
