"""Timestamps in epoch milliseconds, and the formats that Freshchat uses for them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, timezone, tzinfo

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?"
)


def from_datetime(time: datetime) -> int:
    """Return the epoch milliseconds of an aware datetime, rounded down."""
    return (time - _EPOCH) // timedelta(milliseconds=1)


def at_or_after(time: datetime) -> int:
    """Return the first whole millisecond that is not before an aware datetime."""
    return -((_EPOCH - time) // timedelta(milliseconds=1))


def to_datetime(millis: int) -> datetime:
    """Return the aware UTC datetime of epoch milliseconds."""
    return _EPOCH + timedelta(milliseconds=millis)


def midnight(day: date) -> int:
    """Return the epoch milliseconds of the start of a UTC day."""
    return from_datetime(datetime(day.year, day.month, day.day, tzinfo=timezone.utc))


def format_iso(millis: int) -> str:
    """Format a time as REST does: `2025-07-10T19:47:55.442Z`."""
    return to_datetime(millis).isoformat(timespec="milliseconds")[:23] + "Z"


def format_java_timestamp(millis: int) -> str:
    """Format a time as Java's Timestamp does: no zone, no trailing zeros except one."""
    seconds, thousandths = divmod(millis, SECOND)
    fraction = f"{thousandths:03d}".rstrip("0") or "0"
    return f"{to_datetime(seconds * SECOND).isoformat(' ')[:19]}.{fraction}"


def format_local(zone: tzinfo, separator: str, millis: int) -> str:
    """Format a time in a zone without saying which: `2025-07-10 15:47:55.442`."""
    return to_datetime(millis).astimezone(zone).isoformat(separator, "milliseconds")[:23]


def format_offset(zone: tzinfo, millis: int) -> str:
    """Format a time in a zone with its offset: `2025-07-11T01:17:55.442+05:30`."""
    return to_datetime(millis).astimezone(zone).isoformat("T", "milliseconds")


def parse_iso(text: str) -> int:
    """Parse an ISO 8601 time to epoch milliseconds; without a zone it is UTC.

    Raises:
        ValueError: It is not an ISO 8601 time.
    """
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"not an ISO 8601 time: {text!r}")
    day, clock, seconds, fraction, zone = found.groups()
    time = datetime.fromisoformat(f"{day}T{clock or '00:00'}:{seconds or '00'}+00:00")
    offset = 0
    if zone and zone != "Z":
        digits = zone[1:].replace(":", "")
        offset = (int(digits[:2]) * HOUR + int(digits[2:]) * MINUTE) * (-1 if zone[0] == "-" else 1)
    return from_datetime(time) + int((fraction or "0")[:3].ljust(3, "0")) - offset
