"""Half-open windows of time, and the plan that tiles a longer range with them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from tap_freshchat.times import before_zone_change

if TYPE_CHECKING:
    from datetime import timedelta, tzinfo

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


def plan_windows(
    start: datetime, end: datetime, longest: timedelta, zone: tzinfo = timezone.utc
) -> list[Window]:
    """Windows that tile `[start, end)` without gap or overlap, none longer than `longest`.

    A start near a change of the zone's offset is moved to before the change, because rows of the
    hour after it may be read as of the hour before. Windows of a few hours can then be longer.
    """
    windows = []
    start = before_zone_change(start, zone)
    while start < end:
        stop = start + longest
        while stop < end and before_zone_change(stop, zone) <= start:
            stop += longest
        stop = min(before_zone_change(stop, zone) if stop < end else end, end)
        windows.append(Window(start, stop))
        start = stop
    return windows
