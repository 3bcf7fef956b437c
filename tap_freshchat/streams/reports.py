"""Streams of the raw reports as they are: each row a record, each column in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.conform import conform_row
from tap_freshchat.ids import stable_id
from tap_freshchat.reports.columns import COLUMNS
from tap_freshchat.streams.base import shard_key
from tap_freshchat.streams.windowed import ReportStream
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from singer_sdk import Tap

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.windows import Window


class RawReport(ReportStream):
    """Rows of one raw report; rows alike in every column are one record."""

    def __init__(self, tap: Tap, start_run: Callable[[], RunContext], report: str) -> None:
        self.name = f"report_{report.lower().replace('-', '_')}"
        self.reports = (report,)
        super().__init__(tap, start_run)

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        # The record sets these itself: a column of such a name goes to `extra`.
        properties = dict(self.schema["properties"])
        del properties["id"], properties["created_time"]
        [report] = self.reports
        # Event streams need a row's ids and status; a plain row needs a time only.
        time_field = COLUMNS[report].time
        for row in self.run.reports.rows(report, window, self.name, required=(time_field,)):
            row_id, time = row_digest(report, row), parse_row_time(report, row[time_field])
            # The service may file a row by another time than the one in its column. Such a row
            # counts as one of this window.
            inside = window.start <= time < window.end
            filed = time if inside else max(window.start, self.start_time)
            # The state has no room for the rows of other shards.
            owner = shard_key({**row, "id": row_id}, self.primary_keys)
            if self.run.in_shard(owner) and self.is_new(row_id, filed):
                texts = {name: text for name, text in row.items() if name != time_field}
                record = conform_row(texts, properties)
                yield {"id": row_id, "created_time": format_time(time), **record}


def row_digest(kind: str, row: Mapping[str, str]) -> str:
    """The id of a row, which has none: from its kind and all its columns, in any order."""
    return stable_id(kind, *(text for item in sorted(row.items()) for text in item))
