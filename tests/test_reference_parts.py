import dataclasses
import threading
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import catalog, strategies
from pytest_rekognition.backends import reference
from pytest_rekognition.backends.reference import Detector, ReferenceBackend, detector
from pytest_rekognition.backends.reference.clock import Clock
from pytest_rekognition.backends.reference.faces import face_detail as face_of
from pytest_rekognition.backends.reference.ids import Ids, image_id
from pytest_rekognition.backends.reference.images import MAX_S3_BYTES
from pytest_rekognition.backends.reference.java import as_float, printed
from pytest_rekognition.backends.reference.knowledge import Knowledge, known_face
from pytest_rekognition.backends.reference.neighbours import UnavailableObjectError
from pytest_rekognition.backends.reference.paging import SortedKeys, limited, page
from pytest_rekognition.backends.reference.requests_seen import KEPT, RequestsSeen
from pytest_rekognition.backends.reference.requests_seen import MOST as MOST_TOKENS
from pytest_rekognition.backends.reference.validation import check_request, present_members
from pytest_rekognition.builders import face_detail
from pytest_rekognition.contract import Contract
from pytest_rekognition.drawing import draw
from pytest_rekognition.errors import ServiceError, UsageError
from pytest_rekognition.exchange import Call
from pytest_rekognition.wire_request import WireRequest

LONG = "x" * 256


def refusal(operation, **request):
    with pytest.raises(ServiceError) as caught:
        check_request(operation, request)
    return caught.value.code, caught.value.message


# --- validation ----------------------------------------------------------------------------------------------


ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
MATCHES = "satisfy regular expression pattern: "
KNOWN = "11111111-2222-4333-8444-555555555555"
ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/p"
DATASET = (
    r"(^arn:[a-z\d-]+:rekognition:[a-z\d-]+:\d{12}:project\/[a-zA-Z0-9_.\-]{1,255}\/dataset\/(train|test)\/"
    r"[0-9]+$)"
)
TAG_KEY = (
    "Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member"
    rf" must {MATCHES}^(?!aws:)[\p{{L}}\p{{Z}}\p{{N}}_.:/=+\-@]*$"
)
MOST = 5_242_880


def buffer(size):
    return f"'java.nio.HeapByteBuffer[pos=0 lim={size} cap={size}]'"


@pytest.mark.parametrize(
    ("operation", "request_", "faults"),
    [
        (
            "DeleteFaces",
            {"CollectionId": "a", "FaceIds": []},
            [("'[]'", "faceIds", "have length greater than or equal to 1")],
        ),
        (
            "CreateCollection",
            {"CollectionId": "no spaces"},
            [("'no spaces'", "collectionId", MATCHES + r"[a-zA-Z0-9_.\-]+")],
        ),
        (
            "CreateCollection",
            {"CollectionId": LONG},
            [(f"'{LONG}'", "collectionId", "have length less than or equal to 255")],
        ),
        ("CreateCollection", {}, [("null", "collectionId", "not be null")]),
        (
            "SearchFaces",
            {"CollectionId": "a", "FaceId": "x", "MaxFaces": 0},
            [("'x'", "faceId", MATCHES + ID), ("'0'", "maxFaces", "have value greater than or equal to 1")],
        ),
        (
            "IndexFaces",
            {"CollectionId": "a", "Image": {"Bytes": b"x"}, "QualityFilter": "BEST"},
            [("'BEST'", "qualityFilter", "satisfy enum value set: [NONE, AUTO, LOW, MEDIUM, HIGH]")],
        ),
        (
            "DeleteFaces",
            {"CollectionId": "a", "FaceIds": ["nobody", KNOWN, "no one"]},
            [(f"'[nobody, {KNOWN}, no one]'", "faceIds", f"satisfy constraint: [Member must {MATCHES}{ID}]")],
        ),
        (
            "UntagResource",
            {"ResourceArn": ARN, "TagKeys": ["team", ""]},
            [("'[team, ]'", "tagKeys", f"satisfy constraint: [{TAG_KEY}]")],
        ),
        (
            "DescribeDataset",
            {"DatasetArn": ARN},
            [(f"'{ARN}'", "datasetArn", MATCHES + DATASET)],
        ),
        (
            "DistributeDatasetEntries",
            {"Datasets": [{"Arn": f"{ARN}/dataset/train/1"}, {"Arn": ARN}]},
            [(f"'{ARN}'", "datasets.2.member.arn", MATCHES + DATASET)],
        ),
        (
            "CompareFaces",
            {"SourceImage": {"Bytes": b""}, "TargetImage": {"Bytes": b"\0" * (MOST + 1)}},
            [
                (buffer(0), "sourceImage.bytes", "have length greater than or equal to 1"),
                (buffer(MOST + 1), "targetImage.bytes", f"have length less than or equal to {MOST}"),
            ],
        ),
    ],
)
def test_a_broken_constraint_is_told_in_the_services_words(operation, request_, faults):
    """Lengths, patterns, enumerations and missing members are a ValidationException with a text each."""
    texts = [
        f"Value {value} at '{place}' failed to satisfy constraint: Member must {words}"
        for value, place, words in faults
    ]
    count = f"{len(faults)} validation error{'s' if len(faults) > 1 else ''} detected: "
    assert ("ValidationException", count + "; ".join(texts)) == refusal(operation, **request_)


BIG = "class com.amazon.coral.value.json.numbers.TruncatingBigNumber can not be converted to a"
STRUCTURE = "Start of structure or map found where not expected."
LIST = "Start of list found where not expected"


@pytest.mark.parametrize(
    ("operation", "request_", "message"),
    [
        (
            "DetectModerationLabels",
            {"MinConfidence": "80"},
            "class java.lang.String can not be converted to an Float",
        ),
        (
            "SearchFaces",
            {"FaceMatchThreshold": True},
            "class java.lang.Boolean can not be converted to an Float",
        ),
        ("SearchFaces", {"MaxFaces": "7"}, "class java.lang.String can not be converted to an Integer"),
        (
            "StartStreamProcessor",
            {"StartSelector": {"KVSStreamStartSelector": {"ProducerTimestamp": "7"}}},
            "class java.lang.String can not be converted to an Long",
        ),
        ("CreateCollection", {"CollectionId": 7}, f"{BIG}n String"),
        ("CreateCollection", {"CollectionId": {}}, STRUCTURE),
        ("CreateCollection", {"CollectionId": ["a"]}, LIST),
        ("DeleteFaces", {"FaceIds": ["a", 7]}, f"{BIG}n String"),
        ("DeleteFaces", {"FaceIds": "a"}, "Expected list or null"),
        ("TagResource", {"Tags": 7}, "Expected map or null"),
        ("DetectFaces", {"Image": 1}, "Expected null"),
        ("DetectFaces", {"Image": {"Bytes": 1}}, f"{BIG} Blob"),
        ("DetectFaces", {"Image": []}, LIST),
    ],
)
def test_a_member_of_another_type_is_a_serialization_exception(operation, request_, message):
    """What cannot be read is told as it was recorded for a text in a number's place, before any constraint."""
    assert ("SerializationException", message) == refusal(operation, **request_)
    assert catalog.documents_error(operation, "SerializationException")


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("CreateCollection", {"CollectionId": "a", "Colour": "red"}),
        ("DeleteFaces", {"CollectionId": "a", "FaceIds": [None]}),
        ("TagResource", {"ResourceArn": ARN, "Tags": {"team": None}}),
    ],
)
def test_what_makes_no_sense_is_a_parameter_error(operation, request_):
    """An unknown member, and a null in a list or a map, is the service's parameter error, never a crash."""
    assert ("InvalidParameterException", "Request has invalid parameters") == refusal(operation, **request_)


@pytest.mark.parametrize(
    ("value", "shown", "limits"),
    [
        (150, "150.0", ["less than or equal to 100"]),
        (-0.1, "-0.1", ["greater than or equal to 0"]),
        (100.00001, "100.00001", ["less than or equal to 100"]),
        (20_000_000, "2.0E7", ["less than or equal to 100"]),
        (-1e-5, "-1.0E-5", ["greater than or equal to 0"]),
        (1e300, "Infinity", ["less than or equal to 100"]),
        (-(10**400), "-Infinity", ["greater than or equal to 0"]),
        (float("nan"), "NaN", ["less than or equal to 100"]),
        (100.000000001, None, []),
    ],
)
def test_fractions_are_printed_and_compared_as_java_does(value, shown, limits):
    """A fraction is a Java Float: 32 bits, printed with a point, and a NaN is above every number."""
    request_ = {"CollectionId": "a", "FaceId": KNOWN, "FaceMatchThreshold": value}
    if not limits:
        check_request("SearchFaces", request_)
        return
    (limit,) = limits
    text = f"Value '{shown}' at 'faceMatchThreshold' failed to satisfy constraint: Member must have value {limit}"
    assert ("ValidationException", f"1 validation error detected: {text}") == refusal("SearchFaces", **request_)


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_a_printed_fraction_is_read_back(value):
    """What is printed of a 32-bit fraction is that fraction, and has a point."""
    text = printed(value)
    assert value == as_float(float(text))
    assert "." in text


@pytest.mark.parametrize(
    ("value", "shown"),
    [([0.1, True, None], "[0.1, true, null]"), ({"On": False, "At": 1e300}, "{On=false, At=Infinity}")],
)
def test_what_lists_and_structures_hold_is_printed_as_java_does(value, shown):
    """Held values are printed in Java's spelling, and their fractions as Floats."""
    assert shown == printed(value)


def test_too_many_fractions_are_told():
    """Boxes of fractions that are no 32-bit ones, too many of them, are refused as the service does."""
    box = {"BoundingBox": dict.fromkeys(("Left", "Top", "Width", "Height"), 0.1)}
    shown = "{BoundingBox={Left=0.1, Top=0.1, Width=0.1, Height=0.1}}"
    code, message = refusal("CreateStreamProcessor", **processor(RegionsOfInterest=[box] * 11))
    assert "ValidationException" == code
    assert f"Value '[{', '.join([shown] * 11)}]' at 'regionsOfInterest' failed to satisfy" in message


def test_null_members_are_absent():
    """Members that are null are left out wherever structures hold them; a map and a list keep what they hold."""
    request_ = {
        "Name": "door",
        "Settings": {"FaceSearch": None, "ConnectedHome": {"Labels": ["PERSON", None], "MinConfidence": None}},
        "RegionsOfInterest": [{"Polygon": None, "BoundingBox": {"Left": 0.5, "Top": None}}],
        "Tags": {"team": None},
        "Unknown": None,
    }
    assert {
        "Name": "door",
        "Settings": {"ConnectedHome": {"Labels": ["PERSON", None]}},
        "RegionsOfInterest": [{"BoundingBox": {"Left": 0.5}}],
        "Tags": {"team": None},
    } == present_members("CreateStreamProcessor", request_)


def processor(**members):
    return {
        "Name": "door",
        "Input": {"KinesisVideoStream": {"Arn": "arn:aws:kinesisvideo:us-east-1:123456789012:stream/door/1"}},
        "Output": {"S3Destination": {"Bucket": "found"}},
        "RoleArn": "arn:aws:iam::123456789012:role/reader",
        "Settings": {"ConnectedHome": {"Labels": ["PERSON"]}},
    } | members


@pytest.mark.parametrize(
    "members",
    [
        {"Output": {"KinesisDataStream": None, "S3Destination": {"Bucket": "found", "KeyPrefix": None}}},
        {"Settings": {"FaceSearch": None, "ConnectedHome": {"Labels": ["PERSON"], "MinConfidence": None}}},
        {"KmsKeyId": None, "Tags": None, "RegionsOfInterest": None},
    ],
)
def test_a_null_member_is_not_echoed(members):
    """A processor made with explicit nulls is the one made without them, and is described within the contract."""
    described = []
    for request_ in (processor(**members), processor()):
        backend = ReferenceBackend("haar")
        backend.clock.stop(at=1000)
        backend.reply(Call("CreateStreamProcessor", request_))
        described.append(backend.reply(Call("DescribeStreamProcessor", {"Name": "door"})).response)
    assert described[0] == described[1]
    assert [] == Contract("DescribeStreamProcessor").check_response(described[0])


@pytest.mark.parametrize(
    ("tags", "leads"),
    [
        ({"": "red"}, ["Map keys"]),
        ({"team": "x" * 257, "floor": "y" * 257}, ["Map value"]),
        ({"team": "red", "": "x" * 257}, ["Map keys", "Map value"]),
    ],
)
def test_a_map_has_one_text_for_its_keys_and_one_for_its_values(tags, leads):
    """A map's broken entries are told once for its keys and once for its values, printed as Java prints it."""
    code, message = refusal("TagResource", ResourceArn=ARN, Tags=tags)

    shown = ", ".join(f"{key}={value}" for key, value in tags.items())
    texts = message.partition("detected: ")[2].split("; ")
    assert "ValidationException" == code
    assert [
        f"Value '{{{shown}}}' at 'tags' failed to satisfy constraint: {lead} must satisfy constraint"
        for lead in leads
    ] == [text.partition(": [")[0] for text in texts]


def test_images_are_left_to_their_own_errors():
    """What is wrong with an image of legal length is no matter of validation: it has errors of its own."""
    check_request("DetectFaces", {"Image": {"Bytes": b"\0"}})
    check_request("DetectFaces", {"Image": {"Bytes": b"\0" * MOST}})


@given(
    st.sampled_from(catalog.operations()).flatmap(lambda name: st.tuples(st.just(name), strategies.requests(name)))
)
def test_every_valid_request_passes(example):
    """No request that keeps the contract is refused, of any operation."""
    operation, request = example
    check_request(operation, request)


# --- images in S3 --------------------------------------------------------------------------------------------


class Bucket:
    """An S3 that holds one object."""

    def __init__(self, data):
        self.data = data

    def read(self, name, region, most):
        """Return the object as asked for."""
        if (name.bucket, name.key, region) != ("photos", "a.png", "eu-west-1"):
            raise UnavailableObjectError
        return self.data[: most + 1]


def detect(data, **place):
    backend = ReferenceBackend("haar", neighbours=Bucket(data))
    image = {"S3Object": {"Bucket": "photos", "Name": "a.png"} | place}
    return backend.reply(Call("DetectFaces", {"Image": image}, "eu-west-1")).response["FaceDetails"]


def test_an_image_in_s3_is_answered_like_its_bytes():
    """An object is read from the neighbouring S3, in the client's region, and may have 15 MB."""
    data = draw(2).bytes
    expected = ReferenceBackend("haar").reply(Call("DetectFaces", {"Image": {"Bytes": data}})).response
    assert expected["FaceDetails"] == detect(data)
    assert expected["FaceDetails"] == detect(data + b"\0" * (MAX_S3_BYTES - len(data)))


@pytest.mark.parametrize(
    ("size", "place", "code"),
    [
        (MAX_S3_BYTES + 1, {}, "ImageTooLargeException: Image size is too large."),
        (
            0,
            {"Name": "b.png"},
            "InvalidS3ObjectException: Unable to get object metadata from S3. Check object key",
        ),
        (0, {"Bucket": None}, "InvalidParameterException: Request has invalid parameters"),
        (9, {}, "InvalidImageFormatException: Request has invalid image format"),
    ],
)
def test_an_object_that_is_no_image_is_refused(size, place, code):
    """What is wrong with an object is answered as the service answers it."""
    with pytest.raises(ServiceError, match=code):
        detect(b"\0" * size, **place)


# --- paging --------------------------------------------------------------------------------------------------


def pages(items, limit, scope=("ListFaces", "staff")):
    token, found = None, []
    while True:
        some, more = page(items, lambda item: item, scope=scope, token=token, limit=limit)
        found.append(some)
        token = more.get("NextToken")
        if token is None:
            return found


@given(st.sets(st.integers(0, 10_000)).map(sorted), st.integers(1, 50))
def test_pages_are_the_whole_list_once(items, limit):
    """The pages together are the list, each full but the last, and a token is only given where more comes."""
    found = pages(items, limit)
    assert items == [item for some in found for item in some]
    assert all(len(some) == limit for some in found[:-1])
    assert len(found[-1]) <= limit


@given(st.sets(st.integers(0, 100), min_size=3).map(sorted), st.data())
def test_what_goes_between_pages_shifts_nothing(items, data):
    """An item that is deleted between two pages makes no other one appear twice or not at all."""
    first, more = page(items, lambda item: item, scope=("a",), token=None, limit=2)
    gone = data.draw(st.sampled_from(items))
    rest = [item for item in items if item != gone]
    if more:
        second, _ = page(rest, lambda item: item, scope=("a",), token=more["NextToken"], limit=1000)
        assert [item for item in items[2:] if item != gone] == second
    assert first == items[:2]


@pytest.mark.parametrize("more", ["!!", "\n", "=", "==", " ", "A", "MTphYmM="])
def test_a_token_is_good_letter_by_letter(more):
    """What is added to a token spoils it, also what decoding would pass over."""
    _, answer = page([1, 2], lambda item: item, scope=("a",), token=None, limit=1)
    token = answer["NextToken"]
    assert ([2], {}) == page([1, 2], lambda item: item, scope=("a",), token=token, limit=1)
    for spoilt in (token + more, more + token, token[:5] + more + token[5:]):
        with pytest.raises(ServiceError, match="Invalid Token"):
            page([1, 2], lambda item: item, scope=("a",), token=spoilt, limit=1)


@pytest.mark.parametrize(
    "token", ["x", "bm90aGluZw==", "MTphYmM=", "MQ==", "WzEsMl0=", "eyJhIjoxLCJiIjoyfQ==", "\xe9", "a" * 255]
)
def test_a_made_up_token_is_refused(token):
    """A token that was never given out is refused as documented."""
    with pytest.raises(ServiceError, match="InvalidPaginationTokenException: Invalid Token"):
        page([1, 2], lambda item: item, scope=("a",), token=token, limit=1)


def test_an_empty_token_is_none():
    """The documentation's own examples ask for the first page with an empty token."""
    first, empty = (page([1, 2], lambda item: item, scope=("a",), token=token, limit=1) for token in (None, ""))
    assert first == empty


class Unwalked(list):
    """A list that says so where somebody walks through it."""

    def __iter__(self):
        """Fail."""
        raise AssertionError("a page walks through the whole list")


def test_a_page_walks_through_no_others():
    """A page of a long list is found by halving, whatever its place."""
    items, looked = Unwalked(range(1000)), []
    _, more = page(items, lambda item: item, scope=("a",), token=None, limit=990)
    found, _ = page(
        items, lambda item: looked.append(item) or item, scope=("a",), limit=5, token=more["NextToken"]
    )
    assert [990, 991, 992, 993, 994] == found
    assert len(looked) < 15


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20))))
def test_sorted_keys_are_in_order(steps):
    """Keys that come and go are in their order whenever somebody looks."""
    keys, model = SortedKeys[int](), set()
    for looks, key in steps:
        if key in model:
            keys.remove(key)
        else:
            keys.add([key])
        model ^= {key}
        assert not looks or sorted(model) == keys.in_order()
    assert sorted(model) == keys.in_order()


def test_a_token_of_another_list_is_refused():
    """A token is good for the list alone that gave it."""
    _, more = page([1, 2], lambda item: item, scope=("ListFaces", "staff"), token=None, limit=1)
    with pytest.raises(ServiceError, match="Invalid Token"):
        page([1, 2], lambda item: item, scope=("ListFaces", "guests"), token=more["NextToken"], limit=1)


def test_a_token_keeps_the_documented_length():
    """No token is longer than the 255 characters that the service takes."""
    _, more = page([2**60, 2**61], lambda item: item, scope=("a" * 900,), token=None, limit=1)
    assert len(more["NextToken"]) <= 255


@pytest.mark.parametrize(("asked", "expected"), [(None, 10), (0, 10), (3, 3), (10, 10), (4096, 10)])
def test_a_page_has_at_most_the_documented_results(asked, expected):
    """The limit is what was asked for, the documented most otherwise."""
    assert expected == limited({} if asked is None else {"MaxResults": asked}, "MaxResults", 10)


# --- requests with a token -----------------------------------------------------------------------------------


def asked(token, **members):
    return {"CollectionId": "staff", "ClientRequestToken": token} | members


@pytest.mark.parametrize(
    ("first", "again", "same"),
    [
        ({"UserMatchThreshold": 80}, {"UserMatchThreshold": 80.0}, True),
        ({"FaceIds": ["a", "b"]}, {"FaceIds": ("a", "b")}, True),
        ({"UserId": "anna", "FaceIds": ["a"]}, {"FaceIds": ["a"], "UserId": "anna"}, True),
        ({"FaceIds": ["a", "b"]}, {"FaceIds": ["b", "a"]}, False),
        ({"UserMatchThreshold": 80}, {"UserMatchThreshold": 80.5}, False),
        ({"UserMatchThreshold": 80}, {}, False),
        ({"UserId": "1"}, {"UserId": "1.0"}, False),
    ],
)
def test_requests_are_the_same_by_their_members(first, again, same):
    """A whole number is the fraction that it equals, and members have no order; lists do."""
    seen = RequestsSeen()
    seen.keep("AssociateFaces", asked("t", **first), {"UserStatus": "UPDATING"}, 0.0)
    if same:
        assert {"UserStatus": "UPDATING"} == seen.find("AssociateFaces", asked("t", **again), 1.0)
    else:
        with pytest.raises(ServiceError, match="IdempotentParameterMismatchException"):
            seen.find("AssociateFaces", asked("t", **again), 1.0)


def test_what_was_answered_cannot_be_changed():
    """Each answer is a new one, whatever became of those before it."""
    seen, response = RequestsSeen(), {"AssociatedFaces": [{"FaceId": "a"}]}
    seen.keep("AssociateFaces", asked("t"), response, 0.0)
    response["AssociatedFaces"].clear()
    seen.find("AssociateFaces", asked("t"), 1.0)["AssociatedFaces"].clear()
    assert {"AssociatedFaces": [{"FaceId": "a"}]} == seen.find("AssociateFaces", asked("t"), 1.0)


def test_tokens_that_are_over_take_no_room():
    """A token that comes makes room for itself: those whose time is over go, and the oldest beyond the limit."""
    seen = RequestsSeen()
    for number in range(100):
        seen.keep("CreateUser", asked(str(number)), {}, float(number))
    seen.keep("CreateUser", asked("late"), {}, KEPT + 49.0)
    assert 51 == len(seen)
    for number in range(MOST_TOKENS):
        seen.keep("CreateUser", asked(f"more {number}"), {}, KEPT + 49.0)
    assert MOST_TOKENS == len(seen)
    assert seen.find("CreateUser", asked("late"), KEPT + 49.0) is None


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(-KEPT, KEPT))))
def test_a_token_holds_for_its_time(steps):
    """A token is known until its time is over; after it never, also where a test has put the clock back."""
    seen, model, now, latest = RequestsSeen(), {}, 4 * KEPT, 0
    for token, passed in steps:
        now = max(0, now + passed)
        found = seen.find("CreateUser", asked(token), now)
        holds = token in model and now - model[token] < KEPT
        assert holds or found is None
        assert found is not None or not holds or now < latest
        if found is None:
            seen.keep("CreateUser", asked(token), {}, now)
            model[token] = now
        latest = max(latest, now)


# --- the detector --------------------------------------------------------------------------------------------


class Engine:
    """An engine that counts what it is shown, and waits until it is let go."""

    def __init__(self):
        self.seen, self.go, self.began = 0, threading.Event(), threading.Event()

    def detect(self, _pixels):
        """Find nobody."""
        self.seen += 1
        self.began.set()
        assert self.go.wait(30)
        return []


@pytest.fixture
def engine(monkeypatch):
    """Put an engine in the place of all that are loaded, and return it with the names of those."""
    engine, loaded = Engine(), []

    def load(name, _models):
        loaded.append(name)
        threading.Event().wait(0.05)  # long enough for the others to ask too
        return engine

    monkeypatch.setattr(detector, "load_engine", load)
    return engine, loaded


def test_equal_images_that_come_together_are_looked_at_once(engine):
    """Six threads with one image wait for one detection, which loads the engine once; another image waits not."""
    engine, loaded = engine
    found = Detector("haar")
    one, other = draw(1).bytes, draw(2).bytes
    with ThreadPoolExecutor(7) as pool:
        asked = [pool.submit(found.faces, one) for _ in range(6)]
        assert engine.began.wait(30)
        engine.began.clear()
        asked.append(pool.submit(found.faces, other))
        assert engine.began.wait(30)
        engine.go.set()
    assert [()] * 7 == [future.result() for future in asked]
    assert (2, ["haar"]) == (engine.seen, loaded)


def test_an_image_that_is_used_is_remembered(engine, monkeypatch):
    """What is forgotten first is what was not asked for longest."""
    engine, _ = engine
    engine.go.set()
    monkeypatch.setattr(detector, "_REMEMBERED", 2)
    found, images = Detector("haar"), [draw(count).bytes for count in (1, 2, 3)]
    for number in (0, 1, 0, 2, 0):
        found.faces(images[number])
    assert 3 == engine.seen
    found.faces(images[1])
    assert 4 == engine.seen


def test_an_image_that_was_refused_is_looked_at_again(engine, monkeypatch):
    """A failure is nobody's answer but the first one's: who waited looks for himself."""
    engine, _ = engine
    engine.go.set()
    found, data = Detector("haar"), draw(1).bytes
    with monkeypatch.context() as patch:
        patch.setattr(engine, "detect", lambda _pixels: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            found.faces(data)
    assert () == found.faces(data)


def test_an_image_that_was_refused_takes_no_room(engine, monkeypatch):
    """What could not be looked at does not push out what was."""
    engine, _ = engine
    engine.go.set()
    monkeypatch.setattr(detector, "_REMEMBERED", 2)
    found, images = Detector("haar"), [draw(count).bytes for count in (1, 2)]
    for data in images:
        found.faces(data)
    for data in (b"garbage", b"rubbish"):
        with pytest.raises(ServiceError, match=r"^InvalidImageFormatException"):
            found.faces(data)
    for data in images:
        found.faces(data)
    assert 2 == engine.seen


def test_an_embedder_is_loaded_once(monkeypatch):
    """Backends of several threads share one embedder, and wait for it."""
    loaded = []

    def load(*key):
        loaded.append(key)
        threading.Event().wait(0.05)
        return object()

    monkeypatch.setattr(reference, "load_embedder", load)
    reference._shared_embedder.cache_clear()
    backends = [ReferenceBackend("haar") for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(lambda backend: backend._service.sight.embedder, backends))
    reference._shared_embedder.cache_clear()
    assert (1, 1) == (len(found), len(loaded))


# --- clock ---------------------------------------------------------------------------------------------------


def test_a_stopped_clock_moves_only_by_hand():
    """A stopped clock stands until it is advanced, and tells those who wait."""
    clock, told = Clock(), []
    clock.on_change(lambda: told.append(clock.now()))
    clock.stop(at=1000)
    assert (1000, 1000) == (clock.now(), clock.now())
    clock.advance(2.5)
    assert clock.now() == 1002.5
    assert told == [1000, 1002.5]
    assert clock.is_stopped


def test_a_running_clock_can_be_ahead():
    """A clock that runs is advanced beyond the machine's own time."""
    clock = Clock()
    before = clock.now()
    clock.advance(3600)
    assert 3600 <= clock.now() - before < 3660
    assert not clock.is_stopped


def test_a_clock_is_advanced_by_a_timedelta():
    """A length of time may also be said as a timedelta."""
    clock = Clock()
    clock.stop(at=1000)
    clock.advance(timedelta(minutes=2, milliseconds=1))
    assert 1120.001 == clock.now()


@pytest.mark.parametrize(
    "seconds", [-1, float("nan"), float("inf"), 10**400, "5", None, True, timedelta(seconds=-1)]
)
def test_a_clock_never_goes_back(seconds):
    """A clock refuses to go back, and what is no length of time, and stays where it is."""
    clock = Clock()
    clock.stop(at=1000)
    with pytest.raises(UsageError, match="a number of seconds is needed, 0 or more"):
        clock.advance(seconds)
    assert 1000 == clock.now()


@pytest.mark.parametrize(
    "at", [-1, float("nan"), float("inf"), 1e12, 10**400, "noon", True, datetime(2026, 1, 1, tzinfo=UTC)]
)
def test_a_clock_is_stopped_at_a_time_that_clients_can_read(at):
    """A clock refuses to be stopped at what is no number of seconds from 1970 to 9999, and runs on."""
    clock = Clock()
    with pytest.raises(UsageError, match="seconds since the epoch, from 1970 to 9999"):
        clock.stop(at)
    assert not clock.is_stopped


def test_a_clock_ends_with_the_year_9999():
    """A clock refuses to be advanced to where no client reads a timestamp."""
    with pytest.raises(UsageError, match="beyond the year 9999"):
        Clock().advance(1e12)


# --- ids and knowledge ---------------------------------------------------------------------------------------


def test_ids_are_the_same_on_every_run():
    """The same seed gives the same ids, of the service's forms."""
    first, second = Ids("us-east-1"), Ids("us-east-1")
    assert first.uuid4() == second.uuid4()
    assert first.job() == second.job()
    assert first.uuid4()[14] == "4"
    assert len(first.job()) == 64
    assert image_id(b"one") == image_id(b"one") != image_id(b"two")
    assert image_id(b"one")[14] == "3"


def test_whole_numbers_that_a_test_states_are_fractions():
    """What a test states as 99 crosses the wire as 99.0, as all that the service documents as a float."""
    backend, data = ReferenceBackend("haar"), draw(1).bytes
    stated = face_detail(
        attributes=("ALL",),
        confidence=99,
        bounding_box={"Left": 0, "Top": 0, "Width": 1, "Height": 1},
        pose={"Roll": 3, "Yaw": -4, "Pitch": 5},
        quality={"Brightness": 80, "Sharpness": 90},
        smile={"Value": True, "Confidence": 97},
        emotions={"HAPPY": 96},
        age_range=(30, 40),
        landmarks={"nose": (0, 1)},
    )
    backend.know(data, [(stated, None)])
    call = Call("DetectFaces", {"Image": {"Bytes": data}, "Attributes": ["ALL"]})
    (face,) = backend.reply(call).response["FaceDetails"]

    assert {"Low": 30, "High": 40} == face.pop("AgeRange")
    assert [] == [value for value in leaves(face) if isinstance(value, int) and not isinstance(value, bool)]
    assert (99.0, 97.0, 3.0) == (face["Confidence"], face["Smile"]["Confidence"], face["Pose"]["Roll"])
    assert stated["Confidence"] == 99


def leaves(value):
    if isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from leaves(member)
    else:
        yield value


def test_a_stated_confidence_is_answered_as_stated():
    """A test may state a face that is hardly one; what an engine finds is never below what the service sends."""
    backend, data = ReferenceBackend("haar"), draw(1).bytes
    call = Call("DetectFaces", {"Image": {"Bytes": data}})
    (found,) = backend.detector.faces(data)
    unsure = dataclasses.replace(found, confidence=12.5)
    assert face_of(unsure)["Confidence"] == 55.0

    backend.know(data, [(face_detail(confidence=12.5), None)])
    assert [12.5] == [face["Confidence"] for face in backend.reply(call).response["FaceDetails"]]


class Slow:
    """An embedder that lets something happen before it looks at a face, and counts its looks."""

    name = "slow"
    size = 2

    def __init__(self):
        self.looks, self.meanwhile = 0, lambda: None

    def embed(self, pixels, face):
        """Return the place of the face as a direction."""
        assert pixels.shape[2] == 3
        self.meanwhile()
        self.looks += 1
        vector = np.array([face.box.left, 1], np.float32)
        return vector / np.float32(np.linalg.norm(vector))

    def similarity(self, cosine):
        """Return a percentage."""
        return max(0.0, cosine) * 100


@pytest.mark.parametrize("stated_before", [False, True])
def test_what_is_stated_during_a_call_is_for_the_next(stated_before):
    """Stating other faces between two steps of a call disturbs neither: the faces that it saw are looked at."""
    embedder, data = Slow(), draw(2).bytes
    backend = ReferenceBackend("haar", embedder=embedder)
    if stated_before:
        backend.know(data, [(face_detail(), None)])
    sight = backend.region().sight
    faces = sight.faces(data)
    backend.know(data, [(face_detail(confidence=60), None), (face_detail(), "anna")])

    assert [round(face.box.left, 4) for face in faces] == [
        pytest.approx(vector[0] / vector[1], abs=1e-3) for vector in sight.vectors(data, faces)
    ]
    assert 2 == len(sight.faces(data))
    assert len(faces) == embedder.looks


def test_each_face_is_looked_at_once_while_it_is_the_same():
    """A vector is remembered by its image and face: another face at the same place is another."""
    embedder, data = Slow(), draw(2).bytes
    backend = ReferenceBackend("haar", embedder=embedder)
    sight = backend.region().sight
    for expected in (2, 2):
        sight.vectors(data, sight.faces(data))
        assert expected == embedder.looks
    for number, smile in enumerate((True, False, False), 3):
        backend.know(data, [(face_detail(attributes=("ALL",), smile=smile), None)])
        sight.vectors(data, sight.faces(data))
        assert min(number, 4) == embedder.looks


def test_threads_that_state_and_search_at_once_do_not_disturb_each_other():
    """While one thread states an image's faces again and again, searches by that image are answered throughout."""
    data = draw(1).bytes
    backend = ReferenceBackend("haar", embedder=Slow())
    backend.reply(Call("CreateCollection", {"CollectionId": "staff"}))
    done = threading.Event()

    def state():
        while not done.is_set():
            for count in (1, 2):
                backend.know(data, [(face_detail(confidence=60 + count), None)] * count)

    def search():
        call = Call("SearchFacesByImage", {"CollectionId": "staff", "Image": {"Bytes": data}})
        return [backend.reply(call).response["FaceMatches"] for _ in range(100)]

    with ThreadPoolExecutor(2) as pool:
        stating = pool.submit(state)
        try:
            assert [[]] * 100 == search()
        finally:
            done.set()
        stating.result()


@pytest.mark.parametrize("text", ["YQ==!!", "Y Q==", "YQ==\n", "-_==", "YQ==YQ==", "=YQ=", "a", "\xe9"])
def test_a_text_that_is_no_base64_is_no_image(text):
    """Foreign characters in an image's text are told when it is looked at, and not passed over."""
    request = WireRequest({"Image": {"Bytes": text}}, [("Image", "Bytes")])
    with pytest.raises(ValueError):  # noqa: PT011  the words are Python's own
        request["Image"]


@given(st.binary())
def test_what_botocore_sends_is_base64(data):
    """Every image that a client encodes is decoded to the same bytes."""
    text = b64encode(data).decode()
    assert data == WireRequest({"Image": {"Bytes": text}}, [("Image", "Bytes")])["Image"]["Bytes"]


def test_what_is_stated_last_counts():
    """A face that is stated again replaces the one before, and the larger comes first."""
    knowledge, small, large = Knowledge(), face_detail(), face_detail()
    small["BoundingBox"] |= {"Width": 0.1, "Height": 0.1}
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    knowledge.know(b"test", [known_face(small)])
    knowledge.know(b"test", [known_face(small, "ben"), known_face(large, "ann")])
    assert [face.person for face in knowledge.faces(digest)] == ["ann", "ben"]
    assert knowledge.faces("0" * 64) is None
