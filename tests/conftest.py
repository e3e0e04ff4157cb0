import os
from pathlib import Path

import pytest

pytest_plugins = ["pytester"]


@pytest.fixture
def shared():
    """Return the folder of recorded responses and documentation pages that a maintainer may have."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("PYTEST_REKOGNITION_SHARED", beside))
    if not folder.is_dir():
        pytest.skip("the maintainers' folder of recorded responses is not here")
    return folder


@pytest.fixture
def run(pytester):
    """Run a test module, written as text, in a process of its own."""

    def run(source, *args, ini="", files=None):
        pytester.makeini(f"[pytest]\nfilterwarnings = error\n{ini}")
        for name, text in (files or {}).items():
            pytester.makepyfile(**{name: text})
        pytester.makepyfile(test_suite=source)
        return pytester.runpytest_subprocess("-p", "no:cacheprovider", *args)

    return run


@pytest.fixture
def no_aws(monkeypatch, tmp_path):
    """Take away every trace of AWS configuration."""
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
