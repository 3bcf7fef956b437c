"""Synthetic account: conversations, customers and shifts, found by time or by id."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import TYPE_CHECKING

from freshchat_sandbox.account.conversation_events import (
    AGENT,
    BOT,
    MESSAGE,
    USER,
    ConversationEvent,
    ConversationTimeline,
)
from freshchat_sandbox.account.customers import CHANGES_WITHIN, ConversationKey, Customer, Customers
from freshchat_sandbox.account.identifiers import Identifiers, Kind
from freshchat_sandbox.account.scenario_generator import generate_conversation
from freshchat_sandbox.account.scenarios import MAX_HOURS, scenario_of
from freshchat_sandbox.account.shifts import ShiftSchedule
from freshchat_sandbox.account.staff import AGENTS, CHANNELS, GROUPS
from freshchat_sandbox.account.timestamps import DAY, HOUR, midnight

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.options import Options
    from freshchat_sandbox.readings import Readings

_CACHED_CONVERSATIONS = 2048  # some 15 MB; a conversation is regenerated in about 0.1 ms
_MIN_SHARE = 0.15  # of the hours of a slow scenario: 10 to 21


class SandboxAccount:
    """Synthetic account with its whole past and future, computed from the options alone.

    `readings` decides how views and reports represent it, never what happens. Times are epoch
    milliseconds; nothing here depends on the current time.
    """

    def __init__(self, options: Options) -> None:
        self.options = options
        self.readings: Readings = options
        self.origin = midnight(options.opened)
        self.ids = Identifiers(options.seed)
        self.shifts = ShiftSchedule(options.seed, options.opened)
        self.customers = Customers(
            options.seed,
            options.conversations_per_day,
            self.ids,
            origin=self.origin,
            started_at=self.started_at,
        )
        self.timeline = lru_cache(maxsize=_CACHED_CONVERSATIONS)(self._generate)
        self.app_id = self.ids.uuid(Kind.ACCOUNT)
        self.agent_ids = tuple(self.ids.uuid(Kind.AGENT, 0, n) for n in range(len(AGENTS)))
        self.group_ids = tuple(self.ids.uuid(Kind.GROUP, 0, n) for n in range(len(GROUPS)))
        self.channel_ids = tuple(self.ids.uuid(Kind.CHANNEL, 0, n) for n in range(len(CHANNELS)))
        self.system_user_ids = tuple(self.ids.uuid(Kind.SYSTEM_USER, 0, n) for n in range(2))

    def started_at(self, key: ConversationKey) -> int:
        """Return when a conversation starts: one in each time slot of its day."""
        return self._bounds(key)[0]

    def conversations(self, start: int, end: int) -> Iterator[ConversationTimeline]:
        """Yield every conversation that may have an event in [start, end), by creation time."""
        first = max(0, (start - MAX_HOURS * HOUR - self.origin) // DAY)
        for day in range(first, self._last_day(end) + 1):
            for number in range(self.options.conversations_per_day):
                key = ConversationKey(day, number)
                started_at, over = self._bounds(key)
                if started_at < end and over > start:
                    timeline = self.timeline(key)
                    if timeline.events[-1].at >= start:
                        yield timeline

    def customers_changed(self, start: int, end: int) -> Iterator[Customer]:
        """Yield every customer whose record may have changed in [start, end]."""
        first = max(0, (start - CHANGES_WITHIN - self.origin) // DAY)
        # A customer is created some minutes before the first conversation, hence the extra day.
        for day in range(first, self._last_day(end) + 2):
            for number in range(self.options.conversations_per_day):
                key = ConversationKey(day, number)
                if self.customers.is_first_conversation(key):
                    yield self.customers.get(key)

    def user_updated(self, customer: Customer, now: int) -> int:
        """Return the `updated_time` of a customer's record at the time `now`."""
        if self.readings.user_updates == "never":
            return customer.created
        updated = customer.updated(now)
        if self.readings.user_updates in {"message", "activity"}:
            any_actor = self.readings.user_updates == "activity"
            for key in self.customers.conversations_of(customer.key):
                for event in self.timeline(key).until(now):
                    if event.kind == MESSAGE and (any_actor or event.actor_type == USER):
                        updated = max(updated, event.at)
        return updated

    def find_conversation(self, conversation_id: str) -> ConversationTimeline | None:
        """Return the conversation with an id, UUID or numeric, even if it starts in the future."""
        key: ConversationKey | None = None
        if conversation_id.isdecimal() and conversation_id.isascii():
            found = self.ids.parse_internal(Kind.CONVERSATION, int(conversation_id))
            key = ConversationKey(*found) if found else None
        else:
            parsed = self.ids.parse_uuid(Kind.CONVERSATION, conversation_id)
            key = ConversationKey(*parsed[:2]) if parsed else None
        return self.timeline(key) if key and self._exists(key) else None

    def find_customer(self, user_id: str) -> Customer | None:
        """Return the customer with an id, even if created in the future."""
        found = self.ids.parse_uuid(Kind.CUSTOMER, user_id)
        if found is None:
            return None
        key = ConversationKey(*found[:2])
        return self.customers.get(key) if self._exists(key) else None

    # Ids

    def conversation_id(self, key: ConversationKey) -> str:
        """Return the UUID of a conversation."""
        return self.ids.uuid(Kind.CONVERSATION, *key)

    def internal_id(self, key: ConversationKey) -> int:
        """Return the numeric id of a conversation."""
        return self.ids.internal(Kind.CONVERSATION, *key)

    def interaction_id(self, timeline: ConversationTimeline, event: ConversationEvent) -> str:
        """Return the id of the interaction that an event belongs to."""
        return f"{self.internal_id(timeline.key)}-{event.interaction_start}"

    def shown_interaction_id(self, timeline: ConversationTimeline, event: ConversationEvent) -> str:
        """Return the id of an interaction in the form that reports and REST have."""
        text = self.interaction_id(timeline, event)
        if self.readings.interaction_id == "opaque":
            return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
        return text

    def message_id(self, timeline: ConversationTimeline, event: ConversationEvent) -> str:
        """Return the id of a message."""
        return self.ids.uuid(Kind.MESSAGE, *timeline.key, event.position)

    def user_id(self, key: ConversationKey) -> str:
        """Return the id of a customer."""
        return self.ids.uuid(Kind.CUSTOMER, *key)

    def actor_id(self, timeline: ConversationTimeline, event: ConversationEvent) -> str:
        """Return the id of the actor of an event."""
        if event.actor_type == USER:
            return self.user_id(timeline.customer_key)
        if event.actor_type == AGENT and event.actor is not None:
            return self.agent_ids[event.actor]
        return self.system_user_ids[0 if event.actor_type == BOT else 1]

    def agent_id(self, index: int | None) -> str | None:
        """Return the id of an agent, or None without an agent."""
        return None if index is None else self.agent_ids[index]

    def group_id(self, index: int | None) -> str | None:
        """Return the id of a group, or None without a group."""
        return None if index is None else self.group_ids[index]

    def _generate(self, key: ConversationKey) -> ConversationTimeline:
        author = self.customers.customer_of(key)
        return generate_conversation(self.options.seed, key, author, self._bounds(key), self.shifts)

    def _exists(self, key: ConversationKey) -> bool:
        return key.number < self.options.conversations_per_day

    def _last_day(self, end: int) -> int:
        return (end - 1 - self.origin) // DAY

    def _bounds(self, key: ConversationKey) -> tuple[int, int]:
        """Return when a conversation starts, and the latest time it can end.

        Computed by a hash, which is faster than a seeded generator: it is needed for far more
        conversations than are generated.
        """
        name = f"{self.options.seed}/{key.day}/{key.number}".encode()
        digest = int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), "big")
        when, patience = (digest >> 16) / (1 << 48), (digest & 0xFFFF) / (1 << 16)
        slot = DAY / self.options.conversations_per_day
        started_at = self.origin + key.day * DAY + int((key.number + when) * slot)
        scenario = scenario_of(key)
        # Few slow conversations last as long as their scenario allows.
        share = _MIN_SHARE + (1 - _MIN_SHARE) * patience * patience if scenario.slow_replies else 1
        return started_at, started_at + int(scenario.max_hours * share) * HOUR
