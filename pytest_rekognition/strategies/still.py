"""The smallest images that the service takes: one grey, made without an image library."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Final

from hypothesis import strategies as st

from pytest_rekognition.images import PNG_SIGNATURE

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

#: pixels; 'The minimum image resolution for both height and width is 80 pixels' (limits of Amazon Rekognition)
_LEAST: Final = 80


def still_image() -> SearchStrategy[bytes]:
    """Return small PNG files without a face."""
    return st.builds(
        grey_png, st.integers(_LEAST, 2 * _LEAST), st.integers(_LEAST, 2 * _LEAST), st.integers(0, 255)
    )


def grey_png(width: int, height: int, grey: int) -> bytes:
    """Return a PNG of one grey."""
    rows = (b"\0" + bytes([grey]) * width) * height
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return PNG_SIGNATURE + b"".join(chunk(kind, content) for kind, content in parts)


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a PNG chunk, with its length and checksum."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
