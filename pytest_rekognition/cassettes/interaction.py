"""What a cassette holds: one call, its answer, and where both come from; and how they lie in vcrpy's format.

A vcrpy file is a mapping with `version` and `interactions`, each of a `request` and a `response`. vcrpy keeps what
it does not know in a response, and nothing else: so that is where the provenance lies.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_rekognition import catalog
from pytest_rekognition.cassettes import stored
from pytest_rekognition.errors import CassetteError
from pytest_rekognition.exchange import CONTENT_TYPE, FAILED, TARGET_PREFIX, ErrorReply, Exchange, error_of
from pytest_rekognition.members import values_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    #: One entry of a vcrpy file's `interactions`.
    Entry = dict[str, Any]

#: Who gave a recorded answer. `service`: the real one, by its address. `reference`: this package's reference
#: endpoint, by its own word. `endpoint`: any other address. `documentation`: copied from a page. `unknown`: a file
#: that does not say.
RecordedBy = Literal["service", "reference", "endpoint", "documentation", "unknown"]

#: The member of a vcrpy response that holds the provenance.
PROVENANCE = "recorded"
_STATUSES = frozenset(HTTPStatus)
_LEAST_STATUS, _LAST_STATUS = 100, 599


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """Where a recording comes from. Nothing here is made up: what is not known is None."""

    #: who answered
    source: RecordedBy = "unknown"
    #: when, in UTC: `2026-11-21T04:32:00.123456Z`
    at: str | None = None
    #: the region that was called
    region: str | None = None
    #: the botocore release that called
    botocore: str | None = None
    #: the botocore release whose service model the contract came from
    contract: str | None = None


@dataclass(frozen=True, kw_only=True)
class Interaction:
    """One recorded call and its answer.

    `request` is the stored form: each image is described (sha256, media type, sizes) and not there itself.
    """

    #: the API's name, such as `"DetectFaces"`
    operation: str
    request: Mapping[str, Any]
    #: the HTTP status
    status: int
    #: the answer's document, as text
    body: str
    #: the address that answered
    uri: str
    content_type: str = CONTENT_TYPE
    request_id: str | None = None
    recorded: Provenance = field(default_factory=Provenance)

    @property
    def failed(self) -> bool:
        """Whether the answer is an error."""
        return self.status >= FAILED

    @cached_property
    def document(self) -> Any:
        """The answer's document, parsed once; None where it is no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @cached_property
    def content(self) -> bytes:
        """The answer's document as it is sent again: compact, whatever it looks like in the file."""
        if self.document is None:
            return self.body.encode()
        return json.dumps(self.document, separators=(",", ":")).encode()

    @cached_property
    def key(self) -> str:
        """What makes its call the one that it is: equal for two recordings of the same call."""
        return stored.key(self.operation, self.request)

    @cached_property
    def digest(self) -> str:
        """Sixteen hexadecimal digits by which an interaction is known: its call, its status and its answer."""
        told = f"{self.key} {self.status} ".encode() + self.content
        return hashlib.sha256(told).hexdigest()[:16]

    @cached_property
    def error(self) -> ErrorReply | None:
        """The failure that was answered, or None."""
        return error_of(self.document) if self.failed else None

    @property
    def exchange(self) -> Exchange:
        """What happened, to be held against the contract; each image is a stand-in of zeros of its size."""
        documented = catalog.operation(self.operation)
        whole = isinstance(self.document, dict) and not self.failed
        return Exchange(
            operation=self.operation,
            request=stored.with_stand_ins(self.request, documented.request_blobs),
            response=stored.with_stand_ins(self.document, documented.response_blobs) if whole else None,
            status=self.status,
            error=self.error,
            source="cassette",
        )


def to_entry(interaction: Interaction) -> Entry:
    """Return an interaction as it lies in a vcrpy file, the members in the file's order."""
    answer_headers = {"Content-Type": [interaction.content_type]}
    if interaction.request_id is not None:
        answer_headers["x-amzn-RequestId"] = [interaction.request_id]
    answer = interaction.body if interaction.document is None else readable(interaction.document)
    provenance = asdict(interaction.recorded)
    return {
        "request": {
            "method": "POST",
            "uri": interaction.uri,
            "headers": {
                "Content-Type": [CONTENT_TYPE],
                "X-Amz-Target": [TARGET_PREFIX + interaction.operation],
            },
            "body": readable(interaction.request),
        },
        "response": {
            "status": {"code": interaction.status, "message": reason(interaction.status)},
            "headers": answer_headers,
            "body": {"string": answer},
            PROVENANCE: {name: value for name, value in provenance.items() if value is not None},
        },
    }


def from_entry(entry: Any) -> Interaction:
    """Return the interaction that an entry of this package's cassettes describes, else raise `CassetteError`."""
    request, response = _members(entry, "an interaction", "request", "response")
    if not isinstance(request, dict) or not isinstance(response, dict):
        raise CassetteError("its request or its response is no mapping")
    target = _header(request, "X-Amz-Target", "the request")
    if not target.startswith(TARGET_PREFIX):
        raise CassetteError(f"its X-Amz-Target is {target!r}, which is no Rekognition call")
    operation = target.removeprefix(TARGET_PREFIX)
    if operation not in catalog.operations():
        raise CassetteError(f"its X-Amz-Target names {operation!r}, which is no Rekognition operation")
    (body,) = _members(response.get("body"), "the response's body", "string")
    return Interaction(
        operation=operation,
        request=_request(operation, request.get("body")),
        status=_status(response),
        body=_text(body, "the response's body"),
        uri=_text(request.get("uri"), "the request's uri"),
        content_type=_header(response, "Content-Type", "the response"),
        request_id=_optional_header(response, "x-amzn-RequestId"),
        recorded=_provenance(response.get(PROVENANCE, {})),
    )


def readable(document: Any) -> str:
    """Return a JSON document as a person reviews it in a diff."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    return text if _is_encodable(text) else json.dumps(document, indent=2)


def reason(status: int) -> str:
    """Return HTTP's phrase for a status, or nothing."""
    return HTTPStatus(status).phrase if status in _STATUSES else ""


def _is_encodable(text: str) -> bool:
    """Tell whether a text has no lone surrogate, which JSON can carry and a file cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _request(operation: str, body: Any) -> dict[str, Any]:
    try:
        request = json.loads(_text(body, "the request's body"))
    except ValueError as error:
        raise CassetteError(f"the request's body is no JSON: {error}") from None
    except RecursionError:
        raise CassetteError("the request's body is nested too deeply") from None
    if not isinstance(request, dict):
        raise CassetteError("the request's body is no JSON object")
    for path in catalog.operation(operation).request_blobs:
        for value in values_at(request, path):
            _check_described(value, ".".join(path))
    return request


def _check_described(value: Any, where: str) -> None:
    """Raise `CassetteError` unless a value describes an image, as `stored.describe` does."""
    if isinstance(value, str):
        raise CassetteError(
            f"the request carries the bytes of {where}, which no cassette of this package holds."
            " Import the file with: pytest-rekognition cassettes scrub FILE"
        )
    kinds = {"sha256": str, "bytes": int}
    if not isinstance(value, dict) or not all(isinstance(value.get(name), kind) for name, kind in kinds.items()):
        raise CassetteError(f"{where} is not described by its 'sha256' and its number of 'bytes'")


def _status(response: Mapping[str, Any]) -> int:
    (code,) = _members(response.get("status"), "the response's status", "code")
    if not isinstance(code, int) or isinstance(code, bool) or not _LEAST_STATUS <= code <= _LAST_STATUS:
        raise CassetteError(f"the response's status code is {_scalar(code)}, which is none of HTTP's")
    return code


def _provenance(row: Any) -> Provenance:
    known = [item.name for item in fields(Provenance)]
    if not isinstance(row, dict) or row.keys() - set(known):
        raise CassetteError(f"the response's {PROVENANCE!r} has {', '.join(known)} and nothing else")
    source = row.get("source", "unknown")
    if _scalar(source) not in get_args(RecordedBy):
        raise CassetteError(f"its source is {source!r}; it is one of {', '.join(get_args(RecordedBy))}")
    others = {name: None if row.get(name) is None else _scalar(row[name]) for name in known if name != "source"}
    return Provenance(source=source, **others)


def _members(value: Any, what: str, *names: str) -> list[Any]:
    missing = [name for name in names if not isinstance(value, dict) or name not in value]
    if missing:
        raise CassetteError(f"{what} has no {missing[0]!r}")
    return [value[name] for name in names]


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise CassetteError(f"{what} is {type(value).__name__}, not text")
    return value


def _scalar(value: Any) -> str:
    """Return a scalar of YAML as text; a structure of many references could be too large to show."""
    if isinstance(value, dict | list | tuple | set):
        raise CassetteError("it has a structure where a text is due")
    return str(value)


def _header(part: Any, name: str, what: str) -> str:
    value = _optional_header(part, name)
    if value is None:
        raise CassetteError(f"{what} has no header {name}")
    return value


def _optional_header(part: Any, name: str) -> str | None:
    """Return a header's first value; vcrpy writes a list, some of its serializers a text."""
    headers = part.get("headers") if isinstance(part, dict) else None
    for key, value in (headers or {}).items() if isinstance(headers, dict) else ():
        if str(key).lower() == name.lower():
            first = value[0] if isinstance(value, list) and value else value
            return _scalar(first)
    return None
