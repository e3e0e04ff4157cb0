import hashlib
import itertools
import math
import subprocess
import sys
from pathlib import Path

import cv2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import Rekognition
from pytest_rekognition.backends.reference import weights
from pytest_rekognition.backends.reference.engines import ENGINES, decode, engine_entry, haar, load_engine
from pytest_rekognition.backends.reference.engines.doubles import groups
from pytest_rekognition.backends.reference.engines.template import Eyes, fit_landmarks, roll_between
from pytest_rekognition.drawing import DrawnFace, draw
from pytest_rekognition.errors import MissingDependencyError, UsageError
from pytest_rekognition.geometry import FACE_TEMPLATE, Box, Point
from pytest_rekognition.images import describe_image


def pixels(data):
    return decode(data, describe_image(data))


@pytest.fixture(autouse=True)
def nothing_downloaded(monkeypatch, tmp_path):
    """Let no weights that a developer has take part."""
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    monkeypatch.setattr(weights, "user_folder", lambda: tmp_path / "none")


def test_the_table_says_what_the_embedded_engine_measures():
    """A row of the table, which is read without loading the engine, agrees with the engine."""
    assert load_engine("haar").measures == ENGINES["haar"].measures == engine_entry("haar").measures
    assert "BoundingBox" in ENGINES["haar"].measures


def test_auto_is_the_embedded_engine():
    """With nothing downloaded that is the best one present."""
    assert engine_entry("auto") is ENGINES["haar"]


def test_the_embedded_files_are_the_ones_that_were_measured():
    """The cascades in the installed OpenCV have the digests of the table."""
    folder = Path(cv2.data.haarcascades)
    for file in ENGINES["haar"].files:
        content = (folder / file.name).read_bytes()
        assert (file.sha256, file.size) == (hashlib.sha256(content).hexdigest(), len(content))


def test_an_unknown_engine_is_refused():
    """A misspelt engine is answered with the nearest name and all of them."""
    with pytest.raises(
        UsageError, match=r"'haaar' is no engine .*\(auto, yunet, blaze, haar\), did you mean 'haar'\?"
    ):
        load_engine("haaar")


def test_an_opencv_without_cascades_is_named(monkeypatch, tmp_path):
    """OpenCV 5 ships no cascades: the message names the file, the version and what to install."""
    monkeypatch.setattr(cv2.data, "haarcascades", str(tmp_path))
    with pytest.raises(MissingDependencyError, match=r"haarcascade_frontalface_alt2\.xml is not in OpenCV \d.*<5"):
        load_engine("haar")


def test_the_thread_count_changes_nothing():
    """One or two threads, again and again: the same faces in the same order."""
    engine, image = load_engine("haar"), pixels(draw(5, width=800, height=600, seed=4).bytes)
    before, seen = cv2.getNumThreads(), []
    try:
        for threads in (1, 2, 2, 2):
            cv2.setNumThreads(threads)
            seen.append(engine.detect(image))
    finally:
        cv2.setNumThreads(before)
    assert len(seen[0]) == 5
    assert all(faces == seen[0] for faces in seen)


def test_another_process_sees_the_same():
    """Another process gives the same faces, to the last digit."""
    script = (
        "from pytest_rekognition.backends.reference import ReferenceBackend\n"
        "from pytest_rekognition.drawing import draw\n"
        "print(ReferenceBackend('haar').detector.faces(draw(2).bytes)[0].landmarks)"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True)
    assert run.stdout.strip() == str(load_engine("haar").detect(pixels(draw(2).bytes))[0].landmarks)


def test_faces_come_by_size():
    """The largest box comes first."""
    faces = [DrawnFace(place=(x, 0.5), size=size) for x, size in ((0.15, 0.25), (0.45, 0.5), (0.82, 0.38))]
    areas = [face.box.area for face in load_engine("haar").detect(pixels(draw(faces, width=800).bytes))]
    assert len(areas) == 3
    assert areas == sorted(areas, reverse=True)


@pytest.mark.parametrize("roll", [-10, 0, 10])
def test_found_eyes_are_measured(roll):
    """Where both eyes are found they, and the roll, are near the truth, and are named as measured."""
    image = draw([DrawnFace(size=0.6, roll=roll)])
    (face,), (truth,) = load_engine("haar").detect(pixels(image.bytes)), image.faces
    apart = math.dist(truth.landmarks["eyeLeft"], truth.landmarks["eyeRight"])
    assert {"Pose.Roll", "Landmarks.eyeLeft", "Landmarks.eyeRight"} <= face.measured
    assert abs(face.pose.roll - roll) < 4
    assert all(
        math.dist(face.landmarks[name], truth.landmarks[name]) < 0.15 * apart for name in ("eyeLeft", "eyeRight")
    )


def test_eyes_that_are_not_found_are_not_called_measured():
    """With eyes shut behind glasses the landmarks come from the template; only box and quality are measured."""
    (face,) = load_engine("haar").detect(pixels(draw([DrawnFace(eyes_open=False, eyeglasses=True)]).bytes))
    assert face.measured == {"BoundingBox", "Quality"}
    assert face.pose == (0, 0, 0)
    assert list(face.landmarks) == list(FACE_TEMPLATE)


def test_quality_follows_light_and_blur():
    """A darker picture has less Brightness, a blurred one less Sharpness."""
    engine = load_engine("haar")
    plain, dark, blurred = (
        engine.detect(pixels(draw([DrawnFace()], **change).bytes))[0].quality
        for change in ({}, {"brightness": 0.6}, {"blur": 4.0})
    )
    assert dark.brightness < plain.brightness - 10
    assert blurred.sharpness < plain.sharpness - 10


def test_the_template_follows_the_eyes():
    """Landmarks are turned with the eyes' line, which the eyes keep as they were found."""
    eyes = Eyes(Point(0.4, 0.4), Point(0.6, 0.5))
    marks = fit_landmarks(Box(0.3, 0.2, 0.4, 0.5), 1.0, eyes)
    assert (marks["eyeLeft"], marks["rightPupil"]) == eyes
    assert roll_between(eyes, 1.0) == pytest.approx(26.565, abs=1e-3)
    assert roll_between(eyes, 2.0) == pytest.approx(14.036, abs=1e-3)
    assert marks["mouthLeft"].x < 0.4
    assert marks["mouthRight"].y > marks["mouthLeft"].y


def test_a_photograph_has_its_face():
    """The one face of scikit-image's photograph of an astronaut is found where it is."""
    data = pytest.importorskip("skimage").data
    (face,) = load_engine("haar").detect(data.astronaut()[:, :, ::-1].copy())
    assert face.box.overlap(Box(0.352, 0.125, 0.163, 0.225)) > 0.6
    assert face.confidence > 90


@pytest.mark.parametrize(("name", "number"), [("book-1181671", 0), ("three-53370", 3), ("family-1128318", 2)])
def test_photographs_have_their_faces(shared, name, number):
    """In other photographs as many are found as the cascades were seen to find, and none in a book."""
    data = (shared / "images" / f"{name}.jpg").read_bytes()
    assert number == len(load_engine("haar").detect(pixels(data)))


def test_three_cascades_find_more_than_one(shared, monkeypatch):
    """A half turned face, which one frontal cascade does not see, is found by the others."""
    image = pixels((shared / "images" / "three-53370.jpg").read_bytes())
    assert len(load_engine("haar").detect(image)) == 3
    monkeypatch.setattr(haar, "_KINDS", haar._KINDS[:1])
    assert len(load_engine("haar").detect(image)) == 2


def test_boxes_of_turned_heads_agree_with_a_mesh(shared, monkeypatch):
    """A face that profile cascades see is moved to where it is: nearer to the box of an engine with a mesh."""
    image = pixels((shared / "images" / "three-53370.jpg").read_bytes())
    truth = load_engine("yunet", shared / "models").detect(image)

    def likeness():
        found = load_engine("haar").detect(image)
        return [max(one.box.overlap(face.box) for one in found) for face in truth]

    moved = likeness()
    monkeypatch.setattr(haar, "_TURNED", 0.0)
    assert sum(moved) > sum(likeness()) + 0.05


def test_a_mirrored_picture_has_mirrored_faces():
    """The profile cascade looks both ways, so a mirrored picture has its faces at the mirrored places, nearly."""
    image = pixels(draw(3, width=800, height=500, seed=2).bytes)
    faces = load_engine("haar").detect(image)
    mirrored = load_engine("haar").detect(image[:, ::-1].copy())
    assert len(faces) == len(mirrored) == 3
    for face in faces:
        seen = face.box._replace(left=1 - face.box.right)
        assert max(seen.overlap(other.box) for other in mirrored) > 0.8


BOXES = st.lists(st.builds(Box, *[st.floats(0, 0.5)] * 2, *[st.floats(0.05, 0.5)] * 2), max_size=12)


@given(BOXES)
def test_doubles_are_grouped_by_their_best(boxes):
    """Every detection is in one group, a group's first is its best, and no two firsts are one face."""
    found = groups(enumerate(boxes), lambda one: one[1])
    assert sorted(one for group in found for one in group) == list(enumerate(boxes))
    assert all(group[0] == min(group) for group in found)
    firsts = [group[0][1] for group in found]
    assert all(a.overlap(b) <= 0.3 for a, b in itertools.combinations(firsts, 2))


SUITE = """
    import pytest

    IMAGE = {"Bytes": PICTURE}

    def test_replays(rekognition):
        rekognition.on("DetectFaces").returns(faces=2)
        assert len(rekognition.client().detect_faces(Image=IMAGE)["FaceDetails"]) == 2

    @pytest.mark.rekognition(mode="reference")
    def test_looks(rekognition):
        rekognition.client().detect_faces(Image=IMAGE)
""".replace("PICTURE", repr(draw(1).bytes))


def test_a_run_without_the_engines_weights_replays(run):
    """The header says what is missing; only a test that would use the engine fails, with one sentence."""
    result = run(SUITE, ini="rekognition_engine = yunet")

    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(
        [
            "rekognition: mode=replay, engine=yunet (weights missing: pytest-rekognition models install yunet)",
            "the yunet engine needs face_detection_yunet_2023mar.onnx*models install yunet",
        ]
    )
    result.stdout.no_fnmatch_line("*pytest_rekognition/*.py:*")


@pytest.mark.parametrize(
    ("options", "lacks"),
    [
        ({"mode": "reference", "engine": "blaze"}, "the blaze engine needs face_detection_full_range.tflite"),
        ({"unrecorded": "reference", "engine": "yunet"}, "the yunet engine needs face_detection_yunet_2023mar"),
        ({"mode": "reference", "embedder": "arcface"}, "the arcface embedder needs mobilefacenet.onnx"),
    ],
)
def test_missing_weights_are_told_before_the_first_image(options, lacks):
    """Where the reference answers, an engine or embedder that cannot work is a usage error at once."""
    with pytest.raises(UsageError, match=lacks):
        Rekognition(**options)


def test_engines_that_are_not_used_may_lack_their_weights():
    """In a mode in which the reference answers nothing, weights need not be there; auto never lacks any."""
    assert "yunet" == Rekognition(engine="yunet", embedder="arcface").options.engine
    assert "auto" == Rekognition(mode="reference").options.engine
