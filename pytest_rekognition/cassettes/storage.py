"""Cassette files: read, and changed under a lock, all or nothing.

A new text is written beside, flushed to the disk and then put in the old one's place by `os.replace`: whoever
reads sees the old file or the new one. (The package made for this is no longer maintained; its author points
to `os.replace`.)
"""

from __future__ import annotations

import hashlib
import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from pytest_rekognition.cassettes import serializer as yaml_serializer
from pytest_rekognition.cassettes.interaction import from_entry, to_entry
from pytest_rekognition.cassettes.naming import WORKING_FOLDER
from pytest_rekognition.cassettes.secrets import refuse_secrets
from pytest_rekognition.errors import CassetteError
from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator
    from pathlib import Path

    from pytest_rekognition.cassettes.interaction import Interaction


class Serializer(Protocol):
    """vcrpy's seam between a cassette's document and its text: a module or object with two functions."""

    def serialize(self, cassette_dict: dict[str, Any], /) -> str:
        """Return the text of a document."""
        ...

    def deserialize(self, cassette_string: str, /) -> dict[str, Any]:
        """Return the document of a text."""
        ...


class Persister(Protocol):
    """Where the texts of cassettes are kept; `vcrpy.AdaptedPersister` makes one of vcrpy's."""

    def load(self, path: Path, serializer: Serializer) -> dict[str, Any]:
        """Return a cassette's document, or raise `FileNotFoundError`."""
        ...

    def save(self, path: Path, document: dict[str, Any], serializer: Serializer) -> None:
        """Keep a cassette's document."""
        ...


class FilePersister:
    """Keeps cassettes as files."""

    def load(self, path: Path, serializer: Serializer) -> dict[str, Any]:
        """Return the document of a file; raises `FileNotFoundError`, or `CassetteError` naming file and line."""
        text = ""
        try:
            text = path.read_bytes().decode()
            return serializer.deserialize(text)
        except UnicodeDecodeError as error:
            line = path.read_bytes()[: error.start].count(b"\n") + 1
            raise CassetteError(_at(path, line, "it is no UTF-8 text"), line) from None
        except CassetteError as error:
            raise CassetteError(_at(path, error.line, str(error)), error.line) from None
        except ValueError as error:  # of somebody else's serializer
            raise CassetteError(_at(path, None, f"it cannot be read: {error}")) from error

    def save(self, path: Path, document: dict[str, Any], serializer: Serializer) -> None:
        """Put a file in the old one's place."""
        replace(path, serializer.serialize(document).encode())


class Store:
    """One cassette: its interactions, read as they are, and changed by one process at a time."""

    def __init__(
        self,
        path: Path,
        *,
        serializer: Serializer | None = None,
        persister: Persister | None = None,
    ) -> None:
        self.path = path
        self._serializer: Serializer = serializer or yaml_serializer
        self._persister: Persister = persister or FilePersister()

    def read(self) -> list[Interaction]:
        """Return the interactions; raises `FileNotFoundError`, or `CassetteError` naming file and line."""
        document = self._persister.load(self.path, self._serializer)
        return list(self._interactions(document["interactions"]))

    def change(
        self, change: Callable[[list[Interaction]], Iterable[Interaction]], known_secrets: Collection[str] = ()
    ) -> None:
        """Replace the interactions by what `change` makes of them, under the cassette's lock.

        Raises `SecretError`, and writes nothing, where the text would hold a credential.
        """
        with locked(self.path):
            try:
                before = self.read()
            except FileNotFoundError:
                before = []
            self._write(list(change(before)), known_secrets)

    def _write(self, interactions: list[Interaction], known_secrets: Collection[str]) -> None:
        document = {
            "interactions": [to_entry(interaction) for interaction in interactions],
            "version": yaml_serializer.FORMAT_VERSION,
        }
        guarded = _Guarded(self._serializer, known_secrets, show_path(self.path))
        self._persister.save(self.path, document, guarded)

    def _interactions(self, entries: Iterable[Any]) -> Iterator[Interaction]:
        for index, entry in enumerate(entries):
            try:
                yield from_entry(entry)
            except CassetteError as error:
                line = self._line_of(index)
                raise CassetteError(_at(self.path, line, f"interaction {index}: {error}"), line) from None

    def _line_of(self, index: int) -> int | None:
        try:
            return yaml_serializer.line_of(self.path.read_text("utf-8"), index)
        except (OSError, ValueError):  # kept elsewhere, or in another form
            return None


def read(path: Path) -> list[Interaction]:
    """Return the interactions of a cassette file; raises `FileNotFoundError`, or `CassetteError`."""
    return Store(path).read()


def write(path: Path, interactions: Iterable[Interaction]) -> None:
    """Replace a cassette file by these interactions, under its lock."""
    kept = list(interactions)
    Store(path).change(lambda _: kept)


class _Guarded:
    """A serializer that lets no credential through, whoever keeps its text."""

    def __init__(self, inner: Serializer, known_secrets: Collection[str], where: str) -> None:
        self._inner = inner
        self._known = known_secrets
        self._where = where
        self.deserialize = inner.deserialize

    def serialize(self, cassette_dict: dict[str, Any], /) -> str:
        """Return the text, or raise `SecretError`."""
        text = self._inner.serialize(cassette_dict)
        refuse_secrets(text, self._known, self._where)
        return text


def working_folder(root: Path) -> Path:
    """Return the folder for what is not to be committed, which says so to git itself."""
    folder = root / WORKING_FOLDER
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        replace(folder / ".gitignore", b"*\n")
    return folder


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a cassette's lock, which processes and threads wait for, by whatever path they come."""
    from filelock import FileLock  # noqa: PLC0415  only where something is written

    real = path.resolve()
    name = hashlib.sha256(real.name.encode()).hexdigest()[:16]
    with FileLock(working_folder(real.parent) / f"{name}.lock"):
        yield


def replace(path: Path, content: bytes) -> None:
    """Put a file with this content in the place of whatever is there, all or nothing."""
    path = path.resolve()  # a link stays one
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.parent / f".{path.name[:40]}.{uuid.uuid4().hex}.tmp"
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _at(path: Path, line: int | None, message: str) -> str:
    return f"{show_path(path)}:{line}: {message}" if line else f"{show_path(path)}: {message}"
