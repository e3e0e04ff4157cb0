"""One face with its attributes and landmarks, as `FaceDetail` and `ComparedFace` hold it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pytest_rekognition import catalog
from pytest_rekognition.attributes import DEFAULT_MEMBERS, TWO_VALUED
from pytest_rekognition.builders.checking import refuse_breaches, refuse_no_list
from pytest_rekognition.builders.names import by_member
from pytest_rekognition.contract.rules.attributes import asked_members
from pytest_rekognition.contract.wording import shorten
from pytest_rekognition.errors import UsageError
from pytest_rekognition.geometry import (
    FACE_TEMPLATE,
    MAIN_LANDMARKS,
    Box,
    FaceFrame,
    Point,
    completed,
    single,
    with_pupils,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Where a face lies when nobody says.
DEFAULT_BOX = Box(0.375, 0.25, 0.25, 0.375)
#: How sure the service is of a value that a test sets.
_SURE = 99.5
#: Every member, in the service's order, with its value for a neutral adult.
_NEUTRAL: dict[str, Any] = {
    "BoundingBox": DEFAULT_BOX.as_wire(),
    "AgeRange": {"Low": 26, "High": 34},
    "Smile": {"Value": False, "Confidence": _SURE},
    "Eyeglasses": {"Value": False, "Confidence": _SURE},
    "Sunglasses": {"Value": False, "Confidence": _SURE},
    "Gender": {"Value": "Female", "Confidence": _SURE},
    "Beard": {"Value": False, "Confidence": _SURE},
    "Mustache": {"Value": False, "Confidence": _SURE},
    "EyesOpen": {"Value": True, "Confidence": _SURE},
    "MouthOpen": {"Value": False, "Confidence": _SURE},
    "Emotions": "CALM",
    "Landmarks": {},
    "Pose": {"Roll": 0.0, "Yaw": 2.5, "Pitch": -1.5},
    "Quality": {"Brightness": 80.0, "Sharpness": 95.5},
    "Confidence": 99.875,
    "FaceOccluded": {"Value": False, "Confidence": _SURE},
    "EyeDirection": {"Yaw": 1.5, "Pitch": -2.5, "Confidence": 96.5},
}
#: All members of a `FaceDetail`, and of the `ComparedFace` of CompareFaces and RecognizeCelebrities.
DETAIL_MEMBERS = tuple(_NEUTRAL)
COMPARED_MEMBERS = (*DEFAULT_MEMBERS, "Emotions", "Smile")
#: The emotions of today's faces, with the confidences of those that nobody set.
_EMOTIONS = ("CALM", "HAPPY", "SURPRISED", "CONFUSED", "SAD", "ANGRY", "FEAR", "DISGUSTED")
_LEFT_OVER = 0.25
#: No landmark is placed by what is so many images away, or by a roll of so many degrees.
_FAR = 1000
#: How many years an age range spans where a test sets one end alone.
_AGE_WIDTH = 8


def face_detail(*, attributes: Sequence[str] = ("ALL",), **overrides: Any) -> dict[str, Any]:
    """Return a valid `FaceDetail`, always the same one for the same arguments.

    `attributes` are those of a request (`("DEFAULT",)`, `("ALL",)`, `("SMILE",)` …): they choose the members.
    `overrides` are members by API name or in snake case; one that is set is there whatever the attributes say,
    and None leaves a member out:

    - `smile=True`, `eyes_open=False`, `gender="Male"`: a value, with high confidence
    - `emotions="HAPPY"` or `{"HAPPY": 80, "SURPRISED": 15}`: the rest follow with low confidence, sorted
    - `age_range=(20, 30)`, `pose={"Yaw": 10}`, `quality={"Sharpness": 5}`, `bounding_box={"Left": 0.1}` or a
      `Box`: the other members keep their defaults; landmarks move with the box and its roll
    - `landmarks={"nose": (0.5, 0.5)}`: single points; a pupil moves with its eye, and all others with the five
      main points together. A list replaces them all
    - `smile={"Value": True, "Confidence": 60}`: the wire's own form, always

    Raises `UsageError` for a name that is no member, `ContractError` where the face breaks the contract.
    """
    refuse_no_list("face_detail", "attributes", attributes)
    named = by_member(overrides, DETAIL_MEMBERS, "face_detail")
    face = detail(named, attributes=attributes)
    refuse_breaches("DetectFaces", {"FaceDetails": [face]}, "face_detail")
    return face


def detail(
    named: Mapping[str, Any], *, attributes: Sequence[str] = (), box: Box = DEFAULT_BOX, aspect: float = 1.0
) -> dict[str, Any]:
    """Return a `FaceDetail`; `named` are overrides by API name, `box` where it lies unless they say.

    `aspect` is the image's width over its height.
    """
    wanted = asked_members(attributes) | set(DEFAULT_MEMBERS) | named.keys()
    names = [name for name in DETAIL_MEMBERS if name in wanted]
    types = tuple(FACE_TEMPLATE) if "ALL" in attributes else MAIN_LANDMARKS
    return _face(names, named, box, types, aspect)


def compared(named: Mapping[str, Any], *, box: Box = DEFAULT_BOX) -> dict[str, Any]:
    """Return a `ComparedFace`, with the default attributes and those that `named` sets."""
    names = [name for name in COMPARED_MEMBERS if name in DEFAULT_MEMBERS or name in named]
    return _face(names, named, box, MAIN_LANDMARKS)


def box_of(named: Mapping[str, Any], box: Box) -> dict[str, Any]:
    """Return the `BoundingBox` that overrides ask for; `box` gives what they leave open."""
    given = named.get("BoundingBox")
    if isinstance(given, Box):
        return given.as_wire()
    neutral = {side: single(ratio) for side, ratio in box.as_wire().items()}
    return _structure("BoundingBox", given if given is not None else {}, neutral)  # type: ignore[no-any-return]


def _face(
    names: list[str], named: Mapping[str, Any], box: Box, landmarks: Sequence[str], aspect: float = 1.0
) -> dict[str, Any]:
    face: dict[str, Any] = {}
    for name in names:
        if name in named and named[name] is None:
            continue
        given = named.get(name, _NEUTRAL[name])
        face[name] = _MAKERS.get(name, _structure)(name, given, _NEUTRAL[name])
    if "BoundingBox" in face:
        face["BoundingBox"] = box_of(named, box)
    if "Landmarks" in face:
        face["Landmarks"] = _landmarks(landmarks, named.get("Landmarks", {}), _frame(face, aspect))
    return face


def _structure(name: str, given: Any, neutral: Any) -> Any:
    """Return a structure's neutral members with the given ones in their place."""
    if isinstance(given, Mapping):
        return {**neutral, **by_member(given, neutral, name)}
    return given


def _valued(name: str, given: Any, neutral: Any) -> Any:
    """Return an attribute with `Value` and `Confidence`, of which the value may be given alone."""
    return {**neutral, "Value": given} if isinstance(given, bool | str) else _structure(name, given, neutral)


def _age_range(name: str, given: Any, neutral: Any) -> Any:
    """Return an age range; where one end is given alone, the other moves along."""
    if isinstance(given, tuple) and len(given) == 2:  # noqa: PLR2004  low and high
        return {"Low": given[0], "High": given[1]}
    ages = _structure(name, given, neutral)
    if isinstance(given, Mapping) and len(given) == 1 and all(isinstance(age, int) for age in ages.values()):
        if "Low" in by_member(given, neutral, name):
            return {"Low": ages["Low"], "High": ages["Low"] + _AGE_WIDTH}
        return {"Low": max(0, ages["High"] - _AGE_WIDTH), "High": ages["High"]}
    return ages


def _emotions(_name: str, given: Any, _neutral: Any) -> Any:
    if isinstance(given, str):
        given = {given: 97.5}
    if not isinstance(given, Mapping):
        return given
    documented = catalog.shape("EmotionName")["enum"]
    chosen = by_member(given, documented, "emotions")
    least = min((_LEFT_OVER, *filter(_is_number, chosen.values())))
    rest = dict.fromkeys(_EMOTIONS, least)
    ranked = sorted({**rest, **chosen}.items(), key=_confidence, reverse=True)
    return [{"Type": name, "Confidence": confidence} for name, confidence in ranked]


def _confidence(emotion: tuple[str, Any]) -> float:
    return emotion[1] if _is_number(emotion[1]) else 0.0


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _landmarks(types: Sequence[str], given: Any, frame: FaceFrame) -> Any:
    if not isinstance(given, Mapping):
        return given
    chosen = by_member(given, FACE_TEMPLATE, "landmarks")
    for name, point in chosen.items():
        if not isinstance(point, tuple) or len(point) != 2:  # noqa: PLR2004  x and y
            raise UsageError(f"landmarks takes {name} as (x, y), not {shorten(point)}")
    # what is no place the contract refuses later
    known = {name: Point(*point) for name, point in chosen.items() if all(map(_is_near, point))}
    rest = {name: (single(point.x), single(point.y)) for name, point in completed(known, frame).items()}
    placed = rest | with_pupils(chosen)
    every = (*types, *(name for name in chosen if name not in types))
    return [{"Type": name, "X": placed[name][0], "Y": placed[name][1]} for name in every]


def _frame(face: Mapping[str, Any], aspect: float) -> FaceFrame:
    """Return where the landmarks go; what is no box or roll the contract refuses later."""
    box, pose = face.get("BoundingBox"), face.get("Pose")
    roll: Any = pose.get("Roll") if isinstance(pose, dict) else 0.0
    sides: list[Any] = [None]
    if isinstance(box, dict):
        sides = [box.get(side) for side in ("Left", "Top", "Width", "Height")]
    is_box = all(_is_near(side) for side in sides) and min(sides[2:]) > 0
    return FaceFrame.inside(Box(*sides) if is_box else DEFAULT_BOX, roll if _is_near(roll) else 0.0, aspect)


def _is_near(value: Any) -> bool:
    """Tell whether a value is a number that landmarks can be placed by."""
    return _is_number(value) and abs(value) < _FAR


def _as_given(_name: str, given: Any, _neutral: Any) -> Any:
    return given


_MAKERS: dict[str, Callable[[str, Any, Any], Any]] = {
    **dict.fromkeys(TWO_VALUED, _valued),
    "AgeRange": _age_range,
    "Emotions": _emotions,
    "BoundingBox": _as_given,
    "Landmarks": _as_given,
    "Confidence": _as_given,
}
