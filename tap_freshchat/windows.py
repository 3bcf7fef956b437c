"""Half-open windows of time, and the plan that tiles a longer range with them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import timedelta

# No account is older: Freshchat did not exist.
FRESHCHAT_EPOCH = datetime(2010, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Window:
    """Half-open range of time, `[start, end)`."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"

    def halves(self) -> tuple[Window, Window]:
        """The window split in two."""
        middle = self.start + (self.end - self.start) / 2
        # Requests carry milliseconds; a finer cut would leave a gap between the halves.
        middle = middle.replace(microsecond=middle.microsecond // 1000 * 1000)
        return Window(self.start, middle), Window(middle, self.end)


def plan_windows(start: datetime, end: datetime, longest: timedelta) -> list[Window]:
    """Windows that tile `[start, end)` without gap or overlap, none longer than `longest`."""
    windows = []
    while start < end:
        stop = min(start + longest, end)
        windows.append(Window(start, stop))
        start = stop
    return windows
