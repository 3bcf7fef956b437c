"""Freshchat's two paging styles, as iterators over the items of all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.client import path_of
from tap_freshchat.errors import FreshchatError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_freshchat.client import FreshchatClient

FIRST_PAGE = 1


def collection(
    client: FreshchatClient,
    path: str,
    key: str,
    *,
    page_size: int,
    params: Mapping[str, Any] | None = None,
) -> Iterator[dict[str, Any]]:
    """Items of a list that has `pagination` and `links` in its envelope.

    Never asks beyond `total_pages`: that is an error there (WRONG_PAGE), not an empty page.
    Without an order the service may shift items between pages, so ascending order is asked for.

    Args:
        client: of the account.
        path: the list, such as `/agents`.
        key: where the items are in the answer.
        page_size: `items_per_page`, at most 50.
        params: further query parameters.
    """
    page, pages = FIRST_PAGE, FIRST_PAGE
    while page <= pages:
        query = {"page": page, "items_per_page": page_size, "sort_order": "asc", **(params or {})}
        answer = client.get(path, query)
        if not isinstance(answer, dict) or not isinstance(answer.get(key), list):
            raise FreshchatError(f"The answer of {path} has no list {key}; check api_url.")
        yield from answer[key]
        pages = int((answer.get("pagination") or {}).get("total_pages") or 0)
        page += 1


def messages(
    client: FreshchatClient, conversation_id: str, *, page_size: int
) -> Iterator[dict[str, Any]]:
    """Messages of one conversation, as they come: newest first, pages chained by `link.href`.

    Raises:
        MissingError: there is no such conversation.
        FreshchatError: a link leads back to a page already read.
    """
    path = path_of("conversations", conversation_id, "messages")
    query: Mapping[str, Any] | None = {"page": FIRST_PAGE, "items_per_page": page_size}
    seen = set()
    while path:
        if path in seen:
            raise FreshchatError("A list of messages links back to a page already read.")
        seen.add(path)
        answer = client.get(path, query)
        yield from answer.get("messages") or ()
        path, query = (answer.get("link") or {}).get("href") or "", None
