"""Builder of conversation events: a time cursor and the state of the conversation at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from freshchat_sandbox.account.conversation_events import (
    AGENT,
    AGENT_ASSIGNED,
    ASSIGNED,
    GROUP_ASSIGNED,
    MESSAGE,
    NEW,
    NORMAL,
    SYSTEM,
    SYSTEM_MESSAGE,
    USER,
    ConversationEvent,
    State,
)
from freshchat_sandbox.account.staff import AGENTS, GROUPS, SUPERVISOR
from freshchat_sandbox.account.timestamps import HOUR

if TYPE_CHECKING:
    from freshchat_sandbox.account.rng import SeededRandom

_USER_CONTENT_KINDS = ("text",) * 10 + ("image", "image_only", "file")
_KINDS_WITHOUT_TEXT = ("image_only", "file", "carousel")  # kinds without a text


class DeadlineReachedError(Exception):
    """The next event would be after the deadline."""


class EventBuilder:
    """Builder of the events of one conversation, in order of time.

    Args:
        rng: Source of all random decisions.
        started_at: Start of the conversation, in epoch milliseconds.
        deadline: Latest time of an event, in epoch milliseconds.
        slow_replies: Whether replies often take hours.

    Attributes:
        events: Events so far.
        at: Time of the next event, in epoch milliseconds.
        interaction_start: Start of the current interaction, in epoch milliseconds.
        state: State of the conversation.
    """

    def __init__(
        self, rng: SeededRandom, started_at: int, deadline: int, *, slow_replies: bool
    ) -> None:
        self.rng = rng
        self.events: list[ConversationEvent] = []
        self.at = self.interaction_start = started_at
        self.state = State(NEW, None, None)
        self._deadline = deadline
        self._slow_replies = slow_replies

    # Changes of state

    def assign_group(self, group: int | None, by: int | None = None) -> None:
        """Assign the conversation to a group: by a rule, or by an agent."""
        before = self.state
        self.state = State(NEW, None, group)  # a new group has no assigned agent
        actor_type = SYSTEM if by is None else AGENT
        self.add(GROUP_ASSIGNED, actor_type, by, before=before)
        self.advance_millis()
        name = "" if group is None else GROUPS[group].name
        self.system_message(f"Conversation was assigned to group {name}", actor_type, by)

    def assign_agent(self, agent: int, *, first: bool) -> None:
        """Assign it to an agent, unless assigned already; a first one by rule or by themselves."""
        before = self.state
        if before.agent == agent:
            return
        if first:
            actor_type, by = (SYSTEM, None) if self.rng.chance(0.6) else (AGENT, agent)
        else:
            actor_type, by = AGENT, SUPERVISOR if before.agent is None else before.agent
        self.state = State(ASSIGNED, agent, before.group)
        self.add(AGENT_ASSIGNED, actor_type, by, before=before)
        self.advance_millis()
        self.system_message(f"Conversation was assigned to {AGENTS[agent].name}", actor_type, by)

    # Messages

    def user_message(self, choices: tuple[str, ...]) -> None:
        """Add a message of the customer with one of some texts."""
        self.message(
            USER, self.rng.choice(choices), content_kind=self.rng.choice(_USER_CONTENT_KINDS)
        )

    def message(  # noqa: PLR0913 - the fields of a message
        self,
        actor_type: str,
        text: str,
        *,
        content_kind: str = "text",
        message_type: str = NORMAL,
        by: int | None = None,
        detail: tuple[str, ...] = (),
    ) -> None:
        """Add a message; the assignee writes an agent's message unless `by` is given."""
        actor = (self.state.agent if by is None else by) if actor_type == AGENT else None
        self.add(
            MESSAGE,
            actor_type,
            actor,
            text=None if content_kind in _KINDS_WITHOUT_TEXT else text,
            content_kind=content_kind,
            message_type=message_type,
            detail=detail,
        )

    def system_message(
        self, text: str, actor_type: str, by: int | None = None, detail: tuple[str, ...] = ()
    ) -> None:
        """Add a system message about a change; one with a flag has the exact time of the change."""
        self.add(
            MESSAGE,
            actor_type,
            by,
            text=text,
            content_kind="text",
            message_type=SYSTEM_MESSAGE,
            detail=detail,
        )

    # Time

    def advance_millis(self) -> None:
        """Advance the time by 0 to 60 milliseconds."""
        if self.rng.chance(0.7):
            self.at += self.rng.randint(1, 60)

    def wait_for_reply(self, minimum: int, maximum: int) -> None:
        """Advance the time until a person replies: often hours in slow scenarios."""
        if self._slow_replies and self.rng.chance(0.4):
            self.wait(HOUR, 16 * HOUR)
        else:
            self.wait(minimum, maximum)

    def wait(self, minimum: int, maximum: int) -> None:
        """Advance the time.

        Raises:
            DeadlineReachedError: The new time is after the deadline.
        """
        self.at += self.rng.skewed_duration(minimum, maximum)
        if self.at > self._deadline:
            raise DeadlineReachedError

    def add(  # noqa: PLR0913 - the fields of an event
        self,
        kind: str,
        actor_type: str,
        actor: int | None = None,
        *,
        before: State | None = None,
        text: str | None = None,
        content_kind: str = "",
        message_type: str = "",
        detail: tuple[str, ...] = (),
    ) -> None:
        """Add an event at the current time."""
        self.events.append(
            ConversationEvent(
                self.at,
                len(self.events),
                kind,
                self.interaction_start,
                self.state,
                before,
                actor_type,
                actor,
                text,
                content_kind,
                message_type,
                detail,
            )
        )
