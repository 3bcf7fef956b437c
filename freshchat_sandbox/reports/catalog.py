"""Catalog of raw reports: columns, rows and the longest range of each."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from freshchat_sandbox.account.conversation_events import AGENT_ASSIGNED, GROUP_ASSIGNED
from freshchat_sandbox.account.durations import first_responses, resolutions, responses
from freshchat_sandbox.account.shifts import AVAILABILITY, INTELLIASSIGN
from freshchat_sandbox.account.timestamps import (
    DAY,
    MINUTE,
    format_iso,
    format_java_timestamp,
    format_local,
    format_offset,
)
from freshchat_sandbox.reports import rows as report_rows
from freshchat_sandbox.reports.row_writer import RowWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.readings import Readings
    from freshchat_sandbox.reports.row_writer import Row

MONTH = 31 * DAY


@dataclass(frozen=True)
class Report:
    """Raw report.

    Attributes:
        columns: Column names in snake case.
        rows: Yields the rows, not in order of time.
        longest: Longest range of one job, in milliseconds.
        iso_times: Whether times are ISO 8601 with T and Z, rather than without a zone.
    """

    columns: tuple[str, ...]
    rows: Callable[[RowWriter], Iterator[Row]]
    longest: int = MONTH
    iso_times: bool = False

    def rows_between(
        self,
        account: SandboxAccount,
        start: int,
        end: int,
        *,
        with_pii: bool,
        visible_until: int | None = None,
    ) -> Iterator[Row]:
        """Yield the rows of [start, end), or those that are visible before a time."""
        if visible_until is None:
            visible_until = end + int(account.options.max_row_delay * MINUTE) + 1
        end = min(end, visible_until)
        format_time = self._format_time(account.readings)
        return self.rows(RowWriter(account, start, end, visible_until, with_pii, format_time))

    def _format_time(self, readings: Readings) -> Callable[[int], str]:
        if readings.report_zone != "UTC":
            zone = ZoneInfo(readings.report_zone)
            return partial(format_local, zone, "T" if self.iso_times else " ")
        if readings.report_times == "offset":
            return partial(format_offset, ZoneInfo("Asia/Kolkata"))
        is_iso = self.iso_times or readings.report_times == "iso"
        return format_iso if is_iso else format_java_timestamp


_NAMED = ("created_at", "conversation_id", "interaction_id")
_AGENT = ("agent_id", "agent_name", "agent_email")
_GROUP = ("group_id", "group_name")
_CHANNEL = ("channel_id", "channel_name")
_ACTOR = ("actor_id", "actor_type")
_ASSIGNMENT = (*_NAMED, *_AGENT, *_GROUP, *_CHANNEL, *_ACTOR)
_DURATION = (*_NAMED, "value_in_seconds", "agent_id", "agent_name", *_GROUP)
_ACTIVITY = (*_AGENT, "status", "created_at")

REPORTS: dict[str, Report] = {
    "Conversation-Created": Report(
        (
            "conversation_id", "interaction_id", "created_at", *_CHANNEL, *_GROUP, "agent_id",
            "agent_name", "reopened", "conversation_url",
        ),
        report_rows.created,
    ),
    "Conversation-Agent-Assigned": Report(
        _ASSIGNMENT, partial(report_rows.assigned, AGENT_ASSIGNED)
    ),
    "Conversation-Group-Assigned": Report(
        _ASSIGNMENT, partial(report_rows.assigned, GROUP_ASSIGNED)
    ),
    "Conversation-Resolved": Report(
        (*_NAMED, "agent_id", "agent_name", *_GROUP, "reopened"), report_rows.resolved
    ),
    "Conversation-Resolution-Label": Report(
        (
            *_NAMED, "label_category_name", "label_sub_category_name", "actor_id", "actor_name",
            "agent_id", "agent_name",
        ),
        report_rows.labels,
    ),
    "Message-Sent": Report(
        (*_ASSIGNMENT, "message_id", "message_type"), report_rows.sent, iso_times=True
    ),
    "First-Response-Time": Report(_DURATION, partial(report_rows.durations, first_responses)),
    "Response-Time": Report(_DURATION, partial(report_rows.durations, responses)),
    "Resolution-Time": Report(_DURATION, partial(report_rows.durations, resolutions)),
    "Agent-Activity": Report(
        _ACTIVITY, partial(report_rows.activity, AVAILABILITY, ("available", "unavailable"))
    ),
    "Agent-Intelliassign-Activity": Report(
        _ACTIVITY, partial(report_rows.activity, INTELLIASSIGN, ("on", "off")), iso_times=True
    ),
    "CSAT-Score": Report(
        (*_NAMED, "csat_id", "value", "csat_response", "agent_id", "agent_name"),
        report_rows.ratings,
        iso_times=True,
    ),
    "Chat-Transcript": Report(
        (
            "message_id", "conversation_id", "interaction_id", "created_time", "actor_type",
            "actor_id", "actor_email", "actor_first_name", "actor_last_name", "message_type",
            "detailed_message_type", "message_source", "message_parts", "message", "image_url",
            "video_url", "reference_id", "customer_id", *_CHANNEL, "conversation_url",
        ),
        report_rows.transcript,
        longest=DAY,
    ),
    "agent-performance": Report(
        (*_AGENT, "resolved_conversations", "messages_sent"), report_rows.performance
    ),
    "classic": Report((*_NAMED, "status", *_AGENT, *_GROUP, *_CHANNEL), report_rows.interactions),
}  # fmt: skip


def hidden_columns(event: str, readings: Readings) -> set[str]:
    """Return the columns of a report that an account does not have."""
    hidden = set()
    in_transcript = event == "Chat-Transcript"
    cells = readings.transcript_interactions if in_transcript else readings.report_interactions
    if cells == "absent":
        hidden.add("interaction_id")
    if readings.flags == "none":
        hidden.add("reopened")
    if event == "Conversation-Group-Assigned" and not readings.group_rows_agent:
        hidden.update(_AGENT)
    return hidden
