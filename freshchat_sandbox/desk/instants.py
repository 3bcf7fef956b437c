"""Instants as epoch milliseconds, and the texts that Freshchat writes for them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?"
)


def from_datetime(moment: datetime) -> int:
    """Return the epoch milliseconds of an aware datetime, rounded down."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def at_or_after(moment: datetime) -> int:
    """Return the first whole millisecond that is not before an aware datetime."""
    return -((_EPOCH - moment) // timedelta(milliseconds=1))


def to_datetime(instant: int) -> datetime:
    """Return the aware UTC datetime of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=instant)


def midnight(day: date) -> int:
    """Return the instant a UTC day begins."""
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=timezone.utc))


def iso(instant: int) -> str:
    """Write an instant as REST does: `2025-07-10T19:47:55.442Z`."""
    return to_datetime(instant).isoformat(timespec="milliseconds")[:23] + "Z"


def timestamp(instant: int) -> str:
    """Write an instant as Java's Timestamp does: no zone, no trailing zeros but one."""
    seconds, thousandths = divmod(instant, SECOND)
    fraction = f"{thousandths:03d}".rstrip("0") or "0"
    return f"{to_datetime(seconds * SECOND).isoformat(' ')[:19]}.{fraction}"


def parse(text: str) -> int:
    """Read an ISO 8601 text; without a zone it is UTC.

    Raises:
        ValueError: If it is none.
    """
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an ISO 8601 time: {text!r}")
    day, clock, seconds, fraction, zone = found.groups()
    moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}:{seconds or '00'}+00:00")
    offset = 0
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = (int(digits[:2]) * HOUR + int(digits[2:]) * MINUTE) * (-1 if zone[0] == "-" else 1)
    return from_datetime(moment) + int((fraction or "0")[:3].ljust(3, "0")) - offset
