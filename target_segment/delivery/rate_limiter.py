"""Rate limiter of requests: one ceiling and one pause, shared by all sending threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(eq=False)
class RateLimiter:
    """Lets threads through one after the other, as fast as the ceiling and the pauses allow.

    A ceiling of 0 is none. `sleep` may raise to give up waiting.
    """

    events_per_second: float
    monotonic: Callable[[], float]
    sleep: Callable[[float], None]

    def __post_init__(self) -> None:
        self._turn = threading.Lock()
        self._free_at = 0.0
        self._paused_until = 0.0

    def acquire(self, events: int) -> None:
        """Wait until so many events may be sent, then reserve their time.

        Over any period, no more events start than the ceiling allows, give or take one request.
        """
        with self._turn:
            while (wait := max(self._free_at, self._paused_until) - self.monotonic()) > 0:
                self.sleep(wait)
            if self.events_per_second:
                self._free_at = self.monotonic() + events / self.events_per_second

    def pause(self, seconds: float) -> None:
        """Hold back all threads: a wait that one response asks for concerns them all."""
        # Without the lock, which a thread may hold while it waits.
        self._paused_until = max(self._paused_until, self.monotonic() + seconds)
