"""Reading videos: what their container says, and upright frames at an even pace, one at a time."""

from __future__ import annotations

import os
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import cv2
import numpy as np

from pytest_rekognition.backends.reference.videos.headers import is_full_range, is_interlaced
from pytest_rekognition.backends.reference.videos.movie import Movie, read_movie
from pytest_rekognition.drawing.quiet import quiet_video
from pytest_rekognition.errors import NoReferenceError
from pytest_rekognition.geometry import single

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from pytest_rekognition.backends.reference.engines.base import Pixels

#: milliseconds from one frame that is looked at to the next. Recorded answers to GetFaceDetection have one every
#: 480 or 520 ms: the frames nearest to every half second, of 25 frames a second.
SAMPLED_EVERY: Final = 500
_SECOND: Final = 1000
#: milliseconds; times that are sums of fractions may miss a whole number by less
_FUZZ: Final = 0.01
_MAGIC: Final = 12
_FOUR_BYTES: Final = 0xFFFF_FFFF
#: the first boxes that QuickTime files and their like have, by their types
_QUICKTIME: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
#: the containers by the names that the service has for them: those of FFmpeg, as recorded answers show
_MOV: Final = "QuickTime / MOV"
_AVI: Final = "AVI (Audio Video Interleaved)"
#: "The supported file formats are .mp4, .mov and .avi" (Video); of their codecs "H.264" alone is documented
#: (Guidelines and quotas). MPEG-4 Part 2, which OpenCV can write, is taken too: a convention of this project.
_CODECS: Final = {
    **dict.fromkeys((b"h264", b"H264", b"avc1", b"avc3", b"x264", b"X264"), "h264"),
    **dict.fromkeys((b"FMP4", b"mp4v", b"MP4V", b"XVID", b"xvid", b"DIVX", b"DX50"), "mpeg4"),
}
#: an interlaced picture of H.264, 16 x 32 pixels of one colour
_INTERLACED: Final = bytes.fromhex(
    "00000001674d4015ecadb011000003000100000300321f14299600000001"
    "68dba05b2c80000001658882020e8231400041aa38000a29470001539af0"
)
#: its colour, blue first, and how far off each value may be
_COLOUR: Final = (223, 158, 46)
_CLOSE: Final = 8


class UnreadableVideoError(Exception):
    """A file that is no video of a container and codec that the service takes."""


class Metadata(NamedTuple):
    """What is known of a video, as `VideoMetadata` has it."""

    codec: str
    #: milliseconds
    duration: int
    format: str
    #: frames a second
    frame_rate: float
    #: pixels, upright
    height: int
    #: pixels, upright
    width: int
    #: `LIMITED` (16 to 235) or `FULL` (0 to 255)
    colour_range: str

    def as_wire(self) -> dict[str, Any]:
        """Return the `VideoMetadata` structure of the wire."""
        return {
            "Codec": self.codec,
            "DurationMillis": self.duration,
            "Format": self.format,
            "FrameRate": single(self.frame_rate),
            "FrameHeight": self.height,
            "FrameWidth": self.width,
            "ColorRange": self.colour_range,
        }


class Frame(NamedTuple):
    """A frame that is looked at."""

    #: milliseconds from the start of the video, rounded down as the service rounds
    time: int
    pixels: Pixels


class Video:
    """A video that is open."""

    def __init__(self, path: Path, capture: cv2.VideoCapture, container: str, movie: Movie) -> None:
        self._path = path
        self._capture = capture
        self._delay = movie.delay
        #: what its header says; once all samples were read, with a duration that is no shorter than they last
        self.metadata = _metadata(capture, container, movie)

    def samples(self) -> Iterator[Frame]:
        """Yield the frames nearest to every half second; raises `UnreadableVideoError` where there is none.

        A video that breaks off ends where it does. Raises `NoReferenceError` for interlaced videos where OpenCV
        cannot read those.
        """
        self._check_scan()
        due, before = 0, 0.0
        for time in self._times():
            half, before = (time - before) / 2, time
            if time + half + _FUZZ < due:
                continue
            found, pixels = self._capture.retrieve()
            if found:
                yield Frame(int(time + _FUZZ), np.asarray(pixels, np.uint8))
                due = max(due, int(time + _FUZZ) // SAMPLED_EVERY * SAMPLED_EVERY) + SAMPLED_EVERY
        if due == 0:
            raise UnreadableVideoError
        longest = max(self.metadata.duration, int(before + _FUZZ))
        self.metadata = self.metadata._replace(duration=longest)

    def _check_scan(self) -> None:
        codec, headers = self.metadata.codec, _headers(self._capture)
        if is_interlaced(codec, headers, _packets(self._path)) and not reads_interlaced():
            raise NoReferenceError(
                f"OpenCV {cv2.__version__} cannot read interlaced video: it leaves the pictures of such a file"
                " undefined. Convert the file first, for example with: ffmpeg -i IN -vf yadif OUT"
            )

    def _times(self) -> Iterator[float]:
        """Read frame after frame, and yield when each is shown, in milliseconds from the start of the video."""
        if self.metadata.format != _AVI:
            while self._capture.grab():
                yield self._delay + max(0.0, float(self._capture.get(cv2.CAP_PROP_POS_MSEC)))
            return
        # OpenCV's times of AVI are wrong where frames are stored in another order than they are shown in. They are
        # shown at the times at which they are stored, which need not be at a fixed pace: frames may be left out.
        with _as_coded(self._path) as stored:
            while self._capture.grab() and stored.grab():
                yield max(0.0, float(stored.get(cv2.CAP_PROP_POS_MSEC)))


@contextmanager
def open_video(data: bytes) -> Iterator[Video]:
    """Open a video, or raise `UnreadableVideoError`.

    OpenCV reads a file here, which is gone afterwards: it could read from memory too, but closing a video that was
    opened so crashes the process (4.14 does).
    """
    container = _container(data[:_MAGIC])
    with TemporaryDirectory(prefix="rekognition-video-") as folder, quiet_video():
        path = Path(folder) / "video"
        path.write_bytes(data)
        with _capturing(path) as capture:
            yield Video(path, capture, container, read_movie(data) if container == _MOV else Movie())


@contextmanager
def _capturing(path: Path, *options: int) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(os.fspath(path), cv2.CAP_FFMPEG, options)
    try:
        if not capture.isOpened():
            raise UnreadableVideoError
        yield capture
    finally:
        capture.release()  # before the folder goes: Windows keeps open files


def _as_coded(path: Path) -> AbstractContextManager[cv2.VideoCapture]:
    """Open a video whose pictures are not decoded."""
    return _capturing(path, cv2.CAP_PROP_FORMAT, -1)


def _packets(path: Path) -> Iterator[bytes]:
    """Yield a video's pictures as they are coded."""
    with _as_coded(path) as capture:
        while capture.grab():
            found, packet = capture.retrieve()
            if found:
                yield np.asarray(packet, np.uint8).tobytes()


@cache
def reads_interlaced() -> bool:
    """Tell whether this OpenCV reads interlaced pictures, by reading one.

    Since 4.13, those of PyPI do not: their FFmpeg refuses to convert such a picture to a progressive one, and
    OpenCV hands out the memory that it should have been written to, whatever is there.
    """
    with TemporaryDirectory(prefix="rekognition-video-") as folder:
        path = Path(folder) / "picture"
        path.write_bytes(_INTERLACED)
        with _capturing(path) as capture:
            found, pixels = capture.read()
    return found and bool(np.abs(np.asarray(pixels, np.int16) - _COLOUR).max() <= _CLOSE)


def duration_of(data: bytes) -> int:
    """Return a video's length in milliseconds, as its header says; of what is no video, 0."""
    try:
        with open_video(data) as video:
            return video.metadata.duration
    except UnreadableVideoError:
        return 0


def _container(start: bytes) -> str:
    if start[4:8] in _QUICKTIME:
        return _MOV
    if start[:4] == b"RIFF" and start[8:] == b"AVI ":
        return _AVI
    raise UnreadableVideoError


def _metadata(capture: cv2.VideoCapture, container: str, movie: Movie) -> Metadata:
    codec = _CODECS.get((int(capture.get(cv2.CAP_PROP_FOURCC)) & _FOUR_BYTES).to_bytes(4, "little"))
    rate, frames = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    width, height = int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT))
    if codec is None or not (rate > 0 and frames > 0 and width > 0 and height > 0):
        raise UnreadableVideoError
    return Metadata(
        codec=codec,
        duration=max(1, round(movie.duration or movie.delay + frames * _SECOND / rate)),
        format=container,
        frame_rate=rate,
        height=height,
        width=width,
        colour_range="FULL" if is_full_range(codec, _headers(capture)) else "LIMITED",
    )


def _headers(capture: cv2.VideoCapture) -> bytes:
    """Return what the container keeps of the codec's headers."""
    index = int(capture.get(cv2.CAP_PROP_CODEC_EXTRADATA_INDEX))
    found, content = capture.retrieve(flag=index)
    return np.asarray(content, np.uint8).tobytes() if found else b""
