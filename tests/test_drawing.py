import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_rekognition.backends.reference.engines import decode, load_engine
from pytest_rekognition.drawing import HAIR_TONES, SKIN_TONES, DrawnFace, draw
from pytest_rekognition.errors import UsageError
from pytest_rekognition.geometry import FACE_TEMPLATE
from pytest_rekognition.images import describe_image

#: the documented range of what the default detector finds
FACES = st.builds(
    DrawnFace,
    size=st.floats(0.15, 0.7),
    roll=st.floats(-10, 10),
    eyes_open=st.booleans(),
    mouth_open=st.booleans(),
    smile=st.booleans(),
    eyeglasses=st.booleans(),
    beard=st.booleans(),
    skin=st.sampled_from(sorted(SKIN_TONES)),
    hair=st.sampled_from(sorted(HAIR_TONES)),
)


@pytest.fixture(scope="module")
def engine():
    return load_engine("haar")


def found(engine, image):
    return engine.detect(decode(image.bytes, describe_image(image.bytes)))


def test_the_default_detector_finds_drawn_faces(engine):
    """In 20 images of one to five faces every face is found, nothing else is, and the boxes agree."""
    overlaps, strays = [], 0
    for seed in range(20):
        image = draw(1 + seed % 5, seed=seed, width=800, height=600)
        faces = found(engine, image)
        best = [max((face.box.overlap(truth.box) for face in faces), default=0) for truth in image.faces]
        overlaps += best
        strays += max(0, len(faces) - len(image.faces))
    assert strays == 0
    assert min(overlaps) > 0.5
    assert sum(overlaps) / len(overlaps) > 0.8


@pytest.mark.parametrize("skin", sorted(SKIN_TONES))
@pytest.mark.parametrize("hair", sorted(HAIR_TONES))
def test_every_tone_is_found(engine, skin, hair):
    """A face of every skin and hair tone is found, once."""
    image = draw([DrawnFace(skin=skin, hair=hair)], width=320, height=240)
    assert [True] == [face.box.overlap(image.faces[0].box) > 0.6 for face in found(engine, image)]


@pytest.mark.parametrize("attribute", ["eyes_open", "mouth_open", "smile", "eyeglasses", "beard"])
@pytest.mark.parametrize("value", [False, True])
def test_every_attribute_is_found_and_seen(engine, attribute, value):
    """A face is found with each attribute, and the attribute changes the picture."""
    face, other = DrawnFace(**{attribute: value}), DrawnFace(**{attribute: not value})
    assert len(found(engine, draw([face]))) == 1
    assert draw([face]).bytes != draw([other]).bytes


@settings(max_examples=15, deadline=None)
@given(FACES, st.sampled_from(["jpeg", "png"]), st.integers(0, 2**32))
def test_the_same_arguments_give_the_same_bytes(face, image_format, seed):
    """Drawing is a function of its arguments."""
    first, second = (draw([face], width=160, height=120, format=image_format, seed=seed) for _ in range(2))
    assert first == second
    assert describe_image(first.bytes) == (f"image/{image_format}", 160, 120)


def test_another_process_draws_the_same():
    """The bytes do not hang on hash seeds or on what was drawn before."""
    script = "import sys; from pytest_rekognition.drawing import draw; sys.stdout.buffer.write(draw(2).bytes)"
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    assert draw(2).bytes == other.stdout


@given(st.integers(1, 30), st.integers(0, 2**32))
@settings(max_examples=10, deadline=None)
def test_a_number_of_faces_does_not_overlap(count, seed):
    """`draw(n)` places n faces apart, within the image."""
    boxes = [truth.box for truth in draw(count, seed=seed).faces]
    assert len(boxes) == count
    assert [] == [(a, b) for i, a in enumerate(boxes) for b in boxes[:i] if a.overlap(b) > 0]
    assert all(0 <= box.left and 0 <= box.top and box.right <= 1 and box.bottom <= 1 for box in boxes)


@given(FACES)
def test_the_ground_truth_is_consistent(face):
    """The 30 landmarks lie in their face's box, the eyes' line has the roll, and size is the box's height."""
    frame = face.frame(4 / 3)
    box = frame.bounds()
    marks = {name: frame.at(point) for name, point in face.own_landmarks().items()}
    margin = 0.1 * box.height
    assert list(marks) == list(FACE_TEMPLATE)
    assert all(box.left - margin <= x <= box.right + margin for x, _ in marks.values())
    assert all(box.top - margin <= y <= box.bottom + margin for _, y in marks.values())
    assert (marks["eyeRight"].y > marks["eyeLeft"].y) == (face.roll > 0) or abs(face.roll) < 1e-6
    assert box.height == pytest.approx(face.size, rel=0.02)


def test_the_attributes_move_the_landmarks():
    """An open mouth is taller, a smile wider, and shut eyes are flat."""
    plain, open_mouth, smile, shut = (
        DrawnFace(**change).own_landmarks()
        for change in ({}, {"mouth_open": True}, {"smile": True}, {"eyes_open": False})
    )
    assert open_mouth["mouthDown"].y - open_mouth["mouthUp"].y > plain["mouthDown"].y - plain["mouthUp"].y
    assert smile["mouthRight"].x - smile["mouthLeft"].x > plain["mouthRight"].x - plain["mouthLeft"].x
    assert shut["leftEyeDown"].y - shut["leftEyeUp"].y < plain["leftEyeDown"].y - plain["leftEyeUp"].y


def test_an_image_can_be_empty(engine):
    """`draw(0)` is a wall, in which nothing is found."""
    image = draw(0)
    assert image.faces == ()
    assert found(engine, image) == []


def test_brightness_blur_quality_and_background_change_the_picture():
    """Each option has an effect."""
    options = ({}, {"brightness": 0.6}, {"blur": 3.0}, {"quality": 40}, {"background": (10, 20, 30)}, {"seed": 1})
    face = DrawnFace(size=0.6)
    assert len({draw([face], width=160, height=120, **option).bytes for option in options}) == len(options)


def test_an_image_is_bytes_and_a_file(tmp_path):
    """A drawn image can be saved, turned to bytes, and shown without its content."""
    image = draw(1, width=160, height=120, format="png")
    assert image.save(tmp_path / "face.png").read_bytes() == bytes(image) == image.bytes
    assert image.media_type == "image/png"
    assert repr(image) == f"<DrawnImage image/png 160x120, {len(image.bytes):,} bytes, 1 faces>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 0.01}, r"size is 0\.01, outside 0\.05\.\.1"),
        ({"size": "big"}, r"size is 'big': a number from 0\.05 to 1 is needed"),
        ({"size": float("nan")}, r"size is nan, outside"),
        ({"roll": 60}, r"roll is 60, outside -45\.\.45"),
        ({"place": 0.5}, r"place is 0\.5: give the centre as two ratios"),
        ({"place": (1.5, 0.5)}, r"place\[0\] is 1\.5, outside 0\.\.1"),
        ({"skin": "drak"}, r"no skin tone .*did you mean 'dark'\?"),
        ({"hair": None}, r"hair is None, which is no hair tone"),
    ],
)
def test_a_face_out_of_range_is_refused(arguments, message):
    """A bad face says which argument, its value, and what is allowed."""
    with pytest.raises(UsageError, match=message):
        DrawnFace(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"faces": -1}, r"faces is -1: draw 0 to 100"),
        ({"faces": True}, r"faces is True: give a number from 0, or a sequence of DrawnFace"),
        ({"faces": "two"}, r"faces is 'two': give a number"),
        ({"faces": 60, "width": 200, "height": 200}, r"draw fewer, or a larger image"),
        ({"faces": [DrawnFace(place=(0.05, 0.5))]}, r"faces\[0\] leaves the image: its box would span -0\."),
        ({"width": 0}, r"width is 0, outside 16\.\.10000"),
        ({"height": 1.5}, r"height is 1\.5: a whole number"),
        ({"format": "jpg"}, r"format is 'jpg'.*did you mean 'jpeg'\?"),
        ({"format": ["png"]}, r"format is \['png'\]"),
        ({"quality": 101}, r"quality is 101"),
        ({"brightness": -1}, r"brightness is -1"),
        ({"blur": 99}, r"blur is 99"),
        ({"seed": -1}, r"seed is -1"),
        ({"background": "red"}, r"background is 'red': give"),
        ({"background": (1, 2)}, r"give \(red, green, blue\)"),
        ({"background": (1, 2, 300)}, r"background is 300"),
    ],
)
def test_a_bad_argument_is_refused(arguments, message):
    """A bad argument says which, its value, and what is allowed."""
    with pytest.raises(UsageError, match=message):
        draw(**arguments)


def test_without_opencv_the_package_imports_and_drawing_says_what_to_install():
    """Only drawing needs the extra."""
    script = (
        "import sys; sys.modules['cv2'] = None\n"
        "from pytest_rekognition.drawing import DrawnFace, draw\n"
        "from pytest_rekognition.errors import MissingDependencyError\n"
        "try: draw([DrawnFace()])\n"
        "except MissingDependencyError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert "drawing faces needs OpenCV" in run.stdout
    assert "pip install 'pytest-rekognition[reference]'" in run.stdout


@pytest.mark.parametrize(
    "call",
    [
        lambda: DrawnFace(smile="yes"),
        lambda: DrawnFace(eyes_open=1),
        lambda: draw(background=(1.5, 2, 3)),
        lambda: draw(background=(True, 2, 3)),
        lambda: draw(width=True),
    ],
)
def test_values_of_the_wrong_kind_are_refused(call):
    """A flag is True or False, and a colour or a side a whole number."""
    with pytest.raises(UsageError, match="needed"):
        call()


def test_a_wrong_argument_never_prints_an_image():
    """An image's bytes in place of faces are told by their size."""
    with pytest.raises(UsageError, match="faces is <600 bytes>"):
        draw(b"secret" * 100)
