"""Face liveness sessions of the reference, through a real client."""

import threading
from pathlib import Path
from uuid import UUID

import pytest

from pytest_rekognition import DrawnFace, Rekognition, draw
from pytest_rekognition.backends.reference.liveness import LASTS, Liveness
from pytest_rekognition.errors import UsageError

IMAGE = draw([DrawnFace()], width=240, height=240)
OTHER = draw([DrawnFace(hair="grey")], width=240, height=240)
BUCKET = {"OutputConfig": {"S3Bucket": "sessions", "S3KeyPrefix": "live"}}


@pytest.fixture
def harness():
    with Rekognition(mode="reference") as rekognition:
        rekognition.clock.stop(1_700_000_000)
        yield rekognition


@pytest.fixture
def client(harness):
    return harness.client(region_name="us-east-1")


@pytest.fixture
def liveness(harness):
    return harness.reference.liveness


def created(client, **members):
    return client.create_face_liveness_session(**members)["SessionId"]


def results(client, session_id):
    answer = client.get_face_liveness_session_results(SessionId=session_id)
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}


def test_a_session_waits_for_its_video(client):
    """A session of which the test says nothing stays CREATED, and has no results."""
    session_id = created(client)
    assert 4 == UUID(session_id).version
    assert {"SessionId": session_id, "Status": "CREATED"} == results(client, session_id)


def test_sessions_to_come_have_an_outcome(client, liveness):
    """An outcome without an id is that of the sessions created afterwards, and of no earlier one."""
    before = created(client)
    liveness.outcome(confidence=12.5, sdk_type="web", feedback=["EYES_CLOSED_DETECTED"])
    after = created(client)
    assert "CREATED" == results(client, before)["Status"]
    answer = results(client, after)
    assert ("SUCCEEDED", 12.5, []) == (answer["Status"], answer["Confidence"], answer["AuditImages"])
    assert "EYES_CLOSED_DETECTED" == answer["Feedback"][0]["Code"]
    assert "web" == answer["Metadata"]["SDKType"]
    assert "ReferenceImage" not in answer


def test_a_session_goes_its_way(client, liveness):
    """The outcome of one session may be said again: the last word counts."""
    session_id = created(client)
    challenge = {"Type": "FaceMovementAndLightChallenge", "Version": "2.0.0"}
    for status in ("IN_PROGRESS", "FAILED"):
        liveness.outcome(session_id, status=status)
        expected = {"SessionId": session_id, "Status": status, "Challenge": challenge}
        assert expected == results(client, session_id)
    liveness.outcome(session_id)
    assert 97.5 == results(client, session_id)["Confidence"]


def test_images_come_with_the_largest_faces_box(client, harness, liveness):
    """Without a bucket the images' bytes are sent, as many audit images as were asked for."""
    box = IMAGE.faces[0].box
    harness.know(IMAGE, [{"bounding_box": box}])
    harness.know(OTHER, [])
    liveness.outcome(reference_image=IMAGE, audit_images=[OTHER, IMAGE, OTHER])
    answer = results(client, created(client, Settings={"AuditImagesLimit": 2}))
    assert IMAGE.bytes == answer["ReferenceImage"]["Bytes"]
    assert box.width == pytest.approx(answer["ReferenceImage"]["BoundingBox"]["Width"])
    assert [OTHER.bytes, IMAGE.bytes] == [image["Bytes"] for image in answer["AuditImages"]]
    assert "BoundingBox" not in answer["AuditImages"][0]


def test_no_audit_image_is_sent_that_was_not_asked_for(client, liveness):
    """AuditImagesLimit is 0 by default."""
    liveness.outcome(audit_images=[IMAGE])
    assert [] == results(client, created(client))["AuditImages"]


@pytest.mark.parametrize("prefix", ["live", "live/"])
def test_images_are_named_in_the_bucket(client, liveness, prefix):
    """With an OutputConfig the images are objects of the bucket, below the prefix and the session's id."""
    liveness.outcome(reference_image=IMAGE, audit_images=[IMAGE])
    settings = {"OutputConfig": {"S3Bucket": "sessions", "S3KeyPrefix": prefix}, "AuditImagesLimit": 4}
    session_id = created(client, Settings=settings)
    answer = results(client, session_id)
    place = {"Bucket": "sessions", "Name": f"live/{session_id}/reference.jpg"}
    assert place == answer["ReferenceImage"]["S3Object"]
    assert f"live/{session_id}/audit-0.jpg" == answer["AuditImages"][0]["S3Object"]["Name"]
    assert "Bytes" not in answer["ReferenceImage"]


def test_a_session_expires_after_three_minutes(client, harness, liveness):
    """After 3 minutes a session is EXPIRED, and its results are unavailable."""
    liveness.outcome(reference_image=IMAGE)
    session_id = created(client)
    harness.clock.advance(LASTS - 1)
    assert "SUCCEEDED" == results(client, session_id)["Status"]
    harness.clock.advance(1)
    assert {"SessionId": session_id, "Status": "EXPIRED"} == results(client, session_id)


def test_a_token_brings_the_same_session(client):
    """The same ClientRequestToken brings the same session, another one another session."""
    first = created(client, ClientRequestToken="one")
    assert first == created(client, ClientRequestToken="one", Settings={"AuditImagesLimit": 1})
    assert first != created(client, ClientRequestToken="two")


def test_a_token_brings_no_session_that_is_not_ready(client, monkeypatch):
    """Who asks with the same token meanwhile gets a session whose results can be asked for."""
    found, is_found, begin = [], threading.Event(), Liveness.begin

    def ask():
        found.append(results(client, created(client, ClientRequestToken="one"))["Status"])
        is_found.set()

    def slowly(liveness, session_id):
        other.start()
        is_found.wait(0.3)
        begin(liveness, session_id)

    other = threading.Thread(target=ask)
    monkeypatch.setattr(Liveness, "begin", slowly)
    created(client, ClientRequestToken="one")
    other.join()
    assert ["CREATED"] == found


@pytest.mark.parametrize(
    ("preferences", "challenge"),
    [
        ([{"Type": "FaceMovementChallenge"}], ("FaceMovementChallenge", "1.0.0")),
        (
            [{"Type": "FaceMovementChallenge", "Versions": {"Minimum": "1.2.0"}}],
            ("FaceMovementChallenge", "1.2.0"),
        ),
        (
            [{"Type": "FaceMovementAndLightChallenge", "Versions": {"Maximum": "1.9.9"}}],
            ("FaceMovementAndLightChallenge", "1.9.9"),
        ),
    ],
)
def test_the_first_preferred_challenge_is_made(client, liveness, preferences, challenge):
    """The challenge is the first preferred one, in a version within the limits."""
    liveness.outcome()
    answer = results(client, created(client, Settings={"ChallengePreferences": preferences}))
    assert challenge == (answer["Challenge"]["Type"], answer["Challenge"]["Version"])


def test_impossible_versions_are_refused(client):
    """A least version above the greatest makes no sense."""
    versions = {"Minimum": "2.0.0", "Maximum": "1.0.0"}
    settings = {"ChallengePreferences": [{"Type": "FaceMovementChallenge", "Versions": versions}]}
    with pytest.raises(client.exceptions.InvalidParameterException):
        client.create_face_liveness_session(Settings=settings)


def test_an_unknown_session_is_not_found(client, harness):
    """A session is known in its own region alone."""
    elsewhere = created(harness.client(region_name="eu-west-1"))
    with pytest.raises(client.exceptions.SessionNotFoundException):
        client.get_face_liveness_session_results(SessionId=elsewhere)


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"status": "SUCEEDED"}, "did you mean 'SUCCEEDED'"),
        ({"status": "FAILED", "confidence": 3}, "leave confidence away"),
        ({"status": "CREATED", "reference_image": IMAGE}, "leave reference_image away"),
        ({"confidence": 101}, "outside 0..100"),
        ({"confidence": True}, "a number from 0 to 100"),
        ({"feedback": ["TOO_DARK"]}, "feedback is 'TOO_DARK'"),
        ({"feedback": ["FACE_NOT_VISIBLE"] * 11}, "10 at most"),
        ({"feedback": "TOO_DARK"}, "feedback is 'TOO_DARK'"),
        ({"feedback": None}, "feedback is None: a list is needed"),
        ({"reference_image": "nobody.jpg"}, r"reference_image names a file that cannot be read, 'nobody\.jpg'"),
        ({"reference_image": 5}, "reference_image: an image is bytes"),
        ({"audit_images": 5}, "audit_images is 5: a list is needed"),
        ({"audit_images": [5]}, "audit_images: an image is bytes"),
        ({"reference_image": b"GIF89a"}, "does not take"),
        ({"audit_images": [IMAGE.bytes + bytes(204_801)]}, "204,800 bytes at most"),
        ({"sdk_type": ""}, "1 to 64 characters"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused(members, told):
    """A mistake in a test is told at once, without any image's bytes."""
    with pytest.raises(UsageError, match=told):
        Liveness().outcome(**members)


@pytest.mark.parametrize("session_id", ["typo", "", 5, ["typo"]])
def test_an_outcome_of_no_session_is_refused(liveness, client, session_id):
    """An outcome is said of a session that a region has given out, else the test would wait for it in vain."""
    created(client)
    with pytest.raises(UsageError, match=r"there is no session .*CreateFaceLivenessSession has answered"):
        liveness.outcome(session_id, status="FAILED")


def test_an_outcome_is_said_of_a_session_of_any_region(harness, liveness):
    """The id alone says which session is meant, whatever the region."""
    elsewhere = harness.client(region_name="eu-west-1")
    session_id = created(elsewhere)
    liveness.outcome(session_id, status="FAILED")
    assert "FAILED" == results(elsewhere, session_id)["Status"]


@pytest.mark.parametrize("form", [bytes, bytearray, Path, str, lambda _: IMAGE])
def test_one_image_and_one_code_need_no_list(client, liveness, tmp_path, form):
    """An audit image alone, in any form that an image has, and a code alone are lists of one."""
    path = tmp_path / "face.jpg"
    path.write_bytes(IMAGE.bytes)
    image = form(path) if form in {Path, str} else form(IMAGE.bytes)
    liveness.outcome(reference_image=image, audit_images=image, feedback="LOW_LIGHTING_DETECTED")
    answer = results(client, created(client, Settings={"AuditImagesLimit": 4}))
    assert [IMAGE.bytes] == [found["Bytes"] for found in answer["AuditImages"]]
    assert IMAGE.bytes == answer["ReferenceImage"]["Bytes"]
    assert ["LOW_LIGHTING_DETECTED"] == [found["Code"] for found in answer["Feedback"]]
