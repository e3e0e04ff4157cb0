"""What a rule is: a small generator over one part of a payload, with the sentence that it rests on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pytest_rekognition.contract.paths import Steps
    from pytest_rekognition.exchange import Severity

    #: A request whose schema holds, or None where it is unknown.
    Request = Mapping[str, Any] | None
    Check = Callable[[Any, Request], Iterator["Finding"]]


class Finding(NamedTuple):
    """One way in which a part of a payload breaks a rule."""

    #: the steps from the part to the member at fault
    steps: Steps
    #: what is wrong, and what the contract says
    message: str
    #: the offending value, or None where a member is missing
    value: Any = None


@dataclass(frozen=True, slots=True)
class Rule:
    """What a schema cannot say about one part of a payload, such as one face."""

    #: such as `age-range-ordered`
    name: str
    severity: Severity
    #: the documentation's sentence, or the measured fact, that the rule rests on
    source: str
    #: takes the part and the request; only ever sees payloads whose schema holds
    check: Check


def kebab(member: str) -> str:
    """Return a member's name as a part of a rule's: `MaxFaces` becomes `max-faces`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", member).lower()


class Row(NamedTuple):
    """The rules for the parts of a payload that `where` names."""

    #: steps from the payload's root; `"*"` stands for every item of a list
    where: Steps
    rules: tuple[Rule, ...]


def rule(name: str, severity: Severity, *, source: str) -> Callable[[Check], Rule]:
    """Make a rule of a generator function."""

    def decorate(check: Check) -> Rule:
        return Rule(name, severity, source, check)

    return decorate


def whole(*rules: Rule) -> Row:
    """Return the row of rules over a whole payload."""
    return Row((), rules)
