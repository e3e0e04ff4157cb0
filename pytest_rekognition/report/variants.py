"""What the fragile-code finder found, as the end of a run tells it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from pytest_rekognition.showing import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

#: What became of a test under a variant. `breaks`: the application broke. `accepted`: it did, and the test says
#: that it may. `expects`: the test's own expectation of other data failed. `unjudged`: a call was made that nobody
#: answers. `unreached`: the answer did not come again. `timeout`: pytest-timeout ended the test.
Verdict = Literal["breaks", "accepted", "passes", "expects", "unjudged", "unreached", "timeout"]

_COUNTED: dict[Verdict, str] = {
    "passes": "passed",
    "accepted": "accepted",
    "expects": "changed what the test expects, not counted",
    "unjudged": "led to a call that nobody answers, not judged",
    "unreached": "did not come to the answer again, not judged",
    "timeout": "ended by pytest-timeout, not judged",
}
_HEADS = ("test", "answer", "variant", "breaks with")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """A test under one variant."""

    #: the test's id
    test: str
    #: which answer, such as `DetectFaces#1`
    site: str
    #: such as `no-faces`
    variant: str
    verdict: Verdict
    #: such as `IndexError: list index out of range`
    error: str = ""
    #: where in the application, or in the test
    where: str = ""
    trace: tuple[str, ...] = ()
    #: the command that repeats it
    command: str = ""

    @property
    def cause(self) -> str:
        """What went wrong, and where."""
        return f"{self.error} ({self.where})" if self.where else self.error


class Findings:
    """What was tried in a run, and what came of it; those of several processes can be added up."""

    def __init__(self) -> None:
        self._tried: list[Tried] = []
        self._bounded: list[str] = []
        self._passed_over: dict[str, str] = {}
        self._superfluous: list[tuple[str, str]] = []

    def add(self, tried: Iterable[Tried]) -> None:
        """Add what was tried of one test."""
        self._tried += tried

    def bounded(self, test: str) -> None:
        """Note that a test has more variants than its bound allows."""
        self._bounded.append(test)

    def pass_over(self, test: str, reason: str) -> None:
        """Note that a test was not run again, and why."""
        self._passed_over[test] = reason

    def was_superfluous(self, test: str, accepted: str) -> None:
        """Note that a test accepts a failure which did not come."""
        self._superfluous.append((test, accepted))

    def dump(self) -> dict[str, Any]:
        """Return everything as plain data, to send to another process."""
        return {
            "tried": [asdict(one) for one in self._tried],
            "bounded": self._bounded,
            "passed_over": self._passed_over,
            "superfluous": [list(one) for one in self._superfluous],
        }

    def merge(self, dumped: Mapping[str, Any]) -> None:
        """Add what another process found."""
        self._tried += [Tried(**{**one, "trace": tuple(one["trace"])}) for one in dumped["tried"]]
        self._bounded += dumped["bounded"]
        self._passed_over |= dumped["passed_over"]
        self._superfluous += [(test, accepted) for test, accepted in dumped["superfluous"]]

    @property
    def has_tried(self) -> bool:
        """Whether any test was run again."""
        return bool(self._tried)

    def lines(self, *, verbose: bool) -> Iterator[str]:
        """Yield a table of what breaks the application, each distinct traceback, and the counts."""
        tried = sorted(self._tried, key=lambda one: one.test)  # of each test in the order of the run
        broken = [one for one in tried if one.verdict == "breaks"]
        if broken:
            yield from _table(broken)
            yield from _causes(broken)
            yield ""
        yield self._counts(tried)
        yield from self._remarks()
        if verbose:
            yield from (
                f"  {one.verdict:9} {one.test} {one.site}:{one.variant} {one.cause}".rstrip() for one in tried
            )
            yield from (f"  superfluous: {test} accepts {name}" for test, name in sorted(self._superfluous))

    def _counts(self, tried: Sequence[Tried]) -> str:
        if not tried:
            why = "" if self._passed_over else ": no test that passed received an answer that may be altered"
            return f"rekognition variants: nothing was tried{why}"
        counts = Counter(one.verdict for one in tried)
        tests = {one.test for one in tried}
        hit = {one.test for one in tried if one.verdict == "breaks"}
        runs = f"{plural(len(tried), 're-run')} of {plural(len(tests), 'test')}"
        broken = plural(counts["breaks"], "variant")
        verb = "breaks" if counts["breaks"] == 1 else "break"
        head = (
            f"{broken} {verb} the application, in {plural(len(hit), 'test')}"
            if hit
            else "none breaks the application"
        )
        parts = [f"{counts[verdict]} {words}" for verdict, words in _COUNTED.items() if counts[verdict]]
        return f"rekognition variants: {' · '.join([runs, head, *parts])}"

    def _remarks(self) -> Iterator[str]:
        if self._bounded:
            tests = plural(len(self._bounded), "test")
            yield f"  {tests} with more variants than were tried: --rekognition-variants=N tries N of each"
        for reason, count in sorted(Counter(self._passed_over.values()).items()):
            yield f"  {plural(count, 'test')} not run again: {reason}"


def _table(broken: Sequence[Tried]) -> list[str]:
    """Return a table by test, answer and variant."""
    rows = [_HEADS, *((one.test, one.site, one.variant, one.cause) for one in broken)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS) - 1)]
    return ["  ".join([*map(str.ljust, row, widths), row[-1]]) for row in rows]


def _causes(broken: Sequence[Tried]) -> Iterator[str]:
    """Yield each distinct traceback once, with the command that repeats the first of its variants."""
    by_trace: dict[tuple[str, ...], list[Tried]] = {}
    for one in broken:
        by_trace.setdefault(one.trace, []).append(one)
    for trace, those in by_trace.items():
        first, *others = those
        also = f", and {plural(len(others), 'other')}" if others else ""
        yield ""
        yield f"{first.test}, {first.site}:{first.variant}{also}"
        for entry in trace:
            yield from (f"  {line}" for line in entry.splitlines())
        yield f"  To repeat it: {first.command}"
