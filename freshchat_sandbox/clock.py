"""A clock that waits without waiting: sleeping on it moves it forward."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone


class SandboxClock:
    """Time for a sandbox and its client; safe to share between threads.

    Without a start it shows real time plus all that was slept. With a start it stands still
    between sleeps, so that tests are exact.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("the clock's start must know its time zone")
        self._start = start.astimezone(timezone.utc) if start is not None else None
        self._slept = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the moment, aware and in UTC."""
        base = self._start if self._start is not None else datetime.now(timezone.utc)
        return base + timedelta(seconds=self._elapsed())

    def monotonic(self) -> float:
        """Return seconds since some fixed moment; never goes back."""
        return (time.monotonic() if self._start is None else 0.0) + self._elapsed()

    def sleep(self, seconds: float) -> None:
        """Let that many seconds pass at once; never blocks.

        Raises:
            ValueError: If the seconds are negative, as `time.sleep` does.
        """
        if not seconds >= 0:
            raise ValueError("sleep length must be non-negative")
        with self._lock:
            self._slept += seconds

    def _elapsed(self) -> float:
        with self._lock:
            return self._slept
