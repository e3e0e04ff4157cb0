import datetime as dt
import enum
import io
import math
import pickle
import uuid
from copy import deepcopy
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.builders import build
from pytest_rekognition.contract import Contract
from pytest_rekognition.contract.explain import agrees, faults
from pytest_rekognition.contract.outgoing import to_wire
from pytest_rekognition.errors import UnknownOperationError
from pytest_rekognition.exchange import ErrorReply, Exchange

FACE = "12345678-1234-4234-8234-123456789abc"
IMAGE = {"Image": {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}}


#: Where the one face of `detected` lies.
AT = "$.FaceDetails[0]"


def detected(change=None, **overrides):
    response = build("DetectFaces", **overrides)
    if change:
        change(response["FaceDetails"][0])
    return response


def found(violations):
    return [(violation.path, violation.rule, violation.severity) for violation in violations]


def walk(payload, steps=()):
    """Every part of a payload below its root, with the structure that holds it and its JSON path."""
    children = payload.items() if isinstance(payload, dict) else enumerate(payload)
    for name, value in list(children):
        path = (*steps, f"[{name}]" if isinstance(name, int) else f".{name}")
        yield payload, name, value, "$" + "".join(path)
        if isinstance(value, dict | list):
            yield from walk(value, path)


# --- one constraint broken at a time -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "path", "rule", "severity"),
    [
        (lambda face: face.update(Confidence=250), f"{AT}.Confidence", "maximum", "breach"),
        (lambda face: face.update(Confidence="99"), f"{AT}.Confidence", "type", "breach"),
        (lambda face: face.update(Confidence=True), f"{AT}.Confidence", "type", "breach"),
        (lambda face: face.update(Confidence=None), f"{AT}.Confidence", "type", "breach"),
        (lambda face: face.update(Confidence=math.nan), f"{AT}.Confidence", "type", "breach"),
        (lambda face: face.update(Confidence=math.inf), f"{AT}.Confidence", "type", "breach"),
        (lambda face: face.update(Confidence=b"99"), f"{AT}.Confidence", "type", "breach"),
        (lambda face: face.pop("Pose"), f"{AT}.Pose", "required", "breach"),
        (lambda face: face.pop("Landmarks"), f"{AT}.Landmarks", "required", "breach"),
        (lambda face: face["Quality"].update(Sharpness=160), f"{AT}.Quality.Sharpness", "maximum", "breach"),
        (lambda face: face["Pose"].update(Roll=-181), f"{AT}.Pose.Roll", "minimum", "breach"),
        (lambda face: face["BoundingBox"].update(Top="0"), f"{AT}.BoundingBox.Top", "type", "breach"),
        (lambda face: face["Landmarks"][0].update(Type="tail"), f"{AT}.Landmarks[0].Type", "enum", "drift"),
        (lambda face: face["Landmarks"][0].update(Type=5), f"{AT}.Landmarks[0].Type", "type", "breach"),
        (lambda face: face.update(Aura="red"), f"{AT}.Aura", "additionalProperties", "drift"),
        (lambda face: face.update({"odd name": 1}), AT + '["odd name"]', "additionalProperties", "drift"),
        (lambda face: face.update({1: 2}), f"{AT}[1]", "additionalProperties", "breach"),
    ],
)  # fmt: skip
def test_a_broken_constraint_is_reported_at_its_path(change, path, rule, severity):
    """A response with one constraint broken yields exactly that violation."""
    assert [(path, rule, severity)] == found(Contract("DetectFaces").check_response(detected(change)))


@pytest.mark.parametrize(
    ("operation", "request_", "path", "rule"),
    [
        ("DetectFaces", {}, "$.Image", "required"),
        ("DetectFaces", {**IMAGE, "Attributes": ["SHOES"]}, "$.Attributes[0]", "enum"),
        ("DetectFaces", {**IMAGE, "Colour": 1}, "$.Colour", "additionalProperties"),
        ("DetectFaces", {"Image": {"Bytes": b""}}, "$.Image.Bytes", "minLength"),
        ("DetectFaces", {"Image": {"Bytes": b"x" * 5_242_884}}, "$.Image.Bytes", "maxLength"),
        ("IndexFaces", {**IMAGE, "CollectionId": "no spaces"}, "$.CollectionId", "pattern"),
        ("IndexFaces", {**IMAGE, "CollectionId": "staff\n"}, "$.CollectionId", "pattern"),
        ("IndexFaces", {**IMAGE, "CollectionId": "a", "MaxFaces": 0}, "$.MaxFaces", "minimum"),
        ("SearchFaces", {"CollectionId": "a" * 256, "FaceId": FACE}, "$.CollectionId", "maxLength"),
        ("DeleteFaces", {"CollectionId": "a", "FaceIds": []}, "$.FaceIds", "minItems"),
    ],
)  # fmt: skip
def test_a_request_that_is_none_is_a_breach(operation, request_, path, rule):
    """In a request everything undocumented is a breach, unknown members and values too."""
    assert [(path, rule, "breach")] == found(Contract(operation).check_request(request_))


@pytest.mark.parametrize("operation", catalog.operations())
def test_every_member_is_held_to_its_type(operation):
    """In every operation's response, any one value of the wrong type is reported at its own path."""
    contract = Contract(operation)
    response = build(operation)
    for holder, name, value, path in walk(response):
        holder[name] = 5 if isinstance(value, dict | list | str) else {}
        assert (path, "type", "breach") in found(contract.check_response(response))
        holder[name] = value
    assert contract.check_response(response) == []


@pytest.mark.parametrize("operation", catalog.operations())
def test_every_structure_reports_members_it_does_not_know(operation):
    """In every operation's response an unknown member is drift, at its own path, and nothing else is said."""
    contract = Contract(operation)
    response = build(operation)
    maps = "$.Tags" if operation == "ListTagsForResource" else None
    for path, holder in [("$", response), *((path, value) for _, _, value, path in walk(response))]:
        if isinstance(holder, dict) and path != maps:
            holder["Unheard"] = 1
            assert [(f"{path}.Unheard", "additionalProperties", "drift")] == found(
                contract.check_response(response)
            )
            del holder["Unheard"]


def test_every_fault_is_reported_sorted_by_path():
    """All that is wrong is reported at once, list items in the order of their numbers."""
    response = build("DetectFaces", faces=12)
    for face in response["FaceDetails"]:
        face["Confidence"] = -1
        face["Aura"] = face["Mood"] = 1
    paths = [violation.path for violation in Contract("DetectFaces").check_response(response)]
    names = ("Aura", "Confidence", "Mood")
    assert [f"$.FaceDetails[{index}].{name}" for index in range(12) for name in names] == paths


def test_growth_of_a_large_response_is_told_without_reading_all_of_it():
    """Where a fault lies is known from the verdict, so that only that part is explained."""
    response = build("DetectFaces", faces=100, request={"Attributes": ["ALL"]})
    response["FaceDetails"][70] |= {"Aura": 1, "Confidence": 101}
    del response["FaceDetails"][70]["Pose"]
    side = Contract("DetectFaces")._response
    at = ("FaceDetails", 70)
    assert {steps for steps, _ in side._places(response)} == {at, (*at, "Confidence")}
    paths = [violation.path for violation in Contract("DetectFaces").check_response(response)]
    assert [f"$.FaceDetails[70].{name}" for name in ("Aura", "Confidence", "Pose")] == paths


# --- what botocore hands over --------------------------------------------------------------------------------


def test_botocore_dicts_are_understood():
    """Datetimes, bytes and `ResponseMetadata` are as good as wire JSON, and nothing is changed in place."""
    liveness = build("GetFaceLivenessSessionResults") | {"ResponseMetadata": {"HTTPStatusCode": 200}}
    liveness["ReferenceImage"]["Bytes"] = b"\xff\xd8"
    liveness["AuditImages"][0]["Bytes"] = bytearray(b"\xff\xd8")
    before = deepcopy(liveness)
    assert Contract("GetFaceLivenessSessionResults").check_response(liveness) == []
    assert before == liveness
    for when in (dt.datetime.now(dt.UTC), dt.datetime(2024, 1, 1)):  # noqa: DTZ001  naive on purpose
        collection = build("DescribeCollection") | {"CreationTimestamp": when}
        assert Contract("DescribeCollection").check_response(collection) == []


def test_a_file_object_is_an_image_and_stays_where_it_was():
    """A file object, which botocore accepts as a blob, is looked at without being used up."""
    file = io.BytesIO(b"head and image")
    file.seek(5)
    assert Contract("DetectFaces").check_request({"Image": {"Bytes": file}}) == []
    assert file.read() == b"and image"


def test_bytes_and_datetimes_elsewhere_are_breaches():
    """Bytes where text is due, and a datetime where a number is due, are reported and never crash."""
    contract = Contract("SearchFacesByImage")
    request = {**IMAGE, "CollectionId": b"staff"}
    assert [("$.CollectionId", "type", "breach")] == found(contract.check_request(request))
    response = detected(lambda face: face.update(Confidence=dt.datetime.now(dt.UTC)))
    assert [(f"{AT}.Confidence", "type", "breach")] == found(Contract("DetectFaces").check_response(response))


class Ratio(float):
    """A number of some library."""


class Attribute(enum.StrEnum):
    """A project's own enumeration."""

    ALL = "ALL"


def test_subclasses_of_plain_types_are_plain():
    """Numbers and texts of other libraries, tuples and read-only mappings count as what they are on the wire."""
    contract = Contract("DetectFaces")
    request = MappingProxyType({"Image": MappingProxyType({"Bytes": b"x"}), "Attributes": (Attribute.ALL,)})
    assert contract.check_request(request) == []
    response = detected(lambda face: face.update(Confidence=Ratio(99)))
    assert contract.check_response(response) == []
    missing = {violation.path for violation in contract.check_response(response, request)}
    assert f"{AT}.Smile" in missing


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text()
    | st.binary() | st.sets(st.integers()) | st.datetimes(),
    lambda inner: st.lists(inner)
    | st.dictionaries(st.sampled_from(["FaceDetails", "Confidence", "Image"]) | st.integers(), inner),
))  # fmt: skip
def test_no_payload_crashes(payload):
    """Whatever stands in place of a payload gives violations, never an error."""
    contract = Contract("DetectFaces")
    assert contract.check_request(payload)
    for response in (payload, {"FaceDetails": payload}, {"FaceDetails": [payload]}):
        violations = contract.check_response(response, payload)
        assert violations or response["FaceDetails"] == []


def nested(depth):
    """Return a list in a list in a list."""
    payload = []
    for _ in range(depth):
        payload = [payload]
    return payload


def endless():
    payload = {}
    payload["FaceDetails"] = payload
    return payload


class Plain(enum.Enum):
    """An enumeration whose members are no text."""

    ALL = "eyeLeft"


#: no JSON, whatever member they stand in for
STRANGERS = [
    Decimal("1.5"), Decimal("NaN"), 1j, 10**400, -(10**4000), np.array([1, 2]), uuid.UUID(FACE),
    dt.datetime(2024, 1, 1, tzinfo=dt.UTC), dt.date(2024, 1, 1), Plain.ALL, object(), mock.Mock(),
    nested(60), nested(5000), endless(), {1, 2},
]  # fmt: skip
MEMBERS = [
    ("DetectFaces", ("FaceDetails", 0, "BoundingBox", "Left")),
    ("DetectFaces", ("FaceDetails", 0, "Landmarks", 0, "Type")),
    ("DetectFaces", ("FaceDetails", 0, "Confidence")),
    ("DetectFaces", ("FaceDetails",)),
    ("SearchFaces", ("FaceModelVersion",)),
    ("GetFaceDetection", ("Faces", 0, "Timestamp")),
]


@pytest.mark.parametrize(("operation", "steps"), MEMBERS)
@pytest.mark.parametrize("stranger", STRANGERS, ids=lambda stranger: type(stranger).__name__)
def test_what_is_no_json_is_a_breach_wherever_it_stands(operation, steps, stranger):
    """Any Python object in place of a value gives a breach and never an error, and cannot be answered either."""
    response = build(operation)
    *above, last = steps
    part = response
    for step in above:
        part = part[step]
    part[last] = stranger
    violations = Contract(operation).check_response(response)
    assert "breach" in {violation.severity for violation in violations}
    assert all(len(str(violation)) < 1000 for violation in violations)
    assert Contract(operation).check_request(stranger)
    Contract(operation).check_response(response, stranger)


@pytest.mark.parametrize("stranger", [Decimal("1.5"), 1j, {1}, math.nan, nested(5000), endless(), Plain.ALL])
def test_what_is_no_json_cannot_be_answered(stranger):
    """What `check_response` refuses as no JSON, `to_wire` refuses too."""
    with pytest.raises((TypeError, ValueError)):
        to_wire("DetectFaces", {"FaceDetails": [], "OrientationCorrection": stranger})
    assert Contract("DescribeCollection").check_response({"CreationTimestamp": stranger})


@pytest.mark.parametrize("number", [np.float32(1.5), np.float64(1.5), np.int64(1), Fraction(3, 2)])
def test_numbers_of_other_libraries_are_plain(number):
    """A number of numpy's is a number both to the contract and on the wire."""
    response = detected(lambda face: face["Pose"].update(Yaw=number))
    assert Contract("DetectFaces").check_response(response) == []
    sent = to_wire("DetectFaces", response)["FaceDetails"][0]["Pose"]["Yaw"]
    assert float(number) == sent
    assert type(sent) in (int, float)


#: Characters that this Python's Unicode has not are letters to an engine with a newer one.
TEXTS = st.text(st.characters(exclude_categories=("Cn", "Cs")))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)


@given(st.data(), st.sampled_from(catalog.operations()), JSON)
def test_both_validators_give_the_same_verdict(data, operation, value):
    """jsonschema-rs, which judges, and jsonschema, which explains, agree on a response with one value replaced."""
    response = build(operation)
    parts = list(walk({"root": response}))
    holder, name, *_ = data.draw(st.sampled_from(parts))
    holder[name] = value
    response = response if name != "root" else value
    side = Contract(operation)._response
    assert agrees(side._schema, response) is side._accepts(response)
    places = side._places(response)
    assert faults(side._schema, response, places) == faults(side._schema, response)


@pytest.mark.parametrize("name", ["", "0", "a"])
def test_the_names_of_a_map_are_no_steps_of_another_kind(name):
    """A tag whose name is empty or a number is told by its path like any other."""
    violations = Contract("ListTagsForResource").check_response({"Tags": {name: None}})
    assert ("type", None) in [(violation.rule, violation.value) for violation in violations]


# --- messages ------------------------------------------------------------------------------------------------


def test_messages_say_what_is_wrong_and_what_the_contract_says():
    """A message is one sentence about the value and the documented limit."""
    (violation,) = Contract("DetectFaces").check_response(detected(lambda face: face.update(Confidence=250)))
    assert str(violation) == f"{AT}.Confidence: is 250, outside the documented 0 to 100"
    (violation,) = Contract("DetectFaces").check_response(detected(lambda face: face.update(Pose=None)))
    assert "an absent member is absent, never null" in violation.message
    (violation,) = Contract("DetectFaces").check_request({**IMAGE, "Attributes": ["SHOES"]})
    assert "'SHOES'" in violation.message
    assert "AGE_RANGE" in violation.message


def test_messages_never_print_images():
    """Image bytes and their base64 text are told by their size."""
    for image in (b"secret" * 100, "c2VjcmV0" * 1000 + "!!!!", "secret!!"):
        request = {"Image": {"Bytes": image, "Extra": image}, "Attributes": image}
        for violation in (
            *Contract("DetectFaces").check_request(request),
            *Contract("DetectFaces").check_request({"Image": {"Bytes": image * 10**4}}),
        ):
            assert len(violation.message) < 300
            assert "secretsecret" not in violation.message
            assert "c2VjcmV0c2VjcmV0" not in violation.message


# --- errors, exchanges, the object ---------------------------------------------------------------------------


def test_a_documented_error_passes():
    """An error that the operation documents, or that any operation may give, is no violation."""
    contract = Contract("DetectFaces")
    assert contract.check_error("InvalidImageFormatException", "Request has invalid image format", 400) == []
    assert contract.check_error("ThrottlingException", "Slow down", 400) == []
    assert contract.check_error("UnrecognizedClientException", "The security token is invalid.") == []


@pytest.mark.parametrize(
    ("error", "path", "rule"),
    [
        (("ResourceNotFoundException", "no collection", 400), "$.__type", "documented-error"),
        (("NoSuchError", "?", 400), "$.__type", "documented-error"),
        ((None, "?", 400), "$.__type", "documented-error"),
        (("InvalidImageFormatException", None, 400), "$.Message", "type"),
        (("InvalidImageFormatException", "bad", 500), "$", "error-status"),
    ],
)
def test_an_error_that_nobody_documents_is_a_breach(error, path, rule):
    """An undocumented code, a message that is no text and another HTTP status are breaches."""
    violations = Contract("DetectFaces").check_error(*error)
    assert [(path, rule, "breach")] == found(violations)
    assert {violation.side for violation in violations} == {"error"}


def test_an_exchange_is_checked_on_all_its_sides():
    """`check` reports the request's violations, then the response's or the error's."""
    contract = Contract("DetectFaces")
    good = Exchange(operation="DetectFaces", request=IMAGE, response=build("DetectFaces"))
    assert contract.check(good) == []
    bad = Exchange(operation="DetectFaces", request={**IMAGE, "Attributes": "ALL"}, response={})
    assert [violation.side for violation in contract.check(bad)] == ["request", "response"]
    failed = Exchange(operation="DetectFaces", request={}, error=ErrorReply("NoSuchError", ""), status=400)
    assert [violation.side for violation in contract.check(failed)] == ["request", "error"]


def test_one_contract_an_operation():
    """A contract is the same object by either name, and stays one through pickling."""
    contract = Contract("DetectFaces")
    assert contract is Contract("detect_faces")
    assert contract is pickle.loads(pickle.dumps(contract))  # noqa: S301  our own
    assert repr(contract) == "Contract('DetectFaces')"
    assert contract.operation == "DetectFaces"


def test_an_unknown_operation_is_refused():
    """A name that is no operation raises, with the nearest one named."""
    with pytest.raises(UnknownOperationError, match="did you mean 'DetectFaces'"):
        Contract("DetectFace")
