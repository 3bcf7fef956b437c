"""Crawl of changed conversations through users, for accounts without raw reports; no Singer.

No endpoint lists conversations, so the crawl lists users, then each user's conversations, then the
messages of each. The result is kept on disk for the run, so that all streams share one crawl.

What Freshchat refuses is left out of the run and counted. A stream stores it in its state and hands
it in at the next run, which reads it from the same time again: one conversation that is refused for
ever then holds up no other, and its events come when it can be read.
"""

from __future__ import annotations

import logging
from contextlib import closing
from dataclasses import KW_ONLY, dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from tap_freshchat.activity.conversation_history import context_start
from tap_freshchat.activity.message_history import Snapshot, has_message_since
from tap_freshchat.api import pagination
from tap_freshchat.concurrency import ordered_map
from tap_freshchat.errors import FreshchatError, NotFoundError
from tap_freshchat.lookups.changed_users import MAX_SEEN_IDS, changed_at
from tap_freshchat.lookups.conversations import NOT_READ, UsableMessages, fetch_snapshot
from tap_freshchat.lookups.customers import BoundedCache
from tap_freshchat.windows import FRESHCHAT_EPOCH, Window

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path
    from typing import Any

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.clock import Clock
    from tap_freshchat.lookups.changed_users import ChangedUsers
    from tap_freshchat.lookups.conversations import FetchedConversation
    from tap_freshchat.lookups.enrichment import Enrichment

# How far into the future users are requested, so that one who changes during the listing stays
# in it. Longer than any listing takes.
UPDATED_TO_MARGIN = timedelta(days=1)
# What a state may hold for the next run: 60 kB.
MAX_UNREAD = 1000
# Kinds of what is set aside.
UNREAD_CONVERSATIONS = "conversations to read again in the next run"
UNREAD_USERS = "users whose conversations to read again in the next run"
STALE_USERS = "users whose updated_time is before their latest message"
# Difference between a message and the updated_time that it moved: seconds at most, in any service.
_MESSAGE_TOLERANCE = timedelta(minutes=1)
_CONSEQUENCE = "Its events are not in this run; the next run reads it again from the same time."


class Source(NamedTuple):
    """What conversations are read from: `kind` is `users` or `conversations`."""

    kind: str
    id: str


class _Job(NamedTuple):
    """A conversation to read from a time; `origin` is the retry that it belongs to, if any."""

    conversation_id: str
    since: datetime
    origin: Source | None


@dataclass
class RestCrawl:
    """Crawl of the conversations that changed since a time.

    `folder` holds the result. `in_shard`: whether this run reads the conversation of an id.
    `all_users`: crawl also users who did not change. `unread` is what could not be read.
    """

    client: FreshchatClient
    changed_users: ChangedUsers
    clock: Clock
    folder: Path
    enrichment: Enrichment
    _: KW_ONLY
    in_shard: Callable[[str], bool]
    all_users: bool
    unread: set[Source] = field(default_factory=set, init=False)
    _files: list[Path] = field(default_factory=list, init=False)
    _retried: dict[Source, datetime] = field(default_factory=dict, init=False)
    _origins: dict[str, Source] = field(default_factory=dict, init=False)
    _missing: int = field(default=0, init=False)
    # Of the users listed last, the time of the change.
    _changed_at: BoundedCache[datetime] = field(
        default_factory=lambda: BoundedCache(MAX_SEEN_IDS), init=False
    )
    _listed_at: datetime = field(default=FRESHCHAT_EPOCH, init=False)

    def conversations(
        self, window: Window, retries: Mapping[Source, datetime]
    ) -> Iterator[tuple[Snapshot, datetime | None]]:
        """Conversations with a message in the window; crawled at the first call only.

        `retries` is what earlier runs could not read, and from when to read it. Its conversations
        come with that time.
        """
        new = {source: since for source, since in retries.items() if source not in self._retried}
        if new or not self._files:
            self._write(window, new)
        decode = msgspec.json.Decoder(Snapshot).decode
        for file in self._files:
            with file.open("rb") as lines:
                for snapshot in map(decode, lines):
                    origin = self._origins.get(str(snapshot.conversation["conversation_id"]))
                    yield snapshot, retries.get(origin) if origin else None

    def _write(self, window: Window, retries: Mapping[Source, datetime]) -> None:
        """Crawl the window, unless it has been crawled, and the retries."""
        log = logging.getLogger("tap-freshchat.crawl")
        path = self.folder / f"crawl-{len(self._files)}.jsonl"
        changed = 0
        fetched = ordered_map(
            self._fetch_if_changed,
            self._jobs(window, retries),
            in_flight=self.client.max_concurrency,
        )
        with closing(fetched), path.open("wb") as file:
            for job, result in fetched:
                if snapshot := self._snapshot_in(result, job):
                    file.write(msgspec.json.encode(snapshot) + b"\n")
                    changed += 1
        check_unread(len(self.unread))
        self._files.append(path)
        self._retried |= retries
        log.info("Crawled users for %s: %d conversations changed.", window, changed)
        if self._missing:
            log.warning(
                "%d users or conversations no longer exist in Freshchat and are omitted.",
                self._missing,
            )
            self._missing = 0

    def _jobs(self, window: Window, retries: Mapping[Source, datetime]) -> Iterator[_Job]:
        """Each conversation of the changed users once, then those of the retries."""
        listed = ordered_map(
            self._list_conversations,
            self._users(window, retries),
            in_flight=self.client.max_concurrency,
        )
        seen = set()
        with closing(listed):
            for user, conversations in listed:
                origin = user if user in retries else None
                for conversation_id in self._ids_in(
                    conversations, user, is_retry=origin is not None
                ):
                    # One conversation can be listed under two users.
                    if conversation_id not in seen and self.in_shard(conversation_id):
                        seen.add(conversation_id)
                        itself = Source("conversations", conversation_id)
                        yield self._job(
                            itself if itself in retries else origin, itself, window, retries
                        )
        for source in retries:
            if source.kind == "conversations" and source.id not in seen:
                yield self._job(source, source, window, retries)

    def _job(
        self,
        origin: Source | None,
        conversation: Source,
        window: Window,
        retries: Mapping[Source, datetime],
    ) -> _Job:
        if origin is None:
            return _Job(conversation.id, window.start, None)
        self._origins[conversation.id] = origin
        return _Job(conversation.id, min(retries[origin], window.start), origin)

    def _users(self, window: Window, retries: Mapping[Source, datetime]) -> Iterator[Source]:
        """The changed users, then those of the retries, each once."""
        changed = set()
        if not self._files:
            start = FRESHCHAT_EPOCH if self.all_users else window.start
            users = Window(start, window.end + UPDATED_TO_MARGIN)
            self.changed_users.register_windows([users])
            self._listed_at = self.clock.now()
            for user in self.changed_users.users(users):
                source = Source("users", str(user["id"]))
                if changed_time := changed_at(user):
                    self._changed_at[source.id] = changed_time
                changed.update({source} & retries.keys())
                yield source
        yield from (each for each in retries if each.kind == "users" and each not in changed)

    def _list_conversations(self, user: Source) -> list[dict[str, Any]] | FreshchatError | None:
        on_odd = self.enrichment.odd_item(
            "conversations without an id", "/users/{id}/conversations"
        )
        try:
            return pagination.user_conversations(self.client, user.id, on_odd=on_odd)
        except FreshchatError as error:
            return error

    def _ids_in(
        self, listed: list[dict[str, Any]] | FreshchatError | None, user: Source, *, is_retry: bool
    ) -> list[str]:
        """The ids in a user's list; a user who is gone or whose list is refused is counted."""
        if isinstance(listed, FreshchatError):
            self._leave_unread(user, UNREAD_USERS, listed, is_retry=is_retry)
            return []
        self.enrichment.succeeded(UNREAD_USERS)
        self._missing += listed is None
        return [conversation["id"] for conversation in listed or ()]

    def _fetch_if_changed(self, job: _Job) -> FetchedConversation | FreshchatError | None:
        """A conversation with a message since then, or what refuses it; None for any other.

        The newest messages decide, so that an unchanged conversation costs one request. A changed
        one is then fetched as a whole, and its first messages twice: see `fetch_snapshot`.
        """
        messages = UsableMessages(self.client, job.conversation_id)
        try:
            # A message without a readable time may be new.
            if not has_message_since(messages, job.since) and not messages.odd:
                return None
        except FreshchatError as error:
            return error
        # As far back as the state of its first event rests on, wherever the run starts.
        back_to = context_start(job.since)
        return fetch_snapshot(
            self.client, job.conversation_id, back_to, clock=self.clock, needs_record=False
        )

    def _snapshot_in(
        self, result: FetchedConversation | FreshchatError | None, job: _Job
    ) -> Snapshot | None:
        """The changed conversation in a result; one that is gone or refused is counted."""
        if result is None:
            self.enrichment.succeeded(UNREAD_CONVERSATIONS)
            return None
        error = result if isinstance(result, FreshchatError) else result.error
        if not isinstance(result, FreshchatError) and result.snapshot.history.messages:
            self.enrichment.succeeded(UNREAD_CONVERSATIONS)
            result.count_odd_messages(self.enrichment)
            if error:
                self.enrichment.failed(NOT_READ, error)
            self._check_user(result.snapshot)
            return result.snapshot
        if error is None or isinstance(error, NotFoundError):
            self._missing += 1
        else:
            conversation = Source("conversations", job.conversation_id)
            is_retry = job.origin is not None
            self._leave_unread(conversation, UNREAD_CONVERSATIONS, error, is_retry=is_retry)
        return None

    def _check_user(self, snapshot: Snapshot) -> None:
        """Count a user whose record did not move with a message of their conversation.

        Others like this one are then missing from the list of changed users.
        """
        changed = self._changed_at.get(snapshot.user_id or "")
        if self.all_users or changed is None:
            return
        latest = max(
            (
                message.time
                for message in snapshot.history.messages
                if message.time < self._listed_at
            ),
            default=changed,
        )
        if latest - changed > _MESSAGE_TOLERANCE:
            self.enrichment.set_aside.item(
                STALE_USERS,
                "The updated_time of a user did not change with the latest message of their "
                "conversation, so the list of changed users does not show every conversation with "
                "new messages. Their events may be missing. Set user_scope to all.",
            )

    def _leave_unread(
        self, source: Source, kind: str, error: FreshchatError, *, is_retry: bool
    ) -> None:
        """Count what is read again in the next run; raise if Freshchat refuses all."""
        self.enrichment.raise_if_general(error)
        if is_retry:
            self.enrichment.set_aside.item(kind, f"{error} {_CONSEQUENCE}")
        else:
            self.enrichment.failed(kind, error, consequence=_CONSEQUENCE, is_source=True)
        self.unread.add(source)


def check_unread(count: int) -> None:
    """FreshchatError if more was refused than the state may hold for the next run."""
    if count > MAX_UNREAD:
        raise FreshchatError(
            f"Freshchat refuses {count} conversations or users, more than a state can hold for the "
            f"next run. Check the rights of api_token."
        )
