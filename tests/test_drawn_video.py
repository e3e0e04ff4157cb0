import subprocess
import sys

import cv2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_rekognition import DrawnFace, DrawnVideo, MovingFace, UsageError, draw, draw_video
from pytest_rekognition.backends.reference.engines import load_engine

LEFT, RIGHT = DrawnFace(place=(0.3, 0.5), size=0.4), DrawnFace(place=(0.7, 0.5), size=0.5, smile=True)
WALK = MovingFace({200: LEFT, 1200: RIGHT}, leaves=1600)
VIDEO = draw_video([WALK, DrawnFace(place=(0.5, 0.2), size=0.2)])


def frames(video, folder):
    """Return every frame of a video, as OpenCV reads it."""
    capture = cv2.VideoCapture(str(video.save(folder / f"video.{video.format}")))
    found = []
    while (read := capture.read())[0]:
        found.append(read[1])
    capture.release()
    return found


@pytest.mark.parametrize("video_format", ["mp4", "mov", "avi"])
def test_a_video_is_a_file_with_frames(tmp_path, video_format):
    """Each format has as many frames as its length and rate say, of the size asked for."""
    video = draw_video(fps=12.5, duration=800, width=160, height=120, format=video_format)
    found = frames(video, tmp_path)
    assert 10 == len(found) == len(video.frames)
    assert {(120, 160, 3)} == {frame.shape for frame in found}
    assert 800 == video.duration


def test_a_detector_finds_the_faces_where_the_ground_truth_has_them(tmp_path):
    """In every frame the faces found are those of the ground truth at its time, and no others."""
    video = draw_video([WALK])
    engine = load_engine("haar")
    for number, frame in enumerate(frames(video, tmp_path)):
        truth = video.faces_at(number * 100)
        faces = engine.detect(frame)
        assert len(truth) == len(faces)
        assert [True] * len(truth) == [
            face.box.overlap(true.box) > 0.6 for face, true in zip(faces, truth, strict=True)
        ]


def test_a_face_enters_moves_and_leaves():
    """A moving face is there from its first time on, between two times in between, and gone when it leaves."""
    assert None is WALK.at(199)
    assert LEFT == WALK.at(200)
    assert (0.5, 0.5) == pytest.approx(WALK.at(700).place)
    assert 0.45 == pytest.approx(WALK.at(700).size)
    assert [False, True] == [WALK.at(1199).smile, WALK.at(1200).smile]
    assert RIGHT == WALK.at(1599)
    assert None is WALK.at(1600)
    assert [1, 2, 2, 1] == [len(VIDEO.faces_at(time)) for time in (100, 200, 1599, 1600)]


def test_the_truth_at_a_time_is_that_of_the_frame_shown():
    """Between two frames the earlier one is on the screen, and the last one stays to the end."""
    assert VIDEO.faces_at(500) == VIDEO.faces_at(599.9) != VIDEO.faces_at(600)
    assert VIDEO.frames[-1] == VIDEO.faces_at(2000)
    with pytest.raises(UsageError, match=r"time is 2001, outside 0\.\.2000"):
        VIDEO.faces_at(2001)


@settings(max_examples=50)
@given(
    st.dictionaries(st.integers(0, 3000), st.sampled_from([LEFT, RIGHT, DrawnFace()]), min_size=1),
    st.floats(0, 4000),
)
def test_a_face_keeps_between_its_looks(looks, time):
    """Place and size never leave the range of the looks before and after, which it has at their own times."""
    face = MovingFace(looks).at(time)
    assert (face is None) == (time < min(looks))
    assert all(MovingFace(looks).at(at) == look for at, look in looks.items())
    if face is not None:
        sizes = [look.size for look in looks.values()]
        assert min(sizes) - 1e-9 <= face.size <= max(sizes) + 1e-9


def test_the_same_arguments_give_the_same_bytes_in_another_process():
    """Drawing is a function of its arguments."""
    script = "import sys; from pytest_rekognition import draw_video; sys.stdout.buffer.write(draw_video(2).bytes)"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert draw_video(2).bytes == other.stdout


def test_a_frame_shows_what_an_image_would():
    """A face of a video has the ground truth that an image of it has, and a person keeps the same clothes."""
    assert draw([LEFT], width=320, height=240).faces == VIDEO.faces_at(200)[:1]
    assert VIDEO.faces_at(200)[1].drawn == VIDEO.faces_at(100)[0].drawn


def test_options_change_the_video():
    """Brightness, background and seed have an effect."""
    options = ({}, {"brightness": 0.6}, {"background": (10, 20, 30)}, {"seed": 1})
    assert len({draw_video([LEFT], duration=100, **option).bytes for option in options}) == len(options)


def test_a_video_is_bytes_and_is_shown_without_them():
    """A drawn video can be turned to bytes, knows its media type, and is shown without its content."""
    assert VIDEO.bytes == bytes(VIDEO)
    assert "video/mp4" == VIDEO.media_type
    assert repr(VIDEO) == f"<DrawnVideo video/mp4 mpeg4 320x240, 2 s, {len(VIDEO.bytes):,} bytes>"


def test_what_cannot_be_written_is_told(capfd):
    """H.264 is written where OpenCV has an encoder; elsewhere the error says so, and nothing else is printed."""

    def attempt():
        try:
            return draw_video(duration=100, codec="h264").codec
        except UsageError as error:
            return str(error)

    assert attempt().startswith(("h264", "this OpenCV cannot write h264 into mp4"))
    assert "ERROR" not in capfd.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"faces": -1}, r"faces is -1"),
        ({"faces": "two"}, r"faces is 'two': give a number from 0, or a sequence of MovingFace and DrawnFace"),
        ({"faces": [DrawnFace(place=(0.05, 0.5))]}, r"faces\[0\] at 0 ms leaves the image"),
        ({"width": 321}, r"width is 321: the codecs need an even number"),
        ({"height": 0}, r"height is 0, outside 16"),
        ({"fps": 0}, r"fps is 0, outside 1\.\.120"),
        ({"duration": 1.5}, r"duration is 1\.5: a whole number"),
        ({"format": "mkv"}, r"format is 'mkv', and can be one of mp4, mov, avi"),
        ({"codec": "h.264"}, r"codec is 'h\.264'.* did you mean 'h264'\?"),
    ],
)
def test_a_bad_argument_is_refused(arguments, message):
    """A bad argument says which, its value, and what is allowed."""
    with pytest.raises(UsageError, match=message):
        draw_video(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (({},), r"looks is \{\}: give at least one DrawnFace"),
        ((LEFT,), r"looks is .*: give at least one"),
        (({0.5: LEFT},), r"a time of looks is 0\.5: a whole number"),
        (({0: "left"},), r"looks\[0\] is 'left': a DrawnFace is needed"),
        (({500: LEFT}, 500), r"leaves is 500, outside 501"),
    ],
)
def test_a_bad_movement_is_refused(arguments, message):
    """A bad script of a face says what is wrong with it."""
    with pytest.raises(UsageError, match=message):
        MovingFace(*arguments)


def test_the_fixture_draws(face_video):
    """The fixture `face_video` draws videos."""
    assert isinstance(face_video(1, duration=100), DrawnVideo)


def test_without_opencv_drawing_a_video_says_what_to_install():
    """Only drawing needs the extra."""
    script = (
        "import sys; sys.modules['cv2'] = None\n"
        "from pytest_rekognition import MissingDependencyError, draw_video\n"
        "try: draw_video()\n"
        "except MissingDependencyError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert "drawing videos needs OpenCV" in run.stdout
