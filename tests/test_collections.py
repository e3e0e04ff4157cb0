import re
import uuid
from itertools import pairwise

import collecting
import pytest
from collecting import PER_DEGREE, face, image

from pytest_rekognition import Rekognition
from pytest_rekognition.attributes import ATTRIBUTE_MEMBERS, DEFAULT_MEMBERS
from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.collections.quality import BARS
from pytest_rekognition.errors import ServiceError
from pytest_rekognition.geometry import single

NOBODY = str(uuid.UUID(int=7, version=4))
MISSING = ("ResourceNotFoundException", "The collection id: staff does not exist", 400)
BAD_TOKEN = ("InvalidPaginationTokenException", "Invalid Token", 400)


pytestmark = pytest.mark.usefixtures("no_aws")


@pytest.fixture
def empty():
    """Return a scene without collections."""
    with collecting.scene() as opened:
        yield opened


@pytest.fixture
def scene(empty):
    """Return a scene with an empty collection, `staff`."""
    empty.client.create_collection(CollectionId="staff")
    return empty


@pytest.fixture
def client(scene):
    return scene.client


def ids(matches):
    return [match["Face"]["FaceId"] for match in matches]


def pages(call, member, **request):
    """Return the pages of a listing, following its tokens."""
    found, token = [], {}
    while True:
        answer = call(**request, **token)
        found.append(answer[member])
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}


# --- collections ---------------------------------------------------------------------------------------------


def test_a_collection_is_made_told_of_and_deleted(empty):
    """CreateCollection's ARN has no `arn:`, DescribeCollection's has; the counts begin at none."""
    client = empty.client
    empty.rekognition.clock.stop(1_700_000_000.25)
    made = client.create_collection(CollectionId="staff")
    told = client.describe_collection(CollectionId="staff")
    resource = "aws:rekognition:eu-west-1:123456789012:collection/staff"
    assert (200, resource, "7.0") == (made["StatusCode"], made["CollectionArn"], made["FaceModelVersion"])
    assert (0, 0, "7.0") == (told["FaceCount"], told["UserCount"], told["FaceModelVersion"])
    assert f"arn:{resource}" == told["CollectionARN"]
    assert 1_700_000_000.25 == told["CreationTimestamp"].timestamp()
    assert 200 == client.delete_collection(CollectionId="staff")["StatusCode"]
    assert [] == client.list_collections()["CollectionIds"]


@pytest.mark.parametrize(
    ("region", "partition"),
    [
        ("us-gov-west-1", "aws-us-gov"),
        ("cn-north-1", "aws-cn"),
        ("us-isob-east-1", "aws-iso-b"),
        ("eusc-de-east-1", "aws-eusc"),
        ("eu-west-3", "aws"),
    ],
)
def test_an_arn_names_its_partition(empty, region, partition):
    """The regions of GovCloud, China and the others have ARNs of their own partition."""
    client = empty.rekognition.client(region_name=region)

    made = client.create_collection(CollectionId="staff")
    told = client.describe_collection(CollectionId="staff")

    resource = f"{partition}:rekognition:{region}:123456789012:collection/staff"
    assert (resource, f"arn:{resource}") == (made["CollectionArn"], told["CollectionARN"])


def test_every_partition_of_botocore_is_known():
    """The table of partitions agrees with botocore's, for each of its regions."""
    from botocore.loaders import create_loader

    partitions = create_loader().load_data("partitions")["partitions"]
    regions = {name: partition["id"] for partition in partitions for name in partition["regions"]}
    told = {
        name: ReferenceBackend("haar").region(name).arn("x").split(":")[1]
        for name in regions
        if "global" not in name
    }

    assert {name: regions[name] for name in told} == told


def test_a_collection_is_made_once(scene):
    """A name that is taken is refused in the recorded words; another case is another name."""
    taken = ("ResourceAlreadyExistsException", "The collection id: staff already exists", 400)
    assert taken == scene.refusal("create_collection", CollectionId="staff")
    scene.client.create_collection(CollectionId="Staff")
    assert ["staff", "Staff"] == scene.client.list_collections()["CollectionIds"]


def test_regions_have_their_own_collections(scene):
    """A collection of one region is not there in another."""
    other = scene.rekognition.client(region_name="us-east-1")
    assert [] == other.list_collections()["CollectionIds"]
    assert "us-east-1" in other.create_collection(CollectionId="staff")["CollectionArn"]


@pytest.mark.parametrize(
    ("operation", "members"),
    [
        ("delete_collection", {}),
        ("describe_collection", {}),
        ("index_faces", {"Image": {"Bytes": b"no image"}}),
        ("list_faces", {}),
        ("delete_faces", {"FaceIds": [NOBODY]}),
        ("search_faces", {"FaceId": NOBODY}),
        ("search_faces_by_image", {"Image": {"Bytes": b"no image"}}),
        ("create_user", {"UserId": "anna"}),
        ("delete_user", {"UserId": "anna"}),
        ("list_users", {}),
        ("associate_faces", {"UserId": "anna", "FaceIds": [NOBODY]}),
        ("disassociate_faces", {"UserId": "anna", "FaceIds": [NOBODY]}),
        ("search_users", {"UserId": "anna"}),
        ("search_users_by_image", {"Image": {"Bytes": b"no image"}}),
    ],
)
def test_a_missing_collection_is_told(empty, operation, members):
    """Whatever is asked of a collection that does not exist, it is told so before any image is looked at."""
    assert MISSING == empty.refusal(operation, CollectionId="staff", **members)


def test_a_collection_takes_everything_with_it(scene):
    """Deleted and made again, a collection is empty, and its old tokens and tags are void."""
    scene.user("anna", 0)
    scene.index(face(1), face(2))
    stale = scene.client.list_faces(CollectionId="staff", MaxResults=1)["NextToken"]
    scene.client.create_user(CollectionId="staff", UserId="bert", ClientRequestToken="once")
    scene.client.delete_collection(CollectionId="staff")
    scene.client.create_collection(CollectionId="staff")
    assert [] == scene.client.list_faces(CollectionId="staff")["Faces"]
    assert [] == scene.client.list_users(CollectionId="staff")["Users"]
    assert BAD_TOKEN == scene.refusal("list_faces", CollectionId="staff", NextToken=stale)
    scene.client.create_user(CollectionId="staff", UserId="bert", ClientRequestToken="once")
    assert 1 == scene.client.describe_collection(CollectionId="staff")["UserCount"]


def test_collections_are_listed_in_pages(empty):
    """The paginator of botocore walks through them; versions go with the ids; MaxResults 0 means no limit."""
    names = [f"c{number}" for number in range(5)]
    for name in names:
        empty.client.create_collection(CollectionId=name)
    paginator = empty.client.get_paginator("list_collections")
    found = [page["CollectionIds"] for page in paginator.paginate(PaginationConfig={"PageSize": 2})]
    assert [names[:2], names[2:4], names[4:]] == found
    everything = empty.client.list_collections(MaxResults=0)
    assert (names, ["7.0"] * 5) == (everything["CollectionIds"], everything["FaceModelVersions"])


def test_what_is_deleted_between_pages_moves_nothing(empty):
    """A page goes on after the last one shown, also where that one has been deleted meanwhile."""
    for name in "abcd":
        empty.client.create_collection(CollectionId=name)
    first = empty.client.list_collections(MaxResults=2)
    empty.client.delete_collection(CollectionId="b")
    assert ["c", "d"] == empty.client.list_collections(NextToken=first["NextToken"])["CollectionIds"]


# --- IndexFaces ----------------------------------------------------------------------------------------------


def test_faces_are_stored_the_largest_first(scene, client):
    """Records come by size, share box and Confidence with their details, and one ImageId of version 3."""
    picture = scene.picture(face(width=0.2), face(width=0.4), face(width=0.3))
    answer = client.index_faces(CollectionId="staff", Image=picture, ExternalImageId="a.jpg")
    records = answer["FaceRecords"]
    assert [single(width) for width in (0.4, 0.3, 0.2)] == [
        record["Face"]["BoundingBox"]["Width"] for record in records
    ]
    assert ([], "7.0") == (answer["UnindexedFaces"], answer["FaceModelVersion"])
    for record in records:
        assert {"FaceId", "BoundingBox", "ImageId", "ExternalImageId", "Confidence"} == set(record["Face"])
        assert record["FaceDetail"]["BoundingBox"] == record["Face"]["BoundingBox"]
        assert 4 == uuid.UUID(record["Face"]["FaceId"]).version
        assert 3 == uuid.UUID(record["Face"]["ImageId"]).version
        assert "a.jpg" == record["Face"]["ExternalImageId"]
    assert 1 == len({record["Face"]["ImageId"] for record in records})
    assert 3 == len({record["Face"]["FaceId"] for record in records})


def test_attributes_are_those_asked_for(scene, client):
    """DetectionAttributes choose the details' members, of faces left out too; without them there are five."""
    picture = scene.picture(face(), face(width=0.2))

    def members(**asked):
        answer = client.index_faces(CollectionId="staff", Image=picture, MaxFaces=1, **asked)
        (record,), (left,) = answer["FaceRecords"], answer["UnindexedFaces"]
        assert set(record["FaceDetail"]) == set(left["FaceDetail"])
        return set(record["FaceDetail"]), len(record["FaceDetail"]["Landmarks"])

    default = set(DEFAULT_MEMBERS)
    assert (default, 5) == members()
    assert (default | {"FaceOccluded"}, 5) == members(DetectionAttributes=["FACE_OCCLUDED"])
    assert (default | set(ATTRIBUTE_MEMBERS.values()), 30) == members(DetectionAttributes=["ALL", "DEFAULT"])


def test_stored_faces_are_rounded(scene, client):
    """A stored box has six digits, a stored confidence six decimals as a ratio, each as 32-bit floats."""
    box = {"Left": 0.12345649, "Top": 0.06068824, "Width": 0.3333333333, "Height": 0.4}
    picture = scene.picture(face() | {"bounding_box": box, "confidence": 99.989990234375})
    (record,) = client.index_faces(CollectionId="staff", Image=picture)["FaceRecords"]
    (stored,) = client.list_faces(CollectionId="staff")["Faces"]
    assert single(0.12345649) == record["Face"]["BoundingBox"]["Left"]
    assert single(0.123456) == stored["BoundingBox"]["Left"]
    assert single(0.0606882) == stored["BoundingBox"]["Top"]
    assert single(0.333333) == stored["BoundingBox"]["Width"]
    assert (99.989990234375, 99.98999786376953) == (record["Face"]["Confidence"], stored["Confidence"])
    assert "7.0" == stored["IndexFacesModelVersion"]


@pytest.mark.parametrize("side", [4e-7, 1e-7, 1e-30])
def test_a_narrow_box_keeps_a_width_and_a_height(scene, client, side):
    """A box as narrow as can be is stored with a side to speak of."""
    box = {"Left": 0.1, "Top": 0.2, "Width": side, "Height": side}
    scene.index({"bounding_box": box}, QualityFilter="NONE")

    (stored,) = client.list_faces(CollectionId="staff")["Faces"]
    assert (single(side), single(side)) == (stored["BoundingBox"]["Width"], stored["BoundingBox"]["Height"])


def test_an_image_indexed_again_without_a_name_is_stored_again(scene, client):
    """Without an ExternalImageId, or with another one, the same image has the same ImageId and new faces."""
    picture = scene.picture(face(), face(5, width=0.2))
    answers = [
        client.index_faces(CollectionId="staff", Image=picture, **name)["FaceRecords"]
        for name in ({}, {}, {"ExternalImageId": "a"}, {"ExternalImageId": "b"})
    ]
    faces = [record["Face"] for records in answers for record in records]
    assert 1 == len({stored["ImageId"] for stored in faces})
    assert 8 == len({stored["FaceId"] for stored in faces})
    assert 8 == client.describe_collection(CollectionId="staff")["FaceCount"]


def test_an_image_indexed_again_under_its_name_is_stored_once(scene, client):
    """The same image, in the same collection, under the same ExternalImageId: each face keeps its own id."""
    picture = scene.picture(face(), face(5, width=0.2), face(9))  # two of them have one box
    request = {"CollectionId": "staff", "Image": picture, "ExternalImageId": "a"}

    def stored(**more):
        return [record["Face"]["FaceId"] for record in client.index_faces(**request, **more)["FaceRecords"]]

    largest = stored(MaxFaces=1)
    everyone = stored()
    assert largest == everyone[:1]
    assert everyone == stored()
    assert 3 == client.describe_collection(CollectionId="staff")["FaceCount"]
    client.delete_faces(CollectionId="staff", FaceIds=everyone[1:2])
    again = stored()
    assert [everyone[0], everyone[2]] == [again[0], again[2]]
    assert again[1] not in everyone


@pytest.mark.parametrize("other", [{"person": "bert"}, {"person": "anna", "confidence": 70.0}])
def test_a_face_that_is_stated_anew_is_stored_anew(scene, client, other):
    """Under the same ExternalImageId a face keeps its id only while it is the same one, and as sure."""
    picture = scene.picture(face(person="anna"))
    request = {"CollectionId": "staff", "Image": picture, "ExternalImageId": "a"}

    def stored():
        (record,) = client.index_faces(**request)["FaceRecords"]
        return record["Face"]

    first = stored()
    scene.rekognition.know(picture["Bytes"], [face(**other)])
    second = stored()
    assert second["FaceId"] == stored()["FaceId"] != first["FaceId"]
    listed = {one["FaceId"]: one["Confidence"] for one in client.list_faces(CollectionId="staff")["Faces"]}
    assert {first["FaceId"]: 99.875, second["FaceId"]: other.get("confidence", 99.875)} == listed
    found = client.search_faces_by_image(CollectionId="staff", Image=picture)["FaceMatches"]
    assert second["FaceId"] in ids(found)
    scene.rekognition.know(picture["Bytes"], [face(person="anna")])
    assert first["FaceId"] == stored()["FaceId"]


def test_what_is_stated_does_not_find_what_is_seen(scene, client):
    """A name and a look are at right angles: neither finds the other, in one collection with both."""
    named, looked = scene.picture(face(person="anna")), scene.picture(face())
    (anna,), (someone,) = (
        [record["Face"]["FaceId"] for record in client.index_faces(CollectionId="staff", Image=one)["FaceRecords"]]
        for one in (named, looked)
    )
    for one, own, other in ((named, anna, someone), (looked, someone, anna)):
        answer = client.search_faces_by_image(CollectionId="staff", Image=one, FaceMatchThreshold=0)
        assert [own, other] == ids(answer["FaceMatches"])
        assert [100, 50] == [match["Similarity"] for match in answer["FaceMatches"]]


def test_an_image_without_faces_stores_none(scene, client):
    """IndexFaces of no face is no error."""
    answer = client.index_faces(CollectionId="staff", Image=scene.picture())
    assert ([], []) == (answer["FaceRecords"], answer["UnindexedFaces"])


def test_the_smallest_faces_exceed_max_faces(scene, client):
    """Poor faces are left out first, then the smallest: each says why."""
    dark = face(width=0.4, quality={"Brightness": 1})
    picture = scene.picture(dark, face(width=0.3), face(width=0.2), face(width=0.1))
    answer = client.index_faces(CollectionId="staff", Image=picture, MaxFaces=2)
    assert [single(0.3), single(0.2)] == [
        record["Face"]["BoundingBox"]["Width"] for record in answer["FaceRecords"]
    ]
    assert [["LOW_BRIGHTNESS"], ["EXCEEDS_MAX_FACES"]] == [left["Reasons"] for left in answer["UnindexedFaces"]]


def test_the_hundred_largest_are_indexed(scene, client):
    """More than 100 faces are never detected, whatever MaxFaces says: the others are not unindexed either."""
    picture = scene.picture(*(face(width=0.2 + number / 1000) for number in range(120)))
    for most in ({}, {"MaxFaces": 1000}):
        answer = client.index_faces(CollectionId="staff", Image=picture, **most)
        assert (100, []) == (len(answer["FaceRecords"]), answer["UnindexedFaces"])
    assert single(0.319) == answer["FaceRecords"][0]["Face"]["BoundingBox"]["Width"]


POOR = {
    "EXTREME_POSE": {"pose": {"Yaw": -80}},
    "LOW_BRIGHTNESS": {"quality": {"Brightness": 5}},
    "LOW_SHARPNESS": {"quality": {"Sharpness": 2}},
    "LOW_CONFIDENCE": {"confidence": 55},
    "SMALL_BOUNDING_BOX": {"bounding_box": {"Left": 0.1, "Top": 0.1, "Width": 0.015, "Height": 0.018}},
    "LOW_FACE_QUALITY": {"face_occluded": {"Value": True, "Confidence": 99.5}},
}


@pytest.mark.parametrize("reason", sorted(POOR))
def test_a_poor_face_is_left_out_with_its_reason(scene, client, reason):
    """By default and under LOW, MEDIUM and HIGH; under NONE it is indexed."""
    picture = scene.picture(face() | POOR[reason])
    for chosen in ({}, *({"QualityFilter": name} for name in BARS)):
        answer = client.index_faces(CollectionId="staff", Image=picture, **chosen)
        assert [[reason]] == [left["Reasons"] for left in answer["UnindexedFaces"]]
    answer = client.index_faces(CollectionId="staff", Image=picture, QualityFilter="NONE")
    assert (1, []) == (len(answer["FaceRecords"]), answer["UnindexedFaces"])


def test_bars_rise():
    """Whatever passes a bar passes the lower ones."""
    for lower, higher in pairwise([BARS["LOW"], BARS["MEDIUM"], BARS["HIGH"]]):
        assert all(one < other for one, other in zip(lower[:4], higher[:4], strict=True))
        assert all(one > other for one, other in zip(lower[4:], higher[4:], strict=True))
    assert BARS["AUTO"] == BARS["LOW"]


def test_a_bad_image_is_refused_as_elsewhere(scene):
    """An image that is none, or too small, has the errors of DetectFaces."""
    for operation in ("index_faces", "search_faces_by_image", "search_users_by_image"):
        code, *_ = scene.refusal(operation, CollectionId="staff", Image={"Bytes": b"no image"})
        assert "InvalidImageFormatException" == code
        code, *_ = scene.refusal(operation, CollectionId="staff", Image={"Bytes": image(1, side=40)})
        assert "InvalidParameterException" == code


# --- ListFaces and DeleteFaces -------------------------------------------------------------------------------


def test_faces_are_listed_in_pages(scene, client):
    """Pages hold what MaxResults says, in the order of the ids; the paginator finds each face once."""
    stored = sorted(face_id for roll in range(5) for face_id in scene.index(face(roll)))
    paginator = client.get_paginator("list_faces").paginate(CollectionId="staff", PaginationConfig={"PageSize": 2})
    assert stored == [listed["FaceId"] for page in paginator for listed in page["Faces"]]
    assert [2, 2, 1] == [
        len(page) for page in pages(client.list_faces, "Faces", CollectionId="staff", MaxResults=2)
    ]


def test_filters_let_through_what_both_name(scene, client):
    """UserId and FaceIds filter; what they name and the collection does not have is passed over."""
    first, second = scene.user("anna", 0, 1)
    (third,) = scene.index(face(2))
    (fourth,) = scene.user("bert", 3)

    def listed(**filters):
        return [
            stored["FaceId"]
            for page in pages(client.list_faces, "Faces", CollectionId="staff", MaxResults=1, **filters)
            for stored in page
        ]

    assert sorted([first, second]) == listed(UserId="anna")
    assert sorted([third, fourth]) == listed(FaceIds=[fourth, NOBODY, third])
    assert [second] == listed(UserId="anna", FaceIds=[fourth, second])
    assert [] == listed(UserId="nobody")
    assert {third: None, fourth: "bert"} == {
        stored["FaceId"]: stored.get("UserId")
        for stored in client.list_faces(CollectionId="staff", FaceIds=[third, fourth])["Faces"]
    }


def test_a_face_that_comes_between_pages_repeats_nothing(scene, client):
    """What is indexed between two pages has its place by its id: no face comes twice, and none is left out."""
    before = sorted(face_id for roll in range(6) for face_id in scene.index(face(roll)))
    first = client.list_faces(CollectionId="staff", MaxResults=3)
    new = {face_id for roll in range(6, 12) for face_id in scene.index(face(roll))}
    rest = client.list_faces(CollectionId="staff", NextToken=first["NextToken"])
    listed = [stored["FaceId"] for stored in first["Faces"] + rest["Faces"]]
    assert listed == sorted(listed)
    assert before == [face_id for face_id in listed if face_id not in new]


def test_an_empty_token_asks_for_the_first_page(scene, client):
    """NextToken="" is no token, in every listing."""
    scene.user("anna", 0, 1)
    for method, request in {
        "list_faces": {"CollectionId": "staff"},
        "list_users": {"CollectionId": "staff"},
        "list_collections": {},
        "list_stream_processors": {},
    }.items():
        answers = [getattr(client, method)(**request, **token) for token in ({}, {"NextToken": ""})]
        for answer in answers:
            del answer["ResponseMetadata"]
        assert answers[0] == answers[1]


@pytest.mark.parametrize("operation", ["list_faces", "list_users"])
def test_a_token_is_good_for_its_own_listing(scene, operation):
    """A token of another listing, or one made up, is refused."""
    scene.user("anna", 0, 1)
    scene.user("bert", 2)
    other = {"list_faces": "list_users", "list_users": "list_faces"}[operation]
    tokens = [
        getattr(scene.client, other)(CollectionId="staff", MaxResults=1)["NextToken"],
        scene.client.list_faces(CollectionId="staff", UserId="anna", MaxResults=1)["NextToken"],
        "made up",
    ]
    for token in tokens:
        assert BAD_TOKEN == scene.refusal(operation, CollectionId="staff", NextToken=token)


def test_deleted_faces_are_gone(scene, client):
    """DeletedFaces and UnsuccessfulFaceDeletions part the request's ids; nothing finds a deleted face."""
    one, two = scene.index(face(0), face(1, width=0.2))
    (owned,) = scene.user("anna", 2)
    answer = client.delete_faces(CollectionId="staff", FaceIds=[two, NOBODY, owned, two])
    assert [two] == answer["DeletedFaces"]
    assert [
        {"FaceId": NOBODY, "Reasons": ["FACE_NOT_FOUND"]},
        {"FaceId": owned, "UserId": "anna", "Reasons": ["ASSOCIATED_TO_AN_EXISTING_USER"]},
    ] == answer["UnsuccessfulFaceDeletions"]
    assert [owned] == ids(client.search_faces(CollectionId="staff", FaceId=one)["FaceMatches"])
    assert 2 == client.describe_collection(CollectionId="staff")["FaceCount"]
    assert [] == scene.reply("DeleteFaces", CollectionId="staff", FaceIds=[NOBODY])["DeletedFaces"]


def test_no_face_to_delete_is_a_validation_error(scene):
    """An empty list is refused in the recorded words."""
    with pytest.raises(ServiceError, match=re.escape("1 validation error detected: Value '[]' at 'faceIds'")):
        scene.reply("DeleteFaces", CollectionId="staff", FaceIds=[])


# --- searching for faces -------------------------------------------------------------------------------------


def test_a_face_finds_those_like_it(scene, client):
    """The most similar first, those below 80 left out, and never the face itself."""
    searched, far, near, other = (scene.index(face(roll))[0] for roll in (0, 30, -10, 50))
    answer = client.search_faces(CollectionId="staff", FaceId=searched)
    assert (searched, "7.0") == (answer["SearchedFaceId"], answer["FaceModelVersion"])
    assert [near, far] == ids(answer["FaceMatches"])
    assert [100 - degrees * PER_DEGREE for degrees in (10, 30)] == pytest.approx(
        [match["Similarity"] for match in answer["FaceMatches"]], abs=1e-3
    )
    assert "7.0" == answer["FaceMatches"][0]["Face"]["IndexFacesModelVersion"]
    loose = client.search_faces(CollectionId="staff", FaceId=searched, FaceMatchThreshold=0)
    assert [near, far, other] == ids(loose["FaceMatches"])
    one = client.search_faces(CollectionId="staff", FaceId=searched, FaceMatchThreshold=0, MaxFaces=1)
    assert [near] == ids(one["FaceMatches"])
    strict = client.search_faces(CollectionId="staff", FaceId=searched, FaceMatchThreshold=100)
    assert [] == strict["FaceMatches"]


def test_a_match_as_good_as_the_threshold_counts(scene, client):
    """A Similarity that equals the threshold is a match; the wire's number is what counts."""
    searched = scene.index(face(0))[0]
    scene.index(face(20))
    (match,) = client.search_faces(CollectionId="staff", FaceId=searched)["FaceMatches"]
    similar = match["Similarity"]
    for threshold, count in ((similar, 1), (similar + 1e-5, 0)):
        found = client.search_faces(CollectionId="staff", FaceId=searched, FaceMatchThreshold=threshold)
        assert count == len(found["FaceMatches"])


def test_equal_matches_come_in_the_order_of_indexing(scene, client):
    """Also after deletions, which move rows about inside."""
    stored = [scene.index(face(0))[0] for _ in range(12)]
    client.delete_faces(CollectionId="staff", FaceIds=stored[1:4])
    answer = client.search_faces(CollectionId="staff", FaceId=stored[0], MaxFaces=5)
    assert stored[4:9] == ids(answer["FaceMatches"])


def test_an_unknown_face_cannot_be_searched_for(scene):
    """The service calls it a parameter error."""
    unknown = ("InvalidParameterException", "faceId was not found in the collection", 400)
    assert unknown == scene.refusal("search_faces", CollectionId="staff", FaceId=NOBODY)
    assert unknown == scene.refusal("search_users", CollectionId="staff", FaceId=NOBODY)


def test_an_image_is_searched_by_its_largest_face(scene, client):
    """The box and Confidence are those of the face that was searched for, unrounded."""
    (anna,) = scene.index(face(0))
    scene.index(face(90))
    picture = scene.picture(face(90, width=0.1), face(3, width=0.35, confidence=97.5))
    answer = client.search_faces_by_image(CollectionId="staff", Image=picture)
    assert [anna] == ids(answer["FaceMatches"])
    assert single(0.35) == answer["SearchedFaceBoundingBox"]["Width"]
    assert (97.5, "7.0") == (answer["SearchedFaceConfidence"], answer["FaceModelVersion"])


def test_the_filter_of_a_search_is_off_by_default(scene, client):
    """A poor face is searched for unless a QualityFilter leaves it out; then the next largest is."""
    blurred, sharp = scene.index(face(0)) + scene.index(face(60))
    poor = face(0, width=0.4, quality={"Sharpness": 1})
    picture = scene.picture(poor, face(60, width=0.2))
    searched = client.search_faces_by_image(CollectionId="staff", Image=picture)
    assert [blurred] == ids(searched["FaceMatches"])
    filtered = client.search_faces_by_image(CollectionId="staff", Image=picture, QualityFilter="LOW")
    assert [sharp] == ids(filtered["FaceMatches"])
    nothing = ("InvalidParameterException", "There are no faces in the image. Should be at least 1.", 400)
    request = {"CollectionId": "staff", "Image": scene.picture(poor), "QualityFilter": "AUTO"}
    assert nothing == scene.refusal("search_faces_by_image", **request)
    assert nothing == scene.refusal("search_faces_by_image", CollectionId="staff", Image=scene.picture())


def test_an_empty_collection_matches_nothing(scene, client):
    """A search among no faces is answered with none."""
    picture = scene.picture(face())
    assert [] == client.search_faces_by_image(CollectionId="staff", Image=picture)["FaceMatches"]
    answer = client.search_users_by_image(CollectionId="staff", Image=picture)
    assert ([], []) == (answer["UserMatches"], answer["UnsearchedFaces"])
    assert "SearchedFace" in answer


# --- the whole, with the engine's own eyes -------------------------------------------------------------------


def test_drawn_faces_are_found_again():
    """Without a word of what is on the images: the same drawing finds itself, through the shipped embedder."""
    from pytest_rekognition import draw

    with Rekognition(mode="reference", engine="haar", embedder="descriptor") as rekognition:
        client = rekognition.client()
        client.create_collection(CollectionId="staff")
        image = {"Bytes": draw(1).bytes}
        (record,) = client.index_faces(CollectionId="staff", Image=image)["FaceRecords"]
        (match,) = client.search_faces_by_image(CollectionId="staff", Image=image)["FaceMatches"]
    assert record["Face"]["FaceId"] == match["Face"]["FaceId"]
    assert match["Similarity"] > 99
    assert [] == rekognition.findings
