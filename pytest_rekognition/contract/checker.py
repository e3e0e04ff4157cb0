"""`Contract`: one operation's requests, responses and errors, held against what is documented."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal

import jsonschema_rs

from pytest_rekognition import catalog
from pytest_rekognition.contract import wire_values
from pytest_rekognition.contract.bounds import bounded
from pytest_rekognition.contract.paths import json_path, locate, sort_key
from pytest_rekognition.contract.quirks import quirk
from pytest_rekognition.contract.rules import rows
from pytest_rekognition.contract.wording import named, shorten
from pytest_rekognition.exchange import Violation
from pytest_rekognition.members import converted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.contract.explain import Fault, Place
    from pytest_rekognition.contract.paths import Steps
    from pytest_rekognition.contract.rules import Finding
    from pytest_rekognition.exchange import Exchange, Severity

    PayloadSide = Literal["request", "response"]
    _Placed = tuple[Steps, Violation]


class Contract:
    """What is documented for one operation, by its API name (`"DetectFaces"`) or method (`"detect_faces"`).

    One object serves an operation: `Contract("DetectFaces") is Contract("detect_faces")`. Payloads are wire JSON
    or botocore's dicts (datetimes, bytes, `ResponseMetadata`). Raises `UnknownOperationError`.
    """

    __slots__ = ("_request", "_response", "operation")

    #: the API's name, such as `"DetectFaces"`
    operation: str
    _request: _Side
    _response: _Side

    def __new__(cls, operation: str) -> Contract:  # noqa: D102, PYI034  one object an operation
        return _contract(catalog.operation(operation).name)

    def __repr__(self) -> str:
        return f"Contract({self.operation!r})"

    def __reduce__(self) -> tuple[type[Contract], tuple[str]]:
        return Contract, (self.operation,)

    def check_request(self, request: Any) -> list[Violation]:
        """Return what is wrong with a request's members, sorted by path."""
        return self._request.check(request, None)

    def check_response(self, response: Any, request: Any = None) -> list[Violation]:
        """Return what is wrong with a response's members, sorted by path.

        With the request, also what does not answer it: attributes, thresholds, limits, ids. The request may lack
        members; one with an optional member that breaks its schema counts as unknown.
        """
        known = self._request.held(request) if request is not None else None
        return self._response.check(response, known)

    def check_error(self, code: str, message: str, status: int | None = None) -> list[Violation]:
        """Return what is wrong with an error that the operation answered; `status` is HTTP's."""
        return list(_error_violations(catalog.operation(self.operation), code, message, status))

    def check(self, exchange: Exchange) -> list[Violation]:
        """Return what is wrong with an exchange: its request, then its response or its error."""
        violations = self.check_request(exchange.request)
        if exchange.response is not None:
            violations += self.check_response(exchange.response, exchange.request)
        if exchange.error is not None:
            violations += self.check_error(*exchange.error, exchange.status)
        return violations


@cache
def _contract(operation: str) -> Contract:
    contract = object.__new__(Contract)
    documented = catalog.operation(operation)
    contract.operation = documented.name
    contract._request = _Side("request", documented)
    contract._response = _Side("response", documented)
    return contract


class _Side:
    """The schema and the rules of an operation's request or response."""

    def __init__(self, side: PayloadSide, documented: catalog.Operation) -> None:
        self._operation = documented.name
        self._side: PayloadSide = side
        self._schema: Any = bounded(catalog.schema(documented.name, side))
        self._validator = jsonschema_rs.Draft202012Validator(self._schema)
        self._is_valid = self._validator.is_valid
        if side == "request":
            blobs, timestamps = documented.request_blobs, documented.request_timestamps
        else:
            blobs, timestamps = documented.response_blobs, documented.response_timestamps
        self._rows = rows(documented.name, side)
        self._conversions = [(where, wire_values.blob) for where in blobs]
        self._conversions += [(where, wire_values.timestamp) for where in timestamps]

    def check(self, payload: Any, request: Mapping[str, Any] | None) -> list[Violation]:
        """Return what is wrong with a payload, sorted by path; rules only speak where the schema holds."""
        payload = self._wire(payload)
        if self._accepts(payload):
            placed = self._rule_violations(payload, request)
        else:
            places = self._places(payload) if wire_values.is_plain(payload) else []
            payload = payload if places else wire_values.simplified(payload)
            placed = self._schema_violations(payload, places)
            if not any(violation.severity == "breach" for _, violation in placed):
                placed += self._rule_violations(payload, request)
        if not placed:
            return []
        return [violation for _, violation in sorted(placed, key=_place)]

    def held(self, payload: Any) -> Any:
        """Return the payload as wire JSON, without members that break; None where what it asks for is unknown.

        It may lack members. A broken required one is left out, as nothing rests on its absence; the absence of an
        optional one means its default, so that one which breaks leaves the request unknown.
        """
        payload = self._wire(payload)
        if self._accepts(payload):
            return payload
        payload = wire_values.simplified(payload)
        if not isinstance(payload, dict):
            return None
        broken = {name for name, value in payload.items() if not self._holds(name, value)}
        optional = self._schema.get("properties", {}).keys() - self._schema.get("required", ())
        return None if broken & optional else {name: payload[name] for name in payload.keys() - broken}

    def _holds(self, name: Any, value: Any) -> bool:
        """Tell whether a member keeps its schema, whatever else the structure lacks."""
        lone = {name: value}
        try:
            return wire_values.is_plain(lone) and self._partial.is_valid(lone)
        except (ValueError, RecursionError):
            return False

    @cached_property
    def _partial(self) -> Any:
        """The validator of a structure that may lack any of its members."""
        return jsonschema_rs.Draft202012Validator({**self._schema, "required": []})

    def _wire(self, payload: Any) -> Any:
        """Return the payload as wire JSON; it is copied only where something has to change."""
        if isinstance(payload, Mapping) and not isinstance(payload, dict):
            payload = dict(payload)
        if self._side == "response":
            payload = wire_values.without_sdk_members(payload)
        for where, convert in self._conversions:
            payload = converted(payload, where, convert)
        return payload

    def _accepts(self, payload: Any) -> bool:
        try:
            return self._is_valid(payload) and wire_values.is_plain(payload)
        except (ValueError, RecursionError):  # something that is no JSON at all, such as bytes
            return False

    def _schema_violations(self, payload: Any, places: list[Place]) -> list[_Placed]:
        if not places and self._accepts(payload):
            return []
        from pytest_rekognition.contract.explain import NO_JSON, faults  # noqa: PLC0415  only a failure pays for it

        try:
            found = faults(self._schema, payload, places)
        except (ValueError, TypeError, ArithmeticError, RecursionError):
            found = []
        return [
            self._violation(fault.steps, fault.keyword, self._severity(fault, payload), fault)
            for fault in found or [NO_JSON]
        ]

    def _places(self, payload: Any) -> list[Place]:
        """Return where jsonschema-rs finds faults; nowhere, where it cannot read the payload."""
        try:
            errors = self._validator.iter_errors(payload)
            return [(tuple(error.instance_path), tuple(error.schema_path)) for error in errors]
        except (ValueError, RecursionError):
            return []

    def _severity(self, fault: Fault, payload: Any) -> Severity:
        if self._side == "request":
            return "breach"
        if fault.keyword == "enum" or (
            fault.keyword == "additionalProperties" and isinstance(fault.steps[-1], str)
        ):
            return "drift"  # the service may have grown
        return "note" if quirk(fault.keyword, fault.steps, payload) else "breach"

    def _rule_violations(self, payload: Any, request: Mapping[str, Any] | None) -> list[_Placed]:
        found: list[_Placed] = []
        for where, rules in self._rows:
            for steps, part in locate(payload, where):
                for rule in rules:
                    for finding in rule.check(part, request):
                        place = (*steps, *finding.steps)
                        found.append(self._violation(place, rule.name, rule.severity, finding))
        return found

    def _violation(self, steps: Steps, rule: str, severity: Severity, what: Fault | Finding) -> _Placed:
        violation = Violation(
            operation=self._operation,
            side=self._side,
            path=json_path(steps),
            rule=rule,
            severity=severity,
            message=what.message,
            value=what.value,
        )
        return steps, violation


def _place(placed: _Placed) -> tuple[Any, str]:
    steps, violation = placed
    return sort_key(steps), violation.rule


def _error_violations(documented: catalog.Operation, code: Any, message: Any, status: Any) -> Iterator[Violation]:
    """Yield what is wrong with an error: its code, its message, its HTTP status."""

    def violation(path: str, rule: str, text: str, value: Any) -> Violation:
        return Violation(
            operation=documented.name,
            side="error",
            path=path,
            rule=rule,
            severity="breach",
            message=text,
            value=value,
        )

    known = catalog.error(code) if isinstance(code, str) else None
    if not isinstance(code, str) or not catalog.documents_error(documented.name, code):
        text = (
            f"is {shorten(code)}, undocumented for {documented.name}, whose errors are {named(documented.errors)}"
        )
        yield violation("$.__type", "documented-error", text, code)
    if not isinstance(message, str):
        yield violation("$.Message", "type", f"is {shorten(message)}, where text is due", message)
    if known and status is not None and status not in known.statuses:
        text = f"is HTTP {status}, where {code} comes with {' or '.join(map(str, known.statuses))}"
        yield violation("$", "error-status", text, status)
