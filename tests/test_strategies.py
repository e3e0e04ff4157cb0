"""The strategies for faces: one coherent head each, in the ranges that recordings showed."""

import json
import math
import os
import struct
import subprocess
import sys

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument, NoSuchExample

from pytest_rekognition import Contract, catalog
from pytest_rekognition import strategies as rk
from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS, DEFAULT_MEMBERS, OPTIONAL_MEMBERS, TWO_VALUED
from pytest_rekognition.contract.wire_values import without_sdk_members
from pytest_rekognition.geometry import MAIN_LANDMARKS, Box

#: The thorough profile: PYTEST_REKOGNITION_EXAMPLES=1000 pytest tests/test_strategies*.py
EXAMPLES = os.environ.get("PYTEST_REKOGNITION_EXAMPLES")
profile = settings(max_examples=int(EXAMPLES or 60), derandomize=EXAMPLES is None, deadline=None, database=None)
#: To find an example, not the least one.
anyone = settings(max_examples=5000, phases=[Phase.generate], derandomize=True, database=None, deadline=None)
IMAGE = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}}
ATTRIBUTES = st.one_of(
    st.just(("ALL",)),
    st.just(("DEFAULT",)),
    st.lists(st.sampled_from(sorted(ATTRIBUTE_MEMBERS)), unique=True).map(tuple),
)


def floats(value):
    """Yield every float of a payload."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from floats(part)
    elif isinstance(value, float):
        yield value


def is_single(value):
    return value == struct.unpack("<f", struct.pack("<f", value))[0]


def points(landmarks):
    return {mark["Type"]: (mark["X"], mark["Y"]) for mark in landmarks}


@profile
@given(st.data(), ATTRIBUTES)
def test_faces_keep_the_contract(data, attributes):
    """A face has the members that the attributes bring, and breaks nothing and has not drifted."""
    face = data.draw(rk.face_details(attributes=attributes))
    request = IMAGE | ({"Attributes": list(attributes)} if attributes else {})
    violations = Contract("DetectFaces").check_response({"FaceDetails": [face]}, request)
    assert [] == [violation for violation in violations if violation.severity != "note"]
    assert set(DEFAULT_MEMBERS) <= face.keys()


@profile
@given(rk.face_details())
def test_a_face_is_as_measured(face):
    """Numbers are 32-bit floats, ages in order, emotions sorted, likelier values named, pupils where eyes are."""
    assert [] == [value for value in floats(face) if not is_single(value)]
    assert 2 <= face["AgeRange"]["High"] - face["AgeRange"]["Low"] <= 20
    assert face["Emotions"] == sorted(face["Emotions"], key=lambda emotion: -emotion["Confidence"])
    assert all(face[name]["Confidence"] >= 50 for name in TWO_VALUED if name in face)
    assert all(0 <= value <= 100 for value in face["Quality"].values())
    where = points(face["Landmarks"])
    assert (where["eyeLeft"], where["eyeRight"]) == (where["leftPupil"], where["rightPupil"])
    assert {3: 25, 7: 30, 8: 30}[len(face["Emotions"])] == len(where)


@profile
@given(rk.face_details())
def test_open_eyes_are_open(face):
    """The lids of open eyes are further apart than those of shut ones."""
    where = points(face["Landmarks"])
    across, down = face["BoundingBox"]["Width"], face["BoundingBox"]["Height"]
    up, low = where["leftEyeUp"], where["leftEyeDown"]
    gap = math.hypot((up[0] - low[0]) / across, (up[1] - low[1]) / down)
    frontal = all(abs(angle) < 10 for angle in face["Pose"].values())
    assert not frontal or (gap > 0.022) == face["EyesOpen"]["Value"]


@profile
@given(rk.bounding_boxes())
def test_boxes_reach_no_further_than_measured(box):
    """A box lies in the image, or a little outside."""
    assert 0 < box["Width"] <= 1
    assert 0 < box["Height"] <= 1
    assert box["Left"] >= -0.01451
    assert box["Top"] >= -0.15001
    assert box["Left"] + box["Width"] <= 1.07071
    assert box["Top"] + box["Height"] <= 1.00781


@profile
@given(rk.bounding_boxes(), rk.poses(), st.sampled_from((30, 25, 5)), st.data())
def test_landmarks_lie_by_their_box(box, pose, count, data):
    """Landmarks are as many as asked for, each type once, in or near the box that is given."""
    marks = data.draw(rk.landmarks(box=box, pose=pose, count=count))
    assert count == len(points(marks)) == len(marks)
    for name, (x, y) in points(marks).items():
        margin = 0.35 if name in MAIN_LANDMARKS else 0.65
        assert -margin <= (x - box["Left"]) / box["Width"] <= 1 + margin
        assert -margin <= (y - box["Top"]) / box["Height"] <= 1 + margin


def test_a_head_turns_as_its_pose_says():
    """Yaw turns the nose to the image's right, Pitch lifts it, Roll turns clockwise, up to upside down."""
    box, frontal = Box(0.4, 0.4, 0.2, 0.3), {"Roll": 0, "Yaw": 0, "Pitch": 0}

    def posed(**pose):
        return points(find(rk.landmarks(box=box, pose=frontal | pose), lambda _: True))

    nose, eyes = posed()["nose"], posed()["eyeLeft"]
    assert posed(Yaw=40)["nose"][0] > nose[0]
    assert posed(Pitch=30)["nose"][1] < nose[1]
    assert posed(Roll=30)["eyeLeft"][1] < eyes[1]
    assert posed(Roll=165)["eyeLeft"][0] > posed(Roll=165)["eyeRight"][0]


def test_a_face_shrinks_to_a_plain_one():
    """The least face is frontal, centred, calm, and the same in every run."""
    face = find(rk.face_details(), lambda _: True)
    assert {"Width": 0.25, "Height": 0.375, "Left": 0.375, "Top": 0.3125} == face["BoundingBox"]
    assert {"Roll": 0.0, "Yaw": 0.0, "Pitch": 0.0} == face["Pose"]
    assert {"Low": 26, "High": 34} == face["AgeRange"]
    assert {"Type": "CALM", "Confidence": 99.5} == face["Emotions"][0]
    assert {"EyesOpen"} == {
        name for name, member in face.items() if isinstance(member, dict) and member.get("Value") is True
    }
    assert OPTIONAL_MEMBERS <= face.keys()
    assert 30 == len(face["Landmarks"])
    eyes = points(face["Landmarks"])
    assert eyes["eyeLeft"][1] == eyes["eyeRight"][1]


def test_a_failing_face_shrinks_to_what_fails():
    """Only what a failure needs differs from the plain face."""
    plain = find(rk.face_details(), lambda _: True)
    beside = settings(max_examples=2000, database=None, deadline=None)

    def fails(face):
        return len(face["Landmarks"]) == 30 and face["Pose"]["Yaw"] > 20 and face["Smile"]["Value"]

    face = find(rk.face_details(), fails, settings=beside)
    unlike = {name for name in plain if face.get(name) != plain[name]} - {"Landmarks"}
    assert {"Smile", "Pose"} == unlike
    assert (0.0, 0.0) == (face["Pose"]["Roll"], face["Pose"]["Pitch"])


@profile
@given(rk.emotions())
def test_emotions_come_in_the_recorded_numbers(emotions):
    """A face has 8, 7 or 3 emotions, each once, and no FEAR before there was one."""
    names = [emotion["Type"] for emotion in emotions]
    assert len(set(names)) == len(names)
    assert len(names) in {3, 7, 8}
    assert "FEAR" not in names or len(names) == 8


@pytest.mark.parametrize(
    "strategy",
    [
        rk.face_details(attributes="ALL"),
        rk.face_details(attributes=("all",)),
        rk.landmarks(count=29),
        rk.landmarks(box={"Left": 0}),
        rk.landmarks(box=Box(0, 0, 0, 1)),
        rk.landmarks(pose={"Roll": 0, "Yaw": 0, "Pitch": "0"}),
        rk.landmarks(pose={"Roll": 0, "Yaw": 0, "Pitch": float("nan")}),
        rk.requests("DetectFace"),
        rk.responses("DetectFaces", {"Image": {}}),
        rk.responses("DetectFaces", {}),
        rk.pages("DetectFaces"),
        rk.variants("ListUsers", {"CollectionId": "no spaces"}),
    ],
    ids=repr,
)
def test_bad_arguments_are_refused_when_used(strategy):
    """A strategy may be made of anything; using it raises Hypothesis' own InvalidArgument."""
    with pytest.raises(InvalidArgument):
        find(strategy, lambda _: True)


def test_the_plugin_does_not_import_hypothesis():
    """Hypothesis is imported when strategies are asked for, never with the plugin."""
    script = "import sys, pytest_rekognition.plugin; sys.exit('hypothesis' in sys.modules)"
    assert 0 == subprocess.run([sys.executable, "-c", script], check=False).returncode


def test_the_names_are_all_exported():
    """`__all__` is what the package offers, sorted."""
    assert rk.__all__ == sorted(rk.__all__)
    assert [] == [name for name in rk.__all__ if not (getattr(rk, name).__doc__ or "").strip()]


# --- beside the recordings -----------------------------------------------------------------------------------


def recorded_faces(value):
    """Yield every face with landmarks of a recorded document."""
    if isinstance(value, dict):
        if "Landmarks" in value:
            yield value
        value = list(value.values())
    for part in value if isinstance(value, list) else ():
        yield from recorded_faces(part)


def test_recorded_faces_could_have_been_drawn(shared):
    """Every recorded face has a member set, a landmark order and numbers that the strategies give too."""
    from pytest_rekognition.strategies import head, recipes

    documents = [json.loads(path.read_text("utf-8")) for path in shared.glob("real-responses/*/*.json")]
    faces = [face for document in documents for face in recorded_faces(document["response"])]
    assert faces
    orders = {names for several in head.ORDERS.values() for names in several}
    everything = set(DEFAULT_MEMBERS) | OPTIONAL_MEMBERS
    sets = [set(DEFAULT_MEMBERS), everything, everything - {"EyeDirection", "FaceOccluded"}]
    for face in faces:
        assert tuple(mark["Type"] for mark in face["Landmarks"]) in orders
        assert face.keys() in [*sets, {*DEFAULT_MEMBERS, "Emotions", "Smile"}]
        assert all(abs(face["Pose"][name]) <= most for name, most in (("Roll", 180), ("Yaw", 90), ("Pitch", 45)))
        assert 55 <= face["Confidence"] <= 100
        box = face["BoundingBox"]
        assert recipes.BOX.make(-1000, 0, 0, 0)["Height"] <= box["Height"] <= 1
        assert -0.0145 <= box["Left"]
        assert box["Left"] + box["Width"] <= 1.07074
        for mark in face["Landmarks"]:
            assert -0.2 <= mark["X"] <= 1.2
        assert len(face.get("Emotions", [0] * 8)) in {3, 7, 8}
        ages = face.get("AgeRange", {"Low": 26, "High": 34})
        assert 2 <= ages["High"] - ages["Low"] <= 20


def traits(value, path="$"):
    """Yield the member sets and the numbers of a payload, each with its path."""
    if isinstance(value, dict):
        yield path, frozenset(value)
        for name, part in value.items():
            yield from traits(part, f"{path}.{name}")
    elif isinstance(value, list):
        for part in value:
            yield from traits(part, f"{path}[]")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield path, value


#: Numbers that count a list's items: drawn lists are short.
COUNTS = {"$.Persons[].Id", "$.Persons[].Person.Index"}


class Unseen:
    """What of recorded responses was not drawn so far: member sets, numbers about as small or as large."""

    def __init__(self, responses):
        found = [trait for response in responses for trait in traits(response) if trait[0] not in COUNTS]
        self.members = {trait for trait in found if isinstance(trait[1], frozenset)}
        numbers = sorted(trait for trait in found if not isinstance(trait[1], frozenset))
        self.most, self.least = dict(numbers), dict(reversed(numbers))

    def see(self, drawn):
        """Strike out what a drawn response has; tell whether all has been seen."""
        for path, value in traits(drawn):
            if isinstance(value, frozenset):
                self.members.discard((path, value))
            else:
                near = abs(value) / 100
                if path in self.least and value - near <= self.least[path]:
                    del self.least[path]
                if path in self.most and value + near >= self.most[path]:
                    del self.most[path]
        return not (self.members or self.least or self.most)


def recorded_responses(shared):
    """Return the whole recorded responses by their operation, without what the SDKs add."""
    found = {}
    for path in sorted(shared.glob("real-responses/*/*.json")):
        document = json.loads(path.read_text("utf-8"))
        faces = document["response"].get("FaceDetails", ())
        if document["kind"] != "edited" and all("Landmarks" in face for face in faces):
            response = without_sdk_members(document["response"])
            found.setdefault(document["operation"], []).append(response)
    return found


def test_recorded_responses_lie_among_the_drawn_ones(shared):
    """The strategies give every recorded member set, and numbers that reach as far as the recorded ones."""
    left = {}
    for operation, responses in recorded_responses(shared).items():
        unseen = Unseen(responses)
        try:
            find(rk.responses(operation), unseen.see, settings=anyone)
        except NoSuchExample:
            left[operation] = vars(unseen)
    assert {} == left


def test_recorded_emotions_can_be_drawn(shared):
    """Every recorded set of emotions is one that the strategies give."""
    faces = [face for several in recorded_responses(shared).values() for face in recorded_faces(several)]
    recorded = {frozenset(emotion["Type"] for emotion in face["Emotions"]) for face in faces if "Emotions" in face}
    assert {3, 7, 8} == {len(names) for names in recorded}
    for names in recorded:
        find(rk.emotions(), lambda found: names == {emotion["Type"] for emotion in found}, settings=anyone)  # noqa: B023  used at once


def strange(schema, payload, path="$"):
    """Yield what of a payload its compiled schema never gives."""
    from pytest_rekognition.strategies.shapes import resolved

    schema = resolved(schema)
    if isinstance(payload, dict) and "properties" in schema:
        unlike = payload.keys() - schema["properties"].keys() | set(schema.get("required", ())) - payload.keys()
        yield from (f"{path}.{name}" for name in sorted(unlike))
        for name, part in payload.items():
            yield from strange(schema["properties"].get(name, {}), part, f"{path}.{name}")
    elif isinstance(payload, list):
        for part in payload:
            yield from strange(schema["items"], part, f"{path}[]")
    elif "enum" in schema and payload not in schema["enum"]:
        yield path


def test_recorded_documents_could_have_been_drawn(shared):
    """Every recorded response has members that its operation's strategy gives too, unless it was edited."""
    unlike = {}
    for path in sorted(shared.glob("real-responses/*/*.json")):
        document = json.loads(path.read_text("utf-8"))
        response = without_sdk_members(document["response"])
        found = list(strange(catalog.schema(document["operation"], "response"), response))
        if found:
            unlike[path.stem] = found
    # the landmarks of that one were not published
    names = {path for paths in unlike.values() for path in paths}
    edited = {f"$.FaceRecords[].Face.{name}" for name in ("bucket", "key", "metadata")}
    assert {"$.FaceDetails[].Landmarks", *edited} == names
