"""RecognizeCelebrities and GetCelebrityInfo of the reference, through a real client."""

import re
import zlib

import pytest

from pytest_rekognition import DrawnFace, Rekognition, draw
from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.celebrities import LEAST_MATCH, MAX_FACES, Celebrities
from pytest_rekognition.backends.reference.detector import Detector
from pytest_rekognition.errors import UsageError
from pytest_rekognition.exchange import Call

ANNA = draw([DrawnFace(hair="red")], width=240, height=240)
BOTH = draw(
    [DrawnFace(place=(0.3, 0.5), hair="red"), DrawnFace(place=(0.75, 0.5), size=0.4, skin="dark", hair="black")],
    width=480,
    height=240,
)
FACE = {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality", "Emotions", "Smile"}


@pytest.fixture
def harness():
    """Return a harness that knows anna on both images, and bruno on one."""
    with Rekognition(mode="reference") as rekognition:
        rekognition.know(ANNA, [{"person": "anna"}])
        anna, bruno = ({"person": name} for name in ("anna", "bruno"))
        boxes = [face.box for face in BOTH.faces]
        rekognition.know(BOTH, [anna | {"bounding_box": boxes[0]}, bruno | {"bounding_box": boxes[1]}])
        yield rekognition


@pytest.fixture
def celebrities(harness):
    return harness.reference.celebrities


def recognized(harness, image):
    return harness.client().recognize_celebrities(Image={"Bytes": bytes(image)})


def test_nobody_is_recognized_whom_the_test_did_not_name(harness):
    """Without celebrities every face is an unrecognized one, the largest first, with all its members."""
    answer = recognized(harness, BOTH)
    assert [] == answer["CelebrityFaces"]
    assert [FACE, FACE] == [set(face) for face in answer["UnrecognizedFaces"]]
    widths = [face["BoundingBox"]["Width"] for face in answer["UnrecognizedFaces"]]
    assert sorted(widths, reverse=True) == widths
    assert "OrientationCorrection" not in answer


def test_a_celebrity_is_recognized(harness, celebrities):
    """A face like the one that was added is the celebrity's; the others stay unrecognized."""
    anna = celebrities.add("Anna Example", ANNA, urls=["www.example.com/anna"], known_gender="Female")
    answer = recognized(harness, BOTH)
    (found,), (other,) = answer["CelebrityFaces"], answer["UnrecognizedFaces"]
    assert {"Urls", "Name", "Id", "Face", "MatchConfidence", "KnownGender"} == set(found)
    assert (["www.example.com/anna"], "Anna Example", anna.id) == (found["Urls"], found["Name"], found["Id"])
    assert ({"Type": "Female"}, 100.0) == (found["KnownGender"], found["MatchConfidence"])
    assert FACE == set(found["Face"])
    assert 5 == len(found["Face"]["Landmarks"])
    assert found["Face"]["BoundingBox"]["Left"] < other["BoundingBox"]["Left"]


def test_what_is_known_of_a_celebrity_is_told_by_the_id(harness, celebrities):
    """GetCelebrityInfo answers what was added; without urls the list is empty."""
    anna = celebrities.add("Anna Example", ANNA)
    answer = harness.client().get_celebrity_info(Id=anna.id)
    assert ([], "Anna Example", {"Type": "Unlisted"}) == (answer["Urls"], answer["Name"], answer["KnownGender"])


def test_an_unknown_id_is_not_found(harness):
    """GetCelebrityInfo for an id that nobody has is a ResourceNotFoundException."""
    client = harness.client()
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        client.get_celebrity_info(Id="3R3sg9u0")


def test_ids_are_in_the_services_form_and_stay():
    """An id is 8 letters and digits that follow from the name alone."""
    ids = {Celebrities().add("Anna Example", ANNA).id for _ in range(3)}
    assert 1 == len(ids)
    assert re.fullmatch("[0-9A-Za-z]{8}", ids.pop())
    assert Celebrities().add("Anna Example", BOTH).id != Celebrities().add("Bruno Example", BOTH).id


def test_somebody_added_again_is_replaced(harness, celebrities):
    """The last word on a name counts."""
    celebrities.add("Anna Example", ANNA, urls=["www.example.com/old"])
    celebrities.add("Anna Example", ANNA, urls=["www.example.com/new"])
    (found,) = recognized(harness, ANNA)["CelebrityFaces"]
    assert ["www.example.com/new"] == found["Urls"]


def test_several_images_serve_one_celebrity(harness, celebrities):
    """Somebody is recognized who is like any of the images."""
    other = draw([DrawnFace(hair="grey", beard=True)], width=240, height=240)
    harness.know(other, [{"person": "carl"}])
    celebrities.add("Anna Example", other, ANNA)
    assert ["Anna Example"] == [face["Name"] for face in recognized(harness, ANNA)["CelebrityFaces"]]


def test_the_most_alike_celebrity_counts():
    """Of two who are alike enough the nearer one is matched, and below the threshold nobody."""
    backend = ReferenceBackend(embedder=Graded())
    celebrities = backend.celebrities
    sight = backend.region().sight
    backend.know(ANNA.bytes, [(_face(), "anna")])
    anna = celebrities.add("Anna Example", ANNA)
    vector = sight.vectors(ANNA.bytes, sight.faces(ANNA.bytes))[0]
    assert (anna, 100.0) == celebrities.match(vector, sight)
    assert celebrities.match(vector * 0.5, sight) is None
    match = celebrities.match(vector * 0.853, sight)
    assert (85.0, True) == (match.confidence, match.confidence >= LEAST_MATCH)


class Graded:
    """An embedder whose similarity is the cosine, in percent."""

    name = "graded"
    size = 16

    def embed(self, pixels, face):
        """Return nothing: every face of this test is stated."""
        raise NotImplementedError

    def similarity(self, cosine):
        """Return a percentage."""
        return max(0.0, min(100.0, 100 * cosine))


def _face():
    from pytest_rekognition import face_detail

    return face_detail(attributes=("DEFAULT",))


def test_the_64_largest_faces_are_looked_at():
    """Of more than 64 faces the smallest are left out."""
    from pytest_rekognition.stating import stated_faces

    backend = ReferenceBackend()
    backend.know(BOTH.bytes, [(detail, str(number)) for number, (detail, _) in enumerate(stated_faces(70))])
    answer = backend.reply(Call("RecognizeCelebrities", {"Image": {"Bytes": BOTH.bytes}})).response
    assert MAX_FACES == len(answer["UnrecognizedFaces"]) + len(answer["CelebrityFaces"])


@pytest.mark.parametrize(
    ("name", "image", "more", "told"),
    [
        ("", ANNA, {}, "needs a name"),
        ("Anna", "nobody.jpg", {}, r"the celebrity Anna names a file that cannot be read, 'nobody\.jpg'"),
        ("Anna", 5, {}, "the celebrity Anna: an image is bytes"),
        ("Anna", b"garbage", {}, "the celebrity Anna has <7 bytes, .*>, which the service does not take"),
        ("Anna", ANNA.bytes[:-200], {}, "which the service does not take"),
        ("Anna", ANNA, {"urls": None}, "urls is None: a list is needed"),
        ("Anna", ANNA, {"known_gender": "female"}, "did you mean 'Female'"),
        ("Anna", ANNA, {"urls": [1]}, "texts are needed"),
        ("Anna", ANNA, {"urls": ["a"] * 256}, "at most 255"),
    ],
)
def test_what_makes_no_celebrity_is_refused(name, image, more, told):
    """A mistake in a test is told at once."""
    with pytest.raises(UsageError, match=told):
        Celebrities().add(name, image, **more)


def test_an_image_without_a_face_is_told():
    """A celebrity whose image shows no face is the test's mistake, and says so."""
    backend = ReferenceBackend()
    wall = draw(0, width=240, height=240)
    backend.know(wall.bytes, [])
    backend.know(ANNA.bytes, [(_face(), "anna")])
    backend.celebrities.add("Anna Example", wall)
    with pytest.raises(UsageError, match=r"Anna Example was added with .* no face is found"):
        backend.reply(Call("RecognizeCelebrities", {"Image": {"Bytes": ANNA.bytes}}))


def test_an_image_that_cannot_be_decoded_is_told():
    """An image that is broken inside is blamed on the celebrity, and not on the request."""
    backend = ReferenceBackend("haar")
    data = draw(1, width=240, height=240, format="png").bytes
    start = data.index(b"IDAT")
    end = start + 4 + int.from_bytes(data[start - 4 : start], "big")
    spoilt = b"IDAT" + bytes(end - start - 4)
    broken = data[:start] + spoilt + zlib.crc32(spoilt).to_bytes(4, "big") + data[end + 4 :]
    backend.know(ANNA.bytes, [(_face(), "anna")])
    backend.celebrities.add("Bad Example", broken)
    with pytest.raises(UsageError, match=r"Bad Example was added with .* which the service does not take"):
        backend.reply(Call("RecognizeCelebrities", {"Image": {"Bytes": ANNA.bytes}}))


def test_a_celebrity_is_looked_at_once(monkeypatch):
    """However many celebrities there are, each image is looked at for the first request alone."""
    backend, looked = ReferenceBackend("haar", embedder="descriptor"), []
    look = Detector.look

    def counted(self, pixels):
        looked.append(pixels.shape)
        return look(self, pixels)

    images = [draw([DrawnFace(size=0.4 + number / 1000)], width=120, height=120) for number in range(70)]
    for number, image in enumerate(images):
        backend.celebrities.add(f"Example {number}", image)
    monkeypatch.setattr(Detector, "look", counted)
    request = Call("RecognizeCelebrities", {"Image": {"Bytes": ANNA.bytes}})
    first = backend.reply(request).response
    at_first = len(looked)
    assert at_first >= 70
    backend.celebrities.add("Anna Example", ANNA)
    assert ["Anna Example"] == [face["Name"] for face in backend.reply(request).response["CelebrityFaces"]]
    assert 1 == len(first["CelebrityFaces"]) + len(first["UnrecognizedFaces"])
    assert at_first + 1 >= len(looked)


def test_what_is_stated_later_counts_for_a_celebrity(harness, celebrities):
    """Who is on a celebrity's image may be stated, and stated again, after it was looked at."""
    carl = draw([DrawnFace(hair="grey")], width=240, height=240)
    harness.know(carl, [{"person": "carl"}])
    celebrities.add("Carl Example", carl)
    names = []
    for person in ("carl", "anna", "carl"):
        harness.know(carl, [{"person": person}])
        names.append([face["Name"] for face in recognized(harness, ANNA)["CelebrityFaces"]])
    assert [[], ["Carl Example"], []] == names
