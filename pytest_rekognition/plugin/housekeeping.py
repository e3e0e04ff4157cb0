"""What a whole run knows of its cassettes: which recordings no test used, and which cassettes."""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, NamedTuple

from pytest_rekognition.cassettes.naming import IMAGES, INTERRUPTED, SUFFIX, WORKING_FOLDER, is_fixture_path
from pytest_rekognition.report.summary import unused_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pytest_rekognition.cassettes.settings import Usage

#: Folders below that of all cassettes which hold none.
_NO_CASSETTES = frozenset({WORKING_FOLDER, IMAGES})
#: What every recording of this package has in its file, and files of others have not, both at once.
_MARKS = (b"RekognitionService.", b"recorded:")
#: Ends a name that was made safe: what it was made from cannot be told.
_HASHED = re.compile(r".*-[0-9a-f]{12}", re.DOTALL)


class Layout(NamedTuple):
    """Where the run's tests lie, and what they are called."""

    #: of the run
    root: Path
    #: pytest's `python_files`
    files: Sequence[str]
    #: pytest's `python_functions`
    functions: Sequence[str]

    def has_module(self, folder: str) -> bool:
        """Tell whether there is the module that a folder of cassettes is named after."""
        return (self.root / f"{folder}.py").is_file()

    def lost_module(self, folder: str) -> bool:
        """Tell whether a folder of cassettes is named after a test module that is gone from its folder."""
        module = PurePosixPath(f"{folder}.py")
        is_plain = not any(map(_HASHED.fullmatch, folder.split("/")))
        return is_plain and (self.root / module).parent.is_dir() and any(map(module.match, self.files))

    def is_default(self, name: str) -> bool:
        """Tell whether a cassette has the name of a test or of a fixture, and nobody's own."""
        function = PurePosixPath(name).stem.partition("[")[0].rpartition(".")[2]
        return is_fixture_path(name) or any(
            function.startswith(form) or fnmatch(function, form) for form in ("test", "runTest", *self.functions)
        )


class Ledger:
    """Keeps how cassettes were used; ledgers of several processes can be added up.

    Cassettes are known by their path relative to the folder of all.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._present: dict[str, Counter[str]] = {}
        self._used: dict[str, set[str]] = {}
        self._excused: set[str] = set()
        #: the folders of cassettes of modules with tests, and cassettes that tests may open without the fixture
        self._modules: set[str] = set()
        self._others: set[str] = set()
        #: how many tests were collected, and how many were started
        self.collected = 0
        self.started = 0
        #: whether there are tests that this run does not know
        self.narrowed = False

    @property
    def is_complete(self) -> bool:
        """Whether every test was run, and is known to the ledger since it was collected."""
        return self.collected > 0 and not self.narrowed and self.started >= self.collected

    def collect(self, cassettes: Iterable[tuple[PurePosixPath, bool]]) -> None:
        """Expect the tests of a run: the default cassette of each, and whether it uses the plugin."""
        for path, uses_plugin in cassettes:
            self.collected += 1
            self._modules.add(path.parent.as_posix())
            if not uses_plugin:
                self._others.add(path.as_posix())

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
            "modules": sorted(self._modules),
            "others": sorted(self._others),
            "collected": self.collected,
            "started": self.started,
            "narrowed": self.narrowed,
        }

    def merge(self, dumped: Mapping[str, Any]) -> None:
        """Add what another process knows."""
        for name, digests in dumped["present"].items():
            self._add(name, Counter(digests), dumped["used"][name])
        self._excused |= set(dumped["excused"])
        self._modules |= set(dumped["modules"])
        self._others |= set(dumped["others"])
        self.collected = max(self.collected, dumped["collected"])
        self.started += dumped["started"]
        self.narrowed |= dumped["narrowed"]

    def verdict(self, layout: Layout) -> Verdict | None:
        """Judge what is there now, or nothing where a cassette tells of a module that the run did not collect.

        It is only right where the run was whole. A cassette that nobody used is an orphan only where it has the
        default name of a test or fixture, of a module that was collected or of a test module that is gone from a
        folder that still exists. Others may belong to harnesses that tests open themselves, which are not counted.
        Of a fixture's cassette no part is called unused: each worker of a distributed run records its own.
        """
        known = self._present.keys() | self._excused
        idle = [name for name in self._files() if name not in known and self._is_ours(name)]
        if any(self._is_elsewhere(name, layout) for name in idle):
            return None
        held = (name for name in self._present if not self._is_excused(name) and not is_fixture_path(name))
        rows = {name: row for name in held if (row := self._row(name))}
        return Verdict(self._folder, rows, [name for name in idle if self._is_orphan(name, layout)])

    def _is_elsewhere(self, name: str, layout: Layout) -> bool:
        """Tell whether a cassette belongs to a module that is there and was not collected."""
        folder = _parent(name)
        return folder not in self._modules and layout.has_module(folder) and not self._is_conftest(folder)

    def _is_orphan(self, name: str, layout: Layout) -> bool:
        folder = _parent(name)
        is_known = folder in self._modules or self._is_conftest(folder)
        is_owned = layout.is_default(name) and (is_known or layout.lost_module(folder))
        return is_owned and name not in self._others and not self._is_excused(name)

    def _is_conftest(self, folder: str) -> bool:
        """Tell whether a folder of cassettes is that of a conftest beside or above modules that were collected."""
        path = PurePosixPath(folder)
        return path.name == "conftest" and any(
            PurePosixPath(one).is_relative_to(path.parent) for one in self._modules
        )

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
            is_other = name.parts[0] in _NO_CASSETTES or WORKING_FOLDER in name.parts
            if not is_other and not name.name.endswith(INTERRUPTED) and path.is_file():
                yield name.as_posix()

    def _is_ours(self, name: str) -> bool:
        """Tell whether a file is a cassette of this package: the folder may hold other tools' too."""
        content = (self._folder / name).read_bytes()
        return all(mark in content for mark in _MARKS)


def _parent(name: str) -> str:
    return PurePosixPath(name).parent.as_posix()


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
