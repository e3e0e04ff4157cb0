"""vcrpy's seams, both ways: its persisters and matchers serve here, and this package's serve a `vcr.VCR`.

`register(my_vcr)` gives a VCR the serializer `rekognition` (one reviewable form, read fast), the matcher
`rekognition` (operation, parameters and image digests) and a persister: all or nothing, and no credential.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.cassettes import serializer, stored
from pytest_rekognition.cassettes.interaction import readable
from pytest_rekognition.cassettes.secrets import refuse_secrets
from pytest_rekognition.cassettes.storage import replace
from pytest_rekognition.exchange import TARGET_PREFIX
from pytest_rekognition.matching import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_rekognition.cassettes.interaction import Interaction
    from pytest_rekognition.cassettes.storage import Serializer

#: The name of the serializer and the matcher in a VCR.
NAME = "rekognition"


def register(vcr: Any) -> None:
    """Give a `vcr.VCR` this package's serializer, matcher and persister."""
    vcr.register_serializer(NAME, serializer)
    vcr.register_matcher(NAME, same_call)
    vcr.register_persister(CassettePersister)


def same_call(called: Any, recorded: Any) -> None:
    """Raise `AssertionError`, naming the members that differ, unless two of vcrpy's requests are the same call.

    Requests that are not Rekognition's are the same if their address, method and body are.
    """
    left, right = _operation_of(called), _operation_of(recorded)
    if left is None or right is None:
        same = [getattr(called, name) == getattr(recorded, name) for name in ("method", "uri", "body")]
        assert all(same), "the address, the method or the body differs"  # noqa: S101  what vcrpy asks of a matcher
        return
    assert left == right, f"the operation is {left}, and {right} was recorded"  # noqa: S101  likewise
    asked, known = _stored(left, called.body), _stored(right, recorded.body)
    if stored.key(left, asked) != stored.key(right, known):
        found = differences(stored.canonical(right, known), stored.canonical(left, asked))
        raise AssertionError(", ".join(difference.path for difference in found))


class CassettePersister:
    """A persister in vcrpy's sense: all or nothing, and no file with a credential in it."""

    @classmethod
    def load_cassette(cls, cassette_path: Any, serializer: Any) -> Any:
        """Return requests and responses, as vcrpy's own does."""
        from vcr.persisters.filesystem import FilesystemPersister  # noqa: PLC0415  slow, and only for vcrpy's users

        return FilesystemPersister.load_cassette(cassette_path, serializer)

    @staticmethod
    def save_cassette(cassette_path: Any, cassette_dict: dict[str, Any], serializer: Any) -> None:
        """Write requests and responses; raises `SecretError`, and writes nothing, for a credential."""
        from vcr.serialize import serialize  # noqa: PLC0415  slow, and only for vcrpy's users

        text = serialize(cassette_dict, serializer)
        refuse_secrets(text, (), str(cassette_path))
        replace(Path(cassette_path), text.encode())


class AdaptedPersister:
    """One of vcrpy's persisters, for this package's store."""

    def __init__(self, persister: Any) -> None:
        self._persister = persister

    def load(self, path: Path, serializer: Serializer) -> dict[str, Any]:
        """Return the document that the persister has; raises `FileNotFoundError` where it has none."""
        requests, responses, *_ = self._persister.load_cassette(path, serializer)
        entries = [
            {"request": _as_texts(request._to_dict()), "response": _as_texts(response)}  # noqa: SLF001  vcrpy's seam
            for request, response in zip(requests, responses, strict=True)
        ]
        return {"interactions": entries}

    def save(self, path: Path, document: dict[str, Any], serializer: Serializer) -> None:
        """Have the persister keep a document."""
        from vcr.request import Request  # noqa: PLC0415  slow, and only where somebody asked for it

        entries = document["interactions"]
        requests = [Request._from_dict(entry["request"]) for entry in entries]  # noqa: SLF001  vcrpy's seam
        responses = [entry["response"] for entry in entries]
        self._persister.save_cassette(path, {"requests": requests, "responses": responses}, serializer)


def matches_by(matcher: Callable[[Any, Any], Any]) -> Callable[[str, Mapping[str, Any], Interaction], bool]:
    """Return how one of vcrpy's matchers compares a call with a recording; images are described in both bodies."""

    def matches(operation: str, request: Mapping[str, Any], recorded: Interaction) -> bool:
        if operation != recorded.operation:
            return False
        try:
            verdict = matcher(
                _vcr_request(operation, request, recorded.uri),
                _vcr_request(operation, recorded.request, recorded.uri),
            )
        except AssertionError:
            return False
        return verdict is not False

    return matches


def _vcr_request(operation: str, request: Mapping[str, Any], uri: str) -> Any:
    from vcr.request import Request  # noqa: PLC0415  slow, and only where somebody asked for it

    return Request("POST", uri, readable(request), {"X-Amz-Target": TARGET_PREFIX + operation})


def _operation_of(request: Any) -> str | None:
    target = request.headers.get("X-Amz-Target") or b""
    text = target.decode() if isinstance(target, bytes) else str(target)
    operation = text.removeprefix(TARGET_PREFIX)
    return operation if text.startswith(TARGET_PREFIX) and operation in catalog.operations() else None


def _stored(operation: str, body: Any) -> dict[str, Any]:
    return stored.stored_text(json.loads(body), catalog.operation(operation).request_blobs)


def _as_texts(part: Any) -> Any:
    if isinstance(part, dict):
        return {name: _as_texts(value) for name, value in part.items()}
    return part.decode() if isinstance(part, bytes) else part
