"""How conversations stand from one occurrence to the next, and what each one changed. Pure."""

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

# States of conversations that are kept in mind, some 10 MB of them.
MAX_STATES = 20_000


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What one occurrence changed: `{field: (old, new)}`; an unknown old value is None."""

    pairs: Mapping[str, tuple[str | None, str | None]]
    previous_values_known: bool


@dataclass(kw_only=True, slots=True)
class ConversationState:
    """How a conversation stood after one occurrence; times are of the latest such occurrence.

    `known` holds `status`, `assigned_agent_id` and `assigned_group_id` as far as told.
    `first_agent_assigned_time` is of the open period, the others of the whole conversation; both
    first ones are None where its beginning lies before all that was read.
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
    """How conversations stood after each of their occurrences, as far as kept in mind.

    Args:
        max_states: how many states are kept.
    """

    def __init__(self, max_states: int = MAX_STATES) -> None:
        self._max_states = max_states
        self._states: OrderedDict[str, list[ConversationState]] = OrderedDict()
        self._count = 0

    def apply(self, event: ConversationEvent) -> tuple[Changes, ConversationState]:
        """Take an occurrence in; what it changed, and how the conversation stands after it.

        Occurrences of one conversation must come in order of time.
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
        """Take what was held for the creation of a conversation for a reopening, ever since."""
        for state in self._states.get(conversation_id, ()):
            if state.created_time == moment:
                state.created_time = state.first_group_assigned_time = None
                state.reopened_time = state.reopened_time or moment

    def at(self, conversation_id: str, moment: datetime) -> ConversationState | None:
        """How a conversation stood at a moment; None when nothing is known of that."""
        states = self._states.get(conversation_id, [])
        return next(
            (state for state in reversed(states) if state.time and state.time <= moment), None
        )

    def _keep(self, conversation_id: str, states: list[ConversationState]) -> None:
        """Keep a conversation's states as the latest moved; forget those that moved longest ago."""
        self._states[conversation_id] = states
        self._count += 1
        while self._count > self._max_states and len(self._states) > 1:
            _, dropped = self._states.popitem(last=False)
            self._count -= len(dropped)


def _values_after(event: ConversationEvent, state: ConversationState) -> dict[str, str | None]:
    """The values that an occurrence sets; the timeline's times move along."""
    state.channel_id = event.channel_id or state.channel_id
    state.interaction_id = event.interaction_id or state.interaction_id
    if event.kind == LABELLED:
        state.label_category = event.label_category
        state.label_subcategory = event.label_subcategory
        return {}
    if event.kind in {CREATED, REOPENED}:
        return _values_at_start(event, state)
    # Who else had it is told here too, for conversations whose assignment was not seen.
    if event.agent_id and event.kind == RESOLVED:
        state.known.setdefault("assigned_agent_id", event.agent_id)
    if event.group_id and event.kind != ASSIGNED_TO_GROUP:
        state.known.setdefault("assigned_group_id", event.group_id)
    if event.time_is_approximate:
        # Seen, not told: when it happened is not known.
        assigned = event.kind == ASSIGNED_TO_AGENT
        return {
            "status": event.observed_status or None,
            **({"assigned_agent_id": event.agent_id} if assigned else {}),
            "assigned_group_id": event.group_id,
        }
    if event.kind in {ASSIGNED_TO_AGENT, ASSIGNED_TO_GROUP}:
        return _values_of_assignment(event, state)
    if event.kind == UNASSIGNED:
        # It waits for somebody else, unless it is over.
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
    """The first time; which it was, only those can tell who have seen the beginning."""
    return earlier or (time if start else None)


def _is_change(name: str, value: str | None, known: Mapping[str, str | None], kind: str) -> bool:
    """Whether a pair `[old, new]` belongs into an event.

    The occurrence's own field always does; any other only where it is known to have moved.
    """
    own_field = {
        ASSIGNED_TO_AGENT: "assigned_agent_id",
        ASSIGNED_TO_GROUP: "assigned_group_id",
        UNASSIGNED: "assigned_agent_id",
        RESOLVED: "status",
        REOPENED: "status",
    }
    return own_field.get(kind) == name or (name in known and known[name] != value)
