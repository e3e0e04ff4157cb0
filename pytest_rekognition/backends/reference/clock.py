"""The time of the reference service: the machine's own, until a test stops it and moves it on."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from pytest_rekognition.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

_MILLISECONDS: Final = 1000


class Clock:
    """Tells the time in seconds since the epoch.

    `stop()` holds it, `advance(seconds)` moves it on and then lets everything happen that has become due.
    """

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
        """Hold the clock, at a time in seconds since the epoch, or at the present one."""
        seconds = self.now() if at is None else at
        with self._lock:
            self._stopped_at = seconds
        self._tell()

    def advance(self, seconds: float) -> None:
        """Move the clock on by so many seconds, at least 0; `UsageError` for what would move it back."""
        if not seconds >= 0:
            raise UsageError(f"a clock is advanced by 0 seconds or more, not by {seconds!r}")
        with self._lock:
            if self._stopped_at is None:
                self._ahead += seconds
            else:
                self._stopped_at += seconds
        self._tell()

    def on_change(self, listener: Callable[[], object]) -> None:
        """Have a function called each time that the clock was moved by hand."""
        self._listeners.append(listener)

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()
