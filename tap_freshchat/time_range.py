"""Time range of one run, the same for all its streams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tap_freshchat.reports.catalog import report_retention_start
from tap_freshchat.times import floor_to

if TYPE_CHECKING:
    from datetime import datetime

    from tap_freshchat.clock import Clock
    from tap_freshchat.config import Config

# Rows can be this late, although most are visible within half an hour (Extract API article).
MAX_ROW_DELAY = timedelta(days=1)
# Clock differences up to this are covered by the overlap.
CLOCK_TOLERANCE = timedelta(minutes=1)


class RunTimeRange:
    """Time range that a run can read; its end is fixed when it is first used."""

    def __init__(self, clock: Clock, config: Config) -> None:
        self._clock = clock
        self._config = config

    @cached_property
    def now(self) -> datetime:
        """Time of the run, in whole milliseconds, as requests take it."""
        return floor_to(self._clock.now(), timedelta(milliseconds=1))

    @cached_property
    def rest_end(self) -> datetime:
        """End of what is read via REST, which has no delay."""
        return min(self.now, self._config.end or self.now)

    @cached_property
    def report_end(self) -> datetime:
        """End of what is read from reports."""
        return min(self.now - self._config.report_delay, self.rest_end)

    @property
    def latest_bookmark(self) -> datetime:
        """The latest bookmark that a run with a correct clock can have left."""
        return self.now + CLOCK_TOLERANCE

    @cached_property
    def settled_until(self) -> datetime:
        """No report row before it can still arrive."""
        return self.now - MAX_ROW_DELAY

    @cached_property
    def report_retention_start(self) -> datetime:
        """Start of the oldest reports: counted from now, not from `end_date`."""
        return report_retention_start(self.now)

    @property
    def ends_in_the_past(self) -> bool:
        """Whether the end is so long ago that the present state says nothing about it.

        An end within the look-back counts as now, for schedulers that pass explicit periods.
        """
        return self.rest_end < self.now - self._config.lookback
