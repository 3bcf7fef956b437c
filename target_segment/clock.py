"""Clock of a run: the time of day, a monotonic time, and waiting; tests pass in their own."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Protocol

from typing_extensions import override

if TYPE_CHECKING:
    import threading


class Clock(Protocol):
    """Time as a run sees it."""

    def now(self) -> datetime:
        """Return the time of day, in UTC."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""

    def sleep(self, seconds: float) -> None:
        """Wait."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event for at most `seconds`; return whether it is set."""


class SystemClock(Clock):
    """The host's clock."""

    @override
    def now(self) -> datetime:
        return datetime.now(timezone.utc)

    monotonic = staticmethod(time.monotonic)

    @override
    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    @override
    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)
