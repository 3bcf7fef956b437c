"""How far this machine's clock is ahead of the service's, by an answer's own time. Pure."""

from __future__ import annotations

from datetime import timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


def seconds_ahead(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds from the answer's `Date` to `now`, negative when behind it; 0 without such a time."""
    try:
        date = parsedate_to_datetime(headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return 0.0
    # RFC 5322: `-0000` is UTC of which no zone is told, and Python takes it as having none.
    server_time = date if date.tzinfo else date.replace(tzinfo=timezone.utc)
    return (now - server_time).total_seconds()
