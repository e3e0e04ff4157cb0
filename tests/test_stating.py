"""What a test states about images, and the forms in which it hands them over."""

import pytest

from pytest_rekognition import DrawnFace, Rekognition, draw
from pytest_rekognition.backends.reference.given import given_image
from pytest_rekognition.errors import UsageError

IMAGE = draw([DrawnFace()], width=240, height=240)


@pytest.mark.parametrize("image", [b"", b"not an image", IMAGE.bytes[:-200], draw(0, width=60, height=60)])
def test_what_the_service_does_not_take_cannot_be_stated(image):
    """A stated image would be answered by one operation and refused by the next, so the statement is refused."""
    with Rekognition(mode="reference") as rekognition:
        with pytest.raises(UsageError, match=r"know has <.*>, which the service does not take"):
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
