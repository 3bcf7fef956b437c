"""Batched and cached look-up of conversations, with their messages and customers."""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import KW_ONLY, dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from tap_freshchat.activity.message_history import (
    MessageHistory,
    Snapshot,
    load_back_to,
    message_time,
)
from tap_freshchat.api import pagination, responses
from tap_freshchat.api.client import build_path
from tap_freshchat.concurrency import ordered_map
from tap_freshchat.enumerations import ACTOR_TYPE, CONVERSATION_STATUS
from tap_freshchat.errors import EndlessListError, FreshchatError, NotFoundError
from tap_freshchat.ids import is_placeholder
from tap_freshchat.lookups.customers import BoundedCache, CustomerLookup
from tap_freshchat.lookups.enrichment import MAX_FAILURES_AT_START

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.clock import Clock
    from tap_freshchat.lookups.enrichment import Enrichment

# Cached conversations; the oldest are dropped. A conversation has 25 kB of messages.
MAX_SNAPSHOTS = 1_000
# Conversations cached as gone or refused, without messages.
MAX_UNAVAILABLE = 20_000
# Kinds of what is set aside.
NOT_READ = "conversations without details"
NO_MESSAGES = "conversations without messages"
ODD_MESSAGES = "messages without a readable id or time"
_ID_FIELDS = ("user_id", "channel_id", "app_id", "assigned_agent_id", "assigned_group_id")


class ConversationLookup:
    """Look-ups of conversations and users, cached."""

    def __init__(self, client: FreshchatClient, clock: Clock, enrichment: Enrichment) -> None:
        self._client = client
        self._clock = clock
        self._enrichment = enrichment
        self._customers = CustomerLookup(client, enrichment)
        self._snapshots: BoundedCache[Snapshot] = BoundedCache(MAX_SNAPSHOTS)
        # Not requested again in this run.
        self._unavailable: BoundedCache[Snapshot] = BoundedCache(MAX_UNAVAILABLE)
        self._refused: set[str] = set()
        self._unidentified: set[str] = set()
        self._any_identified = False
        self._missing = 0

    def get_snapshots(self, requested: Mapping[str, datetime | None]) -> Mapping[str, Snapshot]:
        """Current snapshots of conversations, fetched unless cached.

        `requested` says by conversation id how far back to load messages; None for no messages. A
        snapshot is empty, or has no messages, if Freshchat refuses them.
        """
        found = {
            conversation_id: snapshot
            for conversation_id, back_to in requested.items()
            if (snapshot := self._cached(conversation_id, back_to))
        }
        uncached = {key: back_to for key, back_to in requested.items() if key not in found}
        if uncached:
            fetched = ordered_map(
                lambda key: fetch_snapshot(self._client, key, uncached[key], clock=self._clock),
                uncached,
                in_flight=self._client.max_concurrency,
            )
            with closing(fetched):
                for conversation_id, result in fetched:
                    found[conversation_id] = self._add(conversation_id, result)
        return found

    def get_users(self, user_ids: Iterable[str]) -> Mapping[str, dict[str, Any]]:
        """Users by id, fetched unless cached; raises as `CustomerLookup.get`."""
        return self._customers.get(user_ids)

    def require_customers(self, unidentified: Iterable[str]) -> None:
        """Raise if refusals leave the customers of all conversations unknown, as of those given.

        Events are emitted only once, and without a customer they are of little use.
        """
        if self._any_identified:
            return
        self._unidentified |= self._refused.intersection(unidentified)
        if len(self._unidentified) >= MAX_FAILURES_AT_START:
            raise FreshchatError(
                "Freshchat refuses conversations or their messages, so the customers of events are "
                "unknown. Check the rights of api_token."
            )

    def log_missing(self) -> None:
        """Log how many look-ups found nothing since the last call."""
        if missing := self._missing + self._customers.missing:
            logging.getLogger("tap-freshchat.lookups").warning(
                "%d conversations or users no longer exist in Freshchat; their events have only "
                "data from reports.",
                missing,
            )
            self._missing = self._customers.missing = 0

    def _cached(self, conversation_id: str, back_to: datetime | None) -> Snapshot | None:
        if unavailable := self._unavailable.get(conversation_id):
            return unavailable
        snapshot = self._snapshots.get(conversation_id)
        return snapshot if snapshot and snapshot.history.covers(back_to) else None

    def _add(self, conversation_id: str, fetched: FetchedConversation) -> Snapshot:
        """Cache the result of a look-up, and count what is missing from it."""
        snapshot = fetched.snapshot
        has_record = bool(snapshot.conversation)
        self._any_identified = self._any_identified or snapshot.user_id is not None
        if has_record or not fetched.error:
            self._enrichment.succeeded(NOT_READ)
        if not fetched.error:
            self._enrichment.succeeded(NO_MESSAGES)
            self._missing += not has_record
        elif has_record:
            self._enrichment.failed(NO_MESSAGES, fetched.error)
        else:
            self._enrichment.failed(NOT_READ, fetched.error)
        if fetched.error and snapshot.user_id is None:
            self._refused.add(conversation_id)
        fetched.count_odd_messages(self._enrichment)
        cache = self._snapshots if has_record and not fetched.error else self._unavailable
        cache[conversation_id] = snapshot
        return snapshot


@dataclass(frozen=True)
class FetchedConversation:
    """Result of the look-up of one conversation.

    `snapshot` is empty if the conversation is gone or refused, and has no messages if those are
    refused; `error` is the refusal. `odd_messages` is how many messages could not be used.
    """

    snapshot: Snapshot
    _: KW_ONLY
    error: FreshchatError | None = None
    odd_messages: int = 0

    def count_odd_messages(self, enrichment: Enrichment) -> None:
        """Count the messages that could not be used."""
        for _ in range(self.odd_messages):
            enrichment.odd_item(ODD_MESSAGES, "/conversations/{id}/messages")()


@dataclass
class UsableMessages:
    """Messages of one conversation with a readable id and time; `odd` counts the others.

    A list that never ends ends where it starts to repeat, and counts as odd once.
    """

    client: FreshchatClient
    conversation_id: str
    odd: int = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        messages = pagination.paginate_messages(
            self.client, self.conversation_id, on_odd=self._count_odd
        )
        try:
            yield from filter(self._has_time, messages)
        except EndlessListError:
            self._count_odd()

    def _has_time(self, message: Mapping[str, Any]) -> bool:
        try:
            message_time(message)
        except FreshchatError:
            self._count_odd()
            return False
        return True

    def _count_odd(self) -> None:
        self.odd += 1


def fetch_snapshot(
    client: FreshchatClient,
    conversation_id: str,
    back_to: datetime | None,
    *,
    clock: Clock,
    needs_record: bool = True,
) -> FetchedConversation:
    """Fetch a conversation, empty if it no longer exists, with its messages back to `back_to`.

    The record is fetched before the messages: a change in between then shows in the messages, and
    the record is not taken for the state after it. `back_to` is None for no messages. If the record
    is refused, the messages are read for the customer's id only, unless `needs_record` is False.
    """
    error: FreshchatError | None = None
    record, user_id, history = {}, None, MessageHistory(complete=False)
    usable = UsableMessages(client, conversation_id)
    messages = iter(usable)
    try:
        try:
            record = _fetch_record(client, conversation_id)
            # Known even if the messages no longer exist.
            user_id = _person_id(record.get("user_id"))
        except NotFoundError:
            raise
        except FreshchatError as refusal:
            error = refusal
        if back_to is not None and (record or not needs_record):
            history = load_back_to(messages, back_to)
        user_id = user_id or _find_customer_id(history, messages)
    except NotFoundError:
        pass
    except FreshchatError as refusal:
        error = error or refusal
    history.has_gaps = usable.odd > 0
    snapshot = Snapshot(
        conversation=record or ({"conversation_id": conversation_id} if history.messages else {}),
        user_id=user_id,
        time=clock.now(),
        history=history,
        has_record=bool(record),
    )
    return FetchedConversation(snapshot, error=error, odd_messages=usable.odd)


def _fetch_record(client: FreshchatClient, conversation_id: str) -> dict[str, Any]:
    """A conversation's record; an id that is neither a text nor a number is left out."""
    path = build_path("conversations", conversation_id)
    record = responses.stringify_ids(responses.require_object(client.get(path), path))
    odd = [name for name in _ID_FIELDS if not isinstance(record.get(name), (str, type(None)))]
    usable = {name: value for name, value in record.items() if name not in odd}
    if "status" in usable:
        usable["status"] = CONVERSATION_STATUS.read(usable["status"])
    return {**usable, "conversation_id": conversation_id}


def _find_customer_id(
    history: MessageHistory, older_messages: Iterable[Mapping[str, Any]]
) -> str | None:
    """The customer's id from the messages, for records without it; reads as few as it needs."""
    for message in chain((message.content for message in history.messages), older_messages):
        if user_id := _person_id(message.get("user_id")):
            return user_id
        is_user = ACTOR_TYPE.find(message.get("actor_type")) == "user"
        if is_user and (user_id := _person_id(message.get("actor_id"))):
            return user_id
    return None


def _person_id(value: object) -> str | None:
    return value if isinstance(value, str) and not is_placeholder(value) else None
