"""The journal: what is recorded is on the disk before the application has its answer.

A journal belongs to one harness, which holds its lock while it lives. A journal whose lock is free was left behind
by a process that was killed; whoever comes next puts its interactions into the cassette.
"""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rekognition.cassettes.interaction import from_entry, to_entry
from pytest_rekognition.cassettes.naming import INTERRUPTED, WORKING_FOLDER
from pytest_rekognition.cassettes.storage import Store, working_folder
from pytest_rekognition.errors import CassetteError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from filelock import BaseFileLock

    from pytest_rekognition.cassettes.interaction import Interaction


class Recovered(NamedTuple):
    """What a killed process had recorded, and where it is now."""

    path: Path
    interactions: int


class Journal:
    """The recordings of one harness for one cassette, one a line; the first line names the cassette."""

    def __init__(self, cassette: Path, root: Path, *, replaces: bool) -> None:
        #: whose journal it is: a forked process takes one of its own
        self.pid = os.getpid()
        name = f"{self.pid}-{uuid.uuid4().hex}"
        folder = working_folder(root)
        self._path = folder / f"{name}.jsonl"
        self._lock = _lock(self._path)
        self._lock.acquire()
        self._append({"cassette": Path(os.path.relpath(cassette, root)).as_posix(), "replaces": replaces})

    def add(self, interaction: Interaction) -> None:
        """Put an interaction on the disk."""
        self._append(to_entry(interaction))

    def close(self) -> None:
        """Forget it all: the cassette has it, or is not to have it."""
        self._path.unlink(missing_ok=True)
        _release(self._lock)

    def _append(self, row: dict[str, Any]) -> None:
        with self._path.open("ab") as file:
            file.write(json.dumps(row).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())


def recover(root: Path, store_of: Callable[[Path], Store]) -> list[Recovered]:
    """Put what killed processes recorded below a folder into its cassettes.

    A rerecording that was interrupted never replaces a cassette: it is kept beside, as `NAME.interrupted.yaml`. A
    journal whose cassette cannot be read stays until it can.
    """
    found: list[Recovered] = []
    for path in sorted((root / WORKING_FOLDER).glob("*.jsonl")):
        lock = _abandoned(path)
        if lock is None:
            continue
        try:
            found += _recovered(path, root, store_of)
        finally:
            _release(lock)
    return found


def _recovered(path: Path, root: Path, store_of: Callable[[Path], Store]) -> Iterator[Recovered]:
    head, *rows = [*_rows(path)] or [None]
    try:
        interactions = [from_entry(row) for row in rows]
        if interactions:
            cassette = root / head["cassette"]
            if head["replaces"]:
                cassette = cassette.with_suffix(INTERRUPTED)
            store_of(cassette).change(lambda before: added(before, interactions))
            yield Recovered(cassette, len(interactions))
    except (CassetteError, TypeError, KeyError):  # of another version, or its cassette is broken
        return
    path.unlink(missing_ok=True)


def added(before: Iterable[Interaction], recorded: Iterable[Interaction]) -> list[Interaction]:
    """Return a cassette's interactions with newly recorded ones, none of them twice."""
    kept = list(before)
    there = {_identity(interaction) for interaction in kept}
    return kept + [interaction for interaction in recorded if _identity(interaction) not in there]


def _identity(interaction: Interaction) -> tuple[str, str | None, str | None]:
    return interaction.digest, interaction.recorded.at, interaction.request_id


def _rows(path: Path) -> Iterator[Any]:
    """Yield a journal's rows; the last one may be cut off, and then its answer never reached the application."""
    for line in path.read_bytes().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return


def _lock(journal: Path) -> BaseFileLock:
    from filelock import FileLock  # noqa: PLC0415  only where something is written

    # one thread may record first and another close
    return FileLock(journal.with_suffix(".lock"), thread_local=False)


def _abandoned(journal: Path) -> BaseFileLock | None:
    """Return a journal's lock, held, if its writer is gone, else None."""
    from filelock import Timeout  # noqa: PLC0415  only where there is a journal

    lock = _lock(journal)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return None
    if journal.exists():
        return lock
    _release(lock)
    return None


def _release(lock: BaseFileLock) -> None:
    lock.release()
    Path(lock.lock_file).unlink(missing_ok=True)
