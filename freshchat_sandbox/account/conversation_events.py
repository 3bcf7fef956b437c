"""Timeline of a conversation: its events and the state after each."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from freshchat_sandbox.account.customers import ConversationKey
    from freshchat_sandbox.account.scenarios import Scenario

CREATED, REOPENED, RESOLVED = "created", "reopened", "resolved"
AGENT_ASSIGNED, GROUP_ASSIGNED = "assigned_to_agent", "assigned_to_group"
UNASSIGNED, MESSAGE = "unassigned", "message"
# These appear in reports or GET responses, but have no product event.
LABELLED, RATED, PROPERTY = "labelled", "rated", "property"

USER, AGENT, BOT, SYSTEM = "user", "agent", "bot", "system"
NEW, ASSIGNED = "new", "assigned"
NORMAL, PRIVATE, SYSTEM_MESSAGE = "normal", "private", "system"


class State(NamedTuple):
    """State of a conversation: its status, and the indexes of its agent and group."""

    status: str
    agent: int | None
    group: int | None


class ConversationEvent(NamedTuple):
    """Event of a conversation.

    Attributes:
        at: Epoch milliseconds.
        position: Index in the timeline; orders events of the same millisecond.
        kind: One of the constants above.
        interaction_start: Start of its interaction, in epoch milliseconds.
        state: State of the conversation after it.
        before: State before it, if it changes the state.
        actor_type: USER, AGENT, BOT or SYSTEM.
        actor: Index of the agent; None for other actors, of which there is one each.
        text: Text of the message, or None.
        content_kind: Kind of content of the message: text, image, file and so on.
        message_type: NORMAL, PRIVATE or SYSTEM_MESSAGE.
        detail: Further values: the two names of a label, a rating and its comment, a
            property and its value, or a flag of a message.
    """

    at: int
    position: int
    kind: str
    interaction_start: int
    state: State
    before: State | None
    actor_type: str
    actor: int | None
    text: str | None = None
    content_kind: str = ""
    message_type: str = ""
    detail: tuple[str, ...] = ()


_event_time = attrgetter("at")


@dataclass(frozen=True)
class ConversationTimeline:
    """Timeline of a conversation from its creation to its last event.

    Attributes:
        key: Key of the conversation.
        customer_key: Key of its customer.
        channel: Index of its channel.
        scenario: Scenario it follows.
        events: Events in order of time, and of cause within a millisecond.
    """

    key: ConversationKey
    customer_key: ConversationKey
    channel: int
    scenario: Scenario
    events: tuple[ConversationEvent, ...]

    @property
    def started_at(self) -> int:
        """Creation time."""
        return self.events[0].at

    def until(self, now: int) -> tuple[ConversationEvent, ...]:
        """Return the events up to and including now."""
        return self.events[: bisect_right(self.events, now, key=_event_time)]

    def between(self, start: int, end: int) -> tuple[ConversationEvent, ...]:
        """Return the events in [start, end)."""
        first = bisect_left(self.events, start, key=_event_time)
        return self.events[first : bisect_left(self.events, end, key=_event_time)]

    def properties(self, now: int) -> dict[str, str]:
        """Return the conversation properties at the time `now`."""
        return {
            event.detail[0]: event.detail[1] for event in self.until(now) if event.kind == PROPERTY
        }
