"""What the headers of a video's codec say, and OpenCV does not tell: the range of its luma, and how it is scanned.

The range is H.264's `video_full_range_flag` in the sequence parameter set (ITU-T H.264, 7.3.2.1.1 and E.1.1), or
the `video_range` in the visual object of MPEG-4 Part 2 (ISO/IEC 14496-2, 6.2.2). Where they say nothing, both are
limited to 16..235 by their standards.

MPEG-4 has one flag, `interlaced`, for all pictures of a layer (6.2.3). A sequence of H.264 has frames alone, or
mixes frames and fields, by macroblock or by picture.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_FULL_BYTE: Final = 255
_START: Final = b"\0\0\1"
#: the types of H.264's units: slices, supplemental messages, the sequence parameter set
_SLICES: Final = frozenset({1, 5})
_MESSAGES: Final = 6
_SEQUENCE: Final = 7
#: the type of the message that tells a picture's timing, and how it is scanned
_PICTURE_TIMING: Final = 1
#: bytes of a slice that are read: its header's beginning is shorter
_SLICE_START: Final = 32
#: `profile_idc` of the profiles whose sequence parameter set goes on about chroma and scaling
_HIGH_PROFILES: Final = frozenset({44, 83, 86, 100, 110, 118, 122, 128, 134, 135, 138, 139, 244})
_ALL_CHROMA: Final = 3
#: `aspect_ratio_idc` after which the ratio itself follows; MPEG-4's `aspect_ratio_info` likewise
_OWN_ASPECT: Final = 255
_OWN_ASPECT_4: Final = 15
_VISUAL_OBJECT: Final = b"\0\0\1\xb5"
#: the start of a `video_object_layer`, whose code ends with a number of four bits
_LAYER: Final = re.compile(rb"\x00\x00\x01[\x20-\x2f]")
#: `visual_object_type` of video, and of a still picture
_VIDEO_TYPES: Final = frozenset({1, 2})


def is_full_range(codec: str, headers: bytes) -> bool:
    """Tell whether a video's headers say that it takes the full range; `codec` is `h264` or `mpeg4`.

    `headers` are what the container keeps of the codec: H.264's `avcC` record or byte stream, or MPEG-4's byte
    stream. Headers that cannot be read say nothing.
    """
    try:
        if codec == "mpeg4":
            return _object_is_full_range(headers)
        sequence = _sequence(headers)
    except EOFError:
        return False
    return sequence is not None and sequence.full_range


def is_interlaced(codec: str, headers: bytes, packets: Iterable[bytes]) -> bool:
    """Tell whether pictures of a video are interlaced, as far as its headers can be read.

    `packets` are the pictures as they are coded, in H.264's byte stream; they are looked at only where the headers
    leave it to each of them. There, a picture whose timing message may say so is taken for interlaced.
    """
    try:
        if codec == "mpeg4":
            return _layer_is_interlaced(headers)
        sequence = _sequence(headers)
    except EOFError:
        return False
    if sequence is None or sequence.frames_only:
        return False
    return sequence.adaptive or any(_may_be_field(packet, sequence) for packet in packets)


class _Sequence(NamedTuple):
    """What is asked of H.264's sequence parameter set."""

    full_range: bool
    #: whether there are no fields
    frames_only: bool
    #: whether a frame's macroblocks may be of fields
    adaptive: bool
    #: whether the colours are coded like pictures of their own
    separate_planes: bool
    #: bits of a picture's `frame_num`
    number_size: int


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

    def summed(self) -> int:
        """Return the next number of H.264's messages: bytes of 255, and the rest."""
        total = 0
        while (byte := self.take(8)) == _FULL_BYTE:
            total += byte
        return total + byte


def _sequence(headers: bytes) -> _Sequence | None:
    units = _stream_units(headers) if headers.startswith((_START, b"\0" + _START)) else _record_units(headers)
    sequence = next((unit for unit in units if unit and unit[0] & 31 == _SEQUENCE), None)
    return None if sequence is None else _read_sequence(_payload(sequence))


def _payload(unit: bytes) -> _Bits:
    """Return a unit's bits after its first byte, without the bytes that keep start codes out of it."""
    return _Bits(unit[1:].replace(b"\0\0\3", b"\0\0"))


def _stream_units(stream: bytes) -> Iterator[bytes]:
    yield from (unit.rstrip(b"\0") for unit in stream.split(_START))


def _record_units(record: bytes) -> Iterator[bytes]:
    """Yield the sequence parameter sets of an `avcC` record (ISO/IEC 14496-15, 5.3.3.1)."""
    at = 6
    for _ in range(record[5] & 31 if len(record) > at else 0):
        size = int.from_bytes(record[at : at + 2], "big")
        yield record[at + 2 : at + 2 + size]
        at += 2 + size


def _read_sequence(bits: _Bits) -> _Sequence:
    profile = bits.take(8)
    bits.take(16)  # constraint flags, level
    bits.exp_golomb()  # id
    separate_planes = profile in _HIGH_PROFILES and _skip_chroma(bits)
    number_size = bits.exp_golomb() + 4  # log2_max_frame_num_minus4
    _skip_order_count(bits)
    bits.exp_golomb()  # max_num_ref_frames
    bits.take()  # gaps_in_frame_num_value_allowed_flag
    bits.exp_golomb()  # width
    bits.exp_golomb()  # height
    frames_only = bool(bits.take())  # frame_mbs_only_flag
    adaptive = not frames_only and bool(bits.take())  # mb_adaptive_frame_field_flag
    bits.take()  # direct_8x8_inference_flag
    if bits.take():  # frame_cropping_flag
        for _ in range(4):
            bits.exp_golomb()
    return _Sequence(_usability_range(bits), frames_only, adaptive, separate_planes, number_size)


def _skip_chroma(bits: _Bits) -> bool:
    """Skip what is said of chroma and scaling, and return the `separate_colour_plane_flag` among it."""
    chroma = bits.exp_golomb()
    separate_planes = chroma == _ALL_CHROMA and bool(bits.take())
    bits.exp_golomb()  # bit_depth_luma_minus8
    bits.exp_golomb()  # bit_depth_chroma_minus8
    bits.take()  # qpprime_y_zero_transform_bypass_flag
    if bits.take():  # seq_scaling_matrix_present_flag
        for number in range(12 if chroma == _ALL_CHROMA else 8):
            if bits.take():
                _skip_scaling_list(bits, 16 if number < 6 else 64)  # noqa: PLR2004  six 4x4 lists, then 8x8 ones
    return separate_planes


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
    """Return the flag of the range; what breaks off before it is as good as no flag."""
    try:
        if not bits.take():  # vui_parameters_present_flag
            return False
        if bits.take() and bits.take(8) == _OWN_ASPECT:  # aspect_ratio_info_present_flag
            bits.take(32)
        if bits.take():  # overscan_info_present_flag
            bits.take()
        if not bits.take():  # video_signal_type_present_flag
            return False
        bits.take(3)  # video_format
        return bool(bits.take())
    except EOFError:
        return False


def _may_be_field(packet: bytes, sequence: _Sequence) -> bool:
    """Tell whether a picture is a field, by its first slice, or may be said to be one by a message before it."""
    for unit in _stream_units(packet):
        kind = unit[0] & 31 if unit else None
        if kind == _MESSAGES and _PICTURE_TIMING in _message_kinds(_payload(unit)):
            return True
        if kind in _SLICES:
            return _is_field(_payload(unit[:_SLICE_START]), sequence)
    return False


def _is_field(bits: _Bits, sequence: _Sequence) -> bool:
    """Return the `field_pic_flag` of a slice (7.3.3)."""
    try:
        for _ in range(3):  # first_mb_in_slice, slice_type, pic_parameter_set_id
            bits.exp_golomb()
        bits.take(sequence.number_size + (2 if sequence.separate_planes else 0))
        return bool(bits.take())
    except EOFError:
        return False


def _message_kinds(bits: _Bits) -> Iterator[int]:
    """Yield the types of a unit's messages (7.3.2.3.1); the bits that end it may look like another's beginning."""
    try:
        while True:
            kind, size = bits.summed(), bits.summed()
            bits.take(8 * size)
            yield kind
    except EOFError:
        return


def _object_is_full_range(headers: bytes) -> bool:
    _, found, body = headers.partition(_VISUAL_OBJECT)
    bits = _Bits(body if found else b"")
    if bits.take():  # is_visual_object_identifier
        bits.take(7)
    if bits.take(4) not in _VIDEO_TYPES or not bits.take():  # video_signal_type
        return False
    bits.take(3)  # video_format
    return bool(bits.take())


def _layer_is_interlaced(headers: bytes) -> bool:
    start = _LAYER.search(headers)
    bits = _Bits(headers[start.end() :] if start else b"")
    bits.take(9)  # random_accessible_vol, video_object_type_indication
    if bits.take():  # is_object_layer_identifier
        bits.take(7)
    if bits.take(4) == _OWN_ASPECT_4:
        bits.take(16)
    if bits.take():  # vol_control_parameters
        bits.take(3)  # chroma_format, low_delay
        if bits.take():  # vbv_parameters
            bits.take(79)
    if bits.take(2):  # video_object_layer_shape
        return False  # a shape that FFmpeg does not decode
    bits.take()
    resolution = bits.take(16)  # vop_time_increment_resolution
    bits.take()
    if bits.take():  # fixed_vop_rate
        bits.take(max(1, (resolution - 1).bit_length()))
    bits.take(29)  # width and height, with markers
    return bool(bits.take())
