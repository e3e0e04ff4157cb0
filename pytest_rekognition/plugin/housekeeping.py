"""What a whole run knows of its cassettes: which recordings no test used, and which cassettes."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rekognition.cassettes.naming import SUFFIX, is_fixture_path
from pytest_rekognition.report.summary import unused_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pytest_rekognition.cassettes.cassette import Usage

#: Folders below that of all cassettes which hold none.
_NO_CASSETTES = frozenset({".recording", "images"})
_INTERRUPTED = ".interrupted.yaml"
#: What every recording of this package has in its file, and files of others have not, both at once.
_MARKS = (b"RekognitionService.", b"recorded:")


class Ledger:
    """Keeps how cassettes were used; ledgers of several processes can be added up.

    Cassettes are known by their path relative to the folder of all.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._present: dict[str, Counter[str]] = {}
        self._used: dict[str, set[str]] = {}
        self._excused: set[str] = set()
        #: how many tests were collected, and how many were started
        self.collected = 0
        self.started = 0
        #: whether there are tests that this run does not know
        self.narrowed = False

    @property
    def is_complete(self) -> bool:
        """Whether every test was run."""
        return not self.narrowed and self.started >= self.collected

    def use(self, usage: Usage) -> None:
        """Count what a harness did with its cassette."""
        self._add(self._name(usage.path), Counter(usage.present), usage.used)

    def excuse(self, cassette: Path | None) -> None:
        """Expect nothing of a cassette: a test that it belongs to did not run to its end."""
        if cassette is not None:
            self._excused.add(self._name(cassette))

    def dump(self) -> dict[str, Any]:
        """Return what is known as plain data, to send to another process."""
        return {
            "present": {name: dict(digests) for name, digests in self._present.items()},
            "used": {name: sorted(digests) for name, digests in self._used.items()},
            "excused": sorted(self._excused),
            "collected": self.collected,
            "started": self.started,
            "narrowed": self.narrowed,
        }

    def merge(self, dumped: Mapping[str, Any]) -> None:
        """Add what another process knows."""
        for name, digests in dumped["present"].items():
            self._add(name, Counter(digests), dumped["used"][name])
        self._excused |= set(dumped["excused"])
        self.collected = max(self.collected, dumped["collected"])
        self.started += dumped["started"]
        self.narrowed |= dumped["narrowed"]

    def verdict(self) -> Verdict:
        """Judge what is there now. It is only right where the run was whole."""
        rows = {name: row for name in self._present if not self._is_excused(name) and (row := self._row(name))}
        known = self._present.keys() | self._excused
        orphans = [
            name
            for name in self._files()
            if name not in known and not self._is_excused(name) and self._is_ours(name)
        ]
        return Verdict(self._folder, rows, orphans)

    def _add(self, name: str, present: Counter[str], used: set[str] | frozenset[str] | list[str]) -> None:
        self._present[name] = self._present.get(name, Counter()) | present
        self._used.setdefault(name, set()).update(used)

    def _name(self, path: Path) -> str:
        return Path(os.path.relpath(path, self._folder)).as_posix()

    def _is_excused(self, name: str) -> bool:
        """Tell whether nothing is expected of a cassette; fixtures may be those of a test that did not run."""
        return name in self._excused or (bool(self._excused) and is_fixture_path(name))

    def _row(self, name: str) -> Row | None:
        """Judge one cassette; None where there is no file, or none in the folder."""
        path = self._folder / name
        if name.startswith("../") or not path.is_file():
            return None
        present = self._present[name]
        unused = sorted(present.keys() - self._used[name])
        spare = sum(present[digest] for digest in unused)
        return Row(hashlib.sha256(path.read_bytes()).hexdigest(), unused, spare, present.total())

    def _files(self) -> Iterator[str]:
        for path in sorted(self._folder.rglob(f"*{SUFFIX}")):
            name = path.relative_to(self._folder)
            if name.parts[0] not in _NO_CASSETTES and not name.name.endswith(_INTERRUPTED) and path.is_file():
                yield name.as_posix()

    def _is_ours(self, name: str) -> bool:
        """Tell whether a file is a cassette of this package: the folder may hold other tools' too."""
        content = (self._folder / name).read_bytes()
        return all(mark in content for mark in _MARKS)


class Row(NamedTuple):
    """One cassette that tests used."""

    #: of the file's bytes
    sha256: str
    #: digests of the interactions that no test used
    unused: list[str]
    #: how many interactions they are, and of how many
    spare: int
    total: int


class Verdict(NamedTuple):
    """What a whole run did not use."""

    #: the folder of all cassettes
    folder: Path
    #: cassettes that were used, by their path relative to the folder
    cassettes: dict[str, Row]
    #: cassettes that no test uses
    orphans: list[str]

    def dump(self, root: Path) -> dict[str, Any]:
        """Return what `pytest-rekognition cassettes prune` acts on, the folder relative to the run's root."""
        return {
            "folder": Path(os.path.relpath(self.folder, root)).as_posix(),
            "cassettes": {
                name: {"sha256": row.sha256, "unused": row.unused} for name, row in self.cassettes.items()
            },
            "orphans": self.orphans,
        }

    def lines(self, root: Path) -> list[str]:
        """Return what to tell of it: nothing, where all is used."""
        folder = Path(os.path.relpath(self.folder, root))
        partly = {str(folder / name): (row.spare, row.total) for name, row in self.cassettes.items() if row.unused}
        return unused_lines(partly, [str(folder / name) for name in self.orphans])
