"""Rows of the conversation reports → occurrences: what happened, and when. Pure."""

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
# No event of its own: it tells what later events of the conversation are labelled with.
LABELLED = "labelled"
# Of occurrences in one millisecond, the order in which a conversation can pass through them.
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
# How far a Created row's own time may lie from its interaction's before the latter is not believed
# to be a time; seen apart by 0.1 s at most.
_MAX_ID_TIME_DRIFT = timedelta(minutes=5)


@dataclass(frozen=True, kw_only=True)
class ConversationEvent:
    """One thing that happened to a conversation, as far as a report's row tells.

    `agent_told` is whether the row has a column for the assigned agent at all: only then does
    an empty one say that there is none. `observed_status` is the conversation's status when an
    assignment was seen rather than told, so that its time is the look's; None when it was told.
    `inferred_from` is the time of the first row that speaks of a beginning which no row tells;
    `row_time` is that of the row which does, where it lies apart from `time`.
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
        """The time of the row that tells of it: of all windows, only one has that row.

        A beginning may lie just before the window in which its row lies.
        """
        return self.inferred_from or self.row_time or self.time

    @property
    def time_is_approximate(self) -> bool:
        """Whether the time is that of the look."""
        return self.observed_status is not None

    @property
    def id(self) -> str:
        """The same for every row, run and source that tells of this occurrence.

        An interaction begins once and is resolved once, so its id is all it takes; an assignment
        may come again within it, so it takes the assignee and the time as well. One that was only
        seen takes no time: looking again must not make it another.
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
    """The occurrence that a row of one of the conversation reports tells.

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
    """The moment in a row.

    Raises:
        ReportError: the text is none; the report and the setting to change are named.
    """
    try:
        return parse_time(text)
    except ValueError as error:
        raise ReportError(
            f"Report {report} has a row whose time is {error}. If another column holds it, name "
            f"that in setting report_columns."
        ) from None
