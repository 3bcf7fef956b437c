"""Client of the sandbox, independent of the tap, for comparison with the tap's records."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import freshchat_sandbox as sandbox

if TYPE_CHECKING:
    from datetime import datetime


class SandboxClient:
    """Client of one sandbox at a fixed time, without rate limits."""

    def __init__(self, now: datetime, url: str = "sandbox://") -> None:
        self._options = sandbox.Options.from_url(url)
        self._now = now
        self._sandbox = self._new_sandbox()

    def get(self, path: str, **query: Any) -> Any:
        """The body of a response; None unless its status is 200."""
        headers = {"Authorization": f"Bearer {self._options.token}"}
        url = f"https://{sandbox.API_HOST}/v2{path}?{urlencode(query)}"
        response = self._sandbox.respond(sandbox.Request.of("GET", url, headers))
        if response.status == 429:
            self._sandbox = self._new_sandbox()
            return self.get(path, **query)
        return json.loads(response.body) if response.status == 200 else None

    def _new_sandbox(self) -> sandbox.Sandbox:
        return sandbox.Sandbox(self._options, lambda: self._now)

    def every(self, path: str, key: str, **query: Any) -> list[dict[str, Any]]:
        """All items of a paginated list."""
        items, page, pages = [], 1, 1
        while page <= pages:
            response = self.get(path, page=page, items_per_page=50, sort_order="asc", **query)
            items += response[key]
            pages = response["pagination"]["total_pages"]
            page += 1
        return items
