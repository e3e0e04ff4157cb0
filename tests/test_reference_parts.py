import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import catalog, strategies
from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.clock import Clock
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

LONG = "x" * 256


def refusal(operation, **request):
    with pytest.raises(ServiceError) as caught:
        check_request(operation, request)
    return caught.value.code, caught.value.message


# --- validation ----------------------------------------------------------------------------------------------


ID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
MATCHES = "satisfy regular expression pattern: "


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
            {"CollectionId": "a", "Image": {"Bytes": b""}, "QualityFilter": "BEST"},
            [("'BEST'", "qualityFilter", "satisfy enum value set: [NONE, AUTO, LOW, MEDIUM, HIGH]")],
        ),
        (
            "DeleteFaces",
            {"CollectionId": "a", "FaceIds": ["nobody"]},
            [("'nobody'", "faceIds.1.member", MATCHES + ID)],
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


def test_images_are_left_to_their_own_errors():
    """An empty or large image is no matter of validation: it has errors of its own."""
    check_request("DetectFaces", {"Image": {"Bytes": b"\0" * 6_000_000}})


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


@pytest.mark.parametrize("seconds", [-1, float("nan")])
def test_a_clock_never_goes_back(seconds):
    """A clock refuses to go back."""
    with pytest.raises(UsageError, match="0 seconds or more"):
        Clock().advance(seconds)


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


def test_what_is_stated_last_counts():
    """A face that is stated again replaces the one before, and the larger comes first."""
    knowledge, small, large = Knowledge(), face_detail(), face_detail()
    small["BoundingBox"] |= {"Width": 0.1, "Height": 0.1}
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    knowledge.know(b"test", [known_face(small)])
    knowledge.know(b"test", [known_face(small, "ben"), known_face(large, "ann")])
    assert [face.person for face in knowledge.faces(digest)] == ["ann", "ben"]
    assert knowledge.faces("0" * 64) is None
