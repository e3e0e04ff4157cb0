"""The detector: an engine, loaded when first needed, that remembers the images it has seen."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.engines import decode, engine_entry, load_engine
from pytest_rekognition.backends.reference.headers import checked
from pytest_rekognition.backends.reference.refusals import invalid_format

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_rekognition.backends.reference.engines.base import Engine, MeasuredFace, Pixels

#: images whose faces are remembered
_REMEMBERED: Final = 64


class Detector:
    """Finds faces in image files."""

    def __init__(self, engine: str = "auto", models: Path | None = None) -> None:
        entry = engine_entry(engine, models)
        self._models = models
        #: the engine's name
        self.engine = entry.name
        #: the members of `FaceDetail` that it measures, such as `BoundingBox` or `Pose.Roll`
        self.measures = entry.measures
        self._seen: OrderedDict[str, tuple[MeasuredFace, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def faces(self, data: bytes, digest: str | None = None) -> tuple[MeasuredFace, ...]:
        """Return the faces in a PNG's or JPEG's bytes, the largest first; raises `ServiceError` as the service.

        `digest` is the bytes' SHA-256 in hexadecimal, where the caller has it already.
        """
        digest = digest or hashlib.sha256(data).hexdigest()
        known = self._seen.get(digest)
        if known is not None:
            return known
        faces = self._look(data)
        with self._lock:
            self._seen[digest] = faces
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
        return faces

    def load(self) -> None:
        """Load the engine now, and not at the first image; raises as `load_engine`."""
        self._loaded  # noqa: B018  a cached property

    @cached_property
    def _loaded(self) -> Engine:
        return load_engine(self.engine, self._models)

    def look(self, pixels: Pixels) -> list[MeasuredFace]:
        """Return the faces in an upright image's pixels, such as a video's frame, the largest first."""
        return self._loaded.detect(pixels)

    def _look(self, data: bytes) -> tuple[MeasuredFace, ...]:
        return tuple(self.look(pixels_of(data)))


@lru_cache(maxsize=4)
def shared_detector(engine: str, models: Path | None) -> Detector:
    """Return the process's one detector for an engine, by its name in the table: it is slow to load."""
    return Detector(engine, models)


def pixels_of(data: bytes) -> Pixels:
    """Return a PNG's or JPEG's pixels, upright; raises `ServiceError` as the service."""
    pixels = decode(data, checked(data))
    if pixels is None:
        raise invalid_format()
    return pixels
