"""Conversation events, and how a report row becomes one. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from tap_freshchat.enumerations import ACTOR_TYPE, read_flag
from tap_freshchat.errors import ReportError
from tap_freshchat.ids import stable_id
from tap_freshchat.reports import catalog
from tap_freshchat.reports.columns import APPROXIMATE
from tap_freshchat.times import interaction_start_time, parse_time

if TYPE_CHECKING:
    from collections.abc import Mapping

CREATED = "created"
REOPENED = "reopened"
# An interaction started; whether it created or reopened the conversation is not decided yet.
STARTED = "started"
ASSIGNED_TO_GROUP = "assigned_to_group"
ASSIGNED_TO_AGENT = "assigned_to_agent"
# A row of an assignment to an agent that names none.
UNASSIGNED = "unassigned"
RESOLVED = "resolved"
# Never emitted: the label is a property of the later events of the conversation.
LABELLED = "labelled"
# Never emitted: a system message shows that something changed, and no source says what.
UNKNOWN_CHANGE = "unknown_change"

START_KINDS = frozenset({CREATED, REOPENED, STARTED})
NEVER_EMITTED = frozenset({LABELLED, UNKNOWN_CHANGE})
# Order of events of one conversation in the same millisecond.
_RANK = {
    CREATED: 0,
    REOPENED: 0,
    STARTED: 0,
    ASSIGNED_TO_GROUP: 1,
    ASSIGNED_TO_AGENT: 2,
    UNASSIGNED: 2,
    LABELLED: 3,
    RESOLVED: 4,
    UNKNOWN_CHANGE: 5,
}
_KINDS = {
    catalog.AGENT_ASSIGNED: ASSIGNED_TO_AGENT,
    catalog.GROUP_ASSIGNED: ASSIGNED_TO_GROUP,
    catalog.CONVERSATION_RESOLVED: RESOLVED,
    catalog.RESOLUTION_LABEL: LABELLED,
}
# Largest difference between a Created row's time and the time in its interaction id at which the
# id is still taken for a time; differences seen are 0.1 s at most.
_MAX_ID_TIME_DRIFT = timedelta(minutes=5)


class ConversationEvent(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """One event of a conversation, with what its source says of it.

    `has_agent_column` and `has_group_column`: whether an absent id means that nobody is assigned;
    else it means nothing. `observed_status`: the conversation's status where an assignment was
    read from the present conversation, so that `time` is that of the look-up; None for all other
    events. `inferred_from`: time of the first row that names an interaction whose start has no row.
    `row_time`: time of the event's row where it differs from `time`. `is_unclear`: whether the zone
    of the report repeats or skips `time`, so that it may be an hour off.
    """

    kind: str
    time: datetime
    conversation_id: str
    interaction_id: str | None = None
    channel_id: str | None = None
    agent_id: str | None = None
    has_agent_column: bool = False
    group_id: str | None = None
    has_group_column: bool = False
    actor_id: str | None = None
    actor_type: str | None = None
    label_category: str | None = None
    label_subcategory: str | None = None
    observed_status: str | None = None
    inferred_from: datetime | None = None
    row_time: datetime | None = None
    is_unclear: bool = False

    @property
    def reported_at(self) -> datetime:
        """Time of the row that reports the event: exactly one window holds that row.

        The event itself can be slightly earlier than that window.
        """
        return self.inferred_from or self.row_time or self.time

    @property
    def key(self) -> str:
        """Key in the event log: the conversation's id."""
        return self.conversation_id

    @property
    def is_inferred(self) -> bool:
        """Whether no row of its own reports the event."""
        return self.inferred_from is not None

    @property
    def time_is_approximate(self) -> bool:
        """Whether the time is that of the look-up that found the event."""
        return self.observed_status is not None

    @property
    def rank(self) -> int:
        """Position among events of the same conversation and time."""
        return _RANK[self.kind]

    @property
    def sort_key(self) -> tuple[datetime, int, str]:
        """Order of the events of one conversation."""
        return self.time, self.rank, self.id

    @property
    def id(self) -> str:
        """Id of the event: the same for each row, run and source that reports it.

        An interaction starts once and is resolved once, so its id identifies both, however the
        start is classified. An assignment can repeat within an interaction, so its id has the
        assignee and the time. An assignment read from the present conversation has no time of its
        own: its id has the interaction instead, so that the next look-up gives the same id.
        """
        interaction = self.interaction_id
        if self.kind in {ASSIGNED_TO_AGENT, ASSIGNED_TO_GROUP, UNASSIGNED}:
            assignee = self.group_id if self.kind == ASSIGNED_TO_GROUP else self.agent_id
            when = interaction or "" if self.time_is_approximate else self.time.isoformat()
            return stable_id(self.kind, self.conversation_id, assignee or "", when)
        if self.kind in NEVER_EMITTED:
            return stable_id(self.kind, self.conversation_id, self.time.isoformat())
        what = RESOLVED if self.kind == RESOLVED else "began"
        if interaction:
            return stable_id(what, interaction)
        return stable_id(what, self.conversation_id, self.time.isoformat())


def event_from_row(report: str, row: Mapping[str, str]) -> ConversationEvent:
    """The event in a row of a conversation report; ReportError if its time is unreadable.

    `row` has texts by known column name.
    """
    row_time = time = parse_row_time(report, row["created_at"])
    interaction_id = row.get("interaction_id") or None
    if report == catalog.CONVERSATION_CREATED:
        kind = STARTED
        # Blank is false; an unknown text leaves the decision to other evidence.
        if "reopened" in row and (flag := read_flag(row["reopened"] or "false")) is not None:
            kind = REOPENED if flag else CREATED
        started = interaction_start_time(interaction_id)
        if started is not None and abs(started - time) <= _MAX_ID_TIME_DRIFT:
            time = started
    else:
        kind = _KINDS[report]
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
        has_group_column="group_id" in row,
        actor_id=row.get("actor_id") or None,
        actor_type=ACTOR_TYPE.read(row.get("actor_type")),
        label_category=row.get("label_category_name") or None,
        label_subcategory=row.get("label_sub_category_name") or None,
        row_time=None if row_time == time else row_time,
        is_unclear=row_time == time and APPROXIMATE in row,
    )


def infer_start(event: ConversationEvent) -> ConversationEvent | None:
    """The start of the interaction that an event belongs to, if its id holds a time."""
    started = interaction_start_time(event.interaction_id)
    if started is None or event.kind in START_KINDS:
        return None
    return ConversationEvent(
        kind=STARTED,
        time=started,
        conversation_id=event.conversation_id,
        interaction_id=event.interaction_id,
        channel_id=event.channel_id,
        inferred_from=event.time,
    )


def parse_row_time(report: str, text: str) -> datetime:
    """The time in a row; ReportError if the text is not a time."""
    try:
        return parse_time(text)
    except ValueError as error:
        raise ReportError(
            f"Report {report} has a row whose time is {error}. If another column holds it, name "
            f"that in setting report_columns."
        ) from None
