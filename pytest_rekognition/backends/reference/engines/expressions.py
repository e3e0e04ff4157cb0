"""Smile, MouthOpen, EyesOpen and HAPPY, from a face's mesh and, where there are some, its blendshapes.

Each is a figure held against a threshold. The thresholds of `Smile` and `MouthOpen` were set on real answers of
the service: AUC .957 for a smile by the blendshapes, .939 by the mouth's width, .978 for an open mouth. Those of
`EyesOpen` are plausible, and were held against nothing.

The confidence is made from the distance to the threshold: the logistic curve that gives 50 at the threshold and 95
at a distance that the table names. It orders faces; it is no measured probability. Never below 50, as the
service's.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from pytest_rekognition.backends.reference.conventions import UNMEASURED
from pytest_rekognition.backends.reference.engines.nets import logistic

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_rekognition.backends.reference.engines.base import Floats

#: what is measured of every face with a mesh, named as in `Engine.measures`
EXPRESSIONS: Final = frozenset({"Smile", "MouthOpen", "EyesOpen", "Emotions.HAPPY"})
#: the chance at the threshold
_EVEN: Final = 0.5
#: makes the chance .95 at the distance that is given for it
_STEEPNESS: Final = math.log(0.95 / 0.05)


class _Scale(NamedTuple):
    """When a figure means yes."""

    #: from here on it does
    threshold: float
    #: the distance from the threshold at which the confidence is 95
    sure: float

    def chance(self, value: float) -> float:
        """Return the logistic curve's 0..1, .5 at the threshold."""
        return logistic(_STEEPNESS * (value - self.threshold) / self.sure)


#: the mean of `mouthSmileLeft` and `mouthSmileRight`
_SMILE: Final = _Scale(0.386, 0.25)
#: the mouth's width over the eyes' line
_WIDE_MOUTH: Final = _Scale(0.625, 0.08)
#: the gap between the lips over the face's height
_OPEN_MOUTH: Final = _Scale(0.0204, 0.02)
#: 1 less the mean of `eyeBlinkLeft` and `eyeBlinkRight`
_OPEN_EYES: Final = _Scale(0.5, 0.25)
#: the mean of both eyes' height over width (Soukupova and Cech, Real-Time Eye Blink Detection, 2016); where the
#: blendshapes cross their threshold when a mesh's lids are brought together step by step
_TALL_EYES: Final = _Scale(0.14, 0.06)

#: the rows of an eye in the mesh: outer and inner corner, then upper and lower lid twice
_EYES: Final = ((33, 133, 160, 144, 158, 153), (263, 362, 387, 373, 385, 380))


class Expression(NamedTuple):
    """What a face does."""

    #: chances of yes, 0..1
    smile: float
    mouth_open: float
    eyes_open: float

    def attributes(self) -> dict[str, Any]:
        """Return the members of `FaceDetail` in their wire form."""
        return {
            "Smile": _choice(self.smile),
            "EyesOpen": _choice(self.eyes_open),
            "MouthOpen": _choice(self.mouth_open),
            "Emotions": _emotions(self.smile),
        }


def by_mesh(mesh: Floats) -> Expression:
    """Return the expression that a mesh alone shows."""
    return Expression(
        smile=_WIDE_MOUTH.chance(_ratio(mesh, (61, 291), (33, 263))),
        mouth_open=_OPEN_MOUTH.chance(_ratio(mesh, (13, 14), (10, 152))),
        eyes_open=_TALL_EYES.chance(sum(_eye_height(mesh, eye) for eye in _EYES) / len(_EYES)),
    )


def by_blendshapes(mesh: Floats, shapes: Mapping[str, float]) -> Expression:
    """Return the expression that a mesh and its blendshapes, 0..1 each, show."""
    smile = (shapes["mouthSmileLeft"] + shapes["mouthSmileRight"]) / 2
    blink = (shapes["eyeBlinkLeft"] + shapes["eyeBlinkRight"]) / 2
    return by_mesh(mesh)._replace(smile=_SMILE.chance(smile), eyes_open=_OPEN_EYES.chance(1 - blink))


def _ratio(mesh: Floats, line: tuple[int, int], unit: tuple[int, int]) -> float:
    return _length(mesh, *line) / max(_length(mesh, *unit), 1e-6)


def _length(mesh: Floats, start: int, end: int) -> float:
    return float(np.linalg.norm(mesh[start] - mesh[end]))


def _eye_height(mesh: Floats, eye: Sequence[int]) -> float:
    outer, inner, up1, down1, up2, down2 = eye
    height = (_length(mesh, up1, down1) + _length(mesh, up2, down2)) / 2
    return height / max(_length(mesh, outer, inner), 1e-6)


def is_yes(chance: float) -> bool:
    """Tell what a chance of yes, 0..1, is taken for."""
    return chance >= _EVEN


def _choice(chance: float) -> dict[str, Any]:
    return {"Value": is_yes(chance), "Confidence": round(100 * max(chance, 1 - chance), 3)}


def _emotions(smile: float) -> list[dict[str, Any]]:
    """Return all emotions: HAPPY by the smile, and the rest spread evenly over the others, which nobody saw."""
    others = [emotion["Type"] for emotion in UNMEASURED["Emotions"] if emotion["Type"] != "HAPPY"]
    happy = {"Type": "HAPPY", "Confidence": round(100 * smile, 3)}
    rest = [{"Type": emotion, "Confidence": round(100 * (1 - smile) / len(others), 3)} for emotion in others]
    return sorted([*rest, happy], key=lambda emotion: -emotion["Confidence"])
