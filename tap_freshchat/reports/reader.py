"""Reader of raw reports: rows of the windows that streams request, each fetched once. No Singer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_freshchat.errors import NotFoundError, ReportError
from tap_freshchat.reports import csv_files as report_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.errors import AuthorizationError
    from tap_freshchat.reports.job_api import Job
    from tap_freshchat.reports.scheduler import ReportJobScheduler
    from tap_freshchat.windows import Window

# A link that expires again and again while being fetched.
LINK_RENEWALS = 3


@dataclass(kw_only=True, eq=False)
class _Request:
    """One window of one report: its job, its remaining readers, its files once fetched."""

    job: Job
    readers: int = 0
    files: list[Path] | None = field(default=None)


class ReportReader:
    """The raw reports of one account, for one run.

    Args:
        client: of the account.
        jobs: that make the reports.
        folder: where files lie between being fetched and being read by the last stream.
    """

    def __init__(self, client: FreshchatClient, jobs: ReportJobScheduler, folder: Path) -> None:
        self._client = client
        self._jobs = jobs
        self._folder = folder
        self._requests: dict[tuple[str, Window], _Request] = {}
        self._files_written = 0

    def request(self, report: str, windows: Sequence[Window]) -> None:
        """Request the windows that one stream will read, so that jobs are submitted ahead."""
        for window in windows:
            request = self._requests.get((report, window))
            if request is None:
                request = _Request(job=self._jobs.queue(report, window))
                self._requests[report, window] = request
            request.readers += 1

    def check_access(self, report: str, window: Window) -> AuthorizationError | None:
        """The error if the account has no reports, else None; requests that window."""
        job = self._jobs.queue(report, window)
        check_access = self._jobs.submit_or_denied(job)
        if check_access is None:
            self._requests[report, window] = _Request(job=job)
        return check_access

    def rows(
        self,
        report: str,
        window: Window,
        names: Callable[[Sequence[str]], Sequence[str]],
    ) -> Iterator[dict[str, str]]:
        """Rows of a requested window, in the file's order; blank cells are empty strings.

        Rows slightly outside of the window are included.

        Args:
            report: its event name.
            window: as requested.
            names: from a file's headers to the names of its columns.

        Raises:
            AuthorizationError: the account has no raw reports.
            ReportError: the job failed or never finished, or its file cannot be read.
        """
        request = self._requests[report, window]
        if request.files is None:
            self._jobs.wait_for(request.job)
            request.files = [file for leaf in request.job.leaf_jobs() for file in self._fetch(leaf)]
        for file in request.files:
            yield from report_files.rows(file, names)
        request.readers -= 1
        if request.readers == 0:
            for file in request.files:
                file.unlink()
            self._jobs.mark_read(request.job)
            del self._requests[report, window]

    def _fetch(self, job: Job) -> Iterator[Path]:
        """Download a finished job's files; polls the job for fresh links if one has expired."""
        for number, link_ in enumerate(job.links or ()):
            self._files_written += 1
            path = self._folder / f"{self._files_written}.report"
            for _ in range(LINK_RENEWALS):
                link = _refreshed_link(link_, number, job.links or [])
                try:
                    if link:
                        self._download(link, path)
                        break
                except NotFoundError:
                    pass
                self._jobs.poll(job)
            else:
                raise ReportError(
                    f"The links of report {job.report} for {job.window} do not open, "
                    f"not even fresh ones; run again."
                )
            yield path

    def _download(self, link: str, path: Path) -> None:
        self._client.download(link, lambda chunks: report_files.save(chunks, path))


def _refreshed_link(link: str, number: int, links: Sequence[str]) -> str | None:
    """The fresh link of the same file, in whatever order fresh links come.

    Matches by the file's name, which precedes the query (the signature); else by position. None if
    there is no such position.
    """
    name = link.partition("?")[0]
    same_file = [fresh for fresh in links if fresh.partition("?")[0] == name]
    if len(same_file) == 1:
        return same_file[0]
    return links[number] if number < len(links) else None
