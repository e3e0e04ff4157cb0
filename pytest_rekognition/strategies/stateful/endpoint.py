"""What a stateful test asks with: a client's methods by the API's names, and errors as values."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar

from pytest_rekognition import catalog
from pytest_rekognition.contract import Contract
from pytest_rekognition.errors import PytestRekognitionError
from pytest_rekognition.showing import show, show_members
from pytest_rekognition.strategies.stateful.model import Outline

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_rekognition.exchange import Violation

T = TypeVar("T")

#: pages of one listing, beyond which it is taken to be endless
_MOST_PAGES: Final = 1000
_ONE_ANSWER: Final = (
    "ClientRequestToken: 'If you use the same token with multiple … requests, the same response is returned.'"
)
_ANOTHER_REQUEST: Final = (
    "'A ClientRequestToken input parameter was reused with an operation, but at least one of the other input"
    " parameters is different from the previous call to the operation.'"
)


class DivergenceError(PytestRekognitionError, AssertionError):
    """An endpoint did what its documentation rules out."""


class Question(NamedTuple):
    """A call, and what is expected of its answer."""

    operation: str
    request: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.operation}({show_members(self.request)})"

    def hold(self, what: str, due: object, answered: object, why: str) -> None:
        """Raise `DivergenceError` unless two values are equal."""
        if due != answered:
            raise DivergenceError(f"{self}: {what}: {show(due)} is due, {show(answered)} was answered. {why}")

    def hold_outlines(self, what: str, due: Sequence[Outline], answered: Sequence[Outline], why: str) -> None:
        """Raise `DivergenceError` unless faces lie where they are due, one by one."""
        fit = len(due) == len(answered) and all(map(Outline.fits, due, answered))
        if not fit:
            self.hold(what, [face.as_wire() for face in due], [face.as_wire() for face in answered], why)

    def refuse(self, wrong: str, items: Sequence[object], why: str) -> None:
        """Raise `DivergenceError` where there is something wrong."""
        if items:
            raise DivergenceError(f"{self} {wrong}: {show(items)}. {why}")


class Endpoint:
    """Asks one client, and holds it to what is expected."""

    def __init__(self, client: Any, *, settle: float, pause: float) -> None:
        self._client = client
        self._settle = settle
        self._pause = pause

    def outcome(self, operation: str, **request: Any) -> tuple[str | None, Any]:
        """Return the error's code, or None, and the answer, or the error's sentence.

        Raises `DivergenceError` where either breaks the operation's contract.
        """
        question, contract = Question(operation, request), Contract(operation)
        method = getattr(self._client, catalog.method_name(operation))
        try:
            answer = method(**request)
        except self._client.exceptions.ClientError as error:
            code, sentence = error.response["Error"]["Code"], error.response["Error"]["Message"]
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
            violations = contract.check_error(code, sentence, status)
            _keep_to_contract(question, f"failed with {code}: {sentence}", violations)
            return code, sentence
        _keep_to_contract(question, "answered", contract.check_response(answer, request))
        return None, answer

    def answer(self, operation: str, **request: Any) -> Any:
        """Return the answer of a call that has to succeed; `DivergenceError` where it does not."""

        def ask() -> Any:
            code, answer = self.outcome(operation, **request)
            if code is not None:
                raise DivergenceError(f"{Question(operation, request)} failed with {code}: {answer}")
            return answer

        return self.settled(ask)

    def answer_once(self, operation: str, other: Mapping[str, Any] | None, **request: Any) -> Any:
        """Return the answer of a call that has to succeed, made with a ClientRequestToken.

        The same again must be answered the same; with the members of `other`, the token must be refused.
        """
        request["ClientRequestToken"] = str(uuid.uuid4())
        first = self.answer(operation, **request)
        again = self.answer(operation, **request)
        Question(operation, request).hold("the answer to one token", _plain(first), _plain(again), _ONE_ANSWER)
        if other is not None:
            code = "IdempotentParameterMismatchException"
            self.refused(operation, code, why=_ANOTHER_REQUEST, **request | dict(other))
        return first

    def refused(self, operation: str, *codes: str, why: str, **request: Any) -> None:
        """Make a call that has to fail with one of some codes; `DivergenceError` where it does not."""

        def ask() -> None:
            code, answer = self.outcome(operation, **request)
            if code not in codes:
                got = f"answered {show(_plain(answer))}" if code is None else f"failed with {code}: {answer}"
                raise DivergenceError(f"{Question(operation, request)} {got}; {' or '.join(codes)} is due: {why}")

        self.settled(ask)

    def pages(self, operation: str, member: str, size: int | None = None, **request: Any) -> list[list[Any]]:
        """Return the pages of a listing, each no longer than `size`."""
        pages: list[list[Any]] = []
        place = request | ({} if size is None else {"MaxResults": size})
        while len(pages) < _MOST_PAGES:
            answer = self.answer(operation, **place)
            page = answer[member]
            if size is not None and len(page) > size:
                raise DivergenceError(f"{Question(operation, place)} gave {len(page)} {member} on one page")
            pages.append(page)
            if not answer.get("NextToken"):
                return pages
            place["NextToken"] = answer["NextToken"]
        raise DivergenceError(f"{Question(operation, request)} still has a NextToken after {_MOST_PAGES:,} pages")

    def settled(self, check: Callable[[], T]) -> T:
        """Return what a check returns, repeated for as long as the endpoint may take to settle."""
        deadline = time.monotonic() + self._settle
        while True:
            try:
                return check()
            except DivergenceError:
                if time.monotonic() >= deadline:
                    raise
            time.sleep(self._pause)


def _keep_to_contract(question: Question, did: str, violations: Sequence[Violation]) -> None:
    breaches = [str(violation) for violation in violations if violation.severity == "breach"]
    if breaches:
        raise DivergenceError(f"{question} {did}, which breaks the contract: {'; '.join(breaches)}")


def _plain(answer: Any) -> Any:
    """Return an answer without what the client adds."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
