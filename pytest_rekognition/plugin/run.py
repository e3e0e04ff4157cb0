"""The whole run: what it counts, whether it saw every test, and what it says at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_rekognition.plugin import settings

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from pytest_rekognition.harness import Rekognition
    from pytest_rekognition.plugin.housekeeping import Ledger, Verdict
    from pytest_rekognition.report.summary import Tally
    from pytest_rekognition.report.variants import Findings

#: Where a worker's counts lie in what it sends, and where the verdict lies in pytest's cache.
_XDIST_KEY = "rekognition"
CACHE_KEY = "rekognition/unused"
_TALLY: pytest.StashKey[Tally] = pytest.StashKey()
LEDGER: pytest.StashKey[Ledger] = pytest.StashKey()
#: Whether a test is being run again with an answer altered: nothing of it is counted.
RERUNNING: pytest.StashKey[bool] = pytest.StashKey()
_FINDINGS: pytest.StashKey[Findings] = pytest.StashKey()
_NARROWED: pytest.StashKey[bool] = pytest.StashKey()
_VERDICT: pytest.StashKey[Verdict] = pytest.StashKey()
#: Options of pytest by which a run does not run every test, though nothing may be deselected.
_NARROWING = ("collectonly", "setuponly", "setupplan", "lf", "ignore", "ignore_glob")


def tally(config: pytest.Config) -> Tally:
    """Return the counts of the run."""
    if _TALLY not in config.stash:
        from pytest_rekognition.report.summary import Tally  # noqa: PLC0415  not at plugin load

        config.stash[_TALLY] = Tally()
    return config.stash[_TALLY]


def ledger(config: pytest.Config) -> Ledger:
    """Return what the run knows of the use of its cassettes."""
    if LEDGER not in config.stash:
        from pytest_rekognition.plugin.housekeeping import Ledger  # noqa: PLC0415  not at plugin load

        config.stash[LEDGER] = Ledger(settings.cassette_dir(config))
    return config.stash[LEDGER]


def findings(config: pytest.Config) -> Findings:
    """Return what the finder of fragile code has found in the run."""
    if _FINDINGS not in config.stash:
        from pytest_rekognition.report.variants import Findings  # noqa: PLC0415  not at plugin load

        config.stash[_FINDINGS] = Findings()
    return config.stash[_FINDINGS]


def account_for(config: pytest.Config, harness: Rekognition) -> None:
    """Count what a harness, closed by now, has seen."""
    if config.stash.get(RERUNNING, False):
        return
    usage = harness.usage()
    tally(config).add(harness.sources(), harness.drifts(), usage)
    if usage is not None:
        ledger(config).use(usage)


# --- whether the run sees every test ---------------------------------------------------------------------------


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Remember that not every test is run."""
    for item in items[:1]:
        item.config.stash[_NARROWED] = True


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Remember that the tests of a module that was skipped as a whole are not known."""
    report = yield
    if report.skipped:
        collector.config.stash[_NARROWED] = True
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """Notice tests that another plugin takes away without a word."""
    before = len(items)
    try:
        return (yield)
    finally:
        if len(items) < before:
            config.stash[_NARROWED] = True


def _is_whole(session: pytest.Session, book: Ledger) -> bool:
    """Tell whether this process, with the workers that it has, ran every test there is, and all went well."""
    config = session.config
    sources = pytest.Config.ArgsSource
    from_root = config.invocation_params.dir == config.rootpath
    everywhere = config.args_source is sources.TESTPATHS or (
        config.args_source is sources.INVOCATION_DIR and from_root
    )
    stopped = session.shouldstop or session.shouldfail
    narrowed = any(config.getoption(name, None) for name in _NARROWING)
    return everywhere and book.is_complete and not (stopped or narrowed) and _mode_uses_cassettes(config)


def _mode_uses_cassettes(config: pytest.Config) -> bool:
    """Tell whether the command line leaves recordings in use."""
    return "mode" not in settings.command_line(config) or settings.checked_settings(config).mode in {
        "replay",
        "record",
        "once",
    }


# --- the end of the run ----------------------------------------------------------------------------------------


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Send a worker's counts to the controller of a distributed run; elsewhere, judge what was unused.

    A search for fragile code that has tried nothing does not pass.
    """
    config = session.config
    if LEDGER in config.stash and config.stash.get(_NARROWED, False):
        ledger(config).narrowed = True
    output = getattr(config, "workeroutput", None)
    if output is not None:
        output[_XDIST_KEY] = {
            "tally": tally(config).dump() if _TALLY in config.stash else None,
            "ledger": ledger(config).dump() if LEDGER in config.stash else None,
            "findings": findings(config).dump() if _FINDINGS in config.stash else None,
        }
    elif exitstatus == pytest.ExitCode.OK:
        if LEDGER in config.stash and _is_whole(session, ledger(config)):
            _judge(config)
        if session.testscollected and _has_tried_nothing(config):
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def _has_tried_nothing(config: pytest.Config) -> bool:
    """Tell a run that the command line asked to look for fragile code, and that had none to look at.

    A run without a test, such as that of `--fixtures`, was none; one that repeats a variant has tried it.
    """
    is_asked = bool(settings.command_line(config).get("variants")) and not config.getoption("rekognition_variant")
    is_run = not any(config.getoption(name) for name in ("collectonly", "setuponly", "setupplan"))
    return is_asked and is_run and not findings(config).has_tried


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """Add a worker's counts to the controller's; of one that crashed they are lost."""
    sent = getattr(node, "workeroutput", {}).get(_XDIST_KEY)
    if error or sent is None:
        ledger(node.config).narrowed = True
        return
    if sent["tally"] is not None:
        tally(node.config).merge(sent["tally"])
    if sent["ledger"] is not None:
        ledger(node.config).merge(sent["ledger"])
    if sent["findings"] is not None:
        findings(node.config).merge(sent["findings"])


def _judge(config: pytest.Config) -> None:
    from pytest_rekognition.plugin.housekeeping import Layout  # noqa: PLC0415  not at plugin load

    layout = Layout(config.rootpath, config.getini("python_files"), config.getini("python_functions"))
    verdict = ledger(config).verdict(layout)
    if verdict is None:
        return
    config.stash[_VERDICT] = verdict
    cache = getattr(config, "cache", None)
    if cache is not None:
        cache.set(CACHE_KEY, verdict.dump(config.rootpath))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Write one quiet line, with -v each drift, and what there is to tidy up."""
    verbose = config.get_verbosity() > 0
    if _FINDINGS in config.stash:
        _tell_findings(terminalreporter, findings(config), verbose=verbose)
    if _TALLY in config.stash:
        counts = tally(config)
        line = counts.line()
        if line is not None:
            terminalreporter.write_line(line)
        for detail in counts.details() if verbose else ():
            terminalreporter.write_line(detail)
        _warn(terminalreporter, counts.aged(settings.max_age(config)), verbose=verbose)
    if _VERDICT in config.stash:
        _warn(terminalreporter, config.stash[_VERDICT].lines(config.rootpath), verbose=verbose)


def _tell_findings(terminalreporter: pytest.TerminalReporter, found: Findings, *, verbose: bool) -> None:
    """Write what the finder of fragile code found, in a section of its own where there is more than a line."""
    lines = list(found.lines(verbose=verbose))
    if len(lines) > 1:
        terminalreporter.section("rekognition variants")
    for line in lines:
        terminalreporter.write_line(line)


def _warn(terminalreporter: pytest.TerminalReporter, lines: Sequence[str], *, verbose: bool) -> None:
    """Write a head, rows and a remedy; without -v not all of many rows."""
    from pytest_rekognition.report.summary import shortened  # noqa: PLC0415  not at plugin load

    for line in lines if verbose else shortened(lines):
        terminalreporter.write_line(line, yellow=True)
