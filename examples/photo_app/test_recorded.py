"""The application's tests that replay a recording: the answer lies in `cassettes/`, where a review can read it.

Nobody's face is in them: the picture is a drawn one, and the answers are those of the reference detector
(`python record.py` records them anew). From a real account the same tests are recorded with
`pytest test_recorded.py --rekognition-mode=record`.
"""

from pathlib import Path

import photo_app
import pytest

PHOTOS = Path(__file__).parent / "photos"


@pytest.fixture
def three_people():
    """Return a picture of three drawn people."""
    return (PHOTOS / "three_drawn_people.jpg").read_bytes()


def test_the_largest_face_is_the_portrait(rekognition, three_people):
    """The portrait is cut from the largest of the faces that were recorded."""
    portrait = photo_app.find_portrait(three_people)

    left, top, right, bottom = portrait.crop
    widths = [face["BoundingBox"]["Width"] for face in rekognition.calls()[0].response["FaceDetails"]]
    assert right - left == pytest.approx(max(widths))
    assert 0 <= top < bottom <= 1
    assert rekognition.sources() in (["cassette"], ["live"])


def test_an_unreadable_picture(rekognition):
    """What is no picture is the error that was recorded, and the application lets it through."""
    with pytest.raises(photo_app.rekognition.exceptions.InvalidImageFormatException):
        photo_app.find_portrait(b"no picture at all")
    assert rekognition.calls()[0].status == 400
