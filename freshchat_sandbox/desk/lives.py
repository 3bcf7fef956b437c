"""What a conversation's life consists of: moments, and the state they leave behind."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from freshchat_sandbox.desk.customers import Place
    from freshchat_sandbox.desk.stories import Story

CREATED, REOPENED, RESOLVED = "created", "reopened", "resolved"
AGENT_ASSIGNED, GROUP_ASSIGNED = "assigned_to_agent", "assigned_to_group"
UNASSIGNED, MESSAGE = "unassigned", "message"
# These leave rows in reports or values in GET, but no product event is compared for them.
LABELLED, RATED, PROPERTY = "labelled", "rated", "property"

USER, AGENT, BOT, SYSTEM = "user", "agent", "bot", "system"
NEW, ASSIGNED = "new", "assigned"
NORMAL, PRIVATE, NOTICE = "normal", "private", "system"


class State(NamedTuple):
    """Where a conversation stands: its status, and the indexes of its agent and group."""

    status: str
    agent: int | None
    group: int | None


class Moment(NamedTuple):
    """One thing that happens in a conversation.

    Attributes:
        at: Epoch milliseconds.
        order: Position in the life; breaks ties of time.
        kind: One of the constants above.
        interaction: When the open period it belongs to began, in epoch milliseconds.
        state: How the conversation stands after it.
        before: How it stood before, for changes of it.
        actor_type: USER, AGENT, BOT or SYSTEM.
        actor: The agent's index; None for the others, of whom there is one.
        text: What a message says; None if it has no words.
        form: What shape the message has.
        message_type: NORMAL, PRIVATE or NOTICE.
        detail: What else there is: a label's two names, a rating and its comment, a
            property and its value, or a marker on a message.
    """

    at: int
    order: int
    kind: str
    interaction: int
    state: State
    before: State | None
    actor_type: str
    actor: int | None
    text: str | None = None
    form: str = ""
    message_type: str = ""
    detail: tuple[str, ...] = ()


_moment_time = attrgetter("at")


@dataclass(frozen=True)
class Life:
    """A conversation from its creation to the last thing that ever happens in it.

    Attributes:
        place: Which conversation.
        customer: The place of its customer.
        channel: Index of its channel.
        story: The plot it follows.
        moments: What happens, in order of time; at the same millisecond in order of cause.
    """

    place: Place
    customer: Place
    channel: int
    story: Story
    moments: tuple[Moment, ...]

    @property
    def began(self) -> int:
        """When it was created."""
        return self.moments[0].at

    def until(self, now: int) -> tuple[Moment, ...]:
        """Return what has happened up to and including now."""
        return self.moments[: bisect_right(self.moments, now, key=_moment_time)]

    def between(self, start: int, end: int) -> tuple[Moment, ...]:
        """Return what happens in [start, end)."""
        first = bisect_left(self.moments, start, key=_moment_time)
        return self.moments[first : bisect_left(self.moments, end, key=_moment_time)]

    def properties(self, now: int) -> dict[str, str]:
        """Return the conversation properties as they stand now."""
        return {
            moment.detail[0]: moment.detail[1]
            for moment in self.until(now)
            if moment.kind == PROPERTY
        }
