"""Iterators over Freshchat's two styles of pagination. A list is complete or an error.

Which of total_pages, total_items, links.next_page and page numbers an account has is believed, not
documented: every one of them that announces more is followed, and what came is compared with what
was announced.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tap_freshchat.api import responses
from tap_freshchat.api.client import build_path
from tap_freshchat.api.list_pages import ListEndpoint, ListPage, may_be_full
from tap_freshchat.errors import (
    EndlessListError,
    IncompleteListError,
    NotFoundError,
    RequestRejectedError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_freshchat.api.client import FreshchatClient

# Error code for a page beyond the last.
WRONG_PAGE = "WRONG_PAGE"
# Most pages of messages without a new one in a row before the links count as endless.
MAX_EMPTY_PAGES = 20
# Times that a list is read until it stays the same meanwhile.
MAX_READS = 3
# Pages shift by a few items: an item that repeats is near its first place.
MAX_RECENT_IDS = 20_000


class _Distinct:
    """Count of items without those that came shortly before."""

    def __init__(self) -> None:
        self._recent: OrderedDict[str, None] = OrderedDict()
        self.count = 0

    def add(self, ids: list[str]) -> int:
        """Count the new ones among ids; returns how many there are."""
        before = self.count
        for each in ids:
            self.count += each not in self._recent
            self._recent[each] = None
        while len(self._recent) > MAX_RECENT_IDS:
            self._recent.popitem(last=False)
        return self.count - before


@dataclass(frozen=True)
class PagedList(ListEndpoint):
    """List that is read as a whole, whichever way the service pages it."""

    def items(self) -> Iterator[dict[str, Any]]:
        """Items from the first to the last, each once.

        A list of several pages whose total changes meanwhile is read again, because items may have
        shifted. IncompleteListError if it still lacks items that the service states.
        """
        seen: set[str] = set()
        for _ in range(MAX_READS):
            totals: list[int | None] = []
            rows, error = 0, None
            try:
                for page in self._forwards():
                    rows += len(page.items) + page.dropped
                    totals.append(page.total_items)
                    for item in page.items:
                        if (key := str(item[self.id_field])) not in seen:
                            seen.add(key)
                            yield item
            except IncompleteListError as early_end:
                error = early_end
            stated = min((total for total in totals if total is not None), default=0)
            # The service may list an item twice, and count it so.
            if error is None and max(rows, len(seen)) < stated:
                error = self._incomplete(stated)
            if error is None and len(set(totals)) == 1:
                return
        if error is not None:
            raise error

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

        `sort_value` gives the time of an item's last change, or None. IncompleteListError if pages
        end early; what was read until then is not the whole list.
        """
        first = self.fetch(1)
        numbers = self._numbers(first)
        if len(numbers) <= 1:
            yield first.items
            self._require(len(first.items) + first.dropped, first.total_items)
            return
        distinct = _Distinct()
        size = least = first.total_items
        size_now, in_order, missing, dropped = size, True, 0, 0
        for number in reversed(numbers):
            page = self._fetch_later(number)
            if page is None:
                missing += 1
                # One page may be gone because the list has shrunk.
                if missing > 1:
                    raise self._incomplete(size)
                yield []
                continue
            announced = page.total_pages or 0
            if not page.items and 1 < number <= announced:
                raise self._incomplete(page.total_items)
            new = distinct.add([str(item[self.id_field]) for item in page.items])
            if page.items and not new and page.total_items is None:
                raise self._incomplete(None)
            dropped += page.dropped
            size_now = page.total_items
            if size_now is not None:
                least = min(size_now, size_now if least is None else least)
            yield page.items
            times = list(map(sort_value, page.items))
            in_order = in_order and None not in times and times == sorted(times)
        if size is not None and size_now is not None and size_now > size and not in_order:
            for page in self._forwards():
                distinct.add([str(item[self.id_field]) for item in page.items])
                yield page.items
        self._require(distinct.count + dropped, least)

    def _numbers(self, first: ListPage) -> list[int]:
        """Numbers of all pages; follows links to the last where there are no totals."""
        pages = first.total_pages or 1
        if first.items and first.total_items:
            pages = max(pages, -(-first.total_items // len(first.items)))
        if pages > 1 or (first.total_pages or first.total_items) is not None:
            return list(range(1, pages + 1))
        return list(range(1, 1 + sum(1 for _ in self._forwards(first))))

    def _forwards(self, first: ListPage | None = None) -> Iterator[ListPage]:
        """Pages from the first on; IncompleteListError if they end before they should."""
        number = 1
        page = first or self.fetch(1)
        distinct = _Distinct()
        distinct.add([str(item[self.id_field]) for item in page.items])
        links = {""}
        longest = 0
        while True:
            yield page
            announced = self._announces_more(page, number, distinct.count)
            full = may_be_full(len(page.items) + page.dropped, self.client.page_size)
            if not announced and not (page.states_nothing and full):
                return
            number += 1
            longest = max(longest, len(page.items))
            # With totals, numbers are the surer way.
            linked = page.total_pages is None and page.next_link not in links
            links.add(page.next_link)
            after = self._fetch_later(page.next_link if linked else number)
            ids = [str(item[self.id_field]) for item in after.items] if after else []
            if after is None or not distinct.add(ids):
                # A service may link to an empty page after the last one.
                is_last = not full or len(page.items) < longest
                by_link_only = page.total_pages is None and page.total_items is None
                if announced and not (by_link_only and is_last):
                    raise self._incomplete(page.total_items)
                return
            page = after

    def _announces_more(self, page: ListPage, number: int, count: int) -> bool:
        return (
            bool(page.next_link)
            or number < (page.total_pages or 0)
            or count < (page.total_items or 0)
        )

    def _fetch_later(self, address: int | str) -> ListPage | None:
        """A page after the first; None if the service does not have it."""
        try:
            return self.fetch(address)
        except RequestRejectedError as error:
            if address == 1:
                raise
            if WRONG_PAGE in error.reason:
                return None
            raise IncompleteListError(f"A later page of {self.path} is refused. {error}") from None

    def _require(self, count: int, stated: int | None) -> None:
        if stated is not None and count < stated:
            raise self._incomplete(stated)

    def _incomplete(self, stated: int | None) -> IncompleteListError:
        total = "" if stated is None else f" of {stated:,} items"
        return IncompleteListError(
            f"The list {self.path} ends before its stated end{total}. Run the tap again; if it "
            f"happens again, ask Freshchat's support."
        )


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
    """Messages of one conversation, as they come: newest first.

    Pages are chained by `link.href`. Without a link, a full page is followed by its number, until a
    page is not full or brings nothing new. A page is not full if any in this run was longer.

    `on_odd` is as in `PagedList`.

    Raises:
        NotFoundError: there is no such conversation.
        EndlessListError: links lead back to a page already read or on without end.
        FreshchatError: a response has another shape.
    """
    path = list_path = build_path("conversations", conversation_id, "messages")
    number = 1
    query: Mapping[str, Any] | None = {"page": 1, "items_per_page": client.page_size}
    visited = set()
    seen: set[str] = set()
    empty_pages = 0
    has_links = False
    while True:
        if query is None and path in visited:
            raise EndlessListError("A list of messages links back to a page already read.")
        visited.add(path)
        try:
            response = responses.require_object(client.get(path, query), list_path)
        except RequestRejectedError as error:
            if number > 1 and WRONG_PAGE in error.reason and not has_links:
                return
            raise
        received = response.get("messages") or []
        entries = responses.require_object_list(received, list_path, "messages", on_odd=on_odd)
        new = {entry["id"] for entry in entries} - seen
        seen |= new
        if number > 1 and not new and not has_links:
            # The service ignores `page`.
            return
        yield from entries
        empty_pages = 0 if new else empty_pages + 1
        if empty_pages == MAX_EMPTY_PAGES:
            raise EndlessListError("A list of messages continues without new messages.")
        link = responses.require_object(response.get("link") or {}, list_path)
        number += 1
        client.longest_message_page = max(client.longest_message_page, len(received))
        is_longest = len(received) == client.longest_message_page
        if href := str(link.get("href") or ""):
            has_links, path, query = True, href, None
        elif not has_links and is_longest and may_be_full(len(received), client.page_size):
            path, query = list_path, {"page": number, "items_per_page": client.page_size}
        else:
            return
