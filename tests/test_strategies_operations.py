"""The strategies for operations: what keeps the contract, what breaks it once, and what outgrows it."""

import os
import re
import typing
from pathlib import Path

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from pytest_rekognition import Contract, Rekognition, build, catalog
from pytest_rekognition import strategies as rk
from pytest_rekognition.geometry import single
from pytest_rekognition.images import describe_image, is_complete
from pytest_rekognition.sentences import sentences
from pytest_rekognition.strategies.fitting import places
from pytest_rekognition.strategies.oddities import ODDITIES

#: The thorough profile: PYTEST_REKOGNITION_EXAMPLES=1000 pytest tests/test_strategies*.py
EXAMPLES = os.environ.get("PYTEST_REKOGNITION_EXAMPLES")
quick = settings(max_examples=int(EXAMPLES or 10), derandomize=EXAMPLES is None, deadline=None, database=None)
profile = settings(quick, max_examples=int(EXAMPLES or 40))
#: To find an example, not the least one.
anyone = settings(max_examples=5000, phases=[Phase.generate], database=None, deadline=None)
every_operation = pytest.mark.parametrize("operation", catalog.operations())
paged = pytest.mark.parametrize(
    "operation", [name for name in catalog.operations() if catalog.operation(name).pagination]
)
IMAGE = {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}
ALL = {"Image": IMAGE, "Attributes": ["ALL"]}


def worse_than_notes(violations):
    return [violation for violation in violations if violation.severity != "note"]


@every_operation
def test_exchanges_keep_the_contract(operation):
    """A request, and the response or the error that answers it, break nothing and have not drifted."""

    @quick
    @given(rk.exchanges(operation), rk.errors(operation))
    def hold(exchange, failed):
        assert [] == worse_than_notes(Contract(operation).check(exchange))
        assert [] == Contract(operation).check(failed)
        assert ("generated", operation) == (exchange.source, exchange.operation)
        assert catalog.documents_error(operation, failed.error.code)

    hold()


@every_operation
def test_responses_need_no_request(operation):
    """Without a request, a response keeps what holds for every request."""

    @quick
    @given(rk.responses(operation))
    def hold(response):
        assert [] == worse_than_notes(Contract(operation).check_response(response))

    hold()


@every_operation
def test_breaches_are_found_once_and_in_place(operation):
    """What breaks one constraint is rejected by exactly one violation, at exactly its path."""

    @quick
    @given(rk.breaches(operation))
    def hold(miss):
        assert [(miss.path, miss.rule, "breach")] == [seen[:3] for seen in found(miss)]
        assert miss.side == found(miss)[0][3]
        assert miss.payload is (miss.request if miss.side == "request" else miss.response)

    hold()


@every_operation
def test_drifts_are_drift_and_nothing_else(operation):
    """What AWS may add is found as drift, once, in a response that is otherwise right."""

    @quick
    @given(rk.drifts(operation))
    def hold(miss):
        assert [(miss.path, miss.rule, "drift", "response")] == found(miss)

    hold()


def found(miss):
    contract = Contract(miss.operation)
    if miss.side == "request":
        violations = contract.check_request(miss.request)
    else:
        violations = contract.check_request(miss.request) + contract.check_response(miss.response, miss.request)
    return [(seen.path, seen.rule, seen.severity, seen.side) for seen in violations]


@every_operation
def test_variants_are_legal(operation):
    """A legal oddity breaks nothing: at most the contract has a note on it."""

    @quick
    @given(rk.variants(operation))
    def hold(variant):
        contract = Contract(operation)
        assert [] == contract.check_request(variant.request)
        assert [] == worse_than_notes(contract.check_response(variant.response, variant.request))

    hold()


@pytest.mark.parametrize(
    ("operation", "name"),
    [("ListFaces", name) for name in ("empty-page", "more-pages")]
    + [
        ("RecognizeCelebrities", "no-urls"),
        ("GetFaceSearch", "unfinished-job"),
        ("GetFaceSearch", "failed-job"),
        ("SearchFaces", "certain-match"),
    ]
    + [("GetFaceLivenessSessionResults", f"{how}-session") for how in ("unfinished", "expired", "failed")]
    + [("IndexFaces", "hundred-faces")]
    + [("DetectFaces", name) for name in sorted(ODDITIES) if ODDITIES[name].applies("DetectFaces", ALL)],
)
def test_every_variant_occurs(operation, name):
    """Every named oddity is found where it applies."""
    variant = find(
        rk.variants(operation, ALL if operation == "DetectFaces" else None),
        lambda variant: variant.name == name,
        settings=anyone,
    )
    assert (operation, name) == (variant.operation, variant.name)


@profile
@given(st.data())
def test_responses_answer_their_request(data):
    """Attributes, limits, thresholds and ids are those of the request."""
    request = {"CollectionId": "staff", "FaceId": "0" * 8 + "-0000-4000-8000-" + "0" * 12}
    asked = request | {"MaxFaces": 2, "FaceMatchThreshold": 97.5}
    response = data.draw(rk.responses("SearchFaces", asked))
    assert request["FaceId"] == response["SearchedFaceId"]
    assert len(response["FaceMatches"]) <= 2
    similarities = [holder[key] for holder, key in places(response, "FaceMatches", "*", "Similarity")]
    assert sorted(similarities, reverse=True) == similarities
    assert all(97.5 <= similarity <= 100 for similarity in similarities)
    faces = data.draw(rk.responses("detect_faces", {"Image": IMAGE, "Attributes": ["SMILE"]}))["FaceDetails"]
    assert all("Smile" in face and "Beard" not in face for face in faces)


STAFF = {"CollectionId": "staff"}
FACE_ID = "0" * 8 + "-0000-4000-8000-" + "0" * 12


@profile
@given(rk.responses("SearchUsers", STAFF | {"UserId": "user-1"}))
def test_users_that_match_have_faces_and_are_others(response):
    """A search for a user finds neither itself nor one without faces; the version is a whole number."""
    users = [match["User"] for match in response["UserMatches"]]
    assert "user-1" not in [user["UserId"] for user in users]
    assert {"ACTIVE", "UPDATING"} >= {user["UserStatus"] for user in users}
    assert response.get("FaceModelVersion", "7") in {"6", "7"}


@profile
@given(rk.responses("ListFaces", STAFF | {"UserId": "anna"}))
def test_faces_of_a_user_name_the_user(response):
    """A listing by a user has faces of that user alone, and says so of each."""
    assert all(face["UserId"] == "anna" for face in response["Faces"])


@profile
@given(rk.responses("AssociateFaces", STAFF | {"UserId": "anna", "FaceIds": [FACE_ID], "UserMatchThreshold": 60}))
def test_a_face_that_was_not_associated_has_its_reason(response):
    """Each reason brings what tells more of it: the other user, or a Confidence below the threshold."""
    for face in response.get("UnsuccessfulFaceAssociations", ()):
        assert 1 == len(face["Reasons"])
        assert ("UserId" in face) == (face["Reasons"] == ["ASSOCIATED_TO_A_DIFFERENT_USER"])
        assert ("Confidence" in face) == (face["Reasons"] == ["LOW_MATCH_CONFIDENCE"])
        assert face.get("UserId") != "anna"
        assert face.get("Confidence", 0) < 60


@profile
@given(st.integers(1, 4), st.data())
def test_faces_beyond_the_limit_follow_as_many_as_asked_for(limit, data):
    """A face that was one too many was left out of a list that is full."""
    response = data.draw(rk.responses("IndexFaces", STAFF | {"Image": IMAGE, "MaxFaces": limit}))
    reasons = [reason for face in response.get("UnindexedFaces", ()) for reason in face["Reasons"]]
    assert "EXCEEDS_MAX_FACES" not in reasons or len(response["FaceRecords"]) == limit


@profile
@given(rk.responses("GetFaceSearch"))
def test_a_persons_matches_are_sorted_and_similar(response):
    """Each person's matches are sorted by similarity, which is the default threshold or more."""
    for person in response.get("Persons", ()):
        found = [match["Similarity"] for match in person.get("FaceMatches", ())]
        assert sorted(found, reverse=True) == found
        assert all(similarity >= 80 for similarity in found)


@profile
@given(rk.responses("GetFaceLivenessSessionResults"))
def test_an_expired_session_has_no_results(response):
    """Nothing is told of a session whose data is gone, or that is not over."""
    results = {"AuditImages", "Confidence", "ReferenceImage"} & response.keys()
    assert response["Status"] in {"SUCCEEDED", "FAILED"} or results == set()


#: Legal answers to an unknown request, and requests, that are met.
MET = {
    "a job's token": (rk.responses("GetFaceDetection"), lambda answer: "NextToken" in answer),
    "a face beyond the limit": (
        rk.responses("IndexFaces"),
        lambda answer: ["EXCEEDS_MAX_FACES"] in [face["Reasons"] for face in answer.get("UnindexedFaces", ())],
    ),
    "an external id": (
        rk.responses("IndexFaces"),
        lambda answer: any("ExternalImageId" in record["Face"] for record in answer["FaceRecords"]),
    ),
    "an empty page": (rk.responses("ListFaces"), lambda answer: "NextToken" in answer and not answer["Faces"]),
    "an image of version 5": (
        rk.responses("ListFaces"),
        lambda answer: any(face["ImageId"][14] == "5" for face in answer["Faces"]),
    ),
    "an orientation": (rk.responses("DetectFaces"), lambda answer: "OrientationCorrection" in answer),
    "no attributes": (rk.requests("DetectFaces"), lambda asked: asked.get("Attributes") == []),
    "an unknown emotion": (rk.emotions(), lambda found: "UNKNOWN" in [emotion["Type"] for emotion in found]),
    "an emotion that is not CALM": (rk.emotions(), lambda found: found[0]["Type"] == "FEAR"),
    "a token that is not valid": (
        rk.errors("DetectFaces"),
        lambda failed: (
            failed.error == ("UnrecognizedClientException", sentences("UnrecognizedClientException")[0])
        ),
    ),
    "an empty list of ids": (rk.errors("DeleteFaces"), lambda failed: "'faceIds'" in failed.error.message),
}


@pytest.mark.parametrize("met", MET)
def test_what_is_legal_is_met(met):
    """What the service was seen to send, or is documented to, is drawn at times."""
    strategy, holds = MET[met]
    assert holds(find(strategy, holds, settings=anyone))


#: The errors of which no sentence is known; the strategy repeats the code.
UNSAID = {
    "ConflictException",
    "HumanLoopQuotaExceededException",
    "IdempotentParameterMismatchException",
    "InvalidManifestException",
    "InvalidPolicyRevisionIdException",
    "LimitExceededException",
    "MalformedHttpRequestException",
    "MalformedPolicyDocumentException",
    "MissingAuthenticationToken",
    "RequestAbortedException",
    "RequestEntityTooLargeException",
    "RequestExpired",
    "RequestTimeoutException",
    "ResourceInUseException",
    "ResourceNotReadyException",
    "ServiceQuotaExceededException",
    "SessionNotFoundException",
    "UnknownOperationException",
    "VideoTooLargeException",
}
#: Those whose sentence names a collection.
OF_COLLECTIONS = {"ResourceAlreadyExistsException", "ResourceNotFoundException"}
#: Some that were recorded.
SAID = {
    "ImageTooLargeException": {"Image size is too large."},
    "InvalidImageFormatException": {"Request has invalid image format"},
    "ProvisionedThroughputExceededException": {"Provisioned Rate exceeded."},
}


@profile
@given(st.sampled_from(catalog.operations()).flatmap(rk.errors))
def test_an_errors_sentence_is_one_of_its_code(failed):
    """Codes and sentences belong together; a collection is the request's."""
    code, message = failed.error
    assert message != code or code in UNSAID or (code in OF_COLLECTIONS and "CollectionId" not in failed.request)
    assert message in SAID.get(code, {message})
    if code == "ResourceNotFoundException" and "CollectionId" in failed.request:
        assert f"The collection id: {failed.request['CollectionId']} does not exist" == message


@pytest.mark.parametrize(
    ("operation", "member", "holds"),
    [
        ("CreateCollection", "StatusCode", lambda value: value == 200),
        ("DeleteCollection", "StatusCode", lambda value: value == 200),
        ("CompareFaces", "SourceImageFace", lambda face: face["Confidence"] >= 55),
        ("SearchFacesByImage", "SearchedFaceConfidence", lambda value: value >= 55),
        ("StartFaceDetection", "JobId", re.compile("[0-9a-f]{62}|[0-9a-f]{64}").fullmatch),
        ("ListFaces", "Faces", lambda faces: all(is_stored(face) for face in faces)),
    ],
)
def test_members_have_their_measured_values(operation, member, holds):
    """What recordings show of single members holds: statuses, confidences, ids, the digits of a stored box."""

    @quick
    @given(rk.responses(operation))
    def hold(response):
        assert member not in response or holds(response[member])

    hold()


def is_stored(face):
    digits = all(single(float(f"{ratio:.6g}")) == ratio for ratio in face["BoundingBox"].values())
    return digits and single(single(round(face["Confidence"] / 100, 6)) * 100) == face["Confidence"] >= 55


@paged
def test_pages_follow_one_another(operation):
    """Each request has the token of the page before; all pages but the last are full, and keep the contract."""
    pagination = catalog.operation(operation).pagination

    @quick
    @given(rk.pages(operation))
    def hold(pages):
        tokens = [page.response.get(pagination.output_token) for page in pages]
        assert [None, *tokens] == [*(page.request.get(pagination.input_token) for page in pages), None]
        assert len({*tokens}) == len(tokens)
        sizes = [len(page.response.get(pagination.result_keys[0], ())) for page in pages]
        limit = pages[0].request[pagination.limit_key]
        assert [limit] * (len(pages) - 1) == sizes[:-1]
        assert sizes[-1] <= limit
        assert [] == [seen for page in pages for seen in worse_than_notes(Contract(operation).check(page))]

    hold()


@profile
@given(rk.images())
def test_images_come_with_the_truth(image):
    """A drawn image is a whole PNG or JPEG, and knows where its faces lie."""
    assert is_complete(bytes(image))
    assert (image.media_type, image.width, image.height) == describe_image(bytes(image))
    assert all(0 <= face.box.left and face.box.right <= 1 and len(face.landmarks) == 30 for face in image.faces)


@profile
@given(rk.broken_images())
def test_broken_images_are_broken(image):
    """No broken image is a whole file of a size that the service takes."""
    info = describe_image(bytes(image))
    whole = is_complete(bytes(image)) and info is not None and info.width * info.height < 2**30
    assert not whole or len(bytes(image)) == 5 * 2**20 + 1
    assert (image.fault == "too-large") == whole
    assert len(repr(image)) < 120


@pytest.mark.parametrize("fault", ["empty", "gif", "truncated", "wrong-signature", "bomb", "too-large"])
def test_every_fault_of_an_image_occurs(fault):
    """Every named fault is found."""
    assert fault == find(rk.broken_images(), lambda image: image.fault == fault, settings=anyone).fault


@pytest.mark.usefixtures("no_aws")
def test_a_parser_meets_every_answer():
    """The documented pattern: a client made once, a harness for each example, no health check suppressed."""
    import boto3

    client = boto3.client("rekognition", region_name="us-east-1")

    @profile
    @given(rk.responses("DetectFaces", ALL))
    def count(answer):
        with Rekognition() as rekognition:
            rekognition.on("DetectFaces").returns(answer)
            faces = client.detect_faces(**ALL)["FaceDetails"]
        assert answer["FaceDetails"] == faces

    count()


@pytest.mark.usefixtures("no_aws")
def test_a_caller_meets_every_error():
    """Every generated error can be raised by a stub, and reaches the caller with its code and sentence."""
    import boto3

    client = boto3.client("rekognition", region_name="us-east-1")

    @profile
    @given(rk.errors("IndexFaces"))
    def fails(exchange):
        with Rekognition() as rekognition:
            rekognition.on("IndexFaces").raises(*exchange.error)
            with pytest.raises(client.exceptions.ClientError) as caught:
                client.index_faces(**exchange.request)
        assert exchange.error.code == caught.value.response["Error"]["Code"]

    fails()


@pytest.mark.usefixtures("no_aws")
def test_requests_are_what_a_client_takes():
    """A client accepts every generated request, images as bytes included."""
    import boto3

    client = boto3.client("rekognition", region_name="us-east-1")

    @profile
    @given(st.sampled_from(catalog.operations()).flatmap(rk.exchanges))
    def call(exchange):
        with Rekognition(allow_unused_stubs=True) as rekognition:
            rekognition.on(exchange.operation).returns(exchange.response or {}, unchecked=True)
            getattr(client, catalog.method_name(exchange.operation))(**exchange.request)

    call()


def test_typed_dicts_are_known_to_hypothesis():
    """Where mypy-boto3-rekognition is installed, `st.from_type` gives its dicts from these strategies."""
    types = pytest.importorskip("mypy_boto3_rekognition.type_defs")
    rk.register_types()

    class Mine(typing.NamedTuple):
        face: types.FaceDetailTypeDef

    @profile
    @given(st.builds(Mine), st.from_type(types.DetectFacesRequestTypeDef), st.from_type(types.PoseTypeDef))
    def hold(mine, request, pose):
        assert [] == worse_than_notes(Contract("DetectFaces").check_response({"FaceDetails": [mine.face]}))
        assert [] == Contract("DetectFaces").check_request(request)
        assert {"Roll", "Yaw", "Pitch"} == pose.keys()

    hold()


#: Typed dicts that hold a face, and the operation and list that they are items of.
HOLDERS = {
    "CelebrityRecognition": ("GetCelebrityRecognition", "Celebrities"),
    "FaceDetection": ("GetFaceDetection", "Faces"),
    "FaceRecord": ("IndexFaces", "FaceRecords"),
    "PersonDetection": ("GetPersonTracking", "Persons"),
    "PersonMatch": ("GetFaceSearch", "Persons"),
    "UnindexedFace": ("IndexFaces", "UnindexedFaces"),
    "UnsearchedFace": ("SearchUsersByImage", "UnsearchedFaces"),
}


@pytest.mark.parametrize("name", HOLDERS)
def test_typed_dicts_hold_coherent_faces(name):
    """A typed dict that holds a face is what its operation's list may have, without a note."""
    types = pytest.importorskip("mypy_boto3_rekognition.type_defs")
    operation, member = HOLDERS[name]
    rk.register_types()

    @quick
    @given(st.from_type(getattr(types, f"{name}TypeDef")))
    def hold(item):
        answer = build(operation) | {member: [item]}
        found = [
            seen for seen in Contract(operation).check_response(answer) if seen.path.startswith(f"$.{member}[0]")
        ]
        # of Reasons and Timestamps nothing is promised
        assert [] == [seen for seen in found if seen.rule not in {"unindexed-reasons-given", "within-video"}]

    hold()


def test_every_typed_dict_of_a_response_is_registered():
    """No typed dict of a structure is left out: only those of clients, waiters and paginators are."""
    types = pytest.importorskip("mypy_boto3_rekognition.type_defs")
    rk.register_types()
    structures = {name: known for name, known in vars(types).items() if hasattr(known, "__required_keys__")}
    # what Hypothesis makes of the annotations alone
    left = [name for name, known in structures.items() if "fixed_dictionaries" in repr(st.from_type(known))]
    assert [] == [name for name in left if not re.search("Paginat|Wait|ResponseMetadata", name)]


@pytest.mark.usefixtures("no_aws")
def test_the_pages_examples_hold(run):
    """The examples of docs/strategies.md work as printed, given an application to test."""
    page = Path(__file__).resolve().parents[1] / "docs" / "strategies.md"
    parsing, harness, _ = re.findall(r"```python\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
    application = """
        def parse_faces(answer):
            return [face["BoundingBox"] for face in answer["FaceDetails"]]

        def count_people(client):
            request = {"Image": {"S3Object": {"Bucket": "photos", "Name": "group.jpg"}}, "Attributes": ["ALL"]}
            try:
                return len(client.detect_faces(**request)["FaceDetails"])
            except client.exceptions.ClientError:
                return 0
    """
    result = run(f"{parsing}\n\n{harness}", files={"my_app": application})
    result.assert_outcomes(passed=4)


def test_the_page_lists_every_strategy_and_variant():
    """docs/strategies.md has a row for each name that there is."""
    page = (Path(__file__).resolve().parents[1] / "docs" / "strategies.md").read_text("utf-8")
    rows = set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE))
    assert set(ODDITIES) == rows
    assert [] == [name for name in rk.__all__ if name[0].islower() and f"`{name}(" not in page]
