"""Requests as a cassette stores them: images described, and what makes two of them the same call."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.images import describe_image
from pytest_rekognition.members import converted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: The largest stand-in that is made: one byte more than any request may carry.
_LARGEST = 5 * 1024 * 1024 + 1


def describe(data: bytes) -> dict[str, Any]:
    """Return what a cassette says of an image, or of other bytes, in place of them."""
    info = describe_image(data)
    described: dict[str, Any] = {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    if info is not None:
        described |= {"media_type": info.media_type, "width": info.width, "height": info.height}
    return described


def stored(
    operation: str, request: Mapping[str, Any], describe: Callable[[bytes], Any] = describe
) -> dict[str, Any]:
    """Return a request, images as bytes, in the form that a cassette stores."""

    def described(value: Any) -> Any:
        return describe(value) if isinstance(value, bytes) else value

    members: Any = dict(request)
    for path in catalog.operation(operation).request_blobs:
        members = converted(members, path, described)
    stored_members: dict[str, Any] = members
    return stored_members


def with_stand_ins(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stored request with bytes in the images' places: zeros, as many as the image had."""

    def stand_in(value: Any) -> Any:
        size = value.get("bytes") if isinstance(value, dict) else None
        return bytes(min(size, _LARGEST)) if isinstance(size, int) and size >= 0 else value

    members: Any = dict(request)
    for path in catalog.operation(operation).request_blobs:
        members = converted(members, path, stand_in)
    stood_in: dict[str, Any] = members
    return stood_in


def canonical(operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a stored request makes it the call that it is.

    Images are their digests. Values that clients make up for each call are left out, lists of enum values (such as
    `Attributes`) are sorted, and a whole number is the same with and without a fraction.
    """

    def digest(value: Any) -> Any:
        return {"sha256": value.get("sha256")} if isinstance(value, dict) else value

    documented = catalog.operation(operation)
    made_up = {path[0] for path in documented.request_tokens}
    members: Any = {name: _whole(value) for name, value in request.items() if name not in made_up}
    for path in documented.request_blobs:
        members = converted(members, path, digest)
    for name in _unordered(operation) & members.keys():
        members[name] = sorted(members[name], key=str) if isinstance(members[name], list) else members[name]
    same: dict[str, Any] = members
    return same


def key(operation: str, request: Mapping[str, Any]) -> str:
    """Return a text that two calls share if and only if they are the same call."""
    return f"{operation} {json.dumps(canonical(operation, request), sort_keys=True, separators=(',', ':'))}"


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
