"""Base of the incremental streams: read in half-open windows, from raw reports or via REST."""

from __future__ import annotations

from abc import abstractmethod
from datetime import timedelta, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE
from typing_extensions import override

from tap_freshchat.bookmarks import REPORTS, REPORTS_READ, REST, Bookmark
from tap_freshchat.errors import ReportError
from tap_freshchat.lookups.rest_crawl import Source
from tap_freshchat.settling import MAX_HASHES, SettlingPass
from tap_freshchat.streams.base import FreshchatStream
from tap_freshchat.times import format_time, parse_time, parse_time_or_none
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterator
    from datetime import datetime

    from tap_freshchat.activity.message_history import Snapshot

# Part of the reports' sub-state: since when the job limit is known to count over all reports.
SHARED_JOB_LIMIT = "shared_job_limit_since"
# Part of the reports' sub-state, until all is read: the accepted length of windows in minutes.
ACCEPTED_WINDOWS = "accepted_window_minutes"
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
            if window.end > self.start_time and self._bookmark.can_advance(window.end):
                self.store_progress(window)
            self.logger.info(
                "Window %d of %d, %s: %d new records%s.",
                *(number, len(self.windows), window, count),
                self._time_left(number, clock.monotonic() - started),
            )
        self.run.conversations.log_missing()

    def store_progress(self, window: Window) -> None:
        """Move the bookmark to the end of a window that is complete, and write a STATE."""
        self._bookmark.advance(window.end)
        self.write_state()

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

    def forget_bookmark_if_full_table(self) -> None:
        """Forget the bookmark if the catalog says FULL_TABLE, so that it starts at start_date."""
        if self.forced_replication_method == REPLICATION_FULL_TABLE:
            self.stream_state.clear()

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
            latest=self.run.time_range.latest_bookmark,
            settling=self._settling_pass() if source == REPORTS else None,
            zone=self.run.config.report_time_zone if source == REPORTS else timezone.utc,
        )

    def _settling_pass(self) -> SettlingPass:
        stored, time_range = self.stream_state.get(REPORTS) or {}, self.run.time_range
        zone = self.run.config.report_time_zone
        return SettlingPass(stored, now=time_range.now, end=time_range.report_end, zone=zone)


class ReportStream(WindowedStream):
    """Windowed stream of raw reports; REST can stand in for the reports of some."""

    # Names of the reports that have the stream's records.
    reports: tuple[str, ...]
    # Names of the reports that complete the records.
    context_reports: ClassVar[tuple[str, ...]] = ()
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

    @property
    def accepted_windows(self) -> dict[str, timedelta]:
        """The length of windows that an earlier run found to be accepted, by kind of report."""
        stored = (self.stream_state.get(REPORTS) or {}).get(ACCEPTED_WINDOWS) or {}
        return {kind: timedelta(minutes=minutes) for kind, minutes in stored.items()}

    @override
    def build_records(self) -> Iterator[dict[str, Any]]:
        access = self.run.report_access
        if not self.uses_rest:
            access.require((*self.reports, *self.context_reports))
            if not access.available(self.reports) and not access.left_out.issuperset(self.reports):
                self.logger.warning(
                    "Stream %s emits nothing: setting skip_reports names all reports that it "
                    "reads (%s).",
                    *(self.name, ", ".join(self.reports)),
                )
            self._warn_about_repeated()
        try:
            yield from super().build_records()
        except ReportError:
            # Otherwise the next run splits the same windows, and may get no further either.
            if not self.uses_rest and self.run.reports.scheduler.limit.accepted_windows:
                self._store_accepted_windows()
                self.write_state()
            raise

    def _store_accepted_windows(self) -> None:
        """Store the accepted length of windows, or drop it once all is read."""
        source_state, end = self._bookmark.source_state, self._bookmark.value
        source_state.pop(ACCEPTED_WINDOWS, None)
        accepted = self.run.reports.scheduler.limit.accepted_windows
        if accepted and not (end and end >= self.run.time_range.report_end):
            source_state[ACCEPTED_WINDOWS] = {
                kind: length // timedelta(minutes=1) for kind, length in sorted(accepted.items())
            }

    def _warn_about_repeated(self) -> None:
        """Warn about records that are emitted again, because they are too many to remember."""
        start, settling = self.start_time, self._bookmark.settling
        if settling and (repeated := settling.repeated) and repeated.end > start:
            self.logger.warning(
                "Stream %s has more than %s records in two days, and the state remembers no more. "
                "Those of %s are emitted again, with the same ids. Set shard_count, so that each "
                "run has fewer.",
                *(self.name, f"{MAX_HASHES:,}", repeated),
            )

    @override
    def store_progress(self, window: Window) -> None:
        if not self.uses_rest:
            used = (*self.reports, *self.context_reports)
            read = {*self._bookmark.reports_read, *self.run.report_access.available(used)}
            self._bookmark.source_state[REPORTS_READ] = sorted(read)
            if shared_since := self.run.reports.scheduler.limit.shared_since:
                self._bookmark.source_state[SHARED_JOB_LIMIT] = format_time(shared_since)
        self._bookmark.advance(window.end)
        if not self.uses_rest:
            self._store_accepted_windows()
        self.write_state()

    def register_reports(self, start: datetime) -> None:
        """Register the reports that this stream reads, to emit records from `start`."""
        self.run.reports.register(self.name, self.reports[0], start)

    def register_shared_reports(self, start: datetime) -> None:
        """Register reports that this stream reads only if another selected stream does."""

    def report_windows(self) -> list[Window]:
        """Windows of a run that reads reports, in order."""
        for report in self.run.report_access.available(self.reports):
            return self.run.reports.windows(report, self.start_time)
        return []

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
        run = self.run
        return self.supports_rest and (run.uses_rest or self.name in run.rest_streams)

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
