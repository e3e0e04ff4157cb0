import re
import struct
import subprocess
import sys
import zlib

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pytest_rekognition import Rekognition
from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS
from pytest_rekognition.backends.reference import HANDLERS, ReferenceBackend
from pytest_rekognition.backends.reference.conventions import UNMEASURED
from pytest_rekognition.drawing import DrawnFace, draw
from pytest_rekognition.errors import NoReferenceError, ReferenceFailedError, ServiceError, UsageError
from pytest_rekognition.exchange import Call
from pytest_rekognition.geometry import FACE_TEMPLATE, MAIN_LANDMARKS, single
from pytest_rekognition.images import JPEG_START, PNG_SIGNATURE

DEFAULT = {"BoundingBox", "Landmarks", "Pose", "Quality", "Confidence"}
DOCUMENTED = {"InvalidImageFormatException", "InvalidParameterException", "ImageTooLargeException"}
#: left of the middle and upright, so that mirroring and turning show
FACE = draw([DrawnFace(place=(0.3, 0.5), size=0.4)], width=320, height=240, format="png")
PHOTO = draw(2, width=320, height=240)
BACKEND = ReferenceBackend("haar")


def request(data, *attributes):
    return {"Image": {"Bytes": data}} | ({"Attributes": list(attributes)} if attributes else {})


def details(data, *attributes):
    return BACKEND.reply(Call("DetectFaces", request(data, *attributes))).response["FaceDetails"]


def refusal(data):
    with pytest.raises(ServiceError) as caught:
        details(data)
    return caught.value.code, caught.value.message, caught.value.status


def pixels(image=FACE):
    return cv2.imdecode(np.frombuffer(image.bytes, np.uint8), cv2.IMREAD_COLOR)


def encoded(array, suffix=".png"):
    return cv2.imencode(suffix, array)[1].tobytes()


def left_of(data):
    return [round(face["BoundingBox"]["Left"], 1) for face in details(data)]


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, content=b""):
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return PNG_SIGNATURE + chunk(b"IHDR", header) + chunk(b"IDAT", content) + chunk(b"IEND", b"")


def exif(orientation):
    """Return a TIFF structure with nothing but an orientation."""
    return b"MM\0*\0\0\0\x08" + struct.pack(">HHHIHHI", 1, 0x112, 3, 1, orientation, 0, 0)


def turned_jpeg(array, orientation):
    data, block = encoded(array, ".jpg"), b"Exif\0\0" + exif(orientation)
    return data[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + data[2:]


def test_a_default_face_has_the_default_members():
    """Without Attributes a face has the five DEFAULT members and the five main landmarks."""
    faces = details(PHOTO.bytes)
    assert len(faces) == 2
    assert all(DEFAULT == set(face) for face in faces)
    assert all(list(MAIN_LANDMARKS) == [mark["Type"] for mark in face["Landmarks"]] for face in faces)


def test_all_brings_everything():
    """ALL brings every member and the 30 landmarks, beside DEFAULT too, and no OrientationCorrection."""
    for attributes in (["ALL"], ["DEFAULT", "ALL"]):
        response = BACKEND.reply(Call("DetectFaces", request(PHOTO.bytes, *attributes))).response
        assert set(response) == {"FaceDetails"}
        for face in response["FaceDetails"]:
            assert set(face) == DEFAULT | set(ATTRIBUTE_MEMBERS.values())
            assert list(FACE_TEMPLATE) == [mark["Type"] for mark in face["Landmarks"]]


@pytest.mark.parametrize("attribute", sorted(ATTRIBUTE_MEMBERS))
def test_a_single_attribute_brings_its_member(attribute):
    """One attribute adds its member to the DEFAULT ones."""
    assert all(DEFAULT | {ATTRIBUTE_MEMBERS[attribute]} == set(face) for face in details(PHOTO.bytes, attribute))


def test_what_is_not_measured_follows_the_convention():
    """Members that no engine measures have the table's values, and the least confidence."""
    (face,) = details(FACE.bytes, "ALL")
    assert BACKEND.measures.isdisjoint(UNMEASURED)
    assert face["Gender"] == {"Value": "Female", "Confidence": 50.0}
    assert face["AgeRange"] == {"Low": 20, "High": 40}
    assert [12.5] * 8 == [emotion["Confidence"] for emotion in face["Emotions"]]
    assert face["EyeDirection"]["Confidence"] == single(8.97)


def test_an_answer_cannot_be_used_to_change_the_next():
    """What a caller does to a response changes neither the convention nor the remembered faces."""
    details(FACE.bytes, "ALL")[0]["Smile"]["Value"] = True
    details(FACE.bytes, "ALL")[0]["Emotions"].clear()
    (face,) = details(FACE.bytes, "ALL")
    assert face["Smile"]["Value"] is False
    assert len(face["Emotions"]) == 8


@pytest.mark.usefixtures("no_aws")
def test_the_pages_example_of_stated_faces_holds(pytestconfig):
    """docs/reference.md's `know` works as printed: two faces, one of them smiling and of that age."""
    page = (pytestconfig.rootpath / "docs" / "reference.md").read_text("utf-8")
    (example,) = (block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL) if ".know(" in block)
    with Rekognition(mode="reference", engine="haar") as rekognition:
        exec(example, {"rekognition": rekognition, "photo": PHOTO.bytes})  # noqa: S102  our own page
        answer = rekognition.client().detect_faces(**request(PHOTO.bytes, "ALL"))

    ann, ben = sorted(answer["FaceDetails"], key=lambda face: face["BoundingBox"]["Left"])
    assert ({"Low": 30, "High": 40}, True) == (ann["AgeRange"], ann["Smile"]["Value"])
    assert ben["AgeRange"] != ann["AgeRange"]


def test_numbers_are_single_precision():
    """Every fraction is a 32-bit float, as the service's are."""

    def fractions(value):
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, list):
            return [number for member in value for number in fractions(member)]
        return [value] if isinstance(value, float) else []

    numbers = fractions(details(PHOTO.bytes, "ALL"))
    assert len(numbers) > 100
    assert [] == [number for number in numbers if number != single(number)]


@pytest.mark.parametrize(
    "attributes", [[], ["DEFAULT"], ["ALL"], ["ALL", "DEFAULT"], ["SMILE"], sorted(ATTRIBUTE_MEMBERS)]
)
@pytest.mark.parametrize("count", [0, 1, 12])
def test_replies_keep_the_contract(attributes, count):
    """Every answer is what the contract says of it, without a breach, a drift or a note."""
    from pytest_rekognition.contract import Contract

    asked = request(draw(count).bytes, *attributes)
    response = BACKEND.reply(Call("DetectFaces", asked)).response
    assert len(response["FaceDetails"]) == count
    assert list(Contract("DetectFaces").check_response(response, asked)) == []


MUTATIONS = st.builds(
    lambda data, at, new: data[:at] + new + data[at + len(new) :],
    st.sampled_from([FACE.bytes[:4000], PHOTO.bytes, encoded(np.zeros((90, 90), np.uint8))]),
    st.integers(0, 9000),
    st.binary(max_size=40),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.one_of(
        MUTATIONS,
        st.binary(min_size=1),
        st.binary().map(PNG_SIGNATURE.__add__),
        st.binary().map(JPEG_START.__add__),
    ),
    st.sampled_from(["ALL", "DEFAULT", "SMILE"]),
)
@example(png(100, 100, b"rubbish"), "ALL")
@example(png(100, 100, zlib.compress(b"\0" * 99)), "ALL")
@example(png(2**31 - 1, 2**31 - 1), "ALL")
@example(png(0, 0), "ALL")
def test_any_bytes_are_answered(data, attribute):
    """Any bytes get an answer that keeps the contract, or a documented error: nothing else ever comes out."""
    from pytest_rekognition.contract import Contract

    asked = request(data, attribute)
    try:
        response = BACKEND.reply(Call("DetectFaces", asked)).response
    except ServiceError as error:
        assert error.code in DOCUMENTED  # noqa: PT017 - either outcome is right, and both are checked
    else:
        assert list(Contract("DetectFaces").check_response(response, asked)) == []


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"%PDF-1.7\n",
        b"GIF89a\x40\1\xf0\0\0\0\0;",
        encoded(pixels(), ".bmp"),
        encoded(pixels(), ".webp"),
        encoded(pixels(), ".tiff"),
        PHOTO.bytes[:-2],
        PHOTO.bytes[: len(PHOTO.bytes) // 2],
        FACE.bytes[:-1],
        png(100, 100, b"rubbish"),
    ],
    ids=["text", "pdf", "gif", "bmp", "webp", "tiff", "jpeg-", "half jpeg", "png-", "bad png"],
)
def test_what_is_no_whole_png_or_jpeg_is_refused(data):
    """Foreign, cut-off and broken files get the service's format error."""
    assert ("InvalidImageFormatException", "Request has invalid image format", 400) == refusal(data)


def test_the_content_counts_not_a_name():
    """A valid picture with rubbish after its end is still a picture."""
    assert details(PHOTO.bytes + b"rubbish") == details(PHOTO.bytes)


@pytest.mark.parametrize(("width", "height", "accepted"), [(80, 80, True), (79, 80, False), (80, 79, False)])
def test_a_side_under_80_pixels_is_refused(width, height, accepted):
    """80 pixels a side is the documented minimum."""
    data = encoded(np.full((height, width, 3), 128, np.uint8))
    if accepted:
        assert details(data) == []
    else:
        assert ("InvalidParameterException", "Request has invalid parameters", 400) == refusal(data)


def test_too_many_bytes_are_refused():
    """5 MiB is the limit, and one byte more is told as users of the service quote it."""
    most = 5_242_880
    padded = FACE.bytes + b"\0" * (most - len(FACE.bytes))
    text = (
        f"1 validation error detected: Value 'java.nio.HeapByteBuffer[pos=0 lim={most + 1} cap={most + 1}]' at"
        f" 'image.bytes' failed to satisfy constraint: Member must have length less than or equal to {most}"
    )
    assert len(details(padded)) == 1
    assert ("ValidationException", text, 400) == refusal(padded + b"\0")


@pytest.mark.parametrize(("width", "height"), [(10_001, 80), (80, 10_001), (7_100, 7_100), (2**31 - 1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_unopened(width, height, monkeypatch):
    """An image of too many pixels is refused by its header: the decoder never sees it."""
    monkeypatch.setattr("pytest_rekognition.backends.reference.detector.decode", None)
    assert ("ImageTooLargeException", "Image size is too large.", 400) == refusal(png(width, height, b"bomb"))


@pytest.mark.parametrize(("width", "height"), [(10_000, 80), (80, 10_000)])
def test_extreme_shapes_are_looked_at(width, height):
    """The longest image allowed has no faces, and no trouble."""
    assert details(encoded(np.full((height, width), 128, np.uint8))) == []


def test_a_jpeg_is_turned_by_its_exif_orientation():
    """Boxes are those of the image as it is shown: a photo stored on its side is turned upright."""
    upright = left_of(FACE.bytes)
    assert upright == [0.2]
    sideways = {
        1: pixels(),
        3: cv2.rotate(pixels(), cv2.ROTATE_180),
        6: cv2.rotate(pixels(), cv2.ROTATE_90_COUNTERCLOCKWISE),
        8: cv2.rotate(pixels(), cv2.ROTATE_90_CLOCKWISE),
    }
    for orientation, stored in sideways.items():
        assert upright == left_of(turned_jpeg(stored, orientation))
    assert left_of(turned_jpeg(pixels(), 2)) == [0.6]


def test_a_png_is_not_turned():
    """A PNG's Exif chunk is ignored, as documented."""
    at = FACE.bytes.index(b"IDAT") - 4
    data = FACE.bytes[:at] + chunk(b"eXIf", exif(2)) + FACE.bytes[at:]
    assert left_of(cv2.imencode(".png", cv2.imdecode(np.frombuffer(data, np.uint8), 1))[1].tobytes()) == [0.6]
    assert left_of(data) == [0.2]


@pytest.mark.parametrize(
    "convert",
    [
        lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY),
        lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2BGRA),
        lambda image: image.astype(np.uint16) * 257,
        lambda image: cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint16) * 257,
    ],
    ids=["grey", "alpha", "16 bit", "16 bit grey"],
)
def test_every_kind_of_png_is_read(convert):
    """Depth and colours of a PNG do not matter."""
    assert left_of(encoded(convert(pixels()))) == [0.2]


@pytest.mark.parametrize(("mode", "suffix"), [("P", "PNG"), ("LA", "PNG"), ("CMYK", "JPEG"), ("L", "JPEG")])
def test_rare_colours_are_read(mode, suffix, tmp_path):
    """Palettes, grey with alpha and CMYK are read."""
    pillow = pytest.importorskip("PIL.Image")
    path = tmp_path / "image"
    pillow.fromarray(pixels()[:, :, ::-1].copy()).convert(mode).save(path, suffix)
    assert left_of(path.read_bytes()) == [0.2]


def test_an_image_in_s3_is_not_invented():
    """An image in S3 is no service error: the message says how to answer the call."""
    call = Call("DetectFaces", {"Image": {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}})
    with pytest.raises(NoReferenceError, match=r"in S3, photos/a.jpg, .*was given no S3.*: pass the image itself"):
        BACKEND.reply(call)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        ({"Image": {}}, "InvalidParameterException"),
        ({"Image": {"Bytes": "text"}}, "SerializationException"),
        (
            {"Image": {"Bytes": PHOTO.bytes, "S3Object": {"Bucket": "bucket", "Name": "n"}}},
            "InvalidParameterException",
        ),
        ({"Image": {"Bytes": PHOTO.bytes}, "Attributes": [["ALL"]]}, "SerializationException"),
        ({"Image": {"Bytes": PHOTO.bytes}, "Attribute": ["ALL"]}, "InvalidParameterException"),
        ({"Image": {"Bytes": PHOTO.bytes}, "Attributes": "ALL"}, "SerializationException"),
    ],
)
def test_a_senseless_request_is_refused(bad, code):
    """A request that the contract would refuse gets the service's own error, never a crash."""
    with pytest.raises(ServiceError, match=f"^{code}: "):
        BACKEND.reply(Call("DetectFaces", bad))


def test_a_deep_list_is_refused():
    """A list in a single value's place is refused by its type, however deep it is."""
    deep = []
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(ServiceError, match=r"^SerializationException: Start of list found"):
        BACKEND.reply(Call("DetectFaces", {"Image": {"Bytes": PHOTO.bytes}, "Attributes": [deep]}))


def test_a_failure_ahead_of_the_handler_is_the_references_too():
    """What breaks down while a request is read is told like what breaks down while it is answered."""

    class Broken(dict):
        def items(self):
            raise ZeroDivisionError("no members")

    with pytest.raises(ReferenceFailedError, match="DetectFaces: ZeroDivisionError: no members, raised at"):
        BACKEND.reply(Call("DetectFaces", Broken()))


def test_another_operation_has_no_reference():
    """The message names the operation, and guesses at no other one; what to do about it depends on who asks."""
    assert "DetectLabels" not in HANDLERS
    with pytest.raises(
        NoReferenceError, match=r"^there is no reference for DetectLabels: it is no operation on faces$"
    ):
        BACKEND.reply(Call("DetectLabels", {}))


def test_an_unknown_engine_is_refused_at_once():
    """A misspelt engine is found when the backend is made, not at the first call."""
    with pytest.raises(UsageError, match="did you mean 'haar'"):
        ReferenceBackend("har")


def test_at_most_100_faces_come_back(monkeypatch):
    """DetectFaces detects the 100 largest faces."""
    backend = ReferenceBackend("haar")
    seen = backend.detector.faces(FACE.bytes) * 120
    monkeypatch.setattr(backend.detector, "faces", lambda *_: seen)
    assert len(backend.reply(Call("DetectFaces", request(FACE.bytes))).response["FaceDetails"]) == 100


def test_an_image_is_looked_at_once():
    """The same bytes are answered from memory, and memory is bounded."""
    backend = ReferenceBackend("haar")
    first = backend.detector.faces(FACE.bytes)
    assert backend.detector.faces(FACE.bytes) is first
    for grey in range(70):
        backend.detector.faces(encoded(np.full((80, 80), grey, np.uint8)))
    assert backend.detector.faces(FACE.bytes) is not first
    assert backend.detector.faces(FACE.bytes) == first


def test_without_opencv_the_backend_says_what_to_install():
    """The backend can be made without the extra; the first image asks for it."""
    script = (
        "import sys; sys.modules['cv2'] = None\n"
        "from pytest_rekognition.backends.reference import ReferenceBackend\n"
        "from pytest_rekognition.errors import MissingDependencyError\n"
        "backend = ReferenceBackend('haar'); assert 'BoundingBox' in backend.measures\n"
        "try: backend.detector.faces(sys.stdin.buffer.read())\n"
        "except MissingDependencyError as error: print(error)\n"
    )
    run = subprocess.run([sys.executable, "-c", script], input=PHOTO.bytes, capture_output=True, check=True)
    assert b"the reference backend needs OpenCV" in run.stdout
    assert b"pip install 'pytest-rekognition[reference]'" in run.stdout
