"""Options: every layer is checked, and a user's home may be written short."""

from pathlib import Path

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
    result.stdout.fnmatch_lines(["*'referense' is no mode, did you mean 'reference'*", "*strict must be a bool*"])


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
