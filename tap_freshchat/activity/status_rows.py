"""Status rows of transcripts, and their comparison with the rows of other reports. Pure.

A system message in a transcript shows that a conversation was assigned, resolved or reopened, and
exactly when. It does not show the id of the new assignee.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from tap_freshchat.activity.events import (
    ASSIGNED_TO_AGENT,
    ASSIGNED_TO_GROUP,
    REOPENED,
    RESOLVED,
    START_KINDS,
    UNASSIGNED,
    ConversationEvent,
)
from tap_freshchat.activity.message_history import SYSTEM_MESSAGE_TOLERANCE
from tap_freshchat.activity.message_types import COLUMNS
from tap_freshchat.enumerations import ACTOR_TYPE, comparable
from tap_freshchat.reports import catalog
from tap_freshchat.reports.columns import APPROXIMATE
from tap_freshchat.times import interaction_start_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

ASSIGNED = "assigned"
# Names of the one live export (docs/assumptions.md).
_KINDS = {
    "statuschangeassigned": ASSIGNED,
    "statuschangeresolved": RESOLVED,
    "statuschangereopened": REOPENED,
}
_EVENT_KINDS = {
    ASSIGNED: frozenset({ASSIGNED_TO_AGENT, ASSIGNED_TO_GROUP, UNASSIGNED}),
    RESOLVED: frozenset({RESOLVED}),
    REOPENED: START_KINDS,
}
# The reports that have the rows of each kind.
REPORTS: Mapping[str, tuple[str, ...]] = {
    ASSIGNED: (catalog.AGENT_ASSIGNED, catalog.GROUP_ASSIGNED),
    RESOLVED: (catalog.CONVERSATION_RESOLVED,),
    REOPENED: (catalog.CONVERSATION_CREATED,),
}
# How far the time of a report row may be from its status row: at first as system messages are from
# what they post. Whether reports keep closer to it is not known, so what is left may be further.
_TOLERANCES = (SYSTEM_MESSAGE_TOLERANCE, timedelta(minutes=1))
# Largest difference between the start in an interaction's id and the message of the reopening.
_START_TOLERANCE = timedelta(seconds=5)


class StatusRow(NamedTuple):
    """One status row; `kind` is ASSIGNED, RESOLVED or REOPENED."""

    kind: str
    time: datetime
    conversation_id: str
    message_id: str
    interaction_id: str | None
    channel_id: str | None
    actor_id: str | None
    actor_type: str | None
    is_unclear: bool = False


def kind_of_row(row: Mapping[str, str]) -> str | None:
    """The kind of a transcript row; None if it is no status row."""
    kinds = (_KINDS.get(comparable(row.get(column))) for column in reversed(COLUMNS))
    return next(filter(None, kinds), None)


def status_row(kind: str, row: Mapping[str, str], time: datetime) -> StatusRow:
    """The status row of a kind in a transcript row."""
    return StatusRow(
        kind=kind,
        time=time,
        conversation_id=row["conversation_id"],
        message_id=row["message_id"],
        interaction_id=row.get("interaction_id") or None,
        channel_id=row.get("channel_id") or None,
        actor_id=row.get("actor_id") or None,
        actor_type=ACTOR_TYPE.read(row.get("actor_type")),
        is_unclear=APPROXIMATE in row,
    )


def unreported(rows: Iterable[StatusRow], events: Sequence[ConversationEvent]) -> list[StatusRow]:
    """The status rows of one conversation for which no event has a row.

    Each event explains one status row of its kind, the nearest in time.
    """
    unused = list(events)
    missing = sorted(rows, key=lambda row: row.time)
    for tolerance in _TOLERANCES:
        missing = [row for row in missing if not _takes_nearest(row, unused, tolerance)]
    return missing


def _takes_nearest(row: StatusRow, unused: list[ConversationEvent], tolerance: timedelta) -> bool:
    """Remove the event that explains a status row; whether there is one."""
    near = [
        event
        for event in unused
        if event.kind in _EVENT_KINDS[row.kind] and abs(event.time - row.time) <= tolerance
    ]
    if near:
        unused.remove(min(near, key=lambda event: abs(event.time - row.time)))
    return bool(near)


def may_be_unassignment(row: StatusRow, events: Sequence[ConversationEvent]) -> bool:
    """Whether an agent may have left at a status row; `events` are the conversation's, in order.

    Accounts are not known to report that. Without an agent before, nobody can have left.
    """
    for event in reversed(events):
        if event.time >= row.time or event.kind == RESOLVED:
            continue
        if event.kind == ASSIGNED_TO_AGENT or event.agent_id:
            return True
        if event.kind in {UNASSIGNED, *START_KINDS}:
            return False
    return True


def event_from_status_row(row: StatusRow, interaction_id: str) -> ConversationEvent | None:
    """The resolution or reopening of a status row, with the id that its report row would have.

    None for an assignment, whose id has the assignee and the time of the report row, and for an
    interaction that cannot be the one of the status row.
    """
    started = interaction_start_time(interaction_id)
    time = row.time
    if row.kind == ASSIGNED or (started and started > row.time + SYSTEM_MESSAGE_TOLERANCE):
        return None
    if row.kind == REOPENED and started:
        if row.time - started > _START_TOLERANCE:
            return None
        time = started
    return ConversationEvent(
        kind=row.kind,
        time=time,
        conversation_id=row.conversation_id,
        interaction_id=interaction_id,
        channel_id=row.channel_id,
        actor_id=row.actor_id,
        actor_type=row.actor_type,
        inferred_from=row.time,
        is_unclear=row.is_unclear and time == row.time,
    )
