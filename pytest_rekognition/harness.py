"""The harness: what a test holds in its hands. It answers calls, judges every exchange and keeps the account."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self, cast

from pytest_rekognition import catalog, seam, wire
from pytest_rekognition.answers import REFUSED_IN_STUBS, Answers, document_of
from pytest_rekognition.backends.reference import HANDLERS as REFERENCED
from pytest_rekognition.backends.stubs import Stub, StubBackend
from pytest_rekognition.clients import create_client
from pytest_rekognition.contract import Contract
from pytest_rekognition.criteria import check_criteria
from pytest_rekognition.environment import FAKE_ENVIRONMENT
from pytest_rekognition.errors import (
    CassetteError,
    ContractError,
    NoReferenceError,
    PytestRekognitionError,
    ServiceError,
    UnansweredCallError,
    UsageError,
    VerificationError,
)
from pytest_rekognition.matching import plain_image
from pytest_rekognition.options import Options, options
from pytest_rekognition.recording import as_cassette_error, cassette_of, settled
from pytest_rekognition.records import Record, request_violations
from pytest_rekognition.referencing import check_reference, reference_backend
from pytest_rekognition.report import messages
from pytest_rekognition.showing import show_caller
from pytest_rekognition.stating import refuse_unasked, statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from types import TracebackType

    from mypy_boto3_rekognition.client import RekognitionClient

    from pytest_rekognition.backends.reference import ReferenceBackend
    from pytest_rekognition.backends.reference.celebrities import Celebrities
    from pytest_rekognition.backends.reference.clock import Clock
    from pytest_rekognition.backends.reference.liveness import Liveness
    from pytest_rekognition.backends.reference.videos import Jobs
    from pytest_rekognition.cassettes.cassette import Cassette
    from pytest_rekognition.cassettes.settings import Usage
    from pytest_rekognition.exchange import Call, Exchange, Reply, Source, Violation
    from pytest_rekognition.wire import WireCall, WireReply

    Answer = Callable[[WireCall], WireReply | None]

_OK = 200
_FATAL = frozenset({"breach"})
_PRIVATE = ("_is_open", "_judged", "_lock", "_problems", "_records", "_reference", "_stubs", "_usage")


class Rekognition:
    """Answers an application's Rekognition calls and holds every exchange against the contract.

    In pytest the `rekognition` fixture is one. Elsewhere (unittest, notebooks, one Hypothesis example) use it as
    a context manager: `with Rekognition(mode="reference") as rekognition:`. The keywords are those of
    `pytest_rekognition.options.Options`; an unknown one raises `UsageError`.

    While it is open it has every Rekognition call of the process, whichever client makes it and whichever thread;
    of several, the one opened last. Leaving the `with` block calls `verify`.
    """

    # so that a knob whose name is mistyped is an error
    __slots__ = ("__weakref__", "alter", "cassette", "findings", "options", *_PRIVATE)

    def __init__(self, **keywords: Any) -> None:
        self.options: Options = settled(options(keywords))
        check_reference(self.options)
        #: every violation so far that failed nothing: notes, and drift of the service
        self.findings: list[Violation] = []
        self._records: list[Record] = []
        self._problems: list[str] = []
        self._stubs = StubBackend()
        self._reference: ReferenceBackend | None = None
        self._lock = threading.Lock()
        self._is_open = False
        self._judged: dict[int, tuple[object, Mapping[str, Any]]] = {}
        self._usage: Usage | None = None
        #: stands between each call and whoever answers it: takes the call, and what answers it
        self.alter: Callable[[WireCall, Answer], WireReply | None] | None = None
        #: the cassette that calls are replayed from and recorded to, or None
        self.cassette = cassette_of(self.options)

    # --- opening and closing -------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(passed=error is None)
        if error is None:
            self.verify()

    def open(self) -> None:
        """Take the process's Rekognition calls; offline, put fake credentials into the environment."""
        if self._is_open:
            raise UsageError("this harness is open already; open another one, Rekognition(...), inside it")
        self._is_open = True
        seam.install()
        if self.offline:
            FAKE_ENVIRONMENT.enter()
        wire.open_tap(self)

    def close(self, *, passed: bool = True) -> None:
        """Give the calls and the environment back, and write what was recorded; again is harmless.

        A rerecorded cassette is written only if the test passed and left no problem behind.
        """
        if not self._is_open:
            return
        self._is_open = False
        wire.close_tap(self)
        if self.offline:
            FAKE_ENVIRONMENT.leave()
        if self._reference is not None:
            self._reference.close()
        if self.cassette is not None:
            self._finish(self.cassette, passed=passed and not self.problems(unused_stubs=False))

    def _finish(self, cassette: Cassette, *, passed: bool) -> None:
        try:
            cassette.finish(passed=passed)
            self._usage = cassette.usage()
        except Exception as error:  # noqa: BLE001  a full disk, for example: kept for verify
            self._blame(as_cassette_error(error, cassette))

    def usage(self) -> Usage | None:
        """Return what was done with the cassette, once the harness is closed; None where there is no cassette."""
        return self._usage

    def verify(self) -> None:
        """Fail for what was left behind.

        Raises `VerificationError` for calls that nobody answered and breaches (also where the code under test
        swallowed the exception), for stubs never used, and under `strict` for drift.
        """
        problems = self.problems()
        if problems:
            raise VerificationError(messages.left_behind(problems))

    def problems(self, *, unused_stubs: bool = True) -> list[str]:
        """Return what `verify` fails for, one text each; stubs never used only where they are asked for."""
        problems = list(self._problems)
        if unused_stubs and not self.options.allow_unused_stubs:
            problems += [messages.unused_stub(stub, step) for stub, step in self._stubs.unused()]
        drifts = self.drifts()
        if self.options.strict and drifts:
            problems.append(f"drift, and strict is on:\n{messages.table(drifts)}")
        return problems

    def drifts(self) -> list[Violation]:
        """Return what the service sent, and the contract does not know."""
        return [finding for finding in self.findings if finding.severity == "drift"]

    @property
    def offline(self) -> bool:
        """Whether no call may reach the network."""
        return self.options.mode.offline

    # --- what tests say ------------------------------------------------------------------------------------

    def on(self, operation: str, /, **members: Any) -> Answers:
        """Start a stub for the calls of an operation whose request has these members.

        Matching is partial and in any order; `unittest.mock.ANY` fits everything, images are compared by their
        bytes. Of several stubs that match a call, the one registered last answers. Raises `UnknownOperationError`,
        or `UsageError` for what no request of the operation can match.
        """
        name = catalog.operation(operation).name
        criteria = {key: plain_image(value) for key, value in members.items()}
        check_criteria(name, criteria)
        stub = Stub(name, criteria, show_caller())
        self._stubs.stubs.append(stub)
        return Answers(stub)

    def calls(self, operation: str | None = None) -> list[Exchange]:
        """Return the exchanges so far, of one operation or of all, in the order in which the answers came.

        Attempts that botocore repeated count one by one.
        """
        name = None if operation is None else catalog.operation(operation).name
        return [record.exchange for record in list(self._records) if name in {None, record.call.operation}]

    def sources(self) -> list[Source]:
        """Return who answered, one entry an exchange."""
        return [record.reply.source for record in list(self._records)]

    def client(self, **keywords: Any) -> RekognitionClient:
        """Create a client: boto3's where it is installed, else botocore's. Any other client serves as well."""
        return create_client(keywords)

    # --- what the reference is told ------------------------------------------------------------------------

    @property
    def reference(self) -> ReferenceBackend:
        """The reference backend of this harness, which answers in mode `reference`."""
        with self._lock:
            if self._reference is None:
                self._reference = reference_backend(self.options)
            return self._reference

    @property
    def clock(self) -> Clock:
        """The reference's time: `rekognition.clock.advance(60)`."""
        return self.reference.clock

    @property
    def jobs(self) -> Jobs:
        """The reference's analyses of videos, and how long they take: `rekognition.jobs.takes = 30`."""
        return self.reference.jobs

    @property
    def celebrities(self) -> Celebrities:
        """The people whom the reference is to know: `rekognition.celebrities.add(...)`."""
        return self.reference.celebrities

    @property
    def liveness(self) -> Liveness:
        """What the reference's liveness sessions come to: `rekognition.liveness.outcome(...)`."""
        return self.reference.liveness

    def know(self, image: Any, faces: int | Sequence[Mapping[str, Any]]) -> None:
        """State the faces that the reference is to see in an image: bytes, a file's path, or a drawn image.

        `faces` is their number, or a mapping each: the overrides of `face_detail`, and `person`, a name. Faces of
        one person are alike, those of two are not. Raises `UsageError`, also where the reference answers no call,
        or `ContractError` for an impossible face.
        """
        if self._reference is None:
            refuse_unasked(self.options)
        self.reference.know(*statement(image, faces))

    # --- the tap -------------------------------------------------------------------------------------------

    def answer(self, call: WireCall) -> WireReply | None:
        """Answer a call, or return None to let it go to the service; `alter` may change either."""
        return self._answered(call) if self.alter is None else self.alter(call, self._answered)

    def _answered(self, call: WireCall) -> WireReply | None:
        """Answer a call from the stubs, the cassette or the reference backend; None lets it go to the service."""
        answered = self._stubbed(call) or self._replay(call.call)
        if answered is not None:
            return answered
        if self.options.uses_reference:
            return self._referenced(call)
        if not self.offline:
            return None
        raise self._blame(UnansweredCallError(self._unanswered(call.call)))

    def _stubbed(self, call: WireCall) -> WireReply | None:
        step = self._stubs.take(call.call)
        return None if step is None else self._serve(step.serve, call, "stub", unchecked=step.unchecked)

    def _referenced(self, call: WireCall) -> WireReply:
        if call.call.operation not in REFERENCED:
            raise self._blame(NoReferenceError(messages.no_reference(call.call.operation)))
        return self._serve(self.reference.reply, call, "reference")

    def observe(self, call: WireCall, reply: WireReply) -> None:
        """Judge an exchange and keep it; raises `ContractError` for a breach, which `verify` repeats."""
        record = Record(call.call, reply)
        with self._lock:
            self._records.append(record)
        self._record(call.call, reply)
        if not reply.unchecked:
            self._judge(call, record)

    def answer_http(self, call: WireCall) -> WireReply:
        """Answer a call that came over HTTP, in any mode: from the stubs, else the reference; and judge it."""
        reply = self._answered_here(call) if self.alter is None else self.alter(call, self._answered_here)
        answered = cast("WireReply", reply)
        self.observe(call, answered)
        return answered

    def _answered_here(self, call: WireCall) -> WireReply:
        return self._stubbed(call) or self._referenced(call)

    def _replay(self, call: Call) -> WireReply | None:
        """Answer a call from the cassette; `ContractError`, `CassetteError` are kept for `verify`."""
        if self.cassette is None:
            return None
        try:
            found = self.cassette.take(call)
            body, members = (b"", None) if found is None else self.cassette.served(found)
        except CassetteError as error:
            raise self._blame(error) from None
        except Exception as error:
            raise self._blame(as_cassette_error(error, self.cassette)) from error
        if found is None:
            return None
        return wire.WireReply(
            found.status,
            body,
            "cassette",
            response=members if isinstance(members, dict) and not found.failed else None,
            request_id=found.request_id,
            recorded=found.recorded.at,
        )

    def _record(self, call: Call, reply: WireReply) -> None:
        if self.cassette is None or reply.arrival is None or not self.options.mode.records:
            return
        try:
            self.cassette.record(call, reply.status, reply.body, reply.arrival)
        except CassetteError as error:
            raise self._blame(error) from None
        except Exception as error:
            raise self._blame(as_cassette_error(error, self.cassette)) from error

    def _unanswered(self, call: Call) -> str:
        return messages.unanswered(
            call,
            self.options.mode.value,
            self._stubs.nearest(call),
            [stub.operation for stub in self._stubs.stubs],
            has_reference=call.operation in REFERENCED,
            cassette=self.cassette,
            record_command=self.options.record_command,
        )

    def _serve(
        self, serve: Callable[[Call], Reply], call: WireCall, source: Source, *, unchecked: bool = False
    ) -> WireReply:
        try:
            reply = serve(call.call)
        except ServiceError as error:
            body = wire.error_body(error.code, error.message)
            return wire.WireReply(error.status, body, source, unchecked)
        except PytestRekognitionError as error:
            self._blame(error)
            raise
        except Exception as error:
            if not wire.is_client_error(error):  # a lost connection may be what the test is about
                self._keep(messages.failing_function(call.call.operation, error))
            raise
        return wire.WireReply(_OK, document_of(reply), source, unchecked, reply.response)

    def _judge(self, call: WireCall, record: Record) -> None:
        """Check an exchange and keep what is wrong; raises for a breach, and for a stub that knows too much."""
        violations = self._violations(call, record)
        fatal = REFUSED_IN_STUBS if record.reply.source == "stub" else _FATAL
        breaches = [violation for violation in violations if violation.severity in fatal]
        with self._lock:
            self.findings += [violation for violation in violations if violation.severity not in fatal]
        if breaches:
            text = messages.broken_exchange(call.call.operation, record.reply.source, breaches)
            raise self._blame(ContractError(text, breaches))

    def _violations(self, call: WireCall, record: Record) -> list[Violation]:
        contract = Contract(call.call.operation)
        answered: list[Violation]
        if record.unreadable is not None:
            answered = [record.unreadable]
        elif not record.failed:
            answered = self._response_violations(contract, call, record.judged_response)
        else:
            answered = contract.check_error(*record.error, record.reply.status)
        found = request_violations(contract, call, record) + answered
        when = record.reply.recorded
        return [replace(violation, recorded=when) for violation in found] if when and found else found

    def _response_violations(self, contract: Contract, call: WireCall, response: object) -> list[Violation]:
        """Check a response; the very same one was judged already if its request differs in images alone."""
        asked = catalog.operation(call.call.operation).without_images(call.wire)
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
            self._keep(str(error))
        return error

    def _keep(self, problem: str) -> None:
        with self._lock:
            self._problems.append(problem)
