"""A response that a test wrote down, as it would cross the wire."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.contract import wire_values
from pytest_rekognition.members import converted

if TYPE_CHECKING:
    from collections.abc import Mapping


def to_wire(operation: str, response: Mapping[str, Any]) -> dict[str, Any]:
    """Return an operation's response as wire JSON, a copy of its own.

    botocore's dicts are understood: datetimes become epoch seconds, blobs base64, `ResponseMetadata` goes. Raises
    `TypeError` or `ValueError` for what JSON cannot carry (a set, NaN, a `Decimal`).
    """
    documented = catalog.operation(operation)
    payload = wire_values.without_sdk_members(dict(response))
    for where in documented.response_blobs:
        payload = converted(payload, where, wire_values.blob)
    for where in documented.response_timestamps:
        payload = converted(payload, where, wire_values.timestamp)
    try:
        text = json.dumps(wire_values.simplified(payload), allow_nan=False)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    document: dict[str, Any] = json.loads(text)
    return document
