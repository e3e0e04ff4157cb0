"""Images beside cassettes: kept by their digest, and found again in the project by their bytes."""

from __future__ import annotations

import hashlib
import re
import stat
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from pytest_rekognition.cassettes.storage import replace
from pytest_rekognition.errors import CassetteError
from pytest_rekognition.folders import own_files
from pytest_rekognition.images import describe_image

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SUFFIXES = {"image/jpeg": ".jpg", "image/png": ".png"}
#: What is neither.
_OTHER = ".bin"
_SHA256 = re.compile(r"[0-9a-f]{64}")
#: The files that a request's image may come from.
_IMAGE = re.compile(r"\.(?:jpe?g|png)", re.IGNORECASE)


def keep(folder: Path, data: bytes) -> Path:
    """Keep an image, or other bytes, once, under the name of its sha256; return the file."""
    info = describe_image(data)
    suffix = _OTHER if info is None else _SUFFIXES[info.media_type]
    path = folder / f"{hashlib.sha256(data).hexdigest()}{suffix}"
    if not (path.is_file() and path.stat().st_size == len(data)):
        replace(path, data)
    return path


def kept(folder: Path, sha256: str) -> bytes | None:
    """Return what was kept under a sha256, or None; raises `CassetteError` where it is not what it was."""
    if not _SHA256.fullmatch(sha256):
        return None
    for suffix in (*_SUFFIXES.values(), _OTHER):
        path = folder / f"{sha256}{suffix}"
        with suppress(FileNotFoundError):
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != sha256:
                raise CassetteError(
                    f"{path} is not the image that was kept under this name: it has changed since."
                    " Restore it, or delete it and record it anew"
                )
            return data
    return None


class ImageFinder:
    """Finds the project's file that holds an image. The folders are walked once, when it is first asked."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._lock = threading.Lock()
        self._by_size: dict[int, list[str]] | None = None
        self._digests: dict[str, bytes | None] = {}

    def path_of(self, data: bytes) -> str | None:
        """Return the first file with these bytes, relative to the project, with `/`; None where there is none."""
        with self._lock:
            if self._by_size is None:
                self._by_size = self._walked()
            candidates = self._by_size.get(len(data), ())
            wanted = hashlib.sha256(data).digest() if candidates else b""
            return next((path for path in candidates if self._digest(path) == wanted), None)

    def _walked(self) -> dict[int, list[str]]:
        by_size: dict[int, list[str]] = {}
        for path, size in sorted(self._images()):
            by_size.setdefault(size, []).append(path)
        return by_size

    def _images(self) -> Iterator[tuple[str, int]]:
        root = self._project.resolve()
        for path in own_files(root):
            size = _size_of(path, root) if _is_image_name(path) else None
            if size is not None:
                yield path.relative_to(root).as_posix(), size

    def _digest(self, path: str) -> bytes | None:
        """Return a file's digest, or None where it cannot be read."""
        if path not in self._digests:
            self._digests[path] = None
            with suppress(OSError), (self._project / path).open("rb") as file:
                self._digests[path] = hashlib.file_digest(file, "sha256").digest()
        return self._digests[path]


def _is_image_name(path: Path) -> bool:
    """Tell whether a name is an image's that a cassette can name, and not that of a kept one."""
    try:
        path.name.encode()
    except UnicodeEncodeError:
        return False
    return bool(_IMAGE.fullmatch(path.suffix)) and not _SHA256.fullmatch(path.stem) and path.name[0] != "."


def _size_of(path: Path, root: Path) -> int | None:
    """Return a file's size; None for what is no file, cannot be looked at, or leads out of the project."""
    try:
        if path.is_symlink() and not path.resolve(strict=True).is_relative_to(root):
            return None
        found = path.stat()
    except (OSError, RuntimeError):  # RuntimeError: a link to itself
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None
