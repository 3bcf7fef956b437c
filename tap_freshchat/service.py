"""One run's view of one Freshchat account, real or embedded: everything its streams share."""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import requests

from tap_freshchat.activity.timelines import Timelines
from tap_freshchat.api.client import FreshchatClient
from tap_freshchat.api.rate_limiting import RateLimiter
from tap_freshchat.clock import Clock, CorrectedClock, SystemClock
from tap_freshchat.configuration import Settings
from tap_freshchat.errors import FreshchatError, SettingError, UnreachableError
from tap_freshchat.lookups.directory import Directory
from tap_freshchat.lookups.identity import Identity
from tap_freshchat.lookups.user_listing import UserListing
from tap_freshchat.lookups.walk import Walk
from tap_freshchat.payloads.associations import Account
from tap_freshchat.period import Period
from tap_freshchat.reports.jobs import ReportJobs
from tap_freshchat.reports.ordered import Reports
from tap_freshchat.scratch import ScratchFolder
from tap_freshchat.shards import shard_of
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.activity.snapshot import Snapshot
    from tap_freshchat.bookmarks import Bookmark

# Less than clocks of two machines may differ by, the overlap makes good.
CLOCK_TOLERANCE = timedelta(minutes=1)
# More is no clock that was set wrong but one that was never set, be it that of a host between.
MOST_AHEAD = timedelta(days=1)


class Service:
    """What the streams of one run share: settings, one clock, one client, one of each look-up.

    Args:
        settings: checked.
        clock: that of the settings' account.
        session: for all requests.
        token: bearer token.
        scratch: for what does not fit into memory.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        session: requests.Session,
        token: str,
        scratch: ScratchFolder,
    ) -> None:
        self.settings = settings
        # Up to WARNING it writes out URLs, and a signed link's query opens the file it names.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        self.by_rest = settings.activity_source == "rest"
        self.clock = CorrectedClock(clock)
        self.period = Period(self.clock, settings)
        self.client = client = FreshchatClient(
            base_url=settings.base_url,
            token=token,
            session=session,
            limiter=RateLimiter(clock, settings.requests_per_minute),
            clock=clock,
            timeout=settings.request_timeout,
        )
        self.timelines = Timelines()
        self.directory = Directory(client, settings.page_size)
        self.identity = Identity(
            client,
            self.clock,
            max_concurrency=settings.max_concurrency,
            page_size=settings.page_size,
        )
        self._scratch = scratch
        self._log = logging.getLogger("tap-freshchat.service")
        folder = scratch.path
        self.users = UserListing(client, folder, settings.page_size)
        self._walk = Walk(
            client,
            self.users,
            self.clock,
            folder,
            all_users=settings.user_scope == "all",
            page_size=settings.page_size,
            max_concurrency=settings.max_concurrency,
        )
        self._walk_since: datetime | None = None
        self._told_of_gap = False
        jobs = ReportJobs(
            client,
            self.clock,
            jobs_per_minute=settings.report_jobs_per_minute,
            timeout=settings.report_timeout,
            exclude_pii=settings.exclude_pii,
        )
        self.reports = Reports(client, jobs, folder)

    @classmethod
    def from_config(cls, config: Mapping[str, Any], clock: Clock | None = None) -> Service:
        """The service that a config speaks of.

        Args:
            config: has passed its schema.
            clock: the machine's own when absent; for the embedded Freshchat, one that it can move.

        Raises:
            SettingError: a setting cannot be used.
        """
        settings = Settings.from_config(config, (clock or SystemClock()).now())
        if settings.sandbox:
            return cls._of_sandbox(settings, settings.sandbox, clock)
        return cls(
            settings,
            clock=clock or SystemClock(),
            session=requests.Session(),
            token=settings.token or "",
            scratch=ScratchFolder(),
        )

    @classmethod
    def _of_sandbox(cls, settings: Settings, url: str, clock: Clock | None) -> Service:
        # Only a run in the sandbox pays for loading it.
        try:
            import freshchat_sandbox as sandbox  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if error.name != "freshchat_sandbox":
                raise
            raise SettingError(
                "Setting api_url: sandbox:// needs the package freshchat_sandbox, which is not "
                "installed. Reinstall tap-freshchat, or set api_url to a Freshchat account."
            ) from None
        try:
            options = sandbox.Options.from_url(url)
        except ValueError as error:
            raise SettingError(f"Setting api_url: {error}") from None
        # Waiting in the sandbox takes no time: its own clock moves instead.
        clock = clock or sandbox.SandboxClock()
        adapter = sandbox.SandboxAdapter(sandbox.Sandbox(options, clock.now))
        session = requests.Session()
        for host in (sandbox.API_HOST, sandbox.EXTRACT_HOST):
            session.mount(f"https://{host}/", adapter)
        return cls(
            settings,
            clock=clock,
            session=session,
            token=settings.token or options.token,
            scratch=ScratchFolder(),
        )

    def close(self) -> None:
        """Remove what the run kept on disk now, rather than when the interpreter ends."""
        self._scratch.remove()

    def connect(self) -> None:
        """Make the cheapest request, so that a wrong host or token ends the run at once.

        Raises:
            AccessError: the host is no API or the token is wrong.
            UnreachableError: nothing answers there.
            FreshchatError: this machine's clock is wrong by days.
        """
        try:
            _ = self.directory.account
        except UnreachableError as error:
            raise UnreachableError(f"{error} Check setting api_url, and the network.") from None
        self._correct_clock()

    def _correct_clock(self) -> None:
        """Go by Freshchat's clock where this one is ahead: bookmarks would pass what is to come."""
        ahead = timedelta(seconds=self.client.seconds_ahead)
        if ahead > MOST_AHEAD:
            raise FreshchatError(
                f"By Freshchat's answers this machine's clock is {ahead.days} days ahead: set it "
                f"right."
            )
        if ahead > CLOCK_TOLERANCE:
            self.clock.ahead = ahead
            self._log.warning(
                "This machine's clock is %.0f seconds ahead of Freshchat's, which is gone by; "
                "set it right.",
                ahead.total_seconds(),
            )

    def is_mine(self, owner_id: str) -> bool:
        """Whether what belongs to a conversation, an agent or a user falls to this run's shard."""
        return shard_of(owner_id, self.settings.shard_count) == self.settings.shard_index

    def start_of(self, bookmark: Bookmark) -> datetime:
        """From when on a stream with this bookmark is read."""
        chosen, start = self.settings.start_chosen, self.settings.start
        if not chosen:
            start -= self.clock.ahead
        if chosen and bookmark.value and bookmark.value < start and not self._told_of_gap:
            self._told_of_gap = True
            self._log.warning(
                "A bookmark stands at %s, before setting start_date: what happened from there to "
                "%s is not read.",
                *(f"{each:%Y-%m-%d %H:%M}" for each in (bookmark.value, start)),
            )
        return bookmark.start(start, chosen=chosen)

    def plan_walk(self, since: datetime) -> None:
        """Say from when on a stream wants conversations by REST, so that all share one walk."""
        self._walk_since = min(self._walk_since or self.period.present, since)

    def walked(self) -> Iterator[Snapshot]:
        """The conversations that moved, by REST; walked once a run."""
        # To the moment, also where an earlier end is set: who has moved since then is listed with
        # the later time only. What lies past the end is left out message by message.
        return self._walk.conversations(
            Window(self._walk_since or self.period.present, self.period.now)
        )

    @cached_property
    def account(self) -> Account:
        """The account's own lists, for joining ids in payloads."""
        directory = self.directory
        return Account(
            configuration=directory.account,
            agents=directory.agents,
            groups=directory.groups,
            channels=directory.channels,
        )
