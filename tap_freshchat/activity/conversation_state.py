"""State of a conversation after each of its events, and what each event changed. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tap_freshchat.activity.events import (
    ASSIGNED_TO_AGENT,
    ASSIGNED_TO_GROUP,
    CREATED,
    LABELLED,
    REOPENED,
    RESOLVED,
    START_KINDS,
    UNASSIGNED,
    UNKNOWN_CHANGE,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity.events import ConversationEvent

STATUS, AGENT, GROUP = "status", "assigned_agent_id", "assigned_group_id"
# The fields that events change and that the present conversation shows as well.
TRACKED_FIELDS = (STATUS, AGENT, GROUP)
# The field that an event is about: `changes` has it even where the old value is unknown.
_OWN_FIELD = {
    ASSIGNED_TO_AGENT: AGENT,
    ASSIGNED_TO_GROUP: GROUP,
    UNASSIGNED: AGENT,
    RESOLVED: STATUS,
    REOPENED: STATUS,
}


@dataclass(kw_only=True, slots=True)
class ConversationState:
    """State of a conversation at one time; a time field holds the latest such event's time.

    `values` holds those of `TRACKED_FIELDS` that are known. `first_agent_assigned_time` is of the
    open interaction, `first_group_assigned_time` of the whole conversation; both are None unless
    the start is among the events. `is_provisional`: an event before this time can still arrive, or
    a value is that of the present conversation. `lists_assignments`: whether the source of the
    events lists assignments.
    """

    values: dict[str, str | None] = field(default_factory=dict)
    is_provisional: bool = False
    lists_assignments: bool = True
    interaction_id: str | None = None
    channel_id: str | None = None
    created_time: datetime | None = None
    assigned_time: datetime | None = None
    agent_assigned_time: datetime | None = None
    first_agent_assigned_time: datetime | None = None
    group_assigned_time: datetime | None = None
    first_group_assigned_time: datetime | None = None
    reopened_time: datetime | None = None
    resolved_time: datetime | None = None
    label_category: str | None = None
    label_subcategory: str | None = None


@dataclass(frozen=True)
class EventWithState:
    """An event of a conversation, what it changed, and the state right after it.

    `changes` are `{field: (old, new)}`; an unknown old value is None. `changes_nothing`: nobody is
    assigned by it, and it is known that nobody was before.
    """

    event: ConversationEvent
    changes: Mapping[str, tuple[str | None, str | None]]
    previous_values_known: bool
    state: ConversationState
    changes_nothing: bool = False


def apply_event(before: ConversationState, event: ConversationEvent) -> EventWithState:
    """What an event changes in a state, and the state after it."""
    after = replace(before, values=dict(before.values))
    values = _values_set_by(event, after)
    changes = {
        name: (after.values.get(name), value)
        for name, value in values.items()
        if _OWN_FIELD.get(event.kind) == name
        or (name in after.values and after.values[name] != value)
    }
    known = all(name in after.values for name in changes)
    after.values.update(values)
    nothing = known and bool(changes) and all(pair == (None, None) for pair in changes.values())
    return EventWithState(event, changes, known, after, changes_nothing=nothing)


def _values_set_by(  # noqa: PLR0911 - one for each kind of event
    event: ConversationEvent, state: ConversationState
) -> dict[str, str | None]:
    """The values that an event sets; updates the times and ids of the state."""
    state.channel_id = event.channel_id or state.channel_id
    state.interaction_id = event.interaction_id or state.interaction_id
    if event.kind == LABELLED:
        state.label_category = event.label_category
        state.label_subcategory = event.label_subcategory
        return {}
    if event.kind == UNKNOWN_CHANGE:
        state.values = {}
        return {}
    if event.kind in START_KINDS:
        return _values_at_start(event, state)
    # The row names the other assignee too, for conversations whose assignment was not read.
    state.values = {**value_before(event, AGENT), **value_before(event, GROUP), **state.values}
    if event.time_is_approximate:
        # Seen in the present conversation: when it happened is unknown.
        assigned = event.kind == ASSIGNED_TO_AGENT
        return {
            **({STATUS: event.observed_status} if event.observed_status else {}),
            **({AGENT: event.agent_id} if assigned else {}),
            GROUP: event.group_id,
        }
    if event.kind in {ASSIGNED_TO_AGENT, ASSIGNED_TO_GROUP}:
        return _values_of_assignment(event, state)
    if event.kind == UNASSIGNED:
        # It waits for another agent, unless it is resolved.
        if (status := state.values.get(STATUS)) is None:
            return {AGENT: None}
        return {AGENT: None, STATUS: RESOLVED if status == RESOLVED else "new"}
    state.resolved_time = event.time
    return {STATUS: RESOLVED}


def _values_at_start(event: ConversationEvent, state: ConversationState) -> dict[str, str | None]:
    state.agent_assigned_time = state.first_agent_assigned_time = None
    if event.kind == CREATED:
        state.created_time = event.time
    elif event.kind == REOPENED:
        state.reopened_time = event.time
        state.values.setdefault(STATUS, RESOLVED)
    if event.has_group_column:
        return {STATUS: "new", AGENT: None, GROUP: event.group_id}
    state.values.pop(GROUP, None)
    return {STATUS: "new", AGENT: None}


def _values_of_assignment(
    event: ConversationEvent, state: ConversationState
) -> dict[str, str | None]:
    state.assigned_time = time = event.time
    # Only if the start was read is the first assignment seen known to be the first.
    if event.kind == ASSIGNED_TO_AGENT:
        state.agent_assigned_time = time
        if state.created_time or state.reopened_time:
            state.first_agent_assigned_time = state.first_agent_assigned_time or time
        return {STATUS: "assigned", AGENT: event.agent_id}
    state.group_assigned_time = time
    if state.created_time:
        state.first_group_assigned_time = state.first_group_assigned_time or time
    values = {GROUP: event.group_id}
    if event.has_agent_column:
        # Handed to another group, a conversation loses its agent and waits for a new one.
        values[AGENT] = event.agent_id
        values[STATUS] = "assigned" if event.agent_id else "new"
    return values


def concerns(event: ConversationEvent, name: str) -> bool:
    """Whether an event changes a field, or its row names the value that the field had before."""
    if event.kind == LABELLED or event.time_is_approximate:
        return False
    always = event.kind in START_KINDS or event.kind == UNKNOWN_CHANGE
    if always or value_before(event, name):
        return True
    if event.kind == RESOLVED:
        return name == STATUS
    if event.kind == ASSIGNED_TO_GROUP:
        return name == GROUP or event.has_agent_column
    return name != GROUP


def value_before(event: ConversationEvent, name: str) -> dict[str, str | None]:
    """`{name: value}` right before an event, if the event shows it; else empty."""
    if name == STATUS and event.kind == REOPENED:
        return {STATUS: RESOLVED}
    if name == AGENT and event.kind == RESOLVED and event.agent_id:
        return {AGENT: event.agent_id}
    if name == GROUP and event.kind in {ASSIGNED_TO_AGENT, UNASSIGNED, RESOLVED} and event.group_id:
        return {GROUP: event.group_id}
    return {}
