"""Freshchat's two paging styles, as iterators over the items of all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from tap_freshchat.api import responses
from tap_freshchat.api.client import path_of
from tap_freshchat.errors import FreshchatError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_freshchat.api.client import FreshchatClient

FIRST_PAGE = 1
# What the service calls a page past the end.
WRONG_PAGE = "WRONG_PAGE"
# Pages of messages in a row that hold none: more of them, and their links lead nowhere.
MOST_EMPTY_PAGES = 20
# Of a number of pages or items.
_MOST_DIGITS = 9


class _Page(NamedTuple):
    """One page of a list: its items, how many pages there are, and how many items in all."""

    items: list[dict[str, Any]]
    pages: int
    size: int


def collection(  # noqa: PLR0913 - what the lists differ in
    client: FreshchatClient,
    path: str,
    key: str,
    *,
    page_size: int,
    params: Mapping[str, Any] | None = None,
    named: str = "id",
    optional: bool = False,
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
        named: the field that has an item's id.
        optional: whether an answer without the list is one without items.

    Raises:
        FreshchatError: an answer has another shape, or one of the families of the client.
    """
    query = {"items_per_page": page_size, **(params or {})}
    for items in _pages(client, path, key, query, named=named, optional=optional):
        yield from items


def conversations_of(
    client: FreshchatClient, user_id: str, *, page_size: int
) -> list[dict[str, Any]]:
    """What is listed of each conversation of a user, each once; in pages, if the answer has them.

    Raises:
        MissingError: there is no such user (any more).
        FreshchatError: an answer has another shape.
    """
    path = path_of("users", user_id, "conversations")
    found = collection(client, path, "conversations", page_size=page_size, optional=True)
    return list({each["id"]: each for each in found}.values())


def shrinking_collection(  # noqa: PLR0913 - as of any list
    client: FreshchatClient,
    path: str,
    key: str,
    *,
    page_size: int,
    moved: Callable[[dict[str, Any]], Any],
    params: Mapping[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of a list that items leave while it is read, as they leave a closed window of time.

    Whatever leaves moves all after it towards the front. Read from the last page to the first,
    such an item is met twice rather than never. One that comes in amid the list, where that is in
    another order than of change, moves all after it the other way: where the list has grown and is
    not in that order, it is read from the first page to the last as well.

    Args:
        client: of the account.
        path: the list, such as `/users`.
        key: where the items are in the answer.
        page_size: `items_per_page`, at most 50.
        moved: when an item came to its place, if the list is in order of change; None for unknown.
        params: further query parameters.

    Raises:
        FreshchatError: an answer has another shape, or one of the families of the client.
    """
    query = {"items_per_page": page_size, **(params or {})}
    items, pages, size = _page(client, path, key, FIRST_PAGE, query)
    if pages <= FIRST_PAGE:
        yield items
        return
    size_now, in_order = size, True
    for page in range(pages, 0, -1):
        items, _, size_now = _page_if_there(client, path, key, page, query)
        yield items
        times = list(map(moved, items))
        in_order = in_order and None not in times and times == sorted(times)
    if size_now > size and not in_order:
        yield from _pages(client, path, key, query, named="id", optional=False)


def _pages(  # noqa: PLR0913 - what one request takes
    client: FreshchatClient,
    path: str,
    key: str,
    params: Mapping[str, Any],
    *,
    named: str,
    optional: bool,
) -> Iterator[list[dict[str, Any]]]:
    """All pages from the first to the last, of which each tells anew which that is."""
    page, pages = FIRST_PAGE, FIRST_PAGE
    while page <= pages:
        items, pages, _ = _page(client, path, key, page, params, named=named, optional=optional)
        yield items
        page += 1


def _page_if_there(
    client: FreshchatClient, path: str, key: str, page: int, params: Mapping[str, Any]
) -> _Page:
    """One page; an empty one when so much has left that the list is shorter by now."""
    try:
        return _page(client, path, key, page, params)
    except RefusedError as error:
        if WRONG_PAGE in error.reason:
            return _Page([], 0, 0)
        raise


def _page(  # noqa: PLR0913 - what one request takes
    client: FreshchatClient,
    path: str,
    key: str,
    page: int,
    params: Mapping[str, Any],
    *,
    named: str = "id",
    optional: bool = False,
) -> _Page:
    answer = responses.an_object(
        client.get(path, {"page": page, "sort_order": "asc", **params}), path
    )
    listed = answer.get(key)
    if listed is None and optional:
        listed = []
    items = responses.objects(listed, path, key, named=named)
    counted = responses.an_object(answer.get("pagination") or {}, path)
    pages = _count(counted.get("total_pages"))
    if pages is None:
        raise FreshchatError(f"The answer of {path} has a number of pages that is none.")
    return _Page(items, pages, _count(counted.get("total_items")) or pages)


def _count(told: object) -> int | None:
    """A number of things, 0 where none is told; None for what is no such number."""
    text = str(told or 0)
    return int(text) if text.isdecimal() and len(text) <= _MOST_DIGITS else None


def messages(
    client: FreshchatClient, conversation_id: str, *, page_size: int
) -> Iterator[dict[str, Any]]:
    """Messages of one conversation, as they come: newest first, pages chained by `link.href`.

    Raises:
        MissingError: there is no such conversation.
        FreshchatError: links lead back to a page already read or on without end, or an answer has
            another shape.
    """
    path = place = path_of("conversations", conversation_id, "messages")
    query: Mapping[str, Any] | None = {"page": FIRST_PAGE, "items_per_page": page_size}
    seen = set()
    empty = 0
    while path:
        if path in seen:
            raise FreshchatError("A list of messages links back to a page already read.")
        seen.add(path)
        answer = responses.an_object(client.get(path, query), place)
        listed = responses.objects(answer.get("messages") or [], place, "messages")
        yield from listed
        empty = 0 if listed else empty + 1
        if empty == MOST_EMPTY_PAGES:
            raise FreshchatError("A list of messages goes on without any messages in it.")
        link = responses.an_object(answer.get("link") or {}, place)
        path, query = str(link.get("href") or ""), None
