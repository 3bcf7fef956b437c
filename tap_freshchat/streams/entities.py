"""Full-table streams of the account's lists: agents, groups, channels and others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_freshchat.api import responses
from tap_freshchat.streams.base import FullTableStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Account(FullTableStream):
    """The account's configuration."""

    name = "account"
    primary_keys = ("account_id",)

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        account = self.run.directory.account
        # A token without this right still reads all other streams.
        return [account] if account.get("account_id") is not None else []


class Agents(FullTableStream):
    """Agents, with their current status."""

    name = "agents"

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        return self.run.directory.agents.values()


class AgentStatuses(FullTableStream):
    """The statuses that agents can choose from."""

    name = "agent_statuses"

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        return _list_in(self.run.client.get("/agents/status"), "states", "/agents/status")


class Groups(FullTableStream):
    """Groups of agents."""

    name = "groups"

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        return self.run.directory.groups.values()


class Channels(FullTableStream):
    """Channels, which agents know as topics."""

    name = "channels"

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        return self.run.directory.channels.values()


class Roles(FullTableStream):
    """Roles of agents."""

    name = "roles"

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        return self.paginate("/roles", "roles")


class ConversationFields(FullTableStream):
    """Definitions of the properties that conversations can have."""

    name = "conversation_fields"

    @override
    def items(self) -> Iterable[Mapping[str, Any]]:
        path = "/conversations/fields"
        return _list_in(self.run.client.get(path), "fields", path)


def _list_in(answer: Any, key: str, path: str) -> list[dict[str, Any]]:
    """The list in a response, either the response itself or under a key.

    Raises:
        FreshchatError: there is no list.
    """
    return responses.require_object_list(
        answer.get(key) if isinstance(answer, dict) else answer, path, key
    )
