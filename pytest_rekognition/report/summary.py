"""The line at the end of a run: how many calls there were, who answered them, what drifted."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pytest_rekognition.exchange import Source, Violation

_SOURCES = ("cassette", "reference", "live", "stub")


class Tally:
    """Counts exchanges and drifts over a run; tallies of several processes can be added up."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._drifts: Counter[str] = Counter()

    def add(self, sources: Iterable[Source], drifts: Iterable[Violation]) -> None:
        """Count what one test did: who answered its calls, and what drifted."""
        self._counts.update(sources)
        self._drifts.update(f"{drift.operation} {drift}" for drift in drifts)

    def dump(self) -> dict[str, dict[str, int]]:
        """Return the counts as plain data, to send to another process."""
        return {"counts": dict(self._counts), "drifts": dict(self._drifts)}

    def merge(self, dumped: Mapping[str, Mapping[str, int]]) -> None:
        """Add the counts of another process."""
        self._counts.update(dumped["counts"])
        self._drifts.update(dumped["drifts"])

    def line(self) -> str | None:
        """Return the summary line, or None where there was nothing to count."""
        if not self._counts:
            return None
        parts = [_plural(self._counts.total(), "call")]
        parts += [f"{self._counts[source]} {source}" for source in _SOURCES if self._counts[source]]
        if self._drifts:
            parts.append(_plural(self._drifts.total(), "drift"))
        return f"rekognition: {' · '.join(parts)}"

    def details(self) -> list[str]:
        """Return each drift with the number of times it was seen."""
        return [f"  drift {times}x {drift}" for drift, times in sorted(self._drifts.items())]


def _plural(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
