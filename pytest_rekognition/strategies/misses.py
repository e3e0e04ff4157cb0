"""Near misses: exchanges that break exactly one constraint, and those that hold what AWS may add."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.contract.paths import json_path
from pytest_rekognition.showing import show
from pytest_rekognition.strategies.faults import growth, schema_faults
from pytest_rekognition.strategies.operations import api_name, plain_requests, plain_responses
from pytest_rekognition.strategies.spoilers import Case, request_faults
from pytest_rekognition.strategies.spoilt import rule_faults

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from pytest_rekognition.catalog import SchemaSide
    from pytest_rekognition.exchange import Severity
    from pytest_rekognition.strategies.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class NearMiss:
    """One exchange with one fault, and the one violation that the contract finds."""

    #: the API's name, such as `"DetectFaces"`
    operation: str
    #: which of the two is at fault
    side: SchemaSide
    #: images as `bytes`
    request: dict[str, Any]
    #: wire JSON; empty where the request is at fault
    response: dict[str, Any]
    #: the violation's JSON path, such as `$.FaceDetails[0].Confidence`
    path: str
    #: the violation's rule, such as `maximum` or `age-range-ordered`
    rule: str
    #: `breach` or `drift`
    severity: Severity

    def __repr__(self) -> str:
        what = f"{self.severity} {self.operation} {self.side} {self.rule} {self.path}"
        return f"<NearMiss {what}: {show(self.payload)}>"

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))  # Hypothesis would print every member, so a hundred faces

    @property
    def payload(self) -> dict[str, Any]:
        """The side that is at fault."""
        return self.request if self.side == "request" else self.response


@st.composite
def breaches(draw: DrawFn, operation: str) -> NearMiss:
    """Return exchanges of which one side breaks exactly one constraint, with the one violation that finds it.

    What is broken is any keyword of the operation's schemas or any of its rules: a missing member, a wrong type, a
    number out of its range, a match below the threshold, a landmark's type twice.
    """
    name = api_name(operation)
    request = draw(plain_requests(name))
    if draw(st.booleans()):
        response = draw(plain_responses(name, request, least=2))
        faults = [
            *rule_faults(Case(name, request, response)),
            *schema_faults("response", catalog.schema(name, "response"), response),
        ]
        if faults:
            return _spoilt(name, "response", request, response, draw(_one(faults)))
    faults = [
        *request_faults(name, request),
        *schema_faults("request", catalog.schema(name, "request"), request),
    ]
    return _spoilt(name, "request", request, {}, draw(_one(faults)))


@st.composite
def drifts(draw: DrawFn, operation: str) -> NearMiss:
    """Return exchanges whose response holds what AWS may add: a member, an enumeration's value, a landmark's type.

    The contract finds drift, once, and nothing else.
    """
    name = api_name(operation)
    request = draw(plain_requests(name))
    response = draw(plain_responses(name, request, least=1))
    fault = draw(_one(list(growth(catalog.schema(name, "response"), response))))
    return _spoilt(name, "response", request, response, fault, severity="drift")


@st.composite
def _one(draw: DrawFn, faults: list[Fault]) -> Fault:
    """Return one of the faults, each rule's as often as another's."""
    by_rule: dict[str, list[Fault]] = {}
    for fault in faults:
        by_rule.setdefault(fault.rule, []).append(fault)
    return draw(st.sampled_from(by_rule[draw(st.sampled_from(list(by_rule)))]))


def _spoilt(
    operation: str,
    side: SchemaSide,
    request: dict[str, Any],
    response: dict[str, Any],
    fault: Fault,
    *,
    severity: Severity = "breach",
) -> NearMiss:
    fault.apply()
    return NearMiss(
        operation=operation,
        side=side,
        request=request,
        response=response,
        path=json_path(fault.steps),
        rule=fault.rule,
        severity=severity,
    )
