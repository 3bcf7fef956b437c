"""Clock that advances only by sleeping."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=timezone.utc)


class StillClock:
    """A clock that advances only by `sleep`, and keeps the durations."""

    def __init__(self, start: datetime = NOON) -> None:
        self.start = start
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self.start + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.slept.append(seconds)
        return event.is_set()
