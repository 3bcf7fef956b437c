"""Report jobs: taking them, telling how far they are, and handing out their files."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from freshchat_sandbox.desk import instants
from freshchat_sandbox.desk.dice import Dice
from freshchat_sandbox.desk.identifiers import Kind
from freshchat_sandbox.desk.instants import DAY, MINUTE, SECOND
from freshchat_sandbox.exchange import API_HOST, EXTRACT_HOST, ApiError, Response
from freshchat_sandbox.limits import JobLimit
from freshchat_sandbox.reports.catalog import REPORTS
from freshchat_sandbox.reports.extracts import pack, title_case
from freshchat_sandbox.reports.orders import Order, read_order

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.desk.desk import Desk
    from freshchat_sandbox.exchange import Request

HELD_AT_ONCE = 4 << 20  # a longer file is answered in pieces, without a length
EXTRACT_PATH = "/extracts/"
_AMZ_DATE = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One accepted report job; instants are epoch milliseconds.

    Attributes:
        starts: When it goes from PENDING to IN_PROGRESS.
        ends: When it is COMPLETED.
        ranges: The sub-ranges, each a file of its own.
        late: The index of the file that takes longer than the rest, or None.
        late_by: How much longer.
    """

    id: str
    order: Order
    submitted: int
    starts: int
    ends: int
    ranges: tuple[tuple[int, int], ...]
    late: int | None
    late_by: int


class Reports:
    """All report jobs of the account."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._options = desk.options
        self._limit = JobLimit(
            desk.options.report_jobs_per_minute, desk.options.report_jobs_per_day
        )
        self._jobs: dict[str, Job] = {}
        self._lock = threading.Lock()

    def submit(self, body: bytes, now: int) -> Response:
        """Take a job and answer 202.

        Raises:
            ApiError: 400 for a wrong body, 403 without the feature, 429 over the rate.
        """
        if not self._options.extract_available:
            raise ApiError(403, "ACCESS_DENIED", "Extracts are not part of this account's plan")
        order = read_order(body, now)
        self._limit.take(order.event, now)
        with self._lock:
            job = self._make(len(self._jobs), order, now)
            self._jobs[job.id] = job
        link = {"rel": "extracts", "href": f"/reports/raw/{job.id}"}  # without the version
        return Response.of_json(202, {"id": job.id, "link": link})

    def state(self, job_id: str, host: str, now: int) -> dict[str, Any]:
        """Tell how far a job is, with fresh links to what is ready.

        Raises:
            ApiError: 404 for an unknown job.
        """
        job = self._jobs.get(job_id)
        if job is None:
            raise ApiError(404, "REPORT_NOT_FOUND", "No such report")
        # Both joints have been met in live accounts.
        joint = " " if job.submitted // SECOND % 2 else "_"
        interval = joint.join(map(instants.timestamp, (job.order.start, job.order.end)))
        status = self._status(job, now)
        links = [
            self._link(job, index, host, now) for index in range(len(job.ranges))
        ] if status == "COMPLETED" else []  # fmt: skip
        return {"id": job.id, "status": status, "interval": interval, "links": links}

    def file(self, request: Request, now: int) -> Response:
        """Answer a signed link as S3 does."""
        if "authorization" in request.headers:
            return _refusal(400, "InvalidArgument", "Only one auth mechanism allowed")
        signed = {name: request.parameter(f"X-Amz-{name}") or "" for name in ("Date", "Expires")}
        signature = self._sign(request.host, request.path, signed["Date"], signed["Expires"])
        if request.parameter("X-Amz-Signature") != signature:
            return _refusal(403, "SignatureDoesNotMatch", "The signature does not match")
        if now >= _read_amz_date(signed["Date"]) + self._options.link_lifetime * SECOND:
            return _refusal(403, "AccessDenied", "Request has expired")
        _, _, job_id, name = request.path.split("/")
        job = self._jobs.get(job_id)
        if job is None:  # signed by an earlier run of the same sandbox
            return _refusal(404, "NoSuchKey", "The specified key does not exist")
        pieces = self._pieces(job, *job.ranges[int(name.partition("-")[0])])
        held = bytearray()
        for piece in pieces:
            held += piece
            if len(held) > HELD_AT_ONCE:
                break
        headers = {"Content-Type": "binary/octet-stream", "Server": "AmazonS3"}
        return Response(200, headers, bytes(held), pieces if len(held) > HELD_AT_ONCE else None)

    def _make(self, number: int, order: Order, now: int) -> Job:
        dice = Dice(self._options.seed, "job", number, order.event)
        starts = now + dice.between(2 * SECOND, 20 * SECOND)
        ranges = tuple(pairwise(_cuts(order, dice)))
        return Job(
            id=self._desk.ids.uuid(Kind.JOB, 0, number),
            order=order,
            submitted=now,
            starts=starts,
            ends=starts + dice.between(3 * SECOND, 70 * SECOND),
            ranges=ranges,
            late=dice.between(0, len(ranges) - 1) if dice.chance(0.5) else None,
            late_by=dice.between(5 * SECOND, 30 * SECOND),
        )

    def _status(self, job: Job, now: int) -> str:
        if now < job.starts or self._options.stuck_jobs:
            return "PENDING"
        if now < job.ends:
            return "IN_PROGRESS"
        return "FAILED" if self._options.failed_jobs else "COMPLETED"

    def _link(self, job: Job, index: int, host: str, now: int) -> dict[str, Any]:
        bounds = ("from", "to") if job.submitted // SECOND % 2 else ("from_date", "to_date")
        link: dict[str, Any] = dict(
            zip(bounds, map(instants.timestamp, job.ranges[index]), strict=True)
        )
        if index == job.late and now < job.ends + job.late_by:
            return {**link, "status": "PENDING"}
        path = f"{EXTRACT_PATH}{job.id}/{index}-{job.order.event}.zip"
        base, extract_host = _extract_base(host)
        date, expires = (
            instants.to_datetime(now).strftime(_AMZ_DATE),
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
        report = REPORTS[job.order.event]
        # The file is of the moment of the order, however late it is fetched.
        seen = job.submitted - int(self._options.report_latency * MINUTE) + 1
        rows = report.print(self._desk, start, min(end, seen), with_pii=job.order.with_pii)
        titled = self._options.header_style == "title"
        header = tuple(map(title_case, report.columns)) if titled else report.columns
        dice = Dice(self._options.seed, "file", job.order.event, start, end)
        return pack(job.order.event, header, rows, dice)


def _cuts(order: Order, dice: Dice) -> list[int]:
    """Return the bounds of the sub-ranges: some days each, a part of a day in short jobs."""
    start, end = order.start, order.end
    if end - start <= DAY:
        middle = start + (end - start) // 2
        return [start, middle, end] if end - start > DAY // 4 else [start, end]
    cuts, midnight = [start], start - start % DAY
    while (midnight := midnight + dice.between(2, 5) * DAY) < end:
        cuts.append(midnight)
    return [*cuts, end]


def _extract_base(host: str) -> tuple[str, str]:
    """Return where files lie: another host than the API, also when that is a loopback one."""
    if host == API_HOST:
        return f"https://{EXTRACT_HOST}", EXTRACT_HOST
    name, _, port = host.partition(":")
    other = f"{'localhost' if name == '127.0.0.1' else '127.0.0.1'}:{port or 80}"
    return f"http://{other}", other


def _read_amz_date(text: str) -> int:
    return instants.from_datetime(datetime.strptime(f"{text}+0000", f"{_AMZ_DATE}%z"))


def _refusal(status: int, code: str, message: str) -> Response:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
    return Response(
        status, {"Content-Type": "application/xml", "Server": "AmazonS3"}, body.encode()
    )
