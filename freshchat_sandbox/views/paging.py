"""Freshchat's list envelopes: pages, their limits, and the links between them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode

from freshchat_sandbox.exchange import ApiError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from freshchat_sandbox.exchange import Request

T = TypeVar("T")

DEFAULT_SIZE = 20  # as peers observe
LARGEST_SIZE = 50  # the same; more is an error, but for channels
_ENDLESS = 1_000_000_000


class Page:
    """The part of a list that a request asks for.

    Raises:
        ApiError: 400 INVALID_VALUE if `page` or `items_per_page` is none.
    """

    def __init__(self, request: Request, largest: int = LARGEST_SIZE) -> None:
        self._request = request
        self.number = _whole(request, "page", 1, _ENDLESS)
        self.size = _whole(request, "items_per_page", DEFAULT_SIZE, largest)

    @classmethod
    def of_any_size(cls, request: Request) -> Page:
        """Read a page where the service tolerates any size."""
        return cls(request, _ENDLESS)

    def cut(self, items: Sequence[T]) -> Sequence[T]:
        """Return the items on this page.

        Raises:
            ApiError: 400 WRONG_PAGE past the end; an empty list has an empty first page.
        """
        if self.number > max(1, self._pages(items)):
            raise ApiError(400, "WRONG_PAGE", f"Page {self.number} does not exist in the result")
        return items[(self.number - 1) * self.size : self.number * self.size]

    def collection(
        self, key: str, rel: str, items: Sequence[T], shown: list[Any]
    ) -> dict[str, Any]:
        """Return the envelope of most lists around what is shown of this page."""
        pages = self._pages(items)
        links = {"first_page": self._link(1, rel), "last_page": self._link(max(1, pages), rel)}
        if self.number < pages:
            links["next_page"] = self._link(self.number + 1, rel)
        if self.number > 1:
            links["previous_page"] = self._link(self.number - 1, rel)
        return {
            key: shown,
            "pagination": {
                "total_items": len(items),
                "total_pages": pages,
                "current_page": self.number,
                "items_per_page": self.size,
            },
            "links": links,
        }

    def chain(self, key: str, items: Sequence[T], shown: list[Any]) -> dict[str, Any]:
        """Return the envelope of messages: a link to the next page, and no totals."""
        envelope: dict[str, Any] = {key: shown}
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


def _whole(request: Request, name: str, default: int, most: int) -> int:
    text = request.parameter(name)
    if text is None:
        return default
    value = int(text) if text.isascii() and text.isdecimal() else 0
    if not 1 <= value <= most:
        raise ApiError(400, "INVALID_VALUE", f"{name} must be a number from 1 to {most}")
    return value
