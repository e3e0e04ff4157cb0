"""The cost of strategies: a hundred examples of a response, and shrinking a face that fails."""

import pytest
from hypothesis import Phase, find, given, settings

from pytest_rekognition import strategies as rk

IMAGE = {"S3Object": {"Bucket": "photos", "Name": "group.jpg"}}
REQUESTS = {
    "DetectFaces": {"Image": IMAGE, "Attributes": ["ALL"]},
    "IndexFaces": {"CollectionId": "staff", "Image": IMAGE, "DetectionAttributes": ["ALL"]},
    "GetFaceDetection": {"JobId": "job-1"},
}
EXAMPLES = 100


@pytest.mark.parametrize("operation", sorted(REQUESTS))
def test_a_hundred_responses(benchmark, operation):
    """Draw a hundred responses to one request, checking nothing."""
    benchmark.group = "100 examples"

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], database=None, deadline=None)
    @given(rk.responses(operation, REQUESTS[operation]))
    def draw(_):
        pass

    benchmark(draw)


def test_shrink_a_failing_face(benchmark):
    """Find and shrink a face with 30 landmarks whose nose has left its box. Aim: under 2 s."""
    benchmark.group = "shrinking"

    def fails(face):
        box, marks = face["BoundingBox"], {mark["Type"]: mark for mark in face["Landmarks"]}
        return len(marks) == 30 and marks["nose"]["X"] > box["Left"] + 0.9 * box["Width"]

    face = benchmark(lambda: find(rk.face_details(), fails, settings=settings(max_examples=2000, database=None)))
    assert face["Pose"]["Yaw"] > 0
