"""Outbound messages: the WhatsApp messages that the account sends out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from freshchat_sandbox.account.identifiers import Kind
from freshchat_sandbox.account.rng import SeededRandom
from freshchat_sandbox.account.timestamps import DAY, SECOND
from freshchat_sandbox.http_messages import ApiError
from freshchat_sandbox.views.metrics import time_parameter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from freshchat_sandbox.account.account import SandboxAccount
    from freshchat_sandbox.http_messages import Request

_OUTBOUND_PER_DAY = 6
_OUTBOUND_STEPS = (("Accepted", 0), ("Sent", 3 * SECOND), ("Delivered", 20 * SECOND))


def outbound_messages(account: SandboxAccount, request: Request, now: int) -> list[dict[str, Any]]:
    """Return the WhatsApp messages sent out of one request, or in a time window.

    Raises:
        ApiError: 400 without a request_id or a whole window.
    """
    request_id = request.parameter("request_id")
    if request_id is not None:
        found = account.ids.parse_uuid(Kind.CAMPAIGN, request_id)
        messages = list(_sent_on(account, found[0], now)) if found else []
        return [message for message in messages if message["request_id"] == request_id]
    start = time_parameter(request, "created_from")
    end = time_parameter(request, "created_to")
    if start is None or end is None or start >= end:
        raise ApiError(400, "INVALID_VALUE", "request_id, or created_from and created_to, needed")
    first = max(0, (start - account.origin) // DAY)
    last = (min(end, now) - account.origin) // DAY
    return [
        message
        for day in range(first, last + 1)
        for message in _sent_on(account, day, now)
        if start <= message["created_on"] * SECOND < end
    ]


def _sent_on(account: SandboxAccount, day: int, now: int) -> Iterator[dict[str, Any]]:
    for number in range(_OUTBOUND_PER_DAY):
        rng = SeededRandom(account.options.seed, "outbound", day, number)
        created = account.origin + day * DAY + rng.randint(0, DAY // SECOND - 1) * SECOND
        failed = rng.chance(0.1)
        reached = [name for name, after in _OUTBOUND_STEPS if created + after <= now]
        if not reached:
            continue
        message: dict[str, Any] = {
            "message_id": account.ids.uuid(Kind.OUTBOUND, day, number),
            "request_id": account.ids.uuid(Kind.CAMPAIGN, day, number // 3),
            "provider": "whatsapp",
            "status": reached[-1],
            "created_on": created // SECOND,
            "from": {"phone_number": "+15550100200"},
            "to": [{"phone_number": f"+1555{rng.randint(1_000_000, 9_999_999)}"}],
            "data": {"message_template": {"template_name": "parcel_on_its_way"}},
        }
        if failed and reached[-1] == "Delivered":
            message |= {
                "status": "Failed",
                "failure_code": "470",
                "failure_reason": "Outside of the 24-hour window",
            }
        yield message
