"""The application's tests. No AWS account, no credentials, no region and no network are needed."""

import photo_app
import pytest

from pytest_rekognition import ContractError, DrawnFace


@pytest.mark.rekognition(mode="reference")
def test_a_real_photograph(astronaut):
    """The face on a real photograph is found by the reference detector, on this machine's CPU."""
    portrait = photo_app.find_portrait(astronaut)

    left, top, right, bottom = portrait.crop
    assert left < 0.43 < right  # her nose is at 43 % of the width and 24 % of the height
    assert top < 0.24 < bottom
    assert portrait.confidence > 50
    assert portrait.printable


@pytest.mark.rekognition(mode="reference")
def test_three_drawn_people(face_image):
    """Drawn faces come with their ground truth, so no real person's photograph has to be in the repository."""
    group = face_image([DrawnFace(place=(x, 0.5), size=size) for x, size in ((0.2, 0.3), (0.5, 0.5), (0.8, 0.3))])

    portrait = photo_app.find_portrait(group.bytes)

    largest = max(group.faces, key=lambda face: face.box.area)
    assert portrait.crop[0] == pytest.approx(largest.box.left, abs=0.05)


@pytest.mark.rekognition(mode="reference")
def test_an_empty_room(face_image):
    """A picture without a face has no portrait."""
    assert photo_app.find_portrait(face_image([]).bytes) is None


def test_two_people_who_smile(rekognition):
    """A stub says what matters to the test, and is completed to a response that AWS could have sent."""
    rekognition.on("DetectFaces", Attributes=["SMILE"]).returns(faces=2, smile=True)

    assert photo_app.count_smiles(b"any image") == 2


def test_a_throttled_service(rekognition):
    """Throttling runs through botocore's real retries, and nothing sleeps."""
    rekognition.on("DetectFaces").raises("ThrottlingException", times=2).returns(faces=[])

    assert photo_app.find_portrait(b"any image") is None
    assert len(rekognition.calls("DetectFaces")) == 3


def test_a_fake_that_aws_could_never_send_is_refused(rekognition):
    """A stub that breaks the contract is refused where it is registered, and the member is named."""
    with pytest.raises(ContractError, match=r"\$\.FaceDetails\[0\]\.Confidence") as refusal:
        rekognition.on("DetectFaces").returns(faces=1, confidence=250)

    print(refusal.value)


def test_drawn_faces_say_what_they_are(face_image):
    """A drawn face knows its box, its landmarks and its attributes."""
    image = face_image([DrawnFace(smile=True, size=0.4)])

    assert image.faces[0].box.height == pytest.approx(0.4, abs=0.1)
    assert len(image.faces[0].landmarks) == 30
