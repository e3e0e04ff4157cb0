"""The hook that this plugin offers to conftests and other plugins."""

from __future__ import annotations

from typing import Any


def pytest_rekognition_before_record(
    operation: str, request: dict[str, Any], response: dict[str, Any] | None
) -> None:
    """Scrub what a cassette is to hold: edit `request` and `response` in place.

    `operation` is the API's name, such as `"DetectFaces"`. `request` is the stored form: each image is described
    (`sha256`, `bytes`, `media_type` …) and not there itself. `response` is the answer's document. It is None where
    a call is about to be looked up in a cassette: what is scrubbed from requests must be scrubbed there too, or a
    call would not find its own recording. Edit requests the same way every time, from nothing but the request.
    """
