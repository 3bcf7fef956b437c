"""The moments that bound one run, the same for all its streams."""

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
    """From when to when a run can read, counted from the moment at which that is first asked.

    Args:
        clock: set right before anything is asked.
        settings: of the run.
    """

    def __init__(self, clock: Clock, config: Config) -> None:
        self._clock = clock
        self._config = config

    @cached_property
    def now(self) -> datetime:
        """The moment of the run, in milliseconds, as requests take it."""
        return floor_to(self._clock.now(), timedelta(milliseconds=1))

    @cached_property
    def rest_end(self) -> datetime:
        """Up to when REST is read, which is not late as reports are."""
        return min(self.now, self._config.end or self.now)

    @cached_property
    def report_end(self) -> datetime:
        """Up to when reports are read."""
        return min(self.now - self._config.report_delay, self.rest_end)

    @cached_property
    def report_retention_start(self) -> datetime:
        """From when on there are reports: counted from now, whatever period is wanted."""
        return report_retention_start(self.now)

    @property
    def ends_in_the_past(self) -> bool:
        """Whether it ended so long ago that how things are now tells nothing of it.

        One that has just ended is as good as now, as where each run has its period of a schedule.
        """
        return self.rest_end < self.now - self._config.lookback
