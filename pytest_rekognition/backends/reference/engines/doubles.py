"""Detections of one face that was found more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pytest_rekognition.geometry import Box

_Found = TypeVar("_Found")
#: two detections of one face have at least this intersection over union
_ONE_FACE: Final = 0.2
#: of two detections that share more of the smaller one's area than this, one is no face
_MOST_SHARED: Final = 0.7


def groups(best_first: Iterable[_Found], box: Callable[[_Found], Box]) -> list[list[_Found]]:
    """Return the detections by face: a face is the best one that is left, and what lies on, in or about it."""
    kept: list[list[_Found]] = []
    for found in best_first:
        home = next((group for group in kept if _are_one(box(found), box(group[0]))), None)
        if home is None:
            kept.append([found])
        else:
            home.append(found)
    return kept


def _are_one(a: Box, b: Box) -> bool:
    iou = a.overlap(b)
    shared = iou * (a.area + b.area) / (1 + iou)
    return iou > _ONE_FACE or shared > _MOST_SHARED * min(a.area, b.area)
