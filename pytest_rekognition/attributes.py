"""The members of a `FaceDetail`: which always come, which come when asked for, and which are a choice of two."""

from __future__ import annotations

from typing import Final

#: What every face comes with.
DEFAULT_MEMBERS: Final = ("BoundingBox", "Confidence", "Landmarks", "Pose", "Quality")
#: The values of a request's `Attributes`, and the member that each adds to the default ones.
ATTRIBUTE_MEMBERS: Final = {
    "AGE_RANGE": "AgeRange",
    "BEARD": "Beard",
    "EMOTIONS": "Emotions",
    "EYE_DIRECTION": "EyeDirection",
    "EYEGLASSES": "Eyeglasses",
    "EYES_OPEN": "EyesOpen",
    "FACE_OCCLUDED": "FaceOccluded",
    "GENDER": "Gender",
    "MOUTH_OPEN": "MouthOpen",
    "MUSTACHE": "Mustache",
    "SMILE": "Smile",
    "SUNGLASSES": "Sunglasses",
}
#: The members that only come when asked for.
OPTIONAL_MEMBERS: Final = frozenset(ATTRIBUTE_MEMBERS.values())
#: The members whose `Confidence` is that of one value out of two.
TWO_VALUED: Final = (
    "Smile",
    "Eyeglasses",
    "Sunglasses",
    "Gender",
    "Beard",
    "Mustache",
    "EyesOpen",
    "MouthOpen",
    "FaceOccluded",
)
