import gzip
import json
import zlib
from base64 import b64encode

import pytest

from pytest_rekognition import build
from pytest_rekognition.cassettes.foreign import Imported, read_foreign
from pytest_rekognition.cassettes.interaction import Interaction, Provenance, to_entry
from pytest_rekognition.cassettes.provenance import clean_uri, provenance_of
from pytest_rekognition.cassettes.secrets import find_secrets
from pytest_rekognition.cassettes.serializer import serialize
from pytest_rekognition.cassettes.stored import describe
from pytest_rekognition.errors import CassetteError

ACCOUNT = "609629065308"
FIRST_MASK, SECOND_MASK = "000000000001", "000000000002"
KEY_ID = "ASIA" + "Y34FZKBOKMUTVV7A"
TOKEN = "IQoJb3JpZ2lu" + "X2VjEJr" * 30
IMAGE = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 3
SERVICE = "https://rekognition.eu-west-1.amazonaws.com/"
AUTHORIZATION = f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20200101/eu-west-1/rekognition/aws4_request, Signature=00"


def entry(
    operation="DetectFaces", request=None, answer=None, *, uri=SERVICE, headers=None, status=200, **response
):
    """Return an entry as vcrpy has it in memory; `response` replaces parts of the answer."""
    asked = {"Image": {"Bytes": b64encode(IMAGE).decode()}} if request is None else request
    return {
        "request": {
            "method": "POST",
            "uri": uri,
            "headers": {"X-Amz-Target": [f"RekognitionService.{operation}"]} if headers is None else headers,
            "body": json.dumps(asked),
        },
        "response": {
            "status": {"code": status, "message": "OK"},
            "headers": {"Content-Type": ["application/x-amz-json-1.1"]},
            "body": {"string": json.dumps(build(operation) if answer is None else answer)},
            **response,
        },
    }


def imported(*entries):
    """Write entries as vcrpy's YAML serializer does, and import them."""
    from vcr.serializers import yamlserializer

    return read_foreign(yamlserializer.serialize({"interactions": list(entries), "version": 1}))


def everything(found):
    return serialize({"interactions": [to_entry(one) for one in found.interactions], "version": 1})


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_what_vcrpy_really_records_is_cleaned(service, tmp_path, monkeypatch, form):
    """Of a file that vcrpy recorded, every call survives, and neither signature, key, token nor image does."""
    import boto3
    import vcr

    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    path = tmp_path / f"recorded.{form}"
    answers = [build("DetectFaces"), build("ListCollections")]
    recorder = vcr.VCR(serializer=form)
    if form == "json":
        recorder.before_record_request = as_texts
    with service(*((200, json.dumps(answer).encode()) for answer in answers)) as server:
        client = boto3.client(
            "rekognition",
            region_name="eu-west-1",
            endpoint_url=f"http://127.0.0.1:{server.server_port}",
            aws_access_key_id=KEY_ID,
            aws_secret_access_key="w" * 40,
            aws_session_token=TOKEN,
        )
        with recorder.use_cassette(str(path)):
            client.detect_faces(Image={"Bytes": IMAGE}, Attributes=["ALL"])
            client.list_collections()
    text = path.read_text("utf-8")
    assert b64encode(IMAGE).decode() in text
    assert find_secrets(text, [TOKEN, KEY_ID]) != []

    found = read_foreign(text)

    assert ["DetectFaces", "ListCollections"] == [one.operation for one in found.interactions]
    assert answers == [one.document for one in found.interactions]
    assert {"Image": {"Bytes": describe(IMAGE)}, "Attributes": ["ALL"]} == found.interactions[0].request
    cleaned = everything(found)
    assert [] == find_secrets(cleaned, [TOKEN, KEY_ID, "w" * 40])
    for leak in ("Authorization", "Security-Token", TOKEN, KEY_ID, "User-Agent", b64encode(IMAGE).decode()):
        assert leak.lower() not in cleaned.lower()
    recorded = found.interactions[0].recorded
    import botocore

    assert ("endpoint", None, botocore.__version__) == (recorded.source, recorded.region, recorded.botocore)
    assert recorded.at.endswith("Z")
    assert [] == found.dropped
    assert "1 image" in found.repaired


def as_texts(request):
    """Make a request one that vcrpy's JSON serializer can write."""
    request.headers = {
        name: value.decode() if isinstance(value, bytes) else value for name, value in request.headers.items()
    }
    return request


BODY = json.dumps({"CollectionId": "staff"})


@pytest.mark.parametrize(
    "body",
    [
        f"'{BODY}'",
        f"!!binary {b64encode(BODY.encode()).decode()}",
        f"!!python/unicode '{BODY}'",
        (
            "!!python/object/new:_io.BytesIO\n      state: !!python/tuple"
            f"\n      - !!binary {b64encode(BODY.encode()).decode()}\n      - 0\n      - null"
        ),
        f"!!python/object/apply:builtins.iter\n      args:\n      - - '{BODY[:5]}'\n        - '{BODY[5:]}'",
    ],
)
@pytest.mark.parametrize(
    "target",
    [
        "X-Amz-Target: [RekognitionService.DescribeCollection]",
        "x-amz-target: RekognitionService.DescribeCollection",
        "X-AMZ-TARGET: [!!binary UmVrb2duaXRpb25TZXJ2aWNlLkRlc2NyaWJlQ29sbGVjdGlvbg==]",
        "X-Amz-Target: !!python/tuple [!!binary UmVrb2duaXRpb25TZXJ2aWNlLkRlc2NyaWJlQ29sbGVjdGlvbg==]",
    ],
)
def test_requests_of_all_of_vcrpys_forms_are_read(body, target):
    """A body as text, bytes, file or parts, and headers as text, bytes or lists of them, all mean the same."""
    text = (
        f"interactions:\n- request:\n    body: {body}\n    headers:\n      {target}\n    method: POST\n"
        f"    uri: {SERVICE}\n  response:\n    body: {{string: '{{}}'}}\n    headers: {{}}\n"
        "    status: {code: 200, message: OK}\nversion: 1\n"
    )
    (found,) = read_foreign(text).interactions
    assert ("DescribeCollection", {"CollectionId": "staff"}) == (found.operation, found.request)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("gzip", bytes), ("br", bytes)],
    ids=["gzip", "deflate", "unpacked already", "unknown"],
)
def test_a_compressed_answer_is_unpacked(encoding, pack):
    """An answer is the document, whether vcrpy kept it packed or not."""
    answer = build("ListCollections")
    packed = pack(json.dumps(answer).encode())
    called = entry("ListCollections", {}, headers=None, body={"string": packed})
    called["response"]["headers"]["Content-Encoding"] = [encoding]
    (found,) = imported(called).interactions
    assert answer == found.document


def test_an_answer_that_unpacks_without_end_is_refused():
    """A few kilobytes that unpack to a hundred megabytes are an error."""
    packed = gzip.compress(bytes(100 * 1024 * 1024), 1)
    response = {"status": {"code": 200}, "headers": {"Content-Encoding": ["gzip"]}, "body": {"string": packed}}
    with pytest.raises(CassetteError, match="unpacks to more than"):
        imported(entry() | {"response": response})


def test_accounts_are_masked_on_both_sides():
    """An account that an ARN or the signature's key tells stands nowhere afterwards."""
    headers = {"X-Amz-Target": ["RekognitionService.CreateCollection"], "Authorization": [AUTHORIZATION]}
    answer = {"StatusCode": 200, "CollectionArn": "aws:rekognition:eu-west-1:111122223333:collection/staff"}
    request = {"CollectionId": f"staff-{ACCOUNT}-111122223333"}
    found = imported(entry("CreateCollection", request, answer, headers=headers))
    assert {"CollectionId": f"staff-{SECOND_MASK}-{FIRST_MASK}"} == found.interactions[0].request
    assert (
        f"aws:rekognition:eu-west-1:{FIRST_MASK}:collection/staff"
        == found.interactions[0].document["CollectionArn"]
    )
    assert ["1 header", "account ids"] == found.repaired


def test_images_of_an_answer_are_described():
    """The images of a liveness session do not come along."""
    answer = build("GetFaceLivenessSessionResults")
    found = imported(entry("GetFaceLivenessSessionResults", {"SessionId": answer["SessionId"]}, answer))
    document = found.interactions[0].document
    assert document["ReferenceImage"]["Bytes"].keys() >= {"sha256", "bytes"}
    assert answer["ReferenceImage"]["Bytes"] not in everything(found)
    assert ["2 response images"] == found.repaired


def test_an_image_that_somebody_scrubbed_is_taken_as_it_is():
    """A placeholder that is no base64 stops nothing, and is described too."""
    (found,) = imported(entry(request={"Image": {"Bytes": "é"}})).interactions
    assert {"Image": {"Bytes": describe("é".encode())}} == found.request


def test_calls_of_other_services_are_dropped():
    """What is dropped is told by host and service, never by path, query or headers."""
    strangers = [
        entry(uri="https://bucket.s3.amazonaws.com/secret/key?X-Amz-Signature=00", headers={}),
        entry(
            uri="https://dynamodb.eu-west-1.amazonaws.com/", headers={"X-Amz-Target": "DynamoDB_20120810.GetItem"}
        ),
        entry("DetectSouls", answer={}),
    ]
    found = imported(*strangers, entry())
    assert [
        "a request to bucket.s3.amazonaws.com is no Rekognition call",
        "a request to dynamodb.eu-west-1.amazonaws.com (DynamoDB_20120810) is no Rekognition call",
        (
            "a call to rekognition.eu-west-1.amazonaws.com asks for DetectSouls,"
            " which is no known Rekognition operation"
        ),
    ] == found.dropped
    assert ["DetectFaces"] == [one.operation for one in found.interactions]


def test_provenance_is_what_the_file_tells():
    """Date, region and botocore's version come from the headers and the address, or are not known."""
    headers = {
        "X-Amz-Target": ["RekognitionService.DetectFaces"],
        "User-Agent": [b"Boto3/1.9.1 Python/3.6 Linux/4 Botocore/1.12.1"],
    }
    dated = entry(headers=headers)
    dated["response"]["headers"]["Date"] = ["Sat, 21 Nov 2026 04:32:00 GMT"]
    undated = entry(uri="http://localhost:4566/")
    undated["response"]["headers"]["date"] = ["some day"]
    found = [one.recorded for one in imported(dated, undated).interactions]
    assert [
        Provenance(source="service", at="2026-11-21T04:32:00Z", region="eu-west-1", botocore="1.12.1"),
        Provenance(source="endpoint"),
    ] == found


def test_a_file_of_this_package_comes_back_as_it_was():
    """What is clean already keeps everything, its provenance included, and nothing is reported."""
    interaction = Interaction(
        operation="DetectFaces",
        request={"Image": {"Bytes": describe(IMAGE) | {"path": "tests/a.jpg"}}},
        status=200,
        body=json.dumps(build("DetectFaces"), indent=2, ensure_ascii=False),
        uri=SERVICE,
        request_id="0f5c6a7e-0000-4000-8000-000000000001",
        recorded=Provenance(source="documentation", at="2020-01-01T00:00:00Z", contract="1.43.117"),
    )
    text = serialize({"interactions": [to_entry(interaction)], "version": 1})
    found = read_foreign(text)
    assert Imported([interaction], [], []) == found
    assert text == everything(found)


def test_an_edited_file_of_this_package_is_cleaned():
    """Headers and images that somebody put back are removed; the provenance stays."""
    edited = entry(
        recorded={"source": "service", "region": "eu-west-1"},
        headers={"X-Amz-Target": ["RekognitionService.DetectFaces"], "Authorization": [AUTHORIZATION]},
        uri="https://user:password@rekognition.eu-west-1.amazonaws.com/?X-Amz-Signature=00#x",
    )
    found = imported(edited)
    assert Provenance(source="service", region="eu-west-1") == found.interactions[0].recorded
    assert SERVICE == found.interactions[0].uri
    assert ["1 image", "1 header", "1 address's user or query"] == found.repaired


def test_unpaired_surrogates_and_other_characters_survive():
    """An answer's text is the same, whatever characters it has, through JSON and YAML."""
    answer = {"CollectionIds": ["é", "😀", "\ud800", "a\u2028b", "\x07"]}
    for text in (
        json.dumps({"interactions": [entry("ListCollections", {}, answer)], "version": 1}),
        serialize({"interactions": [entry("ListCollections", {}, answer)], "version": 1}),
    ):
        found = read_foreign(text)
        assert answer == found.interactions[0].document
        assert answer == read_foreign(everything(found)).interactions[0].document


def test_a_failure_and_what_is_no_document_survive():
    """Errors keep their status and code, and an answer that is no JSON its text."""
    failed = entry(answer={"__type": "AccessDeniedException", "Message": "no"}, status=400)
    page = entry(status=503, body={"string": f"<html>account:{ACCOUNT} arn:aws:iam::{ACCOUNT}:x"})
    found = imported(failed, page, entry(body={"string": None})).interactions
    assert ("AccessDeniedException", 400) == (found[0].error.code, found[0].status)
    assert f"<html>account:{FIRST_MASK} arn:aws:iam::{FIRST_MASK}:x" == found[1].body
    assert "" == found[2].body


GOOD = serialize({"interactions": [entry(), entry()], "version": 1})
SECOND = GOOD.count("\n", 0, GOOD.rindex("- request:")) + 1


def without(*path):
    broken = entry()
    part = broken
    for name in path[:-1]:
        part = part[name]
    del part[path[-1]]
    return broken


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ("no entry", "has no 'request'"),
        (without("response"), "has no 'response'"),
        (without("response", "body"), "has no 'string'"),
        (without("response", "status"), "has no code"),
        (entry(recorded={"source": "hearsay"}), "its source is 'hearsay'"),
        (entry() | {"request": entry()["request"] | {"body": "{"}}, "the request's body is no JSON"),
        (entry() | {"request": entry()["request"] | {"body": "[]"}}, "the request's body is no JSON object"),
        (entry() | {"request": entry()["request"] | {"body": 5}}, "a body is int"),
        (entry() | {"request": entry()["request"] | {"body": "[" * 100_000}}, "nested too deeply"),
    ],
)
def test_a_broken_interaction_is_named_with_its_line(broken, message):
    """What is wrong is said, of which interaction, and on which line that begins."""
    text = serialize({"interactions": [entry(), broken], "version": 1})
    with pytest.raises(CassetteError, match=f"^interaction 1: .*{message}") as caught:
        read_foreign(text)
    assert SECOND == caught.value.line


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("", "it is no cassette", 1),
        ("hello", "it is no cassette", 1),
        ("interactions: 5\nversion: 1\n", "it is no cassette", 1),
        ("- request: {}\n", "vcr.migration", 1),
        ("interactions:\n- request: {\n  a: [\n", "it is no YAML", 4),
        ('{"interactions": [\n  {"request": ]}', "it is no YAML", 2),
        ("interactions:\n- !!python/object/apply:os.system [ls]\n", "it is no YAML that can be read safely", 2),
        ("interactions: 2026-13-45\n", "it holds a value that cannot be read", None),
        ("a: \x01", "it is no YAML", None),
    ],
)
def test_a_broken_file_is_refused(text, message, line):
    """What is no cassette is an error with the line, where the parser tells it, and nothing in it is run."""
    with pytest.raises(CassetteError, match=message) as caught:
        read_foreign(text)
    assert line == caught.value.line


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://rekognition.eu-west-1.amazonaws.com/", ("service", "eu-west-1")),
        ("https://rekognition-fips.us-gov-west-1.amazonaws.com", ("service", "us-gov-west-1")),
        ("https://REKOGNITION.us-east-1.amazonaws.com.:443/", ("service", "us-east-1")),
        ("https://rekognition.cn-north-1.amazonaws.com.cn/", ("service", "cn-north-1")),
        ("https://rekognition-fips.us-east-1.api.aws/", ("service", "us-east-1")),
        ("https://vpce-0a-1b-eu-west-1a.rekognition.eu-west-1.vpce.amazonaws.com/", ("service", "eu-west-1")),
        ("https://rekognition.eu-west-1.amazonaws.com.evil.example/", ("endpoint", None)),
        ("https://evil.example/rekognition.eu-west-1.amazonaws.com/", ("endpoint", None)),
        ("https://rekognition.eu-west-1.amazonaws.com@evil.example/", ("endpoint", None)),
        ("https://s3.eu-west-1.amazonaws.com/", ("endpoint", None)),
        ("http://127.0.0.1:4566/", ("endpoint", None)),
        ("http://[::1]:80/", ("endpoint", None)),
        ("", ("unknown", None)),
        ("https://[broken", ("unknown", None)),
    ],
)
def test_only_the_services_own_hosts_are_the_service(uri, expected):
    """An address is the service's by its host alone, and names its region."""
    assert expected == provenance_of(uri)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://rekognition.eu-west-1.amazonaws.com", SERVICE),
        ("https://user:pass@rekognition.eu-west-1.amazonaws.com/?a=b#c", SERVICE),
        ("http://u@[::1]:8000/path?q", "http://[::1]:8000/path"),
        ("https://host:password/", ""),
        ("no address", ""),
    ],
)
def test_an_address_is_kept_without_what_may_be_private(uri, expected):
    """User, password, query and fragment go; what cannot be read goes altogether."""
    assert expected == clean_uri(uri)


def test_the_credentials_of_removed_headers_are_known():
    """What a removed header held can be looked for, and is not shown."""
    headers = {
        "X-Amz-Target": ["RekognitionService.DetectFaces"],
        "Authorization": ["Bearer opaque-token", b"AWS4-HMAC-SHA256 Credential=minio-user/2020/x, Signature=0"],
        "X-Amz-Security-Token": "security-token",
        "cookie": ["session=abc"],
    }

    found = imported(entry(headers=headers))

    expected = {
        "Bearer opaque-token",
        "opaque-token",
        "AWS4-HMAC-SHA256 Credential=minio-user/2020/x, Signature=0",
        "minio-user",
        "security-token",
        "session=abc",
    }
    assert expected == found.known
    assert "opaque-token" not in repr(found)
