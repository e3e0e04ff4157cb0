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
    _check_image(width, height, format, quality, seed)
    check_range("brightness", brightness, 0.0, _MAX_BRIGHTNESS)
    check_range("blur", blur, 0.0, _MAX_BLUR)
    chosen = _choose(faces, width, height, seed)
    frames = [_frame(face, index, width / height) for index, face in enumerate(chosen)]
    chance = random.Random(seed)  # noqa: S311 - a reproducible choice is wanted
    canvas = _canvas(width, height, _wall(background, chance))
    for face, frame in zip(chosen, frames, strict=True):
        paint_face(canvas, face, frame, height, chance.choice(_CLOTHES))
    canvas.blur(_LENS_BLUR * height * max((face.size for face in chosen), default=0.0) + blur)
    canvas.grain(_GRAIN, seed)
    canvas.shade(brightness)
    truths = tuple(_truth(face, frame) for face, frame in zip(chosen, frames, strict=True))
    return DrawnImage(canvas.encode(_SUFFIXES[format], quality), format, width, height, truths)


def _check_image(width: object, height: object, image_format: object, quality: object, seed: object) -> None:
    limits = {"width": (width, _MIN_SIDE, _MAX_SIDE), "height": (height, _MIN_SIDE, _MAX_SIDE)}
    for name, (value, low, high) in (limits | {"quality": (quality, 1, 100), "seed": (seed, 0, 2**63)}).items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise UsageError(f"{name} is {shown(value)}: a whole number is needed")
        check_range(name, value, low, high)
    if not isinstance(image_format, str) or image_format not in _SUFFIXES:
        near = did_you_mean(image_format, _SUFFIXES)
        raise UsageError(f"format is {shown(image_format)}, and Rekognition takes jpeg and png{near}")


def _choose(faces: object, width: int, height: int, seed: int) -> tuple[DrawnFace, ...]:
    if isinstance(faces, int) and not isinstance(faces, bool):
        return arrange(faces, width, height, seed)
    if isinstance(faces, Sequence) and all(isinstance(face, DrawnFace) for face in faces):
        return tuple(faces)
    raise UsageError(f"faces is {shown(faces)}: give a number from 0, or a sequence of DrawnFace")


def _frame(face: DrawnFace, index: int, aspect: float) -> FaceFrame:
    frame = face.frame(aspect)
    box = frame.bounds()
    if min(box.left, box.top) < 0 or max(box.right, box.bottom) > 1:
        raise UsageError(
            f"faces[{index}] leaves the image: its box would span {box.left:.3f}..{box.right:.3f} across and"
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


def _truth(face: DrawnFace, frame: FaceFrame) -> FaceTruth:
    landmarks = {name: frame.at(point) for name, point in face.own_landmarks().items()}
    return FaceTruth(face, frame.bounds(), landmarks)
