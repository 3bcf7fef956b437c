"""The stream of conversations: each as it stands now, whenever it is found to have moved."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.activity.events import row_time
from tap_freshchat.ids import digest
from tap_freshchat.lookups.conversations import batched
from tap_freshchat.payloads.conversation import as_object
from tap_freshchat.reports import catalog
from tap_freshchat.reports.limits import LONGEST_TRANSCRIPT_WINDOW
from tap_freshchat.streams.events import ConversationEvents
from tap_freshchat.streams.windowed import BEFORE, WindowedStream
from tap_freshchat.times import format_time
from tap_freshchat.windows import plan_windows

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tap_freshchat.windows import Window


class Conversations(WindowedStream):
    """Conversations as they stand now, each time they are found to have moved."""

    name = "conversations"
    primary_keys = ("conversation_id",)
    replication_key = "activity_time"
    # The same as the events', and in the same windows, so that each is fetched once.
    reports = ConversationEvents.reports
    history = BEFORE
    rest_too = True

    @override
    def orders(self) -> Iterator[tuple[str, list[Window]]]:
        yield from super().orders()
        yield catalog.TRANSCRIPT, self._transcript_windows

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        moved = self._walked(window) if self.by_rest else self._reported(window)
        new = (
            (conversation_id, time)
            for conversation_id, time in sorted(moved.items(), key=lambda item: item[::-1])
            if self.service.is_mine(conversation_id)
            and self.is_new(digest("moved", conversation_id, time.isoformat()), time)
        )
        for batch in batched(new):
            snapshots = self.service.identity.snapshots(dict.fromkeys(dict(batch)))
            for conversation_id, time in batch:
                if found := snapshots[conversation_id].conversation:
                    yield self._record(found, conversation_id, time)

    def _record(self, found: Any, conversation_id: str, time: datetime) -> dict[str, Any]:
        record = {name: found.get(name) for name in self.schema["properties"]}
        return {
            **record,
            "conversation_id": conversation_id,
            "activity_time": format_time(time),
            "properties": as_object(found.get("properties")),
        }

    def _reported(self, window: Window) -> dict[str, datetime]:
        """When each conversation of a window moved last, by any report's row of it."""
        moved: dict[str, datetime] = {}

        def note(conversation_id: str, time: datetime) -> None:
            moved[conversation_id] = max(time, moved.get(conversation_id, time))

        for report in self.reports:
            for row in self.rows(report, window):
                note(row["conversation_id"], row_time(report, row["created_at"]))
        for part in self._transcript_windows:
            if window.start <= part.start < window.end:
                for row in self.rows(catalog.TRANSCRIPT, part):
                    time = row_time(catalog.TRANSCRIPT, row["created_time"])
                    note(row["conversation_id"], time)
        return moved

    def _walked(self, window: Window) -> dict[str, datetime]:
        """When each conversation moved last, by its newest message."""
        moved = {}
        for snapshot in self.service.walked():
            times = [each.time for each in snapshot.dialogue.messages if each.time < window.end]
            if times:
                moved[str(snapshot.conversation["conversation_id"])] = max(times)
        return moved

    @cached_property
    def _transcript_windows(self) -> list[Window]:
        """Windows as the streams of messages have them."""
        start = max(self.since, self.service.period.earliest)
        return plan_windows(start, self.service.period.until, LONGEST_TRANSCRIPT_WINDOW)
