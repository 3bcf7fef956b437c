"""Streams of events that are not Freshworks' own: ratings, labels and first responses."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_freshchat.activity.conversation_history import ConversationHistory
from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.activity.first_responses import find_first_response
from tap_freshchat.conform import cast_value
from tap_freshchat.ids import stable_id
from tap_freshchat.payloads import report_events as payloads
from tap_freshchat.reports import catalog
from tap_freshchat.streams.event_stream import EventStream, Occurrence
from tap_freshchat.streams.windowed import ReportStream

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_freshchat.activity.message_history import Snapshot
    from tap_freshchat.payloads.associations import EventContext
    from tap_freshchat.windows import Window

Row = dict[str, str]


class ReportEvents(EventStream[Row]):
    """Stream of one report's rows, each joined with its conversation's customer.

    The rows have all that their events say of the conversation, so no other report is read.
    """

    supports_rest = False
    # Whether an event needs the messages of its conversation.
    needs_messages: ClassVar[bool] = False

    @abstractmethod
    def event_id(self, row: Row, time: datetime) -> str:
        """The id of a row's event: the same on every run."""

    @abstractmethod
    def build_event(
        self, event_id: str, row: Row, time: datetime, context: EventContext
    ) -> dict[str, Any] | None:
        """The record of a row; None if it is no event after all."""

    @override
    def register_reports(self, start: datetime) -> None:
        ReportStream.register_reports(self, start)

    @override
    def occurrences(self, window: Window) -> Iterator[Occurrence[Row]]:
        [report] = self.reports
        for row in self.run.reports.rows(report, window, self.name):
            time = parse_row_time(report, row["created_at"])
            conversation_id = row["conversation_id"]
            # The state has no room for the rows of other shards.
            if self.run.in_shard(conversation_id) and self.is_new(self.event_id(row, time), time):
                back_to = time if self.needs_messages else None
                yield Occurrence(row, conversation_id, time, back_to)

    @override
    def histories(
        self, batch: Sequence[Occurrence[Row]], snapshots: Mapping[str, Snapshot]
    ) -> Mapping[str, ConversationHistory]:
        end = self.run.time_range.report_end
        none = ConversationHistory((), known_until=end, settled_until=end)
        return dict.fromkeys((each.conversation_id for each in batch), none)

    @override
    def build(
        self, occurrence: Occurrence[Row], history: ConversationHistory, context: EventContext
    ) -> dict[str, Any] | None:
        row, time = occurrence.content, occurrence.time
        return self.build_event(self.event_id(row, time), row, time, context)

    def number(self, row: Row, name: str) -> float | None:
        """A figure of a row; one that cannot be read is counted, and null."""
        try:
            found: float | None = cast_value(row.get(name) or None, {"type": "number"})
        except ValueError:
            self.run.set_aside.item(
                "figures that are not numbers",
                f"Report {self.reports[0]} has a value in {name} that is not a number. The event "
                f"lacks it. If another column holds it, name that in setting report_columns.",
            )
            return None
        return found


class CsatEvents(ReportEvents):
    """Ratings by customers."""

    name = "csat_events"
    reports = (catalog.CSAT_SCORE,)

    @override
    def event_id(self, row: Row, time: datetime) -> str:
        # A customer can rate again.
        rating = row.get("csat_id") or ""
        return stable_id("rated", row["conversation_id"], rating, time.isoformat())

    @override
    def build_event(
        self, event_id: str, row: Row, time: datetime, context: EventContext
    ) -> dict[str, Any]:
        record = payloads.csat_event(event_id, row, time, context)
        return {**record, "rating": self.number(row, "value")}


class LabelEvents(ReportEvents):
    """Labels chosen at a resolution."""

    name = "label_events"
    reports = (catalog.RESOLUTION_LABEL,)

    @override
    def event_id(self, row: Row, time: datetime) -> str:
        labels = (row.get("label_category_name", ""), row.get("label_sub_category_name", ""))
        return stable_id("labelled", row["conversation_id"], time.isoformat(), *labels)

    @override
    def build_event(
        self, event_id: str, row: Row, time: datetime, context: EventContext
    ) -> dict[str, Any]:
        return payloads.label_event(event_id, row, time, context)


class FirstResponseEvents(ReportEvents):
    """Agents' first responses, one for each interaction."""

    name = "first_response_events"
    reports = (catalog.FIRST_RESPONSE_TIME,)
    needs_messages = True

    @override
    def event_id(self, row: Row, time: datetime) -> str:
        interaction = row.get("interaction_id") or time.isoformat()
        return stable_id("first_response", row["conversation_id"], interaction)

    @override
    def build_event(
        self, event_id: str, row: Row, time: datetime, context: EventContext
    ) -> dict[str, Any] | None:
        interaction_id = row.get("interaction_id") or None
        response, can_tell = find_first_response(context.history, interaction_id, time)
        if can_tell and response is None:
            self.run.set_aside.item(
                "first responses without a message",
                f"Report {catalog.FIRST_RESPONSE_TIME} has the first response of an interaction in "
                f"which REST shows no message of an agent, except for private notes, which are no "
                f"responses. It is omitted.",
            )
            return None
        record = payloads.first_response_event(event_id, row, time, response, context)
        return {**record, "response_seconds": self.number(row, "value_in_seconds")}
