"""Scenario environment: fake accounts, a fake Segment and a Meltano project between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fakes.segment import FakeSegment
from fakes.services import LocalService

from e2e.dagster.fake_services import (
    PACE,
    REPORT_JOBS_PER_MINUTE,
    REQUESTS_PER_MINUTE,
    FakeServices,
    SlowAccount,
)
from e2e.dagster.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from contextlib import ExitStack

Event = dict[str, Any]
FOLDER = Path(__file__).resolve().parent / ".project"
WEEK = timedelta(days=7)
ACME, GLOBEX = "acme", "globex"
SEEDS = {ACME: 1, GLOBEX: 2}
# The part of the limit that accounts.yml grants: requests take a varying time to arrive.
SHARE = 0.9


@dataclass(frozen=True, kw_only=True)
class Limits:
    """Requests that an account allows in one service minute, and the factor claimed of it."""

    requests: int = REQUESTS_PER_MINUTE
    claimed: float = SHARE


@dataclass(frozen=True)
class Span:
    """Weeks of history, each a window; the last ended some time ago."""

    weeks: int
    start: datetime

    @classmethod
    def until_lately(cls, weeks: int) -> Span:
        """Weeks that begin on Mondays; no conversation changed since the last."""
        now = datetime.now(timezone.utc)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        monday = midnight - timedelta(days=midnight.weekday())
        return cls(weeks, monday - (weeks + 3) * WEEK)

    @property
    def end(self) -> datetime:
        """The end, exclusive."""
        return self.start + self.weeks * WEEK

    @property
    def windows(self) -> list[str]:
        """The windows' keys."""
        return [f"{self.start + week * WEEK:%Y-%m-%d}" for week in range(self.weeks)]


class Scenario(LocalService):
    """Both fake services and a new project between them, until the `with` block ends.

    Args:
        name: of the project's folder.
        span: where history begins.
        latency: seconds before each response of Freshchat.
        limits: of every account.
        settings: further environment variables.
    """

    def __init__(
        self,
        name: str,
        span: Span,
        *,
        latency: float,
        limits: Limits,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        self.accounts = {
            account: SlowAccount(seed, _token(account), limit=limits.requests, latency=latency)
            for account, seed in SEEDS.items()
        }
        self._services = FakeServices(self.accounts)
        self.segment = FakeSegment(tuple(map(_write_key, SEEDS)))
        self.name, self._span, self._limits = name, span, limits
        self._settings = settings or {}

    def _start(self, opened: ExitStack) -> None:
        opened.enter_context(self._services)
        opened.enter_context(self.segment)
        # In real minutes, in which the tap counts.
        self._claimed = {
            "requests_per_minute": int(self._limits.requests * PACE * self._limits.claimed),
            "report_jobs_per_minute": int(REPORT_JOBS_PER_MINUTE * PACE * SHARE),
        }
        entry = {**self._claimed, "start": self._span.start.date()}
        settings = dict(self._settings)
        for name in SEEDS:
            tap, target = f"TAP_FRESHCHAT_{name.upper()}", f"TARGET_SEGMENT_{name.upper()}"
            settings |= {
                f"{tap}_API_URL": self._services.addresses[name],
                f"{tap}_API_TOKEN": _token(name),
                f"{tap}_MAX_CONCURRENCY": "2",
                f"{target}_API_URL": self.segment.api_url,
                f"{target}_CDN_URL": self.segment.cdn_url,
                f"{target}_WRITE_KEY": _write_key(name),
                f"{target}_HISTORICAL": "true",
            }
        self.project = Project(FOLDER / self.name, dict.fromkeys(SEEDS, entry), settings)

    def run_whole(self, account: str, span: Span) -> float:
        """One process over the whole span, without Dagster; the seconds it took."""
        tap = f"TAP_FRESHCHAT_{account.upper()}"
        settings = {
            f"{tap}_START_DATE": span.start.isoformat(),
            f"{tap}_END_DATE": span.end.isoformat(),
            f"{tap}_REQUESTS_PER_MINUTE": str(self._claimed["requests_per_minute"]),
            f"{tap}_REPORT_JOBS_PER_MINUTE": str(self._claimed["report_jobs_per_minute"]),
        }
        plugins = (f"tap-freshchat-{account}", f"target-segment-{account}")
        return self.project.run("meltano", "run", *plugins, **settings)

    def events(self, account: str) -> list[Event]:
        """All events that the account's source received, in order, with repetitions."""
        key = _write_key(account)
        bodies = [each.body for each in self.segment.received if each.body["writeKey"] == key]
        return [event for body in bodies for event in body["batch"]]


def _token(account: str) -> str:
    return f"token-of-{account}"


def _write_key(account: str) -> str:
    return f"key-of-{account}"
