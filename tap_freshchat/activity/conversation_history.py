"""History of one conversation: its state at any time, from the events near that time. Pure.

The state at a time rests only on the events within `CONTEXT_PERIOD` of that day. Every run that
reads the same events therefore gives the same state, wherever it started and however often it
stopped.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import KW_ONLY, dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from tap_freshchat.activity.conversation_state import (
    AGENT,
    STATUS,
    TRACKED_FIELDS,
    ConversationState,
    EventWithState,
    apply_event,
    concerns,
    value_before,
)
from tap_freshchat.activity.events import RESOLVED, START_KINDS, UNKNOWN_CHANGE
from tap_freshchat.activity.message_history import SYSTEM_MESSAGE_TOLERANCE
from tap_freshchat.times import floor_to

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_freshchat.activity.events import ConversationEvent
    from tap_freshchat.activity.message_history import Snapshot

# Events this long before the day of a record, and after it, decide the record's state. Most
# interactions end within a day, and every run reads this much again.
CONTEXT_PERIOD = timedelta(days=2)
_DAY = timedelta(days=1)


def context_start(time: datetime) -> datetime:
    """Start of the events that decide the state at a time: the same for all times of a UTC day."""
    return floor_to(time, _DAY) - CONTEXT_PERIOD


def context_end(time: datetime) -> datetime:
    """End (exclusive) of the events that decide the state at a time."""
    return floor_to(time, _DAY) + _DAY + CONTEXT_PERIOD


@dataclass
class ConversationHistory:
    """Events of one conversation, replayed on demand.

    Args:
        events: in order of `ConversationEvent.sort_key`, interaction starts classified.
        known_until: the source lists every event before it.
        settled_until: no event before it can still arrive.
        snapshot: the present conversation with its messages, as far as they were fetched.
        lists_assignments: whether the source lists assignments. REST does not: from an
            interaction's start to its resolution, status and assignee are then unknown.
        lists_status_changes: whether the source lists starts and resolutions. It does not if their
            reports are left out; what an event sets is then known at its time only.
    """

    events: Sequence[ConversationEvent]
    _: KW_ONLY
    known_until: datetime
    settled_until: datetime
    snapshot: Snapshot | None = None
    lists_assignments: bool = True
    lists_status_changes: bool = True
    _replays: dict[datetime, list[EventWithState]] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._times = [event.time for event in self.events]
        self._positions = {event.id: position for position, event in enumerate(self.events)}

    def after(self, event_id: str) -> EventWithState:
        """An event, what it changed, and the state after it."""
        position = self._positions[event_id]
        time = self._times[position]
        first, steps = self._replay(context_start(time))
        step = steps[position - first]
        previous = steps[position - first - 1].state if position > first else ConversationState()
        known = step.previous_values_known and time <= self.settled_until
        known = known and not self._may_be_unassigned(previous)
        # The system message that belongs to a row can be slightly later than the row. Without
        # rows, it belongs to an assignment that is not listed.
        tolerance = SYSTEM_MESSAGE_TOLERANCE if self.lists_assignments else timedelta(0)
        state = self._completed(
            step.state, time, position + 1, time + tolerance, is_inclusive=not tolerance
        )
        return replace(step, previous_values_known=known, state=state)

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
                    for name in TRACKED_FIELDS if unknown else step.changes:
                        state.values.pop(name, None)
        return state

    def _may_be_unassigned(self, state: ConversationState) -> bool:
        """Whether the agent may have left unseen: reports list that in some accounts only."""
        if state.values.get(AGENT) is None or state.agent_assigned_time is None:
            return False
        history = self.snapshot.history if self.snapshot else None
        if history is None or history.has_gaps:
            return True
        return not (history.messages and history.covers(state.agent_assigned_time))

    def _replay(self, start: datetime) -> tuple[int, list[EventWithState]]:
        """Position of the first event at or after `start`, and the replay of all from there."""
        first = bisect_left(self._times, start)
        if start not in self._replays:
            state = ConversationState()
            steps = self._replays[start] = []
            for event in self.events[first:]:
                steps.append(apply_event(self._after_unlisted_assignments(state), event))
                state = steps[-1].state
        return first, self._replays[start]

    def _after_unlisted_assignments(self, state: ConversationState) -> ConversationState:
        """The state some time later, less what an event that the source does not list sets."""
        if not self.lists_status_changes:
            return replace(state, values={}, resolved_time=None, reopened_time=None)
        if self.lists_assignments:
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
        provisional = time > self.settled_until
        # A copy, because replayed states are shared.
        values = dict(state.values)
        end = context_end(time)
        later = self.events[following : bisect_left(self._times, end)]
        for name in TRACKED_FIELDS:
            if name in values:
                continue
            event = next((event for event in later if concerns(event, name)), None)
            # An unlisted event before the later one can have set the value that its row names.
            listed = self.lists_status_changes and (self.lists_assignments or name == STATUS)
            if event is not None and listed:
                values.update(value_before(event, name))
            elif (event is None or not listed) and self.known_until <= end:
                present = self._present(unchanged_from, is_inclusive=is_inclusive)
                if name in present:
                    values[name] = present[name]
                    provisional = True
        return replace(
            state,
            values=values,
            is_provisional=provisional,
            lists_assignments=self.lists_assignments,
        )

    def _present(self, time: datetime, *, is_inclusive: bool) -> Mapping[str, str | None]:
        """The present conversation, if its messages show no change since a time; else nothing."""
        if self.snapshot is None:
            return {}
        unchanged = self.snapshot.history.shows_no_change_since(time, is_inclusive=is_inclusive)
        return self.snapshot.conversation if unchanged else {}
