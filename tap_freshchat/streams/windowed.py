"""Base of the streams that are read in half-open windows, from raw reports or via REST."""

from __future__ import annotations

from abc import abstractmethod
from datetime import datetime, timedelta
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import SchemaDirectory, Stream, StreamSchema
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from typing_extensions import override

from tap_freshchat import schemas
from tap_freshchat.bookmarks import REPORTS, REST, Bookmark
from tap_freshchat.message_writer import BufferedMessageWriter
from tap_freshchat.pii import redact_pii
from tap_freshchat.reports.columns import map_columns
from tap_freshchat.reports.limits import max_window
from tap_freshchat.sharding import shard_key
from tap_freshchat.windows import Window, plan_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_freshchat.run_context import RunContext

# `context_period` of streams whose events need the state before them, and of all streams that share
# their reports. Most conversations are resolved within a day, and a day more costs no further job.
CONTEXT_PERIOD = timedelta(days=1)


class WindowedStream(Stream):
    """Reads `[bookmark - overlap, now - delay)` in windows; each whole window moves the bookmark.

    A subclass names its reports and turns the rows of a window into records.

    Args:
        tap: for the SDK.
        start_run: starts the run when first called; returns what its streams share.
    """

    primary_keys: Sequence[str] = ("id",)
    replication_key = "created_time"
    schema = StreamSchema(SchemaDirectory(schemas))
    # Records are built to the schema here; conforming each again would only take time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    reports: ClassVar[tuple[str, ...]]
    # Read before the overlap for context, without being emitted.
    context_period: ClassVar[timedelta] = timedelta(0)
    # Least overlap read again before the bookmark, whatever the setting: changes appear that late.
    min_overlap: ClassVar[timedelta] = timedelta(0)
    # Whether the stream can be read via REST.
    supports_rest: ClassVar[bool] = False
    # State key of the last snapshot in REST mode, removed when reports are read.
    rest_state_key: ClassVar[str] = ""

    def __init__(self, tap: Tap, start_run: Callable[[], RunContext]) -> None:
        super().__init__(tap)
        self._start_run = start_run

    @abstractmethod
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        """New records of one window; `is_new` decides which are."""

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        run = self.run
        sharded = run.config.shard_count > 1
        declared = self.schema["properties"]
        clock = run.clock
        started = clock.monotonic()
        for number, window in enumerate(self.windows, 1):
            count = 0
            for record in self.records(window):
                if sharded and not run.in_shard(shard_key(record, self.primary_keys)):
                    continue
                yield redact_pii(record, declared) if self._redacts_pii else record
                count += 1
            # Asking for the next record means that all before it have been written.
            # A window that ends at the bookmark may have had late records to remember.
            if window.end > self.start_time and window.end >= (
                self._bookmark.value or self.start_time
            ):
                if not self.uses_rest:
                    self.stream_state.pop(self.rest_state_key, None)
                self._bookmark.advance(window.end)
                self._tap.state_writer.write_state(self.tap_state)
            self.logger.info(
                "Window %d of %d, %s: %d new records%s.",
                *(number, len(self.windows), window, count),
                self._time_left(number, clock.monotonic() - started),
            )
        self.run.lookup.log_missing()

    def _time_left(self, done: int, seconds: float) -> str:
        """Estimate of the remaining time, from the windows done."""
        remaining = len(self.windows) - done
        return (
            f", about {round(seconds / done * remaining / 60) or '<1'} min left"
            if remaining
            else ""
        )

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: a window's end is the bookmark, whatever its records say.

        `sync` is final and asks for this first, before its own error handling begins: here the
        run begins too, so that a wrong host or token is one line and not an unhandled error.
        """
        self._start_run()

    @override
    def _sync_records(
        self, context: Context | None = None, *, write_messages: bool = True
    ) -> Generator[Record, None, None]:
        """Write each record as it comes.

        The SDK's own loop looks in every record for children, partitions, an order and a bookmark,
        none of which there are, and takes longer over it than a record takes to be read.
        """
        with self.get_record_counter() as counter, self.get_sync_timer():
            for number, record in enumerate(self.get_records(context)):
                self._check_max_record_limit(number)
                if write_messages:
                    self._write_record_message(record)
                counter.increment()
                yield record
        if write_messages:
            self._write_state_message()

    @override
    def _write_record_message(self, record: Record) -> None:
        """Write the record as it is, unless something was deselected or mapped.

        The SDK looks up whether every field of every record is selected, which takes as long as
        all else that it does with a record.
        """
        writer = self._tap.message_writer
        if self._needs_sdk_transforms or not isinstance(writer, BufferedMessageWriter):
            super()._write_record_message(record)
            return
        writer.write_record(self.name, record)
        self.state_manager.is_flushed = False

    @cached_property
    def _needs_sdk_transforms(self) -> bool:
        """Whether a catalog leaves fields out, or stream maps or flattening change records."""
        unchanged = len(self.stream_maps) == 1 and isinstance(
            self.stream_maps[0], SameRecordTransform
        )
        return (
            not unchanged
            or self.stream_maps[0].flattening_enabled
            or not all(self.mask.values())
            or self._stream_version is not None
        )

    @property
    def run(self) -> RunContext:
        """What all streams of the run share."""
        return self._start_run()

    @property
    def uses_rest(self) -> bool:
        """Whether this run reads the stream via REST instead of reports."""
        return self.supports_rest and self.run.uses_rest

    @property
    def windows(self) -> list[Window]:
        """The windows of this run, in order."""
        if self.uses_rest:
            window = Window(self.start_time, self.run.time_range.rest_end)
            return [window] if window.start < window.end else []
        return self._report_windows

    @cached_property
    def _report_windows(self) -> list[Window]:
        return self.report_windows(self.start_time)

    def report_windows(self, since: datetime) -> list[Window]:
        """Windows since then and of the context before, within the retention of reports."""
        if since >= self.run.time_range.report_end:
            return []
        start = max(since - self.context_period, self.run.time_range.report_retention_start)
        configured_window = self.run.config.report_window
        max_length = min(max_window(report, configured_window) for report in self.reports)
        return plan_windows(start, self.run.time_range.report_end, max_length)

    @property
    def starts_before_retention(self) -> bool:
        """Whether the start time is before the retention of reports."""
        too_old = self.start_time < self.run.time_range.report_retention_start
        return bool(self.reports) and not self.uses_rest and too_old

    def report_requests(self) -> Iterator[tuple[str, list[Window]]]:
        """The windows of each report that the stream reads."""
        for report in self.reports:
            yield report, self._report_windows

    def request_reports(self) -> None:
        """Request the reports of all windows, unless the stream is read via REST."""
        if not self.uses_rest:
            for report, windows in self.report_requests():
                self.run.reports.request(report, windows)

    def rows(self, report: str, window: Window) -> Iterator[dict[str, str]]:
        """Rows of one report in one window, columns under their known names."""
        names = partial(map_columns, report, stream=self.name, extra=self._extra_columns)
        return self.run.reports.rows(report, window, names)

    def is_new(self, key: Hashable, moment: datetime) -> bool:
        """Whether a record belongs to this run and was not emitted before.

        Args:
            key: its id, or the value from which `bookmark_id` makes it.
            moment: when it happened.
        """
        return moment >= self.start_time and self._bookmark.is_new(key, moment)

    @staticmethod
    def bookmark_id(key: Any) -> str:
        """The id of a record in the bookmark."""
        return str(key)

    @cached_property
    def _bookmark(self) -> Bookmark:
        return self.bookmark_for(REST if self.uses_rest else REPORTS)

    def bookmark_for(self, source: str) -> Bookmark:
        """The bookmark for a run that reads one source."""
        key, configured_window = type(self).replication_key, source if self.supports_rest else None
        lookback = self.run.config.lookback
        overlap = max(lookback, self.min_overlap)
        return Bookmark(
            self.stream_state, key, overlap, self.bookmark_id, configured_window, lookback=lookback
        )

    @cached_property
    def start_time(self) -> datetime:
        """The time from which this run emits."""
        return self.run.start_time_for(self._bookmark)

    @cached_property
    def _redacts_pii(self) -> bool:
        return self.run.config.exclude_pii

    @property
    def _extra_columns(self) -> Mapping[str, list[str]]:
        return self.run.config.report_columns.get(self.name, {})
