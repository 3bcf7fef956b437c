"""Fake Freshchat accounts over HTTP, with the limits of the service, latency and a log."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from fakes.services import LOOPBACK, LocalService, serving

from freshchat_sandbox import Options, Request, Response, Sandbox, serve

if TYPE_CHECKING:
    from contextlib import ExitStack

# A minute of the service takes six seconds, so that report jobs take seconds and a short run
# reaches the limits often.
PACE = 10
# Limits per service minute; all runs of an account share both.
REQUESTS_PER_MINUTE = 240
REPORT_JOBS_PER_MINUTE = 24
CONVERSATIONS_PER_DAY = 6
MINUTE = 60 / PACE
# Most reports are read from this long before the window.
BEFORE = timedelta(days=1)
TOO_MANY = 429
UNAUTHORIZED = 401
TRANSCRIPT = "Chat-Transcript"


@dataclass(kw_only=True)
class Log:
    """Log of the requests to one account.

    Attributes:
        times: Arrival time of each request to the API.
        jobs: Time of each accepted report job, by report.
        statuses: HTTP statuses of all responses.
        busiest: Most requests in one service minute, by the service's count.
    """

    times: list[float] = field(default_factory=list)
    jobs: dict[str, list[float]] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    busiest: int = 0

    def busiest_span(self) -> int:
        """Most requests in any period as long as a service minute."""
        return _most_within(self.times, MINUTE)

    def busiest_jobs(self) -> int:
        """The same for jobs of one report."""
        return max((_most_within(times, MINUTE) for times in self.jobs.values()), default=0)


class SlowAccount(Sandbox):
    """A sandbox account with latency.

    Args:
        seed: which account.
        token: that it accepts.
        limit: requests in a minute of the service.
        latency: seconds to each answer.
    """

    def __init__(self, seed: int, token: str, *, limit: int, latency: float) -> None:
        options = Options(
            seed=seed,
            token=token,
            conversations_per_day=CONVERSATIONS_PER_DAY,
            requests_per_minute=limit,
            report_jobs_per_minute=REPORT_JOBS_PER_MINUTE,
            # A service day is two and a half hours here; the daily limit is not tested.
            report_jobs_per_day=100_000,
        )
        began, fast = datetime.now(timezone.utc), time.monotonic()
        super().__init__(options, lambda: began + PACE * timedelta(seconds=time.monotonic() - fast))
        self.latency = latency
        self.log = Log()
        self._broken: datetime | None = None
        self._guard = threading.Lock()

    def respond(self, request: Request) -> Response:
        """Respond after the latency, and log request and response."""
        time_ = time.monotonic()
        time.sleep(self.latency)
        response = self._refusal(request) or super().respond(request)
        left = response.headers.get("X-RateLimit-Remaining")
        with self._guard:
            self.log.statuses.append(response.status)
            if left is not None:
                self.log.times.append(time_)
                self.log.busiest = max(
                    self.log.busiest,
                    self.options.requests_per_minute - int(left),
                )
            if request.method == "POST" and request.path.endswith("/reports/raw"):
                report = json.loads(request.body)["event"]
                self.log.jobs.setdefault(report, []).append(time_)
        return response

    def break_window(self, window: str | None) -> None:
        """Reject the reports of the window that starts on this day; None rejects no more."""
        start = datetime.fromisoformat(f"{window}T00:00:00+00:00") if window else None
        self._broken = start - BEFORE if start else None

    def _refusal(self, request: Request) -> Response | None:
        """A 400 for each report job of the broken window."""
        if self._broken is None or not request.path.endswith("/reports/raw"):
            return None
        asked = json.loads(request.body)
        start = datetime.fromisoformat(asked["start"].replace("Z", "+00:00"))
        # The last one-day transcript of the window before starts there as well.
        if start != self._broken or asked["event"] == TRANSCRIPT:
            return None
        return Response.of_json(400, {"status": "INVALID_VALUE", "message": "made to fail"})


class FakeServices(LocalService):
    """Accounts by name, each on its own port, until the `with` block ends."""

    def __init__(self, accounts: dict[str, SlowAccount]) -> None:
        self.accounts = accounts
        self.addresses: dict[str, str] = {}

    def _start(self, opened: ExitStack) -> None:
        for name, account in self.accounts.items():
            server = opened.enter_context(serving(serve(account)))
            self.addresses[name] = f"http://{LOOPBACK}:{server.server_port}"


def _most_within(times: list[float], seconds: float) -> int:
    window: deque[float] = deque()
    most = 0
    for time_ in sorted(times):
        window.append(time_)
        while window[0] <= time_ - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
