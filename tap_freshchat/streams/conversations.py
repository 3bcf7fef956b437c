"""Stream `conversations`: the current state of each conversation that changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.ids import stable_id
from tap_freshchat.lookups.conversations import in_batches
from tap_freshchat.payloads.conversation import properties_as_dict
from tap_freshchat.reports import catalog
from tap_freshchat.reports.limits import MAX_TRANSCRIPT_WINDOW
from tap_freshchat.streams.events import ConversationEvents
from tap_freshchat.streams.windowed import CONTEXT_PERIOD, WindowedStream
from tap_freshchat.times import format_time
from tap_freshchat.windows import plan_windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_freshchat.windows import Window


class Conversations(WindowedStream):
    """Current records of conversations, each time they change."""

    name = "conversations"
    primary_keys = ("conversation_id",)
    replication_key = "activity_time"
    # The same as the events', and in the same windows, so that each is fetched once.
    reports = ConversationEvents.reports
    context_period = CONTEXT_PERIOD
    supports_rest = True

    @override
    def report_requests(self) -> Iterator[tuple[str, list[Window]]]:
        yield from super().report_requests()
        yield catalog.TRANSCRIPT, self._transcript_windows

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        changed = self._from_crawl(window) if self.uses_rest else self._from_reports(window)
        new = (
            (conversation_id, time)
            for conversation_id, time in sorted(changed.items(), key=lambda item: item[::-1])
            if self.run.in_shard(conversation_id)
            and self.is_new(stable_id("moved", conversation_id, time.isoformat()), time)
        )
        for batch in in_batches(new):
            snapshots = self.run.lookup.get_snapshots(dict.fromkeys(dict(batch)))
            for conversation_id, time in batch:
                if conversation := snapshots[conversation_id].conversation:
                    yield self._record(conversation, conversation_id, time)

    def _record(self, conversation: Any, conversation_id: str, time: datetime) -> dict[str, Any]:
        record = {name: conversation.get(name) for name in self.schema["properties"]}
        return {
            **record,
            "conversation_id": conversation_id,
            "activity_time": format_time(time),
            "properties": properties_as_dict(conversation.get("properties")),
        }

    def _from_reports(self, window: Window) -> dict[str, datetime]:
        """Time of the last change of each conversation in a window, by any report row."""
        changed: dict[str, datetime] = {}

        def record_change(conversation_id: str, time: datetime) -> None:
            changed[conversation_id] = max(time, changed.get(conversation_id, time))

        for report in self.reports:
            for row in self.rows(report, window):
                record_change(row["conversation_id"], parse_row_time(report, row["created_at"]))
        for part in self._transcript_windows:
            if window.start <= part.start < window.end:
                for row in self.rows(catalog.TRANSCRIPT, part):
                    time = parse_row_time(catalog.TRANSCRIPT, row["created_time"])
                    record_change(row["conversation_id"], time)
        return changed

    def _from_crawl(self, window: Window) -> dict[str, datetime]:
        """Time of the last change of each conversation, by its newest message."""
        changed = {}
        for snapshot in self.run.crawled_conversations():
            times = [
                message.time for message in snapshot.history.messages if message.time < window.end
            ]
            if times:
                changed[str(snapshot.conversation["conversation_id"])] = max(times)
        return changed

    @cached_property
    def _transcript_windows(self) -> list[Window]:
        """Windows as the streams of messages have them."""
        start = max(self.start_time, self.run.time_range.report_retention_start)
        return plan_windows(start, self.run.time_range.report_end, MAX_TRANSCRIPT_WINDOW)
