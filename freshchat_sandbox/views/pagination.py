"""Pagination of REST lists: page parameters, their limits, and the response envelopes."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from freshchat_sandbox.http_messages import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from freshchat_sandbox.http_messages import Request

T = TypeVar("T")

DEFAULT_PAGE_SIZE = 20  # as peers observe
MAX_PAGE_SIZE = 50  # the same; more is an error, but for channels
_NO_LIMIT = 1_000_000_000


class Page:
    """Page of a list that a request asks for.

    Raises:
        ApiError: 400 INVALID_VALUE if `page` or `items_per_page` is invalid.
    """

    def __init__(self, request: Request, largest: int = MAX_PAGE_SIZE) -> None:
        self._request = request
        self.number = _parse_number(request, "page", 1, _NO_LIMIT)
        self.size = _parse_number(request, "items_per_page", DEFAULT_PAGE_SIZE, largest)

    @classmethod
    def of_any_size(cls, request: Request) -> Page:
        """Read a page where the service tolerates any size."""
        return cls(request, _NO_LIMIT)

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
        if self.number < self._pages(items):
            envelope["link"] = {
                "href": self._link(self.number + 1, "")["href"],
                "rel": "next_page",
                "templated": False,
            }
        return envelope

    def _pages(self, items: Sequence[T]) -> int:
        return math.ceil(len(items) / self.size)

    def _link(self, number: int, rel: str) -> dict[str, str]:
        # Relative, and with the version: to be joined to the host, not to the base URL.
        query = {name: values[0] for name, values in self._request.query.items()}
        query |= {"page": str(number), "items_per_page": str(self.size)}
        return {"href": f"{self._request.path}?{urlencode(query)}", "rel": rel, "type": "GET"}


def _parse_number(request: Request, name: str, default: int, maximum: int) -> int:
    text = request.parameter(name)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= value <= maximum:
        raise ApiError(400, "INVALID_VALUE", f"{name} must be a number from 1 to {maximum}")
    return value
