"""Refusals: conversations, lists of messages and users that Freshchat refuses from some time on."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from freshchat_sandbox import Request, Response

if TYPE_CHECKING:
    from fault_injection.schedules import Fault

CONVERSATION, MESSAGES, USER = "refused-conversation", "refused-messages", "refused-user"
# What a run calls the items that it sets aside for it.
SET_ASIDE = {
    CONVERSATION: ("conversations without details", "conversations to read again in the next run"),
    MESSAGES: ("conversations without messages", "conversations to read again in the next run"),
    USER: ("users without details",),
}
# More failures in a row count as an outage, which ends a run: see tap_freshchat/lookups/enrichment.
MAX_PER_KIND = 1
_STATUSES = (400, 403, 500)
_PATHS = {
    CONVERSATION: re.compile(r"/v2/conversations/([0-9a-f-]{36})"),
    MESSAGES: re.compile(r"/v2/conversations/([0-9a-f-]{36})/messages"),
    USER: re.compile(r"/v2/users/([0-9a-f-]{36})"),
}


class Refusals:
    """Items of one account that are refused.

    Attributes:
        items: The status of each, by kind and id.
        counts: Number of refused requests by kind and id.
    """

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], int] = {}
        self.counts: dict[tuple[str, str], int] = {}

    @property
    def ids(self) -> frozenset[str]:
        """Ids of the conversations and users that are hit."""
        return frozenset(item for _, item in self.items)

    def fits(self, kind: str, request: Request) -> bool:
        """Whether a request asks for an item that a kind of fault can refuse."""
        has_room = sum(each == kind for each, _ in self.items) < MAX_PER_KIND
        return kind in _PATHS and has_room and bool(_requested(kind, request))

    def add(self, fault: Fault, request: Request) -> None:
        """Refuse an item of a request from now on."""
        ids = _requested(fault.kind, request)
        item = fault.kind, ids[fault.choice % len(ids)]
        self.items[item] = _STATUSES[fault.choice % len(_STATUSES)]

    def response(self, request: Request) -> Response | None:
        """The refusal of a request; None if it is not refused."""
        for (kind, item), status in self.items.items():
            if item in _requested(kind, request):
                self.counts[kind, item] = self.counts.get((kind, item), 0) + 1
                body = {"code": status, "status": "INVALID", "message": "This cannot be read"}
                return Response.of_json(status, body)
        return None


def _requested(kind: str, request: Request) -> list[str]:
    if kind == USER and request.path == "/v2/users/fetch":
        return [str(each) for each in json.loads(request.body)["ids"]]
    found = _PATHS[kind].fullmatch(request.path)
    return [found.group(1)] if found else []
