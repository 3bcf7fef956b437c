"""Raw-report jobs: plan windows, submit, poll, fetch, and yield rows; no Singer.

A job is asked for with POST /reports/raw, is pending for seconds to minutes, and ends in signed
links that live for about an hour (Extract API article). The service takes about one job a minute
for each type of report, so jobs of everything that will be read are submitted ahead and polled
together, while rows are consumed in order.
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_freshchat import report_files
from tap_freshchat.client import path_of
from tap_freshchat.errors import (
    AccessError,
    MissingError,
    RefusedError,
    ReportError,
)
from tap_freshchat.report_columns import TRANSCRIPT
from tap_freshchat.times import format_request_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tap_freshchat.client import FreshchatClient
    from tap_freshchat.clock import Clock

# Longest windows that every account takes: docs disagree above these (Extract API article: a
# month, transcripts a day).
LONGEST_WINDOW = timedelta(days=28)
LONGEST_TRANSCRIPT_WINDOW = timedelta(days=1)
SHORTEST_WINDOW = timedelta(hours=1)
# Jobs of one report submitted before the first of them is read.
AHEAD = 8
# Seconds between two looks at one job: it takes seconds to minutes.
FIRST_POLL = 2.0
LONGEST_POLL = 30.0
# A link that expires again and again while being fetched.
LINK_RENEWALS = 3


@dataclass(frozen=True)
class Window:
    """A closed piece of time, `[start, end)`."""

    start: datetime
    end: datetime

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"

    def halves(self) -> tuple[Window, Window]:
        """The window cut in two."""
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


def longest_window(report: str, chosen: timedelta | None) -> timedelta:
    """The longest window to ask of a report: the user's choice within the service's limit."""
    limit = LONGEST_TRANSCRIPT_WINDOW if report == TRANSCRIPT else LONGEST_WINDOW
    return limit if chosen is None else min(chosen, limit)


@dataclass(kw_only=True, eq=False)
class _Job:
    report: str
    window: Window
    id: str = ""
    deadline: float = 0.0
    next_poll: float = 0.0
    poll_wait: float = FIRST_POLL
    links: list[str] | None = None


@dataclass(kw_only=True, eq=False)
class _Order:
    """What one window of one report takes: usually one job, several when it was halved."""

    jobs: list[_Job]
    readers: int = 0
    files: list[Path] = field(default_factory=list)
    fetched: bool = False


class Reports:
    """The raw reports of one account, for one run.

    Args:
        client: of the account.
        clock: for pacing and waiting.
        folder: where files lie between being fetched and being read by the last stream.
        jobs_per_minute: submissions for each type of report.
        timeout: how long a job may be pending.
        exclude_pii: ask for reports without personal data.
    """

    def __init__(  # noqa: PLR0913 - the parts are made and owned by the caller
        self,
        *,
        client: FreshchatClient,
        clock: Clock,
        folder: Path,
        jobs_per_minute: float,
        timeout: timedelta,
        exclude_pii: bool,
    ) -> None:
        self._client = client
        self._clock = clock
        self._folder = folder
        self._spacing = 60.0 / jobs_per_minute
        self._timeout = timeout
        self._exclude_pii = exclude_pii
        self._orders: dict[tuple[str, Window], _Order] = {}
        self._queues: dict[str, deque[_Job]] = defaultdict(deque)
        self._next_submit: dict[str, float] = {}
        self._unread: Counter[str] = Counter()
        self._pending: list[_Job] = []
        self._files_written = 0
        self._log = logging.getLogger("tap-freshchat.reports")

    def order(self, report: str, windows: Sequence[Window]) -> None:
        """Say what one stream is going to read, so that its jobs are submitted ahead."""
        for window in windows:
            order = self._orders.get((report, window))
            if order is None:
                job = _Job(report=report, window=window)
                order = self._orders[report, window] = _Order(jobs=[job])
                self._queues[report].append(job)
            order.readers += 1

    def rows(
        self,
        report: str,
        window: Window,
        names: Callable[[Sequence[str]], Sequence[str]],
    ) -> Iterator[dict[str, str]]:
        """Rows of an ordered window, in the file's order; blank cells are empty strings.

        The service may give rows a little outside of what was asked for; they are passed on.

        Args:
            report: its event name.
            window: as ordered.
            names: from a file's headers to the names of its columns.

        Raises:
            AccessError: the account cannot have raw reports.
            ReportError: the job failed or never finished, or its file cannot be read.
        """
        order = self._orders[report, window]
        if not order.fetched:
            self._await(order)
            for job in order.jobs:
                order.files.extend(self._fetch(job))
            order.fetched = True
        for file in order.files:
            yield from report_files.rows(file, names)
        order.readers -= 1
        if order.readers == 0:
            for file in order.files:
                file.unlink()
            self._unread[report] -= len(order.jobs)
            del self._orders[report, window]

    def _await(self, order: _Order) -> None:
        """Drive all jobs until those of one order are done."""
        while any(job.links is None for job in order.jobs):
            now = self._clock.monotonic()
            wake = [*self._submit_due(now, order), *self._poll_due(now)]
            if any(job.links is None for job in order.jobs):
                self._clock.sleep(max(0.0, min(wake, default=now) - self._clock.monotonic()))

    def _submit_due(self, now: float, wanted: _Order) -> list[float]:
        """Submit what may be submitted now; when to come back for the rest."""
        wake = []
        for report, queue in self._queues.items():
            # What is waited for goes whatever else is ahead.
            while queue and (self._unread[report] < AHEAD or queue[0] in wanted.jobs):
                due = self._next_submit.get(report, now)
                if due > now:
                    wake.append(due)
                    break
                self._unread[report] += 1
                self._submit(queue.popleft())
                # Counted from the answer: the service counts from when it took the job.
                self._next_submit[report] = self._clock.monotonic() + self._spacing
        return wake

    def _submit(self, job: _Job) -> None:
        body: dict[str, Any] = {
            "start": format_request_time(job.window.start),
            "end": format_request_time(job.window.end),
            "event": job.report,
            "format": "csv",
        }
        if self._exclude_pii:
            body["should_exclude_pii"] = True
        try:
            job.id = self._client.post("/reports/raw", body)["id"]
        except RefusedError as error:
            self._halve(job, error)
            return
        except (AccessError, MissingError) as error:
            raise AccessError(
                f"{error} Raw reports (Extract API) may not be part of the account's plan."
            ) from None
        now = self._clock.monotonic()
        job.deadline = now + self._timeout.total_seconds()
        job.next_poll = now + FIRST_POLL
        self._pending.append(job)
        self._log.info("Report %s asked for %s.", job.report, job.window)

    def _halve(self, job: _Job, error: RefusedError) -> None:
        """Put two half-windows in the place of one that the service finds too long."""
        reason = error.reason.lower()
        about_range = any(word in reason for word in ("range", "interval", "window", "duration"))
        too_short = job.window.end - job.window.start <= SHORTEST_WINDOW
        if not about_range or too_short:
            raise ReportError(f"Report {job.report} for {job.window}: {error}") from None
        halves = [_Job(report=job.report, window=half) for half in job.window.halves()]
        self._log.warning("Report %s: %s is too long; asking in halves.", job.report, job.window)
        for order in self._orders.values():
            if job in order.jobs:
                at = order.jobs.index(job)
                order.jobs[at : at + 1] = halves
        self._queues[job.report].extendleft(reversed(halves))
        self._unread[job.report] -= 1

    def _poll_due(self, now: float) -> list[float]:
        """Look at every job whose time has come; when to come back for the others."""
        for job in [job for job in self._pending if job.next_poll <= now]:
            self._poll(job)
            if job.links is not None:
                self._pending.remove(job)
                self._log.info("Report %s is ready for %s.", job.report, job.window)
                continue
            if self._clock.monotonic() > job.deadline:
                raise ReportError(
                    f"Report {job.report} for {job.window} was still pending after "
                    f"{self._timeout}; raise setting report_timeout_minutes or run again."
                )
            job.poll_wait = min(job.poll_wait * 1.5, LONGEST_POLL)
            job.next_poll = self._clock.monotonic() + job.poll_wait
        return [job.next_poll for job in self._pending]

    def _poll(self, job: _Job) -> None:
        """Read a job's state; its links, once every part of it is done."""
        # The `link` of the answer to POST lacks `/v2`: the address is built from the id.
        answer = self._client.get(path_of("reports", "raw", job.id))
        status = str(answer.get("status", "")).upper()
        parts = answer.get("links") or ([answer["link"]] if answer.get("link") else [])
        states = {str(part.get("status") or status).upper() for part in parts}
        if "FAILED" in {status, *states}:
            raise ReportError(
                f"Freshchat says that report {job.report} for {job.window} failed; run again, "
                f"or shorten setting report_window_days."
            )
        if status == "COMPLETED" and states <= {"COMPLETED", "SUCCESS"}:
            job.links = [href for part in parts if (href := (part.get("link") or part).get("href"))]

    def _fetch(self, job: _Job) -> Iterator[Path]:
        """Bring a finished job's files to disk; an expired link is asked for anew."""
        for number in range(len(job.links or ())):
            self._files_written += 1
            path = self._folder / f"{self._files_written}.report"
            for renewal in range(LINK_RENEWALS + 1):
                try:
                    self._client.download(
                        (job.links or [])[number],
                        lambda pieces, path=path: report_files.save(pieces, path),  # type: ignore[misc]
                    )
                    break
                except (MissingError, IndexError):
                    if renewal == LINK_RENEWALS:
                        raise ReportError(
                            f"The links of report {job.report} for {job.window} do not open, "
                            f"not even fresh ones; run again."
                        ) from None
                    self._poll(job)
            yield path
