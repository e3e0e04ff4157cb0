"""The finder of fragile code: each test once more for each thing that the service may answer instead."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, cast

import pytest

from pytest_rekognition.plugin import places, rerun
from pytest_rekognition.plugin.items import AFTERWARDS, HARNESS, WENT, Went
from pytest_rekognition.plugin.run import RERUNNING, findings
from pytest_rekognition.showing import plural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_rekognition.harness import Rekognition
    from pytest_rekognition.options import Options
    from pytest_rekognition.plugin.blame import Judged
    from pytest_rekognition.plugin.sites import Play, VariantName, Watch
    from pytest_rekognition.report.variants import Tried


def altering(item: pytest.Item, options: Options) -> Play | Watch | None:
    """Return what is to stand between a test's calls and their answers; None where the finder is off.

    Raises `UsageError` for names of variants that mean nothing.
    """
    if item.config.stash.get(RERUNNING, False):
        return item.stash[rerun.PLAY]
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
    if not options.variants:
        return None
    obstacle = obstacle or rerun.obstacle(item)
    if obstacle:
        findings(item.config).pass_over(item.nodeid, obstacle)
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
    """Try the variants of a test whose first run is over, if it went well, sub-tests and teardown included."""
    rerun.untimed(item)
    harness = item.stash[HARNESS]
    has_passed = item.stash.get(WENT, Went()).outcome == "passed" and item.session.testsfailed == failed_before
    if harness is None or not has_passed or harness.problems():
        return
    watch = cast("Watch", harness.alter)
    harness.alter = None  # it holds every answer, images and all
    variants = watch.variants()
    chosen = list(islice(variants, harness.options.variants))
    obstacle = "" if chosen else "received no answer that can be altered"
    tried: list[Tried] = []
    if chosen:
        with rerun.undisturbed(item):
            obstacle = _differs(item, watch)
            if obstacle:
                rerun.wind_up(item, nextitem)
            else:
                tried = list(_tries(item, nextitem, watch.calls, chosen, harness.options))
        _show_progress(item, "")
    if obstacle:
        findings(item.config).pass_over(item.nodeid, obstacle)
        return
    _conclude(item, harness.options, tried, is_bounded=next(variants, None) is not None)


def _differs(item: pytest.Item, watch: Watch) -> str:
    """Run a test again with nothing altered; return what makes it no measure of the variants, or nothing."""
    from pytest_rekognition.plugin.sites import Watch  # noqa: PLC0415  not at plugin load

    _show_progress(item, "once more as it is")
    again = Watch()
    calls = rerun.run_again(item, cast("pytest.Item", item.parent), again)
    if any(call.excinfo is not None for call in calls):
        return "does not pass a second time"
    return "" if watch.sites <= again.sites else "does not make its calls a second time"


def _tries(
    item: pytest.Item, nextitem: pytest.Item | None, calls: int, chosen: Sequence[VariantName], options: Options
) -> Iterator[Tried]:
    """Run a test again under each variant; it made so many calls in its first run.

    What comes of it is noted one by one: what was found before Ctrl+C is told too.
    """
    from pytest_rekognition.plugin.blame import Origins, judge  # noqa: PLC0415  not at plugin load
    from pytest_rekognition.plugin.sites import Play  # noqa: PLC0415

    origins = Origins(item)
    for number, name in enumerate(chosen, 1):
        _show_progress(item, f"{name}, {number} of {len(chosen)}")
        play = Play(name, calls)
        is_last = number == len(chosen)
        phases = rerun.run_again(item, nextitem if is_last else cast("pytest.Item", item.parent), play)
        one = _outcome(item, name, judge(phases, play, origins), options)
        findings(item.config).add([one])
        yield one


# --- what came of it -----------------------------------------------------------------------------------------


def _outcome(item: pytest.Item, name: VariantName, judged: Judged, options: Options) -> Tried:
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


def _conclude(item: pytest.Item, options: Options, tried: list[Tried], *, is_bounded: bool) -> None:
    """Note what the counts do not tell, and report what breaks the application."""
    if is_bounded:
        findings(item.config).bounded(item.nodeid)
    else:
        _note_superfluous(item, options, tried)
    broken = [one for one in tried if one.verdict == "breaks"]
    if broken:
        _fail_for(broken, item)


def _note_superfluous(item: pytest.Item, options: Options, tried: list[Tried]) -> None:
    """Note which failures a test accepts that did not come."""
    from pytest_rekognition.plugin.sites import one_variant, variant_name  # noqa: PLC0415  not at plugin load

    came = [one_variant(f"{one.site}:{one.variant}") for one in tried if one.verdict == "accepted"]
    for accepted in options.may_break:
        if not any(variant_name(accepted).covers(name) for name in came):
            findings(item.config).was_superfluous(item.nodeid, accepted)


def _fail_for(broken: list[Tried], item: pytest.Item) -> None:
    """Report a failure beside the test's own report, which stands: the run is red, and -x and --lf know of it."""
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
