"""Which files a path on the command line stands for."""

from __future__ import annotations

import re
from glob import glob, has_magic
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pytest_rekognition.folders import own_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

CASSETTES = frozenset({".yaml", ".yml"})
DOCUMENTS = frozenset({".json", ".jsonl"})
_INTERACTIONS = re.compile(r"^[\"']?interactions[\"']?\s*:", re.MULTILINE)
_INTERACTIONS_IN_BRACES = re.compile(r"^\s*\{(?:.|\n)*?\binteractions[\"']?\s*:")


class Problem(NamedTuple):
    """A file that could not be dealt with, and why."""

    file: str
    message: str


class Found(NamedTuple):
    """A file."""

    path: Path
    #: the path that led to it; a file that was named itself is its own
    given: Path

    @property
    def named(self) -> bool:
        """Whether the user named this very file."""
        return self.path == self.given


def find(paths: Sequence[Path], suffixes: Collection[str]) -> tuple[list[Found], list[Problem]]:
    """Return the files that paths stand for, each once, and the paths that lead nowhere.

    A file stands for itself, a folder for every file below it with one of the suffixes, a pattern (`**/*.yaml`)
    for what it matches.
    """
    found: dict[Path, Found] = {}
    problems = []
    for path in paths:
        files = list(_files(path, suffixes))
        if not files and not path.exists():
            problems.append(Problem(str(path), f"{path}: there is no such file or folder"))
        for file in files:
            found.setdefault(file.path.resolve(), file)
    return list(found.values()), problems


def looks_like_cassette(path: Path) -> bool:
    """Tell whether a file has `interactions` at its top level, be it broken or not."""
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    return bool(_INTERACTIONS.search(text) or _INTERACTIONS_IN_BRACES.match(text))


def _files(path: Path, suffixes: Collection[str]) -> Iterator[Found]:
    if path.is_dir():
        yield from (Found(file, path) for file in sorted(_below(path)) if file.suffix in suffixes)
    elif path.exists():
        yield Found(path, path)
    elif has_magic(str(path)):
        for match in sorted(map(Path, glob(str(path), recursive=True))):  # noqa: PTH207  of any root
            inside = _below(match) if match.is_dir() else [match]
            yield from (Found(file, path) for file in inside if file.suffix in suffixes)


def _below(root: Path) -> Iterator[Path]:
    return (path for path in own_files(root) if not path.name.startswith("."))
