"""What truly happened at the desk: the occurrences that product events would have reported."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import TYPE_CHECKING

from freshchat_sandbox.desk.instants import DAY, at_or_after, from_datetime, iso, to_datetime
from freshchat_sandbox.desk.lives import AGENT, CREATED, LABELLED, MESSAGE, PROPERTY, RATED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from freshchat_sandbox.desk.desk import Desk
    from freshchat_sandbox.desk.lives import Life, Moment, State
    from freshchat_sandbox.desk.roster import Flip

ON_CONVERSATION_CREATE = "onConversationCreate"
ON_CONVERSATION_UPDATE = "onConversationUpdate"
ON_MESSAGE_CREATE = "onMessageCreate"
ON_AGENT_ACTIVITY_CREATE = "onAgentActivityCreate"

_UNREPORTED = (LABELLED, RATED, PROPERTY)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """One thing that happened, as its product event would tell it; None where it has no place.

    Attributes:
        event: The product event: onConversationCreate and so on.
        kind: created, assigned_to_agent, assigned_to_group, unassigned, resolved, reopened,
            message, availability or intelliassign.
        time: When, aware and in UTC, with milliseconds.
        conversation_id: UUID of the conversation.
        interaction_id: The open period of the conversation it belongs to.
        message_id: UUID of the message.
        channel_id: UUID of the conversation's channel.
        user_id: UUID of the customer.
        reference_id: The site's own id of the customer.
        agent_id: The assignee after it; of an activity, the agent it is about.
        group_id: The assigned group after it.
        actor_type: user, agent, bot or system.
        actor_id: Who did it.
        status: The conversation's status after it, or AVAILABLE / UNAVAILABLE.
        previous: The values before it: status, assigned_agent_id and assigned_group_id of a
            conversation, or the status of an agent. None for creations and messages, and for
            an agent's first activity.
        text: The words of the message; None if it has none.
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
        """Return it as JSON values; the time is ISO 8601."""
        return {**asdict(self), "time": iso(from_datetime(self.time))}


def occurrences(desk: Desk, start: datetime, end: datetime) -> Iterator[Occurrence]:
    """Yield every occurrence in [start, end), ordered by time.

    It does not matter what time it is now: what lies in the future is what will happen. At
    the same millisecond, the occurrences of one conversation follow in the order of cause.
    """
    first, last = max(at_or_after(start), desk.origin), at_or_after(end)
    while first < last:
        until = min(last, first + DAY - (first - desk.origin) % DAY)  # sorted a day at a time
        found = [
            ((moment.at, *life.place, moment.order), _of_moment(desk, life, moment))
            for life in desk.lives(first, until)
            for moment in life.between(first, until)
            if moment.kind not in _UNREPORTED
        ]
        found += [
            ((flip.at, -1, flip.agent, order), _of_flip(desk, flip))
            for order, flip in enumerate(desk.roster.between(first, until))
        ]
        found.sort(key=itemgetter(0))
        for _, occurrence in found:
            yield occurrence
        first = until


def _of_moment(desk: Desk, life: Life, moment: Moment) -> Occurrence:
    event = {CREATED: ON_CONVERSATION_CREATE, MESSAGE: ON_MESSAGE_CREATE}.get(
        moment.kind, ON_CONVERSATION_UPDATE
    )
    is_message = moment.kind == MESSAGE
    return Occurrence(
        event=event,
        kind=moment.kind,
        time=to_datetime(moment.at),
        conversation_id=desk.conversation_id(life.place),
        interaction_id=desk.interaction_id(life, moment),
        message_id=desk.message_id(life, moment) if is_message else None,
        channel_id=desk.channel_ids[life.channel],
        user_id=desk.user_id(life.customer),
        reference_id=desk.customers.at(life.customer).reference_id,
        agent_id=desk.agent_id(moment.state.agent),
        group_id=desk.group_id(moment.state.group),
        actor_type=moment.actor_type,
        actor_id=desk.actor_id(life, moment),
        status=moment.state.status,
        previous=None if moment.before is None else _previous(desk, moment.before),
        text=moment.text,
        message_type=moment.message_type if is_message else None,
    )


def _previous(desk: Desk, state: State) -> dict[str, str | None]:
    return {
        "status": state.status,
        "assigned_agent_id": desk.agent_id(state.agent),
        "assigned_group_id": desk.group_id(state.group),
    }


def _of_flip(desk: Desk, flip: Flip) -> Occurrence:
    before = desk.roster.latest(flip.agent, flip.kind, flip.at - 1)
    return Occurrence(
        event=ON_AGENT_ACTIVITY_CREATE,
        kind=flip.kind,
        time=to_datetime(flip.at),
        agent_id=desk.agent_ids[flip.agent],
        actor_type=AGENT,
        actor_id=desk.agent_ids[flip.agent],
        status=agent_status(on=flip.on),
        previous=None if before is None else {"status": agent_status(on=before.on)},
    )


def agent_status(*, on: bool) -> str:
    """Return the API's word for an agent's state."""
    return "AVAILABLE" if on else "UNAVAILABLE"
