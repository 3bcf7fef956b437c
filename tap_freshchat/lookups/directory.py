"""Directory of the account: its configuration and its lists, each requested at most once a run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_freshchat.api import pagination, responses
from tap_freshchat.errors import FreshchatError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_freshchat.api.client import FreshchatClient
    from tap_freshchat.lookups.enrichment import Enrichment

    Items = Mapping[str, dict[str, Any]]

# Enough for a hiccup; a wrong host or token should say so within seconds.
CONNECT_ATTEMPTS = 3
CONFIGURATION = "/accounts/configuration"


@dataclass(frozen=True)
class AccountList:
    """One list of the account. `keys` are the keys that its responses may have it under.

    A list without pages can also be the response itself.
    """

    path: str
    keys: tuple[str, ...]
    has_pages: bool = True


LISTS = {
    "agents": AccountList("/agents", ("agents",)),
    "groups": AccountList("/groups", ("groups",)),
    "channels": AccountList("/channels", ("channels",)),
    "roles": AccountList("/roles", ("roles",)),
    # One document says `states`, another `statuses`.
    "agent_statuses": AccountList("/agents/status", ("states", "statuses"), has_pages=False),
    "conversation_fields": AccountList("/conversations/fields", ("fields",), has_pages=False),
}


class AccountDirectory:
    """The account's configuration and lists.

    The properties complete records: a list that Freshchat refuses is empty and counted as set
    aside. `items` is for the streams of these lists: it raises what Freshchat refuses.
    """

    def __init__(self, client: FreshchatClient, enrichment: Enrichment) -> None:
        self._client = client
        self._enrichment = enrichment
        self._results: dict[str, Items | FreshchatError] = {}

    @cached_property
    def account(self) -> Mapping[str, Any]:
        """The account's configuration; empty when the token may not read it.

        It is also the cheapest request that checks host and token.

        Raises:
            AuthorizationError: the host is no API or the token is wrong.
            RetryableError: Freshchat does not respond.
        """
        try:
            response = self._client.get(CONFIGURATION, attempts=CONNECT_ATTEMPTS)
            response = responses.require_object(response, CONFIGURATION)
            configuration = response.get("configuration") or response
            return responses.require_object(configuration, CONFIGURATION)
        except FreshchatError as error:
            # A token of another scope is refused here and may still read all we need.
            self._enrichment.failed("account configurations not read", error)
            return {}

    @cached_property
    def agents(self) -> Items:
        """Agents by id."""
        return self._items_or_none("agents")

    @cached_property
    def groups(self) -> Items:
        """Groups by id."""
        return self._items_or_none("groups")

    @cached_property
    def channels(self) -> Items:
        """Channels by id."""
        return self._items_or_none("channels")

    @cached_property
    def agent_status_ids(self) -> Mapping[str, str]:
        """Ids of the statuses that agents can have, custom ones among them, by lower-case name."""
        statuses = self._items_or_none("agent_statuses")
        return {
            name.lower(): key
            for key, status in statuses.items()
            if isinstance(name := status.get("name"), str)
        }

    def items(self, name: str) -> Items:
        """The items of a list by id; raises the error of the list's only request, if any."""
        if name not in self._results:
            try:
                self._results[name] = self._list(name)
            except FreshchatError as error:
                self._results[name] = error
        result = self._results[name]
        if isinstance(result, FreshchatError):
            raise result
        return result

    def _items_or_none(self, name: str) -> Items:
        try:
            return self.items(name)
        except FreshchatError as error:
            self._enrichment.failed(f"lists of {name.replace('_', ' ')} not read", error)
            return {}

    def _list(self, name: str) -> Items:
        listed = LISTS[name]
        path = listed.path
        on_odd = self._enrichment.odd_item(f"{name.replace('_', ' ')} without an id", path)
        try:
            if listed.has_pages:
                return pagination.PagedList(
                    self._client, path, listed.keys[0], on_odd=on_odd
                ).by_id()
            response = self._client.get(path)
        except NotFoundError as error:
            # Some accounts return 404 for an empty list.
            self._enrichment.failed(f"lists of {name.replace('_', ' ')} not found", error)
            return {}
        if isinstance(response, dict):
            response = next((response[key] for key in listed.keys if key in response), None)
        entries = responses.require_object_list(response, path, listed.keys[0], on_odd=on_odd)
        return {entry["id"]: entry for entry in entries}
