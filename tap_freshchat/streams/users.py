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
from tap_freshchat.streams.base import FullTableStream
from tap_freshchat.streams.windowed import WindowedStream
from tap_freshchat.times import format_time
from tap_freshchat.windows import plan_windows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_freshchat.run_context import RunContext
    from tap_freshchat.windows import Window

# A kind of what is set aside.
NOT_LISTED = "users without a list of conversations"


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
    """Ids of the conversations of each user that `users` finds changed."""

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
        client, enrichment = self.run.client, self.run.enrichment
        for window in self.windows:
            user_ids = (str(user["id"]) for user in self.run.changed_users.users(window))
            users = filter(self.run.in_shard, user_ids)
            lists = ordered_map(self._listed, users, in_flight=client.max_concurrency)
            with closing(lists):
                for user_id, listed in lists:
                    if isinstance(listed, FreshchatError):
                        enrichment.failed(
                            NOT_LISTED, listed, consequence="It is left out.", is_source=True
                        )
                        continue
                    enrichment.succeeded(NOT_LISTED)
                    missing += listed is None
                    yield from (
                        {**conversation, "user_id": user_id} for conversation in listed or ()
                    )
        if missing:
            self.logger.warning("%d users no longer exist in Freshchat and are omitted.", missing)

    def _listed(self, user_id: str) -> list[dict[str, Any]] | FreshchatError | None:
        try:
            return pagination.user_conversations(self.run.client, user_id)
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
