import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition.images import JPEG_START, PNG_SIGNATURE, ImageInfo, describe_image, is_complete, summarise


def png_chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height):
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * (width + 1) * height)
    return PNG_SIGNATURE + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", rows) + png_chunk(b"IEND", b"")


def jpeg(width, height, marker=0xC0):
    """Return a JPEG's skeleton: an APP0 segment, a frame header, a scan without data, the end mark."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    segments = [(0xE0, b"JFIF\0"), (marker, frame), (0xDA, b"\1\1\0\0\x3f\0")]
    body = b"".join(struct.pack(">BBH", 0xFF, kind, len(data) + 2) + data for kind, data in segments)
    return b"\xff\xd8" + body + b"\0" + b"\xff\xd9"


@given(st.integers(1, 300), st.integers(1, 300))
def test_a_png_is_described_from_its_header(width, height):
    """Format and size of any PNG are read without decoding it."""
    assert describe_image(png(width, height)) == ImageInfo("image/png", width, height)


@given(st.integers(1, 65535), st.integers(1, 65535), st.sampled_from([0xC0, 0xC1, 0xC2, 0xC9]))
def test_a_jpeg_is_described_from_its_header(width, height, marker):
    """Format and size of any JPEG, baseline or progressive, are read without decoding it."""
    assert describe_image(jpeg(width, height, marker)) == ImageInfo("image/jpeg", width, height)


@given(st.one_of(st.binary(), *(st.binary().map(start.__add__) for start in (PNG_SIGNATURE, JPEG_START))))
def test_any_bytes_can_be_described(data):
    """No bytes make the header readers fail, and what is no image has no description."""
    info = describe_image(data)
    assert info is None or min(info.width, info.height) > 0
    assert is_complete(data) in {True, False}
    assert f"{len(data):,} byte" in summarise(data)


@pytest.mark.parametrize("whole", [png(9, 7), jpeg(9, 7)], ids=["png", "jpeg"])
def test_a_cut_off_image_is_incomplete(whole):
    """An image is complete with its last byte, and incomplete without it, wherever it is cut."""
    assert is_complete(whole)
    assert [cut for cut in range(len(whole)) if is_complete(whole[:cut])] == []


def test_a_png_with_a_wrong_checksum_is_incomplete():
    """A flipped bit anywhere in a PNG's chunks is noticed."""
    whole = png(9, 7)
    broken = bytearray(whole)
    broken[-20] ^= 1
    assert not is_complete(bytes(broken))


def test_an_image_is_summarised_without_its_content():
    """A message shows format, size, length and the digest's beginning, and of anything else length and digest."""
    assert summarise(b"hello") == "<5 bytes, sha256 2cf24dba…>"
    assert summarise(b"1" * 51_234).startswith("<51,234 bytes, sha256 ")
    assert summarise(jpeg(640, 480)).startswith("<image/jpeg 640x480, ")
