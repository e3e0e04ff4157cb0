"""Rules over one face, whichever operation found it (`FaceDetail`, `ComparedFace`, a stored `Face`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_rekognition.attributes import OPTIONAL_MEMBERS, TWO_VALUED
from pytest_rekognition.contract.rules.base import Finding, rule
from pytest_rekognition.contract.wording import shorten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.contract.rules.base import Request

#: How far a landmark may lie outside the image, as a ratio of it. Measured: at most 0.09.
_LANDMARK_MARGIN = 1.0
#: How far a box may reach out of the image before it is remarkable. Measured: at most 0.15.
_BOX_MARGIN = 0.25
#: The least Confidence that an attribute with two values was ever seen with.
_EVEN_ODDS = 50
#: How many landmarks a face comes with.
_LANDMARK_COUNTS = frozenset({5, 25, 30})
#: How many emotions a face comes with.
_EMOTION_COUNTS = frozenset({3, 7, 8})
#: years
_OLDEST = 120


@rule(
    "age-range-ordered",
    "breach",
    source="AgeRange: 'Low represents the lowest estimated age and High represents the highest estimated age.'",
)
def age_range_ordered(face: Any, _: Request) -> Iterator[Finding]:
    """Hold `Low` to at most `High`."""
    ages = face.get("AgeRange")
    if ages and ages.get("Low", 0) > ages.get("High", ages.get("Low", 0)):
        low, high = ages["Low"], ages["High"]
        yield Finding(("AgeRange", "Low"), f"is {low}, above High ({high}): the contract says Low ≤ High", low)


@rule("landmark-types-unique", "breach", source="measured: types never repeat in 228 recorded faces")
def landmark_types_unique(face: Any, _: Request) -> Iterator[Finding]:
    """Hold each type of landmark to once a face."""
    marks = face.get("Landmarks")
    if marks and len({mark.get("Type") for mark in marks}) != len(marks):
        yield from _repeats(marks, "Landmarks", "a landmark's type appears once a face")


@rule("landmarks-are-ratios", "breach", source="Landmark: 'expressed as a ratio of the width of the image'")
def landmarks_are_ratios(face: Any, _: Request) -> Iterator[Finding]:
    """Hold coordinates to near 0..1, where pixels never lie (measured: -0.086..1.061)."""
    low, high = -_LANDMARK_MARGIN, 1 + _LANDMARK_MARGIN
    for index, mark in enumerate(face.get("Landmarks", ())):
        if not (low <= mark["X"] <= high >= mark["Y"] >= low):
            for axis in ("X", "Y"):
                yield from _ratio(("Landmarks", index, axis), mark[axis], low, high)


@rule("landmark-count", "note", source="measured: 5 landmarks, or 25 (to mid 2019), or 30, in 228 recorded faces")
def landmark_count(face: Any, _: Request) -> Iterator[Finding]:
    """Hold landmarks to the three sets that they come in."""
    marks = face.get("Landmarks")
    if marks is not None and len(marks) not in _LANDMARK_COUNTS:
        yield Finding(("Landmarks",), f"has {len(marks)} items; the service sends 5, 25 or 30 landmarks", marks)


@rule("emotion-types-unique", "breach", source="measured: 3, 7 or 8 distinct emotions in every recorded face")
def emotion_types_unique(face: Any, _: Request) -> Iterator[Finding]:
    """Hold each emotion to once a face."""
    emotions = face.get("Emotions")
    if emotions and len({emotion.get("Type") for emotion in emotions}) != len(emotions):
        yield from _repeats(emotions, "Emotions", "an emotion appears once a face")


@rule("emotions-sorted", "note", source="measured: descending by Confidence, but for April 2019 to May 2020")
def emotions_sorted(face: Any, _: Request) -> Iterator[Finding]:
    """Hold emotions to their order: the most confident first."""
    emotions = face.get("Emotions")
    if not emotions:
        return
    confidences = [emotion.get("Confidence", 0) for emotion in emotions]
    if confidences != sorted(confidences, reverse=True):
        yield Finding(
            ("Emotions",), "are not sorted by descending Confidence, as the service sends them", emotions
        )


@rule(
    "attribute-confidence", "note", source="measured: Confidence of boolean attributes and Gender never below 50"
)
def attribute_confidence(face: Any, _: Request) -> Iterator[Finding]:
    """Hold attributes to the likelier of their two values."""
    for name in TWO_VALUED:
        attribute = face.get(name)
        if attribute and attribute.get("Confidence", _EVEN_ODDS) < _EVEN_ODDS:
            confidence = attribute["Confidence"]
            message = f"is {confidence}; the service names the likelier of two values, so never sends less than 50"
            yield Finding((name, "Confidence"), message, confidence)


@rule("emotion-count", "note", source="measured: 3 emotions (to mid 2019), 7 (2019) or 8 (since) a face")
def emotion_count(face: Any, _: Request) -> Iterator[Finding]:
    """Hold emotions to the three sets that they come in."""
    emotions = face.get("Emotions")
    if emotions is not None and len(emotions) not in _EMOTION_COUNTS:
        yield Finding(("Emotions",), f"has {len(emotions)} items; the service sends 3, 7 or 8 emotions", emotions)


@rule("confidence-is-percent", "note", source="measured: Confidence of a face 55.0..100")
def confidence_is_percent(face: Any, _: Request) -> Iterator[Finding]:
    """Remark a `Confidence` between 0 and 1, which was hardly meant as a percentage."""
    confidence = face.get("Confidence")
    if confidence is not None and 0 < confidence < 1:
        message = f"is {shorten(confidence)}; it is a percentage, seen from 55 to 100: is this a ratio?"
        yield Finding(("Confidence",), message, confidence)


@rule(
    "age-plausible", "note", source="measured: an AgeRange is 2 to 20 years wide; no one was ever older than 122"
)
def age_plausible(face: Any, _: Request) -> Iterator[Finding]:
    """Remark ages that nobody reaches."""
    high = (face.get("AgeRange") or {}).get("High", 0)
    if high > _OLDEST:
        yield Finding(("AgeRange", "High"), f"is {shorten(high)}; ages are in years, at most some {_OLDEST}", high)


@rule("box-in-image", "breach", source="BoundingBox: Left and Top are 'a ratio of overall image' width and height")
def box_in_image(face: Any, _: Request) -> Iterator[Finding]:
    """Hold a face's box to having some part of the image in it."""
    for side, size, start, length in _edges(face):
        if start >= 1 or start + length <= 0:
            message = f"is {shorten(start)}: with {size} {shorten(length)} the box lies wholly outside the image"
            yield Finding(("BoundingBox", side), message, start)


@rule(
    "box-near-image",
    "note",
    source="measured: Left from -0.0145, Top from -0.150, right to 1.0707, bottom to 1.0078",
)
def box_near_image(face: Any, _: Request) -> Iterator[Finding]:
    """Hold a box to reaching only a little out of the image."""
    for side, size, start, length in _edges(face):
        end = start + length
        if start < -_BOX_MARGIN or end > 1 + _BOX_MARGIN:
            message = (
                f"is {shorten(start)} with {size} {shorten(length)}: further out of the image than the service's"
            )
            yield Finding(("BoundingBox", side), message, start)


@rule(
    "default-attributes-only",
    "breach",
    source="'only returns the default facial attributes (BoundingBox, Confidence, Landmarks, Pose, and Quality)'",
)
def default_attributes_only(face: Any, _: Request) -> Iterator[Finding]:
    """Hold the stored-video operations other than GetFaceDetection to the default attributes."""
    for name in sorted(face.keys() & OPTIONAL_MEMBERS):
        if face[name] is not None:
            message = "is present, but this operation only returns the default facial attributes"
            yield Finding((name,), message, face[name])


@rule(
    "video-nulls",
    "breach",
    source="GetFaceDetection: 'the returned values for FaceOccluded and EyeDirection will always be \"null\"'",
)
def video_nulls(face: Any, _: Request) -> Iterator[Finding]:
    """Hold GetFaceDetection's faces to neither `FaceOccluded` nor `EyeDirection`."""
    for name in ("FaceOccluded", "EyeDirection"):
        if face.get(name) is not None:
            yield Finding((name,), "is present, but GetFaceDetection always leaves it null, so absent", face[name])


#: Over a box alone, as stored faces and persons have it.
BOX_RULES = (box_in_image, box_near_image)
#: Over a face with landmarks.
FACE_RULES = (
    *BOX_RULES,
    landmark_types_unique,
    landmarks_are_ratios,
    landmark_count,
    confidence_is_percent,
    age_range_ordered,
    age_plausible,
    emotion_types_unique,
    emotion_count,
    emotions_sorted,
    attribute_confidence,
)


def _edges(face: Any) -> tuple[tuple[str, str, float, float], ...]:
    box = face.get("BoundingBox")
    if not box:
        return ()
    left, top = box.get("Left", 0), box.get("Top", 0)
    return (("Left", "Width", left, box.get("Width", 0.5)), ("Top", "Height", top, box.get("Height", 0.5)))


def _ratio(steps: tuple[object, ...], value: float, low: float, high: float) -> Iterator[Finding]:
    if not low <= value <= high:
        yield Finding(
            steps, f"is {shorten(value)}; landmarks are ratios of the image's size, in or near 0 to 1", value
        )


def _repeats(items: Any, member: str, rule_text: str) -> Iterator[Finding]:
    first: dict[Any, int] = {}
    for index, item in enumerate(items):
        kind = item.get("Type")
        if kind in first:
            message = f"is {shorten(kind)} again, as in {member}[{first[kind]}]: {rule_text}"
            yield Finding((member, index, "Type"), message, kind)
        else:
            first[kind] = index
