"""Files of plain vcrpy and pytest-recording, and edited ones of this package, read and cleaned.

What a recording must not hold is left out: headers that name or sign for somebody, images, account ids. Calls of
other services are dropped, since a cassette of this package replays Rekognition's alone.
"""

from __future__ import annotations

import binascii
import json
import re
import zlib
from base64 import b64decode
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.cassettes import stored
from pytest_rekognition.cassettes.accounts import MASK, account_of_key, masked_interaction
from pytest_rekognition.cassettes.interaction import (
    PROVENANCE,
    Interaction,
    Provenance,
    from_entry,
    readable,
)
from pytest_rekognition.cassettes.provenance import clean_uri, host_of, provenance_of
from pytest_rekognition.cassettes.serializer import line_of
from pytest_rekognition.errors import CassetteError
from pytest_rekognition.exchange import CONTENT_TYPE, TARGET_PREFIX
from pytest_rekognition.members import converted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.catalog import MemberPath

#: The headers that a cassette keeps.
_KEPT = {"request": {"content-type", "x-amz-target"}, "response": {"content-type", "x-amzn-requestid"}}
#: The largest answer that is unpacked.
_LARGEST = 64 * 1024 * 1024
_COMPRESSED = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
_BOTOCORE = re.compile(r"\bBotocore[/#]([0-9]+(?:\.[0-9]+)+)")
_CREDENTIAL = re.compile(r"Credential=([A-Z0-9]{20})/")
#: The headers whose values are credentials, and what in one is a credential by itself.
_SECRET_HEADERS = frozenset({"authorization", "x-amz-security-token", "cookie"})
_SECRET_PART = re.compile(r"(?i:^\s*bearer\s+)(\S.*?)\s*$|\bCredential=([^/,\s]+)/")
#: What is removed.
_HEADER, _IMAGE, _RESPONSE_IMAGE = "header", "image", "response image"
_ADDRESS, _ACCOUNTS = "address's user or query", "account ids"
_PLURALS = {
    _HEADER: "headers",
    _IMAGE: "images",
    _RESPONSE_IMAGE: "response images",
    _ADDRESS: "addresses' users or queries",
}
_SERVICE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,60}")


@dataclass(frozen=True, slots=True)
class Imported:
    """What was made of a file."""

    interactions: list[Interaction]
    #: one sentence each: requests that are no Rekognition calls, by host and service only
    dropped: list[str]
    #: what was removed, such as `"12 headers"` or `"3 images"`
    repaired: list[str]
    #: the credentials in the headers that were removed, which nothing that is kept may repeat
    known: frozenset[str] = field(default=frozenset(), repr=False)


def read_foreign(text: str) -> Imported:
    """Read a file that vcrpy wrote, or a person edited; raises `CassetteError`, with the line where it can."""
    interactions: list[Interaction] = []
    dropped: list[str] = []
    removed: Counter[str] = Counter()
    known: set[str] = set()
    masks = {mask: mask for mask in MASK.findall(text)}
    for index, entry in enumerate(_entries(text)):
        try:
            request, response = _part(entry, "request"), _part(entry, "response")
            known.update(_credentials(request))
            stranger = _stranger(request)
            if stranger is None:
                interactions.append(_imported(request, response, removed, masks))
            else:
                dropped.append(stranger)
        except CassetteError as error:
            raise CassetteError(f"interaction {index}: {error}", _line(text, index)) from None
        except RecursionError:
            raise CassetteError(f"interaction {index}: it is nested too deeply", _line(text, index)) from None
    return Imported(interactions, dropped, list(_counted(removed)), frozenset(known))


# --- the file ----------------------------------------------------------------------------------------------


def _entries(text: str) -> list[Any]:
    document = _loaded(text)
    if isinstance(document, list):
        raise CassetteError(
            "it has the form of vcrpy before 1.0. Convert it first: python -m vcr.migration FILE", 1
        )
    entries = document.get("interactions") if isinstance(document, dict) else None
    if not isinstance(entries, list):
        raise CassetteError("it is no cassette: it has no list of 'interactions'", 1)
    return entries


def _loaded(text: str) -> Any:
    """Return the document of a text: JSON if it is that, since YAML reads some of JSON's escapes otherwise."""
    from vcr.serializers import yamlserializer  # noqa: PLC0415  slow, and only for files of others
    from yaml import MarkedYAMLError, YAMLError  # noqa: PLC0415  likewise

    try:
        if text.lstrip("\ufeff \t\r\n").startswith("{"):
            try:
                return json.loads(text.lstrip("\ufeff"))
            except ValueError:  # YAML in braces, or broken: the YAML parser tells the line
                pass
        return yamlserializer.deserialize(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise CassetteError(
            f"it is no YAML that can be read safely: {error.problem}", mark.line + 1 if mark else None
        ) from None
    except YAMLError as error:
        raise CassetteError(f"it is no YAML: {str(error).splitlines()[0]}") from None
    except RecursionError:
        raise CassetteError("it is nested too deeply to be read") from None
    except (ValueError, TypeError, AttributeError, LookupError) as error:  # of a value behind a tag
        raise CassetteError(f"it holds a value that cannot be read: {type(error).__name__}") from None


def _line(text: str, index: int) -> int | None:
    from yaml import YAMLError  # noqa: PLC0415  only where something is broken

    try:
        return line_of(text, index)
    except (YAMLError, RecursionError):  # JSON that is no YAML
        return None


def _part(entry: Any, name: str) -> dict[str, Any]:
    part = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(part, dict):
        raise CassetteError(f"it has no {name!r}")
    return part


def _stranger(request: Mapping[str, Any]) -> str | None:
    """Return a sentence about a request that is no call of a known operation, or None for one that is."""
    target = _headers(request).get("x-amz-target", "")
    operation = target.removeprefix(TARGET_PREFIX)
    host = host_of(_text(request.get("uri"))) or "an unreadable address"
    if operation == target:
        named = target.partition(".")[0]
        service = f" ({named})" if _SERVICE_NAME.fullmatch(named) else ""
        return f"a request to {host}{service} is no Rekognition call"
    if operation in catalog.operations():
        return None
    shown = operation if _SERVICE_NAME.fullmatch(operation) else "an operation without a proper name"
    return f"a call to {host} asks for {shown}, which is no known Rekognition operation"


# --- an interaction ----------------------------------------------------------------------------------------


def _imported(
    request: dict[str, Any], response: dict[str, Any], removed: Counter[str], masks: dict[str, str]
) -> Interaction:
    headers, answer_headers = _headers(request), _headers(response)
    operation = headers["x-amz-target"].removeprefix(TARGET_PREFIX)
    uri = _text(request.get("uri"))
    asked = _without_images(_request(request), catalog.operation(operation).request_blobs, _IMAGE, removed)
    answer = _answer(operation, response, answer_headers, removed)
    masked, masked_answer = masked_interaction(asked, answer, _accounts(headers), masks)
    removed[_HEADER] += len(headers.keys() - _KEPT["request"]) + len(answer_headers.keys() - _KEPT["response"])
    removed[_ADDRESS] += clean_uri(uri).rstrip("/") != uri.rstrip("/")
    removed[_ACCOUNTS] += (masked, masked_answer) != (asked, answer)
    return Interaction(
        operation=operation,
        request=masked,
        status=_status(response),
        body=masked_answer if isinstance(masked_answer, str) else readable(masked_answer),
        uri=clean_uri(uri),
        content_type=answer_headers.get("content-type", CONTENT_TYPE),
        request_id=answer_headers.get("x-amzn-requestid"),
        recorded=_provenance(request, response),
    )


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    body = _bytes(request.get("body"))
    try:
        document = json.loads(body or b"{}")
    except ValueError:
        raise CassetteError("the request's body is no JSON") from None
    except RecursionError:
        raise CassetteError("the request's body is nested too deeply") from None
    if not isinstance(document, dict):
        raise CassetteError("the request's body is no JSON object")
    return document


def _answer(operation: str, response: Mapping[str, Any], headers: Mapping[str, str], removed: Counter[str]) -> Any:
    """Return the answer's document, its images described; its text where it is no JSON object."""
    body = response.get("body")
    if not isinstance(body, dict) or "string" not in body:
        raise CassetteError("the response's body has no 'string'")
    text = _unpacked(_bytes(body["string"]), headers.get("content-encoding", "")).decode(errors="replace")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return text
    if not isinstance(document, dict):
        return text
    return _without_images(document, catalog.operation(operation).response_blobs, _RESPONSE_IMAGE, removed)


def _without_images(
    members: dict[str, Any], blobs: Iterable[MemberPath], what: str, removed: Counter[str]
) -> dict[str, Any]:
    """Return a structure with its images described."""

    def described(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        removed[what] += 1
        try:
            return stored.describe(b64decode(value))
        except (binascii.Error, ValueError):  # somebody else's placeholder
            return stored.describe(value.encode(errors="replace"))

    changed: Any = members
    for path in blobs:
        changed = converted(changed, path, described)
    result: dict[str, Any] = changed
    return result


def _accounts(headers: Mapping[str, str]) -> set[str]:
    """Return the account that the signature's access key tells."""
    found = _CREDENTIAL.findall(headers.get("authorization", ""))
    return {account for account in map(account_of_key, found) if account}


def _credentials(request: Mapping[str, Any]) -> Iterator[str]:
    """Yield the credentials in a request's headers."""
    headers = request.get("headers")
    for name, given in headers.items() if isinstance(headers, dict) else ():
        kind = _text(name).lower()
        if kind not in _SECRET_HEADERS:
            continue
        for value in map(_text, given if isinstance(given, list | tuple) else [given]):
            yield value
            if kind == "authorization":
                yield from (part for found in _SECRET_PART.findall(value) for part in found if part)


def _status(response: Mapping[str, Any]) -> int:
    status = response.get("status")
    code = status.get("code") if isinstance(status, dict) else status
    if not isinstance(code, int) or isinstance(code, bool):
        raise CassetteError("the response's status has no code")
    return code


def _provenance(request: Mapping[str, Any], response: Mapping[str, Any]) -> Provenance:
    """Return what the entry says of itself, or else what its address and headers tell."""
    headers = _headers(request)
    if PROVENANCE in response:
        return _stated(headers["x-amz-target"], response)
    source, region = provenance_of(_text(request.get("uri")))
    botocore = _BOTOCORE.search(headers.get("user-agent", ""))
    return Provenance(
        source=source,
        at=_moment(_headers(response).get("date", "")),
        region=region,
        botocore=botocore[1] if botocore else None,
    )


def _stated(target: str, response: Mapping[str, Any]) -> Provenance:
    """Return the provenance in an entry of this package's own form, checked as such entries are."""
    bare = {
        "request": {"uri": "", "headers": {"X-Amz-Target": [target]}, "body": "{}"},
        "response": {
            "status": {"code": 200},
            "headers": {"Content-Type": [CONTENT_TYPE]},
            "body": {"string": ""},
            PROVENANCE: response[PROVENANCE],
        },
    }
    return from_entry(bare).recorded


def _moment(date: str) -> str | None:
    """Return a Date header's moment: `2026-11-21T04:32:00Z`."""
    from email.utils import parsedate_to_datetime  # noqa: PLC0415  slow, and only for files of others

    try:
        moment = parsedate_to_datetime(date)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


# --- vcrpy's values ----------------------------------------------------------------------------------------


def _headers(part: Mapping[str, Any]) -> dict[str, str]:
    """Return headers as texts, by their names in lower case: vcrpy has texts, bytes, and lists of either."""
    headers = part.get("headers")
    return {
        _text(name).lower(): _text(_first(value))
        for name, value in (headers.items() if isinstance(headers, dict) else ())
    }


def _first(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return value[0] if value else ""
    return value


def _text(value: Any) -> str:
    """Return a value as text: latin-1, as HTTP has it, if it is no UTF-8."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    return "" if value is None else str(value)


def _bytes(value: Any) -> bytes:
    """Return a body as bytes: vcrpy has texts, bytes, file objects, and parts of either."""
    if value is None or isinstance(value, bytes | bytearray):
        return bytes(value or b"")
    if isinstance(value, str):
        return value.encode(errors="surrogatepass")
    if hasattr(value, "read"):
        return _bytes(value.read())
    if isinstance(value, dict):
        return json.dumps(value, default=str).encode()
    if isinstance(value, Iterator | list | tuple):
        return b"".join(_bytes(part) for part in value)
    raise CassetteError(f"a body is {type(value).__name__}, neither text nor bytes")


def _unpacked(body: bytes, encoding: str) -> bytes:
    """Return a compressed body unpacked; one that is not compressed, whatever the header says, as it is."""
    bits = _COMPRESSED.get(encoding.strip().lower())
    if bits is None:
        return body
    unpacker = zlib.decompressobj(bits)
    try:
        unpacked = unpacker.decompress(body, _LARGEST)
    except zlib.error:  # vcrpy may have unpacked it and kept the header
        return body
    if unpacker.unconsumed_tail:
        raise CassetteError(f"the response's body unpacks to more than {_LARGEST:,} bytes")
    return unpacked


def _counted(removed: Counter[str]) -> Iterator[str]:
    for what, number in removed.items():
        if what == _ACCOUNTS and number:
            yield what
        elif number:
            yield f"{number} {what if number == 1 else _PLURALS[what]}"
