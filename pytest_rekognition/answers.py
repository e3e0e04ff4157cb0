"""The verbs of a stub, and the kinds of answers that they register."""

from __future__ import annotations

import json
from contextlib import contextmanager
from copy import deepcopy
from typing import TYPE_CHECKING, Any, Self

from pytest_rekognition import builders, catalog
from pytest_rekognition.backends.stubs import Step
from pytest_rekognition.contract import Contract
from pytest_rekognition.contract.outgoing import to_wire
from pytest_rekognition.errors import ContractError, ServiceError, UsageError, did_you_mean
from pytest_rekognition.exchange import Call, Reply
from pytest_rekognition.report import messages
from pytest_rekognition.sentences import sentences
from pytest_rekognition.showing import show, show_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pytest_rekognition.backends.stubs import Stub
    from pytest_rekognition.exchange import Violation

_LONGEST_LABEL = 100
#: A test's own answer has no excuse of growth: what the contract does not know is a slip of the pen.
REFUSED_IN_STUBS = frozenset({"breach", "drift"})


class Answers:
    """The verbs of a stub: what it answers. They chain, and are given one after the other."""

    def __init__(self, stub: Stub) -> None:
        self._stub = stub

    def returns(
        self,
        response: Mapping[str, Any] | None = None,
        /,
        *,
        times: int | None = None,
        unchecked: bool = False,
        **overrides: Any,
    ) -> Self:
        """Answer with a response: as given, or completed from `overrides` to one that fits the request.

        `overrides` are those of `pytest_rekognition.build`: `returns(faces=2, smile=True)`. Served `times` times,
        or for ever. Raises `ContractError` where the operation cannot give the answer, unless `unchecked`.
        """
        shown = show_members(overrides) if response is None else show(response)
        label = f"returns({shown if len(shown) <= _LONGEST_LABEL else f'{shown[:_LONGEST_LABEL]}…'})"
        with self._registering():
            serve = self._response(response, overrides)
            if not unchecked:
                self._refuse_breaches(serve, label)
            return self._add(serve, times, label, unchecked=unchecked)

    def raises(
        self, code: str, message: str | None = None, *, times: int | None = None, unchecked: bool = False
    ) -> Self:
        """Answer with a modelled error, so that the client raises it after its real retries.

        `message` and the HTTP status are the service's own where nothing else is said. Raises `UsageError` for an
        error that the operation does not document, unless `unchecked`.
        """
        with self._registering():
            operation = catalog.operation(self._stub.operation)
            if not unchecked and not catalog.documents_error(operation.name, code):
                guess = did_you_mean(code, operation.errors)
                raise UsageError(messages.undocumented_error(operation.name, code, operation.errors, guess))
            shape = catalog.error(code)
            error = ServiceError(code, message or sentences(code)[0], shape.status if shape else 400)
            return self._add(_Failing(error), times, f"raises({code!r})", unchecked=unchecked)

    def answers(
        self,
        answer: Callable[[Mapping[str, Any]], Mapping[str, Any]],
        *,
        times: int | None = None,
        unchecked: bool = False,
    ) -> Self:
        """Answer with what a function makes of the request: a whole response, or a raised `ServiceError`.

        The request is wire JSON, images as bytes. Each answer is held against the contract when it is given.
        """
        with self._registering():
            if not callable(answer):
                raise UsageError(f"answers() takes a function of the request, not {show(answer)}")
            label = f"answers({getattr(answer, '__name__', 'function')})"
            return self._add(_Computed(answer), times, label, unchecked=unchecked)

    @contextmanager
    def _registering(self) -> Iterator[None]:
        """Take the stub back if its registration is refused: it is not to be reported as unused as well."""
        try:
            yield
        except Exception:
            self._stub.refused = True
            raise

    def _response(self, response: Mapping[str, Any] | None, overrides: Mapping[str, Any]) -> _Built | _Fixed:
        if response is None:
            return _Built(self._stub, overrides)
        if overrides:
            raise UsageError("returns() takes a whole response, or members to complete one from; not both")
        return _Fixed(_plain_document(self._stub.operation, response))

    def _add(self, serve: Callable[[Call], Reply], times: int | None, label: str, *, unchecked: bool) -> Self:
        if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
            raise UsageError(f"times must be a whole number from 1, not {times!r}")
        self._stub.steps.append(Step(serve, times, unchecked, label))
        return self

    def _refuse_breaches(self, serve: _Built | _Fixed, label: str) -> None:
        """Refuse an answer that no request of this stub could get."""
        violations: Sequence[Violation]
        try:
            response = serve(Call(self._stub.operation, self._stub.criteria)).response
            violations = Contract(self._stub.operation).check_response(response)
        except ContractError as error:
            violations = error.violations
        refused = [violation for violation in violations if violation.severity in REFUSED_IN_STUBS]
        if refused:
            raise ContractError(messages.refused_stub(self._stub, label, refused), refused)


# --- the kinds of answers ------------------------------------------------------------------------------------


class _Fixed:
    """A whole response, the same for every call."""

    def __init__(self, response: Mapping[str, Any]) -> None:
        self._reply = _Prepared(response)

    def __call__(self, _: Call) -> Reply:
        return self._reply


class _Built:
    """A response completed for each request; requests that differ in images alone get the same object."""

    def __init__(self, stub: Stub, overrides: Mapping[str, Any]) -> None:
        self._operation = stub.operation
        self._overrides = overrides
        self._last: tuple[Mapping[str, Any], Reply] | None = None

    def __call__(self, call: Call) -> Reply:
        asked = catalog.operation(self._operation).without_images(call.request)
        last = self._last
        if last is None or last[0] != asked:
            response = builders.build_response(self._operation, call.request, self._overrides)
            last = self._last = (asked, _Prepared(response))
        return last[1]


class _Failing:
    """A modelled error."""

    def __init__(self, error: ServiceError) -> None:
        self._error = error

    def __call__(self, _: Call) -> Reply:
        raise self._error.with_traceback(None)


class _Computed:
    """What a function of the request returns."""

    def __init__(self, answer: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> None:
        self._answer = answer

    def __call__(self, call: Call) -> Reply:
        return Reply(_plain_document(call.operation, self._answer(deepcopy(dict(call.request)))))


class _Prepared(Reply):
    """A reply whose document is written once."""

    __slots__ = ("document",)

    def __init__(self, response: Mapping[str, Any]) -> None:
        super().__init__(response)
        object.__setattr__(self, "document", json.dumps(response).encode())


def document_of(reply: Reply) -> bytes:
    """Return a reply as the JSON document that crosses the wire."""
    return reply.document if isinstance(reply, _Prepared) else json.dumps(reply.response).encode()  # type: ignore[attr-defined]


def _plain_document(operation: str, response: Any) -> Mapping[str, Any]:
    """Return a response as wire JSON; botocore's own dicts (datetimes, bytes, ResponseMetadata) are understood."""
    if not hasattr(response, "items"):
        raise UsageError(f"a response is a mapping of members, not {show(response)}")
    try:
        return to_wire(operation, response)
    except (TypeError, ValueError) as error:
        raise UsageError(f"the response cannot cross the wire as JSON: {error}") from None
