"""State tracker of conversations: applies each event and returns what it changed. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tap_freshchat.activity.events import (
    ASSIGNED_TO_AGENT,
    ASSIGNED_TO_GROUP,
    CREATED,
    LABELLED,
    REOPENED,
    RESOLVED,
    UNASSIGNED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity.events import ConversationEvent

# States of conversations that are remembered, some 10 MB of them.
MAX_STATES = 20_000


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What one event changed: `{field: (old, new)}`; an unknown old value is None."""

    pairs: Mapping[str, tuple[str | None, str | None]]
    previous_values_known: bool


@dataclass(kw_only=True, slots=True)
class ConversationState:
    """State of a conversation after one event; each time is of the latest event of its kind.

    `known` holds `status`, `assigned_agent_id` and `assigned_group_id` as far as known.
    `first_agent_assigned_time` is of the interaction, the others of the whole conversation; both
    first ones are None if the start was before the rows that were read.
    """

    known: dict[str, str | None] = field(default_factory=dict)
    time: datetime | None = None
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


class ConversationStates:
    """States of conversations after each of their events, up to a bound.

    Args:
        max_states: how many states are kept.
    """

    def __init__(self, max_states: int = MAX_STATES) -> None:
        self._max_states = max_states
        self._states: OrderedDict[str, list[ConversationState]] = OrderedDict()
        self._count = 0

    def apply(self, event: ConversationEvent) -> tuple[Changes, ConversationState]:
        """Apply an event; return what it changed and the state of the conversation after it.

        Events of one conversation must come in order of time.
        """
        states = self._states.pop(event.conversation_id, [])
        before = states[-1] if states else ConversationState()
        after = replace(before, known=dict(before.known), time=event.time)
        values = _values_after(event, after)
        pairs = {
            name: (after.known.get(name), value)
            for name, value in values.items()
            if _is_change(name, value, after.known, event.kind)
        }
        known = all(name in after.known for name in pairs)
        after.known.update(values)
        self._keep(event.conversation_id, [*states, after])
        return Changes(pairs=pairs, previous_values_known=known), after

    def mark_reopened(self, conversation_id: str, moment: datetime) -> None:
        """Turn the creation at that time into a reopening, in every state since."""
        for state in self._states.get(conversation_id, ()):
            if state.created_time == moment:
                state.created_time = state.first_group_assigned_time = None
                state.reopened_time = state.reopened_time or moment

    def at(self, conversation_id: str, moment: datetime) -> ConversationState | None:
        """State of a conversation at a time; None if unknown."""
        states = self._states.get(conversation_id, [])
        return next(
            (state for state in reversed(states) if state.time and state.time <= moment), None
        )

    def _keep(self, conversation_id: str, states: list[ConversationState]) -> None:
        """Store states as most recently changed; above the bound drop the oldest."""
        self._states[conversation_id] = states
        self._count += 1
        while self._count > self._max_states and len(self._states) > 1:
            _, dropped = self._states.popitem(last=False)
            self._count -= len(dropped)


def _values_after(event: ConversationEvent, state: ConversationState) -> dict[str, str | None]:
    """The values that an event sets; updates the times in `state`."""
    state.channel_id = event.channel_id or state.channel_id
    state.interaction_id = event.interaction_id or state.interaction_id
    if event.kind == LABELLED:
        state.label_category = event.label_category
        state.label_subcategory = event.label_subcategory
        return {}
    if event.kind in {CREATED, REOPENED}:
        return _values_at_start(event, state)
    # These rows name the assignee too, which helps if the assignment itself was not read.
    if event.agent_id and event.kind == RESOLVED:
        state.known.setdefault("assigned_agent_id", event.agent_id)
    if event.group_id and event.kind != ASSIGNED_TO_GROUP:
        state.known.setdefault("assigned_group_id", event.group_id)
    if event.time_is_approximate:
        # Inferred from a snapshot: the time of the assignment is unknown.
        assigned = event.kind == ASSIGNED_TO_AGENT
        return {
            "status": event.observed_status or None,
            **({"assigned_agent_id": event.agent_id} if assigned else {}),
            "assigned_group_id": event.group_id,
        }
    if event.kind in {ASSIGNED_TO_AGENT, ASSIGNED_TO_GROUP}:
        return _values_of_assignment(event, state)
    if event.kind == UNASSIGNED:
        # It waits for another agent, unless it is resolved.
        resolved = state.known.get("status") == RESOLVED
        return {"assigned_agent_id": None, "status": RESOLVED if resolved else "new"}
    state.resolved_time = event.time
    return {"status": RESOLVED}


def _values_at_start(event: ConversationEvent, state: ConversationState) -> dict[str, str | None]:
    if event.kind == CREATED:
        state.created_time = event.time
    else:
        state.reopened_time = event.time
        state.known.setdefault("status", RESOLVED)
    state.agent_assigned_time = state.first_agent_assigned_time = None
    return {"status": "new", "assigned_agent_id": None, "assigned_group_id": event.group_id}


def _values_of_assignment(
    event: ConversationEvent, state: ConversationState
) -> dict[str, str | None]:
    state.assigned_time = time = event.time
    if event.kind == ASSIGNED_TO_AGENT:
        state.agent_assigned_time = time
        start = state.created_time or state.reopened_time
        state.first_agent_assigned_time = _first(state.first_agent_assigned_time, time, start)
        return {"status": "assigned", "assigned_agent_id": event.agent_id}
    state.group_assigned_time = time
    state.first_group_assigned_time = _first(
        state.first_group_assigned_time, time, state.created_time
    )
    after = {"assigned_group_id": event.group_id}
    if event.has_agent_column:
        # Handed to another group, a conversation loses its agent and waits for a new one.
        after["assigned_agent_id"] = event.agent_id
        after["status"] = "assigned" if event.agent_id else "new"
    return after


def _first(earlier: datetime | None, time: datetime, start: datetime | None) -> datetime | None:
    """The first time, which is known only if the start was read."""
    return earlier or (time if start else None)


def _is_change(name: str, value: str | None, known: Mapping[str, str | None], kind: str) -> bool:
    """Whether a pair `[old, new]` belongs into an event.

    The event's own field always does; any other only if its value is known to have changed.
    """
    own_field = {
        ASSIGNED_TO_AGENT: "assigned_agent_id",
        ASSIGNED_TO_GROUP: "assigned_group_id",
        UNASSIGNED: "assigned_agent_id",
        RESOLVED: "status",
        REOPENED: "status",
    }
    return own_field.get(kind) == name or (name in known and known[name] != value)
