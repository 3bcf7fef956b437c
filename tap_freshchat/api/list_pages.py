"""Pages of REST lists: what one page holds, and what it says of further ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tap_freshchat.api import responses
from tap_freshchat.errors import FreshchatError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_freshchat.api.client import FreshchatClient

# Of a count of pages or items.
_MAX_DIGITS = 9
# Services cap pages at 10, 20, 50 or 100 items (20 is Freshchat's default, as peers observe).
_PAGE_SIZE_STEP = 10


@dataclass(frozen=True)
class ListPage:
    """One page of a list; totals are None if the response does not state them."""

    items: list[dict[str, Any]]
    total_pages: int | None = None
    total_items: int | None = None
    next_link: str = ""
    # Items that are no objects with an id.
    dropped: int = 0

    @property
    def states_nothing(self) -> bool:
        """Whether the response says nothing of further pages."""
        return self.total_pages is None and self.total_items is None and not self.next_link


@dataclass(frozen=True)
class ListEndpoint:
    """List whose responses have the items under `key`, beside `pagination` and `links`.

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

    def fetch(self, address: int | str) -> ListPage:
        """Fetch a page by its number or its link.

        The order is ascending: without one, items may shift between pages.
        """
        if isinstance(address, str):
            response = self.client.get(address)
        else:
            query = {"page": address, "items_per_page": self.client.page_size, "sort_order": "asc"}
            response = self.client.get(self.path, {**query, **self.params})
        response = responses.require_object(response, self.path)
        entries = response.get(self.key)
        if entries is None and self.optional:
            entries = []
        items = responses.require_object_list(
            entries, self.path, self.key, id_field=self.id_field, on_odd=self.on_odd
        )
        dropped = len(entries or ()) - len(items)
        counts = responses.require_object(response.get("pagination") or {}, self.path)
        try:
            total_pages = _count(counts.get("total_pages"))
        except ValueError:
            raise FreshchatError(
                f"Invalid pagination.total_pages in the response of {self.path}."
            ) from None
        try:
            total_items = _count(counts.get("total_items"))
        except ValueError:
            total_items = None
        link = _next_link(response.get("links"))
        return ListPage(items, total_pages, total_items, link, dropped)


def may_be_full(count: int, page_size: int) -> bool:
    """Whether a page of so many items may be as long as pages get."""
    return count >= page_size or (count > 0 and count % _PAGE_SIZE_STEP == 0)


def _count(value: object) -> int | None:
    """A count, None if absent; ValueError if invalid."""
    if not value:
        return None
    text = str(value)
    if not text.isdecimal() or len(text) > _MAX_DIGITS:
        raise ValueError("not a count")
    return int(text)


def _next_link(links: object) -> str:
    link = links.get("next_page") if isinstance(links, dict) else None
    if isinstance(link, dict):
        link = link.get("href")
    return link if isinstance(link, str) else ""
