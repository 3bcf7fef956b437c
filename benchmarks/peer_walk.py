"""What connectors without reports do on every run: users → conversations → messages.

PostHog's source lists all users from a constant date, then the conversations of each, each
conversation, and all its messages; Airbyte's walks likewise. 404 on a child is skipped.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

FLOOR = "2000-01-01T00:00:00.000Z"
PAGE = 50
NOT_FOUND = 404


def walk(session: requests.Session, base: str) -> int:
    """Walk the whole account; how many conversations it met."""
    met = set()
    for user in _users(session, base):
        listed = _get(session, f"{base}/users/{user['id']}/conversations")
        for each in listed.get("conversations", ()):
            if each["id"] not in met:
                met.add(each["id"])
                _get(session, f"{base}/conversations/{each['id']}")
                _messages(session, base, each["id"])
    return len(met)


def _users(session: requests.Session, base: str) -> Iterator[dict[str, Any]]:
    page = pages = 1
    while page <= pages:
        params = {"created_from": FLOOR, "page": page, "items_per_page": PAGE}
        answer = _get(session, f"{base}/users", params)
        pages = answer.get("pagination", {}).get("total_pages", 1)
        yield from answer.get("users", ())
        page += 1


def _messages(session: requests.Session, base: str, conversation_id: str) -> None:
    link = f"{base}/conversations/{conversation_id}/messages?items_per_page=50"
    while link:
        answer = _get(session, link)
        href = answer.get("link", {}).get("href") if answer.get("messages") else None
        link = urljoin(base, href) if href else ""


def _get(session: requests.Session, url: str, params: dict[str, Any] | None = None) -> Any:
    response = session.get(url, params=params)
    if response.status_code == NOT_FOUND:
        return {}
    response.raise_for_status()
    return response.json()
