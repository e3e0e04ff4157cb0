"""Options: every layer is checked, and a user's home may be written short."""

from pathlib import Path

import numpy as np
import pytest

from pytest_rekognition.errors import UsageError
from pytest_rekognition.options import Mode, Options, options


def test_later_layers_win():
    """An option has the value of the last layer that sets it, else its default."""
    assert Options(mode=Mode.LIVE, strict=True) == options({"mode": "replay", "strict": True}, {"mode": "live"})


@pytest.mark.parametrize(
    ("hidden", "winner", "told"),
    [
        ({"mode": "referense"}, {"mode": "live"}, "did you mean 'reference'"),
        ({"variants": -1}, {"variants": 5}, "not -1"),
        ({"strict": "no"}, {"strict": True}, "strict must be a bool"),
        ({"embedder": 7}, {"embedder": "auto"}, "not 7"),
    ],
)
def test_a_mistake_is_told_though_another_layer_wins(hidden, winner, told):
    """A value that means nothing does not hide behind the one that counts."""
    with pytest.raises(UsageError, match=told):
        options(hidden, winner)


def test_an_unknown_name_is_told_with_those_that_may_be_set():
    """What a layer may not set is neither guessed at nor listed, where whoever reads it says so."""
    with pytest.raises(UsageError, match=r"did you mean 'project'.* project, "):
        options({"projct": "x"})
    with pytest.raises(UsageError, match=r"unknown option 'projct'\. The options are mode, ") as raised:
        options({"projct": "x"}, unlisted=("project",))
    assert "project" not in str(raised.value)


def test_a_markers_mistake_is_told_whatever_the_command_line_says(run):
    """A wrong value of a marker or the fixture fails the test, though the command line sets the option."""
    result = run(
        """
        import pytest

        @pytest.mark.rekognition(mode="referense")
        def test_marker(rekognition):
            pass

        class TestFixture:
            @pytest.fixture
            def rekognition_config(self):
                return {"strict": "yes"}

            @pytest.mark.rekognition(strict=False)
            def test_fixture(self, rekognition):
                pass

        def test_right(rekognition):
            pass
        """,
        "--rekognition-mode=replay",
    )
    result.assert_outcomes(passed=1, errors=2)
    result.stdout.fnmatch_lines(
        ["*mode must be one of *, not 'referense', did you mean 'reference'*", "*strict must be a bool*"]
    )


@pytest.mark.parametrize("name", ["models", "s3_root", "cassette", "cassette_dir", "project"])
def test_a_leading_tilde_is_the_users_home(monkeypatch, name):
    """`~/x` is the same folder wherever it is written; an unknown user's home stays as it is."""
    monkeypatch.setenv("HOME", "/home/somebody")

    assert Path("/home/somebody/x") == getattr(options({name: "~/x"}), name)
    assert Path("~nobody-of-that-name/x") == getattr(options({name: "~nobody-of-that-name/x"}), name)
    assert "/home/somebody/net.onnx" == options({"embedder": "~/net.onnx"}).embedder


def test_the_ini_file_may_name_the_users_home(run, monkeypatch, tmp_path):
    """Folders of the ini file that begin with `~` are the user's, not below the root of the run."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "objects").mkdir()
    (tmp_path / "models").mkdir()
    result = run(
        """
        from pathlib import Path

        def test_home(rekognition):
            assert rekognition.options.s3_root == Path.home() / "objects"
            assert rekognition.options.models == Path.home() / "models"
            assert rekognition.options.cassette_dir == Path.home() / "tapes"
        """,
        ini="rekognition_s3_root = ~/objects\nrekognition_models = ~/models\nrekognition_cassette_dir = ~/tapes",
    )
    result.assert_outcomes(passed=1)


class Graded:
    """An embedder, as far as its members tell."""

    name, size = "graded", 4

    def embed(self, pixels, face):
        """Return nothing: nobody calls it."""

    def similarity(self, cosine):
        """Likewise."""


@pytest.mark.parametrize("size", [1, 512, np.int64(512)])
def test_any_object_with_its_members_is_an_embedder(size):
    """An embedder need not be derived from anything."""
    embedder = Graded()
    embedder.size = size
    assert embedder is options({"embedder": embedder}).embedder


@pytest.mark.parametrize(
    ("member", "value"),
    [("name", 3), ("size", "x"), ("size", True), ("size", 0), ("embed", None), ("similarity", 80.0)],
)
def test_an_embedder_that_cannot_be_one_is_refused(member, value):
    """Each member of an embedder is looked at before it is used, and what it is to be is told."""
    embedder = Graded()
    setattr(embedder, member, value)
    with pytest.raises(
        UsageError, match=rf"and the methods embed and similarity; .*, which lacks such a {member}$"
    ):
        options({"embedder": embedder})


def test_the_class_of_an_embedder_is_none():
    """A class in an embedder's place, its parentheses forgotten, is refused."""
    with pytest.raises(UsageError, match=r"or an Embedder: .*; not <class"):
        options({"embedder": Graded})
