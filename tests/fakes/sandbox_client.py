"""Asks the embedded Freshchat itself, beside the tap, to hold its records against the answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from tap_freshchat import sandbox

if TYPE_CHECKING:
    from datetime import datetime


class Desk:
    """One sandbox at one moment, without limits of rate."""

    def __init__(self, now: datetime, url: str = "sandbox://") -> None:
        self._options = sandbox.Options.from_url(url)
        self._sandbox = sandbox.Sandbox(self._options, lambda: now)

    def get(self, path: str, **query: Any) -> Any:
        """An answer; None where there is nothing."""
        headers = {"Authorization": f"Bearer {self._options.token}"}
        url = f"https://{sandbox.API_HOST}/v2{path}?{urlencode(query)}"
        answer = self._sandbox.respond(sandbox.Request.of("GET", url, headers))
        if answer.status == 429:
            self._sandbox = sandbox.Sandbox(self._options, self._sandbox._now)
            return self.get(path, **query)
        return json.loads(answer.body) if answer.status == 200 else None

    def every(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a list in pages."""
        items, page, pages = [], 1, 1
        while page <= pages:
            answer = self.get(path, page=page, items_per_page=50, sort_order="asc", **query)
            items += answer[key]
            pages = answer["pagination"]["total_pages"]
            page += 1
        return items
