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
from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.clock import Clock
from pytest_rekognition.backends.reference.faces import face_detail as face_of
from pytest_rekognition.backends.reference.ids import Ids, image_id
from pytest_rekognition.backends.reference.images import MAX_S3_BYTES
from pytest_rekognition.backends.reference.knowledge import Knowledge, known_face
from pytest_rekognition.backends.reference.neighbours import UnavailableObjectError
from pytest_rekognition.backends.reference.paging import limited, page
from pytest_rekognition.backends.reference.validation import check_request
from pytest_rekognition.builders import face_detail
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
    r"arn:[a-z0-9\-]+:rekognition:[a-z0-9\-]+:[0-9]{12}:project/[a-zA-Z0-9_.\-]{1,255}/dataset/(train|test)/[0-9]+"
)
TAG_KEY = (
    "Member must have length less than or equal to 128, Member must have length greater than or equal to 1, Member"
    rf" must {MATCHES}(?!aws:)[\p{{L}}\p{{Z}}\p{{N}}_.:/=+\-@]*"
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


@pytest.mark.parametrize("request_", [{"CollectionId": 7}, {"CollectionId": "a", "Colour": "red"}])
def test_a_member_of_another_type_is_refused(request_):
    """Another type, or an unknown member, is the service's parameter error, never a crash."""
    assert ("InvalidParameterException", "Request has invalid parameters") == refusal(
        "CreateCollection", **request_
    )


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


@pytest.mark.parametrize("token", ["", "x", "bm90aGluZw==", "MTphYmM=", "\xe9", "a" * 255])
def test_a_made_up_token_is_refused(token):
    """A token that was never given out is refused as documented."""
    with pytest.raises(ServiceError, match="InvalidPaginationTokenException: Invalid Token"):
        page([1, 2], lambda item: item, scope=("a",), token=token, limit=1)


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


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), "5", None, True, timedelta(seconds=-1)])
def test_a_clock_never_goes_back(seconds):
    """A clock refuses to go back, and what is no length of time, and stays where it is."""
    clock = Clock()
    clock.stop(at=1000)
    with pytest.raises(UsageError, match="0 seconds or more"):
        clock.advance(seconds)
    assert 1000 == clock.now()


@pytest.mark.parametrize(
    "at", [-1, float("nan"), float("inf"), 1e12, "noon", True, datetime(2026, 1, 1, tzinfo=UTC)]
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
