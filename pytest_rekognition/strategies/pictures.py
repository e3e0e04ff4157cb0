"""Image files: drawn ones with their ground truth, and broken ones."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from hypothesis import strategies as st

from pytest_rekognition.drawing import draw as draw_image
from pytest_rekognition.images import JPEG_START, PNG_SIGNATURE, summarise
from pytest_rekognition.strategies.still import chunk, grey_png, still_image

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_rekognition.drawing import DrawnImage

#: 'Image bytes passed by using the Bytes property must be 5 MB or smaller'
_MOST_BYTES: Final = 5 * 2**20
_PNG_HEAD: Final = 33


@dataclass(frozen=True, slots=True, repr=False)
class BrokenImage:
    """Bytes that the service refuses as an image; `bytes(image)` are they."""

    #: what is wrong: `truncated`, `wrong-signature`, `empty`, `gif`, `bomb` or `too-large`
    fault: str
    content: bytes

    def __bytes__(self) -> bytes:
        return self.content

    def __repr__(self) -> str:
        return f"<BrokenImage {self.fault} {summarise(self.content)}>"

    def _repr_pretty_(self, printer: Any, _cycle: object) -> None:
        printer.text(repr(self))  # Hypothesis would print every member, so all the bytes


@st.composite
def images(draw: DrawFn) -> DrawnImage:
    """Return drawn JPEG and PNG files of 0 to 3 faces, with the truth of each; `bytes(image)` is the file.

    They are small (160x120 to 320x240), drawn in some milliseconds each. Raises `MissingDependencyError` where
    the extra `reference` is not installed.
    """
    return draw_image(
        draw(st.integers(0, 3)),
        width=draw(st.integers(160, 320)),
        height=draw(st.integers(120, 240)),
        format=draw(st.sampled_from(("png", "jpeg"))),
        seed=draw(st.integers(0, 1000)),
    )


@st.composite
def broken_images(draw: DrawFn) -> BrokenImage:
    """Return what is no image that the service takes, with the name of its fault.

    `truncated` PNG and JPEG files, a `wrong-signature`, `empty` bytes, a `gif`, a decompression `bomb` (a header
    that promises billions of pixels), and a PNG of 5 MB and a byte (`too-large`).
    """
    fault = draw(st.sampled_from(list(_FAULTS)))
    return BrokenImage(fault, draw(_FAULTS[fault]()))


def _truncated() -> SearchStrategy[bytes]:
    whole = st.one_of(still_image(), st.just(_jpeg_head(80, 80)))
    return st.builds(_cut, whole, st.integers(0, 64))


def _cut(content: bytes, share: int) -> bytes:
    """Return up to half of what comes after a header."""
    return content[: _PNG_HEAD + (len(content) - _PNG_HEAD) * share // 128]


def _jpeg_head(width: int, height: int) -> bytes:
    """Return a JPEG up to its frame's header, with nothing to show."""
    return JPEG_START[:2] + struct.pack(">BBHBHHB", 0xFF, 0xC0, 11, 8, height, width, 1) + b"\1\x11\0" + bytes(16)


def _wrong_signature() -> SearchStrategy[bytes]:
    return st.builds(lambda first, content: bytes([first]) + content[1:], st.integers(0, 0x7F), still_image())


def _bomb() -> SearchStrategy[bytes]:
    side = st.integers(2**15, 2**16)
    return st.builds(_bomb_of, side, side)


def _bomb_of(width: int, height: int) -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return PNG_SIGNATURE + head + chunk(b"IDAT", b"x\x9cc\0\0\0\1\0\1") + chunk(b"IEND", b"")


@cache
def _too_large() -> bytes:
    padding = _MOST_BYTES + 1 - len(grey_png(80, 80, 0)) - len(chunk(b"tEXt", b""))
    whole = grey_png(80, 80, 0)
    return whole[:_PNG_HEAD] + chunk(b"tEXt", bytes(padding)) + whole[_PNG_HEAD:]


_FAULTS: Final[dict[str, Callable[[], SearchStrategy[bytes]]]] = {
    "empty": lambda: st.just(b""),
    "gif": lambda: st.just(b"GIF89a\x50\0\x50\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x50\0\x50\0\0\2\2D\1\0;"),
    "truncated": _truncated,
    "wrong-signature": _wrong_signature,
    "bomb": _bomb,
    "too-large": lambda: st.builds(_too_large),
}
