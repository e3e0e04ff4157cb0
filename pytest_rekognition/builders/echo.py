"""What a response repeats of its request, and which page of the results it asks for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.builders.items import face_id

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOKEN = re.compile(r"results-from-(\d+)")
_LARGEST_PAGE = 1000


def echoed(operation: str, response: dict[str, Any], request: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response with the request's ids in it."""
    for member, option in (("JobId", "JobId"), ("SessionId", "SessionId"), ("SearchedFaceId", "FaceId")):
        if member in response:
            response[member] = _text(request, option, response[member])
    for member, prefix in (("CollectionArn", "aws"), ("CollectionARN", "arn:aws")):
        if member in response:
            collection = _text(request, "CollectionId", "collection-1")
            response[member] = f"{prefix}:rekognition:us-east-1:123456789012:collection/{collection}"
    if operation == "SearchUsers":
        response = {name: value for name, value in response.items() if not name.startswith("Searched")}
        response |= _searched(request)
    return response


def _searched(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a search for users was by: a face, unless the request names a user."""
    if "UserId" in request and "FaceId" not in request:
        return {"SearchedUser": {"UserId": _text(request, "UserId", "user-1")}}
    return {"SearchedFace": {"FaceId": _text(request, "FaceId", face_id(0))}}


def page(operation: str, results: list[Any], request: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Return the page of the results that the request asks for, and the next page's token where there is one."""
    pagination = catalog.operation(operation).pagination
    if pagination is None:
        return results, {}
    found = _TOKEN.fullmatch(_text(request, pagination.input_token, ""))
    start = int(found[1]) if found else 0
    asked = request.get(pagination.limit_key)
    limit = asked if isinstance(asked, int) and asked > 0 else _LARGEST_PAGE
    end = start + min(limit, _LARGEST_PAGE)
    token = {pagination.output_token: f"results-from-{end}"} if end < len(results) else {}
    return results[start:end], token


def _text(request: Mapping[str, Any], option: str, default: str) -> str:
    value = request.get(option)
    return value if isinstance(value, str) else default
