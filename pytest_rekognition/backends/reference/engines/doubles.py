"""Detections of one face that was found more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_rekognition.geometry import Box

_Found = TypeVar("_Found")
#: two detections of one face have more than this intersection over union; two faces side by side have less
_ONE_FACE: Final = 0.3
#: of two detections that share more of the smaller one's area than this, one is no face
_MOST_SHARED: Final = 0.7


def groups(
    best_first: Iterable[_Found], box: Callable[[_Found], Box], one_face: float = _ONE_FACE
) -> list[list[_Found]]:
    """Return the detections by face: a face is the best one that is left, and what lies on, in or about it.

    `one_face` is the intersection over union that two detections of one face exceed.
    """
    kept: list[list[_Found]] = []
    for found in best_first:
        home = next((group for group in kept if _are_one(box(found), box(group[0]), one_face)), None)
        if home is None:
            kept.append([found])
        else:
            home.append(found)
    return kept


def _are_one(a: Box, b: Box, one_face: float) -> bool:
    iou = a.overlap(b)
    shared = iou * (a.area + b.area) / (1 + iou)
    return iou > one_face or shared > _MOST_SHARED * min(a.area, b.area)
