"""Who the customer of a conversation is, and how the conversation stands now: batched look-ups."""

from __future__ import annotations

import logging
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from tap_freshchat import pagination
from tap_freshchat.client import path_of
from tap_freshchat.errors import MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tap_freshchat.client import FreshchatClient
    from tap_freshchat.clock import Clock

T = TypeVar("T")

# POST /users/fetch takes up to 100 ids.
USERS_A_REQUEST = 100
# What is remembered of each kind; the oldest are looked up again.
MAX_REMEMBERED = 20_000


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A conversation as GET answered it; `conversation` is empty when it is gone."""

    conversation: Mapping[str, Any]
    user_id: str | None
    time: datetime


class Remembered(OrderedDict[str, T]):
    """Answers by id, the oldest dropped above a bound."""

    def __setitem__(self, key: str, value: T) -> None:
        super().__setitem__(key, value)
        if len(self) > MAX_REMEMBERED:
            self.popitem(last=False)


class Identity:
    """Look-ups of conversations and users, each made at most once while remembered.

    Args:
        client: of the account; waits at the limiter that all requests share.
        clock: for the time of a snapshot.
        max_concurrency: look-ups in flight at once.
        page_size: `items_per_page`, at most 50.
    """

    def __init__(
        self, client: FreshchatClient, clock: Clock, *, max_concurrency: int, page_size: int
    ) -> None:
        self._client = client
        self._clock = clock
        self._max_concurrency = max_concurrency
        self._page_size = page_size
        self._snapshots: Remembered[Snapshot] = Remembered()
        self._users: Remembered[dict[str, Any]] = Remembered()
        self._missing = 0
        self._log = logging.getLogger("tap-freshchat.identity")

    def snapshots(self, conversation_ids: Iterable[str]) -> Mapping[str, Snapshot]:
        """The conversations as they stand now, one request each unless remembered."""
        wanted = set(conversation_ids)
        return self._remembered(self._snapshots, wanted, self._fetch_snapshots)

    def users(self, user_ids: Iterable[str]) -> Mapping[str, dict[str, Any]]:
        """The users, 100 a request unless remembered; one who was deleted is left out."""
        found = self._remembered(self._users, set(user_ids), self._fetch_users)
        return {user_id: user for user_id, user in found.items() if user}

    def log_missing(self) -> None:
        """Say how many look-ups found nothing since this was last said."""
        if self._missing:
            self._log.warning(
                "%d conversations or users no longer exist in Freshchat; "
                "their events carry what the reports tell.",
                self._missing,
            )
            self._missing = 0

    def _remembered(
        self,
        memory: Remembered[T],
        wanted: set[str],
        fetch: Callable[[list[str]], Mapping[str, T]],
    ) -> Mapping[str, T]:
        fetched = fetch(sorted(wanted - memory.keys()))
        found = {key: fetched[key] if key in fetched else memory[key] for key in wanted}
        memory.update(fetched)
        return found

    def _fetch_snapshots(self, conversation_ids: list[str]) -> Mapping[str, Snapshot]:
        if not conversation_ids:
            return {}
        with ThreadPoolExecutor(self._max_concurrency) as pool:
            snapshots = dict(
                zip(conversation_ids, pool.map(self._snapshot, conversation_ids), strict=True)
            )
        self._missing += sum(not snapshot.conversation for snapshot in snapshots.values())
        return snapshots

    def _snapshot(self, conversation_id: str) -> Snapshot:
        try:
            conversation = self._client.get(path_of("conversations", conversation_id))
            user_id = conversation.get("user_id") or self._sender_of(conversation_id)
        except MissingError:
            conversation, user_id = {}, None
        return Snapshot(conversation=conversation, user_id=user_id, time=self._clock.now())

    def _sender_of(self, conversation_id: str) -> str | None:
        """The customer as the messages name them, for accounts whose GET leaves `user_id` out."""
        messages = pagination.messages(self._client, conversation_id, page_size=self._page_size)
        for message in messages:
            if user_id := message.get("user_id"):
                return str(user_id)
            if message.get("actor_type") == "user" and message.get("actor_id"):
                return str(message["actor_id"])
        return None

    def _fetch_users(self, user_ids: list[str]) -> Mapping[str, dict[str, Any]]:
        users: dict[str, dict[str, Any]] = {user_id: {} for user_id in user_ids}
        for at in range(0, len(user_ids), USERS_A_REQUEST):
            answer = self._client.post("/users/fetch", {"ids": user_ids[at : at + USERS_A_REQUEST]})
            # The answer is either a list or an object that holds it.
            for user in answer if isinstance(answer, list) else answer.get("users") or ():
                users[user["id"]] = user
        self._missing += sum(not user for user in users.values())
        return users
