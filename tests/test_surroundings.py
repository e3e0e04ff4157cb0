"""The S3 and SNS that the reference uses: moto's, an endpoint's or a folder's, and never AWS's own."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st
from moto import mock_aws

from pytest_rekognition import NetworkBlockedError, Rekognition, UsageError, draw
from pytest_rekognition.backends.reference import ReferenceBackend
from pytest_rekognition.backends.reference.neighbours import ObjectName, UnavailableObjectError
from pytest_rekognition.checking import check_exchange
from pytest_rekognition.surroundings import Surroundings, SurroundingsError

pytestmark = pytest.mark.usefixtures("no_aws")

#: Two faces, which `haar` finds.
PICTURE = draw(2).bytes
#: As recorded from the service.
NOT_IN_S3 = "Unable to get object metadata from S3. Check object key, region and/or access permissions."
PLACE = ObjectName("photos", "a/group.jpg")


def in_s3(key="a/group.jpg", **more):
    return {"S3Object": {"Bucket": "photos", "Name": key, **more}}


@pytest.fixture
def moto(no_aws):  # noqa: ARG001  what it takes away is to stay away
    """Mock AWS, with a versioned bucket of one picture in us-east-1."""
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="photos")
        s3.put_bucket_versioning(Bucket="photos", VersioningConfiguration={"Status": "Enabled"})
        s3.put_object(Bucket="photos", Key="a/group.jpg", Body=PICTURE)
        yield s3


def faces(client, image):
    return len(client.detect_faces(Image=image)["FaceDetails"])


@pytest.mark.usefixtures("moto")
def test_an_image_in_motos_s3_is_seen():
    """In mode reference an S3Object is read from moto, and each exchange passes the contract."""
    with Rekognition(mode="reference", engine="haar") as rekognition:
        client = rekognition.client(region_name="us-east-1")

        assert 2 == faces(client, in_s3())
        assert [] == [found for call in rekognition.calls() for found in check_exchange(call)]


def test_a_version_of_an_object_is_read(moto):
    """`Version` names the object's version, as long as there is such a one."""
    older = moto.list_object_versions(Bucket="photos")["Versions"][0]["VersionId"]
    moto.put_object(Bucket="photos", Key="a/group.jpg", Body=draw(1).bytes)

    with Rekognition(mode="reference", engine="haar") as rekognition:
        client = rekognition.client(region_name="us-east-1")

        assert [1, 2] == [faces(client, in_s3()), faces(client, in_s3(Version=older))]


@pytest.mark.usefixtures("moto")
@pytest.mark.parametrize(
    ("image", "region"),
    [
        (in_s3("a/nobody.jpg"), "us-east-1"),
        (in_s3(Version="3HL4kqtJvjVBH40Nrjfkd"), "us-east-1"),
        ({"S3Object": {"Bucket": "elsewhere", "Name": "a"}}, "us-east-1"),
        ({"S3Object": {"Bucket": "...", "Name": "a"}}, "us-east-1"),
        (in_s3(), "eu-west-1"),
    ],
    ids=["key", "version", "bucket", "impossible bucket", "region"],
)
def test_what_is_not_to_be_had_is_the_services_error(image, region):
    """Whatever keeps the service from an object, it answers with one and the same error, as recorded."""
    with Rekognition(mode="reference", engine="haar") as rekognition:
        client = rekognition.client(region_name=region)

        with pytest.raises(client.exceptions.InvalidS3ObjectException) as raised:
            client.detect_faces(Image=image)

        assert NOT_IN_S3 == raised.value.response["Error"]["Message"]
        assert [] == check_exchange(rekognition.calls()[0])


def test_aws_itself_is_never_reached():
    """Without a mock nothing leaves for AWS: the call fails with what to do, and the verdict with it."""
    rekognition = Rekognition(mode="reference", engine="haar")
    rekognition.open()
    try:
        with pytest.raises(NetworkBlockedError, match=r"mock_aws.*AWS_ENDPOINT_URL_S3.*s3_root"):
            faces(rekognition.client(region_name="eu-west-1"), in_s3())
    finally:
        rekognition.close()

    assert 1 == len(rekognition.problems())


@pytest.mark.parametrize("region", ["us-east-1", "eu-central-1", "cn-north-1", "us-gov-west-1", "eusc-de-east-1"])
def test_no_partition_of_aws_is_reached(region):
    """The hosts of each of AWS's partitions are told, with and without dual stack."""
    surroundings = Surroundings()

    with pytest.raises(NetworkBlockedError):
        surroundings.read(PLACE, region, 10)
    with pytest.raises(NetworkBlockedError):
        surroundings.publisher(region)(f"arn:aws:sns:{region}:123456789012:jobs", "{}")


def test_the_dual_stack_hosts_of_aws_are_told(monkeypatch):
    """A client that is configured for dual stack is kept from AWS too."""
    monkeypatch.setenv("AWS_USE_DUALSTACK_ENDPOINT", "true")

    with pytest.raises(NetworkBlockedError, match="dualstack"):
        Surroundings().read(PLACE, "eu-central-1", 10)


@pytest.mark.usefixtures("moto")
def test_a_client_that_was_mocked_is_refused_once_the_mock_is_gone(monkeypatch):
    """What was remembered under moto does not open a way to AWS after it."""
    surroundings = Surroundings()
    publish = surroundings.publisher("us-east-1")
    assert PICTURE == surroundings.read(PLACE, "us-east-1", len(PICTURE))

    with monkeypatch.context() as patch:
        patch.setattr("moto.core.models.botocore_stubber.enabled", False)
        with pytest.raises(NetworkBlockedError):
            surroundings.read(PLACE, "us-east-1", 10)
        with pytest.raises(NetworkBlockedError, match="SNS Publish"):
            publish("arn:aws:sns:us-east-1:123456789012:jobs", "{}")


def test_a_stand_in_that_starts_after_a_refusal_is_used(store, monkeypatch):
    """After a refused call, an address that is configured in the same harness serves the next one."""
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    surroundings = Surroundings()
    with pytest.raises(NetworkBlockedError):
        surroundings.read(PLACE, "us-east-1", 100)

    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", store.url)
    assert b"x" * 100 == surroundings.read(PLACE, "us-east-1", 100)

    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    with pytest.raises(NetworkBlockedError):
        surroundings.read(PLACE, "us-east-1", 100)


def test_a_mock_that_is_imported_after_a_refusal_is_used(run):
    """A client that was made before moto was there, and refused, is not kept: the next one is moto's."""
    result = run(
        """
        import sys

        import pytest
        from pytest_rekognition import NetworkBlockedError, draw
        from pytest_rekognition.backends.reference.neighbours import ObjectName
        from pytest_rekognition.surroundings import Surroundings

        def test_it(monkeypatch):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "FOOBARKEY")  # as moto sets them: nothing changes with it
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "FOOBARSECRET")
            surroundings, place = Surroundings(), ObjectName("photos", "a")
            with pytest.raises(NetworkBlockedError):
                surroundings.read(place, "us-east-1", 10)
            assert "moto" not in sys.modules
            import boto3
            from moto import mock_aws

            with mock_aws():
                s3 = boto3.client("s3", region_name="us-east-1")
                s3.create_bucket(Bucket="photos")
                s3.put_object(Bucket="photos", Key="a", Body=b"object")
                assert b"object" == surroundings.read(place, "us-east-1", 10)
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize("service", ["S3", "SNS"])
@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AWS_ENDPOINT_URL", "localhost:4566", "localhost:4566"),
        ("AWS_PROFILE", "nosuch", "nosuch"),
        (None, None, "x y"),
    ],
    ids=["endpoint", "profile", "region"],
)
def test_a_wrong_configuration_is_told_with_what_to_do(monkeypatch, service, name, value, said):
    """An address without a scheme, a missing profile and an impossible region are errors of this package."""
    if name:
        monkeypatch.setenv(name, value)
    surroundings, region = Surroundings(), "us-east-1" if name else "x y"

    with pytest.raises(SurroundingsError, match=rf"{service} is out of reach .*{said}.*Check AWS_ENDPOINT_URL"):
        surroundings.read(PLACE, region, 10) if service == "S3" else surroundings.publisher(region)


class Store(BaseHTTPRequestHandler):
    """Stands in for MinIO: tells no region, and remembers whose signatures it saw."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.command, self.path, self.headers.get("Authorization", "")))
        status, body = self.server.answers.get(self.command, (200, b"x" * 100))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_POST = do_GET  # noqa: N815  http.server's names

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def store(no_aws, monkeypatch):  # noqa: ARG001  likewise
    """Return a server that is configured as this process's S3 and SNS."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        server.seen, server.answers, server.daemon_threads = [], {}, True
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", server.url)
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", server.url)
        yield server
        server.shutdown()


def test_an_endpoint_is_asked_with_the_calling_clients_credentials(store):
    """S3 is asked as the calling client would ask it: its credentials, its region, and the configured address."""
    store.answers["GET"] = (200, PICTURE)
    with Rekognition(mode="reference", engine="haar") as rekognition:
        client = rekognition.client(
            region_name="eu-west-3", aws_access_key_id="AKIAMINE", aws_secret_access_key="mine"
        )
        assert 2 == faces(client, in_s3())

    assert [("HEAD", "/photos"), ("GET", "/photos/a/group.jpg")] == [seen[:2] for seen in store.seen]
    assert all("Credential=AKIAMINE/" in seen[2] and "/eu-west-3/s3/" in seen[2] for seen in store.seen)


def test_an_asynchronous_client_reads_from_s3_too(store):
    """Clients of aiobotocore have their S3Object read with their own credentials."""
    import asyncio

    from aiobotocore.session import get_session

    store.answers["GET"] = (200, PICTURE)

    async def detect():
        keys = {"aws_access_key_id": "AKIAASYNC", "aws_secret_access_key": "mine"}
        async with get_session().create_client("rekognition", region_name="eu-west-3", **keys) as client:
            return len((await client.detect_faces(Image=in_s3()))["FaceDetails"])

    with Rekognition(mode="reference", engine="haar"):
        assert 2 == asyncio.run(detect())
    assert all("Credential=AKIAASYNC/" in seen[2] and "/eu-west-3/s3/" in seen[2] for seen in store.seen)


def test_two_clients_of_one_test_keep_their_credentials_apart(store):
    """A remembered client of S3 serves those alone who have its credentials."""
    store.answers["GET"] = (200, PICTURE)
    with Rekognition(mode="reference", engine="haar") as rekognition:
        for key in ("AKIAONE", "AKIATWO", "AKIAONE"):
            client = rekognition.client(region_name="eu-west-3", aws_access_key_id=key, aws_secret_access_key="x")
            faces(client, in_s3())

    keys = [seen[2].partition("Credential=")[2].partition("/")[0] for seen in store.seen]
    assert ["AKIAONE"] * 2 + ["AKIATWO"] * 2 + ["AKIAONE"] * 2 == keys


@pytest.mark.parametrize("kind", [boto3.Session, botocore.session.Session])
def test_a_session_that_the_test_gives_is_used(store, kind):
    """With the option `session` S3 is asked with that session's credentials, whoever calls Rekognition."""
    session = kind()
    getattr(session, "_session", session).set_credentials("AKIASESSION", "secret")
    store.answers["GET"] = (200, PICTURE)

    with Rekognition(mode="reference", engine="haar", session=session) as rekognition:
        assert 2 == faces(rekognition.client(region_name="eu-west-3"), in_s3())

    assert all("Credential=AKIASESSION/" in seen[2] for seen in store.seen)


@pytest.mark.usefixtures("store")
def test_no_more_is_read_than_was_asked_for():
    """An object that is too long is cut off one byte after the limit, which tells that it is."""
    surroundings = Surroundings()

    read = [len(surroundings.read(PLACE, "eu-west-3", most)) for most in (10, 99, 100, 1000)]

    assert [11, 100, 100, 100] == read


def test_a_bucket_that_may_only_be_read_from_is_read_from(store):
    """Who may not look at the bucket itself (403) may have its objects all the same."""
    store.answers["HEAD"] = (403, b"")

    assert b"x" * 100 == Surroundings().read(PLACE, "eu-west-3", 100)


def test_a_stand_in_that_answers_nonsense_is_told(store):
    """An answer that is none of SNS's is an error of this package, as a failing service is."""
    store.answers["POST"] = (200, b"{}")

    with pytest.raises(SurroundingsError, match="SNS is out of reach while publishing"):
        Surroundings().publisher("eu-west-3")("arn:aws:sns:eu-west-3:123456789012:jobs", "{}")


@pytest.mark.parametrize("status", [400, 403, 404, 405])
def test_an_object_that_s3_refuses_is_not_to_be_had(store, status):
    """Whatever the reason of a refusal, the service's error is the same."""
    store.answers["GET"] = (status, b"<Error><Code>Whatever</Code></Error>")

    with pytest.raises(UnavailableObjectError, match=r"Whatever|GetObject"):
        Surroundings().read(PLACE, "eu-west-3", 100)


def test_an_s3_that_is_out_of_order_is_no_answer_of_rekognition(store):
    """A failing server and one that is not there are told as what they are."""
    store.answers["HEAD"] = (500, b"")
    with pytest.raises(SurroundingsError, match=r"S3 failed while reading photos/a/group\.jpg"):
        Surroundings().read(PLACE, "eu-west-3", 100)

    store.shutdown()
    store.server_close()
    with pytest.raises(SurroundingsError, match=r"S3 is out of reach while reading photos/a/group\.jpg"):
        Surroundings().read(PLACE, "eu-west-3", 100)


def test_a_message_is_published_later_with_the_callers_credentials(store, monkeypatch):
    """A publisher keeps whose call it is for, after the call and in another thread."""
    store.answers["POST"] = (
        200,
        b"<PublishResponse><PublishResult><MessageId>1</MessageId></PublishResult></PublishResponse>",
    )
    kept = []

    def start(self, call):
        kept.append(self._service.neighbours.publisher(call.region))
        return original(self, call)

    original = ReferenceBackend.reply
    monkeypatch.setattr(ReferenceBackend, "reply", start)
    with Rekognition(mode="reference", engine="haar") as rekognition:
        client = rekognition.client(
            region_name="eu-west-3", aws_access_key_id="AKIASTART", aws_secret_access_key="x"
        )
        client.detect_faces(Image={"Bytes": PICTURE})
    thread = threading.Thread(target=kept[0], args=("arn:aws:sns:eu-west-3:123456789012:jobs", "done"))
    thread.start()
    thread.join()

    (seen,) = store.seen
    assert "Credential=AKIASTART/" in seen[2]
    assert "/eu-west-3/sns/" in seen[2]


@pytest.mark.usefixtures("moto")
def test_a_topic_that_refuses_is_told():
    """A message that SNS does not take is an error with the topic's name, not one of botocore's."""
    with pytest.raises(
        SurroundingsError, match="SNS refused a message to arn:aws:sns:us-east-1:123456789012:none"
    ):
        Surroundings().publisher("us-east-1")("arn:aws:sns:us-east-1:123456789012:none", "{}")


@pytest.mark.usefixtures("moto")
def test_a_message_reaches_motos_queue():
    """What is published to a topic of moto arrives at the queue that subscribes to it."""
    sns, sqs = (boto3.client(name, region_name="us-east-1") for name in ("sns", "sqs"))
    topic = sns.create_topic(Name="jobs")["TopicArn"]
    queue = sqs.create_queue(QueueName="jobs")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)

    Surroundings().publisher("us-east-1")(topic, "done")

    (message,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    assert "done" == json.loads(message["Body"])["Message"]


# --- a folder ------------------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    """Return a folder in S3's place, beside a file that is none of its own."""
    root = tmp_path / "s3"
    (root / "photos" / "a").mkdir(parents=True)
    (root / "photos" / "a" / "group.jpg").write_bytes(PICTURE)
    (tmp_path / "secret").write_bytes(b"secret")
    return root


def test_a_folder_stands_in_for_s3(root):
    """With the option `s3_root` an S3Object is a file, in every region."""
    with Rekognition(mode="reference", engine="haar", s3_root=root) as rekognition:
        clients = [rekognition.client(region_name=region) for region in ("us-east-1", "eu-west-1")]

        assert [2, 2] == [faces(client, in_s3()) for client in clients]
        with pytest.raises(ClientError, match=r"\(InvalidS3ObjectException\).*Unable to get object metadata"):
            faces(clients[0], in_s3("a/nobody.jpg"))


@pytest.mark.parametrize(
    ("bucket", "key"),
    [
        ("photos", "../../secret"),
        ("photos", "/a/group.jpg"),
        ("photos", "a//group.jpg"),
        ("photos", "./a/group.jpg"),
        ("photos", "a"),
        ("photos", "a/group.jpg\0"),
        ("photos", "x" * 1000),
        ("..", "secret"),
        (".", "photos/a/group.jpg"),
        ("photos/a", "group.jpg"),
        ("", "photos/a/group.jpg"),
    ],
)
def test_nothing_but_the_folders_own_files_is_read(root, bucket, key):
    """A name that leads out of the folder, or that S3 would take for another key, names nothing."""
    with pytest.raises(UnavailableObjectError):
        Surroundings(s3_root=root).read(ObjectName(bucket, key), "us-east-1", 100)


def test_files_have_no_versions(root):
    """A version of an object is not to be had from a folder."""
    with pytest.raises(UnavailableObjectError):
        Surroundings(s3_root=root).read(PLACE._replace(version="1"), "us-east-1", 100)


@given(bucket=st.text(max_size=8), key=st.lists(st.sampled_from(["..", ".", "", "a", "/", "s3", "secret"])))
def test_no_name_at_all_leads_out_of_a_folder(tmp_path_factory, bucket, key):
    """Whatever bucket and key are asked for, the file beside the folder stays unread."""
    outer = tmp_path_factory.getbasetemp() / "outer"
    (outer / "s3" / "a").mkdir(parents=True, exist_ok=True)
    (outer / "secret").write_bytes(b"secret")
    (outer / "s3" / "a" / "secret").write_bytes(b"public")
    surroundings = Surroundings(s3_root=outer / "s3")

    for name in (bucket, "a", ".."):
        try:
            read = surroundings.read(ObjectName(name, "/".join(key)), "us-east-1", 100)
        except UnavailableObjectError:
            continue
        assert b"public" == read


def test_a_long_file_is_cut_off(root):
    """A file is read to one byte beyond the limit, as an object is."""
    assert PICTURE[:11] == Surroundings(s3_root=root).read(PLACE, "us-east-1", 10)


# --- what is given ---------------------------------------------------------------------------------------------


def test_what_cannot_be_used_is_refused_at_once(tmp_path):
    """A folder that is not there, and sessions of another kind, are refused before the first call."""
    from aiobotocore.session import AioSession

    with pytest.raises(UsageError, match=r"s3_root.*is no folder"):
        Rekognition(s3_root=tmp_path / "none")
    with pytest.raises(UsageError, match="session must be a session of boto3 or botocore"):
        Rekognition(session="default")
    with pytest.raises(UsageError, match="not one of aiobotocore"):
        Rekognition(session=AioSession())
    with pytest.raises(UsageError, match="embedder must be"):
        Rekognition(embedder=1)
    with pytest.raises(UsageError, match="is not there"):
        Rekognition(models=tmp_path / "none")


def test_no_provider_that_asks_aws_for_credentials_is_asked(store, monkeypatch, tmp_path):
    """A profile that assumes a role asks AWS for it: it is left alone, and nobody's keys sign for a stand-in."""
    config = tmp_path / "config"
    config.write_text(
        "[profile far]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = near\n"
        "[profile near]\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "far")

    assert b"x" * 100 == Surroundings().read(PLACE, "eu-west-3", 100)
    assert all("Credential=testing/" in seen[2] for seen in store.seen)


@pytest.fixture
def profiles(store, monkeypatch, tmp_path):  # noqa: ARG001  the address is configured before
    """Write a configuration with a profile for each way to find keys; return the file that a program writes."""
    config, ran = tmp_path / "config", tmp_path / "ran"
    config.write_text(
        "[profile near]\naws_access_key_id = AKIANEAR\naws_secret_access_key = b\n"
        "[profile role]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = near\n"
        f"[profile program]\ncredential_process = touch {ran}\n"
        "[profile web]\nrole_arn = arn:aws:iam::123456789012:role/x\nweb_identity_token_file = /dev/null\n"
        "[profile nothing]\nregion = eu-west-3\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.delenv("AWS_EC2_METADATA_DISABLED")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")
    return ran


SESSIONS = {
    "boto3": lambda profile: boto3.Session(profile_name=profile),
    "botocore": lambda profile: botocore.session.Session(profile=profile),
}


@pytest.mark.parametrize("make", SESSIONS.values(), ids=SESSIONS)
@pytest.mark.parametrize(
    ("profile", "key"),
    [
        ("near", "AKIANEAR"),
        ("role", "testing"),
        ("program", "testing"),
        ("web", "testing"),
        ("nothing", "testing"),
    ],
)
def test_a_sessions_profile_is_not_resolved(store, profiles, make, profile, key):
    """Of a given session only keys that lie here sign: no role is assumed, no program run, no machine asked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.credentials.CredentialResolver.load_credentials", lambda *_: 1 / 0)
        assert b"x" * 100 == Surroundings(session=make(profile)).read(PLACE, "eu-west-3", 100)

    assert all(f"Credential={key}/" in seen[2] for seen in store.seen)
    assert not profiles.exists()


def test_a_session_whose_keys_need_refreshing_is_not_asked_for_them(store):
    """Credentials of a role that a session has got before are not refreshed: that would ask AWS."""
    from botocore.credentials import DeferredRefreshableCredentials

    session = botocore.session.Session()
    session._credentials = DeferredRefreshableCredentials(lambda: 1 / 0, "assume-role")

    assert b"x" * 100 == Surroundings(session=session).read(PLACE, "eu-west-3", 100)
    assert all("Credential=testing/" in seen[2] for seen in store.seen)


def test_the_ini_file_names_a_folder(run, pytester):
    """`rekognition_s3_root` is relative to the root of the run; a folder that is not there is told at once."""
    ini = "rekognition_s3_root = objects\nrekognition_engine = haar"
    source = """
        def test_it(rekognition_client):
            image = {"S3Object": {"Bucket": "photos", "Name": "one.jpg"}}
            assert len(rekognition_client.detect_faces(Image=image)["FaceDetails"]) == 2
        """
    missing = run(source, "--rekognition-mode=reference", ini=ini)
    bucket = pytester.path / "objects" / "photos"
    bucket.mkdir(parents=True)
    (bucket / "one.jpg").write_bytes(PICTURE)

    run(source, "--rekognition-mode=reference", ini=ini).assert_outcomes(passed=1)
    assert pytest.ExitCode.USAGE_ERROR == missing.ret
    missing.stderr.fnmatch_lines(["*s3_root*objects*is no folder*"])
