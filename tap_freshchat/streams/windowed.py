"""A stream read in closed windows, from raw reports or by REST: the one base of all that are."""

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
from tap_freshchat.pii import without_personal_data
from tap_freshchat.reports.columns import column_names
from tap_freshchat.reports.limits import longest_window
from tap_freshchat.sharding import owner_of
from tap_freshchat.windows import Window, plan_windows

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Mapping, Sequence

    from singer_sdk import Tap
    from singer_sdk.helpers.types import Context, Record

    from tap_freshchat.run_context import Service

# `history` of streams for which what an occurrence changed shows only beside the one before it, and
# of all that share reports with them. Most conversations are answered and resolved within a day,
# and reading a day more costs no further job.
BEFORE = timedelta(days=1)


class WindowedStream(Stream):
    """Reads `[bookmark - overlap, now - delay)` in windows; each whole window moves the bookmark.

    A subclass names its reports and turns the rows of a window into records.

    Args:
        tap: for the SDK.
        begin: begins the run when first called; what its streams share.
    """

    primary_keys: Sequence[str] = ("id",)
    replication_key = "created_time"
    schema = StreamSchema(SchemaDirectory(schemas))
    # Records are built to the schema here; conforming each again would only take time.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    reports: ClassVar[tuple[str, ...]]
    # How much before the overlap is read to know what came before, without being emitted.
    history: ClassVar[timedelta] = timedelta(0)
    # How much before the bookmark is read again, whatever the setting: changes are told that late.
    least_overlap: ClassVar[timedelta] = timedelta(0)
    # Whether REST tells the same.
    rest_too: ClassVar[bool] = False
    # What it keeps in its state beside the bookmark while REST is read: the last look, to which
    # nothing can be compared any more once reports have told what came after it.
    kept_of_rest: ClassVar[str] = ""

    def __init__(self, tap: Tap, begin: Callable[[], Service]) -> None:
        super().__init__(tap)
        self._begin = begin

    @abstractmethod
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        """New records of one window; `is_new` decides which are."""

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        service = self.service
        sharded = service.settings.shard_count > 1
        declared = self.schema["properties"]
        clock = service.clock
        began = clock.monotonic()
        for number, window in enumerate(self.windows, 1):
            count = 0
            for record in self.records(window):
                if sharded and not service.is_mine(owner_of(record, self.primary_keys)):
                    continue
                yield without_personal_data(record, declared) if self._private else record
                count += 1
            # Asking for the next record means that all before it have been written.
            # A window that ends where the bookmark stands may have had late records to remember.
            if window.end > self.since and window.end >= (self._bookmark.value or self.since):
                if not self.by_rest:
                    self.stream_state.pop(self.kept_of_rest, None)
                self._bookmark.advance(window.end)
                self._tap.state_writer.write_state(self.tap_state)
            self.logger.info(
                "Window %d of %d, %s: %d new records%s.",
                *(number, len(self.windows), window, count),
                self._time_left(number, clock.monotonic() - began),
            )
        self.service.identity.log_missing()

    def _time_left(self, done: int, seconds: float) -> str:
        """How long the other windows will take, if they are like those done."""
        left = len(self.windows) - done
        return f", about {round(seconds / done * left / 60) or '<1'} min left" if left else ""

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: a window's end is the bookmark, whatever its records say.

        `sync` is final and asks for this first, before its own error handling begins: here the
        run begins too, so that a wrong host or token is one line and not an unhandled error.
        """
        self._begin()

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
        if self._changed_on_the_way or not isinstance(writer, BufferedMessageWriter):
            super()._write_record_message(record)
            return
        writer.write_record(self.name, record)
        self.state_manager.is_flushed = False

    @cached_property
    def _changed_on_the_way(self) -> bool:
        """Whether a catalog leaves fields out, or stream maps or flattening change records."""
        as_it_is = len(self.stream_maps) == 1 and isinstance(
            self.stream_maps[0], SameRecordTransform
        )
        return (
            not as_it_is
            or self.stream_maps[0].flattening_enabled
            or not all(self.mask.values())
            or self._stream_version is not None
        )

    @property
    def service(self) -> Service:
        """What all streams of the run share."""
        return self._begin()

    @property
    def by_rest(self) -> bool:
        """Whether this run reads the stream by REST instead of reports."""
        return self.rest_too and self.service.by_rest

    @property
    def windows(self) -> list[Window]:
        """The windows of this run, in order."""
        if self.by_rest:
            window = Window(self.since, self.service.period.present)
            return [window] if window.start < window.end else []
        return self._report_windows

    @cached_property
    def _report_windows(self) -> list[Window]:
        return self.report_windows(self.since)

    def report_windows(self, since: datetime) -> list[Window]:
        """Windows of what is new since then and of some history, as far as reports reach back."""
        if since >= self.service.period.until:
            return []
        start = max(since - self.history, self.service.period.earliest)
        chosen = self.service.settings.report_window
        longest = min(longest_window(report, chosen) for report in self.reports)
        return plan_windows(start, self.service.period.until, longest)

    @property
    def is_cut(self) -> bool:
        """Whether more is wanted than reports reach back to."""
        too_old = self.since < self.service.period.earliest
        return bool(self.reports) and not self.by_rest and too_old

    def orders(self) -> Iterator[tuple[str, list[Window]]]:
        """What is read of each report, where reports are read."""
        for report in self.reports:
            yield report, self._report_windows

    def order_reports(self) -> None:
        """Have the jobs of all windows submitted ahead; none for what is read by REST."""
        if not self.by_rest:
            for report, windows in self.orders():
                self.service.reports.order(report, windows)

    def rows(self, report: str, window: Window) -> Iterator[dict[str, str]]:
        """Rows of one report in one window, columns under their known names."""
        names = partial(column_names, report, stream=self.name, extra=self._extra_columns)
        return self.service.reports.rows(report, window, names)

    def is_new(self, key: Hashable, moment: datetime) -> bool:
        """Whether an occurrence belongs to this run and was not emitted before.

        Args:
            key: its id, or what `overlap_id` makes that of.
            moment: when it happened.
        """
        return moment >= self.since and self._bookmark.is_new(key, moment)

    @staticmethod
    def overlap_id(key: Any) -> str:
        """The id under which a record is remembered with the bookmark."""
        return str(key)

    @cached_property
    def _bookmark(self) -> Bookmark:
        return self.bookmark_by(REST if self.by_rest else REPORTS)

    def bookmark_by(self, source: str) -> Bookmark:
        """The bookmark for a run that reads one source."""
        key, chosen = type(self).replication_key, source if self.rest_too else None
        lookback = self.service.settings.lookback
        overlap = max(lookback, self.least_overlap)
        return Bookmark(self.stream_state, key, overlap, self.overlap_id, chosen, lookback=lookback)

    @cached_property
    def since(self) -> datetime:
        """From when on this run emits."""
        return self.service.start_of(self._bookmark)

    @cached_property
    def _private(self) -> bool:
        return self.service.settings.exclude_pii

    @property
    def _extra_columns(self) -> Mapping[str, list[str]]:
        return self.service.settings.report_columns.get(self.name, {})
