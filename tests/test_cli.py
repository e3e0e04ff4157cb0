"""The command line: what it prints, what it changes, and with what status it ends."""

import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
from base64 import b64encode
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from pytest_rekognition import build, catalog
from pytest_rekognition.cassettes import storage
from pytest_rekognition.cassettes.interaction import Interaction, Provenance
from pytest_rekognition.cassettes.stored import describe
from pytest_rekognition.checking import UNKNOWN_REQUEST, check_exchange, check_interaction
from pytest_rekognition.cli import app
from pytest_rekognition.cli.pruning import VERDICT
from pytest_rekognition.documents import DocumentError, read_documents
from pytest_rekognition.exchange import ErrorReply, Exchange

PAGE = Path(__file__).resolve().parents[1] / "docs" / "cli.md"
IMAGE = {"sha256": "9f" * 32, "bytes": 51_234, "media_type": "image/jpeg", "width": 640, "height": 480}
FACES = json.dumps({"FaceDetails": []})
#: A key id and a photograph that must be printed nowhere.
KEY_ID = "AKIA" + "Q7RT5VWXYZ2JKLMN"
PHOTOGRAPH = b"\xff\xd8\xff" + b"photograph" * 20


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


def run(*arguments, status=0, answer=None):
    """Run a command, hold it to its status, and return what it printed."""
    result = CliRunner().invoke(
        app, [str(argument) for argument in arguments], input=answer, prog_name="pytest-rekognition"
    )
    assert status == result.exit_code, result.output
    return result


def recorded(number=0, **members):
    """Return a recorded DetectFaces call; each number is another photograph."""
    defaults = {
        "operation": "DetectFaces",
        "request": {"Image": {"Bytes": {**IMAGE, "sha256": f"{number:064x}"}}},
        "status": 200,
        "body": FACES,
        "uri": "https://rekognition.eu-west-1.amazonaws.com/",
        "recorded": Provenance(source="service", at=f"2026-01-0{number + 1}T04:32:00Z", region="eu-west-1"),
    }
    return Interaction(**defaults | members)


def failure(code, status=400, message="no"):
    return {"status": status, "body": json.dumps({"__type": code, "Message": message})}


def broken_faces(**members):
    response = build("DetectFaces", faces=1)
    response["FaceDetails"][0] |= members
    return response


def write_json(path, document):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document), "utf-8")


def foreign(**request_headers):
    """Return the text of a file as plain vcrpy writes it: signed, with the photograph in it."""
    entry = {
        "request": {
            "method": "POST",
            "uri": "https://rekognition.eu-west-1.amazonaws.com/",
            "headers": {"X-Amz-Target": ["RekognitionService.DetectFaces"], **request_headers},
            "body": json.dumps({"Image": {"Bytes": b64encode(PHOTOGRAPH).decode()}}),
        },
        "response": {
            "status": {"code": 200, "message": "OK"},
            "headers": {"Content-Type": ["application/x-amz-json-1.1"]},
            "body": {"string": FACES},
        },
    }
    return yaml.safe_dump({"interactions": [entry], "version": 1})


SIGNED = {"Authorization": [f"AWS4-HMAC-SHA256 Credential={KEY_ID}/20260101/eu-west-1/rekognition/aws4_request"]}


# --- the program -------------------------------------------------------------------------------------------


def program(*arguments, cwd=None):
    command = [sys.executable, "-m", "pytest_rekognition", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def test_python_m_is_the_program(tmp_path):
    """`python -m pytest_rekognition` checks files, and a breach ends it with 1."""
    write_json(tmp_path / "fake.json", {"operation": "DetectFaces", "response": broken_faces(Confidence=250)})

    result = program("check", "fake.json", cwd=tmp_path)

    assert (1, "") == (result.returncode, result.stderr)
    assert "$.FaceDetails[0].Confidence" in result.stdout


def test_an_error_is_one_line_without_a_traceback(tmp_path):
    """What goes wrong is said on standard error, in one line, with status 2."""
    result = program("cassettes", "show", "none.yaml", cwd=tmp_path)
    assert (2, "", "error: none.yaml: there is no such file\n") == (
        result.returncode,
        result.stdout,
        result.stderr,
    )


def test_help_is_light():
    """`--help` imports nothing that only commands need."""
    heavy = {"botocore", "vcr", "yaml", "cv2", "numpy", "jsonschema", "jsonschema_rs", "pytest"}
    code = (
        "import sys\nfrom pytest_rekognition.cli import main\nsys.argv[1:] = ['--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print('HEAVY', sorted({heavy!r} & sys.modules.keys()))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "HEAVY []" == result.stdout.splitlines()[-1]


def test_version():
    """`--version` names the program and its release."""
    assert re.fullmatch(r"pytest-rekognition \d+\.\d+.*\n", run("--version").output)


@pytest.mark.parametrize(
    "command",
    [["check"], ["cassettes", "ls"], ["cassettes", "show"], ["cassettes", "prune"], ["cassettes", "scrub"]],
)
def test_every_command_has_help(command):
    """Each command says what it does, and its exit status where that tells something."""
    assert f"Usage: pytest-rekognition {' '.join(command)}" in run(*command, "--help").output


# --- checking an exchange ----------------------------------------------------------------------------------


def rules(violations):
    return [(found.side, found.rule, found.severity) for found in violations]


def test_an_error_settles_what_is_wrong_with_an_image():
    """The service refused an empty image, so its recording is right; a misspelt member still breaks."""
    request = {"Image": {"Bytes": {**IMAGE, "bytes": 0}}}
    refused = failure("InvalidImageFormatException", message="Request has invalid image format")

    assert [] == check_interaction(recorded(request=request, **refused))
    assert [("request", "minLength", "breach")] == rules(check_interaction(recorded(request=request)))
    assert [("request", "additionalProperties", "breach")] == rules(
        check_interaction(recorded(request={**request, "Attribute": ["ALL"]}, **refused))
    )


def test_a_stubbed_error_settles_the_request():
    """A test that stubs an error answers whatever the request is."""
    exchange = Exchange(
        operation="DetectFaces",
        request={},
        status=400,
        error=ErrorReply("AccessDeniedException", "no"),
        source="stub",
    )
    assert [] == check_exchange(exchange)


@pytest.mark.parametrize(("status", "severity"), [(200, "breach"), (400, "breach"), (503, "note")])
def test_a_body_that_is_no_object_is_one_violation(status, severity):
    """A body that is no JSON object breaks the contract, but for a failing server, which is retried."""
    (found,) = check_interaction(recorded(status=status, body="<html>"))
    assert ("document", severity, "2026-01-01T04:32:00Z") == (found.rule, found.severity, found.recorded)


def test_an_exchange_without_an_answer_is_one_violation():
    """Neither response nor error: the body was no JSON object."""
    exchange = Exchange(operation="ListCollections", request={})
    assert [("response", "document", "breach")] == rules(check_exchange(exchange))


# --- documents ---------------------------------------------------------------------------------------------

ANSWER = {"operation": "ListCollections", "response": {"CollectionIds": []}}


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (json.dumps(ANSWER), 1),
        (json.dumps([ANSWER, ANSWER], indent=2), 2),
        (f"{json.dumps(ANSWER)}\n\n{json.dumps(ANSWER)}\n", 2),
        ("\ufeff" + json.dumps(ANSWER), 1),
    ],
)
def test_a_file_holds_one_document_or_several(tmp_path, text, number):
    """One object, a list of them, or JSON lines."""
    path = tmp_path / "a.json"
    path.write_text(text, "utf-8")
    assert ["ListCollections"] * number == [exchange.operation for exchange in read_documents(path)]


def test_a_document_is_an_exchange(tmp_path):
    """The method's name is understood, images become bytes, and an error has its usual status."""
    row = {
        "operation": "detect_faces",
        "request": {"Image": {"Bytes": b64encode(b"image").decode()}},
        "error": {"code": "AccessDeniedException", "message": "no"},
    }
    write_json(tmp_path / "a.json", row)

    assert [
        Exchange(
            operation="DetectFaces",
            request={"Image": {"Bytes": b"image"}},
            status=catalog.error("AccessDeniedException").status,
            error=ErrorReply("AccessDeniedException", "no"),
        )
    ] == read_documents(tmp_path / "a.json")


def test_an_image_may_be_described(tmp_path):
    """A request copied from a cassette has its image described, which stands for bytes of that size."""
    write_json(
        tmp_path / "a.json",
        {**ANSWER, "operation": "DetectFaces", "request": {"Image": {"Bytes": describe(b"12")}}},
    )
    assert {"Image": {"Bytes": bytes(2)}} == read_documents(tmp_path / "a.json")[0].request


def test_without_a_request_only_the_answer_is_checked(tmp_path):
    """A missing request is not an empty one."""
    write_json(tmp_path / "a.json", {"operation": "DetectFaces", "response": {"FaceDetails": []}})
    (exchange,) = read_documents(tmp_path / "a.json")

    assert exchange.request is UNKNOWN_REQUEST
    assert [] == check_exchange(exchange)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {**ANSWER, "operation": "DetectFace"},
            "document 0: 'DetectFace' is no Rekognition operation, did you mean 'DetectFaces'?",
        ),
        ({"operation": "DetectFaces"}, "has neither 'response' nor 'error'; it takes one of them"),
        ({**ANSWER, "error": {}}, "has both 'response' and 'error'; it takes one of them"),
        ({**ANSWER, "respons": {}}, "has an unknown member 'respons', did you mean 'response'?"),
        ({"response": {}}, "has no 'operation'"),
        ({**ANSWER, "response": []}, "its 'response' is [], no object"),
        ({**ANSWER, "request": 1}, "its 'request' is 1, no object"),
        ({**ANSWER, "status": 400}, "its status is 400, which does not come with a response"),
        ({**ANSWER, "status": "ok"}, "its status is 'ok', no HTTP status"),
        (
            {"operation": "DetectFaces", "error": {"code": "X", "message": "m", "status": 200}},
            "its status is 200, which does not",
        ),
        ({"operation": "DetectFaces", "error": {"code": "X"}}, "its error takes a 'code' and a 'message'"),
        ({"operation": "DetectFaces", "error": {"cod": "X"}}, "unknown member 'cod', did you mean 'code'?"),
        (1, "document 0 is 1, no object"),
        ([], "it is empty"),
    ],
)
def test_a_wrong_document_is_an_error_with_a_guess(tmp_path, row, message):
    """What is wrong with a document is said with the file and its place in it."""
    write_json(tmp_path / "a.json", row)
    with pytest.raises(DocumentError, match=re.escape(message)) as caught:
        read_documents(tmp_path / "a.json")
    assert "a.json" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b'{\n "operation": }', "a.json:2:15: it is no JSON: Expecting value"),
        (b'{"operation": NaN}', "a.json: it is no JSON: NaN is no value of JSON"),
        (b"\xff", "a.json: it is no UTF-8 text"),
        (b"[" * 100_000, "a.json: it is nested too deeply"),
    ],
)
def test_bad_json_is_an_error_with_line_and_column(tmp_path, text, message):
    """Text that is no JSON is refused with its place."""
    path = tmp_path / "a.json"
    path.write_bytes(text)
    with pytest.raises(DocumentError, match=re.escape(message)):
        read_documents(path)


@given(st.text() | st.binary())
def test_whatever_a_file_holds_it_is_read_or_refused(tmp_path_factory, content):
    """No content of a file gives anything but exchanges or a DocumentError."""
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(errors="surrogatepass"))
    with suppress(DocumentError):
        assert read_documents(path)


# --- check -------------------------------------------------------------------------------------------------


def test_check_holds_every_file_of_a_folder(here):
    """Cassettes and documents below a folder are checked, other files counted as skipped."""
    storage.write(
        here / "cassettes" / "a.yaml", [recorded(), recorded(1, body=json.dumps(broken_faces(Confidence=250)))]
    )
    write_json(here / "fakes" / "b.jsonl", {"operation": "DetectFaces", "response": broken_faces(Mood="new")})
    write_json(here / "fakes" / "package.json", {"name": "x"})
    (here / "ci.yml").write_text("jobs: {}\n")
    (here / ".hidden").mkdir()
    (here / ".hidden" / "broken.yaml").write_text("interactions:\n- {")

    output = run("check", ".", status=1).output

    head, breach, *_ = output.splitlines()
    assert "cassettes/a.yaml #1 DetectFaces (recorded 2026-01-02)" == head
    assert breach.startswith("  breach  response  $.FaceDetails[0].Confidence  maximum")
    assert "3 exchanges in 2 files: 1 breach, 1 drift; 2 other files skipped" == output.splitlines()[-1]


@pytest.mark.parametrize(
    ("members", "arguments", "status"),
    [
        ({}, [], 0),
        ({}, ["--strict"], 0),
        ({"Mood": "new"}, [], 0),
        ({"Mood": "new"}, ["--strict"], 1),
        ({"Confidence": 250}, [], 1),
        ({"Confidence": 250}, ["--quiet"], 1),
    ],
)
def test_the_status_tells_the_worst(here, members, arguments, status):
    """Breaches fail the check, drift under --strict."""
    write_json(here / "a.json", {"operation": "DetectFaces", "response": broken_faces(**members)})
    run("check", "a.json", *arguments, status=status)


def test_quiet_prints_only_what_fails(here):
    """With --quiet nothing is printed where nothing fails; under --strict drift does."""
    write_json(here / "a.json", {"operation": "DetectFaces", "response": broken_faces(Mood="new")})

    assert "" == run("check", "a.json", "--quiet").output
    assert "drift" in run("check", "a.json", "--quiet", "--strict", status=1).output


def test_nothing_wrong_is_said(here):
    """The summary says so."""
    storage.write(here / "a.yaml", [recorded()])
    assert "1 exchange in 1 file: no violations\n" == run("check", "a.yaml").output


def test_json_is_one_document(here):
    """--format json has every violation with its place, and every error, and no values."""
    storage.write(here / "a.yaml", [recorded(body=json.dumps(broken_faces(Confidence=250)))])

    output = json.loads(run("check", "a.yaml", "gone", "--format", "json", status=2).output)

    assert {
        "files": 1,
        "exchanges": 1,
        "skipped": 0,
        "violations": [
            {
                "file": "a.yaml",
                "index": 0,
                "operation": "DetectFaces",
                "side": "response",
                "path": "$.FaceDetails[0].Confidence",
                "rule": "maximum",
                "severity": "breach",
                "message": "is 250, outside the documented 0 to 100",
                "recorded": "2026-01-01T04:32:00Z",
            }
        ],
        "errors": [{"file": "gone", "message": "gone: there is no such file or folder"}],
    } == output


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "interactions:\n- {\n", "a.yaml:3: it is no YAML that can be read safely"),
        (
            "a.yaml",
            "interactions:\n- request: 1\nversion: 1\n",
            "a.yaml:2: interaction 0: an interaction has no 'response'",
        ),
        ("a.yaml", foreign(), "Import the file with: pytest-rekognition cassettes scrub FILE"),
        ("a.json", '{"operation": "DetectFaces", ', "a.json:1:30: it is no JSON"),
        ("a.json", '{"operation": "Detect"}', "'Detect' is no Rekognition operation"),
    ],
)
def test_a_broken_file_is_an_error_wherever_it_is_found(here, name, content, message):
    """A broken cassette or document cannot be checked, and is never skipped; other files still are checked."""
    (here / "in").mkdir()
    (here / "in" / name).write_text(content)
    write_json(here / "b.json", {"operation": "DetectFaces", "response": broken_faces(Confidence=250)})

    for path in ("in", f"in/{name}"):
        result = run("check", path, "b.json", status=2)
        assert message in result.stderr
        assert "is 250" in result.stdout
        assert "1 path could not be checked" in result.stdout


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.yaml", "a: 1\n", "a.yaml:1: it is no cassette"),
        ("a.json", '{"a": 1}', "unknown member 'a'"),
        ("a.txt", "", "it is neither a cassette (.yaml, .yml) nor a JSON document (.json, .jsonl)"),
    ],
)
def test_a_file_that_is_named_has_to_be_one(here, name, content, message):
    """Other files are skipped in folders, and errors where they are named."""
    (here / name).write_text(content)

    assert message in run("check", name, status=2).stderr
    assert "there is no exchange to check" in run("check", ".", status=2).stderr


def test_a_pattern_is_expanded(here):
    """A quoted pattern reaches files as the shell would; each file is checked once."""
    storage.write(here / "deep" / "er" / "a.yaml", [recorded()])
    assert "1 exchange in 1 file" in run("check", "**/*.yaml", "deep", "deep/er/a.yaml").output
    assert "*.none: there is no such file" in run("check", "*.none", status=2).stderr


def test_images_are_printed_nowhere(here):
    """Neither format prints the bytes of an image, whatever is wrong with it."""
    photograph = b64encode(PHOTOGRAPH).decode()
    row = {
        "operation": "DetectFaces",
        "request": {"Image": {"Bytes": photograph, "X": photograph}},
        "response": {},
    }
    write_json(here / "a.json", [row, {**row, "request": {"Image": {"Bytes": f"{photograph}!"}}}])

    for name in ("text", "json"):
        assert photograph[100:140] not in run("check", "a.json", "--format", name, status=1).output


@pytest.mark.parametrize("arguments", [[], ["a", "--format", "xml"], ["a", "--loud"]])
def test_bad_usage_is_status_2(arguments):
    """What the command line does not know is refused."""
    run("check", *arguments, status=2)


# --- ls and show -------------------------------------------------------------------------------------------


def test_ls_lists_cassettes(here):
    """One row a cassette, plain where nobody looks at a terminal."""
    storage.write(here / "c" / "a.yaml", [recorded(1), recorded(), recorded(2, operation="ListFaces", request={})])
    storage.write(here / "c" / "b.yaml", [])
    (here / "c" / "other.yaml").write_text("a: 1\n")
    size = (here / "c" / "a.yaml").stat().st_size

    rows = [line.split("  ") for line in run("cassettes", "ls", "c").output.splitlines()]

    assert [
        ["cassette", "interactions", "operations", "oldest", "source", "bytes"],
        ["c/a.yaml", "3", "DetectFaces, ListFaces", "2026-01-01", "service", str(size)],
        ["c/b.yaml", "0", "-", "-", "-", "28"],
    ] == [[cell.strip() for cell in row if cell] for row in rows]


def test_ls_draws_a_table_in_a_terminal(tmp_path):
    """Where somebody looks, the table is drawn."""
    pty = pytest.importorskip("pty")
    storage.write(tmp_path / "a.yaml", [recorded()])
    ours, theirs = pty.openpty()

    command = [sys.executable, "-m", "pytest_rekognition", "cassettes", "ls"]
    subprocess.run(command, cwd=tmp_path, stdout=theirs, env={**os.environ, "COLUMNS": "120"}, check=True)

    drawn = os.read(ours, 10_000).decode()
    assert "│ a.yaml   │" in drawn
    os.close(ours)
    os.close(theirs)


def test_ls_names_broken_cassettes_and_goes_on(here):
    """A cassette that cannot be read is an error, the others are listed."""
    storage.write(here / "a.yaml", [recorded()])
    (here / "b.yaml").write_text("interactions: 1\nversion: 1\n")

    result = run("cassettes", "ls", status=2)

    assert "a.yaml" in result.stdout
    assert "error: b.yaml:1: its 'interactions' are no list\n" == result.stderr


def test_ls_of_nothing_says_so(here):
    """A folder without cassettes is no error."""
    assert f"There is no cassette below {here}.\n" == run("cassettes", "ls").output
    assert "none: there is no such file or folder" in run("cassettes", "ls", "none", status=2).stderr


def test_show_is_readable(here):
    """Each interaction has its call with images summarised, its answer, and where both come from."""
    storage.write(here / "a.yaml", [recorded(), recorded(1, **failure("ThrottlingException"))])

    output = run("cassettes", "show", "a.yaml").output

    assert "#0 DetectFaces: 200 OK\n  recorded 2026-01-01T04:32:00Z, source service, region eu-west-1" in output
    assert '"Bytes": "<image/jpeg 640x480, 51,234 bytes, sha256 00000000…>"' in output
    assert "#1 DetectFaces: 400 Bad Request" in output
    assert '"__type": "ThrottlingException"' in output


def test_show_one_interaction(here):
    """--index shows one, from 0."""
    storage.write(here / "a.yaml", [recorded(), recorded(1, status=503, body="<html>")])

    output = run("cassettes", "show", "a.yaml", "--index", 1).output

    assert "#0" not in output
    assert "  answer\n    '<html>'\n" in output
    assert (
        "a.yaml has no interaction 2: it holds 2 interactions, the first is 0"
        in run("cassettes", "show", "a.yaml", "--index", 2, status=2).stderr
    )


def test_show_hides_bytes_that_an_answer_carries(here):
    """An image that a person put into an answer by hand is not printed."""
    image = b64encode(PHOTOGRAPH).decode()
    body = json.dumps({"SessionId": "s", "Status": "SUCCEEDED", "ReferenceImage": {"Bytes": image}})
    storage.write(here / "a.yaml", [recorded(operation="GetFaceLivenessSessionResults", request={}, body=body)])

    assert image[:60] not in run("cassettes", "show", "a.yaml").output


def test_show_of_a_folder_says_so(here):
    """A folder has no interactions; the command that lists it is named."""
    (here / "in").mkdir()
    expected = "error: in is a folder; list it with: pytest-rekognition cassettes ls in\n"
    assert expected == run("cassettes", "show", "in", status=2).stderr


@pytest.mark.parametrize(
    ("command", "expected"),
    [("check", "1 exchange in 1 file"), ("cassettes ls", "in/a.yaml"), ("cassettes scrub", "in/a.yaml: 1 call")],
)
def test_a_cassette_may_begin_with_a_byte_order_mark(here, command, expected):
    """Editors of Windows write one; the file is found in its folder all the same."""
    path = here / "in" / "a.yaml"
    storage.write(path, [recorded()])
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert expected in run(*command.split(), "in").output


# --- scrub -------------------------------------------------------------------------------------------------


def test_scrub_makes_a_cassette_of_vcrpys_file(here):
    """A file of vcrpy is overwritten by what may be kept, and is then checked like any other."""
    path = here / "cassettes" / "a.yaml"
    path.parent.mkdir()
    path.write_text(foreign(**SIGNED))

    output = run("cassettes", "scrub", "cassettes").output

    assert output.startswith("cassettes/a.yaml: 1 call\n  removed: ")
    assert output.endswith("1 file written\n")
    assert KEY_ID not in path.read_text()
    assert [describe(PHOTOGRAPH)] == [one.request["Image"]["Bytes"] for one in storage.read(path)]
    assert "1 exchange in 1 file: no violations\n" == run("check", "cassettes").output
    assert (
        "cassettes/a.yaml: 1 call, nothing to change\n0 files written\n"
        == run("cassettes", "scrub", "cassettes").output
    )


def test_scrub_into_a_folder_keeps_names(here):
    """With --output the originals stay, and what is written keeps its relative name."""
    text = foreign(**SIGNED)
    (here / "old" / "deep").mkdir(parents=True)
    (here / "old" / "deep" / "a.yaml").write_text(text)
    (here / "b.json").write_text(json.dumps(yaml.safe_load(text)))

    run("cassettes", "scrub", "old", "b.json", "--output", "new")

    assert text == (here / "old" / "deep" / "a.yaml").read_text()
    assert [1, 1] == [len(storage.read(here / "new" / name)) for name in ("deep/a.yaml", "b.yaml")]


def test_scrub_check_writes_nothing(here):
    """--check ends with 1 where something would change, and with 0 where nothing would."""
    path = here / "a.yaml"
    path.write_text(foreign(**SIGNED))

    assert "1 file would change" in run("cassettes", "scrub", "a.yaml", "--check", status=1).output
    assert foreign(**SIGNED) == path.read_text()
    assert [path] == list(here.iterdir())
    run("cassettes", "scrub", "a.yaml")
    assert "0 files would change" in run("cassettes", "scrub", "a.yaml", "--check").output


def test_scrub_names_what_it_dropped(here):
    """Calls of other services are dropped by name; a file that has nothing else is left alone."""
    document = yaml.safe_load(foreign())
    (s3,) = yaml.safe_load(foreign())["interactions"]
    s3["request"] |= {"uri": "https://photos.s3.amazonaws.com/a.jpg", "headers": {}}
    mixed, other = here / "mixed.yaml", here / "other.yaml"
    mixed.write_text(yaml.safe_dump({**document, "interactions": [*document["interactions"], s3, s3]}))
    other.write_text(yaml.safe_dump({**document, "interactions": [s3]}))
    before = other.read_text()

    output = run("cassettes", "scrub", ".").output

    assert "  dropped: a request to photos.s3.amazonaws.com is no Rekognition call (2 times)\n" in output
    assert "other.yaml: left alone, it holds no Rekognition call\n" in output
    assert 1 == len(storage.read(mixed))
    assert before == other.read_text()


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_scrub_leaves_what_it_cannot_read(here, check):
    """A broken file is left alone with status 2, and the others are still scrubbed."""
    broken = here / "broken.yaml"
    broken.write_text("interactions:\n- {\n")
    (here / "good.yaml").write_text(foreign(**SIGNED))

    result = run("cassettes", "scrub", "broken.yaml", "good.yaml", "gone.yaml", *check, status=2)

    assert "error: broken.yaml:3: it is no YAML that can be read safely" in result.stderr
    assert "error: gone.yaml: there is no such file or folder" in result.stderr
    assert "interactions:\n- {\n" == broken.read_text()
    assert "good.yaml: 1 call\n" in result.stdout


def test_scrub_refuses_two_files_for_one_place(here):
    """Nothing is written where two files would have the same name."""
    for name in ("a", "b"):
        (here / name).mkdir()
        (here / name / "x.yaml").write_text(foreign())

    result = run("cassettes", "scrub", "a", "b", "--output", "new", status=2)

    assert "would both become" in result.stderr
    assert not (here / "new").exists()


def test_scrub_overwrites_no_json(here):
    """JSON would become YAML under a wrong name, so a folder to write to is asked for."""
    (here / "a.json").write_text(json.dumps(yaml.safe_load(foreign())))
    assert "pass --output DIR" in run("cassettes", "scrub", "a.json", status=2).stderr


def test_scrub_writes_no_secret(here):
    """A credential in the call itself is not written, and is named by its kind."""
    path = here / "a.yaml"
    path.write_text(foreign().replace("FaceDetails", f"{KEY_ID}"))
    before = path.read_text()

    result = run("cassettes", "scrub", "a.yaml", status=2)

    assert "looks like a credential" in result.stderr
    assert KEY_ID not in result.output
    assert before == path.read_text()


def test_scrub_looks_for_the_credentials_that_it_removes(here):
    """A token of a removed header that an answer repeats is not written."""
    path = here / "a.yaml"
    path.write_text(foreign(Authorization=["Bearer opaque-4711"]).replace("FaceDetails", "opaque-4711"))
    before = path.read_text()

    result = run("cassettes", "scrub", "a.yaml", status=2)

    assert "credential in use" in result.stderr
    assert before == path.read_text()


@pytest.mark.parametrize("check", [[], ["--check"]])
def test_scrub_overwrites_no_other_file(here, check):
    """A different file in the folder to write to is left alone with status 2, and the others are scrubbed."""
    (here / "new").mkdir()
    (here / "new" / "a.yaml").write_text("mine")
    for name in ("a.yaml", "b.yaml"):
        (here / name).write_text(foreign())

    result = run("cassettes", "scrub", "a.yaml", "b.yaml", "--output", "new", *check, status=2)

    assert "error: a.yaml: new/a.yaml exists and is another file; move or remove it first\n" == result.stderr
    assert "mine" == (here / "new" / "a.yaml").read_text()
    assert "b.yaml: 1 call -> new/b.yaml\n" in result.stdout


def test_scrub_again_into_a_folder_has_nothing_to_change(here):
    """What lies in the folder already, the same, is no other file."""
    (here / "a.yaml").write_text(foreign())
    run("cassettes", "scrub", "a.yaml", "--output", "new")
    assert "0 files written" in run("cassettes", "scrub", "a.yaml", "--output", "new").output


# --- prune -------------------------------------------------------------------------------------------------


@pytest.fixture
def judged(here):
    """Write three cassettes and a verdict: one half used, one all unused, one that no test knows."""
    root = here / "cassettes"
    half = [recorded(), recorded(1), recorded(2)]
    storage.write(root / "half.yaml", half)
    storage.write(root / "sub" / "all.yaml", [recorded()])
    storage.write(root / "orphan.yaml", [recorded()])
    verdict = {
        "folder": "cassettes",
        "orphans": ["orphan.yaml"],
        "cassettes": {
            "half.yaml": {"sha256": digest(root / "half.yaml"), "unused": [half[1].digest]},
            "sub/all.yaml": {"sha256": digest(root / "sub" / "all.yaml"), "unused": [recorded().digest]},
        },
    }
    write_json(here / ".pytest_cache" / VERDICT, verdict)
    return root


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def cassettes(root):
    return {path.name: len(storage.read(path)) for path in root.rglob("*.yaml")}


def test_prune_removes_what_is_unused(judged):
    """Unused interactions go, and cassettes of which nothing is used; again there is nothing to do."""
    output = run("cassettes", "prune", "--yes").output

    assert [
        "cassettes/half.yaml: 1 of 3 interactions (DetectFaces)",
        "cassettes/sub/all.yaml: the whole cassette, of which nothing is used",
        "cassettes/orphan.yaml: the whole cassette, which no test uses",
    ] == output.splitlines()
    assert {"half.yaml": 2} == cassettes(judged)
    assert "There is nothing to prune.\n" == run("cassettes", "prune").output


def test_prune_asks(judged):
    """Without --yes it asks, and a no removes nothing."""
    before = cassettes(judged)

    assert "Nothing was removed." in run("cassettes", "prune", answer="n\n", status=1).output
    assert before == cassettes(judged)
    run("cassettes", "prune", answer="y\n")
    assert {"half.yaml": 2} == cassettes(judged)


def test_prune_dry_run_removes_nothing(judged):
    """--dry-run says what would go."""
    before = cassettes(judged)
    assert 3 == len(run("cassettes", "prune", "--dry-run").output.splitlines())
    assert before == cassettes(judged)


def test_prune_one_folder_keeps_the_rest_of_the_verdict(judged):
    """With a folder only what lies below it goes, and the rest is still known to be unused."""
    run("cassettes", "prune", judged / "sub", "--yes")

    assert {"half.yaml": 3, "orphan.yaml": 1} == cassettes(judged)
    assert 2 == len(run("cassettes", "prune", "--dry-run").output.splitlines())


@pytest.mark.parametrize("name", ["half.yaml", "orphan.yaml"])
def test_prune_refuses_what_has_changed(judged, name):
    """A file that is not the one that was judged stops everything before anything is removed."""
    storage.write(judged / name, [recorded(5), recorded(1)])
    later = (judged.parent / ".pytest_cache" / VERDICT).stat().st_mtime + 10
    os.utime(judged / name, (later, later))
    before = cassettes(judged)

    message = (
        f"error: nothing was removed: cassettes/{name} changed since the last full run: run the whole test suite"
    )
    assert run("cassettes", "prune", "--yes", status=2).stderr.startswith(message)
    assert before == cassettes(judged)


@pytest.mark.parametrize(
    "text", [None, "{", "[]", '{"cassettes": {}}', '{"folder": ".", "orphans": [], "cassettes": {"a": 1}}']
)
def test_prune_refuses_without_a_verdict(here, text):
    """Where no full run left a verdict that can be read, the way to one is named."""
    if text is not None:
        (here / "cache" / VERDICT).parent.mkdir(parents=True)
        (here / "cache" / VERDICT).write_text(text)
    assert (
        "run the whole test suite once with pytest"
        in run("cassettes", "prune", "--cache-dir", "cache", status=2).stderr
    )


def test_prune_finds_the_folder_from_a_cache_that_lies_elsewhere(judged):
    """The verdict names the folder from the run's root, which the cache may lie deep below."""
    place = judged.parent / ".pytest_cache" / VERDICT
    verdict = json.loads(place.read_text())
    write_json(judged.parent / "build" / "cache" / VERDICT, {**verdict, "folder": "cassettes"})
    write_json(place, {**verdict, "folder": "gone"})

    assert "the last full run, gone, is not there" in run("cassettes", "prune", "--yes", status=2).stderr
    run("cassettes", "prune", "--cache-dir", "build/cache", "--yes")
    assert {"half.yaml": 2} == cassettes(judged)


def test_prune_touches_nothing_outside_the_folder(judged):
    """A verdict that names a file elsewhere is refused."""
    mine = judged.parent / "mine.yaml"
    mine.write_text("interactions: []\nversion: 1\n")
    place = judged.parent / ".pytest_cache" / VERDICT
    write_json(place, {**json.loads(place.read_text()), "orphans": ["../mine.yaml"]})

    assert "which does not lie in" in run("cassettes", "prune", "--yes", status=2).stderr
    assert mine.exists()


SUITE = """
    import boto3

    def test_people(rekognition):
        client = boto3.client("rekognition", region_name="eu-west-1")
        assert [] == client.list_collections()["CollectionIds"]
"""


@pytest.mark.usefixtures("no_aws")
def test_prune_acts_on_what_a_run_left(pytester):
    """A whole run leaves its verdict, prune removes what it names, and the next run has everything it needs."""
    root = pytester.path / "cassettes"
    used = recorded(operation="ListCollections", request={}, body='{"CollectionIds": [], "FaceModelVersions": []}')
    pytester.makepyfile(test_album=SUITE)
    storage.write(root / "test_album" / "test_people.yaml", [used, recorded(1)])
    storage.write(root / "test_album" / "test_gone.yaml", [recorded(1)])

    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    output = run("cassettes", "prune", "--yes").output

    assert "test_people.yaml: 1 of 2 interactions (DetectFaces)" in output
    assert "test_gone.yaml: the whole cassette, which no test uses" in output
    assert {"test_people.yaml": 1} == cassettes(root)
    pytester.runpytest_subprocess().assert_outcomes(passed=1)
    assert "There is nothing to prune.\n" == run("cassettes", "prune").output


# --- the page ----------------------------------------------------------------------------------------------


def the_pages_project(root):
    """Write the files that the examples of docs/cli.md are about."""
    drifted = json.dumps({"FaceDetails": [], "ModelVersion": "8.0"})
    unused = recorded(1)
    path = root / "tests" / "cassettes" / "test_album" / "test_people.yaml"
    storage.write(path, [recorded(body=drifted), unused])
    write_json(
        root / "tests" / "fakes" / "people.json",
        {"operation": "detect_faces", "response": broken_faces(Confidence=250)},
    )
    old = root / "old" / "test_album.yaml"
    old.parent.mkdir()
    old.write_text(foreign(**SIGNED))
    verdict = {
        "folder": "tests/cassettes",
        "orphans": [],
        "cassettes": {"test_album/test_people.yaml": {"sha256": digest(path), "unused": [unused.digest]}},
    }
    write_json(root / ".pytest_cache" / VERDICT, verdict)


def test_the_examples_of_the_page_hold(here):
    """Each command of docs/cli.md prints what the page shows."""
    the_pages_project(here)
    blocks = re.findall(r"```console\n\$ pytest-rekognition (.*?)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    shown = [(command, output) for command, output in blocks]
    printed = [(command, CliRunner().invoke(app, shlex.split(command)).output) for command, _ in blocks]
    assert len(blocks) >= 6
    assert shown == printed
