"""The finder of fragile code: each test once more for each thing that the service may answer instead."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import pytest

from pytest_rekognition.plugin import places
from pytest_rekognition.plugin.items import AFTERWARDS, HARNESS, KEYWORDS, WENT, Went
from pytest_rekognition.plugin.run import RERUNNING, findings
from pytest_rekognition.showing import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_rekognition.harness import Rekognition
    from pytest_rekognition.options import Options
    from pytest_rekognition.plugin.blame import Judged
    from pytest_rekognition.plugin.sites import Play, VariantName, Watch
    from pytest_rekognition.report.variants import Tried

#: What stands between the calls and their answers in the test that is being run again.
_PLAY: pytest.StashKey[Play | Watch] = pytest.StashKey()
#: The phases, and the sub-tests, that have failed in the present run of a test.
_FAILED: pytest.StashKey[list[pytest.CallInfo[None]]] = pytest.StashKey()
#: What pytest's logging writes to while a test is run.
_LOGS = ("log_cli_handler", "log_file_handler")
#: What a test leaves in its stash, and another run of it must not disturb.
_KEPT: tuple[pytest.StashKey[Any], ...] = (HARNESS, KEYWORDS, WENT)


def altering(item: pytest.Item, options: Options) -> Play | Watch | None:
    """Return what is to stand between a test's calls and their answers; None where the finder is off.

    Raises `UsageError` for names of variants that mean nothing.
    """
    if item.config.stash.get(RERUNNING, False):
        return item.stash[_PLAY]
    name = item.config.getoption("rekognition_variant")
    if not (name or options.variants or options.may_break):
        return None
    from pytest_rekognition.errors import UsageError  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.plugin.sites import Play, Watch, one_variant, variant_name  # noqa: PLC0415

    for accepted in options.may_break:
        variant_name(accepted)
    obstacle = _obstacle(item, options)
    if name and obstacle:
        raise UsageError(f"--rekognition-variant cannot alter an answer of this test: {obstacle}")
    if name:
        return Play(one_variant(name))
    if options.variants and obstacle:
        findings(item.config).pass_over(item.nodeid, obstacle)
    if obstacle or not options.variants:
        return None
    afterwards: Callable[[pytest.Item, pytest.Item | None], None] = partial(
        _find, failed_before=item.session.testsfailed
    )
    item.stash[AFTERWARDS] = afterwards
    return Watch()


def _obstacle(item: pytest.Item, options: Options) -> str:
    """Return why the answers of a test are not altered, or nothing."""
    if not options.mode.offline:
        return f"mode {options.mode.value} would call the real service over and over"
    if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
        return "Hypothesis runs it with many answers already"
    return ""


def verify(item: pytest.Item, harness: Rekognition) -> None:
    """Fail a test that was to have one answer altered, and had not, or that swallowed what it did wrong then."""
    play = harness.alter
    name = item.config.getoption("rekognition_variant")
    if not name or item.stash.get(WENT, Went()).outcome != "passed":
        return
    fault = getattr(play, "fault", None)
    if fault is not None:
        pytest.fail(f"--rekognition-variant={name}: {fault}", pytrace=False)
    if getattr(play, "altered", None) is not None:
        return
    sites = ", ".join(getattr(play, "sites", ())) or "none"
    pytest.fail(
        f"--rekognition-variant={name} has altered nothing: the answer did not come, or cannot be altered so."
        f" The answers of this test: {sites}.",
        pytrace=False,
    )


def _find(item: pytest.Item, nextitem: pytest.Item | None, *, failed_before: int) -> None:
    """Try the variants of a test whose first run is over, and went well, sub-tests and teardown included."""
    from pytest_rekognition.plugin.sites import Watch  # noqa: PLC0415  not at plugin load

    _untimed(item)
    harness = item.stash[HARNESS]
    watch = None if harness is None else harness.alter
    has_passed = item.stash.get(WENT, Went()).outcome == "passed" and item.session.testsfailed == failed_before
    if harness is None or not isinstance(watch, Watch) or not has_passed or harness.problems():
        return
    variants = watch.variants()
    chosen = list(islice(variants, harness.options.variants))
    is_bounded = next(variants, None) is not None
    found = findings(item.config)
    tried: list[Tried] = []
    with _undisturbed(item):
        obstacle = _differs(item, watch) if chosen else ""
        if obstacle:
            _wind_up(item, nextitem)
        for one in () if obstacle else _tries(item, nextitem, watch.calls, chosen, harness.options):
            found.add([one])  # one by one: what was found before Ctrl+C is told too
            tried.append(one)
    if chosen:
        _show_progress(item, "")
    harness.alter = None  # it holds every answer, images and all
    if obstacle:
        found.pass_over(item.nodeid, obstacle)
        return
    if is_bounded:
        found.bounded(item.nodeid)
    _note_superfluous(item, harness.options, tried)
    _fail_for([one for one in tried if one.verdict == "breaks"], item)


def _differs(item: pytest.Item, watch: Watch) -> str:
    """Run a test again with nothing altered; return what makes it no measure of the variants, or nothing."""
    from pytest_rekognition.plugin.sites import Watch  # noqa: PLC0415  not at plugin load

    _show_progress(item, "once more as it is")
    item.stash[_PLAY] = again = Watch()
    calls = _run_again(item, cast("pytest.Item", item.parent))
    if any(call.excinfo is not None for call in calls):
        return "does not pass a second time"
    return "" if watch.sites <= again.sites else "does not make its calls a second time"


def _tries(
    item: pytest.Item, nextitem: pytest.Item | None, calls: int, chosen: Sequence[VariantName], options: Options
) -> Iterator[Tried]:
    """Run a test again under each variant; it made so many calls in its first run."""
    from pytest_rekognition.plugin.blame import Origins, judge  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.plugin.sites import MOST_CALLS, Play  # noqa: PLC0415

    origins = Origins(item)
    for number, name in enumerate(chosen, 1):
        _show_progress(item, f"{name}, {number} of {len(chosen)}")
        item.stash[_PLAY] = play = Play(name, calls + MOST_CALLS)
        is_last = number == len(chosen)
        phases = _run_again(item, nextitem if is_last else cast("pytest.Item", item.parent))
        yield _told(item, name, judge(phases, play, origins), options)


# --- running a test again ------------------------------------------------------------------------------------


@contextmanager
def _undisturbed(item: pytest.Item) -> Iterator[None]:
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


def _run_again(item: pytest.Item, nextitem: pytest.Item | None) -> list[pytest.CallInfo[None]]:
    """Run a test once more, and report it to nobody; return what has failed, and each phase.

    With the test's parent as `nextitem`, what it shares with others is left standing for the next run.
    """
    _renew(item)
    failed: list[pytest.CallInfo[None]] = []
    item.stash[_FAILED] = failed
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


def _untimed(item: pytest.Item) -> None:
    """Stop the timer of the first run: it would go off anywhere, and for the re-runs there are others."""
    cancel = getattr(_timeouts(item), "pytest_timeout_cancel_timer", None)
    if cancel is not None:
        cancel(item=item)


def _timeouts(item: pytest.Item) -> Any:
    """Return the plugin pytest-timeout, by the name of its entry point or its module; None without it."""
    plugins = item.config.pluginmanager
    return plugins.get_plugin("timeout") or plugins.get_plugin("pytest_timeout")


def _wind_up(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Tear down what re-runs have left standing: pytest does so only with a test that was set up."""
    from pytest_rekognition.plugin.sites import Watch  # noqa: PLC0415  not at plugin load

    item.stash[_PLAY] = Watch()
    _renew(item)
    item.stash[_FAILED] = []
    _phase(item, "setup")
    _phase(item, "teardown", nextitem=nextitem)


def _renew(item: pytest.Item) -> None:
    """Have the fixtures of a test set up anew, and its class created anew.

    There is no public way to: this is what pytest-rerunfailures and pytest-retry do.
    """
    request = getattr(item, "_initrequest", None)
    if request is not None:
        request()
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


# --- what came of it -----------------------------------------------------------------------------------------


def _told(item: pytest.Item, name: VariantName, judged: Judged, options: Options) -> Tried:
    from pytest_rekognition.plugin.sites import variant_name  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.report.variants import Tried  # noqa: PLC0415

    is_accepted = any(variant_name(accepted).covers(name) for accepted in options.may_break)
    return Tried(
        test=item.nodeid,
        site=name.site,
        variant=name.variant,
        verdict="accepted" if is_accepted and judged.verdict == "breaks" else judged.verdict,
        error=judged.error,
        where=judged.where,
        trace=judged.trace,
        command=f'{places.record_command(item).rpartition(" ")[0]} "--rekognition-variant={name}"',
    )


def _note_superfluous(item: pytest.Item, options: Options, tried: list[Tried]) -> None:
    """Note which failures a test accepts that did not come."""
    from pytest_rekognition.plugin.sites import one_variant, variant_name  # noqa: PLC0415  not at plugin load

    came = [one_variant(f"{one.site}:{one.variant}") for one in tried if one.verdict == "accepted"]
    for accepted in options.may_break:
        if not any(variant_name(accepted).covers(name) for name in came):
            findings(item.config).was_superfluous(item.nodeid, accepted)


def _fail_for(broken: list[Tried], item: pytest.Item) -> None:
    """Report a failure beside the test's own report, which stands: the run is red, and -x and --lf know of it."""
    if not broken:
        return
    _show_progress(item, "")
    causes = "; ".join(f"{one.site}:{one.variant}, {one.cause}" for one in broken)
    report = pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="failed",
        # One line: in CI, pytest's summary repeats the whole of it.
        longrepr=f"{plural(len(broken), 'answer')} that the service may give instead would break this: {causes}",
        when="call",
        sections=[("rekognition", "The section 'rekognition variants' below has the tracebacks.")],
    )
    item.ihook.pytest_runtest_logreport(report=report)


def _show_progress(item: pytest.Item, text: str) -> None:
    """Write over the terminal's last line; nothing where the output is no terminal, or a worker's."""
    reporter = item.config.pluginmanager.get_plugin("terminalreporter")
    quiet = item.config.get_verbosity() < 0 or hasattr(item.config, "workerinput")
    if reporter is None or quiet or not reporter.isatty:
        return
    reporter.ensure_newline()
    reporter.rewrite(f"rekognition variants: {item.nodeid}, {text}" if text else "", erase=True)
