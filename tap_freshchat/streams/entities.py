"""Full-table streams of the account's lists: agents, groups, channels and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.api import responses
from tap_freshchat.api.pagination import PagedList
from tap_freshchat.streams.base import FullTableStream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from singer_sdk import Tap

    from tap_freshchat.run_context import RunContext

    Items = Iterable[Mapping[str, Any]]


class EntityStream(FullTableStream):
    """Stream of one list of the account, which `read` fetches."""

    def __init__(
        self,
        tap: Tap,
        start_run: Callable[[], RunContext],
        name: str,
        read: Callable[[EntityStream], Items],
    ) -> None:
        self.name = name
        self._read = read
        super().__init__(tap, start_run)

    @override
    def items(self) -> Items:
        return self._read(self)


class Account(FullTableStream):
    """The account's configuration."""

    name = "account"
    primary_keys = ("account_id",)

    @override
    def items(self) -> Items:
        account = self.run.directory.account
        # A token without this right still reads all other streams.
        return [account] if account.get("account_id") is not None else []


# Agents come with their current status; agents know channels as topics.
ENTITIES: Mapping[str, Callable[[EntityStream], Items]] = {
    "agent_statuses": lambda stream: _list_at(stream.run, "/agents/status", "states"),
    "agents": lambda stream: stream.run.directory.agents.values(),
    "channels": lambda stream: stream.run.directory.channels.values(),
    "conversation_fields": lambda stream: _list_at(stream.run, "/conversations/fields", "fields"),
    "groups": lambda stream: stream.run.directory.groups.values(),
    "roles": lambda stream: PagedList(stream.run.client, "/roles", "roles").by_id().values(),
}


def _list_at(run: RunContext, path: str, key: str) -> list[dict[str, Any]]:
    """The list in a response, either the response itself or under a key."""
    response = run.client.get(path)
    items = response.get(key) if isinstance(response, dict) else response
    return responses.require_object_list(items, path, key)
