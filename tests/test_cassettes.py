"""Recording and replaying, against a real HTTP server on loopback."""

import asyncio
import dataclasses
import itertools
import json
import os
import re
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import boto3
import pytest
import vcr
from aiobotocore.session import get_session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, HTTPClientError
from moto import mock_aws
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serializers import jsonserializer

from pytest_rekognition import Rekognition, UnansweredCallError, VerificationError, build, draw
from pytest_rekognition.cassettes import storage
from pytest_rekognition.cassettes.journal import Journal
from pytest_rekognition.cassettes.vcrpy import register
from pytest_rekognition.errors import CassetteError, MockedServiceError, SecretError, UsageError

pytestmark = pytest.mark.usefixtures("no_aws")

THROTTLED = (400, {"__type": "ThrottlingException", "Message": "Slow down; sudden increase in rate of requests."})


@pytest.fixture
def cassette(tmp_path):
    return tmp_path / "cassettes" / "test_app" / "test_faces.yaml"


@pytest.fixture
def deck(cassette):
    """Open a harness on the test's cassette: `deck("record")`."""

    def deck(mode, **options):
        return Rekognition(mode=mode, cassette=cassette, cassette_dir=cassette.parents[1], **options)

    return deck


def count(client, image=b"photo", **options):
    return len(client.detect_faces(Image={"Bytes": image}, **options)["FaceDetails"])


def count_and_fail(client):
    count(client)
    raise ZeroDivisionError


def careless(client, image):
    with suppress(Exception):
        count(client, image)


def everything_below(folder):
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


# --- record once, replay for ever --------------------------------------------------------------------------


def test_what_was_recorded_is_replayed_without_the_network(deck, endpoint):
    """The second run has the same answers, and the server is not asked again."""
    with deck("record") as rekognition:
        recorded = [count(endpoint.client(), image) for image in (b"one", b"two")]
        assert ["live", "live"] == rekognition.sources()
    with deck("replay") as rekognition:
        client = boto3.client("rekognition")
        assert recorded == [count(client, image) for image in (b"one", b"two")]
        assert ["cassette", "cassette"] == rekognition.sources()
    assert 2 == len(endpoint.calls)


def test_calls_are_answered_in_any_order(deck, endpoint):
    """Each call has its own recording, whatever the order in which the application makes them."""
    with deck("record"):
        recorded = {image: count(endpoint.client(), image) for image in (b"one", b"two", b"three")}
    with deck("replay"):
        client = boto3.client("rekognition")
        assert recorded == {image: count(client, image) for image in (b"three", b"one", b"two")}


def test_a_repeated_call_has_each_recording_once_and_then_the_last(deck, endpoint):
    """Polling sees the answers in their order, and the last of them for ever."""
    with deck("record"):
        recorded = [count(endpoint.client()) for _ in range(3)]
    assert [1, 2, 3] == recorded
    with deck("replay"):
        client = boto3.client("rekognition")
        assert [1, 2, 3, 3, 3] == [count(client) for _ in range(5)]


def test_under_strict_a_recording_answers_once(deck, endpoint):
    """With strict, asking more often than was recorded is a miss that says so."""
    with deck("record"):
        count(endpoint.client())
    with pytest.raises(UnansweredCallError, match="has been used up"), deck("replay", strict=True):
        [count(boto3.client("rekognition")) for _ in range(2)]


def test_what_is_recorded_already_is_not_paid_for_again(deck, endpoint):
    """Mode record asks the service only for what is missing."""
    with deck("record"):
        count(endpoint.client(), b"one")
    with deck("record") as rekognition:
        count(endpoint.client(), b"one")
        count(endpoint.client(), b"two")
        assert ["cassette", "live"] == rekognition.sources()
    with deck("replay") as rekognition:
        client = boto3.client("rekognition")
        count(client, b"one")
        count(client, b"two")
        assert 2 == len(rekognition.usage() or rekognition.sources())


def test_a_recording_of_another_operation_is_never_replayed(deck, endpoint):
    """The same parameters of another operation are a miss."""
    with deck("record"):
        endpoint.client().list_faces(CollectionId="staff")
    with pytest.raises(UnansweredCallError, match="nothing of ListUsers"), deck("replay"):
        boto3.client("rekognition").list_users(CollectionId="staff")


def test_a_miss_shows_the_nearest_recording_and_the_command_that_mends_it(deck, endpoint):
    """The error names the recorded call, when it was recorded, the members that differ, and what to run."""
    with deck("record"):
        count(endpoint.client(), b"one", Attributes=["ALL"])
    with pytest.raises(UnansweredCallError) as miss, deck("replay", record_command="pytest x --record"):
        count(boto3.client("rekognition"), b"two")
    told = str(miss.value)
    assert re.search(r"recorded in .*test_faces.yaml, \d{4}-\d\d-\d\d: DetectFaces\(Image=", told)
    assert "$.Image.Bytes: recorded <3 bytes, sha256 7692c3ad…>, the call has <3 bytes, sha256 3fc4ccfe…>" in told
    assert "$.Attributes: recorded ['ALL'], the call does not have it" in told
    assert "record it with: pytest x --record" in told


def test_a_swallowed_miss_fails_all_the_same(deck):
    """A miss is no BotoCoreError, and swallowing it does not help."""

    def careless():
        try:
            return count(boto3.client("rekognition"))
        except Exception:  # noqa: BLE001  what careless applications do
            return 0

    assert not issubclass(UnansweredCallError, BotoCoreError)
    with pytest.raises(VerificationError, match="there is no cassette"), deck("replay"):
        careless()


def test_a_stub_comes_before_the_cassette(deck, endpoint):
    """What a test stubs is not looked up."""
    with deck("record"):
        count(endpoint.client())
    with deck("replay") as rekognition:
        rekognition.on("DetectFaces").returns(faces=6)
        assert 6 == count(boto3.client("rekognition"))


# --- errors, retries, pages, sizes, both clients ------------------------------------------------------------


@pytest.mark.parametrize("retries", ["legacy", "standard", "adaptive"])
def test_throttles_replay_through_real_retries_and_never_sleep(deck, endpoint, monkeypatch, retries):
    """Each recorded attempt is replayed as one, and the time between them is left out."""
    answer = endpoint.answer
    endpoint.answer = lambda *call: THROTTLED if call[2] <= 2 else answer(*call)
    with deck("record") as rekognition:
        recorded = count(endpoint.client(config=Config(retries={"mode": "legacy", "max_attempts": 5})))
        assert [400, 400, 200] == [exchange.status for exchange in rekognition.calls()]

    def asleep(seconds):
        raise AssertionError(f"slept {seconds} s")

    monkeypatch.setattr("time.sleep", asleep)
    with deck("replay") as rekognition:
        client = boto3.client("rekognition", config=Config(retries={"mode": retries, "max_attempts": 5}))
        assert recorded == count(client)
        assert [400, 400, 200] == [exchange.status for exchange in rekognition.calls()]


def test_errors_are_replayed_as_errors(deck, endpoint):
    """A failure of the service is the same exception, with its request id."""
    failure = {"__type": "InvalidImageFormatException", "Message": "Request has invalid image format"}
    endpoint.answer = lambda *_: (400, failure)
    seen = []
    for mode in ("record", "replay"):
        with deck(mode):
            client = endpoint.client()
            with pytest.raises(client.exceptions.InvalidImageFormatException) as error:
                count(client)
            seen.append((error.value.response["Error"], error.value.response["ResponseMetadata"]["RequestId"]))
    assert seen[0] == seen[1]


def test_a_paginator_replays_page_by_page(deck, endpoint):
    """Pages are told apart by their tokens."""
    pages = {None: (["a", "b"], "t1"), "t1": (["c"], "t2"), "t2": (["d"], None)}

    def answer(_, request, __):
        ids, token = pages[request.get("NextToken")]
        versions = ["7.0"] * len(ids)
        return 200, {"CollectionIds": ids, "FaceModelVersions": versions} | ({"NextToken": token} if token else {})

    endpoint.answer = answer
    for mode in ("record", "replay"):
        with deck(mode):
            paginator = endpoint.client().get_paginator("list_collections")
            assert ["a", "b", "c", "d"] == list(paginator.paginate().search("CollectionIds[]"))
    assert 3 == len(endpoint.calls)


def test_an_image_of_five_megabytes_is_a_digest(deck, endpoint, cassette):
    """The largest image that the service takes leaves a few lines behind, and is told from its neighbour."""
    image = b"\x00" * (5 * 1024 * 1024)
    with deck("record"):
        recorded = count(endpoint.client(), image)
    assert cassette.stat().st_size < 20_000
    with deck("replay"):
        assert recorded == count(boto3.client("rekognition"), image)
    with pytest.raises(UnansweredCallError), deck("replay"):
        count(boto3.client("rekognition"), image[:-1] + b"\x01")


async def count_async(endpoint_url=None, image=b"photo"):
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "x" * 40}
    options = {"region_name": "eu-west-1", "endpoint_url": endpoint_url, **keys}
    async with get_session().create_client("rekognition", **options) as client:
        response = await client.detect_faces(Image={"Bytes": image})
        return len(response["FaceDetails"])


def test_aiobotocore_replays_what_boto3_recorded_and_the_other_way(deck, endpoint, cassette):
    """A cassette does not know which client made it."""
    with deck("record"):
        recorded = count(endpoint.client())
    with deck("replay"):
        assert recorded == asyncio.run(count_async())
    cassette.unlink()
    with deck("record"):
        recorded = asyncio.run(count_async(endpoint.url))
    with deck("replay"):
        assert recorded == count(boto3.client("rekognition"))
    assert "eu-west-1" == storage.read(cassette)[0].recorded.region


def test_plain_vcrpy_replays_a_cassette(deck, endpoint, cassette):
    """Vcrpy itself answers from the file, with nothing of this package in between."""
    with deck("record"):
        recorded = count(endpoint.client())
    with vcr.use_cassette(str(cassette), record_mode="none") as opened:
        assert recorded == count(endpoint.client())
    assert 1 == opened.play_count
    assert 1 == len(endpoint.calls)


def test_eight_threads_record_everything(deck, endpoint, cassette):
    """A pool of threads on one cassette loses no recording."""
    images = [b"photo %d" % number for number in range(40)]
    with deck("record"), ThreadPoolExecutor(8) as pool:
        client = endpoint.client()
        recorded = list(pool.map(lambda image: count(client, image), images))
    assert 40 == len(storage.read(cassette))
    with deck("replay"), ThreadPoolExecutor(8) as pool:
        client = boto3.client("rekognition")
        assert recorded == list(pool.map(lambda image: count(client, image), images))


# --- modes -------------------------------------------------------------------------------------------------


def test_rerecording_replaces_the_cassette(deck, endpoint, cassette):
    """The old recordings are gone, the new ones are there."""
    with deck("record"):
        count(endpoint.client(), b"one")
        count(endpoint.client(), b"two")
    with deck("rerecord") as rekognition:
        count(endpoint.client(), b"two")
        assert ["live"] == rekognition.sources()
    assert 1 == len(storage.read(cassette))
    assert 3 == len(endpoint.calls)


def test_rerecording_in_a_failing_test_leaves_the_cassette(deck, endpoint, cassette):
    """Where the test fails, or leaves a problem behind, the old file stays to the byte."""
    with deck("record"):
        count(endpoint.client())
    before = cassette.read_bytes()
    with pytest.raises(ZeroDivisionError), deck("rerecord"):
        count_and_fail(endpoint.client())
    assert before == cassette.read_bytes()
    endpoint.answer = lambda *_: (200, {"FaceDetails": [{"Confidence": 250}]})
    with pytest.raises(AssertionError, match="250"), deck("rerecord"):
        count(endpoint.client())
    assert before == cassette.read_bytes()
    assert not list((cassette.parents[1] / ".recording").glob("*.jsonl"))


def test_recording_in_a_failing_test_keeps_what_was_paid_for(deck, endpoint, cassette):
    """In mode record the answers are kept, whatever becomes of the test."""
    with pytest.raises(ZeroDivisionError), deck("record"):
        count_and_fail(endpoint.client())
    assert 1 == len(storage.read(cassette))


def test_rerecording_a_shared_cassette_keeps_the_calls_of_others(deck, endpoint):
    """Only calls that this test makes are replaced."""
    with deck("record"):
        count(endpoint.client(), b"mine")
        count(endpoint.client(), b"theirs")
    with deck("rerecord", shared_cassette=True):
        count(endpoint.client(), b"mine")
    with deck("replay"):
        client = boto3.client("rekognition")
        assert [3, 2] == [count(client, b"mine"), count(client, b"theirs")]


def test_once_records_where_there_is_no_cassette(deck, endpoint):
    """Vcrpy's `once`: the first run records, later ones replay and miss."""
    with deck("once") as rekognition:
        count(endpoint.client(), b"one")
        assert "record" == rekognition.options.mode
    with pytest.raises(UnansweredCallError), deck("once"):
        count(endpoint.client(), b"two")


@pytest.mark.parametrize(
    ("alias", "mode"),
    [("none", "replay"), ("new_episodes", "record"), ("all", "rerecord"), ("rewrite", "rerecord")],
)
def test_modes_have_the_names_of_vcrpy(deck, alias, mode):
    """The names that a suite has from vcrpy or pytest-recording are understood."""
    assert mode == deck(alias).options.mode


@pytest.mark.parametrize("mode", ["reference", "live"])
def test_other_modes_touch_no_cassette(deck, endpoint, cassette, mode, face_image):
    """In reference and live nothing is read from a cassette or written to one."""
    image = face_image(1).bytes
    with deck("record"):
        count(endpoint.client(), image)
    before = cassette.read_bytes()
    with deck(mode) as rekognition:
        count(endpoint.client(), image)
        assert [mode] == rekognition.sources()
    assert before == cassette.read_bytes()


def test_recording_needs_a_cassette():
    """Recording to nowhere is refused at once."""
    with pytest.raises(UsageError, match="needs a cassette"):
        Rekognition(mode="record")


def test_what_no_cassette_has_may_go_to_the_reference(deck, endpoint, face_image):
    """With `unrecorded=reference`, replay answers the rest on this machine."""
    with deck("record"):
        count(endpoint.client())
    with deck("replay", unrecorded="reference") as rekognition:
        count(boto3.client("rekognition"))
        assert 2 == count(boto3.client("rekognition"), face_image(2).bytes)
        assert ["cassette", "reference"] == rekognition.sources()


def test_a_broken_cassette_stops_the_test_even_if_swallowed(deck, cassette):
    """A file that cannot be read is told by name and line, and never an empty cassette."""
    cassette.parent.mkdir(parents=True)
    cassette.write_text("interactions:\n- request: [\n")
    with pytest.raises(CassetteError, match=r"test_faces\.yaml:\d"), deck("record"):
        count(boto3.client("rekognition", aws_access_key_id="x", aws_secret_access_key="y"))
    assert "interactions:\n- request: [\n" == cassette.read_text()


# --- the contract ------------------------------------------------------------------------------------------


def test_drift_in_a_recording_comes_with_its_date(deck, endpoint, cassette):
    """A member that the contract does not know is reported, with the day on which it was recorded."""

    def grown(*_):
        return 200, {"FaceDetails": [], "Halo": 1}

    endpoint.answer = grown
    with deck("record") as rekognition:
        count(endpoint.client())
        assert [None] == [drift.recorded for drift in rekognition.drifts()]
    with deck("replay") as rekognition:
        count(boto3.client("rekognition"))
        assert [storage.read(cassette)[0].recorded.at] == [drift.recorded for drift in rekognition.drifts()]


def test_a_recording_that_breaks_the_contract_fails(deck, endpoint, cassette):
    """A cassette that somebody edited into what AWS cannot send is refused at replay."""
    with deck("record"):
        count(endpoint.client())
    text = cassette.read_text()
    cassette.write_text(re.sub(r'"Confidence": [\d.]+', '"Confidence": 250', text, count=1))
    with pytest.raises(AssertionError, match="answered by cassette, breaks the contract"), deck("replay"):
        count(boto3.client("rekognition"))


# --- secrets -----------------------------------------------------------------------------------------------


ACCOUNT = "210987654321"
ACCESS_KEY = "AKIA" + "CANARYCANARYCANA"
SECRET = "canary/SECRET+0123456789abcdefghijklmnop"
TOKEN = "IQoJb3JpZ2luX2VjCANARY" + "abcdEFGH0123" * 12


MODES = ["record", "rerecord", "once", "live", "reference", "replay"]


@pytest.mark.parametrize(("mode", "failing"), list(itertools.product(MODES, [False, True])))
def test_no_canary_is_in_any_file(deck, endpoint, cassette, mode, failing):
    """Keys, secrets, tokens, account ids and image bytes are in no file, raw or in base64, whatever the mode."""
    image = draw(1, seed=3).bytes
    answer = endpoint.answer

    def telling(operation, request, number):
        if operation == "CreateCollection":
            arn = f"aws:rekognition:eu-west-1:{ACCOUNT}:collection/staff"
            return 200, {"StatusCode": 200, "CollectionArn": arn, "FaceModelVersion": "7.0"}
        if operation == "DescribeCollection":
            who = f"User: arn:aws:iam::{ACCOUNT}:user/me (account {ACCOUNT}) is not authorized"
            return 400, {"__type": "AccessDeniedException", "Message": who}
        return answer(operation, request, number)

    endpoint.answer = telling
    client = endpoint.client(aws_access_key_id=ACCESS_KEY, aws_secret_access_key=SECRET, aws_session_token=TOKEN)

    def application():
        count(client, image)
        client.create_collection(CollectionId="staff")
        with pytest.raises(ClientError):
            client.describe_collection(CollectionId="guests")
        assert not failing

    harness = deck(mode, allow_unanswered_calls=True)
    try:
        with harness:
            application()
    except Exception:  # noqa: BLE001  replay misses, reference knows one operation, and some fail on purpose
        assert failing or mode in {"replay", "reference"}

    written = everything_below(cassette.parents[2])
    for canary in (ACCESS_KEY, SECRET, TOKEN, ACCOUNT):
        assert canary.encode() not in written
        for shift in range(3):
            coded = b64encode(b"x" * shift + canary.encode())[4:-4]
            assert coded not in written
    assert image[100:160] not in written
    assert b64encode(image)[120:180] not in written
    assert cassette.exists() is (mode in {"record", "once"} or (mode == "rerecord" and not failing))


def test_a_credential_in_a_parameter_stops_the_recording(deck, endpoint, tmp_path):
    """Nothing is written, the test fails, and the message does not repeat the credential."""
    with pytest.raises(SecretError) as refusal, deck("record"):
        endpoint.client().create_collection(CollectionId="x", Tags={"key": ACCESS_KEY})
    assert ACCESS_KEY not in str(refusal.value)
    assert ACCESS_KEY.encode() not in everything_below(tmp_path)


def test_the_credentials_in_use_are_known_and_kept_out(deck, endpoint, tmp_path):
    """The secret that signs the call is refused wherever it turns up, though it looks like no secret."""
    secret = "plain-looking-secret-of-forty-characters"
    with pytest.raises(SecretError), deck("record"):
        endpoint.client(aws_secret_access_key=secret).create_collection(CollectionId="x", Tags={"key": secret})
    assert secret.encode() not in everything_below(tmp_path)


def test_a_masked_account_is_found_again(deck, endpoint, cassette):
    """A call that names an account is recorded masked, and replayed for the application that names it."""
    role = f"arn:aws:iam::{ACCOUNT}:role/rekognition"
    request = {
        "Video": {"S3Object": {"Bucket": "videos", "Name": "a.mp4"}},
        "NotificationChannel": {"SNSTopicArn": f"arn:aws:sns:eu-west-1:{ACCOUNT}:topic", "RoleArn": role},
    }
    with deck("record"):
        recorded = endpoint.client().start_face_detection(**request)["JobId"]
    assert ACCOUNT not in cassette.read_text()
    with deck("replay"):
        assert recorded == boto3.client("rekognition").start_face_detection(**request)["JobId"]


def tags_by_account(_, request, __):
    return 200, {"Tags": {"account": "red" if "111111111111" in request["ResourceArn"] else "blue"}}


def tags(client, account):
    arn = f"arn:aws:rekognition:eu-west-1:{account}:collection/staff"
    return client.list_tags_for_resource(ResourceArn=arn)["Tags"]["account"]


@pytest.mark.parametrize("asked", [["222222222222"], ["333333333333"]])
def test_accounts_are_never_mixed_up(deck, endpoint, asked):
    """Calls that differ in the account alone are two calls; where it cannot be told which, neither is replayed."""
    endpoint.answer = tags_by_account
    with deck("record"):
        assert ["red", "blue"] == [
            tags(endpoint.client(), account) for account in ("111111111111", "222222222222")
        ]
    with pytest.raises(UnansweredCallError), deck("replay"):
        [tags(boto3.client("rekognition"), account) for account in asked]


def test_one_account_stands_for_the_one_that_was_recorded(deck, endpoint):
    """A cassette of one account serves any account, but only one in a test."""
    endpoint.answer = tags_by_account
    with deck("record"):
        tags(endpoint.client(), "111111111111")
    with deck("replay"):
        assert "red" == tags(boto3.client("rekognition"), "333333333333")
    with pytest.raises(UnansweredCallError), deck("replay"):
        [tags(boto3.client("rekognition"), account) for account in ("333333333333", "444444444444")]


def test_motos_answers_are_not_recorded(deck, tmp_path):
    """Where moto would answer in the service's place, the call is refused and nothing is written."""
    with pytest.raises(MockedServiceError, match="passthrough"), mock_aws(), deck("record"):
        boto3.client("rekognition", region_name="us-east-1").list_collections()
    assert [] == list(tmp_path.rglob("*.yaml"))
    passthrough = {"core": {"passthrough": {"services": ["rekognition"]}}}
    with pytest.raises(EndpointConnectionError), mock_aws(config=passthrough), deck("record"):
        boto3.client("rekognition", region_name="us-east-1", endpoint_url="http://127.0.0.1:9/").list_collections()


@pytest.mark.parametrize("mode", ["record", "rerecord"])
def test_what_forked_processes_record_is_kept(deck, endpoint, cassette, mode):
    """A process that is forked while a harness is open records into the same cassette."""
    client = endpoint.client()
    with deck(mode):
        count(client, b"parent")
        for number in range(3):
            child = os.fork()
            if child == 0:
                count(client, b"child %d" % number)
                os._exit(0)
            os.waitpid(child, 0)
    assert 4 == len({one.key for one in storage.read(cassette)})


@pytest.mark.parametrize("mode", ["record", "rerecord"])
def test_a_hook_that_fails_fails_the_test_even_if_swallowed(deck, endpoint, cassette, mode):
    """What a hook raises is kept for the end of the test, and no cassette is replaced by less."""
    with deck("record"):
        count(endpoint.client(), b"one")
    before = cassette.read_bytes()

    def scrub(_, request, __):
        if request["Image"]["Bytes"]["bytes"] == 3:
            raise KeyError("Nope")

    with pytest.raises(VerificationError, match="KeyError"), deck(mode, before_record=scrub):
        [careless(endpoint.client(), image) for image in (b"four", b"two")]
    assert mode == "record" or before == cassette.read_bytes()


def test_an_interrupted_recording_is_replaced_by_a_rerecording(deck, endpoint, cassette):
    """What a killed process had recorded does not come back after a rerecording."""
    with deck("record"):
        count(endpoint.client())
    (old,) = storage.read(cassette)
    journal = Journal(cassette, cassette.parents[1], replaces=False)
    journal.add(dataclasses.replace(old, request_id="another"))
    journal._lock.release()
    with deck("rerecord"):
        count(endpoint.client())
    assert 1 == len(storage.read(cassette))


def test_a_refusal_of_the_credentials_is_asked_anew(deck, endpoint, cassette):
    """Once the permissions are mended, recording again replaces the refusal; replay never sees it."""
    answer = endpoint.answer
    endpoint.answer = lambda *_: (400, {"__type": "AccessDeniedException", "Message": "not authorized"})
    with pytest.raises(ClientError), deck("record"):
        count(endpoint.client())
    endpoint.answer = answer
    with deck("record"):
        recorded = count(endpoint.client())
    with deck("replay"):
        assert recorded == count(boto3.client("rekognition"))
    assert [200] == [one.status for one in storage.read(cassette)]


def test_once_lets_all_tests_of_a_run_record_a_shared_cassette(deck, endpoint, cassette):
    """A cassette that another test of the same run has begun is still to be recorded."""
    began = "2026-01-01T00:00:00.000000Z"
    for image in (b"one", b"two"):
        with deck("once", shared_cassette=True, run_began=began):
            count(endpoint.client(), image)
    assert 2 == len(storage.read(cassette))


def test_a_linked_cassette_is_the_same_cassette(deck, endpoint, cassette, tmp_path):
    """Recording through a symbolic link changes the file that it leads to, and the link stays."""
    with deck("record"):
        count(endpoint.client(), b"one")
    link = tmp_path / "link.yaml"
    link.symlink_to(cassette)
    with Rekognition(mode="record", cassette=link):
        count(endpoint.client(), b"two")
    assert link.is_symlink()
    assert 2 == len(storage.read(cassette))


def test_a_credential_inside_an_image_is_not_kept(deck, endpoint, tmp_path):
    """With keep_images, an image that holds a credential is refused like any other text."""
    with pytest.raises(SecretError), deck("record", keep_images=True):
        count(endpoint.client(), b"\xff\xd8exif " + ACCESS_KEY.encode())
    assert ACCESS_KEY.encode() not in everything_below(tmp_path)


def test_a_hook_scrubs_what_is_recorded_and_what_is_looked_up(deck, endpoint, cassette):
    """What a hook takes out of the call is out of the file, and the call is found again without it."""

    def scrub(operation, request, response):
        assert "CreateCollection" == operation
        request["Tags"] = {"owner": "somebody"}
        if response is not None:
            response["FaceModelVersion"] = "6.0"

    with deck("record", before_record=scrub):
        endpoint.client().create_collection(CollectionId="x", Tags={"owner": "Ada"})
    assert "Ada" not in cassette.read_text()
    with deck("replay", before_record=scrub):
        client = boto3.client("rekognition")
        assert "6.0" == client.create_collection(CollectionId="x", Tags={"owner": "Grace"})["FaceModelVersion"]


# --- images ------------------------------------------------------------------------------------------------


def test_an_image_of_the_project_is_named_by_its_path(deck, endpoint, cassette, tmp_path):
    """A request's image that lies in the project is described with its path, sizes and type."""
    image = draw(1, seed=5)
    photo = tmp_path / "photos" / "a.png"
    photo.parent.mkdir()
    photo.write_bytes(image.bytes)
    with deck("record", project=tmp_path):
        count(endpoint.client(), image.bytes)
    described = storage.read(cassette)[0].request["Image"]["Bytes"]
    assert "photos/a.png" == described["path"]
    assert len(image.bytes) == described["bytes"]
    assert {"sha256", "bytes", "media_type", "width", "height", "path"} == described.keys()


def test_images_are_kept_beside_where_that_is_asked_for(deck, endpoint, cassette):
    """With keep_images each image lies in the sidecar folder, once, under its digest."""
    image = draw(1, seed=5).bytes
    with deck("record", keep_images=True):
        count(endpoint.client(), image)
        count(endpoint.client(), image)
    assert [image] == [path.read_bytes() for path in (cassette.parents[1] / "images").iterdir()]


LIVENESS = {"SessionId": "0f5c6a7e-0000-4000-8000-000000000000"}


def liveness(image):
    reference = {"Bytes": b64encode(image).decode()}
    return {**LIVENESS, "Status": "SUCCEEDED", "Confidence": 99.0, "ReferenceImage": reference}


@pytest.mark.parametrize("keep", [False, True])
def test_images_of_answers_are_left_out_unless_kept(deck, endpoint, tmp_path, keep):
    """A selfie in an answer is not in the cassette; it is replayed only where images are kept."""
    image = draw(1, seed=6).bytes
    endpoint.answer = lambda *_: (200, liveness(image))
    with deck("record", keep_images=keep):
        assert image == endpoint.client().get_face_liveness_session_results(**LIVENESS)["ReferenceImage"]["Bytes"]
    assert (image in everything_below(tmp_path)) is keep
    with deck("replay"):
        replayed = boto3.client("rekognition").get_face_liveness_session_results(**LIVENESS)["ReferenceImage"]
    assert ({"Bytes": image} if keep else {}) == replayed


# --- vcrpy's seams -----------------------------------------------------------------------------------------


def test_a_serializer_and_a_persister_of_vcrpy_serve(deck, endpoint, cassette):
    """Vcrpy's JSON serializer and its file persister store and give back a cassette."""
    seams = {"serializer": jsonserializer, "persister": FilesystemPersister}
    with deck("record", **seams):
        recorded = count(endpoint.client())
    assert 1 == json.loads(cassette.read_text())["version"]
    with deck("replay", **seams):
        assert recorded == count(boto3.client("rekognition"))


def test_a_credential_gets_past_no_persister(deck, endpoint, tmp_path):
    """Somebody else's persister is not given a text that holds a credential."""
    with pytest.raises(SecretError), deck("record", persister=FilesystemPersister):
        endpoint.client().create_collection(CollectionId="x", Tags={"key": ACCESS_KEY})
    assert ACCESS_KEY.encode() not in everything_below(tmp_path)


@pytest.mark.parametrize("verdict", [True, None])
def test_a_matcher_of_vcrpy_finds_what_ours_does_not(deck, endpoint, verdict):
    """A matcher may let calls match that differ; those that match exactly do not need it."""

    def same_collection(called, recorded):
        assert json.loads(called.body)["CollectionId"] == json.loads(recorded.body)["CollectionId"]
        return verdict

    with deck("record"):
        endpoint.client().create_collection(CollectionId="x", Tags={"run": "1"})
    with deck("replay", matcher=same_collection):
        boto3.client("rekognition").create_collection(CollectionId="x", Tags={"run": "2"})
    with pytest.raises(UnansweredCallError), deck("replay", matcher=same_collection):
        boto3.client("rekognition").create_collection(CollectionId="y")


def test_plain_vcrpy_with_our_seams_tells_images_apart(endpoint, tmp_path):
    """Registered on a VCR, our matcher refuses another image, which vcrpy's default would replay."""
    recorder = vcr.VCR(record_mode="once")
    register(recorder)
    path = str(tmp_path / "x.yaml")
    options = {"serializer": "rekognition", "match_on": ["rekognition"]}
    with recorder.use_cassette(path, filter_headers=["authorization", "x-amz-security-token"], **options):
        recorded = count(endpoint.client(), b"one")
    with recorder.use_cassette(path, **options):
        assert recorded == count(endpoint.client(), b"one")
        with pytest.raises(HTTPClientError, match="Can't play back"):
            count(endpoint.client(), b"two")


def test_plain_vcrpy_with_our_persister_writes_no_credential(endpoint, tmp_path, monkeypatch):
    """Without any filter vcrpy would write the Authorization header; our persister refuses."""
    for pool in (HTTPConnectionPool, HTTPSConnectionPool):  # vcrpy leaves them patched where a persister raises
        monkeypatch.setattr(pool, "ConnectionCls", pool.ConnectionCls)
    recorder = vcr.VCR()
    register(recorder)
    path = tmp_path / "x.yaml"
    with pytest.raises(SecretError), recorder.use_cassette(str(path), serializer="rekognition"):
        count(endpoint.client())
    assert not path.exists()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ({"serializer": object()}, "serializer must have serialize and deserialize"),
        ({"persister": FilesystemPersister.load_cassette}, "persister must have load_cassette"),
        ({"matcher": 3}, "matcher must have __call__"),
        ({"cassette": 3}, "cassette must be a path"),
        ({"before_record": "scrub"}, "before_record must have __call__"),
    ],
)
def test_a_seam_that_does_not_fit_is_refused(option, says):
    """A wrong object is told at once, not at the first recording."""
    with pytest.raises(UsageError, match=says):
        Rekognition(**option)


def test_a_built_response_is_a_valid_recording(deck, endpoint):
    """What an endpoint answers for an operation with nothing special is recorded and replayed whole."""
    with deck("record"):
        recorded = endpoint.client().describe_collection(CollectionId="staff")
    with deck("replay"):
        replayed = boto3.client("rekognition").describe_collection(CollectionId="staff")
    assert build("DescribeCollection").keys() == recorded.keys() - {"ResponseMetadata"}
    assert {**recorded, "ResponseMetadata": 0} == {**replayed, "ResponseMetadata": 0}
