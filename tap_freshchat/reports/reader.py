"""Raw reports as rows: what streams order and read, each window fetched once; no Singer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_freshchat.errors import MissingError, ReportError
from tap_freshchat.reports import csv_files as report_files

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.errors import AccessError
    from tap_freshchat.reports.job_api import Job
    from tap_freshchat.reports.scheduler import ReportJobs
    from tap_freshchat.windows import Window

# A link that expires again and again while being fetched.
LINK_RENEWALS = 3


@dataclass(kw_only=True, eq=False)
class _Order:
    """One window of one report: its job, who still wants to read it, its files once fetched."""

    job: Job
    readers: int = 0
    files: list[Path] | None = field(default=None)


class Reports:
    """The raw reports of one account, for one run.

    Args:
        client: of the account.
        jobs: that make the reports.
        folder: where files lie between being fetched and being read by the last stream.
    """

    def __init__(self, client: FreshchatClient, jobs: ReportJobs, folder: Path) -> None:
        self._client = client
        self._jobs = jobs
        self._folder = folder
        self._orders: dict[tuple[str, Window], _Order] = {}
        self._files_written = 0

    def order(self, report: str, windows: Sequence[Window]) -> None:
        """Say what one stream is going to read, so that its jobs are submitted ahead."""
        for window in windows:
            order = self._orders.get((report, window))
            if order is None:
                order = _Order(job=self._jobs.queue(report, window))
                self._orders[report, window] = order
            order.readers += 1

    def refusal(self, report: str, window: Window) -> AccessError | None:
        """Why the account cannot have reports, None if it can: asks for what is then ordered."""
        job = self._jobs.queue(report, window)
        refusal = self._jobs.refusal(job)
        if refusal is None:
            self._orders[report, window] = _Order(job=job)
        return refusal

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
        if order.files is None:
            self._jobs.wait_for(order.job)
            order.files = [file for part in order.job.parts() for file in self._fetch(part)]
        for file in order.files:
            yield from report_files.rows(file, names)
        order.readers -= 1
        if order.readers == 0:
            for file in order.files:
                file.unlink()
            self._jobs.release(order.job)
            del self._orders[report, window]

    def _fetch(self, job: Job) -> Iterator[Path]:
        """Bring a finished job's files to disk; an expired link is asked for anew."""
        for number, ready in enumerate(job.links or ()):
            self._files_written += 1
            path = self._folder / f"{self._files_written}.report"
            for _ in range(LINK_RENEWALS):
                link = _current(ready, number, job.links or [])
                try:
                    if link:
                        self._download(link, path)
                        break
                except MissingError:
                    pass
                self._jobs.look(job)
            else:
                raise ReportError(
                    f"The links of report {job.report} for {job.window} do not open, "
                    f"not even fresh ones; run again."
                )
            yield path

    def _download(self, link: str, path: Path) -> None:
        self._client.download(link, lambda pieces: report_files.save(pieces, path))


def _current(link: str, number: int, links: Sequence[str]) -> str | None:
    """The link that opens the same file by now, whatever order fresh links come in.

    The file's name stands before the query, which is the signature. By its place where no one link
    has that name; None where there is no such place.
    """
    name = link.partition("?")[0]
    same = [fresh for fresh in links if fresh.partition("?")[0] == name]
    if len(same) == 1:
        return same[0]
    return links[number] if number < len(links) else None
