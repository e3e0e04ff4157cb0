"""What a QuickTime movie (MP4 and MOV; ISO/IEC 14496-12) says of its time, and OpenCV does not tell.

OpenCV counts the frames of the file, and times them from the first that is shown. A movie whose edit list leaves
frames out is shorter, and one whose pictures begin after its sound is longer.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_SECOND: Final = 1000
#: bytes of a box's size and type, and of the longer size that may follow
_BOX: Final = 8
_LONG_BOX: Final = 16
#: bytes before the type of media that a track's handler names
_HANDLER: Final = 8
#: by a box's version, where the movie's time scale and duration are in its header: 32 bits, or 64
_HEADERS: Final = (struct.Struct(">12xII"), struct.Struct(">20xIQ"))
#: a duration that is not known has all bits set
_UNKNOWN: Final = (2**32 - 1, 2**64 - 1)
#: by a box's version, an entry of an edit list: its duration in the movie's time scale, its place in the media
_EDITS: Final = (struct.Struct(">Ii4x"), struct.Struct(">Qq4x"))
#: bytes before the first of them: version, flags, and their number
_EDITS_FROM: Final = 8
#: the place in the media of an edit that shows nothing
_NOWHERE: Final = -1


class Movie(NamedTuple):
    """The time of a movie, in milliseconds."""

    #: 0 where it does not say: a fragmented one, or a file of another kind
    duration: float = 0.0
    #: how long it shows no picture at its beginning
    delay: float = 0.0


def read_movie(data: bytes) -> Movie:
    """Return what a file says of its time; what cannot be read says nothing."""
    movie = _first(memoryview(data), b"moov")
    try:
        header = _first(movie, b"mvhd")
        scale, duration = _HEADERS[header[0]].unpack_from(header)
        empty = _empty_beginning(movie)
    except (struct.error, IndexError):
        return Movie()
    if not scale:
        return Movie()
    return Movie(0.0 if duration in _UNKNOWN else duration * _SECOND / scale, empty * _SECOND / scale)


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Yield the types of the boxes in a box or file, and what they hold."""
    while len(data) >= _BOX:
        size, kind = struct.unpack_from(">I4s", data)
        start = _BOX
        if size == 1 and len(data) >= _LONG_BOX:
            size, start = int.from_bytes(data[_BOX:_LONG_BOX], "big"), _LONG_BOX
        elif size == 0:
            size = len(data)  # up to the end
        if size < start:
            return
        yield kind, data[start:size]
        data = data[size:]


def _first(data: memoryview, *path: bytes) -> memoryview:
    """Return what the first box of a type holds, or of a path of types; nothing where there is none."""
    for wanted in path:
        data = next((content for kind, content in _boxes(data) if kind == wanted), data[:0])
    return data


def _empty_beginning(movie: memoryview) -> int:
    """Return how long the first track of pictures shows nothing at its beginning, in the movie's time scale."""
    tracks = (content for kind, content in _boxes(movie) if kind == b"trak")
    pictures = next((track for track in tracks if _media(track) == b"vide"), movie[:0])
    edits = _first(pictures, b"edts", b"elst")
    if not edits:
        return 0
    entry, total = _EDITS[edits[0]], 0
    for at in range(_EDITS_FROM, len(edits) - entry.size + 1, entry.size):
        duration, place = entry.unpack_from(edits, at)
        if place != _NOWHERE:
            break
        total += duration
    return total


def _media(track: memoryview) -> bytes:
    return bytes(_first(track, b"mdia", b"hdlr")[_HANDLER : _HANDLER + 4])
