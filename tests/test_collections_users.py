import uuid

import collecting
import pytest
from collecting import face

from pytest_rekognition.backends.reference.requests_seen import KEPT
from pytest_rekognition.errors import ServiceError

NOBODY = str(uuid.UUID(int=7, version=4))
NO_USER = ("ResourceNotFoundException", "The user id: anna does not exist", 400)


pytestmark = pytest.mark.usefixtures("no_aws")


@pytest.fixture
def scene():
    """Return a scene with an empty collection, `staff`."""
    with collecting.scene() as opened:
        opened.client.create_collection(CollectionId="staff")
        yield opened


@pytest.fixture
def client(scene):
    return scene.client


def users(matches):
    return [match["User"]["UserId"] for match in matches]


def face_ids(faces):
    return [entry["FaceId"] for entry in faces]


def listed(client):
    return {user["UserId"]: user["UserStatus"] for user in client.list_users(CollectionId="staff")["Users"]}


# --- users ---------------------------------------------------------------------------------------------------


def test_a_user_is_made_listed_and_deleted(scene, client):
    """CreateUser and DeleteUser answer nothing; a user without faces is CREATED, one with faces ACTIVE."""
    made = client.create_user(CollectionId="staff", UserId="anna")
    assert {"ResponseMetadata"} == set(made)
    scene.user("bert", 0)
    assert {"anna": "CREATED", "bert": "ACTIVE"} == listed(client)
    assert 2 == client.describe_collection(CollectionId="staff")["UserCount"]
    assert {"ResponseMetadata"} == set(client.delete_user(CollectionId="staff", UserId="anna"))
    assert {"bert": "ACTIVE"} == listed(client)
    assert NO_USER == scene.refusal("delete_user", CollectionId="staff", UserId="anna")


def test_a_user_is_made_once(scene, client):
    """A UserId that is taken is a conflict, in this collection only."""
    client.create_user(CollectionId="staff", UserId="anna")
    taken = ("ConflictException", "A User with the same Id already exists within the collection", 400)
    assert taken == scene.refusal("create_user", CollectionId="staff", UserId="anna")
    client.create_collection(CollectionId="guests")
    client.create_user(CollectionId="guests", UserId="anna")


def test_a_deleted_user_frees_its_faces(scene, client):
    """Faces are disassociated before the user goes: they stay, and may be deleted or belong to another."""
    faces = scene.user("anna", 0, 1)
    client.delete_user(CollectionId="staff", UserId="anna")
    assert [None, None] == [stored.get("UserId") for stored in client.list_faces(CollectionId="staff")["Faces"]]
    assert [] == client.search_users(CollectionId="staff", FaceId=faces[0])["UserMatches"]
    client.create_user(CollectionId="staff", UserId="bert")
    answer = client.associate_faces(CollectionId="staff", UserId="bert", FaceIds=faces[:1])
    assert faces[:1] == face_ids(answer["AssociatedFaces"])
    assert faces[1:] == client.delete_faces(CollectionId="staff", FaceIds=faces[1:])["DeletedFaces"]


def test_users_are_listed_in_pages(client):
    """The paginator finds each user once, in the order of keys that nobody sees, whatever came in between."""
    names = {f"user-{number}" for number in range(7)}
    for name in names:
        client.create_user(CollectionId="staff", UserId=name)
    paginator = client.get_paginator("list_users")
    found = []
    for page in paginator.paginate(CollectionId="staff", PaginationConfig={"PageSize": 3}):
        found += [user["UserId"] for user in page["Users"]]
        if len(found) == 3:
            client.delete_user(CollectionId="staff", UserId=found[-1])
    assert (names, 7) == (set(found), len(found))


# --- associations --------------------------------------------------------------------------------------------


def test_faces_are_associated(scene, client):
    """The answer says UPDATING, as recorded, and what is asked next finds it settled; doubles count once."""
    client.create_user(CollectionId="staff", UserId="anna")
    faces = [scene.index(face(roll))[0] for roll in (0, 1)]
    request = {"CollectionId": "staff", "UserId": "anna", "FaceIds": [*faces, faces[0]]}
    answer = client.associate_faces(**request)
    assert faces == face_ids(answer["AssociatedFaces"])
    assert ([], "UPDATING") == (answer["UnsuccessfulFaceAssociations"], answer["UserStatus"])
    assert {"anna": "ACTIVE"} == listed(client)
    again = client.associate_faces(**request)
    assert ([], [], "ACTIVE") == (
        again["AssociatedFaces"],
        again["UnsuccessfulFaceAssociations"],
        again["UserStatus"],
    )
    assert ["anna", "anna"] == [stored["UserId"] for stored in client.list_faces(CollectionId="staff")["Faces"]]


def test_each_failed_association_has_its_reason(scene, client):
    """A face that is nowhere, another user's, or too unlike those that the user has; the rest is associated."""
    scene.user("anna", 0)
    (taken,) = scene.user("bert", 2)
    unlike, alike = scene.index(face(100))[0], scene.index(face(10))[0]
    answer = client.associate_faces(
        CollectionId="staff", UserId="anna", FaceIds=[NOBODY, taken, unlike, alike, NOBODY]
    )
    assert [alike] == face_ids(answer["AssociatedFaces"])
    nowhere, others, low = answer["UnsuccessfulFaceAssociations"]
    assert {"FaceId": NOBODY, "Reasons": ["FACE_NOT_FOUND"]} == nowhere
    assert {"FaceId": taken, "UserId": "bert", "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]} == others
    assert (unlike, ["LOW_MATCH_CONFIDENCE"]) == (low["FaceId"], low["Reasons"])
    assert pytest.approx(100 - 100 / 1.8, abs=1e-3) == low["Confidence"]


def test_the_threshold_is_75_and_holds_for_users_with_faces(scene, client):
    """The first faces of a user may be any; then those 45 degrees off still pass the default, and 46 do not."""
    client.create_user(CollectionId="staff", UserId="anna")
    far = [scene.index(face(roll))[0] for roll in (0, 170)]
    first = client.associate_faces(CollectionId="staff", UserId="anna", FaceIds=far, UserMatchThreshold=100)
    assert far == face_ids(first["AssociatedFaces"])
    client.disassociate_faces(CollectionId="staff", UserId="anna", FaceIds=far[1:])
    for roll, accepted in ((46, 0), (44.9, 1)):
        answer = client.associate_faces(CollectionId="staff", UserId="anna", FaceIds=scene.index(face(roll)))
        assert accepted == len(answer["AssociatedFaces"])


def test_a_user_has_at_most_100_faces(scene, client):
    """Those of one call that are too many are unsuccessful; once there are 100, the next call meets the quota."""
    client.create_user(CollectionId="staff", UserId="anna")
    faces = scene.index(*(face(width=0.1 + number / 1000) for number in range(60)))
    more = scene.index(*(face(width=0.1 + number / 1000) for number in range(60)))
    client.associate_faces(CollectionId="staff", UserId="anna", FaceIds=faces)
    answer = client.associate_faces(CollectionId="staff", UserId="anna", FaceIds=more)
    assert more[:40] == face_ids(answer["AssociatedFaces"])
    assert [{"FaceId": face_id, "Reasons": []} for face_id in more[40:]] == answer["UnsuccessfulFaceAssociations"]
    full = scene.refusal("associate_faces", CollectionId="staff", UserId="anna", FaceIds=more[40:])
    assert (
        "ServiceQuotaExceededException",
        "The user id: anna has 100 faces, the most it can have",
        400,
    ) == full


@pytest.mark.parametrize("operation", ["AssociateFaces", "DisassociateFaces"])
def test_more_than_100_ids_at_once_are_refused(scene, operation):
    """The service model's limit on the list is a ValidationException."""
    many = [str(uuid.UUID(int=number, version=4)) for number in range(101)]
    with pytest.raises(ServiceError, match=r"ValidationException: .*length less than or equal to 100$"):
        scene.reply(operation, CollectionId="staff", UserId="anna", FaceIds=many)


def test_faces_are_disassociated(scene, client):
    """One that belongs to nobody is passed over; another user's, or none, is unsuccessful."""
    own, kept = scene.user("anna", 0, 1)
    (others,) = scene.user("bert", 50)
    (free,) = scene.index(face(9))
    request = {"CollectionId": "staff", "UserId": "anna", "FaceIds": [free, own, NOBODY, others, own]}
    answer = client.disassociate_faces(**request)
    assert [own] == face_ids(answer["DisassociatedFaces"])
    assert [
        {"FaceId": NOBODY, "Reasons": ["FACE_NOT_FOUND"]},
        {"FaceId": others, "UserId": "bert", "Reasons": ["ASSOCIATED_TO_A_DIFFERENT_USER"]},
    ] == answer["UnsuccessfulFaceDisassociations"]
    assert "UPDATING" == answer["UserStatus"]
    assert "ACTIVE" == client.disassociate_faces(**request)["UserStatus"]
    client.disassociate_faces(CollectionId="staff", UserId="anna", FaceIds=[kept])
    assert {"anna": "CREATED", "bert": "ACTIVE"} == listed(client)
    assert ["bert"] == users(
        client.search_users(CollectionId="staff", FaceId=kept, UserMatchThreshold=0)["UserMatches"]
    )


@pytest.mark.parametrize("operation", ["associate_faces", "disassociate_faces"])
def test_an_unknown_user_is_told(scene, operation):
    """Faces of nobody cannot be associated, nor disassociated."""
    assert NO_USER == scene.refusal(operation, CollectionId="staff", UserId="anna", FaceIds=[NOBODY])


# --- tokens --------------------------------------------------------------------------------------------------


def test_a_request_with_its_token_is_done_once(scene, client):
    """The same token with the same request has the same answer, though the state has moved on."""
    made = {"CollectionId": "staff", "UserId": "anna", "ClientRequestToken": "made"}
    for _ in range(2):
        client.create_user(**made)
    faces = scene.index(face())
    request = {"CollectionId": "staff", "UserId": "anna", "FaceIds": faces, "ClientRequestToken": "once"}
    first = client.associate_faces(**request)
    client.disassociate_faces(CollectionId="staff", UserId="anna", FaceIds=faces)
    again = client.associate_faces(**request)
    for answer in (first, again):
        del answer["ResponseMetadata"]
    assert first == again
    assert {"anna": "CREATED"} == listed(client)


def test_a_token_with_another_request_is_a_mismatch(scene, client):
    """A token is good for one request of an operation; other operations may use it too."""
    client.create_user(CollectionId="staff", UserId="anna", ClientRequestToken="once")
    code, text, status = scene.refusal(
        "create_user", CollectionId="staff", UserId="bert", ClientRequestToken="once"
    )
    assert ("IdempotentParameterMismatchException", 400) == (code, status)
    assert text.startswith("A ClientRequestToken input parameter was reused")
    client.delete_user(CollectionId="staff", UserId="anna", ClientRequestToken="once")


def test_a_refused_request_may_be_tried_again(scene, client):
    """What was refused has done nothing, and its token is free."""
    request = {"CollectionId": "staff", "UserId": "anna", "ClientRequestToken": "once"}
    assert NO_USER == scene.refusal("delete_user", **request)
    client.create_user(CollectionId="staff", UserId="anna")
    client.delete_user(**request)
    assert {} == listed(client)


def test_a_token_is_forgotten_after_a_time(scene, client):
    """On the reference's own clock."""
    scene.rekognition.clock.stop()
    request = {"CollectionId": "staff", "UserId": "anna", "ClientRequestToken": "once"}
    client.create_user(**request)
    client.delete_user(CollectionId="staff", UserId="anna")
    scene.rekognition.clock.advance(KEPT - 1)
    client.create_user(**request)
    assert {} == listed(client)
    scene.rekognition.clock.advance(1)
    client.create_user(**request)
    assert {"anna": "CREATED"} == listed(client)


# --- searching for users -------------------------------------------------------------------------------------


def test_users_are_found_by_a_face(scene, client):
    """The user whose faces' mean is nearest comes first; a user's own face finds it; 80 is the default."""
    faces = scene.user("anna", -10, 10)
    scene.user("bert", 30)
    scene.user("carl", 100)
    scene.user("nobody")
    answer = client.search_users(CollectionId="staff", FaceId=scene.index(face(0))[0])
    assert ["anna", "bert"] == users(answer["UserMatches"])
    assert "ACTIVE" == answer["UserMatches"][0]["User"]["UserStatus"]
    assert pytest.approx([100, 100 - 30 / 1.8], abs=0.05) == [
        match["Similarity"] for match in answer["UserMatches"]
    ]
    assert "7" == answer["FaceModelVersion"]
    assert "SearchedUser" not in answer
    own = client.search_users(CollectionId="staff", FaceId=faces[0], MaxUsers=1, UserMatchThreshold=0)
    assert ["anna"] == users(own["UserMatches"])
    assert {"FaceId": faces[0]} == own["SearchedFace"]


def test_users_are_found_by_a_user(scene, client):
    """A user is no match of itself; one without faces matches nobody."""
    scene.user("anna", 0)
    scene.user("bert", 5)
    scene.user("nobody")
    answer = client.search_users(CollectionId="staff", UserId="anna")
    assert (["bert"], {"UserId": "anna"}) == (users(answer["UserMatches"]), answer["SearchedUser"])
    assert "SearchedFace" not in answer
    assert [] == client.search_users(CollectionId="staff", UserId="nobody", UserMatchThreshold=0)["UserMatches"]


@pytest.mark.parametrize("keys", [{}, {"FaceId": NOBODY, "UserId": "anna"}])
def test_a_search_for_users_takes_one_of_two(scene, keys):
    """Neither FaceId nor UserId, or both, is a parameter error."""
    with pytest.raises(ServiceError, match="InvalidParameterException: Request has invalid parameters"):
        scene.reply("SearchUsers", CollectionId="staff", **keys)


def test_an_unknown_user_cannot_be_searched_for(scene):
    """It is told that the user is missing."""
    assert NO_USER == scene.refusal("search_users", CollectionId="staff", UserId="anna")


def test_users_are_found_by_an_image(scene, client):
    """By the largest face; the others are told with their reasons, the largest first."""
    scene.user("anna", 0)
    scene.user("bert", 90)
    picture = scene.picture(face(90, width=0.1), face(2, width=0.4), face(90, width=0.2))
    answer = client.search_users_by_image(CollectionId="staff", Image=picture)
    assert ["anna"] == users(answer["UserMatches"])
    assert 5 == len(answer["SearchedFace"]["FaceDetail"])
    assert pytest.approx(0.4) == answer["SearchedFace"]["FaceDetail"]["BoundingBox"]["Width"]
    assert [["FACE_NOT_LARGEST"]] * 2 == [left["Reasons"] for left in answer["UnsearchedFaces"]]
    assert pytest.approx([0.2, 0.1]) == [
        left["FaceDetails"]["BoundingBox"]["Width"] for left in answer["UnsearchedFaces"]
    ]
    assert "7" == answer["FaceModelVersion"]


def test_a_crowd_ends_with_its_hundredth_face(scene, client):
    """More than 100 faces are never detected: one is searched for, 99 are told of."""
    crowd = scene.picture(*(face(width=0.2 + number / 1000) for number in range(120)))
    answer = client.search_users_by_image(CollectionId="staff", Image=crowd)
    assert 99 == len(answer["UnsearchedFaces"])


def test_an_image_without_a_valid_face_searches_nothing(scene, client):
    """No SearchedFace and no match, but no error; a face that the filter leaves out says why."""
    scene.user("anna", 0)
    nothing = client.search_users_by_image(CollectionId="staff", Image=scene.picture())
    assert ([], []) == (nothing["UserMatches"], nothing["UnsearchedFaces"])
    assert "SearchedFace" not in nothing
    dark = scene.picture(face(quality={"Brightness": 1}))
    filtered = client.search_users_by_image(CollectionId="staff", Image=dark, QualityFilter="HIGH")
    assert [["LOW_BRIGHTNESS"]] == [left["Reasons"] for left in filtered["UnsearchedFaces"]]
    assert "SearchedFace" not in filtered
    assert ["anna"] == users(client.search_users_by_image(CollectionId="staff", Image=dark)["UserMatches"])
