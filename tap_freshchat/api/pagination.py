"""Iterators over Freshchat's two styles of pagination."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_freshchat.api import responses
from tap_freshchat.api.client import build_path
from tap_freshchat.errors import (
    EndlessListError,
    FreshchatError,
    NotFoundError,
    RequestRejectedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_freshchat.api.client import FreshchatClient

# Error code for a page beyond the last.
WRONG_PAGE = "WRONG_PAGE"
# Most empty pages of messages in a row before the links count as endless.
MAX_EMPTY_PAGES = 20
# Of a count of pages or items.
_MAX_DIGITS = 9


@dataclass(frozen=True)
class PagedList:
    """List whose responses have the items under `key`, beside `pagination` and `links`.

    Never requests pages beyond `total_pages`, which are an error (WRONG_PAGE), not empty.
    Requests ascending order: without one, items may shift between pages.

    `optional`: a response without the list means no items. `on_odd` is called for each item that
    is not an object with an id, which is left out; without it, such an item is an error.
    """

    client: FreshchatClient
    path: str
    key: str
    params: Mapping[str, Any] = field(default_factory=dict)
    id_field: str = "id"
    optional: bool = False
    on_odd: Callable[[], None] | None = None

    def items(self) -> Iterator[dict[str, Any]]:
        """Items from the first to the last."""
        for page in self._pages():
            yield from page

    def by_id(self) -> dict[str, dict[str, Any]]:
        """Items by id, each once even if pages shift."""
        return {item[self.id_field]: item for item in self.items()}

    def pages_backwards(
        self, sort_value: Callable[[dict[str, Any]], Any]
    ) -> Iterator[list[dict[str, Any]]]:
        """Pages of a list that shrinks while it is read, such as a window of changed users.

        An item that leaves the list moves all later items towards the front. Read from the last
        page to the first, an item is seen twice rather than never. An item inserted in the middle
        moves later items the other way: if the list has grown and is not sorted by time of change,
        it is also read from the first page to the last.

        `sort_value` gives the time of an item's last change, or None.
        """
        items, pages, size = self._page(1)
        if pages <= 1:
            yield items
            return
        size_now, in_order = size, True
        for number in range(pages, 0, -1):
            try:
                items, _, size_now = self._page(number)
            except RequestRejectedError as error:
                if WRONG_PAGE not in error.reason:
                    raise
                # The list has become too short to have this page.
                items, size_now = [], 0
            yield items
            times = list(map(sort_value, items))
            in_order = in_order and None not in times and times == sorted(times)
        if size_now > size and not in_order:
            yield from self._pages()

    def _pages(self) -> Iterator[list[dict[str, Any]]]:
        number = pages = 1
        while number <= pages:
            items, pages, _ = self._page(number)
            yield items
            number += 1

    def _page(self, number: int) -> tuple[list[dict[str, Any]], int, int]:
        """A page's items, how many pages there are, and how many items in all."""
        query = {"page": number, "items_per_page": self.client.page_size, "sort_order": "asc"}
        response = self.client.get(self.path, {**query, **self.params})
        response = responses.require_object(response, self.path)
        entries = response.get(self.key)
        if entries is None and self.optional:
            entries = []
        items = responses.require_object_list(
            entries, self.path, self.key, id_field=self.id_field, on_odd=self.on_odd
        )
        counts = responses.require_object(response.get("pagination") or {}, self.path)
        pages = _count(counts.get("total_pages"))
        if pages is None:
            raise FreshchatError(f"Invalid pagination.total_pages in the response of {self.path}.")
        return items, pages, _count(counts.get("total_items")) or pages


def _count(value: object) -> int | None:
    """A count, 0 if absent; None if invalid."""
    text = str(value or 0)
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None


def user_conversations(
    client: FreshchatClient, user_id: str, *, on_odd: Callable[[], None] | None = None
) -> list[dict[str, Any]] | None:
    """Listed conversations of a user, each once; None if the user no longer exists."""
    path = build_path("users", user_id, "conversations")
    listed = PagedList(client, path, "conversations", optional=True, on_odd=on_odd)
    try:
        return list(listed.by_id().values())
    except NotFoundError:
        return None


def paginate_messages(
    client: FreshchatClient, conversation_id: str, *, on_odd: Callable[[], None] | None = None
) -> Iterator[dict[str, Any]]:
    """Messages of one conversation, as they come: newest first, pages chained by `link.href`.

    `on_odd` is as in `PagedList`.

    Raises:
        NotFoundError: there is no such conversation.
        EndlessListError: links lead back to a page already read or on without end.
        FreshchatError: a response has another shape.
    """
    path = list_path = build_path("conversations", conversation_id, "messages")
    query: Mapping[str, Any] | None = {"page": 1, "items_per_page": client.page_size}
    visited = set()
    empty_pages = 0
    while path:
        if path in visited:
            raise EndlessListError("A list of messages links back to a page already read.")
        visited.add(path)
        response = responses.require_object(client.get(path, query), list_path)
        entries = responses.require_object_list(
            response.get("messages") or [], list_path, "messages", on_odd=on_odd
        )
        yield from entries
        empty_pages = 0 if entries else empty_pages + 1
        if empty_pages == MAX_EMPTY_PAGES:
            raise EndlessListError("A list of messages continues without any messages in it.")
        link = responses.require_object(response.get("link") or {}, list_path)
        path, query = str(link.get("href") or ""), None
