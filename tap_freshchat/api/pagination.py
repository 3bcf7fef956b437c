"""Iterators over Freshchat's two styles of pagination."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_freshchat.api import responses
from tap_freshchat.api.client import build_path
from tap_freshchat.errors import FreshchatError, NotFoundError, RequestRejectedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_freshchat.api.client import FreshchatClient

FIRST_PAGE = 1
# Error code for a page beyond the last.
WRONG_PAGE = "WRONG_PAGE"
# Most empty pages of messages in a row before the links count as endless.
MAX_EMPTY_PAGES = 20
# Of a count of pages or items.
_MAX_DIGITS = 9


class _Page(NamedTuple):
    """One page of a list: its items, how many pages there are, and how many items in all."""

    items: list[dict[str, Any]]
    pages: int
    size: int


class _PagedList(NamedTuple):
    """One list, at `path` and under `key` in each response, with its query parameters."""

    client: FreshchatClient
    path: str
    key: str
    params: Mapping[str, Any]
    id_field: str = "id"
    optional: bool = False

    def page(self, number: int) -> _Page:
        """One page; each states how many there are."""
        query = {"page": number, "sort_order": "asc", **self.params}
        response = responses.require_object(self.client.get(self.path, query), self.path)
        entries = response.get(self.key)
        if entries is None and self.optional:
            entries = []
        items = responses.require_object_list(entries, self.path, self.key, id_field=self.id_field)
        counts = responses.require_object(response.get("pagination") or {}, self.path)
        pages = _count(counts.get("total_pages"))
        if pages is None:
            raise FreshchatError(f"Invalid pagination.total_pages in the response of {self.path}.")
        return _Page(items, pages, _count(counts.get("total_items")) or pages)

    def page_or_empty(self, number: int) -> _Page:
        """One page; empty if the list has become too short to have it."""
        try:
            return self.page(number)
        except RequestRejectedError as error:
            if WRONG_PAGE in error.reason:
                return _Page([], 0, 0)
            raise

    def all_pages(self) -> Iterator[list[dict[str, Any]]]:
        """Pages from the first to the last."""
        number, pages = FIRST_PAGE, FIRST_PAGE
        while number <= pages:
            items, pages, _ = self.page(number)
            yield items
            number += 1


def paginate(  # noqa: PLR0913 - what the lists differ in
    client: FreshchatClient,
    path: str,
    key: str,
    *,
    page_size: int,
    params: Mapping[str, Any] | None = None,
    id_field: str = "id",
    optional: bool = False,
) -> Iterator[dict[str, Any]]:
    """Items of a list that has `pagination` and `links` in its envelope.

    Never requests pages beyond `total_pages`, which are an error (WRONG_PAGE), not empty.
    Requests ascending order: without one, items may shift between pages.

    `optional`: a response without the list means no items.
    """
    query = {"items_per_page": page_size, **(params or {})}
    for items in _PagedList(client, path, key, query, id_field, optional).all_pages():
        yield from items


def user_conversations(
    client: FreshchatClient, user_id: str, *, page_size: int
) -> list[dict[str, Any]] | None:
    """Listed conversations of a user, each once; None if the user no longer exists."""
    path = build_path("users", user_id, "conversations")
    items = paginate(client, path, "conversations", page_size=page_size, optional=True)
    try:
        return list({item["id"]: item for item in items}.values())
    except NotFoundError:
        return None


def paginate_backwards(  # noqa: PLR0913 - as of any list
    client: FreshchatClient,
    path: str,
    key: str,
    *,
    page_size: int,
    sort_value: Callable[[dict[str, Any]], Any],
    params: Mapping[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of a list that shrinks while it is read, such as a window of changed users.

    An item that leaves the list moves all later items towards the front. Read from the last page to
    the first, an item is seen twice rather than never. An item inserted in the middle moves later
    items the other way: if the list has grown and is not sorted by time of change, it is also read
    from the first page to the last.

    `sort_value` gives the time of an item's last change, or None.
    """
    paged = _PagedList(client, path, key, {"items_per_page": page_size, **(params or {})})
    items, pages, size = paged.page(FIRST_PAGE)
    if pages <= FIRST_PAGE:
        yield items
        return
    size_now, in_order = size, True
    for page in range(pages, 0, -1):
        items, _, size_now = paged.page_or_empty(page)
        yield items
        times = list(map(sort_value, items))
        in_order = in_order and None not in times and times == sorted(times)
    if size_now > size and not in_order:
        yield from paged.all_pages()


def _count(value: object) -> int | None:
    """A count, 0 if absent; None if invalid."""
    text = str(value or 0)
    return int(text) if text.isdecimal() and len(text) <= _MAX_DIGITS else None


def paginate_messages(
    client: FreshchatClient, conversation_id: str, *, page_size: int
) -> Iterator[dict[str, Any]]:
    """Messages of one conversation, as they come: newest first, pages chained by `link.href`.

    Raises:
        NotFoundError: there is no such conversation.
        FreshchatError: links lead back to a page already read or on without end, or a response has
            another shape.
    """
    path = list_path = build_path("conversations", conversation_id, "messages")
    query: Mapping[str, Any] | None = {"page": FIRST_PAGE, "items_per_page": page_size}
    visited = set()
    empty_pages = 0
    while path:
        if path in visited:
            raise FreshchatError("A list of messages links back to a page already read.")
        visited.add(path)
        response = responses.require_object(client.get(path, query), list_path)
        entries = responses.require_object_list(
            response.get("messages") or [], list_path, "messages"
        )
        yield from entries
        empty_pages = 0 if entries else empty_pages + 1
        if empty_pages == MAX_EMPTY_PAGES:
            raise FreshchatError("A list of messages continues without any messages in it.")
        link = responses.require_object(response.get("link") or {}, list_path)
        path, query = str(link.get("href") or ""), None
