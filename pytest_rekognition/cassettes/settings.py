"""How a harness uses its cassette, and what it says of it afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime
    from pathlib import Path

    from pytest_rekognition.cassettes.interaction import Interaction
    from pytest_rekognition.cassettes.storage import Persister, Serializer

    #: Scrubs a call (its operation, its stored request) and its answer (None at a lookup) in place.
    Scrub = Callable[[str, dict[str, Any], dict[str, Any] | None], None]
    #: Tells whether a call (its operation, its stored request) is a recorded one.
    Matches = Callable[[str, Mapping[str, Any], Interaction], bool]

#: Errors about whoever called, not about the call: mode record asks anew, once the credentials are mended.
REFUSALS = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignatureException",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "NotAuthorizedException",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CassetteSettings:
    """How a harness uses its cassette."""

    #: the file
    path: Path
    #: the folder of all cassettes
    root: Path
    #: whether recorded calls are answered from it
    replays: bool = True
    #: whether new recordings are added, replace what was there, or are not made
    writes: Literal["add", "replace"] | None = None
    #: whether other tests use it too
    shared: bool = False
    #: whether a call that was recorded once may be answered once only
    once: bool = False
    #: whether images are kept beside the cassettes
    keep_images: bool = False
    #: where the images of requests are looked for, to name their paths
    project: Path | None = None
    #: of a shared cassette, recordings made since this moment are other tests' of the same run
    run_began: str = ""
    scrub: Scrub | None = None
    matches: Matches | None = None
    serializer: Serializer | None = None
    persister: Persister | None = None


class Usage(NamedTuple):
    """What a harness did with its cassette. Interactions are known by their digests."""

    path: Path
    #: all that it holds
    present: tuple[str, ...]
    #: those that were replayed or recorded
    used: frozenset[str]
    #: when the oldest was recorded, where any says so
    oldest: str | None
    #: how many were recorded
    recorded: int
    #: how many a killed process had left behind
    recovered: int


def stamp(moment: datetime) -> str:
    """Return a moment as recordings have it: `2026-11-21T04:32:00.123456Z`."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
