"""Freshchat accounts on loopback: limits as the service has them, slow answers, and a log."""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from tap_freshchat.sandbox import Options, Request, Response, Sandbox, serve

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

# The service's minute takes six seconds, so that its report jobs take seconds and its limits are
# met again and again in a short run.
PACE = 10
# As Freshchat, in its own minutes; both are what all runs of an account share.
REQUESTS_PER_MINUTE = 240
REPORT_JOBS_PER_MINUTE = 24
CONVERSATIONS_PER_DAY = 6
MINUTE = 60 / PACE
# How much before its window a run reads of most reports.
BEFORE = timedelta(days=1)
TOO_MANY = 429
UNAUTHORIZED = 401
TRANSCRIPT = "Chat-Transcript"


@dataclass(kw_only=True)
class Log:
    """What one account was asked.

    Attributes:
        moments: When each request to the API came.
        jobs: When each report job was taken, by report.
        statuses: Of all answers.
        busiest: Most requests in one of the service's minutes, by its own count.
    """

    moments: list[float] = field(default_factory=list)
    jobs: dict[str, list[float]] = field(default_factory=dict)
    statuses: list[int] = field(default_factory=list)
    busiest: int = 0

    def busiest_span(self) -> int:
        """Most requests in any stretch as long as a minute of the service, wherever it begins."""
        return _most_within(self.moments, MINUTE)

    def busiest_jobs(self) -> int:
        """The same for jobs of one report."""
        return max((_most_within(moments, MINUTE) for moments in self.jobs.values()), default=0)


class SlowAccount(Sandbox):
    """An embedded Freshchat account, each of whose answers takes a while.

    Args:
        seed: which desk.
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
            # The service's day is two hours and a half here; the limit of a day is not at issue.
            report_jobs_per_day=100_000,
        )
        began, fast = datetime.now(timezone.utc), time.monotonic()
        super().__init__(options, lambda: began + PACE * timedelta(seconds=time.monotonic() - fast))
        self.latency = latency
        self.log = Log()
        self._broken: datetime | None = None
        self._guard = threading.Lock()

    def respond(self, request: Request) -> Response:
        """Answer, late; note what was asked and what became of it."""
        moment = time.monotonic()
        time.sleep(self.latency)
        answer = self._refusal(request) or super().respond(request)
        left = answer.headers.get("X-RateLimit-Remaining")
        with self._guard:
            self.log.statuses.append(answer.status)
            if left is not None:
                self.log.moments.append(moment)
                self.log.busiest = max(
                    self.log.busiest,
                    self.options.requests_per_minute - int(left),
                )
            if request.method == "POST" and request.path.endswith("/reports/raw"):
                report = json.loads(request.body)["event"]
                self.log.jobs.setdefault(report, []).append(moment)
        return answer

    def break_window(self, window: str | None) -> None:
        """Refuse the reports of the window that begins on this day; of none from now on."""
        start = datetime.fromisoformat(f"{window}T00:00:00+00:00") if window else None
        self._broken = start - BEFORE if start else None

    def _refusal(self, request: Request) -> Response | None:
        """400 to each job of a report whose window begins where this account is broken."""
        if self._broken is None or not request.path.endswith("/reports/raw"):
            return None
        asked = json.loads(request.body)
        start = datetime.fromisoformat(asked["start"].replace("Z", "+00:00"))
        # A transcript is of one day, and the last one of the window before begins there as well.
        if start != self._broken or asked["event"] == TRANSCRIPT:
            return None
        return Response.of_json(400, {"status": "INVALID_VALUE", "message": "made to fail"})


class FarEnd:
    """Accounts by name, each on a port of its own, until the `with` block ends."""

    def __init__(self, accounts: dict[str, SlowAccount]) -> None:
        self.accounts = accounts
        self.addresses: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._open = ExitStack()
        for name, account in self.accounts.items():
            server = self._open.enter_context(serve(account))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            self._open.callback(server.shutdown)
            self.addresses[name] = f"http://127.0.0.1:{server.server_port}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()


def _most_within(moments: list[float], seconds: float) -> int:
    window: deque[float] = deque()
    most = 0
    for moment in sorted(moments):
        window.append(moment)
        while window[0] <= moment - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
