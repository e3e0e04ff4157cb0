"""The seam, exercised through whole suites that run in processes of their own."""

import pytest

from pytest_rekognition.wire import signed_region

pytestmark = pytest.mark.usefixtures("no_aws")

APP = """
    import boto3

    client = boto3.client("rekognition")

    def count(image=b"x"):
        return len(client.detect_faces(Image={"Bytes": image})["FaceDetails"])
"""


def test_a_client_created_at_import_time_is_answered(run):
    """Code under test may create its client at module level, with neither region nor credentials configured."""
    result = run(
        """
        import app

        def test_count(rekognition):
            rekognition.on("DetectFaces").returns(faces=3)
            assert app.count() == 3
        """,
        files={"app": APP},
    )
    result.assert_outcomes(passed=1)


def test_a_client_without_a_region_stays_unusable_outside_our_tests(run):
    """A client whose region nobody chose raises NoRegionError, as ever, where the plugin is not asked for."""
    result = run(
        """
        import app, boto3, botocore.exceptions, pytest

        def test_count(monkeypatch):
            monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
            monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
            client = boto3.Session().client("rekognition")
            with pytest.raises(botocore.exceptions.NoRegionError):
                client.detect_faces(Image={"Bytes": b"x"})
        """,
        files={"app": APP},
    )
    result.assert_outcomes(passed=1)


def test_other_services_still_need_a_region(run):
    """Only Rekognition clients get a placeholder region."""
    result = run(
        """
        import boto3, botocore.exceptions, pytest

        def test_s3():
            with pytest.raises(botocore.exceptions.NoRegionError):
                boto3.client("sqs")
        """
    )
    result.assert_outcomes(passed=1)


MOTO = """
    import boto3, pytest
    from moto import mock_aws

    def put_and_detect():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket="photos")
        s3.put_object(Bucket="photos", Key="a.jpg", Body=b"x")
        client = boto3.client("rekognition", region_name="us-east-1")
        image = {"S3Object": {"Bucket": "photos", "Name": "a.jpg"}}
        faces = client.detect_faces(Image=image)["FaceDetails"]
        return [o["Key"] for o in s3.list_objects_v2(Bucket="photos")["Contents"]], len(faces)
"""


@pytest.mark.parametrize("client_at_import", [False, True])
def test_moto_in_the_same_test_keeps_the_other_services(run, client_at_import):
    """Inside mock_aws, Rekognition is ours and S3 is moto's, whichever is opened first."""
    early = "boto3.client('rekognition', region_name='us-east-1')" if client_at_import else "boto3"
    result = run(
        MOTO
        + f"""
    early = {early}

    @mock_aws
    def test_moto_inside(rekognition):
        rekognition.on("DetectFaces").returns(faces=2)
        assert put_and_detect() == (["a.jpg"], 2)
        if early is not boto3:
            assert len(early.detect_faces(Image={{"Bytes": b"x"}})["FaceDetails"]) == 2

    @mock_aws()
    @pytest.mark.rekognition
    def test_miss():
        from pytest_rekognition import UnansweredCallError
        with pytest.raises(UnansweredCallError):
            put_and_detect()

    def test_moto_alone():
        with mock_aws():
            client = boto3.client("rekognition", region_name="us-east-1")
            assert client.compare_faces(
                SourceImage={{"Bytes": b"x"}}, TargetImage={{"Bytes": b"x"}}
            )["FaceMatches"]
    """,
        "-v",
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*nobody answers DetectFaces in mode 'replay'*"])


AIO = """
    import asyncio
    from aiobotocore.session import get_session
    import botocore.exceptions, pytest

    async def detect(calls=1, **client_options):
        async with get_session().create_client("rekognition", **client_options) as client:
            answers = [client.detect_faces(Image={"Bytes": b"x"}) for _ in range(calls)]
            return [len(answer["FaceDetails"]) for answer in await asyncio.gather(*answers)]
"""


def test_aiobotocore_is_answered_like_boto3(run):
    """Success, errors and retries through aiobotocore, concurrent calls included, without sleeping."""
    result = run(
        AIO
        + """
    def test_success(rekognition):
        rekognition.on("DetectFaces").returns(faces=2)
        assert asyncio.run(detect(calls=5)) == [2] * 5
        assert len(rekognition.calls()) == 5

    def test_error(rekognition):
        rekognition.on("DetectFaces").raises("InvalidImageFormatException")
        with pytest.raises(botocore.exceptions.ClientError, match="Request has invalid image format"):
            asyncio.run(detect())

    def test_retries(rekognition, monkeypatch):
        rekognition.on("DetectFaces").raises("ThrottlingException", times=3).returns(faces=1)
        slept, sleep = [], asyncio.sleep
        monkeypatch.setattr(asyncio, "sleep", lambda *args: slept.append(args[0]) or sleep(*args))
        assert asyncio.run(detect()) == [1]
        assert len(rekognition.calls()) == 4
        assert slept and not any(slept)

    def test_miss(rekognition):
        from pytest_rekognition import UnansweredCallError
        with pytest.raises(UnansweredCallError):
            asyncio.run(detect())
        rekognition._problems.clear()
    """
    )
    result.assert_outcomes(passed=4)


def test_threads_are_answered(run):
    """Calls of a thread pool are all answered and all kept."""
    result = run(
        """
        from concurrent.futures import ThreadPoolExecutor
        import app

        def test_pool(rekognition):
            rekognition.on("DetectFaces").returns(faces=1)
            with ThreadPoolExecutor(8) as pool:
                assert sum(pool.map(lambda _: app.count(), range(80))) == 80
            assert len(rekognition.calls("detect_faces")) == 80
        """,
        files={"app": APP},
    )
    result.assert_outcomes(passed=1)


def test_xdist_workers_add_up_to_one_summary(run):
    """Under xdist the controller's summary counts the calls of all workers."""
    result = run(
        """
        import app, pytest

        @pytest.mark.parametrize("n", range(6))
        def test_count(rekognition, n):
            rekognition.on("DetectFaces").returns(faces=n)
            assert app.count() == n
        """,
        "-n2",
        files={"app": APP},
    )
    result.assert_outcomes(passed=6)
    result.stdout.fnmatch_lines(["*rekognition: 6 calls · 6 stub*"])


def test_real_credentials_never_sign_a_call(run, monkeypatch):
    """Outside live mode the environment holds fake credentials, and a request carries no signature."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAREALREALREALREAL")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "real")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    result = run(
        """
        import os, app

        def test_unsigned(rekognition):
            seen = []
            app.client.meta.events.register(
                "before-send.rekognition", lambda request, **_: seen.append(dict(request.headers))
            )
            rekognition.on("DetectFaces").returns()
            app.count()
            assert [h for h in seen if "Authorization" in h] == []
            assert len(seen) == 1
            assert os.environ["AWS_ACCESS_KEY_ID"] == "testing"
            assert rekognition.client().meta.region_name == "eu-west-1"

        def test_afterwards():
            assert os.environ["AWS_ACCESS_KEY_ID"] == "AKIAREALREALREALREAL"
        """,
        files={"app": APP},
    )
    result.assert_outcomes(passed=2)


def test_the_whole_session_can_be_blocked(run):
    """With rekognition_block_network = session a test that does not use the plugin cannot reach AWS either."""
    source = """
        import boto3, pytest
        from pytest_rekognition import NetworkBlockedError

        def test_blocked():
            client = boto3.client(
                "rekognition", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
            )
            with pytest.raises(NetworkBlockedError, match="DetectFaces was about to leave for AWS"):
                client.detect_faces(Image={"Bytes": b"x"})
    """
    run(source, ini="rekognition_block_network = session").assert_outcomes(passed=1)


SERVER = """
    import boto3, json, pytest, threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Service(BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            requests.append(self.headers.get("Authorization"))  # before the client has its answer
            body = json.dumps({"FaceDetails": []}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    requests = []

    @pytest.fixture
    def client():
        with HTTPServer(("127.0.0.1", 0), Service) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield boto3.client(
                "rekognition", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b",
                endpoint_url=f"http://127.0.0.1:{server.server_port}",
            )
            server.shutdown()
"""


def test_live_mode_reaches_the_service_and_judges_it(run):
    """In live mode an unstubbed call goes over the network, signed, and its answer is checked all the same."""
    result = run(
        SERVER
        + """
    @pytest.mark.rekognition(mode="live")
    def test_live(client, rekognition):
        assert client.detect_faces(Image={"Bytes": b"x"})["FaceDetails"] == []
        (exchange,) = rekognition.calls()
        assert exchange.source == "live"
        assert requests[0].startswith("AWS4-HMAC-SHA256")

    @pytest.mark.rekognition
    def test_offline(client):
        with pytest.raises(Exception, match="nobody answers DetectFaces"):
            client.detect_faces(Image={"Bytes": b"x"})
        assert len(requests) == 1

    def test_untouched(client):
        client.detect_faces(Image={"Bytes": b"x"})
        assert len(requests) == 2
    """
    )
    result.assert_outcomes(passed=3, errors=1)
    result.stdout.fnmatch_lines(["*rekognition: 1 call · 1 live*"])


def test_clients_older_than_the_seam_are_adopted(pytester):
    """In a notebook, where the client came first, the harness answers it nevertheless."""
    script = pytester.makepyfile(
        notebook="""
        import boto3
        client = boto3.client("rekognition", region_name="us-east-1")
        from pytest_rekognition import Rekognition
        with Rekognition() as rekognition:
            rekognition.on("DetectFaces").returns(faces=4)
            print(len(client.detect_faces(Image={"Bytes": b"x"})["FaceDetails"]), "faces")
            late = boto3.client("rekognition")
            print(len(late.detect_faces(Image={"Bytes": b"x"})["FaceDetails"]), "faces")
        """
    )
    result = pytester.runpython(script)
    result.stdout.fnmatch_lines(["4 faces", "4 faces"])


@pytest.mark.parametrize("retries", ["legacy", "standard", "adaptive"])
def test_retries_are_real_and_never_sleep(run, retries):
    """Every retry mode of botocore repeats a throttled attempt at once, and gives up after its own count."""
    result = run(
        f"""
        import boto3, botocore.exceptions, pytest, time
        from botocore.config import Config

        def test_retries(rekognition, monkeypatch):
            monkeypatch.setattr(time, "sleep", lambda seconds: pytest.fail(f"slept {{seconds}}"))
            config = Config(retries={{"mode": "{retries}", "total_max_attempts": 3}})
            client = rekognition.client(config=config)
            rekognition.on("DetectFaces").raises("ThrottlingException")
            with pytest.raises(botocore.exceptions.ClientError) as caught:
                client.detect_faces(Image={{"Bytes": b"x"}})
            assert caught.value.response["Error"]["Code"] == "ThrottlingException"
            assert len(rekognition.calls()) == 3
            assert caught.value.response["ResponseMetadata"]["RetryAttempts"] == 2
        """
    )
    result.assert_outcomes(passed=1)


@pytest.mark.parametrize(
    ("authorization", "regions", "region"),
    [
        (
            "AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/rekognition/aws4_request, Signature=0",
            None,
            "eu-west-1",
        ),
        (b"AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1/rekognition/aws4_request", None, "eu-west-1"),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/20260101/eu-west-1/rekognition/aws4_request, Signature=0",
            "x",
            "eu-west-1",
        ),
        ("AWS4-HMAC-SHA256 Credential=AK/20260101/../up/rekognition/aws4_request", None, "../up"),
        ("AWS4-HMAC-SHA256 Credential=AK/20260101/eu-west-1", None, None),
        ("AWS4-ECDSA-P256-SHA256 Credential=AK/20260101/rekognition/aws4_request", "eu-west-1", "eu-west-1"),
        (
            "AWS4-ECDSA-P256-SHA256 Credential=AK/20260101/rekognition/aws4_request",
            "*, eu-west-1,us-*",
            "eu-west-1",
        ),
        ("AWS4-ECDSA-P256-SHA256 Credential=AK/20260101/rekognition/aws4_request", "*", None),
        ("AWS4-ECDSA-P256-SHA256 Credential=AK/20260101/rekognition/aws4_request", None, None),
        ("Bearer opaque", "eu-west-1", None),
        (None, None, None),
    ],
)
def test_the_region_is_the_one_that_was_signed_for(authorization, regions, region):
    """A signature names its region before the service, whatever the key; an asymmetric one in a header."""
    assert region == signed_region(authorization, regions)
