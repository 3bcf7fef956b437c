"""Time range of one run, the same for all its streams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tap_freshchat.reports.limits import report_retention_start
from tap_freshchat.times import floor_to

if TYPE_CHECKING:
    from datetime import datetime

    from tap_freshchat.clock import Clock
    from tap_freshchat.config import Config


class RunTimeRange:
    """Start and end of what a run can read, relative to its first use.

    Args:
        clock: corrected before the first use.
        settings: of the run.
    """

    def __init__(self, clock: Clock, config: Config) -> None:
        self._clock = clock
        self._config = config

    @cached_property
    def now(self) -> datetime:
        """The time of the run, in whole milliseconds, as in requests."""
        return floor_to(self._clock.now(), timedelta(milliseconds=1))

    @cached_property
    def rest_end(self) -> datetime:
        """End of what is read via REST, which has no delay."""
        return min(self.now, self._config.end or self.now)

    @cached_property
    def report_end(self) -> datetime:
        """End of what is read from reports."""
        return min(self.now - self._config.report_delay, self.rest_end)

    @cached_property
    def report_retention_start(self) -> datetime:
        """Start of the retention of reports, counted from now."""
        return report_retention_start(self.now)

    @property
    def ends_in_the_past(self) -> bool:
        """Whether the end is so long ago that current values do not apply to it.

        An end within `lookback` of now is current, for schedulers that pass explicit periods.
        """
        return self.rest_end < self.now - self._config.lookback
