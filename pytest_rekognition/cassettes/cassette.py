"""A cassette in use: one harness replays from it, and records to it."""

from __future__ import annotations

import json
import threading
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pytest_rekognition import catalog
from pytest_rekognition.cassettes import sidecar, stored
from pytest_rekognition.cassettes.accounts import MASK, account_of_key, masked_interaction, matches_masked
from pytest_rekognition.cassettes.interaction import Interaction, Provenance, to_entry
from pytest_rekognition.cassettes.journal import Journal, Recovered, added, recover
from pytest_rekognition.cassettes.provenance import clean_uri, provenance_of
from pytest_rekognition.cassettes.secrets import refuse_secrets
from pytest_rekognition.cassettes.storage import INTERRUPTED, Store
from pytest_rekognition.matching import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_rekognition.cassettes.storage import Persister, Serializer
    from pytest_rekognition.exchange import Arrival, Call
    from pytest_rekognition.matching import Mismatch

    #: Scrubs a call (its operation, its stored request) and its answer (None at a lookup) in place.
    Scrub = Callable[[str, dict[str, Any], dict[str, Any] | None], None]
    #: Tells whether a call (its operation, its stored request) is a recorded one.
    Matches = Callable[[str, Mapping[str, Any], Interaction], bool]

#: Below the folder of all cassettes: the images that were kept.
IMAGES = "images"


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


class Cassette:
    """Answers calls from a file, each recording once and then the last one again; keeps what is recorded."""

    def __init__(self, settings: CassetteSettings) -> None:
        self.settings = settings
        self.path = settings.path
        #: what was found of recordings that a killed process had made
        self.recovered: list[Recovered] = []
        self._lock = threading.RLock()
        self._recorded: list[Interaction] = []
        self._used: list[Interaction] = []
        self._taken: defaultdict[str, int] = defaultdict(int)
        self._journal: Journal | None = None
        self._secrets: set[str] = set()
        self._latest = ""

    # --- replaying -----------------------------------------------------------------------------------------

    def take(self, call: Call) -> Interaction | None:
        """Return the recording that answers a call and count it as used, or None where there is none."""
        if not self.settings.replays:
            return None
        with self._lock:
            request = self._looked_up(call)
            key, recordings = self._recordings(call.operation, request)
            taken = self._taken[key]
            if not recordings or (taken >= len(recordings) and not self._repeats):
                return None
            self._taken[key] += 1
            found = recordings[min(taken, len(recordings) - 1)]
            self._used.append(found)
            return found

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists() or self.settings.persister is not None

    def served(self, interaction: Interaction) -> tuple[bytes, Any]:
        """Return an answer as it crosses the wire, as bytes and as members; images are filled in where kept."""
        blobs = catalog.operation(interaction.operation).response_blobs
        if not blobs or not isinstance(interaction.document, dict):
            return interaction.content, interaction.document
        members = stored.with_images(deepcopy(interaction.document), blobs, self._kept_image)
        return json.dumps(members).encode(), members

    def nearest(self, call: Call, most: int = 3) -> list[tuple[Interaction, list[Mismatch]]]:
        """Return the recordings of the call's operation that differ least, with the members that differ."""
        with self._lock:
            called = stored.summarised(call.operation, self._stored_request(call))
            same_operation = [recording for recording in self._loaded if recording.operation == call.operation]
        candidates = {
            recording.key: (
                recording,
                list(differences(stored.summarised(call.operation, recording.request), called)),
            )
            for recording in same_operation
        }
        return sorted(candidates.values(), key=lambda candidate: len(candidate[1]))[:most]

    @property
    def _repeats(self) -> bool:
        """Whether the last recording of a call answers for ever: not if strict, and not where one can be made."""
        return not self.settings.once and self.settings.writes is None

    def _looked_up(self, call: Call) -> dict[str, Any]:
        """Return a call's request in the form that a cassette stores, scrubbed as a recording would be."""
        scrub = self.settings.scrub
        if scrub is None and self.settings.matches is None:
            return self._stored_request(call, stored.digest_alone)  # who else looks at it
        request = self._stored_request(call)
        if scrub is not None:
            request = deepcopy(request)
            scrub(call.operation, request, None)
        return request

    def _recordings(self, operation: str, request: Mapping[str, Any]) -> tuple[str, list[Interaction]]:
        """Return the recordings of a call, in their order, and what they are counted by."""
        key = stored.key(operation, request)
        if key in self._by_key:
            return key, self._by_key[key]
        for other, recordings in self._by_key.items():
            if MASK in other and matches_masked(other, key):
                return other, recordings
        if self.settings.matches is not None:
            for other, recordings in self._by_key.items():
                if recordings[0].operation == operation and self.settings.matches(
                    operation, request, recordings[0]
                ):
                    return other, recordings
        return key, []

    @cached_property
    def _by_key(self) -> dict[str, list[Interaction]]:
        found: dict[str, list[Interaction]] = {}
        for interaction in self._loaded:
            found.setdefault(interaction.key, []).append(interaction)
        return found

    @cached_property
    def _loaded(self) -> list[Interaction]:
        """The file's interactions, as they were when the first of them was asked for."""
        self._recover()
        try:
            return self._store(self.path).read()
        except FileNotFoundError:
            return []

    def _recover(self) -> None:
        self.recovered += recover(self.settings.root, self._store)

    def _store(self, path: Path) -> Store:
        return Store(
            path,
            self.settings.root,
            serializer=self.settings.serializer,
            persister=self.settings.persister,
        )

    # --- recording -----------------------------------------------------------------------------------------

    def record(self, call: Call, status: int, body: bytes, arrival: Arrival) -> None:
        """Keep an answer of the network: it is on the disk when this returns.

        Raises `SecretError`, and keeps nothing, where a credential would be kept with it.
        """
        with self._lock:
            self._secrets |= arrival.secrets
            interaction = self._interaction(call, status, body, arrival)
            entry = to_entry(interaction)
            texts = [entry["request"]["uri"], entry["request"]["body"], entry["response"]["body"]["string"]]
            texts += [str(entry["response"]["headers"])]
            for text in texts:
                refuse_secrets(text, self._secrets, f"{call.operation}, to be recorded in {self.path}")
            self._keep_images(call, body)
            if self._journal is None:
                replaces = self.settings.writes == "replace"
                self._journal = Journal(self.path, self.settings.root, replaces=replaces)
            self._journal.add(interaction)
            self._recorded.append(interaction)

    def finish(self, *, passed: bool) -> None:
        """Write what was recorded; a rerecording only where the test passed, else the old cassette stays."""
        with self._lock:
            if self._journal is None:
                return
            replaces = self.settings.writes == "replace"
            if passed or not replaces:
                self._store(self.path).change(self._replaced if replaces else self._added, self._secrets)
            self._journal.close()
            self._journal = None
            if passed and replaces:
                self.path.with_suffix(INTERRUPTED).unlink(missing_ok=True)

    def usage(self) -> Usage | None:
        """Return what was done with the cassette, or None where there is none and nothing was recorded."""
        with self._lock:
            if not self._recorded and "_loaded" not in vars(self) and not self.exists:
                return None
            there = [*self._loaded, *self._recorded]
            dates = [interaction.recorded.at for interaction in there if interaction.recorded.at]
            return Usage(
                path=self.path,
                present=tuple(interaction.digest for interaction in there),
                used=frozenset(interaction.digest for interaction in [*self._used, *self._recorded]),
                oldest=min(dates, default=None),
                recorded=len(self._recorded),
                recovered=sum(found.interactions for found in self.recovered),
            )

    def _added(self, before: list[Interaction]) -> list[Interaction]:
        return added(before, self._recorded)

    def _replaced(self, before: list[Interaction]) -> list[Interaction]:
        """Return what a rerecorded cassette holds: of a shared one, other tests' recordings too.

        Those are calls that this test did not make, and what others recorded in the same run.
        """
        anew = {interaction.key for interaction in self._recorded}
        kept = [one for one in before if one.key not in anew or self._is_of_this_run(one)]
        return added(kept if self.settings.shared else [], self._recorded)

    def _is_of_this_run(self, interaction: Interaction) -> bool:
        return (interaction.recorded.at or "") >= self.settings.run_began > ""

    def _interaction(self, call: Call, status: int, body: bytes, arrival: Arrival) -> Interaction:
        accounts = {found for found in map(account_of_key, arrival.secrets) if found}
        answer = _document_of(call.operation, body)
        request, answer = masked_interaction(self._stored_request(call, self._described), answer, accounts)
        if self.settings.scrub is not None:
            self.settings.scrub(call.operation, request, answer if isinstance(answer, dict) else None)
        return Interaction(
            operation=call.operation,
            request=request,
            status=status,
            body=answer if isinstance(answer, str) else json.dumps(answer),
            uri=clean_uri(arrival.uri),
            content_type=arrival.content_type,
            request_id=arrival.request_id,
            recorded=self._provenance(arrival),
        )

    def _provenance(self, arrival: Arrival) -> Provenance:
        source, region = provenance_of(arrival.uri)
        return Provenance(
            source="reference" if arrival.from_reference else source,
            at=self._now(),
            region=region or arrival.region,
            botocore=arrival.botocore,
            contract=catalog.info().botocore_version,
        )

    def _now(self) -> str:
        """Return the time, later than any that was returned before."""
        now = datetime.now(UTC)
        if stamp(now) <= self._latest:
            now = datetime.fromisoformat(self._latest) + timedelta(microseconds=1)
        self._latest = stamp(now)
        return self._latest

    # --- images --------------------------------------------------------------------------------------------

    def _stored_request(
        self, call: Call, describe: Callable[[bytes], dict[str, Any]] = stored.describe
    ) -> dict[str, Any]:
        return stored.stored(call.request, catalog.operation(call.operation).request_blobs, describe)

    def _described(self, data: bytes) -> dict[str, Any]:
        """Describe an image, and say where in the project it lies."""
        project = self.settings.project
        path = None if project is None else _images_of(project).path_of(data)
        described = stored.describe(data)
        return described if path is None else {**described, "path": path}

    def _keep_images(self, call: Call, body: bytes) -> None:
        if not self.settings.keep_images:
            return
        folder = self.settings.root / IMAGES
        self._stored_request(call, lambda data: {"path": str(sidecar.keep(folder, data))})
        _document_of(call.operation, body, lambda data: {"path": str(sidecar.keep(folder, data))})

    def _kept_image(self, sha256: str) -> bytes | None:
        return sidecar.kept(self.settings.root / IMAGES, sha256)


@cache
def _images_of(project: Path) -> sidecar.ImageFinder:
    """Return the finder of a project's images, which walks the project once a process."""
    return sidecar.ImageFinder(project)


def _document_of(
    operation: str, body: bytes, describe: Callable[[bytes], dict[str, Any]] = stored.describe
) -> Any:
    """Return an answer's document, its images described; the text where it is no JSON object."""
    text = body.decode(errors="replace")
    try:
        document = json.loads(text)
    except ValueError:
        return text
    if not isinstance(document, dict):
        return text
    return stored.stored_text(document, catalog.operation(operation).response_blobs, describe)


def stamp(moment: datetime) -> str:
    """Return a moment as recordings have it: `2026-11-21T04:32:00.123456Z`."""
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
