import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pytest_rekognition import UsageError
from pytest_rekognition.cassettes.naming import cassette_path, fixture_path, is_fixture_path, named_path

SAFE = set(string.ascii_letters + string.digits + "_.-[]=,+@")
IDENTIFIERS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True)
#: Whatever comes into a parameter's id, with a bias for what paths trip over.
PIECES = st.sampled_from(
    [*"aA.[]-_/\\ é\0:*", "..", "e\u0301", "ß", "ss", ".yaml", ".interrupted", "con", "::", "9f2c"]
)
PARAMS = st.one_of(
    st.text(max_size=8), st.lists(PIECES, max_size=6).map("".join), st.text(min_size=90, max_size=110)
)


@st.composite
def names(draw):
    """Classes and a test, as pytest names them, in small letters: those that differ in case alone may meet."""
    owners = draw(st.lists(IDENTIFIERS.map(str.lower), max_size=2))
    test = draw(IDENTIFIERS).lower()
    return [*owners, draw(st.one_of(st.just(test), PARAMS.map(lambda param: f"{test}[{param}]")))]


@pytest.mark.parametrize(
    ("module", "test", "path"),
    [
        ("tests/test_app.py", ["TestX", "test_y[param]"], "tests/test_app/TestX.test_y[param].yaml"),
        ("test_app.py", ["test_y"], "test_app/test_y.yaml"),
        ("tests/v1.2/test_app.py", ["test_y[1.5-a=b,c+d@e]"], "tests/v1.2/test_app/test_y[1.5-a=b,c+d@e].yaml"),
    ],
)
def test_a_path_reads_like_the_tests_id(module, test, path):
    """Module, classes and function are the path, where every file system can hold them."""
    assert path == str(cassette_path(module, test))


@pytest.mark.parametrize(
    ("test", "prefix"),
    [
        (["test_y[a/b c]"], "test_y[a_b_c]-"),
        (["test_y[Upper]"], "test_y[Upper]-"),
        (["test_y[é]"], "test_y[_]-"),
        (["test_y[" + "x" * 200 + "]"], "test_y[" + "x" * 80 + "-"),
        ([".hidden"], "_.hidden-"),
        (["con", "test_y"], "_con.test_y-"),
        (["TestX", "interrupted"], "TestX.interrupted-"),
        (["a.b"], "a.b-"),
    ],
)
def test_what_is_not_the_same_everywhere_is_told_apart_by_a_digest(test, prefix):
    """Unsafe, long, capital or reserved: the name is made safe, and ends in the digest of the whole."""
    stem = cassette_path("t.py", test).name.removesuffix(".yaml")
    assert (prefix, 12) == (stem[:-12], len(stem.rpartition("-")[2]))
    assert len(stem) <= 101


@pytest.mark.parametrize(
    "module", ["../test_a.py", "/abs/test_a.py", "aux/test_a.py", "é/test_a.py", ".h/test_a.py"]
)
def test_no_module_leads_out_of_the_folder(module):
    """Folders that are hidden, reserved or lead elsewhere are made safe too."""
    path = cassette_path(module, ["test_y"])
    assert not path.is_absolute()
    assert all(set(part) <= SAFE and not part.startswith(".") for part in path.parts)
    assert str(path) != str(cassette_path(module.replace("test_a", "test_b"), ["test_y"]))


def test_modules_that_are_alike_have_folders_of_their_own():
    """A file that is no module, a folder named like a cassette and one named like a digest are not confused."""
    digested = cassette_path("é/test_a.py", ["t"]).parts[0]
    modules = [
        "a/b.py",
        "a/b",
        "a/b.txt",
        "a/b.txt.py",
        "a/b.yaml.py",
        "a/b/c.py",
        "é/test_a.py",
        f"{digested}/test_a.py",
    ]
    assert len(modules) == len({str(cassette_path(module, ["t"])).casefold() for module in modules})


@given(names(), names())
@example(["a", "b[x.c]"], ["a", "b[x", "c]"])
@example(["a.b"], ["a", "b"])
@example(["t[é]"], ["t[e\u0301]"])
@example(["t[a]"], ["t[A]"])
@example(["t[a/b]"], ["t[a_b]"])
@example(["t[a]"], ["t[a].yaml"])
def test_two_tests_never_share_a_path(one, other):
    """Different names give different paths, also where case is ignored; equal ones give equal paths."""
    paths = [str(cassette_path("tests/test_app.py", test)).casefold() for test in (one, other)]
    assert (one == other) == (paths[0] == paths[1])


@given(names())
def test_every_path_is_safe_and_can_be_named(test):
    """A path has safe characters and short parts, and a marker may give it as a name."""
    path = cassette_path("tests/test_app.py", test)
    assert set("".join(path.parts)) <= SAFE
    assert all(len(part.encode()) <= 110 and not part.startswith(".") for part in path.parts)
    assert path == named_path(str(path)) == named_path(str(path).removesuffix(".yaml"))


@given(IDENTIFIERS, st.none() | PARAMS, names())
@example("abcdefabcdef", None, ["fixture"])
def test_a_fixture_and_a_test_never_share_a_path(fixture, param, test):
    """A fixture's cassette is told from every test's, and is known by its name."""
    path = fixture_path("tests/test_app.py", fixture, param)
    assert str(path).casefold() != str(cassette_path("tests/test_app.py", test)).casefold()
    assert is_fixture_path(str(path))


def test_a_fixtures_path_says_where_it_is_defined():
    """It lies beside the cassettes of the module, below its class."""
    assert "tests/conftest/fixture-staff.yaml" == str(fixture_path("tests/conftest.py", "staff"))
    assert "t/TestX.fixture-staff[eu].yaml" == str(fixture_path("t.py", "staff", "eu", owners=["TestX"]))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "is empty"),
        ("/etc/passwd", "is empty"),
        ("staff/", "is empty"),
        ("../staff", "leads out"),
        ("a/./b", "leads out"),
        ("a\\b", "not by a backslash"),
        ("C:/staff", "':' is not safe"),
        ("größe", "'ö' is not safe"),
        (".hidden", "with a dot"),
        ("staff.", "with a dot"),
        ("shared/NUL", "device"),
        ("staff.yml", "end in .yaml"),
        ("staff.interrupted.yaml", "cut off"),
        ("x" * 201, "longer than"),
    ],
)
def test_a_name_that_is_not_safe_is_refused(name, reason):
    """A marker's name stays below the folder, and is the same file everywhere; else the error says why."""
    with pytest.raises(UsageError, match=reason):
        named_path(name)


def test_a_name_is_taken_with_and_without_its_ending():
    """Both spellings are the same cassette."""
    assert "shared/staff.yaml" == str(named_path("shared/staff")) == str(named_path("shared/staff.yaml"))
