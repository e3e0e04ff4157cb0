"""The time of the reference service: the machine's own, until a test stops it and moves it on."""

from __future__ import annotations

import sys
import threading
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from pytest_rekognition.errors import UsageError
from pytest_rekognition.showing import show

if TYPE_CHECKING:
    from collections.abc import Callable

_MILLISECONDS: Final = 1000
#: seconds since the epoch: the end of the year 9999, beyond which clients read no timestamp
_LAST: Final = 253_402_300_799.0


class Clock:
    """Tells the time in seconds since the epoch.

    `stop()` holds it, `advance(seconds)` moves it on and then lets everything happen that has become due.
    """

    __slots__ = ("_ahead", "_listeners", "_lock", "_stopped_at")

    def __init__(self) -> None:
        self._stopped_at: float | None = None
        self._ahead = 0.0
        self._lock = threading.Lock()
        self._listeners: list[Callable[[], object]] = []

    def now(self) -> float:
        """Return the time, in seconds since the epoch, to the millisecond: the service's own precision."""
        with self._lock:
            seconds = self._stopped_at if self._stopped_at is not None else time.time() + self._ahead
        return round(seconds * _MILLISECONDS) / _MILLISECONDS

    @property
    def is_stopped(self) -> bool:
        """Whether time passes only where a test says so."""
        return self._stopped_at is not None

    def stop(self, at: float | None = None) -> None:
        """Hold the clock, at a time in seconds since the epoch, or at the present one.

        Raises `UsageError` for what is no time from 1970 to 9999.
        """
        if at is not None and not (_is_number(at) and 0 <= at <= _LAST):
            raise UsageError(
                "a clock is stopped at a number of seconds since the epoch, from 1970 to 9999, such as"
                f" datetime.timestamp() returns, not at {show(at)}"
            )
        seconds = self.now() if at is None else float(at)
        with self._lock:
            self._stopped_at = seconds
        self._tell()

    def advance(self, seconds: float | timedelta) -> None:
        """Move the clock on by so many seconds, at least 0.

        Raises `UsageError` for what would move it back, or beyond the year 9999.
        """
        asked = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
        passed = checked_seconds(asked, "what a clock is advanced by")
        if self.now() + passed > _LAST:
            raise UsageError(f"a clock that is advanced by {show(seconds)} is beyond the year 9999")
        with self._lock:
            if self._stopped_at is None:
                self._ahead += passed
            else:
                self._stopped_at += passed
        self._tell()

    def on_change(self, listener: Callable[[], object]) -> None:
        """Have a function called each time that the clock was moved by hand."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()


def checked_seconds(seconds: Any, what: str) -> float:
    """Return a length of time in seconds; raises `UsageError`, which says `what` it is, for less than 0."""
    if not (_is_number(seconds) and seconds >= 0):
        raise UsageError(f"{what} is {show(seconds)}: a number of seconds is needed, 0 or more")
    return float(seconds)


def _is_number(value: Any) -> bool:
    # compared, for a whole number beyond the largest float is none that the clock could add; a NaN is neither
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
