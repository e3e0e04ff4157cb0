"""What the service and its documentation really sent. The recordings are not part of the project."""

import json
import os
from pathlib import Path

import pytest
from botocore.loaders import Loader

from pytest_rekognition.contract import Contract

SHARED = Path(os.environ.get("PYTEST_REKOGNITION_SHARED", Path(__file__).resolve().parents[2] / "shared"))
RECORDED = sorted((SHARED / "real-responses").glob("*/*.json"))

needs_recordings = pytest.mark.skipif(
    not (SHARED / "real-responses").is_dir(), reason="the recorded responses are not here"
)


def severities(document):
    violations = Contract(document["operation"]).check_response(document["response"])
    return [(violation.severity, violation.path) for violation in violations if violation.severity != "note"]


@needs_recordings
def test_recorded_responses_pass():
    """Every recorded response is accepted, but for one that was edited by hand, which has drifted."""
    documents = {path.stem: json.loads(path.read_text("utf-8")) for path in RECORDED}
    assert len(RECORDED) > 0
    refused = {path: severities(json.loads(path.read_text("utf-8"))) for path in RECORDED}
    refused = {
        path.relative_to(SHARED / "real-responses").as_posix(): found for path, found in refused.items() if found
    }
    added = [("drift", f"$.FaceRecords[0].Face.{name}") for name in ("bucket", "key", "metadata")]
    assert {"IndexFaces/fullstacklawrence-2.json": added} == refused
    assert documents["fullstacklawrence-2"]["kind"] == "edited"


@needs_recordings
def test_recorded_responses_differ_from_the_documentation_only_in_known_ways():
    """The notes on recorded responses are those of old responses, and no others."""
    rules = set()
    for path in RECORDED:
        document = json.loads(path.read_text("utf-8"))
        violations = Contract(document["operation"]).check_response(document["response"])
        rules |= {violation.rule for violation in violations if violation.severity == "note"}
    assert {"emotions-sorted", "orientation-null", "required"} == rules


def test_a_recent_face_without_landmarks_is_refused():
    """Only a face of the time of three emotions may lack its landmarks."""
    emotions = [{"Type": name, "Confidence": 50} for name in ("CALM", "SAD", "HAPPY", "FEAR")]
    face = {
        "BoundingBox": {"Width": 0.5, "Height": 0.5, "Left": 0, "Top": 0},
        "Confidence": 99,
        "Pose": {"Roll": 0, "Yaw": 0, "Pitch": 0},
        "Quality": {"Brightness": 50, "Sharpness": 50},
    }
    for shown, severity in ((emotions[:3], "note"), (emotions, "breach"), (None, "breach")):
        seen = face | ({"Emotions": shown} if shown else {})
        (violation,) = Contract("DetectFaces").check_response({"FaceDetails": [seen]})
        assert (severity, "$.FaceDetails[0].Landmarks") == (violation.severity, violation.path)


#: What is wrong in the examples that AWS prints on its pages, by operation.
PRINTED_MISTAKES = {
    ("CompareFaces", "breach", "required", "$.FaceMatches[0].Face.Landmarks"),
    ("CompareFaces", "breach", "required", "$.FaceMatches[0].Face.Pose"),
    ("CompareFaces", "breach", "required", "$.FaceMatches[0].Face.Quality"),
    ("CompareFaces", "breach", "required", "$.UnmatchedFaces"),
    ("DetectFaces", "breach", "landmark-types-unique", "$.FaceDetails[0].Landmarks[2].Type"),
    ("DetectFaces", "note", "orientation-null", "$.OrientationCorrection"),
    ("IndexFaces", "breach", "maximum", "$.FaceRecords[1].FaceDetail.Quality.Sharpness"),
    ("ListCollections", "breach", "versions-match-collections", "$.FaceModelVersions"),
}


def test_the_printed_examples_of_the_documentation_are_reported():
    """AWS's own examples break the contract in these places: a Sharpness of 160, a landmark type twice."""
    found = set()
    for operation, examples in Loader().load_service_model("rekognition", "examples-1")["examples"].items():
        for example in examples:
            contract = Contract(operation)
            request = example["input"]
            assert contract.check_request(request) == []
            for violation in contract.check_response(example.get("output", {}), request):
                found.add((operation, violation.severity, violation.rule, violation.path))
                if violation.rule == "maximum":
                    assert violation.value == 160
    assert found == PRINTED_MISTAKES
