"""The quality filter: which faces are too poor to be indexed, searched for or compared, and why.

Where the service draws the lines is not documented. The figures of `BARS` are this project's convention, so that
each reason can be brought about in a test.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytest_rekognition.backends.reference.engines.base import MeasuredFace


class Bar(NamedTuple):
    """A quality bar: what a face needs to pass."""

    #: least confidence that it is a face, 0..100
    confidence: float
    #: least `Quality.Sharpness`, 0..100
    sharpness: float
    #: least `Quality.Brightness`, 0..100
    brightness: float
    #: least width or height of its box, whichever is the larger share of the image
    share: float
    #: degrees to either side
    yaw: float
    #: degrees up or down
    pitch: float
    #: the confidence in `FaceOccluded` from which it lacks the detail to be searched for, 0..100
    occluded: float


_LOW: Final = Bar(confidence=60, sharpness=4, brightness=10, share=0.02, yaw=75, pitch=60, occluded=99)
#: The bars by `QualityFilter`. AUTO ("Amazon Rekognition chooses the quality bar") is the lowest one here, so that
#: as few faces of a test as possible are left out by a convention. The shares of MEDIUM and HIGH are those of 40
#: pixels in 1080, the least face that the service finds (Guidelines and quotas), and of twice as many.
BARS: Final[Mapping[str, Bar]] = MappingProxyType(
    {
        "AUTO": _LOW,
        "LOW": _LOW,
        "MEDIUM": Bar(confidence=75, sharpness=10, brightness=20, share=40 / 1080, yaw=60, pitch=45, occluded=90),
        "HIGH": Bar(confidence=90, sharpness=40, brightness=35, share=80 / 1080, yaw=45, pitch=30, occluded=50),
    }
)


class Sifted(NamedTuple):
    """An image's faces, sifted; each list in the order of the faces."""

    passed: list[MeasuredFace]
    #: those left out, with the reasons
    left_out: list[tuple[MeasuredFace, list[str]]]


def sifted(faces: Iterable[MeasuredFace], quality_filter: str) -> Sifted:
    """Tell the faces that meet a `QualityFilter` from those that do not; NONE filters nothing."""
    judged = [(face, reasons_against(face, quality_filter)) for face in faces]
    return Sifted(
        [face for face, reasons in judged if not reasons], [(face, reasons) for face, reasons in judged if reasons]
    )


def reasons_against(face: MeasuredFace, quality_filter: str) -> list[str]:
    """Return why a face does not meet a `QualityFilter`, in the words of `Reasons`; nothing where it does."""
    bar = BARS.get(quality_filter)
    return [] if bar is None else list(_reasons(face, bar))


def _reasons(face: MeasuredFace, bar: Bar) -> Iterator[str]:
    if abs(face.pose.yaw) > bar.yaw or abs(face.pose.pitch) > bar.pitch:
        yield "EXTREME_POSE"
    if face.quality.brightness < bar.brightness:
        yield "LOW_BRIGHTNESS"
    if face.quality.sharpness < bar.sharpness:
        yield "LOW_SHARPNESS"
    if face.confidence < bar.confidence:
        yield "LOW_CONFIDENCE"
    if max(face.box.width, face.box.height) < bar.share:
        yield "SMALL_BOUNDING_BOX"
    if _occlusion(face.attributes.get("FaceOccluded")) >= bar.occluded:
        yield "LOW_FACE_QUALITY"


def _occlusion(occluded: Mapping[str, Any] | None) -> float:
    """Return the confidence that a face is occluded, 0..100; 0 where nobody said that it is.

    "You can use FaceOccluded to determine if an obstruction on a face negatively impacts using the image for face
    matching."
    """
    return float(occluded["Confidence"]) if occluded and occluded["Value"] else 0.0
