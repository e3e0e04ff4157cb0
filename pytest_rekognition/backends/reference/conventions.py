"""What the reference says about a face where no engine measured it: fixed values, made to be recognised as such.

No detector here can tell age, gender, beard, occlusion or gaze, and none pretends to. `UNMEASURED` fills those
members with the same value for every face, each with the least confidence documented or ever measured:

- Booleans and `Gender`: 50, under which no recorded answer of the service falls.
- `EyeDirection`: 8.97, the least recorded one, straight ahead.
- `Emotions`: the eight types that the service sends, evenly spread, so that none is above another.
- `AgeRange`: 20 years wide, the widest recorded one.

A test that depends on one of these values tests nothing: stub the call instead. `ReferenceBackend.measures` names
what is measured.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: the least confidence in a boolean attribute or a gender
LEAST_CONFIDENCE: Final = 50.0
#: the least confidence in a face among recorded answers
LEAST_FACE_CONFIDENCE: Final = 55.0
_LEAST_GAZE_CONFIDENCE: Final = 8.97
#: in the order in which equal confidences are listed
_EMOTIONS: Final = ("CALM", "HAPPY", "SAD", "SURPRISED", "CONFUSED", "DISGUSTED", "ANGRY", "FEAR")

#: `FaceDetail` members beyond the DEFAULT ones, in the service's order, where nothing measured them
UNMEASURED: Final[Mapping[str, Any]] = MappingProxyType(
    {
        "AgeRange": {"Low": 20, "High": 40},
        "Smile": {"Value": False, "Confidence": LEAST_CONFIDENCE},
        "Eyeglasses": {"Value": False, "Confidence": LEAST_CONFIDENCE},
        "Sunglasses": {"Value": False, "Confidence": LEAST_CONFIDENCE},
        "Gender": {"Value": "Female", "Confidence": LEAST_CONFIDENCE},
        "Beard": {"Value": False, "Confidence": LEAST_CONFIDENCE},
        "Mustache": {"Value": False, "Confidence": LEAST_CONFIDENCE},
        "EyesOpen": {"Value": True, "Confidence": LEAST_CONFIDENCE},
        "MouthOpen": {"Value": False, "Confidence": LEAST_CONFIDENCE},
        "Emotions": [{"Type": emotion, "Confidence": 100 / len(_EMOTIONS)} for emotion in _EMOTIONS],
        "FaceOccluded": {"Value": False, "Confidence": LEAST_CONFIDENCE},
        "EyeDirection": {"Yaw": 0.0, "Pitch": 0.0, "Confidence": _LEAST_GAZE_CONFIDENCE},
    }
)
