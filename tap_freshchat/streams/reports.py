"""Streams of the raw reports: every row is a record with every column."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.events import parse_row_time
from tap_freshchat.conform import conform_row
from tap_freshchat.ids import stable_id
from tap_freshchat.reports import catalog, columns
from tap_freshchat.streams.windowed import CONTEXT_PERIOD, WindowedStream
from tap_freshchat.times import format_time

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.windows import Window

_TIME_FIELDS = ("created_at", "created_time")


def _rows(stream: WindowedStream, window: Window) -> Iterator[dict[str, Any]]:
    """New rows of a window; rows equal in every column count once."""
    properties = stream.schema["properties"]
    [report] = stream.reports
    # Event streams cannot do without a row's ids and status; a plain row can.
    [time_field] = columns.REQUIRED[report].intersection(_TIME_FIELDS)
    names = partial(
        columns.map_columns,
        report,
        stream=stream.name,
        extra=stream.run.config.report_columns.get(stream.name, {}),
        required=(time_field,),
    )
    for row in stream.run.reports.rows(report, window, names):
        row_id, created = stable_row_id(report, row), parse_row_time(report, row[time_field])
        if stream.is_new(row_id, created):
            yield report_record(row_id, created, row, time_field, properties)


def stable_row_id(report: str, row: Mapping[str, str]) -> str:
    """Stable id of a row, from its report and all its columns."""
    return stable_id(report, *(text for item in sorted(row.items()) for text in item))


def report_record(
    row_id: str,
    created: datetime,
    row: Mapping[str, str],
    time_field: str,
    properties: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The record of a row.

    Args:
        row_id: its id.
        created: its time.
        row: its texts by the columns' known names.
        time_field: the column that `created` was read from.
        properties: of the stream's schema.
    """
    # A column may bear the name of a field that the record has of its own.
    own = ("id", "created_time")
    columns_told = {name: text for name, text in row.items() if name != time_field}
    clash = {name: columns_told.pop(name) for name in own if name in columns_told}
    record = conform_row(columns_told, properties)
    if clash:
        record["extra"] = {**(record["extra"] or {}), **clash}
    return {**record, "id": row_id, "created_time": format_time(created)}


class ConversationCreated(WindowedStream):
    """Raw report: conversations created and reopened."""

    name = "report_conversation_created"
    reports = (catalog.CONVERSATION_CREATED,)
    context_period = CONTEXT_PERIOD
    records = _rows


class ConversationAgentAssigned(WindowedStream):
    """Raw report: each assignment to an agent."""

    name = "report_conversation_agent_assigned"
    reports = (catalog.AGENT_ASSIGNED,)
    context_period = CONTEXT_PERIOD
    records = _rows


class ConversationGroupAssigned(WindowedStream):
    """Raw report: each assignment to a group."""

    name = "report_conversation_group_assigned"
    reports = (catalog.GROUP_ASSIGNED,)
    context_period = CONTEXT_PERIOD
    records = _rows


class ConversationResolved(WindowedStream):
    """Raw report: each resolution."""

    name = "report_conversation_resolved"
    reports = (catalog.CONVERSATION_RESOLVED,)
    context_period = CONTEXT_PERIOD
    records = _rows


class ConversationResolutionLabel(WindowedStream):
    """Raw report: labels chosen at a resolution."""

    name = "report_conversation_resolution_label"
    reports = (catalog.RESOLUTION_LABEL,)
    context_period = CONTEXT_PERIOD
    records = _rows


class MessageSent(WindowedStream):
    """Raw report: messages that agents sent."""

    name = "report_message_sent"
    reports = (catalog.MESSAGE_SENT,)
    records = _rows


class FirstResponseTime(WindowedStream):
    """Raw report: time to the first response."""

    name = "report_first_response_time"
    reports = (catalog.FIRST_RESPONSE_TIME,)
    records = _rows


class ResponseTime(WindowedStream):
    """Raw report: time to each response."""

    name = "report_response_time"
    reports = (catalog.RESPONSE_TIME,)
    records = _rows


class ResolutionTime(WindowedStream):
    """Raw report: how long each resolution took."""

    name = "report_resolution_time"
    reports = (catalog.RESOLUTION_TIME,)
    records = _rows


class AgentActivity(WindowedStream):
    """Raw report: changes of agents' general availability."""

    name = "report_agent_activity"
    reports = (catalog.AVAILABILITY,)
    context_period = CONTEXT_PERIOD
    records = _rows


class AgentIntelliassignActivity(WindowedStream):
    """Raw report: changes of agents' IntelliAssign switch."""

    name = "report_agent_intelliassign_activity"
    reports = (catalog.INTELLIASSIGN,)
    context_period = CONTEXT_PERIOD
    records = _rows


class CsatScore(WindowedStream):
    """Raw report: customers' ratings, by when they were given."""

    name = "report_csat_score"
    reports = (catalog.CSAT_SCORE,)
    records = _rows


class ChatTranscript(WindowedStream):
    """Raw report: every message of everybody."""

    name = "report_chat_transcript"
    reports = (catalog.TRANSCRIPT,)
    records = _rows
