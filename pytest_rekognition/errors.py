"""The errors that this package raises, one class a situation.

None is a `botocore.exceptions.BotoCoreError`: an application that catches those must not swallow a mistake
in its own tests.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from traceback import extract_tb
from typing import TYPE_CHECKING, Final

from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_rekognition.exchange import Violation


#: characters of another's error that a message repeats
_LONGEST_TOLD: Final = 400


class PytestRekognitionError(Exception):
    """Base class of this package's errors."""


class UsageError(PytestRekognitionError, ValueError):
    """An option, argument or keyword that means nothing here."""


class UnknownOperationError(PytestRekognitionError, LookupError):
    """A name that is no Rekognition operation."""

    def __init__(self, name: object, known: Iterable[str]) -> None:
        guess = did_you_mean(name, known)
        elsewhere = " Operations of other services are not stubbed here; moto mocks them." if guess == "." else ""
        super().__init__(f"{name!r} is no Rekognition operation{guess}{elsewhere}")


class MissingDependencyError(PytestRekognitionError, ImportError):
    """A feature whose optional dependency is not installed."""

    def __init__(self, feature: str, *, package: str, extra: str) -> None:
        super().__init__(
            f"{feature} needs {package}, which is not installed: pip install 'pytest-rekognition[{extra}]'"
        )


class ContractError(PytestRekognitionError, AssertionError):
    """A request, response or error that breaks the documented contract."""

    def __init__(self, message: str, violations: Sequence[Violation] = ()) -> None:
        super().__init__(message)
        #: what is wrong, one entry a member
        self.violations = tuple(violations)


class ServiceError(PytestRekognitionError):
    """A modelled failure: what a backend raises so that the client sees the service's error.

    `status` is the HTTP status; 400 is what the service sends for every client error.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        if not (isinstance(code, str) and isinstance(message, str) and isinstance(status, int)):
            raise UsageError(
                "ServiceError takes a code and a message, both texts, and an HTTP status;"
                f" not {type(code).__name__}, {type(message).__name__} and {type(status).__name__}"
            )
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class UnansweredCallError(PytestRekognitionError):
    """A call that nobody answers in the mode at hand, with the network blocked."""


class NetworkBlockedError(PytestRekognitionError):
    """A call that is about to leave for AWS where no call may, and no harness is open to answer it."""

    def __init__(self, operation: str, reason: str) -> None:
        super().__init__(f"{operation} was about to leave for AWS {reason}")


class MockedServiceError(PytestRekognitionError):
    """A call for the real service that moto would answer with its canned data."""

    def __init__(self, operation: str) -> None:
        super().__init__(
            f"{operation} was to reach the real service, but moto's mock_aws is active and would answer it. Record"
            ' outside of mock_aws, or with mock_aws(config={"core": {"passthrough": {"services":'
            ' ["rekognition"]}}})'
        )


class VerificationError(PytestRekognitionError, AssertionError):
    """What a test left behind: calls that nobody answered, breaches that it swallowed, stubs never used."""


class NoReferenceError(UnansweredCallError):
    """What the reference backend cannot answer: an operation without a reference, an S3 that is out of reach."""


class ReferenceFailedError(PytestRekognitionError):
    """An answer of the reference backend that broke down, by a mistake of this package or of a user's embedder.

    Its cause is the exception that was raised.
    """

    def __init__(self, operation: str, error: Exception) -> None:
        last = extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {error}"
        if len(told) > _LONGEST_TOLD:
            told = f"{told[:_LONGEST_TOLD]}…"
        super().__init__(
            f"the reference backend failed to answer {operation}: {told},"
            f" raised at {show_path(Path(last.filename))}:{last.lineno}. That is a mistake of this package, or of"
            " the embedder that it was given"
        )


class CassetteError(PytestRekognitionError):
    """A cassette that cannot be read or written; the message names the file and, where it can, the line."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        #: where in the file, from 1, where that is known
        self.line = line


class SecretError(CassetteError):
    """A recording that holds what looks like a credential, and is therefore not written anywhere."""


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return the end of a sentence about an unknown name: `", did you mean 'X'?"`, or a full stop."""
    by_folded = {candidate.lower().replace("_", ""): candidate for candidate in known}
    near = get_close_matches(str(name).lower().replace("_", ""), by_folded, n=1, cutoff=0.65)
    return f", did you mean {by_folded[near[0]]!r}?" if near else "."
