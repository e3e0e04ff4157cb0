"""What is seen in an image: the faces that a test stated, else those that the detector finds, and who they are.

A face's *vector* stands for whose it is: two of one person have a cosine near 1. It has the embedder's numbers,
and behind them those of stated persons, so that a name and a look are at right angles.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from pytest_rekognition.backends.reference.detector import pixels_of
from pytest_rekognition.backends.reference.engines.base import checked_vector
from pytest_rekognition.backends.reference.knowledge import Knowledge, KnownFace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from pytest_rekognition.backends.reference.detector import Detector
    from pytest_rekognition.backends.reference.engines.base import Embedder, MeasuredFace, Pixels
    from pytest_rekognition.geometry import Box

    #: of unit length, 32-bit
    Vector = NDArray[np.float32]

#: faces whose vectors are remembered
_REMEMBERED: Final = 256
#: numbers of a stated person, each with one of two signs: the cosines of two names scatter by 1/32 about 0. One of
#: .375, where ArcFace's Similarity is 80, is twelve times as far out: a chance of one in 10**32.
_SIGNS: Final = 1024


class Sight:
    """Sees faces, and tells whose they are."""

    def __init__(self, detector: Detector, load_embedder: Callable[[], Embedder]) -> None:
        self.detector = detector
        #: what the test has stated
        self.knowledge = Knowledge()
        self._load_embedder = load_embedder
        self._embedder: Embedder | None = None
        self._vectors: OrderedDict[tuple[str, Box], tuple[MeasuredFace, Vector]] = OrderedDict()
        self._lock = threading.RLock()

    def faces(self, data: bytes) -> Sequence[MeasuredFace]:
        """Return the faces in a PNG's or JPEG's bytes, the largest first; raises `ServiceError` as the service."""
        digest = _digest(data)
        known = self.knowledge.faces(digest)
        return self.detector.faces(data, digest) if known is None else known

    def vectors(self, data: bytes, faces: Sequence[MeasuredFace]) -> list[Vector]:
        """Return the vector of each of some faces of an image, as `faces` gave them.

        They are taken as they are, also where a test has stated other ones meanwhile.
        """
        digest = _digest(data)
        pixels: list[Pixels] = []

        def look() -> Pixels:
            if not pixels:
                pixels.append(pixels_of(data))
            return pixels[0]

        return [self._remembered(digest, face, look) for face in faces]

    def vector(self, pixels: Pixels, face: MeasuredFace) -> Vector:
        """Return the vector of a face in an upright image's pixels, such as a video's frame."""
        return self._embed(face, lambda: pixels)

    @property
    def embedder(self) -> Embedder:
        """What turns a face into a vector."""
        with self._lock:
            if self._embedder is None:
                self._embedder = self._load_embedder()
            return self._embedder

    def _remembered(self, digest: str, face: MeasuredFace, look: Callable[[], Pixels]) -> Vector:
        """Return a face's vector, computed once while the image's faces are the same."""
        place = digest, face.box
        with self._lock:
            found = self._vectors.get(place)
        if found is not None and found[0] == face:
            return found[1]
        vector = self._embed(face, look)
        with self._lock:
            self._vectors[place] = face, vector
            if len(self._vectors) > _REMEMBERED:
                self._vectors.popitem(last=False)
        return vector

    def _embed(self, face: MeasuredFace, look: Callable[[], Pixels]) -> Vector:
        import numpy as np  # noqa: PLC0415 - needs the extra

        if isinstance(face, KnownFace) and face.person is not None:
            return np.pad(_person_vector(face.person), (self.embedder.size, 0))
        return np.pad(checked_vector(self.embedder, self.embedder.embed(look(), face)), (0, _SIGNS))


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _person_vector(person: str) -> Vector:
    """Return a direction that follows from a name alone: those of two names are nearly at right angles."""
    import numpy as np  # noqa: PLC0415 - needs the extra

    digest = hashlib.shake_256(person.encode("utf-8", "surrogatepass")).digest(_SIGNS // 8)
    signs = np.unpackbits(np.frombuffer(digest, np.uint8)).astype(np.float32) * 2 - 1
    return signs / np.float32(np.sqrt(_SIGNS))
