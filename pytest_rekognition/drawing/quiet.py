"""OpenCV's video functions without their messages: what is wrong with a video is told by this package's errors."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import cv2

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: read by OpenCV when a process first uses FFmpeg through it, and never again
_VARIABLE: Final = "OPENCV_FFMPEG_LOGLEVEL"
#: FFmpeg's `AV_LOG_QUIET`
_QUIET: Final = "-8"
#: OpenCV's `LOG_LEVEL_SILENT`
_SILENT: Final = 0
#: sets OpenCV's log level and returns the one before; 4.13 has moved it
_set_level: Final[Callable[[int], int]] = getattr(cv2, "setLogLevel", None) or cv2.utils.logging.setLogLevel


class _Level:
    """OpenCV's log level, one for the whole process: the first to come lowers it, the last to go restores it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._before = 0

    def lower(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside == 1:
                self._before = _set_level(_SILENT)

    def restore(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                _set_level(self._before)


_LEVEL: Final = _Level()


@contextmanager
def quiet_video() -> Iterator[None]:
    """Keep what OpenCV and FFmpeg would write to stderr about a video from being written.

    FFmpeg's own lines can only be kept quiet where the process had not used it through OpenCV before; a level that
    the user has set is left alone.
    """
    _LEVEL.lower()
    ours = _VARIABLE not in os.environ
    if ours:
        os.environ[_VARIABLE] = _QUIET
    try:
        yield
    finally:
        if ours:
            os.environ.pop(_VARIABLE, None)
        _LEVEL.restore()
