import struct
import subprocess
import sys
import tempfile
from typing import NamedTuple

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition.backends.reference.videos.headers import is_full_range, is_interlaced
from pytest_rekognition.backends.reference.videos.movie import Movie, read_movie
from pytest_rekognition.backends.reference.videos.reading import (
    UnreadableVideoError,
    duration_of,
    open_video,
    reads_interlaced,
)
from pytest_rekognition.drawing import DrawnFace, draw_video
from pytest_rekognition.drawing.quiet import quiet_video
from pytest_rekognition.errors import NoReferenceError

#: a face in the upper left quarter, so that turning shows
VIDEO = draw_video([DrawnFace(place=(0.25, 0.3), size=0.4)])
MOV, AVI = "QuickTime / MOV", "AVI (Audio Video Interleaved)"


@pytest.fixture
def ffmpeg(tmp_path):
    """Return a function that converts the drawn video with ffmpeg's options, into a file of a name."""
    program = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    source = VIDEO.save(tmp_path / "drawn.mp4")

    def convert(name, *options, before=(), source=source):
        target = tmp_path / name
        command = [program, "-y", "-loglevel", "error", *before, "-i", source, *options, target]
        subprocess.run(command, check=True)
        return target.read_bytes()

    return convert


def described(data):
    with open_video(data) as video:
        return video.metadata.as_wire()


def times(data):
    with open_video(data) as video:
        return [frame.time for frame in video.samples()]


def first(data):
    with open_video(data) as video:
        return next(video.samples()).pixels


def is_readable(data):
    try:
        return bool(times(data))
    except UnreadableVideoError:
        return False


@pytest.mark.parametrize(
    ("name", "options", "codec", "container"),
    [
        ("v.mp4", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "h264", MOV),
        ("v.mov", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "h264", MOV),
        ("v.avi", ("-c:v", "libx264", "-pix_fmt", "yuv420p"), "h264", AVI),
        ("v.mp4", ("-c:v", "libx264", "-profile:v", "baseline", "-pix_fmt", "yuv420p"), "h264", MOV),
        ("v.mp4", ("-c:v", "mpeg4"), "mpeg4", MOV),
        ("v.mov", ("-c:v", "mpeg4"), "mpeg4", MOV),
        ("v.avi", ("-c:v", "mpeg4", "-tag:v", "XVID"), "mpeg4", AVI),
    ],
)
def test_a_video_is_described_and_sampled(ffmpeg, name, options, codec, container):
    """Every container and codec that is taken has its VideoMetadata, and a frame every 500 ms."""
    data = ffmpeg(name, *options)
    expected = {
        "Codec": codec,
        "DurationMillis": 2000,
        "Format": container,
        "FrameRate": 10.0,
        "FrameHeight": 240,
        "FrameWidth": 320,
        "ColorRange": "LIMITED",
    }
    assert expected == described(data)
    assert [0, 500, 1000, 1500] == times(data)
    assert 2000 == duration_of(data)


@pytest.mark.parametrize("video_format", ["mp4", "mov", "avi"])
def test_a_drawn_video_is_read(video_format):
    """What `draw_video` writes is taken in each of its formats."""
    video = draw_video(1, fps=20, duration=1200, format=video_format)
    assert [0, 500, 1000] == times(video.bytes)
    assert (1200, 20.0) == (described(video.bytes)["DurationMillis"], described(video.bytes)["FrameRate"])


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("25", [0, 480, 1000, 1480]),
        ("30000/1001", [0, 500, 1001, 1501]),
        ("24", [0, 500, 1000, 1500]),
        ("3", [0, 333, 1000, 1333, 2000, 2333]),
        ("1", [0, 1000, 2000, 3000]),
    ],
)
def test_the_frames_nearest_to_every_half_second_are_looked_at(ffmpeg, rate, expected):
    """A sample's time is that of its own frame: 480 and 520 ms apart at 25 frames a second, as recorded."""
    assert expected == times(ffmpeg("v.mp4", "-r", rate, "-c:v", "libx264", "-pix_fmt", "yuv420p"))


@pytest.mark.parametrize("name", ["v.mp4", "v.mov"])
def test_a_trimmed_video_is_as_long_as_it_is_shown(ffmpeg, tmp_path, name):
    """Frames that the edit list leaves out count neither for the length nor for the times."""
    ffmpeg("whole.mp4", "-r", "25", *X264, "-pix_fmt", "yuv420p")
    whole = tmp_path / "whole.mp4"
    data = ffmpeg(name, "-c", "copy", source=whole, before=("-ss", "0.7"))
    assert ([0, 480, 1000], 1300) == (times(data), described(data)["DurationMillis"])
    assert 1300 == duration_of(data)


@pytest.mark.parametrize("name", ["v.mp4", "v.mov"])
def test_a_video_begins_where_its_sound_does(ffmpeg, name):
    """Pictures that are shown later than the sound have times from the start of both."""
    sound = ("-f", "lavfi", "-i", "sine=d=3", "-itsoffset", "1")
    data = ffmpeg(name, "-map", "0", "-map", "1", "-c:v", "copy", before=sound)
    assert [1000, 1500, 2000, 2500] == times(data)
    assert 3000 == pytest.approx(described(data)["DurationMillis"], abs=25)


def test_a_fragmented_video_is_as_long_as_its_frames(ffmpeg):
    """Where the beginning of the file does not say how long it is, its frames do."""
    options = ("-pix_fmt", "yuv420p", "-movflags", "+frag_keyframe+empty_moov")
    data = ffmpeg("v.mp4", *X264, *options)
    assert (Movie(), 2000) == (read_movie(data), described(data)["DurationMillis"])


def box(kind, *content):
    """Return a box of a QuickTime file."""
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def track(media, *edits):
    """Return a track of a media's type with edits, each its duration and its place in the media."""
    entries = b"".join(struct.pack(">IiI", duration, place, 1 << 16) for duration, place in edits)
    handler = box(b"hdlr", bytes(8), media, bytes(13))
    lists = box(b"edts", box(b"elst", bytes(4), struct.pack(">I", len(edits)), entries))
    return box(b"trak", box(b"mdia", handler), *([lists] if edits else []))


def header(scale, duration, version=0):
    """Return a movie's header."""
    times = struct.pack((">IIII", ">QQIQ")[version], 1, 2, scale, duration)
    return box(b"mvhd", bytes([version, 0, 0, 0]), times, bytes(80))


SOUND = track(b"soun", (600, -1), (600, 0))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([header(600, 1200)], Movie(2000)),
        ([header(600, 1200, version=1)], Movie(2000)),
        ([header(600, 1200), SOUND], Movie(2000)),
        ([header(600, 1200), SOUND, track(b"vide", (1200, 0))], Movie(2000)),
        ([header(600, 1200), SOUND, track(b"vide", (300, -1), (900, 40))], Movie(2000, 500)),
        ([header(600, 1200), track(b"vide", (300, -1), (60, -1), (9, 0), (300, -1))], Movie(2000, 600)),
        ([track(b"vide", (300, -1)), header(600, 1200, version=1)], Movie(2000, 500)),
        ([header(600, 0), track(b"vide", (300, -1))], Movie(0, 500)),
        ([header(600, 2**32 - 1)], Movie()),
        ([header(600, 2**64 - 1, version=1)], Movie()),
        ([header(0, 1200)], Movie()),
        ([box(b"mvhd", b"\7" + bytes(99))], Movie()),
        ([box(b"mvhd", bytes(9))], Movie()),
        ([track(b"vide", (300, -1))], Movie()),
        ([], Movie()),
    ],
)
def test_a_movie_says_its_time(content, expected):
    """A movie's length and the empty edits at its beginning are read from its boxes, wherever they lie."""
    after = box(b"moov", *content)
    for before in (b"", box(b"ftyp", b"isom"), struct.pack(">I4sQ", 1, b"mdat", 24) + bytes(8)):
        assert expected == read_movie(before + after)
    assert Movie() == read_movie(struct.pack(">I4s", 0, b"mdat") + after)


@given(st.binary(max_size=60), st.integers(0, 2**32 - 1))
def test_boxes_that_make_no_sense_are_read_to_an_end(content, size):
    """Whatever the boxes hold, reading them ends, and gives a time that is not negative."""
    for kind in (b"moov", b"mvhd", b"trak", b"elst"):
        broken = struct.pack(">I4s", size, kind) + content
        for data in (broken, box(b"moov", broken), box(b"moov", header(600, 1200), track(b"vide"), broken)):
            movie = read_movie(data)
            assert min(movie.duration, movie.delay) >= 0


def test_a_video_of_changing_pace_is_sampled_by_its_own_times(ffmpeg):
    """Where frames come at no fixed rate, their own times count."""
    pace = "setpts='if(lt(N,10),N*0.05/TB,(0.5+(N-10)*0.4)/TB)'"
    data = ffmpeg("v.mp4", "-vf", pace, "-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    assert [0, 500, 900, 1300, 2100, 2500, 2900, 3300, 4100] == times(data)
    with open_video(data) as video:
        last = list(video.samples())[-1]
        assert last.time <= video.metadata.duration < last.time + 1000


@pytest.mark.parametrize("codec", ["mpeg4", "libx264"])
def test_frames_that_an_avi_leaves_out_take_their_time(ffmpeg, codec):
    """AVI has a fixed pace at which nothing may come; what is shown afterwards is shown later."""
    pace = "setpts='if(lt(N,10),N*0.1/TB,(1+(N-10)*0.4)/TB)'"
    data = ffmpeg("v.avi", "-vf", pace, "-fps_mode", "vfr", "-enc_time_base", "1/10", "-c:v", codec, "-bf", "0")
    assert [0, 500, 1000, 1400, 1800, 2600, 3000, 3400, 3800, 4600] == times(data)
    reordered = ffmpeg("v.avi", "-vf", pace, "-fps_mode", "vfr", "-enc_time_base", "1/10", *X264)
    assert 4 <= times(reordered)[-1] / 1000 <= described(reordered)["DurationMillis"] / 1000 <= 5


@pytest.mark.parametrize(
    ("turn", "size", "corner"),
    [
        ("0", (240, 320), (0, 0)),
        ("90", (320, 240), (1, 0)),
        ("180", (240, 320), (1, 1)),
        ("270", (320, 240), (0, 1)),
    ],
)
def test_frames_are_turned_upright(ffmpeg, turn, size, corner):
    """The container's rotation is applied to the frames, and to their size."""
    plain = ffmpeg("plain.mp4", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    program = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    with tempfile.TemporaryDirectory() as folder:
        source, target = f"{folder}/plain.mp4", f"{folder}/turned.mp4"
        with open(source, "wb") as file:  # noqa: PTH123  a few bytes
            file.write(plain)
        turning = ["-display_rotation", turn, "-i", source, "-c", "copy", target]
        subprocess.run([program, "-loglevel", "error", *turning], check=True)
        with open(target, "rb") as file:  # noqa: PTH123
            data = file.read()
    metadata = described(data)
    assert size == (metadata["FrameHeight"], metadata["FrameWidth"]) == first(data).shape[:2]
    grey = first(data).mean(axis=2)
    height, width = grey.shape
    spread = {
        (down, across): grey[
            down * height // 2 : (down + 1) * height // 2, across * width // 2 : (across + 1) * width // 2
        ].std()
        for down in (0, 1)
        for across in (0, 1)
    }
    assert corner == max(spread, key=spread.get)


X264 = ("-c:v", "libx264")


@pytest.mark.parametrize("name", ["v.mp4", "v.avi"])
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((*X264, "-pix_fmt", "yuvj420p"), "FULL"),
        ((*X264, "-pix_fmt", "yuv420p", "-x264-params", "fullrange=on:overscan=show:videoformat=pal"), "FULL"),
        ((*X264, "-pix_fmt", "yuv420p", "-x264-params", "fullrange=off:overscan=show:videoformat=pal"), "LIMITED"),
        ((*X264, "-pix_fmt", "yuv420p", "-x264-params", "fullrange=on:sar=13/7:cqm=jvt:tff=1"), "FULL"),
        ((*X264, "-pix_fmt", "yuv444p", "-x264-params", "fullrange=on:cqm=jvt"), "FULL"),
        ((*X264, "-pix_fmt", "yuv420p", "-profile:v", "baseline", "-x264-params", "fullrange=on"), "FULL"),
        ((*X264, "-pix_fmt", "yuv420p", "-vf", "crop=300:230", "-x264-params", "fullrange=on"), "FULL"),
        ((*X264, "-pix_fmt", "yuv420p"), "LIMITED"),
        (("-c:v", "mpeg4"), "LIMITED"),
    ],
)
def test_the_colour_range_is_that_of_the_codecs_headers(ffmpeg, name, options, expected):
    """ColorRange is FULL where H.264's sequence parameter set says so, whatever else it holds."""
    assert expected == described(ffmpeg(name, *options))["ColorRange"]


FLAG = st.integers(0, 1)


class Writer:
    """Writes H.264's bits, to hold against what is read."""

    def __init__(self):
        self.digits = ""

    def put(self, value, count=1):
        self.digits += format(value, f"0{count}b")
        return value

    def ue(self, value):
        digits = format(value + 1, "b")
        self.digits += "0" * (len(digits) - 1) + digits
        return value

    def se(self, value):
        self.ue(2 * value - 1 if value > 0 else -2 * value)

    def unit(self):
        """Return the unit with the bytes that keep start codes out of it."""
        digits = self.digits + "1"
        data = int(digits.ljust(-(-len(digits) // 8) * 8, "0"), 2).to_bytes(-(-len(digits) // 8), "big")
        escaped, zeros = bytearray(), 0
        for byte in data:
            if zeros == 2 and byte <= 3:
                escaped.append(3)
                zeros = 0
            escaped.append(byte)
            zeros = zeros + 1 if byte == 0 else 0
        return b"\x67" + bytes(escaped)


def write_scaling_lists(writer, chroma, draw):
    for number in range(12 if chroma == 3 else 8):
        if writer.put(draw(st.integers(0, 1))):
            following = 8
            for _ in range(16 if number < 6 else 64):
                delta = draw(st.integers(-128, 127))
                writer.se(delta)
                following = (following + delta) % 256
                if following == 0:
                    break


def write_chroma(writer, draw):
    chroma = writer.ue(draw(st.integers(0, 3)))
    separate = chroma == 3 and writer.put(draw(FLAG)) == 1
    writer.ue(draw(st.integers(0, 6)))
    writer.ue(draw(st.integers(0, 6)))
    writer.put(draw(FLAG))
    if writer.put(draw(FLAG)):
        write_scaling_lists(writer, chroma, draw)
    return separate


def write_order_count(writer, draw):
    kind = writer.ue(draw(st.integers(0, 2)))
    if kind == 0:
        writer.ue(draw(st.integers(0, 12)))
    elif kind == 1:
        writer.put(draw(FLAG))
        offsets = draw(st.lists(st.integers(-(2**31) + 1, 2**31 - 1), max_size=5))
        writer.se(draw(st.integers(-100, 100)))
        writer.se(draw(st.integers(-100, 100)))
        writer.ue(len(offsets))
        for offset in offsets:
            writer.se(offset)


def write_size(writer, draw):
    writer.ue(draw(st.integers(0, 500)))
    writer.ue(draw(st.integers(0, 500)))
    frames_only = writer.put(draw(FLAG)) == 1
    adaptive = not frames_only and writer.put(draw(FLAG)) == 1
    writer.put(draw(FLAG))
    if writer.put(draw(FLAG)):
        for _ in range(4):
            writer.ue(draw(st.integers(0, 8)))
    return frames_only, adaptive


def write_usability(writer, draw):
    """Write what may tell the range, and return whether it is full."""
    if not writer.put(draw(FLAG)):
        return False
    if writer.put(draw(FLAG)) and writer.put(draw(st.sampled_from([1, 16, 255])), 8) == 255:
        writer.put(draw(st.integers(0, 2**32 - 1)), 32)
    if writer.put(draw(FLAG)):
        writer.put(draw(FLAG))
    if not writer.put(draw(FLAG)):
        return False
    writer.put(draw(st.integers(0, 7)), 3)
    return bool(writer.put(draw(FLAG)))


class Sequence(NamedTuple):
    """One of H.264's sequence parameter sets, and what it says."""

    unit: bytes
    full_range: bool
    frames_only: bool
    adaptive: bool
    separate_planes: bool
    number_size: int

    def headers(self):
        """Return it as an `avcC` record, and in a byte stream."""
        picture = b"\x68\xeb\xe3\xcb"
        size = len(self.unit).to_bytes(2, "big")
        record = b"\1\x64\0\x0c\xff\xe1" + size + self.unit + b"\1\0\4" + picture
        return [record, b"\0\0\0\1\x09\x10\0\0\1" + self.unit + b"\0\0\1" + picture]


@st.composite
def sequences(draw):
    """Draw H.264's sequence parameter sets."""
    writer = Writer()
    profile = writer.put(draw(st.sampled_from([66, 77, 88, 100, 110, 122, 244])), 8)
    writer.put(draw(st.integers(0, 2**16 - 1)), 16)
    writer.ue(draw(st.integers(0, 31)))
    separate = profile >= 100 and write_chroma(writer, draw)
    number_size = writer.ue(draw(st.integers(0, 12))) + 4
    write_order_count(writer, draw)
    writer.ue(draw(st.integers(0, 16)))
    writer.put(draw(FLAG))
    frames_only, adaptive = write_size(writer, draw)
    full = write_usability(writer, draw)
    return Sequence(writer.unit(), full, frames_only, adaptive, separate, number_size)


@given(sequences())
def test_the_range_is_found_in_any_sequence_parameter_set(sequence):
    """Whatever H.264's optional parts hold, the flag is found, in a byte stream and in an `avcC` record."""
    assert [sequence.full_range] * 2 == [is_full_range("h264", headers) for headers in sequence.headers()]


#: a unit of messages whose first is no picture's timing; one that has that as well, after a message of 260 bytes
MESSAGES = b"\x06\x05\x02ab\x80"
TIMING = b"\x06\x05\xff\x05" + b"m" * 260 + b"\x01\x01\x30\x80"


@st.composite
def pictures(draw, sequence):
    """Draw a picture of a sequence that is not of frames alone, with whether it may be a field."""
    writer = Writer()
    for most in (500, 9, 255):
        writer.ue(draw(st.integers(0, most)))
    if sequence.separate_planes:
        writer.put(draw(st.integers(0, 2)), 2)
    writer.put(draw(st.integers(0, 2**sequence.number_size - 1)), sequence.number_size)
    is_field = writer.put(draw(FLAG)) == 1
    writer.put(draw(st.integers(0, 2**64 - 1)), 64)
    slice_ = draw(st.sampled_from([b"\x65", b"\x41", b"\x01"])) + writer.unit()[1:]
    before = draw(st.sampled_from([b"", MESSAGES, TIMING]))
    units = [b"\x09\x10", *([before] if before else []), slice_]
    return b"".join(b"\0\0\1" + unit for unit in units), is_field or before == TIMING


@given(sequences(), st.data())
def test_fields_are_found_in_any_sequence(sequence, data):
    """Frames alone are no fields, adaptive frames are; in any other sequence each picture tells."""
    if sequence.frames_only or sequence.adaptive:
        coded, expected = iter(lambda: pytest.fail("a picture was looked at"), None), sequence.adaptive
    else:
        drawn = data.draw(st.lists(pictures(sequence), max_size=3))
        coded, expected = [packet for packet, _ in drawn], any(field for _, field in drawn)
    assert [expected] * 2 == [is_interlaced("h264", headers, coded) for headers in sequence.headers()]


def visual_object(bits):
    """Return MPEG-4 headers with a visual object of these bits."""
    digits = bits.replace(" ", "").ljust(32, "0")
    return b"\0\0\1\xb0\1\0\0\1\xb5" + int(digits, 2).to_bytes(4, "big")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        # an identifier with version and priority, or none; the type; whether a signal type follows; format, range
        (visual_object("1 0001 001 0001 1 101 1"), True),
        (visual_object("1 0001 001 0001 1 101 0"), False),
        (visual_object("0 0001 1 101 1"), True),
        (visual_object("0 0001 0 101 1"), False),
        (b"", False),
    ],
)
def test_mpeg4_says_its_range_in_the_visual_object(headers, expected):
    """MPEG-4 Part 2 has its range in the visual object, and is limited where that says nothing."""
    assert expected is is_full_range("mpeg4", headers)


def layer(bits):
    """Return MPEG-4 headers with a layer of these bits, after a visual object."""
    digits = bits.replace(" ", "").ljust(160, "0")
    return visual_object("0 0001 0") + b"\0\0\1\x20" + int(digits, 2).to_bytes(20, "big")


#: a layer's resolution of time, here 25 steps, and its size, each between markers
PACE, SIZE = "1 0000000000011001 1", "1 0000101000000 1 0000011110000 1"


@pytest.mark.parametrize("interlaced", ["1", "0"])
@pytest.mark.parametrize(
    "bits",
    [
        # random access, type; an identifier or none; aspect; control or none; shape; pace, fixed or not; size
        f"0 00000001 0 0001 0 00 {PACE} 0 {SIZE}",
        f"0 00000001 1 0001 001 0001 0 00 {PACE} 0 {SIZE}",
        f"0 00000001 0 1111 00001101 00000111 0 00 {PACE} 0 {SIZE}",
        f"0 00000001 0 0001 1 01 1 0 00 {PACE} 0 {SIZE}",
        f"0 00000001 0 0001 1 01 1 1 {'10' * 39}1 00 {PACE} 0 {SIZE}",
        f"0 00000001 0 0001 0 00 {PACE} 1 00001 {SIZE}",
        f"0 00000001 0 0001 0 00 1 0000000000000001 1 1 0 {SIZE}",
    ],
)
def test_mpeg4_says_in_its_layer_whether_it_is_interlaced(bits, interlaced):
    """Whatever a layer holds before, the flag is found."""
    assert (interlaced == "1") is is_interlaced("mpeg4", layer(bits + interlaced), [])


@given(st.sampled_from(["h264", "mpeg4"]), st.sampled_from([b"", b"\0\0\1", b"\1\x64\0\x0c\xff\xe1"]), st.binary())
def test_headers_that_make_no_sense_say_nothing(codec, start, rest):
    """Whatever headers and pictures hold, reading them ends, and gives an answer."""
    assert is_full_range(codec, start + rest) in {True, False}
    assert is_interlaced(codec, start + rest, [rest]) in {True, False}


#: turned over, so that the picture is nowhere in what the memory may hold of other files
INTERLACED = ("-vf", "hflip,setfield=tff", "-flags", "+ilme+ildct")


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("v.mp4", (*X264, *INTERLACED)),
        ("v.mov", (*X264, *INTERLACED, "-x264-params", "bff=1")),
        ("v.avi", (*X264, *INTERLACED)),
        ("v.mp4", ("-c:v", "mpeg4", *INTERLACED)),
        ("v.avi", ("-c:v", "mpeg4", "-tag:v", "XVID", *INTERLACED)),
    ],
)
def test_an_interlaced_video_is_never_made_up(ffmpeg, tmp_path, name, options):
    """Where this OpenCV reads no interlaced pictures, such a video is refused; where it does, they are right."""
    data, true = ffmpeg(name, *options), first(VIDEO.bytes)[:, ::-1].astype(float)
    with quiet_video():
        capture = cv2.VideoCapture(str(tmp_path / name), cv2.CAP_FFMPEG)
        is_right = bool(np.abs(capture.read()[1] - true).mean() < 5)
        capture.release()
    assert is_right is reads_interlaced()
    if is_right:
        assert np.abs(first(data) - true).mean() < 5
    else:
        with pytest.raises(NoReferenceError, match=r"cannot read interlaced video.* ffmpeg -i IN -vf yadif"):
            first(data)
    assert (2000, 240) == (duration_of(data), described(data)["FrameHeight"])


@pytest.mark.parametrize("name", ["v.mp4", "v.avi"])
@pytest.mark.parametrize("options", ["fake-interlaced=1", "pic-struct=1"])
def test_progressive_pictures_are_read_in_any_sequence(ffmpeg, name, options):
    """Frames that are whole are read, also where the sequence has room for fields."""
    data = ffmpeg(name, *X264, "-pix_fmt", "yuv420p", "-x264-params", options)
    assert np.abs(first(data) - first(VIDEO.bytes).astype(float)).mean() < 5


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("v.mkv", X264),
        ("v.webm", ("-c:v", "libvpx-vp9")),
        ("v.mp4", ("-c:v", "libvpx-vp9")),
        ("v.mp4", ("-c:v", "libx265")),
        ("v.avi", ("-c:v", "mjpeg")),
        ("v.gif", ()),
    ],
)
def test_other_containers_and_codecs_are_not_read(ffmpeg, name, options):
    """What is neither MP4, MOV nor AVI, or neither H.264 nor MPEG-4, is no video here."""
    data = ffmpeg(name, *options)
    assert not is_readable(data)
    assert 0 == duration_of(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"hello" * 1000, VIDEO.bytes[:1000], VIDEO.bytes[:40], b"RIFF\0\0\0\0AVI ", VIDEO.bytes[40:]],
    ids=["empty", "text", "cut off", "a header", "no frames", "no beginning"],
)
def test_what_is_no_video_is_not_read(data):
    """A file that is no video, or the beginning of one, is unreadable."""
    assert not is_readable(data)


def test_a_video_that_breaks_off_ends_there(ffmpeg):
    """Of a video whose end is missing the frames that are there are looked at."""
    data = ffmpeg("v.mp4", *X264, "-pix_fmt", "yuv420p", "-g", "5", "-movflags", "+faststart")
    found = times(data[: len(data) * 6 // 10])
    assert [0, 500] == found[:2]
    assert len(found) < 4


def test_no_file_is_left(monkeypatch, tmp_path):
    """The file that OpenCV reads is gone afterwards, also after an error and a reading that was given up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert is_readable(VIDEO.bytes)
    assert not is_readable(VIDEO.bytes[:1000])
    first(VIDEO.bytes)
    assert [] == list(tmp_path.iterdir())


def test_nothing_is_printed_about_broken_videos(tmp_path):
    """In a process that had not opened a video before, neither OpenCV nor FFmpeg says anything on stderr."""
    broken = bytearray(VIDEO.bytes)
    for at in range(600, 20_000, 97):
        broken[at] ^= 0x5A
    for name, data in {"broken": bytes(broken), "cut": VIDEO.bytes[:1500]}.items():
        (tmp_path / name).write_bytes(data)
    script = (
        "import sys, pathlib, os\n"
        "import cv2\n"
        "from pytest_rekognition.backends.reference.videos.reading import *\n"
        "for path in sys.argv[1:]:\n"
        "    try:\n"
        "        with open_video(pathlib.Path(path).read_bytes()) as video: list(video.samples())\n"
        "    except UnreadableVideoError: pass\n"
        "assert 'OPENCV_FFMPEG_LOGLEVEL' not in os.environ\n"
        "print((getattr(cv2, 'getLogLevel', None) or cv2.utils.logging.getLogLevel)() > 0)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", script, tmp_path / "broken", tmp_path / "cut"], capture_output=True, check=True
    )
    assert (b"True", b"") == (run.stdout.strip(), run.stderr)


def test_frames_are_read_one_at_a_time():
    """A video is not held whole: a frame that was looked at can be forgotten before the next is read."""
    with open_video(VIDEO.bytes) as video:
        samples = video.samples()
        assert np.array_equal(next(samples).pixels, first(VIDEO.bytes))
        assert 500 == next(samples).time
