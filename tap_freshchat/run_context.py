"""Run context: everything that the streams of one run share, for a real account or the sandbox."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import requests

from tap_freshchat.activity.agent_status import AgentStatusChange, status_change_from_row
from tap_freshchat.activity.events import ConversationEvent, event_from_row, infer_start
from tap_freshchat.api.client import FreshchatClient
from tap_freshchat.api.deadlines import DeadlineAdapter
from tap_freshchat.api.rate_limiting import RateLimiter
from tap_freshchat.clock import Clock, OffsetClock, SystemClock
from tap_freshchat.config import Config
from tap_freshchat.enumerations import ACTOR_TYPE, REOPENED, UnknownValues
from tap_freshchat.errors import (
    ConfigError,
    ConnectionFailedError,
    FreshchatError,
    NotFoundError,
    RequestRejectedError,
)
from tap_freshchat.ids import shard_of
from tap_freshchat.log_redaction import redact_logs
from tap_freshchat.lookups.changed_users import ChangedUsers
from tap_freshchat.lookups.conversations import ConversationLookup
from tap_freshchat.lookups.directory import CONNECT_ATTEMPTS, AccountDirectory
from tap_freshchat.lookups.enrichment import Enrichment
from tap_freshchat.lookups.report_log import ReportLog
from tap_freshchat.lookups.rest_crawl import RestCrawl
from tap_freshchat.lookups.status_rows import StatusRowLog
from tap_freshchat.reports import catalog
from tap_freshchat.reports.access import ReportAccess
from tap_freshchat.reports.reader import ReportReader
from tap_freshchat.reports.scheduler import ReportJobScheduler
from tap_freshchat.set_aside import SetAside
from tap_freshchat.shutdown import TempDir
from tap_freshchat.stream_failures import StreamFailures
from tap_freshchat.time_range import CLOCK_TOLERANCE, RunTimeRange
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.bookmarks import Bookmark
    from tap_freshchat.lookups.rest_crawl import Source

# A larger difference means a clock that was never set, perhaps that of a proxy.
MAX_CLOCK_AHEAD = timedelta(days=1)


class RunContext:
    """What the streams of one run share: settings, one clock, one client, one of each look-up.

    `crawl_since` is the earliest start of the streams that read REST, set when the run starts.
    """

    crawl_since: datetime

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock,
        session: requests.Session,
        token: str,
        temp_dir: TempDir,
    ) -> None:
        self.config = config
        # Its warnings contain URLs, and the query of a signed link opens a report.
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        # A log configuration may set them to DEBUG, also later.
        redact_logs(token)
        self.uses_rest = config.activity_source == "rest"
        self.clock = OffsetClock(clock)
        self.time_range = RunTimeRange(self.clock, config)
        self.client = client = FreshchatClient(
            base_url=config.base_url,
            token=token,
            session=session,
            limiter=RateLimiter(clock, config.requests_per_minute),
            clock=clock,
            timeout=config.request_timeout,
            max_concurrency=config.max_concurrency,
            page_size=config.page_size,
        )
        self.set_aside = SetAside(config.rejected_rows_path)
        self.unknown_values = UnknownValues(self.set_aside)
        self.failures = StreamFailures(self.check_service)
        self.enrichment = enrichment = Enrichment(client, self.set_aside)
        self.directory = AccountDirectory(client, enrichment)
        self.conversations = ConversationLookup(client, self.clock, enrichment)
        self.temp_dir = temp_dir
        self._log = logging.getLogger("tap-freshchat.run")
        folder = temp_dir.path
        self.changed_users = ChangedUsers(client, folder)
        self.crawl = RestCrawl(
            client,
            self.changed_users,
            self.clock,
            folder,
            enrichment,
            in_shard=self.in_shard,
            all_users=config.user_scope == "all",
        )
        self._warned_of_gap = False
        jobs = ReportJobScheduler(
            client,
            self.clock,
            jobs_per_minute=config.report_jobs_per_minute,
            timeout=config.report_timeout,
            exclude_pii=config.exclude_pii,
        )
        self.report_access = ReportAccess(config.skip_reports)
        # Streams that this run reads via REST, because the account has none of their reports.
        self.rest_streams: set[str] = set()
        self.reports = ReportReader(
            client,
            jobs,
            self.time_range,
            folder,
            config.report_window,
            self.set_aside,
            self.report_access,
            config.report_columns,
            config.report_time_zone,
        )
        # Report columns are configured for the stream that reads them as events.
        self.conversation_log = ReportLog(
            self.reports,
            ConversationEvent,
            reports=catalog.CONVERSATION_REPORTS,
            stream="conversation_events",
            parse=self._conversation_events,
        )
        self.status_rows = StatusRowLog(
            self.reports,
            self.conversation_log,
            self.conversations,
            self.set_aside,
            self.time_range,
            lookback=config.lookback,
            enrich=config.enrich_conversations,
            in_shard=self.in_shard,
        )
        self.agent_log = ReportLog(
            self.reports,
            AgentStatusChange,
            reports=catalog.AGENT_REPORTS,
            stream="agent_activity",
            parse=self._status_changes,
        )

    @classmethod
    def from_config(cls, raw_config: Mapping[str, Any], clock: Clock | None = None) -> RunContext:
        """The run context for a config.

        `clock` is the system clock if absent; for the sandbox, a clock that it can advance.
        """
        config = Config.from_config(raw_config, (clock or SystemClock()).now())
        session = requests.Session()
        session.mount("https://", DeadlineAdapter(public_only=True))
        # Its own host may be a gateway with a private address; plain http is for loopback only.
        session.mount("http://", DeadlineAdapter())
        session.mount(f"{config.base_url.removesuffix('/v2')}/", DeadlineAdapter())
        token = config.token or ""
        if config.sandbox:
            clock, sandbox_token = cls._mount_sandbox(session, config.sandbox, clock)
            token = token or sandbox_token
        clock = clock or SystemClock()
        return cls(config, clock=clock, session=session, token=token, temp_dir=TempDir())

    @staticmethod
    def _mount_sandbox(
        session: requests.Session, url: str, clock: Clock | None
    ) -> tuple[Clock, str]:
        """Connect the session to a sandbox; returns the sandbox's clock and token."""
        # Only a run in the sandbox pays for loading it.
        try:
            import freshchat_sandbox as sandbox  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if error.name != "freshchat_sandbox":
                raise
            raise ConfigError(
                "Setting api_url: sandbox:// needs the package freshchat_sandbox, which is not "
                "installed. Reinstall tap-freshchat, or set api_url to a Freshchat account."
            ) from None
        try:
            options = sandbox.Options.from_url(url)
        except ValueError as error:
            raise ConfigError(f"Setting api_url: {error}") from None
        # Waiting in the sandbox takes no time: its own clock moves instead.
        clock = clock or sandbox.SandboxClock()
        adapter = sandbox.SandboxAdapter(sandbox.Sandbox(options, clock.now))
        for host in (sandbox.API_HOST, sandbox.EXTRACT_HOST):
            session.mount(f"https://{host}/", adapter)
        return clock, options.token

    def connect(self) -> None:
        """Make the cheapest request, so that a wrong host or token ends the run at once.

        Raises:
            AuthorizationError: the host is no API or the token is wrong.
            ConnectionFailedError: the host does not respond.
            FreshchatError: this machine's clock is wrong by days.
        """
        try:
            _ = self.directory.account
        except ConnectionFailedError as error:
            raise ConnectionFailedError(f"{error} Check setting api_url and the network.") from None
        self._correct_clock()

    def check_service(self) -> None:
        """Make the cheapest request; FreshchatError if the service does not respond to it."""
        with suppress(NotFoundError, RequestRejectedError):
            self.client.get("/accounts/configuration", attempts=CONNECT_ATTEMPTS)

    def _correct_clock(self) -> None:
        """Use Freshchat's time if the local clock is ahead: bookmarks would skip later rows."""
        ahead = timedelta(seconds=self.client.seconds_ahead)
        if ahead > MAX_CLOCK_AHEAD:
            raise FreshchatError(
                f"Local clock is {ahead.days} days ahead of Freshchat's. Synchronise the clock "
                f"(NTP)."
            )
        if ahead > CLOCK_TOLERANCE:
            self.clock.ahead = ahead
            self._log.warning(
                "Local clock is %.0f seconds ahead of Freshchat's; using Freshchat's time. "
                "Synchronise the clock (NTP).",
                ahead.total_seconds(),
            )

    def in_shard(self, owner_id: str) -> bool:
        """Whether the id of a conversation, agent or user belongs to this run's shard."""
        return shard_of(owner_id, self.config.shard_count) == self.config.shard_index

    def start_time_for(self, bookmark: Bookmark) -> datetime:
        """The time from which a stream with this bookmark is read."""
        explicit, start = self.config.start_is_explicit, self.config.start
        if not explicit:
            start -= self.clock.ahead
        if explicit and bookmark.value and bookmark.value < start and not self._warned_of_gap:
            self._warned_of_gap = True
            self._log.warning(
                "A bookmark (%s) is before start_date; the period from there to %s is not read.",
                *(f"{time:%Y-%m-%d %H:%M}" for time in (bookmark.value, start)),
            )
        return bookmark.start_time(start, explicit=explicit)

    def _conversation_events(
        self, report: str, row: Mapping[str, str]
    ) -> Iterator[ConversationEvent]:
        if self.in_shard(row["conversation_id"]):
            event = event_from_row(report, row)
            self.unknown_values.check(ACTOR_TYPE, row.get("actor_type"))
            if report == catalog.CONVERSATION_CREATED:
                self.unknown_values.check(REOPENED, row.get("reopened"))
            yield event
            if start := infer_start(event):
                yield start

    def _status_changes(self, report: str, row: Mapping[str, str]) -> Iterator[AgentStatusChange]:
        if self.in_shard(row["agent_id"]):
            yield status_change_from_row(report, row)

    def crawled_conversations(
        self, retries: Mapping[Source, datetime]
    ) -> Iterator[tuple[Snapshot, datetime | None]]:
        """Changed conversations via REST, and those of `retries`; crawled once a run."""
        # Up to now, even if end_date is earlier: users are listed by their latest change only.
        # Later messages are filtered one by one.
        window = Window(self.crawl_since, self.time_range.now)
        return self.crawl.conversations(window, retries)
