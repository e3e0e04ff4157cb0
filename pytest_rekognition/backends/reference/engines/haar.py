"""The embedded engine: OpenCV's Haar cascades, which need no download.

Three cascades look for faces, the profile one also in the mirror image, and each turns its squares into the
service's boxes in its own way. What lies together is one face: its box is the mean, weighted by the windows that
agreed, and it counts when enough of them did.

One cascade alone (`alt2`), measured on 190 public pictures with 211 faces: recall .758, precision .889; against
the service itself, on 55 faces: recall .527 at an IoU of .5, mean IoU .699. All three, their boxes as they come:
recall .801, precision .914; against the service .709 and .705. Held against the engine `yunet` on variants of five
public pictures with 52 faces, half of them turned to the side: this ensemble recall .62, precision .94, mean IoU
.83 (.79 before the boxes of turned heads were moved, by what the profile cascades say of them).
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

from pytest_rekognition.backends.reference.engines import pixels as px
from pytest_rekognition.backends.reference.engines.base import MeasuredFace, Pose
from pytest_rekognition.backends.reference.engines.doubles import groups
from pytest_rekognition.backends.reference.engines.faces import largest_first
from pytest_rekognition.backends.reference.engines.template import EYE_MEMBERS, Eyes, fit_landmarks, roll_between
from pytest_rekognition.errors import MissingDependencyError
from pytest_rekognition.geometry import Box, Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_rekognition.backends.reference.engines.base import Pixels

#: pixels of the longer side at which faces are looked for
LONGEST_SIDE: Final = 640
#: weighted windows that have to agree on a face
_LEAST_VOTES: Final = 3.5
#: intersection over union that two detections of one face exceed: those of a cascade lie about it loosely
_ONE_FACE: Final = 0.2
#: how far a face's box has to be moved where only one profile cascade sees it, in widths of the box
_TURNED: Final = 0.15
#: pixels a side of the square in which eyes are looked for
_EYE_SQUARE: Final = 200
#: where each eye's centre may lie in the cascade's square: left, top, right, bottom
_EYE_ZONES: Final = (Box(0.16, 0.24, 0.28, 0.30), Box(0.56, 0.24, 0.28, 0.30))
_MAX_ROLL: Final = 30.0
#: IoU with the surest detection of a face, from which on another one has a say in its box
_NEAR: Final = 0.4
_ALWAYS: Final = frozenset({"BoundingBox", "Quality"})


class _Search(NamedTuple):
    """How a cascade looks for what it knows."""

    #: how many times larger each size is than the one before
    step: float
    #: windows, beside a first, that have to agree
    neighbours: int
    #: pixels: width and height; 0 for any
    smallest: tuple[int, int] = (0, 0)
    largest: tuple[int, int] = (0, 0)


#: a finer step finds no more faces and takes twice the time: there are four looks, and votes to count
_FACES: Final = _Search(1.2, 1)
_EYES: Final = _Search(1.1, 3, (24, 24), (80, 80))


class _Square(NamedTuple):
    """What a cascade gives, in pixels of the image that it was given."""

    left: int
    top: int
    side: int
    #: how many overlapping windows agreed
    votes: int


class _Kind(NamedTuple):
    """A cascade, and what its squares mean."""

    file: str
    #: from its square (x, y, s, s) to the service's box: (x + left·s, y + top·s, width·s, height·s)
    box: Box
    #: what a window of it counts
    weight: float
    #: whether it looks at the mirror image
    mirrored: bool = False
    #: which way its boxes have to be moved: 1 right, as the profile cascade's faces look left; -1 left
    turn: int = 0


#: `alt2` was fitted to the service's own boxes; the others to those of the engine `yunet`, on public pictures
_KINDS: Final = (
    _Kind("haarcascade_frontalface_alt2.xml", Box(0.061, -0.030, 0.813, 1.078), 1.0),
    _Kind("haarcascade_frontalface_default.xml", Box(0.095, -0.020, 0.800, 1.060), 0.6),
    _Kind("haarcascade_profileface.xml", Box(0.085, 0.075, 0.670, 0.910), 0.6, turn=1),
    _Kind("haarcascade_profileface.xml", Box(0.085, 0.075, 0.670, 0.910), 0.6, mirrored=True, turn=-1),
)


class _Found(NamedTuple):
    """A cascade's detection, or several of one face."""

    #: in ratios of the image; it may reach beyond it
    box: Box
    #: weighted windows that agreed
    votes: float
    #: its cascade's
    turn: int


class HaarEngine:
    """Three face cascades on the image at 640 pixels, and an eye cascade within each face."""

    measures = _ALWAYS | EYE_MEMBERS

    def __init__(self) -> None:
        self._cascades = {file: _cascade(file) for file in sorted({kind.file for kind in _KINDS})}
        self._eyes = _cascade("haarcascade_eye.xml")
        self._lock = threading.Lock()

    def detect(self, pixels: Pixels) -> list[MeasuredFace]:
        """Return the faces in an upright image, the largest box first."""
        image = px.grey(px.shrink(pixels, LONGEST_SIDE))
        with self._lock:  # a cascade keeps the image that it works on
            found = sorted(
                (one for kind in _KINDS for one in self._look(image, kind)), key=lambda one: (-one.votes, one.box)
            )
            faces = [face for group in groups(found, lambda one: one.box, _ONE_FACE) if (face := _merged(group))]
            eyes = [self._find_eyes(pixels, _square(face.box, pixels)) for face in faces]
        return largest_first([_measure(pixels, *both) for both in zip(faces, eyes, strict=True)])

    def _look(self, image: Pixels, kind: _Kind) -> Iterator[_Found]:
        """Yield what a cascade finds in a grey image."""
        height, width = image.shape[:2]
        seen = cv2.flip(image, 1) if kind.mirrored else image
        for square in _find(self._cascades[kind.file], np.asarray(seen, np.uint8), _FACES):
            side, box = square.side, kind.box
            left = square.left + box.left * side
            if kind.mirrored:
                left = width - left - box.width * side
            top = square.top + box.top * side
            share = Box(left / width, top / height, box.width * side / width, box.height * side / height)
            yield _Found(share, square.votes * kind.weight, kind.turn)

    def _find_eyes(self, pixels: Pixels, square: Box) -> Eyes | None:
        """Return the centres of both eyes, in ratios of the image, where two plausible ones are found."""
        part = px.grey(px.crop(pixels, square))
        side = (_EYE_SQUARE, _EYE_SQUARE)
        candidates = _find(self._eyes, px.resize(part, side), _EYES)
        left, right = (_likeliest(candidates, zone) for zone in _EYE_ZONES)
        if left is None or right is None:
            return None
        aspect = pixels.shape[1] / pixels.shape[0]
        eyes = Eyes(_within(square, left), _within(square, right))
        return eyes if abs(roll_between(eyes, aspect)) <= _MAX_ROLL else None


def _cascade(name: str) -> cv2.CascadeClassifier:
    folder = getattr(getattr(cv2, "data", None), "haarcascades", None)  # OpenCV 5 has none
    path = Path(folder or "none", name)
    if not path.is_file():
        raise MissingDependencyError(
            f"the haar engine ({name} is not in OpenCV {cv2.__version__})",
            package="opencv-python-headless>=4.12,<5",
            extra="reference",
        )
    return cv2.CascadeClassifier(str(path))


def _find(cascade: cv2.CascadeClassifier, image: Pixels, search: _Search) -> list[_Square]:
    """Return a cascade's detections, sorted: with several threads OpenCV returns them in varying order."""
    squares, votes = cascade.detectMultiScale2(
        image,
        scaleFactor=search.step,
        minNeighbors=search.neighbours,
        minSize=search.smallest,
        maxSize=search.largest,
    )
    return sorted(_Square(int(x), int(y), int(s), int(n)) for (x, y, s, _), n in zip(squares, votes, strict=True))


def _merged(group: list[_Found]) -> _Found | None:
    """Return the face that detections, the surest first, agree on, or None if too few windows do."""
    near = [one for one in group if one.box.overlap(group[0].box) >= _NEAR]
    weights = [one.votes for one in near]
    if sum(weights) < _LEAST_VOTES:
        return None
    left, top, width, height = map(float, np.average([one.box for one in near], axis=0, weights=weights))
    turn = float(np.average([one.turn for one in near], weights=weights))
    return _Found(Box(left + _TURNED * turn * width, top, width, height), sum(weights), group[0].turn)


def _square(box: Box, pixels: Pixels) -> Box:
    """Return the square that `alt2` sees about a face with this box, in which the eyes' zones were laid out."""
    kind = _KINDS[0].box
    aspect = pixels.shape[1] / pixels.shape[0]
    side = (box.width * aspect / kind.width + box.height / kind.height) / 2
    x, y = box.left + box.width / 2, box.top + box.height / 2
    left = x - (kind.left + kind.width / 2) * side / aspect
    return Box(left, y - (kind.top + kind.height / 2) * side, side / aspect, side)


def _likeliest(candidates: Iterable[_Square], zone: Box) -> Point | None:
    """Return the centre of the candidate in a zone that most windows agreed on, in ratios of the square."""
    inside = [
        (-candidate.votes, centre)
        for candidate in candidates
        if zone.left <= (centre := _centre(candidate)).x <= zone.right and zone.top <= centre.y <= zone.bottom
    ]
    return min(inside)[1] if inside else None


def _centre(square: _Square) -> Point:
    return Point((square.left + square.side / 2) / _EYE_SQUARE, (square.top + square.side / 2) / _EYE_SQUARE)


def _within(box: Box, point: Point) -> Point:
    return Point(box.left + point.x * box.width, box.top + point.y * box.height)


def _measure(pixels: Pixels, found: _Found, eyes: Eyes | None) -> MeasuredFace:
    aspect = pixels.shape[1] / pixels.shape[0]
    box = found.box.clipped()
    return MeasuredFace(
        box=box,
        confidence=_confidence(found.votes),
        landmarks=fit_landmarks(found.box, aspect, eyes),
        pose=Pose(roll=roll_between(eyes, aspect) if eyes else 0.0),
        quality=px.quality(px.crop(pixels, box)),
        measured=_ALWAYS | (EYE_MEMBERS if eyes else frozenset()),
    )


def _confidence(votes: float) -> float:
    """Return 77..100, growing with the windows that agreed: an order among detections, no probability."""
    return 100.0 * votes / (votes + 1)
