"""Tests that pass with both applications: `pytest --rekognition-variants` tells them apart."""

PHOTOGRAPH = b"any image"
#: The brightness of each row of pixels of a photograph, from dark to light.
ROWS = list(range(100))


def test_the_sharpness_of_a_portrait(rekognition, app):
    """The portrait is as sharp as the face that was found."""
    rekognition.on("DetectFaces").returns(faces=1, quality={"Sharpness": 90.0, "Brightness": 80.0})
    assert app.sharpness_of_portrait(PHOTOGRAPH) == 90.0


def test_nobody_is_covered(rekognition, app):
    """Faces that nothing covers are not counted."""
    rekognition.on("DetectFaces").returns(faces=2, face_occluded=False)
    assert app.covered_faces(PHOTOGRAPH) == 0


def test_two_moods(rekognition, app):
    """Each face has the icon of its surest emotion."""
    rekognition.on("DetectFaces").returns(faces=2, emotions="HAPPY")
    assert app.moods(PHOTOGRAPH) == [":-)", ":-)"]


def test_the_staff(rekognition, app):
    """Everybody in the collection is listed."""
    rekognition.on("ListFaces", CollectionId="staff").returns(faces=3)
    assert len(app.members_of_staff()) == 3


def test_the_brightness_of_a_face(rekognition, app):
    """The rows that a face covers make its brightness."""
    rekognition.on("DetectFaces").returns(faces=1)
    assert 0 < app.brightness_of_faces(PHOTOGRAPH, ROWS)[0] < 100
