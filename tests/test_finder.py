import os
import re
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_rekognition import Contract, Rekognition, build, catalog
from pytest_rekognition.errors import ContractError, PytestRekognitionError
from pytest_rekognition.plugin import blame, sites
from pytest_rekognition.plugin.sites import MOST_POLLS, EndlessCallsError, Play, Watch, one_variant, variant_name
from pytest_rekognition.strategies.alterations import SAME, TOKEN, alteration, alterations, names
from pytest_rekognition.strategies.oddities import ODDITIES
from pytest_rekognition.strategies.operations import plain_requests, plain_responses

pytestmark = pytest.mark.usefixtures("no_aws")

ROOT = Path(__file__).resolve().parents[1]
profile = settings(
    max_examples=int(os.environ.get("PYTEST_REKOGNITION_EXAMPLES", "4")),
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
DRIFTS = ("unknown-member", "unknown-value", "added-value")

APP = """
    import boto3

    client = boto3.client("rekognition", region_name="us-east-1")

    def faces(**options):
        return client.detect_faces(Image={"Bytes": b"x"}, **options)["FaceDetails"]

    def first(**options):
        return faces(**options)[0]["Confidence"]
"""


@pytest.fixture
def suite(run):
    """Run a suite beside a small application, with the finder on."""

    def suite(source, *args, ini="", app=APP):
        return run(source, *(args or ["--rekognition-variants"]), ini=ini, files={"app": app})

    return suite


def tried(result):
    """Return the verdicts of a run with -v, by variant."""
    rows = re.findall(r"^  (\w+) +\S+ (\w+#\d+:\S+)", "\n".join(result.outlines), re.MULTILINE)
    return {variant: verdict for verdict, variant in rows}


# --- the alterations -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", catalog.operations())
def test_an_altered_answer_keeps_the_contract(operation):
    """Each altered answer of every operation, and what follows on it, is legal; drift is drift alone."""

    @profile
    @given(st.data())
    def hold(data):
        request = data.draw(plain_requests(operation))
        response = data.draw(plain_responses(operation, request, least=2, done=True))
        before = repr(response)
        for altered in alterations(operation, request, response):
            found = Contract(operation).check_response(altered.answer, request)
            severities = {violation.severity for violation in found} - {"note"}
            assert ({"drift"} if altered.name.startswith(DRIFTS) else set()) == severities
            assert altered.name in names(operation)
            assert altered.answer != response
            if altered.rest is not None:
                found = Contract(operation).check_response(altered.rest.answer, request)
                assert [] == [violation for violation in found if violation.severity == "breach"]
        assert before == repr(response)

    hold()


def test_every_oddity_has_an_answer_that_it_applies_to():
    """No oddity and no kind of drift is refused everywhere: nothing is offered that is never tried."""
    seen = set()

    @settings(profile, max_examples=40)
    @given(st.data(), st.sampled_from(["DetectFaces", "ListFaces", "GetFaceDetection", "RecognizeCelebrities"]))
    def draw(data, operation):
        request = data.draw(plain_requests(operation))
        if operation == "DetectFaces":
            request = {"Image": request["Image"], "Attributes": ["ALL"]}
        response = data.draw(plain_responses(operation, request, least=2, done=True))
        seen.update(altered.name.partition(":")[0] for altered in alterations(operation, request, response))

    draw()
    request = {"CollectionId": "staff", "FaceId": "11111111-2222-4333-8444-555555555555"}
    matches = build("SearchFaces", request=request, faces=2)
    seen |= {altered.name for altered in alterations("SearchFaces", request, matches)}
    session = {"SessionId": "11111111-2222-4333-8444-555555555555"}
    checked = build("GetFaceLivenessSessionResults", request=session)
    sessions = alterations("GetFaceLivenessSessionResults", session, checked)
    seen |= {altered.name.partition(":")[0] for altered in sessions}
    assert {*ODDITIES, *DRIFTS} == seen


@pytest.mark.parametrize("operation", ["CreateUser", "DetectFaces", "ListFaces", "RecognizeCelebrities"])
def test_only_what_can_apply_has_a_name(operation):
    """Of the oddities, the names of an operation are those that some answer of it can be given."""
    seen = set()

    @settings(profile, max_examples=20)
    @given(st.data())
    def draw(data):
        request = data.draw(plain_requests(operation))
        if operation == "DetectFaces":
            request = {"Image": request["Image"], "Attributes": ["ALL"]}
        response = data.draw(plain_responses(operation, request, least=2, done=True))
        if operation == "DetectFaces":
            response = {**response, "OrientationCorrection": data.draw(st.sampled_from(["ROTATE_90", None]))}
            response = {name: value for name, value in response.items() if value is not None}
        seen.update(altered.name for altered in alterations(operation, request, response))

    draw()
    assert set(names(operation)) & set(ODDITIES) == seen & set(ODDITIES)


@pytest.mark.parametrize(
    "operation", [name for name in catalog.operations() if catalog.operation(name).pagination]
)
@pytest.mark.parametrize("variant", ["more-pages", "empty-page"])
def test_two_pages_together_are_the_answer(operation, variant):
    """An application that follows the token gets every result once, in order, and the answer's own token last."""
    pagination = catalog.operation(operation).pagination

    @profile
    @given(st.data())
    def hold(data):
        request = data.draw(plain_requests(operation))
        response = data.draw(plain_responses(operation, request, least=3, done=True))
        altered = alteration(variant, operation, request, response)
        if altered is None:  # a job's page has no token unless it is full
            return
        assert altered.is_same
        assert TOKEN == altered.answer[pagination.output_token]
        assert altered.rest.answers({pagination.input_token: TOKEN})
        assert not altered.rest.answers({})
        for member in pagination.result_keys:
            assert response[member] == altered.answer[member] + altered.rest.answer[member]
        assert response.get(pagination.output_token) == altered.rest.answer.get(pagination.output_token)

    hold()


def test_a_full_page_of_a_job_is_followed_by_an_empty_one():
    """A job's page has a token only where it is full: what is split off is nothing, and still follows."""
    request = {"JobId": "1" * 64, "MaxResults": 2}
    response = build("GetFaceDetection", request=request, faces=2)
    altered = alteration("more-pages", "GetFaceDetection", request, response)
    assert response["Faces"] == altered.answer["Faces"]
    assert [] == altered.rest.answer["Faces"]


def test_an_added_emotion_leaves_the_others():
    """An emotion that nobody knows comes in addition, as the least sure one; in another variant as the surest."""
    request = {"Image": {"Bytes": "eA=="}, "Attributes": ["EMOTIONS"]}
    response = build("DetectFaces", request=request, faces=2)
    added = alteration("added-value:FaceDetails.Emotions.Type", "DetectFaces", request, response)
    unknown = alteration("unknown-value:FaceDetails.Emotions.Type", "DetectFaces", request, response)
    for before, more, other in zip(
        *(answer["FaceDetails"] for answer in (response, added.answer, unknown.answer)), strict=True
    ):
        assert before["Emotions"] == more["Emotions"][:-1]
        assert "UNHEARD_OF" == more["Emotions"][-1]["Type"] == other["Emotions"][0]["Type"]
        assert before["Emotions"][1:] == other["Emotions"][1:]
    assert (True, False) == (added.is_same, unknown.is_same)


def answer_of(name, operation, response, **request):
    """Return a response as it is altered to."""
    return alteration(name, operation, request, response).answer


def test_optional_members_are_absent_at_every_depth():
    """Nothing is left of people, celebrities and labels but what is required, and the time that sorts them."""
    job = {"JobId": "1" * 64}
    name = "absent-optional-members"
    assert [{"Timestamp": 0}] == answer_of(name, "GetFaceSearch", build("GetFaceSearch", request=job), **job)[
        "Persons"
    ]
    celebrities = build("GetCelebrityRecognition", request=job)
    assert [{"Timestamp": 0}] == answer_of(name, "GetCelebrityRecognition", celebrities, **job)["Celebrities"]
    image = {"Image": {"Bytes": "eA=="}}
    labels = {"Labels": [{"Name": "Person", "Confidence": 90.0, "Parents": []}], "LabelModelVersion": "3.0"}
    assert {"Labels": [{}]} == answer_of(name, "DetectLabels", labels, **image)
    found = build("RecognizeCelebrities", request=image)["CelebrityFaces"][0]
    found["KnownGender"] = {"Type": "Female"}
    famous = answer_of(name, "RecognizeCelebrities", {"CelebrityFaces": [found], "UnrecognizedFaces": []}, **image)
    assert {"Urls", "Name", "Id", "Face", "MatchConfidence"} == set(famous["CelebrityFaces"][0])


def test_faces_that_were_left_out_are_listed_all_the_same():
    """IndexFaces has `UnindexedFaces` even where it is empty, as was measured."""
    request = {"CollectionId": "staff", "Image": {"Bytes": "eA=="}}
    response = build("IndexFaces", request=request)
    altered = answer_of("absent-optional-members", "IndexFaces", response, **request)
    assert [] == altered["UnindexedFaces"]
    assert response["FaceRecords"][0]["FaceDetail"] == altered["FaceRecords"][0]["FaceDetail"]


@pytest.mark.parametrize(
    ("operation", "request_", "box"),
    [
        ("DetectFaces", {"Image": {"Bytes": "eA=="}}, ("FaceDetails", 0, "BoundingBox")),
        ("GetFaceSearch", {"JobId": "1" * 64}, ("Persons", 0, "Person", "BoundingBox")),
        ("GetCelebrityRecognition", {"JobId": "1" * 64}, ("Celebrities", 0, "Celebrity", "BoundingBox")),
        ("ListFaces", {"CollectionId": "staff"}, ("Faces", 0, "BoundingBox")),
        (
            "SearchFacesByImage",
            {"CollectionId": "staff", "Image": {"Bytes": "eA=="}},
            ("SearchedFaceBoundingBox",),
        ),
    ],
)
def test_boxes_reach_over_every_edge(operation, request_, box):
    """Boxes of faces, people and stored faces begin and end outside the image, in two variants."""

    def altered(name):
        part = answer_of(name, operation, build(operation, request=request_), **request_)
        for step in box:
            part = part[step]
        return part

    off, beyond = altered("box-off-image"), altered("box-beyond-image")
    assert (-0.0145, -0.15) == (round(off["Left"], 6), round(off["Top"], 6))
    right, bottom = beyond["Left"] + beyond["Width"], beyond["Top"] + beyond["Height"]
    assert (1.0707, 1.0078) == (round(right, 6), round(bottom, 6))


def test_the_five_landmarks_stay():
    """No unknown type takes the place of a landmark, which comes with every face; one may come in addition."""
    found = names("DetectFaces")
    assert "added-value:FaceDetails.Landmarks.Type" in found
    assert "unknown-value:FaceDetails.Landmarks.Type" not in found
    assert "unknown-value:FaceDetails.Emotions.Type" in found


def test_an_unknown_reason_takes_the_place_of_one_without_a_rule():
    """Of the reasons that a face was left out for, the one that rules look at stays."""
    request = {"CollectionId": "staff", "Image": {"Bytes": "eA=="}, "MaxFaces": 1}
    response = build("IndexFaces", request=request)
    left_out = {"FaceDetail": response["FaceRecords"][0]["FaceDetail"], "Reasons": ["LOW_SHARPNESS"]}
    response["UnindexedFaces"] = [left_out, {**left_out, "Reasons": ["EXCEEDS_MAX_FACES"]}]
    name = "unknown-value:UnindexedFaces.Reasons"
    faces = answer_of(name, "IndexFaces", response, **request)["UnindexedFaces"]
    assert [["UNHEARD_OF"], ["EXCEEDS_MAX_FACES"]] == [face["Reasons"] for face in faces]


def test_what_boto3_drops_comes_last():
    """Unknown members, which botocore hides from an application, are tried after all else of all answers."""
    with Rekognition() as rekognition:
        rekognition.alter = watch = Watch()
        rekognition.on("DetectFaces").returns(faces=1)
        client = rekognition.client(region_name="us-east-1")
        for _ in range(2):
            client.detect_faces(Image={"Bytes": b"x"})
    variants = [str(name) for name in watch.variants()]
    assert ["DetectFaces#1:unknown-member", "DetectFaces#2:unknown-member"] == variants[-2:]
    assert 2 == sum("unknown-member" in name for name in variants)


# --- names ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepted", "variant", "covered"),
    [
        ("no-faces", "DetectFaces#2:no-faces", True),
        ("DetectFaces:no-faces", "DetectFaces#2:no-faces", True),
        ("detect_faces#2:no-faces", "DetectFaces#2:no-faces", True),
        ("DetectFaces#1:no-faces", "DetectFaces#2:no-faces", False),
        ("IndexFaces:no-faces", "DetectFaces#1:no-faces", False),
        ("unknown-value", "DetectFaces#1:unknown-value:FaceDetails.Emotions.Type", True),
        (
            "unknown-value:FaceDetails.Gender.Value",
            "DetectFaces#1:unknown-value:FaceDetails.Emotions.Type",
            False,
        ),
    ],
)
def test_what_a_name_covers(accepted, variant, covered):
    """A name without a number, an operation or an enumeration means all of them."""
    assert covered is variant_name(accepted).covers(one_variant(variant))
    assert variant == str(one_variant(variant))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no-face", "'no-face' is no variant, did you mean 'no-faces'?"),
        ("DetectFaces:no-face", "'no-face' is no variant of DetectFaces, did you mean 'no-faces'?"),
        ("DetectFaces:more-pages", "'more-pages' is no variant of DetectFaces."),
        ("ListFaces:hundred-faces", "'hundred-faces' is no variant of ListFaces, did you mean 'no-faces'?"),
        ("CreateUser:absent-optional-members", "is no variant of CreateUser."),
        ("GetFaceDetection:unknown-value:JobStatus", "is no variant of GetFaceDetection"),
        (
            "DetectFaces#1",
            "names answers, but no variant of them; write one after a colon, as in 'DetectFaces#1:unknown-member'",
        ),
        ("detect_faces", "names answers, but no variant of them"),
        ("DetectFace:no-faces", "'DetectFace' is no Rekognition operation, did you mean 'DetectFaces'?"),
        ("DetectFaces#0:no-faces", "'0' is no number of an answer"),
        ("DetectFaces#:no-faces", "'' is no number of an answer"),
        ("unknown-value:FaceDetails.Emotion.Type", "did you mean 'unknown-value:FaceDetails.Emotions.Type'?"),
        ("", "'' is no variant."),
        ("no-face", "did you mean 'no-faces'? The variants: absent-optional-members, unknown-value,"),
        ("CreateUser:no-faces", "is no variant of CreateUser. The variants of CreateUser: unknown-member."),
    ],
)
def test_a_name_that_means_nothing_is_refused(name, message):
    """A misspelt variant, operation or number is told with a guess."""
    with pytest.raises(PytestRekognitionError, match=re.escape(message)):
        variant_name(name)


def test_only_one_answer_can_be_repeated():
    """What repeats a failure has to name one answer."""
    with pytest.raises(PytestRekognitionError, match="names no single answer"):
        one_variant("no-faces")


# --- watching and altering -----------------------------------------------------------------------------------


def test_answers_are_numbered_by_operation_failures_included():
    """The second answer of an operation is its second one, whether the first was a success or not."""
    with Rekognition() as rekognition:
        rekognition.alter = watch = Watch()
        rekognition.on("DetectFaces").raises("ThrottlingException", times=1).returns(faces=1)
        rekognition.on("ListFaces").returns(faces=2)
        client = rekognition.client(region_name="us-east-1")
        client.detect_faces(Image={"Bytes": b"x"})
        client.list_faces(CollectionId="staff")
    sites = [name.site for name in watch.variants()]
    assert ["ListFaces#1", "DetectFaces#2"] == list(dict.fromkeys(sites))


def test_every_request_with_a_token_is_followed_once():
    """The paginator gets both pages; a second listing is as before."""
    with Rekognition() as rekognition:
        rekognition.alter = play = Play(one_variant("ListFaces#1:more-pages"))
        rekognition.on("ListFaces").returns(faces=5)
        client = rekognition.client(region_name="us-east-1")

        def listed():
            pages = client.get_paginator("list_faces").paginate(CollectionId="staff")
            return [[face["FaceId"] for face in page["Faces"]] for page in pages]

        first, second = listed(), listed()
    assert [[2, 3], [5]] == [[len(page) for page in pages] for pages in (first, second)]
    assert [*first[0], *first[1]] == second[0]
    assert "more-pages" == play.altered.name
    assert ["ListFaces#1", "ListFaces#2"] == play.sites


def test_a_job_ends_at_the_second_poll():
    """The job is in progress once, then answers what it would have answered at once."""
    with Rekognition() as rekognition:
        rekognition.alter = Play(one_variant("GetFaceDetection#1:unfinished-job"))
        rekognition.on("GetFaceDetection").returns(faces=2, times=1)
        client = rekognition.client(region_name="us-east-1")
        polls = [client.get_face_detection(JobId="1" * 64) for _ in range(2)]
    assert [("IN_PROGRESS", 0), ("SUCCEEDED", 2)] == [(poll["JobStatus"], len(poll["Faces"])) for poll in polls]


@pytest.mark.parametrize(
    ("variant", "status"),
    [("failed-job", "FAILED"), ("failed-session", "FAILED"), ("expired-session", "EXPIRED")],
)
def test_what_has_failed_stays_so(variant, status):
    """Every further poll has the same answer, and one poll too many is an application that does not look."""
    operation = "GetFaceDetection" if variant == "failed-job" else "GetFaceLivenessSessionResults"
    with Rekognition() as rekognition:
        rekognition.alter = play = Play(one_variant(f"{operation}#1:{variant}"))
        rekognition.on(operation).returns()
        client = rekognition.client(region_name="us-east-1")

        def poll():
            if variant == "failed-job":
                return client.get_face_detection(JobId="1" * 64)["JobStatus"]
            session = "11111111-2222-4333-8444-555555555555"
            return client.get_face_liveness_session_results(SessionId=session)["Status"]

        assert [status] * (MOST_POLLS + 1) == [poll() for _ in range(MOST_POLLS + 1)]
        with pytest.raises(EndlessCallsError, match=f"{operation}, asked for 10 times in a row after {variant}"):
            poll()
    assert play.altered.is_failure


def test_a_session_ends_at_the_second_poll():
    """A liveness check is under way once, without results, then answers what it would have answered at once."""
    with Rekognition() as rekognition:
        rekognition.alter = Play(one_variant("GetFaceLivenessSessionResults#1:unfinished-session"))
        rekognition.on("GetFaceLivenessSessionResults").returns(times=1)
        client = rekognition.client(region_name="us-east-1")
        session = "11111111-2222-4333-8444-555555555555"
        polls = [client.get_face_liveness_session_results(SessionId=session) for _ in range(2)]
    assert [("IN_PROGRESS", False), ("SUCCEEDED", True)] == [
        (poll["Status"], "Confidence" in poll) for poll in polls
    ]


def test_endless_calls_end(monkeypatch):
    """An application that calls for ever, and catches every Exception, is ended all the same."""
    monkeypatch.setattr(sites, "MOST_CALLS", 18)
    with Rekognition() as rekognition:
        rekognition.alter = play = Play(one_variant("DetectFaces#1:no-faces"), calls=2)
        rekognition.on("DetectFaces").returns(faces=1)
        client = rekognition.client(region_name="us-east-1")

        def call_for_ever():
            while True:
                with suppress(Exception):
                    client.detect_faces(Image={"Bytes": b"x"})

        with pytest.raises(EndlessCallsError, match="DetectFaces, call 21 of this test"):
            call_for_ever()
    assert isinstance(play.fault, EndlessCallsError)


def listing(**second):
    """List two pages, the second one with other members than the first."""
    with Rekognition() as rekognition:
        rekognition.alter = play = Play(one_variant("ListFaces#1:more-pages"))
        rekognition.on("ListFaces").returns(faces=4)
        client = rekognition.client(region_name="us-east-1")
        first = {"CollectionId": "staff", "MaxResults": 10}
        token = client.list_faces(**first)["NextToken"]
        try:
            client.list_faces(**{**first, **second}, NextToken=token)
        except ContractError as error:
            return play, str(error)
    return play, ""


@pytest.mark.parametrize(
    ("second", "message"),
    [
        ({}, ""),
        ({"MaxResults": 3}, ""),
        ({"MaxResults": 999_999}, "request of ListFaces breaks the contract: $.MaxResults: is 999999"),
        ({"CollectionId": "guests"}, "request of ListFaces has a token, and another CollectionId than the one"),
        ({"UserId": "ada"}, "request of ListFaces has a token, and another UserId than the one"),
    ],
)
def test_the_second_page_is_asked_for_like_the_first(second, message):
    """The request of a next page has to be legal, and the same but for its token and its size."""
    play, error = listing(**second)
    assert error.startswith(message)
    assert bool(message) is bool(error)
    assert error == ("" if play.fault is None else str(play.fault))


# --- the example ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", [[], ["-n", "2"]], ids=["alone", "workers"])
def test_the_five_weaknesses_of_the_example_are_found(workers):
    """Each planted weakness breaks its own test, under the variant that is meant for it; the run is red."""
    result = example("fragile_app", "--rekognition-variants", *workers)
    assert 1 == result.returncode, result.stdout
    rows = re.findall(
        r"^test_photos\.py::(\w+) +(\S+#1) +(\S+) +(\w+): .*\((\w+\.py):\d+\)$",
        section(result.stdout),
        re.MULTILINE,
    )
    assert {
        ("test_the_sharpness_of_a_portrait", "DetectFaces#1", "no-faces", "IndexError", "fragile_app.py"),
        ("test_nobody_is_covered", "DetectFaces#1", "without-recent-attributes", "KeyError", "fragile_app.py"),
        (
            "test_two_moods",
            "DetectFaces#1",
            "unknown-value:FaceDetails.Emotions.Type",
            "KeyError",
            "fragile_app.py",
        ),
        ("test_the_staff", "ListFaces#1", "empty-page", "AssertionError", "test_photos.py"),
        ("test_the_staff", "ListFaces#1", "more-pages", "AssertionError", "test_photos.py"),
        (
            "test_the_brightness_of_a_face",
            "DetectFaces#1",
            "box-off-image",
            "ZeroDivisionError",
            "fragile_app.py",
        ),
    } == set(rows)
    assert 6 == len(rows)
    assert "5 failed, 5 passed" in result.stdout
    assert "rekognition: 5 calls · 5 stub" in result.stdout  # re-runs are not counted


def test_each_failure_is_one_line_of_the_summary_in_ci():
    """In CI, where pytest prints whole messages in its summary, a failure is one line that names each break."""
    result = example("fragile_app", "--rekognition-variants", ci="true")
    summary = result.stdout.partition(" short test summary info ")[2].splitlines()
    assert 5 == len([line for line in summary if line.startswith("FAILED test_photos.py::")])
    assert (
        "FAILED test_photos.py::test_the_staff - 2 answers that the service may give instead would break this: "
        "ListFaces#1:empty-page, AssertionError: assert 0 == 3 (test_photos.py:29); "
        "ListFaces#1:more-pages, AssertionError: assert 1 == 3 (test_photos.py:29)"
    ) in summary
    assert 7 == len(summary)  # with the rule above and the counts below


def test_nothing_is_found_in_the_mended_example():
    """The same tests of the application without weaknesses pass under every variant."""
    result = example("mended_app", "--rekognition-variants")
    assert 0 == result.returncode, result.stdout
    assert "re-runs of 5 tests · none breaks the application" in result.stdout
    assert "5 passed" in result.stdout


def test_the_command_of_the_report_repeats_the_failure():
    """Each command that the report prints fails with the application's own exception, and names its line."""
    report = example("fragile_app", "--rekognition-variants").stdout
    commands = re.findall(r'To repeat it: pytest "(\S+)" "(\S+)"', report)
    assert 6 == len(commands)
    test, option = next(command for command in commands if "no-faces" in command[1])
    result = example("fragile_app", test, option)
    assert 1 == result.returncode
    assert "IndexError: list index out of range" in result.stdout
    assert "1 failed" in result.stdout
    assert 0 == example("mended_app", test, option.replace("no-faces", "box-off-image")).returncode


def example(app, *args, ci=""):
    """Run the example's tests on one of its applications."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:benchmark", *args]
    return subprocess.run(
        command,
        cwd=ROOT / "examples" / "fragile_app",
        env={**os.environ, "PHOTO_APP": app, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
    )


def section(text):
    """Return the report's own section."""
    return re.split(r"^=+ rekognition variants =+$", text, flags=re.MULTILINE)[1]


# --- when it runs --------------------------------------------------------------------------------------------

ONE_TEST = """
    import app, pytest

    {marker}
    def test_one(rekognition):
        rekognition.on("DetectFaces").returns(faces=1)
        assert app.first() > 50
"""


@pytest.mark.parametrize(
    ("marker", "args", "ini", "runs"),
    [
        ("", [], "", 0),
        ("", ["--rekognition-variants=3"], "", 3),
        ("", [], "rekognition_variants = 2", 2),
        ("", ["--rekognition-variants=3"], "rekognition_variants = 2", 3),
        ("", ["--rekognition-variants=0"], "rekognition_variants = 2", 0),
        ("@pytest.mark.rekognition(variants=2)", ["--rekognition-variants=0"], "", 0),
        ("@pytest.mark.rekognition(variants=2)", [], "", 2),
        ("@pytest.mark.rekognition(variants=2)", ["--rekognition-variants=3"], "", 3),
        ("@pytest.mark.rekognition(variants=False)", [], "rekognition_variants = 2", 0),
    ],
)
def test_where_it_is_set(suite, marker, args, ini, runs):
    """Off by default; command line over marker over ini; a marker that says False is obeyed in any case."""
    result = suite(ONE_TEST.format(marker=marker), "-q", *args, ini=ini)
    if runs:
        result.stdout.fnmatch_lines([f"rekognition variants: {runs} re-runs of 1 test*", "*1 test with more*"])
    else:
        result.assert_outcomes(passed=1)
        result.stdout.no_fnmatch_line("*rekognition variants*")


@pytest.mark.parametrize(
    ("args", "ini", "message"),
    [
        (["--rekognition-variants=-1"], "", "*is '-1'; it is a number of re-runs.*"),
        (
            ["--rekognition-variants", "test_suite.py"],
            "",
            "*is 'test_suite.py'; it is a number of re-runs. On the*",
        ),
        ([], "rekognition_variants = many", "*rekognition_variants is 'many'; it is a number*"),
        (["--rekognition-variants", "--rekognition-mode=live"], "", "*mode live would call the real service*"),
        (["--rekognition-variants=2"], "rekognition_mode = record", "*mode record would call the real service*"),
        (["--rekognition-variant=no-faces"], "", "*'no-faces' names no single answer*"),
        (["--rekognition-variant=DetectFace#1:no-faces"], "", "*did you mean 'DetectFaces'?*"),
    ],
)
def test_a_wrong_setting_stops_the_run(suite, args, ini, message):
    """A number or name that means nothing, and a mode that would reach the service, are usage errors."""
    result = suite(ONE_TEST.format(marker=""), *args, ini=ini)
    assert pytest.ExitCode.USAGE_ERROR == result.ret
    result.stderr.fnmatch_lines([message])


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ("may_break=['no-face']", "*'no-face' is no variant, did you mean 'no-faces'?*"),
        ("may_break='no-faces'", "*may_break must be a list of names*"),
        ("variants=-1", "*variants must be True, False or a number of re-runs, not -1*"),
        ("variants='2'", "*variants must be True, False or a number of re-runs, not '2'*"),
        (
            "may_break=['IndexFace:no-faces']",
            "'IndexFace' is no Rekognition operation, did you mean 'IndexFaces'?",
        ),
    ],
)
def test_a_wrong_marker_fails_the_test(suite, keywords, message):
    """A marker that means nothing is told whether or not the finder is on."""
    result = suite(ONE_TEST.format(marker=f"@pytest.mark.rekognition({keywords})"), "-q")
    assert 0 != result.ret
    result.stdout.fnmatch_lines([message])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_tests_that_cannot_be_run_again_are_named(suite, monkeypatch):
    """A test in a mode of the real service, and one of Hypothesis, are passed over with a remark."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    result = suite(
        """
        import app, pytest
        from hypothesis import HealthCheck, given, settings, strategies as st

        @pytest.mark.rekognition(mode="live")
        def test_live(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            assert app.first() > 50

        @settings(max_examples=2, suppress_health_check=list(HealthCheck))
        @given(number=st.integers(1, 3))
        def test_many(rekognition, number):
            rekognition.on("DetectFaces").returns(faces=number)
            assert app.first() > 50
        """
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        [
            "rekognition variants: nothing was tried",
            "  1 test not run again: Hypothesis runs it*",
            "  1 test not run again: mode live would call*",
        ]
    )


def test_the_ini_file_does_not_keep_from_recording(suite, monkeypatch):
    """In a mode of the real service, what the ini file asks for is passed over with a remark."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    result = suite(ONE_TEST.format(marker=""), "--rekognition-mode=record", ini="rekognition_variants = 5")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["  1 test not run again: mode record would call*"])


def test_what_differs_the_second_time_is_passed_over(suite):
    """A test that does not pass twice, or calls less the second time, breaks nothing; what it shares is ended."""
    result = suite(
        """
        import app, functools, pytest

        log, seen = [], []

        @pytest.fixture(scope="class")
        def wide():
            log.append("up")
            yield
            log.append("down")

        class TestState:
            def test_once(self, wide, rekognition):
                rekognition.on("DetectFaces").returns(faces=1)
                app.faces()
                seen.append(1)
                assert len(seen) == 1

        class TestCaches:
            @pytest.mark.rekognition(allow_unused_stubs=True)
            def test_cached(self, rekognition):
                rekognition.on("DetectFaces").returns(faces=1)
                assert app.cached() == 1

            def test_unused(self, rekognition):
                rekognition.on("ListFaces").returns(faces=1)
                assert app.listed() == 1

        def test_log():
            assert log == ["up", "down"] * (len(log) // 2)
            assert log
        """,
        "-v",
        "--rekognition-variants",
        app=f"""{APP}
    from functools import lru_cache

    @lru_cache
    def cached():
        return len(faces())

    @lru_cache
    def listed():
        return len(client.list_faces(CollectionId="staff")["Faces"])
""",
    )
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "rekognition variants: nothing was tried",
            "  1 test not run again: does not make its calls a second time",
            "  2 tests not run again: does not pass a second time",
        ]
    )


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("pass", ": no test that passed received an answer that may be altered"),
        ("rekognition.on('DetectFaces').raises('ThrottlingException'); app.fails()", ""),
    ],
)
def test_a_search_that_tried_nothing_does_not_pass(suite, body, why):
    """A run that the command line asked for, and that ran no test again, is not green, and says why."""
    app = f"""{APP}
    def fails():
        try:
            faces()
        except client.exceptions.ThrottlingException:
            pass
"""
    fixture = "rekognition" if why == "" else ""
    source = f"""
        import app

        def test_one({fixture}):
            {body}
    """
    result = suite(source, app=app)
    result.assert_outcomes(passed=1)
    assert pytest.ExitCode.NO_TESTS_COLLECTED == result.ret
    result.stdout.fnmatch_lines([f"rekognition variants: nothing was tried{why}"])
    if not why:
        result.stdout.fnmatch_lines(["  1 test not run again: received no answer that can be altered"])
    assert 0 == suite(source, "-q", ini="rekognition_variants = 5", app=app).ret


def test_a_test_that_cannot_be_set_up_anew_is_named(suite, pytester):
    """Where pytest has no way to set up a test's fixtures once more, the test is passed over with a remark."""
    pytester.makeconftest("def pytest_collection_modifyitems(items): items[0]._initrequest = None")
    result = suite(ONE_TEST.format(marker=""))
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "rekognition variants: nothing was tried",
            "  1 test not run again: this pytest has no way to set up the fixtures of such a test anew",
        ]
    )


def test_only_what_has_passed_is_run_again(suite):
    """Tests that fail, skip, or leave something behind have no re-runs."""
    result = suite(
        """
        import app, pytest

        def test_fails(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            assert app.first() < 0

        def test_skips(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            app.first()
            pytest.skip("not here")

        @pytest.mark.xfail
        def test_fails_as_expected(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            assert app.first() < 0

        def test_leaves_a_stub(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            rekognition.on("ListFaces").returns()
            assert app.first() > 50
        """
    )
    result.assert_outcomes(failed=1, skipped=1, xfailed=1, passed=1, errors=1)
    result.stdout.no_fnmatch_line("*re-runs*")


# --- what counts ---------------------------------------------------------------------------------------------


def test_what_counts_as_a_break(suite):
    """The application's exceptions and assertions count, the test's own expectations of other data do not."""
    result = suite(
        """
        import app, pytest

        @pytest.fixture
        def detected(rekognition):
            rekognition.on("DetectFaces").returns(faces=2)

        def test_index(detected):
            app.first()

        def test_own_assertion(detected):
            app.asserting()

        def test_expectation(detected):
            assert len(app.faces()) == 2

        def test_own_index(detected):
            app.faces()[1]

        def test_swallowed(detected):
            app.careless()

        def test_expected_exception(rekognition):
            rekognition.on("DetectFaces").returns(faces=[])
            with pytest.raises(IndexError):
                app.first()

        def test_broken_request(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            rekognition.on("SearchFacesByImage").returns()
            app.search()

        def test_unanswered(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            assert app.lists_where_empty() == 1

        def test_in_a_fixture(in_setup):
            pass

        @pytest.fixture
        def in_setup(detected):
            return app.first()
        """,
        "-v",
        "--rekognition-variants",
        app=f"""{APP}
    def asserting():
        assert faces(), "somebody has to be there"

    def careless():
        try:
            return first()
        except IndexError:
            return None

    def search():
        threshold = 90 if faces() else 900
        client.search_faces_by_image(
            CollectionId="staff", Image={{"Bytes": b"x"}}, FaceMatchThreshold=threshold)

    def lists_where_empty():
        found = faces()
        return 1 if found else len(client.list_faces(CollectionId="staff")["Faces"])
""",
    )
    rows = re.findall(r"^  (\w+) +\S+::(\w+) DetectFaces#1:no-faces(.*)", "\n".join(result.outlines), re.MULTILINE)
    verdicts = {test: verdict for verdict, test, _ in rows}
    causes = {test: cause.strip() for _, test, cause in rows}
    assert {
        "test_index": "breaks",
        "test_own_assertion": "breaks",
        "test_expectation": "expects",
        "test_own_index": "expects",
        "test_swallowed": "passes",
        "test_broken_request": "breaks",
        "test_unanswered": "unjudged",
        "test_in_a_fixture": "breaks",
    } == verdicts
    assert re.fullmatch(
        r"AssertionError: somebody has to be there.* \(app\.py:\d+\)", causes["test_own_assertion"]
    )
    breach = "request of SearchFacesByImage breaks the contract: $.FaceMatchThreshold: is 900, "
    assert causes["test_broken_request"].startswith(breach)
    result.stdout.fnmatch_lines(["*1 led to a call that nobody answers, not judged*"])


def test_a_failed_job_has_to_be_noticed(suite):
    """To wait on breaks, and so does a slip; to end with an exception or an exit of its own is right."""
    source = """
        import app, pytest

        @pytest.mark.parametrize("wait", [app.waits_on, app.slips, app.raises, app.exits, app.quits, app.looks])
        def test_job(rekognition, wait):
            rekognition.on("GetFaceDetection").returns(faces=1)
            wait()
    """
    result = suite(
        source,
        "-v",
        "--rekognition-variants",
        app="""
    import boto3, sys

    client = boto3.client("rekognition", region_name="us-east-1")

    def get():
        return client.get_face_detection(JobId="1" * 64)

    def waits_on():
        while (answer := get())["JobStatus"] != "SUCCEEDED":
            pass
        return answer["Faces"]

    def slips():
        answer = get()
        while answer["JobStatus"] == "IN_PROGRESS":
            answer = get()
        return {"SUCCEEDED": answer["Faces"]}[answer["JobStatus"]]

    def raises():
        answer = waits()
        if answer["JobStatus"] == "FAILED": raise RuntimeError(
            answer["StatusMessage"])

    def exits():
        answer = waits()
        if answer["JobStatus"] == "FAILED":
            sys.exit(answer["StatusMessage"])

    def quits():
        if waits()["JobStatus"] == "FAILED":
            exit(1)

    def looks():
        return waits()["JobStatus"]

    def waits():
        while (answer := get())["JobStatus"] == "IN_PROGRESS":
            pass
        return answer
""",
    )
    rows = re.findall(
        r"^  (\w+) +\S+::test_job\[(\w+)\] GetFaceDetection#1:failed-job(.*)$", result.stdout.str(), re.MULTILINE
    )
    assert {
        ("waits_on", "breaks"),
        ("slips", "breaks"),
        ("raises", "passes"),
        ("exits", "passes"),
        ("quits", "passes"),
        ("looks", "passes"),
    } == {(test, verdict) for verdict, test, _ in rows}
    causes = {test: cause for _, test, cause in rows}
    assert (
        "EndlessCallsError: GetFaceDetection, asked for 11 times in a row after failed-job (app.py:"
        in causes["waits_on"]
    )


def test_many_jobs_are_no_waiting_for_one(suite):
    """To ask once for each of many jobs, which have one id in a test, is not to call without end."""
    result = suite(
        """
        import app

        def test_many(rekognition):
            rekognition.on("StartFaceDetection").returns()
            rekognition.on("GetFaceDetection").returns(faces=1)
            app.alternating()

        def test_many_at_once(rekognition):
            rekognition.on("StartFaceDetection").returns()
            rekognition.on("GetFaceDetection").returns(faces=1)
            app.one_after_the_other()
        """,
        app=f"""{APP}
    VIDEO = {{"S3Object": {{"Bucket": "bucket", "Name": "v.mp4"}}}}

    def alternating():
        for _ in range(12):
            client.get_face_detection(JobId=client.start_face_detection(Video=VIDEO)["JobId"])

    def one_after_the_other():
        for job in [client.start_face_detection(Video=VIDEO)["JobId"] for _ in range(12)]:
            client.get_face_detection(JobId=job)
""",
    )
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["*none breaks the application*"])


def test_a_wrong_request_breaks_through_a_wrapper_of_the_tests(suite):
    """A request that botocore or the contract refuses is the application's, also where a spy hands it on."""
    result = suite(
        """
        import app, pytest

        class Spy:
            def search_faces(self, **kw):
                return app.client.search_faces(**kw)

        @pytest.mark.parametrize("face_id", ["", "no id"])
        def test_spied(rekognition, face_id):
            rekognition.on("DetectFaces").returns(faces=1)
            rekognition.on("SearchFaces").returns()
            app.search(Spy(), face_id)
        """,
        "--rekognition-variants",
        "-v",
        app=f"""{APP}
    def search(spy, face_id):
        face_id = "11111111-2222-4333-8444-555555555555" if faces() else face_id or None
        spy.search_faces(CollectionId="staff", FaceId=face_id)
""",
    )
    assert "breaks" == tried(result)["DetectFaces#1:no-faces"]
    result.stdout.fnmatch_lines(
        ["*no-faces*request of SearchFaces breaks the contract*", "*no-faces*ParamValidationError*"]
    )


def test_a_run_without_a_test_is_no_search(suite):
    """What lists fixtures, or repeats one variant, is green under the option, as it is without."""
    source = ONE_TEST.format(marker="")
    assert 0 == suite(source, "--rekognition-variants", "--fixtures").ret
    result = suite(source, "--rekognition-variants", "--rekognition-variant=DetectFaces#1:unknown-member")
    result.assert_outcomes(passed=1)
    assert 0 == result.ret


def test_a_function_of_the_test_is_the_tests_own_code(suite):
    """What the application calls back into the test is no code of the application's, and its line is named."""
    result = suite(
        """
        import app

        def test_one(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            app.validated(lambda faces: faces[0])
        """,
        "-v",
        "--rekognition-variants",
        app=f"{APP}\n    def validated(check):\n        return check(faces())\n",
    )
    assert "expects" == tried(result)["DetectFaces#1:no-faces"]
    result.stdout.fnmatch_lines(["  expects *DetectFaces#1:no-faces IndexError: list index*(test_suite.py:*)"])


def test_an_application_that_never_ends_breaks(suite):
    """Waiting for a page with results by asking for the same one again and again is ended, and reported."""
    result = suite(
        """
        import app

        def test_listed(rekognition):
            rekognition.on("ListFaces").returns(faces=2)
            assert app.last_page() == 2
        """,
        app="""
    import boto3

    client = boto3.client("rekognition", region_name="us-east-1")

    def last_page():
        answer = client.list_faces(CollectionId="staff")
        while "NextToken" in answer:
            try:
                client.list_faces(CollectionId="staff")
            except Exception:
                pass
        return len(answer["Faces"])
""",
    )
    result.stdout.fnmatch_lines(["*ListFaces#1*empty-page*EndlessCallsError: ListFaces, call 1,002*(app.py:*)"])


def test_an_endless_loop_over_the_endpoint_breaks(suite):
    """Calls over HTTP are counted in the server: whatever error the client has of it, the report has the cause."""
    result = suite(
        """
        import app

        def test_listed(rekognition, rekognition_endpoint):
            rekognition.on("ListFaces").returns(faces=2)
            assert app.last_page(rekognition_endpoint.client()) == 2
        """,
        app="""
    def last_page(client):
        answer = client.list_faces(CollectionId="staff")
        while "NextToken" in answer:
            client.list_faces(CollectionId="staff")
        return len(answer["Faces"])
""",
    )
    result.stdout.fnmatch_lines(["*ListFaces#1*empty-page*EndlessCallsError: ListFaces, call 1,002*(app.py:*)"])


def test_a_second_page_of_something_else_breaks(suite):
    """An application that goes on with another request breaks, also where it swallows that; repeating it fails."""
    source = """
        import app

        def test_listed(rekognition):
            rekognition.on("ListFaces").returns(faces=2)
            app.listed()
    """
    careless = """
    import boto3

    client = boto3.client("rekognition", region_name="us-east-1")

    def listed():
        answer = client.list_faces(CollectionId="staff")
        try:
            while "NextToken" in answer:
                answer = client.list_faces(CollectionId="guests", NextToken=answer["NextToken"])
        except Exception:
            pass
"""
    result = suite(source, app=careless)
    result.assert_outcomes(passed=1, failed=1)
    row = "*ListFaces#1*more-pages*ListFaces has a token, and another CollectionId than the one*(app.py:*)"
    result.stdout.fnmatch_lines([row])
    result = suite(source, "--rekognition-variant=ListFaces#1:more-pages", app=careless)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["*ListFaces#1:more-pages: request of ListFaces has a token*"])


@pytest.mark.skipif(pytest.version_tuple < (8, 4), reason="pytest keeps a thread's exception since 8.4")
def test_what_ends_a_thread_is_a_break(suite):
    """An exception of the application's code counts in whatever thread, and one of a process that it runs in."""
    result = suite(
        """
        import app, subprocess, sys

        def test_thread(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            app.in_a_thread()

        def test_process(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            found = len(app.faces())
            subprocess.run([sys.executable, "-c", f"[0][{found} - 1] or exit({not found})"], check=True)
        """,
        "-W",
        "default",
        "--rekognition-variants",
        app=f"""{APP}
    import threading

    def in_a_thread():
        thread = threading.Thread(target=first)
        thread.start()
        thread.join()
""",
    )
    result.assert_outcomes(passed=2, failed=2)
    result.stdout.fnmatch_lines(
        [
            "*::test_process *DetectFaces#1*no-faces*CalledProcessError: *(test_suite.py:*)",
            "*::test_thread *DetectFaces#1*no-faces*IndexError: list index out of range (app.py:*)",
        ]
    )


@pytest.mark.skipif(sys.platform == "win32", reason="pytest-timeout has no signal there")
def test_a_timeout_is_no_break(suite):
    """Each re-run has the test's time; one that pytest-timeout ends is not judged, and the next one is as ever."""
    pytest.importorskip("pytest_timeout")
    result = suite(
        """
        import app, pytest, time

        @pytest.mark.timeout(5)  # the first call loads botocore, on a busy machine too
        def test_slow(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            time.sleep(0.2)
            app.waiting()
        """,
        app=f"""{APP}
    import time

    def waiting():
        found = faces()
        while not found:
            time.sleep(0.1)
""",
    )
    result.assert_outcomes(passed=1)
    line = "* re-runs of 1 test · none breaks the application · 9 passed · 1 ended by pytest-timeout, not judged"
    result.stdout.fnmatch_lines([line])


@pytest.mark.skipif(pytest.version_tuple < (9,), reason="pytest has sub-tests since 9")
def test_sub_tests_are_judged_and_not_heard_of(suite):
    """What breaks in a sub-test is a break of its test; its own report, and its debugger, do not come out."""
    result = suite(
        """
        import app, pytest, unittest

        def test_fixture(rekognition, subtests):
            rekognition.on("DetectFaces").returns(faces=1)
            with subtests.test("first"):
                app.first()
            with subtests.test("skipped"):
                pytest.skip("not here")

        @pytest.mark.rekognition
        class Case(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def stub(self, rekognition):
                rekognition.on("DetectFaces").returns(faces=1)

            def test_case(self):
                with self.subTest("first"):
                    app.first()

        def test_failing_at_once(rekognition, subtests):
            rekognition.on("DetectFaces").returns(faces=1)
            with subtests.test("fails"):
                assert len(app.faces()) == 2
        """,
        "--rekognition-variants",
    )
    result.stdout.fnmatch_lines(
        [
            "test_suite.py::Case::test_case *DetectFaces#1*no-faces*IndexError: list index* (app.py:*)",
            "test_suite.py::test_fixture *DetectFaces#1*no-faces*IndexError: list index* (app.py:*)",
            "rekognition variants: * re-runs of 2 tests*2 variants break the application*",
        ]
    )
    assert 1 == sum(line.startswith("SUBFAILED") for line in result.outlines)


def test_a_failure_can_be_accepted(suite):
    """What a test accepts by name leaves the run green; what did not come is named with -v alone."""
    marker = "@pytest.mark.rekognition(may_break=['DetectFaces:no-faces', 'box-off-image'])"
    result = suite(ONE_TEST.format(marker=marker), "-v", "--rekognition-variants")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(
        [
            "*none breaks the application*1 accepted*",
            "  accepted *DetectFaces#1:no-faces IndexError: list index out of range (app.py:*)",
            "  superfluous: test_suite.py::test_one accepts box-off-image",
        ]
    )
    result = suite(ONE_TEST.format(marker=marker))
    assert 0 == result.ret
    result.stdout.no_fnmatch_line("*superfluous*")


def test_one_traceback_for_several_variants(suite):
    """The same way to the same line is printed once, with how many others took it."""
    result = suite(
        """
        import app

        def test_two(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            app.two()
        """,
        app=f"""{APP}
    def two():
        return [first() for _ in range(2)]
""",
    )
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["test_suite.py::test_two, DetectFaces#1:no-faces, and 1 other"])
    assert 1 == sum("E   IndexError: list index out of range" in line for line in result.outlines)


@pytest.mark.parametrize(
    ("path", "origin"),
    [
        (__file__, "test"),
        (ROOT / "tests" / "helpers.py", "test"),
        (ROOT / "examples" / "conftest.py", "test"),
        (ROOT / "examples" / "test_photos.py", "test"),
        (ROOT / "examples" / "app.py", "application"),
        (pytest.__file__, "library"),
        (os.__file__, "library"),
        (Path(blame.__file__).parents[1] / "harness.py", "library"),
        ("<string>", "library"),
        ("/venv/lib/python3.11/site-packages/local_app/core.py", "application"),
        ("/venv/lib/python3.11/site-packages/bought_library.py", "library"),
    ],
    ids=lambda value: Path(str(value)).name,
)
def test_whose_code_it_is(request, tmp_path, monkeypatch, path, origin):
    """Tests, Python and what came from an index are not the application; what was installed from a folder is."""
    for name, source in (("local_app", '{"url": "file:///src"}'), ("bought_library", None)):
        folder = tmp_path / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        (folder / "top_level.txt").write_text(name)
        if source:
            (folder / "direct_url.json").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    for function in (blame._distributions, blame._is_local):
        function.cache_clear()
    assert origin == blame.Origins(request.node).of(str(path))
    for function in (blame._distributions, blame._is_local):
        function.cache_clear()


@pytest.mark.parametrize(
    ("root", "ini", "path", "origin"),
    [
        ("tests", "", "tests/helpers.py", "test"),
        ("tests", "", "app.py", "application"),
        ("test", "", "test/sub/helpers.py", "test"),
        ("suite", "", "suite/helpers.py", "application"),
        ("suite", "python_files = *.py", "suite/app.py", "application"),
        ("suite", "python_files = *.py", "suite/one.py", "test"),
        ("suite", "python_files = *.py check_*.py", "suite/check_other.py", "test"),
    ],
)
def test_what_the_run_says_of_tests(pytester, root, ini, path, origin):
    """The root may be a folder of tests itself; a pattern for all files says nothing of one without a test."""
    folder = pytester.mkdir(root)
    (folder / "pytest.ini").write_text(f"[pytest]\n{ini}")
    (folder / "one.py").write_text("def test_one(): pass")
    (folder / "app.py").write_text("")
    items, _ = pytester.inline_genitems("-c", str(folder / "pytest.ini"), str(folder / "one.py"))
    item = items[0]
    assert folder == item.config.rootpath
    assert origin == blame.Origins(item).of(str(pytester.path / path))


def test_a_root_of_a_repository_may_be_called_tests(pytester):
    """The name of a repository's own folder says nothing."""
    folder = pytester.mkdir("tests")
    (folder / ".git").mkdir()
    assert folder == blame._base(folder)


# --- running again -------------------------------------------------------------------------------------------


def test_each_run_is_a_run_of_its_own(suite):
    """Fixtures of a test and its class are set up anew; what it shares with others is left standing."""
    result = suite(
        """
        import app, pytest, unittest, warnings

        log = []

        @pytest.fixture(scope="module")
        def wide():
            log.append("wide")
            yield
            log.append("wide down")

        @pytest.fixture
        def narrow(wide, rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            log.append("narrow")
            yield
            log.append("narrow down")

        class TestClass:
            def test_state(self, narrow, request, record_property):
                assert not hasattr(self, "been_here")
                self.been_here = True
                print("not to be seen")
                with warnings.catch_warnings():
                    warnings.simplefilter("default")
                    warnings.warn("once")
                assert len(app.faces()) < 200

        @pytest.mark.parametrize("number", [1, 2])
        def test_parameters(narrow, number):
            assert number in (1, 2)
            app.faces()

        class Case(unittest.TestCase):
            def setUp(self):
                assert not hasattr(self, "been_here")
                self.been_here = True

            @pytest.mark.rekognition(mode="reference")
            def test_unittest(self):
                from pytest_rekognition.drawing import draw
                app.client.detect_faces(Image={"Bytes": draw(1).bytes})["FaceDetails"][0]

        def test_log(wide):
            assert log.count("wide") == 1
            assert log.count("wide down") == 0
            assert log.count("narrow") == log.count("narrow down") > 20
        """,
        "-v",
        "--rekognition-variants",
        "-W",
        "default::UserWarning",
    )
    verdicts = Counter(re.findall(r"^  (\w+) +\S+ \w+#1:", "\n".join(result.outlines), re.MULTILINE))
    result.assert_outcomes(passed=5, warnings=1)
    assert {"passes", "expects"} == set(verdicts)
    result.stdout.no_fnmatch_line("*not to be seen*")


def test_re_runs_are_silent(suite, pytester):
    """Live logs, the log file and --setup-show tell of the first run alone."""
    result = suite(
        """
        import app, logging

        def test_one(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            logging.getLogger("app").warning("ASKING")
            app.faces()
        """,
        "--setup-show",
        "--log-cli-level=WARNING",
        "--log-file=log.txt",
        "--rekognition-variants",
    )
    result.assert_outcomes(passed=1)
    assert 1 == sum("ASKING" in line for line in result.outlines)
    assert 1 == sum("SETUP" in line and " rekognition " in line for line in result.outlines)
    assert 1 == (pytester.path / "log.txt").read_text("utf-8").count("ASKING")


def test_what_was_found_before_an_interruption_is_told(suite):
    """Ctrl+C in a re-run ends the run, and the breaks so far are in its report."""
    result = suite(
        """
        import app

        def test_one(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            app.first()
            altered = getattr(rekognition.alter, "altered", None)
            if altered is not None and altered.name == "hundred-faces":
                raise KeyboardInterrupt
        """
    )
    assert pytest.ExitCode.INTERRUPTED == result.ret
    result.stdout.fnmatch_lines(["*::test_one *DetectFaces#1*no-faces*IndexError*", "*1 variant breaks*"])


def test_what_was_torn_down_is_set_up_once_more(suite):
    """After the last test of a module its wide fixtures are gone: the re-runs share another set, and end it."""
    result = suite(
        """
        import app, pytest
        from pytest_rekognition.drawing import draw

        @pytest.fixture(scope="module")
        def wide():
            app.client.detect_faces(Image={"Bytes": draw(1).bytes})
            print("\\nSET UP")
            yield
            app.client.detect_faces(Image={"Bytes": draw(1).bytes})
            print("\\nTORN DOWN")

        @pytest.mark.rekognition(unrecorded="reference")
        def test_one(wide, rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            app.faces()
        """,
        "-s",
        "--rekognition-variants=5",
    )
    result.assert_outcomes(passed=1)
    marks = [line for line in result.outlines if line in {"SET UP", "TORN DOWN"}]
    assert ["SET UP", "TORN DOWN", "SET UP", "TORN DOWN"] == marks
    result.stdout.fnmatch_lines(
        ["rekognition variants: 5 re-runs*", "rekognition: 3 calls · 2 reference · 1 stub"]
    )


def test_an_async_application_is_run_again(suite):
    """The answers of aiobotocore are altered like botocore's."""
    pytest.importorskip("aiobotocore")
    result = suite(
        """
        import app, asyncio

        def test_one(rekognition):
            rekognition.on("ListFaces").returns(faces=3)
            assert asyncio.run(app.listed()) == 3
            assert asyncio.run(app.listed()) == 3
        """,
        app="""
    from aiobotocore.session import get_session

    async def listed():
        async with get_session().create_client("rekognition", region_name="us-east-1") as client:
            answer = await client.list_faces(CollectionId="staff")
            return len(answer["Faces"])
""",
    )
    result.stdout.fnmatch_lines(
        ["*ListFaces#1*more-pages*assert 1 == 3*", "*ListFaces#2*more-pages*assert 1 == 3*"]
    )


def test_the_books_of_the_run_are_left_alone(suite, pytester):
    """No cassette is written, and no call is counted, for what happens in a re-run."""
    result = suite(
        """
        import app

        def test_reference(rekognition, face_image):
            assert len(app.client.detect_faces(Image={"Bytes": face_image(1).bytes})["FaceDetails"]) < 200
        """,
        "-v",
        "--rekognition-variants",
        "--rekognition-mode=reference",
    )
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["rekognition: 1 call · 1 reference"])
    assert not (pytester.path / "cassettes").exists()


def test_a_recording_is_altered_and_stays_as_it_is(pytester):
    """A replayed answer is altered like any other; its file does not change, and the call counts once."""
    source = ROOT / "examples" / "photo_app"
    for name in ("photo_app.py", "test_recorded.py"):
        pytester.makepyfile(**{name.removesuffix(".py"): (source / name).read_text("utf-8")})
    photos, cassettes = pytester.mkdir("photos"), ROOT / "cassettes" / "photo_app"
    for photo in (source / "photos").iterdir():
        (photos / photo.name).write_bytes(photo.read_bytes())
    before = {path: path.read_bytes() for path in cassettes.rglob("*") if path.is_file()}
    pytester.makeini(f"[pytest]\nfilterwarnings = error\nrekognition_cassette_dir = {cassettes}")
    result = pytester.runpytest_subprocess(
        "-p", "no:cacheprovider", "-v", "--rekognition-variants", "-k", "largest"
    )
    result.stdout.fnmatch_lines(["rekognition: 1 call · 1 cassette"])
    assert "expects" == tried(result)["DetectFaces#1:no-faces"]
    assert before == {path: path.read_bytes() for path in cassettes.rglob("*") if path.is_file()}


def test_x_and_junit_know_of_a_break(suite, pytester):
    """A break is a failure to pytest: -x stops for it, and the XML has it beside the test that passed."""
    source = ONE_TEST.format(marker="") + ONE_TEST.format(marker="").replace("test_one", "test_two")
    result = suite(source, "-x", "--rekognition-variants", "--junitxml=out.xml")
    result.assert_outcomes(passed=1, failed=1)
    xml = (pytester.path / "out.xml").read_text("utf-8")
    assert 'failures="1"' in xml
    assert 2 == xml.count('name="test_one"')
    assert "1 answer that the service may give instead would break this: DetectFaces#1:" in xml


@pytest.mark.parametrize(
    ("variant", "message"),
    [
        ("DetectFaces#2:no-faces", "The answers of this test: DetectFaces#1."),
        ("DetectFaces#1:without-recent-attributes", "The answers of this test: DetectFaces#1."),
    ],
)
def test_a_variant_that_alters_nothing_is_told(suite, variant, message):
    """Repeating what does not occur in the test is an error that lists what does."""
    result = suite(ONE_TEST.format(marker=""), f"--rekognition-variant={variant}")
    assert 1 == result.ret
    result.stdout.fnmatch_lines([f"*--rekognition-variant={variant} has altered nothing*{message}"])


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pseudo-terminal")
def test_progress_is_shown_on_a_terminal(pytester):
    """One line counts the variants; where the output is no terminal, nothing does."""
    import pty

    pytester.makepyfile(app=APP, test_suite=ONE_TEST.format(marker=""))
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rekognition-variants=4"]
    ours, theirs = pty.openpty()
    process = subprocess.Popen(command, cwd=pytester.path, stdout=theirs, stderr=theirs)
    os.close(theirs)
    text = b""
    try:
        while chunk := os.read(ours, 65536):
            text += chunk
    except OSError:  # the other end has closed
        pass
    process.wait()
    os.close(ours)
    assert re.search(rb"\rrekognition variants: test_suite\.py::test_one, DetectFaces#1:\S+, 4 of 4", text)
    plain = subprocess.run(command, cwd=pytester.path, capture_output=True, text=True, check=False).stdout
    assert "4 of 4" not in plain


def test_the_page_lists_every_variant():
    """docs/finder.md has a row for each variant, and says of each whether it says the same."""
    page = (ROOT / "docs" / "finder.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `([a-z0-9-]+)(?::PATH)?` \| .* \| (yes|no) \|$", page, re.MULTILINE))
    assert {*ODDITIES, *DRIFTS} == set(rows)
    assert SAME == {name for name, same in rows.items() if same == "yes"}
