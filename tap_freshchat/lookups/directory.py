"""Directory of the account: agents, groups and channels, each listed at most once a run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_freshchat.api import pagination, responses
from tap_freshchat.errors import AuthorizationError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_freshchat.api.client import FreshchatClient

# Enough for a hiccup; a wrong host or token should say so within seconds.
CONNECT_ATTEMPTS = 3


class AccountDirectory:
    """The account's own lists, fetched when first asked for."""

    def __init__(self, client: FreshchatClient) -> None:
        self._client = client

    @cached_property
    def account(self) -> Mapping[str, Any]:
        """The account's configuration; empty when the token may not read it.

        It is also the cheapest request that checks host and token: AuthorizationError if the host
        is no API or the token is wrong.
        """
        try:
            response = self._client.get("/accounts/configuration", attempts=CONNECT_ATTEMPTS)
        except NotFoundError:
            return {}
        except AuthorizationError as error:
            # A token of another scope is refused here (403) and may still read all we need.
            if error.forbidden:
                return {}
            raise
        if not isinstance(response, dict):
            return {}
        configuration = response.get("configuration") or response
        return responses.require_object(configuration, "/accounts/configuration")

    @cached_property
    def agents(self) -> Mapping[str, dict[str, Any]]:
        """Agents by id."""
        return self._by_id("/agents", "agents")

    @cached_property
    def groups(self) -> Mapping[str, dict[str, Any]]:
        """Groups by id."""
        return self._by_id("/groups", "groups")

    @cached_property
    def channels(self) -> Mapping[str, dict[str, Any]]:
        """Channels by id."""
        return self._by_id("/channels", "channels")

    @cached_property
    def agent_status_ids(self) -> Mapping[str, str]:
        """Ids of the statuses that agents can have, custom ones among them, by lower-case name."""
        try:
            response = self._client.get("/agents/status")
        except (AuthorizationError, NotFoundError):
            # Not every plan has custom statuses.
            return {}
        entries = responses.require_object(response, "/agents/status").get("states") or []
        states = responses.require_object_list(entries, "/agents/status", "states")
        return {str(state.get("name")).lower(): str(state["id"]) for state in states}

    def _by_id(self, path: str, key: str) -> Mapping[str, dict[str, Any]]:
        try:
            return pagination.PagedList(self._client, path, key).by_id()
        except NotFoundError:
            # Some accounts return 404 for an empty list.
            return {}
