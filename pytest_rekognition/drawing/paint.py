"""How a face is painted: its parts from back to front, in the face's own coordinates.

The shading matters more than the lines: what a frontal cascade looks for is dark eye sockets under a light
forehead, a light nose bridge between them, light cheeks below, and a dark mouth.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from pytest_rekognition.drawing.face import HAIR_TONES, SKIN_TONES
from pytest_rekognition.geometry import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_rekognition.drawing.canvas import Canvas
    from pytest_rekognition.drawing.face import Colour, DrawnFace
    from pytest_rekognition.geometry import FaceFrame

_WHITE: Final[Colour] = (246, 244, 240)
_BLACK: Final[Colour] = (24, 20, 20)
_IRIS: Final[Colour] = (70, 52, 40)
_LIPS: Final[Colour] = (168, 70, 74)
_MOUTH: Final[Colour] = (70, 24, 28)
_FRAMES: Final[Colour] = (66, 56, 58)
_HEAD_MIDDLE: Final = Point(0.5, 0.465)
_HEAD_RADII: Final = Point(0.475, 0.525)
#: the exponent of the head's superellipse: 1 is an ellipse, less is squarer
_SQUARENESS: Final = 0.90
#: the hair's edge on the forehead, from the image's left to its right
_HAIRLINE: Final = (
    Point(0.03, 0.40),
    Point(0.06, 0.27),
    Point(0.14, 0.165),
    Point(0.28, 0.105),
    Point(0.46, 0.075),
    Point(0.62, 0.085),
    Point(0.78, 0.125),
    Point(0.89, 0.19),
    Point(0.945, 0.28),
    Point(0.97, 0.40),
)
#: the body's lower corners: below any image, as a face is a twentieth of its height at least
_BELOW: Final = (Point(1.66, 22.0), Point(-0.66, 22.0))
_EYES: Final = (("leftEye", "leftPupil"), ("rightEye", "rightPupil"))


def paint_face(canvas: Canvas, face: DrawnFace, frame: FaceFrame, height: int, clothes: Colour) -> None:
    """Paint one face on a canvas that is `height` pixels high."""
    brush = _Brush(canvas, frame, frame.upright.height * height)
    marks = face.own_landmarks()
    skin, hair = SKIN_TONES[face.skin], HAIR_TONES[face.hair]
    _paint_body(_Brush(canvas, frame._replace(roll=frame.roll / 4), brush.height), brush, skin, clothes)
    if hair is not None:
        brush.fill(_ellipse(Point(0.5, 0.40), Point(0.585, 0.535)), _darker(hair, 0.85))
    _paint_head(brush, skin)
    _paint_sockets(brush, marks, skin)
    _paint_nose(brush, skin)
    if face.beard:
        _paint_beard(brush, _mixed(hair or _BLACK, _darker(skin, 0.40), 0.55))
    _paint_mouth(brush, marks, face, skin)
    for eye in _EYES:
        _paint_eye(brush, marks, eye, skin, is_open=face.eyes_open)
    _paint_brows(brush, marks, _darker(hair or skin, 0.62 if hair else 0.5), skin)
    if hair is not None:
        _paint_hair(brush, hair)
    if face.eyeglasses:
        _paint_glasses(brush, marks)


class _Brush:
    """A canvas seen in a face's own coordinates; lengths are ratios of the face's height."""

    def __init__(self, canvas: Canvas, frame: FaceFrame, height: float) -> None:
        self._canvas = canvas
        self._frame = frame
        self.height = height

    def fill(self, outline: Iterable[Point], colour: Colour, opacity: float = 1.0, soft: float = 0.0) -> None:
        self._canvas.fill(
            [self._frame.at(point) for point in outline], colour, opacity=opacity, soft=soft * self.height
        )

    def stroke(self, line: Iterable[Point], colour: Colour, thickness: float, opacity: float = 1.0) -> None:
        self._canvas.stroke(
            [self._frame.at(point) for point in line], colour, thickness * self.height, opacity=opacity
        )


def _paint_body(body: _Brush, brush: _Brush, skin: Colour, clothes: Colour) -> None:
    body.fill((*_arc(Point(-0.62, 1.75), Point(0.5, 1.02), Point(1.62, 1.75)), *_BELOW), clothes)
    brush.fill(_box(0.29, 0.75, 0.71, 1.14), _darker(skin, 0.80))
    brush.fill(_ellipse(Point(0.5, 1.14), Point(0.21, 0.07)), _darker(skin, 0.80))


def _paint_head(brush: _Brush, skin: Colour) -> None:
    for x in (0.005, 0.995):
        brush.fill(_ellipse(Point(x, 0.47), Point(0.06, 0.095)), _darker(skin, 0.88))
    brush.fill([_on_head(angle) for angle in _steps(0, 352.5, 48)], _darker(skin, 0.90))
    brush.fill(_ellipse(Point(0.5, 0.47), Point(0.36, 0.42)), _lighter(skin, 0.12), 0.9, soft=0.05)
    for x in (0.23, 0.77):
        brush.fill(_ellipse(Point(x, 0.60), Point(0.12, 0.075)), _lighter(skin, 0.22), 0.7, soft=0.03)
        brush.fill(_ellipse(Point(x, 0.63), Point(0.09, 0.05)), (226, 110, 100), 0.16, soft=0.03)
    brush.fill(_ellipse(Point(0.5, 0.20), Point(0.28, 0.08)), _lighter(skin, 0.22), 0.6, soft=0.03)
    brush.fill(_ellipse(Point(0.5, 0.90), Point(0.12, 0.04)), _lighter(skin, 0.18), 0.5, soft=0.02)


def _paint_sockets(brush: _Brush, marks: Mapping[str, Point], skin: Colour) -> None:
    for name in ("leftPupil", "rightPupil"):
        middle = marks[name]
        brush.fill(
            _ellipse(Point(middle.x, middle.y - 0.022), Point(0.155, 0.062)), _darker(skin, 0.50), 0.72, 0.018
        )


def _paint_nose(brush: _Brush, skin: Colour) -> None:
    shade = _darker(skin, 0.62)
    for x, side in ((0.425, -1), (0.575, 1)):
        line = (Point(x - side * 0.012, 0.42), Point(x + side * 0.002, 0.52), Point(x + side * 0.012, 0.60))
        brush.fill((*line, *(Point(p.x + side * 0.035, p.y) for p in reversed(line))), shade, 0.28, 0.012)
    brush.fill(_box(0.465, 0.30, 0.535, 0.58), _lighter(skin, 0.35), 0.8, 0.014)
    brush.fill(_ellipse(Point(0.5, 0.632), Point(0.105, 0.022)), shade, 0.75, 0.008)
    brush.fill(_ellipse(Point(0.5, 0.592), Point(0.075, 0.034)), _lighter(skin, 0.25), 0.85, 0.010)
    for x in (0.455, 0.545):
        brush.fill(_ellipse(Point(x, 0.632), Point(0.026, 0.010)), _darker(skin, 0.32), 0.8, 0.003)


def _paint_beard(brush: _Brush, hair: Colour) -> None:
    jaw = [_on_head(angle) for angle in _steps(100, 260, 24)]
    inner = [Point(0.5 + 0.36 * math.cos(t), 0.60 + 0.10 * math.sin(t)) for t in _radians(180, 0, 16)]
    brush.fill((*jaw, *inner), hair, 0.88, 0.010)
    brush.fill(_ellipse(Point(0.5, 0.680), Point(0.20, 0.026)), hair, 0.9, 0.006)


def _paint_mouth(brush: _Brush, marks: Mapping[str, Point], face: DrawnFace, skin: Colour) -> None:
    left, right, up, down = (marks[name] for name in ("mouthLeft", "mouthRight", "mouthUp", "mouthDown"))
    sag = 0.016 if face.smile else 0.0
    top, bottom = _arc(left, Point(up.x, up.y + sag), right), _arc(left, Point(down.x, down.y + sag), right)
    brush.fill(_ellipse(Point(0.5, down.y + 0.035), Point(0.12, 0.014)), _darker(skin, 0.6), 0.5, 0.008)
    brush.fill((*top, *reversed(bottom)), _mixed(_LIPS, _darker(skin, 0.7), 0.35))
    if face.mouth_open:
        within = [_mixed_points(a, b, 0.20) for a, b in zip(top, bottom, strict=True)]
        below = [_mixed_points(a, b, 0.80) for a, b in zip(top, bottom, strict=True)]
        brush.fill((*within, *reversed(below)), _MOUTH)
        teeth = [_mixed_points(a, b, 0.42) for a, b in zip(top, bottom, strict=True)]
        brush.fill((*within[3:-3], *reversed(teeth[3:-3])), _WHITE, 0.9)
    else:
        brush.stroke([_mixed_points(a, b, 0.5) for a, b in zip(top, bottom, strict=True)], _MOUTH, 0.010, 0.9)


def _paint_eye(
    brush: _Brush, marks: Mapping[str, Point], eye: tuple[str, str], skin: Colour, *, is_open: bool
) -> None:
    prefix, pupil = eye
    left, right = marks[f"{prefix}Left"], marks[f"{prefix}Right"]
    up, down, middle = marks[f"{prefix}Up"], marks[f"{prefix}Down"], marks[pupil]
    if not is_open:
        brush.fill(
            _ellipse(Point(middle.x, middle.y - 0.004), Point(0.085, 0.028)), _darker(skin, 0.68), 0.8, 0.006
        )
        brush.stroke(_arc(left, down, right), _BLACK, 0.014)
        return
    top, bottom = _arc(left, Point(up.x, up.y - 0.008), right), _arc(left, Point(down.x, down.y + 0.004), right)
    brush.fill((*top, *reversed(bottom)), _WHITE)
    brush.fill(_ellipse(middle, Point(0.036, 0.0245)), _IRIS)
    brush.fill(_ellipse(middle, Point(0.018, 0.0125)), _BLACK)
    brush.fill(_ellipse(Point(middle.x + 0.012, middle.y - 0.009), Point(0.009, 0.006)), _WHITE)
    brush.stroke(top, _BLACK, 0.013)
    brush.stroke(bottom, _darker(skin, 0.45), 0.005, 0.7)


def _paint_brows(brush: _Brush, marks: Mapping[str, Point], colour: Colour, skin: Colour) -> None:
    for side in ("left", "right"):
        line = [marks[f"{side}EyeBrow{part}"] for part in ("Left", "Up", "Right")]
        upper = _arc(line[0], Point(line[1].x, line[1].y - 0.012), line[2])
        lower = _arc(line[0], Point(line[1].x, line[1].y + 0.022), line[2])
        brush.fill((*upper, *reversed(lower)), _mixed(colour, skin, 0.15), 0.95, 0.003)


def _paint_hair(brush: _Brush, hair: Colour) -> None:
    crown = [Point(0.5 + 0.525 * math.cos(t), 0.40 + 0.50 * math.sin(t)) for t in _radians(0, -180, 32)]
    brush.fill((*crown, *_HAIRLINE), hair, 1.0, 0.004)
    for x, lean in ((0.30, -0.05), (0.42, -0.02), (0.56, 0.02), (0.68, 0.05)):
        strand = _arc(Point(x, -0.06), Point(x + lean * 0.6, -0.02), Point(x + lean, 0.06))
        brush.stroke(strand, _lighter(hair, 0.25), 0.008, 0.5)


def _paint_glasses(brush: _Brush, marks: Mapping[str, Point]) -> None:
    left, right = marks["leftPupil"], marks["rightPupil"]
    for middle in (left, right):
        rim = _ellipse(Point(middle.x, middle.y + 0.012), Point(0.168, 0.098))
        brush.fill(rim, _WHITE, 0.07)
        brush.stroke((*rim, rim[0]), _FRAMES, 0.010, 0.85)
    brush.stroke(
        _arc(Point(left.x + 0.16, 0.395), Point(0.5, 0.375), Point(right.x - 0.16, 0.395)), _FRAMES, 0.009
    )
    brush.stroke((Point(left.x - 0.165, 0.40), Point(0.01, 0.39)), _FRAMES, 0.008)
    brush.stroke((Point(right.x + 0.165, 0.40), Point(0.99, 0.39)), _FRAMES, 0.008)


def _on_head(degrees: float) -> Point:
    """Return the head's outline at an angle, clockwise from the top."""
    across, up = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    x = _HEAD_MIDDLE.x + _HEAD_RADII.x * math.copysign(abs(across) ** _SQUARENESS, across)
    return Point(x, _HEAD_MIDDLE.y - _HEAD_RADII.y * math.copysign(abs(up) ** _SQUARENESS, up))


def _ellipse(middle: Point, radii: Point) -> list[Point]:
    return [
        Point(middle.x + radii.x * math.cos(t), middle.y + radii.y * math.sin(t)) for t in _radians(0, 352.5, 48)
    ]


def _box(left: float, top: float, right: float, bottom: float) -> tuple[Point, ...]:
    return (Point(left, top), Point(right, top), Point(right, bottom), Point(left, bottom))


def _arc(start: Point, through: Point, end: Point, steps: int = 16) -> list[Point]:
    """Return the parabola through three points, the second half way."""
    bend = Point(2 * through.x - (start.x + end.x) / 2, 2 * through.y - (start.y + end.y) / 2)
    shares = [step / steps for step in range(steps + 1)]
    return [_mixed_points(_mixed_points(start, bend, s), _mixed_points(bend, end, s), s) for s in shares]


def _mixed_points(a: Point, b: Point, share: float) -> Point:
    return Point(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share)


def _steps(start: float, stop: float, count: int) -> list[float]:
    return [start + (stop - start) * step / (count - 1) for step in range(count)]


def _radians(start: float, stop: float, count: int) -> list[float]:
    return [math.radians(degrees) for degrees in _steps(start, stop, count)]


def _mixed(colour: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def _darker(colour: Colour, factor: float) -> Colour:
    return _mixed((0, 0, 0), colour, factor)


def _lighter(colour: Colour, share: float) -> Colour:
    return _mixed(colour, (255, 255, 255), share)
