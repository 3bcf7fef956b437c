"""Crawl of changed conversations through users, for accounts without raw reports; no Singer.

No endpoint lists conversations, so the crawl lists users, then each user's conversations, then the
messages of each. The result is kept on disk for the run, so that all streams share one crawl.
"""

from __future__ import annotations

import logging
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from tap_freshchat.activity.conversation_history import context_start
from tap_freshchat.activity.message_history import Snapshot, has_message_since
from tap_freshchat.api import pagination
from tap_freshchat.concurrency import ordered_map
from tap_freshchat.errors import NotFoundError
from tap_freshchat.lookups.conversations import fetch_snapshot
from tap_freshchat.windows import FRESHCHAT_EPOCH, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.clock import Clock
    from tap_freshchat.lookups.changed_users import ChangedUsers

# How far into the future users are requested, so that one who changes during the listing stays
# in it. Longer than any listing takes.
UPDATED_TO_MARGIN = timedelta(days=1)


@dataclass
class RestCrawl:
    """Crawl of the conversations that changed since a time.

    `folder` holds the result. `in_shard`: whether this run reads the conversation of an id.
    `all_users`: crawl also users who did not change.
    """

    client: FreshchatClient
    changed_users: ChangedUsers
    clock: Clock
    folder: Path
    _: KW_ONLY
    in_shard: Callable[[str], bool]
    all_users: bool
    _missing: int = field(default=0, init=False)

    def conversations(self, window: Window) -> Iterator[Snapshot]:
        """Conversations with a message in the window; crawled at the first call only."""
        path = self.folder / "crawl.jsonl"
        if not path.exists():
            self._write(window, path)
        with path.open("rb") as lines:
            yield from map(msgspec.json.Decoder(Snapshot).decode, lines)

    def _write(self, window: Window, path: Path) -> None:
        log = logging.getLogger("tap-freshchat.crawl")
        unfinished = path.with_suffix(".part")
        changed = 0
        fetched = ordered_map(
            lambda conversation_id: self._fetch_if_changed(conversation_id, window.start),
            self._conversation_ids(window),
            in_flight=self.client.max_concurrency,
        )
        with unfinished.open("wb") as file:
            for _, snapshot in fetched:
                if snapshot is not None:
                    file.write(msgspec.json.encode(snapshot) + b"\n")
                    changed += 1
        unfinished.rename(path)
        log.info("Crawled users for %s: %d conversations changed.", window, changed)
        if self._missing:
            log.warning(
                "%d users or conversations no longer exist in Freshchat and are omitted.",
                self._missing,
            )

    def _conversation_ids(self, window: Window) -> Iterator[str]:
        start = FRESHCHAT_EPOCH if self.all_users else window.start
        users = Window(start, window.end + UPDATED_TO_MARGIN)
        self.changed_users.register_windows([users])
        lists = ordered_map(
            partial(pagination.user_conversations, self.client),
            (str(user["id"]) for user in self.changed_users.users(users)),
            in_flight=self.client.max_concurrency,
        )
        seen = set()
        for _, conversations in lists:
            self._missing += conversations is None
            for conversation in conversations or ():
                # One conversation can be listed under two users.
                if conversation["id"] not in seen and self.in_shard(conversation["id"]):
                    seen.add(conversation["id"])
                    yield conversation["id"]

    def _fetch_if_changed(self, conversation_id: str, since: datetime) -> Snapshot | None:
        """A conversation with a message since then; None for any other.

        The newest messages decide, so that an unchanged conversation costs one request. A changed
        one is then fetched as a whole, and its first messages twice: see `fetch_snapshot`.
        """
        messages = pagination.paginate_messages(self.client, conversation_id)
        try:
            if not has_message_since(messages, since):
                return None
        except NotFoundError:
            self._missing += 1
            return None
        # As far back as the state of its first event rests on, wherever the run starts.
        back_to = context_start(since)
        snapshot = fetch_snapshot(self.client, conversation_id, back_to, clock=self.clock)
        if not snapshot.history.messages:
            self._missing += 1
            return None
        return snapshot
