"""The moments that bound one run, the same for all its streams."""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from tap_freshchat.reports.limits import earliest_report
from tap_freshchat.times import whole_steps

if TYPE_CHECKING:
    from datetime import datetime

    from tap_freshchat.clock import Clock
    from tap_freshchat.config import Settings


class Period:
    """From when to when a run can read, counted from the moment at which that is first asked.

    Args:
        clock: set right before anything is asked.
        settings: of the run.
    """

    def __init__(self, clock: Clock, settings: Settings) -> None:
        self._clock = clock
        self._settings = settings

    @cached_property
    def now(self) -> datetime:
        """The moment of the run, in milliseconds, as requests take it."""
        return whole_steps(self._clock.now(), timedelta(milliseconds=1))

    @cached_property
    def present(self) -> datetime:
        """Up to when REST is read, which is not late as reports are."""
        return min(self.now, self._settings.end or self.now)

    @cached_property
    def until(self) -> datetime:
        """Up to when reports are read."""
        return min(self.now - self._settings.report_delay, self.present)

    @cached_property
    def earliest(self) -> datetime:
        """From when on there are reports: counted from now, whatever period is wanted."""
        return earliest_report(self.now)

    @property
    def is_over(self) -> bool:
        """Whether it ended so long ago that how things are now tells nothing of it.

        One that has just ended is as good as now, as where each run has its period of a schedule.
        """
        return self.present < self.now - self._settings.lookback
