"""The stateful machine: it finds nothing wrong with the reference, and finds every bug that is planted."""

import os
import re
import unittest
import uuid
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from pytest_rekognition import Rekognition
from pytest_rekognition.backends.reference.collections import vectors
from pytest_rekognition.backends.reference.collections.store import Collection
from pytest_rekognition.errors import UsageError
from pytest_rekognition.strategies.stateful import CollectionsMachine, DivergenceError, Portrait, drawn_portraits
from pytest_rekognition.strategies.stateful.endpoint import Endpoint
from pytest_rekognition.strategies.stateful.model import Likeness, Outline, Sighting

#: The thorough profile: PYTEST_REKOGNITION_EXAMPLES=1000 pytest tests/test_stateful.py
EXAMPLES = os.environ.get("PYTEST_REKOGNITION_EXAMPLES")
STEPS = 40
common = settings(
    deadline=None,
    database=None,
    derandomize=EXAMPLES is None,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck),
)
quick = settings(common, max_examples=int(EXAMPLES or 50))
#: To find an example, not the least one.
anyone = settings(common, max_examples=300, phases=[Phase.generate])


@pytest.fixture
def harness():
    """Return a harness whose reference was told who is on the drawn images."""
    with Rekognition(mode="reference") as rekognition:
        for portrait in drawn_portraits():
            rekognition.know(portrait, portrait.stated)
        yield rekognition


@pytest.fixture
def client(harness):
    return harness.client(region_name="us-east-1")


def machine(client, **knobs):
    told = {
        "client": client,
        "tells_persons": True,
        "saves_duplicates": False,
        "prefix": f"t{uuid.uuid4().hex[:8]}-",
    }
    return type("Staff", (CollectionsMachine,), told | knobs)


class Through:
    """A client of which some methods are replaced, each by a function of the client."""

    def __init__(self, client, **methods):
        self._client = client
        self._methods = methods

    def __getattr__(self, name):
        if name not in self._methods:
            return getattr(self._client, name)
        return lambda **request: self._methods[name](self._client, **request)


# --- the reference ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", [True, False], ids=["persons-told", "pixels-alone"])
def test_the_reference_diverges_nowhere(told):
    """The reference keeps to the model, whether it was told who is on the images or looks at the pixels."""
    with Rekognition(mode="reference") as rekognition:
        for portrait in drawn_portraits() if told else ():
            rekognition.know(portrait, portrait.stated)
        client = rekognition.client(region_name="us-east-1")
        run_state_machine_as_test(machine(client, tells_persons=told), settings=quick)
        assert [] == client.list_collections()["CollectionIds"]
        asked = Counter(exchange.operation for exchange in rekognition.calls() if exchange.error is None)
    assert {name for name in OPERATIONS if not asked[name]} == set()


#: What the machine tries, and has to be answered at least once.
OPERATIONS = {
    "AssociateFaces",
    "CreateCollection",
    "CreateUser",
    "DeleteCollection",
    "DeleteFaces",
    "DeleteUser",
    "DescribeCollection",
    "DisassociateFaces",
    "IndexFaces",
    "ListCollections",
    "ListFaces",
    "ListUsers",
    "SearchFaces",
    "SearchFacesByImage",
    "SearchUsers",
    "SearchUsersByImage",
}


# --- planted bugs -------------------------------------------------------------------------------------------


def forget(done):
    """Return a method that does nothing, and says that it did everything."""

    def method(_, **request):
        return {done: request["FaceIds"], "UnsuccessfulFaceDeletions": []}

    return method


def twice(member):
    """Return a method that gives the first item of a list twice."""

    def method(call, **request):
        answer = call(**request)
        return answer | {member: answer[member][:1] + answer[member]}

    return method


def without_token(call, **request):
    answer = call(**request)
    answer.pop("NextToken", None)
    return answer


def first_page_again(call, **request):
    """Begin at the beginning where a page is to follow, and end there."""
    token = request.pop("NextToken", None)
    answer = call(**request)
    if token is not None:
        answer.pop("NextToken", None)
    return answer


def whole(call, **request):
    request.pop("MaxResults", None)
    return call(**request)


def any_token(call, **request):
    request.pop("NextToken", None)
    return call(**request)


def reverse(member):
    def method(call, **request):
        answer = call(**request)
        return answer | {member: answer[member][::-1]}

    return method


def drop_first(member):
    def method(call, **request):
        answer = call(**request)
        return answer | {member: answer[member][1:]}

    return method


def ignore(member, value=None):
    """Return a method that has another value for a member of the request, or none."""

    def method(call, **request):
        request.pop(member, None)
        return call(**request | ({} if value is None else {member: value}))

    return method


def one_more(member):
    def method(call, **request):
        answer = call(**request)
        return answer | {member: answer[member] + 1} if answer.get(member, 0) > 1 else answer

    return method


def quietly(_, **__):
    """Answer as if it had been done."""
    return {}


def swallow(code):
    """Return a method that takes a refusal for a success."""

    def method(call, **request):
        try:
            return call(**request)
        except call.__self__.exceptions.ClientError as error:
            if error.response["Error"]["Code"] == code:
                return {}
            raise

    return method


def new_image_id(call, **request):
    answer = call(**request)
    for record in answer["FaceRecords"]:
        record["Face"]["ImageId"] = str(uuid.uuid4())
    return answer


def answers_unasked(call, **request):
    """Serve faces that are the user's already as if they were new."""
    answer = call(**request)
    members = ("AssociatedFaces", "UnsuccessfulFaceAssociations")
    named = {face["FaceId"] for member in members for face in answer[member]}
    again = [{"FaceId": face_id} for face_id in request["FaceIds"] if face_id not in named]
    return answer | {"AssociatedFaces": answer["AssociatedFaces"] + again}


def takes_from_others(call, **request):
    """Let a face change its user."""
    client, place = call.__self__, {"CollectionId": request["CollectionId"]}
    for user in client.list_users(**place)["Users"]:
        if user["UserId"] != request["UserId"]:
            client.disassociate_faces(UserId=user["UserId"], FaceIds=request["FaceIds"], **place)
    return call(**request)


def deletes_what_is_in_use(call, **request):
    client, place = call.__self__, {"CollectionId": request["CollectionId"]}
    for user in client.list_users(**place)["Users"]:
        client.disassociate_faces(UserId=user["UserId"], FaceIds=request["FaceIds"], **place)
    return call(**request)


def forgets_external_id(call, **request):
    external_id = request.pop("ExternalImageId", None)
    answer = call(**request)
    for record in answer["FaceRecords"] if external_id else ():
        record["Face"]["ExternalImageId"] = external_id
    return answer


def forgets_users_of_faces(call, **request):
    answer = call(**request)
    for face in answer["Faces"]:
        face.pop("UserId", None)
    return answer


def edited(edit):
    """Return a method whose answer is edited, by a function of it and of the request."""

    def method(call, **request):
        answer = call(**request)
        edit(answer, request)
        return answer

    return method


def all_where_the_first_is(answer, _):
    for face in answer["Faces"]:
        face["BoundingBox"] = answer["Faces"][0]["BoundingBox"]


def surely_a_face(answer, _):
    for match in answer["FaceMatches"]:
        match["Face"]["Confidence"] = 99.0


def owned_by_who_asks(answer, request):
    for face in answer["UnsuccessfulFaceAssociations"]:
        if "UserId" in face:
            face["UserId"] = request["UserId"]


def as_often_as_named(answer, request):
    done = {face["FaceId"] for face in answer["AssociatedFaces"]}
    answer["AssociatedFaces"] = [{"FaceId": face_id} for face_id in request["FaceIds"] if face_id in done]


def without_a_face(answer, _):
    for match in answer["UserMatches"]:
        match["User"]["UserStatus"] = "CREATED"


def created_once_associated(answer, _):
    if answer["AssociatedFaces"]:
        answer["UserStatus"] = "CREATED"


def too_dark(answer, _):
    for face in answer["UnindexedFaces"]:
        face["Reasons"] = ["LOW_BRIGHTNESS"]


def first_match_searched(answer, _):
    if answer["FaceMatches"]:
        answer["SearchedFaceBoundingBox"] = answer["FaceMatches"][-1]["Face"]["BoundingBox"]


def smallest_face_searched(answer, _):
    if answer["UnsearchedFaces"]:
        searched, last = answer["SearchedFace"], answer["UnsearchedFaces"][-1]
        searched["FaceDetail"], last["FaceDetails"] = last["FaceDetails"], searched["FaceDetail"]


def user_named_as_another(answer, _):
    if "SearchedUser" in answer:
        answer["SearchedUser"] = {"UserId": "somebody"}


def face_named_as_another(answer, _):
    if "SearchedFace" in answer:
        answer["SearchedFace"] = {"FaceId": str(uuid.uuid4())}


def created_just_now(answer, _):
    answer["CreationTimestamp"] = datetime.now(UTC)


def named_like_another(answer, request):
    if request["CollectionId"].endswith("2"):
        answer["CollectionARN"] = answer["CollectionARN"][:-1] + "1"


def takes_tokens(*, only):
    """Return a method of a listing that takes a token of another one; of any, or of the one with other filters."""
    given = set()

    def method(call, **request):
        try:
            answer = call(**request)
        except call.__self__.exceptions.InvalidPaginationTokenException:
            place = request["CollectionId"] if only == "of the collection" else None
            if (place, request["NextToken"]) not in given:
                raise
            return any_token(call, **request)
        given.update({(request["CollectionId"], answer.get("NextToken")), (None, answer.get("NextToken"))})
        return answer

    return method


def one_filter(ignored):
    """Return a ListFaces that passes over one of its two filters where it has both."""

    def method(call, **request):
        return (ignore(ignored)(call, **request)) if {"UserId", "FaceIds"} <= request.keys() else call(**request)

    return method


#: A bug: the method that has it, and what stands in the method's place, given the bound method.
BUGS = {
    "a deletion is forgotten": ("delete_faces", forget("DeletedFaces")),
    "faces in use are deleted": ("delete_faces", deletes_what_is_in_use),
    "a missing collection is deleted": ("delete_collection", swallow("ResourceNotFoundException")),
    "a collection is missing from the list": ("list_collections", drop_first("CollectionIds")),
    "a collection is created twice": ("create_collection", swallow("ResourceAlreadyExistsException")),
    "a missing collection is described": ("describe_collection", swallow("ResourceNotFoundException")),
    "a face too many is counted": ("describe_collection", one_more("FaceCount")),
    "a user too many is counted": ("describe_collection", one_more("UserCount")),
    "the ExternalImageId is forgotten": ("index_faces", forgets_external_id),
    "an image has many ids": ("index_faces", new_image_id),
    "MaxFaces is ignored": ("index_faces", ignore("MaxFaces")),
    "a face is listed twice": ("list_faces", twice("Faces")),
    "a page is listed twice": ("list_faces", first_page_again),
    "the last pages are lost": ("list_faces", without_token),
    "a page is too long": ("list_faces", whole),
    "any token will do": ("list_faces", any_token),
    "faces lose their users": ("list_faces", forgets_users_of_faces),
    "FaceIds filter nothing": ("list_faces", ignore("FaceIds")),
    "UserId filters nothing": ("list_faces", ignore("UserId")),
    "a face is found twice": ("search_faces", twice("FaceMatches")),
    "the worst comes first": ("search_faces", reverse("FaceMatches")),
    "the best is left out": ("search_faces_by_image", drop_first("FaceMatches")),
    "the threshold is ignored": ("search_faces_by_image", ignore("FaceMatchThreshold", 0)),
    "the number of matches is ignored": ("search_faces_by_image", ignore("MaxFaces", 100)),
    "a user is created twice": ("create_user", swallow("ConflictException")),
    "a deleted user stays": ("delete_user", quietly),
    "a missing user is deleted": ("delete_user", swallow("ResourceNotFoundException")),
    "a page of users is lost": ("list_users", without_token),
    "a user is listed twice": ("list_users", twice("Users")),
    "a face changes its user": ("associate_faces", takes_from_others),
    "an association is served again": ("associate_faces", answers_unasked),
    "any face is taken": ("associate_faces", ignore("UserMatchThreshold", 0)),
    "a disassociation is forgotten": (
        "disassociate_faces",
        lambda _, **request: {
            "DisassociatedFaces": [{"FaceId": face_id} for face_id in request["FaceIds"]],
            "UnsuccessfulFaceDisassociations": [],
            "UserStatus": "UPDATING",
        },
    ),
    "the user is not found": ("search_users_by_image", drop_first("UserMatches")),
    "all faces lie in one place": ("list_faces", edited(all_where_the_first_is)),
    "a found face has another Confidence": ("search_faces_by_image", edited(surely_a_face)),
    "a face in use is somebody else's": ("associate_faces", edited(owned_by_who_asks)),
    "a duplicate is answered twice": ("associate_faces", edited(as_often_as_named)),
    "FaceIds filter no user's faces": ("list_faces", one_filter("FaceIds")),
    "UserId filters no chosen faces": ("list_faces", one_filter("UserId")),
    "a request is made once more": ("create_user", ignore("ClientRequestToken")),
    "a deletion is made once more": ("delete_user", ignore("ClientRequestToken")),
    "an association is made once more": ("associate_faces", ignore("ClientRequestToken")),
    "a disassociation is made once more": ("disassociate_faces", ignore("ClientRequestToken")),
    "a token serves other filters": ("list_faces", takes_tokens(only="of the collection")),
    "a token serves other listings": ("list_faces", takes_tokens(only="of any")),
    "any token lists users": ("list_users", any_token),
    "any token lists collections": ("list_collections", any_token),
    "a found user has no face": ("search_users", edited(without_a_face)),
    "an associated user has no face": ("associate_faces", edited(created_once_associated)),
    "the searched user is another": ("search_users", edited(user_named_as_another)),
    "the searched face is another": ("search_users", edited(face_named_as_another)),
    "the searched face lies elsewhere": ("search_faces_by_image", edited(first_match_searched)),
    "the smallest face is searched": ("search_users_by_image", edited(smallest_face_searched)),
    "every face is searched": (
        "search_users_by_image",
        edited(lambda answer, _: answer["UnsearchedFaces"].clear()),
    ),
    "a face too many is dark": ("index_faces", edited(too_dark)),
    "a collection stays new": ("describe_collection", edited(created_just_now)),
    "a collection has another's ARN": ("describe_collection", edited(named_like_another)),
}


def keep_vector(associate):
    """Return a method that takes faces from a user, who is still found by them."""

    def method(self, user, faces=(), *, without=()):
        before = self.user_vector(user) if without else None
        associate(self, user, faces, without=without)
        if before is not None and user.faces:
            self._user_vectors.put(user.user_id, before, user.number)

    return method


#: A bug within the reference: where it lies, and what stands there, given what was there.
DEEP = {
    "a user is its first face": (vectors, "mean_vector", lambda _: lambda faces: faces[0]),
    "a user is its last face": (vectors, "mean_vector", lambda _: lambda faces: faces[-1]),
    "a user stays who it was": (Collection, "associate", keep_vector),
}


#: What takes up to half a minute to find; PYTEST_REKOGNITION_EXAMPLES asks for these too.
RARE = {
    "a deletion is made once more",
    "a face changes its user",
    "a face in use is somebody else's",
    "the number of matches is ignored",
    "the worst comes first",
}


@pytest.mark.parametrize("bug", BUGS if EXAMPLES else sorted(BUGS.keys() - RARE))
def test_a_planted_bug_is_found(client, bug):
    """The machine fails for each bug, with an error that names the operation, and leaves no collection behind."""
    assert RARE < BUGS.keys()
    name, method = BUGS[bug]
    hold_found(client, Through(client, **{name: lambda real, **request: method(getattr(real, name), **request)}))


@pytest.mark.parametrize("bug", DEEP)
def test_a_bug_of_the_reference_is_found(client, monkeypatch, bug):
    """What only the service's inside shows is found too."""
    place, name, make = DEEP[bug]
    monkeypatch.setattr(place, name, make(getattr(place, name)))
    hold_found(client, client)


def hold_found(client, faulty):
    """Hold the machine to failing for a faulty client, and to leaving no collection behind."""
    staff = machine(faulty, max_faces=12)
    with pytest.raises(DivergenceError) as caught:
        run_state_machine_as_test(staff, settings=anyone)
    assert "(" in str(caught.value)
    assert [] == client.list_collections()["CollectionIds"]


# --- the machine itself -------------------------------------------------------------------------------------


def begun(client, **knobs):
    """Return a run of a machine, outside of Hypothesis."""
    return machine(client, **knobs)()


def test_a_test_case_is_one_of_unittest(client):
    """`TestCase` is collected and run by unittest, and so by pytest."""
    case = machine(client).TestCase
    case.settings = settings(common, max_examples=1, stateful_step_count=3)
    result = unittest.TestResult()
    case("runTest").run(result)
    assert (1, [], []) == (result.testsRun, result.errors, result.failures)


@pytest.mark.usefixtures("no_aws")
def test_the_pages_example_works(run):
    """The first example of docs/stateful.md is collected by pytest, and passes."""
    page = Path(__file__).resolve().parents[1] / "docs" / "stateful.md"
    (example, *_) = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    few = "settings(max_examples=2, stateful_step_count=5, deadline=None, database=None)"
    source = f"{example}\nTestStaff.settings = {few}\n"
    run(source).assert_outcomes(passed=1)


def test_a_machine_needs_a_client():
    """Without a client the message says how to give one."""
    with pytest.raises(UsageError, match="set its attribute client"):
        begun(None)


@pytest.mark.parametrize("images", [[], [b"no portrait"]])
def test_a_machine_needs_portraits(client, images):
    """`images()` returns at least one Portrait."""
    with pytest.raises(UsageError, match="at least one Portrait"):
        begun(client, images=lambda _: images)


def test_what_a_killed_run_has_left_is_deleted(client):
    """A run begins without its collections, and touches no other one."""
    for name in ("left-1", "left-1a", "other"):
        client.create_collection(CollectionId=name)
    begun(client, prefix="left-").teardown()
    assert ["left-1a", "other"] == sorted(client.list_collections()["CollectionIds"])


def test_the_connection_is_given_back_after_a_failure(client):
    """`disconnect` is called although cleaning up fails."""
    closed = []

    def fail(**_):
        raise OSError

    run = begun(client, disconnect=lambda _: closed.append(True))
    run.endpoint = Endpoint(Through(client, delete_collection=lambda _, **__: fail()), settle=0, pause=0)
    with pytest.raises(OSError):  # noqa: PT011  the one raised above
        run.teardown()
    assert [True] == closed


def test_what_settles_in_time_is_no_divergence():
    """A check is repeated for `settle` seconds, and its last failure is the verdict."""
    answers = iter([False, False, True])

    def check():
        if not next(answers):
            raise DivergenceError("not yet")
        return "there"

    assert "there" == Endpoint(None, settle=5, pause=0.001).settled(check)
    answers = iter(lambda: False, None)  # for ever
    with pytest.raises(DivergenceError, match="not yet"):
        Endpoint(None, settle=0.01, pause=0.001).settled(check)


def test_each_answer_is_held_to_the_contract(client):
    """An answer or an error that the contract rules out is a divergence, which tells what is wrong with it."""

    def unheard_of(call, **_):
        raise call.__self__.exceptions.ClientError({"Error": {"Code": "Odd", "Message": "No."}}, "ListUsers")

    faulty = Through(
        client,
        list_collections=lambda _: {"CollectionIds": ["a"], "FaceModelVersions": []},
        list_users=lambda real, **request: unheard_of(real.list_users, **request),
    )
    endpoint = Endpoint(faulty, settle=0, pause=0)
    with pytest.raises(DivergenceError, match=r"ListCollections\(\) answered, .*\$\.FaceModelVersions"):
        endpoint.outcome("ListCollections")
    with pytest.raises(DivergenceError, match=r"failed with Odd: No\., which breaks the contract"):
        endpoint.outcome("ListUsers", CollectionId="a")


def test_what_is_asked_once_more_is_answered_the_same(client):
    """With one ClientRequestToken the second answer is the first, and another request is refused."""
    client.create_collection(CollectionId="once")
    endpoint, request = Endpoint(client, settle=0, pause=0), {"CollectionId": "once", "UserId": "a"}
    endpoint.answer_once("CreateUser", {"UserId": "b"}, **request)
    assert ["a"] == [user["UserId"] for user in client.list_users(CollectionId="once")["Users"]]
    with pytest.raises(DivergenceError, match="IdempotentParameterMismatchException is due"):
        endpoint.answer_once("DeleteUser", {}, **request)


def test_an_outline_fits_but_for_rounding():
    """A stored face may be rounded; a side or a Confidence that is another, or missing, does not fit."""
    box = {"Left": 0.1234567, "Top": 0.25, "Width": 0.5, "Height": 0.5}
    shown = Outline.of({"BoundingBox": box, "Confidence": 99.87654})
    assert shown.fits(Outline.of({"BoundingBox": box | {"Left": 0.123457}, "Confidence": 99.8765}))
    assert not shown.fits(Outline.of({"BoundingBox": box | {"Left": 0.13}, "Confidence": 99.87654}))
    assert not shown.fits(Outline.of({"BoundingBox": box, "Confidence": 99.0}))
    assert not shown.fits(Outline.of({"BoundingBox": box}))
    assert not shown.fits(Outline.of({"Confidence": 99.87654}))


def test_a_portrait_prints_no_bytes():
    """A falsifying example shows who is on an image, not its bytes."""
    portrait = Portrait(b"\xff\xd8\xff" + bytes(100), ("anna", "bruno"))
    assert "anna and bruno" in repr(portrait)
    assert "\\x" not in repr(portrait)
    with pytest.raises(UsageError, match="2 persons and 0 boxes"):
        _ = portrait.stated


def test_likeness_is_claimed_where_it_is_known():
    """A face is like itself; persons count where they are told apart, and otherwise nothing is known."""
    anna, again = Sighting(Portrait(b"1", ("anna",)), 0), Sighting(Portrait(b"2", ("anna",)), 0)
    bruno = Sighting(Portrait(b"3", ("bruno",)), 0)
    assert Likeness(99.0) == anna.likeness(anna, tells_persons=False)
    assert Likeness() == anna.likeness(again, tells_persons=False)
    assert Likeness(80.0) == anna.likeness(again, tells_persons=True)
    assert Likeness(below=80.0) == anna.likeness(bruno, tells_persons=True)
