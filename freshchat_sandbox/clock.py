"""Simulated clock: `sleep` returns at once and moves the time forward."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta, timezone


class SandboxClock:
    """Clock shared by a sandbox and its client; safe to use from many threads.

    Without a start it returns the real time plus all the seconds slept. With a start, time
    passes only by `sleep`, so that tests are exact.
    """

    def __init__(self, start: datetime | None = None) -> None:
        if start is not None and start.tzinfo is None:
            raise ValueError("the start of the clock must have a time zone")
        self._start = start.astimezone(timezone.utc) if start is not None else None
        self._slept = 0.0
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the current time, aware and in UTC."""
        base = self._start if self._start is not None else datetime.now(timezone.utc)
        return base + timedelta(seconds=self._elapsed())

    def monotonic(self) -> float:
        """Return seconds since a fixed time; never decreases."""
        return (time.monotonic() if self._start is None else 0.0) + self._elapsed()

    def sleep(self, seconds: float) -> None:
        """Move the clock forward by that many seconds; never blocks.

        Raises:
            ValueError: If the seconds are negative, as in `time.sleep`.
        """
        if not seconds >= 0:
            raise ValueError("sleep length must be non-negative")
        with self._lock:
            self._slept += seconds

    def _elapsed(self) -> float:
        with self._lock:
            return self._slept
