"""Scheduler of raw-report jobs: submits ahead at the allowed rate and polls until they are done.

A job is submitted with POST /reports/raw, is pending for seconds to minutes, and ends with signed
links that are valid for about an hour (Extract API article).
"""

from __future__ import annotations

import logging
from collections import Counter, defaultdict, deque
from dataclasses import KW_ONLY, InitVar, dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from tap_freshchat.errors import (
    FreshchatError,
    NotFoundError,
    ReportError,
    RequestRejectedError,
    ResourceRateLimitError,
)
from tap_freshchat.reports import job_api
from tap_freshchat.reports.job_limit import JobLimit

if TYPE_CHECKING:
    from datetime import timedelta

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.clock import Clock
    from tap_freshchat.windows import Window

# Most jobs of one report submitted and not read yet.
MAX_UNREAD_JOBS = 8
# Seconds before the first poll of a job: it takes seconds to minutes.
FIRST_POLL = 2.0
# Longest interval between polls of one job, in seconds, and its growth.
MAX_POLL_INTERVAL = 30.0
POLL_GROWTH = 1.5
# Seconds for which a complete job that lacks a link is polled: links were seen 45 s late.
MAX_LINK_WAIT = 300.0
# Polls of a job that the service does not know (yet), before it is submitted again.
MAX_UNKNOWN_POLLS = 4


@dataclass(kw_only=True, eq=False)
class Job:
    """One job; `links` is None until all its files are ready.

    A window that the service finds too long is split into two `halves`, which replace the job.
    `error` is why it failed; only who waits for the job gets it.
    """

    report: str
    window: Window
    id: str = ""
    deadline: float = 0.0
    next_poll: float = 0.0
    poll_wait: float = FIRST_POLL
    complete_since: float | None = None
    unknown_polls: int = 0
    was_resubmitted: bool = False
    links: list[str] | None = None
    error: FreshchatError | None = None
    halves: tuple[Job, ...] = ()

    def leaf_jobs(self) -> list[Job]:
        """The jobs that together cover the window, in order."""
        return [part for half in self.halves for part in half.leaf_jobs()] or [self]

    @property
    def is_done(self) -> bool:
        """Whether all leaf jobs have links."""
        return all(part.links is not None for part in self.leaf_jobs())

    def raise_error(self) -> None:
        """Raise the error of the first leaf job that failed."""
        for part in self.leaf_jobs():
            if part.error is not None:
                raise part.error


@dataclass
class ReportJobScheduler:
    """Scheduler of the jobs of one run; `limit` says when the next may be submitted."""

    client: FreshchatClient
    clock: Clock
    _: KW_ONLY
    jobs_per_minute: InitVar[float]
    timeout: timedelta
    exclude_pii: bool
    limit: JobLimit = field(init=False)
    _queues: dict[str, deque[Job]] = field(default_factory=lambda: defaultdict(deque), init=False)
    _unread: Counter[str] = field(default_factory=Counter, init=False)
    _pending: list[Job] = field(default_factory=list, init=False)
    _log: ClassVar = logging.getLogger("tap-freshchat.reports")

    def __post_init__(self, jobs_per_minute: float) -> None:
        self.limit = JobLimit(self.clock, jobs_per_minute)

    def queue(self, report: str, window: Window) -> Job:
        """Queue a job, to be submitted in its turn."""
        job = Job(report=report, window=window)
        self._queues[report].append(job)
        return job

    def submit(self, job: Job) -> None:
        """Submit a job ahead of all others of its report, once the limit allows it.

        Raises as `wait_for`.
        """
        while not (job.id or job.halves or job.error):
            due = self.limit.next_submit(job.report)
            self.clock.sleep(max(0.0, due - self.clock.monotonic()))
            self._prioritise(job)
            self._submit_next(job.report)
        job.raise_error()

    def wait_for(self, job: Job) -> None:
        """Drive all jobs until one is done.

        Raises:
            AuthorizationError: the account has no raw reports.
            ReportError: it was rejected, failed, or was pending for too long.
        """
        while not job.is_done:
            job.raise_error()
            now = self.clock.monotonic()
            wake = [*self._submit_due(now, job), *self._poll_due(now)]
            job.raise_error()
            if not job.is_done:
                if not wake:
                    raise ReportError(
                        f"Internal error: report {job.report} for {job.window} was never "
                        f"submitted. Please file a bug with this log."
                    )
                self.clock.sleep(max(0.0, min(wake) - self.clock.monotonic()))

    def cancel(self, report: str) -> None:
        """Drop the jobs of a report that are not submitted yet."""
        self._queues[report].clear()

    def mark_read(self, job: Job) -> None:
        """Mark a job's files as read, so that further jobs may be submitted."""
        self._unread[job.report] -= len(job.leaf_jobs())

    def poll(self, job: Job) -> None:
        """Poll a job; sets its links once all are there.

        Raises:
            NotFoundError, RequestRejectedError: the service does not know the job, or not yet.
            ReportError: it failed, or is complete for minutes and lacks a link.
        """
        status = job_api.poll_job(self.client, job.report, job.window, job.id)
        job.unknown_polls = 0
        if status.is_ready:
            job.links = status.links
        if status.is_ready or not status.is_complete:
            job.complete_since = None
            return
        now = self.clock.monotonic()
        if job.complete_since is None:
            job.complete_since = now
        if now - job.complete_since >= MAX_LINK_WAIT:
            what = "a part has no link" if status.links else "it has no file"
            raise ReportError(
                f"Report {job.report} for {job.window} is complete, but {what} after "
                f"{MAX_LINK_WAIT / 60:.0f} minutes. Run the tap again; if it happens again, ask "
                f"Freshchat's support."
            )

    def _submit_due(self, now: float, awaited: Job) -> list[float]:
        """Submit the jobs that are due; returns when the others are."""
        wake = []
        self._prioritise(awaited)
        # Under a limit over all types, the report that is waited for goes first.
        reports = sorted(self._queues, key=lambda report: report != awaited.report)
        for report in reports:
            queue = self._queues[report]
            # The awaited job is submitted however many jobs are unread.
            while queue and (
                self._unread[report] < MAX_UNREAD_JOBS or queue[0] in awaited.leaf_jobs()
            ):
                due = self.limit.next_submit(report)
                if due > now:
                    wake.append(due)
                    break
                self._submit_next(report)
        return wake

    def _prioritise(self, awaited: Job) -> None:
        """Move the awaited job to the front: earlier ones may never be read."""
        queue = self._queues[awaited.report]
        for part in reversed(awaited.leaf_jobs()):
            if part in queue:
                queue.remove(part)
                queue.appendleft(part)

    def _submit_next(self, report: str) -> None:
        """Submit the first job of a report; an error fails all jobs of it that wait."""
        queue = self._queues[report]
        waiting = list(queue)
        try:
            self._submit_first(report)
        except FreshchatError as error:
            for job in waiting:
                job.error = error
            queue.clear()

    def _submit_first(self, report: str) -> None:
        queue = self._queues[report]
        job = queue[0]
        try:
            job.id = job_api.submit_job(
                self.client, report, job.window, exclude_pii=self.exclude_pii
            )
        except ResourceRateLimitError as error:
            self.limit.reject(report, error.wait)
            return
        except RequestRejectedError as error:
            if error.status == HTTPStatus.CONFLICT:
                # The service still works on another job.
                self.limit.postpone(report, None)
                return
            del queue[0]
            halves = job_api.split_window(report, job.window, error)
            self._log.warning(
                "Report %s: window %s is too long; requesting halves.", report, job.window
            )
            self.limit.learn_window(report, halves[0])
            job.halves = tuple(Job(report=report, window=half) for half in halves)
            queue.extendleft(reversed(job.halves))
        else:
            del queue[0]
            now = self.clock.monotonic()
            job.deadline = now + self.timeout.total_seconds()
            job.next_poll = now + FIRST_POLL
            self._pending.append(job)
            self._unread[report] += 1
            self._log.info("Report %s requested for %s.", report, job.window)
        self.limit.accept(report)

    def _poll_due(self, now: float) -> list[float]:
        """Poll the jobs that are due; returns when the others are."""
        resubmitted = []
        for job in [job for job in self._pending if job.next_poll <= now]:
            try:
                again = self._poll_pending(job)
            except FreshchatError as error:  # noqa: PERF203 - an error costs its own job only
                job.error = error
                self._pending.remove(job)
            else:
                resubmitted.extend(again)
        return [*resubmitted, *(job.next_poll for job in self._pending)]

    def _poll_pending(self, job: Job) -> list[float]:
        """Poll a job; returns when it is submitted again if the service does not know it."""
        try:
            self.poll(job)
        except (NotFoundError, RequestRejectedError):
            if not self._expect_unknown(job):
                return [self.limit.next_submit(job.report)]
        if job.links is not None:
            self._pending.remove(job)
            self._log.info("Report %s is ready for %s.", job.report, job.window)
            return []
        if job.complete_since is None and self.clock.monotonic() > job.deadline:
            raise ReportError(
                f"Report {job.report} for {job.window} was still pending after "
                f"{self.timeout}. Raise setting report_timeout_minutes, or run the tap again."
            )
        job.poll_wait = min(job.poll_wait * POLL_GROWTH, MAX_POLL_INTERVAL)
        job.next_poll = self.clock.monotonic() + job.poll_wait
        return []

    def _expect_unknown(self, job: Job) -> bool:
        """Whether to poll a job that the service does not know again; else it is submitted again.

        Raises:
            ReportError: it was submitted twice.
        """
        job.unknown_polls += 1
        if job.unknown_polls < MAX_UNKNOWN_POLLS:
            return True
        if job.was_resubmitted:
            raise ReportError(
                f"Report {job.report} for {job.window}: Freshchat accepted "
                f"{job_api.describe_job(job.id)}, and does not know it. Run the tap again."
            )
        self._log.warning(
            "Report %s for %s: Freshchat does not know %s; submitting it again.",
            *(job.report, job.window, job_api.describe_job(job.id)),
        )
        job.was_resubmitted, job.unknown_polls, job.poll_wait = True, 0, FIRST_POLL
        self._pending.remove(job)
        self._unread[job.report] -= 1
        self._queues[job.report].appendleft(job)
        return False
