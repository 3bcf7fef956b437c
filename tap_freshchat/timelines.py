"""How conversations stand from one occurrence to the next, and what each one changed. Pure."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from tap_freshchat.activity import (
    ASSIGNED_TO_AGENT,
    ASSIGNED_TO_GROUP,
    CREATED,
    REOPENED,
    RESOLVED,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tap_freshchat.activity import Occurrence

# Conversations whose last known values are kept in mind: some 100 MB would be 200,000 of them.
MAX_TIMELINES = 50_000


@dataclass(frozen=True, kw_only=True)
class Changes:
    """What one occurrence changed: `{field: (old, new)}`; an unknown old value is None."""

    pairs: Mapping[str, tuple[str | None, str | None]]
    previous_known: bool


@dataclass(kw_only=True)
class Timeline:
    """What is known of one conversation at one moment; times are of the latest such occurrence.

    `known` holds `status`, `assigned_agent_id` and `assigned_group_id` as far as told.
    """

    known: dict[str, str | None] = field(default_factory=dict)
    created_time: datetime | None = None
    assigned_time: datetime | None = None
    first_agent_assigned_time: datetime | None = None
    group_assigned_time: datetime | None = None
    first_group_assigned_time: datetime | None = None
    reopened_time: datetime | None = None
    resolved_time: datetime | None = None
    channel_id: str | None = None

    def copy(self) -> Timeline:
        """The timeline as it stands, which later occurrences do not touch."""
        return replace(self, known=dict(self.known))


class Timelines:
    """The last known values of conversations, carried from one occurrence to the next."""

    def __init__(self) -> None:
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()

    def apply(self, occurrence: Occurrence) -> tuple[Changes, Timeline]:
        """Take an occurrence in; what it changed, and how the conversation stands after it.

        Occurrences of one conversation must come in order of time. The timeline returned is the
        one that goes on: read it before the next call.
        """
        timeline = self._timelines.pop(occurrence.conversation_id, None) or Timeline()
        self._timelines[occurrence.conversation_id] = timeline
        if len(self._timelines) > MAX_TIMELINES:
            self._timelines.popitem(last=False)
        timeline.channel_id = occurrence.channel_id or timeline.channel_id
        after = _values_after(occurrence, timeline)
        pairs = {
            name: (timeline.known.get(name), value)
            for name, value in after.items()
            if _is_change(name, value, timeline.known, occurrence.kind)
        }
        known = all(name in timeline.known for name in pairs)
        timeline.known.update(after)
        return Changes(pairs=pairs, previous_known=known), timeline


def _values_after(occurrence: Occurrence, timeline: Timeline) -> dict[str, str | None]:
    """The values that an occurrence sets; the timeline's times move along."""
    time = occurrence.time
    if occurrence.kind in {CREATED, REOPENED}:
        if occurrence.kind == CREATED:
            timeline.created_time = time
        else:
            timeline.reopened_time = time
            timeline.known.setdefault("status", RESOLVED)
        timeline.first_agent_assigned_time = None
        return {
            "status": "new",
            "assigned_agent_id": None,
            "assigned_group_id": occurrence.group_id,
        }
    # Who else had it is told here too, for conversations whose assignment was not seen.
    if occurrence.agent_id and occurrence.kind == RESOLVED:
        timeline.known.setdefault("assigned_agent_id", occurrence.agent_id)
    if occurrence.group_id and occurrence.kind != ASSIGNED_TO_GROUP:
        timeline.known.setdefault("assigned_group_id", occurrence.group_id)
    if occurrence.kind == ASSIGNED_TO_AGENT:
        timeline.assigned_time = time
        timeline.first_agent_assigned_time = timeline.first_agent_assigned_time or time
        return {"status": "assigned", "assigned_agent_id": occurrence.agent_id}
    if occurrence.kind == ASSIGNED_TO_GROUP:
        timeline.assigned_time = timeline.group_assigned_time = time
        timeline.first_group_assigned_time = timeline.first_group_assigned_time or time
        after = {"assigned_group_id": occurrence.group_id}
        if occurrence.agent_told:
            # Handed to another group, a conversation loses its agent and waits for a new one.
            after["assigned_agent_id"] = occurrence.agent_id
            after["status"] = "assigned" if occurrence.agent_id else "new"
        return after
    timeline.resolved_time = time
    return {"status": RESOLVED}


def _is_change(name: str, value: str | None, known: Mapping[str, str | None], kind: str) -> bool:
    """Whether a pair `[old, new]` belongs into an event.

    The occurrence's own field always does; any other only where it is known to have moved.
    """
    own = {
        ASSIGNED_TO_AGENT: "assigned_agent_id",
        ASSIGNED_TO_GROUP: "assigned_group_id",
        RESOLVED: "status",
        REOPENED: "status",
    }
    return own.get(kind) == name or (name in known and known[name] != value)
