"""The detector: an engine, loaded when first needed, that remembers the images it has seen."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.engines import decode, engine_entry, load_engine
from pytest_rekognition.backends.reference.headers import checked
from pytest_rekognition.backends.reference.refusals import invalid_format

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rekognition.backends.reference.engines.base import Engine, MeasuredFace, Pixels

#: images whose faces are remembered
_REMEMBERED: Final = 64
#: held while a shared detector is made
_MAKING: Final = threading.Lock()


class Detector:
    """Finds faces in image files."""

    def __init__(self, engine: str = "auto", models: Path | None = None) -> None:
        entry = engine_entry(engine, models)
        self._models = models
        #: the engine's name
        self.engine = entry.name
        #: the members of `FaceDetail` that it measures, such as `BoundingBox` or `Pose.Roll`
        self.measures = entry.measures
        self._loaded: Engine | None = None
        self._loading = threading.Lock()
        # by the images' digests, the one asked for last at the end
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._lock = threading.Lock()

    def faces(self, data: bytes, digest: str | None = None) -> tuple[MeasuredFace, ...]:
        """Return the faces in a PNG's or JPEG's bytes, the largest first; raises `ServiceError` as the service.

        `digest` is the bytes' SHA-256 in hexadecimal, where the caller has it already. Who asks for an image that
        another thread is looking at waits for that.
        """
        digest = digest or hashlib.sha256(data).hexdigest()
        seen = self._remembered(digest)
        with seen.lock:
            if seen.faces is None:
                try:
                    seen.faces = tuple(self.look(pixels_of(data)))
                finally:
                    self._settle(digest, seen)
            return seen.faces

    def load(self) -> Engine:
        """Load the engine now, and not at the first image; raises as `load_engine`."""
        with self._loading:
            if self._loaded is None:
                self._loaded = load_engine(self.engine, self._models)
            return self._loaded

    def look(self, pixels: Pixels) -> list[MeasuredFace]:
        """Return the faces in an upright image's pixels, such as a video's frame, the largest first."""
        return self.load().detect(pixels)

    def _remembered(self, digest: str) -> _Seen:
        with self._lock:
            seen = self._seen.setdefault(digest, _Seen())
            self._seen.move_to_end(digest)
            return seen

    def _settle(self, digest: str, seen: _Seen) -> None:
        """Keep an image's faces in place of those asked for longest ago; forget one that was not looked at."""
        with self._lock:
            if seen.faces is not None:
                self._seen[digest] = seen
                if len(self._seen) > _REMEMBERED:
                    self._seen.popitem(last=False)
            elif self._seen.get(digest) is seen:
                del self._seen[digest]


class _Seen:
    """One image's faces, or None until somebody has looked at it, with the lock held."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.faces: tuple[MeasuredFace, ...] | None = None


def shared_detector(engine: str, models: Path | None) -> Detector:
    """Return the process's one detector for an engine, by its name in the table: it is slow to load."""
    with _MAKING:
        return _shared_detector(engine, models)


@lru_cache(maxsize=4)
def _shared_detector(engine: str, models: Path | None) -> Detector:
    return Detector(engine, models)


def pixels_of(data: bytes) -> Pixels:
    """Return a PNG's or JPEG's pixels, upright; raises `ServiceError` as the service."""
    pixels = decode(data, checked(data))
    if pixels is None:
        raise invalid_format()
    return pixels
