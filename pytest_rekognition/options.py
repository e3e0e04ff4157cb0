"""What a test may set: in the ini file, a fixture, the marker or on the command line."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, get_args

from pytest_rekognition.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

Unrecorded = Literal["fail", "reference"]


class Mode(StrEnum):
    """Who answers the calls that no stub answers."""

    #: a recording; a call that was not recorded fails
    REPLAY = "replay"
    #: a recording, else the real service, whose answer is recorded
    RECORD = "record"
    #: the real service, whose answers replace the recording
    RERECORD = "rerecord"
    #: the reference backend, on this machine's CPU
    REFERENCE = "reference"
    #: the real service, nothing is written
    LIVE = "live"

    @property
    def offline(self) -> bool:
        """Whether no call may reach the network."""
        return self in {Mode.REPLAY, Mode.REFERENCE}


#: Modes that write cassettes, which this version does not have.
_RECORDING = (Mode.RECORD, Mode.RERECORD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one test. Construct it with `options(...)`, whose errors guess what was meant."""

    #: who answers the calls that no stub answers
    mode: Mode = Mode.REPLAY
    #: whether drift fails a test too
    strict: bool = False
    #: the reference detector's engine, or "auto" for the best one present
    engine: str = "auto"
    #: what an unrecorded call does in mode `replay`
    unrecorded: Unrecorded = "fail"
    #: whether a stub may stay unused
    allow_unused_stubs: bool = False
    #: whether a call that nobody answered may be swallowed by the code under test
    allow_unanswered_calls: bool = False

    @property
    def uses_reference(self) -> bool:
        """Whether the reference backend answers what no stub answers."""
        return self.mode is Mode.REFERENCE or (self.mode is Mode.REPLAY and self.unrecorded == "reference")


_NAMES = tuple(field.name for field in fields(Options))


def options(*layers: Mapping[str, Any]) -> Options:
    """Merge layers of options, the later ones winning, and check every name and value.

    Raises `UsageError`, with a guess at what was meant.
    """
    __tracebackhide__ = True
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            if name not in _NAMES:
                known = ", ".join(_NAMES)
                raise UsageError(f"unknown option {name!r}{did_you_mean(name, _NAMES)} The options are {known}.")
            merged[name] = value
    return Options(**{name: _checked(name, value) for name, value in merged.items()})


def _checked(name: str, value: Any) -> Any:
    if name == "mode":
        return _mode(value)
    if name == "unrecorded":
        return _choice(name, value, get_args(Unrecorded))
    expected = str if name == "engine" else bool
    if not isinstance(value, expected):
        raise UsageError(f"{name} must be a {expected.__name__}, not {value!r}")
    return value


def _mode(value: Any) -> Mode:
    if value in _RECORDING:
        raise UsageError(
            f"mode {str(value)!r} records cassettes, which this version does not have yet."
            " Use 'live' to let calls through without recording them."
        )
    return Mode(_choice("mode", value, [known.value for known in Mode if known not in _RECORDING]))


def _choice(name: str, value: Any, known: Any) -> str:
    if value not in known:
        listed = ", ".join(known)
        raise UsageError(f"{value!r} is no {name}{did_you_mean(value, known)} It is one of {listed}.")
    return str(value)
