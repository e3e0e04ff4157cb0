"""The stub backend: answers that a test registered, in the order in which it asked for them."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_rekognition.matching import mismatches

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_rekognition.exchange import Call, Reply
    from pytest_rekognition.matching import Mismatch


@dataclass(slots=True, eq=False)
class Step:
    """One answer of a stub, and how often it is still to be given."""

    #: gives the answer, or raises `ServiceError`
    serve: Callable[[Call], Reply]
    #: how often it is given; None for ever
    times: int | None
    #: whether the answer may break the contract
    unchecked: bool
    #: the registration, as the test wrote it: `returns(faces=2)`
    label: str
    used: int = 0

    @property
    def spent(self) -> bool:
        """Whether it has been given as often as it may."""
        return self.times is not None and self.used >= self.times


@dataclass(slots=True, eq=False)
class Stub:
    """Answers for the calls of one operation that match."""

    #: the API's name, such as `"DetectFaces"`
    operation: str
    #: the members that a request must have to match
    criteria: Mapping[str, Any]
    #: where the test registered it: `tests/test_app.py:12`
    location: str
    #: the answers, in order
    steps: list[Step] = field(default_factory=list)
    #: whether its registration was refused, so that it answers nothing
    refused: bool = False

    def differences(self, call: Call) -> list[Mismatch]:
        """Return the members in which a call of the operation differs from what the stub waits for."""
        return list(mismatches(self.criteria, call.request))

    @property
    def spent(self) -> bool:
        """Whether it has no answer left."""
        return self.refused or all(step.spent for step in self.steps)


class StubBackend:
    """Gives registered answers; of several stubs that match, the one registered last."""

    def __init__(self) -> None:
        self.stubs: list[Stub] = []
        self._lock = threading.Lock()

    def take(self, call: Call) -> Step | None:
        """Return the answer that is due for a call and count it as given, or None where no stub matches."""
        with self._lock:
            for stub in reversed(self.stubs):
                if stub.operation == call.operation and not stub.spent and not stub.differences(call):
                    step = next(step for step in stub.steps if not step.spent)
                    step.used += 1
                    return step
        return None

    def unused(self) -> list[tuple[Stub, Step | None]]:
        """Return every answer that was never given, and with None every stub that was given no answer at all."""
        kept = [stub for stub in self.stubs if not stub.refused]
        found: list[tuple[Stub, Step | None]] = [(stub, None) for stub in kept if not stub.steps]
        return found + [(stub, step) for stub in kept for step in stub.steps if not step.used]

    def nearest(self, call: Call, most: int = 3) -> list[tuple[Stub, list[Mismatch]]]:
        """Return the stubs of the call's operation with the fewest differences, nearest first."""
        candidates = [(stub, stub.differences(call)) for stub in self.stubs if stub.operation == call.operation]
        return sorted(candidates, key=lambda candidate: len(candidate[1]))[:most]
