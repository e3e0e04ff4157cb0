import subprocess
import sys
import tempfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition.backends.reference.videos.levels import is_full_range
from pytest_rekognition.backends.reference.videos.reading import UnreadableVideoError, duration_of, open_video
from pytest_rekognition.drawing import DrawnFace, draw_video

#: a face in the upper left quarter, so that turning shows
VIDEO = draw_video([DrawnFace(place=(0.25, 0.3), size=0.4)])
MOV, AVI = "QuickTime / MOV", "AVI (Audio Video Interleaved)"


@pytest.fixture
def ffmpeg(tmp_path):
    """Return a function that converts the drawn video with ffmpeg's options, into a file of a name."""
    program = pytest.importorskip("imageio_ffmpeg").get_ffmpeg_exe()
    source = VIDEO.save(tmp_path / "drawn.mp4")

    def convert(name, *options, before=()):
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


def test_a_video_of_changing_pace_is_sampled_by_its_own_times(ffmpeg):
    """Where frames come at no fixed rate, their own times count."""
    pace = "setpts='if(lt(N,10),N*0.05/TB,(0.5+(N-10)*0.4)/TB)'"
    data = ffmpeg("v.mp4", "-vf", pace, "-fps_mode", "vfr", "-c:v", "libx264", "-pix_fmt", "yuv420p")
    assert [0, 500, 900, 1300, 2100, 2500, 2900, 3300, 4100] == times(data)
    with open_video(data) as video:
        last = list(video.samples())[-1]
        assert last.time <= video.metadata.duration < last.time + 1000


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
    if chroma == 3:
        writer.put(draw(FLAG))
    writer.ue(draw(st.integers(0, 6)))
    writer.ue(draw(st.integers(0, 6)))
    writer.put(draw(FLAG))
    if writer.put(draw(FLAG)):
        write_scaling_lists(writer, chroma, draw)


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
    if not writer.put(draw(FLAG)):
        writer.put(draw(FLAG))
    writer.put(draw(FLAG))
    if writer.put(draw(FLAG)):
        for _ in range(4):
            writer.ue(draw(st.integers(0, 8)))


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


@st.composite
def sequences(draw):
    """Draw H.264's sequence parameter sets, each with whether it says that the range is full."""
    writer = Writer()
    profile = writer.put(draw(st.sampled_from([66, 77, 88, 100, 110, 122, 244])), 8)
    writer.put(draw(st.integers(0, 2**16 - 1)), 16)
    writer.ue(draw(st.integers(0, 31)))
    if profile >= 100:
        write_chroma(writer, draw)
    writer.ue(draw(st.integers(0, 12)))
    write_order_count(writer, draw)
    writer.ue(draw(st.integers(0, 16)))
    writer.put(draw(FLAG))
    write_size(writer, draw)
    full = write_usability(writer, draw)
    return writer.unit(), full


@given(sequences())
def test_the_range_is_found_in_any_sequence_parameter_set(sequence):
    """Whatever H.264's optional parts hold, the flag is found, in a byte stream and in an `avcC` record."""
    unit, expected = sequence
    picture = b"\x68\xeb\xe3\xcb"
    record = b"\1\x64\0\x0c\xff\xe1" + len(unit).to_bytes(2, "big") + unit + b"\1\0\4" + picture
    stream = b"\0\0\0\1\x09\x10\0\0\1" + unit + b"\0\0\1" + picture
    assert [expected, expected] == [is_full_range("h264", record), is_full_range("h264", stream)]


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


@given(st.sampled_from(["h264", "mpeg4"]), st.sampled_from([b"", b"\0\0\1", b"\1\x64\0\x0c\xff\xe1"]), st.binary())
def test_headers_that_make_no_sense_say_nothing(codec, start, rest):
    """Whatever a header holds, reading it ends, and gives an answer."""
    assert is_full_range(codec, start + rest) in {True, False}


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
        "print(cv2.utils.logging.getLogLevel() > 0)\n"
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
