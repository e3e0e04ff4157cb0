"""A test run again after its own run, as a run of its own that nobody hears of."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_rekognition.plugin.items import HARNESS, KEYWORDS, WENT
from pytest_rekognition.plugin.run import RERUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_rekognition.plugin.sites import Play, Watch

#: What stands between the calls and their answers in the test that is being run again.
PLAY: pytest.StashKey[Play | Watch] = pytest.StashKey()
#: The phases, and the sub-tests, that have failed in the present run of a test.
_FAILED: pytest.StashKey[list[pytest.CallInfo[None]]] = pytest.StashKey()
#: The method of a test by which pytest itself sets up its fixtures; there is no public way to.
_SET_UP_ANEW = "_initrequest"
#: What pytest's logging writes to while a test is run.
_LOGS = ("log_cli_handler", "log_file_handler")
#: What a test leaves in its stash, and another run of it must not disturb.
_KEPT: tuple[pytest.StashKey[Any], ...] = (HARNESS, KEYWORDS, WENT)


def obstacle(item: pytest.Item) -> str:
    """Return why a test cannot be run again, or nothing."""
    if callable(getattr(item, _SET_UP_ANEW, None)):
        return ""
    return "this pytest has no way to set up the fixtures of such a test anew"


@contextmanager
def undisturbed(item: pytest.Item) -> Iterator[None]:
    """Keep what a test has left behind from its next runs: its stash, and the counts and warnings of the run."""
    kept = {key: item.stash[key] for key in _KEPT if key in item.stash}
    item.config.stash[RERUNNING] = True
    try:
        with warnings.catch_warnings(record=True), _unheard(item.session), _silent(item.config):
            warnings.simplefilter("error", pytest.PytestUnhandledThreadExceptionWarning)
            yield
    finally:
        item.config.stash[RERUNNING] = False
        for key, value in kept.items():
            item.stash[key] = value
        _release(item)


class _Unheard:
    """The hooks of a test that is run again, but for those that tell of it: reports of sub-tests go nowhere."""

    def __init__(self, hooks: Any) -> None:
        self._hooks = hooks

    def __getattr__(self, name: str) -> Any:
        return getattr(self._hooks, name)

    def pytest_runtest_makereport(self, *, item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
        """Make a report, for fixtures that look at how the test went, and keep what has failed."""
        report: pytest.TestReport = self._hooks.pytest_runtest_makereport(item=item, call=call)
        if report.failed:
            item.stash[_FAILED].append(call)
        return report

    def pytest_runtest_logreport(self, *, report: pytest.TestReport) -> None:
        """Tell nobody."""

    def pytest_exception_interact(self, **_: object) -> None:
        """Open no debugger."""


@contextmanager
def _unheard(session: pytest.Session) -> Iterator[None]:
    """Keep the reports that a test makes of itself, those of its sub-tests, from everybody."""
    hooks = session.gethookproxy
    vars(session)["gethookproxy"] = lambda path: _Unheard(hooks(path))
    try:
        yield
    finally:
        del vars(session)["gethookproxy"]


@contextmanager
def _silent(config: pytest.Config) -> Iterator[None]:
    """Write nothing of `--setup-show`, and nothing to pytest's live log and log file."""
    shown = getattr(config.option, "setupshow", False)
    plugin = config.pluginmanager.get_plugin("logging-plugin")
    found = [getattr(plugin, name, None) for name in _LOGS]
    handlers = [handler for handler in found if isinstance(handler, logging.Handler)]
    config.option.setupshow = False
    for handler in handlers:
        handler.addFilter(_nothing)
    try:
        yield
    finally:
        config.option.setupshow = shown
        for handler in handlers:
            handler.removeFilter(_nothing)


def _nothing(_: logging.LogRecord) -> bool:
    return False


def run_again(item: pytest.Item, nextitem: pytest.Item | None, play: Play | Watch) -> list[pytest.CallInfo[None]]:
    """Run a test once more, and report it to nobody; return what has failed, and each phase.

    Its answers go through `play`. With the test's parent as `nextitem`, what it shares with others is left
    standing for the next run.
    """
    _renew(item, play)
    failed = item.stash[_FAILED]
    with _timed(item):
        calls = [_phase(item, "setup")]
        if calls[0].excinfo is None:
            calls.append(_phase(item, "call"))
        calls.append(_phase(item, "teardown", nextitem=nextitem))
    return [*failed, *calls]


@contextmanager
def _timed(item: pytest.Item) -> Iterator[None]:
    """Have pytest-timeout, where there is one, time a run as it times a test."""
    around = getattr(_timeouts(item), "pytest_runtest_protocol", None)
    if around is None:
        yield
    else:
        with contextmanager(around)(item):
            yield


def untimed(item: pytest.Item) -> None:
    """Stop the timer of the first run: it would go off anywhere, and for the re-runs there are others."""
    cancel = getattr(_timeouts(item), "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)


def _timeouts(item: pytest.Item) -> Any:
    """Return the plugin pytest-timeout, by the name of its entry point or its module; None without it."""
    plugins = item.config.pluginmanager
    return plugins.get_plugin("timeout") or plugins.get_plugin("pytest_timeout")


def wind_up(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Tear down what re-runs have left standing: pytest does so only with a test that was set up."""
    from pytest_rekognition.plugin.sites import Watch  # noqa: PLC0415  not at plugin load

    _renew(item, Watch())
    _phase(item, "setup")
    _phase(item, "teardown", nextitem=nextitem)


def _renew(item: pytest.Item, play: Play | Watch) -> None:
    """Have the fixtures of a test set up anew, and its class created anew, as pytest-rerunfailures does."""
    item.stash[PLAY] = play
    item.stash[_FAILED] = []
    getattr(item, _SET_UP_ANEW)()
    if isinstance(item.parent, pytest.Class) and getattr(item, "instance", None) is not None:
        vars(item).pop("_instance", None)
        vars(item).pop("_obj", None)


def _release(item: pytest.Item) -> None:
    """Let go of what a run has set up, as pytest does: a test is kept to the end of the session."""
    if hasattr(item, "_request"):
        vars(item).update(_request=False, funcargs=None)


def _phase(item: pytest.Item, when: Any, **arguments: Any) -> pytest.CallInfo[None]:
    """Run one phase, and have its report made, which nobody gets."""
    hook = getattr(item.ihook, f"pytest_runtest_{when}")
    call = pytest.CallInfo.from_call(
        lambda: hook(item=item, **arguments), when=when, reraise=(pytest.exit.Exception, KeyboardInterrupt)
    )
    item.ihook.pytest_runtest_makereport(item=item, call=call)
    return call
