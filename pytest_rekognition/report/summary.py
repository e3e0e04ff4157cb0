"""The lines at the end of a run: how many calls there were, who answered, what drifted, what is old or unused."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pytest_rekognition.showing import plural, show_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_rekognition.cassettes.settings import Usage
    from pytest_rekognition.exchange import Source, Violation

_SOURCES = ("cassette", "reference", "live", "stub")
#: What else is counted, in the order of the line.
_FACTS = {
    "recorded": "recorded",
    "recovered": "recovered from interrupted recordings",
    "checked": "checked",
}
#: How many rows of a list are shown without -v.
_MOST_ROWS = 10


class Tally:
    """Counts exchanges and drifts over a run; tallies of several processes can be added up."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._drifts: Counter[str] = Counter()
        self._facts: Counter[str] = Counter()
        #: when the oldest recording of a cassette was made, by the cassette's path
        self._oldest: dict[str, str] = {}

    def add(self, sources: Iterable[Source], drifts: Iterable[Violation], usage: Usage | None = None) -> None:
        """Count what one test did: who answered its calls, what drifted, and what became of its cassette."""
        self._counts.update(sources)
        self._drifts.update(map(_sentence, drifts))
        if usage is not None:
            self._facts.update(recorded=usage.recorded, recovered=usage.recovered)
            self._date({} if usage.oldest is None else {show_path(usage.path): usage.oldest})

    def check(self, drifts: Iterable[Violation]) -> None:
        """Count a recording that was held against the contract."""
        self._facts.update(checked=1)
        self._drifts.update(map(_sentence, drifts))

    def dump(self) -> dict[str, dict[str, Any]]:
        """Return the counts as plain data, to send to another process."""
        return {
            "counts": dict(self._counts),
            "drifts": dict(self._drifts),
            "facts": dict(self._facts),
            "oldest": self._oldest,
        }

    def merge(self, dumped: Mapping[str, Mapping[str, Any]]) -> None:
        """Add the counts of another process."""
        self._counts.update(dumped["counts"])
        self._drifts.update(dumped["drifts"])
        self._facts.update(dumped["facts"])
        self._date(dumped["oldest"])

    def line(self) -> str | None:
        """Return the summary line, or None where there was nothing to count."""
        parts = [plural(self._counts.total(), "call")] if self._counts else []
        parts += [f"{self._counts[source]} {source}" for source in _SOURCES if self._counts[source]]
        parts += [f"{self._facts[fact]} {words}" for fact, words in _FACTS.items() if self._facts[fact]]
        if self._drifts:
            parts.append(plural(self._drifts.total(), "drift"))
        return f"rekognition: {' · '.join(parts)}" if parts else None

    def details(self) -> list[str]:
        """Return each drift with the number of times it was seen."""
        return [f"  drift {times}x {drift}" for drift, times in sorted(self._drifts.items())]

    def aged(self, days: int, now: datetime | None = None) -> list[str]:
        """Return what to tell of cassettes with recordings older than some days, where any are; 0 for never."""
        now = now or datetime.now(UTC)
        old = {
            path: recorded
            for path, at in sorted(self._oldest.items())
            if (recorded := _moment(at)) is not None and now - recorded > timedelta(days)
        }
        if not old or not days:
            return []
        return [
            f"rekognition: {plural(len(old), 'cassette')} with recordings older than {plural(days, 'day')}:",
            *(f"  {path}: {at:%Y-%m-%d}, {plural((now - at).days, 'day')} old" for path, at in old.items()),
            "  To record them anew: pytest --rekognition-mode=rerecord",
        ]

    def _date(self, oldest: Mapping[str, str]) -> None:
        for path, at in oldest.items():
            self._oldest[path] = min(at, self._oldest.get(path, at))


def unused_lines(partly: Mapping[str, tuple[int, int]], orphans: Iterable[str]) -> list[str]:
    """Return what to tell of cassettes that are used in part (how many not, of how many) or not at all."""
    rows = [
        f"  {path}: {count} of {plural(total, 'interaction')} unused" for path, (count, total) in partly.items()
    ]
    rows += [f"  {path}: no test uses it" for path in orphans]
    if not rows:
        return []
    head = f"rekognition: {plural(len(rows), 'cassette')} with recordings that no test used:"
    return [head, *sorted(rows), "  To remove them: pytest-rekognition cassettes prune"]


def shortened(lines: Sequence[str]) -> list[str]:
    """Return a head, its rows and a remedy with the first rows alone, if there are many."""
    head, rows, remedy = lines[:1], lines[1:-1], lines[-1:]
    if len(rows) <= _MOST_ROWS:
        return list(lines)
    return [*head, *rows[:_MOST_ROWS], f"  … and {len(rows) - _MOST_ROWS} more, which -v names", *remedy]


def _sentence(drift: Violation) -> str:
    recorded = f" (recorded {drift.recorded[:10]})" if drift.recorded else ""
    return f"{drift.operation} {drift}{recorded}"


def _moment(at: str) -> datetime | None:
    """Return the moment that a recording names; None where it names none that is known."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
