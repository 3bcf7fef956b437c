"""Reader of one window of each raw report for the doctor."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_freshchat.doctor.report_examination import ReportExamination
from tap_freshchat.doctor.report_findings import ReportOutcomes, stream_of
from tap_freshchat.doctor.time_offsets import MAX_QUARTERS, QUARTER
from tap_freshchat.doctor.token_check import raise_if_token_is_wrong
from tap_freshchat.errors import AuthorizationError, FreshchatError
from tap_freshchat.reports import catalog, csv_files
from tap_freshchat.times import floor_to
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from tap_freshchat.reports.scheduler import Job
    from tap_freshchat.run_context import RunContext

DAY = timedelta(days=1)
# So few rows outside of their window show nothing.
_FEW_ROWS = 5


@dataclass
class ReportChecks:
    """Reader of the reports of one run.

    `declared` has the columns that each report is known to have. `progress` takes a line about what
    is waited for.
    """

    run: RunContext
    declared: Mapping[str, Collection[str]]
    progress: Callable[[str], None]
    outcomes: ReportOutcomes = field(default_factory=ReportOutcomes, init=False)

    @property
    def yesterday(self) -> Window:
        """The last whole day in UTC."""
        today = floor_to(self.run.time_range.now, DAY)
        return Window(today - DAY, today)

    def read(self) -> None:
        """Request one window of each report and examine its rows.

        Raises:
            AuthorizationError: Freshchat does not accept the token.
        """
        config, scheduler = self.run.config, self.run.reports.scheduler
        jobs = {
            report: scheduler.queue(report, self._window_of(report))
            for report in catalog.REPORTS
            if report not in config.skip_reports
        }
        self.progress(
            f"Waiting for {len(jobs)} reports: one or two minutes, or up to {len(jobs) + 1} if "
            f"Freshchat takes only one job a minute of all types together."
        )
        for number, (report, job) in enumerate(jobs.items(), 1):
            self.progress(f"Report {number} of {len(jobs)}: {report}.")
            try:
                self._examine(report, job)
            except AuthorizationError as error:
                raise_if_token_is_wrong(self.run, error)
                kind = self.outcomes.refused if error.forbidden else self.outcomes.failed
                kind[report] = error
            except FreshchatError as error:
                self.outcomes.failed[report] = error

    def _window_of(self, report: str) -> Window:
        """Yesterday (UTC) and today until now; of a transcript, the last 24 hours, its limit."""
        now = self.run.time_range.now
        start = now - DAY if report == catalog.TRANSCRIPT else self.yesterday.start
        return Window(start, now)

    def _examine(self, report: str, job: Job) -> None:
        config, stream = self.run.config, stream_of(report)
        self.run.reports.scheduler.wait_for(job)
        found = ReportExamination(
            report,
            job.window,
            config.report_time_zone,
            stream=stream,
            extra=config.report_columns.get(stream, {}),
            declared=self.declared.get(report, ()),
        )
        # A file without a required column is examined as far as its header.
        self.outcomes.examined[report] = found
        for leaf in job.leaf_jobs():
            for file in self.run.reports.fetch(leaf):
                for _, row in csv_files.rows(file, found.names, found.reject):
                    found.add(row)
                file.unlink()

    def start_differences(self) -> list[timedelta]:
        """How much rows of interaction starts differ from the times in their interaction ids."""
        created = self.outcomes.examined.get(catalog.CONVERSATION_CREATED)
        return created.start_differences if created else []

    def offset_by_windows(self) -> timedelta | None:
        """The smallest offset that moves rows into the windows requested; None without one.

        It is a lower bound: a window without rows at one of its ends hides a part of the offset.
        """

        def outside(quarters: int) -> int:
            return sum(
                found.outside(quarters * QUARTER) for found in self.outcomes.examined.values()
            )

        by_size = sorted(range(-MAX_QUARTERS, MAX_QUARTERS + 1), key=abs)
        best = min(by_size, key=outside)
        is_better = outside(0) >= _FEW_ROWS and outside(best) * _FEW_ROWS <= outside(0)
        return best * QUARTER if best and is_better else None
