"""The faces of a response made odd, wherever they lie: each function changes the response in place."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.contract.rules.attributes import RECENT_MEMBERS
from pytest_rekognition.geometry import single
from pytest_rekognition.strategies import head
from pytest_rekognition.strategies.recipes import BOTTOM_MOST, LEFT_MOST, RIGHT_MOST, TOP_MOST
from pytest_rekognition.strategies.scalars import identifier

if TYPE_CHECKING:
    from collections.abc import Iterator

    Wire = dict[str, Any]

#: How many faces an image's answer has at most.
HUNDRED: Final = 100
#: percent; from 55 a face was seen
_FALSE_POSITIVE: Final = 66.7
_DARK: Final = {"Brightness": single(12.99), "Sharpness": single(1.87)}
#: What `SearchFacesByImage` says of the face that it has searched by.
_SEARCHED_BOX, _SEARCHED_CONFIDENCE = "SearchedFaceBoundingBox", "SearchedFaceConfidence"


# --- where faces lie -----------------------------------------------------------------------------------------


def _structures(payload: Any) -> Iterator[Wire]:
    """Yield every structure of a payload, the outer ones first."""
    parts = payload if isinstance(payload, list) else ()
    if isinstance(payload, dict):
        yield payload
        parts = list(payload.values())
    for part in parts:
        yield from _structures(part)


def _faces(response: Wire) -> list[Wire]:
    """Return every face with landmarks."""
    return [part for part in _structures(response) if "Landmarks" in part]


def _boxes(response: Wire) -> list[Wire]:
    """Return the box of every face, person and stored face."""
    names = ("BoundingBox", _SEARCHED_BOX)
    return [part[name] for part in _structures(response) for name in names if name in part]


# --- what is odd ---------------------------------------------------------------------------------------------


def begin_off_image(response: Wire) -> None:
    """Push boxes out of the image to the left and above, as far as was measured; half of a small one stays."""
    for box in _boxes(response):
        _move(box, max(LEFT_MOST, -box["Width"] / 2), max(TOP_MOST, -box["Height"] / 2))


def end_off_image(response: Wire) -> None:
    """Push boxes out of the image to the right and below, as far as was measured; half of a small one stays."""
    for box in _boxes(response):
        width, height = box["Width"], box["Height"]
        _move(box, min(RIGHT_MOST - width, 1 - width / 2), min(BOTTOM_MOST - height, 1 - height / 2))


def _move(box: Wire, left: float, top: float) -> None:
    box.update(Left=single(round(left, 6)), Top=single(round(top, 6)))


def false_positive(response: Wire) -> None:
    """Find faces with a Confidence of 66.7 %, dark and blurred, in what is none."""
    for part in _structures(response):
        if "BoundingBox" in part and "Confidence" in part:
            part["Confidence"] = single(_FALSE_POSITIVE)
        if "Landmarks" in part:
            part["Quality"] = dict(_DARK)
    if _SEARCHED_CONFIDENCE in response:
        response[_SEARCHED_CONFIDENCE] = single(_FALSE_POSITIVE)


def equal_emotions(response: Wire) -> None:
    """Have no emotion stand out."""
    for face in _faces(response):
        for emotion in face.get("Emotions", ()):
            emotion["Confidence"] = 12.5


def unsorted_emotions(response: Wire) -> None:
    """Order emotions as the service did from April 2019 to May 2020: not at all."""
    for face in _faces(response):
        face.get("Emotions", []).reverse()


def early_landmarks(response: Wire) -> None:
    """Answer with the 25 landmarks of 2018, and with 5 in the older order."""
    for face in _faces(response):
        count = len(face["Landmarks"])
        _place(face, head.ORDERS[5][1] if count == len(head.ORDERS[5][1]) else head.ORDERS[25][0])


def upside_down(response: Wire) -> None:
    """Turn faces over: eyeLeft lies to the right of eyeRight."""
    for face in _faces(response):
        face["Pose"] = {"Roll": 165.5, "Yaw": 0.0, "Pitch": 0.0}
        _place(face, tuple(mark["Type"] for mark in face["Landmarks"]))


def without_recent(response: Wire) -> None:
    """Leave out what ALL brings only since 2023."""
    for face in _faces(response):
        for name in RECENT_MEMBERS:
            face.pop(name, None)


def smaller(item: Wire, number: int) -> Wire:
    """Return a copy of a face or a face's record, one of a hundred on a grid, each smaller than the one before."""
    copy = deepcopy(item)
    detail = copy.get("FaceDetail", copy)
    size = 0.08 - 0.0003 * number
    box = {"Width": size, "Height": size, "Left": number % 10 / 10, "Top": number // 10 / 10}
    box = {side: single(ratio) for side, ratio in box.items()}
    detail["BoundingBox"] = box
    _place(detail, tuple(mark["Type"] for mark in detail["Landmarks"]))
    if "Face" in copy:
        copy["Face"].update(BoundingBox=dict(box), FaceId=identifier(number))
    return copy


def _place(face: Wire, names: tuple[str, ...]) -> None:
    face["Landmarks"] = head.landmarks(names, face["BoundingBox"], face["Pose"], head.Look())
