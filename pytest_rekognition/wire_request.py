"""A request as the wire carries it, its images decoded when somebody asks for them: most stubs never do."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_rekognition.members import converted
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class WireRequest(Mapping[str, Any]):
    """A request's members; images are bytes. One that is no base64 is a `ValueError` when it is looked at."""

    __slots__ = ("_blobs", "_decoded", "_wire")

    def __init__(self, wire: dict[str, Any], blobs: Sequence[tuple[str, ...]]) -> None:
        self._wire = wire
        self._blobs = blobs
        self._decoded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._decoded:
            members: Any = {name: self._wire[name]}
            for path in self._blobs:
                members = converted(members, path, _decoded)
            self._decoded[name] = members[name]
        return self._decoded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._wire)

    def __len__(self) -> int:
        return len(self._wire)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, WireRequest):
            return self._wire == other._wire
        return Mapping.__eq__(self, other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return show(self)


def _decoded(value: Any) -> Any:
    return b64decode(value, validate=True) if isinstance(value, str) else value
