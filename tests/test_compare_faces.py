import collecting
import numpy as np
import pytest
from collecting import PER_DEGREE, face

from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.engines.arcface import ArcfaceEmbedder
from pytest_rekognition.backends.reference.knowledge import known_face
from pytest_rekognition.builders import face_detail
from pytest_rekognition.geometry import single

pytestmark = pytest.mark.usefixtures("no_aws")

NO_FACE = ("InvalidParameterException", "Request has invalid parameters", 400)


@pytest.fixture
def scene():
    """Return a scene whose faces are as alike as their rolls."""
    with collecting.scene() as opened:
        yield opened


def widths(faces):
    return pytest.approx([item["BoundingBox"]["Width"] for item in faces])


def test_the_largest_face_is_compared_with_each_other(scene):
    """Matches come by similarity, the others by size; each has five members and five landmarks."""
    source = scene.picture(face(90, width=0.1), face(0, width=0.35, confidence=98.5))
    target = scene.picture(
        *(face(roll, width=width) for roll, width in ((30, 0.4), (10, 0.3), (50, 0.2), (80, 0.1)))
    )
    answer = scene.client.compare_faces(SourceImage=source, TargetImage=target)
    assert {"BoundingBox", "Confidence"} == set(answer["SourceImageFace"])
    assert (single(0.35), 98.5) == (
        answer["SourceImageFace"]["BoundingBox"]["Width"],
        answer["SourceImageFace"]["Confidence"],
    )
    assert [0.3, 0.4] == widths(match["Face"] for match in answer["FaceMatches"])
    assert [0.2, 0.1] == widths(answer["UnmatchedFaces"])
    assert [100 - roll * PER_DEGREE for roll in (10, 30)] == pytest.approx(
        [match["Similarity"] for match in answer["FaceMatches"]], abs=1e-3
    )
    for item in [match["Face"] for match in answer["FaceMatches"]] + answer["UnmatchedFaces"]:
        assert {"BoundingBox", "Confidence", "Landmarks", "Pose", "Quality"} == set(item)
        assert 5 == len(item["Landmarks"])
    assert not [name for name in answer if "Orientation" in name]


def test_the_threshold_parts_matches_from_the_rest(scene):
    """SimilarityThreshold moves faces from one list to the other; none is lost."""
    source, target = scene.picture(face(0)), scene.picture(face(30), face(60), face(120))
    for threshold, count in ((0, 3), (33.4, 2), (66, 2), (67, 1), (100, 0)):
        answer = scene.client.compare_faces(SourceImage=source, TargetImage=target, SimilarityThreshold=threshold)
        assert (count, 3 - count) == (len(answer["FaceMatches"]), len(answer["UnmatchedFaces"]))


def test_no_face_on_either_image_is_an_error(scene):
    """The recorded text for the source, and by the documentation the same error for the target."""
    someone, nobody = scene.picture(face()), scene.picture()
    assert NO_FACE == scene.refusal("compare_faces", SourceImage=nobody, TargetImage=someone)
    assert NO_FACE == scene.refusal("compare_faces", SourceImage=someone, TargetImage=nobody)


def test_filtered_faces_are_not_compared(scene):
    """By default nothing is filtered; with a QualityFilter poor faces are in no list, nor chosen as the source."""
    dark = {"quality": {"Brightness": 1}}
    source = scene.picture(face(90, width=0.4, **dark), face(0, width=0.2))
    target = scene.picture(face(90, width=0.3, **dark), face(0, width=0.2))
    plain = scene.client.compare_faces(SourceImage=source, TargetImage=target)
    assert ([0.3], [0.2]) == (
        widths(match["Face"] for match in plain["FaceMatches"]),
        widths(plain["UnmatchedFaces"]),
    )
    filtered = scene.client.compare_faces(SourceImage=source, TargetImage=target, QualityFilter="LOW")
    assert ([0.2], []) == (
        widths(match["Face"] for match in filtered["FaceMatches"]),
        filtered["UnmatchedFaces"],
    )
    poor = scene.picture(face(**dark))
    answer = scene.client.compare_faces(SourceImage=source, TargetImage=poor, QualityFilter="AUTO")
    assert ([], []) == (answer["FaceMatches"], answer["UnmatchedFaces"])
    assert NO_FACE == scene.refusal("compare_faces", SourceImage=poor, TargetImage=target, QualityFilter="AUTO")


def test_the_hundred_largest_faces_are_compared(scene):
    """The rest of a larger crowd is in neither list."""
    crowd = scene.picture(*(face(number, width=0.2 + number / 1000) for number in range(120)))
    answer = scene.client.compare_faces(SourceImage=scene.picture(face(100)), TargetImage=crowd)
    assert 100 == len(answer["FaceMatches"]) + len(answer["UnmatchedFaces"])
    assert single(0.22) == answer["UnmatchedFaces"][-1]["BoundingBox"]["Width"]


def test_equally_similar_matches_come_by_size(scene):
    """Of those with one Similarity the largest comes first."""
    target = scene.picture(face(0, width=0.1), face(0, width=0.3), face(0, width=0.2))
    answer = scene.client.compare_faces(SourceImage=scene.picture(face(0)), TargetImage=target)
    assert [0.3, 0.2, 0.1] == widths(match["Face"] for match in answer["FaceMatches"])


def test_no_two_of_a_thousand_names_are_alike():
    """Any two people that a test names are next to nothing alike, and each is exactly like itself."""
    detail = face_detail()
    faces = [known_face(detail, f"person-{number}") for number in range(1000)]
    sight = ReferenceBackend("haar", embedder=collecting.Rolls()).region().sight
    vectors = np.stack(sight.vectors(collecting.image(), faces))
    cosines = vectors @ vectors.T
    assert np.diagonal(cosines).tolist() == [1.0] * 1000
    np.fill_diagonal(cosines, 0)
    assert ArcfaceEmbedder.similarity(None, float(cosines.max())) < 10


def test_a_person_is_like_itself(scene):
    """Faces that a test names are alike where the name is the same, and else are not."""
    source = scene.picture(face(person="anna"))
    target = scene.picture(face(width=0.2, person="bert"), face(width=0.3, person="anna"))
    answer = scene.client.compare_faces(SourceImage=source, TargetImage=target, SimilarityThreshold=99)
    assert ([0.3], [0.2]) == (
        widths(match["Face"] for match in answer["FaceMatches"]),
        widths(answer["UnmatchedFaces"]),
    )
