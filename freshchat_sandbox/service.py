"""The sandbox itself: one made-up Freshchat account that answers requests."""

from __future__ import annotations

import hmac
import itertools
import math
from email.utils import format_datetime
from typing import TYPE_CHECKING

from freshchat_sandbox.desk import truth
from freshchat_sandbox.desk.desk import Desk
from freshchat_sandbox.desk.instants import SECOND, from_datetime, to_datetime
from freshchat_sandbox.exchange import API_HOST, EXTRACT_HOST, ApiError, Response
from freshchat_sandbox.limits import CallLimit
from freshchat_sandbox.reports.jobs import EXTRACT_PATH
from freshchat_sandbox.routes import Routes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from freshchat_sandbox.desk.truth import Occurrence
    from freshchat_sandbox.exchange import Request
    from freshchat_sandbox.limits import Allowance
    from freshchat_sandbox.options import Options


class Sandbox:
    """A made-up Freshchat account; safe to ask from many threads.

    Args:
        options: Which desk, and how it behaves.
        now: The clock; returns aware datetimes.
        faults: Asked first on each request; what it answers, if anything, is the answer.
            It may wait or raise as a broken network would.
    """

    def __init__(
        self,
        options: Options,
        now: Callable[[], datetime],
        *,
        faults: Callable[[Request], Response | None] | None = None,
    ) -> None:
        self.options = options
        self._now = now
        self._faults = faults
        self._desk = Desk(options)
        self._routes = Routes(self._desk)
        self._limit = CallLimit(options.requests_per_minute)
        self._traces = itertools.count(1)
        self._refusals = itertools.count()

    def respond(self, request: Request) -> Response:
        """Answer one request to the API or to a signed link."""
        fault = self._faults(request) if self._faults is not None else None
        if fault is not None:
            return fault
        now = from_datetime(self._now())
        on_api = request.host == API_HOST
        if request.host == EXTRACT_HOST or (not on_api and request.path.startswith(EXTRACT_PATH)):
            return self._routes.reports.file(request, now)
        return self._call(request, now)

    def occurrences(self, start: datetime, end: datetime) -> Iterator[Occurrence]:
        """Yield the truth: everything that product events would report in [start, end).

        Ordered by time. Independent of the clock: what lies ahead is what is going to happen.
        """
        return truth.occurrences(self._desk, start, end)

    def _call(self, request: Request, now: int) -> Response:
        allowance = self._limit.take(now)
        retry: dict[str, str] = {}
        try:
            self._admit(request, allowance, now)
            answer = self._routes.answer(request, now)
        except ApiError as error:
            answer = Response.of_json(error.status, error.body())
            if error.retry_after is not None:
                retry["Retry-After"] = self._retry_after(now, error.retry_after)
        always = {
            "Date": format_datetime(to_datetime(now // SECOND * SECOND), usegmt=True),
            "X-Trace-ID": f"00-{next(self._traces):032x}-sandbox-00",
        }
        headers = {**answer.headers, **allowance.headers(), **retry, **always}
        return Response(answer.status, headers, answer.body)

    def _admit(self, request: Request, allowance: Allowance, now: int) -> None:
        if allowance.exceeded:
            wait = allowance.reset * SECOND - now
            raise ApiError(429, "TOO_MANY_REQUESTS", "Too many calls", retry_after=wait)
        expected = f"Bearer {self.options.token}".encode()
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            raise ApiError(401, "UNAUTHENTICATED", "The bearer token is missing or not valid")

    def _retry_after(self, now: int, wait: int) -> str:
        """Write a wait in seconds and as a date by turns, never too short."""
        if next(self._refusals) % 2 == 0:
            return str(math.ceil(wait / SECOND))
        until = math.ceil((now + wait) / SECOND) * SECOND
        return format_datetime(to_datetime(until), usegmt=True)
