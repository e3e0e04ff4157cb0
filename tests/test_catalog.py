"""The catalog finds operations, schemas, errors and paths, and says clearly when it cannot."""

from __future__ import annotations

import subprocess
import sys

import botocore
import jsonschema_rs
import pytest
from botocore.loaders import Loader
from hypothesis import given
from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.errors import UnknownOperationError

BOX = {"Width": 0.2, "Height": 0.3, "Left": -0.01, "Top": 0.4}
FACE = {
    "BoundingBox": BOX,
    "Confidence": 99.5,
    "Landmarks": [{"Type": "nose", "X": 0.5, "Y": 1.02}],
    "Pose": {"Roll": -1.5, "Yaw": 0, "Pitch": 12},
    "Quality": {"Brightness": 50.0, "Sharpness": 92.5},
}


def violations(operation, side, instance):
    """Return the keyword and path of every violation."""
    validator = jsonschema_rs.validator_for(catalog.schema(operation, side))
    return [
        (error.kind.name, "/".join(map(str, error.instance_path))) for error in validator.iter_errors(instance)
    ]


def test_operations_are_the_api_names():
    """All 75 operations are listed, sorted."""
    names = catalog.operations()
    assert len(names) == 75
    assert list(names) == sorted(set(names))


@pytest.mark.parametrize("name", catalog.operations())
def test_operation_by_either_name(name):
    """The API's name and the client's method lead to the same operation, and the method is botocore's."""
    found = catalog.operation(name)
    assert found is catalog.operation(name)
    assert found == catalog.operation(botocore.xform_name(name))
    assert (name, botocore.xform_name(name)) == (found.name, found.method)
    assert found.description
    assert found.errors


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("DetectFace", ", did you mean 'DetectFaces'?"),
        ("detectfaces", ", did you mean 'DetectFaces'?"),
        ("detect_face", ", did you mean 'DetectFaces'?"),
        ("serch_faces", ", did you mean 'SearchFaces'?"),
        ("zzz", ""),
        ("", ""),
        ("../index", ""),
    ],
)
def test_unknown_operation_is_refused_with_a_suggestion(name, hint):
    """A name that is no operation is an error that names the nearest one."""
    with pytest.raises(UnknownOperationError) as refused:
        catalog.operation(name)
    message = str(refused.value)
    assert message.startswith(f"{name!r} is no Rekognition operation{hint}")
    assert bool(hint) is ("did you mean" in message)
    with pytest.raises(UnknownOperationError):
        catalog.schema(name, "request")
    with pytest.raises(UnknownOperationError):
        catalog.documents_error(name, "ThrottlingException")


@given(st.text(max_size=20))
def test_no_text_breaks_the_lookup(name):
    """Any text is an operation or a clear error."""
    try:
        assert catalog.operation(name).name in catalog.operations()
    except UnknownOperationError:
        assert name not in catalog.operations()


def test_blob_and_timestamp_paths():
    """Images and epoch seconds are found where they lie, through structures and lists."""
    assert catalog.operation("CompareFaces").request_blobs == (("SourceImage", "Bytes"), ("TargetImage", "Bytes"))
    assert catalog.operation("GetFaceLivenessSessionResults").response_blobs == (
        ("ReferenceImage", "Bytes"),
        ("AuditImages", "*", "Bytes"),
    )
    assert catalog.operation("DescribeCollection").response_timestamps == (("CreationTimestamp",),)
    assert ("ProjectDescriptions", "*", "CreationTimestamp") in catalog.operation(
        "DescribeProjects"
    ).response_timestamps
    assert catalog.operation("ListDatasetEntries").request_timestamps == ()


def test_tokens_that_clients_make_up():
    """A member that botocore fills with a random value is known as such."""
    tokens = {name for name in catalog.operations() if catalog.operation(name).request_tokens}
    assert tokens == {"AssociateFaces", "CreateUser", "DeleteUser", "DisassociateFaces", "StartMediaAnalysisJob"}
    assert catalog.operation("CreateUser").request_tokens == (("ClientRequestToken",),)


def test_pagination_of_botocore_is_kept():
    """Every paginator that botocore ships is here, with its tokens, limit and results."""
    shipped = Loader().load_service_model("rekognition", "paginators-1")["pagination"]
    for name, row in shipped.items():
        found = catalog.operation(name).pagination
        results = row["result_key"] if isinstance(row["result_key"], list) else [row["result_key"]]
        expected = (row["input_token"], row["output_token"], row["limit_key"], tuple(results))
        assert expected == (found.input_token, found.output_token, found.limit_key, found.result_keys)


def test_every_token_pair_paginates():
    """An operation that takes and gives a NextToken paginates a list of its response, and no other does."""
    for name in catalog.operations():
        request, response = (catalog.schema(name, side).get("properties", {}) for side in ("request", "response"))
        found = catalog.operation(name).pagination
        assert (found is not None) == ("NextToken" in request and "NextToken" in response), name
        if found:
            assert {found.input_token, found.limit_key} <= request.keys()
            assert {found.output_token, *found.result_keys} <= response.keys()


def test_pagination_that_botocore_leaves_out():
    """The video operations paginate too, by the list that the overlay or their only list names."""
    assert catalog.operation("GetFaceDetection").pagination.result_keys == ("Faces",)
    assert catalog.operation("GetSegmentDetection").pagination.result_keys == ("Segments",)
    assert catalog.operation("DetectFaces").pagination is None


@pytest.mark.parametrize(
    ("code", "statuses", "common"),
    [
        ("InvalidImageFormatException", (400,), False),
        ("InternalServerError", (500,), True),
        ("ThrottlingException", (400, 500), True),
        ("ProvisionedThroughputExceededException", (400,), False),
        ("UnrecognizedClientException", (400, 403), True),
        ("ValidationException", (400,), True),
        ("ServiceUnavailable", (503,), True),
    ],
)
def test_errors_have_their_statuses(code, statuses, common):
    """An error's statuses are the documented ones, the usual one first."""
    found = catalog.error(code)
    assert (code, statuses, common) == (found.code, found.statuses, found.common)
    assert statuses[0] == found.status


def test_every_documented_error_is_known():
    """Each code that an operation lists is in the table."""
    assert {code for name in catalog.operations() for code in catalog.operation(name).errors} <= set(
        catalog.errors()
    )
    assert catalog.error("TeapotException") is None


@pytest.mark.parametrize(
    ("operation", "code", "documented"),
    [
        ("DetectFaces", "InvalidS3ObjectException", True),
        ("detect_faces", "ExpiredTokenException", True),
        ("DetectFaces", "ResourceNotFoundException", False),
        ("DetectFaces", "TeapotException", False),
        ("SearchFaces", "ResourceNotFoundException", True),
    ],
)
def test_documented_errors(operation, code, documented):
    """An error is documented where the operation lists it or any operation may answer it."""
    assert documented is catalog.documents_error(operation, code)


def test_bundled_schema_stands_alone():
    """A schema holds every shape that it refers to, and no other."""
    for name in catalog.operations():
        for side in ("request", "response"):
            schema = catalog.schema(name, side)
            root = {key: value for key, value in schema.items() if key != "$defs"}
            reached, waiting = set(), set(catalog._references(root))
            while waiting:
                reached |= waiting
                waiting = {
                    ref for shape in waiting for ref in catalog._references(schema["$defs"][shape])
                } - reached
            assert reached == schema["$defs"].keys()


def test_schema_is_kept():
    """Asking twice gives the same object, by either name an equal one."""
    assert catalog.schema("DetectFaces", "response") is catalog.schema("DetectFaces", "response")
    assert catalog.schema("DetectFaces", "request") == catalog.schema("detect_faces", "request")


def test_good_response_passes():
    """A face with the five DEFAULT members passes, its box a little outside the image."""
    assert violations("DetectFaces", "response", {"FaceDetails": [FACE], "OrientationCorrection": None}) == []


@pytest.mark.parametrize(
    ("face", "expected"),
    [
        ({**FACE, "Confidence": 250}, ("maximum", "Confidence")),
        ({**FACE, "Confidence": "99"}, ("type", "Confidence")),
        ({**FACE, "Mood": 1}, ("additionalProperties", "")),
        ({**FACE, "Quality": {"Brightness": 1, "Sharpness": 160}}, ("maximum", "Quality/Sharpness")),
        ({**FACE, "BoundingBox": {**BOX, "Width": 0}}, ("exclusiveMinimum", "BoundingBox/Width")),
        ({**FACE, "Emotions": [{"Type": "BORED", "Confidence": 1}]}, ("enum", "Emotions/0/Type")),
        ({**FACE, "AgeRange": {"Low": 1.5, "High": 3}}, ("type", "AgeRange/Low")),
        ({**FACE, "Smile": None}, ("type", "Smile")),
        *(({key: FACE[key] for key in FACE if key != gone}, ("required", "")) for gone in FACE),
    ],
)
def test_broken_face_is_found_where_it_is_broken(face, expected):
    """One broken constraint gives one violation, at its own path."""
    keyword, path = expected
    at = "/".join(filter(None, ("FaceDetails/0", path)))
    assert violations("DetectFaces", "response", {"FaceDetails": [face]}) == [(keyword, at)]


@pytest.mark.parametrize(("faces", "expected"), [(100, []), (101, [("maxItems", "FaceDetails")])])
def test_at_most_a_hundred_faces(faces, expected):
    """DetectFaces answers at most the 100 largest faces."""
    assert expected == violations("DetectFaces", "response", {"FaceDetails": [FACE] * faces})


def test_shape_is_shared():
    """A shape is found by name, and an unknown one is a KeyError."""
    assert set(catalog.shapes()) > {"FaceDetail", "BoundingBox", "Landmark"}
    assert catalog.shape("FaceDetail") is catalog.schema("DetectFaces", "response")["$defs"]["FaceDetail"]
    with pytest.raises(KeyError):
        catalog.shape("Unicorn")


def test_info_names_the_model():
    """The model's date, the botocore release and the digest are known."""
    info = catalog.info()
    assert info.api_version == "2016-06-27"
    assert info.botocore_version.count(".") == 2
    assert len(info.model_sha256) == 64


def test_missing_schemas_are_explained(monkeypatch, tmp_path):
    """Without schemas the message says where they were looked for and how to get them."""
    monkeypatch.setattr(catalog, "_CHECKOUT", tmp_path / "schemas")
    monkeypatch.setattr(catalog, "_PACKAGE", "hypothesis")
    catalog._folder.cache_clear()
    try:
        with pytest.raises(catalog.MissingSchemasError, match=r"no schemas.*reinstall it"):
            catalog._folder()
    finally:
        catalog._folder.cache_clear()


def test_packaged_schemas_come_first(monkeypatch, tmp_path):
    """An installed package reads its own schemas, not a checkout's."""
    packaged = tmp_path / "installed_copy"
    (packaged / "schemas").mkdir(parents=True)
    (packaged / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(catalog, "_PACKAGE", "installed_copy")
    catalog._folder.cache_clear()
    try:
        assert str(catalog._folder()) == str(packaged / "schemas")
    finally:
        catalog._folder.cache_clear()


def test_import_loads_nothing():
    """Importing the catalog reads no schema."""
    program = "from pytest_rekognition import catalog; raise SystemExit(catalog._document.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


@pytest.mark.parametrize("name", [[], {}, None, 5])
def test_what_is_no_name_is_unknown(name):
    """A list or a structure in place of a name is no operation and no error, and no crash."""
    with pytest.raises(UnknownOperationError):
        catalog.operation(name)
    assert catalog.error(name) is None
