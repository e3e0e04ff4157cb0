"""`draw_video`: moving faces to a video file's bytes, with the ground truth at any time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from pytest_rekognition.drawing.face import DrawnFace, check_range, shown
from pytest_rekognition.drawing.layout import arrange
from pytest_rekognition.drawing.scene import FaceTruth, Scene, check_whole
from pytest_rekognition.errors import MissingDependencyError, UsageError, did_you_mean

if TYPE_CHECKING:
    import builtins
    import os
    from collections.abc import Iterable, Iterator

    from pytest_rekognition.drawing.canvas import Canvas

VideoFormat: TypeAlias = Literal["mp4", "mov", "avi"]
VideoCodec: TypeAlias = Literal["mpeg4", "h264"]

_MEDIA_TYPES: Final = {"mp4": "video/mp4", "mov": "video/quicktime", "avi": "video/x-msvideo"}
#: the codecs as `VideoMetadata.Codec` names them, and the tags by which OpenCV does
_TAGS: Final = {"mpeg4": "mp4v", "h264": "avc1"}
_MOST_FPS: Final = 120
#: milliseconds
_LONGEST: Final = 600_000
_SECOND: Final = 1000


@dataclass(frozen=True, slots=True)
class MovingFace:
    """A face that moves: `MovingFace({0: DrawnFace(place=(0.3, 0.5)), 1500: DrawnFace(place=(0.7, 0.5))})`.

    From one time to the next its place, size and roll change evenly; everything else, such as `smile`, holds until
    the next time. It enters at the first time, and after the last one it stays as it is until it leaves.
    """

    #: how it looks, by the time in milliseconds from the start of the video
    looks: Mapping[int, DrawnFace]
    #: milliseconds from the start of the video, from which on it is gone; None keeps it to the end
    leaves: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.looks, Mapping) or not self.looks:
            raise UsageError(
                f"looks is {shown(self.looks)}: give at least one DrawnFace by its time, {{0: DrawnFace()}}"
            )
        for time, face in self.looks.items():
            check_whole("a time of looks", time, 0, _LONGEST)
            if not isinstance(face, DrawnFace):
                raise UsageError(f"looks[{time}] is {shown(face)}: a DrawnFace is needed")
        if self.leaves is not None:
            check_whole("leaves", self.leaves, min(self.looks) + 1, _LONGEST)

    def at(self, time: float) -> DrawnFace | None:
        """Return how it looks at a time in milliseconds, or None where it is not there."""
        times = sorted(self.looks)
        if time < times[0] or (self.leaves is not None and time >= self.leaves):
            return None
        number = bisect_right(times, time)
        before = self.looks[times[number - 1]]
        if number == len(times):
            return before
        share = (time - times[number - 1]) / (times[number] - times[number - 1])
        return _between(before, self.looks[times[number]], share)


@dataclass(frozen=True, slots=True)
class DrawnVideo:
    """A video file in memory, with its ground truth; `bytes(video)` is the file."""

    #: the file's content
    bytes: bytes
    format: VideoFormat
    #: as `VideoMetadata.Codec` names it
    codec: VideoCodec
    #: pixels
    width: int
    #: pixels
    height: int
    #: frames a second
    fps: float
    #: the faces of each frame, in the order in which they were given
    frames: tuple[tuple[FaceTruth, ...], ...]

    @property
    def duration(self) -> int:
        """Its length in milliseconds."""
        return round(len(self.frames) * _SECOND / self.fps)

    @property
    def media_type(self) -> str:
        """`video/mp4`, `video/quicktime` or `video/x-msvideo`."""
        return _MEDIA_TYPES[self.format]

    def faces_at(self, time: float) -> tuple[FaceTruth, ...]:
        """Return the faces in the frame that is shown at a time, in milliseconds from the start."""
        check_range("time", time, 0, self.duration)
        # the small share keeps a frame's own time from falling into the frame before it
        return self.frames[min(len(self.frames) - 1, int(time * self.fps / _SECOND + 1e-6))]

    def __bytes__(self) -> builtins.bytes:
        return self.bytes

    def __repr__(self) -> str:
        shape = f"{self.media_type} {self.codec} {self.width}x{self.height}"
        return f"<DrawnVideo {shape}, {self.duration / _SECOND:g} s, {len(self.bytes):,} bytes>"

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file, whatever its name ends in, and return its path."""
        target = Path(path)
        target.write_bytes(self.bytes)
        return target


def draw_video(
    faces: int | Sequence[MovingFace | DrawnFace] = 1,
    *,
    width: int = 320,
    height: int = 240,
    fps: float = 10,
    duration: int = 2000,
    format: VideoFormat = "mp4",  # noqa: A002 - the name that `draw` and imageio use
    codec: VideoCodec = "mpeg4",
    brightness: float = 1.0,
    seed: int = 0,
    background: tuple[int, int, int] | None = None,
) -> DrawnVideo:
    """Draw a video; the same arguments give the same bytes (with the same OpenCV).

    Args:
        faces: how many, placed as `draw` does, or which; a `DrawnFace` stands still.
        width: pixels, an even number, 16..10000.
        height: pixels, an even number, 16..10000.
        fps: frames a second, 1..120.
        duration: milliseconds, up to 600000; it is rounded to whole frames.
        format: `"mp4"`, `"mov"` or `"avi"`.
        codec: `"mpeg4"`, or `"h264"` where the installed OpenCV can write it; PyPI's wheels cannot.
        brightness: a factor on all light, 0..3.
        seed: a whole number from 0: chooses the grain, the clothes and, of a number of faces, their looks.
        background: red, green and blue, 0..255 each; None lets the seed choose a quiet wall.

    Raises:
        UsageError: an argument out of its range, a face that leaves the image, or a codec that cannot be written.
        MissingDependencyError: OpenCV or numpy is not installed.

    """
    scene = Scene(width, height, seed=seed, brightness=brightness, background=background)
    _check_sides(width, height)
    check_range("fps", fps, 1, _MOST_FPS)
    check_whole("duration", duration, 1, _LONGEST)
    _check_name("format", format, _MEDIA_TYPES)
    _check_name("codec", codec, _TAGS)
    moving = _choose(faces, width, height, seed)
    times = [number * _SECOND / fps for number in range(max(1, round(duration * fps / _SECOND)))]
    clothes = scene.clothes(len(moving))
    shots = [_shot(scene, moving, time) for time in times]
    canvases = (
        scene.paint([(truth, clothes[index]) for index, truth in shot], grain=seed + number)
        for number, shot in enumerate(shots)
    )
    data = _encode(canvases, (width, height), fps, format, codec)
    return DrawnVideo(
        data, format, codec, width, height, fps, tuple(tuple(truth for _, truth in shot) for shot in shots)
    )


def _check_sides(width: int, height: int) -> None:
    for name, side in (("width", width), ("height", height)):
        if side % 2:
            raise UsageError(f"{name} is {side}: the codecs need an even number of pixels")


def _check_name(argument: str, name: object, known: Iterable[str]) -> None:
    if not isinstance(name, str) or name not in known:
        raise UsageError(
            f"{argument} is {shown(name)}, and can be one of {', '.join(known)}{did_you_mean(name, known)}"
        )


def _choose(faces: object, width: int, height: int, seed: int) -> tuple[MovingFace, ...]:
    if isinstance(faces, int) and not isinstance(faces, bool):
        faces = arrange(faces, width, height, seed)
    if isinstance(faces, Sequence) and all(isinstance(face, DrawnFace | MovingFace) for face in faces):
        return tuple(face if isinstance(face, MovingFace) else MovingFace({0: face}) for face in faces)
    raise UsageError(f"faces is {shown(faces)}: give a number from 0, or a sequence of MovingFace and DrawnFace")


def _shot(scene: Scene, faces: Iterable[MovingFace], time: float) -> list[tuple[int, FaceTruth]]:
    """Return the faces that are there at a time, each with its number among all."""
    there = ((index, face.at(time)) for index, face in enumerate(faces))
    return [
        (index, scene.truth(face, f"faces[{index}] at {time:g} ms")) for index, face in there if face is not None
    ]


def _between(before: DrawnFace, after: DrawnFace, share: float) -> DrawnFace:
    def mixed(one: float, other: float) -> float:
        return one + (other - one) * share

    x, y = starmap(mixed, zip(before.place, after.place, strict=True))
    return replace(before, place=(x, y), size=mixed(before.size, after.size), roll=mixed(before.roll, after.roll))


def _encode(canvases: Iterator[Canvas], size: tuple[int, int], fps: float, form: str, codec: str) -> bytes:
    try:
        import cv2  # noqa: PLC0415 - needs the extra

        from pytest_rekognition.drawing.quiet import quiet_video  # noqa: PLC0415 - needs the extra
    except ImportError as missing:
        raise MissingDependencyError(
            "drawing videos", package="OpenCV (opencv-python-headless, with numpy)", extra="reference"
        ) from missing
    with TemporaryDirectory(prefix="drawn-video-") as folder, quiet_video():
        path = Path(folder) / f"video.{form}"
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*_TAGS[codec]), fps, size)
        if not writer.isOpened():
            raise UsageError(
                f"this OpenCV cannot write {codec} into {form}: PyPI's wheels have no encoder for h264. Draw with"
                ' codec="mpeg4", and convert the file with ffmpeg where it has to be h264'
            )
        for canvas in canvases:
            writer.write(canvas.levels())
        writer.release()
        return path.read_bytes()
