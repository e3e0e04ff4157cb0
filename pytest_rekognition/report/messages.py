"""The sentences of failures: what happened, where, and what to do. Image bytes are never printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_rekognition.cassettes.stored import summarised
from pytest_rekognition.showing import show, show_members, show_path

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_rekognition.backends.stubs import Step, Stub
    from pytest_rekognition.cassettes.cassette import Cassette
    from pytest_rekognition.cassettes.interaction import Interaction
    from pytest_rekognition.exchange import Call, Violation
    from pytest_rekognition.matching import Mismatch


def show_call(call: Call) -> str:
    """Return a call as the test would write it."""
    return f"{call.operation}({show_members(call.request)})"


def show_stub(stub: Stub) -> str:
    """Return a stub's head as the test wrote it."""
    criteria = show_members(stub.criteria)
    return f"on({stub.operation!r}{', ' if criteria else ''}{criteria})"


def table(violations: Sequence[Violation]) -> str:
    """Return violations as an aligned table, one a row."""
    rows = [(v.severity, v.side, v.path, v.rule, v.message) for v in violations]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return "\n".join(
        "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + f"  {row[4]}"
        for row in rows
    )


def refused_stub(stub: Stub, label: str, violations: Sequence[Violation]) -> str:
    """Say that a stub was refused where it was registered."""
    return (
        f"{show_stub(stub)}.{label} is an answer that {stub.operation} cannot give:\n{table(violations)}\n"
        "Mend the members named, or pass unchecked=True to send a broken answer on purpose."
    )


def broken_exchange(operation: str, source: str, violations: Sequence[Violation]) -> str:
    """Say that an exchange broke the contract."""
    return f"{operation}, answered by {source}, breaks the contract:\n{table(violations)}"


def unanswered(
    call: Call,
    mode: str,
    nearest: Sequence[tuple[Stub, Sequence[Mismatch]]],
    operations: Sequence[str],
    *,
    has_reference: bool,
    cassette: Cassette | None = None,
    record_command: str = "",
) -> str:
    """Say that nobody answers a call: the call, the nearest stubs and recordings and why they do not match."""
    lines = [f"nobody answers {call.operation} in mode {mode!r}.", f"  the call: {show_call(call)}"]
    lines += [line for stub, differences in nearest for line in _why_not(stub, differences)]
    if not nearest:
        stubbed = ", ".join(sorted(set(operations)))
        lines.append(f"  stubbed here: {stubbed}" if stubbed else "  no stub is registered")
    if cassette is not None:
        lines += _recordings(cassette, call)
    lines.append(_remedy(call, record_command if cassette is not None else "", has_reference=has_reference))
    return "\n".join(lines)


def no_reference(operation: str) -> str:
    """Say that the reference has no answer to a call of a test."""
    return (
        f"there is no reference for {operation}: it is no operation on faces. Stub it with"
        f' rekognition.on("{operation}").returns(...), or record it from the service in a test of its own with'
        ' @pytest.mark.rekognition(mode="record").'
    )


def _recordings(cassette: Cassette, call: Call) -> list[str]:
    """Return what a cassette has that is near a call."""
    if not cassette.exists:
        return [f"  there is no cassette {show_path(cassette.path)}"]
    found = cassette.nearest(call)
    if not found:
        return [f"  recorded in {show_path(cassette.path)}: nothing of {call.operation}"]
    return [line for recording, mismatches in found for line in _why_not_replayed(cassette, recording, mismatches)]


def _why_not_replayed(cassette: Cassette, recording: Interaction, mismatches: Sequence[Mismatch]) -> list[str]:
    when = f", {recording.recorded.at[:10]}" if recording.recorded.at else ""
    head = f"  recorded in {show_path(cassette.path)}{when}: {recording.operation}({_recorded_members(recording)})"
    if not mismatches:
        return [head, "    matches, but has been used up, and strict is on"]
    return [head, *(f"    {_difference(mismatch, 'recorded')}" for mismatch in mismatches)]


def _recorded_members(recording: Interaction) -> str:
    return show_members(summarised(recording.operation, recording.request))


def _remedy(call: Call, record_command: str, *, has_reference: bool) -> str:
    ways = [f'register rekognition.on("{call.operation}").returns(...) before the call']
    if record_command:
        ways.insert(0, f"record it with: {record_command}\nor")
    remedy = f"To mend it, {' '.join(ways)}"
    if has_reference:
        remedy += (
            ', or let the reference backend answer with @pytest.mark.rekognition(mode="reference"), or for the'
            " whole run with --rekognition-mode=reference"
        )
    return f"{remedy}."


def _why_not(stub: Stub, differences: Sequence[Mismatch]) -> list[str]:
    lines = [f"  near: {show_stub(stub)} at {stub.location}"]
    if not differences:
        return [*lines, "    matches, but has been used up"]
    return lines + [f"    {_difference(difference)}" for difference in differences]


def _difference(difference: Mismatch, what: str = "expected") -> str:
    has = "does not have it" if difference.missing else f"has {show(difference.actual)}"
    known = f"not {what}" if difference.unexpected else f"{what} {show(difference.expected)}"
    return f"{difference.path}: {known}, the call {has}"


def unused_stub(stub: Stub, step: Step | None) -> str:
    """Say that a stub, or one answer of it, was never used."""
    if step is None:
        return (
            f"{show_stub(stub)} at {stub.location} was given no answer: add .returns(...), .raises(...) or"
            " .answers(...)."
        )
    return (
        f"{show_stub(stub)}.{step.label} at {stub.location} was never used: remove it, or pass"
        " allow_unused_stubs=True to the marker."
    )


def left_behind(problems: Sequence[str]) -> str:
    """Say everything that a test left behind."""
    numbered = [f"{number}. {problem}" for number, problem in enumerate(problems, 1)]
    head = "1 Rekognition problem" if len(problems) == 1 else f"{len(problems)} Rekognition problems"
    return f"{head} in this test:\n" + "\n".join(numbered)


def failing_function(stub_operation: str, error: Exception) -> str:
    """Say that a function given to `answers` raised."""
    return f"the function that answers {stub_operation} raised {type(error).__name__}: {show(str(error))}"


def undocumented_error(operation: str, code: str, documented: Sequence[str], guess: str) -> str:
    """Say that an operation does not document an error."""
    listed = ", ".join(documented)
    return (
        f"{operation} does not answer {code!r}{guess} It documents {listed}, and the errors common to all"
        " of AWS. Pass unchecked=True to raise it all the same."
    )
