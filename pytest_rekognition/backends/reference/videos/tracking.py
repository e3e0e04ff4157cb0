"""Persons followed through a video by their faces: who they are, and where they are from sample to sample."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from pytest_rekognition.geometry import Box

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_rekognition.backends.reference.engines.base import Floats

#: `Similarity` from which two faces are one person's: the default threshold of the service's searches
_ALIKE: Final = 80.0
_PERCENT: Final = 100
#: intersection over union of two faces in samples that follow each other, from which they are one person's
_IN_PLACE: Final = 0.4


@dataclass(slots=True)
class _Person:
    index: int
    box: Box
    vector: Floats
    #: the number of the sample in which it was seen last
    seen: int


class _Pair(NamedTuple):
    """A face that may be a person's; the surest are taken first."""

    #: whether the vectors tell, and not the place alone
    alike: bool
    #: similarity and overlap together
    score: float
    person: int
    face: int


class Tracker:
    """Gives each face of a video the `Index` of its person.

    A face is the person whose face is most like it, else the one whose face lay there in the sample before, else
    somebody new. So a person who comes back is known again as far as the embedder can tell.
    """

    def __init__(self, similarity: Callable[[float], float]) -> None:
        self._similarity = similarity
        self._persons: list[_Person] = []
        self._sample = -1

    def follow(self, faces: Sequence[tuple[Box, Floats]]) -> list[int]:
        """Return the index of each face of the next sample; each face has its box and its vector."""
        self._sample += 1
        owners: dict[int, int] = {}
        for pair in sorted(
            self._pairs(faces), key=lambda pair: (pair.alike, pair.score, -pair.person), reverse=True
        ):
            if pair.face not in owners and pair.person not in owners.values():
                owners[pair.face] = pair.person
        for number, (box, vector) in enumerate(faces):
            if number not in owners:
                owners[number] = len(self._persons)
                self._persons.append(_Person(owners[number], box, vector, self._sample))
            person = self._persons[owners[number]]
            person.box, person.vector, person.seen = box, vector, self._sample
        return [owners[number] for number in range(len(faces))]

    def _pairs(self, faces: Sequence[tuple[Box, Floats]]) -> Iterator[_Pair]:
        for person in self._persons:
            for number, (box, vector) in enumerate(faces):
                similarity = self._similarity(float(person.vector @ vector))
                overlap = person.box.overlap(box) if person.seen == self._sample - 1 else 0.0
                alike = similarity >= _ALIKE
                if alike or overlap >= _IN_PLACE:
                    yield _Pair(alike, similarity / _PERCENT + overlap, person.index, number)


def on_whole_pixels(box: Box, width: int, height: int) -> Box:
    """Return the smallest box around another one whose edges lie between pixels, none of it outside the frame.

    So are all boxes of persons in recorded answers.
    """
    left, top = _within(math.floor(box.left * width), width - 1), _within(math.floor(box.top * height), height - 1)
    right, bottom = _within(math.ceil(box.right * width), width), _within(math.ceil(box.bottom * height), height)
    across, down = max(1, right - left), max(1, bottom - top)
    return Box(left / width, top / height, across / width, down / height)


def _within(value: int, most: int) -> int:
    return min(max(value, 0), most)
