"""How `check` prints what it found: one writer a format. Values, which may be images, are never printed."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Protocol

from pytest_rekognition.cli.outcome import Format
from pytest_rekognition.cli.output import complain, say
from pytest_rekognition.report.messages import table
from pytest_rekognition.showing import plural

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_rekognition.cli.outcome import Checked, Outcome

_WORDS = {"breach": "breaches", "drift": "drifts", "note": "notes"}
#: The members of a violation that JSON has, beside the exchange's own.
_MEMBERS = ("side", "path", "rule", "severity", "message")


class Writer(Protocol):
    """Prints an outcome."""

    def __call__(self, outcome: Outcome, *, summary: bool) -> None:
        """Print it; the summary is what counts."""
        ...


def write_text(outcome: Outcome, *, summary: bool) -> None:
    """Print each exchange at fault with a table, and a line that counts."""
    for exchange in outcome.checked:
        if exchange.violations:
            say(f"{_head(exchange)}\n{table(exchange.violations)}")
    for error in outcome.errors:
        complain(error.message)
    if summary:
        say(_summary(outcome))


def write_json(outcome: Outcome, *, summary: bool) -> None:
    """Print one JSON document; without the summary the numbers of files and exchanges are left out."""
    counts = {"files": outcome.files, "exchanges": len(outcome.checked), "skipped": outcome.skipped}
    violations = [row for exchange in outcome.checked for row in _rows(exchange)]
    errors = [error._asdict() for error in outcome.errors]
    document = {**(counts if summary else {}), "violations": violations, "errors": errors}
    say(json.dumps(document, indent=2))


#: One row a format.
WRITERS: Mapping[Format, Writer] = {Format.TEXT: write_text, Format.JSON: write_json}


def _head(exchange: Checked) -> str:
    recorded = f" (recorded {exchange.recorded[:10]})" if exchange.recorded else ""
    return f"{exchange.file} #{exchange.number} {exchange.operation}{recorded}"


def _summary(outcome: Outcome) -> str:
    counted: Counter[str] = Counter(
        found.severity for exchange in outcome.checked for found in exchange.violations
    )
    found = [plural(counted[severity], severity, words) for severity, words in _WORDS.items() if counted[severity]]
    parts = [", ".join(found) or "no violations"] if outcome.checked else []
    if outcome.errors:
        parts.append(f"{plural(len(outcome.errors), 'path')} could not be checked")
    if outcome.skipped:
        parts.append(f"{plural(outcome.skipped, 'other file')} skipped")
    head = f"{plural(len(outcome.checked), 'exchange')} in {plural(outcome.files, 'file')}"
    return f"{head}: {'; '.join(parts)}"


def _rows(exchange: Checked) -> list[dict[str, object]]:
    where = {"file": exchange.file, "index": exchange.number, "operation": exchange.operation}
    return [
        {**where, **{name: getattr(found, name) for name in _MEMBERS}, "recorded": exchange.recorded}
        for found in exchange.violations
    ]
