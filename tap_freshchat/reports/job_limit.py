"""Limit of report jobs: when the next may be submitted, and whether all report types share it.

The Extract API article states the limit for each report type (one job a minute, 120 a day). One
operator's code applies it to all types together. Both readings work: the limit counts per type
until a rejection shows that it is shared.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar

from tap_freshchat.api.rate_limiting import DEFAULT_PAUSE_SECONDS, MAX_PAUSE_SECONDS
from tap_freshchat.errors import ReportError
from tap_freshchat.reports.catalog import TRANSCRIPT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_freshchat.clock import Clock
    from tap_freshchat.windows import Window

# How long a run believes what an earlier one found. Another program that submits jobs can look
# like a shared limit, which would slow down all later runs.
SHARED_LIMIT_VALIDITY = timedelta(days=7)
_ALL_REPORTS = ""
# Kinds of reports whose windows have the same longest length (Extract API article).
TRANSCRIPTS = "transcripts"
OTHERS = "others"


@dataclass
class JobLimit:
    """Limit of the jobs of one run; `jobs_per_minute` counts per report type, or over all.

    `shared_since` is when the limit was found to count over all types; None if it never was.
    `accepted_windows` is the length of window, by kind of report, after the service found longer
    ones too long. Windows of that length cost one job; longer ones are split into many, and if
    those take more than a day's jobs, no run completes the first window.
    """

    clock: Clock
    jobs_per_minute: float
    shared_since: datetime | None = field(default=None, init=False)
    accepted_windows: dict[str, timedelta] = field(default_factory=dict, init=False)
    _started: float = field(init=False)
    _accepted: dict[str, float] = field(default_factory=dict, init=False)
    _next: dict[str, float] = field(default_factory=dict, init=False)
    # Since when the limit is reached.
    _limited_since: dict[str, float] = field(default_factory=dict, init=False)
    _log: ClassVar = logging.getLogger("tap-freshchat.reports")

    def __post_init__(self) -> None:
        self._started = self.clock.monotonic()

    @property
    def is_shared(self) -> bool:
        """Whether the limit counts over all report types."""
        return self.shared_since is not None

    def restore(self, shared_since: datetime | None) -> None:
        """Continue with what an earlier run found, unless that was long ago."""
        if shared_since and abs(self.clock.now() - shared_since) < SHARED_LIMIT_VALIDITY:
            self.shared_since = max(shared_since, self.shared_since or shared_since)

    def learn_window(self, report: str, half: Window) -> None:
        """Note that only a half of a window may be accepted."""
        self.restore_windows({_kind(report): half.end - half.start})

    def restore_windows(self, accepted: Mapping[str, timedelta]) -> None:
        """Continue with what an earlier run found; of two lengths, the shorter counts."""
        for kind, length in accepted.items():
            self.accepted_windows[kind] = min(length, self.accepted_windows.get(kind, length))

    def longest_window(self, report: str, configured: timedelta) -> timedelta:
        """The longest window to plan for a report."""
        return min(configured, self.accepted_windows.get(_kind(report), configured))

    def next_submit(self, report: str) -> float:
        """When the next job of a report may be submitted, by the monotonic clock."""
        return self._next.get(self._scope(report), self._started)

    def accept(self, report: str) -> None:
        """Count a job that the service accepted or found too long.

        Counted from the response: the service counts from when it took the job. Whether it counts
        one that it found too long is not documented, so its halves keep their distance too.
        """
        now = self.clock.monotonic()
        self._accepted[report] = now
        self._next[self._scope(report)] = now + self._interval
        self._limited_since.pop(self._scope(report), None)

    def reject(self, report: str, retry_after: float | None) -> None:
        """Postpone jobs after a 429; `retry_after` is in seconds.

        Raises:
            ReportError: the wait is too long.
        """
        if not self.is_shared and self._shows_shared_limit(report):
            self.shared_since = self.clock.now()
            self._log.warning(
                "Freshchat's job limit counts over all report types; jobs are submitted one after "
                "another. If runs take too long, use skip_reports or fewer streams."
            )
        self.postpone(report, retry_after)

    def postpone(self, report: str, retry_after: float | None) -> None:
        """Postpone jobs by seconds, or by a default; ReportError if the wait is too long."""
        now = self.clock.monotonic()
        scope = self._scope(report)
        since = self._limited_since.setdefault(scope, now)
        # A clock that runs ahead turns a date into a wait of 0.
        wait = retry_after or DEFAULT_PAUSE_SECONDS
        if now + wait - since > MAX_PAUSE_SECONDS:
            until = self.clock.now() + timedelta(seconds=wait)
            when = f"until {until:%Y-%m-%d %H:%M} UTC" if retry_after else "for an hour"
            shared = " It counts over all report types." if self.is_shared else ""
            raise ReportError(
                f"Freshchat rejects further jobs of report {report} {when}: the job limit is "
                f"reached.{shared} Completed windows are saved; run the tap again later."
            )
        self._log.warning("Report %s: the job limit is reached; waiting %.0f s.", report, wait)
        self._next[scope] = now + wait

    @property
    def _interval(self) -> float:
        return 60.0 / self.jobs_per_minute

    def _scope(self, report: str) -> str:
        return _ALL_REPORTS if self.is_shared else report

    def _shows_shared_limit(self, report: str) -> bool:
        """Whether only a shared limit explains a 429: this type's own was kept, others had jobs."""
        now = self.clock.monotonic()
        # Before its first job in this run, the type's last one may be that of the run before.
        own = now - self._accepted.get(report, self._started)
        others = (at for each, at in self._accepted.items() if each != report)
        return own >= self._interval and any(now - at < self._interval for at in others)


def _kind(report: str) -> str:
    return TRANSCRIPTS if report == TRANSCRIPT else OTHERS
