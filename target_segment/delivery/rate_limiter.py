"""When the next request may go: one rate ceiling and one pause, shared by all threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class RateLimiter:
    """Lets threads through one after the other, as fast as the ceiling and the pauses allow.

    Args:
        events_per_second: The ceiling; 0 is none.
        now: A monotonic clock, in seconds.
        sleep: Waits for a number of seconds; may raise to give up waiting.
    """

    def __init__(
        self, events_per_second: float, now: Callable[[], float], sleep: Callable[[float], None]
    ) -> None:
        self._seconds_per_event = 1 / events_per_second if events_per_second else 0.0
        self._now = now
        self._sleep = sleep
        self._turn = threading.Lock()
        self._free_at = 0.0
        self._paused_until = 0.0

    def acquire(self, events: int) -> None:
        """Wait until so many events may be sent, then take that room.

        In any stretch of time, no more events start than the ceiling allows, one request apart.
        """
        with self._turn:
            while (wait := max(self._free_at, self._paused_until) - self._now()) > 0:
                self._sleep(wait)
            self._free_at = self._now() + events * self._seconds_per_event

    def pause(self, seconds: float) -> None:
        """Let nobody through for so long: what one request was told holds for all."""
        # Without the lock, which a thread may be holding while it waits.
        self._paused_until = max(self._paused_until, self._now() + seconds)
