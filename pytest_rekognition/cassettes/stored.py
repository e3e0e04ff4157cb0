"""Requests as a cassette stores them: images described, and what makes two of them the same call."""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.images import ImageInfo, describe_image, summary
from pytest_rekognition.members import converted, values_at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_rekognition.catalog import MemberPath

#: The largest stand-in that is made. One byte less would pass for the 5 MB that a request may carry: the two have
#: base64 texts of the same length.
_LARGEST = 5 * 1024 * 1024 + 2
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def describe(data: bytes) -> dict[str, Any]:
    """Return what a cassette says of an image, or of other bytes, in place of them."""
    info = describe_image(data)
    described: dict[str, Any] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    if info is not None:
        described |= {"media_type": info.media_type, "width": info.width, "height": info.height}
    return described


def stored(
    members: Mapping[str, Any], blobs: Sequence[MemberPath], describe: Callable[[bytes], Any] = describe
) -> dict[str, Any]:
    """Return a structure in the form that a cassette stores: what lies at `blobs` described."""

    def described(value: Any) -> Any:
        return describe(value) if isinstance(value, bytes) else value

    return _changed(members, blobs, described)


def stored_text(
    members: Mapping[str, Any], blobs: Sequence[MemberPath], describe: Callable[[bytes], Any] = describe
) -> dict[str, Any]:
    """Return a structure in the form that a cassette stores, where its images are base64 text."""

    def described(value: Any) -> Any:
        return describe(b64decode(value)) if isinstance(value, str) else value

    return _changed(members, blobs, described)


def with_stand_ins(members: Mapping[str, Any], blobs: Sequence[MemberPath]) -> dict[str, Any]:
    """Return a stored structure with bytes in the images' places: zeros, as many as the image had."""

    def stand_in(value: Any) -> Any:
        size = value.get("bytes") if isinstance(value, dict) else None
        return bytes(min(size, _LARGEST)) if isinstance(size, int) and size >= 0 else value

    return _changed(members, blobs, stand_in)


def with_images(
    members: Mapping[str, Any], blobs: Sequence[MemberPath], image_of: Callable[[str], bytes | None]
) -> dict[str, Any]:
    """Return a stored structure as it crosses the wire; an image that was not kept is left out."""

    def image(value: Any) -> Any:
        data = image_of(str(value.get("sha256"))) if isinstance(value, dict) else None
        return b64encode(data).decode() if data is not None else value

    served = _changed(members, blobs, image)
    for path in blobs:
        for parent in values_at(served, path[:-1]):
            if isinstance(parent, dict) and isinstance(parent.get(path[-1]), dict):
                del parent[path[-1]]
    return served


def summarised(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored request as messages show it: images as `<image/jpeg 640x480, 51,234 bytes, sha256 …>`."""
    return _changed(request, catalog.operation(operation).request_blobs, _Summary.of)


class _Summary(str):
    """What a message says of an image; it is shown without quotes."""

    __slots__ = ()

    @classmethod
    def of(cls, value: Any) -> Any:
        """Return the summary of an image's description."""
        if not isinstance(value, dict):
            return value
        info = None
        if "media_type" in value:
            info = ImageInfo(value["media_type"], value.get("width", 0), value.get("height", 0))
        return cls(summary(info, value.get("bytes", 0), str(value.get("sha256"))))

    def __repr__(self) -> str:
        return str(self)


def _changed(
    members: Mapping[str, Any], paths: Sequence[MemberPath], change: Callable[[Any], Any]
) -> dict[str, Any]:
    changed: Any = dict(members)
    for path in paths:
        changed = converted(changed, path, change)
    result: dict[str, Any] = changed
    return result


def canonical(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a stored request makes it the call that it is.

    Images are their digests. Values that clients make up for each call are left out, lists of enum values (such as
    `Attributes`) are sorted, and a whole number is the same with and without a fraction.
    """

    def digest(value: Any) -> Any:
        return {"sha256": value.get("sha256")} if isinstance(value, dict) else value

    documented = catalog.operation(operation)
    made_up = {path[0] for path in documented.request_tokens}
    members = {name: _whole(value) for name, value in request.items() if name not in made_up}
    members = _changed(members, documented.request_blobs, digest)
    for name in _unordered(operation) & members.keys():
        members[name] = sorted(members[name], key=str) if isinstance(members[name], list) else members[name]
    return members


def digest_alone(data: bytes) -> dict[str, Any]:
    """Return the part of an image's description that tells it from others."""
    return {"sha256": hashlib.sha256(data).hexdigest()}


def key(operation: str, request: Mapping[str, Any]) -> str:
    """Return a text that two calls share if and only if they are the same call."""
    return f"{operation} {_ENCODER.encode(canonical(operation, request))}"


def _whole(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {name: _whole(item) for name, item in value.items()}
    return [_whole(item) for item in value] if isinstance(value, list) else value


@cache
def _unordered(operation: str) -> frozenset[str]:
    """Return the members that are lists of enum values: their order means nothing."""
    schema = catalog.schema(operation, "request")

    def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
        found: Mapping[str, Any] = schema["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part
        return found

    lists = {name: resolved(part) for name, part in schema.get("properties", {}).items()}
    return frozenset(name for name, part in lists.items() if "enum" in resolved(part.get("items", {})))
