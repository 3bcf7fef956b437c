"""Ground truth of the account: the events that product events would have reported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from freshchat_sandbox.account.conversation_events import (
    AGENT,
    CREATED,
    LABELLED,
    MESSAGE,
    PROPERTY,
    RATED,
)
from freshchat_sandbox.account.timestamps import (
    DAY,
    at_or_after,
    format_iso,
    from_datetime,
    to_datetime,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.conversation_events import (
        ConversationEvent,
        ConversationTimeline,
        State,
    )
    from freshchat_sandbox.account.shifts import StatusChange

ON_CONVERSATION_CREATE = "onConversationCreate"
ON_CONVERSATION_UPDATE = "onConversationUpdate"
ON_MESSAGE_CREATE = "onMessageCreate"
ON_AGENT_ACTIVITY_CREATE = "onAgentActivityCreate"

_UNREPORTED = (LABELLED, RATED, PROPERTY)


@dataclass(frozen=True, kw_only=True)
class GroundTruthEvent:
    """Event as its product event would report it; None where a field does not apply.

    Attributes:
        event: Product event: onConversationCreate and so on.
        kind: created, assigned_to_agent, assigned_to_group, unassigned, resolved, reopened,
            message, availability or intelliassign.
        time: Aware, in UTC, with milliseconds.
        conversation_id: UUID of the conversation.
        interaction_id: Interaction of the conversation.
        message_id: UUID of the message.
        channel_id: UUID of the conversation's channel.
        user_id: UUID of the customer.
        reference_id: External id of the customer.
        agent_id: Assigned agent after it; for agent activity, the agent.
        group_id: Assigned group after it.
        actor_type: user, agent, bot or system.
        actor_id: Id of the actor.
        status: Status of the conversation after it, or AVAILABLE / UNAVAILABLE.
        previous: Values before it: status, assigned_agent_id and assigned_group_id of a
            conversation, or the status of an agent. None for creations and messages, and for
            an agent's first activity.
        text: Text of the message, or None.
        message_type: normal, private or system.
    """

    event: str
    kind: str
    time: datetime
    conversation_id: str | None = None
    interaction_id: str | None = None
    message_id: str | None = None
    channel_id: str | None = None
    user_id: str | None = None
    reference_id: str | None = None
    agent_id: str | None = None
    group_id: str | None = None
    actor_type: str | None = None
    actor_id: str | None = None
    status: str | None = None
    previous: Mapping[str, str | None] | None = None
    text: str | None = None
    message_type: str | None = None

    def as_json(self) -> dict[str, object]:
        """Return it as a JSON object; the time is ISO 8601."""
        return {**asdict(self), "time": format_iso(from_datetime(self.time))}


def events_between(
    account: SandboxAccount, start: datetime, end: datetime
) -> Iterator[GroundTruthEvent]:
    """Yield every event in [start, end), ordered by time.

    Independent of the current time: future events are included. Events of a conversation in
    the same millisecond are in order of cause.
    """
    first, last = max(at_or_after(start), account.origin), at_or_after(end)
    while first < last:
        until = min(last, first + DAY - (first - account.origin) % DAY)  # sorted a day at a time
        found = [
            (
                (event.at, *timeline.key, event.position),
                _from_conversation(account, timeline, event),
            )
            for timeline in account.conversations(first, until)
            for event in timeline.between(first, until)
            if event.kind not in _UNREPORTED
        ]
        found += [
            ((change.at, -1, change.agent, position), _from_status_change(account, change))
            for position, change in enumerate(account.shifts.changes_between(first, until))
        ]
        found.sort(key=itemgetter(0))
        for _, event in found:
            yield event
        first = until


def _from_conversation(
    account: SandboxAccount, timeline: ConversationTimeline, event: ConversationEvent
) -> GroundTruthEvent:
    product_event = {CREATED: ON_CONVERSATION_CREATE, MESSAGE: ON_MESSAGE_CREATE}.get(
        event.kind, ON_CONVERSATION_UPDATE
    )
    is_message = event.kind == MESSAGE
    return GroundTruthEvent(
        event=product_event,
        kind=event.kind,
        time=to_datetime(event.at),
        conversation_id=account.conversation_id(timeline.key),
        interaction_id=account.interaction_id(timeline, event),
        message_id=account.message_id(timeline, event) if is_message else None,
        channel_id=account.channel_ids[timeline.channel],
        user_id=account.user_id(timeline.customer_key),
        reference_id=account.customers.get(timeline.customer_key).reference_id,
        agent_id=account.agent_id(event.state.agent),
        group_id=account.group_id(event.state.group),
        actor_type=event.actor_type,
        actor_id=account.actor_id(timeline, event),
        status=event.state.status,
        previous=None if event.before is None else _previous(account, event.before),
        text=event.text,
        message_type=event.message_type if is_message else None,
    )


def _previous(account: SandboxAccount, state: State) -> dict[str, str | None]:
    return {
        "status": state.status,
        "assigned_agent_id": account.agent_id(state.agent),
        "assigned_group_id": account.group_id(state.group),
    }


def _from_status_change(account: SandboxAccount, change: StatusChange) -> GroundTruthEvent:
    before = account.shifts.latest_change(change.agent, change.kind, change.at - 1)
    return GroundTruthEvent(
        event=ON_AGENT_ACTIVITY_CREATE,
        kind=change.kind,
        time=to_datetime(change.at),
        agent_id=account.agent_ids[change.agent],
        actor_type=AGENT,
        actor_id=account.agent_ids[change.agent],
        status=_agent_status(on=change.on),
        previous=None if before is None else {"status": _agent_status(on=before.on)},
    )


def _agent_status(*, on: bool) -> str:
    return "AVAILABLE" if on else "UNAVAILABLE"
