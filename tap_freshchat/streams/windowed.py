"""Base of the incremental streams: read in half-open windows, from raw reports or via REST."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_freshchat.bookmarks import REPORTS, REST, Bookmark
from tap_freshchat.lookups.rest_crawl import Source
from tap_freshchat.streams.base import FreshchatStream
from tap_freshchat.times import format_time, parse_time, parse_time_or_none
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from datetime import datetime, timedelta

    from tap_freshchat.activity.message_history import Snapshot

# Part of the reports' sub-state: since when the job limit is known to count over all reports.
SHARED_JOB_LIMIT = "shared_job_limit_since"
# Part of the REST sub-state: what Freshchat refused, by kind and id, with the time from which the
# next run reads it.
UNREAD = "unread"


class WindowedStream(FreshchatStream):
    """Stream that reads `[bookmark - overlap, end)` in windows and moves the bookmark after each.

    A subclass plans the windows and builds the records of each.
    """

    replication_key = "created_time"

    @property
    @abstractmethod
    def windows(self) -> list[Window]:
        """The windows of this run, in order."""

    @abstractmethod
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        """New records of one window; `is_new` decides which are new."""

    @override
    def build_records(self) -> Iterator[dict[str, Any]]:
        clock = self.run.clock
        started = clock.monotonic()
        for number, window in enumerate(self.windows, 1):
            count = 0
            for record in self.in_shard(self.records(window)):
                yield record
                count += 1
            # The consumer asks for the next record only after it has written those before.
            if window.end > self.start_time and window.end >= (self._bookmark.value or window.end):
                self._bookmark.advance(window.end)
                shared_since = self.run.reports.scheduler.limit.shared_since
                if shared_since and not self.uses_rest:
                    self._bookmark.source_state[SHARED_JOB_LIMIT] = format_time(shared_since)
                self.write_state()
            self.logger.info(
                "Window %d of %d, %s: %d new records%s.",
                *(number, len(self.windows), window, count),
                self._time_left(number, clock.monotonic() - started),
            )
        self.run.conversations.log_missing()

    def _time_left(self, done: int, seconds: float) -> str:
        """Estimate for the remaining windows, from those done."""
        left = len(self.windows) - done
        return f", about {round(seconds / done * left / 60) or '<1'} min left" if left else ""

    @property
    def uses_rest(self) -> bool:
        """Whether this run reads the stream via REST."""
        return True

    @property
    def overlap(self) -> timedelta:
        """How much time before the bookmark is read again."""
        return self.run.config.lookback

    @cached_property
    def start_time(self) -> datetime:
        """Start of what this run emits."""
        return self.run.start_time_for(self._bookmark)

    def is_new(self, key: Hashable, time: datetime, *, since: datetime | None = None) -> bool:
        """Whether a record belongs to this run and was not emitted before.

        `key` is its id, or what `bookmark_id` builds that from. `since` is earlier than the run's
        start for what earlier runs could not read.
        """
        return time >= (since or self.start_time) and self._bookmark.is_new(key, time)

    @staticmethod
    def bookmark_id(key: Any) -> str:
        """The id that the bookmark stores for a record."""
        return str(key)

    @cached_property
    def _bookmark(self) -> Bookmark:
        return self.bookmark_for(REST if self.uses_rest else REPORTS)

    def bookmark_for(self, source: str) -> Bookmark:
        """The bookmark of a run that reads one source."""
        return Bookmark(
            self.stream_state,
            type(self).replication_key,
            source,
            overlap=self.overlap,
            lookback=self.run.config.lookback,
            id_of=self.bookmark_id,
        )


class ReportStream(WindowedStream):
    """Windowed stream of raw reports; REST can stand in for the reports of some."""

    # Names of the reports that decide whether the account has the stream.
    reports: tuple[str, ...]
    # Whether REST can stand in for the reports.
    supports_rest: ClassVar[bool] = False
    # Whether a past period cannot be read via REST: the present state is all that REST shows.
    rest_needs_present: ClassVar[bool] = False

    @property
    def shared_job_limit_since(self) -> datetime | None:
        """When an earlier run found that the job limit counts over all reports."""
        sub_state = self.stream_state.get(REPORTS)
        since = sub_state.get(SHARED_JOB_LIMIT) if isinstance(sub_state, dict) else None
        return parse_time_or_none(since)

    def register_reports(self, start: datetime) -> None:
        """Register the reports that this stream reads, to emit records from `start`."""
        self.run.reports.register(self.name, self.reports[0], start)

    def report_windows(self) -> list[Window]:
        """Windows of a run that reads reports, in order."""
        return self.run.reports.windows(self.reports[0], self.start_time)

    @cached_property
    @override
    def windows(self) -> list[Window]:
        if not self.uses_rest:
            return self.report_windows() if self.start_time < self.run.time_range.report_end else []
        window = Window(self.start_time, self.run.time_range.rest_end)
        return [window] if window.start < window.end else []

    @property
    @override
    def uses_rest(self) -> bool:
        return self.supports_rest and self.run.uses_rest

    def crawled_conversations(self) -> Iterator[tuple[Snapshot, datetime | None]]:
        """Changed conversations via REST; those that earlier runs could not read have a `since`.

        What this run cannot read is stored in the stream's state for the next one.
        """
        rest_state = self._bookmark.source_state
        retries = {
            Source(kind, source_id): parse_time(since)
            for kind, times in rest_state.get(UNREAD, {}).items()
            for source_id, since in times.items()
        }
        yield from self.run.crawled_conversations(retries)
        unread: dict[str, dict[str, str]] = {}
        for source in sorted(self.run.crawl.unread):
            since = format_time(retries.get(source, self.start_time))
            unread.setdefault(source.kind, {})[source.id] = since
        rest_state.pop(UNREAD, None)
        if unread:
            rest_state[UNREAD] = unread

    @property
    def starts_before_retention(self) -> bool:
        """Whether the stream starts before the oldest reports."""
        return not self.uses_rest and self.start_time < self.run.time_range.report_retention_start
