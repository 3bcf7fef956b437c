"""Streams of users changed since the last run, and of their conversations."""

from __future__ import annotations

from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.api import pagination
from tap_freshchat.bookmarks import REST, Bookmark
from tap_freshchat.concurrency import ordered_map
from tap_freshchat.conform import conform_record
from tap_freshchat.errors import FreshchatError
from tap_freshchat.ids import stable_id
from tap_freshchat.lookups.changed_users import USER_WINDOW, changed_at
from tap_freshchat.lookups.customers import usable_id
from tap_freshchat.lookups.rest_crawl import UNREAD_USERS, check_unread
from tap_freshchat.streams.base import FullTableStream
from tap_freshchat.streams.windowed import UNREAD, WindowedStream
from tap_freshchat.times import format_time
from tap_freshchat.windows import plan_windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.windows import Window

# The kind of what the state holds for the next run.
_USERS = "users"
_CONSEQUENCE = "Their conversations are not in this run; the next run reads them again."


class Users(WindowedStream):
    """Users, each time their record changes."""

    name = "users"
    replication_key = "updated_time"

    @cached_property
    @override
    def windows(self) -> list[Window]:
        return user_windows(self.stream_state, self.run)

    @override
    def build_records(self) -> Iterator[dict[str, Any]]:
        if UserConversations.name in self.run.failures.errors:
            raise FreshchatError(
                f"Stream {UserConversations.name}, which has the same bookmark, failed in this "
                f"run. Correct that one."
            )
        return super().build_records()

    @override
    def records(self, window: Window) -> Iterator[dict[str, Any]]:
        properties = self.schema["properties"]
        for user in self.run.changed_users.users(window):
            changed = changed_at(user)
            version = format_time(changed) if changed else ""
            # Without any time of its own, it counts as changed when it is first seen.
            if self.is_new(stable_id("user", str(user["id"]), version), changed or window.end):
                record = conform_record(user, properties)
                # The id that `identify` calls use.
                record["reference_id"] = usable_id(record["reference_id"], self.run.set_aside)
                if record["updated_time"] is None:
                    record["updated_time"] = record["created_time"]
                yield record


class UserConversations(FullTableStream):
    """Ids of the conversations of each user that `users` finds changed.

    A user whose list Freshchat refuses is stored in the stream's state, up to `MAX_UNREAD` of
    them, and read again in the next run.
    """

    name = "user_conversations"
    primary_keys = ("user_id", "id")

    @cached_property
    def windows(self) -> list[Window]:
        """The windows of the stream `users`, whether or not that is selected."""
        users = self.tap_state.get("bookmarks", {}).get(Users.name, {})
        return user_windows(users, self.run)

    @override
    def items(self) -> Iterator[Mapping[str, Any]]:
        missing = 0
        unread: dict[str, str] = {}
        retries = self.stream_state.get(REST, {}).get(UNREAD, {}).get(_USERS, {})
        lists = ordered_map(
            self._listed, self._users(retries), in_flight=self.run.client.max_concurrency
        )
        with closing(lists):
            for (user_id, since), listed in lists:
                if isinstance(listed, FreshchatError):
                    self._count_unread(listed, is_retry=user_id in retries)
                    unread[user_id] = since
                    check_unread(len(unread))
                    continue
                self.run.enrichment.succeeded(UNREAD_USERS)
                missing += listed is None
                yield from ({**conversation, "user_id": user_id} for conversation in listed or ())
        if unread != retries:
            # The stream `users`, which runs later, moves the bookmark of both.
            self.stream_state[REST] = {UNREAD: {_USERS: unread}} if unread else {}
            self.write_state()
        if missing:
            self.logger.warning("%d users no longer exist in Freshchat and are omitted.", missing)

    def _users(self, retries: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Changed users, then those of the retries; each with the time since when it is due."""
        changed = set()
        for window in self.windows:
            for user in self.run.changed_users.users(window):
                user_id = str(user["id"])
                if self.run.in_shard(user_id):
                    changed.update({user_id} & retries.keys())
                    yield user_id, retries.get(user_id) or format_time(window.start)
        yield from (item for item in retries.items() if item[0] not in changed)

    def _count_unread(self, error: FreshchatError, *, is_retry: bool) -> None:
        """Count a user to read again in the next run; raise if Freshchat refuses all."""
        enrichment = self.run.enrichment
        if is_retry:
            enrichment.raise_if_general(error)
            enrichment.set_aside.item(UNREAD_USERS, f"{error} {_CONSEQUENCE}")
        else:
            enrichment.failed(UNREAD_USERS, error, consequence=_CONSEQUENCE, is_source=True)

    def _listed(self, user: tuple[str, str]) -> list[dict[str, Any]] | FreshchatError | None:
        try:
            return pagination.user_conversations(self.run.client, user[0])
        except FreshchatError as error:
            return error


def user_windows(state: Mapping[str, Any], run: RunContext) -> list[Window]:
    """The windows in which this run lists users."""
    bookmark = Bookmark(
        dict(state),
        Users.replication_key,
        REST,
        overlap=run.config.lookback,
        latest=run.time_range.latest_bookmark,
    )
    return plan_windows(run.start_time_for(bookmark), run.time_range.rest_end, USER_WINDOW)
