"""Report jobs: their submission, status and files."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from freshchat_sandbox.account import timestamps
from freshchat_sandbox.account.identifiers import Kind
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.account.timestamps import DAY, MINUTE, SECOND
from freshchat_sandbox.http_messages import API_HOST, EXTRACT_HOST, ApiError, Response, base_url
from freshchat_sandbox.rate_limits import JobLimit
from freshchat_sandbox.reports.catalog import REPORTS, hidden_columns
from freshchat_sandbox.reports.requests import ReportRequest, parse_report_request
from freshchat_sandbox.reports.zip_files import pack_rows, title_case

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.http_messages import Request

EXTRACT_PATH = "/extracts/"
_AMZ_DATE = "%Y%m%dT%H%M%SZ"
# How an account may spell the states of a job.
_STATES: dict[str, dict[str, str]] = {
    "upper": {},
    "lower": {
        "PENDING": "pending",
        "IN_PROGRESS": "in-progress",
        "COMPLETED": "completed",
        "FAILED": "failed",
    },
    "success": {"COMPLETED": "SUCCESS", "IN_PROGRESS": "RUNNING"},
    "done": {"COMPLETED": "DONE", "PENDING": "QUEUED", "IN_PROGRESS": "PROCESSING"},
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """Accepted report job; times are epoch milliseconds.

    Attributes:
        starts_at: When it changes from PENDING to IN_PROGRESS.
        ends_at: When it changes to COMPLETED.
        ranges: Sub-ranges, each with its own file.
        late_file: Index of the file that is ready later than the others, or None.
        late_file_delay: How much later.
    """

    id: str
    report_request: ReportRequest
    submitted_at: int
    starts_at: int
    ends_at: int
    ranges: tuple[tuple[int, int], ...]
    late_file: int | None
    late_file_delay: int


class ReportJobs:
    """All report jobs of the account.

    Args:
        account: The account that the reports show.
        max_buffered_bytes: A longer file is sent in chunks, without a Content-Length.
    """

    def __init__(self, account: SandboxAccount, max_buffered_bytes: int) -> None:
        self._account = account
        self._options = account.options
        self._max_buffered_bytes = max_buffered_bytes
        self._limit = JobLimit(
            account.options.report_jobs_per_minute,
            account.options.report_jobs_per_day,
            is_shared=account.readings.job_limit == "shared",
        )
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def submit(self, body: bytes, host: str, now: int) -> Response:
        """Accept a job and return 202.

        Raises:
            ApiError: 400 for an invalid body, 403 without the feature, 429 over the rate limit.
        """
        if not self._options.extract_available:
            raise ApiError(403, "ACCESS_DENIED", "Extracts are not part of this account's plan")
        is_short = self._account.readings.longest_report == "day"
        report_request = parse_report_request(body, now, is_short=is_short)
        self._limit.count(report_request.event, now)
        with self._lock:
            job = self._create(len(self._jobs), report_request, now)
            self._jobs[job.id] = job
        href = f"/reports/raw/{job.id}"  # without the version
        if self._account.readings.link_form == "absolute":
            href = f"{base_url(host)}/v2{href}"
        link = {"rel": "extracts", "href": href}
        return Response.of_json(202, {"id": job.id, "link": link})

    def status(self, job_id: str, host: str, now: int) -> dict[str, Any]:
        """Return the status of a job, with fresh links to the files that are ready.

        Raises:
            ApiError: 404 for an unknown job.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise ApiError(404, "REPORT_NOT_FOUND", "No such report")
        # Both separators occur in live accounts.
        separator = " " if job.submitted_at // SECOND % 2 else "_"
        interval = separator.join(
            map(
                timestamps.format_java_timestamp, (job.report_request.start, job.report_request.end)
            )
        )
        status = self._status(job, now)
        links = [
            self._link(job, index, host, now) for index in range(len(job.ranges))
        ] if status == "COMPLETED" else []  # fmt: skip
        shown = _STATES[self._account.readings.job_state].get(status, status)
        if self._account.readings.job_links == "link":
            return {"id": job.id, "status": shown, "link": links[0]["link"] if links else None}
        return {"id": job.id, "status": shown, "interval": interval, "links": links}

    def download(self, request: Request, now: int) -> Response:
        """Return the response to a signed link, as S3 does."""
        if "authorization" in request.headers:
            return _storage_error(400, "InvalidArgument", "Only one auth mechanism allowed")
        signed = {name: request.parameter(f"X-Amz-{name}") or "" for name in ("Date", "Expires")}
        signature = self._sign(request.host, request.path, signed["Date"], signed["Expires"])
        if request.parameter("X-Amz-Signature") != signature:
            return _storage_error(403, "SignatureDoesNotMatch", "The signature does not match")
        if now >= _read_amz_date(signed["Date"]) + self._options.link_lifetime * SECOND:
            return _storage_error(403, "AccessDenied", "Request has expired")
        _, _, job_id, name = request.path.split("/")
        job = self._jobs.get(job_id)
        if job is None:  # signed by an earlier run of the same sandbox
            return _storage_error(404, "NoSuchKey", "The specified key does not exist")
        pieces = self._pieces(job, *job.ranges[int(name.partition("-")[0])])
        content = bytearray()
        for piece in pieces:
            content += piece
            if len(content) > self._max_buffered_bytes:
                break
        is_whole = len(content) <= self._max_buffered_bytes
        headers = {"Content-Type": "binary/octet-stream", "Server": "AmazonS3"}
        return Response(200, headers, bytes(content), None if is_whole else pieces)

    def _create(self, number: int, report_request: ReportRequest, now: int) -> Job:
        rng = SeededRandom(self._options.seed, "job", number, report_request.event)
        starts_at = now + rng.randint(2 * SECOND, 20 * SECOND)
        ranges = tuple(pairwise(_split_range(report_request, rng)))
        if is_one := self._account.readings.job_links == "link":
            ranges = ((report_request.start, report_request.end),)
        return Job(
            id=self._account.ids.uuid(Kind.JOB, 0, number),
            report_request=report_request,
            submitted_at=now,
            starts_at=starts_at,
            ends_at=starts_at + rng.randint(3 * SECOND, 70 * SECOND),
            ranges=ranges,
            late_file=rng.randint(0, len(ranges) - 1) if rng.chance(0.5) and not is_one else None,
            late_file_delay=rng.randint(5 * SECOND, 30 * SECOND),
        )

    def _status(self, job: Job, now: int) -> str:
        if now < job.starts_at or self._options.stuck_jobs:
            return "PENDING"
        if now < job.ends_at:
            return "IN_PROGRESS"
        return "FAILED" if self._options.failed_jobs else "COMPLETED"

    def _link(self, job: Job, index: int, host: str, now: int) -> dict[str, Any]:
        bounds = ("from", "to") if job.submitted_at // SECOND % 2 else ("from_date", "to_date")
        link: dict[str, Any] = dict(
            zip(bounds, map(timestamps.format_java_timestamp, job.ranges[index]), strict=True)
        )
        if index == job.late_file and now < job.ends_at + job.late_file_delay:
            return {**link, "status": "PENDING"}
        path = f"{EXTRACT_PATH}{job.id}/{index}-{job.report_request.event}.zip"
        base, extract_host = _extract_base(host)
        date, expires = (
            timestamps.to_datetime(now).strftime(_AMZ_DATE),
            str(int(self._options.link_lifetime)),
        )
        query = {
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Date": date,
            "X-Amz-Expires": expires,
            "X-Amz-Signature": self._sign(extract_host, path, date, expires),
        }
        href = f"{base}{path}?{urlencode(query)}"
        status = "COMPLETED" if index % 2 else "SUCCESS"
        return {**link, "status": status, "link": {"rel": "extraction", "href": href}}

    def _sign(self, *parts: str) -> str:
        text = "\n".join((str(self._options.seed), self._options.token, *parts))
        return hashlib.sha256(text.encode()).hexdigest()

    def _pieces(self, job: Job, start: int, end: int) -> Iterator[bytes]:
        report = REPORTS[job.report_request.event]
        # The file shows the account at submission, however late it is fetched.
        visible_until = job.submitted_at - int(self._options.report_latency * MINUTE) + 1
        rows = report.rows_between(
            self._account,
            start,
            end,
            with_pii=job.report_request.with_pii,
            visible_until=visible_until,
        )
        readings = self._account.readings
        hidden = hidden_columns(job.report_request.event, readings)
        shown = [number for number, name in enumerate(report.columns) if name not in hidden]
        header = tuple(report.columns[number] for number in shown)
        rows = (tuple(row[number] for number in shown) for row in rows)
        if readings.header_style == "title":
            header = tuple(map(title_case, header))
        rng = SeededRandom(self._options.seed, "file", job.report_request.event, start, end)
        return pack_rows(job.report_request.event, header, rows, rng)


def _split_range(report_request: ReportRequest, rng: SeededRandom) -> list[int]:
    """Return the bounds of the sub-ranges: some days each, or half of a short job."""
    start, end = report_request.start, report_request.end
    if end - start <= DAY:
        middle = start + (end - start) // 2
        return [start, middle, end] if end - start > DAY // 4 else [start, end]
    cuts, midnight = [start], start - start % DAY
    while (midnight := midnight + rng.randint(2, 5) * DAY) < end:
        cuts.append(midnight)
    return [*cuts, end]


def _extract_base(host: str) -> tuple[str, str]:
    """Return the base URL and host of files: never the host of the API, even on loopback."""
    if host == API_HOST:
        return f"https://{EXTRACT_HOST}", EXTRACT_HOST
    name, _, port = host.partition(":")
    other = f"{'localhost' if name == '127.0.0.1' else '127.0.0.1'}:{port or 80}"
    return f"http://{other}", other


def _read_amz_date(text: str) -> int:
    return timestamps.from_datetime(datetime.strptime(f"{text}+0000", f"{_AMZ_DATE}%z"))


def _storage_error(status: int, code: str, message: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(
        status, {"Content-Type": "application/xml", "Server": "AmazonS3"}, body.encode()
    )
