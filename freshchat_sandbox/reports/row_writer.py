"""Writer of report rows: the columns that reports share, as one account spells them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from freshchat_sandbox.account.conversation_events import BOT, USER
from freshchat_sandbox.account.message_parts import detailed_type
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.account.staff import AGENTS, CHANNELS, GROUPS, SYSTEM_USERS
from freshchat_sandbox.account.timestamps import MINUTE
from freshchat_sandbox.readings import in_case

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.account.conversation_events import (
        ConversationEvent,
        ConversationTimeline,
    )

    Row = tuple[object, ...]

# Rows that a report lacks.
_MISSING_SHARE = 0.2


class RowWriter(NamedTuple):
    """Writer of the rows of [start, end) that are visible, with or without personal data.

    Rows that are later than others are visible if their time and delay are before `visible_until`.
    """

    account: SandboxAccount
    start: int
    end: int
    visible_until: int
    with_pii: bool
    format_time: Callable[[int], str]

    def events(self, *kinds: str) -> Iterator[tuple[ConversationTimeline, ConversationEvent]]:
        """Yield the events of some kinds in the range, conversation by conversation."""
        for timeline in self.account.conversations(self.start, self.end):
            for event in timeline.between(self.start, self.end):
                if event.kind not in kinds or self._is_missing(timeline, event):
                    continue
                if self.shows(event.at, *timeline.key, event.position):
                    yield timeline, event

    def shows(self, at: int, *name: object) -> bool:
        """Return whether a row is visible; `name` identifies what it reports."""
        options = self.account.options
        longest = int(options.max_row_delay * MINUTE)
        if not longest or at + longest < self.visible_until:
            return True
        rng = SeededRandom(options.seed, "late", *name)
        return rng.chance(0.5) or at + rng.randint(0, longest) < self.visible_until

    def _is_missing(self, timeline: ConversationTimeline, event: ConversationEvent) -> bool:
        """Return whether a report lacks the row of an event."""
        missing = self.account.readings.missing_rows
        if missing == "none" or not event.kind.startswith(missing):
            return False
        seed = (self.account.options.seed, "missing row", *timeline.key, event.position)
        return SeededRandom(*seed).chance(_MISSING_SHARE)

    def base_columns(self, timeline: ConversationTimeline, event: ConversationEvent) -> Row:
        """Return created_at, conversation_id, interaction_id."""
        return (
            self.format_time(event.at),
            self.account.conversation_id(timeline.key),
            self._interaction(timeline, event, self.account.readings.report_interactions),
        )

    def transcript_interaction(
        self, timeline: ConversationTimeline, event: ConversationEvent
    ) -> str:
        """Return the interaction_id of a transcript row."""
        return self._interaction(timeline, event, self.account.readings.transcript_interactions)

    def _interaction(
        self, timeline: ConversationTimeline, event: ConversationEvent, cells: str
    ) -> str:
        return "" if cells == "blank" else self.account.shown_interaction_id(timeline, event)

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
        actor_type = in_case(event.actor_type, self.account.readings.actor_type)
        return (self.account.actor_id(timeline, event), actor_type)

    def message_types(self, event: ConversationEvent) -> Row:
        """Return message_type, detailed_message_type of the transcript."""
        readings = self.account.readings
        types = {
            "lower": event.message_type,
            "upper": event.message_type.upper(),
            "part": event.content_kind,
            "export": self._detailed_type(event),
        }
        return (
            types.get(readings.message_type, ""),
            types.get(readings.detailed_message_type, ""),
        )

    def _detailed_type(self, event: ConversationEvent) -> str:
        automatic = self.account.readings.automatic_messages
        if automatic != "normal" and event.actor_type == BOT:
            return f"{automatic.upper()}_MESSAGE"
        return detailed_type(event)

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
