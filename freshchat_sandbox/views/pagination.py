"""Pagination of REST lists: page parameters, their limits, and the response envelopes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from freshchat_sandbox.http_messages import ApiError, base_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from freshchat_sandbox.http_messages import Request
    from freshchat_sandbox.readings import Readings

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 20  # as peers observe
CAPPED_PAGES = 10  # pages of a filtered list that a capped account serves
MAX_PAGE_SIZE = 50  # the same; more is an error, but for channels
_NO_LIMIT = 1_000_000_000


class Page:
    """Page of a list that a request asks for.

    Raises:
        ApiError: 400 INVALID_VALUE if `page` or `items_per_page` is invalid.
    """

    def __init__(self, request: Request, readings: Readings, largest: int = MAX_PAGE_SIZE) -> None:
        self._request = request
        self._readings = readings
        self.number = _parse_number(request, "page", 1, _NO_LIMIT)
        self.size = _parse_number(request, "items_per_page", DEFAULT_PAGE_SIZE, largest)

    @classmethod
    def of_any_size(cls, request: Request, readings: Readings) -> Page:
        """Read a page where the service tolerates any size."""
        return cls(request, readings, _NO_LIMIT)

    def cut_capped(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items on this page of a filtered list, which may end early.

        Raises:
            ApiError: as `cut`.
        """
        cap = self._readings.list_cap
        if self.number > CAPPED_PAGES and cap != "none":
            return [] if cap == "empty" else self.cut([])
        return self.cut(items)

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items on this page.

        Raises:
            ApiError: 400 WRONG_PAGE past the end; an empty list has an empty first page.
        """
        if self.number > max(1, self._pages(items)):
            raise ApiError(400, "WRONG_PAGE", f"Page {self.number} does not exist in the result")
        return items[(self.number - 1) * self.size : self.number * self.size]

    def collection(
        self, key: str, rel: str, items: Sequence[T], page_items: list[Any]
    ) -> dict[str, Any]:
        """Return the envelope of most lists around what is shown of this page."""
        pages = self._pages(items)
        links = {"first_page": self._link(1, rel), "last_page": self._link(max(1, pages), rel)}
        if self.number < pages:
            links["next_page"] = self._link(self.number + 1, rel)
        if self.number > 1:
            links["previous_page"] = self._link(self.number - 1, rel)
        if self._readings.list_pages == "links":
            return {key: page_items, "links": links}
        if self._readings.list_pages == "total_items":
            return {key: page_items, "pagination": {"total_items": len(items)}}
        return {
            key: page_items,
            "pagination": {
                "total_items": len(items),
                "total_pages": pages,
                "current_page": self.number,
                "items_per_page": self.size,
            },
            "links": links,
        }

    def chain(self, key: str, items: Sequence[T], page_items: list[Any]) -> dict[str, Any]:
        """Return the envelope of messages: a link to the next page, and no totals."""
        envelope: dict[str, Any] = {key: page_items}
        if self.number < self._pages(items) and self._readings.message_pages == "link":
            envelope["link"] = {
                "href": self._link(self.number + 1, "")["href"],
                "rel": "next_page",
                "templated": False,
            }
        return envelope

    def _pages(self, items: Sequence[T]) -> int:
        return math.ceil(len(items) / self.size)

    def _link(self, number: int, rel: str) -> dict[str, str]:
        # With the version: a relative one is to be joined to the host, not to the base URL.
        query = {name: values[0] for name, values in self._request.query.items()}
        query |= {"page": str(number), "items_per_page": str(self.size)}
        href = f"{self._request.path}?{urlencode(query)}"
        if self._readings.link_form == "absolute":
            href = base_url(self._request.host) + href
        return {"href": href, "rel": rel, "type": "GET"}


def _parse_number(request: Request, name: str, default: int, maximum: int) -> int:
    text = request.parameter(name)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= value <= maximum:
        raise ApiError(400, "INVALID_VALUE", f"{name} must be a number from 1 to {maximum}")
    return value
