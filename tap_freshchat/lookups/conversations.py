"""Batched and cached look-up of conversations, their messages and their customers."""

from __future__ import annotations

import logging
from collections import OrderedDict
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, TypeVar

from tap_freshchat.activity.message_history import MessageHistory, Snapshot, load_back_to
from tap_freshchat.api import pagination, responses
from tap_freshchat.api.client import build_path
from tap_freshchat.concurrency import ordered_map
from tap_freshchat.enumerations import ACTOR_TYPE, CONVERSATION_STATUS
from tap_freshchat.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.clock import Clock

T = TypeVar("T")

# POST /users/fetch takes up to 100 ids.
USERS_PER_REQUEST = 100
# Events looked up together: several requests of 100 users, and few records in memory.
LOOKUP_BATCH_SIZE = 500
# Cached users and conversations; the oldest are dropped. A conversation has 25 kB of messages.
MAX_USERS = 20_000
MAX_SNAPSHOTS = 1_000


class BoundedCache(OrderedDict[str, T]):
    """Cache of look-ups by id; drops the oldest above a bound."""

    def __init__(self, bound: int) -> None:
        super().__init__()
        self._bound = bound

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        if len(self) > self._bound:
            self.popitem(last=False)


class ConversationLookup:
    """Look-ups of conversations and users, cached."""

    def __init__(self, client: FreshchatClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._snapshots: BoundedCache[Snapshot] = BoundedCache(MAX_SNAPSHOTS)
        self._users: BoundedCache[dict[str, Any]] = BoundedCache(MAX_USERS)
        self._missing = 0

    def get_snapshots(self, requested: Mapping[str, datetime | None]) -> Mapping[str, Snapshot]:
        """Current snapshots of conversations, fetched unless cached.

        `requested` says by conversation id how far back to load messages; None for no messages.
        """
        found = {
            conversation_id: snapshot
            for conversation_id, back_to in requested.items()
            if (snapshot := self._snapshots.get(conversation_id))
            and snapshot.history.covers(back_to)
        }
        uncached = {key: back_to for key, back_to in requested.items() if key not in found}
        if uncached:
            fetched = ordered_map(
                lambda key: fetch_snapshot(self._client, key, uncached[key], clock=self._clock),
                uncached,
                in_flight=self._client.max_concurrency,
            )
            for conversation_id, snapshot in fetched:
                self._missing += not snapshot.conversation
                self._snapshots[conversation_id] = found[conversation_id] = snapshot
        return found

    def get_users(self, user_ids: Iterable[str]) -> Mapping[str, dict[str, Any]]:
        """Users by id, fetched unless cached; deleted users are absent."""
        requested = set(user_ids)
        found = {user_id: self._users[user_id] for user_id in requested & self._users.keys()}
        uncached = sorted(requested - found.keys())
        for batch in in_batches(uncached, USERS_PER_REQUEST):
            fetched = self._fetch_users(batch)
            self._users.update(fetched)
            found.update(fetched)
        return {user_id: user for user_id, user in found.items() if user}

    def log_missing(self) -> None:
        """Log how many look-ups found nothing since the last call."""
        if self._missing:
            logging.getLogger("tap-freshchat.lookups").warning(
                "%d conversations or users no longer exist in Freshchat; their events have only "
                "data from reports.",
                self._missing,
            )
            self._missing = 0

    def _fetch_users(self, user_ids: list[str]) -> Mapping[str, dict[str, Any]]:
        users: dict[str, dict[str, Any]] = {user_id: {} for user_id in user_ids}
        response = self._client.post("/users/fetch", {"ids": user_ids})
        # The response is either a list or an object that holds it.
        entries = response.get("users") or [] if isinstance(response, dict) else response
        for user in responses.require_object_list(entries, "/users/fetch", "users"):
            users[user["id"]] = user
        self._missing += sum(not user for user in users.values())
        return users


def fetch_snapshot(
    client: FreshchatClient, conversation_id: str, back_to: datetime | None, *, clock: Clock
) -> Snapshot:
    """Fetch a conversation, empty if it no longer exists, with its messages back to `back_to`.

    The record is fetched before the messages: a change in between then shows in the messages, and
    the record is not taken for the state after it. `back_to` is None for no messages.
    """
    conversation, user_id, history = {}, None, MessageHistory(complete=False)
    try:
        path = build_path("conversations", conversation_id)
        record = responses.require_object(client.get(path), path)
        conversation = {**responses.stringify_ids(record), "conversation_id": conversation_id}
        if "status" in conversation:
            conversation["status"] = CONVERSATION_STATUS.read(conversation["status"])
        # Known even if the messages no longer exist.
        user_id = str(conversation["user_id"]) if conversation.get("user_id") else None
        messages = pagination.paginate_messages(client, conversation_id)
        if back_to is not None:
            history = load_back_to(messages, back_to)
        user_id = user_id or _find_customer_id(history, messages)
    except NotFoundError:
        pass
    return Snapshot(conversation=conversation, user_id=user_id, time=clock.now(), history=history)


def _find_customer_id(
    history: MessageHistory, older_messages: Iterable[Mapping[str, Any]]
) -> str | None:
    """The customer's id from the messages, for records without it; reads as few as it needs."""
    for message in chain((message.content for message in history.messages), older_messages):
        if user_id := message.get("user_id"):
            return str(user_id)
        if ACTOR_TYPE.find(message.get("actor_type")) == "user" and message.get("actor_id"):
            return str(message["actor_id"])
    return None


def in_batches(items: Iterable[T], size: int = LOOKUP_BATCH_SIZE) -> Iterator[list[T]]:
    """The items in lists of `size`, the last one shorter."""
    remaining = iter(items)
    while batch := list(islice(remaining, size)):
        yield batch
