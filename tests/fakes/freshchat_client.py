"""Client of the tap whose requests go to a transport adapter of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import requests

from tap_freshchat.api.client import FreshchatClient
from tap_freshchat.api.rate_limiting import RateLimiter

if TYPE_CHECKING:
    from requests.adapters import BaseAdapter

    from tap_freshchat.clock import Clock


def freshchat_client(
    adapter: BaseAdapter,
    clock: Clock,
    *,
    token: str = "t",  # noqa: S107 - not secret
    timeout: float = 60,
    **options: Any,
) -> FreshchatClient:
    """Return a client; the options are further parameters of FreshchatClient."""
    session = requests.Session()
    session.mount("https://", adapter)
    return FreshchatClient(
        base_url="https://acme.freshchat.com/v2",
        token=token,
        session=session,
        limiter=RateLimiter(clock),
        clock=clock,
        timeout=timeout,
        **options,
    )
