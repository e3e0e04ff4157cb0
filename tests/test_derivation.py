"""The schemas are fresh, complete, valid, and every word of the overlay is meant."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from dataclasses import replace
from itertools import product

import jsonschema
import jsonschema_rs
import pytest
import regex
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_rekognition import catalog
from pytest_rekognition.derivation import __main__ as command
from pytest_rekognition.derivation import model, overlay, prose
from pytest_rekognition.derivation.documents import Derivation
from pytest_rekognition.derivation.patterns import ecma
from pytest_rekognition.derivation.shapes import base64_length, schema_of

MODEL = model.installed()
OVERLAY = overlay.load()
DERIVED = Derivation(MODEL, OVERLAY)
INDEX = json.loads((command.FOLDER / "index.json").read_text(encoding="utf-8"))
SIDES = tuple(product(catalog.operations(), ("request", "response")))
USED = set(DERIVED.documents["shapes.json"]["$defs"]) | {
    operation[side]["shape"] for operation in MODEL.operations.values() for side in ("input", "output")
}
PATTERNS = sorted({ecma(shape["pattern"]) for shape in MODEL.shapes.values() if "pattern" in shape})
without_regex = jsonschema.FormatChecker(formats=())

same_model = pytest.mark.skipif(
    INDEX["model"]["sha256"] != MODEL.sha256, reason="the installed botocore has another model"
)


@same_model
def test_schemas_are_fresh(capsys):
    """`--check` finds the checkout's schemas as they would be written now."""
    assert command.main(["--check"]) == 0, capsys.readouterr().out


def test_derivation_is_reproducible():
    """The same model and overlay give the same bytes, each file ending in one line feed."""
    files = DERIVED.files()
    assert files == Derivation(MODEL, OVERLAY).files()
    assert all(text.endswith("}\n") for text in files.values())


def test_every_operation_has_both_sides():
    """All 75 operations are there, each with a request, a response and its errors in the model's order."""
    assert len(MODEL.operations) == 75
    for name, operation in MODEL.operations.items():
        document = DERIVED.documents[f"operations/{name}.json"]
        assert {"Request", "Response"} == document["$defs"].keys()
        assert [error["shape"] for error in operation["errors"]] == document["x-errors"]


def test_write_then_check(tmp_path, capsys):
    """What is written is fresh; a file that is not derived is removed."""
    stray = tmp_path / "operations" / "DetectUnicorns.json"
    stray.parent.mkdir()
    stray.write_text("{}\n")
    assert command.main(["--folder", str(tmp_path)]) == 0
    assert not stray.exists()
    assert command.main(["--check", "--folder", str(tmp_path)]) == 0
    assert "77 files" in capsys.readouterr().out


def test_check_names_stale_files(tmp_path, capsys):
    """An edited, a missing and a stray file are each named, with what differs and how to mend it."""
    command.main(["--folder", str(tmp_path)])
    operations = tmp_path / "operations"
    faces = operations / "DetectFaces.json"
    faces.write_text(faces.read_text().replace('"title": "DetectFaces"', '"title": "DetectFeet"'))
    (operations / "ListFaces.json").unlink()
    (operations / "Stray.json").write_text("{}\n")
    capsys.readouterr()
    assert command.main(["--check", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert '- "title": "DetectFeet",\n+ "title": "DetectFaces",' in said
    assert "derived/operations/ListFaces.json" in said
    assert "written/operations/Stray.json" in said
    assert said.endswith(f"3 stale of 77 files in {tmp_path}. To mend: {command.COMMAND}\n")


def test_check_tells_another_model_from_staleness(tmp_path, capsys):
    """Schemas from another model are not called stale: the botocore to install is named, with exit code 2."""
    other = replace(MODEL, service={**MODEL.service, "version": "9"}, botocore_version="1.2.3")
    command.write(Derivation(other, OVERLAY), tmp_path)
    capsys.readouterr()
    assert command.main(["--check", "--folder", str(tmp_path)]) == 2
    assert "pip install botocore==1.2.3" in capsys.readouterr().out


def test_same_model_in_another_release_is_fresh(tmp_path):
    """A botocore release that did not touch the model does not make the schemas stale."""
    command.write(Derivation(replace(MODEL, botocore_version="1.2.3"), OVERLAY), tmp_path)
    assert command.main(["--check", "--folder", str(tmp_path)]) == 0


def test_derivation_runs_as_a_command(tmp_path):
    """`python -m pytest_rekognition.derivation` is the one command."""
    ran = subprocess.run(
        [sys.executable, "-m", "pytest_rekognition.derivation", "--folder", str(tmp_path)], check=True
    )
    assert ran.returncode == 0
    assert (tmp_path / "operations" / "DetectFaces.json").is_file()


@pytest.mark.parametrize(("operation", "side"), SIDES)
def test_schemas_are_valid(operation, side):
    """Every schema is valid 2020-12, says no to a foreign value, and the fast validator reads it."""
    schema = catalog.schema(operation, side)
    jsonschema.Draft202012Validator.check_schema(schema, format_checker=without_regex)
    validator = jsonschema_rs.validator_for(schema, validate_formats=False)
    assert not validator.is_valid([])
    assert not validator.is_valid({"Unheard": 1})


def test_documents_refer_to_shapes_that_exist():
    """No reference dangles, and no shared shape is there without a use."""
    texts = DERIVED.files()
    used = {name for text in texts.values() for name in re.findall(r'#/\$defs/(\w+)"', text)}
    assert used == DERIVED.documents["shapes.json"]["$defs"].keys()


@pytest.mark.parametrize("number", range(len(OVERLAY.entries)), ids=lambda number: OVERLAY.entries[number].shape)
def test_overlay_entry_is_meant(number):
    """Each entry names a shape in use, keeps what the model requires, has a source, and changes something."""
    entry = OVERLAY.entries[number]
    others = replace(OVERLAY, entries=OVERLAY.entries[:number] + OVERLAY.entries[number + 1 :])
    shape = MODEL.shapes[entry.shape]
    bare = schema_of(shape, lambda name: {"$ref": name})
    assert others.patched(entry.shape, bare) != OVERLAY.patched(entry.shape, bare)
    assert entry.shape in USED
    assert entry.patch.get("properties", {}).keys() <= shape.get("members", {}).keys()
    required = entry.patch.get("required", shape.get("required", []))
    assert set(shape.get("required", [])) <= set(required) <= shape.get("members", {}).keys()
    assert re.search(r"API_\w+|guide \w+|measured: ", entry.source), f"{entry.shape}: where is it said?"


def documentation():
    documented = [*MODEL.shapes.values(), *MODEL.operations.values()]
    members = [member for shape in documented for member in shape.get("members", {}).values()]
    return "\n".join(prose.plain(part.get("documentation", "")) for part in documented + members)


def test_overlay_quotes_the_documentation():
    """Every sentence quoted from an API page stands in the documentation, word for word."""
    text = documentation()
    quotes = [
        (entry.shape, quote)
        for entry in OVERLAY.entries
        if entry.source.startswith("API_")
        for quote in re.findall(r'"(.+?)"', entry.source.partition("measured: ")[0])
    ]
    assert len(quotes) > 40
    assert not [row for row in quotes if row[1] not in text]


def test_overlay_errors_and_pages_are_meant():
    """Each error row changes the table, each pagination row is one the model leaves open, both with a source."""
    bare = Derivation(MODEL, replace(OVERLAY, errors=())).documents["index.json"]["errors"]
    table = DERIVED.documents["index.json"]["errors"]
    confirmed = "ProvisionedThroughputExceededException"
    changed = {code for code in table if table[code] != bare.get(code)}
    assert changed == {row.code for row in OVERLAY.errors} - {confirmed}
    assert all(len(row.source) > 20 for row in (*OVERLAY.errors, *OVERLAY.paginations))
    with pytest.raises(ValueError, match=r"GetSegmentDetection pages one of .*say which in a \[\[pagination\]\]"):
        Derivation(MODEL, replace(OVERLAY, paginations=()))


def test_misspelt_overlay_key_is_refused(tmp_path):
    """A key that means nothing is an error, not silence."""
    path = tmp_path / "overlay.toml"
    path.write_text('[[entry]]\nshape = "Pose"\nsuorce = "x"\n')
    with pytest.raises(TypeError, match="suorce"):
        overlay.load(path)


def test_null_is_allowed_only_where_documented():
    """A nullable shape takes null beside what it took before; nothing else takes null."""
    shapes = DERIVED.documents["shapes.json"]["$defs"]
    nullable = {name for name, schema in shapes.items() if isinstance(schema["type"], list)}
    assert nullable == {"EyeDirection", "FaceOccluded", "OrientationCorrection"}
    assert shapes["OrientationCorrection"]["enum"][-1] is None


# --- Patterns ---------------------------------------------------------------------------------------------

ARN = "arn:aws:rekognition:eu-west-1:123456789012:project/p/1700000000000"
EXAMPLES = [
    ("FaceId", "11111111-2222-3333-4444-555555555555", "11111111-2222-3333-4444-55555555555G"),
    ("FaceId", "11111111-2222-3333-4444-555555555555", "x11111111-2222-3333-4444-555555555555"),
    ("CollectionId", "staff.2024_a-b", "staff 2024"),
    ("CollectionId", "staff", "staff\n"),
    ("CollectionId", "staff", "stäff"),
    ("ExternalImageId", "a:b", "a/b"),
    ("ClientRequestToken", "a-b_C9", "a.b"),
    ("ClientRequestToken", "a", ";"),
    ("ProjectArn", ARN, f"x{ARN}"),
    ("ProjectArn", ARN, ARN.replace("123456789012", "12345678901²")),
    ("TagKey", "Größe: 名", "aws:x"),
    ("TagValue", "", "a\tb"),
    ("DatasetEntry", '{"a": 1}', '{"a":\n1}'),
    ("QueryString", " a ", "   "),
    ("QueryString", "a\u00a0", "\n"),
    ("S3Bucket", "my.bucket-1", "my/bucket"),
    ("LivenessS3KeyPrefix", "a/b", "a b"),
    ("GeneralLabelsFilterValue", "Café & Co".replace("&", "(a)").replace("é", "è"), "a|b"),
    ("ProjectPolicyDocument", "{\n\t}", "\u0100"),
    ("Version", "1.0.10", "01.0.0"),
    ("VersionDescription", "it's (a) test, ok?", "a/b"),
    ("KmsKeyId", "alias/my-key", "/x"),
    ("HumanLoopName", "a--b", "a-"),
    ("SNSTopicArn", "arn:aws:sns:eu-west-1:123456789012:topic", "arn:aws:sns:eu-west-1:12345678901é:t"),
]


def engines(pattern):
    """Return the verdict of every engine that reads the schemas, as functions of a text."""
    python = regex.compile(catalog.python_pattern(pattern))
    rust = jsonschema_rs.validator_for({"pattern": pattern})
    return {"python": lambda text: bool(python.search(text)), "rust": rust.is_valid}


@pytest.mark.parametrize(("shape", "good", "bad"), EXAMPLES)
def test_patterns_accept_and_reject(shape, good, bad):
    """Each engine takes the good text and refuses the bad one."""
    for name, accepts in engines(ecma(MODEL.shapes[shape]["pattern"])).items():
        assert accepts(good), f"{name} refuses {good!r}"
        assert not accepts(bad), f"{name} takes {bad!r}"


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_are_anchored_once(pattern):
    """Every pattern covers the whole string and has no anchor inside."""
    inner = pattern.removeprefix("^(?:").removesuffix(")$")
    assert pattern == f"^(?:{inner})$"
    assert not re.search(r"[$]|\\[dws]", re.sub(r"\[[^\]]*\]", "", inner), re.IGNORECASE)


VERDICTS = {pattern: engines(pattern) for pattern in PATTERNS}
_HOSTILE = st.text(st.sampled_from("aZ09²é_-.:/ \t\n\r\v\f\x85\u00a0\u2028\u0130'[]{}(),|;名"), max_size=6)


#: What no Unicode version has assigned yet is a letter to an engine that knows a newer one.
_ASSIGNED = st.text(st.characters(exclude_categories=("Cn", "Cs")), max_size=8)


@settings(max_examples=60, deadline=None)
@given(text=_HOSTILE | _ASSIGNED)
def test_engines_agree(text):
    """On any text the engines give one verdict, for every pattern."""
    for pattern, verdicts in VERDICTS.items():
        assert len({accepts(text) for accepts in verdicts.values()}) == 1, pattern


@given(text=_HOSTILE, pattern=st.sampled_from(PATTERNS))
def test_patterns_refuse_a_line_feed_at_the_end(text, pattern):
    """No engine takes `text` with a line feed added unless the pattern allows line feeds."""
    allows_line_feed = "\\u000A" in pattern
    for accepts in VERDICTS[pattern].values():
        assert allows_line_feed or not accepts(f"{text}\n")


def test_inner_anchor_is_refused():
    """A pattern that cannot be anchored once is an error of the derivation."""
    with pytest.raises(ValueError, match="an inner anchor"):
        ecma("a|^b")


# --- Scalars and prose ------------------------------------------------------------------------------------


@given(st.binary(max_size=100))
def test_base64_length(content):
    """The limit of a blob in characters is the length of its base64 text."""
    assert len(base64.b64encode(content)) == base64_length(len(content))


def test_image_limit():
    """5 MB of image are 6,990,508 characters on the wire; the limit in bytes is kept."""
    image = catalog.shape("ImageBlob")
    assert (image["maxLength"], image["x-maxBytes"]) == (6990508, 5242880)


@pytest.mark.parametrize(
    ("html", "sentence"),
    [
        ("<p>One. Two.</p>", "One."),
        ("<p>The <code>Type</code> of A&amp;B.</p><p>More</p>", "The Type of A&B."),
        ("<p>A value, e.g. 0.5 of it, is fine. Next.</p>", "A value, e.g. 0.5 of it, is fine."),
        ("<p>No stop</p>", "No stop"),
        ("<note><p>Noted.</p></note><p>Said. More.</p>", "Said."),
        ("<note><p>Noted only.</p></note>", "Noted only."),
        ("", ""),
    ],
)
def test_first_sentence(html, sentence):
    """A description is the documentation's first sentence, without markup."""
    assert sentence == prose.first_sentence(html)


def test_no_description_has_markup():
    """No tag and no entity survives in any description."""
    for text in DERIVED.files().values():
        assert not re.search(r'"description": "[^"]*(</?[a-z]+>|&[a-z]+;)', text)


def test_botocore_is_imported_when_deriving_only():
    """Reading the contract imports neither botocore nor a validator."""
    program = (
        "import sys; from pytest_rekognition import catalog; catalog.schema('DetectFaces', 'response');"
        "sys.exit(str(sorted({'botocore', 'jsonschema', 'jsonschema_rs', 'regex'} & set(sys.modules))))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.stderr.strip() == "[]"


def test_the_command_and_the_catalog_agree_on_the_folder():
    """What the command writes is what the catalog reads, in a checkout as in a wheel."""
    assert str(command.FOLDER) == str(catalog._folder())
