"""Reader of raw reports: fetches each window once, for all streams that registered. No Singer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timezone
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from tap_freshchat.errors import NotFoundError, ReportError, RequestRejectedError
from tap_freshchat.reports import csv_files
from tap_freshchat.reports.access import ReportAccess
from tap_freshchat.reports.catalog import max_window
from tap_freshchat.reports.columns import map_columns
from tap_freshchat.reports.window_rows import WindowRows
from tap_freshchat.windows import plan_windows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime, timedelta, tzinfo
    from pathlib import Path

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.reports.scheduler import Job, ReportJobScheduler
    from tap_freshchat.set_aside import SetAside
    from tap_freshchat.time_range import RunTimeRange
    from tap_freshchat.windows import Window

# Times that a link may expire while it is fetched, and seconds before the second fresh link.
MAX_LINK_RENEWALS = 4
LINK_RENEWAL_WAIT = 5.0
# Rows of a report after which its times count as being in the zone that is set, which is the same
# in all windows.
ENOUGH_ROWS = 20_000


@dataclass(kw_only=True, eq=False)
class _PlannedWindow:
    """One window of one report: its job, how many readers are left, its files once fetched."""

    job: Job
    readers: int
    files: list[Path] | None = None


@dataclass
class ReportReader:
    """Raw reports of one account, for one run.

    Streams register first; the first use of a report fixes its windows. They start at the earliest
    registered time, so that streams whose bookmarks differ still share jobs.

    Files are kept in `folder` until their last reader is done. `extra_columns` is the setting
    `report_columns`, `zone` the setting `report_time_zone`.
    """

    client: FreshchatClient
    scheduler: ReportJobScheduler
    time_range: RunTimeRange
    folder: Path
    configured_window: timedelta | None
    set_aside: SetAside
    access: ReportAccess = field(default_factory=ReportAccess)
    extra_columns: Mapping[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    zone: tzinfo = timezone.utc
    _readers: dict[str, dict[str, datetime]] = field(default_factory=dict, init=False)
    _plans: dict[str, dict[Window, _PlannedWindow]] = field(default_factory=dict, init=False)
    _submitted: dict[tuple[str, Window], Job] = field(default_factory=dict, init=False)
    # Rows whose times were looked at before any of them was read, by report and kind of stream.
    _examined: Counter[tuple[str, bool]] = field(default_factory=Counter, init=False)
    _files_written: int = field(default=0, init=False)

    def register(self, reader: str, report: str, start: datetime) -> None:
        """Announce that a reader reads a report from `start`; the earliest of its starts counts.

        Nothing happens for a report that the run does without.
        """
        if self.access.is_absent(report):
            return
        starts = self._readers.setdefault(report, {})
        starts[reader] = min(start, starts.get(reader, start))

    @property
    def registered(self) -> list[str]:
        """The reports that have a reader."""
        return list(self._readers)

    def unregister_all(self) -> None:
        """Forget all readers, because the sources of streams have changed; keeps submitted jobs."""
        for report, plan in self._plans.items():
            self.scheduler.cancel(report)
            for window, planned in plan.items():
                if planned.job.id or planned.job.halves:
                    self._submitted[report, window] = planned.job
        self._plans.clear()
        self._readers.clear()

    def submit_all(self) -> None:
        """Queue the jobs of all registered reports, so that they are submitted ahead."""
        for report in self._readers:
            self._plan(report)

    def windows(self, report: str, start: datetime | None = None) -> list[Window]:
        """Windows of a report, in order; only those that end after `start`, if it is given.

        None of a report that the run does without.
        """
        if self.access.is_absent(report):
            return []
        return [window for window in self._plan(report) if not start or window.end > start]

    def check_access(self, report: str) -> None:
        """Submit the first job of a report; AuthorizationError if the account does not have it."""
        for planned in islice(self._plan(report).values(), 1):
            self.scheduler.submit(planned.job)

    def rows(
        self, report: str, window: Window, stream: str, *, required: Iterable[str] | None = None
    ) -> Iterator[dict[str, str]]:
        """Rows of a planned window by known column name, in the file's order, blank cells empty.

        Rows outside the window are passed on, as the service returns them, unless most are:
        `WindowRows` has the rules. `stream` is the one whose extra columns count; `required` is as
        in `map_columns`, and given for a stream of plain rows.

        Raises:
            AuthorizationError: the account has no raw reports.
            ReportError: the job failed or never finished, or its file cannot be read.
        """
        extra = self.extra_columns.get(stream, {})
        names = partial(map_columns, report, stream=stream, extra=extra, required=required)
        planned = self._plans[report][window]
        if planned.files is None:
            self.scheduler.wait_for(planned.job)
            planned.files = [file for leaf in planned.job.leaf_jobs() for file in self.fetch(leaf)]
        is_raw = required is not None
        checked = WindowRows(report, window, self.zone, self.set_aside, is_raw=is_raw)
        if self._examined[report, is_raw] < ENOUGH_ROWS:
            # Counted only without an error: another stream must not take the times for right.
            self._examined[report, is_raw] += replace(checked).check_times(planned.files, names)
        for file in planned.files:
            yield from checked.rows(file, names)
        planned.readers -= 1
        if planned.readers == 0:
            for file in planned.files:
                file.unlink()
            self.scheduler.mark_read(planned.job)

    def _plan(self, report: str) -> dict[Window, _PlannedWindow]:
        if report not in self._plans:
            starts = self._readers[report].values()
            start = max(min(starts), self.time_range.report_retention_start)
            longest = self.scheduler.limit.longest_window(
                report, max_window(report, self.configured_window)
            )
            self._plans[report] = {
                window: _PlannedWindow(
                    job=self._submitted.get((report, window))
                    or self.scheduler.queue(report, window),
                    readers=sum(start < window.end for start in starts),
                )
                for window in plan_windows(start, self.time_range.report_end, longest, self.zone)
            }
        return self._plans[report]

    def fetch(self, job: Job) -> Iterator[Path]:
        """Download the files of a finished leaf job; renews expired links.

        ReportError if a link does not open.
        """
        for number, ready in enumerate(job.links or ()):
            self._files_written += 1
            path = self.folder / f"{self._files_written}.report"
            reason = ""
            for renewals in range(MAX_LINK_RENEWALS):
                link = _refreshed_link(ready, number, job.links or [])
                try:
                    if link:
                        self.client.download(link, partial(csv_files.save, path=path))
                        break
                except NotFoundError as error:
                    reason = f" {error}"
                self.scheduler.clock.sleep(LINK_RENEWAL_WAIT * renewals)
                try:
                    self.scheduler.poll(job)
                except (NotFoundError, RequestRejectedError) as error:
                    reason = f" {error}"
            else:
                raise ReportError(
                    f"The download links of report {job.report} for {job.window} do not open, even "
                    f"after renewal.{reason} Run the tap again."
                )
            yield path


def _refreshed_link(link: str, number: int, links: Sequence[str]) -> str | None:
    """The current link to the same file, in any order of fresh links.

    Links to one file differ in the query, which is the signature. If no single link matches, the
    one in the same place; None if there is no such place.
    """
    name = link.partition("?")[0]
    same = [fresh for fresh in links if fresh.partition("?")[0] == name]
    if len(same) == 1:
        return same[0]
    return links[number] if number < len(links) else None
