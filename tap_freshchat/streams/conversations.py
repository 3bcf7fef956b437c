"""Stream `conversations`: each as it is now, whenever it has changed."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.ids import stable_id
from tap_freshchat.lookups.customers import in_batches
from tap_freshchat.payloads.conversation import properties_as_dict
from tap_freshchat.reports import catalog
from tap_freshchat.reports.catalog import MAX_WINDOW
from tap_freshchat.streams.windowed import ReportStream
from tap_freshchat.times import format_time
from tap_freshchat.windows import Window

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime


class Conversations(ReportStream):
    """Conversations as they are now, each time they have changed."""

    name = "conversations"
    primary_keys = ("conversation_id",)
    replication_key = "activity_time"
    reports = (*catalog.CONVERSATION_REPORTS, catalog.TRANSCRIPT)
    supports_rest = True

    @override
    def register_reports(self, start: datetime) -> None:
        self.run.conversation_log.register(start)
        self.run.reports.register(self.name, catalog.TRANSCRIPT, start)

    @override
    def report_windows(self) -> list[Window]:
        """Groups of the transcript's windows, about a month each."""
        groups = in_batches(self._transcript_windows or super().report_windows(), MAX_WINDOW.days)
        return [Window(group[0].start, group[-1].end) for group in groups]

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        changed = self._from_rest(window) if self.uses_rest else self._from_reports(window)
        new = (
            (conversation_id, time)
            for conversation_id, time in sorted(changed.items(), key=lambda item: item[::-1])
            if self.run.in_shard(conversation_id)
            and self.is_new(
                stable_id("moved", conversation_id, time.isoformat()),
                time,
                since=self._retried_since.get(conversation_id),
            )
        )
        for batch in in_batches(new):
            snapshots = self.run.conversations.get_snapshots(dict.fromkeys(dict(batch)))
            for conversation_id, time in batch:
                if conversation := snapshots[conversation_id].conversation:
                    record = {name: conversation.get(name) for name in self.schema["properties"]}
                    record["activity_time"] = format_time(time)
                    record["properties"] = properties_as_dict(record["properties"])
                    yield record

    def _from_reports(self, window: Window) -> dict[str, datetime]:
        """When each conversation of a window changed last, by the rows of any report."""
        latest: dict[str, datetime] = {}

        def note(conversation_id: str, time: datetime) -> None:
            latest[conversation_id] = max(time, latest.get(conversation_id, time))

        for event in self.run.conversation_log.reported_in(window):
            note(event.conversation_id, event.reported_at)
        for part in self._transcript_windows:
            if window.start <= part.start < window.end:
                for row in self.run.reports.rows(catalog.TRANSCRIPT, part, self.name):
                    time = parse_row_time(catalog.TRANSCRIPT, row["created_time"])
                    note(row["conversation_id"], time)
        return latest

    def _from_rest(self, window: Window) -> dict[str, datetime]:
        """When each conversation changed last, by its newest message."""
        latest = {}
        for snapshot, since in self.crawled_conversations():
            conversation_id = str(snapshot.conversation["conversation_id"])
            if since:
                self._retried_since[conversation_id] = since
            times = [
                message.time for message in snapshot.history.messages if message.time < window.end
            ]
            if times:
                latest[conversation_id] = max(times)
        return latest

    @cached_property
    def _retried_since(self) -> dict[str, datetime]:
        """By conversation: from when on what an earlier run could not read is new."""
        return {}

    @cached_property
    def _transcript_windows(self) -> list[Window]:
        return self.run.reports.windows(catalog.TRANSCRIPT, self.start_time)
