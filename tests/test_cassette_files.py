"""The text of cassettes, the files that hold it, and what is wrong with a broken one."""

import functools
import json
import os
import threading

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from vcr.persisters.filesystem import FilesystemPersister
from vcr.serialize import deserialize as vcr_deserialize
from vcr.serializers import yamlserializer

from pytest_rekognition import build
from pytest_rekognition.cassettes import serializer, storage, stored
from pytest_rekognition.cassettes.interaction import Interaction, Provenance, from_entry, to_entry
from pytest_rekognition.cassettes.journal import added
from pytest_rekognition.errors import CassetteError, SecretError

IMAGE = {"sha256": "9f" * 32, "bytes": 51_234, "media_type": "image/jpeg", "width": 640, "height": 480}
URI = "https://rekognition.eu-west-1.amazonaws.com/"


def interaction(number=0, **members):
    """Return a recorded DetectFaces call; each number is another photograph."""
    defaults = {
        "operation": "DetectFaces",
        "request": {"Image": {"Bytes": {**IMAGE, "sha256": f"{number:064x}"}}, "Attributes": ["ALL"]},
        "status": 200,
        "body": json.dumps(build("DetectFaces", request={"Attributes": ["ALL"]}, faces=1)),
        "uri": URI,
        "request_id": f"0f5c6a7e-0000-4000-8000-{number:012x}",
        "recorded": Provenance(source="service", at="2026-11-21T04:32:00.123456Z", region="eu-west-1"),
    }
    return Interaction(**defaults | members)


def document(*interactions):
    return {"interactions": [to_entry(one) for one in interactions], "version": 1}


#: Texts that YAML would read as something else, or that it cannot write plainly.
ODD = ["", "no", "1.5", "2026-01-02", " lead", "trail ", "a: b", "'", '"', "#x", "-", "é"]
ODD += ["a\nb", "\n", "a\n\n b\n", "\ttab", "\u2028", "\x85", "\x00"]
texts = st.text(max_size=40) | st.sampled_from(ODD)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
interactions = st.builds(
    Interaction,
    operation=st.sampled_from(["DetectFaces", "ListFaces", "CreateUser"]),
    request=st.dictionaries(texts.filter(lambda name: name != "Image"), json_values, max_size=3),
    status=st.sampled_from([200, 400, 503, 599]),
    body=texts | json_values.map(json.dumps),
    uri=st.sampled_from([URI, "http://127.0.0.1:8080/"]) | texts,
    content_type=st.sampled_from(["application/x-amz-json-1.1"]) | texts,
    request_id=st.none() | st.uuids().map(str) | texts,
    recorded=st.builds(Provenance, source=st.just("service"), at=st.none() | texts, region=st.none() | texts),
)


@given(st.lists(interactions, max_size=3))
def test_both_readers_give_what_was_written(recorded):
    """The fast reader, PyYAML and vcrpy's own reader agree on whatever is written."""
    written = document(*recorded)
    text = serializer.serialize(written)

    assert written == serializer.deserialize(text)
    assert written == yaml.safe_load(text)
    requests, _ = vcr_deserialize(text, yamlserializer)
    assert [entry["request"]["body"].encode() for entry in written["interactions"]] == [
        request.body for request in requests
    ]


@given(st.lists(interactions, min_size=1, max_size=3))
def test_an_interaction_survives_its_file(recorded):
    """What is read back is the call, the answer's document and the provenance that were written."""
    text = serializer.serialize(document(*recorded))
    entries = serializer.deserialize(text)["interactions"]

    for before, after in zip(recorded, map(from_entry, entries), strict=True):
        assert before.request == after.request
        assert json.dumps(before.document) == json.dumps(after.document)
        assert (before.status, before.request_id, before.recorded) == (
            after.status,
            after.request_id,
            after.recorded,
        )
        assert before.digest == after.digest


LINES = serializer.serialize(document(interaction(1), interaction(2))).splitlines(keepends=True)


@given(st.lists(st.sampled_from(LINES), max_size=60))
def test_the_fast_reader_never_reads_what_pyyaml_reads_otherwise(lines):
    """Lines of a cassette in any order and number are refused by the fast reader, or read as PyYAML does."""
    text = "".join(lines)
    entries = serializer._entries(text)
    if entries is not None:
        assert entries == yaml.safe_load(text)["interactions"]


def test_usual_cassettes_are_read_the_fast_way():
    """What this package records never needs the YAML parser."""
    throttled = interaction(3, status=400, body='{"__type":"ThrottlingException","Message":"it\'s late"}')
    empty = interaction(4, operation="ListCollections", request={}, body="{}", request_id=None)
    text = serializer.serialize(document(interaction(1), throttled, empty))
    assert serializer._entries(text) is not None
    assert serializer._entries(serializer.serialize(document())) == []


def test_bodies_are_reviewable():
    """Request and response lie in the file as indented JSON, one member a line."""
    text = serializer.serialize(document(interaction(body='{"FaceDetails":[],"Name":"Zoë"}')))
    assert '          "Bytes": {\n' in text
    assert '        {\n          "FaceDetails": [],\n          "Name": "Zoë"\n        }\n' in text


def test_a_lone_surrogate_is_escaped():
    """JSON can carry half a character, which no UTF-8 file can: it is written as an escape."""
    text = serializer.serialize(document(interaction(body='{"Name":"\\ud800"}')))
    assert "\\ud800" in text
    assert from_entry(serializer.deserialize(text)["interactions"][0]).document == {"Name": "\ud800"}


def test_plain_vcrpy_opens_a_cassette_and_keeps_its_provenance(tmp_path):
    """Vcrpy loads the file with its own persister, and saves it again without losing where it came from."""
    path = tmp_path / "x.yaml"
    storage.write(path, [interaction(1)])
    requests, responses = FilesystemPersister.load_cassette(path, yamlserializer)
    FilesystemPersister.save_cassette(path, {"requests": requests, "responses": responses}, yamlserializer)

    assert storage.read(path)[0].recorded == interaction(1).recorded
    assert storage.read(path)[0].digest == interaction(1).digest


# --- broken files ------------------------------------------------------------------------------------------


GOOD = serializer.serialize(document(interaction(1), interaction(2)))
SECOND = GOOD[: GOOD.rindex("- request:")].count("\n") + 1


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "is empty"),
        ("# nothing\n", 1, "is empty"),
        ("version: 1\n", 1, "no 'interactions'"),
        ("- a\n- b\n", 1, "no 'interactions'"),
        ("interactions: []\nversion: 2\n", 1, "version is 2"),
        ("interactions: {}\nversion: 1\n", 1, "no list"),
        ("interactions:\n- !!python/object/apply:os.system ['true']\nversion: 1\n", 2, "safely"),
        ("interactions:\n- request: {\nversion: 1\n", 4, "no YAML"),
        ("a: [\x00]", None, "no YAML"),
        (GOOD[:900], None, ""),
        (GOOD.replace("method: POST", "method: [POST", 1), None, "no YAML"),
        (GOOD.replace("RekognitionService.DetectFaces", "RekognitionService.DetectFace"), 2, "'DetectFace'"),
        (GOOD.replace("RekognitionService.", "DynamoDB_20120810."), 2, "no Rekognition call"),
        (GOOD[::-1], None, ""),
    ],
)
def test_a_broken_file_is_an_error_that_names_the_line(tmp_path, text, line, says):
    """A broken, truncated or foreign file is refused by name and line, and never read as an empty cassette."""
    path = tmp_path / "broken.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(CassetteError, match=r"broken\.yaml") as refusal:
        storage.read(path)
    assert says in str(refusal.value)
    if line is not None:
        assert f"broken.yaml:{line}: " in str(refusal.value)


@pytest.mark.parametrize("cut", range(0, len(GOOD) - 1, 97))
def test_a_truncated_file_is_never_a_shorter_cassette(tmp_path, cut):
    """Wherever a file is cut off, nothing of it is read."""
    path = tmp_path / "cut.yaml"
    path.write_text(GOOD[:cut], "utf-8")
    with pytest.raises(CassetteError, match=r"cut\.yaml"):
        storage.read(path)


def test_the_line_is_that_of_the_interaction(tmp_path):
    """The second interaction's mistake is told with the second one's line."""
    path = tmp_path / "x.yaml"
    head, tail = GOOD[: GOOD.rindex("- request:")], GOOD[GOOD.rindex("- request:") :]
    path.write_text(head + tail.replace("code: 200", "code: yes"), "utf-8")
    with pytest.raises(CassetteError, match=rf"x.yaml:{SECOND}: interaction 1: .*status code is True"):
        storage.read(path)


def test_a_file_that_is_no_utf8_names_the_line(tmp_path):
    """Bytes that are no text are told with their line."""
    path = tmp_path / "x.yaml"
    path.write_bytes(b"interactions:\n- \xff\n")
    with pytest.raises(CassetteError, match=r"x.yaml:2: it is no UTF-8"):
        storage.read(path)


def test_image_bytes_in_a_cassette_point_to_scrub(tmp_path):
    """A file that vcrpy recorded, image and all, is not read but sent to the command that imports it."""
    entry = to_entry(interaction())
    entry["request"]["body"] = json.dumps({"Image": {"Bytes": "AAAA"}})
    path = tmp_path / "x.yaml"
    path.write_text(yaml.safe_dump({"interactions": [entry], "version": 1}), "utf-8")
    with pytest.raises(CassetteError, match="cassettes scrub"):
        storage.read(path)


# --- writing -----------------------------------------------------------------------------------------------


def test_nothing_is_left_beside_a_written_file(tmp_path):
    """A file is replaced in one step; the folder holds it, and the working folder that git ignores."""
    path = tmp_path / "sub" / "x.yaml"
    storage.write(path, [interaction(1)])
    storage.write(path, [interaction(1), interaction(2)])
    assert [path.parent / ".recording", path] == sorted(path.parent.iterdir())
    assert "*\n" == (path.parent / ".recording" / ".gitignore").read_text()


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    """Where the disk refuses, the old file is whole, and nothing is left beside it."""
    path = tmp_path / "x.yaml"
    storage.write(path, [interaction(1)])
    before = path.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        storage.write(path, [interaction(2)])
    assert before == path.read_bytes()
    assert not list(tmp_path.glob(".*.tmp"))


def test_a_credential_is_never_written(tmp_path):
    """A text that holds a credential is refused, and the old file stays."""
    path = tmp_path / "x.yaml"
    storage.write(path, [interaction(1)])
    before = path.read_bytes()
    key = "AKIA" + "QWERTYUIOPASDFGH"
    leaking = interaction(2, operation="CreateCollection", request={"CollectionId": key})
    with pytest.raises(SecretError, match="AWS access key") as refusal:
        storage.write(path, [leaking])
    assert "QWERTYUIOP" not in str(refusal.value)
    assert before == path.read_bytes()


def test_threads_change_one_file_in_turn(tmp_path):
    """Eight threads that add to one cassette lose nothing."""
    store = storage.Store(tmp_path / "x.yaml")

    def add(number):
        for step in range(5):
            store.change(functools.partial(added, recorded=[interaction(100 * number + step)]))

    threads = [threading.Thread(target=add, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert 40 == len({one.key for one in store.read()})


# --- what makes two calls the same -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operation", "one", "other"),
    [
        ("DetectFaces", {"Attributes": ["ALL", "DEFAULT"]}, {"Attributes": ["DEFAULT", "ALL"]}),
        ("SearchFaces", {"FaceMatchThreshold": 80, "FaceId": "x"}, {"FaceId": "x", "FaceMatchThreshold": 80.0}),
        ("CreateUser", {"UserId": "a", "ClientRequestToken": "1"}, {"UserId": "a", "ClientRequestToken": "2"}),
        ("DetectFaces", {"Image": {"Bytes": IMAGE}}, {"Image": {"Bytes": {**IMAGE, "path": "a.jpg"}}}),
    ],
)
def test_what_means_the_same_is_the_same_call(operation, one, other):
    """Order of names and of attributes, 80 and 80.0, made-up tokens and an image's path make no difference."""
    assert stored.key(operation, one) == stored.key(operation, other)


@pytest.mark.parametrize(
    ("operation", "one", "other"),
    [
        ("DetectFaces", {"Image": {"Bytes": IMAGE}}, {"Image": {"Bytes": {**IMAGE, "sha256": "00" * 32}}}),
        ("DetectFaces", {"Attributes": ["ALL"]}, {}),
        ("DetectFaces", {"Attributes": ["ALL"]}, {"Attributes": ["DEFAULT"]}),
        ("DeleteFaces", {"FaceIds": ["a", "b"]}, {"FaceIds": ["b", "a"]}),
        ("SearchFaces", {"FaceMatchThreshold": 80}, {"FaceMatchThreshold": 80.5}),
        ("SearchFaces", {"FaceMatchThreshold": 1}, {"FaceMatchThreshold": True}),
    ],
)
def test_what_means_something_else_is_another_call(operation, one, other):
    """Another image, attribute, order of faces or threshold is another call."""
    assert stored.key(operation, one) != stored.key(operation, other)


def test_operations_never_share_a_call():
    """The same parameters of another operation are another call."""
    assert stored.key("ListFaces", {"CollectionId": "a"}) != stored.key("ListUsers", {"CollectionId": "a"})
