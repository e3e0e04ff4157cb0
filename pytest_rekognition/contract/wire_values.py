"""Turn what botocore hands over into wire JSON: datetimes into epoch seconds, blobs into base64 text.

Plain wire JSON passes through uncopied; only the structures on the way to a changed value are copied.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_rekognition.contract.paths import Steps

#: What SDKs add to a parsed response: botocore, the JavaScript SDK, the Go SDK.
_SDK_MEMBERS = ("ResponseMetadata", "$metadata", "ResultMetadata")


def without_sdk_members(response: Any) -> Any:
    """Return the response without the members that an SDK adds to it."""
    if isinstance(response, dict) and any(name in response for name in _SDK_MEMBERS):
        return {name: value for name, value in response.items() if name not in _SDK_MEMBERS}
    return response


def converted(payload: Any, where: Steps, convert: Callable[[Any], Any]) -> Any:
    """Return the payload with `convert` applied to the values that `where` names (`"*"`: every item)."""
    if not where:
        return convert(payload)
    step, rest = where[0], where[1:]
    if step == "*":
        return _converted_items(payload, rest, convert)
    if not isinstance(payload, Mapping) or step not in payload:
        return payload
    before = payload[step]
    after = converted(before, rest, convert)
    return payload if after is before else {**payload, step: after}


def _converted_items(payload: Any, rest: Steps, convert: Callable[[Any], Any]) -> Any:
    if not isinstance(payload, list | tuple):
        return payload
    items = [converted(item, rest, convert) for item in payload]
    return payload if all(map(_same, items, payload)) else items


def _same(after: object, before: object) -> bool:
    return after is before


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
    return content


def simplified(payload: Any) -> Any:
    """Return a copy with exactly JSON's types where subclasses stood (numpy floats, text enums, mappings)."""
    if isinstance(payload, Mapping):
        return {simplified(name): simplified(value) for name, value in payload.items()}
    if isinstance(payload, list | tuple):
        return [simplified(item) for item in payload]
    for plain in (bool, int, float, str):
        if isinstance(payload, plain):
            return payload if type(payload) is plain else _plain(plain, payload)
    return payload


def _plain(kind: Any, value: Any) -> Any:
    """Return a subclass's value as the plain type; a text enum's own text, not its name."""
    return str.__str__(getattr(value, "value", value)) if kind is str else kind(value)
