"""Freshchat's two paging styles, as iterators over the items of all pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_freshchat.api import answers
from tap_freshchat.api.client import path_of
from tap_freshchat.errors import FreshchatError, RefusedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_freshchat.api.client import FreshchatClient

FIRST_PAGE = 1
# What the service calls a page past the end.
WRONG_PAGE = "WRONG_PAGE"
# Of a number of pages.
_MOST_DIGITS = 9


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
    page, pages = FIRST_PAGE, FIRST_PAGE
    query = {"items_per_page": page_size, **(params or {})}
    while page <= pages:
        items, pages = _page(client, path, key, page, query, named=named, optional=optional)
        yield from items
        page += 1


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


def shrinking_collection(
    client: FreshchatClient,
    path: str,
    key: str,
    *,
    page_size: int,
    params: Mapping[str, Any] | None = None,
) -> Iterator[list[dict[str, Any]]]:
    """Pages of a list that items leave while it is read, as they leave a closed window of time.

    Whatever leaves moves all after it towards the front. Read from the last page to the first,
    such an item is met twice rather than never.

    Args:
        client: of the account.
        path: the list, such as `/users`.
        key: where the items are in the answer.
        page_size: `items_per_page`, at most 50.
        params: further query parameters.

    Raises:
        FreshchatError: an answer has another shape, or one of the families of the client.
    """
    query = {"items_per_page": page_size, **(params or {})}
    items, pages = _page(client, path, key, FIRST_PAGE, query)
    if pages <= FIRST_PAGE:
        yield items
        return
    for page in range(pages, 0, -1):
        yield _page_if_there(client, path, key, page, query)


def _page_if_there(
    client: FreshchatClient, path: str, key: str, page: int, params: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The items of one page; none when so much has left that the list is shorter by now."""
    try:
        return _page(client, path, key, page, params)[0]
    except RefusedError as error:
        if WRONG_PAGE in error.reason:
            return []
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
) -> tuple[list[dict[str, Any]], int]:
    """The items of one page, and how many pages there are."""
    answer = answers.an_object(
        client.get(path, {"page": page, "sort_order": "asc", **params}), path
    )
    listed = answer.get(key)
    if listed is None and optional:
        listed = []
    items = answers.objects(listed, path, key, named=named)
    pages = answers.an_object(answer.get("pagination") or {}, path).get("total_pages") or 0
    if not str(pages).isdecimal() or len(str(pages)) > _MOST_DIGITS:
        raise FreshchatError(f"The answer of {path} has a number of pages that is none.")
    return items, int(pages)


def messages(
    client: FreshchatClient, conversation_id: str, *, page_size: int
) -> Iterator[dict[str, Any]]:
    """Messages of one conversation, as they come: newest first, pages chained by `link.href`.

    Raises:
        MissingError: there is no such conversation.
        FreshchatError: a link leads back to a page already read, or an answer has another shape.
    """
    path = place = path_of("conversations", conversation_id, "messages")
    query: Mapping[str, Any] | None = {"page": FIRST_PAGE, "items_per_page": page_size}
    seen = set()
    while path:
        if path in seen:
            raise FreshchatError("A list of messages links back to a page already read.")
        seen.add(path)
        answer = answers.an_object(client.get(path, query), place)
        yield from answers.objects(answer.get("messages") or [], place, "messages")
        link = answers.an_object(answer.get("link") or {}, place)
        path, query = str(link.get("href") or ""), None
