"""`draw`: faces to an image file's bytes, with the ground truth."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pytest_rekognition.drawing.face import DrawnFace, check_range, shown
from pytest_rekognition.drawing.layout import arrange
from pytest_rekognition.drawing.paint import paint_face
from pytest_rekognition.errors import MissingDependencyError, UsageError, did_you_mean

if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import Mapping

    from pytest_rekognition.drawing.canvas import Canvas
    from pytest_rekognition.drawing.face import Colour
    from pytest_rekognition.geometry import Box, FaceFrame, Point

ImageFormat: TypeAlias = Literal["jpeg", "png"]

_SUFFIXES: Final = {"jpeg": ".jpg", "png": ".png"}
_MIN_SIDE: Final = 16
_MAX_SIDE: Final = 10_000
_MAX_BRIGHTNESS: Final = 3.0
_MAX_BLUR: Final = 20.0
#: light blur (a ratio of the largest face's height) and grain (levels): clean edges are no photograph's
_LENS_BLUR: Final = 0.004
_GRAIN: Final = 5.0
#: backgrounds and clothes, quiet so that no detector sees a face in them
_WALLS: Final[Sequence[Colour]] = (
    (176, 198, 214),
    (196, 206, 188),
    (214, 200, 182),
    (186, 184, 206),
    (206, 206, 206),
)
_CLOTHES: Final[Sequence[Colour]] = ((62, 88, 122), (110, 70, 84), (74, 100, 84), (96, 96, 104), (140, 116, 84))


@dataclass(frozen=True, slots=True)
class FaceTruth:
    """Where a drawn face lies."""

    #: what was asked for
    drawn: DrawnFace
    #: from hairline to chin and ear to ear, as `BoundingBox` has it
    box: Box
    #: the 30 landmarks by their Rekognition names
    landmarks: Mapping[str, Point]


@dataclass(frozen=True, slots=True)
class DrawnImage:
    """An image file in memory, with its ground truth; `bytes(image)` is the file."""

    #: the file's content
    bytes: bytes
    format: ImageFormat
    #: pixels
    width: int
    #: pixels
    height: int
    #: one entry a face, in the order in which they were given
    faces: tuple[FaceTruth, ...]

    @property
    def media_type(self) -> str:
        """`image/jpeg` or `image/png`."""
        return f"image/{self.format}"

    def __bytes__(self) -> builtins.bytes:
        return self.bytes

    def __repr__(self) -> str:
        shape = f"{self.media_type} {self.width}x{self.height}"
        return f"<DrawnImage {shape}, {len(self.bytes):,} bytes, {len(self.faces)} faces>"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file, whatever its name ends in, and return its path."""
        target = Path(path)
        target.write_bytes(self.bytes)
        return target


def draw(
    faces: int | Sequence[DrawnFace] = 1,
    *,
    width: int = 640,
    height: int = 480,
    format: ImageFormat = "jpeg",  # noqa: A002 - the name that Pillow and imageio use
    quality: int = 90,
    brightness: float = 1.0,
    blur: float = 0.0,
    seed: int = 0,
    background: tuple[int, int, int] | None = None,
) -> DrawnImage:
    """Draw faces; the same arguments give the same bytes (with the same OpenCV).

    Args:
        faces: how many, placed side by side and varied by the seed, or which; later ones cover earlier ones.
        width: pixels, 16..10000.
        height: pixels, 16..10000.
        format: `"jpeg"` or `"png"`.
        quality: JPEG's, 1..100.
        brightness: a factor on all light, 0..3; faces are found from .6 to 1.4.
        blur: sigma of a Gaussian blur in pixels, 0..20; faces are found up to a thirtieth of their height.
        seed: a whole number from 0: chooses the grain, the clothes and, of a number of faces, their looks.
        background: red, green and blue, 0..255 each; None lets the seed choose a quiet wall.

    Raises:
        UsageError: an argument out of its range, or a face whose box leaves the image.
        MissingDependencyError: OpenCV or numpy is not installed.

    """
    check_whole("quality", quality, 1, 100)
    if not isinstance(format, str) or format not in _SUFFIXES:
        near = did_you_mean(format, _SUFFIXES)
        raise UsageError(f"format is {shown(format)}, and Rekognition takes jpeg and png{near}")
    check_range("blur", blur, 0.0, _MAX_BLUR)
    scene = Scene(width, height, seed=seed, brightness=brightness, background=background)
    chosen = _choose(faces, width, height, seed)
    truths = tuple(scene.truth(face, f"faces[{index}]") for index, face in enumerate(chosen))
    canvas = scene.paint(list(zip(truths, scene.clothes(len(chosen)), strict=True)), blur=blur, grain=seed)
    return DrawnImage(canvas.encode(_SUFFIXES[format], quality), format, width, height, truths)


class Scene:
    """What lies behind and about the faces: the wall, the clothes and the light, which a seed settles.

    The arguments are those of `draw`, and are checked as there.
    """

    def __init__(
        self, width: int, height: int, *, seed: int, brightness: float, background: tuple[int, int, int] | None
    ) -> None:
        check_whole("width", width, _MIN_SIDE, _MAX_SIDE)
        check_whole("height", height, _MIN_SIDE, _MAX_SIDE)
        check_whole("seed", seed, 0, 2**63)
        check_range("brightness", brightness, 0.0, _MAX_BRIGHTNESS)
        self._width, self._height, self._brightness = width, height, brightness
        self._chance = random.Random(seed)  # noqa: S311 - a reproducible choice is wanted
        self._wall = _wall(background, self._chance)

    def clothes(self, count: int) -> list[Colour]:
        """Return the colours that so many people wear; asked again, those of further people."""
        return [self._chance.choice(_CLOTHES) for _ in range(count)]

    def truth(self, face: DrawnFace, name: str) -> FaceTruth:
        """Return where a face lies, or raise `UsageError` where it leaves the image; `name` is the argument's."""
        frame = _frame(face, name, self._width / self._height)
        landmarks = {mark: frame.at(point) for mark, point in face.own_landmarks().items()}
        return FaceTruth(face, frame.bounds(), landmarks)

    def paint(self, faces: Sequence[tuple[FaceTruth, Colour]], *, blur: float = 0.0, grain: int) -> Canvas:
        """Return a canvas with faces and their clothes; `blur` is in pixels (sigma), `grain` seeds the noise."""
        canvas = _canvas(self._width, self._height, self._wall)
        for truth, clothes in faces:
            frame = truth.drawn.frame(self._width / self._height)
            paint_face(canvas, truth.drawn, frame, self._height, clothes)
        largest = max((truth.drawn.size for truth, _ in faces), default=0.0)
        canvas.blur(_LENS_BLUR * self._height * largest + blur)
        canvas.grain(_GRAIN, grain)
        canvas.shade(self._brightness)
        return canvas


def check_whole(name: str, value: object, low: int, high: int) -> None:
    """Raise `UsageError` unless a value is a whole number in low..high."""
    if not isinstance(value, int) or isinstance(value, bool):
        raise UsageError(f"{name} is {shown(value)}: a whole number is needed")
    check_range(name, value, low, high)


def _choose(faces: object, width: int, height: int, seed: int) -> tuple[DrawnFace, ...]:
    if isinstance(faces, int) and not isinstance(faces, bool):
        return arrange(faces, width, height, seed)
    if isinstance(faces, Sequence) and all(isinstance(face, DrawnFace) for face in faces):
        return tuple(faces)
    raise UsageError(f"faces is {shown(faces)}: give a number from 0, or a sequence of DrawnFace")


def _frame(face: DrawnFace, name: str, aspect: float) -> FaceFrame:
    frame = face.frame(aspect)
    box = frame.bounds()
    if min(box.left, box.top) < 0 or max(box.right, box.bottom) > 1:
        raise UsageError(
            f"{name} leaves the image: its box would span {box.left:.3f}..{box.right:.3f} across and"
            f" {box.top:.3f}..{box.bottom:.3f} down. Make it smaller, or place it nearer to the middle"
        )
    return frame


def _wall(background: object, chance: random.Random) -> Colour:
    chosen = chance.choice(_WALLS)
    if background is None:
        return chosen
    if not isinstance(background, (tuple, list)) or len(background) != len(chosen):
        raise UsageError(f"background is {shown(background)}: give (red, green, blue)")
    for value in background:
        if not isinstance(value, int) or isinstance(value, bool):
            raise UsageError(f"background holds {shown(value)}: whole numbers from 0 to 255 are needed")
        check_range("background", value, 0, 255)
    red, green, blue = background
    return red, green, blue


def _canvas(width: int, height: int, wall: Colour) -> Canvas:
    try:
        from pytest_rekognition.drawing.canvas import Canvas  # noqa: PLC0415 - needs the extra
    except ImportError as missing:
        raise MissingDependencyError(
            "drawing faces", package="OpenCV (opencv-python-headless, with numpy)", extra="reference"
        ) from missing
    red, green, blue = (round(level * 0.86) for level in wall)
    return Canvas(width, height, above=wall, below=(red, green, blue))
