"""What every engine of the reference detector is: pixels in, measured faces out; and what tells faces apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeAlias

from pytest_rekognition.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from pytest_rekognition.backends.reference.weights import Weights
    from pytest_rekognition.geometry import Box, Point

    #: an upright image, height x width x 3, blue, green, red, 0..255
    Pixels: TypeAlias = NDArray[np.uint8]
    #: a vector or a table of 32-bit numbers
    Floats: TypeAlias = NDArray[np.float32]

#: by how much the length of a vector may miss 1
_INEXACT: Final = 1e-3


class Pose(NamedTuple):
    """How a head is turned, in degrees, as `Pose` has it."""

    roll: float = 0.0
    yaw: float = 0.0
    pitch: float = 0.0


class Quality(NamedTuple):
    """How good the picture of a face is, as `Quality` has it."""

    #: 0..100
    brightness: float
    #: 0..100
    sharpness: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFace:
    """One detected face. What `measured` does not name was not seen in the pixels but filled in."""

    box: Box
    #: that this is a face, 0..100
    confidence: float
    #: all 30, by their names
    landmarks: Mapping[str, Point]
    pose: Pose
    quality: Quality
    #: further members of `FaceDetail` that the engine measured, such as `Smile`, in their wire form
    attributes: Mapping[str, Any] = field(default_factory=dict)
    #: what was measured of this face, named as in `Engine.measures`
    measured: frozenset[str]
    #: the 478 points of MediaPipe's face mesh, in ratios of the image, where the engine fitted one
    mesh: tuple[Point, ...] | None = None


class Engine(Protocol):
    """A face detector."""

    #: the members of `FaceDetail` that it measures where the picture allows it: `BoundingBox`; of a member with
    #: parts the part, `Landmarks.eyeLeft`, `Pose.Roll` or `Emotions.HAPPY`
    measures: frozenset[str]

    def detect(self, pixels: Pixels) -> list[MeasuredFace]:
        """Return the faces in an upright image, the largest box first; the same pixels give the same faces."""
        ...


class Embedder(Protocol):
    """Tells faces apart: what shows the same person, or at least the same photograph, lies close together.

    The option `embedder` takes any object that has these members. Calls come from several threads.
    """

    #: what it is called; vectors of one embedder are of no use to another
    name: str
    #: numbers in a vector, 1 or more
    size: int

    def embed(self, pixels: Pixels, face: MeasuredFace) -> Floats:
        """Return the vector of a face in an image: `size` 32-bit numbers, whose squares add up to 1.

        The same pixels and face give the same one. `pixels` is the whole image, which is not to be written to;
        `face.box` and `face.landmarks` are in ratios of its width and height.
        """
        ...

    def similarity(self, cosine: float) -> float:
        """Return `Similarity`, 0..100, for the cosine between two vectors; it never falls as the cosine grows."""
        ...


def checked_vector(embedder: Embedder, vector: Any) -> Floats:
    """Return the vector that an embedder has made of a face, as 32-bit numbers; one of zeros is like nobody.

    Raises `UsageError` where it is not of the embedder's size, or not of length 1.
    """
    import numpy as np  # noqa: PLC0415 - needs the extra

    numbers = np.asarray(vector, np.float32)
    length = float(np.linalg.norm(numbers))
    if numbers.shape != (embedder.size,) or not (abs(length - 1) < _INEXACT or length == 0):
        shape = " x ".join(map(str, numbers.shape)) or "1"
        raise UsageError(
            f"the embedder {embedder.name!r} has returned {shape} numbers of length {length:.4g}: a vector of"
            f" {embedder.size} numbers and length 1 is needed, such as vector / np.linalg.norm(vector)"
        )
    return numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """A row of the engine table."""

    name: str
    files: tuple[Weights, ...]
    measures: frozenset[str]
    #: imports what the engine needs, and builds it from the files of a folder, or of the usual places
    load: Callable[[Path | None], Engine]
    #: whether the files come with OpenCV
    embedded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedderEntry:
    """A row of the table of embedders."""

    name: str
    #: one of them is enough; none where it needs no weights
    files: tuple[Weights, ...]
    #: what it tells apart, for people
    tells: str
