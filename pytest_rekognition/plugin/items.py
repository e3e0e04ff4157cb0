"""One test from its setup to its end: who uses the plugin, how it went, and what its cassette is held to."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_rekognition.plugin import places
from pytest_rekognition.plugin.run import LEDGER, ledger
from pytest_rekognition.plugin.settings import MARKER, cassette_dir

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from pytest_rekognition.harness import Rekognition

WENT: pytest.StashKey[Went] = pytest.StashKey()
#: The harness of a test that is being run, and the options that it was made with.
HARNESS: pytest.StashKey[Rekognition | None] = pytest.StashKey()
KEYWORDS: pytest.StashKey[dict[str, Any]] = pytest.StashKey()
#: What is to be done with a test, and the next one, when it has been run and reported.
AFTERWARDS: pytest.StashKey[Callable[[pytest.Item, pytest.Item | None], None]] = pytest.StashKey()
#: The test that is being run.
CURRENT: pytest.StashKey[pytest.Item | None] = pytest.StashKey()

#: Modules whose lines say nothing about an error of this package: the SDK's that lead to it, and its own but for
#: this subpackage, which pytest itself calls.
_INSIDE = re.compile(r"(aio)?boto(core|3)\b|pytest_rekognition\.(?!plugin\b)")
_TEARDOWN_BLOCK = (
    "from a fixture that is torn down after {test}, whose harness has closed. Make the call inside the test, or"
    " give the fixture a harness of its own: with Rekognition(...) as rekognition."
)


class Went(NamedTuple):
    """How a test went."""

    #: `passed`, `skipped`, `failed`, or nothing where it did not get to run
    outcome: str = ""
    #: what the exception that ended it says
    reason: str = ""


def uses_plugin(item: pytest.Item) -> bool:
    """Tell whether a test asks for the harness, by fixture or marker."""
    names = getattr(item, "fixturenames", None)
    return names is not None and ("rekognition" in names or item.get_closest_marker(MARKER) is not None)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin the ledger of a run with a test that uses the plugin; others need none."""
    if any(uses_plugin(item) for item in session.items):
        ledger(session.config).collect((places.default_path(item), uses_plugin(item)) for item in session.items)


@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None, object, object]:
    """Remember which test is being run, and settle afterwards what its cassette is held to.

    Innermost, so that what comes afterwards is under the same warning filters, for example.
    """
    item.config.stash[CURRENT] = item
    try:
        result = yield
        if AFTERWARDS in item.stash:
            item.stash[AFTERWARDS](item, nextitem)
        return result
    finally:
        item.config.stash[CURRENT] = None
        if LEDGER in item.config.stash:
            _settle(item)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Open the harness of a test that asks for it, by fixture or marker, before its other fixtures are set up.

    The list is the test's own: the one that pytest has made is shared by all parameters of a function.
    """
    item.stash[HARNESS] = None
    if uses_plugin(item):
        names = item.fixturenames  # type: ignore[attr-defined]
        item.fixturenames = ["rekognition", *(name for name in names if name != "rekognition")]  # type: ignore[attr-defined]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None]:
    """Keep calls from the network also where a fixture of the test is torn down after the harness has closed."""
    harness = item.stash.get(HARNESS, None)
    if harness is None or not harness.offline:
        return (yield)
    from pytest_rekognition.wire import blocked  # noqa: PLC0415  not at plugin load

    with blocked(_TEARDOWN_BLOCK.format(test=item.nodeid)):
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remember how a test went: only one that ran to its end is held to everything that it left behind.

    An error of this package is told at the line of the user's that led to it; with `--full-trace` as it came.
    """
    if call.excinfo is not None and _is_ours(call.excinfo):
        _hide_inside(call.excinfo)
    report = yield
    if call.when == "setup":
        item.stash[WENT] = Went()
    elif call.when == "call":
        outcome = "failed" if hasattr(report, "wasxfail") else report.outcome
        item.stash[WENT] = Went(outcome, str(call.excinfo.value) if call.excinfo else "")
    return report


def _hide_inside(raised: pytest.ExceptionInfo[BaseException]) -> None:
    """Have pytest leave out what lies inside a call, by its own means: a name in the modules that it lies in."""
    for entry in raised.traceback:
        names = entry.frame.f_globals
        if _INSIDE.match(names.get("__name__", "")):
            names["__tracebackhide__"] = _is_ours


def _is_ours(raised: pytest.ExceptionInfo[BaseException] | None) -> bool:
    """Tell whether an error is one of this package, so that the user's line that led to it says it all."""
    from pytest_rekognition.errors import PytestRekognitionError  # noqa: PLC0415  not at plugin load

    return raised is not None and isinstance(raised.value, PytestRekognitionError)


def _settle(item: pytest.Item) -> None:
    """Excuse the cassette of a test that did not run to its end, or not in a mode that uses the whole of it.

    One that does not ask for the harness may still have been about to, by `request.getfixturevalue`.
    """
    book = ledger(item.config)
    book.started += 1
    harness = item.stash.get(HARNESS, None)
    went = item.stash.get(WENT, Went())
    passed = went.outcome == "passed"
    if harness is not None:
        if not (passed and harness.options.mode in {"replay", "record"}):
            book.excuse(harness.options.cassette)
        return
    if passed and not uses_plugin(item):
        return
    book.excuse(_expected(item))
    if places.is_renamed(item):
        book.narrowed = True


def _expected(item: pytest.Item) -> Path:
    """Return the cassette of a test whose harness was never opened."""
    from pytest_rekognition.cassettes.naming import named_path  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415

    try:
        name = places.marked_name(item)
        path = places.default_path(item) if name is None else named_path(name)
    except UsageError:  # the test would have failed for it
        path = places.default_path(item)
    return cassette_dir(item.config) / path
