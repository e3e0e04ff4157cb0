"""Turn what botocore hands over into wire JSON: datetimes into epoch seconds, blobs into base64 text."""

from __future__ import annotations

import marshal
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from numbers import Integral, Real
from typing import Any

#: What SDKs add to a parsed response: botocore, the JavaScript SDK, the Go SDK.
_SDK_MEMBERS = ("ResponseMetadata", "$metadata", "ResultMetadata")
#: Up to so many parts a walk is quicker than marshal with a large image among them.
_FEW = 40
_SCALARS = frozenset({str, int, float, bool, type(None)})
#: No schema nests this deep.
_DEEPEST = 50


def without_sdk_members(response: Any) -> Any:
    """Return the response without the members that an SDK adds to it."""
    if isinstance(response, dict) and any(name in response for name in _SDK_MEMBERS):
        return {name: value for name, value in response.items() if name not in _SDK_MEMBERS}
    return response


def timestamp(value: Any) -> Any:
    """Return a datetime as epoch seconds (naive ones are UTC); anything else as it is."""
    if not isinstance(value, datetime):
        return value
    return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()


def blob(value: Any) -> Any:
    """Return the base64 text of bytes or of a file object, as botocore sends it; anything else as it is."""
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    if hasattr(value, "read"):
        return blob(_peek(value))
    return value


def _peek(file: Any) -> Any:
    """Read a file object and put it back where it was; one that cannot go back is left unread."""
    if not (hasattr(file, "seekable") and file.seekable()):
        return b"?"
    position = file.tell()
    content = file.read()
    file.seek(position)
    return content if isinstance(content, bytes | bytearray | memoryview) else b"?"


def is_plain(payload: Any) -> bool:
    """Tell whether a payload is built of Python's own plain types, and not too deep.

    jsonschema-rs takes some others for JSON (`Decimal`, any `Enum`); marshal, which knows none of them, says so
    at a fraction of a walk's cost. Version 2 is the last that knows no references, so it refuses cycles too.
    """
    if _is_small_and_plain(payload):
        return True
    try:
        marshal.dumps(payload, 2)
    except ValueError:
        return False
    return True


def _is_small_and_plain(payload: Any) -> bool:
    """Tell whether a payload has few parts, all of JSON's own types; a large image in it is not copied."""
    waiting = [payload]
    for _ in range(_FEW):
        if not waiting:
            return True
        part = waiting.pop()
        kind = type(part)
        if kind is dict:
            waiting += part
            waiting += part.values()
        elif kind is list:
            waiting += part
        elif kind not in _SCALARS:
            return False
    return not waiting


def simplified(payload: Any, depth: int = 0) -> Any:
    """Return a copy with exactly JSON's types where others stand for them (numpy scalars, text enums, mappings).

    What is no JSON (`Decimal`, complex numbers, objects, what lies too deep) stays, for the caller to refuse.
    """
    if depth > _DEEPEST:
        return payload
    if isinstance(payload, Mapping):
        return {_plain(name): simplified(value, depth + 1) for name, value in payload.items()}
    if isinstance(payload, list | tuple):
        return [simplified(item, depth + 1) for item in payload]
    return _plain(payload)


def _plain(value: Any) -> Any:
    """Return a scalar as JSON's own type; a text enum's own text, not its name."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if isinstance(value, str):
        return str.__str__(getattr(value, "value", value))
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        return float(value)
    return value.item() if type(value).__module__ == "numpy" and getattr(value, "ndim", None) == 0 else value
