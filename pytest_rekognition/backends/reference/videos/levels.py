"""Whether a video's luma takes the full range 0..255, as the headers of its codec say: OpenCV does not tell.

H.264 says it in the `video_full_range_flag` of its sequence parameter set (ITU-T H.264, 7.3.2.1.1 and E.1.1),
MPEG-4 Part 2 in the `video_range` of its visual object (ISO/IEC 14496-2, 6.2.2). Where they say nothing, both are
limited to 16..235 by their standards.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_START: Final = b"\0\0\1"
#: the type of the unit that holds H.264's sequence parameter set
_SEQUENCE: Final = 7
#: `profile_idc` of the profiles whose sequence parameter set goes on about chroma and scaling
_HIGH_PROFILES: Final = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_ALL_CHROMA: Final = 3
#: `aspect_ratio_idc` after which the ratio itself follows
_OWN_ASPECT: Final = 255
_VISUAL_OBJECT: Final = b"\0\0\1\xb5"
#: `visual_object_type` of video, and of a still picture
_VIDEO_TYPES: Final = frozenset({1, 2})


def is_full_range(codec: str, headers: bytes) -> bool:
    """Tell whether a video's headers say that it takes the full range; `codec` is `h264` or `mpeg4`.

    `headers` are what the container keeps of the codec: H.264's `avcC` record or byte stream, or MPEG-4's byte
    stream. Headers that cannot be read say nothing.
    """
    try:
        return _h264(headers) if codec == "h264" else _mpeg4(headers)
    except EOFError:
        return False


class _Bits:
    """Reads bits, the highest of each byte first; `EOFError` after the last."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._left = 8 * len(data)

    def take(self, count: int = 1) -> int:
        """Return the next bits as a number."""
        if count > self._left:
            raise EOFError
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def exp_golomb(self) -> int:
        """Return the next number of H.264's variable length code, `ue(v)`."""
        zeros = 0
        while not self.take():
            zeros += 1
        return (1 << zeros) - 1 + self.take(zeros)

    def signed(self) -> int:
        """Return the next signed number of that code, `se(v)`."""
        number = self.exp_golomb()
        return (number + 1) // 2 if number % 2 else -(number // 2)


def _h264(headers: bytes) -> bool:
    units = _stream_units(headers) if headers.startswith((_START, b"\0" + _START)) else _record_units(headers)
    sequence = next((unit for unit in units if unit and unit[0] & 31 == _SEQUENCE), None)
    if sequence is None:
        return False
    bits = _Bits(sequence[1:].replace(b"\0\0\3", b"\0\0"))
    _skip_to_usability(bits)
    return bool(bits.take() and _usability_range(bits))


def _stream_units(stream: bytes) -> Iterator[bytes]:
    yield from (unit.rstrip(b"\0") for unit in stream.split(_START))


def _record_units(record: bytes) -> Iterator[bytes]:
    """Yield the sequence parameter sets of an `avcC` record (ISO/IEC 14496-15, 5.3.3.1)."""
    at = 6
    for _ in range(record[5] & 31 if len(record) > at else 0):
        size = int.from_bytes(record[at : at + 2], "big")
        yield record[at + 2 : at + 2 + size]
        at += 2 + size


def _skip_to_usability(bits: _Bits) -> None:
    """Skip a sequence parameter set up to its `vui_parameters_present_flag`."""
    profile = bits.take(8)
    bits.take(16)  # constraint flags, level
    bits.exp_golomb()  # id
    if profile in _HIGH_PROFILES:
        _skip_chroma(bits)
    bits.exp_golomb()  # log2_max_frame_num_minus4
    _skip_order_count(bits)
    bits.exp_golomb()  # max_num_ref_frames
    bits.take()  # gaps_in_frame_num_value_allowed_flag
    bits.exp_golomb()  # width
    bits.exp_golomb()  # height
    if not bits.take():  # frame_mbs_only_flag
        bits.take()  # mb_adaptive_frame_field_flag
    bits.take()  # direct_8x8_inference_flag
    if bits.take():  # frame_cropping_flag
        for _ in range(4):
            bits.exp_golomb()


def _skip_chroma(bits: _Bits) -> None:
    chroma = bits.exp_golomb()
    if chroma == _ALL_CHROMA:
        bits.take()  # separate_colour_plane_flag
    bits.exp_golomb()  # bit_depth_luma_minus8
    bits.exp_golomb()  # bit_depth_chroma_minus8
    bits.take()  # qpprime_y_zero_transform_bypass_flag
    if bits.take():  # seq_scaling_matrix_present_flag
        for number in range(12 if chroma == _ALL_CHROMA else 8):
            if bits.take():
                _skip_scaling_list(bits, 16 if number < 6 else 64)  # noqa: PLR2004  six 4x4 lists, then 8x8 ones


def _skip_scaling_list(bits: _Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last


def _skip_order_count(bits: _Bits) -> None:
    kind = bits.exp_golomb()  # pic_order_cnt_type
    if kind == 0:
        bits.exp_golomb()
    elif kind == 1:
        bits.take()
        bits.exp_golomb()
        bits.exp_golomb()
        for _ in range(bits.exp_golomb()):
            bits.exp_golomb()


def _usability_range(bits: _Bits) -> bool:
    if bits.take() and bits.take(8) == _OWN_ASPECT:  # aspect_ratio_info_present_flag
        bits.take(32)
    if bits.take():  # overscan_info_present_flag
        bits.take()
    if not bits.take():  # video_signal_type_present_flag
        return False
    bits.take(3)  # video_format
    return bool(bits.take())


def _mpeg4(headers: bytes) -> bool:
    _, found, body = headers.partition(_VISUAL_OBJECT)
    bits = _Bits(body if found else b"")
    if bits.take():  # is_visual_object_identifier
        bits.take(7)
    if bits.take(4) not in _VIDEO_TYPES or not bits.take():  # video_signal_type
        return False
    bits.take(3)  # video_format
    return bool(bits.take())
