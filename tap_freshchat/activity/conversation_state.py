"""State of a conversation at any time, and what each event changed: a replay of its events. Pure.

The state at a time rests only on the events near that time (`CONTEXT_PERIOD`). Every run that reads
the same events therefore gives the same state, wherever it started and however often it stopped.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
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
from tap_freshchat.activity.message_history import SYSTEM_MESSAGE_TOLERANCE
from tap_freshchat.times import floor_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.activity.message_history import Snapshot

STATUS, AGENT, GROUP = "status", "assigned_agent_id", "assigned_group_id"
# The fields that events change and that the present conversation shows as well.
TRACKED_FIELDS = (STATUS, AGENT, GROUP)
# Events this long before the day of a record, and after it, decide the record's state. Most
# interactions end within a day, and every run reads this much again.
CONTEXT_PERIOD = timedelta(days=2)
_DAY = timedelta(days=1)

# The field that an event is about: `changes` has it even where the old value is unknown.
_OWN_FIELD = {
    ASSIGNED_TO_AGENT: AGENT,
    ASSIGNED_TO_GROUP: GROUP,
    UNASSIGNED: AGENT,
    RESOLVED: STATUS,
    REOPENED: STATUS,
}


def context_start(time: datetime) -> datetime:
    """Start of the events that decide the state at a time: the same for all times of a UTC day."""
    return floor_to(time, _DAY) - CONTEXT_PERIOD


def context_end(time: datetime) -> datetime:
    """End (exclusive) of the events that decide the state at a time."""
    return floor_to(time, _DAY) + _DAY + CONTEXT_PERIOD


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What one event changed: `{field: (old, new)}`; an unknown old value is None."""

    pairs: Mapping[str, tuple[str | None, str | None]]
    previous_values_known: bool


@dataclass(kw_only=True, slots=True)
class ConversationState:
    """State of a conversation at one time; a time field holds the latest such event's time.

    `values` holds those of `TRACKED_FIELDS` that are known. `first_agent_assigned_time` is of the
    open interaction, `first_group_assigned_time` of the whole conversation; both are None unless
    the start is among the events. `is_provisional`: an event before this time can still arrive, or
    a value is that of the present conversation.
    """

    values: dict[str, str | None] = field(default_factory=dict)
    is_provisional: bool = False
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
    """An event of a conversation, what it changed, and the state right after it."""

    event: ConversationEvent
    changes: Changes
    state: ConversationState


class ConversationHistory:
    """Events of one conversation, replayed on demand.

    Args:
        events: in order of `ConversationEvent.sort_key`, interaction starts classified.
        known_until: the source lists every event before it.
        settled_until: no event before it can still arrive.
        snapshot: the present conversation with its messages, as far as they were fetched.
        lists_assignments: whether the source lists assignments. REST does not: from an
            interaction's start to its resolution, status and assignee are then unknown.
    """

    def __init__(
        self,
        events: Sequence[ConversationEvent],
        *,
        known_until: datetime,
        settled_until: datetime,
        snapshot: Snapshot | None = None,
        lists_assignments: bool = True,
    ) -> None:
        self._events = events
        self._times = [event.time for event in events]
        self._known_until = known_until
        self._settled_until = settled_until
        self._snapshot = snapshot
        self._lists_assignments = lists_assignments
        self._positions = {event.id: position for position, event in enumerate(events)}
        self._replays: dict[datetime, list[EventWithState]] = {}

    def after(self, event_id: str) -> EventWithState:
        """An event, what it changed, and the state after it."""
        position = self._positions[event_id]
        time = self._times[position]
        first, steps = self._replay(context_start(time))
        step = steps[position - first]
        previous = steps[position - first - 1].state if position > first else ConversationState()
        known = (
            step.changes.previous_values_known
            and time <= self._settled_until
            and not self._may_be_unassigned(previous)
        )
        changes = replace(step.changes, previous_values_known=known)
        # The system message that belongs to a row can be slightly later than the row. Without
        # rows, it belongs to an assignment that is not listed.
        tolerance = SYSTEM_MESSAGE_TOLERANCE if self._lists_assignments else timedelta(0)
        state = self._completed(
            step.state, time, position + 1, time + tolerance, is_inclusive=not tolerance
        )
        return EventWithState(step.event, changes, state)

    def at(self, time: datetime, *, is_system_message: bool = False) -> ConversationState:
        """The state when a message was posted.

        A system message is posted after the change that it is about. For other messages, and with
        several changes in one millisecond, the order is unknown: what changed is left out.
        """
        following = bisect_right(self._times, time)
        first, steps = self._replay(context_start(time))
        state = ConversationState()
        if following > first:
            state = steps[following - first - 1].state
            if self._times[following - 1] < time:
                state = self._after_unlisted_assignments(state)
            if is_system_message and time - self._times[following - 1] > SYSTEM_MESSAGE_TOLERANCE:
                # No event explains the system message: something else changed.
                state = replace(state, values={})
        provisional = self._may_be_unassigned(state)
        state = self._completed(state, time, following, time, is_inclusive=not is_system_message)
        state.is_provisional |= provisional
        same_time = steps[bisect_left(self._times, time) - first : following - first]
        if not is_system_message or len(same_time) > 1:
            for step in same_time:
                if step.event.kind not in START_KINDS:
                    unknown = step.event.kind == UNKNOWN_CHANGE
                    for name in TRACKED_FIELDS if unknown else step.changes.pairs:
                        state.values.pop(name, None)
        return state

    def _may_be_unassigned(self, state: ConversationState) -> bool:
        """Whether the agent may have left unseen: reports list that in some accounts only."""
        if state.values.get(AGENT) is None or state.agent_assigned_time is None:
            return False
        history = self._snapshot.history if self._snapshot else None
        return not (history and history.messages and history.covers(state.agent_assigned_time))

    def _replay(self, start: datetime) -> tuple[int, list[EventWithState]]:
        """Position of the first event at or after `start`, and the replay of all from there."""
        first = bisect_left(self._times, start)
        if start not in self._replays:
            state = ConversationState()
            steps = self._replays[start] = []
            for event in self._events[first:]:
                steps.append(apply_event(self._after_unlisted_assignments(state), event))
                state = steps[-1].state
        return first, self._replays[start]

    def _after_unlisted_assignments(self, state: ConversationState) -> ConversationState:
        """The state some time later, less what an assignment that the source does not list sets."""
        if self._lists_assignments:
            return state
        resolved = state.values.get(STATUS) == RESOLVED
        return replace(state, values={STATUS: RESOLVED} if resolved else {})

    def _completed(
        self,
        state: ConversationState,
        time: datetime,
        following: int,
        unchanged_from: datetime,
        *,
        is_inclusive: bool,
    ) -> ConversationState:
        """The state with the values that only later events or the present conversation show."""
        provisional = time > self._settled_until
        missing = [name for name in TRACKED_FIELDS if name not in state.values]
        if not missing:
            return replace(state, is_provisional=provisional)
        values = dict(state.values)
        end = context_end(time)
        later = self._events[following : bisect_left(self._times, end)]
        for name in missing:
            event = next((event for event in later if _concerns(event, name)), None)
            if event is not None:
                values.update(_value_before(event, name))
            elif self._known_until <= end and name in (
                present := self._present(unchanged_from, is_inclusive=is_inclusive)
            ):
                values[name] = present[name]
                provisional = True
        return replace(state, values=values, is_provisional=provisional)

    def _present(self, time: datetime, *, is_inclusive: bool) -> Mapping[str, str | None]:
        """The present conversation, if its messages show no change since a time; else nothing."""
        snapshot = self._snapshot
        if snapshot is None or not snapshot.history.shows_no_change_since(
            time, is_inclusive=is_inclusive
        ):
            return {}
        return snapshot.conversation


def apply_event(before: ConversationState, event: ConversationEvent) -> EventWithState:
    """What an event changes in a state, and the state after it."""
    after = replace(before, values=dict(before.values))
    values = _values_set_by(event, after)
    pairs = {
        name: (after.values.get(name), value)
        for name, value in values.items()
        if _OWN_FIELD.get(event.kind) == name
        or (name in after.values and after.values[name] != value)
    }
    known = all(name in after.values for name in pairs)
    after.values.update(values)
    return EventWithState(event, Changes(pairs=pairs, previous_values_known=known), after)


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
    state.values = {**_value_before(event, AGENT), **_value_before(event, GROUP), **state.values}
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
    if event.kind == ASSIGNED_TO_AGENT:
        state.agent_assigned_time = time
        # Only if the start was read is the first assignment seen known to be the first.
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


def _concerns(event: ConversationEvent, name: str) -> bool:
    """Whether an event changes a field, or its row names the value that the field had before."""
    if event.kind == LABELLED or event.time_is_approximate:
        return False
    if event.kind in START_KINDS or event.kind == UNKNOWN_CHANGE:
        return True
    if _value_before(event, name):
        return True
    if event.kind == RESOLVED:
        return name == STATUS
    if event.kind == ASSIGNED_TO_GROUP:
        return name == GROUP or event.has_agent_column
    return name != GROUP


def _value_before(event: ConversationEvent, name: str) -> dict[str, str | None]:
    """`{name: value}` right before an event, if the event shows it; else empty."""
    if name == STATUS and event.kind == REOPENED:
        return {STATUS: RESOLVED}
    if name == AGENT and event.kind == RESOLVED and event.agent_id:
        return {AGENT: event.agent_id}
    if name == GROUP and event.kind in {ASSIGNED_TO_AGENT, UNASSIGNED, RESOLVED} and event.group_id:
        return {GROUP: event.group_id}
    return {}
