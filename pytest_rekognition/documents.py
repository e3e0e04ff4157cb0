"""Exchanges written down as JSON: a response that somebody saved, a fake from a fixture folder.

A document is `{"operation", "request"?, "response" | "error": {"code", "message", "status"?}, "status"?}`; a file
holds one, a list of them, or one after the other (JSON lines).
"""

from __future__ import annotations

import binascii
import json
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_rekognition import catalog
from pytest_rekognition.cassettes.stored import with_stand_ins
from pytest_rekognition.checking import UNKNOWN_REQUEST
from pytest_rekognition.errors import PytestRekognitionError, did_you_mean
from pytest_rekognition.exchange import FAILED, ErrorReply, Exchange
from pytest_rekognition.members import converted
from pytest_rekognition.showing import show, show_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_MEMBERS = ("operation", "request", "response", "error", "status")
_ERROR_MEMBERS = ("code", "message", "status")
#: What the service sends with most of its errors.
_USUAL_ERROR = 400
_STATUSES = range(100, 600)
_SPACE = re.compile(r"[ \t\r\n]*")


class DocumentError(PytestRekognitionError):
    """A JSON document that cannot be read; the message names the file, and the line or the document."""


def read_documents(path: Path) -> list[Exchange]:
    """Return the exchanges of a file; raises `FileNotFoundError`, or `DocumentError` naming the place.

    Without a `request` an exchange has `checking.UNKNOWN_REQUEST`: only its answer can be checked. An image in a
    request is base64 text, or described as a cassette does.
    """
    rows = read_values(path)
    if not rows:
        raise DocumentError(f"{show_path(path)}: it is empty")
    return [_exchange(row, f"{show_path(path)}: document {index}") for index, row in enumerate(rows)]


def read_values(path: Path) -> list[Any]:
    """Return the JSON values of a file, those of lists one by one; raises `DocumentError` with line and column."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
        values = list(_values(text))
    except UnicodeDecodeError:
        raise DocumentError(f"{show_path(path)}: it is no UTF-8 text") from None
    except json.JSONDecodeError as error:
        place = f"{show_path(path)}:{error.lineno}:{error.colno}"
        raise DocumentError(f"{place}: it is no JSON: {error.msg}") from None
    except RecursionError:
        raise DocumentError(f"{show_path(path)}: it is nested too deeply") from None
    except ValueError as error:
        raise DocumentError(f"{show_path(path)}: it is no JSON: {error}") from None
    return [item for value in values for item in (value if isinstance(value, list) else [value])]


def _values(text: str) -> Iterator[Any]:
    """Yield the values that follow one another: one document, or JSON lines."""
    decoder = json.JSONDecoder(parse_constant=_refuse_constant)
    position = _after_space(text, 0)
    while position < len(text):
        value, end = decoder.raw_decode(text, position)
        yield value
        position = _after_space(text, end)


def _after_space(text: str, position: int) -> int:
    space = _SPACE.match(text, position)
    return space.end() if space else position


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no value of JSON")


# --- one document ------------------------------------------------------------------------------------------


def _exchange(row: Any, where: str) -> Exchange:
    if not isinstance(row, dict):
        raise DocumentError(f"{where} is {show(row)}, no object with 'operation' and 'response' or 'error'")
    _refuse_unknown(row, _MEMBERS, where)
    operation = _operation(row, where)
    if ("response" in row) == ("error" in row):
        both = "both 'response' and 'error'" if "error" in row else "neither 'response' nor 'error'"
        raise DocumentError(f"{where} has {both}; it takes one of them")
    request = _object(row, "request", where) if "request" in row else None
    error, told = _error(row, where) if "error" in row else (None, None)
    return Exchange(
        operation=operation,
        request=UNKNOWN_REQUEST if request is None else _with_images(operation, request),
        response=None if error else _object(row, "response", where),
        status=_status(row.get("status", told), error, where),
        error=error,
        source="file",
    )


def _operation(row: Mapping[str, Any], where: str) -> str:
    name = row.get("operation")
    if not isinstance(name, str):
        raise DocumentError(f"{where} has no 'operation', such as \"DetectFaces\"")
    try:
        return catalog.operation(name).name
    except LookupError:
        guess = did_you_mean(name, catalog.operations())
        raise DocumentError(f"{where}: {name!r} is no Rekognition operation{guess}") from None


def _error(row: Mapping[str, Any], where: str) -> tuple[ErrorReply, Any]:
    """Return the error, and the status that it tells or its code usually has."""
    error = _object(row, "error", where)
    _refuse_unknown(error, _ERROR_MEMBERS, f"{where}: its error")
    code, message = error.get("code"), error.get("message")
    if not (isinstance(code, str) and isinstance(message, str)):
        raise DocumentError(f"{where}: its error takes a 'code' and a 'message', both texts")
    known = catalog.error(code)
    return ErrorReply(code, message), error.get("status", known.status if known else _USUAL_ERROR)


def _status(status: Any, error: ErrorReply | None, where: str) -> int:
    if status is None:
        return 200
    if not isinstance(status, int) or isinstance(status, bool) or status not in _STATUSES:
        raise DocumentError(f"{where}: its status is {show(status)}, no HTTP status")
    if (status >= FAILED) != (error is not None):
        what = "an error" if error else "a response"
        raise DocumentError(f"{where}: its status is {status}, which does not come with {what}")
    return status


def _object(row: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    value = row[name]
    if not isinstance(value, dict):
        raise DocumentError(f"{where}: its {name!r} is {show(value)}, no object")
    return value


def _refuse_unknown(row: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
    unknown = [name for name in row if name not in known]
    if unknown:
        guess = did_you_mean(unknown[0], known)
        raise DocumentError(f"{where} has an unknown member {unknown[0]!r}{guess} It has {', '.join(known)}.")


def _with_images(operation: str, request: dict[str, Any]) -> dict[str, Any]:
    """Return a request with bytes for its images; what is no base64 stays, for the contract to name."""
    blobs = catalog.operation(operation).request_blobs
    members: Any = with_stand_ins(request, blobs)
    for path in blobs:
        members = converted(members, path, _image)
    with_images: dict[str, Any] = members
    return with_images


def _image(value: Any) -> Any:
    try:
        return b64decode(value, validate=True) if isinstance(value, str) else value
    except (binascii.Error, ValueError):
        return value
