"""What is left when a recording process is killed at any moment, and when many record at once."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import boto3
import pytest

from pytest_rekognition import Rekognition
from pytest_rekognition.cassettes import storage
from pytest_rekognition.cassettes.journal import Journal, recover
from pytest_rekognition.cassettes.storage import Store

pytestmark = pytest.mark.usefixtures("no_aws")

#: How many processes are killed. 200 take about half a minute: `KILLS=200 pytest tests/test_crash.py`.
KILLS = int(os.environ.get("KILLS", "25"))
#: How many workers share a cassette.
WORKERS = os.environ.get("WORKERS", "3")


class Recorder:
    """The process of `recorder.py`."""

    def __init__(self):
        script = Path(__file__).with_name("recorder.py")
        self._process = subprocess.Popen(
            [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, mode, root, url, first, *, kill_after):
        """Record, kill the recording process after so many seconds, and return what it had been answered."""
        self._process.stdin.write(f"{mode} {root} {url} {first}\n")
        self._process.stdin.flush()
        child = int(self._process.stdout.readline())
        timer = threading.Timer(kill_after, self._kill, [child])
        timer.start()
        lines = list(iter(lambda: self._process.stdout.readline().rstrip("\n"), "end"))
        timer.cancel()
        timer.join()
        return [tuple(line.split()) for line in lines if not line.startswith("closed")]

    @staticmethod
    def _kill(child):
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)

    def close(self):
        self._process.communicate()


@pytest.fixture
def recorder():
    process = Recorder()
    yield process
    process.close()


def collections(path):
    return [one.request["CollectionId"] for one in storage.read(path)] if path.exists() else []


def test_a_killed_recording_loses_nothing(recorder, endpoint, tmp_path):
    """Whenever the process is killed, every answer that the application had is in a whole cassette afterwards."""
    recorder.run("record", tmp_path, endpoint.url, 0, kill_after=60)
    chance = random.Random(7)  # noqa: S311  moments, not secrets
    answered, killed = set(), 0
    for number in range(1, KILLS + 1):
        had = recorder.run("record", tmp_path, endpoint.url, 4 * number, kill_after=chance.uniform(0.02, 0.4))
        killed += len(had) < 12
        answered |= set(had)
        for path in tmp_path.glob("*.yaml"):
            storage.read(path)  # whole at every moment, or this raises
    with Rekognition(cassette=tmp_path / "0.yaml", cassette_dir=tmp_path) as rekognition:
        with pytest.raises(Exception, match="nobody answers"):
            boto3.client("rekognition").describe_collection(CollectionId="never")
        rekognition._problems.clear()
    recorded = {(path.stem, name) for path in tmp_path.glob("*.yaml") for name in collections(path)}
    assert answered <= recorded
    assert killed > KILLS // 4
    assert all(len(set(collections(path))) == len(collections(path)) for path in tmp_path.glob("*.yaml"))
    assert [] == list((tmp_path / storage.WORKING_FOLDER).glob("*.jsonl"))


def test_a_killed_rerecording_leaves_the_old_cassette_or_the_new(recorder, endpoint, tmp_path):
    """An interrupted rerecording never mixes with the old file; what it had paid for lies beside it."""
    recorder.run("record", tmp_path, endpoint.url, 0, kill_after=60)
    chance = random.Random(11)  # noqa: S311  moments, not secrets
    for number in range(1, max(6, KILLS // 4)):
        before = {path: collections(path) for path in tmp_path.glob("?.yaml")}
        had = recorder.run("rerecord", tmp_path, endpoint.url, 4 * number, kill_after=chance.uniform(0.02, 0.3))
        recover(tmp_path, Store)
        for path in tmp_path.glob("?.yaml"):
            anew = [f"{4 * number + int(path.stem)}-{step}" for step in range(3)]
            assert collections(path) in {tuple(before[path]): before[path], tuple(anew): anew}.values()
        for name, call in had:
            beside = tmp_path / f"{name}.interrupted.yaml"
            assert call in collections(tmp_path / f"{name}.yaml") + collections(beside)


def test_a_journal_that_is_cut_off_gives_what_is_whole(tmp_path, endpoint):
    """Half a line at the journal's end is an answer that nobody had; the lines before it are recovered."""
    cassette = tmp_path / "x.yaml"
    with Rekognition(mode="record", cassette=cassette):
        endpoint.client().describe_collection(CollectionId="a")
        endpoint.client().describe_collection(CollectionId="b")
    first, second = storage.read(cassette)
    cassette.unlink()
    journal = Journal(cassette, tmp_path, replaces=False)
    journal.add(first)
    journal.add(second)
    text = journal._path.read_bytes()
    journal._path.write_bytes(text[:-30])
    journal._lock.release()

    found = recover(tmp_path, Store)

    assert [(cassette, 1)] == found
    assert ["a"] == collections(cassette)


def test_a_living_journal_is_left_alone(tmp_path):
    """What another process is recording right now is its own."""
    journal = Journal(tmp_path / "x.yaml", tmp_path, replaces=False)
    assert [] == recover(tmp_path, Store)
    assert journal._path.exists()
    journal.close()
    assert [".gitignore"] == [path.name for path in (tmp_path / storage.WORKING_FOLDER).iterdir()]


def test_a_journal_whose_cassette_is_broken_waits(tmp_path, endpoint):
    """A cassette that cannot be read is not written over; the journal stays until it can be."""
    cassette = tmp_path / "x.yaml"
    with Rekognition(mode="record", cassette=cassette):
        endpoint.client().describe_collection(CollectionId="a")
    (recorded,) = storage.read(cassette)
    journal = Journal(cassette, tmp_path, replaces=False)
    journal.add(recorded)
    journal._lock.release()
    cassette.write_text("broken: [")

    assert [] == recover(tmp_path, Store)
    assert "broken: [" == cassette.read_text()
    cassette.unlink()
    assert [(cassette, 1)] == recover(tmp_path, Store)


SHARED = """
    import boto3
    import pytest

    client = boto3.client("rekognition")

    @pytest.mark.rekognition("shared/everything")
    @pytest.mark.parametrize("number", range(40))
    def test_one(number):
        client.describe_collection(CollectionId=f"collection-{number}")
"""


@pytest.mark.parametrize("mode", ["record", "rerecord"])
def test_workers_on_one_cassette_lose_nothing(run, endpoint, pytester, monkeypatch, mode):
    """Forty tests that share a cassette, spread over workers, are all recorded."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_REKOGNITION", endpoint.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    result = run(SHARED, "-n", WORKERS, f"--rekognition-mode={mode}")
    result.assert_outcomes(passed=40)
    assert 40 == len(set(collections(pytester.path / "cassettes" / "shared" / "everything.yaml")))
    assert 40 == len(endpoint.calls)
    monkeypatch.delenv("AWS_ENDPOINT_URL_REKOGNITION")
    run(SHARED, "-n", "2").assert_outcomes(passed=40)
    assert 40 == len(endpoint.calls)


def test_time_passes_even_within_a_microsecond(tmp_path, endpoint):
    """Recordings of one process are ordered by their time, so that none is taken for another."""
    cassette = tmp_path / "x.yaml"
    with Rekognition(mode="record", cassette=cassette):
        client = endpoint.client()
        for _ in range(20):
            client.describe_collection(CollectionId="a")
    times = [one.recorded.at for one in storage.read(cassette)]
    assert sorted(set(times)) == times
    assert times[-1] <= time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 1))
