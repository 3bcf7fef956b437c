"""Parser of the `Date` response header: how far the local clock is ahead of Freshchat's. Pure."""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def seconds_ahead(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds from `Date` to `now`, negative if `now` is behind; 0 without a valid date."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return 0.0
    # RFC 5322: `-0000` is UTC without a zone, for which Python returns a naive time.
    server_time = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
    return (now - server_time).total_seconds()
