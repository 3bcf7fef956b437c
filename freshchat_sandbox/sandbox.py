"""Sandbox: a synthetic Freshchat account that responds to HTTP requests."""

from __future__ import annotations

import hmac
import itertools
import math
from email.utils import format_datetime
from typing import TYPE_CHECKING

from freshchat_sandbox.account import ground_truth
from freshchat_sandbox.account.account import SandboxAccount
from freshchat_sandbox.account.timestamps import SECOND, from_datetime, to_datetime
from freshchat_sandbox.http_messages import API_HOST, EXTRACT_HOST, ApiError, Response
from freshchat_sandbox.rate_limits import CallLimit
from freshchat_sandbox.reports.jobs import EXTRACT_PATH
from freshchat_sandbox.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from freshchat_sandbox.account.ground_truth import GroundTruthEvent
    from freshchat_sandbox.http_messages import Request
    from freshchat_sandbox.options import Options
    from freshchat_sandbox.rate_limits import RateLimitStatus


class Sandbox:
    """Synthetic Freshchat account; safe to use from many threads.

    Args:
        options: What the account contains and how the service behaves.
        now: Clock; returns aware datetimes.
        faults: Called first for each request; its response, if any, replaces the sandbox's.
            It may wait, or raise as a broken network does.
        max_buffered_bytes: A longer report file is sent in chunks, without a Content-Length.
    """

    def __init__(
        self,
        options: Options,
        now: Callable[[], datetime],
        *,
        faults: Callable[[Request], Response | None] | None = None,
        max_buffered_bytes: int = 4 << 20,
    ) -> None:
        self.options = options
        self._now = now
        self._faults = faults
        self._account = SandboxAccount(options)
        self._routes = Routes(self._account, max_buffered_bytes)
        self._limit = CallLimit(options.requests_per_minute)
        self._traces = itertools.count(1)
        self._refusals = itertools.count()

    def respond(self, request: Request) -> Response:
        """Return the response to a request to the API or to a signed link."""
        fault = self._faults(request) if self._faults is not None else None
        if fault is not None:
            return fault
        now = from_datetime(self._now())
        on_api = request.host == API_HOST
        if request.host == EXTRACT_HOST or (not on_api and request.path.startswith(EXTRACT_PATH)):
            return self._routes.reports.download(request, now)
        return self._call(request, now)

    def ground_truth(self, start: datetime, end: datetime) -> Iterator[GroundTruthEvent]:
        """Yield the ground truth: everything that product events would report in [start, end).

        Ordered by time. Independent of the clock: future events are included.
        """
        return ground_truth.events_between(self._account, start, end)

    def _call(self, request: Request, now: int) -> Response:
        rate_limit = self._limit.count(now)
        retry: dict[str, str] = {}
        try:
            self._admit(request, rate_limit, now)
            response = self._routes.handle(request, now)
        except ApiError as error:
            response = Response.of_json(error.status, error.body())
            if error.retry_after is not None:
                retry["Retry-After"] = self._retry_after(now, error.retry_after)
        always = {
            "Date": format_datetime(to_datetime(now // SECOND * SECOND), usegmt=True),
            "X-Trace-ID": f"00-{next(self._traces):032x}-sandbox-00",
        }
        headers = {**response.headers, **rate_limit.headers(), **retry, **always}
        return Response(response.status, headers, response.body)

    def _admit(self, request: Request, rate_limit: RateLimitStatus, now: int) -> None:
        if rate_limit.exceeded:
            wait = rate_limit.reset * SECOND - now
            raise ApiError(429, "TOO_MANY_REQUESTS", "Too many calls", retry_after=wait)
        expected = f"Bearer {self.options.token}".encode()
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            raise ApiError(401, "UNAUTHENTICATED", "The bearer token is missing or invalid")

    def _retry_after(self, now: int, wait: int) -> str:
        """Format a wait alternately in seconds and as a date, never too short."""
        if next(self._refusals) % 2 == 0:
            return str(math.ceil(wait / SECOND))
        until = math.ceil((now + wait) / SECOND) * SECOND
        return format_datetime(to_datetime(until), usegmt=True)
