"""What every engine of the reference detector is: pixels in, measured faces out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from pytest_rekognition.geometry import Box, Point

    #: an upright image, height x width x 3, blue, green, red, 0..255
    Pixels: TypeAlias = NDArray[np.uint8]


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


class Engine(Protocol):
    """A face detector."""

    #: the members of `FaceDetail` that it measures where the picture allows it: `BoundingBox`; of a member with
    #: parts the part, `Landmarks.eyeLeft` or `Pose.Roll`
    measures: frozenset[str]

    def detect(self, pixels: Pixels) -> list[MeasuredFace]:
        """Return the faces in an upright image, the largest box first; the same pixels give the same faces."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A file that an engine reads."""

    name: str
    sha256: str
    #: where it comes from
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineEntry:
    """A row of the engine table."""

    name: str
    files: tuple[Weights, ...]
    measures: frozenset[str]
    #: imports what the engine needs, and builds it
    load: Callable[[], Engine]
