"""A cassette in use: one harness replays from it, and records to it."""

from __future__ import annotations

import json
import os
import threading
from collections import defaultdict
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.cassettes import sidecar, stored
from pytest_rekognition.cassettes.accounts import MASK, account_of_key, mask_accounts, unmasked
from pytest_rekognition.cassettes.interaction import Interaction, Provenance, to_entry
from pytest_rekognition.cassettes.journal import Journal, Recovered, added, recover
from pytest_rekognition.cassettes.naming import IMAGES, INTERRUPTED
from pytest_rekognition.cassettes.provenance import clean_uri, provenance_of
from pytest_rekognition.cassettes.secrets import refuse_secrets
from pytest_rekognition.cassettes.settings import REFUSALS, CassetteSettings, Usage, stamp
from pytest_rekognition.cassettes.storage import Store
from pytest_rekognition.matching import differences

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pytest_rekognition.exchange import Arrival, Call
    from pytest_rekognition.matching import Mismatch


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
        #: what stands for which account in what is recorded, and which account a replayed mask stood for
        self._masked: dict[str, str] = {}
        self._accounts: dict[str, str] = {}
        self._latest = ""

    # --- replaying -----------------------------------------------------------------------------------------

    def take(self, call: Call) -> Interaction | None:
        """Return the recording that answers a call and count it as used, or None where there is none."""
        if not self.settings.replays:
            return None
        with self._lock:
            request = self._looked_up(call)
            called = stored.key(call.operation, request)
            key, recordings = self._recordings(call.operation, request, called)
            taken = self._taken[key]
            if not recordings or (taken >= len(recordings) and not self._repeats):
                return None
            self._accounts |= (unmasked(key, called) or {}) if key != called else {}
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
            called = stored.summarised(call.operation, self._scrubbed(call))
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
        if self.settings.scrub is None and self.settings.matches is None:
            return self._stored_request(call, stored.digest_alone)  # who else looks at it
        return self._scrubbed(call)

    def _scrubbed(self, call: Call) -> dict[str, Any]:
        request = self._stored_request(call)
        if self.settings.scrub is not None:
            request = deepcopy(request)
            self.settings.scrub(call.operation, request, None)
        return request

    def _recordings(self, operation: str, request: Mapping[str, Any], key: str) -> tuple[str, list[Interaction]]:
        """Return the recordings of a call, in their order, and what they are counted by."""
        if key in self._by_key:
            return key, self._by_key[key]
        masked = [other for other in self._masked_keys if self._means(other, key)]
        if len(masked) == 1:  # of several, none is known to be the one
            return masked[0], self._by_key[masked[0]]
        if self.settings.matches is not None:
            for other, recordings in self._by_key.items():
                if recordings[0].operation == operation and self.settings.matches(
                    operation, request, recordings[0]
                ):
                    return other, recordings
        return key, []

    def _means(self, masked: str, key: str) -> bool:
        """Tell whether a recorded call is another one but for its accounts, which are those of earlier calls."""
        accounts = unmasked(masked, key)
        if accounts is None:
            return False
        together = self._accounts | accounts
        changed = any(self._accounts.get(mask, account) != account for mask, account in accounts.items())
        return not changed and len(set(together.values())) == len(together)

    @cached_property
    def _masked_keys(self) -> list[str]:
        return [key for key in self._by_key if MASK.search(key)]

    @cached_property
    def _by_key(self) -> dict[str, list[Interaction]]:
        found: dict[str, list[Interaction]] = {}
        for interaction in self._loaded:
            if not self._is_asked_anew(interaction):
                found.setdefault(interaction.key, []).append(interaction)
        return found

    def _is_asked_anew(self, interaction: Interaction) -> bool:
        """Tell whether a recording is one that mode record replaces: a refusal of the caller's credentials."""
        error = interaction.error
        return self.settings.writes == "add" and error is not None and error.code in REFUSALS

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
            if self._journal is None or self._journal.pid != os.getpid():
                self._journal = self._new_journal()
            self._journal.add(interaction)
            self._recorded.append(interaction)

    def _new_journal(self) -> Journal:
        """Begin a journal once what others left behind is where it belongs; a forked process only ever adds."""
        is_first = self._journal is None
        if is_first:
            self._recover()
        replaces = self.settings.writes == "replace" and is_first
        return Journal(self.path, self.settings.root, replaces=replaces)

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
            self._recover()  # what forked processes have recorded meanwhile
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
        anew = {interaction.key for interaction in self._recorded}
        kept = [one for one in before if one.key not in anew or not self._is_asked_anew(one)]
        return added(kept, self._recorded)

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
        request = deepcopy(self._stored_request(call, self._described))
        answer = _document_of(call.operation, body)
        if self.settings.scrub is not None:
            self.settings.scrub(call.operation, request, answer if isinstance(answer, dict) else None)
        accounts = {found for found in map(account_of_key, arrival.secrets) if found}
        told = [request, answer, clean_uri(arrival.uri), arrival.content_type, arrival.request_id]
        request, answer, uri, content_type, request_id = mask_accounts(told, accounts, self._masks())
        return Interaction(
            operation=call.operation,
            request=request,
            status=status,
            body=answer if isinstance(answer, str) else json.dumps(answer),
            uri=uri,
            content_type=content_type,
            request_id=request_id,
            recorded=self._provenance(arrival),
        )

    def _masks(self) -> dict[str, str]:
        """Return what stands for which account; a mask of the file is taken, unless a replayed call told whose."""
        if not self._masked:
            others = [] if self.settings.writes == "replace" and not self.settings.shared else self._loaded
            taken = {mask for one in others for mask in MASK.findall(one.key + one.body)}
            self._masked = {mask: mask for mask in taken}
        self._masked |= {account: mask for mask, account in self._accounts.items()}
        return self._masked

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

        def keep(data: bytes) -> dict[str, Any]:
            refuse_secrets(data.decode("latin-1"), self._secrets, f"an image of {call.operation}")
            return {"path": str(sidecar.keep(folder, data))}

        self._stored_request(call, keep)
        _document_of(call.operation, body, keep)

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
