"""Offset of a report's times from UTC, and the names of zones that have it. Pure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, available_timezones

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

# Offsets of zones are multiples of a quarter of an hour (IANA).
QUARTER = timedelta(minutes=15)
MAX_QUARTERS = 14 * 4
# A row and what it is compared with differ by 0.1 s at most (docs/assumptions.md); by more than
# this, they are not of the same event.
_TOLERANCE = timedelta(minutes=2)
# Tried before all others of the same offset: the zones of most people.
_COMMON = (
    *("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
    *("America/Sao_Paulo", "Europe/London", "Europe/Berlin", "Europe/Athens", "Asia/Dubai"),
    *("Asia/Kolkata", "Asia/Singapore", "Asia/Tokyo", "Australia/Sydney", "Pacific/Auckland"),
)


def offset_of(differences: Sequence[timedelta]) -> timedelta | None:
    """The offset that most differences show, in quarters of an hour; None if there is none."""
    if not differences:
        return None
    median = sorted(differences)[len(differences) // 2]
    offset = round(median / QUARTER) * QUARTER
    return offset if abs(median - offset) <= _TOLERANCE else None


def zone_with_offset(offset: timedelta, now: datetime, preferred: Iterable[str]) -> str | None:
    """The name of a zone that has an offset from UTC now: a preferred one if any of them fits."""
    if not offset:
        return "UTC"
    for name in (*preferred, *_COMMON, *sorted(available_timezones())):
        if _offset(name, now) == offset:
            return name
    return None


def _offset(name: str, now: datetime) -> timedelta | None:
    """The offset of a zone; None for a name from the service that is not the name of a zone."""
    try:
        return now.astimezone(ZoneInfo(name)).utcoffset()
    except (ValueError, OSError, KeyError):
        return None
