"""Whose failure it is: the application's, the test's or nobody's, by the code that an exception went through."""

from __future__ import annotations

import linecache
import re
import sysconfig
import traceback
from fnmatch import fnmatch
from functools import cache
from importlib import metadata
from pathlib import Path
from subprocess import CalledProcessError
from typing import TYPE_CHECKING, Literal, NamedTuple

import pytest

from pytest_rekognition.errors import ContractError, PytestRekognitionError
from pytest_rekognition.plugin.sites import request_breach
from pytest_rekognition.showing import show_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_rekognition.plugin.sites import Play
    from pytest_rekognition.report.variants import Verdict

_Origin = Literal["application", "test", "library"]
_PACKAGE = str(Path(__file__).parents[1])
_STDLIB = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
_INSTALLED = frozenset({"site-packages", "dist-packages"})
#: Folders whose modules are tests, or help them.
_TEST_FOLDERS = frozenset({"test", "tests"})
#: A module that no pattern names but one that names them all.
_ANY_MODULE = "-.py"
#: The module of pytest-timeout.
_TIMEOUTS = "pytest_timeout"
_LONGEST_MESSAGE = 160
#: The files of all test functions of a session.
_TEST_FILES: pytest.StashKey[frozenset[Path]] = pytest.StashKey()
#: Python's own notation of bytes, which may be an image's.
_BYTES = re.compile(r"""b(['"])(?:\\.|(?!\1).){24,}\1?""", re.DOTALL)


class Judged(NamedTuple):
    """What became of a test under a variant."""

    verdict: Verdict
    #: such as `IndexError: list index out of range`
    error: str = ""
    #: the application's line, or the test's, such as `app.py:12`
    where: str = ""
    #: the way there, through the application and the test alone
    trace: tuple[str, ...] = ()


def judge(calls: Sequence[pytest.CallInfo[None]], play: Play, origins: Origins) -> Judged:
    """Say whether the application broke, from how each phase of a test ended.

    An exception of the application's code counts, and an assertion of its own. What the test itself expects, or
    raises where the application calls it, counts only where the altered answer says the same as the one that it
    stands for. That the service has failed is nothing that an application has to bear: it may say so itself.
    """
    error = _ending(calls, origins)
    if play.fault is not None:
        return _faulty(play.fault, error, origins)
    if error is not None and _is_timeout(error):
        return _judged("timeout", error, origins)
    if play.altered is None:
        return Judged("unreached")
    if error is None:
        return Judged("passes")
    return _judged(_verdict(error, play, origins), error, origins, _request_breach(error, play))


def _faulty(fault: BaseException, error: BaseException | None, origins: Origins) -> Judged:
    """Tell of calls that are wrong, whatever came of it; of those to a server, the test's error has the way."""
    text = str(fault) if isinstance(fault, ContractError) else _message(fault)
    return _judged("breaks", fault if origins.is_applications(fault) else error or fault, origins, text)


def _is_timeout(error: BaseException) -> bool:
    """Tell the failure that pytest-timeout raises from a signal's handler, wherever the test may be just then."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, pytest.fail.Exception) and any(
        Path(frame.filename).stem == _TIMEOUTS for frame in frames
    )


def _request_breach(error: BaseException, play: Play) -> str:
    """Return what is wrong with the request that an error of this package is about, or nothing."""
    for violation in error.violations if isinstance(error, ContractError) else ():
        if violation.side == "request":
            return request_breach(violation)
    return play.request_breach if isinstance(error, PytestRekognitionError) else ""


def _verdict(error: BaseException, play: Play, origins: Origins) -> Verdict:
    from pytest_rekognition.wire import is_refused_request  # noqa: PLC0415  loaded long before any call

    if isinstance(error, PytestRekognitionError):
        is_request = bool(_request_breach(error, play))
        return "breaks" if is_request and origins.meets_application(error) else "unjudged"
    if play.is_astray:
        return "unjudged"
    if isinstance(error, pytest.skip.Exception):
        return "expects"
    if play.altered is not None and play.altered.is_failure and origins.is_deliberate(error):
        return "passes"
    is_same = play.altered is not None and play.altered.is_same
    is_process = isinstance(error, CalledProcessError)  # an application in a process of its own
    # a request that is none is its author's, whatever of the test stands between
    is_theirs = origins.meets_application if is_refused_request(error) else origins.is_applications
    return "breaks" if is_same or is_process or is_theirs(error) else "expects"


def _ending(calls: Sequence[pytest.CallInfo[None]], origins: Origins) -> BaseException | None:
    """Return the first exception; one of the teardown only if it is the application's."""
    for call in calls:
        if call.excinfo is None:
            continue
        for error in _leaves(call.excinfo.value):
            if call.when != "teardown" or origins.is_applications(error):
                return error
    return None


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield the exceptions of a group, and what ended a thread; the exception itself, where it is neither."""
    if isinstance(error, pytest.PytestUnhandledThreadExceptionWarning) and error.__cause__ is not None:
        yield from _leaves(error.__cause__)
    elif isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _leaves(inner)
    else:
        yield error


def _judged(verdict: Verdict, error: BaseException, origins: Origins, text: str = "") -> Judged:
    frames = origins.frames(error)
    message = text or _message(error)
    where = _where(frames[-1]) if frames else ""
    lines = [f"{_where(frame)}: in {frame.name}\n    {frame.line}" for frame in frames]
    return Judged(verdict, message, where, (*lines, f"E   {message}"))


def _where(frame: traceback.FrameSummary) -> str:
    return f"{show_path(Path(frame.filename))}:{frame.lineno}"


def _message(error: BaseException) -> str:
    """Return an exception's first line: no bytes, and not all of a long one."""
    first = next(iter(str(error).splitlines()), "")
    text = _BYTES.sub("<bytes>", first)
    shown = text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]}…"
    return f"{type(error).__name__}: {shown}" if shown else type(error).__name__


class Origins:
    """Tells the application's code from the tests' and from libraries'."""

    def __init__(self, item: pytest.Item) -> None:
        self._tests = _test_files(item.session) | {item.path}
        self._base = _base(item.config.rootpath)
        patterns = item.config.getini("python_files")
        self._patterns = [pattern for pattern in patterns if not fnmatch(_ANY_MODULE, pattern)]
        self._known: dict[str, _Origin] = {}

    def is_applications(self, error: BaseException) -> bool:
        """Tell whether an exception was raised by the application, or by a library for it.

        What a function of the test raises that the application has called is the test's.
        """
        return [self.of(frame.filename) for frame in self.frames(error)][-1:] == ["application"]

    def meets_application(self, error: BaseException) -> bool:
        """Tell whether an exception went through the application's code."""
        return any(self.of(frame.filename) == "application" for frame in self.frames(error))

    def is_deliberate(self, error: BaseException) -> bool:
        """Tell whether the application ended by a `raise` of its own, or by an exit, which a library may raise."""
        if isinstance(error, SystemExit):
            return self.is_applications(error)
        last = traceback.extract_tb(error.__traceback__)[-1:]
        is_own = [self.of(frame.filename) for frame in last] == ["application"]
        return is_own and any(map(_is_raise, last))

    def frames(self, error: BaseException) -> list[traceback.FrameSummary]:
        """Return the way of an exception through the tests and the application."""
        found = traceback.extract_tb(error.__traceback__)
        return [frame for frame in found if self.of(frame.filename) != "library"]

    def of(self, filename: str) -> _Origin:
        """Return whose a file is."""
        if filename not in self._known:
            self._known[filename] = self._origin(Path(filename))
        return self._known[filename]

    def _origin(self, path: Path) -> _Origin:
        if path in self._tests:
            return "test"
        if str(path).startswith("<") or path.is_relative_to(_PACKAGE):
            return "library"
        if _INSTALLED & set(path.parts):
            return "application" if _is_local(_top_level(path)) else "library"
        if any(path.is_relative_to(folder) for folder in _STDLIB):
            return "library"
        return "test" if self._is_test(path) else "application"

    def _is_test(self, path: Path) -> bool:
        inner = path.relative_to(self._base) if path.is_relative_to(self._base) else path
        named = any(fnmatch(path.name, pattern) for pattern in self._patterns)
        return named or path.name == "conftest.py" or bool(_TEST_FOLDERS & set(inner.parts[:-1]))


def _is_raise(frame: traceback.FrameSummary) -> bool:
    line = linecache.getline(frame.filename, frame.lineno or 0).encode()  # columns are counted in bytes
    return line[frame.colno or 0 :].lstrip().startswith(b"raise")


def _test_files(session: pytest.Session) -> frozenset[Path]:
    """Return the files that test functions were collected from; of doctests, they are the application's."""
    if _TEST_FILES not in session.stash:
        functions = (item for item in session.items if isinstance(item, pytest.Function))
        session.stash[_TEST_FILES] = frozenset(item.path for item in functions)
    return session.stash[_TEST_FILES]


def _base(root: Path) -> Path:
    """Return the folder below which a folder's name may say that it holds tests.

    The run's root may be one of those itself, but for a repository's: that is called what its owner likes.
    """
    return root if (root / ".git").exists() else root.parent


def _top_level(path: Path) -> str:
    """Return the importable name that an installed file belongs to."""
    parts = path.parts
    place = max(number for number, part in enumerate(parts) if part in _INSTALLED)
    return parts[place + 1].partition(".")[0]


@cache
def _is_local(top_level: str) -> bool:
    """Tell whether a package was installed from a folder, an archive or a repository (PEP 610): an application.

    What came from an index is a library.
    """
    owners = _distributions().get(top_level, ())
    return any(metadata.distribution(owner).read_text("direct_url.json") is not None for owner in owners)


@cache
def _distributions() -> dict[str, list[str]]:
    return dict(metadata.packages_distributions())
