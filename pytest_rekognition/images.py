"""What an image's bytes say about it without decoding them: format, size and completeness.

Pure Python and cheap, so that messages can name an image, and so that a decompression bomb is recognised before
anything is unpacked. The formats are the two that Rekognition takes: "The image must be either a PNG or JPEG
formatted file" (DetectFaces).
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

PNG_SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
JPEG_START: Final = b"\xff\xd8\xff"
_JPEG_END: Final = b"\xff\xd9"
#: markers that carry the frame's size (SOF0..SOF15; C4, C8 and CC are tables)
_FRAME_MARKERS: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
#: markers that stand alone, with no length after them (TEM, RST0..RST7)
_BARE_MARKERS: Final = frozenset({0x01, *range(0xD0, 0xD8)})
_SCAN_MARKER: Final = 0xDA
#: the marker of what Exif is in, and what it begins with (Exif 2.3, 4.7.2)
_EXIF_MARKER: Final = 0xE1
_EXIF_START: Final = b"Exif\0\0"
#: how TIFF names the order of its bytes
_BYTE_ORDERS: Final = {b"II": "<", b"MM": ">"}
#: the tag of an orientation, and the orientations that swap width and height (Exif 2.3, 4.6.4 A)
_ORIENTATION: Final = 0x112
_SIDEWAYS: Final = range(5, 9)
_DIGEST_SHOWN: Final = 8


class ImageInfo(NamedTuple):
    """What an image's header says."""

    media_type: Literal["image/jpeg", "image/png"]
    #: pixels, as stored: an Exif orientation may swap width and height
    width: int
    #: pixels, as stored
    height: int


class _Segment(NamedTuple):
    """A JPEG marker and where its content lies."""

    marker: int
    start: int
    end: int


class _Chunk(NamedTuple):
    """A PNG chunk: its type, where its content lies, and whether it is whole."""

    kind: bytes
    start: int
    end: int
    whole: bool


def describe_image(data: bytes) -> ImageInfo | None:
    """Return format and size from a PNG's or JPEG's header, or None for anything else."""
    if data.startswith(PNG_SIGNATURE):
        return _describe_png(data)
    if data.startswith(JPEG_START):
        return _describe_jpeg(data)
    return None


def aspect_of(data: bytes) -> float:
    """Return the width over the height of a PNG or JPEG as it is seen: a JPEG as its Exif orientation turns it.

    Raises `ValueError` for anything else.
    """
    info = describe_image(data)
    if info is None:
        raise ValueError(f"{summarise(data)} is neither a PNG nor a JPEG")
    is_turned = info.media_type == "image/jpeg" and _orientation(data) in _SIDEWAYS
    return info.height / info.width if is_turned else info.width / info.height


def is_complete(data: bytes) -> bool:
    """Tell whether a PNG's or JPEG's data runs to its end mark, a PNG's with every checksum right."""
    if data.startswith(PNG_SIGNATURE):
        chunks = list(_png_chunks(data))
        return bool(chunks) and chunks[-1].kind == b"IEND" and all(chunk.whole for chunk in chunks)
    scans = [segment.start for segment in _jpeg_segments(data) if segment.marker == _SCAN_MARKER]
    return bool(scans) and data.rfind(_JPEG_END) > scans[0]


def summarise(data: bytes) -> str:
    """Return what a message may show of bytes: `<image/jpeg 640x480, 51,234 bytes, sha256 9f2c61d0…>`."""
    return summary(describe_image(data), len(data), hashlib.sha256(data).hexdigest())


def summary(info: ImageInfo | None, size: int, digest: str) -> str:
    """Return what a message may show of bytes that are known by their size and digest."""
    shape = f"{info.media_type} {info.width}x{info.height}, " if info else ""
    return f"<{shape}{size:,} byte{'' if size == 1 else 's'}, sha256 {digest[:_DIGEST_SHOWN]}…>"


def _describe_png(data: bytes) -> ImageInfo | None:
    first = next(_png_chunks(data), None)
    if first is None or first.kind != b"IHDR" or first.end - first.start != 13:  # noqa: PLR2004 - IHDR's size
        return None
    size = data[first.start : first.start + 8]
    return _sized("image/png", int.from_bytes(size[:4], "big"), int.from_bytes(size[4:], "big"))


def _describe_jpeg(data: bytes) -> ImageInfo | None:
    for marker, start, end in _jpeg_segments(data):
        if marker in _FRAME_MARKERS and end - start >= 5:  # noqa: PLR2004 - precision, height, width
            height, width = data[start + 1 : start + 3], data[start + 3 : start + 5]
            return _sized("image/jpeg", int.from_bytes(width, "big"), int.from_bytes(height, "big"))
    return None


def _sized(media_type: Literal["image/jpeg", "image/png"], width: int, height: int) -> ImageInfo | None:
    return ImageInfo(media_type, width, height) if width and height else None


def _png_chunks(data: bytes) -> Iterator[_Chunk]:
    """Yield a PNG's chunks up to IEND; a cut-off one comes last and is not whole."""
    at = len(PNG_SIGNATURE)
    while at + 8 <= len(data):
        start, kind = at + 8, data[at + 4 : at + 8]
        end = start + int.from_bytes(data[at : at + 4], "big")
        checksum = int.from_bytes(data[end : end + 4], "big")
        whole = end + 4 <= len(data) and checksum == zlib.crc32(memoryview(data)[at + 4 : end])
        yield _Chunk(kind, start, min(end, len(data)), whole)
        if kind == b"IEND":
            return
        at = end + 4


def _jpeg_segments(data: bytes) -> Iterator[_Segment]:
    """Yield a JPEG's marker segments up to and with the first scan's header."""
    at = len(_JPEG_END)
    while at + 4 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 - every marker begins so
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 - a fill byte
            at += 1
        elif marker in _BARE_MARKERS:
            at += 2
        else:
            end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
            if end < at + 4 or end > len(data):
                return
            yield _Segment(marker, at + 4, end)
            if marker == _SCAN_MARKER:
                return
            at = end


def _orientation(data: bytes) -> int:
    """Return a JPEG's Exif orientation, 1..8; 1, upright, where it tells none."""
    for marker, start, end in _jpeg_segments(data):
        if marker == _EXIF_MARKER and data.startswith(_EXIF_START, start):
            tags = _first_directory(data[start + len(_EXIF_START) : end])
            return next((value for tag, value in tags if tag == _ORIENTATION), 1)
    return 1


def _first_directory(tiff: bytes) -> Iterator[tuple[int, int]]:
    """Yield the tags of a TIFF structure, each with its value if that has 16 bits, as long as they are there."""
    order = _BYTE_ORDERS.get(tiff[:2])
    if order is None:
        return
    try:
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, directory)
        for number in range(count):
            yield struct.unpack_from(f"{order}H6xH", tiff, directory + 2 + 12 * number)
    except struct.error:
        return
