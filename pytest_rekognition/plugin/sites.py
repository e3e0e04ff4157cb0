"""The answers that a test receives, by name: watching them in a first run, altering one of them in another."""

from __future__ import annotations

import json
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rekognition.errors import ContractError, UnknownOperationError, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from pytest_rekognition.exchange import Violation
    from pytest_rekognition.strategies.alterations import Alteration, Rest
    from pytest_rekognition.wire import WireCall, WireReply

    Answer = Callable[[WireCall], WireReply | None]

#: How many calls more than in its first run a test may make before it counts as endless.
MOST_CALLS = 1000
#: How many times more it may ask for the answer that a job or a session has failed.
MOST_POLLS = 10
_OK = 200


class EndlessCallsError(BaseException):
    """Ends a test that calls for ever; no `except Exception` of an application keeps it from that."""


class VariantName(NamedTuple):
    """Which answer, and how it is altered: `DetectFaces#1:no-faces`. In what a test accepts, parts may be open."""

    #: the API's name, or nothing for any
    operation: str
    #: which of the operation's answers in this test, from 1; 0 for any
    number: int
    #: such as `no-faces`; `unknown-value` stands for all those of any enumeration
    variant: str

    def __str__(self) -> str:
        number = f"#{self.number}" if self.number else ""
        return f"{self.operation}{number}:{self.variant}" if self.operation else self.variant

    @property
    def site(self) -> str:
        """Which answer: `DetectFaces#1`."""
        return f"{self.operation}#{self.number}"

    def covers(self, other: VariantName) -> bool:
        """Tell whether this name, parts of which may be open, means another one too."""
        return (
            self.operation in {"", other.operation}
            and self.number in {0, other.number}
            and self.variant in {other.variant, _kind(other.variant)}
        )


def one_variant(text: str) -> VariantName:
    """Return the variant of one answer; `UsageError` for what names none."""
    name = variant_name(text)
    if not (name.operation and name.number):
        raise UsageError(f"{text!r} names no single answer; one is named like 'DetectFaces#1:no-faces'.")
    return name


def variant_name(text: str) -> VariantName:
    """Return what a name means; `UsageError`, with a guess, for one that means nothing."""
    from pytest_rekognition import catalog  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.strategies.alterations import names  # noqa: PLC0415

    known = dict.fromkeys(name for operation in catalog.operations() for name in names(operation))
    head, _, rest = text.partition(":")
    if _is_among(head, known):
        return VariantName("", 0, _checked(text, text, known))
    site, hash_sign, number = head.partition("#")
    if not rest:
        raise UsageError(f"{text!r} {_missing(site, known)}")
    operation = catalog.operation(site).name
    if hash_sign and not (number.isascii() and number.isdigit() and int(number)):
        raise UsageError(f"{text!r}: {number!r} is no number of an answer; the first one is 1.")
    return VariantName(operation, int(number or 0), _checked(text, rest, names(operation), f" of {operation}"))


def _missing(site: str, known: Iterable[str]) -> str:
    """Say what is wrong with a name that has no colon."""
    from pytest_rekognition import catalog  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.strategies.alterations import names  # noqa: PLC0415

    try:
        operation = catalog.operation(site).name
    except UnknownOperationError:
        return f"is no variant{did_you_mean(site, known)} {_list(known)}"
    those = names(operation)
    return (
        f"names answers, but no variant of them; write one after a colon, as in '{operation}#1:{those[-1]}'."
        f" {_list(those, f' of {operation}')}"
    )


def _checked(text: str, variant: str, known: Iterable[str], whose: str = "") -> str:
    if not _is_among(variant, known):
        guess = did_you_mean(variant, known)
        raise UsageError(f"{text!r}: {variant!r} is no variant{whose}{guess} {_list(known, whose)}")
    return variant


def _list(known: Iterable[str], whose: str = "") -> str:
    """Name the variants of an operation; of all operations, the enumerations' paths are too many."""
    shown = known if whose else dict.fromkeys(_kind(name) for name in known)
    return f"The variants{whose}: {', '.join(shown)}."


def _kind(variant: str) -> str:
    return variant.partition(":")[0]


def _is_among(variant: str, known: Iterable[str]) -> bool:
    return any(variant in {name, _kind(name)} for name in known)


class _Numbered:
    """Counts the calls of a test, and the answers of each operation; several threads may call."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        #: how many calls were made
        self.calls = 0
        self._answers: Counter[str] = Counter()

    def count_call(self) -> int:
        with self.lock:
            self.calls += 1
            return self.calls

    def count_answer(self, operation: str) -> int:
        with self.lock:
            self._answers[operation] += 1
            return self._answers[operation]


class Watch(_Numbered):
    """Remembers each successful answer of a test; a harness's `alter`."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: list[tuple[str, int, dict[str, Any], Mapping[str, Any]]] = []

    def __call__(self, call: WireCall, answer: Answer) -> WireReply | None:
        """Let a call be answered, and remember the answer."""
        self.count_call()
        reply = answer(call)
        if reply is not None:
            operation = call.call.operation
            number = self.count_answer(operation)
            document = _document(reply)
            if document is not None:
                self._seen.append((operation, number, call.wire, document))
        return reply

    @property
    def sites(self) -> set[str]:
        """The answers that can be altered, such as `DetectFaces#1`."""
        return {f"{operation}#{number}" for operation, number, *_ in self._seen}

    def variants(self) -> Iterator[VariantName]:
        """Yield the variants of every answer: of each operation's first answer, of its second, and so on.

        Unknown members come last of all: botocore drops them, so that few applications ever see them.
        """
        from pytest_rekognition.strategies.alterations import UNKNOWN_MEMBER, alterations  # noqa: PLC0415

        last: list[VariantName] = []
        for operation, number, request, document in sorted(self._seen, key=lambda seen: seen[1]):
            for altered in alterations(operation, request, document):
                name = VariantName(operation, number, altered.name)
                if altered.name == UNKNOWN_MEMBER:
                    last.append(name)
                else:
                    yield name
        yield from last


class Play(_Numbered):
    """Alters one answer of a test, and leaves the others as they are; a harness's `alter`."""

    def __init__(self, name: VariantName, calls: int = 0) -> None:
        """Alter the answer `name`, in a test that has made so many calls in its first run."""
        super().__init__()
        self._name = name
        self._most_calls = calls + MOST_CALLS
        self._most_polls = calls + MOST_POLLS
        self._rest: Rest | None = None
        self._polls = 0
        self._reply: WireReply | None = None
        #: what the answer was altered to; None as long as it was not
        self.altered: Alteration | None = None
        #: whether a call was made that the test has no answer for
        self.is_astray = False
        #: what is wrong with a request that nobody could answer, where that is why
        self.request_breach = ""
        #: what is wrong with the application's calls: they never end, or one goes on with something else
        self.fault: BaseException | None = None
        #: the answers that could have been altered
        self.sites: list[str] = []

    def __call__(self, call: WireCall, answer: Answer) -> WireReply | None:
        """Let a call be answered, and alter the answer that is meant."""
        if self.count_call() > self._most_calls:
            raise self._blame(
                EndlessCallsError(f"{call.call.operation}, call {self._most_calls + 1:,} of this test")
            )
        following = self._following(call)
        if following is not None:
            return following
        reply = self._given(call, answer)
        if reply is None:
            return None
        number = self.count_answer(call.call.operation)
        self.sites.append(f"{call.call.operation}#{number}")
        is_meant = (call.call.operation, number) == self._name[:2]
        return self._alter(call, reply) if is_meant else reply

    def _given(self, call: WireCall, answer: Answer) -> WireReply | None:
        from pytest_rekognition.contract import Contract  # noqa: PLC0415  loaded long before any call
        from pytest_rekognition.wire import is_client_error  # noqa: PLC0415

        try:
            return answer(call)
        except Exception as error:
            self.is_astray |= not is_client_error(error)  # a lost connection may be what the test is about
            for violation in Contract(call.call.operation).check_request(call.wire)[:1]:
                self.request_breach = request_breach(violation)
            raise

    def _alter(self, call: WireCall, reply: WireReply) -> WireReply:
        from pytest_rekognition.strategies.alterations import alteration  # noqa: PLC0415  not at plugin load

        document = _document(reply)
        if document is None:
            return reply
        altered = alteration(self._name.variant, call.call.operation, call.wire, document)
        if altered is None:
            return reply
        self.altered, self._rest, self._reply = altered, altered.rest, reply
        return _with(reply, altered.answer)

    def _following(self, call: WireCall) -> WireReply | None:
        """Answer the call that goes on where the altered answer ended; once, unless that was the end."""
        with self.lock:
            if call.call.operation != self._name.operation:
                self._polls = 0  # whoever does something else in between does not wait for the end alone
                return None
            rest, reply = self._rest, self._reply
            if rest is None or reply is None or not rest.answers(call.wire):
                return None
            self._polls += 1
            is_endless = self._polls > self._most_polls
            if not rest.is_final:
                self._rest = None
        if is_endless:
            text = f"{call.call.operation}, asked for {self._most_polls} times in a row after {self._name.variant}"
            raise self._blame(EndlessCallsError(text))
        self._check_following(call, rest)
        return _with(reply, rest.answer)

    def _check_following(self, call: WireCall, rest: Rest) -> None:
        """Hold the request that goes on against the contract, and against the one whose answer was altered.

        The service refuses a token with other members than those that it was given for.
        """
        from pytest_rekognition.contract import Contract  # noqa: PLC0415  loaded long before any call

        operation = call.call.operation
        found = Contract(operation).check_request(call.wire)
        breaches = [violation for violation in found if violation.severity == "breach"]
        stray = rest.stray(call.wire)
        if breaches:
            raise self._blame(ContractError(request_breach(breaches[0]), breaches))
        if stray:
            text = f"request of {operation} has a token, and another {stray} than the one that the token came for"
            raise self._blame(ContractError(text))

    def _blame(self, fault: BaseException) -> BaseException:
        """Keep what is wrong with the application's calls, in case it swallows it, or another thread has it."""
        with self.lock:
            self.fault = self.fault or fault
        return fault


def request_breach(violation: Violation) -> str:
    """Say that a request is wrong."""
    return f"request of {violation.operation} breaks the contract: {violation}"


def _document(reply: WireReply) -> Mapping[str, Any] | None:
    """Return the members of a successful answer; None for a failure, and for what cannot be read."""
    if reply.status != _OK or reply.response is not None:
        return reply.response if reply.status == _OK else None
    try:
        document = json.loads(reply.body)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _with(reply: WireReply, answer: dict[str, Any]) -> WireReply:
    """Return a reply with another answer; what is odd in it is meant to be, and was checked."""
    return reply._replace(body=json.dumps(answer).encode(), response=answer, unchecked=True)
