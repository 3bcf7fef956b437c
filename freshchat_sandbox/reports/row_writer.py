"""Writer of report rows: the columns that reports share, as one account spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from freshchat_sandbox.account.conversation_events import BOT, NORMAL, PRIVATE, USER
from freshchat_sandbox.account.staff import AGENTS, CHANNELS, GROUPS, SYSTEM_USERS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.conversation_events import (
        ConversationEvent,
        ConversationTimeline,
    )

    Row = tuple[object, ...]

# `detailed_message_type` as an export of a live account has it; status rows name their change.
_DETAILED_TYPES = {NORMAL: "NORMAL", PRIVATE: "PRIVATE_NOTE"}


class RowWriter(NamedTuple):
    """Writer of the rows of [start, end), with or without personal data."""

    account: SandboxAccount
    start: int
    end: int
    with_pii: bool
    format_time: Callable[[int], str]

    def events(self, *kinds: str) -> Iterator[tuple[ConversationTimeline, ConversationEvent]]:
        """Yield the events of some kinds in the range, conversation by conversation."""
        for timeline in self.account.conversations(self.start, self.end):
            for event in timeline.between(self.start, self.end):
                if event.kind in kinds:
                    yield timeline, event

    def base_columns(self, timeline: ConversationTimeline, event: ConversationEvent) -> Row:
        """Return created_at, conversation_id, interaction_id."""
        return (
            self.format_time(event.at),
            self.account.conversation_id(timeline.key),
            self.account.interaction_id(timeline, event),
        )

    def agent(self, index: int | None) -> Row:
        """Return agent_id, agent_name, agent_email."""
        if index is None:
            return ("", "", "")
        agent = AGENTS[index]
        return (self.account.agent_ids[index], self.pii(agent.name), self.pii(agent.email))

    def group(self, index: int | None) -> Row:
        """Return group_id, group_name."""
        return ("", "") if index is None else (self.account.group_ids[index], GROUPS[index].name)

    def channel(self, timeline: ConversationTimeline) -> Row:
        """Return channel_id, channel_name."""
        return (self.account.channel_ids[timeline.channel], CHANNELS[timeline.channel].name)

    def actor(self, timeline: ConversationTimeline, event: ConversationEvent) -> Row:
        """Return actor_id, actor_type."""
        upper = self.account.readings.actor_type == "upper"
        actor_type = event.actor_type.upper() if upper else event.actor_type
        return (self.account.actor_id(timeline, event), actor_type)

    def message_types(self, event: ConversationEvent) -> Row:
        """Return message_type, detailed_message_type of the transcript."""
        readings = self.account.readings
        types = {
            "lower": event.message_type,
            "upper": event.message_type.upper(),
            "part": event.content_kind,
            "export": _DETAILED_TYPES.get(event.message_type) or _status_change(event),
        }
        return (
            types.get(readings.message_type, ""),
            types.get(readings.detailed_message_type, ""),
        )

    def agent_status(self, word: str) -> str:
        """Return a status of an agent as this account spells it."""
        words = {"upper": word.upper(), "title": word.title(), "spaced": f" {word.title()} "}
        return words.get(self.account.readings.agent_status, word)

    def actor_names(
        self, timeline: ConversationTimeline, event: ConversationEvent
    ) -> tuple[str, str, str]:
        """Return first name, last name and e-mail address of the actor."""
        if event.actor_type == USER:
            customer = self.account.customers.get(timeline.customer_key)
            names = (customer.first_name, customer.last_name, customer.email)
        elif event.actor is not None:
            agent = AGENTS[event.actor]
            names = (agent.first_name, agent.last_name, agent.email)
        else:
            names = (SYSTEM_USERS[0 if event.actor_type == BOT else 1], None, None)
        return (self.pii(names[0]), self.pii(names[1]), self.pii(names[2]))

    def pii(self, text: str | None) -> str:
        """Return personal data, or blank if the report excludes it."""
        return text or "" if self.with_pii else ""


def _status_change(event: ConversationEvent) -> str:
    """Return the detailed type of a system message."""
    if "isResolved" in event.detail:
        return "STATUS_CHANGE_RESOLVED"
    return "STATUS_CHANGE_REOPENED" if "isReopen" in event.detail else "STATUS_CHANGE_ASSIGNED"
