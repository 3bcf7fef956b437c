"""Conversation events and their parser: one row of a conversation report is one event. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_freshchat.conform import parse_flag
from tap_freshchat.errors import ReportError
from tap_freshchat.ids import stable_id
from tap_freshchat.reports import catalog
from tap_freshchat.times import interaction_start_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATED = "created"
REOPENED = "reopened"
ASSIGNED_TO_GROUP = "assigned_to_group"
ASSIGNED_TO_AGENT = "assigned_to_agent"
# A row of an assignment to an agent that names none.
UNASSIGNED = "unassigned"
RESOLVED = "resolved"
# Not emitted: it sets the labels of later events of the conversation.
LABELLED = "labelled"
# Of events in one millisecond, the order in which a conversation can pass through them.
ORDER = {
    CREATED: 0,
    REOPENED: 0,
    ASSIGNED_TO_GROUP: 1,
    ASSIGNED_TO_AGENT: 2,
    UNASSIGNED: 2,
    LABELLED: 3,
    RESOLVED: 4,
}
_KIND_BY_REPORT = {
    catalog.AGENT_ASSIGNED: ASSIGNED_TO_AGENT,
    catalog.GROUP_ASSIGNED: ASSIGNED_TO_GROUP,
    catalog.CONVERSATION_RESOLVED: RESOLVED,
    catalog.RESOLUTION_LABEL: LABELLED,
}
# Largest difference between a Created row's time and the time in its interaction id at which the
# latter is still used; samples differ by 0.1 s at most.
_MAX_ID_TIME_DRIFT = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class ConversationEvent:
    """One event of a conversation, with the values of the report row.

    `has_agent_column` says whether the row has a column for the assigned agent: only then does an
    empty value mean no agent. `observed_status` is the conversation's status if the assignment
    comes from a snapshot, whose time the event then has; None if a row reports it.
    `inferred_from` is the time of the first row that mentions an interaction start without a row
    of its own; `row_time` is the time of the start's own row, if it differs from `time`.
    """

    kind: str
    time: datetime
    conversation_id: str
    interaction_id: str | None = None
    channel_id: str | None = None
    agent_id: str | None = None
    has_agent_column: bool = False
    group_id: str | None = None
    actor_id: str | None = None
    actor_type: str | None = None
    label_category: str | None = None
    label_subcategory: str | None = None
    observed_status: str | None = None
    inferred_from: datetime | None = None
    row_time: datetime | None = None

    @property
    def reported_at(self) -> datetime:
        """The time of the row that reports it: only one window has that row.

        An interaction may start just before the window that contains its row.
        """
        return self.inferred_from or self.row_time or self.time

    @property
    def time_is_approximate(self) -> bool:
        """Whether the time is that of the snapshot, not of the assignment."""
        return self.observed_status is not None

    @property
    def id(self) -> str:
        """Stable id, the same for every row, run and source that reports this event.

        An interaction starts once and is resolved once, so its id is enough. An assignment can
        repeat within it, so the id includes the assignee and the time; without the time if it is
        approximate, so that the next poll gives the same id.
        """
        interaction = self.interaction_id
        if self.kind in {ASSIGNED_TO_AGENT, ASSIGNED_TO_GROUP, UNASSIGNED}:
            assignee = self.group_id if self.kind == ASSIGNED_TO_GROUP else self.agent_id
            when = interaction or "" if self.time_is_approximate else self.time.isoformat()
            return stable_id(self.kind, self.conversation_id, assignee or "", when)
        if self.kind == LABELLED:
            return stable_id(self.kind, self.conversation_id, self.time.isoformat())
        prefix = RESOLVED if self.kind == RESOLVED else "began"
        if interaction:
            return stable_id(prefix, interaction)
        return stable_id(prefix, self.conversation_id, self.time.isoformat())


def event_from_row(report: str, row: Mapping[str, str]) -> ConversationEvent:
    """Parse a row of one of the conversation reports.

    Raises:
        ReportError: the row has no readable time.
    """
    row_at = time = parse_row_time(report, row["created_at"])
    interaction_id = row.get("interaction_id") or None
    if report == catalog.CONVERSATION_CREATED:
        kind = REOPENED if parse_flag(row.get("reopened")) else CREATED
        started = interaction_start_time(interaction_id)
        if started is not None and abs(started - time) <= _MAX_ID_TIME_DRIFT:
            time = started
    else:
        kind = _KIND_BY_REPORT[report]
        if kind == ASSIGNED_TO_AGENT and not row.get("agent_id"):
            kind = UNASSIGNED
    return ConversationEvent(
        kind=kind,
        time=time,
        conversation_id=row["conversation_id"],
        interaction_id=interaction_id,
        channel_id=row.get("channel_id") or None,
        agent_id=row.get("agent_id") or None,
        has_agent_column="agent_id" in row,
        group_id=row.get("group_id") or None,
        actor_id=row.get("actor_id") or None,
        actor_type=row.get("actor_type") or None,
        label_category=row.get("label_category_name") or None,
        label_subcategory=row.get("label_sub_category_name") or None,
        row_time=None if row_at == time else row_at,
    )


def parse_row_time(report: str, text: str) -> datetime:
    """Parse the time of a row.

    Raises:
        ReportError: it is not a time; names the report and the setting to change.
    """
    try:
        return parse_time(text)
    except ValueError as error:
        raise ReportError(
            f"Report {report} has a row whose time is {error}. If another column holds it, name "
            f"that in setting report_columns."
        ) from None
