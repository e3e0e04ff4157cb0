"""What a test states about images, and the forms in which it hands them over."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import DrawnFace, Rekognition, draw, face_detail
from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.given import given_image
from pytest_rekognition.errors import ContractError, UsageError
from pytest_rekognition.exchange import Call
from pytest_rekognition.geometry import FACE_TEMPLATE, MAIN_LANDMARKS, Box, Point, completed
from pytest_rekognition.images import aspect_of
from pytest_rekognition.stating import stated_faces

IMAGE = draw([DrawnFace()], width=240, height=240)
NO_EYE = {"Type": ["eye"], "X": 0.5, "Y": 0.5}


@pytest.mark.parametrize("image", [b"", b"not an image", IMAGE.bytes[:-200], draw(0, width=60, height=60)])
def test_what_the_service_does_not_take_cannot_be_stated(image):
    """A stated image would be answered by one operation and refused by the next, so the statement is refused."""
    with Rekognition(mode="reference") as rekognition:
        with pytest.raises(UsageError, match=r"the image for know has <.*>, which the service does not take"):
            rekognition.know(image, 1)
        with pytest.raises(rekognition.client().exceptions.ClientError):
            rekognition.client().detect_faces(Image={"Bytes": bytes(image) or b"-"})


@pytest.mark.parametrize("name", ["nobody.jpg", ".", "nul\0.jpg"])
def test_a_file_that_cannot_be_read_is_named(tmp_path, name):
    """A path that is wrong is the test's mistake, whether it is a text or a path, and not the caller's crash."""
    for path in (f"{tmp_path}/{name}", tmp_path / name):
        with Rekognition(mode="reference") as rekognition, pytest.raises(UsageError, match="cannot be read, "):
            rekognition.know(path, 1)


def test_the_forms_of_an_image_are_the_same_everywhere(tmp_path):
    """A path, a drawn image and bytes are one image to whatever takes one."""
    path = tmp_path / "face.jpg"
    path.write_bytes(IMAGE.bytes)
    forms = [path, str(path), IMAGE, IMAGE.bytes, bytearray(IMAGE.bytes), memoryview(IMAGE.bytes)]
    assert [IMAGE.bytes] * len(forms) == [given_image(image, "know") for image in forms]
    with Rekognition(mode="reference") as rekognition:
        for image in forms:
            rekognition.know(image, 1)
            assert "Anna" == rekognition.celebrities.add("Anna", image).name
            rekognition.liveness.outcome(reference_image=image, audit_images=[image])


# --- what is said of faces -----------------------------------------------------------------------------------


def seen(rekognition, image=IMAGE, attributes=("ALL",)):
    """Return the largest face that the reference sees in an image."""
    return rekognition.client().detect_faces(Image={"Bytes": bytes(image)}, Attributes=attributes)["FaceDetails"][
        0
    ]


def points(face):
    return {mark["Type"]: Point(mark["X"], mark["Y"]) for mark in face["Landmarks"]}


@pytest.mark.parametrize(
    ("faces", "told"),
    [
        ([{"persn": "ann"}], r"faces\[0\] takes no 'persn', did you mean 'person'\?"),
        ([{}, {"person": ""}], r"faces\[1\]: person is a name, not ''"),
        ([{"person": 5}], r"faces\[0\]: person is a name, not 5"),
        ([{"pose": {"Jaw": 1}}], "Pose takes no 'Jaw', did you mean 'Yaw'"),
        (-1, "faces is their number, or a list such as .*, not -1"),
        ("two", "faces is their number"),
        ([1], "faces is their number"),
    ],
)
def test_a_mistake_about_faces_is_named(faces, told):
    """What is wrong with the statement is told by the face's place in it."""
    with Rekognition(mode="reference") as rekognition, pytest.raises(UsageError, match=told):
        rekognition.know(IMAGE, faces)


@pytest.mark.parametrize("member", ["smile", "landmarks"])
def test_an_impossible_face_is_told_by_its_place(member):
    """Of several faces, the one whose member breaks the contract is named."""
    with (
        Rekognition(mode="reference") as rekognition,
        pytest.raises(ContractError, match=rf"^know was asked .*: faces\[2\]\.{member.title()}: is 3, "),
    ):
        rekognition.know(IMAGE, [{}, {}, {member: 3}])


@pytest.mark.parametrize(
    ("image", "faces", "told"),
    [
        (IMAGE, 2, "pairs, a complete FaceDetail and a person's name or None.*, not 2"),
        (IMAGE, [{"person": "anna"}], "not {'person': 'anna'}"),
        (IMAGE, [{"person": "anna", "smile": True}], "not {'person': 'anna', 'smile': True}"),
        (IMAGE, [(face_detail(), "anna", 1)], "pairs"),
        (IMAGE, [({"BoundingBox": {}}, None)], "lacks Confidence, Landmarks, Pose, Quality"),
        (IMAGE, [(face_detail(), 5)], "the person is 5"),
        (IMAGE, [(face_detail(), "")], "the person is ''"),
        (IMAGE, [(face_detail() | {"BoundingBox": {}}, None)], "no BoundingBox.Left, BoundingBox.Top, Bound"),
        (IMAGE, [(face_detail() | {"Pose": None}, None)], "one has no Pose.Roll, Pose.Yaw, Pose.Pitch as "),
        (IMAGE, [(face_detail() | {"Confidence": "99"}, None)], "one has no Confidence as DetectFaces answers it"),
        (IMAGE, [(face_detail() | {"Confidence": 10**400}, None)], "one has no Confidence as"),
        (IMAGE, [(face_detail() | {"Landmarks": None}, None)], "one has no Landmarks as"),
        (IMAGE, [(face_detail() | {"Landmarks": [1]}, None)], r"Landmarks\[0\].X, Landmarks\[0\].Y, .*\[0\].Type"),
        (IMAGE, [(face_detail() | {"Landmarks": [NO_EYE]}, None)], r"one has no Landmarks\[0\].Type as"),
        (IMAGE, [(face_detail() | {"Smile": {"Confidence": 1e39}}, None)], r"a number is 1e\+39, which the wire"),
        (b"garbage", [], "the image for know has <7 bytes.*>, which the service does not take"),
        ("nobody.jpg", [], "the image for know names a file that cannot be read"),
    ],
)
def test_a_backend_takes_whole_faces_alone(image, faces, told):
    """A backend that is told of faces without a harness says what it takes, and looks at the image as well."""
    with pytest.raises(UsageError, match=told):
        ReferenceBackend("haar").know(image, faces)


@pytest.mark.parametrize("mode", ["replay", "record", "rerecord", "live"])
def test_stating_faces_that_nobody_looks_at_is_refused(tmp_path, mode):
    """Where the reference answers no call, a statement would be lost, so it says which mode is needed."""
    rekognition = Rekognition(mode=mode, cassette=tmp_path / "cassette.yaml")
    with pytest.raises(UsageError, match=rf"answers no call in mode '{mode}': set mode=\"reference\""):
        rekognition.know(IMAGE, 1)


@pytest.mark.usefixtures("no_aws")
def test_faces_are_stated_wherever_the_reference_answers():
    """With `unrecorded` the reference answers in replay too, and over HTTP in any mode."""
    with Rekognition(mode="replay", unrecorded="reference", engine="haar") as rekognition:
        rekognition.know(IMAGE, [{"confidence": 77.0}])
        assert 77.0 == seen(rekognition)["Confidence"]


def test_faces_are_stated_for_an_endpoint(rekognition, rekognition_endpoint):
    """An endpoint is answered by the reference in any mode, so that a statement is of use."""
    rekognition.know(IMAGE, [{"confidence": 77.0}])
    answer = rekognition_endpoint.client().detect_faces(Image={"Bytes": IMAGE.bytes})
    assert [77.0] == [face["Confidence"] for face in answer["FaceDetails"]]


def test_any_text_is_a_persons_name():
    """A name that no encoding writes, half of a surrogate pair, stands for one person as any other does."""
    backend = ReferenceBackend("haar")
    backend.know(IMAGE, [(face_detail(), "\ud800")])
    image = {"Bytes": IMAGE.bytes}
    answer = backend.reply(Call("CompareFaces", {"SourceImage": image, "TargetImage": image})).response
    assert [100.0] == [match["Similarity"] for match in answer["FaceMatches"]]


def test_a_face_of_no_width_is_no_crash():
    """A backend that is told of a face without its contract puts it where it says."""
    detail = face_detail(pose={"Roll": 30})
    detail["BoundingBox"]["Width"] = 0
    backend = ReferenceBackend("haar")
    backend.know(IMAGE, [(detail, None)])
    (face,) = backend.region().sight.faces(IMAGE.bytes)
    assert 0 == face.box.width


# --- where landmarks lie -------------------------------------------------------------------------------------


BOXES = st.builds(Box, *[st.floats(0, 0.6)] * 2, *[st.floats(0.01, 0.4)] * 2)


@given(BOXES, st.floats(-180, 180), st.floats(0.1, 10))
def test_the_landmarks_of_a_turned_face_lie_in_its_box(box, roll, aspect):
    """Whatever the box, the roll and the image's shape, no landmark leaves the box, and the eyes have the roll."""
    (face, _), *_ = stated_faces([{"bounding_box": box, "pose": {"Roll": roll}}], aspect)
    placed = points(face)
    assert 30 == len(placed)
    for point in placed.values():
        assert -1e-6 <= point.x - box.left <= box.width + 1e-6
        assert -1e-6 <= point.y - box.top <= box.height + 1e-6
    across = (placed["eyeRight"].x - placed["eyeLeft"].x) * aspect
    down = placed["eyeRight"].y - placed["eyeLeft"].y
    off = math.degrees(math.atan2(down, across)) - roll
    assert math.hypot(across, down) < 1e-3 or pytest.approx(0, abs=0.1) == (off + 180) % 360 - 180


def turned(data, orientation):
    """Return a JPEG with an Exif orientation."""
    return with_exif(data, b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x112, 3, 1, orientation, 0, 0))


def with_exif(data, tiff):
    block = b"Exif\0\0" + tiff
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


@pytest.mark.usefixtures("no_aws")
@pytest.mark.parametrize("orientation", [None, 1, 6, 8])
def test_a_face_is_turned_in_pixels(orientation):
    """In a wide image, also one that Exif makes narrow, a head on its side has its eyes below each other."""
    stored = draw(1, width=1600, height=400).bytes
    image = stored if orientation is None else turned(stored, orientation)
    width, height = (400, 1600) if orientation in {6, 8} else (1600, 400)
    box = {"Left": 0.4, "Top": 0.4, "Width": 160 / width, "Height": 200 / height}
    with Rekognition(mode="reference", engine="haar") as rekognition:
        rekognition.know(image, [{"pose": {"Roll": 90}, "bounding_box": box}])
        face = points(seen(rekognition, image))
    left, right, nose = (Point(*face[name]) for name in ("eyeLeft", "eyeRight", "nose"))
    assert left.x == pytest.approx(right.x)
    # .424 of the face's width, which is scaled so that its height of 200 pixels goes into the box's width of 160
    assert 0.424 * 160 * 0.8 == pytest.approx((right.y - left.y) * height, abs=0.1)
    assert (0.585 - 0.403) * 200 * 0.8 == pytest.approx((left.x - nose.x) * width, abs=0.1)


WIDE = draw(0, width=320, height=160).bytes


@given(st.sampled_from([b"", b"II*\0", b"MM\0*", b"II*\0\x08\0\0\0"]), st.binary(max_size=60))
def test_broken_exif_turns_nothing_over(start, rest):
    """Whatever stands in Exif's place, an image has a shape, as it is stored or on its side."""
    assert aspect_of(with_exif(WIDE, start + rest)) in {2.0, 0.5}
    with pytest.raises(ValueError, match="neither a PNG nor a JPEG"):
        aspect_of(start + rest)


AFFINE = st.tuples(*[st.floats(-1, 1)] * 4).filter(lambda m: abs(m[0] * m[3] - m[1] * m[2]) > 0.01)


@given(AFFINE, st.floats(-0.2, 0.8), st.floats(-0.2, 0.8))
def test_five_landmarks_place_the_other_twenty_five(matrix, x, y):
    """Where the main landmarks are those of a face moved, turned, scaled or seen aslant, all others are."""
    a, b, c, d = matrix
    whole = {name: Point(x + a * p.x + b * p.y, y + c * p.x + d * p.y) for name, p in FACE_TEMPLATE.items()}
    found = completed({name: whole[name] for name in MAIN_LANDMARKS}, None)
    assert list(FACE_TEMPLATE) == list(found)
    for name, point in whole.items():
        assert pytest.approx(point) == found[name]


@pytest.mark.usefixtures("no_aws")
def test_a_face_as_detect_faces_tells_it_can_be_stated():
    """A `FaceDetail` with five landmarks is completed as the face lies, here on its side."""
    with Rekognition(mode="reference", engine="haar") as rekognition:
        rekognition.know(IMAGE, [{"pose": {"Roll": 90}}])
        whole, five = seen(rekognition), seen(rekognition, attributes=["DEFAULT"])
        rekognition.know(IMAGE, [five])
        again = seen(rekognition)
        assert five == seen(rekognition, attributes=["DEFAULT"])
    assert 5 == len(five["Landmarks"])
    for name, point in points(whole).items():
        assert pytest.approx(point, abs=1e-6) == points(again)[name]


def test_a_pupil_follows_its_eye_and_the_rest_the_main_points():
    """One point moves alone, an eye with its pupil unless that is stated too, and five main points move all."""
    usual = points(face_detail())
    eye = points(face_detail(landmarks={"eyeLeft": (0.1, 0.1)}))
    assert usual | {"eyeLeft": (0.1, 0.1), "leftPupil": (0.1, 0.1)} == eye
    both = points(face_detail(landmarks={"eyeLeft": (0.1, 0.1), "leftPupil": (0.2, 0.1)}))
    assert ((0.1, 0.1), (0.2, 0.1)) == (both["eyeLeft"], both["leftPupil"])
    assert usual | {"nose": (0.4, 0.6)} == points(face_detail(landmarks={"nose": (0.4, 0.6)}))
    assert set(MAIN_LANDMARKS) == set(
        points(face_detail(attributes=("DEFAULT",), landmarks={"eyeLeft": (0.1, 0.1)}))
    )
    five = {name: (usual[name].x + 0.25, usual[name].y) for name in MAIN_LANDMARKS}
    moved = points(face_detail(landmarks=five))
    for name, point in usual.items():
        assert pytest.approx((point.x + 0.25, point.y), abs=1e-6) == moved[name]
