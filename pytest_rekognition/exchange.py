"""What crosses the seam: a call, a reply, both together, and what is wrong with them.

Everything here is *wire JSON*: the shapes of the service's own protocol, before botocore's parser silently
drops the members that it does not know. Blob members (images) are `bytes`, never base64.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_rekognition.showing import show, show_members

if TYPE_CHECKING:
    from collections.abc import Mapping

#: What the service's protocol is called, in requests and answers.
CONTENT_TYPE = "application/x-amz-json-1.1"
#: What the header `X-Amz-Target` has before the operation.
TARGET_PREFIX = "RekognitionService."
#: The least HTTP status that botocore takes for a failure.
FAILED = 300
#: Who answered a call.
Source = Literal["stub", "cassette", "reference", "live", "file", "generated"]
#: Which part of an exchange a violation lies in.
Side = Literal["request", "response", "error"]
#: How bad a violation is. `breach`: the contract is broken. `drift`: the service may have grown (an unknown
#: member or enum value in a response). `note`: a known quirk of the service or of its documentation.
Severity = Literal["breach", "drift", "note"]


class ErrorReply(NamedTuple):
    """A modelled error, as the wire carries it."""

    #: the error's code, such as `"InvalidImageFormatException"`
    code: str
    #: the service's sentence
    message: str


def error_of(document: object) -> ErrorReply:
    """Return the failure that an answer's document describes; its code is empty where there is none."""
    members = document if isinstance(document, dict) else {}
    code = str(members.get("__type") or members.get("Code") or "").rpartition("#")[2]
    return ErrorReply(code, str(members.get("Message") or members.get("message") or ""))


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One request that a backend is asked to answer."""

    #: the API's name, such as `"DetectFaces"`
    operation: str
    #: the request's members, images as `bytes`
    request: Mapping[str, Any]
    #: the region that the client is for, where that is known; two calls that differ in it alone are equal
    region: str | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        return f"{self.operation}({show_members(self.request)})"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a backend answers on success."""

    #: the response's members, as the wire carries them
    response: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Arrival:
    """How an answer came from the network: what a recording may keep of it, and what it must not hold."""

    #: the address that answered
    uri: str
    #: the region that the call was signed for, or None
    region: str | None
    content_type: str
    request_id: str | None
    #: whether the answer says that it comes from this package's reference endpoint
    from_reference: bool = False
    #: the botocore release that called
    botocore: str | None = None
    #: the credentials in use, which no file may hold
    secrets: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Exchange:
    """One request and what was answered to it, whoever answered.

    Exactly one of `response` and `error` is set; neither where the body of an answer was no JSON object.
    """

    #: the API's name, such as `"DetectFaces"`
    operation: str
    #: the request's members, images as `bytes`
    request: Mapping[str, Any]
    #: the response's members, or None where the answer is an error
    response: Mapping[str, Any] | None = None
    #: the HTTP status
    status: int = 200
    #: the error, or None
    error: ErrorReply | None = None
    #: who answered
    source: Source = "file"

    def __repr__(self) -> str:
        answer = show(self.response) if self.error is None else f"{self.error.code}: {self.error.message}"
        return f"<Exchange {self.operation}({show_members(self.request)}) {self.status} {answer} by {self.source}>"


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Violation:
    """One way in which an exchange departs from the contract."""

    #: the API's name, such as `"DetectFaces"`
    operation: str
    #: the part of the exchange
    side: Side
    #: the JSON path of the member, such as `$.FaceDetails[0].Confidence`; a missing member's own path
    path: str
    #: the schema keyword (`maximum`, `required` …) or the name of the rule that found it
    rule: str
    severity: Severity
    #: one sentence: what is wrong, and what the contract says
    message: str
    #: the offending value, or None where a member is missing
    value: Any = None
    #: when the exchange was recorded, in UTC, where it comes from a cassette that says so
    recorded: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"

    def __repr__(self) -> str:
        return f"<Violation {self.severity} {self.operation} {self.side} {self.rule} {self}>"
